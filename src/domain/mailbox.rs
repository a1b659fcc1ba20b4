//! Where the mail of an address is read.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::email::EmailAddress;

/// Everything but the unreserved characters (RFC 3986, 2.3): what is left has no meaning in any
/// part of a URL.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A web page where mail is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mailbox {
    /// Name of the service.
    pub name: &'static str,
    /// Where it is: always `https`, on a host of the service.
    pub url: String,
}

impl Mailbox {
    /// The web mail of a well-known domain, told from the domain alone and in its exact spelling:
    /// no look-up, so it tells nobody anything and costs nothing.
    ///
    /// Gmail opens in the right one of several accounts and looks for mails of the last hour from
    /// `sender`, also among the spam. The URL then names the address: show it only to who typed
    /// it.
    ///
    /// ```
    /// # use linkgate::domain::{email::EmailAddress, mailbox::Mailbox};
    /// let address = EmailAddress::parse("ann@gmail.com").unwrap();
    /// let sender = EmailAddress::parse("login@example.com").unwrap();
    /// assert_eq!(
    ///     Mailbox::of(&address, &sender).unwrap().url,
    ///     "https://mail.google.com/mail/u/ann%40gmail.com/\
    ///      #search/from%3A(login%40example.com)+in%3Aanywhere+newer_than%3A1h"
    /// );
    /// ```
    #[must_use]
    pub fn of(address: &EmailAddress, sender: &EmailAddress) -> Option<Self> {
        if matches!(address.domain(), "gmail.com" | "googlemail.com") {
            return Some(Self { name: "Gmail", url: gmail(address, sender) });
        }
        SERVICES
            .iter()
            .find(|service| service.domains.contains(&address.domain()))
            .map(|service| Self { name: service.name, url: service.url.to_owned() })
    }
}

fn gmail(address: &EmailAddress, sender: &EmailAddress) -> String {
    let address = utf8_percent_encode(address.identity(), RESERVED);
    let sender = utf8_percent_encode(sender.identity(), RESERVED);
    format!(
        "https://mail.google.com/mail/u/{address}/\
         #search/from%3A({sender})+in%3Aanywhere+newer_than%3A1h"
    )
}

/// Web mail of some domains.
struct Service {
    name: &'static str,
    url: &'static str,
    domains: &'static [&'static str],
}

