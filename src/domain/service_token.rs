//! Service tokens: how a script gets in that has no mailbox.
//!
//! A token carries its own grant, one site with paths and methods, and is admitted there alone: lists
//! of people are not asked about it. A rule that refuses everybody refuses it, too, and so does one
//! that wants a recent sign-in, which a script cannot have.
//!
//! It begins with [`PREFIX`], so that scanners for secrets find it in code and logs.

use std::fmt;
use std::str::FromStr;

use memchr::memmem;
use serde::{Deserialize, Serialize};

use super::email::EmailAddress;
use super::path::{Case, PathPattern};
use super::policy::MethodSet;
use super::time::{Span, UnixMillis};
use super::token::{Service, TOKEN_CHARACTERS, Token, TokenKey};

/// What every service token begins with.
pub const PREFIX: &str = "lgs_";
/// A token works for so long at most.
pub const LONGEST_LIFETIME: Span = Span::seconds(2 * 366 * 86_400);
/// Most path patterns of one token.
pub const MOST_PATHS: usize = 32;
/// How often [`PREFIX`] may stand in the `Authorization` of one request. Each time costs an HMAC
/// before anybody is known, and a head holds it eight thousand times.
const MOST_CLAIMS: usize = 8;

/// The name of a service token: 1 to 40 lower-case letters, digits, `-`, `_` or `.`. It has no `@`, so
/// that no application takes it for an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenName(String);

/// The text is not a [`TokenName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 40 lower-case letters, digits, `-`, `_` or `.`")]
pub struct TokenNameError;

impl TokenName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenName {
    type Err = TokenNameError;

    fn from_str(text: &str) -> Result<Self, TokenNameError> {
        let is_allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        if (1..=40).contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(TokenNameError)
        }
    }
}

impl TryFrom<String> for TokenName {
    type Error = TokenNameError;

    fn try_from(text: String) -> Result<Self, TokenNameError> {
        text.parse()
    }
}

impl From<TokenName> for String {
    fn from(name: TokenName) -> Self {
        name.0
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What is stored of a service token, under the digest of its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceToken {
    /// Its name, which the application sees.
    pub name: TokenName,
    /// The name of the one site where it works.
    pub site: String,
    /// The paths it may ask for; at least one.
    #[serde(with = "paths")]
    pub paths: Vec<PathPattern>,
    /// The methods it may use.
    #[serde(with = "methods")]
    pub methods: MethodSet,
    /// The address that the application is told, if it wants one.
    #[serde(default)]
    pub email: Option<EmailAddress>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// From when on it is worth nothing.
    pub expires_at: UnixMillis,
    /// The last request, to within a minute.
    #[serde(default)]
    pub last_used: Option<UnixMillis>,
}

impl ServiceToken {
    /// Whether it may ask for a path with a method. Case counts: a grant is what was written.
    #[must_use]
    pub fn grants(&self, path: &[u8], method: &str) -> bool {
        self.methods.matches(method, Case::Exact)
            && self.paths.iter().any(|pattern| pattern.matches(path, Case::Exact))
    }

    /// Whether its time is not over.
    #[must_use]
    pub fn is_alive(&self, now: UnixMillis) -> bool {
        now < self.expires_at
    }

    /// Whether its last use should be noted now: at most once a minute.
    #[must_use]
    pub fn wants_touch(&self, now: UnixMillis) -> bool {
        self.last_used.is_none_or(|last| now.since(last).as_secs() >= 60)
    }
}

/// What the `Authorization` fields of a request say about service tokens.
#[derive(Debug)]
pub enum Presented {
    /// Nothing: whatever is there is the application's business.
    Nothing,
    /// One genuine token, and nothing beside it.
    Token(Token<Service>),
    /// Something with the look of one of ours that is forged, damaged or not alone. It must neither
    /// count nor be passed on.
    Wrong,
}

/// Looks for a service token in the values of all `Authorization` fields. Asks no store.
pub fn presented<'a>(fields: impl Iterator<Item = &'a [u8]>, key: &TokenKey) -> Presented {
    let fields: Vec<&[u8]> = fields.collect();
    if !has_ours(&fields, |text| Token::<Service>::parse(key, text).is_ok()) {
        return Presented::Nothing;
    }
    let [field] = fields.as_slice() else { return Presented::Wrong };
    let token = bearer(field).and_then(|text| text.strip_prefix(PREFIX));
    match token.map(|text| Token::parse(key, text)) {
        Some(Ok(token)) => Presented::Token(token),
        Some(Err(_)) | None => Presented::Wrong,
    }
}

/// The credentials behind the scheme `Bearer` (RFC 6750, 2.1).
fn bearer(field: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(field).ok()?;
    let (scheme, rest) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim_matches(' '))
}

