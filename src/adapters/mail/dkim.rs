//! Signs messages (RFC 6376): relaxed/relaxed, because relays fold lines anew and trim them.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::domain::dkim::{DkimKeyError, DkimSigner};

/// The fields that are signed. Each is named once more than it is there, so that nobody can add
/// another one that a mail program would show instead (RFC 6376, 8.15).
const SIGNED: [&str; 11] = [
    "From",
    "To",
    "Cc",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Auto-Submitted",
];
/// Where the signature's value is folded, in characters.
const FOLD: usize = 72;

/// Puts a signature of each signer before a message. `rewritten` are the fields that the relay puts
/// its own in place of: they are not signed.
///
/// There is no time in a signature (`t=`): nothing needs it, and with a clock that is ahead of
/// theirs receivers take the signature for a wrong one.
///
/// # Errors
/// When a key does not sign.
pub(super) fn signed<'a>(
    message: Vec<u8>,
    signers: impl Iterator<Item = &'a DkimSigner>,
    rewritten: &[&str],
) -> Result<Vec<u8>, DkimKeyError> {
    let mut signers = signers.peekable();
    if signers.peek().is_none() {
        return Ok(message);
    }
    let split = memchr::memmem::find(&message, b"\r\n\r\n").map_or(message.len(), |at| at + 2);
    let (head, body) = message.split_at(split);
    let fields = fields(head);
    let body_digest = STANDARD.encode(Sha256::digest(relaxed_body(body.get(2..).unwrap_or(b""))));
    let mut whole = Vec::with_capacity(message.len() + 1024);
    for signer in signers {
        whole.extend_from_slice(&signature(&fields, &body_digest, signer, rewritten)?);
    }
    whole.extend_from_slice(&message);
    Ok(whole)
}

fn signature(
    fields: &[(&str, &str)],
    body_digest: &str,
    signer: &DkimSigner,
    rewritten: &[&str],
) -> Result<Vec<u8>, DkimKeyError> {
    let mut names = Vec::new();
    let mut text = String::new();
    for name in SIGNED.into_iter().filter(|name| !rewritten.contains(name)) {
        // From the last one upwards (RFC 6376, 5.4.2); the one too many is an empty text.
        for (_, value) in fields.iter().rev().filter(|(it, _)| it.eq_ignore_ascii_case(name)) {
            text.push_str(&relaxed_field(name, value));
            text.push_str("\r\n");
            names.push(name);
        }
        names.push(name);
    }
    let (domain, selector) = (signer.domain.as_str(), signer.selector.as_str());
    let algorithm = signer.key.algorithm();
    let names = folded_names(&names);
    let value = format!(
        "v=1; a={algorithm}; c=relaxed/relaxed;\r\n\td={domain}; s={selector};\r\n\th={names};\r\n\t\
         bh={body_digest};\r\n\tb="
    );
    text.push_str(&relaxed_field("DKIM-Signature", &value));
    let signature = STANDARD.encode(signer.key.sign(text.as_bytes())?);
    let mut field = format!("DKIM-Signature: {value}");
    for (index, letter) in signature.chars().enumerate() {
        if index > 0 && index % FOLD == 0 {
            field.push_str("\r\n\t");
        }
        field.push(letter);
    }
    field.push_str("\r\n");
    Ok(field.into_bytes())
}

/// The names with colons between, on lines that are not too long.
fn folded_names(names: &[&str]) -> String {
    let mut text = String::new();
    let mut line = 0;
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            text.push(':');
            if line + name.len() > FOLD {
                text.push_str("\r\n\t ");
                line = 0;
            }
        }
        text.push_str(name);
        line += name.len() + 1;
    }
    text
}

/// Names and values of a head; the values with their folds.
fn fields(head: &[u8]) -> Vec<(&str, &str)> {
    // The builder writes ASCII.
    let head = std::str::from_utf8(head).unwrap_or_default();
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut start = 0;
    for line in head.split_inclusive("\r\n") {
        let end = start + line.len();
        match found.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => last.1 = end,
            _ => found.push((start, end)),
        }
        start = end;
    }
    let field = |(start, end): (usize, usize)| head[start..end].split_once(':');
    found.into_iter().filter_map(field).collect()
}

/// RFC 6376, 3.4.2, without the line end.
fn relaxed_field(name: &str, value: &str) -> String {
    let value = value.replace("\r\n", "");
    let words: Vec<_> = value.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
    format!("{}:{}", name.to_ascii_lowercase(), words.join(" "))
}

/// RFC 6376, 3.4.4.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let text: Cow<'_, str> = String::from_utf8_lossy(body);
    let mut relaxed = String::with_capacity(text.len());
    let mut empty_lines = 0;
    for line in text.split("\r\n") {
        let line = relaxed_line(line);
        if line.is_empty() {
            empty_lines += 1;
            continue;
        }
        for _ in 0..empty_lines {
            relaxed.push_str("\r\n");
        }
        empty_lines = 0;
        relaxed.push_str(&line);
        relaxed.push_str("\r\n");
    }
    relaxed.into_bytes()
}

/// A line with one blank for each run of them, and none at its end.
fn relaxed_line(line: &str) -> String {
    let mut relaxed = String::with_capacity(line.len());
    let mut blank = false;
    for letter in line.chars() {
        if matches!(letter, ' ' | '\t') {
            blank = true;
            continue;
        }
        if blank {
            relaxed.push(' ');
            blank = false;
        }
        relaxed.push(letter);
    }
    relaxed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6376, 3.4.5.
    #[test]
    fn the_example_of_the_rfc() {
        let head = "A: X\r\nB : Y\t\r\n\tZ  \r\n";
        let relaxed: Vec<_> = fields(head.as_bytes())
            .iter()
            .map(|(name, value)| relaxed_field(name.trim_end(), value))
            .collect();
        assert_eq!(relaxed, ["a:X", "b:Y Z"]);
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
    }

    #[test]
    fn bodies_end_with_one_line_end_or_are_nothing() {
        for (body, relaxed) in [
            ("", ""),
            ("\r\n\r\n", ""),
            (" \t\r\n", ""),
            ("a", "a\r\n"),
            ("a\r\n\r\nb \r\n", "a\r\n\r\nb\r\n"),
        ] {
            assert_eq!(relaxed_body(body.as_bytes()), relaxed.as_bytes(), "{body:?}");
        }
    }

    #[test]
    fn names_are_folded() {
        let names = folded_names(&["Content-Transfer-Encoding"; 8]);
        assert!(names.split("\r\n").all(|line| line.len() <= FOLD + 8), "{names}");
        assert_eq!(names.replace("\r\n\t ", "").split(':').count(), 8);
    }
}
