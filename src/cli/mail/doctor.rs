//! `linkgate mail doctor`: what receivers of our mail find about us, and what they miss.

mod arriving;
mod finding;
mod known;
mod policy;
mod sending;
mod signed;
mod through;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::super::{broken, fail, foundation, load, remind, say};
use super::ways::{self, Way};
use crate::adapters::dns::Dns;
use crate::config::Config;
use crate::domain::email::EmailAddress;
use finding::{Finding, Group, Verdict};

/// What is looked at.
#[derive(Debug, Args)]
pub(in crate::cli) struct DoctorArguments {
    /// The configuration file.
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// A DKIM selector that the relay signs with, as in "s1" or "s1@example.com". Several may be
    /// given.
    #[arg(long = "selector", value_name = "SELECTOR")]
    selectors: Vec<AskedSelector>,
    /// An address that mail leaves from, as the world sees it; if left out, those of the relay's
    /// host. Several may be given.
    #[arg(long = "sending-ip", value_name = "IP")]
    addresses: Vec<IpAddr>,
    /// The DNS server to ask; the system's if left out.
    #[arg(long, value_name = "ADDRESS", value_parser = resolver)]
    resolver: Option<SocketAddr>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A selector, and the domain if it is not the sender's.
#[derive(Clone, Debug)]
struct AskedSelector {
    selector: String,
    domain: Option<String>,
}

impl std::str::FromStr for AskedSelector {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (selector, domain) = match text.split_once('@') {
            Some((selector, domain)) => (selector, Some(domain.to_ascii_lowercase())),
            None => (text, None),
        };
        let is_name = |name: &str| {
            let is_sign = |sign: char| sign.is_ascii_alphanumeric() || "-_.".contains(sign);
            !name.is_empty() && name.len() <= 200 && name.chars().all(is_sign)
        };
        if is_name(selector) && domain.as_deref().is_none_or(is_name) {
            return Ok(Self { selector: selector.to_ascii_lowercase(), domain });
        }
        Err("write it as `s1` or `s1@example.com`")
    }
}

fn resolver(text: &str) -> Result<SocketAddr, &'static str> {
    let bare = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
    bare.or_else(|_| text.parse()).map_err(|_| "write it as 192.0.2.53 or 192.0.2.53:53")
}

/// A From address and the sites whose mail is from it.
struct From {
    address: EmailAddress,
    sites: Vec<String>,
}

/// What everything is looked at with.
struct Practice<'a> {
    dns: &'a Dns,
    config: &'a Config,
    ways: &'a [Way],
    /// The addresses that mail leaves from, as far as they are known.
    addresses: Vec<IpAddr>,
    selectors: &'a [AskedSelector],
}

pub(super) async fn run(arguments: &DoctorArguments) -> ExitCode {
    let config = match load(&arguments.config) {
        Ok(config) => config,
        Err(code) => return code,
    };
    remind(&config.warnings);
    let ways = match ways::ways(&config) {
        Ok(ways) => ways,
        Err(error) => return broken(&error),
    };
    let dns = match arguments.resolver {
        Some(server) => Dns::at(server),
        None => Dns::of_system(),
    };
    let dns = match dns {
        Ok(dns) => dns,
        Err(why) => return fail(&format_args!("the DNS cannot be asked: {why}")),
    };
    if !dns.is_there().await {
        return fail(&"the DNS does not answer; name a server that does: --resolver 9.9.9.9");
    }
    let addresses = match arguments.addresses.as_slice() {
        [] => sending::addresses(&dns, &ways).await,
        given => given.to_vec(),
    };
    let selectors = &arguments.selectors;
    let practice = Practice { dns: &dns, config: &config, ways: &ways, addresses, selectors };
    let groups = practice.examine().await;
    let worst = groups.iter().flat_map(|group| &group.findings).map(|it| it.verdict).max();
    if arguments.json {
        say(&finding::json(&groups));
    } else {
        say(&finding::paper(&groups));
    }
    match worst {
        None | Some(Verdict::Ok | Verdict::Warning) => ExitCode::SUCCESS,
        Some(Verdict::Unknown | Verdict::Missing | Verdict::Wrong) => ExitCode::FAILURE,
    }
}

impl Practice<'_> {
    async fn examine(&self) -> Vec<Group> {
        let mut groups = Vec::new();
        for from in senders(self.config) {
            groups.push(Group {
                title: format!("from {} ({})", from.address, from.sites.join(", ")),
                findings: self.sender(&from).await,
            });
        }
        for way in self.ways {
            groups.push(Group {
                title: format!("relay {}", way.name),
                findings: through::relay(way).await,
            });
        }
        for address in &self.addresses {
            groups.push(Group {
                title: format!("sending address {address}"),
                findings: vec![sending::names(self.dns, *address).await],
            });
        }
        groups
    }

    async fn sender(&self, from: &From) -> Vec<Finding> {
        let mut all = sending::spf(self, &from.address).await;
        let signed = signed::dkim(self, &from.address).await;
        let domains = signed.domains;
        all.extend(signed.findings);
        all.extend(policy::dmarc(self, &from.address, &domains).await);
        all.push(arriving::mx(self.dns, from.address.domain()).await);
        all
    }
}

/// Each From address once.
fn senders(config: &Config) -> Vec<From> {
    let mut all: Vec<From> = Vec::new();
    for site in &config.sites {
        let address = foundation::sender(config, Some(site)).address;
        let name = site.name.to_string();
        match all.iter_mut().find(|from| from.address == address) {
            Some(from) => from.sites.push(name),
            None => all.push(From { address, sites: vec![name] }),
        }
    }
    all
}
