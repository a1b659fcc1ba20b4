//! Every call, handed on while the store is ours. What touches nobody's data is handed on always.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::OurStore;
use crate::domain::account::Account;
use crate::domain::attempt::Record;
use crate::domain::delivery::News;
use crate::domain::limit::{Counted, Hit, LimitKey, PersonKey, Verdict};
use crate::domain::secret::{Birth, Mark};
use crate::domain::service_token::{ServiceToken, TokenName};
use crate::domain::session::Session;
use crate::domain::signing::KeyRoster;
use crate::domain::time::UnixMillis;
use crate::domain::token::{self, Browser, Link, Service, TokenDigest};
use crate::metrics::{KeptRecord, Operation};
use crate::ports::{
    AccountChange, AccountChanged, AccountForgotten, AccountFound, Accounts, Attempts, Beginning,
    ClaimedMail, KeyRosters, Known, Limits, MailId, Outbox, Owner, ServiceTokens, SessionPage,
    SessionPlace, Sessions, Settled, Settlement, Stored, Upkeep, Wanted,
};

#[async_trait]
impl Attempts for OurStore {
    async fn begin(&self, beginning: &Beginning<'_>) -> Stored<()> {
        self.timed(Operation::Begin, async { self.ours().await?.begin(beginning).await }).await
    }

    async fn attempt(&self, link: TokenDigest<Link>) -> Stored<Option<Record>> {
        self.timed(Operation::Attempt, async { self.ours().await?.attempt(link).await }).await
    }

    async fn latest(
        &self,
        browser: TokenDigest<Browser>,
    ) -> Stored<Option<(TokenDigest<Link>, Record)>> {
        self.timed(Operation::Latest, async { self.ours().await?.latest(browser).await }).await
    }

    async fn count_try(&self, link: TokenDigest<Link>, most: u32) -> Stored<bool> {
        self.timed(Operation::CountTry, async { self.ours().await?.count_try(link, most).await })
            .await
    }

    async fn settle(
        &self,
        link: TokenDigest<Link>,
        settlement: &Settlement<'_>,
    ) -> Stored<Settled> {
        self.timed(Operation::Settle, async { self.ours().await?.settle(link, settlement).await })
            .await
    }

    async fn attempts_where(
        &self,
        wanted: &Wanted<'_>,
    ) -> Stored<Vec<(TokenDigest<Link>, Record)>> {
        self.timed(Operation::AttemptsWhere, async {
            self.ours().await?.attempts_where(wanted).await
        })
        .await
    }

    async fn forget(&self, link: TokenDigest<Link>, person: PersonKey) -> Stored<bool> {
        self.timed(Operation::Forget, async { self.ours().await?.forget(link, person).await }).await
    }
}

#[async_trait]
impl Sessions for OurStore {
    async fn session(&self, digest: TokenDigest<token::Session>) -> Stored<Option<Arc<Known>>> {
        match self.ours().await {
            Ok(store) => {
                let held = store.session_at_hand(digest);
                self.metrics.looked_up(KeptRecord::Session, held.is_some());
                match held {
                    None => self.timed(Operation::Session, store.session(digest)).await,
                    held => Ok(held),
                }
            }
            Err(error) => self.session_in_grace(digest).map(Some).ok_or(error),
        }
    }

    /// Whose the store is does not matter: nothing is read.
    fn expect_session(&self, digest: TokenDigest<token::Session>) {
        if let Ok(here) = self.store.here() {
            here.expect_session(digest);
        }
    }

    fn session_in_grace(&self, digest: TokenDigest<token::Session>) -> Option<Arc<Known>> {
        self.away()?.session_in_grace(digest)
    }

    async fn touch(&self, digest: TokenDigest<token::Session>, now: UnixMillis) -> Stored<()> {
        self.timed(Operation::Touch, async { self.ours().await?.touch(digest, now).await }).await
    }

    async fn end(&self, digest: TokenDigest<token::Session>, person: PersonKey) -> Stored<bool> {
        self.timed(Operation::End, async { self.ours().await?.end(digest, person).await }).await
    }

