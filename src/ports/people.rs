//! Known people, and the tokens of scripts.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Known, Stored};
use crate::domain::account::Account;
use crate::domain::limit::PersonKey;
use crate::domain::service_token::{ServiceToken, TokenName};
use crate::domain::time::UnixMillis;
use crate::domain::token::{self, Service, TokenDigest};

/// A change of one person's account.
#[derive(Clone, Copy, Debug)]
pub struct AccountChange<'a> {
    /// Whose.
    pub person: PersonKey,
    /// The revision of the account that was judged, none if there was none; if it is another one
    /// meanwhile, nothing happens.
    pub from: Option<u64>,
    /// The account from now on, none to remove it.
    pub to: Option<&'a Account>,
    /// Whether all sessions of the person end in the same step.
    pub ends_sessions: bool,
}

/// What lies under a person's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountFound {
    /// Nothing.
    Nothing,
    /// An account.
    Account(Arc<Account>),
    /// One that cannot be read, of another version or damaged. It may be a suspension.
    Unreadable,
}

/// What became of an [`AccountChange`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountChanged {
    /// It was done, durably.
    Done {
        /// The sessions that ended in the same step.
        ended: Vec<TokenDigest<token::Session>>,
    },
    /// The account is another one by now; nothing was changed.
    Stale,
}

/// What there was before an account was forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountForgotten {
    /// Whether there was an account.
    pub was_there: bool,
    /// The sessions that ended in the same step.
    pub ended: Vec<TokenDigest<token::Session>>,
}

/// Known people.
///
/// Law 1: [`change_account`](Self::change_account) is one atomic step. If it leaves the account
/// suspended, all sessions of the person end in that step even if nobody says so, and
/// [`Attempts::settle`](super::Attempts::settle) makes none for a suspended one afterwards. Law 2: only keyed hashes in keys. Law 3: a record of a
/// version that is not known is told apart from none, is never written over, and admits nobody: it
/// may be a suspension. Only [`forget_account`](Self::forget_account) removes it.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The account of a person. May come from a copy in memory, as
    /// [`Sessions::session`](super::Sessions::session).
    async fn account(&self, person: PersonKey) -> Stored<AccountFound>;

    /// As [`Sessions::session_at_hand`](super::Sessions::session_at_hand).
    fn account_at_hand(&self, _: PersonKey) -> Option<AccountFound> {
        None
    }

    /// As [`Sessions::session_in_grace`](super::Sessions::session_in_grace).
    fn account_in_grace(&self, _: PersonKey) -> Option<AccountFound> {
        None
    }

    /// The account of the person of a session, whose key `person` tells. As [`account`](Self::account), but
    /// may take less of a walk: a store can keep it beside the session.
    async fn account_of(
        &self,
        known: &Known,
        person: &(dyn Fn() -> PersonKey + Sync),
    ) -> Stored<AccountFound> {
        match self.account_of_at_hand(known, person) {
            Some(found) => Ok(found),
            None => self.account(person()).await,
        }
    }

    /// As [`account_at_hand`](Self::account_at_hand), of the person of a session.
    fn account_of_at_hand(
        &self,
        _: &Known,
        person: &(dyn Fn() -> PersonKey + Sync),
    ) -> Option<AccountFound> {
        self.account_at_hand(person())
    }

    /// As [`account_in_grace`](Self::account_in_grace), of the person of a session.
    fn account_of_in_grace(
        &self,
        _: &Known,
        person: &(dyn Fn() -> PersonKey + Sync),
    ) -> Option<AccountFound> {
        self.account_in_grace(person())
    }

    /// Up to `most` accounts in the order of their keys, those that come `after` a key; with the
    /// key of each, to go on from. Those that cannot be read are left out.
    async fn accounts(
        &self,
        after: Option<PersonKey>,
        most: usize,
    ) -> Stored<Vec<(PersonKey, Account)>>;

    /// Makes, changes or removes an account.
    async fn change_account(&self, change: AccountChange<'_>) -> Stored<AccountChanged>;

    /// Removes whatever lies under a person's key, also what cannot be read, and ends all sessions of the
    /// person, in one atomic step. For somebody who wants nothing of theirs to be left.
    async fn forget_account(&self, person: PersonKey) -> Stored<AccountForgotten>;
}

/// The tokens of scripts.
///
/// Law 1: a name is one token's at a time, whoever adds it at the same moment. Law 2: only digests
/// arrive here. Law 3: a [`note_use`](Self::note_use) that races a revocation brings nothing back.
#[async_trait]
pub trait ServiceTokens: Send + Sync {
    /// Adds a token, unless its name is taken. Returns whether it was added. It is kept until
    /// `keep_until`, longer than it works, so that a list can tell that it has expired.
    async fn add_token(
        &self,
        digest: TokenDigest<Service>,
        token: &ServiceToken,
        keep_until: UnixMillis,
        now: UnixMillis,
    ) -> Stored<bool>;

    /// The token of a digest, whether it still counts or not.
    /// May come from a copy in memory, as [`Sessions::session`](super::Sessions::session).
    async fn token(&self, digest: TokenDigest<Service>) -> Stored<Option<Arc<ServiceToken>>>;

    /// As [`Sessions::session_at_hand`](super::Sessions::session_at_hand).
    fn token_at_hand(&self, _: TokenDigest<Service>) -> Option<Arc<ServiceToken>> {
        None
    }

    /// As [`Sessions::session_in_grace`](super::Sessions::session_in_grace).
    fn token_in_grace(&self, _: TokenDigest<Service>) -> Option<Arc<ServiceToken>> {
        None
    }

    /// All tokens, by name.
    async fn tokens(&self) -> Stored<Vec<ServiceToken>>;

    /// Moves the last use forward, if the token is there.
    async fn note_use(&self, digest: TokenDigest<Service>, now: UnixMillis) -> Stored<()>;

    /// Removes the token of a name. Returns whether it was there.
    async fn revoke_token(&self, name: &TokenName) -> Stored<bool>;
}
