//! The strict reading of one HTTP/1 request head (RFC 9112 sections 2 to 6).
//!
//! Anything that two servers in a row have ever read in two ways is refused here, so that what
//! the proxy decides about is what the application behind it sees. The rules are narrower than
//! the RFC where no browser, curl or library needs the room.

use std::ops::Range;

use super::WireLimits;
use super::fault::HeadFault;
use super::fields::{Concluded, Fields, is_token_byte};

/// Methods are short words; this leaves room for WebDAV's longest.
const MAX_METHOD: usize = 32;
/// Longest request target in bytes; longer ones are 414.
const MAX_TARGET: usize = 16 * 1024;

/// What a valid head says about the bytes after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadFacts {
    /// Bytes of the head with its empty line, without [`HeadFacts::lead`].
    pub len: usize,
    /// Bytes of the one empty line before the head that RFC 9112 section 2.2 lets a client send:
    /// 0 or 2. They are not part of the request.
    pub lead: usize,
    /// Where scheme and authority of an absolute-form target stand in the head; empty in origin
    /// form. They are the same as `Host`, and are cut out: what goes on is in origin form.
    pub absolute: Range<usize>,
    /// How the body is delimited.
    pub body: BodyLength,
    /// The client asks to switch protocols, so after a 101 the bytes are no longer HTTP.
    pub upgrade: bool,
    /// Nothing but an answer is asked for: a GET or HEAD of HTTP/1.1 without a body, another protocol,
    /// an interim answer or fields that `Connection` names.
    pub plain: bool,
    /// As plain, but for a WebSocket (RFC 6455 section 4.1).
    pub websocket: bool,
    /// The client closes the connection after the answer.
    pub close: bool,
}

/// How a request body is delimited. There is no third way: a request is never delimited by the
/// end of the connection (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLength {
    /// This many bytes; zero when the head says nothing.
    Exact(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

/// The two versions that are spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Http10,
    Http11,
}

/// Judges the head at the start of `bytes`; what follows the empty line is not looked at.
///
/// Total, allocates nothing on the good path. One leading CRLF is accepted and left out of the
/// head, two are not.
///
/// # Errors
/// The first fault found, with the status that the client gets for it.
pub fn check_head(bytes: &[u8], limits: &WireLimits) -> Result<HeadFacts, HeadFault> {
    let lead = if bytes.starts_with(b"\r\n") { 2 } else { 0 };
    let head = &bytes[lead..];
    let (line, mut rest) = split_line(head)?;
    let RequestLine { version, absolute, reads } = check_request_line(line)?;
    let mut fields = Fields::new(version, authority(&head[absolute.clone()]));
    let mut count = 0;
    loop {
        let (line, next) = split_line(rest)?;
        rest = next;
        if line.is_empty() {
            break;
        }
        count += 1;
        if count > limits.head_fields {
            return Err(HeadFault::TooManyFields);
        }
        fields.read(line)?;
    }
    let len = head.len() - rest.len();
    if len > limits.head_bytes {
        return Err(HeadFault::TooLarge);
    }
    let Concluded { body, upgrade, close, plain, websocket } = fields.conclude()?;
    let (plain, websocket) = (plain && reads, websocket && line.starts_with(b"GET "));
    Ok(HeadFacts { len, lead, absolute, body, upgrade, plain, websocket, close })
}

/// Splits off the first line, without its CRLF.
fn split_line(bytes: &[u8]) -> Result<(&[u8], &[u8]), HeadFault> {
    let lf = memchr::memchr(b'\n', bytes).ok_or(HeadFault::Truncated)?;
    match bytes[..lf].strip_suffix(b"\r") {
        Some(line) => Ok((line, &bytes[lf + 1..])),
        None => Err(HeadFault::BareLineFeed),
    }
}

/// What a request line says.
struct RequestLine {
    version: Version,
    /// Scheme and authority of an absolute-form target.
    absolute: Range<usize>,
    /// GET or HEAD, which change nothing and may be sent again (RFC 9110 section 9.2).
    reads: bool,
}

/// `METHOD SP target SP HTTP/1.x`, nothing else (RFC 9112 section 3).
fn check_request_line(line: &[u8]) -> Result<RequestLine, HeadFault> {
    let method = check_method(line)?.ok_or(HeadFault::RequestLine)?;
    let rest = &line[method.len() + 1..];
    // The last blank, not the first: a blank inside the target is then seen as one, and refused.
    let blank = memchr::memrchr(b' ', rest).ok_or(HeadFault::RequestLine)?;
    let (target, version) = (&rest[..blank], &rest[blank + 1..]);
    let version = check_version(version)?;
    // Some servers fold the case of methods, so these two are refused in any case.
    if method.eq_ignore_ascii_case(b"TRACE") || method.eq_ignore_ascii_case(b"CONNECT") {
        return Err(HeadFault::MethodRefused);
    }
    let start = method.len() + 1;
    let absolute = start..start + origin_length(target);
    check_target(&target[absolute.len()..])?;
    Ok(RequestLine { version, absolute, reads: matches!(method, b"GET" | b"HEAD") })
}