    async fn sessions_of(
        &self,
        person: PersonKey,
        now: UnixMillis,
    ) -> Stored<Vec<(TokenDigest<token::Session>, Session)>> {
        self.timed(Operation::SessionsOf, async {
            self.ours().await?.sessions_of(person, now).await
        })
        .await
    }

    async fn all_sessions(
        &self,
        after: Option<SessionPlace>,
        now: UnixMillis,
    ) -> Stored<SessionPage> {
        self.timed(Operation::AllSessions, async {
            self.ours().await?.all_sessions(after, now).await
        })
        .await
    }
}

#[async_trait]
impl Accounts for OurStore {
    async fn account(&self, person: PersonKey) -> Stored<AccountFound> {
        match self.ours().await {
            Ok(store) => {
                let held = store.account_at_hand(person);
                self.metrics.looked_up(KeptRecord::Account, held.is_some());
                match held {
                    None => self.timed(Operation::Account, store.account(person)).await,
                    Some(held) => Ok(held),
                }
            }
            Err(error) => self.account_in_grace(person).ok_or(error),
        }
    }

    async fn account_of(
        &self,
        known: &Known,
        person: &(dyn Fn() -> PersonKey + Sync),
    ) -> Stored<AccountFound> {
        match self.ours().await {
            Ok(store) => {
                let held = store.account_of_at_hand(known, person);
                self.metrics.looked_up(KeptRecord::Account, held.is_some());
                match held {
                    None => self.timed(Operation::Account, store.account(person())).await,
                    Some(held) => Ok(held),
                }
            }
            Err(error) => {
                let held = self.away().and_then(|away| away.account_of_in_grace(known, person));
                held.ok_or(error)
            }
        }
    }

    fn account_in_grace(&self, person: PersonKey) -> Option<AccountFound> {
        self.away()?.account_in_grace(person)
    }

    async fn accounts(
        &self,
        after: Option<PersonKey>,
        most: usize,
    ) -> Stored<Vec<(PersonKey, Account)>> {
        self.timed(Operation::Accounts, async { self.ours().await?.accounts(after, most).await })
            .await
    }

    async fn change_account(&self, change: AccountChange<'_>) -> Stored<AccountChanged> {
        self.timed(Operation::ChangeAccount, async {
            self.ours().await?.change_account(change).await
        })
        .await
    }

    async fn forget_account(&self, person: PersonKey) -> Stored<AccountForgotten> {
        self.timed(Operation::ForgetAccount, async {
            self.ours().await?.forget_account(person).await
        })
        .await
    }
}

#[async_trait]
impl ServiceTokens for OurStore {
    async fn add_token(
        &self,
        digest: TokenDigest<Service>,
        token: &ServiceToken,
        keep_until: UnixMillis,
        now: UnixMillis,
    ) -> Stored<bool> {
        self.timed(Operation::AddToken, async {
            self.ours().await?.add_token(digest, token, keep_until, now).await
        })
        .await
    }

    async fn token(&self, digest: TokenDigest<Service>) -> Stored<Option<Arc<ServiceToken>>> {
        match self.ours().await {
            Ok(store) => {
                let held = store.token_at_hand(digest);
                self.metrics.looked_up(KeptRecord::Token, held.is_some());
                match held {
                    None => self.timed(Operation::Token, store.token(digest)).await,
                    held => Ok(held),
                }
            }
            Err(error) => self.token_in_grace(digest).map(Some).ok_or(error),
        }
    }

    fn token_in_grace(&self, digest: TokenDigest<Service>) -> Option<Arc<ServiceToken>> {
        self.away()?.token_in_grace(digest)
    }

    async fn tokens(&self) -> Stored<Vec<ServiceToken>> {
        self.timed(Operation::Tokens, async { self.ours().await?.tokens().await }).await
    }

    async fn note_use(&self, digest: TokenDigest<Service>, now: UnixMillis) -> Stored<()> {
        self.timed(Operation::NoteUse, async { self.ours().await?.note_use(digest, now).await })
            .await
    }

