//! Every later request, and the end.

use std::sync::Arc;
use std::time::Duration;

use super::Gate;
use super::endings::Listening;
use crate::domain::account::Account;
use crate::domain::email::EmailAddress;
use crate::domain::event::{Actor, EndedWhy};
use crate::domain::limit::PersonKey;
use crate::domain::session::{Session, SessionHandle, Standing};
use crate::domain::token::{self, Token, TokenDigest};
use crate::ports::{Known, Store, Stored};

/// A session that counts, and the account of its person.
#[derive(Clone, Debug)]
pub struct Present {
    /// The session.
    pub session: Arc<Known>,
    /// The account, if there is one. It is not suspended.
    pub account: Option<Arc<Account>>,
}

/// One of the sessions of a person, in a list for that person.
#[derive(Clone, Debug)]
pub struct OwnSession {
    /// What it is called outside.
    pub handle: SessionHandle,
    /// What is known of it.
    pub session: Session,
    /// Whether it is the one that asks.
    pub this: bool,
}

impl Gate {
    /// Says that [`authenticate`](Self::authenticate) is called for this one soon, so that it waits less for
    /// memory.
    pub fn expect_session(&self, digest: TokenDigest<token::Session>) {
        self.store.expect_session(digest);
    }

    /// The session of a token, if it counts in this realm. Moves `last_seen` at most once a minute,
    /// beside the request, not in its way.
    ///
    /// # Errors
    /// When the store is in trouble: then nobody knows, and the answer is 503.
    pub async fn authenticate(
        &self,
        digest: TokenDigest<token::Session>,
        realm: &str,
        idle: Duration,
    ) -> Stored<Option<Present>> {
        let Some(present) = self.standing(digest, realm, idle).await? else { return Ok(None) };
        let now = self.clock.now();
        if present.session.wants_touch(now, idle) {
            self.touch_beside(*digest.as_bytes(), move |store| async move {
                store.touch(digest, now).await
            });
        }
        Ok(Some(present))
    }

