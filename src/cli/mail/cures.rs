//! What was done with a relay, why it was not, and what helps, in words for an operator.

use std::io::ErrorKind;

use crate::adapters::mail::rehearsal::{
    Certificate, Done, Secured, Step, TlsTrouble, TlsTroubleKind, Trouble,
};
use crate::adapters::mail::smtp::{Protection, Relay};
use crate::domain::time::UnixMillis;

const DAY: i64 = 24 * 60 * 60;

/// A step that was done.
pub(super) fn done(done: &Done, now: UnixMillis) -> String {
    match done {
        Done::Connected(address) => format!("connected to {address}"),
        Done::Said(step, words) => format!("{}: {words}", name(*step)),
        Done::Secured(Secured { version, certificate }) => match certificate {
            Some(shown) => format!("{version}, {}", certificate_words(shown, now)),
            None => format!("{version}, with a certificate that cannot be read"),
        },
    }
}

/// What a step is called.
pub(super) const fn name(step: Step) -> &'static str {
    match step {
        Step::Connect => "connection",
        Step::Greeting => "greeting",
        Step::Hello => "EHLO",
        Step::Tls => "TLS",
        Step::Login => "login",
        Step::Sender => "sender",
        Step::Recipient => "recipient",
    }
}

/// Whose a certificate is, and how long it is valid.
pub(super) fn certificate_words(certificate: &Certificate, now: UnixMillis) -> String {
    let Certificate { subject, names, issuer, until } = certificate;
    let names = if names.is_empty() { "no host".to_owned() } else { names.join(", ") };
    let days = days_left(certificate, now);
    let left = if days < 0 { "over".to_owned() } else { format!("{days} days left") };
    let subject = if subject.is_empty() { "a certificate" } else { subject };
    format!("{subject} for {names}, issued by {issuer}, valid until {} ({left})", date(*until))
}

/// Whole days until a certificate is over; negative when it is.
pub(super) fn days_left(certificate: &Certificate, now: UnixMillis) -> i64 {
    let now = i64::try_from(now.0 / 1000).unwrap_or(i64::MAX);
    certificate.until.saturating_sub(now).div_euclid(DAY)
}

fn date(seconds: i64) -> String {
    let date = time::OffsetDateTime::from_unix_timestamp(seconds).map(|at| at.date().to_string());
    date.unwrap_or_else(|_| "another age".to_owned())
}

/// Why a step was not done.
pub(super) fn why(trouble: &Trouble, relay: &Relay) -> String {
    match trouble {
        Trouble::NoHost => format!("{} has no address", relay.host),
        Trouble::NoConnection(ErrorKind::ConnectionRefused) => "nobody listens there".to_owned(),
        Trouble::NoConnection(kind) => format!("no connection ({kind})"),
        Trouble::TooSlow => format!("no answer within {} s", relay.patience.as_secs()),
        Trouble::HungUp => "the relay has hung up".to_owned(),
        Trouble::NoAnswer => "what came is no answer of a mail relay".to_owned(),
        Trouble::NoStartTls => "the relay does not offer STARTTLS".to_owned(),
        Trouble::NoLogin => "the relay offers neither AUTH PLAIN nor AUTH LOGIN".to_owned(),
        Trouble::Tls(trouble) => trouble.words.clone(),
        Trouble::Refused(_, words) => words.clone(),
        Trouble::Authority(words) => format!("the certificates of `ca`: {words}"),
    }
}

