//! The shape of a `Host` value.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether `host` is an LDH name, an IPv4 address or a bracketed IPv6 address, with an optional
/// port. Which site it names is decided later; here only values that two readers could take for
/// different hosts are kept out (RFC 9110 section 7.2, RFC 3986 section 3.2.2).
///
/// Narrower than the RFC grammar on purpose: no percent-encoding, no userinfo, no sub-delims, no
/// underscore, no empty port, no IPvFuture, no zone.
pub(super) fn valid_authority(host: &[u8]) -> bool {
    if let Some(rest) = host.strip_prefix(b"[") {
        let Some(end) = memchr::memchr(b']', rest) else { return false };
        return parses::<Ipv6Addr>(&rest[..end]) && valid_port(&rest[end + 1..]);
    }
    let end = memchr::memchr(b':', host).unwrap_or(host.len());
    valid_name(&host[..end]) && valid_port(&host[end..])
}

/// Nothing, or a colon and 1 to 65535 in at most five digits.
fn valid_port(suffix: &[u8]) -> bool {
    let Some(digits) = suffix.strip_prefix(b":") else { return suffix.is_empty() };
    let short = matches!(digits.len(), 1..=5) && digits.iter().all(u8::is_ascii_digit);
    let number = digits.iter().fold(0_u32, |sum, digit| {
        sum.wrapping_mul(10).wrapping_add(u32::from(digit.wrapping_sub(b'0')))
    });
    short && matches!(number, 1..=65535)
}

fn valid_name(name: &[u8]) -> bool {
    // One trailing dot is the root and legal; the origin rules decide what it means.
    let name = name.strip_suffix(b".").unwrap_or(name);
    if name.is_empty() || name.len() > 253 {
        return false;
    }
    let mut last: &[u8] = b"";
    for label in name.split(|byte| *byte == b'.') {
        let ldh = label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        let hyphen_outside = label.starts_with(b"-") || label.ends_with(b"-");
        if label.is_empty() || label.len() > 63 || !ldh || hyphen_outside {
            return false;
        }
        last = label;
    }
    // `127.1` and `0x7f.1` are names to some readers and 127.0.0.1 to others (WHATWG URL,
    // "ends in a number"): a last label that is a number must close a plain dotted quad.
    let numeric =
        last.iter().all(u8::is_ascii_digit) || last.starts_with(b"0x") || last.starts_with(b"0X");
    !numeric || parses::<Ipv4Addr>(name)
}

fn parses<T: std::str::FromStr>(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.parse::<T>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_hosts_pass() {
        for host in [
            "app.example.com",
            "APP.EXAMPLE.COM",
            "localhost",
            "localhost:8080",
            "app.example.com.",
            "app.example.com:443",
            "xn--bcher-kva.example",
            "192.0.2.1",
            "192.0.2.1:65535",
            "[2001:db8::1]",
            "[::1]:8080",
            "1password.example",
            "a.1b",
        ] {
            assert!(valid_authority(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn ambiguous_hosts_do_not() {
        let long_label = format!("{}.example", "a".repeat(64));
        let long_name = ["a"; 128].join(".");
        for host in [
            "",
            ".",
            "..",
            ":80",
            "a..b",
            ".a",
            "-a.example",
            "a-.example",
            "app.example.com, evil.test",
            "app.example.com/public",
            "app.example.com\\public",
            "app.example.com\tx",
            "a b",
            "user@app.example.com",
            "app.example.com:",
            "app.example.com:x",
            "app.example.com:0",
            "app.example.com:65536",
            "app.example.com:000080",
            "app.example.com:80:80",
            "app.example.com:+80",
            "app_1.example.com",
            "app%2eexample.com",
            "app\u{3002}example.com",
            "127.1",
            "0x7f.1",
            "a.0x7f",
            "2130706433",
            "256.0.0.1",
            "010.0.0.1",
            "[::1",
            "::1",
            "[::1]x",
            "[::1%25eth0]",
            "[v1.x]",
            "[192.0.2.1]",
            long_label.as_str(),
            long_name.as_str(),
        ] {
            assert!(!valid_authority(host.as_bytes()), "{host}");
        }
    }
}
