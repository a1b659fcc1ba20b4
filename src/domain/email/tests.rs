//! Tables of honest and of hostile addresses.

use proptest::prelude::*;

use super::*;

#[test]
fn honest_addresses_are_read_as_identity_and_spelling() {
    for (text, identity, spelling) in [
        ("alice@example.com", "alice@example.com", "alice@example.com"),
        ("ALICE@Example.COM", "alice@example.com", "ALICE@example.com"),
        ("a@b.co", "a@b.co", "a@b.co"),
        ("alice+tag@example.com", "alice+tag@example.com", "alice+tag@example.com"),
        (
            "O'Neil_x-y.z@mail.example.org",
            "o'neil_x-y.z@mail.example.org",
            "O'Neil_x-y.z@mail.example.org",
        ),
        (
            "#$&*+/=?^_`{|}~-@example.com",
            "#$&*+/=?^_`{|}~-@example.com",
            "#$&*+/=?^_`{|}~-@example.com",
        ),
        ("x@1and1.example", "x@1and1.example", "x@1and1.example"),
        ("x@b\u{fc}cher.example", "x@xn--bcher-kva.example", "x@xn--bcher-kva.example"),
        ("x@B\u{dc}CHER.example", "x@xn--bcher-kva.example", "x@xn--bcher-kva.example"),
        ("x@XN--BCHER-KVA.example", "x@xn--bcher-kva.example", "x@xn--bcher-kva.example"),
        ("x@stra\u{df}e.example", "x@xn--strae-oqa.example", "x@xn--strae-oqa.example"),
        ("x@a--b.example", "x@a--b.example", "x@a--b.example"),
    ] {
        let address = EmailAddress::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(address.identity(), identity);
        assert_eq!(address.spelling(), spelling);
        assert_eq!(format!("{}@{}", address.local(), address.domain()), identity);
        assert_eq!(address.to_string(), identity);
    }
}

#[test]
fn what_people_paste_is_reduced_to_the_address() {
    for text in [
        "alice@example.com",
        "  alice@example.com\t",
        "alice@example.com\r\n",
        "mailto:alice@example.com",
        "MailTo:alice@example.com ",
        "Alice <alice@example.com>",
        "Alice B. Smith  <alice@example.com>",
        "\"Alice\" <alice@example.com>",
        "Zo\u{eb} (work) <alice@example.com>",
        "Alice<alice@example.com>",
        "\u{a0}alice@example.com\u{3000}",
        "\u{feff}alice@example.com\u{200b}",
        "\u{202a}alice@example.com\u{202c}",
        "\u{2068}Alice <alice@example.com>\u{2069}\u{2028}",
        "\"Smith, Alice\" <alice@example.com>",
        "\"Alice (Sales; Europe): desk\" <alice@example.com>",
    ] {
        let address = EmailAddress::parse_typed(text);
        assert_eq!(address.map(|a| a.to_string()).as_deref(), Ok("alice@example.com"), "{text}");
    }
}