/// What probably helps.
pub(super) fn cure(step: Step, trouble: &Trouble, relay: &Relay) -> &'static str {
    let is_implicit = relay.protection == Protection::Implicit;
    match trouble {
        Trouble::NoHost => "compare `host` with what your provider says",
        Trouble::NoConnection(_) => {
            "compare `host` and `port` (usually 587 with STARTTLS, 465 with tls: implicit); many \
             networks block port 25 outwards, and some 465 and 587"
        }
        Trouble::TooSlow if step == Step::Connect => {
            "a firewall probably swallows the connection: many networks block port 25 outwards; try \
             587, or ask the network's operator"
        }
        Trouble::TooSlow | Trouble::HungUp | Trouble::NoAnswer
            if !is_implicit && step == Step::Greeting =>
        {
            "a port that begins with TLS waits for us to speak first: with port 465 write \
             `tls: implicit`"
        }
        Trouble::TooSlow | Trouble::HungUp => {
            "try again; if it stays, the relay's own log says why, or `timeout` is too short"
        }
        Trouble::NoAnswer => "something else listens there: compare `host` and `port`",
        Trouble::NoStartTls => {
            "with port 465 write `tls: implicit`; with 25 or 587, switch TLS on at the relay; if it \
             should be on, something between takes the offer away"
        }
        Trouble::NoLogin => {
            "leave out `username` and `password` if the relay knows us by our address, or switch \
             AUTH PLAIN on there"
        }
        Trouble::Tls(trouble) => tls_cure(trouble, relay),
        Trouble::Authority(_) => "`ca` must name a file of certificates in PEM form",
        Trouble::Refused(code, words) => refused_cure(step, *code, words),
    }
}

fn tls_cure(trouble: &TlsTrouble, relay: &Relay) -> &'static str {
    match trouble.kind {
        TlsTroubleKind::UnknownIssuer => {
            "if the relay is yours, name the authority of its certificate as `ca`; otherwise \
             somebody else may have answered"
        }
        TlsTroubleKind::OtherName => {
            "write as `host` a name that the certificate is for, or renew the certificate with this \
             name"
        }
        TlsTroubleKind::Expired => "renew the relay's certificate",
        TlsTroubleKind::NotYet => "compare the clock of this machine",
        TlsTroubleKind::Certificate => "the relay needs another certificate",
        TlsTroubleKind::NotTls if relay.protection == Protection::Implicit => {
            "this port does not begin with TLS: write `tls: starttls`, usually with port 587"
        }
        TlsTroubleKind::NotTls => "the relay offers TLS and does not speak it: ask its operator",
        TlsTroubleKind::Version => "the relay must speak TLS 1.2 or 1.3",
        TlsTroubleKind::Other => "the relay's own log says more",
    }
}

fn refused_cure(step: Step, code: u16, words: &str) -> &'static str {
    let words = words.to_ascii_lowercase();
    match (step, code) {
        (Step::Greeting, _) => {
            "the relay does not want mail from this address of ours: ask its operator"
        }
        (Step::Login, 534) | (Step::Login, 535) if words.contains("5.7.9") => {
            "the provider wants an application password: make one in its settings"
        }
        (Step::Login, 535) => {
            "the user name or the password is not right; many providers want a key or an application \
             password made for SMTP, and not the one for their web page"
        }
        (Step::Login, 454) => "the relay cannot check logins for now: try again later",
        (Step::Login, _) => "compare `username` and `password` with what your provider says",
        (_, 530) if words.contains("starttls") => "write `tls: starttls`",
        (_, 530) => "the relay wants a login: say `username` and `password`",
        (Step::Sender, _) => {
            "the relay does not let us send as this address: verify the domain of `from` at your \
             provider, or write an address that it knows"
        }
        (Step::Recipient, _) if words.contains("relay") => {
            "the relay does not pass on mail for us: say `username` and `password`, or allow the \
             address of this machine there"
        }
        (Step::Recipient, 450 | 451) => {
            "the relay puts us off for now (greylisting, often): mails are tried again by \
             themselves; try this again in some minutes"
        }
        (Step::Recipient, 550) => {
            "the relay does not take mail for this address: try another one; if all are refused, ask \
             the relay's operator"
        }
        (_, 400..=499) => "the relay puts us off for now: try again later",
        _ => "the relay's words say why; its own log says more",
    }
}
