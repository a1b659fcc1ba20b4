//! Reading `proxy_cases.tsv`: escapes, macros, and the names that the rows use for our paths.

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    pub name: String,
    /// The bytes on the wire, with `{{SESSION}}` and `{{LOGIN_TOKEN}}` still in.
    pub raw: Vec<u8>,
    /// Outcome words, any of which will do.
    pub outcomes: Vec<String>,
}

const FILE: &str = include_str!("../../data/proxy_cases.tsv");

/// All rows, none left out.
pub fn rows() -> Vec<Row> {
    FILE.lines().map(row).collect()
}

fn row(line: &str) -> Row {
    let columns: Vec<&str> = line.split('\t').collect();
    let [name, raw, expected] = columns[..] else { panic!("three columns: {line}") };
    let words = expected.split([';', '(']).next().unwrap_or_default();
    Row {
        name: name.to_owned(),
        raw: ours(name, expand(unescape(raw))),
        outcomes: words.split('|').map(|word| word.trim().to_owned()).collect(),
    }
}

/// Puts a text in place of a macro.
pub fn put(raw: &[u8], name: &str, value: &str) -> Vec<u8> {
    replace(raw, name.as_bytes(), value.as_bytes())
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (byte, used) = match tail {
            [b'r', ..] => (b'\r', 1),
            [b'n', ..] => (b'\n', 1),
            [b't', ..] => (b'\t', 1),
            [b'\\', ..] => (b'\\', 1),
            [b'x', high, low, ..] => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).expect("two digits");
                (u8::from_str_radix(digits, 16).expect("two digits"), 3)
            }
            _ => panic!("an unknown escape in {text}"),
        };
        bytes.push(byte);
        rest = &tail[used..];
    }
    bytes
}

/// `{{REPEAT:text:count}}` and `{{SEQ:name:count}}`, which is that many fields.
fn expand(raw: Vec<u8>) -> Vec<u8> {
    let Some(start) = find(&raw, b"{{REPEAT:").or_else(|| find(&raw, b"{{SEQ:")) else {
        return raw;
    };
    let end = start + find(&raw[start..], b"}}").expect("an end of the macro");
    let text = std::str::from_utf8(&raw[start + 2..end]).expect("text").to_owned();
    let (head, count) = text.rsplit_once(':').expect("a count");
    let (kind, what) = head.split_once(':').expect("a kind");
    let count: usize = count.parse().expect("a number");
    let made = match kind {
        "REPEAT" => what.repeat(count),
        _ => (0..count).map(|index| format!("{what}{index}: {index}\r\n")).collect(),
    };
    expand([&raw[..start], made.as_bytes(), &raw[end + 2..]].concat())
}

/// The corpus calls our form `login` and our links `verify?token=`. A link's token is in the path
/// here, and what a POST to it holds is the re-typed address.
fn ours(name: &str, raw: Vec<u8>) -> Vec<u8> {
    if name == "link-post-other-browser" {
        return b"POST /.linkgate/link/{{LOGIN_TOKEN}} HTTP/1.1\r\nHost: app.example.com\r\n\
            Origin: https://app.example.com\r\nContent-Type: application/x-www-form-urlencoded\r\n\
            Content-Length: 6\r\n\r\nemail="
            .to_vec();
    }
    let raw = replace(&raw, b"/.linkgate/login", b"/.linkgate/sign-in");
    replace(&raw, b"/.linkgate/verify?token=", b"/.linkgate/link/")
}

fn replace(raw: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = find(rest, from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// Where a text begins.
pub fn find(raw: &[u8], what: &[u8]) -> Option<usize> {
    raw.windows(what.len()).position(|window| window == what)
}

#[test]
fn rows_are_read_as_they_are_meant() {
    assert_eq!(rows().len(), 236);
    let raw = unescape(r"a\x00\\r\t\r\n");
    assert_eq!(raw, b"a\0\\r\t\r\n");
    assert_eq!(expand(b"x{{REPEAT:a:/:3}}y".to_vec()), b"xa:/a:/a:/y");
    assert_eq!(expand(b"{{SEQ:X-H:2}}".to_vec()), b"X-H0: 0\r\nX-H1: 1\r\n");
}
