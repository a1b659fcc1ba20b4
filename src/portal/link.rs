//! The links of the mail: signing in, and "I did not ask for this".

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use super::form::Form;
use super::pages::link::{
    ElsewhereMode, Gone as GonePage, LinkElsewhere, LinkGone, LinkUnknown, Report as ReportPage,
    ReportDone,
};
use super::pages::sign_in::{Again, ChoosePassword};
use super::pages::{AddressProblem, Page};
use super::refusal::Refusal;
use super::sign_in::{address_problem, append, is_stale, see_other};
use super::visit::Visit;
use super::waiting::shown;
use super::{Desk, onward, password};
use crate::domain::attempt::{Gone, Record, State as AttemptState, Way};
use crate::domain::email::EmailAddress;
use crate::domain::event::Machine;
use crate::domain::password::PasswordProblem;
use crate::domain::terms::OtherBrowser;
use crate::domain::time::UnixMillis;
use crate::domain::token::{Link, Report, Token};
use crate::gate::password::Choice;
use crate::gate::redeem::{LinkAnswer, Opened, Redeemed, SignedIn};
use crate::gate::report::Reported;

/// `GET /link/TOKEN`. `HEAD` and prefetch get a page and change nothing, whoever sends them.
pub async fn open(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(text): Path<String>,
) -> Result<Response, Refusal> {
    let Ok(link) = Token::<Link>::parse(&desk.gate.keys().token, &text) else {
        return Ok(unknown(&visit));
    };
    let admits = visit.admits();
    let place = visit.place(&admits);
    if visit.is_head || visit.is_prefetch {
        let how = if visit.is_head { Machine::Head } else { Machine::Prefetch };
        let record = visit.gate().link_fetched(place, &link, how).await?;
        return Ok(match record {
            None => unknown(&visit),
            Some(record) => match record.open(Way::OtherLink, desk.gate.now()) {
                Ok(()) => asks(&visit, &record, &text, Refused::default()),
                Err(why) => gone(&visit, why, &record, &text),
            },
        });
    }
    let opened = Box::pin(visit.gate().open_link(place, &link, visit.caller())).await?;
    Ok(match opened {
        Opened::SignedIn(signed_in) => {
            let return_url = visit.return_url(&signed_in.record.attempt.return_url);
            enter(&visit, &signed_in, &onward::straight(&visit, &return_url))
        }
        Opened::AlreadyIn(record) => {
            let return_url = visit.return_url(&record.attempt.return_url);
            see_other(&onward::straight(&visit, &return_url))
        }
        Opened::Choose(record) | Opened::Elsewhere(record) => {
            asks(&visit, &record, &text, Refused::default())
        }
        Opened::Gone(why, record) => match straight_on(&visit, why, &record).await? {
            Some(response) => response,
            None => gone(&visit, why, &record, &text),
        },
        Opened::Unknown => unknown(&visit),
    })
}

/// Whoever is signed in already as the person that a dead link was for goes on to where it led, like
/// somebody who opens the form. Not after a report: then nothing may look as if it had worked.
async fn straight_on(
    visit: &Visit,
    why: Gone,
    record: &Record,
) -> Result<Option<Response>, Refusal> {
    if why == Gone::Ended {
        return Ok(None);
    }
    let Some(session) = visit.session().await? else { return Ok(None) };
    let return_url = visit.return_url(&record.attempt.return_url);
    let goes =
        session.email == record.attempt.email && !is_stale(visit, &session, &return_url).await?;
    Ok(goes.then(|| see_other(&onward::straight(visit, &return_url))))
}

