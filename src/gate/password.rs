//! Signing in with a password, at sites that accept one beside the link.
//!
//! A password that is right makes an attempt that is spent at once: so the session is made by the same
//! step as every other one, the person can be told of a new device, and can take it back by a report.

use super::ask::{AskError, Asker, Draft, EXPIRED_RETENTION};
use super::entry::{Proof, Settling};
use super::redeem::{Caller, RedeemError, SignedIn};
use super::{Gate, Place};
use crate::domain::attempt::{Attempt, Way};
use crate::domain::email::EmailAddress;
use crate::domain::event::{LimitedWhat, What};
use crate::domain::limit::{Limited, Verdict};
use crate::domain::password::{Password, PasswordHash, PasswordProblem, PasswordTerms};
use crate::domain::time::UnixMillis;
use crate::domain::token::{self, Link, Token, TokenDigest};
use crate::ports::{Beginning, Seat, TooBusy};

/// What became of a password.
#[derive(Debug)]
pub enum PasswordRedeemed {
    /// This browser is signed in now.
    SignedIn(Box<SignedIn>),
    /// Another password, or nobody with one, or somebody who may not enter: nobody is told which.
    Wrong,
}

/// A password that somebody chooses with a link or a code.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// The password.
    pub password: &'a Password,
    /// What whoever attacks this person tries first, besides the address: the names of the site.
    pub known: &'a [&'a str],
}

/// What became of the choice.
pub(super) enum Chosen {
    /// What is kept of it; none if none was made.
    Hash(Option<PasswordHash>),
    /// It may not be chosen.
    Refused(PasswordProblem),
    /// Too many were tried for this link.
    TooMany {
        /// When it may be tried again.
        until: UnixMillis,
    },
}

impl Gate {
    /// Signs a browser in with a password. The try is counted in the store before the password is
    /// compared, so simultaneous guesses share the tries; and it is compared whoever is asked for,
    /// also where there is nothing to compare with, so that all answers take the same time.
    ///
    /// # Errors
    /// [`AskError::TooMany`] when the tries are used up, [`AskError::Busy`] when too many people try
    /// at once, [`AskError::Store`] when nobody knows.
    pub async fn redeem_password(
        &self,
        place: Place<'_>,
        asker: &Asker,
        held: Option<&Token<token::Session>>,
        email: &EmailAddress,
        password: &Password,
        return_url: &str,
    ) -> Result<PasswordRedeemed, AskError> {
        let redeemed = self.password_tried(place, asker, held, email, password, return_url).await;
        match &redeemed {
            Ok(PasswordRedeemed::Wrong) if place.terms.passwords().is_some() => {
                self.note(Some(email), What::PasswordWrong);
            }
            Err(AskError::TooMany { until }) => {
                self.note_limited(Some(email), LimitedWhat::Password, *until);
            }
            Ok(_) | Err(_) => {}
        }
        redeemed
    }

    async fn password_tried(
        &self,
        place: Place<'_>,
        asker: &Asker,
        held: Option<&Token<token::Session>>,
        email: &EmailAddress,
        password: &Password,
        return_url: &str,
    ) -> Result<PasswordRedeemed, AskError> {
        let Some(terms) = place.terms.passwords() else { return Ok(PasswordRedeemed::Wrong) };
        let seat = self.passwords.seat()?;
        let device = self.known_device(asker.device.as_ref(), email).await?;
        let (verdict, account) = tokio::try_join!(
            self.count_password(terms, asker, device, email),
            self.account(email)
        )?;
        if let Verdict::Exceeded { until } = verdict {
            return Err(AskError::TooMany { until });
        }
        let kept = account.as_ref().and_then(|account| account.password.as_ref());
        let matches = self.passwords.matches(seat, password, kept.map(|kept| &kept.hash)).await?;
        let admitted = (place.admits)(email, account.as_deref());
        let (Some(account), true, Some(_)) = (account, matches, admitted) else {
            return Ok(PasswordRedeemed::Wrong);
        };
        let browser =
            asker.browser.as_ref().map_or_else(|| self.new_browser().digest(), Token::digest);
        // Link and code are forgotten here: nobody ever holds them.
        let Draft { link, attempt, .. } = self.draft(place, asker, browser, email, return_url);
        let attempt = Attempt { admitted: true, ..attempt };
        let beginning = Beginning {
            link: link.digest(),
            attempt: &attempt,
            person: self.keys.subject.person(email.identity()),
            mail: None,
            keep_until: attempt.expires_at.after(EXPIRED_RETENTION),
            replaces: false,
            now: attempt.asked_at,
        };
        self.store.begin(&beginning).await?;
        let caller = Caller {
            browser: asker.browser.as_ref(),
            session: held,
            device: asker.device.as_ref(),
            browser_label: &asker.browser_label,
            client: &asker.client,
        };
        let proof = Proof::password(account.revision);
        Ok(match self.settle(place, link.digest(), &proof, caller).await? {
            Settling::In(signed_in) => PasswordRedeemed::SignedIn(signed_in),
            // Suspended, off the list, or with another password since we looked.
            Settling::Gone(..) | Settling::Unknown => PasswordRedeemed::Wrong,
        })
    }

    /// What is kept of a password that somebody has chosen, if it may be chosen. Judging takes work
    /// that nobody has proven a mailbox for yet, when a code comes with it: so it is counted.
    pub(super) async fn chosen(
        &self,
        place: Place<'_>,
        (link, way): (TokenDigest<Link>, Way),
        attempt: &Attempt,
        choice: Option<&Choice<'_>>,
    ) -> Result<Chosen, RedeemError> {
        let Some(choice) = choice else { return Ok(Chosen::Hash(None)) };
        let terms = place.terms.passwords().filter(|_| attempt.chooses_password);
        let terms = terms.ok_or(RedeemError::NoChoice)?;
        let seat = self.passwords.seat()?;
        let what = match way {
            Way::Code | Way::Password => Limited::ChoicesByCode,
            Way::OwnLink | Way::OtherLink => Limited::ChoicesByLink,
        };
        if let Verdict::Exceeded { until } = self.count_typed(what, link).await? {
            return Ok(Chosen::TooMany { until });
        }
        Ok(match self.accept(seat, terms, &attempt.email, choice).await? {
            Ok(hash) => Chosen::Hash(Some(hash)),
            Err(problem) => Chosen::Refused(problem),
        })
    }

    async fn accept(
        &self,
        seat: Seat,
        terms: &PasswordTerms,
        email: &EmailAddress,
        Choice { password, known }: &Choice<'_>,
    ) -> Result<Result<PasswordHash, PasswordProblem>, TooBusy> {
        let (identity, domain) = (email.identity(), email.domain());
        let words = [identity, domain].into_iter().chain(identity.split('@'));
        let words = words.chain(known.iter().copied()).map(str::to_lowercase).collect();
        match self.passwords.judge(password, terms.min_length, words).await? {
            Ok(()) => self.passwords.hash(seat, password).await.map(Ok),
            Err(problem) => Ok(Err(problem)),
        }
    }

    /// What is kept of a password that an operator sets for somebody, if it may be chosen.
    ///
    /// # Errors
    /// [`TooBusy`].
    pub async fn accept_password(
        &self,
        terms: &PasswordTerms,
        email: &EmailAddress,
        password: &Password,
    ) -> Result<Result<PasswordHash, PasswordProblem>, TooBusy> {
        self.accept(self.passwords.seat()?, terms, email, &Choice { password, known: &[] }).await
    }
}
