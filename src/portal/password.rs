//! Passwords, at sites that accept one beside the link; elsewhere none of this is there.
//!
//! A password is chosen on one page, whether it is the first one of somebody who registers, another
//! one, or one in place of a forgotten one: the address and the new password are typed, a mail goes
//! out, and its link or code sets it in the browser where it was typed. So nobody sets a password
//! without the mailbox, and nobody's mailbox sets a password that somebody else has typed.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::form::Form;
use super::link::enter;
use super::pages::sign_in::{Again, ChoosePassword};
use super::pages::{AddressProblem, Look, Page, PasswordProblem as Words};
use super::refusal::Refusal;
use super::sign_in::{address_problem, append, path_of_form, see_other};
use super::visit::Visit;
use super::{Desk, onward};
use crate::domain::email::EmailAddress;
use crate::domain::password::{LONGEST_PASSWORD, Password, PasswordProblem, PasswordTerms};
use crate::domain::return_url::ReturnUrl;
use crate::domain::token::Token;
use crate::gate::ask::AskError;
use crate::gate::password::PasswordRedeemed;

/// With what somebody wants to sign in, as the form says it.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// By mail.
    Mail,
    /// With this password; it may be empty.
    Password(&'a str),
}

impl<'a> Wanted<'a> {
    /// Reads `way` and `password`. Without `way`, which button was pressed, a password says it: that
    /// is how programs ask.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`] for a field that is there twice, or a way that is none.
    pub fn read(visit: &Visit, form: &'a Form) -> Result<Self, Refusal> {
        if visit.site().terms.passwords().is_none() {
            return Ok(Self::Mail);
        }
        let password = form.value("password")?;
        match form.value("way")? {
            "" if password.is_empty() => Ok(Self::Mail),
            "" | "password" => Ok(Self::Password(password)),
            "mail" => Ok(Self::Mail),
            _ => Err(Refusal::BadRequest("an unknown way to sign in")),
        }
    }
}

/// What became of a password on the form.
pub enum Tried {
    /// The answer: signed in.
    In(Response),
    /// The form once more.
    Refused(Words),
}

/// Signs in with a password that was typed on the form.
///
/// # Errors
/// [`Refusal::TooMany`], or trouble of the store.
pub async fn sign_in(
    visit: &mut Visit,
    email: &EmailAddress,
    typed: &str,
    return_url: &ReturnUrl,
) -> Result<Tried, Refusal> {
    let password = match Password::typed(typed) {
        Ok(password) => password,
        Err(PasswordProblem::Missing) => return Ok(Tried::Refused(Words::Missing)),
        Err(problem) => return Ok(Tried::Refused(words(problem))),
    };
    let (asker, return_to) = (visit.asker(), return_url.as_str());
    let again = || Again::Page { path: path_of_form(&visit.desk.prefix, return_to) };
    match redeem(visit, &asker, email, &password, return_to).await {
        Ok(PasswordRedeemed::SignedIn(signed_in)) => {
            Ok(Tried::In(enter(visit, &signed_in, &onward::after_form(visit, return_to))))
        }
        Ok(PasswordRedeemed::Wrong) => Ok(Tried::Refused(Words::Wrong)),
        Err(AskError::TooMany { until }) => Err(Refusal::later(until, again())),
        Err(error) => Err(error.into()),
    }
}

/// Asks the gate, for the form and for the API.
///
/// # Errors
/// [`AskError`].
pub async fn redeem(
    visit: &Visit,
    asker: &crate::gate::ask::Asker,
    email: &EmailAddress,
    password: &Password,
    return_url: &str,
) -> Result<PasswordRedeemed, AskError> {
    let admits = visit.admits();
    let (place, held) = (visit.place(&admits), visit.session.as_ref());
    visit.desk.gate.redeem_password(place, asker, held, email, password, return_url).await
}

/// `GET /password?return_to=`
pub async fn form(visit: Visit) -> Result<Response, Refusal> {
    let terms = terms(&visit)?;
    visit.require_open()?;
    let return_url = visit.return_url(&visit.query_value("return_to").unwrap_or_default());
    let session = visit.session().await?;
    let email = session.as_ref().map_or("", |session| session.email.identity());
    let fields = Fields { email, ..Fields::default() };
    Ok(page(&visit, terms, &return_url, &fields))
}

