//! After a first sign-in that has made an account: what to call the person, if they want to say.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::form::Form;
use super::pages::Page;
use super::pages::session::Welcome;
use super::person::signed_in;
use super::refusal::Refusal;
use super::sign_in::see_other;
use super::visit::Visit;
use super::{Desk, onward};
use crate::domain::account::PersonName;

/// `GET /welcome?return_to=`
pub async fn form(visit: Visit) -> Result<Response, Refusal> {
    require_asked(&visit)?;
    let return_url = visit.return_url(&visit.query_value("return_to").unwrap_or_default());
    if signed_in(&visit).await?.is_none() {
        return Ok(see_other(&format!("{}/sign-in", visit.desk.prefix)));
    }
    Ok(page(&visit, return_url.as_str(), "", false))
}

/// `POST /welcome` with `name`, which may be empty. Changes nothing for somebody without an account.
pub async fn submit(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    require_asked(&visit)?;
    let typed = form.value("name")?;
    let return_url = visit.return_url(form.value("return_to")?);
    let Some((_, session)) = signed_in(&visit).await? else {
        return Ok(see_other(&format!("{}/sign-in", desk.prefix)));
    };
    if !typed.trim().is_empty() {
        let Ok(name) = typed.parse::<PersonName>() else {
            return Ok(page(&visit, return_url.as_str(), typed, true));
        };
        visit.gate().name_account(&session.email, &name).await?;
    }
    Ok(see_other(&onward::after_form(&visit, return_url.as_str())))
}

fn require_asked(visit: &Visit) -> Result<(), Refusal> {
    if visit.site().terms.asks_name { Ok(()) } else { Err(Refusal::NotFound) }
}

fn page(visit: &Visit, return_to: &str, name: &str, error: bool) -> Response {
    let host = visit.host();
    Welcome { site: visit.page_site(&host), return_to, name, error }
        .render(&visit.look)
        .into_response()
}
