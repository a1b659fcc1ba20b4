//! The server: listeners, the guard before them, and the services beside the proxy.

mod beside;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::Response;
use http_body_util::BodyExt;
use pingora::apps::HttpServerOptions;
use pingora::apps::http_app::ServeHttp;
use pingora::listeners::tls::TlsSettings;
use pingora::protocols::http::ServerSession;
use pingora::proxy::{HttpProxy, http_proxy};
use pingora::server::configuration::ServerConf;
use pingora::server::{Server, ShutdownWatch};
use pingora::services::background::{BackgroundService, background_service};
use pingora::services::listening::Service;
use tower::ServiceExt;

use self::beside::Beside;
use super::context::reference;
use super::service::AuthProxy;
use super::streams::Revocable;
use super::wire::{GuardedApp, WireLimits, h2_options};
use crate::ports::{Entropy, OsEntropy};

/// How long requests in flight get when the server stops.
const GRACE_SECONDS: u64 = 5;
/// How long the services get after that.
const LAST_SECONDS: u64 = 5;
/// Idle connections to applications that are kept.
const POOLED: usize = 1024;

/// A public address, with TLS or without.
#[derive(Clone, Debug)]
pub struct Listening {
    /// The address.
    pub address: SocketAddr,
    /// Certificate chain and key, as paths of PEM files.
    pub tls: Option<(String, String)>,
}

/// The guarded proxy.
pub type GuardedProxy = GuardedApp<Revocable<HttpProxy<AuthProxy>>>;

/// Why the server cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// A certificate or key cannot be used.
    #[error("{address}: the certificate or its key cannot be used: {cause}")]
    Certificate {
        /// The listener.
        address: SocketAddr,
        /// What the TLS library says.
        cause: String,
    },
}

/// Settings of Pingora, made in code: its own files would be read without any check.
#[must_use]
pub fn server_conf(threads: usize) -> ServerConf {
    ServerConf {
        threads,
        // Without a grace period Pingora cuts requests in flight at once.
        grace_period_seconds: Some(GRACE_SECONDS),
        graceful_shutdown_timeout_seconds: Some(LAST_SECONDS),
        upstream_keepalive_pool_size: POOLED,
        ..ServerConf::default()
    }
}

/// Puts the guard before the proxy. HTTP/2 is spoken on plain listeners, too, to clients that know.
#[must_use]
pub fn guarded(conf: &Arc<ServerConf>, proxy: AuthProxy, limits: WireLimits) -> GuardedProxy {
    let fronts = Arc::clone(proxy.fronts());
    let mut inner = http_proxy(conf, proxy);
    let mut options = HttpServerOptions::default();
    options.h2c = true;
    options.h2_idle_timeout = Some(limits.keep_alive);
    inner.server_options = Some(options);
    inner.h2_options = Some(h2_options(&limits));
    let entropy = OsEntropy;
    GuardedApp::new(
        Arc::new(Revocable::new(inner)),
        limits,
        move |peer: IpAddr| fronts.current().portal.desk().trusted.contains(peer),
        move || reference(&entropy as &dyn Entropy).to_string(),
    )
}

/// Adds the proxy with its listeners to a server, and work that runs in the same runtime.
///
/// # Errors
/// [`AssemblyError`] when a certificate cannot be used.
pub fn add_proxy<F>(
    server: &mut Server,
    app: GuardedProxy,
    listeners: &[Listening],
    work: F,
) -> Result<(), AssemblyError>
where
    F: Fn() -> futures_of::Boxed + Send + Sync + 'static,
{
    let mut service = Service::new("proxy".to_owned(), app);
    for listening in listeners {
        let address = listening.address.to_string();
        match &listening.tls {
            None => service.add_tcp(&address),
            Some((certificate, key)) => {
                let mut settings =
                    TlsSettings::intermediate(certificate, key).map_err(|error| {
                        let (address, cause) = (listening.address, error.to_string());
                        AssemblyError::Certificate { address, cause }
                    })?;
                settings.enable_h2();
                service.add_tls_with_settings(&address, None, settings);
            }
        }
    }
    server.add_service(Beside { service, work: Arc::new(work) });
    Ok(())
}

/// Adds a small HTTP service of our own: health, inbox, demo.
pub fn add_pages(server: &mut Server, name: &str, address: SocketAddr, router: Router) {
    let mut service = Service::new(name.to_owned(), Pages(router));
    service.add_tcp(&address.to_string());
    server.add_service(service);
}

/// Adds work that runs beside the proxy until the server stops.
pub fn add_work<F>(server: &mut Server, name: &str, work: F)
where
    F: Fn() -> futures_of::Boxed + Send + Sync + 'static,
{
    server.add_service(background_service(name, Work(work)));
}

/// Futures that are kept in boxes.
pub mod futures_of {
    use std::future::Future;
    use std::pin::Pin;

    /// Work that ends, or does not.
    pub type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;
}

struct Work<F>(F);

#[async_trait]
impl<F> BackgroundService for Work<F>
where
    F: Fn() -> futures_of::Boxed + Send + Sync,
{
    async fn start(&self, mut shutdown: ShutdownWatch) {
        tokio::select! {
            () = (self.0)() => {}
            _ = shutdown.wait_for(|ending| *ending) => {}
        }
    }
}

/// Largest body that one of these services reads.
const LARGEST_BODY: usize = 16 * 1024;
/// How long it may take.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

struct Pages(Router);

#[async_trait]
impl ServeHttp for Pages {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        let mut body = Vec::new();
        let read = tokio::time::timeout(BODY_DEADLINE, async {
            while let Ok(Some(chunk)) = session.read_request_body().await {
                if body.len() + chunk.len() > LARGEST_BODY {
                    return false;
                }
                body.extend_from_slice(&chunk);
            }
            true
        });
        if !read.await.unwrap_or(false) {
            session.set_keepalive(None);
            let mut response = Response::new(Vec::new());
            *response.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
            response.headers_mut().insert(http::header::CONTENT_LENGTH, 0.into());
            return response;
        }
        let head = session.req_header();
        let mut request = http::Request::new(Body::from(body));
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = head.uri.clone();
        *request.headers_mut() = head.headers.clone();
        let Ok(response) = self.0.clone().oneshot(request).await;
        let (mut parts, body) = response.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        parts.headers.insert(http::header::CONTENT_LENGTH, body.len().into());
        Response::from_parts(parts, body)
    }
}
