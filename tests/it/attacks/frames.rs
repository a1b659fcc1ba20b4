//! HTTP/2 written by hand: the frames that a well-behaved client refuses to send.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const CONTINUATION: u8 = 9;
const DATA: u8 = 0;
const GOAWAY: u8 = 7;

pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

/// A connection with prior knowledge.
pub struct Http2 {
    stream: TcpStream,
}

/// What became of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// An answer with this status.
    Status(u16),
    /// The stream was reset, or the connection ended.
    Refused,
    /// Nothing within the time.
    Nothing,
}

impl Http2 {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("connect");
        let mut this = Self { stream };
        this.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        this.send(&frame(SETTINGS, 0, 0, &[])).await;
        this
    }

    /// Sends bytes; false when the other end has closed.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// One request on stream 1, in as many frames as it needs.
    pub async fn request(
        &mut self,
        fields: &[(String, String)],
        body: &[u8],
        trailers: &[(String, String)],
    ) {
        let ends = body.is_empty() && trailers.is_empty();
        let flags = if ends { END_HEADERS | END_STREAM } else { END_HEADERS };
        self.send(&frame(HEADERS, flags, 1, &block(fields))).await;
        if !body.is_empty() {
            let flags = if trailers.is_empty() { END_STREAM } else { 0 };
            self.send(&frame(DATA, flags, 1, body)).await;
        }
        if !trailers.is_empty() {
            self.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(trailers))).await;
        }
    }

    /// What becomes of a stream.
    pub async fn fate(&mut self, stream: u32, within: Duration) -> Fate {
        tokio::time::timeout(within, self.read(stream)).await.unwrap_or(Fate::Nothing)
    }

    async fn read(&mut self, wanted: u32) -> Fate {
        loop {
            let mut head = [0; 9];
            if self.stream.read_exact(&mut head).await.is_err() {
                return Fate::Refused;
            }
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let mut payload = vec![0; length as usize];
            if self.stream.read_exact(&mut payload).await.is_err() {
                return Fate::Refused;
            }
            match (head[3], stream == wanted) {
                (HEADERS, true) => return Fate::Status(status(&payload)),
                (RST_STREAM, true) => return Fate::Refused,
                (GOAWAY, _) if payload[4..8] != [0; 4] => return Fate::Refused,
                (SETTINGS, _) if head[4] & ACK == 0 => {
                    self.send(&frame(SETTINGS, ACK, 0, &[])).await;
                }
                _ => {}
            }
        }
    }
}

/// A frame (RFC 9113, 4.1).
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A header block of literals that leave the table alone (RFC 7541, 6.2.2).
pub fn block(fields: &[(String, String)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| literal(0, name, value)).collect()
}

/// A literal; `first` says whether it goes into the table.
pub fn literal(first: u8, name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![first];
    for text in [name, value] {
        number(&mut bytes, text.len());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

/// A length with a prefix of seven bits (RFC 7541, 5.1).
fn number(bytes: &mut Vec<u8>, mut value: usize) {
    if value < 127 {
        bytes.push(value as u8);
        return;
    }
    bytes.push(127);
    value -= 127;
    while value >= 128 {
        bytes.push((value % 128) as u8 | 128);
        value /= 128;
    }
    bytes.push(value as u8);
}

/// The status, which comes first: an entry of the static table, or a literal of three digits.
fn status(block: &[u8]) -> u16 {
    let mut block = block;
    while let [0x20..=0x3f, rest @ ..] = block {
        block = rest;
    }
    match block {
        [index @ 0x88..=0x8e, ..] => [200, 204, 206, 304, 400, 404, 500][usize::from(index - 0x88)],
        [_, length, text @ ..] if length & 0x80 == 0 => {
            std::str::from_utf8(&text[..usize::from(*length)]).unwrap().parse().unwrap()
        }
        [_, length, text @ ..] => digits(&text[..usize::from(length & 0x7f)]),
        _ => panic!("no status in {block:?}"),
    }
}

/// Three digits in the Huffman code (RFC 7541, appendix B): five bits for 0 to 2, else six.
fn digits(bytes: &[u8]) -> u16 {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let (mut rest, mut value) = (bits.as_str(), 0);
    for _ in 0..3 {
        let five = u16::from_str_radix(&rest[..5], 2).unwrap();
        let (digit, used) = if five < 3 {
            (five, 5)
        } else {
            (u16::from_str_radix(&rest[..6], 2).unwrap() - 0b01_1001 + 3, 6)
        };
        value = value * 10 + digit;
        rest = &rest[used..];
    }
    value
}

#[test]
fn statuses_are_decoded() {
    assert_eq!(status(&[0x3f, 0x88]), 200);
    assert_eq!(status(&[0x48, 3, b'4', b'2', b'1']), 421);
    // 4 = 011010, 0 = 00000, 5 = 011011
    assert_eq!(status(&[0x48, 0x83, 0b0110_1000, 0b0000_1101, 0b1111_1111]), 405);
}
