//! The page that waits for the mail: resend, code, and going on by itself.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde_json::json;

use super::courier::health::Trouble;
use super::form::Form;
use super::mail::subject;
use super::pages::Page;
use super::pages::sign_in::{
    Again, CheckMail, CheckMailNotice, CodeProblem, CodeUsedUp, Delivery, Mailbox, RequestEnded,
};
use super::refusal::Refusal;
use super::sign_in::{append, see_other};
use super::visit::Visit;
use super::{Desk, onward, password};
use crate::domain::attempt::{Record, State as AttemptState, Way};
use crate::domain::code::Code;
use crate::domain::email::{EmailAddress, typo};
use crate::domain::password::PasswordProblem;
use crate::domain::token::{Browser, Link, Token, TokenDigest};
use crate::gate::ask::{AskError, resend_at};
use crate::gate::password::Choice;
use crate::gate::redeem::CodeRedeemed;
use crate::ports::Stored;

/// `GET /check-mail`
pub async fn page(visit: Visit) -> Result<Response, Refusal> {
    let Some(record) = attempt(&visit).await? else {
        return Ok(see_other(&format!("{}/sign-in", visit.desk.prefix)));
    };
    if was_signed_in(&visit, &record).await? {
        let return_url = visit.return_url(&record.attempt.return_url);
        return Ok(see_other(&onward::straight(&visit, &return_url)));
    }
    let opened = visit.query_value("opened").is_some();
    let notice = if opened {
        Some(CheckMailNotice::NotYet)
    } else if record.attempt.mails > 1 {
        Some(CheckMailNotice::SentAgain)
    } else {
        None
    };
    Ok(check_mail(&visit, &record, CodeRefused::default(), notice))
}

/// `GET /wait`: the state of this browser's attempt, for the script of the page.
pub async fn state(visit: Visit) -> Result<Response, Refusal> {
    let Some(record) = attempt(&visit).await? else {
        return Ok(answer(&json!({ "state": "unknown" })));
    };
    if was_signed_in(&visit, &record).await? {
        let return_url = visit.return_url(&record.attempt.return_url);
        let location = onward::by_script(&visit, &return_url);
        return Ok(answer(&json!({ "state": "signed_in", "location": location })));
    }
    let now = visit.desk.gate.now();
    let state = match visit.desk.mail_health.trouble(now) {
        _ if record.open(Way::Code, now).is_err() => "expired",
        Some(_) => "delayed",
        None => "waiting",
    };
    Ok(answer(&json!({ "state": state })))
}

/// `POST /resend`: another mail for this browser's attempt, or, with `token`, for a dead link.
pub async fn resend(
    State(desk): State<Arc<Desk>>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    visit.require_open()?;
    let token = form.value("token")?;
    let before = visit.browser.as_ref().map(Token::digest);
    let asker = visit.asker();
    let admits = visit.admits();
    let place = visit.place(&admits);
    let asked = if token.is_empty() {
        visit.gate().resend(place, asker).await
    } else {
        match Token::<Link>::parse(&desk.gate.keys().token, token) {
            Ok(link) => visit.gate().fresh_link(place, asker, &link).await,
            Err(_) => return Err(Refusal::BadRequest("a resend for a forged link")),
        }
    };
    let asked = match asked {
        Ok(asked) => asked,
        Err(AskError::NoAttempt) => return Ok(see_other(&format!("{}/sign-in", desk.prefix))),
        Err(AskError::TooMany { until }) => {
            let mail_pending = is_pending(&visit, before).await?;
            let again = Again::Resend { token: token.to_owned() };
            return Err(Refusal::TooMany { until, mail_pending, again });
        }
        Err(error @ (AskError::Store(_) | AskError::Busy(_))) => return Err(error.into()),
    };
    let mut response = see_other(&format!("{}/check-mail", desk.prefix));
    append(&mut response, visit.cookies.set_browser(&asked.browser.reveal()));
    Ok(response)
}

