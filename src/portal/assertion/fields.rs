//! The headers of each site, made once: a request only shares them.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;

use super::Visitor;
use super::keys::KeyRefused;
use super::shelf::Prepared;
use crate::domain::disclosure::{Disclosure, Part, WhenAnonymous};
use crate::domain::header::FieldName;

/// A header, made once and shared: copying it copies no text.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name as it is written.
    pub name: Bytes,
    /// Its value.
    pub value: HeaderValue,
}

/// Headers that belong together, as the lines of a head. Clones share them.
///
/// The lines are one piece of memory: what is told of a million people comes from memory that no
/// processor has at hand, and one piece comes sooner than ten. Kept beside the lines, the fields took up
/// four hundred bytes more for each of them, and HTTP/1.1, which takes the lines, had no use for them.
#[derive(Clone)]
pub struct Told(Lines);

#[derive(Clone)]
enum Lines {
    /// What a site tells with each request.
    Constant(Arc<[u8]>),
    /// What was prepared for somebody.
    Prepared(Prepared),
}

impl Told {
    fn constant<'a>(
        fields: impl IntoIterator<Item = (&'a Bytes, &'a str), IntoIter: Clone>,
    ) -> Result<Self, KeyRefused> {
        Ok(Self(Lines::Constant(lines(fields)?.into())))
    }

    pub(super) fn prepared(prepared: Prepared) -> Self {
        Self(Lines::Prepared(prepared))
    }

    /// The last one is the signed statement.
    fn ends_with_proof(&self) -> bool {
        matches!(self.0, Lines::Prepared(_))
    }

    /// One by one.
    pub fn fields(&self) -> impl Iterator<Item = Field> {
        let (whole, ends_with_proof) = (Bytes::from_owner(self.clone()), self.ends_with_proof());
        let mut left = self.lines().split_inclusive(|byte| *byte == b'\n').peekable();
        std::iter::from_fn(move || {
            let line = left.next()?.strip_suffix(b"\r\n")?;
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = (line.get(..colon)?, line.get(colon + 2..)?);
            let mut value = HeaderValue::from_maybe_shared(whole.slice_ref(value)).ok()?;
            value.set_sensitive(ends_with_proof && left.peek().is_none());
            Some(Field { name: whole.slice_ref(name), value })
        })
    }

    /// As HTTP/1.1 writes them, each with its end of line.
    #[must_use]
    pub fn lines(&self) -> &[u8] {
        match &self.0 {
            Lines::Constant(lines) => lines,
            Lines::Prepared(prepared) => prepared.lines(),
        }
    }
}

impl AsRef<[u8]> for Told {
    fn as_ref(&self) -> &[u8] {
        self.lines()
    }
}

/// Fields as a head has them.
fn lines<'a>(
    fields: impl IntoIterator<Item = (&'a Bytes, &'a str), IntoIter: Clone>,
) -> Result<Box<[u8]>, KeyRefused> {
    let fields = fields.into_iter();
    let length = fields.clone().map(|(name, value)| name.len() + value.len() + 4).sum();
    let mut lines = Vec::with_capacity(length);
    for (name, value) in fields {
        // Only what can stand in a header is written, so no value brings a line of its own.
        HeaderValue::from_bytes(value.as_bytes()).map_err(|_| KeyRefused)?;
        for part in [name, b": ".as_slice(), value.as_bytes(), b"\r\n"] {
            lines.extend_from_slice(part);
        }
    }
    Ok(lines.into())
}

/// One of them proves who somebody is.
impl std::fmt::Debug for Told {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.fields().map(|field| field.name)).finish()
    }
}

/// What an application is told with one request.
#[derive(Clone, Debug)]
pub struct Introduction {
    /// What it is always told.
    pub always: Told,
    /// Who is asking.
    pub identity: Told,
}

/// The headers of a site.
pub(super) struct SiteFields {
    pub(super) always: Told,
    /// What a request of nobody has.
    pub(super) anonymous: Told,
    /// All names that tell who is asking, with nothing behind them.
    pub(super) empty: Told,
    names: Vec<(Part, Bytes)>,
    assertion: Bytes,
}

impl SiteFields {
    pub(super) fn new(disclosure: &Disclosure) -> Result<Self, KeyRefused> {
        let headers = disclosure.identity();
        let names: Vec<_> = headers.parts().map(|(part, name)| (part, text(name))).collect();
        let assertion = text(&disclosure.assertion().header);
        let all = names.iter().map(|(_, name)| name).chain([&assertion]);
        let empty = Told::constant(all.map(|name| (name, "")))?;
        let anonymous = match headers.when_anonymous {
            WhenAnonymous::Absent => Told::constant([])?,
            WhenAnonymous::Empty => empty.clone(),
        };
        let constants = disclosure.constants().iter();
        let constants: Vec<_> = constants.map(|it| (text(&it.name), it.value.as_str())).collect();
        let always = Told::constant(constants.iter().map(|(name, value)| (name, *value)))?;
        Ok(Self { always, anonymous, empty, names, assertion })
    }

    /// The headers that tell who is asking; the last one is the signed statement.
    pub(super) fn of(
        &self,
        disclosure: &Disclosure,
        visitor: Visitor<'_>,
        assertion: &str,
    ) -> Result<Box<[u8]>, KeyRefused> {
        let mut told = Vec::with_capacity(self.names.len() + 1);
        for (part, name) in &self.names {
            let headers = disclosure.identity();
            let values = match visitor {
                Visitor::Person { identity, .. } => headers.values(*part, identity),
                Visitor::Machine { machine, .. } => {
                    headers.value_of_machine(*part, machine).into_iter().collect()
                }
            };
            told.extend(values.into_iter().map(|value| (name, value)));
        }
        let told = told.iter().map(|(name, value)| (*name, value.as_ref()));
        lines(told.chain([(&self.assertion, assertion)]))
    }
}

fn text(name: &FieldName) -> Bytes {
    Bytes::copy_from_slice(name.as_str().as_bytes())
}
