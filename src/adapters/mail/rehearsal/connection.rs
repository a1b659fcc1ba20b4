//! Lines to and from a relay (RFC 5321), bounded in size; the time is bounded by whoever asks.

use std::fmt;
use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::Trouble;
use super::tls::{self, Secured};
use crate::domain::letter;

/// Longest line of an answer that is read.
const LONGEST_LINE: u64 = 2048;
/// Lines of one answer that are read.
const MOST_LINES: usize = 64;
/// Characters of an answer that are told.
const LONGEST_WORDS: usize = 400;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection to a relay.
pub(super) struct Connection {
    stream: BufReader<Box<dyn Stream>>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Connection(..)")
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// Code and text on one line, printable and cut.
    pub(super) fn words(&self) -> String {
        let text: String = letter::on_one_line(&self.lines.join(" ")).collect();
        let text: Vec<_> = text.split_whitespace().collect();
        let words = format!("{} {}", self.code, text.join(" "));
        words.trim_end().chars().take(LONGEST_WORDS).collect()
    }

    /// Whether an answer to EHLO offers an extension.
    pub(super) fn has(&self, keyword: &str) -> bool {
        self.lines.iter().skip(1).any(|line| {
            line.split([' ', '=']).next().is_some_and(|word| word.eq_ignore_ascii_case(keyword))
        })
    }

    /// Whether it offers a way to log in.
    pub(super) fn offers_login(&self, way: &str) -> bool {
        let is_auth = |line: &&String| line.to_ascii_uppercase().starts_with("AUTH");
        self.lines
            .iter()
            .skip(1)
            .filter(is_auth)
            .any(|line| line.split([' ', '=']).skip(1).any(|word| word.eq_ignore_ascii_case(way)))
    }
}

impl Connection {
    pub(super) fn plain(stream: TcpStream) -> Self {
        Self { stream: BufReader::new(Box::new(stream)) }
    }

    /// Goes on under TLS.
    pub(super) async fn secure(
        self,
        host: &str,
        authority: Option<&[u8]>,
    ) -> Result<(Self, Secured), Trouble> {
        if !self.stream.buffer().is_empty() {
            // Said before the connection was protected, so anybody may have said it.
            return Err(Trouble::NoAnswer);
        }
        let (stream, secured) = tls::secure(self.stream.into_inner(), host, authority).await?;
        Ok((Self { stream: BufReader::new(Box::new(stream)) }, secured))
    }

    /// Says a line and reads the answer.
    pub(super) async fn ask(&mut self, line: &str) -> Result<Reply, Trouble> {
        let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(line.len() + 2));
        bytes.extend_from_slice(line.as_bytes());
        bytes.extend_from_slice(b"\r\n");
        self.stream.write_all(&bytes).await.map_err(lost)?;
        self.stream.flush().await.map_err(lost)?;
        self.read().await
    }

    /// Reads an answer.
    pub(super) async fn read(&mut self) -> Result<Reply, Trouble> {
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            let mut limited = (&mut self.stream).take(LONGEST_LINE);
            let read = limited.read_until(b'\n', &mut line).await.map_err(lost)?;
            if read == 0 {
                return Err(Trouble::HungUp);
            }
            let (code, is_last, text) = split(&line).ok_or(Trouble::NoAnswer)?;
            lines.push(text);
            if is_last {
                return Ok(Reply { code, lines });
            }
            if lines.len() >= MOST_LINES {
                return Err(Trouble::NoAnswer);
            }
        }
    }
}

/// The code, whether it is the last line, and its text.
fn split(line: &[u8]) -> Option<(u16, bool, String)> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?.trim_end();
    let code = line.get(..3)?.parse().ok().filter(|code| (200..600).contains(code))?;
    match line.get(3..4) {
        None => Some((code, true, String::new())),
        Some(" ") => Some((code, true, line[4..].to_owned())),
        Some("-") => Some((code, false, line[4..].to_owned())),
        Some(_) => None,
    }
}

fn lost(error: io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::InvalidData => Trouble::NoAnswer,
        _ => Trouble::HungUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_answers() {
        for (line, expected) in [
            ("250 ok\r\n", Some((250, true, "ok"))),
            ("250-relay.test\r\n", Some((250, false, "relay.test"))),
            ("354\r\n", Some((354, true, ""))),
            ("250 \n", Some((250, true, ""))),
            ("250ok\r\n", None),
            ("HTTP/1.1 400 Bad Request\r\n", None),
            ("99 x\r\n", None),
            ("250 no end", None),
            ("ä50 x\r\n", None),
        ] {
            let read = split(line.as_bytes());
            let read = read.as_ref().map(|(code, last, text)| (*code, *last, text.as_str()));
            assert_eq!(read, expected, "{line}");
        }
    }

    #[test]
    fn what_is_offered() {
        let lines = ["relay", "STARTTLS", "AUTH=LOGIN plain", "SIZE 100"].map(str::to_owned);
        let reply = Reply { code: 250, lines: lines.to_vec() };
        assert!(reply.has("starttls") && reply.has("SIZE") && !reply.has("RELAY"));
        assert!(reply.offers_login("LOGIN") && reply.offers_login("PLAIN"));
        assert!(!reply.offers_login("AUTH") && !reply.offers_login("XOAUTH2"));
    }
}
