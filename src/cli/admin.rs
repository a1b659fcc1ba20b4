//! The way from a command to the admin API: in-process over the store, or over HTTP to the process
//! that has the store open.

mod wire;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;
use zeroize::Zeroizing;

use self::wire::{Answer, over_http, proofs};
use super::installation::secret_may_be_made;
use super::secret_file;
use crate::adapters::argon2::Argon2Passwords;
use crate::adapters::clock::StoreClock;
use crate::adapters::embedded::{Embedded, OpenError};
use crate::adapters::ours::Claim;
use crate::config::{Config, Essentials, Password, StoreConfig};
use crate::domain::event::Actor;
use crate::domain::secret::{Mark, Secret};
use crate::gate::Gate;
use crate::gate::journal::{Journal, Trail, Writer};
use crate::portal::admin::{AdminDesk, AdminFacts, Facts, router};
use crate::portal::assertion::root_key;
use crate::ports::{Audit, Clock, Entropy, OsEntropy, Store, SystemClock};

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum AdminError {
    /// The API said no, in its own words.
    #[error("{0}")]
    Refused(String),
    /// As [`AdminError::Refused`], because of what was typed.
    #[error("{0}")]
    Usage(String),
    /// The store, the secret or the runtime.
    #[error("{0}")]
    Store(String),
    /// The store is open in another process that has no API for us.
    #[error(
        "the store is in use, and its process has no admin API: give `admin` a loopback address or \
         a `token`, or stop the process"
    )]
    NoApi,
    /// A password would go there in clear text.
    #[error(
        "the admin API at {address} has no TLS, and a password would leave this machine as it is typed: \
         stop linkgate and do this again, or let `admin.listen` be a loopback address"
    )]
    Exposed {
        /// Where it is.
        address: SocketAddr,
    },
    /// That process did not answer.
    #[error(
        "no linkgate answers at {address}, where `admin.listen` says: {cause}; if none runs, start it with \
         `linkgate serve`; if one runs, it was started with another `admin.listen`"
    )]
    Away {
        /// Where it should be.
        address: SocketAddr,
        /// What happened.
        cause: String,
    },
}

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It only looks.
    Read,
    /// It may change something: a store that is empty becomes ours.
    Change,
}

/// The API in this process.
pub(super) struct Direct {
    router: Router,
    runtime: Runtime,
    record: Mutex<Writer>,
    /// The store is a file that one process has open.
    is_alone: bool,
}

/// The way to the API.
pub(super) enum Way {
    /// The store is ours for now.
    Direct(Box<Direct>),
    /// Another process has it. If it is said of which installation, no other does what is asked.
    Process(SocketAddr, Option<Password>, Option<Mark>),
}

