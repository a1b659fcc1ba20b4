//! The pages that visitors see: typed views, rendered by templates that are built in.
//!
//! A page is a plain struct that holds exactly what its template shows (see [`Page`]). A handler
//! fills it in and calls [`Page::render`]; status and text of a page cannot disagree, because the
//! view knows its own status. Every sentence is a phrase (see [`phrases`](super::phrases)), and all
//! templates share one layout. What a brand changes, it changes when the pages are built.
//!
//! Pages carry no inline style or script (the `Content-Security-Policy` forbids both), load one
//! style sheet and one small script (see [`assets`]), and all work without the script.

pub mod assets;
pub mod clock;
pub(crate) mod engine;
pub mod last_resort;
pub mod link;
pub mod local;
pub mod notice;
pub(crate) mod samples;
pub mod session;
pub mod sign_in;
pub mod words;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use minijinja::value::{Serde, Value};
use minijinja::{Environment, context};
use serde::Serialize;

pub(crate) use engine::environment;

use std::sync::Arc;

use super::brand::{BrandError, Branding};
use crate::domain::language::Language;
use crate::domain::time::UnixMillis;
use assets::{Asset, Assets};
use last_resort::LastResort;

/// Everything needed to render the pages of one brand: built once at the start, shared by all
/// requests.
pub struct Pages {
    engines: Vec<(Language, Environment<'static>)>,
    assets: Assets,
    last_resort: LastResort,
    branding: Arc<Branding>,
}

/// The pages of a brand, for one visitor.
#[derive(Clone, Debug)]
pub struct Look {
    /// The pages.
    pub pages: Arc<Pages>,
    /// The visitor's language, one of those that are offered.
    pub language: Language,
    /// The path of this page, to come back to when the visitor has chosen another language. Empty
    /// where there is no way back.
    pub here: String,
    /// Names the request in the log; empty on pages that are none of a site's.
    pub reference: Arc<str>,
    /// When the request is answered.
    pub at: UnixMillis,
}

impl Look {
    /// What finds this request again, for pages that bring bad news.
    #[must_use]
    pub fn reference(&self) -> Reference<'_> {
        Reference { id: &self.reference, at: self.at }
    }
}

/// Who runs the service and where help is found; shown at the same place of every page
/// (WCAG 2.2, 3.2.6 *Consistent Help*).
#[derive(Clone, Debug, Serialize)]
struct BrandView<'a> {
    operator: Option<&'a str>,
    help_url: Option<&'a str>,
    logo: Option<String>,
}

/// A language that the visitor may choose.
#[derive(Clone, Debug, Serialize)]
struct Choice {
    tag: &'static str,
    name: &'static str,
    current: bool,
}

/// The site a page speaks about.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Site<'a> {
    /// The name people know it by.
    pub name: &'a str,
    /// Host, with the port where it is not the default one.
    pub host: &'a str,
    /// Passwords are accepted here, too.
    pub has_passwords: bool,
}

impl<'a> Site<'a> {
    /// A site under a host, which must outlive the page.
    #[must_use]
    pub fn of(site: &'a crate::domain::site::Site, host: &'a str) -> Self {
        Self { name: &site.title, host, has_passwords: site.terms.passwords().is_some() }
    }
}

/// What finds an error again: it stands on the page and in the log.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Reference<'a> {
    /// Letters and digits that name the request.
    pub id: &'a str,
    /// When it was answered.
    pub at: UnixMillis,
}

/// Why a typed address was refused. The sentences are in `fields.html`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressProblem {
    /// Nothing was typed.
    Missing,
    /// Not of the form `name@example.com`.
    Malformed,
    /// More than one address.
    Several,
    /// Quotes, comments, IP literals, letters outside ASCII before the `@`.
    Unsupported,
    /// More than 254 bytes, or more than 64 before the `@`.
    TooLong,
    /// A well-formed address, but not the one the mail was sent to.
    Mismatch,
}

/// Why a password was refused, for the words at the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PasswordProblem {
    /// Nothing was typed.
    Missing,
    /// It does not sign in: nobody is told whether there is such a person, or such a password.
    Wrong,
    /// A new one with too few characters.
    TooShort {
        /// How many it needs.
        least: u32,
    },
    /// More characters than anybody types.
    TooLong {
        /// How many it may have.
        most: usize,
    },
    /// A new one that is among the first to be tried.
    Guessable,
}

/// A page: a view with its template and its status.
pub trait Page: Serialize {
    /// Name of the template.
    fn template(&self) -> &'static str;

    /// The status this page is answered with.
    fn status(&self) -> StatusCode {
        StatusCode::OK
    }

