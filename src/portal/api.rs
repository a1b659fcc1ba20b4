//! The JSON API: what the pages do, for programs. Errors are problem documents (RFC 9457).
//!
//! `conf/openapi.yaml` describes it, and a test holds the two together (`tests/it/openapi.rs`).

pub mod cause;
pub mod sessions;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Desk;
use super::form::{Document, MaybeDocument};
use super::link::session_cookie;
use super::pages::clock::rfc3339;
use super::pages::sign_in::Again;
use super::password;
use super::refusal::Refusal;
use super::sign_in::append;
use super::visit::Visit;
use super::waiting::{attempt, was_signed_in};
use crate::domain::attempt::{Attempt, Gone, Record, Way};
use crate::domain::code::Code;
use crate::domain::email::EmailAddress;
use crate::domain::password::Password;
use crate::domain::return_url::ReturnUrl;
use crate::domain::session::Session;
use crate::domain::time::UnixMillis;
use crate::domain::token::{self, Link, Token, TokenDigest};
use crate::gate::ask::{AskError, Asked, Asker, resend_at};
use crate::gate::password::{Choice, PasswordRedeemed};
use crate::gate::redeem::{CodeRedeemed, LinkAnswer, RedeemError, Redeemed, SignedIn};
use cause::Cause;

/// The body of `POST /api/sign-in`.
#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct AskDocument {
    email: String,
    #[serde(default)]
    return_to: String,
    password: Option<String>,
}

/// The body of `POST /api/password`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordDocument {
    email: String,
    #[serde(default)]
    return_to: String,
}

/// The body of `POST /api/resend`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResendDocument {
    token: Option<String>,
}

/// The body of `POST /api/verify`: a token or a code. With a token in a browser that did not ask,
/// the address confirms; and where the mail lets its reader choose a password, it may come with one.
#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct VerifyDocument {
    token: Option<String>,
    code: Option<String>,
    email: Option<String>,
    password: Option<String>,
}

/// `POST /api/sign-in`: 202, the same for every address that is one. With a password, where the site
/// accepts one, 200 or 422 at once.
pub async fn sign_in(
    mut visit: Visit,
    Document(ask): Document<AskDocument>,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    visit.require_open()?;
    let email = EmailAddress::parse_typed(&ask.email)
        .map_err(|error| Refusal::Cause(Cause::Address(error)))?;
    let return_url = visit.return_url(&ask.return_to);
    let asker = visit.asker();
    if let Some(text) = &ask.password {
        return with_password(&visit, &asker, &email, text, &return_url).await;
    }
    let admits = visit.admits();
    let asked =
        visit.gate().request_link(visit.place(&admits), asker, &email, return_url.as_str()).await?;
    Ok(accepted(&visit, &asked))
}

async fn with_password(
    visit: &Visit,
    asker: &Asker,
    email: &EmailAddress,
    text: &str,
    return_url: &ReturnUrl,
) -> Result<Response, Refusal> {
    if visit.site().terms.passwords().is_none() {
        // As any other member that is not documented for this site.
        return Err(Refusal::Cause(Cause::Document));
    }
    let password = Password::typed(text).map_err(|why| Refusal::Cause(Cause::Password(why)))?;
    match password::redeem(visit, asker, email, &password, return_url.as_str()).await? {
        PasswordRedeemed::SignedIn(signed_in) => {
            Ok(signed_in_document(visit, Verified::now(visit, *signed_in)))
        }
        PasswordRedeemed::Wrong => Err(Refusal::Cause(Cause::PasswordWrong)),
    }
}

/// `POST /api/password`: a mail that lets its reader choose a password. 202, the same for every
/// address.
pub async fn ask_password(
    mut visit: Visit,
    Document(wanted): Document<PasswordDocument>,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    visit.site().terms.passwords().ok_or(Refusal::NotFound)?;
    visit.require_open()?;
    let email = EmailAddress::parse_typed(&wanted.email)
        .map_err(|error| Refusal::Cause(Cause::Address(error)))?;
    let return_url = visit.return_url(&wanted.return_to);
    let asker = visit.asker();
    let admits = visit.admits();
    let place = visit.place(&admits);
    let asked = visit.gate().request_password(place, asker, &email, return_url.as_str()).await?;
    Ok(accepted(&visit, &asked))
}

