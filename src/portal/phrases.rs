//! Every sentence of pages and mails, in every language (Fluent, projectfluent.org).
//!
//! The built-in texts are compiled in; `build.rs` refuses to build when a language lacks a message
//! or a variable of the English one. An operator may replace single messages, in the configuration
//! or with a file of a template folder; those are checked when linkgate starts, with their places.

pub(crate) mod in_templates;
mod syntax;

use std::collections::BTreeMap;
use std::sync::Arc;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::domain::language::Language;
use in_templates::{Fixed, FixedWords};
use syntax::{Message, messages};

macro_rules! built_in {
    ($($language:ident = $folder:literal),* $(,)?) => {
        /// The built-in texts of a language: pages, mails.
        const fn built_in(language: Language) -> [&'static str; 2] {
            match language {
                $(Language::$language => [
                    include_str!(concat!("languages/", $folder, "/pages.ftl")),
                    include_str!(concat!("languages/", $folder, "/mails.ftl")),
                ],)*
            }
        }
    };
}

built_in!(English = "en", German = "de", French = "fr", Spanish = "es", Arabic = "ar");

/// Texts that replace built-in ones.
#[derive(Clone, Debug)]
pub struct Overlay {
    /// For which language.
    pub language: Language,
    /// Where they come from, for messages: a file, or a file with line and column.
    pub place: Place,
    /// Fluent text: one or more messages.
    pub text: String,
}

/// Where an operator's text stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A whole file: lines are counted in it.
    File(String),
    /// One entry of the configuration, with its place already in words.
    Entry(String),
}

/// A text of the operator that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct PhraseError {
    /// File and line.
    pub place: String,
    /// What is wrong, and the cure.
    pub what: String,
}

/// A message could not be made: there is none, or a variable is missing. With the built-in texts
/// and pages this never happens; a test renders all of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("message `{key}`: {what}")]
pub struct Unsayable {
    /// The message.
    pub key: String,
    /// Why.
    pub what: String,
}

/// All messages of all languages.
pub struct Phrases {
    spoken: Vec<Spoken>,
}

/// The messages of one language.
struct Spoken {
    language: Language,
    bundle: FluentBundle<Arc<FluentResource>>,
    /// Those that have no values.
    fixed: Fixed,
}

impl Phrases {
    /// Reads the built-in texts, and those that replace some of them.
    ///
    /// # Errors
    /// [`PhraseError`] for an overlay that is not Fluent, or names a message or a variable that is
    /// not there.
    pub fn new(overlays: &[Overlay]) -> Result<Self, PhraseError> {
        let english = known_messages();
        let mut spoken = Vec::new();
        for language in Language::ALL {
            let mut bundle = FluentBundle::new_concurrent(vec![identifier(language)]);
            // Isolation marks would be copied along with addresses; pages use <bdi> instead.
            bundle.set_use_isolating(false);
            for text in built_in(language) {
                bundle.add_resource_overriding(Arc::new(whole(text)));
            }
            for overlay in overlays.iter().filter(|overlay| overlay.language == language) {
                bundle.add_resource_overriding(Arc::new(checked(overlay, &english)?));
            }
            spoken.push(Spoken::new(language, bundle, english.keys()));
        }
        Ok(Self { spoken })
    }

