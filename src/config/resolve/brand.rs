//! Whose pages these are: `brand` and `sites[].brand`.

use std::io;
use std::sync::Arc;

use url::Url;

use super::languages::language;
use super::secrets::unreadable;
use crate::config::defaults::{CARD, CARD_DARK};
use crate::config::file::{BrandFile, ColorsFile, Map, Named, TextsFile};
use crate::config::located::{Located, Text};
use crate::config::problem::Fault;
use crate::config::scope::{Scope, line, path_text};
use crate::config::settings::{BrandConfig, BrandText};
use crate::config::svg;
use crate::domain::colour::{Colour, ColourError};
use crate::domain::email::EmailAddress;
use crate::domain::language::Language;
use crate::domain::letter;

/// Every page has the logo; a drawing that is larger is a photograph or was never tidied.
const LONGEST_LOGO: usize = 4096;
const LONGEST_TEXT: usize = 2000;
/// WCAG 2.2, 1.4.11: what shows where a button is.
const BUTTON_CONTRAST: f64 = 3.0;
/// WCAG 2.2, 1.4.3: what a colour that we choose reaches, so that it does for text, too.
const TEXT_CONTRAST: f64 = 4.5;

/// A brand, over what holds already. `offered` are the languages of the installation.
pub(super) fn brand(
    parent: &Scope<'_>,
    file: Option<&Map<BrandFile>>,
    common: &BrandConfig,
    offered: &[Language],
) -> BrandConfig {
    let mut brand = common.clone();
    let Some(Located { value: file, at }) = file else { return brand };
    let scope = parent.key("brand", *at);
    let operator = scope.optional("name", file.name.as_ref(), line(80));
    let help_url = scope.optional("help", file.help.as_ref(), help);
    let logo = scope.optional("logo", file.logo.as_ref(), |text| logo(&scope, text));
    let templates = scope.optional("templates", file.templates.as_ref(), |text| {
        let path = scope.file_path(&path_text(text)?);
        let listed = scope.run.environment.list(&path);
        listed.map(|()| path).map_err(|error| no_folder(&error, &scope))
    });
    brand.operator = operator.or(brand.operator);
    brand.help_url = help_url.or(brand.help_url);
    brand.logo = logo.or(brand.logo);
    brand.templates = templates.or(brand.templates);
    if let Some(Located { value: file, at }) = &file.colors {
        colors(&scope.key("colors", *at), file, &mut brand);
    }
    if let Some(Located { value: file, at }) = &file.texts {
        for text in texts(&scope.key("texts", *at), file, offered) {
            brand.texts.retain(|other| (other.language, &other.key) != (text.language, &text.key));
            brand.texts.push(text);
        }
    }
    brand
}

fn help(text: &str) -> Result<String, Fault> {
    let fault = Fault::new("must be a URL of https or mailto");
    let url = match Url::parse(text) {
        Ok(url) if !text.contains(char::is_whitespace) => url,
        _ if !text.contains(':') && EmailAddress::parse(text).is_ok() => {
            return Err(fault.hint(format!("did you mean `mailto:{text}`?")));
        }
        _ => return Err(fault.hint("write it like `https://help.example.com/sign-in`")),
    };
    match url.scheme() {
        "https" if !url.username().is_empty() || url.password().is_some() => {
            Err(Fault::new("holds a user name: everybody reads it"))
        }
        // What RFC 6068 has besides, several addresses and escapes, no help desk needs.
        "mailto" if EmailAddress::parse(url.path()).is_err() => {
            Err(Fault::new("must be a mail to exactly one address")
                .hint("write it like `mailto:help@example.com`"))
        }
        "https" | "mailto" => Ok(url.into()),
        "http" => Err(fault.hint("people in trouble are easily misled: give the page https")),
        _ => Err(fault.hint("write it like `https://help.example.com/sign-in`")),
    }
}

fn logo(scope: &Scope<'_>, text: &str) -> Result<Arc<str>, Fault> {
    if text.contains('<') {
        return Err(Fault::new("must be the path of an SVG file, not its content")
            .hint("write the drawing into a file beside this one"));
    }
    let path = scope.file_path(&path_text(text)?);
    let bytes =
        scope.run.environment.read(&path).map_err(|error| unreadable(&error, scope.run.base))?;
    if bytes.len() > LONGEST_LOGO {
        let what = format!("names a file of {} bytes, of at most {LONGEST_LOGO}", bytes.len());
        return Err(Fault::new(what).hint("use a simpler drawing, or tidy it with an optimiser"));
    }
    let drawing = String::from_utf8(bytes).map_err(|_| {
        Fault::new("names a file that is no SVG in UTF-8")
            .hint("a logo is one drawing of vectors; a photograph cannot be one")
    })?;
    let drawing = drawing.strip_prefix('\u{feff}').unwrap_or(&drawing);
    match svg::check(drawing) {
        Ok(()) => Ok(drawing.into()),
        Err(error) => Err(Fault::new(format!("names an SVG that {error}"))
            .hint("save it as a plain, optimised SVG: shapes and gradients, nothing else")),
    }
}

