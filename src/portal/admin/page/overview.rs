//! `/`: what happens now.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::lately::{EventView, Lately};
use super::person::LimitView;
use super::{NoPage, Pages, read_form, value};
use crate::gate::limits::Whose;

/// The page.
#[derive(Serialize)]
pub(super) struct Overview<'a> {
    typed: &'a str,
    /// Nobody's page: the shared part asks.
    email: Option<&'a str>,
    problem: Option<String>,
    limits: Vec<LimitView>,
    lately: Lately,
    events: Vec<EventView>,
}

/// `GET /`
pub(super) async fn show(State(pages): State<Arc<Pages>>) -> Response {
    pages.overview("", None).await
}

/// `POST /`: `act` is what is to be done.
pub(super) async fn act(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match pages.lift_of_everybody(&headers, &body).await {
        Ok(()) => axum::response::Redirect::to("/").into_response(),
        Err(why) => pages.sorry(&why),
    }
}

impl Pages {
    /// The first page, with what was typed and is no address.
    pub(super) async fn overview(&self, typed: &str, problem: Option<String>) -> Response {
        let status = match problem {
            Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
            None => StatusCode::OK,
        };
        match self.gathered(typed, problem).await {
            Ok(view) => self.views.show(status, "admin/overview.html", &view),
            Err(why) => self.sorry(&why),
        }
    }

    async fn gathered<'a>(
        &self,
        typed: &'a str,
        problem: Option<String>,
    ) -> Result<Overview<'a>, NoPage> {
        let facts = self.desk.facts.now();
        let limits = self.desk.gate.limits_of(Whose::Everybody(None), &facts.sites).await?;
        let (lately, events) = (self.lately().await?, self.last_events().await?);
        let limits = limits.iter().map(LimitView::of).collect();
        Ok(Overview { typed, email: None, problem, limits, lately, events })
    }

    async fn lift_of_everybody(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), NoPage> {
        let form = read_form(headers, body)?;
        if value(&form, "act")? != "lift" {
            return Err(NoPage::Form);
        }
        let facts = self.desk.facts.now();
        let lifted = self.desk.gate.lift_limits(Whose::Everybody(None), &facts.sites).await?;
        tracing::warn!(lifted, "limits of everybody were lifted by an operator");
        Ok(())
    }
}
