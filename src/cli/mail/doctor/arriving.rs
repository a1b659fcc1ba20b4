//! MX: whether answers and bounces find a way back.

use super::finding::{Finding, Verdict};
use crate::adapters::dns::Dns;

/// Whether mail for the domain of a sender arrives anywhere.
pub(super) async fn mx(dns: &Dns, domain: &str) -> Finding {
    const WHY: &str = "answers and bounces cannot come back, and some receivers refuse mail from \
                       such a domain";
    let exchanges = match dns.exchanges(domain).await {
        Ok(exchanges) => exchanges,
        Err(error) => return Finding::unknown("MX", &error),
    };
    let add = || format!("{domain}. 3600 IN MX 10 MAILSERVER.");
    if exchanges.iter().any(|exchange| exchange.host.is_empty()) {
        let what = format!("{domain} says that it takes no mail (a null MX)");
        return Finding::new("MX", Verdict::Warning, what).why(WHY);
    }
    if exchanges.is_empty() {
        return match dns.addresses(domain).await {
            Err(error) => Finding::unknown("MX", &error),
            Ok(addresses) if addresses.is_empty() => {
                let what = format!("{domain} has no MX record, and no address either");
                Finding::new("MX", Verdict::Missing, what).why(WHY).record(add())
            }
            Ok(_) => {
                let what = format!("{domain} has no MX record; its own address is tried instead");
                Finding::new("MX", Verdict::Warning, what).why(WHY).record(add())
            }
        };
    }
    let mut dangling = Vec::new();
    for exchange in &exchanges {
        match dns.addresses(&exchange.host).await {
            Ok(addresses) if addresses.is_empty() => dangling.push(exchange.host.as_str()),
            Ok(_) => {}
            Err(error) => return Finding::unknown("MX", &error),
        }
    }
    if !dangling.is_empty() {
        let verdict =
            if dangling.len() == exchanges.len() { Verdict::Wrong } else { Verdict::Warning };
        let what = format!("no address: {}", dangling.join(", "));
        return Finding::new("MX", verdict, what).why(WHY);
    }
    let hosts: Vec<_> = exchanges.iter().map(|it| it.host.as_str()).collect();
    Finding::ok("MX", format!("mail for {domain} goes to {}", hosts.join(", ")))
}
