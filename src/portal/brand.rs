//! How a site looks: name, help, logo, colours, texts, and templates of the operator's own.
//!
//! Everything an operator brings is read once and tried with sample data when linkgate starts
//! ([`Pages::check`](super::pages::Pages::check), [`Mails::check`](super::mail::Mails::check)): a
//! broken template is refused with its file and line, and never locks anybody out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::mail;
use super::pages::engine;
use super::phrases::{Overlay, PhraseError, Phrases, Place};
use crate::domain::language::Language;

/// What the configuration says of the looks of a site.
#[derive(Clone, Debug, Default)]
pub struct Brand {
    /// The operator's name, as in "Run by …".
    pub operator: Option<String>,
    /// Where help is found: an `https:` or `mailto:` URL.
    pub help_url: Option<String>,
    /// The content of an SVG file, checked by the configuration.
    pub logo: Option<Arc<str>>,
    /// The colours of buttons.
    pub accent: Option<Accent>,
    /// Texts in place of built-in ones.
    pub texts: Vec<Text>,
    /// The folder with templates of the operator's own.
    pub templates: Option<PathBuf>,
}

/// The colours of buttons in light and in dark surroundings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accent {
    /// On light ground.
    pub light: Shade,
    /// On dark ground.
    pub dark: Shade,
}

/// The colours of a button, as `#rrggbb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shade {
    /// The button.
    pub ground: String,
    /// The words on it.
    pub ink: String,
    /// The button under the pointer.
    pub over: String,
}

/// A text in place of a built-in one.
#[derive(Clone, Debug)]
pub struct Text {
    /// In which language.
    pub language: Language,
    /// Which message.
    pub key: String,
    /// The text, in Fluent.
    pub text: String,
    /// File, line and column, for messages.
    pub place: String,
}

/// Something of the operator's own that cannot be used: place, problem and cure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct BrandError {
    /// File, and line where there is one.
    pub place: String,
    /// What is wrong, and the cure.
    pub what: String,
}

impl From<PhraseError> for BrandError {
    fn from(error: PhraseError) -> Self {
        Self { place: error.place, what: error.what }
    }
}

/// Largest file of a template folder, in bytes.
const LARGEST: u64 = 64 * 1024;
/// The file whose rules come after ours in the style sheet.
const STYLE: &str = "brand.css";

/// A brand with its files read.
#[derive(Debug)]
pub struct Branding {
    /// What the configuration says.
    pub brand: Brand,
    /// The languages that are offered; the first is for those who understand none of them.
    pub languages: Vec<Language>,
    /// All sentences.
    pub phrases: Arc<Phrases>,
    folder: PathBuf,
    templates: BTreeMap<String, String>,
    style: String,
}

impl Branding {
    /// Reads the files of a brand.
    ///
    /// # Errors
    /// [`BrandError`] for a folder or file that cannot be read, a file that is none of ours, or a
    /// text that cannot be used.
    pub fn read(brand: Brand, languages: &[Language]) -> Result<Self, BrandError> {
        let folder = brand.templates.clone().unwrap_or_default();
        let mut files = match &brand.templates {
            Some(folder) => files(folder)?,
            None => BTreeMap::new(),
        };
        let mut overlays = Vec::new();
        for language in Language::ALL {
            if let Some(text) = files.remove(&format!("{language}.ftl")) {
                let place = folder.join(format!("{language}.ftl")).display().to_string();
                overlays.push(Overlay { language, place: Place::File(place), text });
            }
        }
        for text in &brand.texts {
            overlays.push(overlay(text)?);
        }
        let phrases = Arc::new(Phrases::new(&overlays)?);
        let style = files.remove(STYLE).unwrap_or_default();
        let languages = match languages {
            [] => Language::ALL.to_vec(),
            some => some.to_vec(),
        };
        Ok(Self { brand, languages, phrases, folder, templates: files, style })
    }

    /// The built-in looks.
    ///
    /// # Errors
    /// Never, as long as the built-in texts are Fluent; `build.rs` holds them so.
    pub fn built_in() -> Result<Self, BrandError> {
        Self::read(Brand::default(), &Language::ALL)
    }

    /// A template: the operator's own, or the built-in one.
    #[must_use]
    pub fn template(&self, name: &str, built_in: &str) -> String {
        self.templates.get(name).map_or_else(|| built_in.to_owned(), Clone::clone)
    }