impl Way {
    /// Finds the way. Redis is spoken to directly: it belongs to no process.
    ///
    /// # Errors
    /// [`AdminError`], in words for the operator.
    pub(super) fn find(
        config: &Essentials,
        facts: Facts,
        purpose: Purpose,
    ) -> Result<Self, AdminError> {
        let failed = |error: &dyn std::fmt::Display| AdminError::Store(error.to_string());
        let Some((store, secret)) = opened(config)? else { return Self::to_process(config) };
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed(&error))?;
        let clock = Arc::new(StoreClock::new(SystemClock));
        let synced = runtime.block_on(clock.sync(&*store));
        synced.map_err(|error| failed(&format_args!("{error}: {}", error.source)))?;
        // People are found by hashes under the secret. With another one nobody would be found, and the
        // command would still say that it was done.
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let claim = Claim::new(secret.mark(), Arc::clone(&entropy));
        let ours = runtime.block_on(async {
            match purpose {
                Purpose::Read => claim.ask_to_read(&*store).await,
                Purpose::Change => claim.ask(&*store).await,
            }
        });
        ours.map_err(|error| failed(&format_args!("{error}: {}", error.source)))?
            .map_err(|why| failed(&why))?;
        let clock: Arc<dyn Clock> = clock;
        let passwords = Arc::new(Argon2Passwords::new(&secret, Arc::clone(&entropy)));
        let prefix = config.prefix.as_str();
        let tracing = config.audit.client;
        let journal = Journal::new(Arc::clone(&clock), Arc::clone(&entropy), &secret, tracing);
        let audit = Arc::clone(&store) as Arc<dyn Audit>;
        let record = super::record::writer_of_command(&config.audit, &journal, audit, purpose);
        let record = Mutex::new(record.map_err(|error| failed(&error))?);
        let gate = Gate::new(store, clock, entropy, passwords, &secret, prefix);
        let gate = gate.recording(journal).with(Trail::of(Actor::Operator));
        let (facts, signing_root) = (AdminFacts::new(facts), root_key(&secret));
        let is_alone = matches!(config.store, StoreConfig::Embedded { .. });
        let router = router(Arc::new(AdminDesk { gate, facts, signing_root }));
        Ok(Self::Direct(Box::new(Direct { router, runtime, record, is_alone })))
    }

    /// The way to the process that serves.
    ///
    /// # Errors
    /// [`AdminError::NoApi`] when it has no API for us.
    pub(super) fn to_process(config: &Essentials) -> Result<Self, AdminError> {
        let mut address = config.admin.ok_or(AdminError::NoApi)?;
        if config.admin_token.is_none() && !address.ip().is_loopback() {
            return Err(AdminError::NoApi);
        }
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        Ok(Self::Process(address, config.admin_token.clone(), None))
    }

    /// The same, and another process does nothing that has another secret.
    pub(super) fn asking_only(self, installation: Option<Mark>) -> Self {
        match self {
            Self::Process(address, token, _) => Self::Process(address, token, installation),
            Self::Direct(way) => Self::Direct(way),
        }
    }

    /// Whether nobody else can write to the store while this way is there.
    pub(super) fn has_the_store(&self) -> bool {
        matches!(self, Self::Direct(way) if way.is_alone)
    }

    /// As [`ask`](Self::ask), with a document that holds a password: it does not leave the machine in
    /// clear text.
    ///
    /// # Errors
    /// [`AdminError`], in words for the operator.
    pub(super) fn ask_with_password(
        &self,
        path: &str,
        document: &Value,
    ) -> Result<Value, AdminError> {
        match self {
            Self::Process(address, ..) if !address.ip().is_loopback() => {
                Err(AdminError::Exposed { address: *address })
            }
            Self::Process(..) | Self::Direct(..) => self.ask(path, Some(document)),
        }
    }

    /// Asks the API. `document` makes it a post.
    ///
    /// # Errors
    /// [`AdminError`], in words for the operator.
    pub(super) fn ask(&self, path: &str, document: Option<&Value>) -> Result<Value, AdminError> {
        let method = if document.is_some() { Method::POST } else { Method::GET };
        let body = document.map(text).transpose()?.unwrap_or_default();
        let (status, answer) = match self {
            Self::Direct(way) => way.ask(method, path, body),
            Self::Process(address, token, installation) => {
                let head = proofs(token.as_ref(), *installation);
                over_http(*address, &head, &method, path, &body).map_err(|cause| AdminError::Away {
                    address: *address,
                    cause: cause.to_string(),
                })
            }
        }?;
        let answer: Value = serde_json::from_slice(&answer)
            .map_err(|_| AdminError::Refused(format!("the admin API answered {status}")))?;
        if status.is_success() {
            return Ok(answer);
        }
        let detail = answer["detail"].as_str().unwrap_or("the admin API refused").to_owned();
        Err(if status == StatusCode::UNPROCESSABLE_ENTITY {
            AdminError::Usage(detail)
        } else {
            AdminError::Refused(detail)
        })
    }
}

/// A store that is open here, and the secret.
type Opened = (Arc<dyn Store>, Secret);

