//! All that an SPF record says, with the records that it refers to.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use ipnet::IpNet;

use super::spf::{Bits, Mechanism, Qualifier, SpfRecord, expand, is_spf};
use super::{Dns, Looked};

/// Questions that a receiver asks for one mail; after that it takes the record for broken (4.6.4).
pub const MOST_LOOKUPS: usize = 10;
/// Questions without an answer that it bears.
pub const MOST_VOIDS: usize = 2;
/// Questions after which we stop counting.
const ENOUGH: usize = 40;
/// Hosts of one `mx` that are looked at.
const MOST_HOSTS: usize = 10;

/// What a receiver decides about an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// What is said, and the directive that says it; `None` if none does.
    Said(Qualifier, Option<String>),
    /// The record is broken: for the receiver it says nothing.
    Broken(String),
}

/// A record, and all that it refers to.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The domain whose record it is.
    pub domain: String,
    /// The record as it stands there.
    pub text: String,
    /// Questions that are asked when nothing matches before the end.
    pub lookups: usize,
    /// Of those, the ones without an answer.
    pub voids: usize,
    /// Domains whose records it takes in, at any depth, as they are written.
    pub includes: Vec<String>,
    /// What a receiver would stumble over.
    pub faults: Vec<String>,
    parts: Vec<(Qualifier, String, Part)>,
    redirect: Option<Box<Survey>>,
}

#[derive(Clone, Debug)]
enum Part {
    All,
    Networks(Vec<IpNet>),
    Include(Box<Survey>),
    Exists(String),
    /// Nothing that could match.
    Nothing,
}

/// What was found at a domain.
#[derive(Clone, Debug)]
pub enum Spf {
    /// No record.
    None,
    /// Several, so that none counts.
    Several(Vec<String>),
    /// One.
    One(Box<Survey>),
}

/// Walks through everything that the record of a domain says.
///
/// # Errors
/// [`super::NoAnswer`] when the record itself cannot be looked at.
pub async fn spf(dns: &Dns, domain: &str) -> Looked<Spf> {
    let mut texts = dns.texts(domain).await?;
    texts.retain(|text| is_spf(text));
    match texts.len() {
        0 => Ok(Spf::None),
        1 => {
            let mut walk = Walk { dns, lookups: 0, voids: 0, above: Vec::new() };
            let mut survey = walk.survey(domain.to_owned(), texts.remove(0)).await;
            (survey.lookups, survey.voids) = (walk.lookups, walk.voids);
            Ok(Spf::One(Box::new(survey)))
        }
        _ => Ok(Spf::Several(texts)),
    }
}

type Step<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

struct Walk<'a> {
    dns: &'a Dns,
    lookups: usize,
    voids: usize,
    above: Vec<String>,
}

impl Walk<'_> {
    /// In a box, because records take in records.
    fn survey(&mut self, domain: String, text: String) -> Step<'_, Survey> {
        Box::pin(async move {
            let mut survey = Survey { domain, text, ..Survey::default() };
            let record = match SpfRecord::parse(&survey.text) {
                Ok(record) => record,
                Err(error) => {
                    survey.faults.push(format!("{}: {error}", survey.domain));
                    return survey;
                }
            };
            self.above.push(survey.domain.clone());
            for directive in record.directives {
                if directive.mechanism.looks_up() {
                    self.lookups += 1;
                }
                let part = self.part(&mut survey, directive.mechanism).await;
                survey.parts.push((directive.qualifier, directive.text, part));
            }
            if let Some(target) = record.redirect {
                self.lookups += 1;
                survey.redirect = self.other(&mut survey, target).await.map(Box::new);
            }
            self.above.pop();
            survey
        })
    }

    async fn part(&mut self, survey: &mut Survey, mechanism: Mechanism) -> Part {
        if self.lookups > ENOUGH {
            return Part::Nothing;
        }
        let domain = survey.domain.clone();
        match mechanism {
            Mechanism::All => Part::All,
            Mechanism::Network(address, bits) => {
                Part::Networks(IpNet::new(address, bits).into_iter().collect())
            }
            Mechanism::A(host, bits) => {
                let addresses = self.addresses(survey, &host.unwrap_or(domain)).await;
                self.voids += usize::from(addresses.is_empty());
                Part::Networks(networks(&addresses, bits))
            }
            Mechanism::Mx(host, bits) => {
                let found = self.dns.exchanges(&host.unwrap_or(domain)).await;
                let hosts = noted(survey, found);
                self.voids += usize::from(hosts.is_empty());
                let mut all = Vec::new();
                for exchange in hosts.iter().take(MOST_HOSTS).filter(|it| !it.host.is_empty()) {
                    all.extend(networks(&self.addresses(survey, &exchange.host).await, bits));
                }
                Part::Networks(all)
            }
            Mechanism::Include(target) => {
                survey.includes.push(target.clone());
                match self.other(survey, target).await {
                    Some(other) => Part::Include(Box::new(other)),
                    None => Part::Nothing,
                }
            }
            Mechanism::Exists(name) => Part::Exists(name),
            // Slow and forgeable; large receivers pass over it (5.5).
            Mechanism::Ptr(_) => Part::Nothing,
        }
    }

    /// The record of another domain. Macros there depend on each mail, so that nothing is asked.
    async fn other(&mut self, survey: &mut Survey, target: String) -> Option<Survey> {
        if target.contains('%') || self.lookups > ENOUGH {
            return None;
        }
        if self.above.contains(&target) {
            survey.faults.push(format!("{}: leads back to {target}", survey.domain));
            return None;
        }
        let found = self.dns.texts(&target).await;
        let mut texts = noted(survey, found);
        texts.retain(|text| is_spf(text));
        if texts.len() != 1 {
            self.voids += usize::from(texts.is_empty());
            let what = if texts.is_empty() { "no SPF record" } else { "several SPF records" };
            survey.faults.push(format!("{}: takes in {target}, which has {what}", survey.domain));
            return None;
        }
        let other = self.survey(target, texts.remove(0)).await;
        survey.includes.extend(other.includes.iter().cloned());
        survey.faults.extend(other.faults.iter().cloned());
        Some(other)
    }

    async fn addresses(&self, survey: &mut Survey, host: &str) -> Vec<IpAddr> {
        if host.contains('%') {
            return Vec::new();
        }
        noted(survey, self.dns.addresses(host).await)
    }
}

