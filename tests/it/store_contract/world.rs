//! A store under test, and sample data.

use std::sync::Arc;
use std::time::Duration;

use linkgate::adapters::embedded::Embedded;
use linkgate::adapters::redis::{Keeping, RedisOptions, RedisStore};
use linkgate::domain::attempt::{Attempt, State};
use linkgate::domain::code::{Code, CodeKey};
use linkgate::domain::delivery::{DeliveryState, MailFacts, News, Occasion};
use linkgate::domain::email::EmailAddress;
use linkgate::domain::language::Language;
use linkgate::domain::limit::PersonKey;
use linkgate::domain::secret::Secret;
use linkgate::domain::session::{Session, Surroundings};
use linkgate::domain::time::UnixMillis;
use linkgate::domain::token::{self, Browser, Link, TokenDigest};
use linkgate::ports::{
    AccountStep, Beginning, MailId, NewSession, QueuedMail, Sessions, Settled, Settlement, Store,
    Stored,
};
use tempfile::TempDir;

use crate::support::eventually;
use crate::support::folder;
use crate::support::redis::{RedisServer, fresh_prefix};

/// Some moment.
pub const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
/// How long the samples' attempts and mails live.
pub const LIFETIME: Duration = Duration::from_secs(600);
/// How long the records of the samples' mails are kept.
pub const HISTORY: Duration = Duration::from_secs(3 * 86_400);
/// How long the samples' sessions live.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(7 * 86_400);
/// The sample person.
pub const ANN: PersonKey = PersonKey([0xa1; 32]);
/// Another one.
pub const BOB: PersonKey = PersonKey([0xb0; 32]);

/// A store, and where its data is.
pub struct World {
    pub store: Arc<dyn Store>,
    pub place: Place,
}

/// Where the data of a store is.
pub enum Place {
    Memory,
    Folder(TempDir),
    Redis { server: Arc<RedisServer>, prefix: String },
}

impl World {
    pub fn memory() -> Self {
        Self { store: Arc::new(Embedded::in_memory().unwrap()), place: Place::Memory }
    }

    pub fn embedded() -> Self {
        let folder = folder();
        let store = Arc::new(Embedded::open(folder.path()).unwrap());
        Self { store, place: Place::Folder(folder) }
    }

    pub async fn redis() -> Self {
        Self::redis_at(RedisServer::shared().await)
    }

    /// With copies in memory, and already told of changes.
    pub async fn redis_with_copies() -> Self {
        let (server, prefix) = (RedisServer::shared().await, fresh_prefix());
        let store = with_copies(&server.url(), &prefix, Duration::ZERO).await;
        Self { store, place: Place::Redis { server, prefix } }
    }

    pub fn redis_at(server: Arc<RedisServer>) -> Self {
        let prefix = fresh_prefix();
        let store = RedisStore::new(&server.url(), &prefix, RedisOptions::default()).unwrap();
        Self::over(store, server, prefix)
    }

    /// A store whose keys are at this server, and begin like this.
    pub fn over(store: RedisStore, server: Arc<RedisServer>, prefix: String) -> Self {
        Self { store: Arc::new(store), place: Place::Redis { server, prefix } }
    }
}

/// How the samples' copies are kept.
pub fn keeping(grace: Duration) -> Keeping {
    Keeping { most: 10_000, bound: Duration::from_secs(1), grace }
}

/// A store with copies in memory that Redis tells of changes.
pub async fn with_copies(url: &str, prefix: &str, grace: Duration) -> Arc<RedisStore> {
    let options = RedisOptions { keeping: Some(keeping(grace)), ..RedisOptions::default() };
    let store = Arc::new(RedisStore::new(url, prefix, options).unwrap());
    follows(&store).await;
    store
}

/// Waits until a store is told of changes.
pub async fn follows(store: &RedisStore) {
    eventually("Redis tells of changes", async || {
        store.session(session_digest(u32::MAX)).await.ok()?;
        store.keeps_copies().then_some(())
    })
    .await;
}

/// The digest of link number `n`.
pub fn link(n: u32) -> TokenDigest<Link> {
    TokenDigest::from_bytes(numbered(1, n))
}

/// The digest of session number `n`.
pub fn session_digest(n: u32) -> TokenDigest<token::Session> {
    TokenDigest::from_bytes(numbered(2, n))
}

/// The digest of browser number `n`.
pub fn browser(n: u32) -> TokenDigest<Browser> {
    TokenDigest::from_bytes(numbered(3, n))
}

