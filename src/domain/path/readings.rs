//! Works out the readings of an odd path.
//!
//! Every step that some server takes on a path is an [`Operation`]; the readings are all the paths
//! that up to three decodings and any of the other steps, in any order, can make of it. Two servers
//! that take the same steps in another order see different paths (`%3b` is a parameter only for
//! who decodes first), so the order is not assumed.
//!
//! Blanks and bytes outside ASCII can be sent encoded only, so there is nothing to choose: they count
//! as themselves in every reading, and `/my%20file` is no odd path but the one of a rule `/my file`.

use std::collections::HashSet;
use std::fmt;

use super::{Reading, TargetError};

/// How often an application is taken to decode a path at most: itself, and two layers before it.
pub const MOST_DECODINGS: u8 = 3;
/// Most readings of one path. Honest paths, with everything odd at once, have fewer than half.
pub const MOST_READINGS: usize = 128;
/// Most bytes of all readings of one path together, so that long paths are not the dearer ones.
const MOST_BYTES: usize = 256 * 1024;

/// The readings of `path`; empty when it has only one, itself.
pub(super) fn of(path: &[u8]) -> Result<Vec<StoredReading>, TargetError> {
    if is_ordinary(path) {
        check(path)?;
        return Ok(Vec::new());
    }
    check_percents(path)?;
    let mut found = Found::default();
    found.add(decode(path, has_one_spelling), Steps::default())?;
    let mut level = 0;
    for decodings in 0..=MOST_DECODINGS {
        found.close_from(level)?;
        let end = found.list.len();
        for at in level..end {
            if decodings < MOST_DECODINGS && found.list[at].bytes.contains(&b'%') {
                found.decode(at)?;
            }
        }
        level = end;
    }
    Ok(found.list)
}

/// What an application did to a path before it compared it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    decodings: u8,
    kept_slashes: bool,
    done: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredReading {
    bytes: Box<[u8]>,
    steps: Steps,
    has_upper_case: bool,
}