    /// A message in a language, with its values put in.
    ///
    /// # Errors
    /// [`Unsayable`].
    pub fn say(
        &self,
        language: Language,
        key: &str,
        values: &[(&str, Said<'_>)],
    ) -> Result<String, Unsayable> {
        let unsayable = |what: String| Unsayable { key: key.to_owned(), what };
        let spoken = self.spoken(language).ok_or_else(|| unsayable("no such language".into()))?;
        spoken.say(key, values).map_err(unsayable)
    }

    /// The messages of a language that have no values.
    fn fixed(&self, language: Language) -> Option<&Fixed> {
        self.spoken(language).map(|spoken| &spoken.fixed)
    }

    fn spoken(&self, language: Language) -> Option<&Spoken> {
        self.spoken.iter().find(|spoken| spoken.language == language)
    }
}

impl Spoken {
    fn new<'a>(
        language: Language,
        bundle: FluentBundle<Arc<FluentResource>>,
        keys: impl IntoIterator<Item = &'a String>,
    ) -> Self {
        let mut spoken = Self { language, bundle, fixed: Fixed::new() };
        // What lacks a value is not fixed.
        let fixed = keys
            .into_iter()
            .filter_map(|key| Some((key.clone(), FixedWords::new(spoken.say(key, &[]).ok()?))));
        spoken.fixed = fixed.collect();
        spoken
    }

    fn say(&self, key: &str, values: &[(&str, Said<'_>)]) -> Result<String, String> {
        let pattern = self
            .bundle
            .get_message(key)
            .and_then(|message| message.value())
            .ok_or_else(|| "no such message".to_owned())?;
        let mut arguments = FluentArgs::with_capacity(values.len());
        for (name, value) in values {
            arguments.set(*name, value.as_fluent());
        }
        let mut faults = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&arguments), &mut faults);
        match faults.first() {
            None => Ok(text.into_owned()),
            Some(fault) => Err(fault.to_string()),
        }
    }
}

#[cfg(test)]
impl Phrases {
    /// The English phrases with more of them, for tests of what phrases can do.
    pub(crate) fn with(text: &str) -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec![identifier(Language::English)]);
        bundle.set_use_isolating(false);
        for text in built_in(Language::English).into_iter().chain([text]) {
            bundle.add_resource_overriding(Arc::new(whole(text)));
        }
        let english = known_messages();
        Self { spoken: vec![Spoken::new(Language::English, bundle, english.keys())] }
    }
}

impl std::fmt::Debug for Phrases {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Phrases(..)")
    }
}

/// A value in a message.
#[derive(Clone, Copy, Debug)]
pub enum Said<'a> {
    /// Put in as it is.
    Text(&'a str),
    /// Chooses the plural, and is put in with its digits.
    Number(u32),
}

impl<'a> Said<'a> {
    fn as_fluent(self) -> FluentValue<'a> {
        match self {
            Self::Text(text) => FluentValue::from(text),
            Self::Number(number) => FluentValue::from(number),
        }
    }
}

/// The names and variables of the English messages: what may be replaced.
fn known_messages() -> BTreeMap<String, Message> {
    let read = |text| messages(text).unwrap_or_default();
    built_in(Language::English).into_iter().flat_map(read).collect()
}

/// The names of all messages, for the test that each is used.
#[cfg(test)]
pub(crate) fn keys() -> Vec<String> {
    known_messages().into_keys().collect()
}

fn identifier(language: Language) -> LanguageIdentifier {
    language.tag().parse().unwrap_or_default()
}

/// A built-in text; `build.rs` has read it before.
fn whole(text: &str) -> FluentResource {
    match FluentResource::try_new(text.to_owned()) {
        Ok(resource) | Err((resource, _)) => resource,
    }
}

fn checked(
    overlay: &Overlay,
    english: &BTreeMap<String, Message>,
) -> Result<FluentResource, PhraseError> {
    let fault = |line: usize, what: String| PhraseError { place: overlay.place.at(line), what };
    let found = messages(&overlay.text).map_err(|error| fault(error.line, error.what))?;
    for (key, message) in &found {
        let Some(known) = english.get(key) else {
            let nearest = english
                .keys()
                .map(|other| (strsim::osa_distance(other, key), other))
                .min()
                .filter(|(distance, _)| *distance <= 4)
                .map(|(_, other)| format!("; did you mean `{other}`?"))
                .unwrap_or_default();
            return Err(fault(message.line, format!("there is no message `{key}`{nearest}")));
        };
        if let Some(name) = message.variables.difference(&known.variables).next() {
            let names: Vec<String> =
                known.variables.iter().map(|name| format!("${name}")).collect();
            let cure = match names.is_empty() {
                true => "it has none".to_owned(),
                false => format!("it has {}", names.join(", ")),
            };
            let what = format!("the message `{key}` has no value `${name}`; {cure}");
            return Err(fault(message.line, what));
        }
    }
    Ok(whole(&overlay.text))
}

impl Place {
    fn at(&self, line: usize) -> String {
        match self {
            Self::File(name) => format!("{name}:{line}"),
            Self::Entry(words) => words.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
