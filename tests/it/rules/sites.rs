//! Which site a request is for: the index against looking at every site.

use std::fmt::Write;
use std::path::Path;

use linkgate::cli::foundation::sites;
use linkgate::config::{Config, SystemEnvironment};
use linkgate::domain::origin::{Authority, OriginPattern};
use linkgate::domain::site::Sites;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const HEAD: &str = "listen: [{ address: \"127.0.0.1:0\" }]\nstore: { memory: {} }\n\
                    mail: { from: login@example.com, folder: { path: mails } }\nsites:\n";

const ORIGINS: [&str; 10] = [
    "https://a.example.com",
    "https://b.a.example.com",
    "https://*.example.com",
    "https://*.a.example.com",
    "https://*.com",
    "https://example.com",
    "https://example.com:8443",
    "https://*.example.com:8443",
    "https://*.b.example.com:8443",
    "https://127.0.0.1",
];

const AUTHORITIES: [&str; 16] = [
    "a.example.com",
    "A.example.com:443",
    "b.a.example.com",
    "c.a.example.com",
    "x.y.a.example.com",
    "c.example.com",
    "c.example.com:443",
    "c.example.com:8443",
    "x.b.example.com:8443",
    "example.com",
    "example.com:8443",
    "other.com",
    "com",
    "127.0.0.1",
    "badexample.org",
    "a..com",
];

fn config(origins: &[&str]) -> Config {
    let mut text = HEAD.to_owned();
    for (at, origin) in origins.iter().enumerate() {
        let _ = writeln!(
            text,
            "  - {{ name: s{at}, origin: \"{origin}\", upstream: \"http://127.0.0.1:1\", \
             allow: [everyone] }}"
        );
    }
    let config = Config::parse(&text, "a.yaml", Path::new(""), &SystemEnvironment);
    config.unwrap_or_else(|problems| panic!("{problems}"))
}

/// The origin that is found by looking at every one: an exact one, or the longest with a star.
fn plain<'a>(origins: &[&'a str], authority: &str) -> Option<&'a str> {
    let authority = Authority::parse(authority).ok()?;
    let pattern = |origin: &&str| origin.parse::<OriginPattern>().expect("an origin");
    let fits = origins.iter().filter(|origin| pattern(origin).for_authority(&authority).is_some());
    let rank = |origin: &&&str| (pattern(origin).exact().is_some(), origin.len());
    fits.max_by_key(rank).copied()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_index_agrees_with_looking_at_every_site(
        origins in subsequence(ORIGINS.to_vec(), 1..=ORIGINS.len()).prop_shuffle(),
        authority in select(&AUTHORITIES[..]),
    ) {
        let sites: Sites = sites(&config(&origins));
        let found = sites.find(authority).map(|located| located.site.pattern.to_string());
        prop_assert_eq!(found.as_deref(), plain(&origins, authority));
    }
}
