//! The kinds of events.
//!
//! To add one: a variant here, its name in [`NAMES`] and [`What::name`], its place in
//! `conf/audit.schema.json` and in `docs/who-got-in.md`. Names and fields that are there stay.

use serde::{Deserialize, Serialize};

use super::Words;
use super::detail::{
    AskedWith, EndedWhy, GoneWhy, LimitedWhat, Machine, MailNews, RefusedWhy, SignInWay, TypedFor,
};
use crate::domain::service_token::TokenName;
use crate::domain::session::SessionHandle;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", content = "detail", rename_all = "snake_case")]
pub enum What {
    /// Somebody asked for a mail, and it was queued.
    LinkAsked {
        /// With what.
        with: AskedWith,
        /// Whether it lets its reader choose a password.
        password: bool,
        /// The mail.
        mail: Words,
    },
    /// Somebody asked, was told the same as everybody, and no mail leaves.
    LinkRefused {
        /// With what.
        with: AskedWith,
        /// Why.
        why: RefusedWhy,
    },
    /// A limit was used up.
    Limited {
        /// What was not done.
        what: LimitedWhat,
        /// Until it is possible again.
        wait_s: u64,
    },
    /// The relay took a mail.
    MailAccepted(MailNews),
    /// It reached the mailbox's server.
    MailDelivered(MailNews),
    /// That server will take it later.
    MailDeferred(MailNews),
    /// It came back.
    MailBounced(MailNews),
    /// The relay refused it for good.
    MailRejected(MailNews),
    /// Its reader called it spam.
    MailComplained(MailNews),
    /// It was not handed over, and will be tried again.
    MailRetrying(MailNews),
    /// It was given up.
    MailFailed(MailNews),
    /// It was not handed over while it was worth something.
    MailExpired(MailNews),
    /// It was not sent: mail to this address came back lately.
    MailSuppressed(MailNews),
    /// A link was fetched by something that is no person: nothing was used up.
    LinkOpenedByMachine {
        /// How that was seen.
        how: Machine,
    },
    /// A link was opened, and a page asks: another browser than the one that asked, or one where a
    /// password is chosen. Nothing was used up.
    LinkOpened {
        /// Whether in the browser that asked.
        own_browser: bool,
    },
    /// A link signed somebody in.
    LinkUsed {
        /// Whether in the browser that asked.
        own_browser: bool,
    },
    /// A code signed somebody in.
    CodeUsed,
    /// A password signed somebody in.
    PasswordUsed,
    /// A link or code came that works no more.
    TooLate {
        /// Why it does not.
        why: GoneWhy,
    },
    /// The address that was typed is another one.
    AddressWrong {
        /// For what it was typed.
        typed_for: TypedFor,
    },
    /// A code was wrong.
    CodeWrong {
        /// How many may still be tried.
        left: u32,
    },
    /// All codes of a mail were tried.
    CodeUsedUp,
    /// A password was wrong, or there is none.
    PasswordWrong,
    /// Somebody is signed in.
    SessionMade {
        /// The session.
        session: SessionHandle,
        /// How.
        way: SignInWay,
        /// What the browser said it was, in our own words.
        browser: Words,
        /// Whether the person had not signed in with it before.
        new_device: bool,
    },
    /// A person signed in with a browser that was not seen before.
    DeviceNew {
        /// What it said it was.
        browser: Words,
    },
    /// Sessions ended before their time.
    SessionEnded {
        /// Why.
        why: EndedWhy,
        /// How many.
        sessions: u32,
        /// Which one, where it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<SessionHandle>,
    },
    /// Somebody has a password now, or another one.
    PasswordSet,
    /// Somebody has no password any more.
    PasswordRemoved,
    /// "I did not ask for this."
    Reported,
    /// Somebody has an account now: they signed in where that makes one.
    AccountRegistered,
    /// Somebody was given an account.
    AccountAdded,
    /// An account has another name or other groups.
    AccountChanged,
    /// Somebody was suspended.
    AccountSuspended,
    /// A suspension was ended.
    AccountResumed,
    /// An account was removed.
    AccountRemoved,
    /// A service token was made.
    TokenMade {
        /// Its name.
        name: TokenName,
    },
    /// A service token was used for the first time.
    TokenFirstUsed {
        /// Its name.
        name: TokenName,
    },
    /// A service token was made worth nothing.
    TokenRevoked {
        /// Its name.
        name: TokenName,
    },
    /// A configuration was put in force.
    ConfigurationLoaded {
        /// The version of linkgate.
        version: Words,
    },
    /// A configuration was not put in force.
    ConfigurationRefused {
        /// How many mistakes it has.
        mistakes: u32,
    },
    /// The keys of the assertion were changed.
    KeysRotated {
        /// Whether the old ones are void.
        at_once: bool,
    },
    /// The admin API or `/metrics` refused a caller, or an admin page a browser.
    AdminRefused {
        /// Why.
        why: Words,
    },
    /// Somebody has shown the token at the admin pages.
    AdminSignedIn,
    /// A process of linkgate has the store open.
    StoreOpened {
        /// Its version.
        version: Words,
    },
    /// A process of linkgate ends, or hands the store to the one that takes over.
    StoreLeft,
    /// What is known of a person was erased from the record.
    PersonErased {
        /// From how many events.
        events: u64,
    },
    /// Events were lost, because the store was away for too long or too much happened.
    EventsLost {
        /// How many.
        events: u64,
    },
}

