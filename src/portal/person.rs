//! Who is signed in: the account page and sign-out.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;

use super::Desk;
use super::form::Form;
use super::pages::Page;
use super::pages::session::{Account, SignOut, SignedOut};
use super::refusal::Refusal;
use super::sign_in::{append, see_other};
use super::visit::Visit;

/// `GET /sign-out`: the question, or the page that says it is done.
pub async fn sign_out(visit: Visit) -> Result<Response, Refusal> {
    let host = visit.host();
    let site = visit.page_site(&host);
    Ok(match visit.session().await? {
        Some(session) => SignOut { site, email: Some(session.email.identity()) }
            .render(&visit.look)
            .into_response(),
        None => SignedOut { site, everywhere: false }.render(&visit.look).into_response(),
    })
}

/// `POST /sign-out`. The cookie goes only when the session is gone: with the store in trouble the
/// visitor must not believe that they are signed out.
pub async fn confirm_sign_out(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    let return_to = form.value("return_to")?;
    if let Some(token) = &visit.session {
        desk.gate.sign_out(token).await?;
    }
    // With a return URL, somebody wants to go there with another address.
    let mut response = if return_to.is_empty() {
        see_other(&format!("{}/sign-out", desk.prefix))
    } else {
        let return_url = visit.return_url(return_to);
        let encoded: String =
            url::form_urlencoded::byte_serialize(return_url.as_str().as_bytes()).collect();
        see_other(&format!("{}/sign-in?return_to={encoded}", desk.prefix))
    };
    forget(&visit, &mut response);
    Ok(response)
}

/// Makes the browser forget somebody who signed out: the cookies, so that the waiting page no longer
/// names an address either, and the pages it has kept.
/// Without the second, "back" showed the application's pages again, unasked: `private` allows a
/// browser to keep them, and going back does not ask whether they are fresh (RFC 9111, 6).
pub fn forget(visit: &Visit, response: &mut Response) {
    append(response, visit.cookies.clear_session());
    append(response, visit.cookies.clear_browser());
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
}

/// `GET /account`
pub async fn account(visit: Visit) -> Result<Response, Refusal> {
    let Some(session) = visit.session().await? else {
        let account = format!("{}/sign-in", visit.desk.prefix);
        return Ok(see_other(&account));
    };
    let identity = visit.identity(&session);
    let groups: Vec<&str> = identity.groups.iter().map(|group| group.as_str()).collect();
    let host = visit.host();
    Ok(Account {
        site: visit.page_site(&host),
        email: session.email.identity(),
        groups: &groups,
        signed_in_at: session.signed_in_at,
        expires_at: session.expires_at,
        sessions: &[],
        ended: None,
    }
    .render(&visit.look)
    .into_response())
}