fn no_folder(error: &io::Error, scope: &Scope<'_>) -> Fault {
    match error.kind() {
        io::ErrorKind::NotADirectory => Fault::new("must be a folder")
            .hint("it holds the pages and mails that replace the built-in ones"),
        io::ErrorKind::NotFound => {
            let hint = unreadable(error, scope.run.base).hint.unwrap_or_default();
            Fault::new("names a folder that does not exist").hint(hint)
        }
        kind => Fault::new(format!("names a folder that cannot be read ({kind})"))
            .hint("let the user that runs linkgate read it"),
    }
}

/// A new `accent` brings its own dark one: that of another brand would not fit.
fn colors(scope: &Scope<'_>, file: &ColorsFile, brand: &mut BrandConfig) {
    let read = |key, text: &Option<Text>, card, scheme| {
        scope.optional(key, text.as_ref(), |text| colour(text, card, scheme))
    };
    let accent = read("accent", &file.accent, CARD, "light");
    let accent_dark = read("accent_dark", &file.accent_dark, CARD_DARK, "dark");
    let derived = accent.map(|accent| accent.readable_on(CARD_DARK, TEXT_CONTRAST));
    brand.accent = accent.or(brand.accent);
    brand.accent_dark = accent_dark.or(derived).or(brand.accent_dark);
}

fn colour(text: &str, card: Colour, scheme: &str) -> Result<Colour, Fault> {
    let colour: Colour = text.parse().map_err(|error: ColourError| {
        Fault::new(error.to_string())
            .hint("write it like \"#2257c5\": without quotes YAML takes it for a comment")
    })?;
    let contrast = colour.contrast(card);
    if contrast >= BUTTON_CONTRAST {
        return Ok(colour);
    }
    // Cut, not rounded: 2.996 is not 3.00.
    let contrast = (contrast * 100.0).floor() / 100.0;
    let what = format!(
        "cannot be told from the page in the {scheme} scheme ({card}): the contrast is \
         {contrast:.2}:1 and must be {BUTTON_CONTRAST}:1"
    );
    let near = colour.readable_on(card, BUTTON_CONTRAST);
    Err(Fault::new(what).hint(format!("the nearest that can is \"{near}\"")))
}

fn texts(scope: &Scope<'_>, file: &TextsFile, offered: &[Language]) -> Vec<BrandText> {
    let mut texts = Vec::new();
    for (tag, Named(messages)) in &file.0 {
        let scope = scope.named(tag);
        let read = scope.value(&tag.value, language);
        if let Some(language) = read.filter(|language| !offered.contains(language)) {
            let fault = Fault::new("are never shown: `languages` does not offer this language");
            scope.warn(fault.value(language.tag()).hint("add it there, or remove the texts"));
        }
        for (key, text) in messages {
            let scope = scope.named(key);
            let message = scope.value(&key.value, message_key);
            let text = scope.value(&text.value, message_text);
            if let (Some(language), Some(key), Some(text)) = (read, message, text) {
                texts.push(BrandText { language, key, text, place: scope.key_place() });
            }
        }
    }
    texts
}

/// An identifier of Fluent.
fn message_key(text: &str) -> Result<String, Fault> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let is_key = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(plain)
        && text.len() <= 80;
    if is_key {
        return Ok(text.to_owned());
    }
    Err(Fault::new("is no key of a text").hint("write it like `sign-in-title`"))
}

fn message_text(text: &str) -> Result<String, Fault> {
    let hint = "remove the key to have the built-in text";
    // Not more: whoever writes pages from right to left isolates parts of them.
    let is_unseen = |sign: char| letter::breaks_line(sign) && sign != '\n';
    match text.chars().count() {
        _ if text.trim().is_empty() => Err(Fault::new("must not be empty").hint(hint)),
        _ if text.contains(is_unseen) => {
            Err(Fault::new("has signs that cannot be shown").hint("remove tabs and controls"))
        }
        0..=LONGEST_TEXT => Ok(text.to_owned()),
        count => Err(Fault::new(format!("has {count} characters, of at most {LONGEST_TEXT}"))
            .hint("a page of your own goes into the folder `templates`")),
    }
}