    async fn revoke_token(&self, name: &TokenName) -> Stored<bool> {
        self.timed(Operation::RevokeToken, async { self.ours().await?.revoke_token(name).await })
            .await
    }
}

#[async_trait]
impl Limits for OurStore {
    async fn hit(&self, hits: &[Hit], now: UnixMillis) -> Stored<Verdict> {
        let verdict =
            self.timed(Operation::Hit, async { self.ours().await?.hit(hits, now).await }).await;
        if let (Ok(Verdict::Exceeded { .. }), Some(first)) = (&verdict, hits.first()) {
            self.metrics.limited(first.key.limited);
        }
        verdict
    }

    async fn pause(&self, key: LimitKey, until: UnixMillis, now: UnixMillis) -> Stored<()> {
        self.timed(Operation::Pause, async { self.ours().await?.pause(key, until, now).await })
            .await
    }

    async fn is_paused(&self, key: LimitKey, now: UnixMillis) -> Stored<bool> {
        self.timed(Operation::IsPaused, async { self.ours().await?.is_paused(key, now).await })
            .await
    }

    async fn counted(&self, keys: &[LimitKey], now: UnixMillis) -> Stored<Vec<Option<Counted>>> {
        self.timed(Operation::Counted, async { self.ours().await?.counted(keys, now).await }).await
    }

    async fn lift(&self, keys: &[LimitKey], now: UnixMillis) -> Stored<u64> {
        self.timed(Operation::Lift, async { self.ours().await?.lift(keys, now).await }).await
    }
}

#[async_trait]
impl Outbox for OurStore {
    async fn claim(
        &self,
        most: usize,
        lease: Duration,
        now: UnixMillis,
    ) -> Stored<Vec<ClaimedMail>> {
        self.timed(Operation::Claim, async { self.ours().await?.claim(most, lease, now).await })
            .await
    }

    async fn done(&self, id: MailId, news: &News, now: UnixMillis) -> Stored<()> {
        self.timed(Operation::Done, async { self.ours().await?.done(id, news, now).await }).await
    }

    async fn retry(&self, id: MailId, due: UnixMillis, news: &News, now: UnixMillis) -> Stored<()> {
        self.timed(Operation::Retry, async { self.ours().await?.retry(id, due, news, now).await })
            .await
    }
}

#[async_trait]
impl KeyRosters for OurStore {
    async fn roster(&self) -> Stored<KeyRoster> {
        self.timed(Operation::Roster, async { self.ours().await?.roster().await }).await
    }

    async fn replace_roster(&self, roster: &KeyRoster) -> Stored<bool> {
        self.timed(Operation::ReplaceRoster, async {
            self.ours().await?.replace_roster(roster).await
        })
        .await
    }
}

#[async_trait]
impl Upkeep for OurStore {
    async fn ping(&self) -> Stored<()> {
        self.store.here()?.ping().await
    }

    fn is_heard(&self) -> bool {
        self.store.here().is_ok_and(|store| store.is_heard())
    }

    async fn sweep(&self, now: UnixMillis) -> Stored<u64> {
        self.timed(Operation::Sweep, async { self.ours().await?.sweep(now).await }).await
    }

    async fn owner(&self, mark: Mark) -> Stored<Owner> {
        self.store.here()?.owner(mark).await
    }

    async fn adopt(&self, mark: Mark, birth: Birth) -> Stored<Owner> {
        self.store.here()?.adopt(mark, birth).await
    }

    fn confirmed(&self, mark: Mark, birth: Birth) {
        if let Ok(store) = self.store.here() {
            store.confirmed(mark, birth);
        }
    }

    async fn is_empty(&self) -> Stored<bool> {
        self.store.here()?.is_empty().await
    }

    async fn sessions_held(&self) -> Stored<Option<u64>> {
        self.ours().await?.sessions_held().await
    }

    async fn time(&self) -> Stored<Option<UnixMillis>> {
        self.store.here()?.time().await
    }
}