/// What was found; nothing, and a fault, if nobody could tell.
fn noted<T>(survey: &mut Survey, found: Looked<Vec<T>>) -> Vec<T> {
    found.unwrap_or_else(|error| {
        survey.faults.push(error.to_string());
        Vec::new()
    })
}

fn networks(addresses: &[IpAddr], bits: Bits) -> Vec<IpNet> {
    let bits = |address: &IpAddr| if address.is_ipv4() { bits.v4 } else { bits.v6 };
    addresses.iter().filter_map(|it| IpNet::new(*it, bits(it)).ok()).collect()
}

impl Survey {
    /// What is said about everybody who is not named, here or where the record leads.
    #[must_use]
    pub fn for_all(&self) -> Option<Qualifier> {
        let mut all = self.parts.iter().filter(|(_, _, part)| matches!(part, Part::All));
        let own = all.next().map(|(qualifier, ..)| *qualifier);
        own.or_else(|| self.redirect.as_ref().and_then(|other| other.for_all()))
    }

    /// Whether the records of a domain are taken in, at any depth.
    #[must_use]
    pub fn takes_in(&self, domain: &str) -> bool {
        self.includes.iter().any(|include| include.eq_ignore_ascii_case(domain))
            || self.redirect.as_ref().is_some_and(|other| {
                other.domain.eq_ignore_ascii_case(domain) || other.takes_in(domain)
            })
    }

    /// What a receiver decides about mail of `sender` that comes from an address.
    pub async fn judge(&self, dns: &Dns, address: IpAddr, sender: &str) -> Judgement {
        if let Some(fault) = self.faults.first() {
            return Judgement::Broken(fault.clone());
        }
        if self.lookups > MOST_LOOKUPS {
            return Judgement::Broken(format!("{} lookups", self.lookups));
        }
        self.decide(dns, address, sender).await
    }

    fn decide<'a>(&'a self, dns: &'a Dns, address: IpAddr, sender: &'a str) -> Step<'a, Judgement> {
        Box::pin(async move {
            for (qualifier, text, part) in &self.parts {
                let matches = match part {
                    Part::All => true,
                    Part::Nothing => false,
                    Part::Networks(all) => all.iter().any(|network| network.contains(&address)),
                    Part::Include(other) => {
                        let said = other.decide(dns, address, sender).await;
                        matches!(said, Judgement::Said(Qualifier::Pass, _))
                    }
                    Part::Exists(name) => {
                        let name = expand(name, &self.domain, sender, address);
                        let found = match &name {
                            Some(name) => dns.addresses(name).await.unwrap_or_default(),
                            None => Vec::new(),
                        };
                        found.iter().any(IpAddr::is_ipv4)
                    }
                };
                if matches {
                    return Judgement::Said(*qualifier, Some(text.clone()));
                }
            }
            match &self.redirect {
                Some(other) => other.decide(dns, address, sender).await,
                None => Judgement::Said(Qualifier::Neutral, None),
            }
        })
    }
}
