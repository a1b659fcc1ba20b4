//! E-mail addresses: what is one, and which two are the same.
//!
//! One strict grammar for every door (form, API, configuration, command line). It is much narrower
//! than RFC 5322, because each thing left out has been somebody's hole: a list of addresses
//! (CVE-2022-35924), a quoted local part that carries a second address or a line end
//! (CVE-2025-13033, CVE-2026-45067), two `@` (CVE-2026-40574), source routes with `%` and `!`, a
//! domain that the mail library maps onto another one after the check (CVE-2026-92598,
//! CVE-2026-73420), Unicode case folding (CVE-2019-19844).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};

use super::letter;
use super::origin::is_dns_name;

pub mod typo;

const LONGEST_LOCAL: usize = 64;
const LONGEST_ADDRESS: usize = 254;
/// What is looked at of a pasted text: an address, a display name and some air.
const LONGEST_TYPED: usize = 1024;

/// One e-mail address.
///
/// Two addresses are equal when their [identities](Self::identity) are; the
/// [spelling](Self::spelling) is only what mail is sent to. Dots and `+tag` belong to the identity:
/// only the mail server of a domain knows whether they matter.
///
/// ```
/// # use linkgate::domain::email::EmailAddress;
/// let address = EmailAddress::parse("Alice.Smith@Example.COM").unwrap();
/// assert_eq!(address.identity(), "alice.smith@example.com");
/// assert_eq!(address.spelling(), "Alice.Smith@example.com");
/// assert_eq!(address, EmailAddress::parse("alice.smith@example.com").unwrap());
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress {
    /// The identity; and behind it the spelling, which is as long, if it is another text. One piece: a
    /// million people who are signed in have millions of addresses in memory. An address has one `@`: how
    /// many there are tells how many addresses.
    text: Box<str>,
}

/// Why a text is not an [`EmailAddress`], in words for the person who typed it. Never repeats what
/// was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Nothing was typed.
    #[error("Type your e-mail address, like name@example.com.")]
    Empty,
    /// No `@`, or nothing on one side of it.
    #[error("An address looks like name@example.com.")]
    Shape,
    /// More than one address, or more than one `@`.
    #[error("Type one address only, like name@example.com.")]
    Several,
    /// More than 64 characters before the `@`, or more than 254 in all.
    #[error("This address is too long: at most 64 characters before the @ and 254 in all.")]
    TooLong,
    /// A blank or a control character inside the address.
    #[error("Remove the blanks inside the address.")]
    Blank,
    /// A character before the `@` that no address of ours may have.
    #[error(
        "Before the @, use letters, digits, dots and signs like - _ + only, without quotes, \
         brackets, % or !."
    )]
    LocalCharacter,
    /// A letter outside ASCII before the `@`.
    #[error("Before the @, use letters without accents (a to z) only.")]
    LocalNotAscii,
    /// A dot at the wrong place before the `@`.
    #[error("Before the @, a dot must stand between two other characters.")]
    Dot,
    /// A number instead of a domain.
    #[error("After the @, type a domain like example.com, not a number.")]
    IpAddress,
    /// Not a domain name with a dot in it.
    #[error("After the @, type a domain like example.com.")]
    Domain,
    /// A domain whose characters stand for others (full-width letters, invisible characters).
    #[error("Type the part after the @ by hand: it has characters that only look like letters.")]
    DisguisedDomain,
}

