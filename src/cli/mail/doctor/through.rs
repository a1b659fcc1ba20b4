//! The relay: whether the way to it is protected, and whether it leaves links as they are.

use super::super::cures;
use super::super::ways::Way;
use super::finding::{Finding, Verdict};
use super::known::{Provider, Tracking};
use crate::adapters::mail::rehearsal::{Done, Goal, Secured, Step, Trouble, rehearse};
use crate::adapters::mail::smtp::{Protection, Relay};
use crate::ports::{Clock, SystemClock};

/// Days before the end of a certificate from which on it is a worry.
const WORRYING_DAYS: i64 = 14;

/// What there is to say about a way.
pub(super) async fn relay(way: &Way) -> Vec<Finding> {
    let mut all = Vec::new();
    if let Some(relay) = &way.relay {
        all.push(tls(relay).await);
    }
    if let Some(host) = &way.host {
        all.push(tracking(host));
    }
    if way.stays {
        let what = "mails stay on this machine";
        all.push(Finding::new("relay", Verdict::Warning, what).why("nobody outside gets any"));
    }
    all
}

async fn tls(relay: &Relay) -> Finding {
    let now = SystemClock.now();
    let rehearsal = rehearse(relay, Goal::Protected).await;
    if let Some((step, trouble)) = &rehearsal.trouble {
        let why = cures::why(trouble, relay);
        let what = match step {
            Step::Tls => why,
            _ => format!("{}: {why}", cures::name(*step)),
        };
        let shown = match trouble {
            Trouble::Tls(tls) => tls.certificate.as_ref(),
            _ => None,
        };
        let what = match shown {
            Some(shown) => format!("{what}; shown: {}", cures::certificate_words(shown, now)),
            None => what,
        };
        let about = if *step == Step::Tls { "TLS" } else { "relay" };
        let cure = cures::cure(*step, trouble, relay);
        return Finding::new(about, Verdict::Wrong, what).why(cure);
    }
    let secured = rehearsal.done.iter().rev().find_map(|done| match done {
        Done::Secured(secured) => Some(secured),
        Done::Connected(_) | Done::Said(..) => None,
    });
    let Some(Secured { version, certificate }) = secured else {
        let what = "the connection is not protected (`tls: none`)";
        let why = "everybody between here and the relay can read sign-in links; on one machine that \
                   is nobody";
        return Finding::new("TLS", Verdict::Warning, what).why(why);
    };
    let way = match relay.protection {
        Protection::StartTls => "STARTTLS",
        Protection::Implicit | Protection::None => "from the first byte",
    };
    let Some(certificate) = certificate else {
        return Finding::ok("TLS", format!("{version}, {way}"));
    };
    let shown = cures::certificate_words(certificate, now);
    let what = format!("{version}, {way}, {shown}");
    if cures::days_left(certificate, now) < WORRYING_DAYS {
        let why = "no mail leaves when the certificate is over: renew it";
        return Finding::new("TLS", Verdict::Warning, what).why(why);
    }
    Finding::ok("TLS", what)
}

fn tracking(host: &str) -> Finding {
    const ABOUT: &str = "click tracking";
    const WHY: &str = "a rewritten link leads through a third party, is written to its log, and may \
                       not lead back";
    match Provider::of(host).map(|provider| (provider.name, provider.tracking)) {
        Some((name, Tracking::SwitchedOff(by))) => {
            Finding::ok(ABOUT, format!("{name} is told with each mail to leave links alone ({by})"))
        }
        Some((name, Tracking::Settings(place))) => {
            let what = format!("{name} cannot be told for each mail; its settings decide");
            let why = format!("{WHY}; look there: {place}");
            Finding::new(ABOUT, Verdict::Warning, what).why(why)
        }
        Some((name, Tracking::None)) => Finding::ok(ABOUT, format!("{name} leaves links alone")),
        None => Finding::ok(
            ABOUT,
            "this relay is not known to rewrite links; `linkgate mail test` sends a mail whose link \
             shows it",
        ),
    }
}