/// Whether a field claims to be one of our tokens, or has a genuine one anywhere in it. Four letters
/// alone are no claim: the tokens of others may hold them by chance. Where they stand too often to
/// look at each, one of them may be genuine, and then it must not be passed on.
fn has_ours(fields: &[&[u8]], is_genuine: impl Fn(&str) -> bool) -> bool {
    if fields.iter().any(|field| bearer(field).is_some_and(|text| text.starts_with(PREFIX))) {
        return true;
    }
    let mut claims = fields.iter().flat_map(|field| {
        memmem::find_iter(field, PREFIX).map(|at| field.get(at + PREFIX.len()..))
    });
    let is_token = |rest: Option<&[u8]>| {
        let text = rest.and_then(|rest| std::str::from_utf8(rest.get(..TOKEN_CHARACTERS)?).ok());
        text.is_some_and(&is_genuine)
    };
    claims.by_ref().take(MOST_CLAIMS).any(is_token) || claims.next().is_some()
}

mod paths {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::PathPattern;

    pub(super) fn serialize<S: Serializer>(
        paths: &[PathPattern],
        out: S,
    ) -> Result<S::Ok, S::Error> {
        out.collect_seq(paths.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        source: D,
    ) -> Result<Vec<PathPattern>, D::Error> {
        let texts = Vec::<String>::deserialize(source)?;
        texts.iter().map(|text| text.parse().map_err(de::Error::custom)).collect()
    }
}

mod methods {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    use super::MethodSet;

