//! `tests`: requests, and what each should get, one on a line:
//!
//! ```text
//! GET https://wiki.example.com/admin as bob@example.com age 2h from 10.1.2.3 -> sign-in-again
//! GET https://wiki.example.com/page as guest@partner.example in reviewers -> allow
//! ```

use std::net::IpAddr;
use std::time::Duration;

use crate::config::file::List;
use crate::config::located::Text;
use crate::config::problem::Fault;
use crate::config::scope::{Scope, word};
use crate::config::settings::{
    Expectation, Expected, NotWhole, Question, SaidAccount, Who, WholeUrl,
};
use crate::config::suggest::nearest;
use crate::domain::client::{ClientAddress, TrustedProxies};
use crate::domain::email::EmailAddress;
use crate::domain::identity::{GroupName, GroupNameError};
use crate::domain::policy::MethodSet;
use crate::domain::time::{Span, SpanError};

const FORM: &str = "write it like `GET https://wiki.example.com/page as bob@example.com -> allow`";

/// `tests`
pub(super) fn expectations(
    root: &Scope<'_>,
    list: Option<&List<String>>,
    trusted: &TrustedProxies,
) -> Vec<Expectation> {
    let Some(list) = list else { return Vec::new() };
    let scope = root.key("tests", list.at);
    let entry = |(index, text): (usize, &Text)| {
        let scope = scope.item(index, text.at);
        match read(&text.value, trusted) {
            Ok((question, expected)) => {
                Some(Expectation { at: scope.key_place(), question, expected })
            }
            Err(Wrong { at, fault }) => {
                scope.within(&text.value, at).report(fault);
                None
            }
        }
    };
    list.value.iter().enumerate().filter_map(entry).collect()
}

/// What is wrong, and at which byte of the entry.
struct Wrong {
    at: usize,
    fault: Fault,
}

/// A word and the byte at which it begins.
#[derive(Clone, Copy)]
struct Word<'a> {
    at: usize,
    text: &'a str,
}

impl Word<'_> {
    fn is_arrow(&self) -> bool {
        matches!(self.text, "->" | "→")
    }

    /// Reads this word, or says what is wrong with it.
    fn read<T>(self, read: impl FnOnce(&str) -> Result<T, Fault>) -> Result<T, Wrong> {
        read(self.text).map_err(|fault| Wrong { at: self.at, fault: fault.value(self.text) })
    }
}

/// The words of an entry, one after the other.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let rest = self.text.get(self.at..)?;
        let word = rest.trim_start();
        let at = self.at + (rest.len() - word.len());
        let end = word.find(char::is_whitespace).unwrap_or(word.len());
        self.at = at + end;
        (end > 0).then(|| Word { at, text: &word[..end] })
    }
}

impl<'a> Words<'a> {
    /// The next word, which must be there.
    fn want(&mut self, what: &str) -> Result<Word<'a>, Wrong> {
        let end = self.text.trim_end().len();
        let missing = || Fault::new(format!("ends where {what} should be")).hint(FORM);
        let word = self.next().ok_or_else(|| Wrong { at: end, fault: missing() })?;
        if word.is_arrow() {
            let fault = Fault::new(format!("has `{}` where {what} should be", word.text));
            return Err(Wrong { at: word.at, fault: fault.hint(FORM) });
        }
        Ok(word)
    }
}

/// What was said after the address.
struct Said<'a> {
    trusted: &'a TrustedProxies,
    keys: Vec<&'a str>,
    visitor: Option<EmailAddress>,
    age: Duration,
    account: SaidAccount,
    client: Option<ClientAddress>,
    /// The first word that is about a person.
    of_person: Option<Word<'a>>,
}

fn read(text: &str, trusted: &TrustedProxies) -> Result<(Question, Expected), Wrong> {
    let mut words = Words { text, at: 0 };
    let method = words.want("a method")?.read(method)?;
    let url = words.want("an address")?.read(url)?;
    let mut said = Said::nothing(trusted);
    loop {
        let end = text.trim_end().len();
        let Some(key) = words.next() else {
            let fault = Fault::new("does not say what should come");
            let fault = fault.hint("end it with `-> allow` or `-> deny`");
            return Err(Wrong { at: end, fault });
        };
        if key.is_arrow() {
            break;
        }
        said.take(key, &mut words)?;
    }
    let client = said.client;
    let question = Question { method, url, who: said.who()?, client };
    let expected = words.want("`allow`, `deny` or the like")?.read(word(Expected::WORDS))?;
    match words.next() {
        None => Ok((question, expected)),
        Some(more) => {
            let fault = Fault::new("stands behind the end").value(more.text);
            Err(Wrong { at: more.at, fault: fault.hint("remove it, or put it before the arrow") })
        }
    }
}