impl EmailAddress {
    /// Reads exactly one address and nothing else: a dot-atom local part (RFC 5322 3.2.3) without
    /// `%` and `!`, one `@`, and a domain name with a dot. An international domain is stored in its
    /// ASCII form (RFC 5890).
    ///
    /// # Errors
    /// [`EmailError`], in words for the form.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        if text.is_empty() {
            return Err(EmailError::Empty);
        }
        if text.len() > LONGEST_TYPED {
            return Err(EmailError::TooLong);
        }
        // Nothing else that is unseen gets by: the part before the @ is ASCII, the domain what it looks like.
        if text.chars().any(|sign| sign.is_whitespace() || letter::breaks_line(sign)) {
            return Err(EmailError::Blank);
        }
        let (local, domain) = text.split_once('@').ok_or(EmailError::Shape)?;
        if domain.contains('@') || text.contains([',', ';']) {
            return Err(EmailError::Several);
        }
        check_local(local)?;
        let spelling = format!("{local}@{}", domain_in_ascii(domain)?);
        if spelling.len() > LONGEST_ADDRESS {
            return Err(EmailError::TooLong);
        }
        let mut text = spelling.to_ascii_lowercase();
        if text != spelling {
            text.push_str(&spelling);
        }
        Ok(Self { text: text.into() })
    }

    /// Reads what people type and paste: blanks around it, visible or not, `mailto:name@example.com`
    /// and `Name <name@example.com>` are reduced to the address.
    ///
    /// Nothing else is: brackets without a name are more often an attempt than a paste, and a
    /// `mailto:` with header fields or a list is never one person's address.
    ///
    /// # Errors
    /// [`EmailError`], in words for the form.
    pub fn parse_typed(text: &str) -> Result<Self, EmailError> {
        if text.len() > LONGEST_TYPED {
            return Err(EmailError::TooLong);
        }
        let text = text.trim_matches(is_air);
        if let Some(address) = strip_mailto(text) {
            // Unencoded, these are not of the address (RFC 6068, 2): header fields, and the slashes of
            // `mailto://name@example.com`, which would be another person's, `//name@example.com`.
            return if address.contains(['?', '/', '#', '&', '=']) {
                Err(EmailError::LocalCharacter)
            } else {
                Self::parse(address)
            };
        }
        match text.strip_suffix('>').and_then(|text| text.split_once('<')) {
            Some((name, address)) if is_display_name(name) => Self::parse(address),
            _ => Self::parse(text),
        }
    }

    /// Who this is: the whole address in lower-case ASCII. Compare and store this.
    #[must_use]
    pub fn identity(&self) -> &str {
        &self.text[..self.length()]
    }

    /// Its memory, to be asked for ahead of time: neither address is looked for.
    pub(crate) fn memory(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Where mail goes: the local part as it was typed, the domain in lower case.
    #[must_use]
    pub fn spelling(&self) -> &str {
        &self.text[self.text.len() - self.length()..]
    }

    /// The part of the identity before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.parts().0
    }

    /// The part of the identity after the `@`, in ASCII form (`xn--…` if international).
    #[must_use]
    pub fn domain(&self) -> &str {
        self.parts().1
    }

    /// Bytes of the identity, and of the spelling as well.
    fn length(&self) -> usize {
        let has_spelling = self.text.bytes().filter(|byte| *byte == b'@').count() > 1;
        if has_spelling { self.text.len() / 2 } else { self.text.len() }
    }

    fn parts(&self) -> (&str, &str) {
        // Both are there since it was parsed.
        self.identity().split_once('@').unwrap_or_default()
    }

    /// One key for the spellings that commonly reach one mailbox: without `+tag`, for Gmail also
    /// without dots. Only for counting (otherwise `a+1@`, `a+2@` … flood one person past the
    /// limit); never an identity.
    #[must_use]
    pub fn limit_key(&self) -> String {
        let untagged = match self.local().split_once('+') {
            Some((name, _)) if !name.is_empty() => name,
            _ => self.local(),
        };
        match self.domain() {
            "gmail.com" | "googlemail.com" => format!("{}@gmail.com", untagged.replace('.', "")),
            domain => format!("{untagged}@{domain}"),
        }
    }

    /// For pages that a stranger may see: `a***@example.com`.
    #[must_use]
    pub fn masked(&self) -> String {
        format!("{}***@{}", &self.identity()[..1], self.domain())
    }
}

fn check_local(local: &str) -> Result<(), EmailError> {
    if local.is_empty() {
        return Err(EmailError::Shape);
    }
    if !local.is_ascii() {
        return Err(EmailError::LocalNotAscii);
    }
    if local.len() > LONGEST_LOCAL {
        return Err(EmailError::TooLong);
    }
    if !local
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".#$&'*+-/=?^_`{|}~".contains(&byte))
    {
        return Err(EmailError::LocalCharacter);
    }
    if local.split('.').any(str::is_empty) {
        return Err(EmailError::Dot);
    }
    Ok(())
}

