//! How mail leaves.

use super::addresses::{Addresses, socket_address};
use super::{certificates, hooks, secrets};
use crate::config::defaults;
use crate::config::file::{InboxFile, MailFile, Map, SiteMailFile, SmtpFile};
use crate::config::located::Located;
use crate::config::problem::Fault;
use crate::config::scope::{Scope, flag, number, path_text, span, word};
use crate::config::settings::{
    MailConfig, MailTransport, Mailbox, Password, SiteMail, SmtpConfig, SmtpTls,
};
use crate::domain::email::EmailAddress;
use crate::domain::origin::Host;

/// `mail`
pub(super) fn mail(
    root: &Scope<'_>,
    file: Option<&Map<MailFile>>,
    addresses: &Addresses,
) -> Option<MailConfig> {
    let Some(Located { value: file, at }) = file else {
        root.missing("mail", "say from: and one of smtp:, folder:, inbox:");
        return None;
    };
    let scope = root.key("mail", *at);
    let hint = "name the sender: \"Example sign-in <login@example.com>\"";
    let from = scope.required("from", file.from.as_ref(), hint, mailbox);
    let reply_to = scope.optional("reply_to", file.reply_to.as_ref(), mailbox);
    let transport = transport(&scope, file, addresses);
    let kept = span(defaults::SHORTEST_HISTORY, defaults::LONGEST_HISTORY);
    let history = scope.or("history", file.history.as_ref(), defaults::HISTORY, kept);
    let hooks = hooks::hooks(&scope, file.hooks.as_ref(), addresses);
    Some(MailConfig { from: from?, reply_to, transport: transport?, history, hooks })
}

fn transport(scope: &Scope<'_>, file: &MailFile, addresses: &Addresses) -> Option<MailTransport> {
    const HINT: &str = "say one of smtp: { host: … }, folder: { path: mails }, \
                        inbox: { listen: 127.0.0.1:8025 }";
    match (&file.smtp, &file.folder, &file.inbox) {
        (Some(smtp), None, None) => {
            self::smtp(&scope.key("smtp", smtp.at), &smtp.value).map(MailTransport::Smtp)
        }
        (None, Some(folder), None) => {
            let scope = scope.key("folder", folder.at);
            let path = folder.value.path.as_ref();
            let path = scope.required("path", path, "name the folder for the mails", path_text)?;
            Some(MailTransport::Folder(scope.file_path(&path)))
        }
        (None, None, Some(inbox)) => {
            self::inbox(&scope.key("inbox", inbox.at), &inbox.value, addresses)
        }
        (None, None, None) => {
            scope.report(Fault::new("names no way for the mail").hint(HINT));
            None
        }
        _ => {
            scope.report(Fault::new("names more than one way for the mail").hint(HINT));
            None
        }
    }
}

fn inbox(scope: &Scope<'_>, file: &InboxFile, addresses: &Addresses) -> Option<MailTransport> {
    let hint = "write it like `127.0.0.1:8025`";
    let address = scope.required("listen", file.listen.as_ref(), hint, |text| {
        let address = socket_address(text)?;
        if address.ip().is_loopback() {
            return Ok(address);
        }
        Err(Fault::new(
            "must be an address of this machine only: whoever reads the mails can \
                        sign in as anybody",
        )
        .hint(format!("write `127.0.0.1:{}`", address.port())))
    })?;
    let at = file.listen.as_ref().map_or(scope.place(), |text| text.at);
    addresses.take(&scope.key("listen", at), address);
    Some(MailTransport::Inbox(address))
}

fn smtp(scope: &Scope<'_>, file: &SmtpFile) -> Option<SmtpConfig> {
    const TLS: &[(&str, SmtpTls)] = &[
        ("starttls", SmtpTls::StartTls),
        ("implicit", SmtpTls::Implicit),
        ("none", SmtpTls::Plaintext),
    ];
    let host = scope.required("host", file.host.as_ref(), "name the mail relay", host);
    let tls = scope.or("tls", file.tls.as_ref(), SmtpTls::StartTls, word(TLS));
    let port = scope.optional("port", file.port.as_ref(), number(1, 65535));
    let port = port.and_then(|port| u16::try_from(port).ok()).unwrap_or(tls.default_port());
    let timeout = span(defaults::SHORTEST_TIMEOUT, defaults::LONGEST_SMTP_TIMEOUT);
    let timeout = scope.or("timeout", file.timeout.as_ref(), defaults::SMTP_TIMEOUT, timeout);
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

/// `sites[].mail`
pub(super) fn site_mail(parent: &Scope<'_>, file: Option<&Map<SiteMailFile>>) -> SiteMail {
    let Some(Located { value: file, at }) = file else { return SiteMail::default() };
    let scope = parent.key("mail", *at);
    let from = scope.optional("from", file.from.as_ref(), mailbox);
    let reply_to = scope.optional("reply_to", file.reply_to.as_ref(), mailbox);
    SiteMail { from, reply_to }
}

/// `Name <name@example.com>` or `name@example.com`.
fn mailbox(text: &str) -> Result<Mailbox, Fault> {
    let (name, address) = match text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<'))
    {
        Some((name, address)) => (name.trim().trim_matches('"').trim(), address),
        None => ("", text.trim()),
    };
    if name.contains(['<', '>', '"', '\\']) || name.contains(char::is_control) || name.len() > 128 {
        return Err(Fault::new("has a name that mail programs cannot show")
            .hint("use a short name without < > \" \\"));
    }
    let address = EmailAddress::parse(address).map_err(|error| {
        Fault::new("must be a name and an e-mail address")
            .hint(format!("write it like \"Example sign-in <login@example.com>\". {error}"))
    })?;
    Ok(Mailbox { name: name.to_owned(), address })
}
