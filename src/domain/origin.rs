//! Hosts and web origins.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// Whether this is a host name in the form that we store: lower-case letters, digits and hyphens
/// (RFC 1123), labels of 1 to 63 bytes, at most 253 in all, no trailing dot, valid punycode, and
/// nothing that a browser would read as an IPv4 address (a last label that is a number, WHATWG URL
/// 3.5).
pub(super) fn is_dns_name(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(is_label)
        && text.rsplit('.').next().is_some_and(|label| !is_number(label))
        && (!text.contains("xn--") || is_mapped(text))
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_number(label: &str) -> bool {
    match label.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// Refuses `xn--` labels that stand for something else or for nothing (CVE-2024-12224).
fn is_mapped(name: &str) -> bool {
    let mapped = Uts46::new().to_ascii(
        name.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Verify,
    );
    mapped.is_ok_and(|mapped| mapped == name)
}
