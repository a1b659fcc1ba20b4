//! The links of the mail: signing in, and "I did not ask for this".

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use super::Desk;
use super::form::Form;
use super::pages::link::{
    ElsewhereMode, Gone as GonePage, LinkElsewhere, LinkGone, LinkUnknown, Report as ReportPage,
    ReportDone,
};
use super::pages::{AddressProblem, Page};
use super::refusal::Refusal;
use super::sign_in::{address_problem, append, see_other};
use super::visit::Visit;
use crate::domain::attempt::{Gone, Record, State as AttemptState, Way};
use crate::domain::email::EmailAddress;
use crate::domain::terms::OtherBrowser;
use crate::domain::time::UnixMillis;
use crate::domain::token::{Link, Report, Token};
use crate::gate::redeem::{Opened, Redeemed, SignedIn};
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
        let record = desk.gate.peek_link(place, &link).await?;
        return Ok(match record {
            None => unknown(&visit),
            Some(record) => match record.open(Way::OtherLink, desk.gate.now()) {
                Ok(()) => elsewhere(&visit, &record, &text, "", None),
                Err(why) => gone(&visit, why, &record, &text),
            },
        });
    }
    Ok(match desk.gate.open_link(place, &link, visit.caller()).await? {
        Opened::SignedIn(signed_in) => enter(&visit, &signed_in),
        Opened::AlreadyIn(record) => {
            see_other(visit.return_url(&record.attempt.return_url).as_path_or_url())
        }
        Opened::Elsewhere(record) => elsewhere(&visit, &record, &text, "", None),
        Opened::Gone(why, record) => gone(&visit, why, &record, &text),
        Opened::Unknown => unknown(&visit),
    })
}

/// `POST /link/TOKEN`: the visitor confirms on another device.
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
    let redeemed = desk
        .gate
        .redeem_elsewhere(visit.place(&admits), &link, email.as_ref().ok(), visit.caller())
        .await?;
    Ok(match redeemed {
        Redeemed::SignedIn(signed_in) => enter(&visit, &signed_in),
        Redeemed::WrongAddress(record) => {
            let problem = email.err().map_or(AddressProblem::Mismatch, address_problem);
            elsewhere(&visit, &record, &text, typed, Some(problem))
        }
        Redeemed::TooMany { until } => return Err(too_many(until)),
        Redeemed::CodeOnly(record) => elsewhere(&visit, &record, &text, "", None),
        Redeemed::Gone(why, record) => gone(&visit, why, &record, &text),
        Redeemed::Unknown => unknown(&visit),
    })
}

/// Somebody is signed in: the cookie, and straight to where they wanted to be. The return URL was
/// checked when it was asked for; it is checked again, because the configuration may have changed.
#[must_use]
pub fn enter(visit: &Visit, signed_in: &SignedIn) -> Response {
    let location = visit.return_url(&signed_in.record.attempt.return_url);
    let mut response = if signed_in.registered && visit.site().terms.asks_name {
        let return_to = location.as_str().as_bytes();
        let encoded: String = url::form_urlencoded::byte_serialize(return_to).collect();
        see_other(&format!("{}/welcome?return_to={encoded}", visit.desk.prefix))
    } else {
        see_other(location.as_path_or_url())
    };
    append(&mut response, session_cookie(visit, signed_in));
    append(&mut response, visit.cookies.set_device(&signed_in.device.reveal()));
    tracing::info!(
        reference = &*visit.here.reference,
        site = visit.site().name,
        browser = visit.label,
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

fn too_many(until: UnixMillis) -> Refusal {
    Refusal::TooMany { until, mail_pending: false, return_to: "/".into() }
}

fn elsewhere(
    visit: &Visit,
    record: &Record,
    token: &str,
    typed: &str,
    error: Option<AddressProblem>,
) -> Response {
    let host = visit.host();
    let mode = match visit.site().terms.other_browser {
        OtherBrowser::Address => ElsewhereMode::Address { email: typed, error },
        OtherBrowser::Button => ElsewhereMode::Button,
        OtherBrowser::CodeOnly => ElsewhereMode::CodeOnly,
    };
    LinkElsewhere {
        site: visit.page_site(&host),
        token,
        requested_at: record.attempt.asked_at,
        works_until: record.attempt.expires_at,
        browser: &record.attempt.browser_label,
        mode,
        in_app: visit.in_app,
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
        reference: &visit.here.reference,
    }
    .render(&visit.look)
    .into_response()
}

fn unknown(visit: &Visit) -> Response {
    let host = visit.host();
    LinkUnknown { site: visit.page_site(&host), reference: &visit.here.reference }
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
    Ok(match desk.gate.report(&token, &email).await? {
        Reported::Done => {
            tracing::info!(reference = &*visit.here.reference, "a sign-in was reported as unasked");
            let host = visit.host();
            ReportDone { site: visit.page_site(&host) }.render(&visit.look).into_response()
        }
        Reported::WrongAddress => {
            report_page(&visit, &record, &text, typed, Some(AddressProblem::Mismatch))
        }
        Reported::TooMany { until } => return Err(too_many(until)),
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
