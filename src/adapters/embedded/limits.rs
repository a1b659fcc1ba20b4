//! Counts and pauses.

use async_trait::async_trait;
use redb::StorageError;

use super::codec::Window;
use super::tables::{Tables, View};
use super::{Embedded, steps};
use crate::domain::limit::{Counted, Hit, LimitKey, Verdict};
use crate::domain::time::UnixMillis;
use crate::ports::{Limits, Stored};

#[async_trait]
impl Limits for Embedded {
    async fn hit(&self, hits: &[Hit], now: UnixMillis) -> Stored<Verdict> {
        let hits = hits.to_vec();
        let step = move |tables: &mut Tables<'_>| steps::hit(tables, &hits, now);
        self.writer.write("count against a limit", step).await
    }

    async fn pause(&self, key: LimitKey, until: UnixMillis, _now: UnixMillis) -> Stored<()> {
        let step = move |tables: &mut Tables<'_>| steps::pause(tables, key, until);
        self.writer.write("hold mail back", step).await
    }

    async fn is_paused(&self, key: LimitKey, now: UnixMillis) -> Stored<bool> {
        self.read("look whether mail is held back", |view| Ok(open(view, key, now)?.is_some()))
    }

    async fn counted(&self, keys: &[LimitKey], now: UnixMillis) -> Stored<Vec<Option<Counted>>> {
        self.read("look at limits", |view| keys.iter().map(|key| open(view, *key, now)).collect())
    }

    async fn lift(&self, keys: &[LimitKey], now: UnixMillis) -> Stored<u64> {
        let keys = keys.to_vec();
        let step = move |tables: &mut Tables<'_>| steps::lift(tables, &keys, now);
        self.writer.write("lift limits", step).await
    }
}

fn open(view: &View, key: LimitKey, now: UnixMillis) -> Result<Option<Counted>, StorageError> {
    let stored = view.limits.get((key.limited.name(), &key.subject))?;
    let window = stored.and_then(|it| Window::decode(it.value())).filter(|it| it.until > now);
    Ok(window.map(|Window { count, until }| Counted { count, until }))
}