const HOSTILE: &[(&str, EmailError, &str)] = &[
    ("", EmailError::Empty, "nothing"),
    ("alice", EmailError::Shape, "no @"),
    ("@example.com", EmailError::Shape, "no local part"),
    ("alice@", EmailError::Shape, "no domain"),
    ("@", EmailError::Shape, "only an @"),
    ("evil@evil.test,alice@example.com", EmailError::Several, "list, CVE-2022-35924"),
    ("alice@example.com,", EmailError::Several, "list with one entry"),
    ("evil@evil.test;alice@example.com", EmailError::Several, "Outlook list"),
    ("evil@evil.test alice@example.com", EmailError::Blank, "list by blank"),
    ("evil@evil.test@example.com", EmailError::Several, "two @, CVE-2026-40574"),
    (
        "alice@example.com\r\nBcc:evil@evil.test",
        EmailError::Blank,
        "header injection, CVE-2022-31127",
    ),
    ("alice@example.com\nevil@evil.test", EmailError::Blank, "list by line end"),
    ("alice\r\n@example.com", EmailError::Blank, "line end in the local part"),
    ("\"x\r\nRCPT TO:evil\"@example.com", EmailError::Blank, "CVE-2026-45067"),
    ("\"xRCPTTO:evil\"@example.com", EmailError::LocalCharacter, "quotes, CVE-2026-45067"),
    ("\"evil@evil.test\"@example.com", EmailError::Several, "quoted @, CVE-2025-13033"),
    ("\"alice\"@example.com", EmailError::LocalCharacter, "quotes"),
    ("<alice@example.com>", EmailError::LocalCharacter, "brackets alone"),
    ("<<alice@example.com>>", EmailError::LocalCharacter, "brackets twice"),
    ("alice(x)@example.com", EmailError::LocalCharacter, "comment"),
    ("(x)alice@example.com", EmailError::LocalCharacter, "comment first"),
    ("alice@(x)example.com", EmailError::Domain, "comment in the domain"),
    ("alice@example.com(x)", EmailError::Domain, "comment last"),
    ("evil%evil.test@example.com", EmailError::LocalCharacter, "percent route"),
    ("evil.test!evil@example.com", EmailError::LocalCharacter, "bang route"),
    ("@relay.example:alice@example.com", EmailError::Several, "source route"),
    ("alice\\@evil.test@example.com", EmailError::Several, "quoted pair"),
    ("al\\ice@example.com", EmailError::LocalCharacter, "backslash"),
    ("al:ice@example.com", EmailError::LocalCharacter, "colon"),
    ("al[i]ce@example.com", EmailError::LocalCharacter, "brackets"),
    ("alice@[127.0.0.1]", EmailError::IpAddress, "IP literal"),
    ("alice@[IPv6:::1]", EmailError::IpAddress, "IPv6 literal"),
    ("alice@127.0.0.1", EmailError::IpAddress, "IP address"),
    ("alice@::1", EmailError::IpAddress, "IPv6 address"),
    ("alice@2130706433", EmailError::Domain, "IP address as one number"),
    ("alice@example.123", EmailError::Domain, "numeric last label"),
    ("alice@0x7f.0x1", EmailError::Domain, "hexadecimal last label"),
    ("alice@localhost", EmailError::Domain, "no dot"),
    ("alice@example.com.", EmailError::Domain, "trailing dot"),
    ("alice@.example.com", EmailError::Domain, "leading dot"),
    ("alice@example..com", EmailError::Domain, "empty label"),
    ("alice@-example.com", EmailError::Domain, "leading hyphen"),
    ("alice@example-.com", EmailError::Domain, "trailing hyphen"),
    ("alice@exa_mple.com", EmailError::Domain, "underscore"),
    ("alice@example.com:25", EmailError::Domain, "port"),
    ("alice@example.com/x", EmailError::Domain, "path"),
    ("alice@example.com?x", EmailError::Domain, "query"),
    ("alice@example.com#x", EmailError::Domain, "fragment"),
    ("alice@exam%70le.com", EmailError::Domain, "percent-encoded domain"),
    ("alice@*.example.com", EmailError::Domain, "wildcard"),
    ("alice@xn--example-.com", EmailError::Domain, "false punycode, CVE-2024-12224"),
    ("alice@xn--.com", EmailError::Domain, "empty punycode"),
    ("alice@xn--a.com", EmailError::Domain, "broken punycode"),
    (".alice@example.com", EmailError::Dot, "leading dot"),
    ("alice.@example.com", EmailError::Dot, "trailing dot"),
    ("al..ice@example.com", EmailError::Dot, "two dots"),
    ("al\u{131}ce@example.com", EmailError::LocalNotAscii, "dotless i, CVE-2019-19844"),
    ("\u{212a}im@example.com", EmailError::LocalNotAscii, "Kelvin sign"),
    ("\u{ff41}lice@example.com", EmailError::LocalNotAscii, "full-width letter"),
    ("ali\u{200b}ce@example.com", EmailError::LocalNotAscii, "zero-width blank"),
    ("\u{202e}alice@example.com", EmailError::LocalNotAscii, "right-to-left override"),
    ("alice\u{ff20}example.com", EmailError::Shape, "full-width @, CVE-2026-73420"),
    ("alice@evil.test\u{ff20}example.com", EmailError::Domain, "second full-width @"),
    ("alice@exam\u{ad}ple.com", EmailError::DisguisedDomain, "soft hyphen, CVE-2026-92598"),
    ("alice@example\u{200b}.com", EmailError::DisguisedDomain, "zero-width blank"),
    ("alice@\u{ff45}xample.com", EmailError::DisguisedDomain, "full-width letter"),
    ("alice@example\u{3002}com", EmailError::DisguisedDomain, "ideographic full stop"),
    ("alice@example\u{ff0e}com", EmailError::DisguisedDomain, "full-width dot"),
    ("alice@\u{212a}elvin.com", EmailError::DisguisedDomain, "Kelvin sign in the domain"),
    ("alice@\u{130}stanbul.com", EmailError::DisguisedDomain, "I with a dot"),
    ("alice@\u{2460}.com", EmailError::DisguisedDomain, "circled digit"),
    ("alice@\u{1d41a}.example.com", EmailError::DisguisedDomain, "mathematical letter"),
    ("alice\u{a0}@example.com", EmailError::Blank, "no-break space"),
    ("alice\u{2028}@example.com", EmailError::Blank, "line separator"),
    ("alice\0@example.com", EmailError::Blank, "NUL"),
    ("alice@example.com\0.evil.test", EmailError::Blank, "NUL in the domain"),
    ("alice\u{7f}@example.com", EmailError::Blank, "DEL"),
    ("alice\u{85}@example.com", EmailError::Blank, "C1 control"),
    ("alice\u{fffd}@example.com", EmailError::LocalNotAscii, "broken UTF-8"),
];

