//! Applications that do with a connection what a test wants.

use std::future::Future;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpStream};

/// Listens, and does `act` with each connection.
pub async fn application<F>(act: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(act(stream));
        }
    });
    address
}

/// Reads a request head and not a byte more; nothing when the connection ends before.
pub async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// A site at the gate's origin before an upstream, for everybody of example.com.
pub fn site(upstream: &str) -> String {
    format!(
        "\n  - name: app\n    origin: $ORIGIN\n    upstream: {upstream}\n    \
         allow: [\"@example.com\"]\n    rules:\n      \
         - {{ path: \"/public/**\", access: public }}\n"
    )
}
