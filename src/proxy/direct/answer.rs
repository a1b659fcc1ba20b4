//! The head of an application's answer: what it says of the content, and what of it goes to the client.
//!
//! Read by the `httparse` crate as leniently as Pingora reads it on the long way, so that an
//! application is understood on both or on none. Written anew: what belongs to the other connection
//! stays there (RFC 9110 section 7.6.1), and the framing is ours.

use std::borrow::Cow;
use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Status};
use pingora::protocols::http::date::get_cached_date;

use crate::portal::cookies::sets_ours;

/// Fields of a head, as many as Pingora takes.
const MOST_FIELDS: usize = 256;
/// Bytes of a head. Pingora takes a mebibyte; browsers stop at 256 KiB.
pub(super) const LARGEST_HEAD: usize = 256 * 1024;

/// What the head of an answer says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content: Content,
    /// The application's connection may be used again.
    pub(super) keeps: bool,
}

/// How the content is delimited (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// There is none.
    Nothing,
    /// This many bytes.
    Exact(u64),
    /// Chunks.
    Chunked,
    /// Everything until the application closes.
    UntilClose,
}

impl Answer {
    /// An interim answer: another one follows.
    pub(super) fn is_interim(&self) -> bool {
        (100..200).contains(&self.status) && !self.switches()
    }

    /// The connection is a WebSocket now.
    pub(super) fn switches(&self) -> bool {
        self.status == 101
    }

    /// May go on long after its request was decided about.
    pub(super) fn is_stream(&self) -> bool {
        matches!(self.content, Content::Chunked | Content::UntilClose)
    }
}

/// What the answer depends on beside itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct For {
    /// The request is a HEAD: its answer has no content.
    pub(super) head: bool,
    /// The client's connection ends with the answer.
    pub(super) last: bool,
    /// The request asks for a WebSocket.
    pub(super) websocket: bool,
    /// The client is told by chunks where content of unknown length ends.
    pub(super) chunks: bool,
    /// Somebody is signed in: nobody else may be given a stored copy.
    pub(super) private: bool,
}

/// What a first look at the bytes of an application found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// More must come.
    Partial,
    /// A head of so many bytes.
    Head(Answer, usize),
    /// It is no head of HTTP/1.
    Malformed,
}

/// Whoever writes the head that the client gets.
pub(super) trait Say {
    /// The first line.
    fn status(&mut self, status: u16, reason: &str);
    /// One field.
    fn field(&mut self, name: &str, value: &[u8]);
    /// There are no more fields.
    fn end(&mut self);
}

