//! A client that sends exactly what it is told and keeps cookies like a browser.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status; 0 when there was no connection, or it ended without an answer.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, without chunk framing.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// All headers of this name.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }
}

/// Sends bytes on a fresh connection and reads one answer.
pub async fn raw(address: SocketAddr, request: &[u8]) -> Answer {
    let Ok(stream) = TcpStream::connect(address).await else { return Answer::default() };
    exchange(stream, request).await
}

/// The same from another address of this machine: all of 127.0.0.0/8 is its own.
pub async fn raw_from(source: Ipv4Addr, address: SocketAddr, request: &[u8]) -> Answer {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((source, 0).into()).expect("an address of this machine");
    exchange(socket.connect(address).await.expect("a connection"), request).await
}

async fn exchange(mut stream: TcpStream, request: &[u8]) -> Answer {
    // Whoever refuses early may close before all is written; the answer is there all the same.
    let _ = stream.write_all(request).await;
    read_answer(&mut stream, request.starts_with(b"HEAD ")).await
}

/// Reads one answer; interim answers are skipped.
pub async fn read_answer(stream: &mut (impl AsyncRead + Unpin), is_head: bool) -> Answer {
    let read = read_one(stream, is_head);
    tokio::time::timeout(PATIENCE, read).await.expect("an answer in time")
}

async fn read_one(stream: &mut (impl AsyncRead + Unpin), is_head: bool) -> Answer {
    let mut buffer = Vec::new();
    loop {
        let Some(end) = head_end(&buffer) else {
            if !more(stream, &mut buffer).await {
                return Answer::default();
            }
            continue;
        };
        let mut answer = parse_head(&buffer[..end]);
        buffer.drain(..end);
        if (100..200).contains(&answer.status) && answer.status != 101 {
            continue;
        }
        if !is_head && answer.status != 101 && answer.status != 204 && answer.status != 304 {
            answer.body = read_body(stream, buffer, &answer).await;
        }
        return answer;
    }
}

async fn read_body(
    stream: &mut (impl AsyncRead + Unpin),
    mut buffer: Vec<u8>,
    answer: &Answer,
) -> Vec<u8> {
    if let Ok(length) = answer.header("content-length").parse::<usize>() {
        while buffer.len() < length && more(stream, &mut buffer).await {}
        buffer.truncate(length);
        return buffer;
    }
    if answer.header("transfer-encoding") == "chunked" {
        while !buffer.ends_with(b"0\r\n\r\n") && more(stream, &mut buffer).await {}
        return dechunked(&buffer);
    }
    while more(stream, &mut buffer).await {}
    buffer
}

/// What stands in chunks.
pub fn dechunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line) = bytes.windows(2).position(|pair| pair == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..line]).unwrap_or("0");
        let size = usize::from_str_radix(size.split(';').next().unwrap_or("0"), 16).unwrap_or(0);
        if size == 0 || bytes.len() < line + 2 + size {
            break;
        }
        body.extend_from_slice(&bytes[line + 2..line + 2 + size]);
        bytes = bytes.get(line + 4 + size..).unwrap_or_default();
    }
    body
}

pub async fn more(stream: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> bool {
    matches!(stream.read_buf(buffer).await, Ok(count) if count > 0)
}

pub fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|position| position + 4)
}

pub fn parse_head(bytes: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split("\r\n");
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|it| it.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Answer { status: status.unwrap_or(0), headers, body: Vec::new() }
}

/// A browser: navigates, posts forms, keeps cookies.
#[derive(Clone, Debug)]
pub struct Browser {
    address: SocketAddr,
    /// What it sends as `Host`.
    pub host: String,
    /// Its cookies.
    pub cookies: BTreeMap<String, String>,
    /// What it says it is.
    pub agent: String,
}

impl Browser {
    pub fn new(address: SocketAddr, host: &str) -> Self {
        Self {
            address,
            host: host.to_owned(),
            cookies: BTreeMap::new(),
            agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".into(),
        }
    }

    /// Where it connects to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its cookies as a header line; empty without cookies.
    pub fn cookie_line(&self) -> String {
        let pairs: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if pairs.is_empty() { String::new() } else { format!("Cookie: {}\r\n", pairs.join("; ")) }
    }

    /// Types an address into the address bar, or follows a link.
    pub async fn get(&mut self, target: &str) -> Answer {
        self.send("GET", path(target), NAVIGATION, None).await
    }

    /// Sends a form of a page of this site.
    pub async fn post(&mut self, target: &str, fields: &[(&str, &str)]) -> Answer {
        let form =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [
            NAVIGATION[0],
            NAVIGATION[1],
            NAVIGATION[2],
            ("Sec-Fetch-Site", "same-origin"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        self.send("POST", path(target), &headers, Some(form.as_bytes())).await
    }

    /// A script's request with a JSON body.
    pub async fn json(&mut self, method: &str, target: &str, body: &serde_json::Value) -> Answer {
        let headers = [
            ("Accept", "application/json"),
            ("Sec-Fetch-Mode", "cors"),
            ("Sec-Fetch-Site", "same-origin"),
            ("Content-Type", "application/json"),
        ];
        self.send(method, target, &headers, Some(body.to_string().as_bytes())).await
    }

    /// Sends a request of any kind with this browser's cookies.
    pub async fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.host);
        request.push_str(&format!("User-Agent: {}\r\nConnection: close\r\n", self.agent));
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&self.cookie_line());
        if let Some(body) = body {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        let bytes = [request.as_bytes(), body.unwrap_or_default()].concat();
        let answer = raw(self.address, &bytes).await;
        self.keep(&answer);
        answer
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.all("set-cookie") {
            let Some((name, value)) = cookie.split(';').next().and_then(|it| it.split_once('='))
            else {
                continue;
            };
            if value.is_empty() || cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

const NAVIGATION: &[(&str, &str)] = &[
    ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-Site", "none"),
];

/// What a browser sends of an address.
fn path(target: &str) -> &str {
    let rest = target
        .split_once("://")
        .map_or(target, |(_, rest)| rest.find('/').map_or("/", |position| &rest[position..]));
    rest.split('#').next().unwrap_or("/")
}
