//! Pages for the day when nothing else works: plain text put together at the start.
//!
//! They need neither the template engine nor the store, so neither can take them down. No template
//! of an operator reaches them.

use http::StatusCode;
use minijinja::HtmlEscape;

use super::clock::rfc3339;
use super::{Html, Look};
use crate::domain::language::Language;
use crate::portal::brand::{BrandError, Branding};
use crate::portal::phrases::Said;

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
    reference: String,
}

/// Where the words and values of one request go, in the line with its reference.
const ID: &str = "%ID%";
const AT: &str = "%AT%";

impl LastResort {
    /// Puts in the phrases, and the addresses of style sheet, script and icon.
    ///
    /// # Errors
    /// When a phrase is missing.
    pub(super) fn new(branding: &Branding, assets: &[(&str, &str)]) -> Result<Self, BrandError> {
        let mut pages = Vec::new();
        for language in &branding.languages {
            let fill = |page: &str| filled(page, branding, *language, assets);
            let page = Filled {
                store_down: fill(STORE_DOWN)?,
                internal: fill(INTERNAL)?,
                reference: fill("<p class=\"reference\">%T:page-reference%</p>")?,
            };
            pages.push((*language, page));
        }
        Ok(Self { pages })
    }

    /// 503: the store does not answer. Sessions are kept; nobody is signed out by it.
    #[must_use]
    pub fn store_down(&self, look: &Look) -> Html {
        self.page(StatusCode::SERVICE_UNAVAILABLE, look, |page| &page.store_down)
    }

    /// 500: a fault of ours.
    #[must_use]
    pub fn internal(&self, look: &Look) -> Html {
        self.page(StatusCode::INTERNAL_SERVER_ERROR, look, |page| &page.internal)
    }

    fn page(&self, status: StatusCode, look: &Look, text: fn(&Filled) -> &String) -> Html {
        let found = self.pages.iter().find(|(other, _)| *other == look.language);
        let body = found.or(self.pages.first()).map_or_else(String::new, |(_, page)| {
            text(page).replace("%REFERENCE%", &reference(&page.reference, look))
        });
        Html { status, body }
    }
}

/// The line that says what to quote; nothing for a request that no log line names. The reference is
/// shown only as far as it needs no escaping: there is no engine here to do it.
fn reference(line: &str, look: &Look) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    let id: String = look.reference.chars().filter(is_plain).take(64).collect();
    if id.is_empty() {
        return String::new();
    }
    let machine = rfc3339(look.at);
    let people = machine.replace('T', " ").replace('Z', " UTC");
    let time = format!("<time datetime=\"{machine}\" data-clock=\"moment\">{people}</time>");
    line.replace(ID, &format!("<bdi dir=\"ltr\">{id}</bdi>")).replace(AT, &time)
}

/// `%T:key%` stands for a phrase, `%NAME%` for what the caller gives.
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
    text = text.replace("%FOOTER%", &footer(branding));
    while let Some((before, rest)) = text.split_once("%T:") {
        let Some((key, after)) = rest.split_once('%') else { break };
        let values = [
            ("reference", Said::Text(ID)),
            ("at", Said::Text(AT)),
            ("utc", Said::Text("{utc}")),
            ("own", Said::Text("{own}")),
        ];
        let said = branding.phrases.say(language, key, &values).map_err(|error| BrandError {
            place: format!("a page of last resort in {language}"),
            what: error.to_string(),
        })?;
        text = format!("{before}{}{after}", HtmlEscape(&said));
    }
    Ok(text)
}

/// The way to help, where every other page has it.
fn footer(branding: &Branding) -> String {
    branding.brand.help_url.as_deref().map_or_else(String::new, |url| {
        let url = HtmlEscape(url);
        format!(
            "<footer>\n<p class=\"row\"><a class=\"more\" href=\"{url}\" \
             rel=\"noreferrer\">%T:page-help%</a></p>\n</footer>"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::UnixMillis;
    use crate::portal::looks::Looks;

    #[test]
    fn a_hostile_reference_stays_text() {
        let branding = Branding::built_in().unwrap();
        let pages = LastResort::new(&branding, &[("SCRIPT", "/a.js")]).unwrap();
        let common = Looks::built_in("/.linkgate").unwrap().elsewhere(&http::HeaderMap::new());
        for language in Language::ALL {
            let reference = "7<b>f-3".into();
            let look =
                Look { language, reference, at: UnixMillis(1_795_356_180_999), ..common.clone() };
            let page = pages.internal(&look);
            assert!(page.body.contains(">7bf-3<"), "{}", page.body);
            assert!(page.body.contains(">2026-11-22 14:03:00 UTC</time>"), "{}", page.body);
            assert!(page.body.contains(&format!("lang=\"{language}\"")));
            assert!(!page.body.contains("<b>"));
            let page = pages.internal(&Look { language, ..common.clone() });
            assert!(!page.body.contains("class=\"reference\""), "{}", page.body);
        }
    }
}
