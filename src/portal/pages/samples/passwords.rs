//! Where a site accepts passwords.

use super::words::Words;
use super::{Viewer, waiting};
use crate::portal::pages::sign_in::{CheckMail, ChoosePassword, PasswordField, SignIn};
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
    let page = ChoosePassword {
        site,
        return_to,
        fragment: "",
        email: "",
        error: None,
        password_error: None,
        least: 15,
        has_link: true,
    };
    viewer.view("choose_password", &page);
    viewer.view("choose_password_code", &ChoosePassword { email, has_link: false, ..page.clone() });
    let (typed, error) = (words.typed[1], Some(AddressProblem::Malformed));
    viewer.view("choose_password_address", &ChoosePassword { email: typed, error, ..page.clone() });
    for (name, problem) in [
        ("missing", PasswordProblem::Missing),
        ("too_short", PasswordProblem::TooShort { least: 15 }),
        ("too_long", PasswordProblem::TooLong { most: 256 }),
        ("guessable", PasswordProblem::Guessable),
    ] {
        let password_error = Some(problem);
        let page = ChoosePassword { email, password_error, ..page.clone() };
        viewer.view(&format!("choose_password_{name}"), &page);
    }
    let waits = CheckMail { site, sets_password: true, ..waiting(words) };
    viewer.view("check_mail_password", &waits);
    let waits = CheckMail { has_link: false, ..waits };
    viewer.view("check_mail_password_code", &waits);
}
