//! One of every mail: to try the templates of operators, and for our own tests.

use super::{NewDeviceMail, SignInMail};
use crate::domain::time::UnixMillis;

const AT: UnixMillis = UnixMillis(1_795_356_180_000);

/// With link and code.
pub(crate) const SIGN_IN: SignInMail<'static> = SignInMail {
    site_host: "staging.example.com",
    site_name: "Staging",
    link: "https://staging.example.com/.linkgate/link/Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6",
    code: "WDJB-MJHT",
    chooses_password: false,
    valid_until: UnixMillis(1_795_357_080_000),
    sent_at: AT,
    browser: "Firefox on Windows",
    client: "203.0.113.0/24",
    report_link: "https://staging.example.com/.linkgate/report/cmVwb3J0cmVwb3J0cmVwb3J0",
    return_short: "staging.example.com/reports/42?tab=x",
};

/// Of a site where no link can be built.
pub(crate) const CODE_ALONE: SignInMail<'static> =
    SignInMail { link: "", report_link: "", ..SIGN_IN };

/// With a password that it sets.
pub(crate) const NEW_PASSWORD: SignInMail<'static> =
    SignInMail { chooses_password: true, ..SIGN_IN };

/// After a sign-in with a new browser.
pub(crate) const NEW_DEVICE: NewDeviceMail<'static> = NewDeviceMail {
    site_host: SIGN_IN.site_host,
    site_name: SIGN_IN.site_name,
    signed_in_at: AT,
    browser: SIGN_IN.browser,
    client: SIGN_IN.client,
    report_link: SIGN_IN.report_link,
};
