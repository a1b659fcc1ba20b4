//! Asking for a mail: the form, a resend, a fresh link.

use std::time::Duration;

use super::mail_job::{MailJob, MailKind};
use super::{Gate, Place};
use crate::domain::attempt::{Attempt, Record, State};
use crate::domain::client::ClientAddress;
use crate::domain::code::Code;
use crate::domain::delivery::MailFacts;
use crate::domain::device::Device;
use crate::domain::email::EmailAddress;
use crate::domain::event::{AskedWith, LimitedWhat};
use crate::domain::language::Language;
use crate::domain::limit::{LimitKey, Limited, Verdict};
use crate::domain::origin::Origin;
use crate::domain::time::UnixMillis;
use crate::domain::token::{Browser, Link, Report, Token, TokenDigest};
use crate::ports::{Beginning, MailId, QueuedMail, StoreError, Stored, TooBusy, draw};

/// How long an expired attempt is remembered, so that its link says "expired" and offers a fresh
/// one.
pub(super) const EXPIRED_RETENTION: Duration = Duration::from_secs(24 * 3600);
/// How long a browser is known to somebody who has signed in with it, like its cookie.
pub(super) const DEVICE_TRUST: Duration = Duration::from_secs(365 * 24 * 3600);
/// How long to wait before the second, third, … mail of one attempt.
const COOL_DOWN: [Duration; 3] =
    [Duration::from_secs(30), Duration::from_secs(60), Duration::from_secs(120)];

/// Who asks.
#[derive(Debug)]
pub struct Asker {
    /// The client's address.
    pub client: ClientAddress,
    /// What the browser said it was, in our own words.
    pub browser_label: String,
    /// The language of the page.
    pub language: Language,
    /// The browser's cookie, if it has a genuine one.
    pub browser: Option<Token<Browser>>,
    /// Who has signed in with this browser before, if its cookie says so.
    pub device: Option<Device>,
}

/// A mail was queued, or was not and must look as if it had been.
#[derive(Debug)]
pub struct Asked {
    /// The cookie that ties the attempt to this browser.
    pub browser: Token<Browser>,
    /// The attempt.
    pub attempt: Attempt,
}

/// Why no mail was asked for.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// A limit is used up, or a resend came too soon.
    #[error("too many requests")]
    TooMany {
        /// When it may be tried again.
        until: UnixMillis,
    },
    /// There is nothing that could be sent again.
    #[error("no attempt")]
    NoAttempt,
    /// Too many passwords are being worked on.
    #[error(transparent)]
    Busy(#[from] TooBusy),
    /// The store is in trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What somebody asks for.
pub(super) struct Wish<'a> {
    pub(super) with: AskedWith,
    pub(super) email: &'a EmailAddress,
    return_url: &'a str,
    mails: u32,
    stranger: bool,
    chooses_password: bool,
}

/// An attempt that begins, and its secrets.
pub(super) struct Draft {
    pub(super) link: Token<Link>,
    pub(super) code: Code,
    pub(super) attempt: Attempt,
}

impl Gate {
    /// The form: limits, then policy, then attempt and mail in one step. The same work is done for
    /// every address, admitted or not.
    ///
    /// # Errors
    /// [`AskError::TooMany`] over a limit, [`AskError::Store`] when nothing could be stored.
    pub async fn request_link(
        &self,
        place: Place<'_>,
        asker: Asker,
        email: &EmailAddress,
        return_url: &str,
    ) -> Result<Asked, AskError> {
        let (with, chooses_password) = (AskedWith::Form, false);
        let wish = Wish { with, email, return_url, mails: 1, stranger: false, chooses_password };
        self.begin(place, asker, wish).await
    }

    /// The same for somebody who wants a password, a first one or another one: whoever answers the
    /// mail, by link or code, may choose it. Asking tells nothing and changes nothing here, too.
    ///
    /// # Errors
    /// As [`request_link`](Self::request_link).
    pub async fn request_password(
        &self,
        place: Place<'_>,
        asker: Asker,
        email: &EmailAddress,
        return_url: &str,
    ) -> Result<Asked, AskError> {
        let (with, chooses_password) = (AskedWith::Form, true);
        let wish = Wish { with, email, return_url, mails: 1, stranger: false, chooses_password };
        self.begin(place, asker, wish).await
    }

