//! DMARC records: what a domain asks receivers to do with mail that nobody vouches for
//! (RFC 7489; found by walking up the tree of names, as its successor does).

use super::{Dns, Looked};

/// What is asked for mail that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Nothing but reports.
    None,
    /// The folder for suspicious mail.
    Quarantine,
    /// A refusal.
    Reject,
}

impl Policy {
    /// As in the record.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DmarcRecord {
    /// For the domain itself.
    pub policy: Policy,
    /// For those below it.
    pub below: Policy,
    /// DKIM must name the very domain, and not only one that belongs to it.
    pub strict_dkim: bool,
    /// The return path must be of the very domain.
    pub strict_spf: bool,
    /// Where reports go: the addresses alone.
    pub reports: Vec<String>,
    /// Of which share of the mail this is asked, in percent.
    pub percent: u8,
    /// The domain is one under which others register theirs.
    pub is_public_suffix: bool,
}

/// A record that receivers pass over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadDmarc(pub String);

/// Whether a text claims to be a DMARC record.
#[must_use]
pub fn is_dmarc(text: &str) -> bool {
    let first = text.split(';').next().unwrap_or_default();
    let mut sides = first.splitn(2, '=').map(str::trim);
    sides.next() == Some("v") && sides.next() == Some("DMARC1")
}

impl DmarcRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// [`BadDmarc`], why it is passed over.
    pub fn parse(text: &str) -> Result<Self, BadDmarc> {
        let tags = tags(text);
        let tag = |name: &str| tags.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let policy = |name: &str| match tag(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("none") => Ok(Some(Policy::None)),
            Some("quarantine") => Ok(Some(Policy::Quarantine)),
            Some("reject") => Ok(Some(Policy::Reject)),
            Some(other) => Err(BadDmarc(format!("`{name}={other}` is no policy"))),
        };
        let own = policy("p")?.ok_or_else(|| BadDmarc("says no policy (`p=`)".into()))?;
        let is =
            |name: &str, value: &str| tag(name).is_some_and(|it| it.eq_ignore_ascii_case(value));
        let address = |uri: &str| {
            let (scheme, rest) = uri.trim().split_once(':')?;
            let whole = rest.split('!').next().unwrap_or(rest).to_owned();
            scheme.eq_ignore_ascii_case("mailto").then_some(whole)
        };
        let percent = tag("pct").and_then(|it| it.parse().ok()).filter(|it| *it <= 100);
        Ok(Self {
            policy: own,
            below: policy("sp")?.unwrap_or(own),
            strict_dkim: is("adkim", "s"),
            strict_spf: is("aspf", "s"),
            reports: tag("rua")
                .map_or(Vec::new(), |it| it.split(',').filter_map(address).collect()),
            percent: percent.unwrap_or(100),
            is_public_suffix: is("psd", "y"),
        })
    }
}

/// `a=b; c=d`, without the spaces; used by DKIM, too.
pub(super) fn tags(text: &str) -> Vec<(&str, &str)> {
    let pairs = text.split(';').filter_map(|tag| tag.split_once('='));
    pairs.map(|(key, value)| (key.trim(), value.trim())).collect()
}

/// What was found for a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The domain whose record it is: the asked one, or one above it.
    pub domain: String,
    /// The records there that claim to be one; receivers take none if there are several.
    pub texts: Vec<String>,
}

/// What receivers find for a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The record that counts.
    pub found: Option<Found>,
    /// The domain that all those below belong to, as far as records say.
    pub organisation: String,
}

/// Names that are asked at most on the way up.
const MOST_STEPS: usize = 8;

impl Tree {
    /// Looks at the domain and then at those above it.
    ///
    /// # Errors
    /// [`super::NoAnswer`] when one of them cannot be looked at.
    pub async fn of(dns: &Dns, domain: &str) -> Looked<Self> {
        let labels: Vec<&str> = domain.split('.').collect();
        let mut all: Vec<Found> = Vec::new();
        // Long names are cut to the last ones, but the domain itself is always asked.
        let first = (labels.len() + 1).saturating_sub(MOST_STEPS).max(1);
        for start in std::iter::once(0).chain(first..labels.len()) {
            let name = labels[start..].join(".");
            let mut texts = dns.texts(&format!("_dmarc.{name}")).await?;
            texts.retain(|text| is_dmarc(text));
            let is_suffix =
                |text: &String| DmarcRecord::parse(text).is_ok_and(|it| it.is_public_suffix);
            if start > 0 && texts.iter().any(is_suffix) {
                break;
            }
            if !texts.is_empty() {
                all.push(Found { domain: name, texts });
            }
        }
        let organisation =
            all.last().map_or_else(|| domain.to_owned(), |found| found.domain.clone());
        let own = all.iter().position(|found| found.domain == domain);
        let found = own.map(|at| all.swap_remove(at)).or_else(|| all.pop());
        Ok(Self { found, organisation })
    }
}

/// Whether one domain vouches for another: the same, or, unless strict, of the same organisation.
#[must_use]
pub fn is_aligned(one: &str, other: &str, organisation: &str, is_strict: bool) -> bool {
    let below =
        |name: &str, of: &str| name.strip_suffix(of).is_some_and(|rest| rest.ends_with('.'));
    let belongs = |name: &str| name == organisation || below(name, organisation);
    let is_kin = (belongs(one) && belongs(other)) || below(one, other) || below(other, one);
    one == other || (!is_strict && is_kin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read() {
        let record = DmarcRecord::parse(
            "v=DMARC1; p=Reject; sp=none; adkim=s; aspf=r; pct=20; \
             rua=mailto:a@example.com!10m,mailto:b@example.net,https://x.example/",
        )
        .unwrap();
        assert_eq!((record.policy, record.below), (Policy::Reject, Policy::None));
        assert_eq!((record.strict_dkim, record.strict_spf, record.percent), (true, false, 20));
        assert_eq!(record.reports, ["a@example.com", "b@example.net"]);
        for (bad, why) in [
            ("v=DMARC1", "says no policy (`p=`)"),
            ("v=DMARC1; p=strict", "`p=strict` is no policy"),
            ("v=DMARC1; p=none; sp=", "`sp=` is no policy"),
        ] {
            assert_eq!(DmarcRecord::parse(bad), Err(BadDmarc(why.into())), "{bad}");
        }
        assert!(is_dmarc("v=DMARC1;p=none") && is_dmarc("v = DMARC1 ; p=none"));
        assert!(!is_dmarc("v=dmarc1; p=none") && !is_dmarc("p=none; v=DMARC1"));
    }

    #[test]
    fn who_vouches_for_whom() {
        for (one, other, strict, expected) in [
            ("example.com", "example.com", true, true),
            ("mail.example.com", "example.com", true, false),
            ("mail.example.com", "example.com", false, true),
            ("a.example.com", "b.example.com", false, true),
            ("notexample.com", "example.com", false, false),
            ("sendgrid.net", "example.com", false, false),
        ] {
            let is = is_aligned(one, other, "example.com", strict);
            assert_eq!(is, expected, "{one} {other} {strict}");
        }
    }
}