/// All names, in the order above.
pub const NAMES: [&str; 47] = [
    "link_asked",
    "link_refused",
    "limited",
    "mail_accepted",
    "mail_delivered",
    "mail_deferred",
    "mail_bounced",
    "mail_rejected",
    "mail_complained",
    "mail_retrying",
    "mail_failed",
    "mail_expired",
    "mail_suppressed",
    "link_opened_by_machine",
    "link_opened",
    "link_used",
    "code_used",
    "password_used",
    "too_late",
    "address_wrong",
    "code_wrong",
    "code_used_up",
    "password_wrong",
    "session_made",
    "device_new",
    "session_ended",
    "password_set",
    "password_removed",
    "reported",
    "account_registered",
    "account_added",
    "account_changed",
    "account_suspended",
    "account_resumed",
    "account_removed",
    "token_made",
    "token_first_used",
    "token_revoked",
    "configuration_loaded",
    "configuration_refused",
    "keys_rotated",
    "admin_refused",
    "admin_signed_in",
    "store_opened",
    "store_left",
    "person_erased",
    "events_lost",
];

impl What {
    /// The name, for ever.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::LinkAsked { .. } => "link_asked",
            Self::LinkRefused { .. } => "link_refused",
            Self::Limited { .. } => "limited",
            Self::MailAccepted(_) => "mail_accepted",
            Self::MailDelivered(_) => "mail_delivered",
            Self::MailDeferred(_) => "mail_deferred",
            Self::MailBounced(_) => "mail_bounced",
            Self::MailRejected(_) => "mail_rejected",
            Self::MailComplained(_) => "mail_complained",
            Self::MailRetrying(_) => "mail_retrying",
            Self::MailFailed(_) => "mail_failed",
            Self::MailExpired(_) => "mail_expired",
            Self::MailSuppressed(_) => "mail_suppressed",
            Self::LinkOpenedByMachine { .. } => "link_opened_by_machine",
            Self::LinkOpened { .. } => "link_opened",
            Self::LinkUsed { .. } => "link_used",
            Self::CodeUsed => "code_used",
            Self::PasswordUsed => "password_used",
            Self::TooLate { .. } => "too_late",
            Self::AddressWrong { .. } => "address_wrong",
            Self::CodeWrong { .. } => "code_wrong",
            Self::CodeUsedUp => "code_used_up",
            Self::PasswordWrong => "password_wrong",
            Self::SessionMade { .. } => "session_made",
            Self::DeviceNew { .. } => "device_new",
            Self::SessionEnded { .. } => "session_ended",
            Self::PasswordSet => "password_set",
            Self::PasswordRemoved => "password_removed",
            Self::Reported => "reported",
            Self::AccountRegistered => "account_registered",
            Self::AccountAdded => "account_added",
            Self::AccountChanged => "account_changed",
            Self::AccountSuspended => "account_suspended",
            Self::AccountResumed => "account_resumed",
            Self::AccountRemoved => "account_removed",
            Self::TokenMade { .. } => "token_made",
            Self::TokenFirstUsed { .. } => "token_first_used",
            Self::TokenRevoked { .. } => "token_revoked",
            Self::ConfigurationLoaded { .. } => "configuration_loaded",
            Self::ConfigurationRefused { .. } => "configuration_refused",
            Self::KeysRotated { .. } => "keys_rotated",
            Self::AdminRefused { .. } => "admin_refused",
            Self::AdminSignedIn => "admin_signed_in",
            Self::StoreOpened { .. } => "store_opened",
            Self::StoreLeft => "store_left",
            Self::PersonErased { .. } => "person_erased",
            Self::EventsLost { .. } => "events_lost",
        }
    }

    /// What is told of a mail, if it is that.
    pub(super) const fn news_of_mail(&self) -> Option<&MailNews> {
        match self {
            Self::MailAccepted(news)
            | Self::MailDelivered(news)
            | Self::MailDeferred(news)
            | Self::MailBounced(news)
            | Self::MailRejected(news)
            | Self::MailComplained(news)
            | Self::MailRetrying(news)
            | Self::MailFailed(news)
            | Self::MailExpired(news)
            | Self::MailSuppressed(news) => Some(news),
            _ => None,
        }
    }

    /// The same without words that came from outside.
    pub(super) fn erased(&self) -> Self {
        let mut what = self.clone();
        match &mut what {
            Self::MailAccepted(news)
            | Self::MailDelivered(news)
            | Self::MailDeferred(news)
            | Self::MailBounced(news)
            | Self::MailRejected(news)
            | Self::MailComplained(news)
            | Self::MailRetrying(news)
            | Self::MailFailed(news)
            | Self::MailExpired(news)
            | Self::MailSuppressed(news) => news.words = None,
            Self::SessionMade { browser, .. } | Self::DeviceNew { browser } => {
                *browser = Words::default();
            }
            _ => {}
        }
        what
    }
}
