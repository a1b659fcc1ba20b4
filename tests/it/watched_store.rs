//! A store that notes what is asked of it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use linkgate::adapters::embedded::Embedded;
use linkgate::domain::account::Account;
use linkgate::domain::attempt::Record;
use linkgate::domain::delivery::{Delivery, DeliveryState, News, Noted, Reference, Suppression};
use linkgate::domain::event::{Erasure, Event};
use linkgate::domain::limit::{Counted, Hit, LimitKey, PersonKey, Verdict};
use linkgate::domain::secret::{Birth, Mark};
use linkgate::domain::service_token::{ServiceToken, TokenName};
use linkgate::domain::session::Session;
use linkgate::domain::signing::KeyRoster;
use linkgate::domain::time::UnixMillis;
use linkgate::domain::token::{self, Browser, Link, Service, TokenDigest};
use linkgate::ports::{
    AccountChange, AccountChanged, AccountForgotten, AccountFound, Accounts, Attempts, Audit,
    Beginning, ClaimedMail, Deliveries, EventPage, EventQuery, KeyRosters, Known, Limits, MailId,
    Outbox, Owner, ServiceTokens, SessionPage, SessionPlace, Sessions, Settled, Settlement,
    StoreError, Stored, Upkeep, Wanted,
};

/// The store in memory, and the names of the calls it got.
pub struct Watched {
    inner: Embedded,
    calls: Mutex<Vec<String>>,
    /// Whose sign-ins are not stored: a fault, so that a test can show that it would find it.
    pub forgets: Mutex<Option<PersonKey>>,
    /// How often from now on it does not say whose it is.
    pub silent: AtomicU32,
    /// How often it was asked that.
    pub questions: AtomicU32,
}

impl Watched {
    pub fn new() -> Arc<Self> {
        let inner = Embedded::in_memory().expect("a store");
        let (calls, forgets) = (Mutex::default(), Mutex::default());
        let (silent, questions) = (AtomicU32::default(), AtomicU32::default());
        Arc::new(Self { inner, calls, forgets, silent, questions })
    }

    /// What was asked since the last time.
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.calls.lock().expect("no panic"))
    }

    fn note(&self, call: impl Into<String>) {
        self.calls.lock().expect("no panic").push(call.into());
    }
}

#[async_trait]
impl Attempts for Watched {
    async fn begin(&self, beginning: &Beginning<'_>) -> Stored<()> {
        let mail = beginning.mail.map(|mail| mail.expires_at.since(beginning.now));
        self.note(format!("begin, mail expires in {mail:?}"));
        if *self.forgets.lock().expect("no panic") == Some(beginning.person) {
            return Ok(());
        }
        self.inner.begin(beginning).await
    }

    async fn attempt(&self, link: TokenDigest<Link>) -> Stored<Option<Record>> {
        self.note("attempt");
        self.inner.attempt(link).await
    }

    async fn latest(
        &self,
        browser: TokenDigest<Browser>,
    ) -> Stored<Option<(TokenDigest<Link>, Record)>> {
        self.note("latest");
        self.inner.latest(browser).await
    }

    async fn count_try(&self, link: TokenDigest<Link>, most: u32) -> Stored<bool> {
        self.note("count_try");
        self.inner.count_try(link, most).await
    }

    async fn settle(
        &self,
        link: TokenDigest<Link>,
        settlement: &Settlement<'_>,
    ) -> Stored<Settled> {
        self.note("settle");
        self.inner.settle(link, settlement).await
    }

    async fn attempts_where(
        &self,
        wanted: &Wanted<'_>,
    ) -> Stored<Vec<(TokenDigest<Link>, Record)>> {
        self.inner.attempts_where(wanted).await
    }

    async fn forget(&self, link: TokenDigest<Link>, person: PersonKey) -> Stored<bool> {
        self.note("forget");
        self.inner.forget(link, person).await
    }
}

#[async_trait]
impl Sessions for Watched {
    fn expect_session(&self, digest: TokenDigest<token::Session>) {
        self.note("expect_session");
        self.inner.expect_session(digest);
    }