    /// What comes after the rules of our own style sheet.
    #[must_use]
    pub fn style(&self) -> String {
        let rule = |shade: &Shade| {
            let Shade { ground, ink, over } = shade;
            format!(":root{{--accent:{ground};--accent-ink:{ink};--accent-over:{over}}}\n")
        };
        let colours = self.brand.accent.as_ref().map(|accent| {
            let (light, dark) = (rule(&accent.light), rule(&accent.dark));
            format!("{light}@media (prefers-color-scheme: dark) {{ {dark} }}\n")
        });
        format!("{}{}", colours.unwrap_or_default(), self.style)
    }

    /// Whether there is anything that a test of ours has not seen.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.brand.templates.is_some() || !self.brand.texts.is_empty()
    }

    /// The place of a fault in a template, with the file where it is the operator's.
    #[must_use]
    pub fn fault(&self, error: &minijinja::Error) -> BrandError {
        let name = error.name().unwrap_or("a template");
        let line = error.line().map(|line| format!(":{line}")).unwrap_or_default();
        let file = if self.templates.contains_key(name) {
            self.folder.join(name).display().to_string()
        } else {
            name.to_owned()
        };
        BrandError { place: format!("{file}{line}"), what: innermost(error) }
    }
}

/// The cause at the bottom says what is wrong; those above it only say where it was met.
fn innermost(error: &minijinja::Error) -> String {
    let detail = |error: &minijinja::Error| match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    };
    let mut said = detail(error);
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        said = error.downcast_ref::<minijinja::Error>().map_or_else(|| error.to_string(), detail);
        cause = error.source();
    }
    said
}

fn overlay(text: &Text) -> Result<Overlay, BrandError> {
    let is_name = text.key.starts_with(|c: char| c.is_ascii_lowercase())
        && text.key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_name {
        let what = format!("`{}` is no name of a message, like `sign-in-title`", text.key);
        return Err(BrandError { place: text.place.clone(), what });
    }
    Ok(Overlay {
        language: text.language,
        place: Place::Entry(text.place.clone()),
        // A line that begins with a sign of Fluent would end the message: one line it is.
        text: format!("{} = {}\n", text.key, text.text.replace(['\n', '\r'], " ")),
    })
}

/// The files of a template folder by name, with `/` between folders.
fn files(folder: &Path) -> Result<BTreeMap<String, String>, BrandError> {
    let mut found = BTreeMap::new();
    let known = known_files();
    for (name, path) in listing(folder, "", &known)? {
        let fault = |what: String| BrandError { place: path.display().to_string(), what };
        if !known.contains(&name) {
            let nearest = known
                .iter()
                .map(|other| (strsim::osa_distance(other, &name), other))
                .min()
                .filter(|(distance, _)| *distance <= 4)
                .map(|(_, other)| format!("; did you mean `{other}`?"))
                .unwrap_or_default();
            return Err(fault(format!("there is no template of this name{nearest}")));
        }
        let size = std::fs::metadata(&path)
            .map_err(|error| fault(format!("cannot be read ({})", error.kind())))?
            .len();
        if size > LARGEST {
            return Err(fault(format!("is larger than {LARGEST} bytes")));
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|error| fault(format!("cannot be read ({})", error.kind())))?;
        found.insert(name, text);
    }
    Ok(found)
}

/// Every file below the folder; one more folder deep, because the mails have one of their own.
fn listing(
    folder: &Path,
    above: &str,
    known: &[String],
) -> Result<Vec<(String, PathBuf)>, BrandError> {
    let fault = |error: &std::io::Error| BrandError {
        place: folder.display().to_string(),
        what: format!("cannot be read ({})", error.kind()),
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| fault(&error))? {
        let entry = entry.map_err(|error| fault(&error))?;
        let name = format!("{above}{}", entry.file_name().to_string_lossy());
        // What editors and version control leave behind.
        if entry.file_name().to_string_lossy().starts_with('.') || name.ends_with('~') {
            continue;
        }
        let is_folder = entry.path().is_dir();
        let below = format!("{name}/");
        if is_folder && above.is_empty() && known.iter().any(|file| file.starts_with(&below)) {
            found.extend(listing(&entry.path(), &below, known)?);
        } else {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// The names that a template folder may hold.
fn known_files() -> Vec<String> {
    let templates = engine::PAGES.iter().chain(mail::TEMPLATES).map(|(name, _)| (*name).to_owned());
    let texts = Language::ALL.into_iter().map(|language| format!("{language}.ftl"));
    templates.chain(texts).chain([STYLE.to_owned()]).collect()
}
