use proptest::prelude::*;

use super::*;

/// A head as browsers send it, about 500 bytes.
const BROWSER: &str = "GET /dashboard?tab=1&q=%C3%BC HTTP/1.1\r\n\
    Host: app.example.com\r\n\
    Connection: keep-alive\r\n\
    sec-ch-ua: \"Chromium\";v=\"156\", \"Not=A?Brand\";v=\"24\"\r\n\
    sec-ch-ua-mobile: ?0\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: de-DE,de;q=0.9\r\n\
    Cookie: __Host-linkgate-session=0123456789; theme=dark\r\n\
    \r\n";

fn check(head: &str) -> Result<HeadFacts, HeadFault> {
    check_head(head.as_bytes(), &WireLimits::default())
}

/// A GET with these field lines after Host.
fn with_fields(fields: &str) -> Result<HeadFacts, HeadFault> {
    check(&format!("POST / HTTP/1.1\r\nHost: app.example.com\r\n{fields}\r\n\r\n"))
}

fn scan(bytes: &[u8]) -> Result<Option<usize>, HeadFault> {
    HeadScan::default().find_end(bytes, &WireLimits::default())
}

#[test]
fn what_clients_send_is_accepted() {
    let empty = BodyLength::Exact(0);
    for (head, body, upgrade) in [
        (BROWSER, empty, false),
        (
            "GET / HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n",
            empty,
            false,
        ),
        ("GET / HTTP/1.0\r\nHost: app.example.com\r\n\r\n", empty, false),
        ("GET / HTTP/1.1\r\nhost:app.example.com\r\nEmpty:\r\nX: \t a\tb \t\r\n\r\n", empty, false),
        ("GET / HTTP/1.1\r\nHost: [::1]:80\r\nX: caf\u{e9}\r\n\r\n", empty, false),
        (
            "PROPFIND /~a/;b=(c)|\"{}^`<> HTTP/1.1\r\nHost: a.example\r\nDepth: 1\r\n\r\n",
            empty,
            false,
        ),
        ("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n", empty, false),
        (
            "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 23\r\nExpect: 100-continue\r\n\r\n",
            BodyLength::Exact(23),
            false,
        ),
        (
            "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 999999999999999999\r\n\r\n",
            BodyLength::Exact(999_999_999_999_999_999),
            false,
        ),
        (
            "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding:  Chunked\t\r\n\r\n",
            BodyLength::Chunked,
            false,
        ),
        (
            "GET /ws HTTP/1.1\r\nHost: a.example\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
            empty,
            true,
        ),
        ("GET /ws HTTP/1.0\r\nHost: a.example\r\nUpgrade: websocket\r\n\r\n", empty, false),
        (
            "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n",
            empty,
            true,
        ),
        (
            "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: , TE,, close ,\r\nTE: trailers\r\n\r\n",
            empty,
            false,
        ),
    ] {
        let found = check(head).unwrap_or_else(|fault| panic!("{head:?}: {fault}"));
        let facts = (found.len, found.lead, found.absolute.len(), found.body, found.upgrade);
        assert_eq!(facts, (head.len(), 0, 0, body, upgrade), "{head:?}");
        assert_eq!(scan(head.as_bytes()), Ok(Some(head.len())), "{head:?}");
    }
}

#[test]
fn one_leading_empty_line_is_left_out_and_the_body_is_not_read() {
    let wire = format!("\r\n{BROWSER}\n\0anything");
    let facts = check(&wire).unwrap();
    assert_eq!((facts.lead, facts.len), (2, BROWSER.len()));
    assert_eq!(scan(wire.as_bytes()), Ok(Some(2 + BROWSER.len())));
    assert_eq!(scan(b"\r\n\r\nGET / HTTP/1.1\r\n"), Err(HeadFault::BlankLines));
}

