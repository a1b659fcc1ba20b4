//! What an answer of a mail server is about.

/// An enhanced status code (RFC 3463): class, subject, detail, as in `5.1.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnhancedStatus {
    /// 2 for success, 4 for what passes, 5 for what does not.
    pub class: u16,
    /// What it is about: 1 addresses, 2 mailboxes, 6 the content; 0 for something else.
    pub subject: u16,
    /// What exactly.
    pub detail: u16,
}

impl EnhancedStatus {
    /// Reads one that is all of a text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut number = |longest: usize| {
            let part = parts.next()?;
            let is_number =
                (1..=longest).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_digit());
            if is_number { part.parse().ok() } else { None }
        };
        let code = Self { class: number(1)?, subject: number(3)?, detail: number(3)? };
        (parts.next().is_none() && matches!(code.class, 2 | 4 | 5)).then_some(code)
    }

    /// The one that the text of an answer begins with (RFC 2034).
    ///
    /// ```
    /// # use linkgate::domain::delivery::EnhancedStatus;
    /// let status = EnhancedStatus::leading("5.1.1 no such user").unwrap();
    /// assert_eq!((status.class, status.subject, status.detail), (5, 1, 1));
    /// assert_eq!(EnhancedStatus::leading("no such user, 5.1.1"), None);
    /// ```
    #[must_use]
    pub fn leading(text: &str) -> Option<Self> {
        Self::parse(text.split_whitespace().next()?)
    }

    /// Whether it says more than the class.
    #[must_use]
    pub fn is_exact(self) -> bool {
        self.subject != 0
    }

    /// Whether it says that an address of a recipient is none. Two codes are about the sender's.
    #[must_use]
    pub fn is_no_address(self) -> bool {
        self.class == 5 && self.subject == 1 && !matches!(self.detail, 7 | 8)
    }
}

/// Whether what a mail server said, as a provider repeats it, says that there is no such mailbox; nothing
/// where it does not say. `smtp; 550 5.1.1 unknown` says it, and so does a plain 550: what RFC 5321, 4.2.3,
/// has for mailboxes that are not available.
///
/// ```
/// # use linkgate::domain::delivery::says_no_mailbox;
/// assert_eq!(says_no_mailbox("smtp; 550-5.1.1 no such user"), Some(true));
/// assert_eq!(says_no_mailbox("550 no such user"), Some(true));
/// assert_eq!(says_no_mailbox("550 5.7.1 your address is on a list"), Some(false));
/// assert_eq!(says_no_mailbox("it came back"), None);
/// ```
#[must_use]
pub fn says_no_mailbox(said: &str) -> Option<bool> {
    let apart =
        |sign: char| sign.is_whitespace() || matches!(sign, '-' | ';' | ':' | ',' | '(' | ')');
    let words = || said.split(apart).filter(|word| !word.is_empty()).take(MOST_WORDS);
    if let Some(status) = words().filter_map(EnhancedStatus::parse).find(|it| it.is_exact()) {
        return Some(status.is_no_address());
    }
    let is_code = |word: &&str| {
        word.len() == 3
            && matches!(word.as_bytes()[0], b'4' | b'5')
            && word.bytes().all(|it| it.is_ascii_digit())
    };
    // The code stands at the beginning, behind a name of the protocol perhaps.
    words().take(2).find(is_code).map(|code| matches!(code, "550" | "551" | "553"))
}

/// Words that are looked at: what follows is not what the code means.
const MOST_WORDS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_three_numbers() {
        let code = |class, subject, detail| Some(EnhancedStatus { class, subject, detail });
        for (text, expected) in [
            ("5.1.1 no", code(5, 1, 1)),
            ("5.7.999", code(5, 7, 999)),
            ("  4.2.2  full", code(4, 2, 2)),
            ("no 5.1.1", None),
            ("5.1", None),
            ("5.1.1.1", None),
            ("5.1.1: no", None),
            ("55.1.1", None),
            ("3.1.1", None),
            ("5.1.1000", None),
            ("5..1", None),
            ("+5.1.1", None),
            ("", None),
        ] {
            assert_eq!(EnhancedStatus::leading(text), expected, "{text}");
        }
    }

    #[test]
    fn what_servers_say_of_mailboxes() {
        for (said, expected) in [
            ("smtp;550 5.1.1 <[…]>: no such user", Some(true)),
            ("550 5.1.10 null MX", Some(true)),
            ("5.1.1", Some(true)),
            ("551 not here", Some(true)),
            ("553 no", Some(true)),
            ("550 5.0.0 no", Some(true)),
            ("550 5.1.8 sender", Some(false)),
            ("550 5.1.7 sender", Some(false)),
            ("smtp; 550 5.7.1 blocked", Some(false)),
            ("550 5.2.1 disabled", Some(false)),
            ("552 5.2.2 full", Some(false)),
            ("4.1.1 later", Some(false)),
            ("554 spam", Some(false)),
            ("500 unknown recipient", Some(false)),
            ("421 later", Some(false)),
            ("605", None),
            ("Not delivering to previously bounced address", None),
            ("blocked by 127.0.0.1", None),
            ("", None),
        ] {
            assert_eq!(says_no_mailbox(said), expected, "{said}");
        }
    }
}