impl<'a> Said<'a> {
    fn nothing(trusted: &'a TrustedProxies) -> Self {
        let (keys, visitor, client, of_person) = (Vec::new(), None, None, None);
        let (age, account) = (Duration::ZERO, SaidAccount::Unsaid);
        Self { trusted, keys, visitor, age, account, client, of_person }
    }

    /// Takes a word, and what belongs to it.
    fn take(&mut self, key: Word<'a>, words: &mut Words<'a>) -> Result<(), Wrong> {
        // Somebody may be in several groups.
        if self.keys.contains(&key.text) && key.text != "in" {
            let fault = Fault::new("is said twice").value(key.text).hint("keep one of the two");
            return Err(Wrong { at: key.at, fault });
        }
        self.keys.push(key.text);
        match key.text {
            "as" => self.visitor = Some(words.want("an e-mail address")?.read(visitor)?),
            "age" => self.age = words.want("an age")?.read(span)?,
            "member" => self.account = self.account.with(None),
            "in" => self.account = self.account.with(Some(words.want("a group")?.read(group)?)),
            "from" => {
                let client = words.want("an address")?;
                self.client = Some(client.read(|text| client_address(text, self.trusted))?);
            }
            _ => return Err(Wrong { at: key.at, fault: unknown(key.text) }),
        }
        if matches!(key.text, "age" | "member" | "in") {
            self.of_person = self.of_person.or(Some(key));
        }
        Ok(())
    }

    fn who(self) -> Result<Who, Wrong> {
        match (self.visitor, self.of_person) {
            (Some(email), _) => Ok(Who::Person { email, age: self.age, account: self.account }),
            (None, None) => Ok(Who::Nobody),
            (None, Some(word)) => {
                let fault = Fault::new("is said of nobody").value(word.text);
                Err(Wrong { at: word.at, fault: fault.hint("say who: `as NAME`") })
            }
        }
    }
}

fn unknown(text: &str) -> Fault {
    let fault = Fault::new("is no word for `tests`").value(text);
    match nearest(text, ["as", "age", "member", "in", "from"]) {
        Some(meant) => fault.hint(format!("did you mean `{meant}`?")),
        None => {
            fault.hint("after the address come `as`, `age`, `member`, `in` and `from`, then `->`")
        }
    }
}

fn group(text: &str) -> Result<GroupName, Fault> {
    text.parse().map_err(|error: GroupNameError| {
        Fault::new(format!("the name of a group {error}")).hint("write one group behind each `in`")
    })
}

fn method(text: &str) -> Result<String, Fault> {
    MethodSet::of([text]).map(|_| text.to_owned()).map_err(|error| {
        let what = error.to_string();
        Fault::new(what.split(": ").next().unwrap_or_default()).hint(error.hint())
    })
}

fn url(text: &str) -> Result<WholeUrl, Fault> {
    text.parse().map_err(|error: NotWhole| {
        let fault = Fault::new(error.to_string());
        if text.contains("://") || text.starts_with('/') || text.is_empty() {
            return fault;
        }
        fault.hint(format!("did you mean `https://{text}`?"))
    })
}

fn visitor(text: &str) -> Result<EmailAddress, Fault> {
    EmailAddress::parse(text)
        .map_err(|error| Fault::new("is not an e-mail address").hint(error.to_string()))
}

fn span(text: &str) -> Result<Duration, Fault> {
    let span: Result<Span, SpanError> = text.parse();
    span.map(Span::as_duration)
        .map_err(|error| Fault::new(error.to_string()).hint("write it like `90s` or `2h`"))
}

fn client_address(text: &str, trusted: &TrustedProxies) -> Result<ClientAddress, Fault> {
    let address: IpAddr = text
        .parse()
        .map_err(|_| Fault::new("is no IP address").hint("write it like `10.1.2.3`"))?;
    trusted.known(address.into()).ok_or_else(|| {
        Fault::new("is the address of a trusted proxy, and so no client's")
            .hint("name a client, or leave `from` out for one whose address is not known")
    })
}
