//! What is protected.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{BrandConfig, Mailbox};
use crate::domain::disclosure::Disclosure;
use crate::domain::limit::{CountedAlone, Limit};
use crate::domain::origin::{Host, Origin, OriginPattern};
use crate::domain::policy::{SiteId, SitePolicy, UpstreamId};
use crate::domain::return_url::ReturnPattern;
use crate::domain::site::OddHeaders;
use crate::domain::size::ByteSize;
use crate::domain::terms::{OtherBrowser, Registration};

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
    /// Where the application is.
    pub backend: Backend,
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
    /// Who its mails are from, where that is somebody else than for all sites.
    pub mail: SiteMail,
    /// Largest body of a request to the application; none for any.
    pub max_body: Option<ByteSize>,
}

/// Who the mails of a site are from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteMail {
    /// The sender.
    pub from: Option<Mailbox>,
    /// Where answers go.
    pub reply_to: Option<Mailbox>,
}

/// How many mails the sign-ins to a site may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteLimits {
    /// To one address.
    pub email: Limit,
    /// Asked for by one client (an IPv4 address, an IPv6 /64).
    pub ip: Limit,
    /// Asked for by the clients of one network (IPv4 /24, IPv6 /48).
    pub network: Limit,
    /// In all.
    pub site: Limit,
    /// Which of them the site counts for itself.
    pub alone: CountedAlone,
}

/// How people sign in to a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteSignIn {
    /// Whether new sign-ins are possible. Sessions that are there stay.
    pub enabled: bool,
    /// Whether people may sign in with a password, too.
    pub accepts_passwords: bool,
    /// How long a link and its code work.
    pub link_lifetime: Duration,
    /// What another browser has to do.
    pub other_browser: OtherBrowser,
    /// Whether a first sign-in makes an account.
    pub registration: Registration,
    /// Whether people are asked for a name when they get one.
    pub registration_name: bool,
    /// Whether people are told by mail when a browser that was not seen before signs in as them.
    pub new_device_notice: bool,
    /// How many mails.
    pub limits: SiteLimits,
}

/// Where the application of a site is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Here: requests go there. A site has one upstream, with the same number as the site.
    Upstream(Box<Upstream>),
    /// Behind another proxy, which asks us (forward-auth).
    Elsewhere,
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
    /// Which of several servers serves a request.
    pub balance: UpstreamBalance,
    /// How the servers are asked whether they are well; nobody asks when none is said.
    pub health: Option<UpstreamHealth>,
}

/// Which of several servers serves a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpstreamBalance {
    /// They take turns.
    #[default]
    RoundRobin,
    /// Each client has its own, as long as that is well.
    Client,
}

/// How servers are asked whether they are well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamHealth {
    /// The path that is asked for; without one a connection is enough.
    pub path: Option<String>,
    /// The `Host` of the question; the server's own without one.
    pub host: Option<String>,
    /// How often.
    pub interval: Duration,
    /// How long the whole answer may take.
    pub timeout: Duration,
    /// Failures in a row after which a server is passed over.
    pub failures: u32,
    /// Successes in a row after which it is back.
    pub successes: u32,
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