/// `POST /api/resend`: another mail for this client's attempt, or, with `token`, for a dead link.
pub async fn resend(
    State(desk): State<Arc<Desk>>,
    mut visit: Visit,
    MaybeDocument(resend): MaybeDocument<ResendDocument>,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    visit.require_open()?;
    let asker = visit.asker();
    let admits = visit.admits();
    let place = visit.place(&admits);
    let asked = match &resend.token {
        None => visit.gate().resend(place, asker).await,
        Some(token) => {
            let link = Token::<Link>::parse(&desk.gate.keys().token, token)
                .map_err(|_| Refusal::Cause(Cause::Token))?;
            visit.gate().fresh_link(place, asker, &link).await
        }
    };
    match asked {
        Ok(asked) => Ok(accepted(&visit, &asked)),
        Err(AskError::NoAttempt) => Err(Refusal::Cause(Cause::NothingToResend)),
        Err(error) => Err(error.into()),
    }
}

fn accepted(visit: &Visit, asked: &Asked) -> Response {
    let expires_in = asked.attempt.expires_at.since(visit.desk.gate.now()).as_secs();
    let mut response = document(StatusCode::ACCEPTED, &json!({ "expires_in": expires_in }));
    append(&mut response, visit.cookies.set_browser(&asked.browser.reveal()));
    response
}

/// `GET /api/sign-in`: the state of this client's attempt.
///
/// It is told from the clock and from this client's own session alone, never from what has become
/// of the link: whoever began an attempt for somebody else's address would learn from "used" or
/// "ended" that the address is known and its mail read.
pub async fn state(visit: Visit) -> Result<Response, Refusal> {
    let Some(record) = attempt(&visit).await? else {
        return Ok(document(StatusCode::OK, &json!({ "state": "unknown" })));
    };
    let Attempt { stranger, return_url, expires_at, .. } = &record.attempt;
    let return_url = visit.return_url(if *stranger { "/" } else { return_url });
    let mut answer = json!({ "return_to": return_url.as_str() });
    let now = visit.desk.gate.now();
    let state = if was_signed_in(&visit, &record).await? {
        "signed_in"
    } else if record.open(Way::Code, now).is_err() {
        "expired"
    } else {
        answer["expires_in"] = seconds_until(*expires_at, now).into();
        answer["resend_in"] = seconds_until(resend_at(&record), now).into();
        if visit.desk.mail_health.trouble(now).is_some() { "delayed" } else { "waiting" }
    };
    answer["state"] = state.into();
    Ok(document(StatusCode::OK, &answer))
}

/// Whole seconds, rounded up: after so many it is surely time.
fn seconds_until(at: UnixMillis, now: UnixMillis) -> u64 {
    u64::try_from(at.since(now).as_millis().div_ceil(1000)).unwrap_or(u64::MAX)
}

/// `POST /api/verify`
pub async fn verify(
    State(desk): State<Arc<Desk>>,
    visit: Visit,
    Document(verify): Document<VerifyDocument>,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    let password = verify.password.as_deref().map(Password::typed).transpose();
    let password = password.map_err(|why| Refusal::Cause(Cause::Password(why)))?;
    let (site, host) = (visit.site(), visit.host());
    let known = [&*site.title, &*site.name, &*host];
    let choice = password.as_ref().map(|password| Choice { password, known: &known });
    let choice = choice.as_ref();
    let verified = match (&verify.token, &verify.code) {
        (Some(token), None) => {
            by_token(&desk, &visit, token, verify.email.as_deref(), choice).await?
        }
        (None, Some(code)) => by_code(&visit, code, choice).await?,
        (Some(_), Some(_)) | (None, None) => return Err(Refusal::Cause(Cause::Proof)),
    };
    Ok(signed_in_document(&visit, verified))
}

fn signed_in_document(visit: &Visit, verified: Verified) -> Response {
    let return_url = visit.return_url(&verified.return_url);
    let mut response = document(
        StatusCode::OK,
        &json!({
            "email": verified.session.email.identity(),
            "expires_at": rfc3339(verified.session.expires_at),
            "return_to": return_url.as_str(),
        }),
    );
    for cookie in verified.cookies {
        append(&mut response, cookie);
    }
    response
}

/// Who is in, and where to go.
struct Verified {
    session: Session,
    return_url: String,
    /// None when this client holds it already.
    cookies: [Option<HeaderValue>; 2],
}

impl Verified {
    fn now(visit: &Visit, signed_in: SignedIn) -> Self {
        Self {
            cookies: [
                session_cookie(visit, &signed_in),
                visit.cookies.set_device(&signed_in.device.reveal()),
            ],
            session: signed_in.session,
            return_url: signed_in.record.attempt.return_url,
        }
    }
}

