//! The pages as HTML.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use minijinja::value::{Serde, Value};
use minijinja::{Environment, context};
use serde::Serialize;

use crate::domain::language::Language;
use crate::portal::brand::{BrandError, Branding};
use crate::portal::pages::assets::{Asset, Assets, own};
use crate::portal::pages::engine::Source;
use crate::portal::pages::environment;

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../templates/", $name)))),*]
    };
}

const TEMPLATES: &[Source] = templates![
    "admin/layout.html",
    "admin/events.html",
    "admin/notice.html",
    "admin/sign_in.html",
    "admin/overview.html",
    "admin/person.html",
    "admin/sessions.html",
];
/// Beside the style sheet of all pages.
const STYLE: &str = include_str!("../../assets/admin.css");

/// The templates, compiled once.
pub(super) struct Views {
    engine: Environment<'static>,
    assets: Assets,
    style: Asset,
}

impl Views {
    /// `signs_out`: there is something to sign out of.
    pub(super) fn new(signs_out: bool) -> Result<Self, BrandError> {
        let branding = Branding::built_in()?;
        let mut engine = environment(TEMPLATES, &branding, Language::English)
            .map_err(|error| branding.fault(&error))?;
        let (assets, style) = (Assets::new(&branding), own(STYLE));
        let url = |asset: &Asset| format!("/assets/{}", asset.name);
        engine.add_global("stylesheet", url(assets.stylesheet()));
        engine.add_global("own_stylesheet", url(&style));
        engine.add_global("script", url(assets.script()));
        engine.add_global("icon", url(assets.icon()));
        engine.add_global("signs_out", signs_out);
        engine.add_global("version", env!("CARGO_PKG_VERSION"));
        Ok(Self { engine, assets, style })
    }

    /// A file of the pages.
    pub(super) fn asset(&self, name: &str) -> Option<&Asset> {
        self.assets.find(name).or_else(|| Some(&self.style).filter(|asset| asset.name == name))
    }

    /// A page.
    pub(super) fn show<V: Serialize>(&self, status: StatusCode, name: &str, view: &V) -> Response {
        self.answer(status, name, Value::from(Serde(view)))
    }

    /// A page with nothing but a sentence.
    pub(super) fn notice(&self, status: StatusCode, title: &str, text: &str) -> Response {
        let view = context! { title, text, inside => status != StatusCode::MISDIRECTED_REQUEST };
        self.answer(status, "admin/notice.html", view)
    }

    /// Where the token is typed.
    pub(super) fn sign_in(&self, is_wrong: bool) -> Response {
        let status = if is_wrong { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
        self.answer(status, "admin/sign_in.html", context! { is_wrong })
    }

    fn answer(&self, status: StatusCode, name: &str, view: Value) -> Response {
        let rendered = self.engine.get_template(name).and_then(|it| it.render(view));
        match rendered {
            Ok(html) => {
                (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
            }
            Err(error) => {
                tracing::error!(name, %error, "an admin page could not be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}
