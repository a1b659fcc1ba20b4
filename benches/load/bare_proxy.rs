//! The measure for `benches/load/run`: a proxy that only forwards. The same Pingora with its
//! default settings, one thread, the system's allocator, no rules, no log.
//!
//! `bare-proxy LISTEN UPSTREAM [--no-stealing]`

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use pingora::Result;
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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    run()
}

/// Reads the command line and serves until the process is ended.
///
/// # Errors
/// When an address is missing or is none.
pub fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let listen = arguments.next().ok_or("LISTEN is missing")?;
    let upstream = arguments.next().ok_or("UPSTREAM is missing")?.parse()?;
    let work_stealing = arguments.next().as_deref() != Some("--no-stealing");
    let conf = ServerConf { threads: 1, work_stealing, ..ServerConf::default() };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    let mut proxy = http_proxy_service(&Arc::clone(&server.configuration), Bare { upstream });
    proxy.add_tcp(&listen);
    server.add_service(proxy);
    server.run_forever();
}