/// The domain in lower-case ASCII.
///
/// A domain outside ASCII must already be what it means: UTS 46 drops soft hyphens and turns
/// full-width letters and the Kelvin sign into ASCII ones, so that `exam\u{ad}ple.com` would be
/// checked as one domain and delivered as another (CVE-2026-92598).
fn domain_in_ascii(domain: &str) -> Result<String, EmailError> {
    if domain.is_empty() {
        return Err(EmailError::Shape);
    }
    if domain.starts_with('[') || domain.parse::<std::net::IpAddr>().is_ok() {
        return Err(EmailError::IpAddress);
    }
    let ascii = if domain.is_ascii() {
        domain.to_ascii_lowercase()
    } else {
        let ascii = Uts46::new()
            .to_ascii(
                domain.as_bytes(),
                AsciiDenyList::STD3,
                Hyphens::CheckFirstLast,
                DnsLength::Verify,
            )
            .map_err(|_| EmailError::Domain)?
            .into_owned();
        if idna::domain_to_unicode(&ascii).0 != plainly_lowered(domain) {
            return Err(EmailError::DisguisedDomain);
        }
        ascii
    };
    if ascii.contains('.') && is_dns_name(&ascii) { Ok(ascii) } else { Err(EmailError::Domain) }
}

/// Lower case without the letters outside ASCII whose lower case is an ASCII one (U+212A, U+0130).
fn plainly_lowered(domain: &str) -> String {
    let mut lowered = String::with_capacity(domain.len());
    for letter in domain.chars() {
        if letter.is_ascii() {
            lowered.push(letter.to_ascii_lowercase());
        } else if letter.to_lowercase().any(|lower| lower.is_ascii()) {
            lowered.push(letter);
        } else {
            lowered.extend(letter.to_lowercase());
        }
    }
    lowered
}

/// What word processors, contact lists and web pages leave around a text that is copied from them:
/// no-break spaces, blanks without width, marks of the direction. The person cannot see it and could
/// not take it away. Inside an address it stays an error.
///
/// Fewer than nobody sees: after an embedding or override from right to left the address was shown as
/// another one, and nothing that is pasted begins with joiners, tags or fillers.
fn is_air(sign: char) -> bool {
    let reverses = matches!(sign, '\u{202b}' | '\u{202e}');
    let has_no_width = matches!(sign, '\u{200b}' | '\u{2060}' | '\u{feff}');
    sign.is_whitespace() || has_no_width || (letter::turns(sign) && !reverses)
}

fn strip_mailto(text: &str) -> Option<&str> {
    let (scheme, address) = text.split_at_checked("mailto:".len())?;
    scheme.eq_ignore_ascii_case("mailto:").then_some(address)
}

/// A name that may stand before `<address>`. It is thrown away; it only must not be an address, a
/// list or a trick itself (`"evil@evil.example" <name@example.com>`). In quotes, as mail programs
/// write `"Smith, Ann" <ann@example.com>`, a comma makes no list.
fn is_display_name(name: &str) -> bool {
    let name = name.trim_matches(' ');
    let (plain, is_list) = match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(quoted) => (quoted, false),
        None => (name, name.contains([',', ';', ':'])),
    };
    !plain.trim_matches(' ').is_empty()
        && !is_list
        && !plain.contains(['@', '<', '>', '"', '\\'])
        && !plain.contains(letter::breaks_line)
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for EmailAddress {}

impl Hash for EmailAddress {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl PartialOrd for EmailAddress {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EmailAddress {
    fn cmp(&self, other: &Self) -> Ordering {
        self.identity().cmp(other.identity())
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.identity())
    }
}

impl FromStr for EmailAddress {
    type Err = EmailError;

    fn from_str(text: &str) -> Result<Self, EmailError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = EmailError;

    fn try_from(text: String) -> Result<Self, EmailError> {
        Self::parse(&text)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("EmailAddress").field(&self.spelling()).finish()
    }
}

/// The spelling: the identity follows from it.
impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.spelling().to_owned()
    }
}

#[cfg(test)]
mod tests;