/// `POST /code`
pub async fn code(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    let typed = form.value("code")?;
    let code = Code::parse(typed).ok();
    let admits = visit.admits();
    let place = visit.place(&admits);
    let password = match password::chosen(&visit, &form)? {
        Ok(password) => password,
        Err(problem) => {
            return Ok(match attempt(&visit).await? {
                Some(record) => {
                    let refused = CodeRefused { typed, password: Some(problem), code: None };
                    check_mail(&visit, &record, refused, None)
                }
                None => see_other(&format!("{}/sign-in", desk.prefix)),
            });
        }
    };
    let (site, host) = (visit.site(), visit.host());
    let known = [&*site.title, &*site.name, &*host];
    let choice = password.as_ref().map(|password| Choice { password, known: &known });
    let redeemed =
        visit.gate().redeem_code(place, code.as_ref(), choice.as_ref(), visit.caller()).await?;
    Ok(match redeemed {
        CodeRedeemed::SignedIn(signed_in) => {
            let location = onward::after_form(&visit, &signed_in.record.attempt.return_url);
            super::link::enter(&visit, &signed_in, &location)
        }
        CodeRedeemed::Wrong { left, record } => {
            let problem = match (&code, typed.trim().is_empty()) {
                (Some(_), _) => CodeProblem::Wrong { tries_left: left },
                (None, true) => CodeProblem::Missing,
                (None, false) => CodeProblem::Malformed,
            };
            let refused = CodeRefused { code: Some(problem), ..CodeRefused::default() };
            check_mail(&visit, &record, refused, None)
        }
        CodeRedeemed::Password(problem, record) => {
            let refused = CodeRefused { typed, password: Some(problem), code: None };
            check_mail(&visit, &record, refused, None)
        }
        CodeRedeemed::TooMany { until } => {
            let path = format!("{}/check-mail", desk.prefix);
            return Err(Refusal::later(until, Again::Page { path }));
        }
        CodeRedeemed::UsedUp(record) => used_up(&visit, &record),
        CodeRedeemed::Gone(_, record) if was_signed_in(&visit, &record).await? => {
            see_other(&onward::after_form(&visit, &record.attempt.return_url))
        }
        CodeRedeemed::Gone(_, record) => ended(&visit, &record, true),
        CodeRedeemed::NoAttempt => see_other(&format!("{}/sign-in", desk.prefix)),
    })
}

/// This browser's latest attempt, if it began at this host.
///
/// # Errors
/// When the store is in trouble.
pub async fn attempt(visit: &Visit) -> Result<Option<Record>, Refusal> {
    latest(visit, visit.browser.as_ref().map(Token::digest)).await
}

async fn latest(
    visit: &Visit,
    browser: Option<TokenDigest<Browser>>,
) -> Result<Option<Record>, Refusal> {
    let Some(browser) = browser else { return Ok(None) };
    let record = visit.desk.gate.waiting(browser).await?;
    Ok(record.filter(|record| record.attempt.began_at(&visit.site().name, visit.origin())))
}

/// Whether the code of a mail that this browser asked for may still be entered.
///
/// # Errors
/// When the store is in trouble.
pub async fn is_pending(
    visit: &Visit,
    browser: Option<TokenDigest<Browser>>,
) -> Result<bool, Refusal> {
    let now = visit.desk.gate.now();
    let record = latest(visit, browser).await?;
    Ok(record.is_some_and(|record| record.open(Way::Code, now).is_ok()))
}

/// Whether this browser was signed in, as the person of the attempt, since it asked. A session of
/// somebody else, or an older one, says nothing about this attempt; and a session of somebody who
/// signed in on another device is not in this browser, so a click elsewhere never moves this page.
///
/// # Errors
/// When the store is in trouble.
pub async fn was_signed_in(visit: &Visit, record: &Record) -> Stored<bool> {
    let attempt = &record.attempt;
    Ok(visit.session().await?.is_some_and(|session| {
        session.email == attempt.email && session.signed_in_at >= attempt.asked_at
    }))
}