    /// The browser's latest attempt, for the page that waits, as the asker may see it.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn waiting(&self, browser: TokenDigest<Browser>) -> Stored<Option<Record>> {
        Ok(self.latest(browser).await?.map(|(_, record)| record))
    }

    /// The browser's latest attempt and its link. It is there until the same moment whatever has
    /// become of it: the store keeps what was used for longer, and so whoever began an attempt for
    /// somebody else's address would learn the day after that its link was opened.
    pub(super) async fn latest(
        &self,
        browser: TokenDigest<Browser>,
    ) -> Stored<Option<(TokenDigest<Link>, Record)>> {
        let latest = self.store.latest(browser).await?;
        let (now, seen) = (self.clock.now(), Record::as_the_asker_sees_it);
        let is_kept = |record: &Record| now < record.attempt.expires_at.after(EXPIRED_RETENTION);
        Ok(latest.map(|(link, record)| (link, seen(record))).filter(|(_, it)| is_kept(it)))
    }

    /// Sends another mail for the browser's latest attempt, after a pause that grows.
    ///
    /// # Errors
    /// [`AskError::NoAttempt`] without one at this site, [`AskError::TooMany`] before the pause is
    /// over or over a limit.
    pub async fn resend(&self, place: Place<'_>, asker: Asker) -> Result<Asked, AskError> {
        let browser = asker.browser.as_ref().ok_or(AskError::NoAttempt)?;
        let record = self.waiting(browser.digest()).await?.ok_or(AskError::NoAttempt)?;
        self.again(place, asker, &record, AskedWith::Resend).await
    }

    /// Sends a fresh mail for the attempt of a dead link: same address, same return URL. Whoever
    /// holds the link was sent it, so nothing need be typed.
    ///
    /// # Errors
    /// [`AskError::NoAttempt`] for a link that is not known at this site.
    pub async fn fresh_link(
        &self,
        place: Place<'_>,
        asker: Asker,
        link: &Token<Link>,
    ) -> Result<Asked, AskError> {
        let record = self.store.attempt(link.digest()).await?.ok_or(AskError::NoAttempt)?;
        self.again(place, asker, &record, AskedWith::FreshLink).await
    }

    async fn again(
        &self,
        place: Place<'_>,
        asker: Asker,
        record: &Record,
        with: AskedWith,
    ) -> Result<Asked, AskError> {
        let attempt = &record.attempt;
        if !place.has(attempt) {
            return Err(AskError::NoAttempt);
        }
        let until = resend_at(record);
        if self.clock.now() < until {
            self.note_limited(Some(&attempt.email), LimitedWhat::Mail, until);
            return Err(AskError::TooMany { until });
        }
        let stranger =
            attempt.stranger || asker.browser.as_ref().map(Token::digest) != Some(attempt.browser);
        let wish = Wish {
            with,
            email: &attempt.email,
            return_url: &attempt.return_url,
            mails: attempt.mails.saturating_add(1),
            stranger,
            chooses_password: attempt.chooses_password,
        };
        self.begin(place, asker, wish).await
    }

    async fn begin(
        &self,
        place: Place<'_>,
        mut asker: Asker,
        wish: Wish<'_>,
    ) -> Result<Asked, AskError> {
        let now = self.clock.now();
        let device = self.known_device(asker.device.as_ref(), wish.email).await?;
        let pause = self.pause_key(wish.email, &asker.client.network().to_string());
        let (verdict, paused, account) = tokio::try_join!(
            self.count(place, &asker, device, wish.email, now),
            self.store.is_paused(pause, now),
            self.account(wish.email),
        )?;
        if let Verdict::Exceeded { until } = verdict {
            self.note_limited(Some(wish.email), LimitedWhat::Mail, until);
            return Err(AskError::TooMany { until });
        }
        // Whoever has signed in with this browser before is not the one who was reported. For all
        // others everything goes on as ever, but no mail leaves: an answer of its own would say
        // that the address is known and its owner reads the mails.
        let held_back = paused && device.is_none();
        let admitted = (place.admits)(wish.email, account.as_deref());
        let browser = asker.browser.take().unwrap_or_else(|| self.new_browser());
        let Draft { link, code, attempt } =
            self.draft(place, &asker, browser.digest(), wish.email, wish.return_url);
        let attempt = Attempt {
            mails: wish.mails,
            stranger: wish.stranger,
            chooses_password: wish.chooses_password && place.terms.passwords().is_some(),
            admitted: admitted.is_some(),
            ..attempt
        };
        let to = admitted.filter(|_| !held_back);
        let mail = self.sealed_mail(place, &attempt, (to, device.is_some()), &link, &code);
        self.store
            .begin(&Beginning {
                link: link.digest(),
                attempt: &attempt,
                person: self.keys.subject.person(wish.email.identity()),
                mail: Some(&mail),
                keep_until: attempt.expires_at.after(EXPIRED_RETENTION),
                replaces: !held_back,
                now,
            })
            .await?;
        self.note_asked(&wish, &attempt, held_back, mail.id);
        self.mail_waits.notify_one();
        Ok(Asked { browser, attempt })
    }

    /// The beginning of an attempt, with its secrets. Nobody may sign in by it yet.
    pub(super) fn draft(
        &self,
        place: Place<'_>,
        asker: &Asker,
        browser: TokenDigest<Browser>,
        email: &EmailAddress,
        return_url: &str,
    ) -> Draft {
        let now = self.clock.now();
        let link = Token::<Link>::mint(&self.keys.token, draw(&self.entropy));
        let code = Code::mint(draw(&self.entropy));
        let attempt = Attempt {
            email: email.clone(),
            site: place.site.to_owned(),
            origin: place.origin.to_string(),
            return_url: return_url.to_owned(),
            browser,
            code: self.keys.code.mac(link.digest(), &code),
            asked_at: now,
            expires_at: now.after(place.terms.link_lifetime),
            mails: 0,
            stranger: false,
            browser_label: asker.browser_label.clone(),
            network: asker.client.network().to_string(),
            language: asker.language,
            chooses_password: false,
            admitted: false,
        };
        Draft { link, code, attempt }
    }

    /// A browser that has not asked for anything before.
    pub(super) fn new_browser(&self) -> Token<Browser> {
        Token::mint(&self.keys.token, draw(&self.entropy))
    }

    /// The device, if this person has signed in with it within a year, and has not said since that
    /// somebody else did.
    pub(super) async fn known_device<'a>(
        &self,
        device: Option<&'a Device>,
        email: &EmailAddress,
    ) -> Stored<Option<&'a Device>> {
        let knows = |it: &'a Device| Some((it, it.knows(&self.keys.device, email.identity())?));
        let Some((device, proven_at)) = device.and_then(knows) else { return Ok(None) };
        let until = proven_at.after(DEVICE_TRUST);
        // The mark stands until a year after the report: for proofs from before it, to the end.
        let is_void = self.clock.now() >= until
            || self.store.is_paused(self.distrust_key(email), until).await?;
        Ok((!is_void).then_some(device))
    }

    /// The mark that takes back what a person's browsers have proven.
    pub(super) fn distrust_key(&self, email: &EmailAddress) -> LimitKey {
        self.keys.subject.limit(Limited::Distrust, email.identity())
    }

    fn sealed_mail(
        &self,
        place: Place<'_>,
        attempt: &Attempt,
        (admitted, known_browser): (Option<EmailAddress>, bool),
        link: &Token<Link>,
        code: &Code,
    ) -> QueuedMail {
        let id = MailId(draw(&self.entropy));
        let report = Token::<Report>::for_attempt(&self.keys.token, link.digest());
        let kind = if attempt.chooses_password { MailKind::NewPassword } else { MailKind::SignIn };
        let job = MailJob {
            kind,
            deliver: admitted.is_some(),
            to: admitted.unwrap_or_else(|| attempt.email.clone()),
            site: attempt.site.clone(),
            host: place.origin.authority().to_string(),
            link: self.address(place, "link", &link.reveal()),
            code: code.reveal().to_string(),
            report: self.address(place, "report", &report.reveal()),
            destination: destination(place.origin, &attempt.return_url),
            browser_label: attempt.browser_label.clone(),
            network: attempt.network.clone(),
            language: attempt.language,
            known_browser,
            asked_at: attempt.asked_at,
            expires_at: attempt.expires_at,
        };
        self.queued(place, id, &job)
    }

    /// A job, sealed, with what its record says from the beginning. The record is the same for a mail
    /// that will not be sent: only the job knows, and it is sealed.
    pub(super) fn queued(&self, place: Place<'_>, id: MailId, job: &MailJob) -> QueuedMail {
        let facts = MailFacts {
            site: job.site.clone(),
            occasion: job.kind.occasion(),
            language: job.language,
            queued_at: job.asked_at,
        };
        QueuedMail {
            id,
            sealed: self.keys.mail.seal(id, draw(&self.entropy), job),
            expires_at: job.expires_at,
            person: self.keys.subject.person(job.to.identity()),
            to: job.to.clone(),
            facts,
            keep_until: job.asked_at.after(place.terms.mail_history).max(job.expires_at),
        }
    }

    /// The address of one of our pages, for a mail. Where the origin is what a request said, a link
    /// would let whoever can serve one name below the star, an abandoned one for instance, receive
    /// other people's links: there are none then, and the mail has the code alone.
    pub(super) fn address(&self, place: Place<'_>, what: &str, token: &str) -> String {
        if !place.has_links {
            return String::new();
        }
        format!("{}{}/{what}/{token}", place.origin, self.prefix)
    }
}

/// Longest path that is named in a mail, in characters.
const LONGEST_PATH: usize = 60;

/// Where sign-in leads, for the mail: host and path. Whoever asks has chosen the path, and the mail
/// goes to somebody else, so only a path that reads as nothing but a path is named: no brackets,
/// colons or sentences that a mail program would turn into a link.
fn destination(origin: &Origin, return_url: &str) -> String {
    let path = return_url.split(['?', '#']).next().unwrap_or("/");
    let is_plain = path.starts_with('/')
        && path.len() <= LONGEST_PATH
        && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_~-.".contains(&byte));
    if is_plain { format!("{}{path}", origin.authority()) } else { String::new() }
}

/// From when on another mail may be asked for. A dead attempt owes no pause.
#[must_use]
pub fn resend_at(record: &Record) -> UnixMillis {
    let sent = usize::try_from(record.attempt.mails.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause = COOL_DOWN[sent.min(COOL_DOWN.len() - 1)];
    match record.state {
        State::Live | State::LinkUsed { .. } => {
            record.attempt.asked_at.after(pause).min(record.attempt.expires_at)
        }
        State::Used { .. } | State::Replaced { .. } | State::Ended { .. } => {
            record.attempt.asked_at
        }
    }
}
