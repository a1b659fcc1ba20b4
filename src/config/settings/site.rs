//! What is protected.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::BrandConfig;
use crate::domain::disclosure::Disclosure;
use crate::domain::origin::{Host, Origin, OriginPattern};
use crate::domain::policy::{SiteId, SitePolicy, UpstreamId};
use crate::domain::return_url::ReturnPattern;
use crate::domain::site::OddHeaders;
use crate::domain::terms::OtherBrowser;

/// One protected site.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its index among the sites.
    pub id: SiteId,
    /// Its name in logs, metrics and the admin API.
    pub name: Arc<str>,
    /// Its name for people, on pages and in mails; the name above when none is given. Plain text on
    /// one line.
    pub title: Arc<str>,
    /// Where it is for browsers.
    pub origin: OriginPattern,
    /// Where the application is. A site has one, with the same number as the site.
    pub upstream: Upstream,
    /// Who may pass where.
    pub policy: Arc<SitePolicy>,
    /// Where visitors may be sent besides the sites themselves.
    pub return_to: Vec<ReturnPattern>,
    /// Whose scripts may read our 401 (CORS).
    pub cors_origins: Vec<Origin>,
    /// Whose pages these are: what the site says, and for the rest what holds for all. None when the
    /// site says nothing.
    pub brand: Option<Arc<BrandConfig>>,
    /// How people sign in here.
    pub sign_in: SiteSignIn,
    /// What the application is told, and in which words.
    pub disclosure: Disclosure,
    /// What becomes of header names outside `[A-Za-z0-9-]`.
    pub odd_headers: OddHeaders,
}

/// How people sign in to a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteSignIn {
    /// Whether new sign-ins are possible. Sessions that are there stay.
    pub enabled: bool,
    /// How long a link and its code work.
    pub link_lifetime: Duration,
    /// What another browser has to do.
    pub other_browser: OtherBrowser,
    /// Whether people are told by mail when a browser that was not seen before signs in as them.
    pub new_device_notice: bool,
}

/// The application behind a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Its index, which is the site's.
    pub id: UpstreamId,
    /// Its servers, at least one; all speak the same protocol.
    pub servers: Vec<UpstreamServer>,
    /// What they speak.
    pub protocol: UpstreamProtocol,
    /// The CAs (PEM) to believe instead of the well-known ones.
    pub ca: Option<PathBuf>,
    /// The name in the TLS handshake and in the certificate; the server's host when none is given.
    pub server_name: Option<Host>,
    /// How long connecting may take, TLS included.
    pub connect_timeout: Duration,
    /// How long to wait for the next bytes of an answer.
    pub read_timeout: Duration,
    /// How long to wait until bytes of a request are taken.
    pub write_timeout: Duration,
}

/// One server of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamServer {
    /// The host, to be looked up when it is a name.
    pub host: Host,
    /// The port.
    pub port: u16,
}

/// What an application speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamProtocol {
    /// HTTP/1.1.
    Http,
    /// HTTP/2 without TLS, by prior knowledge.
    H2c,
    /// TLS; HTTP/2 or HTTP/1.1, as ALPN says.
    Https,
}
