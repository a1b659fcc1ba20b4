//! An application for `benches/load/run` where nginx is not installed: answers 1 KiB to everything.
//!
//! `bench-upstream LISTEN`

use async_trait::async_trait;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Response};
use pingora::apps::http_app::ServeHttp;
use pingora::protocols::http::ServerSession;
use pingora::server::Server;
use pingora::server::configuration::ServerConf;
use pingora::services::listening::Service;

const BODY: [u8; 1024] = [b'x'; 1024];

struct Application;

#[async_trait]
impl ServeHttp for Application {
    async fn response(&self, _: &mut ServerSession) -> Response<Vec<u8>> {
        let mut response = Response::new(BODY.to_vec());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        headers.insert(CONTENT_LENGTH, BODY.len().into());
        response
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen = std::env::args().nth(1).ok_or("LISTEN is missing")?;
    let conf = ServerConf { threads: 1, ..ServerConf::default() };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    let mut service = Service::new("application".to_owned(), Application);
    service.add_tcp(&listen);
    server.add_service(service);
    server.run_forever();
}
