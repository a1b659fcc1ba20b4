//! The embedded store, which one process at a time has open: here so that it can be handed to the next
//! one while this process still serves what needs no store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use tokio::time::Instant;

use crate::adapters::embedded::{Embedded, OpenError};
use crate::domain::account::Account;
use crate::domain::attempt::Record;
use crate::domain::delivery::{Delivery, DeliveryState, News, Noted, Reference, Suppression};
use crate::domain::event::{Erasure, Event};
use crate::domain::limit::{Counted, Hit, LimitKey, PersonKey, Verdict};
use crate::domain::secret::{Birth, Mark};
use crate::domain::service_token::{ServiceToken, TokenName};
use crate::domain::session::Session;
use crate::domain::signing::KeyRoster;
use crate::domain::time::UnixMillis;
use crate::domain::token::{self, Browser, Link, Service, TokenDigest};
use crate::ports::{
    AccountChange, AccountChanged, AccountForgotten, AccountFound, Accounts, Attempts, Audit,
    Beginning, ClaimedMail, Deliveries, EventPage, EventQuery, KeyRosters, Limits, MailId, Outbox,
    Owner, ServiceTokens, SessionPage, SessionPlace, Sessions, Settled, Settlement, StoreError,
    Stored, Upkeep, Wanted,
};

/// How long calls that have begun may take until the file is closed: what the store itself allows them.
const PATIENCE: Duration = Duration::from_secs(6);
/// How often is looked whether they have ended.
const LOOK: Duration = Duration::from_millis(1);

/// The store, until it is closed. Calls after that fail as with any trouble of a store.
pub struct Lent(ArcSwapOption<Embedded>);

impl std::fmt::Debug for Lent {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Lent(..)")
    }
}

impl Lent {
    /// Opens the store in a folder; see [`Embedded::open_keeping`].
    ///
    /// # Errors
    /// As there.
    pub(super) fn open(folder: &Path, copies: usize) -> Result<Self, OpenError> {
        Ok(Self(ArcSwapOption::from_pointee(Embedded::open_keeping(folder, copies)?)))
    }

    /// Lets calls that have begun come to their end, and closes the file. Returns whether it is closed:
    /// otherwise all is as before.
    #[must_use]
    pub async fn close(&self) -> bool {
        let Some(mut store) = self.0.swap(None) else { return true };
        let mut looks = tokio::time::interval(LOOK);
        let until = Instant::now() + PATIENCE;
        loop {
            match Arc::try_unwrap(store) {
                // Finishes what is queued, and waits for the disk.
                Ok(store) => return tokio::task::spawn_blocking(|| drop(store)).await.is_ok(),
                Err(shared) if Instant::now() < until => store = shared,
                Err(shared) => {
                    self.0.store(Some(shared));
                    return false;
                }
            }
            looks.tick().await;
        }
    }

    fn here(&self) -> Stored<Arc<Embedded>> {
        let gone = || StoreError::new("reach the store", "another process of linkgate has it now");
        self.0.load_full().ok_or_else(gone)
    }
}

#[async_trait]
impl Attempts for Lent {
    async fn begin(&self, beginning: &Beginning<'_>) -> Stored<()> {
        self.here()?.begin(beginning).await
    }

    async fn attempt(&self, link: TokenDigest<Link>) -> Stored<Option<Record>> {
        self.here()?.attempt(link).await
    }

    async fn latest(
        &self,
        browser: TokenDigest<Browser>,
    ) -> Stored<Option<(TokenDigest<Link>, Record)>> {
        self.here()?.latest(browser).await
    }

    async fn count_try(&self, link: TokenDigest<Link>, most: u32) -> Stored<bool> {
        self.here()?.count_try(link, most).await
    }

    async fn settle(
        &self,
        link: TokenDigest<Link>,
        settlement: &Settlement<'_>,
    ) -> Stored<Settled> {
        self.here()?.settle(link, settlement).await
    }

    async fn attempts_where(
        &self,
        wanted: &Wanted<'_>,
    ) -> Stored<Vec<(TokenDigest<Link>, Record)>> {
        self.here()?.attempts_where(wanted).await
    }

