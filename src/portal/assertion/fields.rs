//! The headers of each site, made once: a request only shares them.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;

use super::Visitor;
use super::keys::KeyRefused;
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

/// Headers that belong together, one by one and as the lines of a head.
///
/// The values are parts of the lines. Where a million people are signed in, what is told of each of them
/// comes from memory that no processor has at hand, and one piece of it comes sooner than ten.
pub struct Told {
    fields: Box<[Field]>,
    lines: Bytes,
}

impl Told {
    fn new<'a>(
        fields: impl IntoIterator<Item = (&'a Bytes, &'a str), IntoIter: Clone>,
    ) -> Result<Self, KeyRefused> {
        let fields = fields.into_iter();
        let length: usize = fields.clone().map(|(name, value)| name.len() + value.len() + 4).sum();
        let (mut lines, mut places) = (Vec::with_capacity(length), Vec::new());
        for (name, value) in fields {
            for part in [name, b": ".as_slice(), value.as_bytes(), b"\r\n"] {
                lines.extend_from_slice(part);
            }
            let end = lines.len() - 2;
            places.push((name.clone(), end - value.len()..end));
        }
        let lines = Bytes::from(lines);
        let field = |(name, place)| Ok(Field { name, value: header(lines.slice(place))? });
        let fields = places.into_iter().map(field).collect::<Result<_, KeyRefused>>()?;
        Ok(Self { fields, lines })
    }

    /// One by one.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// As HTTP/1.1 writes them, each with its end of line.
    #[must_use]
    pub fn lines(&self) -> &[u8] {
        &self.lines
    }
}

/// One of them proves who somebody is.
impl std::fmt::Debug for Told {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.fields.iter().map(|field| &field.name)).finish()
    }
}

/// What an application is told with one request.
#[derive(Clone, Debug)]
pub struct Introduction {
    /// What it is always told.
    pub always: Arc<Told>,
    /// Who is asking.
    pub identity: Arc<Told>,
}

/// The headers of a site.
pub(super) struct SiteFields {
    pub(super) always: Arc<Told>,
    /// What a request of nobody has.
    pub(super) anonymous: Arc<Told>,
    /// All names that tell who is asking, with nothing behind them.
    pub(super) empty: Arc<Told>,
    names: Vec<(Part, Bytes)>,
    assertion: Bytes,
}

impl SiteFields {
    pub(super) fn new(disclosure: &Disclosure) -> Result<Self, KeyRefused> {
        let headers = disclosure.identity();
        let names: Vec<_> = headers.parts().map(|(part, name)| (part, text(name))).collect();
        let assertion = text(&disclosure.assertion().header);
        let all = names.iter().map(|(_, name)| name).chain([&assertion]);
        let empty = Arc::new(Told::new(all.map(|name| (name, "")))?);
        let anonymous = match headers.when_anonymous {
            WhenAnonymous::Absent => Arc::new(Told::new([])?),
            WhenAnonymous::Empty => Arc::clone(&empty),
        };
        let constants = disclosure.constants().iter();
        let constants: Vec<_> = constants.map(|it| (text(&it.name), it.value.as_str())).collect();
        let always = Arc::new(Told::new(constants.iter().map(|(name, value)| (name, *value)))?);
        Ok(Self { always, anonymous, empty, names, assertion })
    }

    /// The headers that tell who is asking.
    pub(super) fn of(
        &self,
        disclosure: &Disclosure,
        visitor: Visitor<'_>,
        assertion: &str,
    ) -> Result<Arc<Told>, KeyRefused> {
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
        let mut told = Told::new(told.chain([(&self.assertion, assertion)]))?;
        if let Some(assertion) = told.fields.last_mut() {
            assertion.value.set_sensitive(true);
        }
        Ok(Arc::new(told))
    }
}

fn text(name: &FieldName) -> Bytes {
    Bytes::copy_from_slice(name.as_str().as_bytes())
}

/// Addresses, groups and constants were parsed, so this does not fail.
fn header(text: Bytes) -> Result<HeaderValue, KeyRefused> {
    HeaderValue::from_maybe_shared(text).map_err(|_| KeyRefused)
}
