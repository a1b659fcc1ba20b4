//! The way from a command to the admin API: in-process over the store, or over HTTP to the process
//! that has the store open.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use super::secret_file;
use crate::adapters::argon2::Argon2Passwords;
use crate::adapters::clock::StoreClock;
use crate::adapters::embedded::{Embedded, OpenError};
use crate::config::{Config, Password, StoreConfig};
use crate::gate::Gate;
use crate::portal::admin::{AdminDesk, AdminFacts, Facts, HEADER, router};
use crate::portal::assertion::root_key;
use crate::ports::{Clock, Entropy, OsEntropy, Store, SystemClock};

/// How long the running process may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Largest answer that is read.
const LARGEST_ANSWER: u64 = 4 << 20;

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
    /// That process did not answer.
    #[error("the store is in use by a linkgate process that does not answer at {address}: {cause}")]
    Away {
        /// Where it should be.
        address: SocketAddr,
        /// What happened.
        cause: String,
    },
}

/// People are found by hashes under the secret. A command with another one would find nobody, and
/// still say that it was done.
pub(super) const FOREIGN_STORE: &str = "the store belongs to another secret: nobody would be found in \
    it. Put that secret back, or begin with a store that is empty (another folder, another prefix)";

/// The way to the API.
pub(super) enum Way {
    /// The store is ours for now.
    Direct(Router, Runtime),
    /// Another process has it.
    Process(SocketAddr, Option<Password>),
}

impl Way {
    /// Finds the way. Redis is spoken to directly: it belongs to no process.
    ///
    /// # Errors
    /// [`AdminError`], in words for the operator.
    pub(super) fn find(config: &Config) -> Result<Self, AdminError> {
        let failed = |error: &dyn std::fmt::Display| AdminError::Store(error.to_string());
        let store: Arc<dyn Store> = match &config.store {
            StoreConfig::Memory => return Self::to_process(config),
            StoreConfig::Embedded { path } => match Embedded::open(path) {
                Ok(store) => Arc::new(store),
                Err(OpenError::InUse { .. }) => return Self::to_process(config),
                Err(error) => return Err(failed(&error)),
            },
            StoreConfig::Redis(redis) => {
                super::installation::redis(redis).map_err(|error| failed(&error))?
            }
        };
        let secret = secret_file::secret(&config.secret, &OsEntropy)
            .map_err(|error| failed(&format_args!("secret: {error}")))?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed(&error))?;
        let clock = Arc::new(StoreClock::new(SystemClock));
        let synced = runtime.block_on(clock.sync(&*store));
        synced.map_err(|error| failed(&format_args!("{error}: {}", error.source)))?;
        let ours = runtime.block_on(store.belongs_to(secret.mark()));
        match ours.map_err(|error| failed(&format_args!("{error}: {}", error.source)))? {
            true => {}
            false => return Err(AdminError::Store(FOREIGN_STORE.to_owned())),
        }
        let clock: Arc<dyn Clock> = clock;
        let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
        let passwords = Arc::new(Argon2Passwords::new(&secret, Arc::clone(&entropy)));
        let prefix = config.prefix.as_str();
        let gate = Gate::new(store, clock, entropy, passwords, &secret, prefix);
        let (facts, signing_root) = (AdminFacts::new(facts(config)), root_key(&secret));
        Ok(Self::Direct(router(AdminDesk { gate, facts, signing_root }), runtime))
    }

    fn to_process(config: &Config) -> Result<Self, AdminError> {
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
        Ok(Self::Process(address, config.admin_token.clone()))
    }

    /// Asks the API. `document` makes it a post.
    ///
    /// # Errors
    /// [`AdminError`], in words for the operator.
    pub(super) fn ask(&self, path: &str, document: Option<&Value>) -> Result<Value, AdminError> {
        let method = if document.is_some() { Method::POST } else { Method::GET };
        let body = document.map(Value::to_string).unwrap_or_default();
        let (status, answer) = match self {
            Self::Direct(router, runtime) => direct(router, runtime, method, path, body),
            Self::Process(address, token) => {
                over_http(*address, token.as_ref(), &method, path, &body).map_err(|cause| {
                    AdminError::Away { address: *address, cause: cause.to_string() }
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

/// What the API needs of a configuration.
pub(super) fn facts(config: &Config) -> Facts {
    let accepts_passwords = config.sites.iter().any(|site| site.sign_in.accepts_passwords);
    Facts {
        idle: config.session.lifetimes.idle,
        sites: config.sites.iter().map(|site| site.name.to_string()).collect(),
        passwords: accepts_passwords.then_some(config.sign_in.passwords),
    }
}

type Answer = (StatusCode, Vec<u8>);

fn direct(
    router: &Router,
    runtime: &Runtime,
    method: Method,
    path: &str,
    body: String,
) -> Result<Answer, AdminError> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .map_err(|error| AdminError::Store(error.to_string()))?;
    runtime.block_on(async {
        let Ok(response) = router.clone().oneshot(request).await;
        let status = response.status();
        let body = response.into_body().collect().await;
        let body = body.map_err(|error| AdminError::Store(error.to_string()))?;
        Ok((status, body.to_bytes().to_vec()))
    })
}

/// One request and one answer of HTTP/1.1. Written by hand: for one known server, and no client
/// among the dependencies would be needed for anything else.
fn over_http(
    address: SocketAddr,
    token: Option<&Password>,
    method: &Method,
    path: &str,
    body: &str,
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let bearer = token.map(|token| format!("Authorization: Bearer {}\r\n", token.expose()));
    let head = zeroize::Zeroizing::new(format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{HEADER}: 1\r\n{}Content-Type: \
         application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        bearer.unwrap_or_default(),
        body.len(),
    ));
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut received = Vec::new();
    let broken = || io::Error::new(io::ErrorKind::InvalidData, "not an answer of the admin API");
    let mut parts = [0; 8192];
    loop {
        let whole = whole_answer(&received);
        if let Some(answer) = whole {
            return Ok(answer);
        }
        let count = stream.read(&mut parts)?;
        received.extend_from_slice(&parts[..count]);
        if count == 0 || received.len() as u64 > LARGEST_ANSWER {
            return whole_answer(&received).ok_or_else(broken);
        }
    }
}

/// Status and body, once all of it is there.
fn whole_answer(bytes: &[u8]) -> Option<Answer> {
    let end = memchr::memmem::find(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    })?;
    let body = bytes.get(end + 4..)?;
    (body.len() >= length).then(|| (status, body[..length].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_or_nothing() {
        let bytes = b"HTTP/1.1 422 Unprocessable\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";
        for length in 0..bytes.len() {
            assert_eq!(whole_answer(&bytes[..length]), None, "{length}");
        }
        let (status, body) = whole_answer(bytes).unwrap();
        assert_eq!((status.as_u16(), &*body), (422, b"hello".as_slice()));
        assert_eq!(whole_answer(b"SSH-2.0-OpenSSH\r\n\r\n"), None);
    }
}