    /// The session of a digest, if it counts in this realm. Moves nothing.
    ///
    /// A suspension ends the sessions of a person in its own step; that it is looked at here as well
    /// is for those that this step did not find: an index that the store has dropped for want of
    /// memory, or a node of another version.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn standing(
        &self,
        digest: TokenDigest<token::Session>,
        realm: &str,
        idle: Duration,
    ) -> Stored<Option<Present>> {
        let Some(session) = self.store.session(digest).await? else { return Ok(None) };
        let counts = match session.standing(self.clock.now(), idle) {
            Standing::Active => session.realm() == realm,
            Standing::Idle | Standing::Expired => false,
        };
        if !counts {
            return Ok(None);
        }
        let account = self.account_of(&session).await?;
        let is_barred = account.as_ref().is_some_and(|account| account.is_suspended());
        Ok((!is_barred).then_some(Present { session, account }))
    }

    /// Listens for the end of a session on this node. For streams, which outlive the request that was
    /// decided about.
    #[must_use]
    pub fn listen(&self, digest: TokenDigest<token::Session>) -> Listening {
        self.endings.listen(digest)
    }

    /// Notes a use in a task of its own; one at a time for a session or token.
    pub(super) fn touch_beside<F>(
        &self,
        digest: [u8; 32],
        touch: impl FnOnce(Arc<dyn Store>) -> F + Send + 'static,
    ) where
        F: Future<Output = Stored<()>> + Send,
    {
        let Some(begun) = self.touching.begin(digest) else { return };
        let store = Arc::clone(&self.store);
        tokio::spawn(async move {
            // Until the end of the task, and of one that panics, too.
            let _begun = begun;
            if let Err(error) = touch(store).await {
                tracing::warn!(%error, cause = %error.source, "a last use was not noted");
            }
        });
    }

    /// Ends the session of a token. Returns whose it was, if it was there.
    ///
    /// # Errors
    /// When the store is in trouble: the session may still be there, and the visitor must hear so.
    pub async fn sign_out(&self, token: &Token<token::Session>) -> Stored<Option<Arc<Known>>> {
        let ended = self.end_session(token.digest()).await?;
        if let Some(session) = &ended {
            let (person, digest) = (self.person(&session.email), [token.digest()]);
            self.note_ended(person, Some(&session.email), EndedWhy::SignOut, &digest);
        }
        Ok(ended)
    }

    /// The sessions of a person that still count, at every site, the one that was used last first.
    /// `this` is the session that asks, `idle` its idle timeout.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn sessions_of(
        &self,
        person: &EmailAddress,
        this: &Token<token::Session>,
        idle: Duration,
    ) -> Stored<Vec<OwnSession>> {
        let now = self.clock.now();
        let found = self.store.sessions_of(self.person(person), now).await?;
        let mut sessions: Vec<OwnSession> = found
            .into_iter()
            .filter(|(_, session)| session.standing(now, idle) == Standing::Active)
            .map(|(digest, session)| OwnSession {
                handle: self.keys.subject.handle(digest),
                session,
                this: digest == this.digest(),
            })
            .collect();
        // Of two that were used in the same moment, the handle decides: the list must not dance.
        sessions.sort_by_key(|it| (std::cmp::Reverse(it.session.last_seen), it.handle.to_string()));
        Ok(sessions)
    }

    /// Ends the session of a person that is called `handle`. A handle that is none of theirs changes
    /// nothing, and the caller cannot tell: whose it may be is nobody's business.
    ///
    /// # Errors
    /// When the store is in trouble: the session may still be there.
    pub async fn end_own(&self, person: &EmailAddress, handle: SessionHandle) -> Stored<()> {
        self.end_where(person, |digest| self.keys.subject.handle(digest) == handle).await
    }

    /// Ends all sessions of a person but the one that asks.
    ///
    /// # Errors
    /// When the store is in trouble: some of them may still be there.
    pub async fn end_others(
        &self,
        person: &EmailAddress,
        this: &Token<token::Session>,
    ) -> Stored<()> {
        let this = this.digest();
        self.end_where(person, |digest| digest != this).await
    }

    /// Ends all sessions of a person. Whoever asks for it should end their own one last, with
    /// [`sign_out`](Self::sign_out), so that they can ask again when the store fails half way.
    ///
    /// # Errors
    /// When the store is in trouble: some of them may still be there.
    pub async fn end_all(&self, person: &EmailAddress) -> Stored<()> {
        self.end_where(person, |_| true).await
    }

    /// Ends also what is idle: an idle session still lies in the store, and with a longer idle
    /// timeout in the configuration it would count again.
    async fn end_where(
        &self,
        email: &EmailAddress,
        ends: impl Fn(TokenDigest<token::Session>) -> bool,
    ) -> Stored<()> {
        let person = self.person(email);
        let (mut ended, mut outcome) = (Vec::new(), Ok(()));
        for (digest, _) in self.store.sessions_of(person, self.clock.now()).await? {
            if !ends(digest) {
                continue;
            }
            if let Err(error) = self.store.end(digest, person).await {
                outcome = Err(error);
                break;
            }
            self.announce(digest);
            ended.push(digest);
        }
        // Also of those that ended before the store failed.
        let is_visitor = self.trail.by == Actor::Visitor;
        let why = if is_visitor { EndedWhy::AccountPage } else { EndedWhy::Operator };
        self.note_ended(person, Some(email), why, &ended);
        outcome
    }

    fn person(&self, email: &EmailAddress) -> PersonKey {
        self.keys.subject.person(email.identity())
    }

    /// Ends a session, and the streams that it has open on this node.
    pub(super) async fn end_session(
        &self,
        digest: TokenDigest<token::Session>,
    ) -> Stored<Option<Arc<Known>>> {
        let Some(session) = self.store.session(digest).await? else { return Ok(None) };
        self.store.end(digest, self.person(&session.email)).await?;
        self.announce(digest);
        Ok(Some(session))
    }

    /// Tells the streams of this node that a session has ended.
    pub(super) fn announce(&self, digest: TokenDigest<token::Session>) {
        self.endings.announce(digest);
    }
}
