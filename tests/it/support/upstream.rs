//! An application that remembers what it received.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub target: String,
    /// Names as they were sent.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    /// All values of a header, by its name in any case.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    pub fn header(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or("")
    }
}

/// The application: HTTP/1.1 with keep-alive. It answers 200 and JSON of what it received; a path
/// `/status/NNN` answers with that status, `/cookie` sets cookies of ours and its own, and
/// `/away?to=URL` redirects there.
#[derive(Clone, Debug)]
pub struct Upstream {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Received>>>,
}

impl Upstream {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let upstream =
            Self { address: listener.local_addr().expect("an address"), seen: Arc::default() };
        let this = upstream.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(this.clone().serve(stream));
            }
        });
        upstream
    }

    /// What has arrived so far.
    pub fn seen(&self) -> Vec<Received> {
        self.seen.lock().expect("no panic").clone()
    }

    /// Forgets what has arrived.
    pub fn forget(&self) {
        self.seen.lock().expect("no panic").clear();
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut buffer = Vec::new();
        while let Some(received) = receive(&mut stream, &mut buffer).await {
            let answer = answer(&received);
            self.seen.lock().expect("no panic").push(received);
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    }
}

fn answer(received: &Received) -> Vec<u8> {
    if let Some(query) = received.target.strip_prefix("/away?") {
        let to = url::form_urlencoded::parse(query.as_bytes()).next().expect("a URL").1;
        return format!("HTTP/1.1 302 X\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into();
    }
    let status =
        received.target.strip_prefix("/status/").and_then(|it| it.get(..3)).unwrap_or("200");
    let cookies = if received.target == "/cookie" {
        "Set-Cookie: linkgate-session=evil\r\nSet-Cookie: own=1\r\n\
         Set-Cookie: __Host-linkgate-session=evil; Path=/\r\n\
         Set-Cookie: linkgate-device=evil\r\nSet-Cookie: __Host-linkgate-address=evil\r\n\
         Set-Cookie: linkgate-language=de\r\n"
    } else {
        ""
    };
    let headers: Vec<_> = received.headers.iter().map(|(name, value)| [name, value]).collect();
    let body = serde_json::json!({
        "method": received.method, "target": received.target, "headers": headers,
        "body": String::from_utf8_lossy(&received.body),
    })
    .to_string();
    let length = body.len();
    let body = if received.method == "HEAD" { "" } else { &body };
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{cookies}X-Upstream: 1\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

async fn receive(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Received> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    buffer.drain(..end);
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let mut received = Received { method, target, headers, body: Vec::new() };
    if let Ok(length) = received.header("content-length").parse::<usize>() {
        while buffer.len() < length {
            if stream.read_buf(buffer).await.ok()? == 0 {
                return None;
            }
        }
        received.body = buffer.drain(..length).collect();
    } else if received.header("transfer-encoding").eq_ignore_ascii_case("chunked") {
        loop {
            if let Some(end) = buffer.windows(5).position(|window| window == b"0\r\n\r\n") {
                received.body = buffer.drain(..end + 5).collect();
                break;
            }
            if stream.read_buf(buffer).await.ok()? == 0 {
                return None;
            }
        }
    }
    Some(received)
}