#[test]
fn request_lines_are_exact() {
    use HeadFault::{
        HostDiffers, Method, MethodRefused, RequestLine, TargetByte, TargetForm, TargetTooLong,
        Version,
    };
    let long_method = format!("{} / HTTP/1.1", "G".repeat(33));
    let long_target = format!("GET /{} HTTP/1.1", "a".repeat(MAX_TARGET));
    for (line, fault) in [
        ("GET", RequestLine),
        ("GET /", RequestLine),
        ("GET / ", RequestLine),
        ("GET / http/1.1", RequestLine),
        ("GET / HTTP/1.1x", RequestLine),
        ("GET / HTTP/1.1 ", RequestLine),
        ("GET / HTTP/11", RequestLine),
        ("GET / XTTP/1.1", RequestLine),
        ("GET / HTTP/0.9", Version),
        ("GET / HTTP/1.2", Version),
        ("GET / HTTP/2.0", Version),
        ("PRI * HTTP/2.0", Version),
        (" GET / HTTP/1.1", Method),
        ("GE\u{1}T / HTTP/1.1", Method),
        ("GE:T / HTTP/1.1", Method),
        ("GET\t/ HTTP/1.1", Method),
        ("\u{16}\u{3}\u{1} / HTTP/1.1", Method),
        (&long_method, Method),
        ("TRACE / HTTP/1.1", MethodRefused),
        ("trace / HTTP/1.1", MethodRefused),
        ("CONNECT evil.test:443 HTTP/1.1", MethodRefused),
        ("OPTIONS * HTTP/1.1", TargetForm),
        ("GET admin HTTP/1.1", TargetForm),
        ("GET @evil.test/admin HTTP/1.1", TargetForm),
        ("GET ?x=/public/ HTTP/1.1", TargetForm),
        ("GET http://app.example.com HTTP/1.1", TargetForm),
        ("GET http://app.example.com?x HTTP/1.1", TargetForm),
        ("GET http:/\\app.example.com/ HTTP/1.1", TargetForm),
        ("GET http:///admin HTTP/1.1", HostDiffers),
        ("GET http://evil.test/ HTTP/1.1", HostDiffers),
        ("GET http://x@app.example.com/ HTTP/1.1", HostDiffers),
        ("GET http://app.example.com:80/ HTTP/1.1", HostDiffers),
        ("GET HTTPS://evil.test/ HTTP/1.1", HostDiffers),
        ("GET http://app.example.com\\@evil.test/ HTTP/1.1", TargetForm),
        ("GET ftp://app.example.com/ HTTP/1.1", TargetForm),
        ("GET http:\\\\app.example.com\\admin HTTP/1.1", TargetForm),
        ("GET  /admin HTTP/1.1", TargetForm),
        ("GET /public/ /../admin HTTP/1.1", TargetByte),
        ("GET /public/x HTTP/1.1 /admin HTTP/1.1", TargetByte),
        ("GET /admin  HTTP/1.1", TargetByte),
        ("GET /a\tb HTTP/1.1", TargetByte),
        ("GET /a\u{0}b HTTP/1.1", TargetByte),
        ("GET /a\u{7f} HTTP/1.1", TargetByte),
        ("GET /\u{fc} HTTP/1.1", TargetByte),
        ("GET /public\\..\\admin HTTP/1.1", TargetByte),
        ("GET /admin#/public/ HTTP/1.1", TargetByte), // GHSA-pxq7-h93f-9jrg
        (&long_target, TargetTooLong),
    ] {
        let head = format!("{line}\r\nHost: app.example.com\r\n\r\n");
        assert_eq!(check(&head), Err(fault), "{line:?}");
    }
}