/// Refused by both readers.
#[test]
fn hostile_and_broken_spellings_are_refused() {
    for &(text, error, why) in HOSTILE {
        assert_eq!(EmailAddress::parse(text).err(), Some(error), "{why}: {text:?}");
        assert_eq!(EmailAddress::parse_typed(text).err(), Some(error), "typed, {why}: {text:?}");
    }
}

#[test]
fn pastes_that_carry_more_than_one_plain_address_are_refused() {
    for text in [
        "mailto:alice@example.com?bcc=evil@evil.test",
        "mailto:alice@example.com?subject=x",
        "mailto:evil@evil.test,alice@example.com",
        "mailto://alice@example.com",
        "mailto:/alice@example.com",
        "mailto:alice#x@example.com",
        "mailto:alice&bcc=evil@example.com",
        "mailto:mailto:alice@example.com",
        "mailto:",
        "mailto:Alice <alice@example.com>",
        "mailto:alice%40example.com",
        "Alice <alice@example.com>, Bob <bob@example.com>",
        "evil@evil.test <alice@example.com>",
        "\"evil@evil.test\" <alice@example.com>",
        "Alice <evil@evil.test> <alice@example.com>",
        "Alice <alice@example.com> evil",
        "Alice <<alice@example.com>>",
        "Alice < alice@example.com >",
        "Alice, Bob <alice@example.com>",
        "\"Alice <alice@example.com>",
        "\"Alice\", Bob <alice@example.com>",
        "\"Alice\", \"Bob\" <alice@example.com>",
        "\"Alice, evil@evil.test\" <alice@example.com>",
        "\"\" <alice@example.com>",
        "Al\"i\"ce <alice@example.com>",
        "\"Alice\" \"B\" <alice@example.com>",
        "Alice\r\nBcc: x <alice@example.com>",
        "Group: Alice <alice@example.com>",
        "Alice <>",
        "Alice <alice>",
        "Alice alice@example.com",
        " ",
    ] {
        assert!(EmailAddress::parse_typed(text).is_err(), "{text:?}");
    }
}

#[test]
fn lengths_are_those_of_rfc_5321() {
    let domain_of = |length: usize| {
        let mut domain = "d".repeat(62) + ".";
        domain = domain.repeat(length / 63 + 1);
        domain.truncate(length - 4);
        domain.trim_end_matches('.').to_owned() + ".com"
    };
    let local = "l".repeat(64);
    assert!(EmailAddress::parse(&format!("{local}@example.com")).is_ok());
    assert_eq!(EmailAddress::parse(&format!("{local}l@example.com")), Err(EmailError::TooLong));
    let longest = format!("{local}@{}", domain_of(189));
    assert_eq!(longest.len(), 254);
    assert!(EmailAddress::parse(&longest).is_ok());
    assert_eq!(
        EmailAddress::parse(&format!("{local}@{}", domain_of(190))),
        Err(EmailError::TooLong)
    );
    assert!(EmailAddress::parse(&format!("a@{}.com", "d".repeat(63))).is_ok());
    assert_eq!(EmailAddress::parse(&format!("a@{}.com", "d".repeat(64))), Err(EmailError::Domain));
    let huge = "\u{fc}".repeat(100_000);
    assert_eq!(EmailAddress::parse(&format!("a@{huge}.com")), Err(EmailError::TooLong));
    assert_eq!(EmailAddress::parse_typed(&format!("a@{huge}.com")), Err(EmailError::TooLong));
}

