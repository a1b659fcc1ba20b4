//! What a refusal is about: the mail, or us.
//!
//! A relay says 5xx to much that has nothing to do with the mail: our address is on a list, the day's
//! mails are used up, the sender is not ours to use. None of that is for good: another relay may take the
//! mail, and the operator may mend it while the link still works. For good is only what every relay would
//! be told of this recipient or this message.

use std::error::Error as _;

use super::conversation::{Broken, Step};
use crate::adapters::mail::words::words;
use crate::domain::delivery::EnhancedStatus;
use crate::ports::MailError;

/// What an answer 4xx or 5xx comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// This recipient or this message is refused, whoever brings it.
    Mail,
    /// It passes.
    Passes,
    /// The login is refused, or wanted (RFC 4954, 6).
    Login,
    /// We are refused, by this relay.
    Us,
}

/// What becomes of a mail with an error in a step. Network, TLS and time-outs pass. Once the relay was
/// sent all of the mail, only its answer tells whether it took it.
pub(super) fn refusal(step: Step, error: &Broken) -> MailError {
    let cause = words(error);
    let Some(code) = error.status() else {
        if error.is_tls() {
            tracing::error!(cause, "the relay's certificate, or its TLS, is not accepted");
        }
        return match step {
            Step::Message => MailError::Unanswered(format!(
                "the relay has the mail and gave no answer: it may have taken it: {cause}"
            )),
            _ => MailError::Transient(cause),
        };
    };
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    match meaning(step, u16::from(code), EnhancedStatus::leading(&said)) {
        Meaning::Mail => MailError::Permanent(cause),
        Meaning::Passes => MailError::Transient(cause),
        Meaning::Login => {
            tracing::error!(cause, "the relay refuses the login: mend its username and password");
            MailError::Transient(format!("the relay refuses the login: {cause}"))
        }
        Meaning::Us => {
            tracing::error!(cause, "the relay refuses us, whatever the mail");
            MailError::Transient(format!("the relay refuses us: {cause}"))
        }
    }
}

fn meaning(step: Step, code: u16, enhanced: Option<EnhancedStatus>) -> Meaning {
    let exact = enhanced.filter(|it| it.is_exact());
    let Some(EnhancedStatus { class, subject, detail }) = exact else {
        // Nothing more exact is said, or only that it is something else.
        return match code {
            530 | 534 | 535 | 538 => Meaning::Login,
            // What RFC 5321, 4.2.3, has for mailboxes.
            550..=553 if step == Step::Recipient => Meaning::Mail,
            500.. => Meaning::Us,
            _ => Meaning::Passes,
        };
    };
    if code < 500 || class < 5 {
        return Meaning::Passes;
    }
    let is_about_mails = step >= Step::Recipient;
    match (subject, detail) {
        _ if matches!(code, 530 | 534 | 535 | 538) => Meaning::Login,
        // The address of the sender.
        (1, 7 | 8) => Meaning::Us,
        // A full mailbox has room again when its owner makes some (RFC 3463, 3.3).
        (2, 2) => Meaning::Passes,
        // The address, the mailbox, the content.
        (1 | 2 | 6, _) if is_about_mails => Meaning::Mail,
        _ => Meaning::Us,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where, what, and what it comes to.
    #[rustfmt::skip] // a table
    const ANSWERS: &[(Step, &str, Meaning)] = &[
        // The recipient, and the message.
        (Step::Recipient, "550 no such user here", Meaning::Mail),
        (Step::Recipient, "551 user not local", Meaning::Mail),
        (Step::Recipient, "552 storage", Meaning::Mail),
        (Step::Recipient, "553 mailbox name", Meaning::Mail),
        (Step::Recipient, "550 5.1.1 no such user", Meaning::Mail),
        (Step::Recipient, "550 5.1.10 null MX", Meaning::Mail),
        (Step::Recipient, "554 5.1.1 no such user", Meaning::Mail),
        (Step::Recipient, "550 5.2.1 disabled", Meaning::Mail),
        (Step::Recipient, "550 5.0.0 no", Meaning::Mail),
        (Step::Message, "550 5.1.1 no such user", Meaning::Mail),
        (Step::Data, "550 5.2.1 disabled", Meaning::Mail),
        (Step::Message, "554 5.6.0 broken", Meaning::Mail),
        (Step::Message, "552 5.2.3 too long for the mailbox", Meaning::Mail),
        // Mailboxes that are full.
        (Step::Recipient, "552 5.2.2 full", Meaning::Passes),
        (Step::Message, "452 4.2.2 full", Meaning::Passes),
        // The sender.
        (Step::Recipient, "550 5.1.7 bad sender", Meaning::Us),
        (Step::Recipient, "550 5.1.8 the sender's domain does not exist", Meaning::Us),
        (Step::Sender, "550 5.1.0 sender refused", Meaning::Us),
        (Step::Sender, "553 sender refused", Meaning::Us),
        (Step::Sender, "550 5.7.1 not yours", Meaning::Us),
        // Us.
        (Step::Connect, "554 5.7.1 your address is blocked", Meaning::Us),
        (Step::Connect, "550 5.1.1 whatever", Meaning::Us),
        (Step::Connect, "521 no mails here", Meaning::Us),
        (Step::Tls, "502 no", Meaning::Us),
        (Step::Sender, "550 daily limit", Meaning::Us),
        (Step::Recipient, "550 5.7.1 relaying denied", Meaning::Us),
        (Step::Recipient, "554 5.7.1 blocked by a list", Meaning::Us),
        (Step::Recipient, "554 transaction failed", Meaning::Us),
        (Step::Recipient, "550 5.4.5 daily limit", Meaning::Us),
        (Step::Recipient, "550 5.3.4 too big", Meaning::Us),
        (Step::Data, "550 5.5.1 no", Meaning::Us),
        (Step::Message, "550 spam", Meaning::Us),
        (Step::Message, "554 5.7.26 unauthenticated", Meaning::Us),
        (Step::Message, "550 5.0.0 no", Meaning::Us),
        // The login.
        (Step::Login, "535 5.7.8 bad", Meaning::Login),
        (Step::Login, "534 5.7.9 too weak", Meaning::Login),
        (Step::Sender, "530 5.7.0 log in", Meaning::Login),
        (Step::Sender, "530 log in", Meaning::Login),
        (Step::Login, "454 4.7.0 later", Meaning::Passes),
        // What passes, and says so in one way at least.
        (Step::Connect, "421 4.3.2 busy", Meaning::Passes),
        (Step::Recipient, "450 greylisted", Meaning::Passes),
        (Step::Recipient, "451 4.7.1 greylisted", Meaning::Passes),
        (Step::Recipient, "550 4.7.1 greylisted", Meaning::Passes),
        (Step::Recipient, "451 5.1.1 no such user", Meaning::Passes),
        (Step::Message, "451 later", Meaning::Passes),
    ];

    #[test]
    fn refusals_are_about_the_mail_or_about_us() {
        for (step, said, expected) in ANSWERS {
            let (code, text) = said.split_once(' ').unwrap();
            let got = meaning(*step, code.parse().unwrap(), EnhancedStatus::leading(text));
            assert_eq!(got, *expected, "{step:?} {said}");
        }
    }
}
