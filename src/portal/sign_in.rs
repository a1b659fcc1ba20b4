//! The form.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::Desk;
use super::form::Form;
use super::pages::sign_in::{SignIn, SignInNotice};
use super::pages::{AddressProblem, Page};
use super::refusal::Refusal;
use super::visit::Visit;
use crate::domain::email::{EmailAddress, EmailError};
use crate::domain::path::RequestTarget;
use crate::domain::policy::{ChallengeReason, Decision};
use crate::domain::return_url::ReturnUrl;
use crate::gate::ask::AskError;

/// Longest destination that is shown, in characters.
const LONGEST_DESTINATION: usize = 80;

/// `GET /sign-in?return_to=`
pub async fn form(visit: Visit) -> Result<Response, Refusal> {
    let return_url = visit.return_url(&visit.query_value("return_to").unwrap_or_default());
    let wants_change = visit.query_value("change").is_some();
    let mut notices = Vec::new();
    match visit.session().await? {
        Some(_) if wants_change => notices.push(SignInNotice::OtherAddress),
        Some(session) if is_stale(&visit, &session, &return_url) => {
            notices.push(SignInNotice::ConfirmAgain);
        }
        Some(_) => return Ok(see_other(return_url.as_path_or_url())),
        None if wants_change => notices.push(SignInNotice::OtherAddress),
        None if visit.query_value("lost").is_some() => notices.push(SignInNotice::FormNotSent),
        None if visit.session.is_some() => notices.push(SignInNotice::SessionEnded),
        None => {}
    }
    let mut response = page(&visit, &return_url, "", "", None, &notices);
    // A cookie that stands for nothing any more is taken away, so that it cannot be fixed
    // (GHSA-f24x-5g9q-753f); a session that is only too old stays.
    if notices.contains(&SignInNotice::SessionEnded) {
        append(&mut response, visit.cookies.clear_session());
    }
    Ok(response)
}

/// Whether the page that is asked for wants a more recent sign-in: then going there would lead
/// straight back here.
fn is_stale(
    visit: &Visit,
    session: &crate::domain::session::Session,
    return_url: &ReturnUrl,
) -> bool {
    let path = return_url.as_str();
    let path = path.split('#').next().unwrap_or(path);
    let Ok(target) = RequestTarget::parse(path.as_bytes()) else { return false };
    let identity = visit.identity(session);
    let now = visit.desk.gate.now();
    matches!(
        visit.site().policy.decide("GET", &target, Some(&identity), now),
        Decision::Challenge { reason: ChallengeReason::TooOld, .. }
    )
}

/// `POST /sign-in`: the same answer for every address that is one.
pub async fn submit(
    State(desk): State<Arc<Desk>>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    let typed = form.value("email")?;
    let fragment = form.value("fragment")?;
    let return_url = visit.return_url(form.value("return_to")?);
    let email = match EmailAddress::parse_typed(typed) {
        Ok(email) => email,
        Err(error) => {
            let problem = Some(address_problem(error));
            return Ok(page(&visit, &return_url, fragment, typed, problem, &[]));
        }
    };
    let return_url = return_url.with_fragment(fragment);
    let asker = visit.asker();
    let admits = visit.admits();
    let asked =
        desk.gate.request_link(visit.place(&admits), asker, &email, return_url.as_str()).await;
    let asked = match asked {
        Ok(asked) => asked,
        Err(AskError::TooMany { until }) => {
            let return_to = return_url.as_str().to_owned();
            return Err(Refusal::TooMany { until, mail_pending: false, return_to });
        }
        Err(error) => return Err(error.into()),
    };
    let mut response = see_other(&format!("{}/check-mail", desk.prefix));
    append(&mut response, visit.cookies.set_browser(&asked.browser.reveal()));
    Ok(response)
}

fn page(
    visit: &Visit,
    return_url: &ReturnUrl,
    fragment: &str,
    email: &str,
    error: Option<AddressProblem>,
    notices: &[SignInNotice<'_>],
) -> Response {
    let host = visit.host();
    let path = return_url.display_short(LONGEST_DESTINATION);
    let destination = if path.starts_with('/') { format!("{host}{path}") } else { path };
    SignIn {
        site: visit.page_site(&host),
        destination: &destination,
        return_to: return_url.as_str(),
        fragment,
        email,
        error,
        has_link: visit.site().pattern.exact().is_some(),
        remember_offered: false,
        remembered: false,
        notices,
    }
    .render(&visit.look)
    .into_response()
}

/// The words at the field for a refused address.
#[must_use]
pub fn address_problem(error: EmailError) -> AddressProblem {
    match error {
        EmailError::Empty => AddressProblem::Missing,
        EmailError::Shape | EmailError::Dot | EmailError::Domain | EmailError::Blank => {
            AddressProblem::Malformed
        }
        EmailError::Several => AddressProblem::Several,
        EmailError::TooLong => AddressProblem::TooLong,
        EmailError::LocalCharacter
        | EmailError::LocalNotAscii
        | EmailError::IpAddress
        | EmailError::DisguisedDomain => AddressProblem::Unsupported,
    }
}

/// `303`: the only redirect there is here. 307 and 308 would send a token on (RFC 9110, 15.4.4).
#[must_use]
pub fn see_other(location: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    // Every location is one of our paths or a parsed return URL: printable ASCII.
    let value = HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, value);
    response
}

/// Adds a `Set-Cookie`.
pub fn append(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
