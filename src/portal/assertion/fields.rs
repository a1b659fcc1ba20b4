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

/// What an application is told with one request.
#[derive(Clone, Debug)]
pub struct Introduction {
    /// What it is always told.
    pub always: Arc<[Field]>,
    /// Who is asking.
    pub identity: Arc<[Field]>,
}

/// The headers of a site.
pub(super) struct SiteFields {
    pub(super) always: Arc<[Field]>,
    /// What a request of nobody has.
    pub(super) anonymous: Arc<[Field]>,
    /// All names that tell who is asking, with nothing behind them.
    pub(super) empty: Arc<[Field]>,
    names: Vec<(Part, Bytes)>,
    assertion: Bytes,
}

impl SiteFields {
    pub(super) fn new(disclosure: &Disclosure) -> Result<Self, KeyRefused> {
        let headers = disclosure.identity();
        let names: Vec<_> = headers.parts().map(|(part, name)| (part, text(name))).collect();
        let assertion = text(&disclosure.assertion().header);
        let all = names.iter().map(|(_, name)| name).chain([&assertion]);
        let nothing = HeaderValue::from_static("");
        let empty: Arc<[Field]> =
            all.map(|name| Field { name: name.clone(), value: nothing.clone() }).collect();
        let anonymous = match headers.when_anonymous {
            WhenAnonymous::Absent => Arc::from([]),
            WhenAnonymous::Empty => Arc::clone(&empty),
        };
        let constant = |name, value| Ok(Field { name: text(name), value: header(value)? });
        let constants = disclosure.constants().iter();
        let always = constants
            .map(|it| constant(&it.name, it.value.as_str()))
            .collect::<Result<_, KeyRefused>>()?;
        Ok(Self { always, anonymous, empty, names, assertion })
    }

    /// The headers that tell who is asking.
    pub(super) fn of(
        &self,
        disclosure: &Disclosure,
        visitor: Visitor<'_>,
        assertion: &str,
    ) -> Result<Arc<[Field]>, KeyRefused> {
        let mut fields = Vec::with_capacity(self.names.len() + 1);
        for (part, name) in &self.names {
            let headers = disclosure.identity();
            let values = match visitor {
                Visitor::Person { identity, .. } => headers.values(*part, identity),
                Visitor::Machine { machine, .. } => {
                    headers.value_of_machine(*part, machine).into_iter().collect()
                }
            };
            for value in values {
                fields.push(Field { name: name.clone(), value: header(&value)? });
            }
        }
        let mut value = header(assertion)?;
        value.set_sensitive(true);
        fields.push(Field { name: self.assertion.clone(), value });
        Ok(fields.into())
    }
}

fn text(name: &FieldName) -> Bytes {
    Bytes::copy_from_slice(name.as_str().as_bytes())
}

/// Addresses, groups and constants were parsed, so this does not fail.
fn header(text: &str) -> Result<HeaderValue, KeyRefused> {
    HeaderValue::from_str(text).map_err(|_| KeyRefused)
}