    async fn forget(&self, link: TokenDigest<Link>, person: PersonKey) -> Stored<bool> {
        self.here()?.forget(link, person).await
    }
}

#[async_trait]
impl Sessions for Lent {
    async fn session(&self, digest: TokenDigest<token::Session>) -> Stored<Option<Arc<Session>>> {
        self.here()?.session(digest).await
    }

    fn session_at_hand(&self, digest: TokenDigest<token::Session>) -> Option<Arc<Session>> {
        self.here().ok()?.session_at_hand(digest)
    }

    async fn touch(&self, digest: TokenDigest<token::Session>, now: UnixMillis) -> Stored<()> {
        self.here()?.touch(digest, now).await
    }

    async fn end(&self, digest: TokenDigest<token::Session>, person: PersonKey) -> Stored<bool> {
        self.here()?.end(digest, person).await
    }

    async fn sessions_of(
        &self,
        person: PersonKey,
        now: UnixMillis,
    ) -> Stored<Vec<(TokenDigest<token::Session>, Session)>> {
        self.here()?.sessions_of(person, now).await
    }

    async fn all_sessions(
        &self,
        after: Option<SessionPlace>,
        now: UnixMillis,
    ) -> Stored<SessionPage> {
        self.here()?.all_sessions(after, now).await
    }
}

#[async_trait]
impl Accounts for Lent {
    async fn account(&self, person: PersonKey) -> Stored<AccountFound> {
        self.here()?.account(person).await
    }

    fn account_at_hand(&self, person: PersonKey) -> Option<AccountFound> {
        self.here().ok()?.account_at_hand(person)
    }

    async fn accounts(
        &self,
        after: Option<PersonKey>,
        most: usize,
    ) -> Stored<Vec<(PersonKey, Account)>> {
        self.here()?.accounts(after, most).await
    }

    async fn change_account(&self, change: AccountChange<'_>) -> Stored<AccountChanged> {
        self.here()?.change_account(change).await
    }

    async fn forget_account(&self, person: PersonKey) -> Stored<AccountForgotten> {
        self.here()?.forget_account(person).await
    }
}

#[async_trait]
impl ServiceTokens for Lent {
    async fn add_token(
        &self,
        digest: TokenDigest<Service>,
        token: &ServiceToken,
        keep_until: UnixMillis,
        now: UnixMillis,
    ) -> Stored<bool> {
        self.here()?.add_token(digest, token, keep_until, now).await
    }

    async fn token(&self, digest: TokenDigest<Service>) -> Stored<Option<Arc<ServiceToken>>> {
        self.here()?.token(digest).await
    }

    fn token_at_hand(&self, digest: TokenDigest<Service>) -> Option<Arc<ServiceToken>> {
        self.here().ok()?.token_at_hand(digest)
    }

    async fn tokens(&self) -> Stored<Vec<ServiceToken>> {
        self.here()?.tokens().await
    }

    async fn note_use(&self, digest: TokenDigest<Service>, now: UnixMillis) -> Stored<()> {
        self.here()?.note_use(digest, now).await
    }

    async fn revoke_token(&self, name: &TokenName) -> Stored<bool> {
        self.here()?.revoke_token(name).await
    }
}

#[async_trait]
impl Limits for Lent {
    async fn hit(&self, hits: &[Hit], now: UnixMillis) -> Stored<Verdict> {
        self.here()?.hit(hits, now).await
    }

    async fn pause(&self, key: LimitKey, until: UnixMillis, now: UnixMillis) -> Stored<()> {
        self.here()?.pause(key, until, now).await
    }

    async fn is_paused(&self, key: LimitKey, now: UnixMillis) -> Stored<bool> {
        self.here()?.is_paused(key, now).await
    }

    async fn counted(&self, keys: &[LimitKey], now: UnixMillis) -> Stored<Vec<Option<Counted>>> {
        self.here()?.counted(keys, now).await
    }

    async fn lift(&self, keys: &[LimitKey], now: UnixMillis) -> Stored<u64> {
        self.here()?.lift(keys, now).await
    }
}

