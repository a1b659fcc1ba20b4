//! Signing in with a password, at sites that accept one beside the link.
//!
//! A password that is right makes an attempt that is spent at once: so the session is made by the same
//! step as every other one, the person can be told of a new device, and can take it back by a report.

use super::ask::{AskError, Asker, Draft, EXPIRED_RETENTION};
use super::entry::{Proof, Settling};
use super::redeem::{Caller, SignedIn};
use super::{Gate, Place};
use crate::domain::attempt::Attempt;
use crate::domain::email::EmailAddress;
use crate::domain::limit::Verdict;
use crate::domain::password::{Password, PasswordHash, PasswordProblem, PasswordTerms};
use crate::domain::token::{self, Token};
use crate::ports::{Beginning, TooBusy};

/// What became of a password.
#[derive(Debug)]
pub enum PasswordRedeemed {
    /// This browser is signed in now.
    SignedIn(Box<SignedIn>),
    /// Another password, or nobody with one, or somebody who may not enter: nobody is told which.
    Wrong,
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
        let Some(terms) = place.terms.passwords() else { return Ok(PasswordRedeemed::Wrong) };
        let device = self.known_device(asker.device.as_ref(), email).await?;
        let (verdict, account) = tokio::try_join!(
            self.count_password(terms, asker, device, email),
            self.account(email)
        )?;
        if let Verdict::Exceeded { until } = verdict {
            return Err(AskError::TooMany { until });
        }
        let kept = account.as_ref().and_then(|account| account.password.as_ref());
        let matches = self.passwords.matches(password, kept.map(|kept| &kept.hash)).await?;
        let admitted = (place.admits)(email, account.as_ref());
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
        Ok(match self.settle(place, link.digest(), proof, caller).await? {
            Settling::In(signed_in) => PasswordRedeemed::SignedIn(signed_in),
            // Suspended, off the list, or with another password since we looked.
            Settling::Gone(..) | Settling::Unknown => PasswordRedeemed::Wrong,
        })
    }

    /// Whether a password may be chosen for this address here.
    ///
    /// # Errors
    /// [`TooBusy`] when too many people choose one at once.
    pub async fn judge_password(
        &self,
        password: &Password,
        terms: &PasswordTerms,
        email: &EmailAddress,
        site: &[&str],
    ) -> Result<Result<(), PasswordProblem>, TooBusy> {
        let identity = email.identity();
        let known = [identity, email.domain()].into_iter().chain(identity.split('@'));
        let known = known.chain(site.iter().copied()).map(str::to_lowercase).collect();
        self.passwords.judge(password, terms.min_length, known).await
    }

    /// What is kept of a password that an operator sets.
    ///
    /// # Errors
    /// [`TooBusy`].
    pub async fn hash_password(&self, password: &Password) -> Result<PasswordHash, TooBusy> {
        self.passwords.hash(password).await
    }
}
