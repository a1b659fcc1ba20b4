//! The use cases, readable as the flow of a sign-in:
//!
//! 1. [`Gate::request_link`]: an address asks for a mail ([`ask`]).
//! 2. [`Gate::open_link`]: the link is opened; in the browser that asked it signs in ([`redeem`]).
//! 3. [`Gate::redeem_link`], [`Gate::redeem_code`]: the other two ways in ([`redeem`]); where a
//!    site accepts passwords, [`Gate::redeem_password`] is one more ([`password`]).
//! 4. [`Gate::authenticate`]: every later request ([`sessions`]).
//! 5. [`Gate::sign_out`] ([`sessions`]), [`Gate::report`] ("I did not ask for this", [`report`]).
//! 6. [`Gate::change_signing_keys`]: the operator changes the keys of the assertion ([`keys`]).
//!
//! All ways in end with one step (`entry`), and what is asked for is counted in one place (`counts`).
//! Beside the flow stands what operators do to people, [`accounts`], [`limits`] and [`person`], and how
//! scripts get in, [`tokens`].
//!
//! The only place that joins domain and ports. It knows no HTTP.

pub mod accounts;
pub mod ask;
mod counts;
mod deliveries;
pub mod endings;
mod entry;
pub mod journal;
pub mod keys;
pub mod limits;
mod looking;
pub mod mail_job;
mod noted;
mod notice;
pub mod password;
pub mod person;
pub mod record;
pub mod redeem;
pub mod report;
pub mod sessions;
pub mod tokens;
mod touching;

use std::sync::Arc;

use tokio::sync::Notify;

use crate::domain::account::Account;
use crate::domain::attempt::Attempt;
use crate::domain::code::CodeKey;
use crate::domain::device::DeviceKey;
use crate::domain::email::EmailAddress;
use crate::domain::limit::SubjectKey;
use crate::domain::origin::Origin;
use crate::domain::remembered::RememberedKey;
use crate::domain::secret::Secret;
use crate::domain::terms::SignInTerms;
use crate::domain::token::TokenKey;
use crate::metrics::Metrics;
use crate::ports::{Clock, Entropy, Passwords, Store};
use endings::Endings;
use journal::{Journal, Trail};
use mail_job::MailSeal;
use touching::Touching;

/// The keys of an installation, each for one use.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Signs tokens.
    pub token: TokenKey,
    /// Keeps codes.
    pub code: CodeKey,
    /// Hides whose counts and sessions the store keeps.
    pub subject: SubjectKey,
    /// Seals mails that wait.
    pub mail: MailSeal,
    /// Proves who has signed in with a browser before.
    pub device: DeviceKey,
    /// Signs addresses that browsers keep.
    pub remembered: RememberedKey,
}

impl Keys {
    /// Derives all of them.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        Self {
            token: TokenKey::new(secret),
            code: CodeKey::new(secret),
            subject: SubjectKey::new(secret),
            mail: MailSeal::new(secret),
            device: DeviceKey::new(secret),
            remembered: RememberedKey::new(secret),
        }
    }
}

/// The use cases over one store. Copies share everything but the trail.
#[derive(Clone)]
pub struct Gate {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    passwords: Arc<dyn Passwords>,
    keys: Arc<Keys>,
    prefix: Arc<str>,
    mail_waits: Arc<Notify>,
    touching: Touching,
    endings: Endings,
    metrics: Arc<Metrics>,
    journal: Journal,
    trail: Trail,
}

/// Says of an address, and the account behind it if there is one, whether it may sign in: the
/// spelling that mail goes to, or nothing.
pub type Admits<'a> = dyn Fn(&EmailAddress, Option<&Account>) -> Option<EmailAddress> + Sync + 'a;

/// The site where something is asked for, as far as the use cases need it.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The site's name.
    pub site: &'a str,
    /// The concrete origin of the request.
    pub origin: &'a Origin,
    /// Whether links may be built from it: it stands in the configuration as it is. An origin that
    /// only matched a wildcard is what the request said.
    pub has_links: bool,
    /// Where sessions that begin here count.
    pub realm: &'a str,
    /// The site's terms.
    pub terms: &'a SignInTerms,
    /// Whether an address may sign in here.
    pub admits: &'a Admits<'a>,
}

impl Place<'_> {
    /// Whether an attempt began here.
    fn has(&self, attempt: &Attempt) -> bool {
        attempt.began_at(self.site, self.origin)
    }

    /// Whether whoever answers the mail of this attempt may choose a password.
    #[must_use]
    pub fn lets_choose(&self, attempt: &Attempt) -> bool {
        attempt.chooses_password && self.terms.passwords().is_some()
    }
}

impl std::fmt::Debug for Place<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Place({})", self.site)
    }
}

impl Gate {
    /// Joins a store, a clock, randomness, the work on passwords and the keys. `prefix` is the
    /// reserved path, as in `/.linkgate`.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        passwords: Arc<dyn Passwords>,
        secret: &Secret,
        prefix: &str,
    ) -> Self {
        Self {
            store,
            clock,
            entropy,
            passwords,
            keys: Arc::new(Keys::new(secret)),
            prefix: prefix.into(),
            mail_waits: Arc::default(),
            touching: Touching::default(),
            endings: Endings::default(),
            metrics: Arc::default(),
            journal: Journal::silent(),
            trail: Trail::default(),
        }
    }

    /// The same, whose sign-ins are counted there.
    #[must_use]
    pub fn counting(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics, ..self }
    }

    /// The same, and what happens is noted in a journal.
    #[must_use]
    pub fn recording(self, journal: Journal) -> Self {
        Self { journal, ..self }
    }

    /// The same for one request or one caller: what happens is noted as being done there and by them.
    #[must_use]
    pub fn with(&self, trail: Trail) -> Self {
        Self { trail, ..self.clone() }
    }

    /// The same over another handle of the same store, for work in another runtime: a connection
    /// belongs to the runtime that uses it. What ends there is heard here, and the other way round.
    #[must_use]
    pub fn over(&self, store: Arc<dyn Store>) -> Self {
        Self { store, ..self.clone() }
    }

    /// Rings whenever a mail was queued on this node.
    #[must_use]
    pub fn mail_waits(&self) -> Arc<Notify> {
        Arc::clone(&self.mail_waits)
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The store's time.
    #[must_use]
    pub fn now(&self) -> crate::domain::time::UnixMillis {
        self.clock.now()
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Gate(..)")
    }
}