    async fn session(&self, digest: TokenDigest<token::Session>) -> Stored<Option<Arc<Known>>> {
        self.note("session");
        self.inner.session(digest).await
    }

    async fn touch(&self, digest: TokenDigest<token::Session>, now: UnixMillis) -> Stored<()> {
        self.note("touch");
        self.inner.touch(digest, now).await
    }

    async fn end(&self, digest: TokenDigest<token::Session>, person: PersonKey) -> Stored<bool> {
        self.note("end");
        self.inner.end(digest, person).await
    }

    async fn sessions_of(
        &self,
        person: PersonKey,
        now: UnixMillis,
    ) -> Stored<Vec<(TokenDigest<token::Session>, Session)>> {
        self.note("sessions_of");
        self.inner.sessions_of(person, now).await
    }

    async fn all_sessions(
        &self,
        after: Option<SessionPlace>,
        now: UnixMillis,
    ) -> Stored<SessionPage> {
        self.inner.all_sessions(after, now).await
    }
}

#[async_trait]
impl Accounts for Watched {
    async fn account(&self, person: PersonKey) -> Stored<AccountFound> {
        self.note("account");
        self.inner.account(person).await
    }

    async fn accounts(
        &self,
        after: Option<PersonKey>,
        most: usize,
    ) -> Stored<Vec<(PersonKey, Account)>> {
        self.note("accounts");
        self.inner.accounts(after, most).await
    }

    async fn change_account(&self, change: AccountChange<'_>) -> Stored<AccountChanged> {
        self.note("change_account");
        self.inner.change_account(change).await
    }

    async fn forget_account(&self, person: PersonKey) -> Stored<AccountForgotten> {
        self.note("forget_account");
        self.inner.forget_account(person).await
    }
}

#[async_trait]
impl ServiceTokens for Watched {
    async fn add_token(
        &self,
        digest: TokenDigest<Service>,
        token: &ServiceToken,
        keep_until: UnixMillis,
        now: UnixMillis,
    ) -> Stored<bool> {
        self.inner.add_token(digest, token, keep_until, now).await
    }

    async fn token(&self, digest: TokenDigest<Service>) -> Stored<Option<Arc<ServiceToken>>> {
        self.note("token");
        self.inner.token(digest).await
    }

    async fn tokens(&self) -> Stored<Vec<ServiceToken>> {
        self.inner.tokens().await
    }

    async fn note_use(&self, digest: TokenDigest<Service>, now: UnixMillis) -> Stored<()> {
        self.note("note_use");
        self.inner.note_use(digest, now).await
    }

    async fn revoke_token(&self, name: &TokenName) -> Stored<bool> {
        self.inner.revoke_token(name).await
    }
}

#[async_trait]
impl Limits for Watched {
    async fn hit(&self, hits: &[Hit], now: UnixMillis) -> Stored<Verdict> {
        let names: Vec<_> = hits.iter().map(|hit| hit.key.limited.name()).collect();
        self.note(format!("hit {}", names.join(" ")));
        self.inner.hit(hits, now).await
    }

    async fn pause(&self, key: LimitKey, until: UnixMillis, now: UnixMillis) -> Stored<()> {
        self.note("pause");
        self.inner.pause(key, until, now).await
    }

    async fn is_paused(&self, key: LimitKey, now: UnixMillis) -> Stored<bool> {
        self.note("is_paused");
        self.inner.is_paused(key, now).await
    }

    async fn counted(&self, keys: &[LimitKey], now: UnixMillis) -> Stored<Vec<Option<Counted>>> {
        self.inner.counted(keys, now).await
    }

    async fn lift(&self, keys: &[LimitKey], now: UnixMillis) -> Stored<u64> {
        self.note("lift");
        self.inner.lift(keys, now).await
    }
}

#[async_trait]
impl Outbox for Watched {
    async fn claim(
        &self,
        most: usize,
        lease: Duration,
        now: UnixMillis,
    ) -> Stored<Vec<ClaimedMail>> {
        self.inner.claim(most, lease, now).await
    }