/// `POST /link/TOKEN`: the visitor confirms on another device, or has chosen a password.
pub async fn confirm(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(text): Path<String>,
    form: Form,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    let Ok(link) = Token::<Link>::parse(&desk.gate.keys().token, &text) else {
        return Ok(unknown(&visit));
    };
    let typed = form.value("email")?;
    let email = EmailAddress::parse_typed(typed);
    let admits = visit.admits();
    let place = visit.place(&admits);
    let password = match password::chosen(&visit, &form)? {
        Ok(password) => password,
        Err(problem) => {
            let refused = Refused { typed, password: Some(problem), ..Refused::default() };
            return Ok(match desk.gate.peek_link(place, &link).await? {
                Some(record) => asks(&visit, &record, &text, refused),
                None => unknown(&visit),
            });
        }
    };
    let (site, host) = (visit.site(), visit.host());
    let known = [&*site.title, &*site.name, &*host];
    let choice = password.as_ref().map(|password| Choice { password, known: &known });
    let answer = LinkAnswer { typed: email.as_ref().ok(), choice: choice.as_ref() };
    Ok(match visit.gate().redeem_link(place, &link, answer, visit.caller()).await? {
        Redeemed::SignedIn(signed_in) => {
            let location = onward::after_form(&visit, &signed_in.record.attempt.return_url);
            enter(&visit, &signed_in, &location)
        }
        Redeemed::WrongAddress(record) => {
            let problem = email.err().map_or(AddressProblem::Mismatch, address_problem);
            let refused = Refused { typed, address: Some(problem), ..Refused::default() };
            asks(&visit, &record, &text, refused)
        }
        Redeemed::Password(problem, record) => {
            let refused = Refused { typed, password: Some(problem), ..Refused::default() };
            asks(&visit, &record, &text, refused)
        }
        Redeemed::TooMany { until } => return Err(too_many(&visit, until, "link", &text)),
        Redeemed::CodeOnly(record) => asks(&visit, &record, &text, Refused::default()),
        Redeemed::Gone(why, record) => gone(&visit, why, &record, &text),
        Redeemed::Unknown => unknown(&visit),
    })
}

/// Somebody is signed in: the cookies, and on to `location`. The return URL of an attempt was checked
/// when it was asked for; callers check it again, because the configuration may have changed.
#[must_use]
pub fn enter(visit: &Visit, signed_in: &SignedIn, location: &str) -> Response {
    let mut response = if signed_in.registered && visit.site().terms.asks_name {
        let return_url = visit.return_url(&signed_in.record.attempt.return_url);
        see_other(&onward::with_return_to(visit, "welcome", return_url.as_str()))
    } else {
        see_other(location)
    };
    append(&mut response, session_cookie(visit, signed_in));
    append(&mut response, visit.cookies.set_device(&signed_in.device.reveal()));
    tracing::info!(
        reference = &*visit.here.reference,
        site = visit.site().name,
        browser = visit.label,
        password_set = signed_in.password_set,
        "signed in"
    );
    response
}

/// The cookie of a new session.
#[must_use]
pub fn session_cookie(visit: &Visit, signed_in: &SignedIn) -> Option<http::HeaderValue> {
    let absolute = signed_in.session.expires_at.since(signed_in.session.signed_in_at);
    visit.cookies.set_session(&signed_in.token.reveal(), absolute)
}

/// Back to the page whose form was sent: a link is not lost for typing too often.
fn too_many(visit: &Visit, until: UnixMillis, page: &str, token: &str) -> Refusal {
    Refusal::later(until, Again::Page { path: format!("{}/{page}/{token}", visit.desk.prefix) })
}

/// What was answered to the page of a link, and why it was refused.
#[derive(Default)]
struct Refused<'a> {
    typed: &'a str,
    address: Option<AddressProblem>,
    password: Option<PasswordProblem>,
}

/// The page of a link that signs nobody in by itself: it asks for a password in the browser that wants
/// one, and any other browser to confirm.
fn asks(visit: &Visit, record: &Record, token: &str, refused: Refused<'_>) -> Response {
    let host = visit.host();
    let field = password::field(visit, &record.attempt, refused.password);
    let own = visit.browser.as_ref().map(Token::digest) == Some(record.attempt.browser);
    if own && let Some(password) = field {
        let (email, _) = shown(record);
        let page = ChoosePassword { site: visit.page_site(&host), token, email: &email, password };
        return page.render(&visit.look).into_response();
    }
    let mode = match visit.site().terms.other_browser {
        OtherBrowser::Address => {
            ElsewhereMode::Address { email: refused.typed, error: refused.address }
        }
        OtherBrowser::Button => ElsewhereMode::Button,
        OtherBrowser::CodeOnly => ElsewhereMode::CodeOnly,
    };
    LinkElsewhere {
        site: visit.page_site(&host),
        token,
        requested_at: record.attempt.asked_at,
        works_until: record.attempt.expires_at,
        browser: &record.attempt.browser_label,
        password: field,
        mode,
        in_app: visit.in_app,
        reference: visit.look.reference(),
    }
    .render(&visit.look)
    .into_response()
}