#[async_trait]
impl Outbox for Lent {
    async fn claim(
        &self,
        most: usize,
        lease: Duration,
        now: UnixMillis,
    ) -> Stored<Vec<ClaimedMail>> {
        self.here()?.claim(most, lease, now).await
    }

    async fn done(&self, id: MailId, news: &News, now: UnixMillis) -> Stored<()> {
        self.here()?.done(id, news, now).await
    }

    async fn retry(&self, id: MailId, due: UnixMillis, news: &News, now: UnixMillis) -> Stored<()> {
        self.here()?.retry(id, due, news, now).await
    }
}

#[async_trait]
impl Deliveries for Lent {
    async fn note(&self, id: MailId, news: &News, now: UnixMillis) -> Stored<Noted> {
        self.here()?.note(id, news, now).await
    }

    async fn delivery(&self, id: MailId) -> Stored<Option<Delivery>> {
        self.here()?.delivery(id).await
    }

    async fn mail_of(&self, reference: &Reference) -> Stored<Option<MailId>> {
        self.here()?.mail_of(reference).await
    }

    async fn deliveries_of(
        &self,
        person: PersonKey,
        most: usize,
        now: UnixMillis,
    ) -> Stored<Vec<Delivery>> {
        self.here()?.deliveries_of(person, most, now).await
    }

    async fn deliveries(
        &self,
        states: &[DeliveryState],
        most: usize,
        now: UnixMillis,
    ) -> Stored<Vec<Delivery>> {
        self.here()?.deliveries(states, most, now).await
    }

    async fn delivery_counts(&self, now: UnixMillis) -> Stored<[u64; DeliveryState::ALL.len()]> {
        self.here()?.delivery_counts(now).await
    }

    async fn suppress(&self, suppression: &Suppression, now: UnixMillis) -> Stored<()> {
        self.here()?.suppress(suppression, now).await
    }

    async fn suppression(&self, person: PersonKey, now: UnixMillis) -> Stored<Option<Suppression>> {
        self.here()?.suppression(person, now).await
    }

    async fn suppressions(&self, most: usize, now: UnixMillis) -> Stored<Vec<Suppression>> {
        self.here()?.suppressions(most, now).await
    }

    async fn lift_suppression(&self, person: PersonKey) -> Stored<bool> {
        self.here()?.lift_suppression(person).await
    }

    async fn erase_deliveries(&self, person: PersonKey) -> Stored<u64> {
        self.here()?.erase_deliveries(person).await
    }
}

#[async_trait]
impl KeyRosters for Lent {
    async fn roster(&self) -> Stored<KeyRoster> {
        self.here()?.roster().await
    }

    async fn replace_roster(&self, roster: &KeyRoster) -> Stored<bool> {
        self.here()?.replace_roster(roster).await
    }
}

#[async_trait]
impl Audit for Lent {
    async fn append(&self, events: &[Event]) -> Stored<()> {
        self.here()?.append(events).await
    }

    async fn events(&self, query: &EventQuery<'_>) -> Stored<EventPage> {
        self.here()?.events(query).await
    }

    async fn erase(&self, erasure: &Erasure, now: UnixMillis) -> Stored<u64> {
        self.here()?.erase(erasure, now).await
    }

    async fn trim(&self, before: UnixMillis) -> Stored<u64> {
        self.here()?.trim(before).await
    }
}

#[async_trait]
impl Upkeep for Lent {
    async fn ping(&self) -> Stored<()> {
        self.here()?.ping().await
    }

    async fn sweep(&self, now: UnixMillis) -> Stored<u64> {
        self.here()?.sweep(now).await
    }

    async fn owner(&self, mark: Mark) -> Stored<Owner> {
        self.here()?.owner(mark).await
    }

    async fn adopt(&self, mark: Mark, birth: Birth) -> Stored<Owner> {
        self.here()?.adopt(mark, birth).await
    }

    async fn is_empty(&self) -> Stored<bool> {
        self.here()?.is_empty().await
    }

    async fn sessions_held(&self) -> Stored<Option<u64>> {
        self.here()?.sessions_held().await
    }

    async fn time(&self) -> Stored<Option<UnixMillis>> {
        self.here()?.time().await
    }
}