/// The length of `http://authority` before the path of an absolute-form target; 0 otherwise. A
/// server must accept that form (RFC 9112 section 3.2.2), and Pingora would pass it on as it is.
fn origin_length(target: &[u8]) -> usize {
    let scheme = ["http://", "https://"].into_iter().map(str::len).find(|length| {
        target.get(..*length).is_some_and(|start| {
            start.eq_ignore_ascii_case(b"http://") || start.eq_ignore_ascii_case(b"https://")
        })
    });
    let Some(scheme) = scheme else { return 0 };
    // Up to the path. Without one the target is refused, as a path that begins with something else.
    let rest = &target[scheme..];
    scheme
        + rest
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?' | b'#' | b'\\'))
            .unwrap_or(rest.len())
}

/// The authority in `http://authority`.
fn authority(absolute: &[u8]) -> Option<&[u8]> {
    let slashes = memchr::memmem::find(absolute, b"//")?;
    Some(&absolute[slashes + 2..])
}

/// The method at the start of `line`, or `None` while its end is not there yet.
fn check_method(line: &[u8]) -> Result<Option<&[u8]>, HeadFault> {
    let start = &line[..line.len().min(MAX_METHOD + 1)];
    match start.iter().position(|byte| !is_token_byte(*byte)) {
        Some(end) if end > 0 && start[end] == b' ' => Ok(Some(&line[..end])),
        None if start.len() <= MAX_METHOD => Ok(None),
        Some(_) | None => Err(HeadFault::Method),
    }
}

fn check_version(version: &[u8]) -> Result<Version, HeadFault> {
    match version {
        b"HTTP/1.1" => Ok(Version::Http11),
        b"HTTP/1.0" => Ok(Version::Http10),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Err(HeadFault::Version)
        }
        _ => Err(HeadFault::RequestLine),
    }
}

/// Origin form, in visible ASCII. Pingora re-encodes raw blanks and controls and cuts a raw
/// `#fragment` before any hook; a raw backslash is a slash to browsers and some servers
/// (GHSA-5m6c-jp6f-2vcv).
fn check_target(target: &[u8]) -> Result<(), HeadFault> {
    if target.len() > MAX_TARGET {
        return Err(HeadFault::TargetTooLong);
    }
    if target.first() != Some(&b'/') {
        return Err(HeadFault::TargetForm);
    }
    let odd = |byte: &u8| !(0x21..=0x7e).contains(byte) || *byte == b'#' || *byte == b'\\';
    // A fold without early exit: the compiler makes it a vector loop.
    match target.iter().fold(false, |bad, byte| bad | odd(byte)) {
        true => Err(HeadFault::TargetByte),
        false => Ok(()),
    }
}

/// Finds the end of a head that arrives in pieces, and refuses early what cannot become one, so
/// that a TLS hello or a bare-LF head on this port gets its answer at once instead of at the
/// deadline.
#[derive(Debug, Default)]
pub(super) struct HeadScan {
    /// Bytes searched for line ends so far.
    at: usize,
    /// Where the current line starts.
    line: usize,
    /// Length of the empty line before the head: 0 or 2.
    lead: usize,
    /// The request line has been judged.
    opened: bool,
}

impl HeadScan {
    /// Looks at what is new in `bytes` (the same buffer as before, grown). Returns the length of
    /// the head with its empty line and any leading one, or `None` when more must arrive.
    pub(super) fn find_end(
        &mut self,
        bytes: &[u8],
        limits: &WireLimits,
    ) -> Result<Option<usize>, HeadFault> {
        while let Some(found) = memchr::memchr(b'\n', &bytes[self.at..]) {
            let lf = self.at + found;
            if lf == 0 || bytes[lf - 1] != b'\r' {
                return Err(HeadFault::BareLineFeed);
            }
            if lf - 1 == self.line {
                match (self.line, self.lead) {
                    (0, _) => self.lead = 2,
                    (2, 2) => return Err(HeadFault::BlankLines),
                    _ => return Ok(Some(lf + 1)),
                }
            }
            self.at = lf + 1;
            self.line = lf + 1;
        }
        self.at = bytes.len();
        self.check_unfinished(bytes, limits)?;
        Ok(None)
    }

    /// The faults that an unfinished head can have already.
    fn check_unfinished(&mut self, bytes: &[u8], limits: &WireLimits) -> Result<(), HeadFault> {
        let tail = &bytes[self.line..];
        if memchr::memchr(b'\r', tail).is_some_and(|cr| cr + 1 < tail.len()) {
            return Err(HeadFault::BareCarriageReturn);
        }
        let head = &bytes[self.lead..];
        if self.line > self.lead {
            if !self.opened {
                check_request_line(split_line(head)?.0)?;
                self.opened = true;
            }
        } else if head != b"\r" {
            check_method(head)?;
            if head.len() > MAX_METHOD + MAX_TARGET + " HTTP/1.1\r".len() + 1 {
                return Err(HeadFault::TargetTooLong);
            }
        }
        if head.len() >= limits.head_bytes { Err(HeadFault::TooLarge) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
