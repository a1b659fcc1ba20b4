//! SPF and PTR: who may send for the domain, and whether the sending address has a name.

use std::net::IpAddr;

use super::super::ways::Way;
use super::Practice;
use super::finding::{Finding, Verdict, txt};
use super::known::Provider;
use crate::adapters::dns::spf::Qualifier;
use crate::adapters::dns::walk::{self, Judgement, MOST_LOOKUPS, MOST_VOIDS, Spf, Survey};
use crate::adapters::dns::{Dns, reverse};
use crate::domain::email::EmailAddress;

const ABOUT: &str = "SPF";

/// The addresses of relays that are nobody's we know, so probably send with them.
pub(super) async fn addresses(dns: &Dns, ways: &[Way]) -> Vec<IpAddr> {
    let mut all = Vec::new();
    for way in ways.iter().filter(|way| way.relay.is_some()) {
        let Some(host) = way.host.as_deref().filter(|host| Provider::of(host).is_none()) else {
            continue;
        };
        let found = match host.parse() {
            Ok(address) => vec![address],
            Err(_) => dns.addresses(host).await.unwrap_or_default(),
        };
        all.extend(found.into_iter().filter(is_public));
    }
    all.sort();
    all.dedup();
    all
}

/// Whether the world could see mail come from there.
fn is_public(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let is_shared = v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1]);
            let is_own = v4.is_private() || v4.is_loopback() || v4.is_link_local() || is_shared;
            !is_own && !v4.is_unspecified()
        }
        IpAddr::V6(v6) => {
            let is_own = v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback();
            !is_own && !v6.is_unspecified()
        }
    }
}

/// What the record of a sender's domain says about our ways.
pub(super) async fn spf(practice: &Practice<'_>, from: &EmailAddress) -> Vec<Finding> {
    let domain = from.domain();
    match walk::spf(practice.dns, domain).await {
        Err(error) => vec![Finding::unknown(ABOUT, &error)],
        Ok(Spf::None) => {
            let finding = Finding::new(ABOUT, Verdict::Missing, format!("{domain} has no record"));
            let why = "receivers cannot tell mail of yours from mail of anybody";
            vec![finding.why(why).record(txt(domain, &wanted(practice, &[])))]
        }
        Ok(Spf::Several(texts)) => {
            let what = format!("{domain} has {} records, so that none counts", texts.len());
            let why = "join them into one, and remove the others";
            let record = txt(domain, &wanted(practice, &texts));
            vec![Finding::new(ABOUT, Verdict::Wrong, what).why(why).record(record)]
        }
        Ok(Spf::One(survey)) => {
            let mut all = vec![record(&survey)];
            if all[0].verdict != Verdict::Wrong {
                all.extend(allowed(practice, from, &survey).await);
            }
            all
        }
    }
}

/// The record by itself.
fn record(survey: &Survey) -> Finding {
    let Survey { domain, text, lookups, voids, faults, .. } = survey;
    let wrong = |what: String| Finding::new(ABOUT, Verdict::Wrong, what);
    if let Some(fault) = faults.first() {
        return wrong(fault.clone()).why("receivers take the whole record for broken");
    }
    if *lookups > MOST_LOOKUPS {
        let what = format!("{domain}: a receiver must look up {lookups} names, and stops at 10");
        let why = "the whole record counts for nothing: take out includes that nobody needs, and \
                   write networks (ip4:, ip6:) in place of a: and mx";
        return wrong(what).why(why);
    }
    let what = format!("{domain}: \"{text}\" ({lookups} of 10 lookups)");
    let warning = |why: &str| Finding::new(ABOUT, Verdict::Warning, what.clone()).why(why);
    match survey.for_all() {
        Some(Qualifier::Pass) => {
            wrong(what).why("`+all` lets everybody send in your name: end it with `~all` or `-all`")
        }
        None | Some(Qualifier::Neutral) => {
            warning("it says nothing about everybody else: end it with `~all` or `-all`")
        }
        Some(Qualifier::Fail | Qualifier::SoftFail) if *voids > MOST_VOIDS => {
            warning("it names hosts that are not there; receivers stop after two: take them out")
        }
        Some(Qualifier::Fail | Qualifier::SoftFail) => Finding::ok(ABOUT, what),
    }
}

