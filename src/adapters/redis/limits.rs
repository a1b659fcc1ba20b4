//! Counts and pauses.

use ::redis::cmd;
use async_trait::async_trait;

use super::connection::Request;
use super::{RedisStore, read, ttl};
use crate::domain::limit::{Counted, Hit, LimitKey, Verdict};
use crate::domain::time::UnixMillis;
use crate::ports::{Limits, Stored};

#[async_trait]
impl Limits for RedisStore {
    async fn hit(&self, hits: &[Hit], now: UnixMillis) -> Stored<Verdict> {
        let mut script = self.scripts.hit.arg(now.0);
        for hit in hits {
            let until = now.after(hit.limit.window.as_duration());
            script
                .key(self.keys.limit(&hit.key))
                .arg(hit.limit.count)
                .arg(until.0)
                .arg(ttl(until, now));
        }
        let request = Request::Script(&script);
        let used_up: Option<u64> = self.connection.ask("count against a limit", request).await?;
        Ok(match used_up {
            Some(until) => Verdict::Exceeded { until: UnixMillis(until) },
            None => Verdict::Within,
        })
    }

    async fn pause(&self, key: LimitKey, until: UnixMillis, now: UnixMillis) -> Stored<()> {
        let mut script = self.scripts.pause.key(self.keys.limit(&key));
        script.arg(until.0).arg(ttl(until, now));
        self.connection.ask("hold mail back", Request::Script(&script)).await
    }

    async fn is_paused(&self, key: LimitKey, now: UnixMillis) -> Stored<bool> {
        let mut command = cmd("HMGET");
        command.arg(self.keys.limit(&key)).arg(&["v", "until"]);
        let request = Request::Read(&command);
        let fields = self.connection.ask("look whether mail is held back", request).await?;
        Ok(read::moment(fields).is_some_and(|until| until > now))
    }

    async fn counted(&self, keys: &[LimitKey], now: UnixMillis) -> Stored<Vec<Option<Counted>>> {
        let mut script = self.scripts.counted.prepare_invoke();
        for key in keys {
            script.key(self.keys.limit(key));
        }
        let rows: Vec<_> = self.connection.ask("look at limits", Request::Script(&script)).await?;
        let is_open = |counted: &Counted| counted.until > now;
        Ok(rows.into_iter().map(|fields| read::counted(fields).filter(is_open)).collect())
    }

    async fn lift(&self, keys: &[LimitKey], now: UnixMillis) -> Stored<u64> {
        let mut script = self.scripts.lift.arg(now.0);
        for key in keys {
            script.key(self.keys.limit(key));
        }
        self.connection.ask("lift limits", Request::Script(&script)).await
    }
}
