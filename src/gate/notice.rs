//! The mail that tells a person of a sign-in with a browser that is new for them.

use std::time::Duration;

use super::mail_job::{MailJob, MailKind};
use super::{Gate, Place};
use crate::domain::attempt::Record;
use crate::domain::client::ClientAddress;
use crate::domain::email::EmailAddress;
use crate::domain::session::Session;
use crate::domain::token::{Link, Report, Token, TokenDigest};
use crate::ports::{MailId, QueuedMail, draw};

/// How long a notice of a new device is worth sending, and can be answered with a report.
const NOTICE_LIFETIME: Duration = Duration::from_secs(24 * 3600);

impl Gate {
    /// The mail that tells a person of a sign-in with a browser that is new for them.
    pub(super) fn notice(
        &self,
        place: Place<'_>,
        link: TokenDigest<Link>,
        record: &Record,
        session: &Session,
        (to, client): (EmailAddress, &ClientAddress),
    ) -> QueuedMail {
        let id = MailId(draw(&self.entropy));
        let report = Token::<Report>::for_attempt(&self.keys.token, link);
        let expires_at = session.signed_in_at.after(NOTICE_LIFETIME);
        let job = MailJob {
            kind: MailKind::NewDevice { signed_in_at: session.signed_in_at },
            deliver: true,
            to,
            site: record.attempt.site.clone(),
            host: place.origin.authority().to_string(),
            link: String::new(),
            code: String::new(),
            report: self.address(place, "report", &report.reveal()),
            destination: String::new(),
            browser_label: session.browser().to_owned(),
            network: client.network().to_string(),
            language: record.attempt.language,
            known_browser: false,
            asked_at: session.signed_in_at,
            expires_at,
        };
        self.queued(place, id, &job)
    }
}
