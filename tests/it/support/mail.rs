//! The mails that linkgate writes, read back.

use std::path::Path;

use mailparse::MailHeaderMap;

/// A mail that was handed over.
#[derive(Clone, Debug)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub raw: String,
}

impl Mail {
    /// Reads a file of a mailbox.
    pub fn read(path: &Path) -> Self {
        Self::parse(std::fs::read(path).expect("a mail"))
    }

    /// Takes a message apart.
    pub fn parse(raw: Vec<u8>) -> Self {
        let parsed = mailparse::parse_mail(&raw).expect("a mail");
        let header = |name: &str| parsed.headers.get_first_value(name).unwrap_or_default();
        let part = |index: usize| parsed.subparts.get(index).and_then(|it| it.get_body().ok());
        Self {
            to: header("To"),
            subject: header("Subject"),
            text: part(0).unwrap_or_default(),
            html: part(1).unwrap_or_default(),
            raw: String::from_utf8_lossy(&raw).into_owned(),
        }
    }

    /// The link, as it stands on its line.
    pub fn link(&self) -> String {
        let line = self.text.lines().find(|line| line.contains("/.linkgate/link/"));
        line.expect("a link").trim().to_owned()
    }

    /// The "I did not ask for this" link.
    pub fn report(&self) -> String {
        let line = self.text.lines().find(|line| line.contains("/.linkgate/report/"));
        let line = line.expect("a report link").trim();
        line[line.find("http").expect("a URL")..].to_owned()
    }

    /// The code.
    pub fn code(&self) -> String {
        let is_code = |line: &&str| {
            let line = line.trim().as_bytes();
            line.len() == 9
                && line[4] == b'-'
                && line.iter().all(|byte| b"BCDFGHJKLMNPQRSTVWXZ-".contains(byte))
        };
        self.text.lines().find(is_code).expect("a code").trim().to_owned()
    }
}
