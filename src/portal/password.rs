//! Passwords, at sites that accept one beside the link; elsewhere none of this is there.
//!
//! A password is chosen in one way, whether it is the first one of somebody who registers, another
//! one, or one in place of a forgotten one: a mail is asked for, and whoever answers it, by link or
//! code, types the password there. So nobody sets a password without the mailbox, and nothing that was
//! typed before the mailbox was proven is ever set: a page of the application, which has our origin,
//! could have typed it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::form::Form;
use super::link::enter;
use super::pages::sign_in::{Again, AskPassword, NewPasswordField};
use super::pages::{AddressProblem, Look, Page, PasswordProblem as Words};
use super::refusal::Refusal;
use super::sign_in::{address_problem, append, path_of_form, see_other};
use super::visit::Visit;
use super::{Desk, onward};
use crate::domain::attempt::Attempt;
use crate::domain::email::EmailAddress;
use crate::domain::password::{LONGEST_PASSWORD, Password, PasswordProblem};
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

/// A password that was chosen beside a link or a code, if one was.
///
/// # Errors
/// [`Refusal::BadRequest`], as [`Wanted::read`].
pub fn chosen(
    visit: &Visit,
    form: &Form,
) -> Result<Result<Option<Password>, PasswordProblem>, Refusal> {
    Ok(match Wanted::read(visit, form)? {
        Wanted::Mail => Ok(None),
        Wanted::Password(text) => Password::typed(text).map(Some),
    })
}

/// The field for a password, where the mail of this attempt lets its reader choose one.
#[must_use]
pub fn field(
    visit: &Visit,
    attempt: &Attempt,
    problem: Option<PasswordProblem>,
) -> Option<NewPasswordField> {
    let terms = visit.site().terms.passwords().filter(|_| attempt.chooses_password)?;
    Some(NewPasswordField { least: terms.min_length, error: problem.map(words) })
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
    visit.gate().redeem_password(place, asker, held, email, password, return_url).await
}

/// `GET /password?return_to=`
pub async fn form(visit: Visit) -> Result<Response, Refusal> {
    require_passwords(&visit)?;
    visit.require_open()?;
    let return_url = visit.return_url(&visit.query_value("return_to").unwrap_or_default());
    let session = visit.session().await?;
    let email = session.as_ref().map_or("", |session| session.email.identity());
    Ok(page(&visit, &return_url, email, "", None))
}

/// `POST /password`: the same answer for every address that is one.
pub async fn submit(
    State(desk): State<Arc<Desk>>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    require_passwords(&visit)?;
    visit.require_open()?;
    let (typed, fragment) = (form.value("email")?, form.value("fragment")?);
    let return_url = visit.return_url(form.value("return_to")?);
    let email = match EmailAddress::parse_typed(typed) {
        Ok(email) => email,
        Err(error) => {
            let error = Some(address_problem(error));
            return Ok(page(&visit, &return_url, typed, fragment, error));
        }
    };
    let return_url = return_url.with_fragment(fragment);
    let before = visit.browser.as_ref().map(Token::digest);
    let asker = visit.asker();
    let admits = visit.admits();
    let place = visit.place(&admits);
    let asked = match visit.gate().request_password(place, asker, &email, return_url.as_str()).await
    {
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

/// Where the site accepts no passwords, there is no such page.
fn require_passwords(visit: &Visit) -> Result<(), Refusal> {
    visit.site().terms.passwords().map(|_| ()).ok_or(Refusal::NotFound)
}

fn words(problem: PasswordProblem) -> Words {
    match problem {
        PasswordProblem::Missing => Words::Missing,
        PasswordProblem::TooShort { least } => Words::TooShort { least },
        PasswordProblem::TooLong => Words::TooLong { most: LONGEST_PASSWORD },
        PasswordProblem::Guessable => Words::Guessable,
    }
}

fn page(
    visit: &Visit,
    return_url: &ReturnUrl,
    email: &str,
    fragment: &str,
    error: Option<AddressProblem>,
) -> Response {
    let host = visit.host();
    let here = onward::with_return_to(visit, "password", return_url.as_str());
    AskPassword {
        site: visit.page_site(&host),
        return_to: return_url.as_str(),
        fragment,
        email,
        error,
        has_link: visit.has_link(),
    }
    .render(&Look { here, ..visit.look.clone() })
    .into_response()
}
