//! SPF records (RFC 7208): which addresses may send for a domain.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::nibbles;

/// What the owner says about senders that a mechanism names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualifier {
    /// They may send.
    Pass,
    /// They may not.
    Fail,
    /// They should not.
    SoftFail,
    /// Nothing.
    Neutral,
}

/// How many bits of an address count, for each family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// Of 32.
    pub v4: u8,
    /// Of 128.
    pub v6: u8,
}

/// Which senders a directive names. Domains may hold macros; without one it is the record's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// All.
    All,
    /// Those that another record lets pass.
    Include(String),
    /// The addresses of a host.
    A(Option<String>, Bits),
    /// The addresses of the hosts that take a domain's mail.
    Mx(Option<String>, Bits),
    /// Whoever has a name below the domain. Not to be used any more.
    Ptr(Option<String>),
    /// A network.
    Network(IpAddr, u8),
    /// Everybody for whom a name exists.
    Exists(String),
}

impl Mechanism {
    /// Whether a receiver has to ask the DNS for it. It asks ten times and no more.
    #[must_use]
    pub fn looks_up(&self) -> bool {
        !matches!(self, Self::All | Self::Network(..))
    }
}

/// A mechanism and what is said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// What is said.
    pub qualifier: Qualifier,
    /// About whom.
    pub mechanism: Mechanism,
    /// As it is written.
    pub text: String,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpfRecord {
    /// In their order; the first that matches decides.
    pub directives: Vec<Directive>,
    /// Whose record counts when none matches.
    pub redirect: Option<String>,
}

/// A part of a record that has no meaning: receivers then act as if all of it had none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` means nothing")]
pub struct BadSpf(pub String);

/// Whether a text claims to be an SPF record.
#[must_use]
pub fn is_spf(text: &str) -> bool {
    let version = text.split(' ').next().unwrap_or_default();
    version.eq_ignore_ascii_case("v=spf1")
}

impl SpfRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// [`BadSpf`] with the part that cannot be read.
    pub fn parse(text: &str) -> Result<Self, BadSpf> {
        let (mut directives, mut redirect) = (Vec::new(), None);
        for term in text.split(' ').skip(1).filter(|term| !term.is_empty()) {
            let bad = || BadSpf(term.to_owned());
            let name_ends = term.find(['=', ':', '/']).unwrap_or(term.len());
            if let Some(value) = term[name_ends..].strip_prefix('=') {
                // Unknown modifiers mean nothing, by the standard.
                if term[..name_ends].eq_ignore_ascii_case("redirect") {
                    let is_second = redirect.replace(value.to_owned()).is_some();
                    if is_second || value.is_empty() {
                        return Err(bad());
                    }
                }
                continue;
            }
            let (qualifier, rest) = qualifier(term);
            let mechanism = mechanism(rest).ok_or_else(bad)?;
            directives.push(Directive { qualifier, mechanism, text: term.to_owned() });
        }
        // `redirect` counts only without `all` (6.1).
        let has_all = directives.iter().any(|one| one.mechanism == Mechanism::All);
        Ok(Self { directives, redirect: redirect.filter(|_| !has_all) })
    }

    /// What is said about everybody else, if it is said here.
    #[must_use]
    pub fn for_all(&self) -> Option<Qualifier> {
        let mut all = self.directives.iter().filter(|one| one.mechanism == Mechanism::All);
        all.next().map(|one| one.qualifier)
    }
}

fn qualifier(term: &str) -> (Qualifier, &str) {
    for (sign, qualifier) in [
        ('+', Qualifier::Pass),
        ('-', Qualifier::Fail),
        ('~', Qualifier::SoftFail),
        ('?', Qualifier::Neutral),
    ] {
        if let Some(rest) = term.strip_prefix(sign) {
            return (qualifier, rest);
        }
    }
    (Qualifier::Pass, term)
}

