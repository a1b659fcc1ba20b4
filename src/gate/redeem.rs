//! Signing in: with the link in the browser that asked, with the link elsewhere, with the code.

use subtle::ConstantTimeEq;

use super::entry::{Proof, Settling};
use super::password::{Choice, Chosen};
use super::{Gate, Place};
use crate::domain::attempt::{Gone, Record, Way};
use crate::domain::client::ClientAddress;
use crate::domain::code::{Code, TRIES};
use crate::domain::device::Device;
use crate::domain::email::EmailAddress;
use crate::domain::event::{Machine, What};
use crate::domain::limit::{Limited, Verdict};
use crate::domain::password::PasswordProblem;
use crate::domain::session::Session;
use crate::domain::terms::OtherBrowser;
use crate::domain::time::UnixMillis;
use crate::domain::token::{self, Browser, Link, Token, TokenDigest};
use crate::ports::{StoreError, Stored, TooBusy};

/// The browser that wants in.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// Its cookie of attempts, if it has a genuine one.
    pub browser: Option<&'a Token<Browser>>,
    /// Its cookie of a session, if it has a genuine one.
    pub session: Option<&'a Token<token::Session>>,
    /// Who has signed in with it before, if its cookie says so.
    pub device: Option<&'a Device>,
    /// What it says it is, in our own words.
    pub browser_label: &'a str,
    /// Its address.
    pub client: &'a ClientAddress,
}

/// Somebody is signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The new session's token, for the cookie.
    pub token: Token<token::Session>,
    /// The new session.
    pub session: Session,
    /// The attempt that led to it.
    pub record: Record,
    /// The browser, which knows this person from now on, for its cookie.
    pub device: Device,
    /// Whether this sign-in has made an account.
    pub registered: bool,
    /// Whether it has set a password.
    pub password_set: bool,
}

/// Why nobody knows what became of a link or a code.
#[derive(Debug, thiserror::Error)]
pub enum RedeemError {
    /// A password came with what lets nobody choose one.
    #[error("a password for a mail that lets nobody choose one")]
    NoChoice,
    /// Too many passwords are being worked on.
    #[error(transparent)]
    Busy(#[from] TooBusy),
    /// The store is in trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of an opened link.
#[derive(Debug)]
pub enum Opened {
    /// The browser that asked is signed in now.
    SignedIn(Box<SignedIn>),
    /// This browser is signed in with this very link already.
    AlreadyIn(Record),
    /// The browser that asked may choose a password: a page that asks. Nothing was changed.
    Choose(Record),
    /// Another browser: a page that asks. Nothing was changed.
    Elsewhere(Record),
    /// The link works no more.
    Gone(Gone, Record),
    /// There is no such link at this site.
    Unknown,
}

/// What became of a link, once a page of ours was answered.
#[derive(Debug)]
pub enum Redeemed {
    /// This browser is signed in now.
    SignedIn(Box<SignedIn>),
    /// The address is another one; nothing was changed.
    WrongAddress(Record),
    /// This password may not be chosen; nothing was changed.
    Password(PasswordProblem, Record),
    /// Too many addresses or passwords were tried for this link; nothing was changed.
    TooMany {
        /// When it may be tried again.
        until: UnixMillis,
    },
    /// Only the code works elsewhere at this site; nothing was changed.
    CodeOnly(Record),
    /// The link works no more.
    Gone(Gone, Record),
    /// There is no such link at this site.
    Unknown,
}

/// What was answered to the page of a link.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkAnswer<'a> {
    /// The address, typed again.
    pub typed: Option<&'a EmailAddress>,
    /// A password, if one was chosen.
    pub choice: Option<&'a Choice<'a>>,
}

/// What became of a typed code.
#[derive(Debug)]
pub enum CodeRedeemed {
    /// This browser is signed in now.
    SignedIn(Box<SignedIn>),
    /// Not the code.
    Wrong {
        /// Codes that may still be tried.
        left: u32,
        /// The attempt.
        record: Record,
    },
    /// This password may not be chosen; nothing was changed, and no try counted.
    Password(PasswordProblem, Record),
    /// Too many passwords were tried for this attempt; nothing was changed.
    TooMany {
        /// When it may be tried again.
        until: UnixMillis,
    },
    /// All tries are used up.
    UsedUp(Record),
    /// The attempt is over.
    Gone(Gone, Record),
    /// This browser began no attempt.
    NoAttempt,
}

impl Gate {
    /// Opens a link. Call it for a plain `GET` only: `HEAD` and prefetch must not get here.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn open_link(
        &self,
        place: Place<'_>,
        link: &Token<Link>,
        caller: Caller<'_>,
    ) -> Stored<Opened> {
        let opened = self.opened(place, link, caller).await?;
        self.note_opened(&opened, caller);
        Ok(opened)
    }

