//! The form.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::courier::health::Trouble;
use super::form::Form;
use super::pages::sign_in::{Again, PasswordField, SignIn, SignInNotice};
use super::pages::{AddressProblem, Look, Page, PasswordProblem};
use super::password::{self, Tried, Wanted};
use super::refusal::Refusal;
use super::visit::Visit;
use super::{Desk, onward};
use crate::domain::email::{EmailAddress, EmailError};
use crate::domain::path::RequestTarget;
use crate::domain::policy::{Asked, Visitor};
use crate::domain::remembered::RememberedAddress;
use crate::domain::return_url::ReturnUrl;
use crate::domain::terms::Registration;
use crate::domain::token::Token;
use crate::gate::ask::AskError;
use crate::ports::{Known, Stored};

/// `GET /sign-in?return_to=`
pub async fn form(visit: Visit) -> Result<Response, Refusal> {
    let return_url = visit.return_url(&visit.query_value("return_to").unwrap_or_default());
    let session = visit.session().await?;
    let forgets = visit.query_value("forget").is_some();
    let wants_change = forgets || visit.query_value("change").is_some();
    if let Some(session) = &session
        && !wants_change
        && !is_stale(&visit, session, &return_url).await?
    {
        return Ok(see_other(&onward::straight(&visit, &return_url)));
    }
    visit.require_open()?;
    let mut notices = Vec::new();
    match visit.desk.mail_health.trouble(visit.desk.gate.now()) {
        Some(Trouble::Delayed { since }) => notices.push(SignInNotice::MailDelayed { since }),
        Some(Trouble::Down { since }) => notices.push(SignInNotice::MailDown { since }),
        None => {}
    }
    let is_bad_news = !notices.is_empty();
    let has_ended = session.is_none() && visit.session.is_some() && !wants_change;
    match &session {
        Some(session) if wants_change => {
            notices.push(SignInNotice::AlreadySignedIn { email: session.email.identity() });
        }
        Some(_) => notices.push(SignInNotice::ConfirmAgain),
        None if wants_change => notices.push(SignInNotice::OtherAddress),
        None if visit.query_value("lost").is_some() => notices.push(SignInNotice::FormNotSent),
        None if has_ended => notices.push(SignInNotice::SessionEnded),
        None => {}
    }
    let (email, remembered) = match wants_change {
        true if forgets => (String::new(), false),
        true => (typed_before(&visit).await?, false),
        false => remembered(&visit, session.as_deref()),
    };
    let form = FormState { email: &email, remembered, is_bad_news, ..FormState::default() };
    let mut response = page(&visit, &return_url, &form, &notices);
    // A cookie that stands for nothing any more is taken away, so that it cannot be fixed
    // (GHSA-f24x-5g9q-753f); a session that is only too old stays.
    if has_ended {
        append(&mut response, visit.cookies.clear_session());
    }
    if forgets && !visit.is_head && !visit.is_prefetch {
        append(&mut response, visit.cookies.clear_address());
    }
    Ok(response)
}

/// The address that this device remembers; for a session that is only too old, its own.
fn remembered(visit: &Visit, session: Option<&Known>) -> (String, bool) {
    if let Some(session) = session {
        return (session.email.identity().to_owned(), false);
    }
    let remembered = visit.remembered.as_ref().filter(|_| visit.desk.remember_address);
    match remembered {
        Some(remembered) => (remembered.address().identity().to_owned(), true),
        None => (String::new(), false),
    }
}

/// What this browser has typed on the form before, to be changed.
async fn typed_before(visit: &Visit) -> Result<String, Refusal> {
    let record = super::waiting::attempt(visit).await?;
    let own = record.filter(|record| !record.attempt.stranger);
    Ok(own.map(|record| record.attempt.email.identity().to_owned()).unwrap_or_default())
}

/// Whether what is asked for wants a more recent sign-in: then going there would lead straight back
/// here, or a form that was sent there would.
///
/// # Errors
/// When the store is in trouble.
pub async fn is_stale(visit: &Visit, session: &Arc<Known>, return_url: &ReturnUrl) -> Stored<bool> {
    let path = return_url.as_str();
    let path = path.split('#').next().unwrap_or(path);
    let Ok(target) = RequestTarget::parse(path.as_bytes()) else { return Ok(false) };
    let identity = visit.identity(session).await?;
    let asked = Asked {
        host: visit.origin().host(),
        method: "GET",
        target: &target,
        client: visit.desk.trusted.known(visit.here.client),
        visitor: Visitor::Person(&identity),
        now: visit.desk.gate.now(),
    };
    Ok(visit.site().policy.wants_renewal(asked))
}