const SERVICES: &[Service] = &[
    Service {
        name: "Outlook",
        url: "https://outlook.live.com/mail/",
        domains: &[
            "outlook.com",
            "outlook.de",
            "outlook.fr",
            "outlook.es",
            "outlook.it",
            "outlook.pt",
            "outlook.be",
            "outlook.at",
            "outlook.dk",
            "outlook.cz",
            "outlook.jp",
            "outlook.com.br",
            "hotmail.com",
            "hotmail.co.uk",
            "hotmail.de",
            "hotmail.fr",
            "hotmail.es",
            "hotmail.it",
            "hotmail.nl",
            "hotmail.be",
            "hotmail.ch",
            "hotmail.at",
            "hotmail.se",
            "hotmail.dk",
            "hotmail.no",
            "hotmail.fi",
            "hotmail.ca",
            "hotmail.gr",
            "hotmail.com.br",
            "hotmail.com.ar",
            "live.com",
            "live.co.uk",
            "live.de",
            "live.fr",
            "live.it",
            "live.nl",
            "live.be",
            "live.at",
            "live.se",
            "live.dk",
            "live.no",
            "live.ie",
            "live.ca",
            "msn.com",
        ],
    },
    // Without yahoo.co.jp, which is another company.
    Service {
        name: "Yahoo Mail",
        url: "https://mail.yahoo.com/",
        domains: &[
            "yahoo.com",
            "yahoo.co.uk",
            "yahoo.de",
            "yahoo.fr",
            "yahoo.es",
            "yahoo.it",
            "yahoo.ca",
            "yahoo.ie",
            "yahoo.nl",
            "yahoo.be",
            "yahoo.at",
            "yahoo.pl",
            "yahoo.se",
            "yahoo.gr",
            "yahoo.ro",
            "yahoo.in",
            "yahoo.co.in",
            "yahoo.com.br",
            "yahoo.com.ar",
            "yahoo.com.mx",
            "yahoo.com.au",
            "ymail.com",
            "rocketmail.com",
        ],
    },
    Service {
        name: "Proton Mail",
        url: "https://mail.proton.me/",
        domains: &["proton.me", "protonmail.com", "protonmail.ch", "pm.me"],
    },
    Service {
        name: "iCloud Mail",
        url: "https://www.icloud.com/mail",
        domains: &["icloud.com", "me.com", "mac.com"],
    },
    Service { name: "GMX", url: "https://www.gmx.net/", domains: &["gmx.de", "gmx.net"] },
    Service { name: "GMX", url: "https://www.gmx.at/", domains: &["gmx.at"] },
    Service { name: "GMX", url: "https://www.gmx.ch/", domains: &["gmx.ch"] },
    Service {
        name: "GMX",
        url: "https://www.gmx.com/",
        domains: &["gmx.com", "gmx.us", "gmx.co.uk"],
    },
    Service { name: "WEB.DE", url: "https://web.de/", domains: &["web.de"] },
    Service { name: "T-Online", url: "https://email.t-online.de/", domains: &["t-online.de"] },
    Service {
        name: "Fastmail",
        url: "https://app.fastmail.com/mail/",
        domains: &["fastmail.com", "fastmail.fm"],
    },
    Service {
        name: "Zoho Mail",
        url: "https://mail.zoho.com/",
        domains: &["zoho.com", "zohomail.com"],
    },
    Service {
        name: "Zoho Mail",
        url: "https://mail.zoho.eu/",
        domains: &["zoho.eu", "zohomail.eu"],
    },
    Service {
        name: "Orange",
        url: "https://mail.orange.fr/",
        domains: &["orange.fr", "wanadoo.fr"],
    },
    Service { name: "La Poste", url: "https://www.laposte.net/", domains: &["laposte.net"] },
    Service { name: "Libero Mail", url: "https://mail.libero.it/", domains: &["libero.it"] },
    Service {
        name: "AOL Mail",
        url: "https://mail.aol.com/",
        domains: &["aol.com", "aol.de", "aol.fr", "aol.it", "aol.co.uk"],
    },
    Service { name: "mail.com", url: "https://www.mail.com/", domains: &["mail.com"] },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use url::Url;

    use super::*;
    use crate::domain::email::typo;

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    fn of(text: &str) -> Option<Mailbox> {
        Mailbox::of(&address(text), &address("login@sender.example"))
    }

    #[test]
    fn a_mailbox_is_known_by_the_exact_domain() {
        for (text, name, url) in [
            ("a@Outlook.com", "Outlook", "https://outlook.live.com/mail/"),
            ("a@hotmail.fr", "Outlook", "https://outlook.live.com/mail/"),
            ("a@yahoo.co.uk", "Yahoo Mail", "https://mail.yahoo.com/"),
            ("a@proton.me", "Proton Mail", "https://mail.proton.me/"),
            ("a@me.com", "iCloud Mail", "https://www.icloud.com/mail"),
            ("a@gmx.de", "GMX", "https://www.gmx.net/"),
            ("a@web.de", "WEB.DE", "https://web.de/"),
            ("a@fastmail.com", "Fastmail", "https://app.fastmail.com/mail/"),
            ("a@zoho.com", "Zoho Mail", "https://mail.zoho.com/"),
            ("a@wanadoo.fr", "Orange", "https://mail.orange.fr/"),
            ("a@laposte.net", "La Poste", "https://www.laposte.net/"),
            ("a@t-online.de", "T-Online", "https://email.t-online.de/"),
            ("a@libero.it", "Libero Mail", "https://mail.libero.it/"),
        ] {
            assert_eq!(of(text), Some(Mailbox { name, url: url.into() }), "{text}");
        }
        assert_eq!(of("a@googlemail.com").map(|it| it.name), Some("Gmail"));
        for text in [
            "a@gmail.com.example",
            "a@mail.gmail.com",
            "a@notgmail.com",
            "a@gmail.co",
            "gmail.com@example.com",
            "a+gmail.com@example.com",
            "a@outlook.example",
            "a@yahoo.co.jp",
            "a@example.com",
            "a@mail.ru",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn gmail_looks_for_the_sender_in_the_right_account() {
        let sender = address("log+in'&#@Mail.Example.com");
        let found = Mailbox::of(&address("Ann.B+c/x?y#z&{w}@gmail.com"), &sender);
        assert_eq!(
            found.unwrap().url,
            "https://mail.google.com/mail/u/ann.b%2Bc%2Fx%3Fy%23z%26%7Bw%7D%40gmail.com/\
             #search/from%3A(log%2Bin%27%26%23%40mail.example.com)+in%3Aanywhere+newer_than%3A1h"
        );
    }

    #[test]
    fn every_service_is_a_page_of_its_own_and_every_domain_is_there_once() {
        let mut seen = BTreeSet::from(["gmail.com", "googlemail.com"]);
        for service in SERVICES {
            let url = Url::parse(service.url).unwrap();
            assert_eq!(
                (url.scheme(), url.as_str()),
                ("https", service.url),
                "as browsers write it"
            );
            for domain in service.domains {
                assert!(seen.insert(domain), "{domain} twice");
                assert_eq!(typo::suggestion(&address(&format!("a@{domain}"))), None, "{domain}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_address_leads_anywhere_else(
            local in "[a-zA-Z0-9#$&'*+/=?^_`{|}~-]{1,12}(\\.[a-zA-Z0-9#$&'*+/=?^_`{|}~-]{1,12}){0,3}",
            sender in "[a-zA-Z0-9#$&'*+/=?^_`{|}~-]{1,24}",
        ) {
            let (address, sender) =
                (address(&format!("{local}@gmail.com")), address(&format!("{sender}@b.example")));
            let url = Url::parse(&Mailbox::of(&address, &sender).unwrap().url).unwrap();
            prop_assert_eq!(url.origin().ascii_serialization(), "https://mail.google.com");
            prop_assert_eq!((url.username(), url.password(), url.query()), ("", None, None));
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!((segments.len(), segments[0], segments[1], segments[3]), (4, "mail", "u", ""));
            let decode = |text| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
            prop_assert_eq!(decode(segments[2]), address.identity());
            let fragment = url.fragment().unwrap();
            let search = fragment.strip_prefix("search/from%3A(").unwrap();
            let search = search.strip_suffix(")+in%3Aanywhere+newer_than%3A1h").unwrap();
            prop_assert!(!search.contains(['(', ')', '+', ' ']), "{}", search);
            prop_assert_eq!(decode(search), sender.identity());
        }
    }
}