    /// The page as HTML.
    ///
    /// Infallible for callers: a template that fails at run time (only an operator's override
    /// can) becomes the built-in page for an internal error, with status 500 and a log entry.
    fn render(&self, look: &Look) -> Html
    where
        Self: Sized,
    {
        look.pages.render(self, look)
    }
}

/// A rendered page with its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Html {
    /// The HTTP status.
    pub status: StatusCode,
    /// The document.
    pub body: String,
}

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        (self.status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], self.body)
            .into_response()
    }
}

impl Pages {
    /// Compiles the templates of a brand, for each language. `prefix` is the reserved path without
    /// a slash at its end (`/.linkgate`).
    ///
    /// # Errors
    /// [`BrandError`] when a template does not compile, with its file and line.
    pub fn new(prefix: &str, branding: Arc<Branding>) -> Result<Self, BrandError> {
        let assets = Assets::new(&branding);
        let url = |asset: &Asset| format!("{prefix}/assets/{}", asset.name);
        let (stylesheet, icon) = (url(assets.stylesheet()), url(assets.icon()));
        let brand = BrandView {
            operator: branding.brand.operator.as_deref(),
            help_url: branding.brand.help_url.as_deref(),
            logo: assets.logo().map(url),
        };
        let mut engines = Vec::new();
        for language in &branding.languages {
            let mut engine = environment(engine::PAGES, &branding, *language)
                .map_err(|error| branding.fault(&error))?;
            engine.add_global("prefix", prefix);
            engine.add_global("stylesheet", stylesheet.as_str());
            engine.add_global("script", url(assets.script()));
            engine.add_global("icon", icon.as_str());
            engine.add_global("brand", Value::from(Serde(&brand)));
            let choices = choices(&branding.languages, *language);
            engine.add_global("languages", Value::from(Serde(&choices)));
            engines.push((*language, engine));
        }
        let script = url(assets.script());
        let addresses = [("STYLESHEET", &*stylesheet), ("SCRIPT", &script), ("ICON", &icon)];
        let last_resort = LastResort::new(&branding, &addresses)?;
        Ok(Self { engines, assets, last_resort, branding })
    }

    /// Renders every page in every state and language with sample data.
    ///
    /// # Errors
    /// [`BrandError`] for the first template that fails, with its file and line.
    pub fn check(&self) -> Result<(), BrandError> {
        let mut check = Check { pages: self, fault: None };
        samples::show_all(&mut check);
        check.fault.map_or(Ok(()), Err)
    }

    /// The files that the pages load, under their hashed names.
    #[must_use]
    pub fn assets(&self) -> &Assets {
        &self.assets
    }

    /// The pages that need neither template engine nor store.
    #[must_use]
    pub fn last_resort(&self) -> &LastResort {
        &self.last_resort
    }

    /// The brand, its languages and its phrases.
    #[must_use]
    pub fn branding(&self) -> &Branding {
        &self.branding
    }

    /// The language for those who understand none of the others.
    #[must_use]
    pub fn first_language(&self) -> Language {
        self.branding.languages.first().copied().unwrap_or_default()
    }

    fn render<P: Page>(&self, page: &P, look: &Look) -> Html {
        match self.try_render(page, look.language, &look.here) {
            Ok(body) => Html { status: page.status(), body },
            Err(error) => {
                let template = page.template();
                let reference = &*look.reference;
                tracing::error!(reference, template, %error, "a page could not be rendered");
                self.last_resort.internal(look)
            }
        }
    }

    /// The page, or what is wrong with its template.
    pub(crate) fn try_render<P: Page>(
        &self,
        page: &P,
        language: Language,
        here: &str,
    ) -> Result<String, BrandError> {
        let found = self.engines.iter().find(|(other, _)| *other == language);
        let Some((_, engine)) = found.or(self.engines.first()) else { return Ok(String::new()) };
        let view = context! { here, ..Value::from(Serde(page)) };
        engine
            .get_template(page.template())
            .and_then(|template| template.render(view))
            .map_err(|error| self.branding.fault(&error))
    }
}

/// Tries templates out, up to the first fault.
struct Check<'a> {
    pages: &'a Pages,
    fault: Option<BrandError>,
}

impl samples::Viewer for Check<'_> {
    fn view<P: Page>(&mut self, _: &str, page: &P) {
        for (language, _) in &self.pages.engines {
            if self.fault.is_none() {
                self.fault = self.pages.try_render(page, *language, "/").err();
            }
        }
    }
}

/// The languages to choose from; none where there is no choice.
fn choices(languages: &[Language], current: Language) -> Vec<Choice> {
    let choice = |language: &Language| Choice {
        tag: language.tag(),
        name: language.own_name(),
        current: *language == current,
    };
    if languages.len() < 2 { Vec::new() } else { languages.iter().map(choice).collect() }
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Pages").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