fn mechanism(text: &str) -> Option<Mechanism> {
    let ends = text.find([':', '/']).unwrap_or(text.len());
    let (name, rest) = text.split_at(ends);
    let value = rest.strip_prefix(':');
    let domain = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    let hosts = |make: fn(Option<String>, Bits) -> Mechanism| {
        let slash = rest.find('/').unwrap_or(rest.len());
        let (host, bits) = rest.split_at(slash);
        let host = match host.strip_prefix(':') {
            Some(host) => Some(domain(Some(host))?),
            None if host.is_empty() => None,
            None => return None,
        };
        Some(make(host, dual_bits(bits)?))
    };
    match name.to_ascii_lowercase().as_str() {
        "all" if rest.is_empty() => Some(Mechanism::All),
        "include" => domain(value).map(Mechanism::Include),
        "exists" => domain(value).map(Mechanism::Exists),
        "a" => hosts(Mechanism::A),
        "mx" => hosts(Mechanism::Mx),
        "ptr" if rest.is_empty() => Some(Mechanism::Ptr(None)),
        "ptr" => domain(value).map(|domain| Mechanism::Ptr(Some(domain))),
        "ip4" => network::<Ipv4Addr>(value?, 32),
        "ip6" => network::<Ipv6Addr>(value?, 128),
        _ => None,
    }
}

fn network<A: std::str::FromStr + Into<IpAddr>>(text: &str, most: u8) -> Option<Mechanism> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, bits.parse().ok().filter(|bits| *bits <= most)?),
        None => (text, most),
    };
    Some(Mechanism::Network(address.parse::<A>().ok()?.into(), bits))
}

/// `/24`, `//64`, `/24//64` or nothing.
fn dual_bits(text: &str) -> Option<Bits> {
    let number = |text: &str, most: u8| text.parse().ok().filter(|bits: &u8| *bits <= most);
    let (v4, v6) = match text.split_once("//") {
        Some((v4, v6)) => (v4, number(v6, 128)?),
        None => (text, 128),
    };
    let v4 = match v4.strip_prefix('/') {
        Some(bits) => number(bits, 32)?,
        None if v4.is_empty() => 32,
        None => return None,
    };
    Some(Bits { v4, v6 })
}

/// Puts the facts of a mail into the macros of a domain (section 7). `None` if one means nothing.
#[must_use]
pub fn expand(text: &str, domain: &str, sender: &str, address: IpAddr) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let sign = after.chars().next()?;
        let (value, used) = match sign {
            '%' => ("%".to_owned(), 1),
            '_' => (" ".to_owned(), 1),
            '-' => ("%20".to_owned(), 1),
            '{' => {
                let end = after.find('}')?;
                (letter(&after[1..end], domain, sender, address)?, end + 1)
            }
            _ => return None,
        };
        out.push_str(&value);
        rest = &after[used..];
    }
    out.push_str(rest);
    Some(out)
}