    async fn opened(
        &self,
        place: Place<'_>,
        link: &Token<Link>,
        caller: Caller<'_>,
    ) -> Stored<Opened> {
        let Some(record) = self.known(place, link.digest()).await? else {
            return Ok(Opened::Unknown);
        };
        let own = caller.browser.is_some_and(|browser| browser.digest() == record.attempt.browser);
        let way = if own { Way::OwnLink } else { Way::OtherLink };
        if own && !place.lets_choose(&record.attempt) {
            return Ok(
                match self.settle_read(place, link.digest(), &way.into(), caller, record).await? {
                    Settling::In(signed_in) => Opened::SignedIn(signed_in),
                    Settling::Gone(gone, record) => opened_late(gone, *record, caller),
                    Settling::Unknown => Opened::Unknown,
                },
            );
        }
        Ok(match record.open(way, self.clock.now()) {
            Ok(()) if own => Opened::Choose(record),
            Ok(()) => Opened::Elsewhere(record),
            Err(gone) => opened_late(gone, record, caller),
        })
    }

    /// Looks a link up for something that is no person and fetched it. Changes nothing.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn link_fetched(
        &self,
        place: Place<'_>,
        link: &Token<Link>,
        how: Machine,
    ) -> Stored<Option<Record>> {
        let record = self.known(place, link.digest()).await?;
        if let Some(record) = &record {
            self.note(Some(&record.attempt.email), What::LinkOpenedByMachine { how });
        }
        Ok(record)
    }

    /// Looks a link up for a page that only shows. Changes nothing.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn peek_link(&self, place: Place<'_>, link: &Token<Link>) -> Stored<Option<Record>> {
        self.known(place, link.digest()).await
    }

    /// Signs in with a link for which a page of ours was answered: in a browser that did not ask, once
    /// the visitor has confirmed, with the address typed again, or with a press of the button where
    /// the site accepts that; and wherever a password was chosen.
    ///
    /// # Errors
    /// [`RedeemError`]
    pub async fn redeem_link(
        &self,
        place: Place<'_>,
        link: &Token<Link>,
        answer: LinkAnswer<'_>,
        caller: Caller<'_>,
    ) -> Result<Redeemed, RedeemError> {
        let redeemed = self.link_answered(place, link, answer, caller).await?;
        self.note_redeemed(&redeemed, answer.typed.is_some());
        Ok(redeemed)
    }

    async fn link_answered(
        &self,
        place: Place<'_>,
        link: &Token<Link>,
        answer: LinkAnswer<'_>,
        caller: Caller<'_>,
    ) -> Result<Redeemed, RedeemError> {
        let Some(record) = self.known(place, link.digest()).await? else {
            return Ok(Redeemed::Unknown);
        };
        let own = caller.browser.is_some_and(|browser| browser.digest() == record.attempt.browser);
        let way = if own { Way::OwnLink } else { Way::OtherLink };
        if let Err(gone) = record.open(way, self.clock.now()) {
            return Ok(Redeemed::Gone(gone, record));
        }
        // The browser that asked has nothing to confirm: there a plain GET signs in.
        if !own && let Some(refused) = self.confirm(place, link, &answer, &record).await? {
            return Ok(refused);
        }
        let chosen =
            self.chosen(place, (link.digest(), way), &record.attempt, answer.choice).await?;
        let chosen = match chosen {
            Chosen::Hash(hash) => hash,
            Chosen::Refused(problem) => return Ok(Redeemed::Password(problem, record)),
            Chosen::TooMany { until } => return Ok(Redeemed::TooMany { until }),
        };
        let proof = Proof::choosing(way, chosen);
        Ok(match self.settle_read(place, link.digest(), &proof, caller, record).await? {
            Settling::In(signed_in) => Redeemed::SignedIn(signed_in),
            Settling::Gone(gone, record) => Redeemed::Gone(gone, *record),
            Settling::Unknown => Redeemed::Unknown,
        })
    }

    /// What speaks against signing in another browser than the one that asked.
    async fn confirm(
        &self,
        place: Place<'_>,
        link: &Token<Link>,
        answer: &LinkAnswer<'_>,
        record: &Record,
    ) -> Stored<Option<Redeemed>> {
        match place.terms.other_browser {
            OtherBrowser::CodeOnly => return Ok(Some(Redeemed::CodeOnly(record.clone()))),
            OtherBrowser::Button => return Ok(None),
            OtherBrowser::Address => {}
        }
        let wrong = || Some(Redeemed::WrongAddress(record.clone()));
        // What is no address guesses nothing, and is not counted.
        let Some(typed) = answer.typed else { return Ok(wrong()) };
        let counted = self.count_typed(Limited::Confirmations, link.digest()).await?;
        if let Verdict::Exceeded { until } = counted {
            return Ok(Some(Redeemed::TooMany { until }));
        }
        Ok(if *typed == record.attempt.email { None } else { wrong() })
    }

    /// Signs in the browser that asked, with the code. The try is counted in the store before the
    /// code is compared, so simultaneous guesses share the tries.
    ///
    /// # Errors
    /// [`RedeemError`]
    pub async fn redeem_code(
        &self,
        place: Place<'_>,
        code: Option<&Code>,
        choice: Option<&Choice<'_>>,
        caller: Caller<'_>,
    ) -> Result<CodeRedeemed, RedeemError> {
        let redeemed = self.code_tried(place, code, choice, caller).await?;
        self.note_tried(&redeemed, code.is_some());
        Ok(redeemed)
    }

    async fn code_tried(
        &self,
        place: Place<'_>,
        code: Option<&Code>,
        choice: Option<&Choice<'_>>,
        caller: Caller<'_>,
    ) -> Result<CodeRedeemed, RedeemError> {
        let Some(browser) = caller.browser else { return Ok(CodeRedeemed::NoAttempt) };
        // To whoever has not the right code, a reported attempt looks like any other.
        let Some((link, record)) = self.latest(browser.digest()).await? else {
            return Ok(CodeRedeemed::NoAttempt);
        };
        if !place.has(&record.attempt) {
            return Ok(CodeRedeemed::NoAttempt);
        }
        if let Err(gone) = record.open(Way::Code, self.clock.now()) {
            return Ok(CodeRedeemed::Gone(gone, record));
        }
        // What cannot be a code costs no try: it is a slip, and guesses nothing.
        let Some(code) = code else {
            let left = record.tries_left();
            return Ok(if left == 0 {
                CodeRedeemed::UsedUp(record)
            } else {
                CodeRedeemed::Wrong { left, record }
            });
        };
        // Before the code is compared: what is refused for the password says nothing of the code.
        let chosen = match self.chosen(place, (link, Way::Code), &record.attempt, choice).await? {
            Chosen::Hash(hash) => hash,
            Chosen::Refused(problem) => return Ok(CodeRedeemed::Password(problem, record)),
            Chosen::TooMany { until } => return Ok(CodeRedeemed::TooMany { until }),
        };
        if !self.store.count_try(link, TRIES).await? {
            return Ok(CodeRedeemed::UsedUp(record));
        }
        if !bool::from(self.keys.code.mac(link, code).ct_eq(&record.attempt.code)) {
            let left = record.tries_left().saturating_sub(1);
            return Ok(if left == 0 {
                CodeRedeemed::UsedUp(record)
            } else {
                CodeRedeemed::Wrong { left, record }
            });
        }
        let proof = Proof::choosing(Way::Code, chosen);
        Ok(match self.settle(place, link, &proof, caller).await? {
            Settling::In(signed_in) => CodeRedeemed::SignedIn(signed_in),
            Settling::Gone(gone, record) => CodeRedeemed::Gone(gone, *record),
            Settling::Unknown => CodeRedeemed::NoAttempt,
        })
    }

    /// The record of a link, if it was made here.
    pub(super) async fn known(
        &self,
        place: Place<'_>,
        link: TokenDigest<Link>,
    ) -> Stored<Option<Record>> {
        let record = self.store.attempt(link).await?;
        Ok(record.filter(|record| place.has(&record.attempt)))
    }
}

/// A link that comes too late goes straight on in the browser that it signed in: double clicks, the
/// back button, a rewritten link that is opened twice.
fn opened_late(gone: Gone, record: Record, caller: Caller<'_>) -> Opened {
    let here = caller.session.map(Token::digest);
    match gone {
        Gone::Used { session } if here == Some(session) => Opened::AlreadyIn(record),
        Gone::Used { .. } | Gone::Expired | Gone::Replaced | Gone::Ended => {
            Opened::Gone(gone, record)
        }
    }
}