    async fn done(&self, id: MailId, news: &News, now: UnixMillis) -> Stored<()> {
        self.inner.done(id, news, now).await
    }

    async fn retry(&self, id: MailId, due: UnixMillis, news: &News, now: UnixMillis) -> Stored<()> {
        self.inner.retry(id, due, news, now).await
    }
}

#[async_trait]
impl Deliveries for Watched {
    async fn note(&self, id: MailId, news: &News, now: UnixMillis) -> Stored<Noted> {
        self.inner.note(id, news, now).await
    }

    async fn delivery(&self, id: MailId) -> Stored<Option<Delivery>> {
        self.inner.delivery(id).await
    }

    async fn mail_of(&self, reference: &Reference) -> Stored<Option<MailId>> {
        self.inner.mail_of(reference).await
    }

    async fn deliveries_of(
        &self,
        person: PersonKey,
        most: usize,
        now: UnixMillis,
    ) -> Stored<Vec<Delivery>> {
        self.inner.deliveries_of(person, most, now).await
    }

    async fn deliveries(
        &self,
        states: &[DeliveryState],
        most: usize,
        now: UnixMillis,
    ) -> Stored<Vec<Delivery>> {
        self.inner.deliveries(states, most, now).await
    }

    async fn delivery_counts(&self, now: UnixMillis) -> Stored<[u64; DeliveryState::ALL.len()]> {
        self.inner.delivery_counts(now).await
    }

    async fn suppress(&self, suppression: &Suppression, now: UnixMillis) -> Stored<()> {
        self.inner.suppress(suppression, now).await
    }

    async fn suppression(&self, person: PersonKey, now: UnixMillis) -> Stored<Option<Suppression>> {
        self.inner.suppression(person, now).await
    }

    async fn suppressions(&self, most: usize, now: UnixMillis) -> Stored<Vec<Suppression>> {
        self.inner.suppressions(most, now).await
    }

    async fn lift_suppression(&self, person: PersonKey) -> Stored<bool> {
        self.inner.lift_suppression(person).await
    }

    async fn erase_deliveries(&self, person: PersonKey) -> Stored<u64> {
        self.inner.erase_deliveries(person).await
    }
}

#[async_trait]
impl KeyRosters for Watched {
    async fn roster(&self) -> Stored<KeyRoster> {
        self.inner.roster().await
    }

    async fn replace_roster(&self, roster: &KeyRoster) -> Stored<bool> {
        self.inner.replace_roster(roster).await
    }
}

#[async_trait]
impl Audit for Watched {
    async fn append(&self, events: &[Event]) -> Stored<()> {
        self.inner.append(events).await
    }

    async fn events(&self, query: &EventQuery<'_>) -> Stored<EventPage> {
        self.inner.events(query).await
    }

    async fn erase(&self, erasure: &Erasure, now: UnixMillis) -> Stored<u64> {
        self.inner.erase(erasure, now).await
    }

    async fn trim(&self, before: UnixMillis) -> Stored<u64> {
        self.inner.trim(before).await
    }
}

#[async_trait]
impl Upkeep for Watched {
    async fn is_empty(&self) -> Stored<bool> {
        self.inner.is_empty().await
    }

    async fn owner(&self, mark: Mark) -> Stored<Owner> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        let left = self.silent.load(Ordering::SeqCst);
        if left > 0 {
            self.silent.store(left - 1, Ordering::SeqCst);
            return Err(StoreError::new("say whose it is", "silent"));
        }
        self.inner.owner(mark).await
    }

    async fn adopt(&self, mark: Mark, birth: Birth) -> Stored<Owner> {
        self.inner.adopt(mark, birth).await
    }

    fn confirmed(&self, mark: Mark, birth: Birth) {
        self.inner.confirmed(mark, birth);
    }

    async fn ping(&self) -> Stored<()> {
        self.inner.ping().await
    }

    async fn sweep(&self, now: UnixMillis) -> Stored<u64> {
        self.inner.sweep(now).await
    }

    async fn time(&self) -> Stored<Option<UnixMillis>> {
        self.inner.time().await
    }
}
