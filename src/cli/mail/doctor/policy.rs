//! DMARC: what the domain asks for, and whether anything vouches for the sender that people see.

use super::Practice;
use super::finding::{Finding, Verdict, txt};
use super::known::Provider;
use crate::adapters::dns::dmarc::{DmarcRecord, Found, Policy, Tree, is_aligned};
use crate::domain::email::EmailAddress;

const ABOUT: &str = "DMARC";

/// What there is to say. `signing` are the domains whose DKIM signatures are good.
pub(super) async fn dmarc(
    practice: &Practice<'_>,
    from: &EmailAddress,
    signing: &[String],
) -> Vec<Finding> {
    let domain = from.domain();
    let tree = match Tree::of(practice.dns, domain).await {
        Ok(tree) => tree,
        Err(error) => return vec![Finding::unknown(ABOUT, &error)],
    };
    let line = || {
        txt(&format!("_dmarc.{domain}"), &format!("v=DMARC1; p=none; rua=mailto:dmarc@{domain}"))
    };
    let Some(Found { domain: place, texts }) = &tree.found else {
        let what = format!("no record at _dmarc.{domain}, or above");
        let why = "Gmail and Microsoft want one from everybody who sends much; `p=none` asks for \
                   reports only, and is enough";
        return vec![Finding::new(ABOUT, Verdict::Missing, what).why(why).record(line())];
    };
    let [text] = texts.as_slice() else {
        let what = format!("_dmarc.{place} has {} records, so that none counts", texts.len());
        return vec![Finding::new(ABOUT, Verdict::Wrong, what).why("leave one")];
    };
    let record = match DmarcRecord::parse(text) {
        Ok(record) => record,
        Err(error) => {
            let what = format!("_dmarc.{place}: \"{text}\" {error}");
            return vec![Finding::new(ABOUT, Verdict::Wrong, what).record(line())];
        }
    };
    let mut all = vec![policy(place, text, &record, domain)];
    all.push(alignment(practice, domain, &tree.organisation, &record, signing));
    all.extend(reports(practice, place, &tree.organisation, &record).await);
    all
}

fn policy(place: &str, text: &str, record: &DmarcRecord, domain: &str) -> Finding {
    let applied = if place == domain { record.policy } else { record.below };
    let what = format!("_dmarc.{place}: \"{text}\" (p={} for {domain})", applied.word());
    if record.reports.is_empty() {
        let why = "nobody gets the reports that tell of mail that fails: add rua=mailto:ADDRESS";
        return Finding::new(ABOUT, Verdict::Warning, what).why(why);
    }
    let why = match applied {
        Policy::None => Some("forged mail still arrives; when the reports are clean, ask for more"),
        Policy::Quarantine | Policy::Reject if record.percent < 100 => {
            Some("only a part of the mail that fails is kept away (`pct=`)")
        }
        Policy::Quarantine | Policy::Reject => None,
    };
    let finding = Finding::ok(ABOUT, what);
    why.map_or(finding.clone(), |why| finding.why(why))
}

/// Whether the return path or a signature is of the sender that people see.
fn alignment(
    practice: &Practice<'_>,
    domain: &str,
    organisation: &str,
    record: &DmarcRecord,
    signing: &[String],
) -> Finding {
    const ABOUT: &str = "alignment";
    let strict = record.strict_dkim;
    let signs = signing.iter().find(|other| is_aligned(other, domain, organisation, strict));
    if let Some(other) = signs {
        return Finding::ok(ABOUT, format!("signatures of {other} (DKIM) vouch for {domain}"));
    }
    let hosts = practice.ways.iter().filter_map(|way| way.host.as_deref());
    let mut replacing = hosts.filter_map(Provider::of).filter(|it| it.owns_return_path);
    let Some(provider) = replacing.next() else {
        let what = format!("only the return path (SPF) vouches for {domain}");
        let why = "SPF is lost when mail is forwarded: have mails signed, too (DKIM)";
        return Finding::new(ABOUT, Verdict::Warning, what).why(why);
    };
    let what = format!("nothing is known to vouch for {domain}");
    let why = format!(
        "{} replaces the return path, and no signature of {domain} was found: verify the domain \
         there, and say the selector (--selector NAME)",
        provider.name
    );
    let verdict = match record.policy {
        Policy::None => Verdict::Warning,
        Policy::Quarantine | Policy::Reject => Verdict::Wrong,
    };
    Finding::new(ABOUT, verdict, what).why(why)
}

/// Whether others have agreed to get the reports (RFC 7489, 7.1).
async fn reports(
    practice: &Practice<'_>,
    place: &str,
    organisation: &str,
    record: &DmarcRecord,
) -> Vec<Finding> {
    let mut all = Vec::new();
    for address in record.reports.iter().take(4) {
        let Some((_, other)) = address.rsplit_once('@') else { continue };
        let other = other.to_ascii_lowercase();
        if is_aligned(&other, place, organisation, false) {
            continue;
        }
        let name = format!("{place}._report._dmarc.{other}");
        match practice.dns.texts(&name).await {
            Err(error) => all.push(Finding::unknown(ABOUT, &error)),
            Ok(texts) if texts.iter().any(|text| text.starts_with("v=DMARC1")) => {}
            Ok(_) => {
                let what = format!("{other} has not agreed to get reports about {place}");
                let finding = Finding::new(ABOUT, Verdict::Warning, what);
                let why = "it gets none until it has this record";
                all.push(finding.why(why).record(txt(&name, "v=DMARC1")));
            }
        }
    }
    all
}
