//! Bodies of posts: a form or a JSON document, small, of the right kind, read strictly.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Desk;
use super::api::cause::Cause;
use super::refusal::Refusal;

/// Largest body of a post to one of our pages, in bytes.
pub const LARGEST_BODY: usize = 16 * 1024;
/// Fields of a form that are looked at; ours have four.
const MOST_FIELDS: usize = 32;

/// The fields of a form. One may be a password or a code: none is shown, and all are wiped.
#[derive(Default, Zeroize, ZeroizeOnDrop)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded` bytes.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`] for more fields than any form of ours could have.
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let mut fields = Vec::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            if fields.len() == MOST_FIELDS {
                return Err(Refusal::BadRequest("a form with too many fields"));
            }
            fields.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(fields))
    }

    /// The value of a field; empty if it is not there.
    ///
    /// # Errors
    /// [`Refusal::BadRequest`] if it is there more than once: which one was meant, nobody knows
    /// (CVE-2023-7028: two addresses in one request).
    pub fn value(&self, name: &str) -> Result<&str, Refusal> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Refusal::BadRequest("a form field that is there twice")),
            (Some(value), None) => Ok(value),
            (None, None) => Ok(""),
        }
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Form(..)")
    }
}

impl FromRequest<Arc<Desk>> for Form {
    type Rejection = Refusal;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Refusal> {
        let body = body(request, desk, "application/x-www-form-urlencoded").await?;
        Self::parse(&body)
    }
}

/// A JSON document of a known shape.
#[derive(Debug)]
pub struct Document<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<Desk>> for Document<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Refusal> {
        let body = body(request, desk, "application/json").await?;
        document(&body).map(Self)
    }
}

/// A JSON document that may be left out: then there is neither a body nor a word on its kind.
#[derive(Debug)]
pub struct MaybeDocument<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<Arc<Desk>> for MaybeDocument<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, desk: &Arc<Desk>) -> Result<Self, Refusal> {
        if request.headers().contains_key(header::CONTENT_TYPE) {
            return Document::from_request(request, desk).await.map(|Document(it)| Self(it));
        }
        match Bytes::from_request(request, desk).await {
            Ok(body) if body.is_empty() => Ok(Self(T::default())),
            Ok(_) => Err(Refusal::Unsupported),
            Err(_) => Err(Refusal::TooLarge),
        }
    }
}

/// An object and nothing else: serde would also read a struct from an array, member by member.
/// Members that are unknown or there twice are refused by the types.
pub(super) fn document<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let refused = Refusal::Cause(Cause::Document);
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(refused);
    }
    serde_json::from_slice(body).map_err(|_| refused)
}

async fn body(request: Request, desk: &Arc<Desk>, kind: &str) -> Result<Bytes, Refusal> {
    if !is_kind(request.headers(), kind) {
        return Err(Refusal::Unsupported);
    }
    // The caller has read and capped the body; this only takes it out of the request.
    Bytes::from_request(request, desk).await.map_err(|_| Refusal::TooLarge)
}

/// Exactly one `Content-Type` of this kind, and no `Content-Encoding`.
pub(super) fn is_kind(headers: &HeaderMap, kind: &str) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let essence = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(kind.as_bytes())
        && !headers.contains_key(header::CONTENT_ENCODING)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[test]
    fn a_doubled_field_is_refused_and_an_array_is_no_field() {
        let form = Form::parse(b"email=a&email=b&x=1").unwrap();
        assert!(form.value("email").is_err());
        assert_eq!(form.value("x").unwrap(), "1");
        assert_eq!(form.value("y").unwrap(), "");
        assert_eq!(Form::parse(b"email[]=a").unwrap().value("email").unwrap(), "");
        assert!(Form::parse(&b"a&".repeat(200)).is_err());
    }

    proptest! {
        #[test]
        fn no_body_panics(body: Vec<u8>, text in "[a-c=&%+0-9F]{0,60}") {
            for body in [&body[..], text.as_bytes()] {
                let Ok(form) = Form::parse(body) else { continue };
                prop_assert!(form.0.len() <= MOST_FIELDS);
                for name in ["", "a", "email"] {
                    let several = form.0.iter().filter(|(key, _)| key == name).count() > 1;
                    prop_assert_eq!(form.value(name).is_err(), several);
                }
            }
        }
    }

    #[test]
    fn a_document_is_one_object_with_known_members_each_once() {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Shape {
            a: String,
        }
        let read = |text: &str| document::<Shape>(text.as_bytes()).map(|it| it.a);
        assert_eq!(read(" \n{\"a\": \"x\"} ").unwrap(), "x");
        let deep = "[".repeat(16_000);
        let inside = format!("{{\"a\": {deep}");
        for text in [
            "",
            "null",
            "[\"x\"]",
            "{}",
            "{\"a\": 1}",
            "{\"a\": null}",
            "{\"a\": \"x\", \"b\": 1}",
            "{\"a\": \"x\", \"a\": \"x\"}",
            "{\"a\": \"x\", \"\\u0061\": \"y\"}",
            "{\"a\": \"x\"}{}",
            "{\"a\": \"\\ud800\"}",
            "\u{feff}{\"a\": \"x\"}",
            &deep,
            &inside,
        ] {
            assert!(read(text).is_err(), "{text:.80}");
        }
    }

    #[test]
    fn the_kind_is_exact() {
        let mut headers = HeaderMap::new();
        assert!(!is_kind(&headers, "application/json"));
        headers.insert(header::CONTENT_TYPE, "Application/JSON; charset=utf-8".parse().unwrap());
        assert!(is_kind(&headers, "application/json"));
        assert!(!is_kind(&headers, "application/x-www-form-urlencoded"));
        headers.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        assert!(!is_kind(&headers, "application/json"));
    }
}
