//! `mail.smtp`

use std::time::Duration;

use crate::config::defaults;
use crate::config::file::SmtpFile;
use crate::config::located::Text;
use crate::config::problem::Fault;
use crate::config::resolve::{certificates, secrets};
use crate::config::scope::{Scope, flag, number, span, word};
use crate::config::settings::{Password, SmtpConfig, SmtpTls};
use crate::domain::origin::Host;

/// How long one hand-over may take, whichever way.
pub(super) fn timeout(scope: &Scope<'_>, text: Option<&Text>) -> Duration {
    let timeout = span(defaults::SHORTEST_TIMEOUT, defaults::LONGEST_SMTP_TIMEOUT);
    scope.or("timeout", text, defaults::SMTP_TIMEOUT, timeout)
}

pub(super) fn smtp(scope: &Scope<'_>, file: &SmtpFile) -> Option<SmtpConfig> {
    const TLS: &[(&str, SmtpTls)] = &[
        ("starttls", SmtpTls::StartTls),
        ("implicit", SmtpTls::Implicit),
        ("none", SmtpTls::Plaintext),
    ];
    let host = scope.required("host", file.host.as_ref(), "name the mail relay", host);
    let tls = scope.or("tls", file.tls.as_ref(), SmtpTls::StartTls, word(TLS));
    let port = scope.optional("port", file.port.as_ref(), number(1, 65535));
    let port = port.and_then(|port| u16::try_from(port).ok()).unwrap_or(tls.default_port());
    let timeout = timeout(scope, file.timeout.as_ref());
    let ca = certificates::authorities(scope, file.ca.as_ref());
    let login = login(scope, file);
    let plaintext = scope.or("allow_plaintext", file.allow_plaintext.as_ref(), false, flag);
    let host = host?;
    if tls == SmtpTls::Plaintext && !host.is_loopback() && !plaintext {
        let at = file.tls.as_ref().map_or(scope.place(), |text| text.at);
        scope.key("tls", at).report(
            Fault::new("would send sign-in links, and any password, readable by everyone between")
                .value("none")
                .hint(
                    "use `starttls` or `implicit`; in a network of your own only, \
                     say `allow_plaintext: true`",
                ),
        );
    }
    let host = host.as_str().trim_matches(['[', ']']).to_owned();
    Some(SmtpConfig { host, port, tls, login, ca, timeout })
}

fn login(scope: &Scope<'_>, file: &SmtpFile) -> Option<(String, Password)> {
    let username = scope.optional("username", file.username.as_ref(), |text| {
        if text.is_empty() || text.contains(char::is_control) {
            return Err(Fault::new("must be a user name"));
        }
        Ok(text.to_owned())
    });
    let password = file.password.as_ref();
    let secret =
        password.and_then(|source| secrets::text(&scope.key("password", source.at), &source.value));
    match (&file.username, password) {
        (Some(_), None) => scope.missing("password", "write { env: SMTP_PASSWORD }"),
        (None, Some(_)) => scope.missing("username", "name the user whose password it is"),
        (Some(_), Some(_)) | (None, None) => {}
    }
    Some((username?, secret?))
}

fn host(text: &str) -> Result<Host, Fault> {
    let bare_v6 = text.parse::<std::net::Ipv6Addr>().map(|address| format!("[{address}]"));
    Host::parse(bare_v6.as_deref().unwrap_or(text)).map_err(|error| {
        let fault = Fault::new(error.to_string());
        match text.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() && !host.contains("//") => fault
                .hint(format!("the port has a key of its own: {{ host: {host}, port: {port} }}")),
            _ => fault.hint("write it like `smtp.example.com`"),
        }
    })
}
