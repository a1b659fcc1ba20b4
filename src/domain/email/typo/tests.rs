//! Tables of mistakes and of domains that are none.

use proptest::prelude::*;

use super::*;

fn suggested(domain: &str) -> Option<String> {
    let address = EmailAddress::parse(&format!("ann@{domain}"));
    let address = address.unwrap_or_else(|error| panic!("{domain}: {error}"));
    suggestion(&address).map(|meant| meant.domain().to_owned())
}

const MISTAKES: &[(&str, &str)] = &[
    // Letters left out, doubled, swapped, beside the right key.
    ("gmal.com", "gmail.com"),
    ("gmai.com", "gmail.com"),
    ("gmil.com", "gmail.com"),
    ("gmial.com", "gmail.com"),
    ("gmali.com", "gmail.com"),
    ("gamil.com", "gmail.com"),
    ("mgail.com", "gmail.com"),
    ("gmaill.com", "gmail.com"),
    ("gmmail.com", "gmail.com"),
    ("ggmail.com", "gmail.com"),
    ("gnail.com", "gmail.com"),
    ("gmsil.com", "gmail.com"),
    ("gmaol.com", "gmail.com"),
    ("gmall.com", "gmail.com"),
    ("gmail1.com", "gmail.com"),
    ("g-mail.com", "gmail.com"),
    ("gemail.com", "gmail.com"),
    ("googelmail.com", "googlemail.com"),
    ("goglemail.com", "googlemail.com"),
    ("goolgemial.com", "googlemail.com"),
    ("hotmial.com", "hotmail.com"),
    ("homtail.com", "hotmail.com"),
    ("hotmal.com", "hotmail.com"),
    ("hotmaill.com", "hotmail.com"),
    ("otmail.com", "hotmail.com"),
    ("ohtmail.com", "hotmail.com"),
    ("hotmial.co.uk", "hotmail.co.uk"),
    ("hotmai.fr", "hotmail.fr"),
    ("outlok.com", "outlook.com"),
    ("outllook.com", "outlook.com"),
    ("oultook.de", "outlook.de"),
    ("utlook.com", "outlook.com"),
    ("yaho.com", "yahoo.com"),
    ("yahooo.com", "yahoo.com"),
    ("yhaoo.com", "yahoo.com"),
    ("ayhoo.com", "yahoo.com"),
    ("yahho.co.uk", "yahoo.co.uk"),
    ("yaoo.fr", "yahoo.fr"),
    ("icoud.com", "icloud.com"),
    ("icould.com", "icloud.com"),
    ("iclould.com", "icloud.com"),
    ("protonmial.com", "protonmail.com"),
    ("protomail.com", "protonmail.com"),
    ("potonmial.com", "protonmail.com"),
    ("porton.me", "proton.me"),
    ("orage.fr", "orange.fr"),
    ("ornage.fr", "orange.fr"),
    ("wanado.fr", "wanadoo.fr"),
    ("laopste.net", "laposte.net"),
    ("la-poste.net", "laposte.net"),
    ("libreo.it", "libero.it"),
    ("telefoncia.net", "telefonica.net"),
    ("t-onlien.de", "t-online.de"),
    ("tonline.de", "t-online.de"),
    ("freent.de", "freenet.de"),
    ("fastmial.com", "fastmail.com"),
    // Endings.
    ("gmail.con", "gmail.com"),
    ("gmail.co", "gmail.com"),
    ("gmail.cm", "gmail.com"),
    ("gmail.om", "gmail.com"),
    ("gmail.comm", "gmail.com"),
    ("gmail.cmo", "gmail.com"),
    ("gmail.ocm", "gmail.com"),
    ("gmail.vom", "gmail.com"),
    ("gmail.de", "gmail.com"),
    ("gmail.fr", "gmail.com"),
    ("gmail.com.br", "gmail.com"),
    ("gmail.co.uk", "gmail.com"),
    ("googlemail.de", "googlemail.com"),
    ("icloud.de", "icloud.com"),
    ("hotmail.con", "hotmail.com"),
    ("hotmail.co", "hotmail.com"),
    ("outlook.cm", "outlook.com"),
    ("yahoo.con", "yahoo.com"),
    ("yahoo.co", "yahoo.com"),
    ("yahoo.co.u", "yahoo.co.uk"),
    ("yahoo.couk", "yahoo.co.uk"),
    ("yahoo.com.b", "yahoo.com.br"),
    ("live.con", "live.com"),
    ("me.con", "me.com"),
    ("aol.comm", "aol.com"),
    ("mail.con", "mail.com"),
    ("gmx.ed", "gmx.de"),
    ("gmx.nte", "gmx.net"),
    ("web.d", "web.de"),
    ("t-online.dee", "t-online.de"),
    ("orange.rf", "orange.fr"),
    ("free.ft", "free.fr"),
    ("laposte.nett", "laposte.net"),
    ("libero.ti", "libero.it"),
    ("proton.em", "proton.me"),
    // Both, and copied from the address bar.
    ("gmial.con", "gmail.com"),
    ("hotmal.cmo", "hotmail.com"),
    ("www.gmail.com", "gmail.com"),
    ("www.web.de", "web.de"),
];

#[test]
fn what_nobody_means_is_corrected() {
    for (typed, meant) in MISTAKES {
        assert_eq!(suggested(typed).as_deref(), Some(*meant), "{typed}");
    }
}

#[test]
fn case_does_not_matter_and_the_local_part_stays_as_typed() {
    let typed = EmailAddress::parse("Ann.Smith+News@GMIAL.Com").unwrap();
    let meant = suggestion(&typed).unwrap();
    assert_eq!(meant.spelling(), "Ann.Smith+News@gmail.com");
    let typed = EmailAddress::parse("gmial.com@gmial.com").unwrap();
    assert_eq!(suggestion(&typed).unwrap().identity(), "gmial.com@gmail.com");
}