async fn by_token(
    desk: &Desk,
    visit: &Visit,
    text: &str,
    email: Option<&str>,
    choice: Option<&Choice<'_>>,
) -> Result<Verified, Refusal> {
    let link = Token::<Link>::parse(&desk.gate.keys().token, text)
        .map_err(|_| Refusal::Cause(Cause::Token))?;
    let admits = visit.admits();
    let place = visit.place(&admits);
    let typed = email.map(EmailAddress::parse_typed).transpose();
    let answer = LinkAnswer { typed: typed.as_ref().ok().and_then(Option::as_ref), choice };
    match redeemed(visit.gate().redeem_link(place, &link, answer, visit.caller()).await)? {
        Redeemed::SignedIn(signed_in) => Ok(Verified::now(visit, *signed_in)),
        Redeemed::WrongAddress(_) => Err(Refusal::Cause(match typed {
            Err(error) => Cause::Address(error),
            Ok(None) => Cause::ConfirmationNeeded,
            Ok(Some(_)) => Cause::AddressMismatch,
        })),
        Redeemed::TooMany { until } => {
            Err(Refusal::later(until, Again::Resend { token: String::new() }))
        }
        Redeemed::CodeOnly(_) => Err(Refusal::Cause(Cause::ConfirmationRefused)),
        Redeemed::Password(why, _) => Err(Refusal::Cause(Cause::Password(why))),
        // A password that comes too late was not set, and nobody may think so.
        Redeemed::Gone(Gone::Used { session }, record)
            if choice.is_none() && is_held(visit, session) =>
        {
            already_in(visit, record).await
        }
        Redeemed::Gone(why, _) => Err(gone(why)),
        Redeemed::Unknown => Err(Refusal::Cause(Cause::LinkUnknown)),
    }
}

/// The token came twice, and the first time has signed this client in: that is no mistake, as it is
/// none in a browser.
async fn already_in(visit: &Visit, record: Record) -> Result<Verified, Refusal> {
    let session = visit.session().await?.ok_or(Refusal::Cause(Cause::LinkUsed))?;
    let session = Session::clone(&session);
    Ok(Verified { session, return_url: record.attempt.return_url, cookies: [None, None] })
}

/// Whoever holds the link may hear why it is dead. One that was reported counts as expired, as on
/// its page.
fn gone(why: Gone) -> Refusal {
    Refusal::Cause(match why {
        Gone::Expired | Gone::Ended => Cause::LinkExpired,
        Gone::Used { .. } => Cause::LinkUsed,
        Gone::Replaced => Cause::LinkReplaced,
    })
}

/// A password with a mail that lets nobody choose one is as any other member that is not documented.
fn redeemed<T>(redeemed: Result<T, RedeemError>) -> Result<T, Refusal> {
    redeemed.map_err(|error| match error {
        RedeemError::NoChoice => Refusal::Cause(Cause::Document),
        RedeemError::Busy(_) | RedeemError::Store(_) => error.into(),
    })
}

fn is_held(visit: &Visit, session: TokenDigest<token::Session>) -> bool {
    visit.session.as_ref().map(Token::digest) == Some(session)
}

async fn by_code(
    visit: &Visit,
    text: &str,
    choice: Option<&Choice<'_>>,
) -> Result<Verified, Refusal> {
    let code = Code::parse(text).ok();
    let admits = visit.admits();
    let place = visit.place(&admits);
    let tried = visit.gate().redeem_code(place, code.as_ref(), choice, visit.caller()).await;
    let cause = match redeemed(tried)? {
        CodeRedeemed::SignedIn(signed_in) => return Ok(Verified::now(visit, *signed_in)),
        CodeRedeemed::Wrong { left, .. } => match (code, text.trim().is_empty()) {
            (Some(_), _) => Cause::CodeWrong { tries_left: left },
            (None, true) => Cause::CodeMissing,
            (None, false) => Cause::CodeMalformed,
        },
        CodeRedeemed::Password(why, _) => Cause::Password(why),
        CodeRedeemed::TooMany { until } => {
            return Err(Refusal::later(until, Again::Resend { token: String::new() }));
        }
        CodeRedeemed::UsedUp(_) => Cause::CodeUsedUp,
        CodeRedeemed::Gone(..) => Cause::AttemptOver,
        CodeRedeemed::NoAttempt => Cause::NoAttempt,
    };
    Err(Refusal::Cause(cause))
}

fn document(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