fn letter(spec: &str, domain: &str, sender: &str, address: IpAddr) -> Option<String> {
    let (local, sender_domain) = sender.rsplit_once('@')?;
    let mut signs = spec.chars();
    let value = match signs.next()?.to_ascii_lowercase() {
        's' => sender.to_owned(),
        'l' => local.to_owned(),
        'o' | 'h' => sender_domain.to_owned(),
        'd' => domain.to_owned(),
        'i' => match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => nibbles(address.octets().iter(), false),
        },
        'v' => if address.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
        _ => return None,
    };
    let spec: String = signs.collect();
    let digits = spec.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(spec.len());
    let (count, rest) = spec.split_at(digits);
    let (is_reversed, delimiters) = match rest.strip_prefix(['r', 'R']) {
        Some(delimiters) => (true, delimiters),
        None => (false, rest),
    };
    let delimiters = if delimiters.is_empty() { "." } else { delimiters };
    let mut parts: Vec<&str> = value.split(|sign| delimiters.contains(sign)).collect();
    if is_reversed {
        parts.reverse();
    }
    let kept = if count.is_empty() { parts.len() } else { count.parse().ok()? };
    Some(parts[parts.len().saturating_sub(kept)..].join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read() {
        let record = SpfRecord::parse(
            "v=spf1 +mx a:mail.example.com/24//64 ip4:192.0.2.0/24 IP6:2001:db8::/32 \
             ?include:_spf.example.net exists:%{i}._x.example.com ptr exp=e.example.com ~all",
        )
        .unwrap();
        let parts: Vec<_> =
            record.directives.iter().map(|one| (one.qualifier, one.mechanism.clone())).collect();
        let pass = Qualifier::Pass;
        assert_eq!(
            parts,
            [
                (pass, Mechanism::Mx(None, Bits { v4: 32, v6: 128 })),
                (pass, Mechanism::A(Some("mail.example.com".into()), Bits { v4: 24, v6: 64 })),
                (pass, Mechanism::Network("192.0.2.0".parse().unwrap(), 24)),
                (pass, Mechanism::Network("2001:db8::".parse().unwrap(), 32)),
                (Qualifier::Neutral, Mechanism::Include("_spf.example.net".into())),
                (pass, Mechanism::Exists("%{i}._x.example.com".into())),
                (pass, Mechanism::Ptr(None)),
                (Qualifier::SoftFail, Mechanism::All),
            ]
        );
        assert_eq!(record.for_all(), Some(Qualifier::SoftFail));
        let redirect = SpfRecord::parse("v=spf1 redirect=_spf.example.com").unwrap();
        assert_eq!(redirect.redirect.as_deref(), Some("_spf.example.com"));
        assert_eq!(SpfRecord::parse("v=spf1 redirect=a.example -all").unwrap().redirect, None);
        assert!(SpfRecord::parse("v=spf1 a=/ -all").is_ok(), "an unknown modifier");
    }

    #[test]
    fn what_means_nothing_is_named() {
        for bad in [
            "ipv4:192.0.2.1",
            "ip4:192.0.2.0/33",
            "ip4:2001:db8::1",
            "ip6:192.0.2.1",
            "include:",
            "all:x",
            "a:",
            "a/33",
            "mx//129",
            "include",
            "exists",
            "spf2",
            "redirect=",
            "-",
        ] {
            let read = SpfRecord::parse(&format!("v=spf1 {bad} -all"));
            assert_eq!(read, Err(BadSpf(bad.to_owned())), "{bad}");
        }
        assert!(is_spf("v=spf1") && is_spf("V=SPF1 -all"));
        assert!(!is_spf("v=spf10 -all") && !is_spf("spf1") && !is_spf(" v=spf1"));
    }

    /// The examples of RFC 7208, 7.4.
    #[test]
    fn macros_are_expanded() {
        let v4: IpAddr = "192.0.2.3".parse().unwrap();
        let (domain, sender) = ("email.example.com", "strong-bad@email.example.com");
        for (text, expected) in [
            ("%{s}", "strong-bad@email.example.com"),
            ("%{o}", "email.example.com"),
            ("%{d4}", "email.example.com"),
            ("%{d2}", "example.com"),
            ("%{d1}", "com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{l}", "strong-bad"),
            ("%{l-}", "strong.bad"),
            ("%{lr-}", "bad.strong"),
            ("%{l1r-}", "strong"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
            ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
            ("a%%b%_c%-", "a%b c%20"),
        ] {
            assert_eq!(expand(text, domain, sender, v4).as_deref(), Some(expected), "{text}");
        }
        let v6: IpAddr = "2001:db8::cb01".parse().unwrap();
        let expected = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.\
                        example.com";
        let expanded = expand("%{ir}.%{v}._spf.%{d2}", domain, sender, v6);
        assert_eq!(expanded.as_deref(), Some(expected));
        for bad in ["%", "%x", "%{", "%{z}", "%{}"] {
            assert_eq!(expand(bad, domain, sender, v4), None, "{bad}");
        }
    }
}
