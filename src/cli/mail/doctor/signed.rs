//! DKIM: whether the key that mails are signed with is where receivers look for it.

use super::super::ways;
use super::Practice;
use super::finding::{Finding, Verdict, txt};
use super::known::Provider;
use crate::adapters::dns::dkim::{BadDkim, DkimRecord, KeyKind};
use crate::domain::email::EmailAddress;

const ABOUT: &str = "DKIM";
/// RSA keys below are refused by many; those below the second are thought weak.
const LEAST_BITS: usize = 1024;
const GOOD_BITS: usize = 2048;

/// What there is to say, and the domains whose signature is good.
pub(super) struct Signed {
    pub(super) findings: Vec<Finding>,
    pub(super) domains: Vec<String>,
}

/// A key to look for.
struct Sought {
    selector: String,
    domain: String,
    /// What the record must hold, where we sign ourselves.
    expected: Option<String>,
    /// It is only a usual name.
    is_guess: bool,
}

/// Looks for the keys of a sender.
pub(super) async fn dkim(practice: &Practice<'_>, from: &EmailAddress) -> Signed {
    let mut signed = Signed { findings: Vec::new(), domains: Vec::new() };
    let sought = sought(practice, from.domain());
    for key in &sought {
        let Some((finding, is_good)) = look(practice, key).await else { continue };
        if is_good {
            signed.domains.push(key.domain.clone());
        }
        signed.findings.push(finding);
    }
    if signed.findings.is_empty() && practice.ways.iter().any(|way| !way.stays) {
        let what = "not known which key signs the mails";
        let why = "if the relay signs, say its selector: --selector NAME (s= in the DKIM-Signature \
                   of a mail that has arrived); if nobody signs, large receivers put mail aside";
        signed.findings.push(Finding::new(ABOUT, Verdict::Warning, what).why(why));
    }
    signed
}

fn sought(practice: &Practice<'_>, domain: &str) -> Vec<Sought> {
    let ours = ways::signers(practice.config).into_iter().map(|signer| Sought {
        selector: signer.selector,
        domain: signer.domain,
        expected: signer.record,
        is_guess: false,
    });
    let asked = practice.selectors.iter().map(|asked| Sought {
        selector: asked.selector.clone(),
        domain: asked.domain.clone().unwrap_or_else(|| domain.to_owned()),
        expected: None,
        is_guess: false,
    });
    let mut all: Vec<Sought> = ours.chain(asked).collect();
    if all.is_empty() {
        let hosts = practice.ways.iter().filter_map(|way| way.host.as_deref());
        let usual = hosts.filter_map(Provider::of).flat_map(|provider| provider.selectors);
        all.extend(usual.map(|selector| Sought {
            selector: (*selector).to_owned(),
            domain: domain.to_owned(),
            expected: None,
            is_guess: true,
        }));
    }
    all
}

/// What there is at the place of a key, and whether a signature with it counts.
async fn look(practice: &Practice<'_>, key: &Sought) -> Option<(Finding, bool)> {
    let name = format!("{}._domainkey.{}", key.selector, key.domain);
    let with_line = |finding: Finding| match &key.expected {
        Some(expected) => finding.record(txt(&name, expected)),
        None => finding,
    };
    let found = match practice.dns.texts(&name).await {
        Ok(found) => found,
        Err(_) if key.is_guess => return None,
        Err(error) => return Some((Finding::unknown(ABOUT, &error), false)),
    };
    let wrong = |what: String| Finding::new(ABOUT, Verdict::Wrong, what);
    let finding = match found.as_slice() {
        [] if key.is_guess => return None,
        [] => {
            let finding = Finding::new(ABOUT, Verdict::Missing, format!("{name}: no record"));
            let why = match key.expected {
                Some(_) => "nobody can check the signature of our mails",
                None => "add the record that your provider shows for this selector",
            };
            with_line(finding.why(why))
        }
        [text] => match DkimRecord::parse(text) {
            Ok(record) => return Some(judged(&name, &record, key, with_line)),
            Err(error @ BadDkim::Revoked) => with_line(
                wrong(format!("{name}: {error}")).why("mails are signed with another key"),
            ),
            Err(error) => with_line(wrong(format!("{name}: {error}"))),
        },
        several => {
            let what = format!("{name}: {} records, and receivers take any", several.len());
            with_line(wrong(what).why("leave one"))
        }
    };
    Some((finding, false))
}

fn judged(
    name: &str,
    record: &DkimRecord,
    key: &Sought,
    with_line: impl Fn(Finding) -> Finding,
) -> (Finding, bool) {
    let expected = key.expected.as_deref().map(DkimRecord::parse);
    if let Some(Ok(expected)) = &expected
        && (expected.key != record.key || expected.kind != record.kind)
    {
        let what = format!("{name}: holds another key than the one we sign with");
        let finding = Finding::new(ABOUT, Verdict::Wrong, what);
        return (with_line(finding.why("no signature of ours is good")), false);
    }
    let kind = match record.kind {
        KeyKind::Rsa(bits) => format!("RSA, {bits} bits"),
        KeyKind::Ed25519 => "Ed25519".to_owned(),
    };
    let ours = if expected.is_some() { ", the key that we sign with" } else { "" };
    let what = format!("{name}: {kind}{ours}");
    match record.kind {
        KeyKind::Rsa(bits) if bits < LEAST_BITS => {
            let why = "receivers refuse keys as short as that: make one with 2048 bits";
            return (Finding::new(ABOUT, Verdict::Wrong, what).why(why), false);
        }
        KeyKind::Rsa(bits) if bits < GOOD_BITS => {
            let why = "that is short: make one with 2048 bits, with a new selector";
            return (Finding::new(ABOUT, Verdict::Warning, what).why(why), true);
        }
        KeyKind::Rsa(_) | KeyKind::Ed25519 => {}
    }
    if record.is_test {
        let why = "it says that it is a test (`t=y`), so that receivers may pass over it";
        return (Finding::new(ABOUT, Verdict::Warning, what).why(why), true);
    }
    if record.kind == KeyKind::Ed25519 && expected.is_some() {
        let why = "many receivers do not know Ed25519 yet: sign with an RSA key, too";
        return (Finding::new(ABOUT, Verdict::Warning, what).why(why), true);
    }
    (Finding::ok(ABOUT, what), true)
}
