//! The records of mails, and whom none goes to for a while.

use ::redis::{ScriptInvocation, cmd};
use async_trait::async_trait;

use super::connection::Request;
use super::keys::hex;
use super::{RedisStore, json, read, ttl};
use crate::domain::delivery::{
    Delivery, DeliveryState, MailId, News, Noted, Reference, RelayWords, Suppression,
};
use crate::domain::limit::PersonKey;
use crate::domain::time::UnixMillis;
use crate::ports::{Deliveries, QueuedMail, StoreError, Stored};

/// The place in the order of a mail that is over before it could be handed over.
pub(super) fn expired_rank() -> u32 {
    News::new(DeliveryState::ExpiredUnsent, UnixMillis(0)).rank()
}

/// What `records.news` in the scripts reads.
pub(super) fn add_news(script: &mut ScriptInvocation<'_>, news: &News, now: UnixMillis) {
    let reference = news.reference.as_ref();
    script
        .arg(news.state.name())
        .arg(news.rank())
        .arg(news.tries)
        .arg(news.at.0)
        .arg(news.words.as_ref().map_or("", RelayWords::as_str))
        .arg(u8::from(news.clears_words()))
        .arg(u8::from(news.state.is_step()))
        .arg(reference.map_or("", Reference::as_str))
        .arg(reference.map(|it| hex(it.digest())).unwrap_or_default())
        .arg(news.suppress_until.map(|it| it.0.to_string()).unwrap_or_default())
        .arg(news.suppress_until.map(|it| ttl(it, now).to_string()).unwrap_or_default());
}

impl RedisStore {
    /// What the step that queues a mail says of its record.
    pub(super) fn add_record(
        &self,
        script: &mut ScriptInvocation<'_>,
        mail: &QueuedMail,
        now: UnixMillis,
    ) -> Stored<()> {
        script
            .arg(self.keys.base())
            .arg(hex(mail.person.0))
            .arg(mail.to.spelling())
            .arg(json("begin the record of a mail", &mail.facts)?)
            .arg(mail.facts.queued_at.0)
            .arg(mail.keep_until.0)
            .arg(ttl(mail.keep_until, now));
        Ok(())
    }
}

#[async_trait]
impl Deliveries for RedisStore {
    async fn note(&self, id: MailId, news: &News, now: UnixMillis) -> Stored<Noted> {
        let mut script = self.scripts.note.key(self.keys.delivery(id));
        script.arg(self.keys.base()).arg(id.to_hex());
        add_news(&mut script, news, now);
        let request = Request::Script(&script);
        Ok(match self.connection.ask("note what became of a mail", request).await? {
            0 => Noted::Unknown,
            1 => Noted::Late,
            _ => Noted::Moved,
        })
    }

    async fn delivery(&self, id: MailId) -> Stored<Option<Delivery>> {
        let mut command = cmd("HGETALL");
        command.arg(self.keys.delivery(id));
        let request = Request::Read(&command);
        let fields = self.connection.ask("find the record of a mail", request).await?;
        Ok(read::delivery(id, fields))
    }

    async fn mail_of(&self, reference: &Reference) -> Stored<Option<MailId>> {
        let mut command = cmd("HMGET");
        command.arg(self.keys.reference(reference)).arg(&["v", "mail"]);
        let request = Request::Read(&command);
        let fields = self.connection.ask("find a mail by its reference", request).await?;
        Ok(read::mail_id(fields))
    }

    async fn deliveries_of(
        &self,
        person: PersonKey,
        most: usize,
        now: UnixMillis,
    ) -> Stored<Vec<Delivery>> {
        let mut script = self.scripts.deliveries_of.key(self.keys.deliveries_of(person));
        script.arg(self.keys.base()).arg(most).arg(now.0);
        let request = Request::Script(&script);
        let rows: Vec<_> = self.connection.ask("list a person's mails", request).await?;
        Ok(rows.into_iter().filter_map(read::listed_delivery).collect())
    }

    async fn deliveries(
        &self,
        states: &[DeliveryState],
        most: usize,
        now: UnixMillis,
    ) -> Stored<Vec<Delivery>> {
        let mut script = self.scripts.deliveries.arg(self.keys.base());
        script.arg(most).arg(now.0);
        for state in states {
            script.key(self.keys.in_state(*state));
        }
        let rows: Vec<_> = self.connection.ask("list mails", Request::Script(&script)).await?;
        Ok(rows.into_iter().filter_map(read::listed_delivery).collect())
    }

    async fn delivery_counts(&self, now: UnixMillis) -> Stored<[u64; DeliveryState::ALL.len()]> {
        const DOING: &str = "count mails";
        let mut script = self.scripts.delivery_counts.arg(now.0);
        for state in DeliveryState::ALL {
            script.key(self.keys.in_state(state));
        }
        let counts: Vec<u64> = self.connection.ask(DOING, Request::Script(&script)).await?;
        counts.try_into().map_err(|_| StoreError::new(DOING, "another number of states"))
    }

    async fn suppress(&self, suppression: &Suppression, now: UnixMillis) -> Stored<()> {
        let Suppression { person, to, why, since, until } = suppression;
        let mut script = self.scripts.suppress.key(self.keys.suppression(*person));
        script
            .arg(self.keys.base())
            .arg(hex(person.0))
            .arg(to.spelling())
            .arg(why.name())
            .arg(since.0)
            .arg(until.0)
            .arg(ttl(*until, now));
        self.connection.ask("send a person no mail", Request::Script(&script)).await
    }

    async fn suppression(&self, person: PersonKey, now: UnixMillis) -> Stored<Option<Suppression>> {
        let mut command = cmd("HGETALL");
        command.arg(self.keys.suppression(person));
        let request = Request::Read(&command);
        let fields = self.connection.ask("look whether mail goes to a person", request).await?;
        Ok(read::suppression(person, fields).filter(|it| it.until > now))
    }

    async fn suppressions(&self, most: usize, now: UnixMillis) -> Stored<Vec<Suppression>> {
        let mut script = self.scripts.suppressions.key(self.keys.suppressions());
        script.arg(self.keys.base()).arg(most).arg(now.0);
        let request = Request::Script(&script);
        let rows: Vec<_> = self.connection.ask("list whom no mail goes to", request).await?;
        Ok(rows.into_iter().filter_map(read::listed_suppression).collect())
    }

    async fn lift_suppression(&self, person: PersonKey) -> Stored<bool> {
        let mut script = self.scripts.lift_suppression.key(self.keys.suppression(person));
        script.key(self.keys.suppressions()).arg(hex(person.0));
        self.connection.ask("send a person mail again", Request::Script(&script)).await
    }

    async fn erase_deliveries(&self, person: PersonKey) -> Stored<u64> {
        let mut script = self.scripts.erase_deliveries.key(self.keys.deliveries_of(person));
        script
            .key(self.keys.outbox())
            .key(self.keys.suppression(person))
            .key(self.keys.suppressions())
            .arg(self.keys.base())
            .arg(hex(person.0));
        self.connection.ask("erase a person's mails", Request::Script(&script)).await
    }
}