#[test]
fn line_ends_and_fields_are_exact() {
    use HeadFault::{BareLineFeed, FieldName, FieldValue, Folded, Truncated};
    for (head, fault) in [
        ("", Truncated),
        ("GET / HTTP/1.1\r\nHost: a.example\r\n", Truncated),
        ("GET / HTTP/1.1\nHost: a.example\n\n", BareLineFeed),
        ("GET / HTTP/1.1\r\nHost: a.example\nX: y\r\n\r\n", BareLineFeed),
        ("GET / HTTP/1.1\r\nHost: a.example\r\nX: y\r\n\n", BareLineFeed),
        ("\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n", BareLineFeed),
        ("GET / HTTP/1.1\r\nHost: a.example\r\nX: y\r\r\n\r\n", FieldValue),
        ("GET / HTTP/1.1\r\nHost: a.example\rX: y\r\n\r\n", FieldValue),
        ("GET / HTTP/1.1\r\nHost: a.example\r\nX: a\r\n b\r\n\r\n", Folded),
        ("GET / HTTP/1.1\r\n Host: evil.test\r\nHost: a.example\r\n\r\n", Folded),
        ("GET / HTTP/1.1\r\nHost : a.example\r\n\r\n", FieldName),
        ("GET / HTTP/1.1\r\nHost: a.example\r\n: x\r\n\r\n", FieldName),
        ("GET / HTTP/1.1\r\nHost: a.example\r\nX Y: z\r\n\r\n", FieldName),
        ("GET / HTTP/1.1\r\nHost: a.example\r\nno colon\r\n\r\n", FieldName),
        ("GET / HTTP/1.1\r\nHost: a.example\r\nnocolon\r\n\r\n", FieldName),
        ("GET / HTTP/1.1\r\nHost: a.example\r\nX\u{0}: z\r\n\r\n", FieldName),
        ("GET / HTTP/1.1\r\nHost: a.example\r\nX\u{e9}: z\r\n\r\n", FieldName),
        ("GET / HTTP/1.1\r\nHost: a.example\r\nX: a\u{0}b\r\n\r\n", FieldValue),
        ("GET / HTTP/1.1\r\nHost: a.example\r\nX: a\u{1}b\r\n\r\n", FieldValue),
        ("GET / HTTP/1.1\r\nHost: a.example\r\nX: a\u{7f}b\r\n\r\n", FieldValue),
    ] {
        assert_eq!(check(head), Err(fault), "{head:?}");
    }
}

#[test]
fn there_is_exactly_one_plain_host() {
    use HeadFault::{FieldAlias, Host, HostMissing, HostRepeated};
    for (fields, fault) in [
        ("X: y", HostMissing),
        ("Host:", Host),
        ("Host: \t", Host),
        ("Host: a.example, evil.test", Host),
        ("Host: a.example\\public", Host),
        ("Host: a.example/public", Host),
        ("Host: user@a.example", Host),
        ("Host: a.example:x", Host),
        ("Host: a\tb", Host),
        ("Host: \u{3002}", Host),
        ("Host: a.example\r\nHost: a.example", HostRepeated),
        ("Host: a.example\r\nhOST: evil.test", HostRepeated),
        ("Host: a.example\r\nHo-st: evil.test", FieldAlias),
        ("Host: a.example\r\nHost_: evil.test", FieldAlias),
    ] {
        for version in ["1.0", "1.1"] {
            let head = format!("GET / HTTP/{version}\r\n{fields}\r\n\r\n");
            assert_eq!(check(&head), Err(fault), "{head:?}");
        }
    }
}

