//! An application that sends one event and then nothing, and somebody who listens.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::app::head;
use super::client::Browser;
use super::gate::Gate;

/// Sends one line, and then nothing for ever.
/// One event; the connection stays open until the other end closes it.
pub async fn news(mut stream: TcpStream) {
    let Some(_) = head(&mut stream).await else { return };
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n";
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.read(&mut [0; 1]).await;
}

/// Opens a stream, up to its first event.
pub async fn listen(gate: &Gate, browser: &Browser, path: &str) -> TcpStream {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n{}\r\n",
        gate.host,
        browser.cookie_line()
    );
    let mut stream = TcpStream::connect(gate.address).await.expect("connect");
    stream.write_all(request.as_bytes()).await.expect("write");
    let mut seen = Vec::new();
    while !seen.ends_with(b"data: 1\n\n\r\n") {
        seen.push(stream.read_u8().await.expect("the first event"));
    }
    stream
}