    pub(super) fn serialize<S: Serializer>(set: &MethodSet, out: S) -> Result<S::Ok, S::Error> {
        set.names().serialize(out)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<MethodSet, D::Error> {
        match Option::<Vec<String>>::deserialize(source)? {
            None => Ok(MethodSet::any()),
            Some(names) => {
                MethodSet::of(names.iter().map(String::as_str)).map_err(de::Error::custom)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::Secret;

    fn key(seed: u8) -> TokenKey {
        TokenKey::new(&Secret::new(&[seed; 32]).unwrap())
    }

    fn token(methods: MethodSet) -> ServiceToken {
        ServiceToken {
            name: "backup".parse().unwrap(),
            site: "wiki".into(),
            paths: vec!["/api/**".parse().unwrap(), "/status".parse().unwrap()],
            methods,
            email: None,
            created_at: UnixMillis(1),
            expires_at: UnixMillis(100_000),
            last_used: None,
        }
    }

    #[test]
    fn a_grant_is_its_paths_and_methods_and_its_time() {
        let get = token(MethodSet::of(["GET"]).unwrap());
        for (path, method, expected) in [
            ("/api/x", "GET", true),
            ("/api/x", "HEAD", true),
            ("/api/x", "POST", false),
            ("/api/x", "get", false),
            ("/status", "GET", true),
            ("/API/x", "GET", false),
            ("/apis", "GET", false),
            ("/", "GET", false),
        ] {
            assert_eq!(get.grants(path.as_bytes(), method), expected, "{method} {path}");
        }
        assert!(get.is_alive(UnixMillis(99_999)) && !get.is_alive(UnixMillis(100_000)));
        let used = ServiceToken { last_used: Some(UnixMillis(5)), ..get.clone() };
        assert!(get.wants_touch(UnixMillis(5)) && !used.wants_touch(UnixMillis(60_004)));
        assert!(used.wants_touch(UnixMillis(60_005)));
    }

    #[test]
    fn what_is_stored_comes_back() {
        for methods in [MethodSet::any(), MethodSet::of(["GET", "POST"]).unwrap()] {
            let token = token(methods);
            let text = serde_json::to_string(&token).unwrap();
            assert_eq!(serde_json::from_str::<ServiceToken>(&text).unwrap(), token);
        }
    }

    #[test]
    fn only_one_genuine_token_alone_counts() {
        let ours = Token::<Service>::mint(&key(1), [9; 32]);
        let text = ours.reveal();
        let forged = Token::<Service>::mint(&key(2), [9; 32]).reveal();
        let good = format!("Bearer {PREFIX}{}", *text);
        let say = |fields: &[&str]| {
            let fields = fields.iter().map(|field| field.as_bytes());
            match presented(fields, &key(1)) {
                Presented::Nothing => "nothing",
                Presented::Wrong => "wrong",
                Presented::Token(token) => {
                    assert_eq!(token.digest(), ours.digest());
                    "token"
                }
            }
        };
        for fields in [
            vec![&*good],
            vec![&*good.replace("Bearer", "bearer")],
            vec![&*good.replace("Bearer ", "BEARER   ")],
        ] {
            assert_eq!(say(&fields), "token", "{fields:?}");
        }
        for fields in [
            vec![],
            vec!["Basic YWxhZGRpbjpvcGVuc2VzYW1l"],
            vec!["Bearer eyJhbGciOiJFZERTQSJ9.lgs_.x"],
            vec!["Bearer one", "Bearer two"],
            vec![""],
            vec!["Bearer"],
            // Without our prefix it is somebody else's, whatever it is.
            vec![&*format!("Bearer {}", *text)],
        ] {
            assert_eq!(say(&fields), "nothing", "{fields:?}");
        }
        for fields in [
            vec![&*format!("Bearer {PREFIX}{}", *forged)],
            vec![&good[..good.len() - 1]],
            vec!["Bearer lgs_"],
            vec!["Bearer lgs_x"],
            vec![&*format!("{good}x")],
            vec![&*format!("{good}, {good}")],
            vec![&*good, &*good],
            vec![&*good, "Basic x"],
            vec!["Basic x", &*good],
            vec![&*format!("Token {PREFIX}{}", *text)],
            vec![&*format!("Bearer x,Bearer {PREFIX}{}", *text)],
        ] {
            assert_eq!(say(&fields), "wrong", "{fields:?}");
        }
    }

    /// What a head may hold of it, in one field and in many.
    #[test]
    fn no_request_costs_more_than_a_few_looks() {
        let genuine = Token::<Service>::mint(&key(1), [9; 32]).reveal();
        let is_genuine = |text: &str| Token::<Service>::parse(&key(1), text).is_ok();
        let look = |fields: &[String]| {
            let looks = std::cell::Cell::new(0);
            let fields: Vec<&[u8]> = fields.iter().map(String::as_bytes).collect();
            let is_ours = has_ours(&fields, |text| {
                looks.set(looks.get() + 1);
                is_genuine(text)
            });
            (is_ours, looks.get())
        };
        let filler = "x".repeat(TOKEN_CHARACTERS);
        let lookalikes = |count: usize| format!("{PREFIX}{filler}").repeat(count);
        let flood = PREFIX.repeat(8000);
        assert_eq!(look(&[format!("Basic {flood}")]), (true, MOST_CLAIMS));
        assert_eq!(look(&vec![format!("Basic {}", PREFIX.repeat(80)); 90]), (true, MOST_CLAIMS));
        assert_eq!(look(&vec![format!("Basic {}", lookalikes(1)); 9]), (true, MOST_CLAIMS));
        assert_eq!(look(&[format!("Basic {}", lookalikes(8))]), (false, 8));
        assert_eq!(look(&[format!("Basic {}", lookalikes(9))]), (true, MOST_CLAIMS));
        // None slips through behind others.
        for before in [0, 7, 8, 9, 50] {
            let field = format!("Basic {}{PREFIX}{}", lookalikes(before), *genuine);
            let (is_ours, looks) = look(&[field]);
            assert!(is_ours && looks <= MOST_CLAIMS, "{before}: {looks}");
        }
    }

    #[test]
    fn names_are_no_addresses() {
        assert!("backup-2.nightly_x".parse::<TokenName>().is_ok());
        for text in ["", "a@b", "A", "a b", "a\n", "ä", &"x".repeat(41)] {
            assert_eq!(text.parse::<TokenName>(), Err(TokenNameError), "{text}");
        }
    }
}