#[test]
fn framing_is_said_once_and_plainly() {
    use HeadFault::{
        Coding, CodingAndLength, CodingUnknown, FieldAlias, FieldName, FieldValue, Length,
        LengthRepeated,
    };
    for (fields, fault) in [
        ("Content-Length: 5\r\nContent-Length: 5", LengthRepeated),
        ("Content-Length: 5\r\nContent-Length: 6", LengthRepeated),
        ("Content-Length: 5, 5", Length),
        ("Content-Length: +5", Length),
        ("Content-Length: -5", Length),
        ("Content-Length: 5 6", Length),
        ("Content-Length: 5\u{b}", FieldValue),
        ("Content-Length:", Length),
        ("Content-Length: 0005", Length),
        ("Content-Length: 00", Length),
        ("Content-Length: 0x5", Length),
        ("Content-Length: 5.0", Length),
        ("Content-Length: 1000000000000000000", Length),
        ("Content-Length: \u{0665}", Length),
        ("Content-Length : 5", FieldName),
        ("Transfer-Encoding: chunked\r\nContent-Length: 4", CodingAndLength),
        ("Content-Length: 0\r\nTransfer-Encoding: chunked", CodingAndLength),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", Coding),
        ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", Coding),
        ("Transfer-Encoding: identity", Coding),
        ("Transfer-Encoding:", Coding),
        ("Transfer-Encoding: xchunked", Coding),
        ("Transfer-Encoding: \"chunked\"", Coding),
        ("Transfer-Encoding: chunked;q=1", Coding),
        ("Transfer-Encoding: chunked, chunked", Coding),
        ("Transfer-Encoding: chunked, identity", Coding),
        ("Transfer-Encoding: chunked,", Coding),
        ("Transfer-Encoding: ,chunked", Coding),
        ("Transfer-Encoding: gzip, chunked", CodingUnknown),
        ("Transfer-Encoding: identity, chunked", CodingUnknown),
        ("Transfer-Encoding:\u{b}chunked", FieldValue),
        ("Transfer-Encoding: chunked\u{0}", FieldValue),
        ("Transfer-Encoding : chunked", FieldName),
        ("Transfer_Encoding: chunked", FieldAlias), // CVE-2025-64484's way, on framing
        ("Transfer.Encoding: chunked", FieldAlias),
        ("TransferEncoding: chunked", FieldAlias),
        ("Content_Length: 5", FieldAlias),
        ("content~length: 5", FieldAlias),
    ] {
        assert_eq!(with_fields(fields), Err(fault), "{fields:?}");
    }
    let old = "POST / HTTP/1.0\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(check(old), Err(HeadFault::CodingInOldVersion));
}

#[test]
fn connection_and_expect_stay_in_bounds() {
    use HeadFault::{ConnectionOption, Expectation, FieldAlias};
    for (fields, fault) in [
        ("Connection: a, b, c, d, e, f, g, h, i, j, k", ConnectionOption),
        ("Connection: a, b, c, d, e, f\r\nConnection: g, h, i, j, k", ConnectionOption),
        ("Connection: Host", ConnectionOption),
        ("Connection: close, Content-Length", ConnectionOption),
        ("Connection: transfer-encoding", ConnectionOption),
        ("Connection: X-Forwarded-For", ConnectionOption), // CVE-2024-45410
        ("Connection: x_forwarded_host", ConnectionOption),
        ("Connection: Forwarded", ConnectionOption),
        ("Connection: X-Real-IP", ConnectionOption),
        ("Connection: a b", ConnectionOption),
        ("Connection: \"close\"", ConnectionOption),
        ("Connection_: close", FieldAlias),
        ("Expect: y 100-continue", Expectation),
        ("Expect: 100-continue, 100-continue", Expectation),
        ("Expect: 100-continue\r\nExpect: 100-continue", Expectation),
        ("Expect:", Expectation),
        ("Ex-pect: 100-continue", FieldAlias),
        ("Up_grade: websocket", FieldAlias),
    ] {
        assert_eq!(with_fields(fields), Err(fault), "{fields:?}");
    }
    assert!(with_fields("Connection: a, b, c, d, e, f, g, h, i, j").is_ok());
}

