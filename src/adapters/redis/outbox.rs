//! The queue of mails.

use std::time::Duration;

use async_trait::async_trait;

use super::connection::Request;
use super::{RedisStore, deliveries, read};
use crate::domain::delivery::{MailId, News};
use crate::domain::time::UnixMillis;
use crate::ports::{ClaimedMail, Outbox, Stored};

/// Mails beyond the asked for that one claim looks at, so that expired ones hide no others.
const LOOK_FURTHER: usize = 64;

#[async_trait]
impl Outbox for RedisStore {
    async fn claim(
        &self,
        most: usize,
        lease: Duration,
        now: UnixMillis,
    ) -> Stored<Vec<ClaimedMail>> {
        let mut script = self.scripts.claim.key(self.keys.outbox());
        script
            .arg(self.keys.base())
            .arg(now.0)
            .arg(most)
            .arg(now.after(lease).0)
            .arg(most.saturating_add(LOOK_FURTHER))
            .arg(deliveries::expired_rank());
        let rows: Vec<_> = self.connection.ask("claim mails", Request::Script(&script)).await?;
        Ok(rows.into_iter().filter_map(read::claimed_mail).collect())
    }

    async fn done(&self, id: MailId, news: &News, now: UnixMillis) -> Stored<()> {
        let mut script = self.scripts.done.key(self.keys.outbox());
        script.key(self.keys.mail(id)).arg(self.keys.base()).arg(id.to_hex());
        deliveries::add_news(&mut script, news, now);
        self.connection.ask("forget a mail", Request::Script(&script)).await
    }

    async fn retry(&self, id: MailId, due: UnixMillis, news: &News, now: UnixMillis) -> Stored<()> {
        let mut script = self.scripts.retry.key(self.keys.outbox());
        script.key(self.keys.mail(id)).arg(self.keys.base()).arg(id.to_hex()).arg(due.0);
        deliveries::add_news(&mut script, news, now);
        self.connection.ask("give a mail back", Request::Script(&script)).await
    }
}
