//! Known people: what a request asks about them, and what operators do to them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Gate;
use crate::domain::account::{Account, AccountOrigin, PersonName};
use crate::domain::email::EmailAddress;
use crate::domain::event::{EndedWhy, What};
use crate::domain::identity::GroupName;
use crate::domain::limit::PersonKey;
use crate::domain::password::{KeptPassword, PasswordHash};
use crate::domain::session::{Session, SessionHandle, Standing};
use crate::domain::token::{self, Token};
use crate::ports::{
    AccountChange, AccountChanged, AccountForgotten, AccountFound, Known, SessionPlace, StoreError,
    Stored,
};

/// How often a change is tried that another one crosses.
const TRIES: usize = 16;
/// In words for the log.
const CHANGE: &str = "change an account";

/// What an operator says of a person.
#[derive(Clone, Debug)]
pub struct AccountWish {
    /// Who.
    pub email: EmailAddress,
    /// What to call them; as before if none.
    pub name: Option<PersonName>,
    /// Their groups from now on.
    pub groups: BTreeSet<GroupName>,
}

/// What is to become of an account.
enum Judged {
    /// What it is. Nothing is written, and nothing ends.
    Left,
    /// This. Whether the person's sessions end with it; with a suspension they do in any case.
    Put(Account, SessionsEnd),
    /// Nothing is left. Also where there was no account: whoever presses again wants to be sure.
    Removed(SessionsEnd),
}

/// Whether sessions end with a change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SessionsEnd {
    Yes,
    No,
}

/// How a change is noted.
#[derive(Clone, Copy)]
struct Noted<'a> {
    /// What it is, if there was an account before, and if not.
    what: &'a (dyn Fn(bool) -> What + Sync),
    /// Why the sessions end that end with it.
    why: EndedWhy,
}

/// What became of an account.
#[derive(Clone, Debug)]
pub enum Kept {
    /// There was none before.
    Made(Account),
    /// It was there.
    Changed(Account),
    /// There is none, or none any more.
    Gone,
}

