//! What the templates of mails see.

use serde::Serialize;

use super::code_shape::has_code_shape;
use super::{NewDeviceMail, SignInMail};
use crate::domain::letter;
use crate::domain::time::UnixMillis;
use crate::portal::pages::words::shorten;

/// Longest fact that is shown, in characters: more is an attack on the reader, not a fact.
const LONGEST_FACT: usize = 80;

#[derive(Serialize)]
pub(super) struct SignInView<'a> {
    site_host: &'a str,
    link: &'a str,
    code: &'a str,
    chooses_password: bool,
    report_link: &'a str,
    sent_at: UnixMillis,
    valid_until: UnixMillis,
    site_name: Option<String>,
    page: Option<String>,
    browser: Option<String>,
    client: Option<String>,
}

#[derive(Serialize)]
pub(super) struct NewDeviceView<'a> {
    site_host: &'a str,
    report_link: &'a str,
    signed_in_at: UnixMillis,
    site_name: Option<String>,
    browser: Option<String>,
    client: Option<String>,
}

impl<'a> SignInMail<'a> {
    pub(super) fn view(&self) -> SignInView<'a> {
        SignInView {
            site_host: self.site_host,
            link: self.link,
            code: self.code,
            chooses_password: self.chooses_password,
            report_link: self.report_link,
            sent_at: self.sent_at,
            valid_until: self.valid_until,
            site_name: fact(self.site_name).filter(|name| name != self.site_host),
            page: fact(self.return_short),
            browser: fact(self.browser),
            client: fact(self.client),
        }
    }
}

impl<'a> NewDeviceMail<'a> {
    pub(super) fn view(&self) -> NewDeviceView<'a> {
        NewDeviceView {
            site_host: self.site_host,
            report_link: self.report_link,
            signed_in_at: self.signed_in_at,
            site_name: fact(self.site_name).filter(|name| name != self.site_host),
            browser: fact(self.browser),
            client: fact(self.client),
        }
    }
}

/// A fact on one line, or nothing: facts come from the request, and a line break in one would let
/// a stranger write lines of their own into the mail. A fact that looks like a code is left out,
/// or a mail app might offer it in place of the code (`/reports/20261122`).
fn fact(text: &str) -> Option<String> {
    let line: String = letter::on_one_line(text).collect();
    let line = shorten(line.trim(), LONGEST_FACT);
    (!line.is_empty() && !has_code_shape(&line)).then_some(line)
}