impl StoredReading {
    pub(super) fn as_reading(&self) -> Reading<'_> {
        Reading { bytes: &self.bytes, steps: self.steps, has_upper_case: self.has_upper_case }
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return out.write_str("as received");
        }
        let times = ["", "decoded", "decoded twice", "decoded three times"];
        let decoded =
            times.get(usize::from(self.decodings)).copied().filter(|word| !word.is_empty());
        let kept = self.kept_slashes.then_some("encoded slashes kept");
        let others = OPERATIONS.iter().filter(|(bit, ..)| self.done & bit != 0);
        let words = decoded.into_iter().chain(kept).chain(others.map(|(_, words, _)| *words));
        for (at, word) in words.enumerate() {
            write!(out, "{}{word}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// One step: its bit in [`Steps`], its name, and what it does; nothing when it changes nothing.
type Operation = (u8, &'static str, fn(&[u8]) -> Option<Vec<u8>>);

const OPERATIONS: [Operation; 8] = [
    (1, "`\\` read as `/`", backslashes_as_slashes),
    (2, "`;params` removed", without_parameters),
    (4, "cut at `;`", cut_at_semicolon),
    (8, "cut at `?` or `#`", cut_at_query),
    (16, "slashes merged", slashes_merged),
    (32, "leading slashes merged", leading_slashes_merged),
    (64, "full-width characters narrowed", narrowed),
    (128, "case ignored", folded_path),
];

/// The readings found so far.
#[derive(Default)]
struct Found {
    list: Vec<StoredReading>,
    seen: HashSet<Box<[u8]>>,
    bytes: usize,
}

impl Found {
    /// Adds what every operation makes of the readings from `start` on, until nothing new comes.
    fn close_from(&mut self, start: usize) -> Result<(), TargetError> {
        let mut at = start;
        while at < self.list.len() {
            for (bit, _, operation) in OPERATIONS {
                let StoredReading { bytes, steps, .. } = &self.list[at];
                let steps = Steps { done: steps.done | bit, ..*steps };
                if let Some(path) = operation(bytes) {
                    self.add(path, steps)?;
                }
            }
            at += 1;
        }
        Ok(())
    }

    /// Adds the reading at `at` decoded once more, in full and (as Apache's `NoDecode` does)
    /// without the encoded slashes.
    fn decode(&mut self, at: usize) -> Result<(), TargetError> {
        let StoredReading { bytes, steps, .. } = &self.list[at];
        let steps = Steps { decodings: steps.decodings + 1, ..*steps };
        let (full, kept) = (decode(bytes, |_| true), decode(bytes, |byte| byte != b'/'));
        self.add(full, steps)?;
        self.add(kept, Steps { kept_slashes: true, ..steps })
    }

    fn add(&mut self, path: Vec<u8>, steps: Steps) -> Result<(), TargetError> {
        if self.seen.contains(path.as_slice()) {
            return Ok(());
        }
        check(&path)?;
        self.bytes += path.len();
        if self.list.len() >= MOST_READINGS || self.bytes > MOST_BYTES {
            return Err(TargetError::Ambiguous);
        }
        let bytes = path.into_boxed_slice();
        self.seen.insert(bytes.clone());
        let has_upper_case = bytes.iter().any(u8::is_ascii_uppercase);
        self.list.push(StoredReading { bytes, steps, has_upper_case });
        Ok(())
    }
}

/// Whether everybody reads the path in the same way, but for the case.
fn is_ordinary(path: &[u8]) -> bool {
    let mut before = 0;
    for &byte in path {
        if byte == b'%' || byte == b';' || (byte == b'/' && before == b'/') {
            return false;
        }
        before = byte;
    }
    true
}

/// Refuses what is refused in every reading.
fn check(path: &[u8]) -> Result<(), TargetError> {
    if path.iter().any(u8::is_ascii_control) {
        return Err(TargetError::EncodedControl);
    }
    if !path.is_ascii() && path.windows(2).any(starts_overlong) {
        return Err(TargetError::Overlong);
    }
    let is_dots = |segment: &[u8]| {
        let name = segment.split(|&byte| byte == b';').next().unwrap_or(segment);
        name == b"." || name == b".."
    };
    if path.split(|&byte| byte == b'/' || byte == b'\\').any(is_dots) {
        return Err(TargetError::DotSegment);
    }
    Ok(())
}

/// The first two bytes of a sequence that encodes a character in more bytes than it needs.
fn starts_overlong(pair: &[u8]) -> bool {
    matches!(pair, [0xc0 | 0xc1, 0x80..=0xbf] | [0xe0, 0x80..=0x9f] | [0xf0, 0x80..=0x8f])
}

fn check_percents(path: &[u8]) -> Result<(), TargetError> {
    let mut rest = path;
    while let Some(at) = rest.iter().position(|&byte| byte == b'%') {
        rest = &rest[at..];
        if encoded_byte(rest).is_none() {
            return Err(TargetError::BadPercent);
        }
        rest = &rest[3..];
    }
    Ok(())
}

/// The byte that `%XX` at the start of `text` stands for.
fn encoded_byte(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit =
        |byte: &u8| char::from(*byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// Bytes that cannot be sent in any other way than encoded: decoding them is nobody's choice.
fn has_one_spelling(byte: u8) -> bool {
    byte == b' ' || !byte.is_ascii()
}

/// Decodes once the bytes that `wanted` names. A `%` that encodes nothing stands for itself, as the
/// lenient decoders have it; at the first level it was refused already.
fn decode(path: &[u8], wanted: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some(&first) = rest.first() {
        let (byte, taken) = match encoded_byte(rest) {
            Some(byte) if wanted(byte) => (byte, 3),
            _ => (first, 1),
        };
        decoded.push(byte);
        rest = &rest[taken..];
    }
    decoded
}

fn backslashes_as_slashes(path: &[u8]) -> Option<Vec<u8>> {
    path.contains(&b'\\')
        .then(|| path.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect())
}

/// RFC 3986 3.3 `;params`, as Tomcat and Jetty remove them from each segment.
fn without_parameters(path: &[u8]) -> Option<Vec<u8>> {
    path.contains(&b';').then(|| {
        let mut inside = false;
        let keep = |byte: &u8| {
            inside = *byte != b'/' && (inside || *byte == b';');
            !inside
        };
        path.iter().copied().filter(keep).collect()
    })
}

fn cut_at_semicolon(path: &[u8]) -> Option<Vec<u8>> {
    cut(path, |byte| byte == b';')
}

/// Servers that decode first and look for the query later (CVE-2024-38474).
fn cut_at_query(path: &[u8]) -> Option<Vec<u8>> {
    cut(path, |byte| byte == b'?' || byte == b'#')
}

fn cut(path: &[u8], is_end: impl Fn(u8) -> bool) -> Option<Vec<u8>> {
    let end = path.iter().position(|&byte| is_end(byte))?;
    Some(path[..end].to_vec())
}

fn slashes_merged(path: &[u8]) -> Option<Vec<u8>> {
    path.windows(2).any(|pair| pair == b"//").then(|| {
        let mut merged = path.to_vec();
        merged.dedup_by(|byte, before| *byte == b'/' && *before == b'/');
        merged
    })
}

fn leading_slashes_merged(path: &[u8]) -> Option<Vec<u8>> {
    let slashes = path.iter().take_while(|&&byte| byte == b'/').count();
    (slashes > 1).then(|| path[slashes - 1..].to_vec())
}

/// Full-width ASCII (U+FF01 to U+FF5E) and dot leaders as the characters they look like, which is
/// what NFKC and Windows' best-fit mapping make of them.
fn narrowed(path: &[u8]) -> Option<Vec<u8>> {
    if path.is_ascii() {
        return None;
    }
    let mut narrow = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some(&first) = rest.first() {
        let (text, taken): (&[u8], usize) = match *rest {
            [0xef, 0xbc, low @ 0x81..=0xbf, ..] => (&[low - 0x60], 3),
            [0xef, 0xbd, low @ 0x80..=0x9e, ..] => (&[low - 0x20], 3),
            [0xe2, 0x80, 0xa4, ..] => (b".", 3),
            [0xe2, 0x80, 0xa5, ..] => (b"..", 3),
            _ => (&[first], 1),
        };
        narrow.extend_from_slice(text);
        rest = &rest[taken..];
    }
    (narrow != path).then_some(narrow)
}

/// Case beyond ASCII; the pattern ignores that of ASCII without a reading of its own.
fn folded_path(path: &[u8]) -> Option<Vec<u8>> {
    (!path.is_ascii()).then(|| folded(path)).filter(|folded| folded != path)
}

/// One spelling for all cases: `K`, `k` and the Kelvin sign, `S`, `s` and the long s.
pub(super) fn folded(text: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(text) {
        Ok(text) => text.to_uppercase().to_lowercase().into_bytes(),
        Err(_) => text.to_ascii_lowercase(),
    }
}
