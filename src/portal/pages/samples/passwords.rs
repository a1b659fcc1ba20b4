//! Where a site accepts passwords.

use super::words::Words;
use super::{Viewer, waiting};
use crate::portal::pages::sign_in::{
    AskPassword, CheckMail, ChoosePassword, NewPasswordField, PasswordField, SignIn,
};
use crate::portal::pages::{AddressProblem, PasswordProblem, Site};

pub(super) fn passwords(words: &Words<'_>, viewer: &mut impl Viewer) {
    let site = Site { has_passwords: true, ..words.site };
    let Words { email, destination, return_to, .. } = *words;
    let field = |error, registers| Some(PasswordField { error, registers });
    let form = SignIn {
        site,
        destination,
        return_to,
        fragment: "",
        email: "",
        error: None,
        has_link: true,
        password: field(None, false),
        remember_offered: true,
        remembered: false,
        notices: &[],
        reference: None,
    };
    viewer.view("sign_in_password", &form);
    let password = field(Some(PasswordProblem::Wrong), false);
    viewer.view("sign_in_password_wrong", &SignIn { email, password, ..form.clone() });
    let password = field(Some(PasswordProblem::Missing), false);
    viewer.view("sign_in_password_missing", &SignIn { email, password, ..form.clone() });
    let known = SignIn { email, remembered: true, has_link: false, ..form };
    viewer.view("sign_in_password_registers", &SignIn { password: field(None, true), ..known });
    let ask = AskPassword { site, return_to, fragment: "", email: "", error: None, has_link: true };
    viewer.view("ask_password", &ask);
    viewer.view("ask_password_code", &AskPassword { email, has_link: false, ..ask.clone() });
    let (typed, error) = (words.typed[1], Some(AddressProblem::Malformed));
    viewer.view("ask_password_address", &AskPassword { email: typed, error, ..ask });
    let fresh = NewPasswordField { least: 15, error: None };
    let page = ChoosePassword { site, token: words.token, email, password: fresh };
    viewer.view("choose_password", &page);
    for (name, problem) in [
        ("missing", PasswordProblem::Missing),
        ("too_short", PasswordProblem::TooShort { least: 15 }),
        ("too_long", PasswordProblem::TooLong { most: 256 }),
        ("guessable", PasswordProblem::Guessable),
    ] {
        let password = NewPasswordField { error: Some(problem), ..fresh };
        viewer
            .view(&format!("choose_password_{name}"), &ChoosePassword { password, ..page.clone() });
    }
    let waits = CheckMail { site, password: Some(fresh), ..waiting(words) };
    viewer.view("check_mail_password", &waits);
    let refused = NewPasswordField { error: Some(PasswordProblem::Guessable), ..fresh };
    let page = CheckMail { password: Some(refused), code: "WDJB-MJHT", ..waits.clone() };
    viewer.view("check_mail_password_guessable", &page);
    viewer.view("check_mail_password_code", &CheckMail { has_link: false, ..waits });
}