/// `POST /password`: the same answer for every address that is one.
pub async fn submit(
    State(desk): State<Arc<Desk>>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    let terms = terms(&visit)?;
    visit.require_open()?;
    let (typed, fragment) = (form.value("email")?, form.value("fragment")?);
    let return_url = visit.return_url(form.value("return_to")?);
    let chosen = form.value("password")?;
    let email = EmailAddress::parse_typed(typed);
    let password = match &email {
        Ok(email) => judged(&visit, &terms, email, chosen).await?,
        Err(_) => Err(PasswordProblem::Missing),
    };
    let (email, password) = match (email, password) {
        (Ok(email), Ok(password)) => (email, password),
        (email, password) => {
            let error = email.as_ref().err().map(|error| address_problem(*error));
            let password_error = password.err().filter(|_| error.is_none()).map(words);
            let fields = Fields { email: typed, fragment, error, password_error };
            return Ok(page(&visit, terms, &return_url, &fields));
        }
    };
    let return_url = return_url.with_fragment(fragment);
    let before = visit.browser.as_ref().map(Token::digest);
    let asker = visit.asker();
    let admits = visit.admits();
    let place = visit.place(&admits);
    let asked =
        desk.gate.request_password(place, asker, &email, &password, return_url.as_str()).await;
    let asked = match asked {
        Ok(asked) => asked,
        Err(AskError::TooMany { until }) => {
            let path = onward::with_return_to(&visit, "password", return_url.as_str());
            let mail_pending = super::waiting::is_pending(&visit, before).await?;
            return Err(Refusal::TooMany { until, mail_pending, again: Again::Page { path } });
        }
        Err(error) => return Err(error.into()),
    };
    let mut response = see_other(&format!("{}/check-mail", desk.prefix));
    append(&mut response, visit.cookies.set_browser(&asked.browser.reveal()));
    Ok(response)
}

/// A password that may be chosen for this address.
///
/// # Errors
/// [`Refusal::Busy`].
pub async fn judged(
    visit: &Visit,
    terms: &PasswordTerms,
    email: &EmailAddress,
    text: &str,
) -> Result<Result<Password, PasswordProblem>, Refusal> {
    let password = match Password::typed(text) {
        Ok(password) => password,
        Err(problem) => return Ok(Err(problem)),
    };
    let (site, host) = (visit.site(), visit.host());
    let words = [&*site.title, &*site.name, &*host];
    let judgement = visit.desk.gate.judge_password(&password, terms, email, &words).await?;
    Ok(judgement.map(|()| password))
}

/// How this site accepts passwords. Where it does not, there is no such page.
fn terms(visit: &Visit) -> Result<PasswordTerms, Refusal> {
    visit.site().terms.passwords().copied().ok_or(Refusal::NotFound)
}

fn words(problem: PasswordProblem) -> Words {
    match problem {
        PasswordProblem::Missing => Words::Missing,
        PasswordProblem::TooShort { least } => Words::TooShort { least },
        PasswordProblem::TooLong => Words::TooLong { most: LONGEST_PASSWORD },
        PasswordProblem::Guessable => Words::Guessable,
    }
}

/// What stands in the form.
#[derive(Default)]
struct Fields<'a> {
    email: &'a str,
    fragment: &'a str,
    error: Option<AddressProblem>,
    password_error: Option<Words>,
}

fn page(
    visit: &Visit,
    terms: PasswordTerms,
    return_url: &ReturnUrl,
    fields: &Fields<'_>,
) -> Response {
    let host = visit.host();
    let here = onward::with_return_to(visit, "password", return_url.as_str());
    ChoosePassword {
        site: visit.page_site(&host),
        return_to: return_url.as_str(),
        fragment: fields.fragment,
        email: fields.email,
        error: fields.error,
        password_error: fields.password_error,
        least: terms.min_length,
        has_link: visit.has_link(),
    }
    .render(&Look { here, ..visit.look.clone() })
    .into_response()
}
