//! The fields of a request head that decide where the request ends and whose it is.

use super::authority::valid_authority;
use super::fault::HeadFault;
use super::head::{BodyLength, Version};

/// More options than this in `Connection` serve nobody but an attacker.
const MAX_CONNECTION_OPTIONS: usize = 10;
/// 18 digits always fit an `u64` and a signed one.
const MAX_LENGTH_DIGITS: usize = 18;

/// What the fields of one head have said so far.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    version: Version,
    /// The authority of an absolute-form target; `Host` must be the same.
    named: Option<&'a [u8]>,
    host: bool,
    length: Option<u64>,
    chunked: bool,
    upgrade: bool,
    expect: bool,
    connection_options: usize,
    /// `Connection: close`.
    close: bool,
    /// `Connection` names something beside `close`, `keep-alive` and `upgrade`.
    nominates: bool,
    /// `Connection: upgrade`.
    switches: bool,
    /// `Upgrade` says `websocket` and nothing else.
    websocket: bool,
}

/// What the fields of one head say together.
#[derive(Debug)]
pub(super) struct Concluded {
    pub(super) body: BodyLength,
    pub(super) upgrade: bool,
    pub(super) close: bool,
    /// Nothing but an answer is asked for: no body, no other protocol, no interim answer, and no
    /// field that belongs to this connection only because the client says so.
    pub(super) plain: bool,
    /// As plain, but for a WebSocket.
    pub(super) websocket: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn new(version: Version, named: Option<&'a [u8]>) -> Self {
        Self {
            version,
            named,
            host: false,
            length: None,
            chunked: false,
            upgrade: false,
            expect: false,
            connection_options: 0,
            close: false,
            nominates: false,
            switches: false,
            websocket: false,
        }
    }

    /// Judges one field line without its CRLF.
    pub(super) fn read(&mut self, line: &[u8]) -> Result<(), HeadFault> {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            return Err(HeadFault::Folded);
        }
        let (mut end, mut letters) = (0, 0);
        while let Some(class @ 1..) = line.get(end).map(|byte| CLASS[usize::from(*byte)]) {
            letters += usize::from(class == LETTER);
            end += 1;
        }
        let (name, value) = match line.split_at_checked(end) {
            Some((name, [b':', value @ ..])) if !name.is_empty() => (name, value),
            _ => return Err(HeadFault::FieldName),
        };
        // A fold without early exit: the compiler makes it a vector loop.
        if value.iter().fold(false, |bad, byte| bad | is_control(*byte)) {
            return Err(HeadFault::FieldValue);
        }
        let value = trim_blanks(value);
        match Known::of(name, letters)? {
            None => Ok(()),
            Some(Known::Host) => self.read_host(value),
            Some(Known::ContentLength) => self.read_length(value),
            Some(Known::TransferEncoding) => self.read_coding(value),
            Some(Known::Connection) => self.read_connection(value),
            Some(Known::Expect) => self.read_expect(value),
            Some(Known::Upgrade) => {
                let is_first = !std::mem::replace(&mut self.upgrade, true);
                self.websocket = is_first && value.eq_ignore_ascii_case(b"websocket");
                Ok(())
            }
        }
    }

    /// The rules that need all fields: framing, and whether a protocol switch is asked for.
    pub(super) fn conclude(&self) -> Result<Concluded, HeadFault> {
        if !self.host {
            return Err(HeadFault::HostMissing);
        }
        if self.chunked && self.version == Version::Http10 {
            return Err(HeadFault::CodingInOldVersion);
        }
        let body = match (self.chunked, self.length) {
            (true, Some(_)) => return Err(HeadFault::CodingAndLength),
            (true, None) => BodyLength::Chunked,
            (false, length) => BodyLength::Exact(length.unwrap_or(0)),
        };
        let is_current = self.version == Version::Http11;
        let is_bare =
            is_current && !self.chunked && self.length.is_none() && !self.expect && !self.nominates;
        Ok(Concluded {
            body,
            // RFC 9110 section 7.8: Upgrade in an HTTP/1.0 request is ignored.
            upgrade: self.upgrade && is_current,
            close: self.close,
            plain: is_bare && !self.upgrade && !self.switches,
            websocket: is_bare && self.websocket && self.switches,
        })
    }

    fn read_host(&mut self, value: &[u8]) -> Result<(), HeadFault> {
        if std::mem::replace(&mut self.host, true) {
            return Err(HeadFault::HostRepeated);
        }
        if !valid_authority(value) {
            return Err(HeadFault::Host);
        }
        match self.named {
            Some(named) if !named.eq_ignore_ascii_case(value) => Err(HeadFault::HostDiffers),
            Some(_) | None => Ok(()),
        }
    }

    fn read_length(&mut self, value: &[u8]) -> Result<(), HeadFault> {
        let digits = matches!(value.len(), 1..=MAX_LENGTH_DIGITS)
            && value.iter().all(u8::is_ascii_digit)
            && (value.len() == 1 || value[0] != b'0');
        if !digits {
            return Err(HeadFault::Length);
        }
        let number = value.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        match self.length.replace(number) {
            Some(_) => Err(HeadFault::LengthRepeated),
            None => Ok(()),
        }
    }

    fn read_coding(&mut self, value: &[u8]) -> Result<(), HeadFault> {
        if std::mem::replace(&mut self.chunked, true) {
            return Err(HeadFault::Coding);
        }
        if value.eq_ignore_ascii_case(b"chunked") {
            return Ok(());
        }
        // RFC 9112 section 6.1: 501 for a coding that is not understood, but section 6.3: 400
        // when the last one is not `chunked`, for then nobody knows where the body ends.
        let mut codings = value.rsplit(|byte| *byte == b',').map(trim_blanks);
        let ends = codings.next().is_some_and(|last| last.eq_ignore_ascii_case(b"chunked"));
        let foreign = |coding: &[u8]| is_token(coding) && !coding.eq_ignore_ascii_case(b"chunked");
        if ends && codings.all(foreign) {
            return Err(HeadFault::CodingUnknown);
        }
        Err(HeadFault::Coding)
    }

    fn read_connection(&mut self, value: &[u8]) -> Result<(), HeadFault> {
        for option in value.split(|byte| *byte == b',').map(trim_blanks) {
            if option.is_empty() {
                continue;
            }
            self.connection_options += 1;
            if self.connection_options > MAX_CONNECTION_OPTIONS
                || !is_token(option)
                || must_arrive(option)
            {
                return Err(HeadFault::ConnectionOption);
            }
            if option.eq_ignore_ascii_case(b"close") {
                self.close = true;
            } else if option.eq_ignore_ascii_case(b"upgrade") {
                self.switches = true;
            } else if !option.eq_ignore_ascii_case(b"keep-alive") {
                self.nominates = true;
            }
        }
        Ok(())
    }

    fn read_expect(&mut self, value: &[u8]) -> Result<(), HeadFault> {
        let repeated = std::mem::replace(&mut self.expect, true);
        if repeated || !value.eq_ignore_ascii_case(b"100-continue") {
            return Err(HeadFault::Expectation);
        }
        Ok(())
    }
}