/// Whether each way is allowed.
async fn allowed(practice: &Practice<'_>, from: &EmailAddress, survey: &Survey) -> Vec<Finding> {
    let mut all = Vec::new();
    let hosts = practice.ways.iter().filter_map(|way| way.host.as_deref());
    for provider in hosts.filter_map(Provider::of) {
        all.push(provided(practice, provider, survey));
    }
    let sender = from.to_string();
    for address in &practice.addresses {
        let judged = survey.judge(practice.dns, *address, &sender).await;
        let finding = match judged {
            Judgement::Said(Qualifier::Pass, Some(by)) => {
                Finding::ok(ABOUT, format!("{address} may send ({by})"))
            }
            Judgement::Said(Qualifier::Pass, None) => {
                Finding::ok(ABOUT, format!("{address} may send"))
            }
            Judgement::Said(_, by) => {
                let by = by.map(|by| format!(" ({by})")).unwrap_or_default();
                let what = format!("{address} may not send{by}");
                let why = "mail from there looks forged";
                let line = wanted(practice, std::slice::from_ref(&survey.text));
                let finding = Finding::new(ABOUT, Verdict::Wrong, what).why(why);
                finding.record(txt(&survey.domain, &line))
            }
            Judgement::Broken(why) => Finding::new(ABOUT, Verdict::Wrong, why),
        };
        all.push(finding);
    }
    let is_elsewhere = practice.ways.iter().all(|way| way.stays);
    if all.is_empty() && !is_elsewhere {
        let what = "not known which address mail leaves from";
        let why = "say it: --sending-ip ADDRESS";
        all.push(Finding::new(ABOUT, Verdict::Warning, what).why(why));
    }
    all
}

fn provided(practice: &Practice<'_>, provider: &Provider, survey: &Survey) -> Finding {
    let Provider { name, include, owns_return_path, .. } = provider;
    if survey.takes_in(include) {
        return Finding::ok(ABOUT, format!("{name} may send (include:{include})"));
    }
    let what = format!("{name} is not allowed (include:{include})");
    let record = txt(&survey.domain, &wanted(practice, std::slice::from_ref(&survey.text)));
    if *owns_return_path {
        let why = "it sends with a return path of its own, so that its signature (DKIM) has to vouch \
                   for you; receivers that look here, too, like to find it";
        return Finding::new(ABOUT, Verdict::Warning, what).why(why).record(record);
    }
    let why = "mail from there looks forged";
    Finding::new(ABOUT, Verdict::Wrong, what).why(why).record(record)
}

/// A record that says what these say, and allows our ways.
fn wanted(practice: &Practice<'_>, texts: &[String]) -> String {
    let mut terms: Vec<String> = Vec::new();
    let mut add = |term: &str| {
        if !terms.iter().any(|one| one.eq_ignore_ascii_case(term)) {
            terms.push(term.to_owned());
        }
    };
    let said = || texts.iter().flat_map(|text| text.split(' ').skip(1)).filter(|it| !it.is_empty());
    let is_last = |term: &str| {
        let bare = term.trim_start_matches(['+', '-', '~', '?']).to_ascii_lowercase();
        bare == "all" || bare.starts_with("redirect=")
    };
    said().filter(|term| !is_last(term)).for_each(&mut add);
    let hosts = practice.ways.iter().filter_map(|way| way.host.as_deref());
    for provider in hosts.filter_map(Provider::of) {
        add(&format!("include:{}", provider.include));
    }
    for address in &practice.addresses {
        let kind = if address.is_ipv4() { "ip4" } else { "ip6" };
        add(&format!("{kind}:{address}"));
    }
    if terms.is_empty() {
        terms.push("ip4:ADDRESS-OF-YOUR-RELAY".to_owned());
    }
    let last = said().filter(|term| is_last(term) && !["all", "+all"].contains(term));
    let last = last.last().unwrap_or("~all");
    format!("v=spf1 {} {last}", terms.join(" "))
}

/// Whether an address has a name that has the address.
pub(super) async fn names(dns: &Dns, address: IpAddr) -> Finding {
    const ABOUT: &str = "PTR";
    let why = "Gmail and others refuse mail from addresses without a name; whoever gave you the \
               address sets it";
    let record = || format!("{}. 3600 IN PTR MAILSERVER.", reverse(address));
    let names = match dns.names(address).await {
        Ok(names) => names,
        Err(error) => return Finding::unknown(ABOUT, &error),
    };
    if names.is_empty() {
        let what = format!("{address} has no name");
        return Finding::new(ABOUT, Verdict::Missing, what).why(why).record(record());
    }
    for name in &names {
        match dns.addresses(name).await {
            Ok(found) if found.contains(&address) => {
                return Finding::ok(ABOUT, format!("{address} is {name}, and {name} is {address}"));
            }
            Ok(_) => {}
            Err(error) => return Finding::unknown(ABOUT, &error),
        }
    }
    let kind = if address.is_ipv4() { "A" } else { "AAAA" };
    let what = format!("{address} is {}, which has other addresses", names.join(", "));
    Finding::new(ABOUT, Verdict::Wrong, what)
        .why("the name must lead back: otherwise it could be anybody's")
        .record(format!("{}. 3600 IN {kind} {address}", names[0]))
}
