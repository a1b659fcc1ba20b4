//! What is counted while people sign in.

use std::time::Duration;

use prometheus::{Histogram, HistogramVec, IntCounterVec};

use super::{Book, Metrics};
use crate::domain::attempt::Way;
use crate::domain::limit::Limited;

/// From a mail that was asked for to its hand-over.
const MAIL: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];
/// From the wish to sign in to the session.
const SIGN_IN: &[f64] =
    &[5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 1800.0, 3600.0];
/// From the hand-over of a mail to the news that it was delivered.
const DELIVERY: &[f64] =
    &[0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];
/// What became of a mail, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// Somebody asked for it.
    Asked,
    /// It is not to be sent: the address may not sign in. Nobody outside is told.
    Withheld,
    /// It is not sent: mail to the address has bounced, or was called spam.
    Suppressed,
    /// The relay has it.
    Accepted,
    /// Not now; it is tried again.
    Retried,
    /// The relay, or the provider later, does not want it, for good.
    Refused,
    /// It would come too late.
    GivenUp,
    /// It cannot be read or written: a fault of ours.
    Dropped,
    /// The server of the recipient has it, says the provider.
    Delivered,
    /// It does not take it yet.
    Deferred,
    /// It has sent it back.
    Bounced,
    /// The recipient called it spam.
    Complained,
}

impl MailState {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Asked,
        Self::Withheld,
        Self::Suppressed,
        Self::Accepted,
        Self::Retried,
        Self::Refused,
        Self::GivenUp,
        Self::Dropped,
        Self::Delivered,
        Self::Deferred,
        Self::Bounced,
        Self::Complained,
    ];

    /// The value of the label `state`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Withheld => "withheld",
            Self::Suppressed => "suppressed",
            Self::Accepted => "accepted",
            Self::Retried => "retried",
            Self::Refused => "refused",
            Self::GivenUp => "given_up",
            Self::Dropped => "dropped",
            Self::Delivered => "delivered",
            Self::Deferred => "deferred",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
        }
    }
}

pub(super) struct Families {
    sign_ins: IntCounterVec,
    sign_in_duration: HistogramVec,
    mails: IntCounterVec,
    mail_accept: Histogram,
    mail_delivery: Histogram,
    limits: IntCounterVec,
}

impl Families {
    /// What has few kinds is there from the start, at zero: the first one of a kind is a change then.
    pub(super) fn new(book: Book<'_>) -> Self {
        let families = Self {
            sign_ins: book.counters(
                "linkgate_sign_ins_total",
                "Sessions that were made, by site and by what was shown.",
                &["site", "way"],
            ),
            sign_in_duration: book.histograms(
                "linkgate_sign_in_duration_seconds",
                "From the wish to sign in to the session, by what was shown.",
                &["way"],
                SIGN_IN,
            ),
            mails: book.counters(
                "linkgate_mails_total",
                "Mails, by what became of them; one that is tried again is counted each time.",
                &["state"],
            ),
            mail_accept: book.histogram(
                "linkgate_mail_accept_duration_seconds",
                "From a mail that was asked for to its hand-over to the relay.",
                MAIL,
            ),
            mail_delivery: book.histogram(
                "linkgate_mail_delivery_duration_seconds",
                "From the hand-over of a mail to the provider's news that it was delivered.",
                DELIVERY,
            ),
            limits: book.counters(
                "linkgate_limits_hit_total",
                "What was refused because it was asked for too often, by kind.",
                &["kind"],
            ),
        };
        for state in MailState::ALL {
            families.mails.with_label_values(&[state.word()]);
        }
        for way in WAYS {
            families.sign_in_duration.with_label_values(&[word(way)]);
        }
        families
    }
}

impl Metrics {
    /// Somebody has signed in at a site of the configuration.
    pub fn signed_in(&self, site: &str, way: Way, took: Duration) {
        self.people.sign_ins.with_label_values(&[site, word(way)]).inc();
        self.people.sign_in_duration.with_label_values(&[word(way)]).observe(took.as_secs_f64());
    }

    /// Something became of a mail.
    pub fn mail(&self, state: MailState) {
        self.people.mails.with_label_values(&[state.word()]).inc();
    }

    /// The relay has taken a mail that was asked for so long ago.
    pub fn mail_accepted(&self, after: Duration) {
        self.mail(MailState::Accepted);
        self.people.mail_accept.observe(after.as_secs_f64());
    }

    /// A provider tells that a mail was delivered that it took so long ago.
    pub fn mail_delivered(&self, after: Duration) {
        self.mail(MailState::Delivered);
        self.people.mail_delivery.observe(after.as_secs_f64());
    }

    /// A group of hits was refused, of which this is the first.
    pub fn limited(&self, first: Limited) {
        self.people.limits.with_label_values(&[kind(first)]).inc();
    }
}

const WAYS: [Way; 4] = [Way::OwnLink, Way::OtherLink, Way::Code, Way::Password];

/// The value of the label `way`.
const fn word(way: Way) -> &'static str {
    match way {
        Way::OwnLink => "own_browser",
        Way::OtherLink => "other_browser",
        Way::Code => "code",
        Way::Password => "password",
    }
}

/// The value of the label `kind`: what was asked for. The store tells of a group of counts that one of
/// them is used up, and not which.
const fn kind(first: Limited) -> &'static str {
    match first {
        Limited::MailsToAddress => "mail",
        Limited::MailsToDevice => "mail_known_browser",
        Limited::PasswordsForPerson => "password",
        Limited::PasswordsOnDevice => "password_known_browser",
        other => other.name(),
    }
}
