//! Who is signed in: the account page and sign-out.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;

use super::Desk;
use super::form::Form;
use super::pages::Page;
use super::pages::session::{
    Account, AccountEnded, AccountPassword, AccountSession, SignOut, SignedOut,
};
use super::refusal::Refusal;
use super::sign_in::{append, path_of_form, see_other};
use super::visit::Visit;
use crate::domain::session::{Session, SessionHandle};
use crate::domain::token::{self, Token};
use crate::gate::sessions::OwnSession;
use crate::ports::{Known, Stored};

/// `GET /sign-out`: the question, or the page that says it is done.
pub async fn sign_out(visit: Visit) -> Result<Response, Refusal> {
    let host = visit.host();
    let site = visit.page_site(&host);
    Ok(match visit.session().await? {
        Some(session) => SignOut { site, email: Some(session.email.identity()) }
            .render(&visit.look)
            .into_response(),
        None => {
            let everywhere = visit.query_value("everywhere").is_some_and(|value| value == "1");
            let reference = visit.look.reference();
            SignedOut { site, everywhere, reference }.render(&visit.look).into_response()
        }
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
    let everywhere = is_pressed(&form, "everywhere")? && end_everywhere(&visit).await?;
    if let Some(token) = &visit.session {
        visit.gate().sign_out(token).await?;
    }
    // With a return URL, somebody wants to go there with another address.
    let mut response = if !return_to.is_empty() {
        let return_url = visit.return_url(return_to);
        see_other(&path_of_form(&desk.prefix, return_url.as_str()))
    } else if everywhere {
        see_other(&format!("{}/sign-out?everywhere=1", desk.prefix))
    } else {
        see_other(&format!("{}/sign-out", desk.prefix))
    };
    forget(&visit, &mut response);
    Ok(response)
}

/// Ends the other sessions; the caller ends this one last, so that somebody whom the store fails
/// half way can press again. Returns whether it could be done: a session that counts no more proves
/// nobody, and then the answer must not say "everywhere".
async fn end_everywhere(visit: &Visit) -> Stored<bool> {
    let Some((token, session)) = signed_in(visit).await? else { return Ok(false) };
    visit.gate().end_others(&session.email, token).await?;
    Ok(true)
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
    let Some((token, session)) = signed_in(&visit).await? else {
        return Ok(see_other(&format!("{}/sign-in", visit.desk.prefix)));
    };
    let identity = visit.identity(&session).await?;
    let groups: Vec<&str> = identity.groups.iter().map(|group| group.as_str()).collect();
    let own = own_sessions(&visit, token, &session).await?;
    let listed = listed(&own);
    let texts = |it: &&OwnSession| (it.handle.to_string(), it.session.network.to_string());
    let texts: Vec<_> = listed.iter().map(texts).collect();
    let sessions: Vec<AccountSession<'_>> = listed
        .iter()
        .zip(&texts)
        .map(|(OwnSession { session, this, .. }, (handle, network))| AccountSession {
            handle,
            browser: session.browser(),
            host: session.host(),
            network,
            signed_in_at: session.signed_in_at,
            last_seen: session.last_seen,
            this: *this,
        })
        .collect();
    let password = own_password(&visit, &session).await?;
    let host = visit.host();
    Ok(Account {
        site: visit.page_site(&host),
        email: session.email.identity(),
        groups: &groups,
        signed_in_at: session.signed_in_at,
        expires_at: session.expires_at,
        sessions: &sessions,
        is_part: listed.len() < own.len(),
        password,
        ended: match visit.query_value("ended").as_deref() {
            Some("one") => Some(AccountEnded::One),
            Some("others") => Some(AccountEnded::Others),
            Some("password") if password.is_some() => Some(AccountEnded::Password),
            _ => None,
        },
    }
    .render(&visit.look)
    .into_response())
}

/// Sessions that the account page lists. A program that signs in anew whenever it runs makes
/// hundreds, and the page with the button that ends them all must still come.
const MOST_LISTED: usize = 50;

/// This session, and of the others those that were used last.
fn listed(own: &[OwnSession]) -> Vec<&OwnSession> {
    let (this, others): (Vec<_>, Vec<_>) = own.iter().partition(|it| it.this);
    this.into_iter().chain(others).take(MOST_LISTED).collect()
}

/// `POST /account` with `session=<handle>` or `others=1`: ends one, or all others.
pub async fn end_sessions(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    let (handle, others) = (form.value("session")?, is_pressed(&form, "others")?);
    let password = match form.value("password")? {
        "" => false,
        "remove" if visit.site().terms.passwords().is_some() => true,
        _ => return Err(Refusal::BadRequest("a button with an unknown value")),
    };
    if [!handle.is_empty(), others, password].into_iter().filter(|it| *it).count() != 1 {
        let words = "exactly one of `session`, `others` and `password` is needed";
        return Err(Refusal::BadRequest(words));
    }
    let Some((token, session)) = signed_in(&visit).await? else {
        return Ok(see_other(&format!("{}/sign-in", desk.prefix)));
    };
    if password {
        visit.gate().void_own_password(&session.email, token).await?;
        return Ok(see_other(&format!("{}/account?ended=password", desk.prefix)));
    }
    if others {
        visit.gate().end_others(&session.email, token).await?;
        return Ok(see_other(&format!("{}/account?ended=others", desk.prefix)));
    }
    // What is no handle names no session, like one that nobody has: no difference to be told.
    if let Ok(handle) = handle.parse::<SessionHandle>() {
        if handle == desk.gate.keys().subject.handle(token.digest()) {
            visit.gate().sign_out(token).await?;
            let mut response = see_other(&format!("{}/sign-out", desk.prefix));
            forget(&visit, &mut response);
            return Ok(response);
        }
        visit.gate().end_own(&session.email, handle).await?;
    }
    Ok(see_other(&format!("{}/account?ended=one", desk.prefix)))
}

/// The password of whoever is signed in here, where the site accepts one.
async fn own_password(visit: &Visit, session: &Session) -> Stored<Option<AccountPassword>> {
    if visit.site().terms.passwords().is_none() {
        return Ok(None);
    }
    let account = visit.desk.gate.account(&session.email).await?;
    let set_at = account.and_then(|account| account.password.as_ref().map(|kept| kept.set_at));
    Ok(Some(AccountPassword { set_at }))
}

/// The token and the session of whoever is signed in here.
///
/// # Errors
/// When the store is in trouble.
pub async fn signed_in(visit: &Visit) -> Stored<Option<(&Token<token::Session>, Arc<Known>)>> {
    let session = visit.session().await?;
    Ok(visit.session.as_ref().zip(session))
}

/// The sessions of whoever is signed in here.
///
/// # Errors
/// When the store is in trouble.
pub async fn own_sessions(
    visit: &Visit,
    token: &Token<token::Session>,
    session: &Session,
) -> Stored<Vec<OwnSession>> {
    let idle = visit.site().terms.session.idle;
    visit.desk.gate.sessions_of(&session.email, token, idle).await
}

/// A hidden field of a button: `1`, or not there.
fn is_pressed(form: &Form, name: &str) -> Result<bool, Refusal> {
    match form.value(name)? {
        "" => Ok(false),
        "1" => Ok(true),
        _ => Err(Refusal::BadRequest("a button with an unknown value")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::email::EmailAddress;
    use crate::domain::language::Language;
    use crate::domain::session::Surroundings;
    use crate::domain::time::UnixMillis;
    use crate::portal::brand::Branding;
    use crate::portal::pages::{Look, Pages, Site};

    fn own(n: u64, this: bool) -> OwnSession {
        let mut handle = [0; 16];
        handle[..8].copy_from_slice(&n.to_be_bytes());
        let session = Session {
            email: EmailAddress::parse("ann@example.com").unwrap(),
            signed_in_at: UnixMillis(1),
            last_seen: UnixMillis(n),
            expires_at: UnixMillis(9),
            surroundings: Surroundings::new("https://wiki.example.com", "Firefox on Linux"),
            network: "203.0.113.0/24".parse().unwrap(),
        };
        OwnSession { handle: SessionHandle::from_bytes(handle), session, this }
    }

    #[test]
    fn this_session_is_listed_whatever_the_others_do() {
        let all: Vec<_> = (0..10_000).rev().map(|n| own(n, n == 7)).collect();
        let listed = listed(&all);
        assert_eq!(listed.len(), MOST_LISTED);
        let seen: Vec<_> = listed[..3].iter().map(|it| it.session.last_seen.0).collect();
        assert_eq!(seen, [7, 9_999, 9_998]);
        assert_eq!(super::listed(&all[..3]).len(), 3);
    }

    #[test]
    fn the_longest_list_is_a_page_in_every_language() {
        let pages =
            Arc::new(Pages::new("/.linkgate", Arc::new(Branding::built_in().unwrap())).unwrap());
        let handle = "0".repeat(32);
        let one = AccountSession {
            handle: &handle,
            browser: "Firefox on Linux",
            host: "wiki.example.com",
            network: "203.0.113.9",
            signed_in_at: UnixMillis(1),
            last_seen: UnixMillis(2),
            this: false,
        };
        let sessions = vec![one; MOST_LISTED];
        for language in Language::ALL {
            let look = Look {
                pages: Arc::clone(&pages),
                language,
                here: "/".into(),
                reference: Arc::default(),
                at: UnixMillis(9),
            };
            let page = Account {
                site: Site { name: "Wiki", host: "wiki.example.com", has_passwords: false },
                email: "ann@example.com",
                groups: &[],
                signed_in_at: UnixMillis(1),
                expires_at: UnixMillis(9),
                sessions: &sessions,
                is_part: true,
                password: None,
                ended: None,
            };
            let html = page.render(&look);
            assert_eq!(html.status, http::StatusCode::OK, "{language}");
            assert!(html.body.contains("50"), "says that it is a part");
        }
    }
}