/// The mail of link number `n`.
pub fn mail(n: u32) -> QueuedMail {
    let mut id = [4; 16];
    id[12..].copy_from_slice(&n.to_be_bytes());
    QueuedMail {
        id: MailId(id),
        sealed: [b"\0\r\n\xff sealed ".as_slice(), &n.to_be_bytes()].concat(),
        expires_at: NOW.after(LIFETIME),
        person: ANN,
        to: EmailAddress::parse("Ann@example.com").unwrap(),
        facts: MailFacts {
            site: "wiki".into(),
            occasion: Occasion::SignIn,
            language: Language::Arabic,
            queued_at: NOW,
        },
        keep_until: NOW.after(HISTORY),
    }
}

pub fn attempt(browser_number: u32) -> Attempt {
    let code = CodeKey::new(&Secret::new(&[1; 32]).unwrap());
    Attempt {
        email: EmailAddress::parse("ann@example.com").unwrap(),
        site: "wiki".into(),
        origin: "https://wiki.example.com".into(),
        return_url: "https://wiki.example.com/a?b=\"c\"#d".into(),
        browser: browser(browser_number),
        code: code.mac(link(0), &Code::mint([3; 16])),
        asked_at: NOW,
        expires_at: NOW.after(LIFETIME),
        mails: 1,
        browser_label: "Firefox on Linux — ž".into(),
        network: "127.0.0.1".into(),
        language: Language::Arabic,
        stranger: false,
        chooses_password: false,
        admitted: true,
    }
}

pub fn session(now: UnixMillis) -> Session {
    Session {
        surroundings: Surroundings::new("https://wiki.example.com", "Firefox on Linux — ž"),
        email: EmailAddress::parse("ann@example.com").unwrap(),
        signed_in_at: now,
        last_seen: now,
        expires_at: now.after(SESSION_LIFETIME),
        network: "127.0.0.0/24".parse().unwrap(),
    }
}

impl World {
    /// Begins attempt `n` of a person in a browser.
    pub async fn begin(&self, n: u32, browser_number: u32, person: PersonKey, now: UnixMillis) {
        let (attempt, mail) = (attempt(browser_number), QueuedMail { person, ..mail(n) });
        let keep_until = now.after(LIFETIME);
        let link = link(n);
        let mail = Some(&mail);
        let replaces = true;
        let beginning =
            Beginning { link, attempt: &attempt, person, mail, keep_until, replaces, now };
        self.store.begin(&beginning).await.unwrap();
    }

    /// Settles attempt `n` from live to used with session `made`.
    pub async fn settle(&self, n: u32, made: u32, person: PersonKey) -> Settled {
        settle_with(&*self.store, n, made, person, None).await
    }

    /// A session, made the only way there is.
    pub async fn signed_in(&self, n: u32, person: PersonKey) -> TokenDigest<token::Session> {
        self.begin(n, n, person, NOW).await;
        assert_eq!(self.settle(n, n, person).await, Settled::Done);
        session_digest(n)
    }

    pub async fn state(&self, n: u32) -> State {
        self.store.attempt(link(n)).await.unwrap().unwrap().state
    }
}

pub async fn settle_with(
    store: &dyn Store,
    n: u32,
    made: u32,
    person: PersonKey,
    replaces: Option<(TokenDigest<token::Session>, PersonKey)>,
) -> Settled {
    try_to_settle(store, n, made, person, replaces).await.unwrap()
}

/// The same, where the store may be out of reach.
pub async fn try_to_settle(
    store: &dyn Store,
    n: u32,
    made: u32,
    person: PersonKey,
    replaces: Option<(TokenDigest<token::Session>, PersonKey)>,
) -> Stored<Settled> {
    let (digest, session) = (session_digest(made), session(NOW));
    let settlement = Settlement {
        from: State::Live,
        to: State::Used { session: digest, at: NOW },
        session: Some(NewSession {
            digest,
            session: &session,
            person,
            replaces,
            account: AccountStep::Kept,
        }),
        mail: None,
        keep_until: NOW.after(SESSION_LIFETIME),
        now: NOW,
    };
    store.settle(link(n), &settlement).await
}

/// A mail was handed over.
pub fn accepted() -> News {
    News::new(DeliveryState::Accepted, NOW)
}

/// A mail could not be handed over.
pub fn retrying() -> News {
    News { tries: 1, ..News::new(DeliveryState::Retrying, NOW) }
}

fn numbered(kind: u8, n: u32) -> [u8; 32] {
    let mut bytes = [kind; 32];
    bytes[28..].copy_from_slice(&n.to_be_bytes());
    bytes
}