#[test]
fn size_and_count_are_capped_and_the_caps_are_inclusive() {
    let limits = WireLimits { head_fields: 3, head_bytes: 80, ..WireLimits::default() };
    let head = |fields: usize, pad: usize| {
        let mut head = String::from("GET / HTTP/1.1\r\nHost: a.example\r\n");
        for _ in 1..fields {
            head.push_str("X: y\r\n");
        }
        head.push_str(&format!("P: {}\r\n\r\n", "p".repeat(pad)));
        head
    };
    assert!(check_head(head(2, 0).as_bytes(), &limits).is_ok());
    assert_eq!(check_head(head(3, 0).as_bytes(), &limits), Err(HeadFault::TooManyFields));
    let room = 80 - head(1, 0).len();
    assert!(check_head(head(1, room).as_bytes(), &limits).is_ok());
    assert_eq!(check_head(head(1, room + 1).as_bytes(), &limits), Err(HeadFault::TooLarge));
}

#[test]
fn an_unfinished_head_is_refused_as_soon_as_it_cannot_be_one() {
    let endless_target = format!("GET /{}", "a".repeat(MAX_TARGET + 64));
    let endless_field = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(32 * 1024));
    for (start, fault) in [
        (&b"\n"[..], HeadFault::BareLineFeed),
        (b"GET / HTTP/1.1\n", HeadFault::BareLineFeed),
        (b"GET / HTTP/1.1\rHost", HeadFault::BareCarriageReturn),
        (b"\rG", HeadFault::BareCarriageReturn),
        (b"GET / HTTP/1.1\r\nHost: a\rX", HeadFault::BareCarriageReturn),
        (b"GET /admin\r\n", HeadFault::RequestLine), // HTTP/0.9
        (b"\x16\x03\x01\x02\x00\x01", HeadFault::Method), // a TLS hello
        (&[b'G'; 33], HeadFault::Method),
        (b"TRACE / HTTP/1.1\r\n", HeadFault::MethodRefused),
        (b"GET / HTTP/2.0\r\n", HeadFault::Version),
        (endless_target.as_bytes(), HeadFault::TargetTooLong),
        (endless_field.as_bytes(), HeadFault::TooLarge),
    ] {
        assert_eq!(scan(start), Err(fault), "{:?}", start.escape_ascii().to_string());
    }
    for start in [&b"\r"[..], b"\r\n", b"\r\n\r", b"G", b"GET", b"GET /", b"GET / HTTP/1.1\r"] {
        assert_eq!(scan(start), Ok(None), "{start:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_judged_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = check_head(&bytes, &WireLimits::default());
        let _ = scan(&bytes);
    }

    #[test]
    fn near_heads_are_judged_without_a_panic(
        at in 0..BROWSER.len(),
        cut in 0_usize..40,
        bytes in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut head = BROWSER.as_bytes().to_vec();
        let end = (at + cut).min(head.len());
        head.splice(at..end, bytes);
        let judged = check_head(&head, &WireLimits::default());
        if let Ok(facts) = judged {
            // What is accepted is found by the scan as well, at the same place.
            prop_assert_eq!(scan(&head), Ok(Some(facts.lead + facts.len)));
        }
    }

    #[test]
    fn a_control_byte_anywhere_is_refused(
        at in 0..BROWSER.len(),
        control in (0_u8..=0x20).prop_map(|byte| if byte == 0x20 { 0x7f } else { byte }),
    ) {
        // Before the last line feed, another one is the first byte after the same head.
        prop_assume!(control != b'\t' && (at + 1, control) != (BROWSER.len(), b'\n'));
        let mut head = BROWSER.as_bytes().to_vec();
        head.insert(at, control);
        prop_assert!(check_head(&head, &WireLimits::default()).is_err());
    }

    #[test]
    fn a_head_in_pieces_ends_where_the_whole_one_does(cut in 1_usize..60, lead in any::<bool>()) {
        let wire = format!("{}{BROWSER}rest", if lead { "\r\n" } else { "" });
        let mut scan = HeadScan::default();
        let mut found = None;
        let mut end = 0;
        while found.is_none() && end < wire.len() {
            end = (end + cut).min(wire.len());
            found = scan.find_end(&wire.as_bytes()[..end], &WireLimits::default()).unwrap();
        }
        prop_assert_eq!(found, Some(wire.len() - "rest".len()));
    }
}
