//! The pages that visitors see: typed views, rendered by templates that are built in.
//!
//! A page is a plain struct that holds exactly what its template shows (see [`Page`]). A handler
//! fills it in and calls [`Page::render`]; status and text of a page cannot disagree, because the
//! view knows its own status. Every sentence lives in the page's template and nowhere else, and
//! all templates share one layout: that is where translation, overrides and branding attach.
//!
//! Pages carry no inline style or script (the `Content-Security-Policy` forbids both), load one
//! style sheet and one small script (see [`assets`]), and all work without the script.

pub mod assets;
pub mod clock;
mod engine;
pub mod last_resort;
pub mod link;
pub mod local;
pub mod notice;
pub mod session;
pub mod sign_in;
pub mod words;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use minijinja::Environment;
use minijinja::value::{Serde, Value};
use serde::Serialize;

pub(crate) use engine::environment;

use assets::Assets;
use last_resort::LastResort;

/// Everything needed to render pages: built once at the start, shared by all requests.
pub struct Pages {
    environment: Environment<'static>,
    assets: Assets,
    last_resort: LastResort,
}

/// Who runs the service and where help is found; shown at the same place of every page
/// (WCAG 2.2, 3.2.6 *Consistent Help*).
#[derive(Clone, Debug, Default, Serialize)]
pub struct Brand {
    /// The operator's name, as in "Run by …".
    pub operator: Option<String>,
    /// Where help is found: an `https:` or `mailto:` URL from the configuration.
    pub help_url: Option<String>,
}

/// The site a page speaks about.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Site<'a> {
    /// The name people know it by.
    pub name: &'a str,
    /// Host, with the port where it is not the default one.
    pub host: &'a str,
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
    fn render(&self, pages: &Pages) -> Html
    where
        Self: Sized,
    {
        pages.render(self)
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
    /// Compiles the built-in templates. `prefix` is the reserved path without a slash at its end
    /// (`/.linkgate`).
    ///
    /// # Errors
    /// When a template does not compile.
    pub fn new(prefix: &str, brand: &Brand) -> Result<Self, minijinja::Error> {
        let assets = Assets::new();
        let stylesheet = format!("{prefix}/assets/{}", assets.stylesheet().name);
        let script = format!("{prefix}/assets/{}", assets.script().name);
        let icon = format!("{prefix}/assets/{}", assets.icon().name);
        let mut environment = environment(engine::PAGES)?;
        environment.add_global("prefix", prefix);
        environment.add_global("stylesheet", stylesheet.as_str());
        environment.add_global("script", script);
        environment.add_global("icon", icon.as_str());
        environment.add_global("brand", Value::from(Serde(brand)));
        Ok(Self { environment, assets, last_resort: LastResort::new(&stylesheet, &icon) })
    }

    /// The style sheet, the script and the icon, under their hashed names.
    #[must_use]
    pub fn assets(&self) -> &Assets {
        &self.assets
    }

    /// The pages that need neither template engine nor store.
    #[must_use]
    pub fn last_resort(&self) -> &LastResort {
        &self.last_resort
    }

    fn render<P: Page>(&self, page: &P) -> Html {
        let name = page.template();
        let text = self
            .environment
            .get_template(name)
            .and_then(|template| template.render(Value::from(Serde(page))));
        match text {
            Ok(body) => Html { status: page.status(), body },
            Err(error) => {
                tracing::error!(template = name, %error, "a page could not be rendered");
                self.last_resort.internal("template")
            }
        }
    }
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Pages").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
