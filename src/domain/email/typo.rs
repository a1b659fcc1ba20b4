//! "Did you mean …?" for the domain of an address.
//!
//! Only the large public providers are ever suggested, from a list that is compiled in. The rules
//! of a site must stay out of this: to correct `exmaple.com` into a domain that may enter would
//! tell a stranger who may.
//!
//! A suggestion that is wrong costs more trust than one that is missing: some people do have an
//! address at `mail.com`, `ymail.com` or `grail.com`. So only what nobody means is corrected.

use super::EmailAddress;

/// Longest domain that is looked at, in bytes: the longest of ours and a few letters more.
const LONGEST_DOMAIN: usize = 32;

/// A provider of mailboxes for everybody.
struct Provider {
    /// The first label of its domains.
    name: &'static str,
    /// What stands after the first label; the first one is the usual one.
    endings: &'static [&'static str],
    nearness: Nearness,
}

/// How far from the name of a provider a label may be and still be meant as it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nearness {
    /// Not at all: too short, or a word with other words beside it. Only its ending is corrected.
    Exact,
    /// One letter more, less or other, or two neighbours swapped.
    One,
    /// Two of these: a long name that is no word.
    Two,
}

const fn provider(
    name: &'static str,
    endings: &'static [&'static str],
    nearness: Nearness,
) -> Provider {
    Provider { name, endings, nearness }
}

/// Sorted by how common they are: of two that are equally near, the first is suggested.
const PROVIDERS: &[Provider] = &[
    provider("gmail", &["com"], Nearness::One),
    provider("googlemail", &["com"], Nearness::Two),
    provider(
        "outlook",
        &["com", "de", "fr", "es", "it", "pt", "be", "at", "dk", "cz", "jp", "co.id", "com.br"],
        Nearness::One,
    ),
    provider(
        "hotmail",
        &[
            "com", "co.uk", "de", "fr", "es", "it", "nl", "be", "ch", "at", "se", "dk", "no", "fi",
            "ca", "gr", "com.br", "com.ar", "com.mx", "com.tr", "co.jp",
        ],
        Nearness::One,
    ),
    provider(
        "yahoo",
        &[
            "com", "co.uk", "de", "fr", "es", "it", "ca", "ie", "nl", "be", "at", "pl", "se", "gr",
            "ro", "in", "com.br", "com.ar", "com.mx", "com.au", "co.in", "co.jp", "com.tr",
        ],
        Nearness::One,
    ),
    provider("icloud", &["com"], Nearness::One),
    provider(
        "live",
        &[
            "com", "co.uk", "de", "fr", "it", "nl", "be", "at", "se", "dk", "no", "ie", "ca",
            "com.mx", "com.ar",
        ],
        Nearness::Exact,
    ),
    provider("gmx", &["de", "net", "com", "at", "ch", "fr", "es", "us", "co.uk"], Nearness::Exact),
    provider("web", &["de"], Nearness::Exact),
    provider("t-online", &["de"], Nearness::Exact),
    provider("freenet", &["de"], Nearness::One),
    provider("orange", &["fr"], Nearness::One),
    provider("wanadoo", &["fr", "es", "nl"], Nearness::One),
    provider("free", &["fr"], Nearness::Exact),
    provider("sfr", &["fr"], Nearness::Exact),
    provider("laposte", &["net"], Nearness::One),
    provider("libero", &["it"], Nearness::One),
    provider("telefonica", &["net"], Nearness::Two),
    provider("proton", &["me"], Nearness::One),
    provider("protonmail", &["com", "ch"], Nearness::Two),
    provider("pm", &["me"], Nearness::Exact),
    provider("me", &["com"], Nearness::Exact),
    provider("mac", &["com"], Nearness::Exact),
    provider("msn", &["com"], Nearness::Exact),
    provider("aol", &["com", "de", "fr", "it", "co.uk"], Nearness::Exact),
    provider("mail", &["com"], Nearness::Exact),
    provider("ymail", &["com"], Nearness::Exact),
    provider("rocketmail", &["com"], Nearness::Two),
    provider("fastmail", &["com", "fm"], Nearness::One),
    provider("zoho", &["com", "eu"], Nearness::Exact),
    provider("zohomail", &["com", "eu", "in"], Nearness::One),
];

/// Near one of the above and somebody's all the same: companies, other providers, plain words.
const GENUINE: &[&str] = &[
    "gail.com",
    "grail.com",
    "incloud.com",
    "liber.it",
    "libera.it",
    "liberi.it",
    "oranger.fr",
    "oranges.fr",
    "photon.me",
    "proto.me",
    "protos.me",
    "telefonia.net",
];

/// Mistakes that are common and more than a letter away, or near a name that is not to be guessed.
const MISSPELT: &[(&str, &str)] = &[
    ("icould", "icloud"),
    ("tonline", "t-online"),
    ("t-onlin", "t-online"),
    ("t-onine", "t-online"),
    ("t-olnine", "t-online"),
    ("t-onlien", "t-online"),
    ("t-onilne", "t-online"),
    ("t-onlne", "t-online"),
];

/// Providers with one domain in the whole world, so that `gmail.fr` is nobody's address.
const ONE_DOMAIN: &[&str] = &["gmail", "googlemail", "icloud"];

/// Endings that such a name is given out of habit.
const HABITS: &[&str] = &[
    "net", "org", "eu", "de", "fr", "es", "it", "at", "ch", "nl", "be", "pt", "uk", "co.uk", "us",
    "ca", "in", "br", "mx", "com.br", "com.mx", "com.ar", "com.au", "com.com", "cam",
];

