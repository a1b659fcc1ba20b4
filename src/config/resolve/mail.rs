//! How mail leaves.

mod api;
mod dkim;
mod smtp;

use std::path::PathBuf;

pub(super) use self::dkim::warn_of_senders;
use super::addresses::{Addresses, socket_address};
use super::hooks;
use crate::config::defaults;
use crate::config::file::{
    InboxFile, MailFile, Map, RelayFile, SendmailFile, SiteMailFile, WaysFile,
};
use crate::config::located::Located;
use crate::config::problem::Fault;
use crate::config::scope::{Scope, is_unfit, path_text, span};
use crate::config::settings::{MailConfig, MailTransport, Mailbox, SendmailConfig, SiteMail};
use crate::domain::email::EmailAddress;

/// Relays at most. Each is one more that a mail waits for.
const MOST_RELAYS: usize = 5;
const HINT: &str = "say one of smtp: { host: … }, sendmail: { path: … }, postmark:, ses:, mailgun:, \
                    sendgrid:, resend:, brevo:, folder: { path: mails }, \
                    inbox: { listen: 127.0.0.1:8025 }, or several under relays:";

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
    let relays = relays(&scope, file, addresses);
    let kept = span(defaults::SHORTEST_HISTORY, defaults::LONGEST_HISTORY);
    let history = scope.or("history", file.history.as_ref(), defaults::HISTORY, kept);
    let hooks = hooks::hooks(&scope, file.hooks.as_ref(), addresses);
    let dkim = dkim::signers(&scope, file.dkim.as_ref());
    Some(MailConfig { from: from?, reply_to, relays: relays?, dkim, history, hooks })
}

fn relays(scope: &Scope<'_>, file: &MailFile, addresses: &Addresses) -> Option<Vec<MailTransport>> {
    let Some(list) = &file.relays else {
        return way(scope, &file.ways(), addresses).map(|way| vec![way]);
    };
    if file.ways().count() > 0 {
        scope.report(
            Fault::new("names more than one way for the mail")
                .hint("put all of them under relays, in the order in which they are to be tried"),
        );
    }
    let scope = scope.key("relays", list.at);
    if !(1..=MOST_RELAYS).contains(&list.value.len()) {
        scope.report(Fault::new(format!("must have between 1 and {MOST_RELAYS} entries")));
    }
    let entry = |(index, relay): (usize, &Located<RelayFile>)| {
        way(&scope.item(index, relay.at), &relay.value.ways(), addresses)
    };
    list.value.iter().enumerate().map(entry).collect()
}

/// The one way that stands here.
fn way(scope: &Scope<'_>, ways: &WaysFile<'_>, addresses: &Addresses) -> Option<MailTransport> {
    match ways.count() {
        0 => {
            scope.report(Fault::new("names no way for the mail").hint(HINT));
            return None;
        }
        1 => {}
        _ => {
            scope.report(Fault::new("names more than one way for the mail").hint(HINT));
            return None;
        }
    }
    if let Some(smtp) = ways.smtp {
        return smtp::smtp(&scope.key("smtp", smtp.at), &smtp.value).map(MailTransport::Smtp);
    }
    if let Some(file) = ways.sendmail {
        return sendmail(&scope.key("sendmail", file.at), &file.value);
    }
    if let Some(folder) = ways.folder {
        let scope = scope.key("folder", folder.at);
        let path = folder.value.path.as_ref();
        let path = scope.required("path", path, "name the folder for the mails", path_text)?;
        return Some(MailTransport::Folder(scope.file_path(&path)));
    }
    if let Some(inbox) = ways.inbox {
        return self::inbox(&scope.key("inbox", inbox.at), &inbox.value, addresses);
    }
    api::api(scope, ways).map(MailTransport::Api)
}

impl WaysFile<'_> {
    fn count(&self) -> usize {
        let all = [
            self.smtp.is_some(),
            self.sendmail.is_some(),
            self.postmark.is_some(),
            self.ses.is_some(),
            self.mailgun.is_some(),
            self.sendgrid.is_some(),
            self.resend.is_some(),
            self.brevo.is_some(),
            self.folder.is_some(),
            self.inbox.is_some(),
        ];
        all.into_iter().filter(|is_there| *is_there).count()
    }
}

fn sendmail(scope: &Scope<'_>, file: &SendmailFile) -> Option<MailTransport> {
    let path = scope.or("path", file.path.as_ref(), defaults::SENDMAIL.into(), |text| {
        if text.starts_with('/') && !text.contains('\0') {
            return Ok(PathBuf::from(text));
        }
        Err(Fault::new("must be the whole path of a program, from / on")
            .hint(format!("write it like `{}`", defaults::SENDMAIL)))
    });
    let arguments = match &file.args {
        None => vec!["-i".to_owned()],
        Some(list) => scope
            .items("args", Some(list), |text| {
                if text.is_empty() || text.contains(char::is_control) {
                    return Err(Fault::new("must be one argument, without signs of control"));
                }
                Ok(text.to_owned())
            })
            .into_iter()
            .map(|(_, argument)| argument)
            .collect(),
    };
    let timeout = smtp::timeout(scope, file.timeout.as_ref());
    Some(MailTransport::Sendmail(SendmailConfig { path, arguments, timeout }))
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
    if name.contains(['<', '>', '"', '\\']) || name.contains(is_unfit) || name.len() > 128 {
        return Err(Fault::new("has a name that mail programs cannot show")
            .hint("use a short name without < > \" \\ and signs that cannot be seen"));
    }
    let address = EmailAddress::parse(address).map_err(|error| {
        Fault::new("must be a name and an e-mail address")
            .hint(format!("write it like \"Example sign-in <login@example.com>\". {error}"))
    })?;
    Ok(Mailbox { name: name.to_owned(), address })
}
