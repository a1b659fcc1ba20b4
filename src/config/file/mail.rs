//! What the YAML may say about the way of mails.

use serde::Deserialize;

use super::{List, Map, said};
use crate::config::located::{Located, Text};
use crate::config::secret_source::SecretSource;

map! {
    /// `mail`
    MailFile {
        from: Text,
        reply_to: Text,
        relays: List<RelayFile>,
        smtp: Map<SmtpFile>,
        sendmail: Map<SendmailFile>,
        postmark: Map<PostmarkFile>,
        ses: Map<SesFile>,
        mailgun: Map<MailgunFile>,
        sendgrid: Map<SendGridFile>,
        resend: Map<ResendFile>,
        brevo: Map<BrevoFile>,
        folder: Map<FolderFile>,
        inbox: Map<InboxFile>,
        dkim: List<DkimFile>,
        history: Text,
        hooks: Map<HooksFile>,
    }
}

map! {
    /// `mail.hooks`
    HooksFile {
        listen: Text,
        postmark: Map<HookLoginFile>,
        ses: Map<SesHookFile>,
        mailgun: Map<MailgunHookFile>,
        sendgrid: Map<SendgridHookFile>,
        resend: Map<ResendHookFile>,
        brevo: Map<BrevoHookFile>,
    }
}

map! {
    /// `mail.hooks.postmark`
    HookLoginFile {
        username: Text,
        password: Located<SecretSource>,
    }
}

map! {
    /// `mail.hooks.ses`
    SesHookFile {
        topic: Text,
        certificate: Text,
    }
}

map! {
    /// `mail.hooks.mailgun`
    MailgunHookFile {
        signing_key: Located<SecretSource>,
    }
}

map! {
    /// `mail.hooks.sendgrid`
    SendgridHookFile {
        public_key: Text,
    }
}

map! {
    /// `mail.hooks.resend`
    ResendHookFile {
        secret: Located<SecretSource>,
    }
}

map! {
    /// `mail.hooks.brevo`
    BrevoHookFile {
        token: Located<SecretSource>,
    }
}

map! {
    /// `mail.relays[]`
    RelayFile {
        smtp: Map<SmtpFile>,
        sendmail: Map<SendmailFile>,
        postmark: Map<PostmarkFile>,
        ses: Map<SesFile>,
        mailgun: Map<MailgunFile>,
        sendgrid: Map<SendGridFile>,
        resend: Map<ResendFile>,
        brevo: Map<BrevoFile>,
        folder: Map<FolderFile>,
    }
}

map! {
    /// `mail.smtp`
    SmtpFile {
        host: Text,
        port: Text,
        tls: Text,
        username: Text,
        password: Located<SecretSource>,
        allow_plaintext: Text,
        ca: Text,
        timeout: Text,
    }
}

map! {
    /// `mail.sendmail`
    SendmailFile {
        path: Text,
        args: List<String>,
        timeout: Text,
    }
}

map! {
    /// `mail.postmark`
    PostmarkFile {
        token: Located<SecretSource>,
        stream: Text,
        endpoint: Text,
        ca: Text,
        timeout: Text,
    }
}

map! {
    /// `mail.ses`
    SesFile {
        region: Text,
        access_key: Text,
        secret: Located<SecretSource>,
        configuration_set: Text,
        tracking_is_off: Text,
        endpoint: Text,
        ca: Text,
        timeout: Text,
    }
}

map! {
    /// `mail.mailgun`
    MailgunFile {
        domain: Text,
        token: Located<SecretSource>,
        region: Text,
        endpoint: Text,
        ca: Text,
        timeout: Text,
    }
}

map! {
    /// `mail.sendgrid`
    SendGridFile {
        token: Located<SecretSource>,
        region: Text,
        endpoint: Text,
        ca: Text,
        timeout: Text,
    }
}

map! {
    /// `mail.resend`
    ResendFile {
        token: Located<SecretSource>,
        tracking_is_off: Text,
        endpoint: Text,
        ca: Text,
        timeout: Text,
    }
}

map! {
    /// `mail.brevo`
    BrevoFile {
        token: Located<SecretSource>,
        tracking_is_off: Text,
        endpoint: Text,
        ca: Text,
        timeout: Text,
    }
}

map! {
    /// `mail.folder`
    FolderFile {
        path: Text,
    }
}

map! {
    /// `mail.inbox`
    InboxFile {
        listen: Text,
    }
}

map! {
    /// `mail.dkim[]`
    DkimFile {
        domain: Text,
        selector: Text,
        key: Located<SecretSource>,
    }
}

/// The ways that mail may leave by, wherever they stand.
pub(in crate::config) struct WaysFile<'a> {
    pub(in crate::config) smtp: Option<&'a Map<SmtpFile>>,
    pub(in crate::config) sendmail: Option<&'a Map<SendmailFile>>,
    pub(in crate::config) postmark: Option<&'a Map<PostmarkFile>>,
    pub(in crate::config) ses: Option<&'a Map<SesFile>>,
    pub(in crate::config) mailgun: Option<&'a Map<MailgunFile>>,
    pub(in crate::config) sendgrid: Option<&'a Map<SendGridFile>>,
    pub(in crate::config) resend: Option<&'a Map<ResendFile>>,
    pub(in crate::config) brevo: Option<&'a Map<BrevoFile>>,
    pub(in crate::config) folder: Option<&'a Map<FolderFile>>,
    pub(in crate::config) inbox: Option<&'a Map<InboxFile>>,
}

impl MailFile {
    pub(in crate::config) fn ways(&self) -> WaysFile<'_> {
        WaysFile {
            smtp: self.smtp.as_ref(),
            sendmail: self.sendmail.as_ref(),
            postmark: self.postmark.as_ref(),
            ses: self.ses.as_ref(),
            mailgun: self.mailgun.as_ref(),
            sendgrid: self.sendgrid.as_ref(),
            resend: self.resend.as_ref(),
            brevo: self.brevo.as_ref(),
            folder: self.folder.as_ref(),
            inbox: self.inbox.as_ref(),
        }
    }
}

impl RelayFile {
    pub(in crate::config) fn ways(&self) -> WaysFile<'_> {
        WaysFile {
            smtp: self.smtp.as_ref(),
            sendmail: self.sendmail.as_ref(),
            postmark: self.postmark.as_ref(),
            ses: self.ses.as_ref(),
            mailgun: self.mailgun.as_ref(),
            sendgrid: self.sendgrid.as_ref(),
            resend: self.resend.as_ref(),
            brevo: self.brevo.as_ref(),
            folder: self.folder.as_ref(),
            inbox: None,
        }
    }
}
