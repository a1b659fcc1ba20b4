//! A collector on loopback. It reads the messages by the numbers of the protocol, with nothing of the
//! code that writes them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::eventually;

/// A span, with its names in hexadecimal.
#[derive(Clone, Debug, Default)]
pub struct Span {
    pub service: String,
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub name: String,
    pub kind: u64,
    pub start: u64,
    pub end: u64,
    pub attributes: BTreeMap<String, String>,
}

pub struct Collector {
    pub address: SocketAddr,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
    serving: JoinHandle<()>,
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Collector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let bodies: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let kept = Arc::clone(&bodies);
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                if let Some(body) = receive(&mut stream).await {
                    kept.lock().expect("no panic").push(body);
                }
            }
        });
        Self { address, bodies, serving }
    }

    /// Every span so far, in the order in which they came.
    pub fn all(&self) -> Vec<Span> {
        self.bodies.lock().expect("no panic").iter().flat_map(|body| spans(body)).collect()
    }

    /// Waits for so many.
    pub async fn spans(&self, count: usize) -> Vec<Span> {
        eventually(&format!("{count} spans"), async || {
            Some(self.all()).filter(|spans| spans.len() >= count)
        })
        .await
    }

    /// Waits for one of this name.
    pub async fn span(&self, name: &str) -> Span {
        eventually(name, async || self.all().into_iter().find(|span| span.name == name)).await
    }

    /// Whether this stands anywhere in what came.
    pub fn has_text(&self, text: &str) -> bool {
        let bodies = self.bodies.lock().expect("no panic");
        bodies.iter().any(|body| String::from_utf8_lossy(body).contains(text))
    }
}

async fn receive(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
    assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\ncontent-type: application/x-protobuf\r\n"), "{head}");
    let length = head.split_once("content-length: ").expect("a length").1;
    let length: usize = length.lines().next().expect("a line").parse().expect("a number");
    while read.len() < end + length {
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    Some(read.split_off(end))
}

/// A field of a message: its number, and its value as bytes or as a number.
type Field<'a> = (u64, Value<'a>);

#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Number(number) => panic!("{number} where bytes belong"),
        }
    }

    fn number(self) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Bytes(bytes) => panic!("{bytes:?} where a number belongs"),
        }
    }

    fn text(self) -> String {
        String::from_utf8(self.bytes().to_vec()).expect("a text")
    }

    fn hex(self) -> String {
        self.bytes().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// The fields of a message (protobuf.dev, "Encoding").
fn fields(mut bytes: &[u8]) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut bytes)),
            1 => {
                let (number, rest) = bytes.split_first_chunk().expect("eight bytes");
                bytes = rest;
                Value::Number(u64::from_le_bytes(*number))
            }
            2 => {
                let length = usize::try_from(varint(&mut bytes)).expect("a length");
                let (value, rest) = bytes.split_at(length);
                bytes = rest;
                Value::Bytes(value)
            }
            other => panic!("wire type {other}"),
        };
        fields.push((tag >> 3, value));
    }
    fields
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().expect("a byte");
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return number;
        }
    }
    panic!("a number without an end")
}

fn below(message: &[u8], number: u64) -> impl Iterator<Item = &[u8]> {
    fields(message).into_iter().filter(move |field| field.0 == number).map(|field| field.1.bytes())
}

fn spans(body: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    for resource_spans in below(body, 1) {
        let resource: Vec<&[u8]> = below(resource_spans, 1).flat_map(|it| below(it, 1)).collect();
        let service = attributes(&resource)["service.name"].clone();
        for span in below(resource_spans, 2).flat_map(|scope_spans| below(scope_spans, 2)) {
            spans.push(Span { service: service.clone(), ..self::span(span) });
        }
    }
    spans
}

fn span(message: &[u8]) -> Span {
    let mut span = Span::default();
    let mut pairs = Vec::new();
    for (number, value) in fields(message) {
        match number {
            1 => span.trace = value.hex(),
            2 => span.id = value.hex(),
            4 => span.parent = value.hex(),
            5 => span.name = value.text(),
            6 => span.kind = value.number(),
            7 => span.start = value.number(),
            8 => span.end = value.number(),
            9 => pairs.push(value.bytes()),
            15 => {}
            other => panic!("field {other} of a span"),
        }
    }
    assert_eq!((span.trace.len(), span.id.len()), (32, 16), "{span:?}");
    span.attributes = attributes(&pairs);
    span
}

/// Pairs of a key and a value of any kind.
fn attributes(pairs: &[&[u8]]) -> BTreeMap<String, String> {
    let pair = |pair: &&[u8]| {
        let found: BTreeMap<u64, Value<'_>> = fields(pair).into_iter().collect();
        let (kind, value) = fields(found[&2].bytes())[0];
        let value = match kind {
            1 => value.text(),
            3 => value.number().to_string(),
            other => panic!("a value of kind {other}"),
        };
        (found[&1].text(), value)
    };
    pairs.iter().map(pair).collect()
}