/// The address and the return URL, as far as this browser may see them.
#[must_use]
pub fn shown(record: &Record) -> (String, &str) {
    let attempt = &record.attempt;
    if attempt.stranger {
        (attempt.email.masked(), "/")
    } else {
        (attempt.email.identity().to_owned(), &attempt.return_url)
    }
}

/// What was answered to the page that waits, and why it was refused.
#[derive(Default)]
struct CodeRefused<'a> {
    /// The code, where it was not looked at.
    typed: &'a str,
    code: Option<CodeProblem>,
    password: Option<PasswordProblem>,
}

fn check_mail(
    visit: &Visit,
    record: &Record,
    refused: CodeRefused<'_>,
    notice: Option<CheckMailNotice>,
) -> Response {
    let now = visit.desk.gate.now();
    if record.open(Way::Code, now).is_err() {
        return ended(visit, record, false);
    }
    let host = visit.host();
    let attempt = &record.attempt;
    let resend_at = resend_at(record);
    let phrases = &visit.look.pages.branding().phrases;
    let (email, return_to) = shown(record);
    let trouble = visit.desk.mail_health.trouble(now);
    let own = (!attempt.stranger).then_some(&attempt.email);
    let suggestion = own.and_then(typo::suggestion);
    let password = password::field(visit, attempt, refused.password);
    let chooses = attempt.chooses_password;
    CheckMail {
        site: visit.page_site(&host),
        email: &email,
        sender: &visit.site().sender.to_string(),
        subject: &subject(phrases, attempt.language, &host, attempt.asked_at, chooses),
        has_link: visit.has_link(),
        password,
        code: refused.typed,
        suggestion: suggestion.as_ref().map(EmailAddress::identity),
        now,
        sent_at: attempt.asked_at,
        works_until: attempt.expires_at,
        resend_at: (resend_at > now).then_some(resend_at),
        delivery: match trouble {
            None => Delivery::Queued,
            Some(Trouble::Delayed { since }) => Delivery::Delayed { since },
            Some(Trouble::Down { since }) => Delivery::Down { since },
        },
        code_error: refused.code,
        notice,
        mailbox: mailbox(visit, record),
        return_to,
        reference: trouble.is_some().then(|| visit.look.reference()),
    }
    .render(&visit.look)
    .into_response()
}

/// The web mail, for the browser that typed the address: others see it masked, and the URL may hold
/// it in full.
fn mailbox(visit: &Visit, record: &Record) -> Option<Mailbox> {
    let attempt = &record.attempt;
    if attempt.stranger || !visit.desk.mail_buttons {
        return None;
    }
    Mailbox::of(&attempt.email, &visit.site().sender.address)
}

fn ended(visit: &Visit, record: &Record, code_refused: bool) -> Response {
    let host = visit.host();
    let now = visit.desk.gate.now();
    let (email, return_to) = shown(record);
    // "Used" is told to no other browser than the one that used it, see `as_the_asker_sees_it`.
    let ended_at = match record.state {
        AttemptState::Used { at, .. } => at,
        _ => record.attempt.expires_at,
    };
    RequestEnded {
        site: visit.page_site(&host),
        email: &email,
        ended_at: ended_at.min(now),
        code_refused,
        return_to,
        reference: visit.look.reference(),
    }
    .render(&visit.look)
    .into_response()
}

fn used_up(visit: &Visit, record: &Record) -> Response {
    let host = visit.host();
    CodeUsedUp {
        site: visit.page_site(&host),
        email: &shown(record).0,
        // By the clock alone: that the link was used elsewhere is not told here either.
        link_still_works: visit.desk.gate.now() < record.attempt.expires_at,
        reference: visit.look.reference(),
    }
    .render(&visit.look)
    .into_response()
}

fn answer(document: &serde_json::Value) -> Response {
    let mut response = document.to_string().into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