/// Endings that do not exist, and what was meant by them.
const SLIPS: &[(&str, &[&str])] = &[
    (
        "com",
        &[
            "con", "comm", "cmo", "ocm", "vom", "xom", "dom", "cpm", "cim", "clm", "ckm", "coom",
            "ccom", "c0m", "cok", "coj", "coma", "come", "comn", "comcom",
        ],
    ),
    ("net", &["nte", "ent", "ner", "nett", "neet", "nef", "met", "ney", "nrt", "nwt"]),
    ("de", &["ed", "dee", "dde", "d", "dr", "dw", "fe"]),
    ("fr", &["rf", "frr", "ffr", "f", "ft", "fre"]),
    ("it", &["ti", "itt", "iit", "i"]),
    ("es", &["ess", "ees", "e"]),
    ("me", &["mee", "mme", "em", "m"]),
    ("co.uk", &["co.u", "co.k", "co.ku", "co.ukk", "couk", "co.uj", "con.uk", "cou.k", "c.uk"]),
    ("com.br", &["com.b", "con.br", "comm.br", "com.rb", "combr"]),
];

/// Countries that are written where `com` was meant. Only after a name that is not a plain word.
const COUNTRIES_FOR_COM: &[&str] = &["co", "cm", "om"];

/// The same person at the provider that was probably meant; `None` if the domain is well known or
/// may well be somebody's.
///
/// Knows nothing of who may enter. The work is bounded by the lists above, whatever was typed.
///
/// ```
/// # use linkgate::domain::email::{EmailAddress, typo::suggestion};
/// let typed = EmailAddress::parse("Ann@gmial.con").unwrap();
/// assert_eq!(suggestion(&typed).unwrap().spelling(), "Ann@gmail.com");
/// assert_eq!(suggestion(&EmailAddress::parse("ann@mail.com").unwrap()), None);
/// ```
#[must_use]
pub fn suggestion(address: &EmailAddress) -> Option<EmailAddress> {
    let (name, ending) = meant(address.domain())?;
    let local = &address.spelling()[..address.local().len()];
    EmailAddress::parse(&format!("{local}@{name}.{ending}")).ok()
}

/// Name and ending of the provider that this domain stands for by mistake.
fn meant(domain: &str) -> Option<(&'static str, &'static str)> {
    if domain.len() > LONGEST_DOMAIN || GENUINE.contains(&domain) {
        return None;
    }
    let (name, ending) = domain.split_once('.')?;
    if is_provider(name, ending) {
        return None;
    }
    // Copied from the address bar.
    if name == "www" {
        let (name, ending) = ending.split_once('.')?;
        return PROVIDERS.iter().find_map(|provider| {
            let ending = provider.endings.iter().find(|it| **it == ending)?;
            (provider.name == name).then_some((provider.name, *ending))
        });
    }
    PROVIDERS
        .iter()
        .filter_map(|provider| {
            let edits = edits(name, provider)?;
            let (ending, slips) = provider.ending(ending, edits)?;
            Some((edits + slips, (provider.name, ending)))
        })
        .min_by_key(|(cost, _)| *cost)
        .map(|(_, meant)| meant)
}

fn is_provider(name: &str, ending: &str) -> bool {
    PROVIDERS.iter().any(|it| it.name == name && it.endings.contains(&ending))
}

/// Mistakes between a label and the name of a provider, if they are few enough for it.
fn edits(label: &str, provider: &Provider) -> Option<usize> {
    let name = provider.name;
    if label == name {
        return Some(0);
    }
    if MISSPELT.contains(&(label, name)) {
        return Some(1);
    }
    let most = match provider.nearness {
        Nearness::Exact => return None,
        Nearness::One => 1,
        Nearness::Two => 2,
    };
    if label.len().abs_diff(name.len()) > most || !begins_alike(label, name) {
        return None;
    }
    // The name of another provider is not a mistake (`ymail`, `live`), whatever follows it.
    if PROVIDERS.iter().any(|other| other.name == label) {
        return None;
    }
    let edits = strsim::osa_distance(label, name);
    (edits <= most).then_some(edits)
}

/// Another first letter makes another word (`email`, `hmail`, `cloud`); swapping it with the second
/// does not, nor does losing it in a long name.
fn begins_alike(label: &str, name: &str) -> bool {
    let (typed, meant) = (label.as_bytes(), name.as_bytes());
    match (typed, meant) {
        ([a, ..], [b, ..]) if a == b => true,
        ([a, b, ..], [c, d, ..]) if a == d && b == c => true,
        _ => name.len() >= 7 && name.get(1..) == Some(label),
    }
}

impl Provider {
    /// The ending that was meant, and at what cost, after `edits` mistakes in the name.
    fn ending(&self, typed: &str, edits: usize) -> Option<(&'static str, usize)> {
        if let Some(same) = self.endings.iter().find(|it| **it == typed) {
            return Some((same, 0));
        }
        for &ending in self.endings {
            let slips = SLIPS.iter().find(|(meant, _)| *meant == ending);
            if slips.is_some_and(|(_, slips)| slips.contains(&typed)) {
                return Some((ending, 1));
            }
        }
        let may_be_com = self.nearness != Nearness::Exact && self.endings.contains(&"com");
        let is_habit = ONE_DOMAIN.contains(&self.name) && HABITS.contains(&typed);
        (edits == 0 && may_be_com && (is_habit || COUNTRIES_FOR_COM.contains(&typed)))
            .then_some(("com", 1))
    }
}

#[cfg(test)]
mod tests;
