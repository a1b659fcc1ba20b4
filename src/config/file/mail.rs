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

/// Declares the ways that mail may leave by, each a key of `mail` and of an entry of `mail.relays`.
macro_rules! ways {
    ($($way:ident: $file:ident,)*) => {
        /// The ways that mail may leave by, wherever they stand.
        pub(in crate::config) struct WaysFile<'a> {
            $(pub(in crate::config) $way: Option<&'a Map<$file>>,)*
            pub(in crate::config) inbox: Option<&'a Map<InboxFile>>,
        }

        impl MailFile {
            pub(in crate::config) fn ways(&self) -> WaysFile<'_> {
                WaysFile { $($way: self.$way.as_ref(),)* inbox: self.inbox.as_ref() }
            }
        }

        impl RelayFile {
            /// An inbox stands alone: what it shows is on its way to nobody.
            pub(in crate::config) fn ways(&self) -> WaysFile<'_> {
                WaysFile { $($way: self.$way.as_ref(),)* inbox: None }
            }
        }
    };
}

ways! {
    smtp: SmtpFile,
    sendmail: SendmailFile,
    postmark: PostmarkFile,
    ses: SesFile,
    mailgun: MailgunFile,
    sendgrid: SendGridFile,
    resend: ResendFile,
    brevo: BrevoFile,
    folder: FolderFile,
}