fn gone(visit: &Visit, why: Gone, record: &Record, token: &str) -> Response {
    let since = match record.state {
        AttemptState::Live => record.attempt.expires_at,
        AttemptState::LinkUsed { at, .. }
        | AttemptState::Used { at, .. }
        | AttemptState::Replaced { at }
        | AttemptState::Ended { at } => at,
    };
    let cause = match why {
        Gone::Expired => GonePage::Expired { at: record.attempt.expires_at },
        Gone::Used { .. } => GonePage::Used { at: since },
        Gone::Replaced => GonePage::Replaced { at: since },
        // Reported, or no longer on the list: the visitor learns that it is over, not why.
        Gone::Ended => GonePage::Expired { at: since.min(visit.desk.gate.now()) },
    };
    let host = visit.host();
    LinkGone {
        site: visit.page_site(&host),
        cause,
        masked: &record.attempt.email.masked(),
        token,
        reference: visit.look.reference(),
    }
    .render(&visit.look)
    .into_response()
}

fn unknown(visit: &Visit) -> Response {
    let host = visit.host();
    LinkUnknown { site: visit.page_site(&host), reference: visit.look.reference() }
        .render(&visit.look)
        .into_response()
}

/// `GET /report/TOKEN`: shows, and changes nothing.
pub async fn report(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(text): Path<String>,
) -> Result<Response, Refusal> {
    let Ok(token) = Token::<Report>::parse(&desk.gate.keys().token, &text) else {
        return Ok(unknown(&visit));
    };
    let record = desk.gate.reported(&token, &visit.site().name).await?;
    Ok(match record {
        Some(record) => report_page(&visit, &record, &text, "", None),
        None => unknown(&visit),
    })
}

/// `POST /report/TOKEN`: ends the attempt, if the address is typed again.
pub async fn confirm_report(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Path(text): Path<String>,
    form: Form,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    let Ok(token) = Token::<Report>::parse(&desk.gate.keys().token, &text) else {
        return Ok(unknown(&visit));
    };
    let Some(record) = desk.gate.reported(&token, &visit.site().name).await? else {
        return Ok(unknown(&visit));
    };
    let typed = form.value("email")?;
    let email = match EmailAddress::parse_typed(typed) {
        Ok(email) => email,
        Err(error) => {
            let problem = Some(address_problem(error));
            return Ok(report_page(&visit, &record, &text, typed, problem));
        }
    };
    Ok(match visit.gate().report(&token, &email).await? {
        Reported::Done => {
            tracing::info!(reference = &*visit.here.reference, "a sign-in was reported as unasked");
            let host = visit.host();
            ReportDone { site: visit.page_site(&host) }.render(&visit.look).into_response()
        }
        Reported::WrongAddress => {
            report_page(&visit, &record, &text, typed, Some(AddressProblem::Mismatch))
        }
        Reported::TooMany { until } => return Err(too_many(&visit, until, "report", &text)),
        Reported::Unknown => unknown(&visit),
    })
}

fn report_page(
    visit: &Visit,
    record: &Record,
    token: &str,
    email: &str,
    error: Option<AddressProblem>,
) -> Response {
    let host = visit.host();
    ReportPage {
        site: visit.page_site(&host),
        token,
        requested_at: record.attempt.asked_at,
        browser: &record.attempt.browser_label,
        email,
        error,
    }
    .render(&visit.look)
    .into_response()
}