/// Opens them; none if another process has the store. Redis belongs to no process.
fn opened(config: &Essentials) -> Result<Option<Opened>, AdminError> {
    let failed = |error: &dyn std::fmt::Display| AdminError::Store(error.to_string());
    // Before the store, or what comes of a secret that cannot be made is a store without one. A process that has
    // the store open needs none of ours.
    let secret = secret_may_be_made(&config.secret, &config.store).map(|()| {
        secret_file::secret(&config.secret, &OsEntropy)
            .map_err(|error| failed(&format_args!("secret: {error}")))
    });
    let store: Arc<dyn Store> = match &config.store {
        StoreConfig::Memory => return Ok(None),
        StoreConfig::Embedded { path } => match Embedded::open(path) {
            Ok(store) => Arc::new(store),
            Err(OpenError::InUse { .. }) => return Ok(None),
            Err(error) => return Err(failed(&error)),
        },
        StoreConfig::Redis(redis) => {
            super::stores::redis(redis, None).map_err(|error| failed(&error))?
        }
    };
    Ok(Some((store, secret.map_err(|error| failed(&error))??)))
}

/// What the API needs where no more is known than how to reach the store: nobody is idle for long enough to be
/// left out, and nobody is in a group.
pub(super) fn no_facts() -> Facts {
    Facts {
        idle: Duration::from_secs(10 * 365 * 86_400),
        sites: Arc::default(),
        groups: Arc::default(),
        passwords: None,
    }
}

/// What the API needs of a configuration.
pub(super) fn facts(config: &Config) -> Facts {
    let accepts_passwords = config.sites.iter().any(|site| site.sign_in.accepts_passwords);
    Facts {
        idle: config.session.lifetimes.idle,
        sites: Arc::new(super::foundation::sites(config)),
        groups: Arc::clone(&config.groups),
        passwords: accepts_passwords.then_some(config.sign_in.passwords),
    }
}

/// What is sent. It may hold a password, so it is wiped.
type Sent = Zeroizing<Vec<u8>>;

/// Room for the longest password in the longest spelling: what is moved to a larger place leaves a
/// copy behind.
const ROOM: usize = 32 << 10;

fn text(document: &Value) -> Result<Sent, AdminError> {
    let mut text = Zeroizing::new(Vec::with_capacity(ROOM));
    serde_json::to_writer(&mut *text, document)
        .map_err(|error| AdminError::Store(error.to_string()))?;
    Ok(text)
}

impl Direct {
    fn ask(&self, method: Method, path: &str, body: Sent) -> Result<Answer, AdminError> {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        let asking = direct(&self.router, method, path, body);
        let (answer, written) = self.runtime.block_on(record.write_beside(asking));
        let answer = answer?;
        written.map_err(|error| {
            AdminError::Store(format!("done, and missing in the audit record: {}", error.source))
        })?;
        Ok(answer)
    }
}

async fn direct(
    router: &Router,
    method: Method,
    path: &str,
    body: Sent,
) -> Result<Answer, AdminError> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(Bytes::from_owner(body)))
        .map_err(|error| AdminError::Store(error.to_string()))?;
    let Ok(response) = router.clone().oneshot(request).await;
    let status = response.status();
    let body = response.into_body().collect().await;
    let body = body.map_err(|error| AdminError::Store(error.to_string()))?;
    Ok((status, body.to_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_password_goes_to_no_other_machine_in_clear_text() {
        let document = json!({ "email": "ann@example.com", "password": "a secret of hers" });
        for address in ["192.0.2.1:9180", "[2001:db8::1]:9180"] {
            let way = Way::Process(address.parse().unwrap(), None, None);
            let refused = way.ask_with_password("/api/accounts/set-password", &document);
            let why = refused.unwrap_err().to_string();
            assert!(why.contains(address) && !why.contains("of hers"), "{why}");
        }
        // Nobody listens there, and it was tried.
        let way = Way::Process(SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), None, None);
        let tried = way.ask_with_password("/api/accounts/set-password", &document);
        assert!(matches!(tried, Err(AdminError::Away { .. })), "{tried:?}");
    }

    #[test]
    fn what_may_hold_a_password_is_written_to_one_place() {
        let typed = "\u{1}".repeat(4096);
        let sent = text(&json!({ "email": "x".repeat(320), "password": typed })).unwrap();
        assert!(sent.len() > 6 * 4096 && sent.capacity() == ROOM, "{}", sent.len());
    }
}
