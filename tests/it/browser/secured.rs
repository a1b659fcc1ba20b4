//! Sites at https with one sign-on for all of them, as people run them: `__Host-` cookies, `Secure`,
//! and browsers that say where a request comes from.

use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::support::certificates::Certificates;
use crate::support::chromium::Chromium;
use crate::support::client::Browser;
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes, free_port};
use crate::support::upstream::Received;

/// A gate at https, and the certificates that its browsers believe.
pub(super) struct Secured {
    pub gate: Gate,
    certificates: Certificates,
    port: u16,
}

impl Secured {
    /// Starts with sites: `$AT` is the port of https, as in `https://app.staging.test$AT`.
    pub async fn start(sites: &str, session: &str) -> Self {
        let certificates = Certificates::of(&["*.staging.test", "*.teams.test"]);
        let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
        certificates.write(folder.path());
        let listen = format!(
            ", {{ address: \"127.0.0.1:{port}\", tls: {{ certificate: \"{0}/site.pem\", \
             key: \"{0}/site.key\" }} }}",
            folder.path().display()
        );
        let sites = sites.replace("$AT", &format!(":{port}"));
        let session = session.to_owned();
        let gate = Gate::with(Wishes { listen, sites, session, ..Wishes::default() }).await;
        // A handshake: linkgate looks whether the port is free by listening there for a moment, and
        // a mere connection may be one with that.
        eventually("an answer by TLS", async || {
            let stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
            let name = ServerName::try_from("app.staging.test").expect("a name");
            certificates.connector(&["h2"]).connect(name, stream).await.ok().map(drop)
        })
        .await;
        Self { gate, certificates, port }
    }

    pub async fn chromium(&self) -> Chromium {
        Chromium::believing(&self.certificates).await
    }

    /// An address at one of the sites.
    pub fn at(&self, host: &str, target: &str) -> String {
        format!("https://{host}:{}{target}", self.port)
    }

    /// The first request for a page that reached the application.
    pub fn seen(&self, target: &str) -> Received {
        let seen = self.gate.upstream.seen();
        seen.into_iter().find(|it| it.target == target).expect("a request")
    }

    /// Where a stranger is stopped who wants to go there.
    pub fn form_for(&self, host: &str, target: &str) -> String {
        let target: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
        self.at(host, &format!("/.linkgate/sign-in?return_to={target}"))
    }

    /// A client that is no browser, at one of the sites.
    pub fn program(&self, host: &str) -> Browser {
        Browser::new(self.gate.address, &format!("{host}:{}", self.port))
    }

    /// Fills in the form that is shown.
    pub async fn ask(&self, chromium: &Chromium, who: &str) {
        chromium.fill("email", who).await;
        chromium.press("Send me a link").await;
        chromium.says("Check your mail").await;
    }
}