#[test]
fn a_name_before_the_address_is_never_the_address() {
    assert!(EmailAddress::parse("Alice <alice@example.com>").is_err(), "the strict reader");
    assert!(EmailAddress::parse("mailto:alice@example.com").is_err(), "the strict reader");
    assert!(EmailAddress::parse(" alice@example.com").is_err(), "the strict reader");
    assert!(EmailAddress::parse("\u{a0}alice@example.com").is_err(), "the strict reader");
}

#[test]
fn the_limit_key_joins_the_spellings_of_one_mailbox() {
    for (text, key) in [
        ("alice+1@example.com", "alice@example.com"),
        ("a.lice@example.com", "a.lice@example.com"),
        ("+tag@example.com", "+tag@example.com"),
        ("A.li.ce+x+y@gmail.com", "alice@gmail.com"),
        ("alice@googlemail.com", "alice@gmail.com"),
        ("a.b@notgmail.com", "a.b@notgmail.com"),
    ] {
        assert_eq!(EmailAddress::parse(text).unwrap().limit_key(), key);
    }
}

#[test]
fn a_masked_address_shows_one_letter_and_the_domain() {
    assert_eq!(EmailAddress::parse("Alice@example.com").unwrap().masked(), "a***@example.com");
    assert_eq!(EmailAddress::parse("a@example.com").unwrap().masked(), "a***@example.com");
}

#[test]
fn a_stored_address_is_its_spelling_and_is_checked_when_read_back() {
    let address = EmailAddress::parse("Alice@Example.com").unwrap();
    let json = serde_json::to_string(&address).unwrap();
    assert_eq!(json, "\"Alice@example.com\"");
    let back: EmailAddress = serde_json::from_str(&json).unwrap();
    assert_eq!((back.identity(), back.spelling()), (address.identity(), address.spelling()));
    assert!(serde_json::from_str::<EmailAddress>("\"a@b@c.example\"").is_err());
}

proptest! {
    #[test]
    fn reading_never_panics_and_what_is_read_stays_the_same(text in "\\PC{0,80}") {
        for address in [EmailAddress::parse(&text), EmailAddress::parse_typed(&text)].into_iter().flatten() {
            prop_assert_eq!(&EmailAddress::parse(address.identity()).unwrap(), &address);
        }
    }

    #[test]
    fn what_is_read_is_plain_ascii_with_one_at(
        local in "[a-zA-Z0-9+._!%'\"é-]{1,12}",
        domain in "[a-zA-Z0-9.\u{ad}\u{fc}\u{ff41}\u{212a}-]{1,12}",
    ) {
        let text = format!("{local}@{domain}.com");
        if let Ok(address) = EmailAddress::parse(&text) {
            prop_assert!(address.spelling().is_ascii());
            prop_assert_eq!(address.identity().matches('@').count(), 1);
            prop_assert_eq!(address.identity(), address.spelling().to_ascii_lowercase());
            prop_assert!(local.eq_ignore_ascii_case(address.local()));
            if domain.is_ascii() {
                prop_assert!(text.eq_ignore_ascii_case(address.spelling()));
            } else {
                prop_assert!(address.domain().contains("xn--"), "no letter turned into ASCII");
            }
        }
    }

    #[test]
    fn honest_addresses_round_trip(
        local in "[A-Za-z0-9]{1,8}([.+_-][A-Za-z0-9]{1,8}){0,3}",
        domain in "[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,2}\\.[a-z]{2,8}",
    ) {
        let text = format!("{local}@{domain}");
        prop_assume!(!domain.contains("xn--"));
        let address = EmailAddress::parse(&text).unwrap();
        prop_assert_eq!(address.spelling(), &text);
        prop_assert_eq!(EmailAddress::parse_typed(&format!(" Name <{text}> ")).unwrap(), address);
    }
}
