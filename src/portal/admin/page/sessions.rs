//! `/sessions`: everybody who is signed in, page by page.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Serialize;

use super::person::SessionView;
use super::{NoPage, Pages};
use crate::portal::admin::sessions::{hex, place};
use crate::ports::SessionPlace;

/// The page.
#[derive(Serialize)]
struct SessionsView {
    sessions: Vec<OfPerson>,
    /// Whether this is the first page.
    is_first: bool,
    /// Where the next one begins.
    next: Option<String>,
}

#[derive(Serialize)]
struct OfPerson {
    email: String,
    session: SessionView,
}

/// `GET /sessions?after=`. The query is a place in the list and names nobody.
pub(super) async fn show(State(pages): State<Arc<Pages>>, RawQuery(query): RawQuery) -> Response {
    let after = match query.as_deref().unwrap_or_default() {
        "" => None,
        query => match place(query) {
            Some(place) => Some(place),
            None => return Redirect::to("/sessions").into_response(),
        },
    };
    match pages.sessions(after).await {
        Ok(view) => pages.views.show(StatusCode::OK, "admin/sessions.html", &view),
        Err(why) => pages.sorry(&why),
    }
}

impl Pages {
    async fn sessions(&self, after: Option<SessionPlace>) -> Result<SessionsView, NoPage> {
        let idle = self.desk.facts.now().idle;
        let (found, next) = self.desk.gate.all_sessions(after, idle).await?;
        let sessions = found.iter().map(|it| OfPerson {
            email: it.1.email.spelling().to_owned(),
            session: SessionView::of(it),
        });
        let sessions = sessions.collect();
        Ok(SessionsView { sessions, is_first: after.is_none(), next: next.map(hex) })
    }
}