/// `POST /sign-in`: the same answer for every address that is one.
pub async fn submit(
    State(desk): State<Arc<Desk>>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    visit.require_open()?;
    let typed = form.value("email")?;
    let fragment = form.value("fragment")?;
    let wants_remembering = desk.remember_address && form.value("remember")? == "1";
    let return_url = visit.return_url(form.value("return_to")?);
    let state =
        FormState { fragment, email: typed, remembered: wants_remembering, ..FormState::default() };
    let email = match EmailAddress::parse_typed(typed) {
        Ok(email) => email,
        Err(error) => {
            let state = FormState { error: Some(address_problem(error)), ..state };
            return Ok(page(&visit, &return_url, &state, &[]));
        }
    };
    let with_fragment = return_url.clone().with_fragment(fragment);
    if let Wanted::Password(password) = Wanted::read(&visit, &form)? {
        let tried = Box::pin(password::sign_in(&mut visit, &email, password, &with_fragment));
        return match tried.await? {
            Tried::In(mut response) => {
                remember(&visit, email, wants_remembering, &mut response);
                Ok(response)
            }
            Tried::Refused(problem) => {
                let state = FormState { password_error: Some(problem), ..state };
                Ok(page(&visit, &return_url, &state, &[]))
            }
        };
    }
    let before = visit.browser.as_ref().map(Token::digest);
    let return_url = with_fragment;
    let asker = visit.asker();
    let admits = visit.admits();
    let (gate, place) = (visit.gate(), visit.place(&admits));
    // Handed on from one to the other by the framework: the less is in it, the less is moved.
    let asked = Box::pin(gate.request_link(place, asker, &email, return_url.as_str()));
    let asked = match asked.await {
        Ok(asked) => asked,
        Err(AskError::TooMany { until }) => {
            let again = Again::Ask {
                email: typed.to_owned(),
                return_to: return_url.as_str().to_owned(),
                remember: wants_remembering,
            };
            let mail_pending = super::waiting::is_pending(&visit, before).await?;
            return Err(Refusal::TooMany { until, mail_pending, again });
        }
        Err(error) => return Err(error.into()),
    };
    let mut response = see_other(&format!("{}/check-mail", desk.prefix));
    append(&mut response, visit.cookies.set_browser(&asked.browser.reveal()));
    remember(&visit, email, wants_remembering, &mut response);
    Ok(response)
}

/// Keeps the address on this device, or forgets it. The same for every address: it follows from what
/// the visitor did, not from who is known.
fn remember(visit: &Visit, email: EmailAddress, wanted: bool, response: &mut Response) {
    if wanted {
        let kept = RememberedAddress::new(email).reveal(&visit.desk.gate.keys().remembered);
        append(response, visit.cookies.set_address(&kept));
    } else if visit.remembered.is_some() {
        append(response, visit.cookies.clear_address());
    }
}

/// What stands in the form.
#[derive(Clone, Copy, Default)]
struct FormState<'a> {
    fragment: &'a str,
    email: &'a str,
    remembered: bool,
    error: Option<AddressProblem>,
    password_error: Option<PasswordProblem>,
    is_bad_news: bool,
}

fn page(
    visit: &Visit,
    return_url: &ReturnUrl,
    form: &FormState<'_>,
    notices: &[SignInNotice<'_>],
) -> Response {
    let host = visit.host();
    // After a language was chosen, a form that was refused begins anew, but leads to the same page.
    let look = if form.error.is_some() || form.password_error.is_some() {
        let here = path_of_form(&visit.desk.prefix, return_url.as_str());
        Look { here, ..visit.look.clone() }
    } else {
        visit.look.clone()
    };
    let terms = &visit.site().terms;
    let password = terms.passwords().map(|_| PasswordField {
        error: form.password_error,
        registers: terms.registration == Registration::Open,
    });
    SignIn {
        site: visit.page_site(&host),
        destination: &visit.destination(return_url),
        return_to: return_url.as_str(),
        fragment: form.fragment,
        email: form.email,
        error: form.error,
        has_link: visit.has_link(),
        password,
        remember_offered: visit.desk.remember_address,
        remembered: form.remembered,
        notices,
        reference: form.is_bad_news.then(|| visit.look.reference()),
    }
    .render(&look)
    .into_response()
}

/// The path of the form for a sign-in that ends at a return URL.
#[must_use]
pub fn path_of_form(prefix: &str, return_to: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(return_to.as_bytes()).collect();
    format!("{prefix}/sign-in?return_to={encoded}")
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
