//! "I did not ask for this": taking a sign-in back.

use std::time::Duration;

use super::Gate;
use super::ask::{DEVICE_TRUST, EXPIRED_RETENTION};
use crate::domain::attempt::{Record, State};
use crate::domain::email::EmailAddress;
use crate::domain::event::{EndedWhy, LimitedWhat, TypedFor, What};
use crate::domain::limit::{Hit, LimitKey, Limited, TYPED_FOR_ONE_MAIL, Verdict};
use crate::domain::time::UnixMillis;
use crate::domain::token::{Link, Report, Token, TokenDigest};
use crate::ports::{Settled, Settlement, Stored};

/// How long no mail goes to an address that is asked for from where it was reported.
const PAUSE: Duration = Duration::from_secs(24 * 3600);

impl Gate {
    /// "I did not ask for this": ends the attempt and what came of it, and holds mail back that is
    /// asked for from the same network for a day, if the visitor knows the address it was for.
    /// Mail scanners press every button, so what a machine can press without knowing the address
    /// changes nothing.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn report(&self, token: &Token<Report>, typed: &EmailAddress) -> Stored<Reported> {
        let counted = self.count_typed(Limited::Reports, token.attempt()).await?;
        if let Verdict::Exceeded { until } = counted {
            self.note_limited(None, LimitedWhat::Typed, until);
            return Ok(Reported::TooMany { until });
        }
        for _ in 0..STATES {
            let Some(record) = self.store.attempt(token.attempt()).await? else {
                return Ok(Reported::Unknown);
            };
            if record.attempt.email != *typed {
                let typed_for = TypedFor::Report;
                self.note(Some(&record.attempt.email), What::AddressWrong { typed_for });
                return Ok(Reported::WrongAddress);
            }
            let now = self.clock.now();
            let key = self.pause_key(&record.attempt.email, &record.attempt.network);
            self.store.pause(key, now.after(PAUSE), now).await?;
            if matches!(record.state, State::LinkUsed { .. } | State::Used { .. }) {
                let email = &record.attempt.email;
                self.end_sessions_since(&record, now).await?;
                // Whoever came in may have come with it, and not for the first time.
                self.void_password(email).await?;
            }
            let to = record.state.ended(now);
            if to == record.state {
                if !matches!(record.state, State::Ended { .. }) {
                    self.note(Some(typed), What::Reported);
                }
                return Ok(Reported::Done);
            }
            let settlement = Settlement {
                from: record.state,
                to,
                session: None,
                mail: None,
                keep_until: record.attempt.expires_at.after(EXPIRED_RETENTION),
                now,
            };
            if self.store.settle(token.attempt(), &settlement).await? == Settled::Done {
                self.note(Some(typed), What::Reported);
                return Ok(Reported::Done);
            }
        }
        Ok(Reported::Done)
    }

    /// Ends what may have come of an attempt: link and code may each have made a session. The owner of
    /// the mailbox says that it was not asked for, so one too many is better than one too few.
    async fn end_sessions_since(&self, record: &Record, now: UnixMillis) -> Stored<()> {
        let person = self.keys.subject.person(record.attempt.email.identity());
        let mut ended = Vec::new();
        for (digest, session) in self.store.sessions_of(person, now).await? {
            if session.signed_in_at >= record.attempt.asked_at {
                self.end_session(digest).await?;
                ended.push(digest);
            }
        }
        self.note_ended(person, Some(&record.attempt.email), EndedWhy::Reported, &ended);
        Ok(())
    }

    /// Makes every browser a stranger's that this person has signed in with before this moment.
    /// Whoever came in has one of them, and with it neither the pause nor the notice of a new device
    /// would touch them again. The person's own are known again with the next sign-in.
    pub(super) async fn distrust_devices(
        &self,
        email: &EmailAddress,
        before: UnixMillis,
    ) -> Stored<()> {
        // The mark stands as long as there can be proofs from before it.
        let until = before.after(DEVICE_TRUST);
        self.store.pause(self.distrust_key(email), until, self.clock.now()).await
    }

    /// As [`distrust_devices`](Self::distrust_devices), and those of this very moment, too.
    pub(super) async fn distrust_all_devices(&self, email: &EmailAddress) -> Stored<()> {
        let before = self.clock.now().after(Duration::from_millis(1));
        self.distrust_devices(email, before).await
    }

    /// What is held back: mail to one mailbox, asked for from one network.
    pub(super) fn pause_key(&self, email: &EmailAddress, network: &str) -> LimitKey {
        // A network has no blank in it.
        self.keys.subject.limit(Limited::Pause, &format!("{network} {}", email.limit_key()))
    }

    /// Counts what is typed for one mail, before it is compared or judged.
    pub(super) async fn count_typed(
        &self,
        what: Limited,
        link: TokenDigest<Link>,
    ) -> Stored<Verdict> {
        let key = self.keys.subject.limit(what, &link.to_hex());
        self.store.hit(&[Hit { key, limit: TYPED_FOR_ONE_MAIL }], self.clock.now()).await
    }

    /// The attempt behind a report link, if it was made at this site.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn reported(&self, token: &Token<Report>, site: &str) -> Stored<Option<Record>> {
        let record = self.store.attempt(token.attempt()).await?;
        Ok(record.filter(|record| record.attempt.site == site))
    }
}

/// A state changes at most this often, so a loop that reads, judges and settles ends.
pub(super) const STATES: usize = 4;

/// What became of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reported {
    /// The attempt is over.
    Done,
    /// The address is another one; nothing was changed.
    WrongAddress,
    /// Too many addresses were tried for this link; nothing was changed.
    TooMany {
        /// When it may be tried again.
        until: UnixMillis,
    },
    /// There is no such attempt.
    Unknown,
}
