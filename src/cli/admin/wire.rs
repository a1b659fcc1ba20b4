//! The admin API over HTTP.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use http::{Method, StatusCode};
use zeroize::Zeroizing;

use crate::cli::upgrade;
use crate::config::Password;
use crate::domain::secret::Mark;
use crate::portal::admin::{HEADER, INSTALLATION};

/// How long the running process may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Largest answer that is read.
const LARGEST_ANSWER: u64 = 4 << 20;

/// Status and body.
pub(super) type Answer = (StatusCode, Vec<u8>);

/// The lines of the head that say who asks, and whom.
pub(super) fn proofs(token: Option<&Password>, installation: Option<Mark>) -> Zeroizing<String> {
    let bearer = token.map(|token| format!("Authorization: Bearer {}\r\n", token.expose()));
    let bearer = Zeroizing::new(bearer.unwrap_or_default());
    let installation = installation.map(|mark| format!("{INSTALLATION}: {mark}\r\n"));
    Zeroizing::new(format!("{}{}", *bearer, installation.unwrap_or_default()))
}

/// One request and one answer of HTTP/1.1. Written by hand: for one known server, and no client
/// among the dependencies would be needed for anything else.
pub(super) fn over_http(
    address: SocketAddr,
    proofs: &str,
    method: &Method,
    path: &str,
    body: &[u8],
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    let patience = if path == upgrade::PATH { upgrade::PATIENCE } else { PATIENCE };
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let head = Zeroizing::new(format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{HEADER}: 1\r\n{proofs}Content-Type: \
         application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len(),
    ));
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut received = Vec::new();
    let broken = || io::Error::new(io::ErrorKind::InvalidData, "not an answer of the admin API");
    let mut parts = [0; 8192];
    loop {
        let whole = whole_answer(&received);
        if let Some(answer) = whole {
            return Ok(answer);
        }
        let count = stream.read(&mut parts)?;
        received.extend_from_slice(&parts[..count]);
        if count == 0 || received.len() as u64 > LARGEST_ANSWER {
            return whole_answer(&received).ok_or_else(broken);
        }
    }
}

/// Status and body, once all of it is there.
fn whole_answer(bytes: &[u8]) -> Option<Answer> {
    let end = memchr::memmem::find(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    })?;
    let body = bytes.get(end + 4..)?;
    (body.len() >= length).then(|| (status, body[..length].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_or_nothing() {
        let bytes = b"HTTP/1.1 422 Unprocessable\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";
        for length in 0..bytes.len() {
            assert_eq!(whole_answer(&bytes[..length]), None, "{length}");
        }
        let (status, body) = whole_answer(bytes).unwrap();
        assert_eq!((status.as_u16(), &*body), (422, b"hello".as_slice()));
        assert_eq!(whole_answer(b"SSH-2.0-OpenSSH\r\n\r\n"), None);
    }
}
