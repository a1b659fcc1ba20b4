//! Pages for the day when nothing else works: plain text put together at the start.
//!
//! They need neither the template engine nor the store, so neither can take them down. No template
//! of an operator reaches them.

use http::StatusCode;

use super::Html;
use crate::domain::language::Language;
use crate::portal::brand::{BrandError, Branding};

const STORE_DOWN: &str = include_str!("../templates/last_resort_store_down.html");
const INTERNAL: &str = include_str!("../templates/last_resort_internal.html");

/// The pages of last resort, in every language that is offered.
#[derive(Clone, Debug)]
pub struct LastResort {
    pages: Vec<(Language, Filled)>,
}

#[derive(Clone, Debug)]
struct Filled {
    store_down: String,
    internal: String,
}

impl LastResort {
    /// Puts in the phrases, and the addresses of the style sheet and the icon.
    ///
    /// # Errors
    /// When a phrase is missing.
    pub(super) fn new(branding: &Branding, assets: &[(&str, &str)]) -> Result<Self, BrandError> {
        let mut pages = Vec::new();
        for language in &branding.languages {
            let fill = |page: &str| filled(page, branding, *language, assets);
            let page = Filled { store_down: fill(STORE_DOWN)?, internal: fill(INTERNAL)? };
            pages.push((*language, page));
        }
        Ok(Self { pages })
    }

    /// 503: the store does not answer. Sessions are kept; nobody is signed out by it.
    #[must_use]
    pub fn store_down(&self, language: Language, reference: &str) -> Html {
        let text = self.of(language).map_or("", |page| &page.store_down);
        page(StatusCode::SERVICE_UNAVAILABLE, text, reference)
    }

    /// 500: a fault of ours.
    #[must_use]
    pub fn internal(&self, language: Language, reference: &str) -> Html {
        let text = self.of(language).map_or("", |page| &page.internal);
        page(StatusCode::INTERNAL_SERVER_ERROR, text, reference)
    }

    fn of(&self, language: Language) -> Option<&Filled> {
        let found = self.pages.iter().find(|(other, _)| *other == language);
        found.or(self.pages.first()).map(|(_, page)| page)
    }
}

/// `%T:key%` stands for a phrase without values, `%NAME%` for what the caller gives.
fn filled(
    page: &str,
    branding: &Branding,
    language: Language,
    assets: &[(&str, &str)],
) -> Result<String, BrandError> {
    let mut text = page.replace("%LANG%", language.tag()).replace("%DIR%", language.direction());
    for (name, value) in assets {
        text = text.replace(&format!("%{name}%"), value);
    }
    while let Some((before, rest)) = text.split_once("%T:") {
        let Some((key, after)) = rest.split_once('%') else { break };
        let said = branding.phrases.say(language, key, &[]).map_err(|error| BrandError {
            place: format!("a page of last resort in {language}"),
            what: error.to_string(),
        })?;
        text = format!("{before}{}{after}", minijinja::HtmlEscape(&said));
    }
    Ok(text)
}

/// A reference is shown only as far as it needs no escaping: there is no engine here to do it.
fn page(status: StatusCode, text: &str, reference: &str) -> Html {
    let plain: String =
        reference.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    Html { status, body: text.replace("%REFERENCE%", &plain) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_reference_stays_text() {
        let assets = [("STYLESHEET", "/a.css"), ("ICON", "/a.svg")];
        let pages = LastResort::new(&Branding::built_in().unwrap(), &assets).unwrap();
        for language in Language::ALL {
            let page = pages.internal(language, "7<script>f-3");
            assert!(page.body.contains(">7scriptf-3<"));
            assert!(page.body.contains(&format!("lang=\"{language}\"")));
            assert!(!page.body.contains("<script"));
            assert!(!page.body.contains('%'), "{}", page.body);
        }
    }
}