/// Reads a head at the start of `bytes` and says what the client gets of it.
pub(super) fn read(bytes: &[u8], asked: For, out: &mut impl Say) -> Read {
    let mut fields = [MaybeUninit::<Header<'_>>::uninit(); MOST_FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let mut config = ParserConfig::default();
    config.allow_spaces_after_header_name_in_responses(true);
    config.allow_obsolete_multiline_headers_in_responses(true);
    let parsed = config.parse_response_with_uninit_headers(&mut response, bytes, &mut fields);
    let used = match parsed {
        Ok(Status::Complete(used)) => used,
        Ok(Status::Partial) if bytes.len() < LARGEST_HEAD => return Read::Partial,
        Ok(Status::Partial) | Err(_) => return Read::Malformed,
    };
    let (Some(status @ 100..), Some(version)) = (response.code, response.version) else {
        return Read::Malformed;
    };
    let fields: &[Header<'_>] = response.headers;
    let Some(said) = Said::of(fields) else { return Read::Malformed };
    // Nobody has asked for another protocol.
    if status == 101 && !(asked.websocket && said.websocket) {
        return Read::Malformed;
    }
    let content = said.content(status, asked);
    let answer = Answer { status, content, keeps: said.keeps(status, version, content) };
    write_head(&answer, response.reason.unwrap_or_default(), fields, &said, asked, out);
    Read::Head(answer, used)
}

/// What the fields say together.
#[derive(Debug, Default)]
struct Said<'a> {
    length: Option<u64>,
    chunked: bool,
    close: bool,
    keep_alive: bool,
    /// `Upgrade: websocket`.
    websocket: bool,
    has_date: bool,
    has_cache_control: bool,
    /// The values of `Connection`, where they name other fields.
    nominated: Vec<&'a [u8]>,
}

impl<'a> Said<'a> {
    /// None where the framing says two things, or one that is not known.
    fn of(fields: &[Header<'a>]) -> Option<Self> {
        let mut said = Self::default();
        for field in fields {
            let is = |name: &str| field.name.eq_ignore_ascii_case(name);
            match field.name.len() {
                4 if is("date") => said.has_date = true,
                7 if is("upgrade") => {
                    said.websocket = field.value.trim_ascii().eq_ignore_ascii_case(b"websocket");
                }
                10 if is("connection") => said.connection(field.value),
                13 if is("cache-control") => said.has_cache_control = true,
                14 if is("content-length") => said.length(field.value)?,
                17 if is("transfer-encoding") => {
                    let known = field.value.trim_ascii().eq_ignore_ascii_case(b"chunked");
                    if !known || std::mem::replace(&mut said.chunked, true) {
                        return None;
                    }
                }
                _ => {}
            }
        }
        Some(said)
    }

    /// The same number may stand there more than once (RFC 9110 section 8.6).
    fn length(&mut self, value: &[u8]) -> Option<()> {
        for part in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            if part.is_empty() || !part.iter().all(u8::is_ascii_digit) {
                return None;
            }
            let length = std::str::from_utf8(part).ok()?.parse().ok()?;
            if self.length.replace(length).is_some_and(|before| before != length) {
                return None;
            }
        }
        Some(())
    }

    fn connection(&mut self, value: &'a [u8]) {
        for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            if option.eq_ignore_ascii_case(b"close") {
                self.close = true;
            } else if option.eq_ignore_ascii_case(b"keep-alive") {
                self.keep_alive = true;
            } else if !option.is_empty() {
                self.nominated.push(option);
            }
        }
    }

    fn content(&self, status: u16, asked: For) -> Content {
        match self.length {
            _ if asked.head || matches!(status, 100..200 | 204 | 304) => Content::Nothing,
            _ if self.chunked => Content::Chunked,
            Some(0) => Content::Nothing,
            Some(length) => Content::Exact(length),
            None => Content::UntilClose,
        }
    }

    /// A length beside chunks is how smuggling begins (RFC 9112 section 6.3), and after a 204 there may
    /// be content all the same: such a connection is not used again.
    fn keeps(&self, status: u16, version: u8, content: Content) -> bool {
        let is_doubtful = match (self.chunked, self.length) {
            (true, length) => length.is_some() || version == 0 || status == 204,
            (false, length) => status == 204 && length.is_some_and(|length| length > 0),
        };
        let stays = !self.close && (version == 1 || self.keep_alive);
        stays && !is_doubtful && content != Content::UntilClose
    }

    fn is_nominated(&self, name: &str) -> bool {
        self.nominated.iter().any(|option| option.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Whether a field goes to the client as it is.
    fn goes_on(&self, field: &Header<'_>) -> bool {
        // `te` says nothing in an answer, and HTTP/2 sends no head that has it.
        const HOP: [&str; 8] = [
            "connection",
            "keep-alive",
            "proxy-connection",
            "te",
            "upgrade",
            "trailer",
            "transfer-encoding",
            "content-length",
        ];
        let name = field.name;
        let is_ours = || name.eq_ignore_ascii_case("set-cookie") && sets_ours(field.value);
        !HOP.iter().any(|hop| name.eq_ignore_ascii_case(hop))
            && !self.is_nominated(name)
            && !is_ours()
    }
}

fn write_head(
    answer: &Answer,
    reason: &str,
    fields: &[Header<'_>],
    said: &Said<'_>,
    asked: For,
    out: &mut impl Say,
) {
    out.status(answer.status, reason);
    for field in fields.iter().filter(|field| said.goes_on(field)) {
        out.field(field.name, &unfolded(field.value));
    }
    if answer.switches() {
        out.field("connection", b"Upgrade");
        out.field("upgrade", b"websocket");
    } else if !answer.is_interim() {
        write_ours(answer, said, asked, out);
    }
    out.end();
}

fn write_ours(answer: &Answer, said: &Said<'_>, asked: For, out: &mut impl Say) {
    // What a HEAD or a 304 would have had as content may be told (RFC 9110 section 8.6).
    let may_tell = answer.status != 204 && !said.chunked;
    if let Some(length) = said.length.filter(|_| may_tell) {
        out.field("content-length", itoa::Buffer::new().format(length).as_bytes());
    } else if answer.is_stream() && asked.chunks {
        out.field("transfer-encoding", b"chunked");
    }
    // What `Connection` names has not gone on.
    let has = |there: bool, name: &str| there && !said.is_nominated(name);
    if !has(said.has_date, "date") {
        out.field("date", get_cached_date().as_bytes());
    }
    if asked.private && !has(said.has_cache_control, "cache-control") {
        out.field("cache-control", b"private");
    }
    if asked.last {
        out.field("connection", b"close");
    }
}

/// A folded line becomes one (RFC 9112 section 5.2).
fn unfolded(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'\r', b'\n', value).is_none() {
        return Cow::Borrowed(value);
    }
    let lines = value.split(|byte| matches!(byte, b'\r' | b'\n')).map(<[u8]>::trim_ascii);
    Cow::Owned(lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(&b' '))
}

#[cfg(test)]
mod tests;