/// The fields that are read here.
#[derive(Clone, Copy)]
enum Known {
    Host,
    ContentLength,
    TransferEncoding,
    Connection,
    Expect,
    Upgrade,
}

impl Known {
    /// Which field `name`, with this many letters and digits, is. A name that is one of them only after its punctuation is taken out
    /// is refused: servers that hand headers on as `CONTENT_LENGTH` cannot tell the two apart.
    fn of(name: &[u8], letters: usize) -> Result<Option<Self>, HeadFault> {
        let (canonical, known): (&[u8], Self) = match letters {
            4 => (b"host", Self::Host),
            6 => (b"expect", Self::Expect),
            7 => (b"upgrade", Self::Upgrade),
            10 => (b"connection", Self::Connection),
            13 => (b"content-length", Self::ContentLength),
            16 => (b"transfer-encoding", Self::TransferEncoding),
            _ => return Ok(None),
        };
        if name.eq_ignore_ascii_case(canonical) {
            Ok(Some(known))
        } else if same_letters(name, canonical) {
            Err(HeadFault::FieldAlias)
        } else {
            Ok(None)
        }
    }
}

/// Fields that a `Connection` option must not take away from the next hop.
fn must_arrive(option: &[u8]) -> bool {
    const WHOLE: [&[u8]; 5] =
        [b"host", b"content-length", b"transfer-encoding", b"forwarded", b"x-real-ip"];
    const START: &[u8] = b"xforwarded";
    let mut letters = letters(option);
    WHOLE.iter().any(|name| same_letters(option, name))
        || START.iter().all(|wanted| letters.next() == Some(*wanted))
}

fn same_letters(left: &[u8], right: &[u8]) -> bool {
    letters(left).eq(letters(right))
}

/// Letters and digits in lower case, everything else left out.
fn letters(name: &[u8]) -> impl Iterator<Item = u8> + '_ {
    name.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase)
}

/// Optional white space is SP and HTAB, nothing else (RFC 9110 section 5.6.3).
fn trim_blanks(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

fn is_control(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t') || byte == 0x7f
}

fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| is_token_byte(*byte))
}

/// `tchar` of RFC 9110 section 5.6.2.
pub(super) fn is_token_byte(byte: u8) -> bool {
    CLASS[usize::from(byte)] > 0
}

/// Letters and digits in a name; the other token characters are 1, everything else is 0.
const LETTER: u8 = 2;

const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let punctuation = b"!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < punctuation.len() {
        table[punctuation[at] as usize] = 1;
        at += 1;
    }
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            table[byte as usize] = LETTER;
        }
        byte += 1;
    }
    table
};