impl Gate {
    /// The account behind an address, as the store has it now. In place of one that cannot be read
    /// there is one that is suspended.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn account(&self, email: &EmailAddress) -> Stored<Option<Arc<Account>>> {
        let person = self.keys.subject.person(email.identity());
        Ok(as_it_counts(self.store.account(person).await?, email))
    }

    /// The same of the person of a session, for each of their requests.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn account_of(&self, known: &Known) -> Stored<Option<Arc<Account>>> {
        let person = || self.keys.subject.person(known.email.identity());
        Ok(as_it_counts(self.store.account_of(known, &person).await?, &known.email))
    }

    /// Adds an account, or gives one that is there new groups and another name. Somebody who is
    /// suspended stays so.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn add_account(&self, wish: &AccountWish) -> Stored<Kept> {
        let now = self.clock.now();
        let noted = |was_there| if was_there { What::AccountChanged } else { What::AccountAdded };
        let noted = Noted { what: &noted, why: EndedWhy::Operator };
        self.change_account(&wish.email, noted, |before| {
            let account = match before {
                Some(account) => account.clone().changed(),
                None => Account::new(wish.email.clone(), AccountOrigin::Added, now),
            };
            let account = Account {
                email: wish.email.clone(),
                name: wish.name.clone().or(account.name),
                groups: wish.groups.clone(),
                origin: AccountOrigin::Added,
                ..account
            };
            Judged::Put(account, SessionsEnd::No)
        })
        .await
    }

    /// Notes what a person wants to be called, if they have an account.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn name_account(&self, email: &EmailAddress, name: &PersonName) -> Stored<Kept> {
        let noted = Noted { what: &|_| What::AccountChanged, why: EndedWhy::Operator };
        self.change_account(email, noted, |before| match before {
            Some(account) if account.is_member() => {
                let named = Account { name: Some(name.clone()), ..account.clone().changed() };
                Judged::Put(named, SessionsEnd::No)
            }
            Some(_) | None => Judged::Left,
        })
        .await
    }

    /// Suspends a person, with an account or without: all sessions end in the same step, and none
    /// can begin until [`resume_account`](Self::resume_account).
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn suspend_account(&self, email: &EmailAddress) -> Stored<Kept> {
        let now = self.clock.now();
        let suspended = |before: Option<&Account>| Account::suspended(before, email, now);
        let judge = |before: Option<&Account>| Judged::Put(suspended(before), SessionsEnd::Yes);
        let noted = Noted { what: &|_| What::AccountSuspended, why: EndedWhy::Suspended };
        self.change_account(email, noted, judge).await
    }

    /// Ends a suspension.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn resume_account(&self, email: &EmailAddress) -> Stored<Kept> {
        let noted = Noted { what: &|_| What::AccountResumed, why: EndedWhy::Operator };
        self.change_account(email, noted, |before| match before {
            Some(account) if account.is_suspended() => match account.resumed() {
                Some(resumed) => Judged::Put(resumed, SessionsEnd::No),
                None => Judged::Removed(SessionsEnd::No),
            },
            Some(_) | None => Judged::Left,
        })
        .await
    }

    /// Removes an account, and ends the person's sessions in the same step. Whom `allow` names can
    /// sign in again; to keep somebody out, suspend them.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn remove_account(&self, email: &EmailAddress) -> Stored<Kept> {
        let noted = Noted { what: &|_| What::AccountRemoved, why: EndedWhy::Removed };
        self.change_account(email, noted, |_| Judged::Removed(SessionsEnd::Yes)).await
    }

    /// Removes whatever lies where a person's account would be, also what cannot be read, and ends the
    /// person's sessions in the same step. Returns whether there was something.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub(super) async fn forget_account(&self, email: &EmailAddress) -> Stored<bool> {
        let person = self.keys.subject.person(email.identity());
        let AccountForgotten { was_there, ended } = self.store.forget_account(person).await?;
        if was_there {
            self.note(Some(email), What::AccountRemoved);
        }
        self.note_ended(person, Some(email), EndedWhy::Removed, &ended);
        ended.into_iter().for_each(|digest| self.announce(digest));
        Ok(was_there)
    }

    /// Sets the password of a person, with an account or without, and ends all of their sessions.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn set_password(&self, email: &EmailAddress, hash: PasswordHash) -> Stored<Kept> {
        let kept = KeptPassword { hash, set_at: self.clock.now() };
        let noted = Noted { what: &|_| What::PasswordSet, why: EndedWhy::Password };
        let changed = self
            .change_account(email, noted, |before| {
                let account = Account::with_password(before, email, kept.clone());
                Judged::Put(account, SessionsEnd::Yes)
            })
            .await?;
        self.distrust_all_devices(email).await?;
        Ok(changed)
    }

    /// Takes the password of a person away and ends all of their sessions, as another password does:
    /// whoever is afraid that somebody knows it removes it first, and may choose another one later.
    /// Sessions of whoever has none stay. Browsers are strangers' either way.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn void_password(&self, email: &EmailAddress) -> Stored<Kept> {
        let changed = self.take_password(email, SessionsEnd::Yes).await?;
        self.distrust_all_devices(email).await?;
        Ok(changed)
    }

    /// The same for a person themselves, whose session is this one: it stays.
    ///
    /// # Errors
    /// When the store is in trouble: the password may be gone, and sessions may still be there.
    pub async fn void_own_password(
        &self,
        email: &EmailAddress,
        this: &Token<token::Session>,
    ) -> Stored<()> {
        // First the password: no session can be made with it afterwards.
        self.take_password(email, SessionsEnd::No).await?;
        self.end_others(email, this).await?;
        self.distrust_all_devices(email).await
    }

    async fn take_password(&self, email: &EmailAddress, end: SessionsEnd) -> Stored<Kept> {
        let noted = Noted { what: &|_| What::PasswordRemoved, why: EndedWhy::Password };
        self.change_account(email, noted, |before| match before {
            Some(account) if account.password.is_some() => match account.without_password() {
                Some(account) => Judged::Put(account, end),
                None => Judged::Removed(end),
            },
            Some(_) | None => Judged::Left,
        })
        .await
    }

    /// A page of the accounts, in no order of meaning; see [`crate::ports::Accounts::accounts`].
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn accounts(
        &self,
        after: Option<PersonKey>,
        most: usize,
    ) -> Stored<Vec<(PersonKey, Account)>> {
        self.store.accounts(after, most).await
    }

    /// The sessions of a person that still count, for an operator.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn sessions_for_operator(
        &self,
        email: &EmailAddress,
        idle: Duration,
    ) -> Stored<Vec<(SessionHandle, Session)>> {
        let now = self.clock.now();
        let person = self.keys.subject.person(email.identity());
        let found = self.store.sessions_of(person, now).await?.into_iter();
        let counts = |session: &Session| session.standing(now, idle) == Standing::Active;
        let named = |(digest, session)| (self.keys.subject.handle(digest), session);
        let mut sessions: Vec<_> = found.filter(|(_, it)| counts(it)).map(named).collect();
        sessions.sort_by_key(|(handle, it)| (std::cmp::Reverse(it.last_seen), handle.to_string()));
        Ok(sessions)
    }

    /// A page of all sessions that still count, for an operator; see
    /// [`Sessions::all_sessions`](crate::ports::Sessions::all_sessions).
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn all_sessions(
        &self,
        after: Option<SessionPlace>,
        idle: Duration,
    ) -> Stored<(Vec<(SessionHandle, Session)>, Option<SessionPlace>)> {
        let now = self.clock.now();
        let page = self.store.all_sessions(after, now).await?;
        let found = page.sessions.into_iter();
        let found = found.filter(|(_, it)| it.standing(now, idle) == Standing::Active);
        let named = |(digest, session)| (self.keys.subject.handle(digest), session);
        let mut sessions: Vec<_> = found.map(named).collect();
        sessions.sort_by_key(|(handle, it)| (std::cmp::Reverse(it.last_seen), handle.to_string()));
        Ok((sessions, page.next))
    }

    /// Reads, judges and changes, until the account that was judged is the one that is changed.
    async fn change_account(
        &self,
        email: &EmailAddress,
        noted: Noted<'_>,
        judge: impl Fn(Option<&Account>) -> Judged,
    ) -> Stored<Kept> {
        let person = self.keys.subject.person(email.identity());
        for _ in 0..TRIES {
            let before = match self.store.account(person).await? {
                AccountFound::Nothing => None,
                AccountFound::Account(account) => Some(account),
                AccountFound::Unreadable => {
                    return Err(StoreError::new(CHANGE, "it is of another version, or damaged"));
                }
            };
            let (to, end) = match judge(before.as_deref()) {
                Judged::Left => {
                    return Ok(kept(before.is_some(), before.map(Arc::unwrap_or_clone)));
                }
                Judged::Put(account, end) => (Some(account), end),
                Judged::Removed(end) => (None, end),
            };
            let from = before.as_ref().map(|account| account.revision);
            let ends_sessions = end == SessionsEnd::Yes;
            let change = AccountChange { person, from, to: to.as_ref(), ends_sessions };
            if let AccountChanged::Done { ended } = self.store.change_account(change).await? {
                // Where there is no account the sessions end alone.
                if before.is_some() || to.is_some() {
                    self.note(Some(email), (noted.what)(before.is_some()));
                }
                self.note_ended(person, Some(email), noted.why, &ended);
                ended.into_iter().for_each(|digest| self.announce(digest));
                return Ok(kept(before.is_some(), to));
            }
        }
        Err(StoreError::new(CHANGE, "it changes too often"))
    }
}

fn kept(was_there: bool, account: Option<Account>) -> Kept {
    match account {
        Some(account) if was_there => Kept::Changed(account),
        Some(account) => Kept::Made(account),
        None => Kept::Gone,
    }
}

fn as_it_counts(found: AccountFound, email: &EmailAddress) -> Option<Arc<Account>> {
    match found {
        AccountFound::Nothing => None,
        AccountFound::Account(account) => Some(account),
        AccountFound::Unreadable => {
            tracing::warn!(
                "an account cannot be read, and its person counts as suspended: a linkgate of \
                 another version has written it, or it is damaged"
            );
            Some(Arc::new(Account::unreadable(email)))
        }
    }
}
