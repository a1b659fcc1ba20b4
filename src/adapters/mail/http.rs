//! One request to an HTTP server, bounded in time and size: what all mail APIs share.
//!
//! Each request has a connection of its own, as mails over SMTP have: a provider that drops idle
//! connections then never loses a mail, and nothing of one mail can be taken for an answer to another.
//! Redirects are not followed: they would carry the credentials elsewhere.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use url::Url;

use super::words::words;

/// The largest answer that is read. Real ones have some hundred bytes.
const LARGEST_ANSWER: usize = 64 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// Nothing was asked.
    #[error("{0}")]
    Unasked(String),
    /// All was asked, and no answer came, or not in time, or one that cannot be read: it may have been
    /// done.
    #[error("{0}")]
    Unanswered(String),
}

impl NoAnswer {
    fn unasked(error: &dyn std::error::Error) -> Self {
        Self::Unasked(words(error))
    }
}

/// Why a server cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The URL is of another kind.
    #[error("the URL must begin with https:// or http:// and name a host")]
    Url,
    /// The certificate authorities cannot be used.
    #[error("certificate authority: {0}")]
    Authority(String),
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// A server, and the path that all paths begin with.
#[derive(Clone)]
pub struct Endpoint {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    prefix: String,
    authority: String,
    patience: Duration,
}

/// What is asked. Its body holds a live link, and its headers credentials.
pub(super) struct Ask {
    pub(super) method: Method,
    /// The path behind the endpoint's.
    pub(super) path: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Vec<u8>,
}

impl fmt::Debug for Ask {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Ask({} {}, ..)", self.method, self.path)
    }
}

/// What is answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Endpoint {
    /// Prepares to ask; connects to nothing. The certificates must be of an authority in `authority`
    /// (PEM), or of one that the system knows where that is left out.
    ///
    /// # Errors
    /// [`EndpointError`].
    pub fn new(
        url: &Url,
        authority: Option<&[u8]>,
        patience: Duration,
    ) -> Result<Self, EndpointError> {
        let host = url.host_str().ok_or(EndpointError::Url)?.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().ok_or(EndpointError::Url)?;
        let tls = match url.scheme() {
            "https" => {
                let name = ServerName::try_from(host.clone()).map_err(|_| EndpointError::Url)?;
                Some((TlsConnector::from(Arc::new(client(authority)?)), name))
            }
            "http" => None,
            _ => return Err(EndpointError::Url),
        };
        let prefix = url.path().trim_end_matches('/').to_owned();
        let authority = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        Ok(Self { host, port, tls, prefix, authority, patience })
    }

    /// The host as a request names it, with the port where it is not the usual one.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// The whole path of one behind the endpoint's.
    pub(super) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// Asks, and waits no longer than this for the answer.
    ///
    /// # Errors
    /// [`NoAnswer`]: network, TLS, a protocol that is none, too large, too slow.
    pub(super) async fn ask(&self, ask: Ask, within: Duration) -> Result<Answer, NoAnswer> {
        let within = within.min(self.patience);
        let was_asked = AtomicBool::new(false);
        let asking = self.ask_unbounded(ask, &was_asked);
        tokio::time::timeout(within, asking).await.unwrap_or_else(|_| {
            let words = format!("{} did not answer within {} s", self.host, within.as_secs());
            let was_asked = was_asked.load(Ordering::Relaxed);
            Err(if was_asked { NoAnswer::Unanswered(words) } else { NoAnswer::Unasked(words) })
        })
    }

    /// How long an answer may take.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    async fn ask_unbounded(&self, ask: Ask, was_asked: &AtomicBool) -> Result<Answer, NoAnswer> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = stream.map_err(|error| NoAnswer::unasked(&error))?;
        match &self.tls {
            None => self.exchange(TokioIo::new(stream), ask, was_asked).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                let stream = stream.map_err(|error| NoAnswer::unasked(&error))?;
                self.exchange(TokioIo::new(stream), ask, was_asked).await
            }
        }
    }

    async fn exchange<S>(
        &self,
        stream: S,
        ask: Ask,
        was_asked: &AtomicBool,
    ) -> Result<Answer, NoAnswer>
    where
        S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let (mut sender, connection) =
            http1::handshake(stream).await.map_err(|error| NoAnswer::unasked(&error))?;
        // Whatever happens here, the connection ends with this call.
        let mut driving = JoinSet::new();
        driving.spawn(connection);
        let request = self.request(ask)?;
        was_asked.store(true, Ordering::Relaxed);
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| match error.is_canceled() {
            // It never left.
            true => NoAnswer::unasked(&error),
            false => NoAnswer::Unanswered(words(&error)),
        })?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await;
        let body = body.map_err(|error| NoAnswer::Unanswered(words(error.as_ref())))?.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    fn request(&self, ask: Ask) -> Result<Request<Full<Bytes>>, NoAnswer> {
        let mut request = Request::builder()
            .method(ask.method)
            .uri(self.path(&ask.path))
            .header(HOST, &self.authority)
            .header(USER_AGENT, concat!("linkgate/", env!("CARGO_PKG_VERSION")));
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(ask.body.into())).map_err(|error| NoAnswer::unasked(&error))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Endpoint({}{})", self.authority, self.prefix)
    }
}

fn client(authority: Option<&[u8]>) -> Result<ClientConfig, EndpointError> {
    let mut roots = RootCertStore::empty();
    let broken = |error: &dyn fmt::Display| EndpointError::Authority(error.to_string());
    match authority {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                roots.add(certificate.map_err(|error| broken(&error))?)?;
            }
        }
        // Some of the system's may be unreadable; the others are enough.
        None => {
            let system = rustls_native_certs::load_native_certs();
            let _ = roots.add_parsable_certificates(system.certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_not_shown() {
        let body = b"https://wiki.example.com/.linkgate/link/SECRET".to_vec();
        let key = (HeaderName::from_static("api-key"), HeaderValue::from_static("SECRET"));
        let (method, path, headers) = (Method::POST, "/email".into(), vec![key]);
        let shown = format!("{:?}", Ask { method, path, headers, body });
        assert_eq!(shown, "Ask(POST /email, ..)");
    }
}
