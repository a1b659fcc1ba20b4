//! What the use cases note in the audit record.

use super::Gate;
use super::ask::Wish;
use super::entry::Entry;
use super::redeem::{Caller, CodeRedeemed, Opened, Redeemed};
use crate::domain::attempt::{Attempt, Gone, Way};
use crate::domain::email::EmailAddress;
use crate::domain::event::{EndedWhy, GoneWhy, LimitedWhat, RefusedWhy, SignInWay, TypedFor, What};
use crate::domain::limit::PersonKey;
use crate::domain::session::Session;
use crate::domain::time::UnixMillis;
use crate::domain::token::{self, Token, TokenDigest};
use crate::ports::MailId;

/// A session that was made.
pub(super) struct Made<'a> {
    pub(super) way: Way,
    pub(super) session: &'a Session,
    /// Whether its browser was not known.
    pub(super) is_new: bool,
    /// The session that this browser held before, and whose.
    pub(super) replaces: Option<(TokenDigest<token::Session>, PersonKey)>,
}

impl Gate {
    /// Notes something in the audit record, about the owner of an address or about nobody. Costs a
    /// moment, and waits for nobody.
    pub fn note(&self, email: Option<&EmailAddress>, what: What) {
        self.journal.note(&self.trail, email, what);
    }

    pub(super) fn note_limited(
        &self,
        email: Option<&EmailAddress>,
        what: LimitedWhat,
        until: UnixMillis,
    ) {
        let wait_s = until.since(self.clock.now()).as_secs();
        self.note(email, What::Limited { what, wait_s });
    }

    /// A mail that was asked for: whether it leaves is noted here, and said nowhere else.
    pub(super) fn note_asked(
        &self,
        wish: &Wish<'_>,
        attempt: &Attempt,
        held_back: bool,
        mail: MailId,
    ) {
        let with = wish.with;
        let what = if !attempt.admitted {
            What::LinkRefused { with, why: RefusedWhy::NotAdmitted }
        } else if held_back {
            What::LinkRefused { with, why: RefusedWhy::HeldBack }
        } else {
            let (password, mail) = (attempt.chooses_password, mail.to_hex().into());
            What::LinkAsked { with, password, mail }
        };
        self.note(Some(wish.email), what);
    }

    pub(super) fn note_opened(&self, opened: &Opened, caller: Caller<'_>) {
        match opened {
            Opened::Choose(record) | Opened::Elsewhere(record) => {
                let here = caller.browser.map(Token::digest);
                let own_browser = here == Some(record.attempt.browser);
                self.note(Some(&record.attempt.email), What::LinkOpened { own_browser });
            }
            Opened::Gone(why, record) => self.note_gone(*why, &record.attempt.email),
            Opened::Unknown => self.note(None, What::TooLate { why: GoneWhy::Unknown }),
            // The sign-in itself is noted where it is made; the other is a link that is pressed twice.
            Opened::SignedIn(_) | Opened::AlreadyIn(_) => {}
        }
    }

    pub(super) fn note_redeemed(&self, redeemed: &Redeemed, is_typed: bool) {
        match redeemed {
            Redeemed::WrongAddress(record) if is_typed => {
                let what = What::AddressWrong { typed_for: TypedFor::Link };
                self.note(Some(&record.attempt.email), what);
            }
            Redeemed::TooMany { until } => self.note_limited(None, LimitedWhat::Typed, *until),
            Redeemed::Gone(why, record) => self.note_gone(*why, &record.attempt.email),
            Redeemed::Unknown => self.note(None, What::TooLate { why: GoneWhy::Unknown }),
            Redeemed::SignedIn(_)
            | Redeemed::WrongAddress(_)
            | Redeemed::Password(..)
            | Redeemed::CodeOnly(_) => {}
        }
    }

    pub(super) fn note_tried(&self, redeemed: &CodeRedeemed, is_code: bool) {
        match redeemed {
            CodeRedeemed::Wrong { left, record } if is_code => {
                self.note(Some(&record.attempt.email), What::CodeWrong { left: *left });
            }
            CodeRedeemed::UsedUp(record) => {
                self.note(Some(&record.attempt.email), What::CodeUsedUp);
            }
            CodeRedeemed::TooMany { until } => self.note_limited(None, LimitedWhat::Typed, *until),
            CodeRedeemed::Gone(why, record) => self.note_gone(*why, &record.attempt.email),
            CodeRedeemed::SignedIn(_)
            | CodeRedeemed::Wrong { .. }
            | CodeRedeemed::Password(..)
            | CodeRedeemed::NoAttempt => {}
        }
    }

    fn note_gone(&self, why: Gone, email: &EmailAddress) {
        let why = match why {
            Gone::Used { .. } => GoneWhy::Used,
            Gone::Expired => GoneWhy::Expired,
            Gone::Replaced => GoneWhy::Replaced,
            Gone::Ended => GoneWhy::Ended,
        };
        self.note(Some(email), What::TooLate { why });
    }

    /// Somebody is signed in, and what came with it.
    pub(super) fn note_made(
        &self,
        made: &Made<'_>,
        digest: TokenDigest<token::Session>,
        entry: &Entry,
        ended: &[TokenDigest<token::Session>],
    ) {
        let &Made { way, session, is_new, replaces } = made;
        let email = Some(&session.email);
        let (used, way) = match way {
            Way::OwnLink => (What::LinkUsed { own_browser: true }, SignInWay::OwnBrowser),
            Way::OtherLink => (What::LinkUsed { own_browser: false }, SignInWay::OtherBrowser),
            Way::Code => (What::CodeUsed, SignInWay::Code),
            Way::Password => (What::PasswordUsed, SignInWay::Password),
        };
        self.note(email, used);
        if entry.registered {
            self.note(email, What::AccountRegistered);
        }
        if entry.sets_password {
            self.note(email, What::PasswordSet);
        }
        let person = self.keys.subject.person(session.email.identity());
        if let Some((before, whose)) = replaces {
            let email = email.filter(|_| whose == person);
            self.note_ended(whose, email, EndedWhy::Replaced, &[before]);
        }
        self.note_ended(person, email, EndedWhy::Password, ended);
        let browser = || session.browser().into();
        let what = What::SessionMade {
            session: self.keys.subject.handle(digest),
            way,
            browser: browser(),
            new_device: is_new,
        };
        self.note(email, what);
        if is_new {
            self.note(email, What::DeviceNew { browser: browser() });
        }
    }

    /// Sessions that ended: one event, however many there are.
    pub(super) fn note_ended(
        &self,
        person: PersonKey,
        email: Option<&EmailAddress>,
        why: EndedWhy,
        ended: &[TokenDigest<token::Session>],
    ) {
        let session = match ended {
            [] => return,
            [one] => Some(self.keys.subject.handle(*one)),
            _ => None,
        };
        let sessions = u32::try_from(ended.len()).unwrap_or(u32::MAX);
        let what = What::SessionEnded { why, sessions, session };
        match email {
            Some(_) => self.note(email, what),
            None => self.journal.note_of(&self.trail, person, what),
        }
    }
}
