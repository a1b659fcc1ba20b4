//! The measure for `benches/load`: a proxy that only forwards. The same Pingora with its default
//! settings, one thread, the system's allocator, no rules, no log.
//!
//! `bare-proxy LISTEN UPSTREAM [--no-stealing] [--h2c] [--tls CERTIFICATE KEY]`

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use pingora::Result;
use pingora::apps::HttpServerOptions;
use pingora::listeners::tls::TlsSettings;
use pingora::proxy::{ProxyHttp, Session, http_proxy_service};
use pingora::server::Server;
use pingora::server::configuration::ServerConf;
use pingora::upstreams::peer::HttpPeer;

struct Bare {
    upstream: SocketAddr,
}

#[async_trait]
impl ProxyHttp for Bare {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn upstream_peer(&self, _: &mut Session, (): &mut ()) -> Result<Box<HttpPeer>> {
        Ok(Box::new(HttpPeer::new(self.upstream, false, String::new())))
    }
}

/// What the command line says.
struct Options {
    listen: String,
    upstream: SocketAddr,
    work_stealing: bool,
    /// Whether HTTP/2 without TLS is spoken beside HTTP/1.1, on the same port.
    h2c: bool,
    /// Certificate and key, in PEM. With them HTTP/2 and HTTP/1.1 by ALPN.
    tls: Option<(String, String)>,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let listen = arguments.next().ok_or("LISTEN is missing")?;
        let upstream = arguments.next().ok_or("UPSTREAM is missing")?.parse()?;
        let mut options = Self { listen, upstream, work_stealing: true, h2c: false, tls: None };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--no-stealing" => options.work_stealing = false,
                "--h2c" => options.h2c = true,
                "--tls" => {
                    let certificate = arguments.next().ok_or("CERTIFICATE is missing")?;
                    let key = arguments.next().ok_or("KEY is missing")?;
                    options.tls = Some((certificate, key));
                }
                other => return Err(format!("what is {other}?").into()),
            }
        }
        Ok(options)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    run()
}

/// Reads the command line and serves until the process is ended.
///
/// # Errors
/// When the command line is not understood.
pub fn run() -> Result<(), Box<dyn Error>> {
    let options = Options::read(std::env::args().skip(1))?;
    let work_stealing = options.work_stealing;
    let conf = ServerConf { threads: 1, work_stealing, ..ServerConf::default() };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    let bare = Bare { upstream: options.upstream };
    let mut proxy = http_proxy_service(&Arc::clone(&server.configuration), bare);
    if options.h2c {
        let mut settings = HttpServerOptions::default();
        settings.h2c = true;
        proxy.app_logic_mut().ok_or("the service has no proxy")?.server_options = Some(settings);
    }
    match &options.tls {
        None => proxy.add_tcp(&options.listen),
        Some((certificate, key)) => {
            let mut settings = TlsSettings::intermediate(certificate, key)?;
            settings.enable_h2();
            proxy.add_tls_with_settings(&options.listen, None, settings);
        }
    }
    server.add_service(proxy);
    server.run_forever();
}
