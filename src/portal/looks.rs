//! Which pages a visitor sees: those of the site's brand, in the visitor's language.

use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, Uri, header};

use super::brand::{BrandError, Branding};
use super::cookies::{self, CookieNames};
use super::pages::assets::Asset;
use super::pages::{Look, Pages};
use crate::domain::language::Language;
use crate::domain::policy::SiteId;
use crate::domain::site::Site;
use crate::domain::time::UnixMillis;

/// The pages of every site.
#[derive(Clone, Debug)]
pub struct Looks {
    common: Arc<Pages>,
    own: HashMap<SiteId, Arc<Pages>>,
}

/// What is read of `Accept-Language`: browsers send less than 100 bytes.
const LONGEST_WISH: usize = 512;

impl Looks {
    /// The pages that sites share, and those of sites with a brand of their own.
    #[must_use]
    pub fn new(common: Arc<Pages>, own: HashMap<SiteId, Arc<Pages>>) -> Self {
        Self { common, own }
    }

    /// The pages that are built in, for every site.
    ///
    /// # Errors
    /// Never, as long as the built-in templates compile; the tests render all of them.
    pub fn built_in(prefix: &str) -> Result<Self, BrandError> {
        let pages = Pages::new(prefix, Arc::new(Branding::built_in()?))?;
        Ok(Self::new(Arc::new(pages), HashMap::new()))
    }

    /// The pages of a site; without one, those that sites share.
    #[must_use]
    pub fn of(&self, site: Option<&Site>) -> &Arc<Pages> {
        site.and_then(|site| self.own.get(&site.policy.site())).unwrap_or(&self.common)
    }

    /// A file of the pages of any site.
    #[must_use]
    pub fn asset(&self, name: &str) -> Option<&Asset> {
        let mut all = std::iter::once(&self.common).chain(self.own.values());
        all.find_map(|pages| pages.assets().find(name))
    }

    /// The look for a request: the language that was chosen before counts most, then the wishes of
    /// the browser.
    #[must_use]
    pub fn look(
        &self,
        site: Option<&Site>,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        prefix: &str,
    ) -> Look {
        let pages = Arc::clone(self.of(site));
        let offered = &pages.branding().languages;
        let secure = site.is_some_and(Site::is_https);
        let chosen = chosen(headers, CookieNames::new(secure, None).language, offered);
        let language = chosen
            .or_else(|| wished(headers.get(header::ACCEPT_LANGUAGE), offered))
            .unwrap_or(pages.first_language());
        Look {
            here: way_back(method, uri, prefix),
            language,
            pages,
            reference: Arc::default(),
            at: UnixMillis(0),
        }
    }
}

impl Looks {
    /// The look of a page that is none of a site's: the development inbox, the demo application.
    #[must_use]
    pub fn elsewhere(&self, headers: &HeaderMap) -> Look {
        let pages = Arc::clone(&self.common);
        let wished = wished(headers.get(header::ACCEPT_LANGUAGE), &pages.branding().languages);
        let language = wished.unwrap_or(pages.first_language());
        Look { pages, language, here: String::new(), reference: Arc::default(), at: UnixMillis(0) }
    }
}

fn chosen(headers: &HeaderMap, cookie: &str, offered: &[Language]) -> Option<Language> {
    let fields = headers.get_all(header::COOKIE);
    let found = cookies::find(fields.iter().map(HeaderValue::as_bytes), cookie);
    let language: Language = found.text()?.parse().ok()?;
    offered.contains(&language).then_some(language)
}

/// The first of the wishes that can be granted, by weight (RFC 9110, 12.5.4). Only the main subtag
/// counts: somebody who reads `de-AT` reads `de`.
fn wished(field: Option<&HeaderValue>, offered: &[Language]) -> Option<Language> {
    let text = field?.to_str().ok().filter(|text| text.len() <= LONGEST_WISH)?;
    let mut best: Option<(f32, Language)> = None;
    for wish in text.split(',') {
        let mut parts = wish.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default();
        let main = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(1.0, |weight| weight.parse::<f32>().unwrap_or(0.0));
        let Ok(language) = main.parse::<Language>() else { continue };
        let is_better = best.is_none_or(|(other, _)| weight > other);
        if weight > 0.0 && is_better && offered.contains(&language) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// Where a visitor comes back to after choosing a language: this page, or, where it is the answer
/// to a form, the page with that form.
fn way_back(method: &Method, uri: &Uri, prefix: &str) -> String {
    let path = uri.path();
    if method == Method::GET || method == Method::HEAD {
        return uri.path_and_query().map_or("/", |whole| whole.as_str()).to_owned();
    }
    match path.strip_prefix(prefix) {
        Some("/code" | "/resend") => format!("{prefix}/check-mail"),
        Some(_) => path.to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wish(text: &str) -> Option<Language> {
        wished(Some(&HeaderValue::from_str(text).unwrap()), &Language::ALL)
    }

    #[test]
    fn the_weightiest_wish_that_can_be_granted() {
        use Language::{Arabic, French, German};
        for (text, expected) in [
            ("de", Some(German)),
            ("de-AT, en;q=0.7", Some(German)),
            ("nl, fr;q=0.3, ar;q=0.8", Some(Arabic)),
            ("FR-ca;q=1.0", Some(French)),
            ("fr;q=0, de;q=0.1", Some(German)),
            ("fr; q=0.5 , de; q=0.6", Some(German)),
            ("fr;q=x, de;q=0.2", Some(German)),
            ("fr;q=NaN", None),
            ("fr,de", Some(French)),
            ("nl", None),
            ("*", None),
            ("", None),
            ("de\u{e4}", None),
        ] {
            let field = HeaderValue::from_bytes(text.as_bytes()).unwrap();
            assert_eq!(wished(Some(&field), &Language::ALL), expected, "{text}");
        }
        assert_eq!(wish(&"de,".repeat(200)), None, "nobody sends that much");
        assert_eq!(wished(Some(&HeaderValue::from_static("ar")), &[German]), None);
    }

    proptest! {
        #[test]
        fn no_wish_panics_and_none_is_granted_that_is_not_offered(bytes: Vec<u8>, text in "[a-zA-Z;,=q0-9. *-]{0,80}") {
            for field in [HeaderValue::from_bytes(&bytes), HeaderValue::from_str(&text)] {
                let Ok(field) = field else { continue };
                let granted = wished(Some(&field), &[Language::German]);
                prop_assert!(granted.is_none_or(|it| it == Language::German));
            }
        }
    }

    #[test]
    fn the_way_back_is_a_page() {
        let back =
            |method: Method, uri: &str| way_back(&method, &uri.parse().unwrap(), "/.linkgate");
        assert_eq!(
            back(Method::GET, "/.linkgate/sign-in?return_to=%2Fa"),
            "/.linkgate/sign-in?return_to=%2Fa"
        );
        assert_eq!(back(Method::POST, "/.linkgate/code"), "/.linkgate/check-mail");
        assert_eq!(back(Method::POST, "/.linkgate/link/abc"), "/.linkgate/link/abc");
        assert_eq!(back(Method::POST, "/save"), "");
    }
}
