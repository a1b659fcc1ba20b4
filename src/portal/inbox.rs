//! The page of the development inbox, and its mails.
//!
//! Deployment caveat: whoever reads these mails can sign in. The inbox therefore listens on
//! loopback only, and answers only under a loopback name: otherwise a website could point a name of
//! its own at this machine and read along (DNS rebinding).

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};

use super::looks::Looks;
use super::pages::Page;
use super::pages::local::{Inbox as InboxPage, InboxEntry, ShownMail};
use crate::adapters::mail::inbox::{Inbox, Kept};
use crate::domain::origin::Authority;

/// The content security policy of the inbox page.
pub const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
                           img-src 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'";
/// A mail is shown like in a mail program: no scripts, links open outside.
const MAIL_POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; \
                           default-src 'none'; style-src 'unsafe-inline'";

struct Shared {
    inbox: Inbox,
    looks: Looks,
}

/// The routes. Assets are served below `prefix`, where the pages look for them.
pub fn router(inbox: Inbox, looks: Looks, prefix: &str) -> Router {
    let shared = Arc::new(Shared { inbox, looks });
    Router::new()
        .route("/", get(list))
        .route("/mails/{id}", get(one))
        .route("/mails/{id}/html", get(html))
        .route("/mails/{id}/eml", get(eml))
        .route(&format!("{prefix}/assets/{{name}}"), get(asset))
        .layer(from_fn(loopback_only))
        .with_state(shared)
}

async fn loopback_only(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let is_loopback =
        host.and_then(|host| Authority::parse(host).ok()).is_some_and(|it| it.host.is_loopback());
    if !is_loopback {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(PAGE_POLICY));
    response
}

async fn list(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let newest = shared.inbox.mails().first().cloned();
    page(&shared, &request, newest.as_deref())
}

async fn one(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    match shared.inbox.mail(&id) {
        Some(kept) => page(&shared, &request, Some(&kept)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn page(shared: &Shared, request: &Request, shown: Option<&Kept>) -> Response {
    let look = shared.looks.elsewhere(request.headers());
    let mails = shared.inbox.mails();
    let urls: Vec<String> = mails.iter().map(|kept| url(kept, "")).collect();
    let entries: Vec<InboxEntry<'_>> = mails
        .iter()
        .zip(&urls)
        .map(|(kept, url)| InboxEntry {
            url,
            subject: &kept.mail.subject,
            to: kept.mail.to.spelling(),
            at: kept.mail.date,
            open: shown.is_some_and(|shown| shown.mail.id == kept.mail.id),
        })
        .collect();
    let links = shown.map(|kept| (url(kept, "/html"), url(kept, "/eml")));
    let from = shown.as_ref().map(|kept| kept.mail.sender.to_string()).unwrap_or_default();
    let shown = shown.zip(links.as_ref()).map(|(kept, (html_url, eml_url))| ShownMail {
        subject: &kept.mail.subject,
        from: &from,
        to: kept.mail.to.spelling(),
        at: kept.mail.date,
        html_url,
        text: &kept.mail.text,
        eml_url,
    });
    InboxPage { mails: &entries, shown }.render(&look).into_response()
}

fn url(kept: &Kept, part: &str) -> String {
    format!("/mails/{}{part}", kept.mail.id.to_hex())
}

async fn html(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let Some(kept) = shared.inbox.mail(&id) else { return StatusCode::NOT_FOUND.into_response() };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, MAIL_POLICY),
    ];
    (headers, kept.mail.html.clone()).into_response()
}

async fn eml(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let Some(kept) = shared.inbox.mail(&id) else { return StatusCode::NOT_FOUND.into_response() };
    ([(header::CONTENT_TYPE, "message/rfc822")], kept.raw.clone()).into_response()
}

async fn asset(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    match shared.looks.asset(&name) {
        Some(asset) => {
            ([(header::CONTENT_TYPE, asset.content_type)], asset.bytes.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