/// Near a provider, and somebody's domain all the same.
const OTHERS: &[&str] = &[
    "email.com",
    "email.de",
    "hmail.com",
    "fmail.com",
    "qmail.com",
    "zmail.ru",
    "amail.com",
    "bmail.com",
    "xmail.com",
    "gail.com",
    "grail.com",
    "gmat.com",
    "google.com",
    "gmaps.com",
    "hushmail.com",
    "hotel.com",
    "gotmail.com",
    "rotmail.com",
    "outdoor.com",
    "lookout.com",
    "wahoo.com",
    "cloud.com",
    "mycloud.com",
    "incloud.com",
    "icloud.io",
    "apple.com",
    "online.de",
    "t-online.com",
    "t-systems.com",
    "telekom.de",
    "tv-online.de",
    "orange.com",
    "oranges.fr",
    "grange.fr",
    "laposte.fr",
    "laposte.com",
    "libera.it",
    "liber.it",
    "libero.com",
    "telefonica.com",
    "telefonia.net",
    "proton.ch",
    "proton.com",
    "photon.me",
    "proto.me",
    "he.com",
    "ne.com",
    "mi.com",
    "pm.com",
    "live.io",
    "life.com",
    "love.com",
    "five.com",
    "mail.de",
    "mail.ru",
    "mail.co",
    "main.com",
    "mall.com",
    "gmx.eu",
    "gmw.de",
    "wed.de",
    "weg.de",
    "web.com",
    "web.dev",
    "free.com",
    "tree.fr",
    "fred.fr",
    "aon.at",
    "aol.jobs",
    "aal.com",
    "virginia.it",
    "example.com",
    "exmaple.com",
    "gmail.example.com",
    "mail.gmail.com",
    "gmail.com.example.org",
    "gmail.com.evil.example",
    "gmail.company",
    "gmailcom.example",
    "hotmail.example",
    "yahoo.company",
    "yahoo-inc.com",
    "outlook.office.com",
    "www.example.com",
    "www.com.example",
    "posteo.de",
    "mailbox.org",
    "tutanota.com",
    "yandex.ru",
    "qq.com",
    "163.com",
    "naver.com",
    "b\u{fc}cher.example",
    "gma\u{ed}l.com",
    "gm\u{430}il.com",
    "gm\u{e4}il.com",
];

#[test]
fn what_may_be_meant_is_left_alone() {
    for domain in OTHERS {
        assert_eq!(suggested(domain), None, "{domain}");
    }
}

#[test]
fn a_provider_is_never_corrected_into_another() {
    for provider in PROVIDERS {
        for ending in provider.endings {
            assert_eq!(suggested(&format!("{}.{ending}", provider.name)), None);
        }
    }
    for domain in GENUINE {
        assert_eq!(suggested(domain), None);
    }
    assert!(PROVIDERS.iter().all(|it| it.name.len() + 8 < LONGEST_DOMAIN));
}

/// Every entry of a list earns its place.
#[test]
fn every_entry_of_the_lists_does_something() {
    for domain in GENUINE {
        let (name, ending) = domain.split_once('.').unwrap();
        let near = PROVIDERS.iter().any(|provider| {
            edits(name, provider).is_some_and(|edits| provider.ending(ending, edits).is_some())
        });
        assert!(near, "{domain} needs no entry");
    }
    for (label, name) in MISSPELT {
        let provider = PROVIDERS.iter().find(|it| it.name == *name).unwrap();
        assert!(
            strsim::osa_distance(label, name) > usize::from(provider.nearness != Nearness::Exact)
        );
    }
    for (meant, slips) in SLIPS {
        assert!(PROVIDERS.iter().any(|it| it.endings.contains(meant)), "{meant}");
        for slip in *slips {
            assert!(!PROVIDERS.iter().any(|it| it.endings.contains(slip)), "{slip} exists");
        }
    }
}

/// A local part of 64 bytes and a domain of 189 are the longest there is.
#[test]
fn the_longest_address_costs_nothing() {
    let label = "g".repeat(63);
    let text = format!("{}@{label}.{label}.{}.com", "l".repeat(64), "g".repeat(56));
    assert_eq!(suggestion(&EmailAddress::parse(&text).unwrap()), None);
    let text = format!("{}@gmial.com", "l".repeat(64));
    assert_eq!(suggestion(&EmailAddress::parse(&text).unwrap()).unwrap().domain(), "gmail.com");
}

proptest! {
    #[test]
    fn a_suggestion_is_the_same_person_at_a_provider(
        local in "[A-Za-z0-9]{1,8}([.+_-][A-Za-z0-9]{1,8}){0,2}",
        which in 0..PROVIDERS.len(),
        place in 0_usize..24,
        other in "[a-z0-9.-]{0,2}",
    ) {
        let provider = &PROVIDERS[which];
        let mut domain = format!("{}.{}", provider.name, provider.endings[place % provider.endings.len()]);
        let place = place % domain.len();
        domain.replace_range(place..=place, &other);
        let Ok(address) = EmailAddress::parse(&format!("{local}@{domain}")) else { return Ok(()) };
        if let Some(meant) = suggestion(&address) {
            let known = meant.domain().split_once('.').is_some_and(|(name, end)| is_provider(name, end));
            prop_assert!(known, "{} -> {}", domain, meant);
            prop_assert_ne!(meant.domain(), address.domain());
            prop_assert_eq!(meant.local(), address.local());
            prop_assert_eq!(
                meant.spelling().split('@').next(), address.spelling().split('@').next()
            );
            prop_assert_eq!(suggestion(&meant), None);
        }
    }
}
