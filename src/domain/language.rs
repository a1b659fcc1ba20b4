//! The languages of pages and mails.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A language that pages and mails are written in.
///
/// ```
/// # use linkgate::domain::language::Language;
/// assert_eq!("ar".parse(), Ok(Language::Arabic));
/// assert_eq!(Language::Arabic.direction(), "rtl");
/// assert_eq!(Language::German.own_name(), "Deutsch");
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum Language {
    /// English; what is shown to those who understand none of the others.
    #[default]
    #[serde(rename = "en")]
    English,
    /// German.
    #[serde(rename = "de")]
    German,
    /// French.
    #[serde(rename = "fr")]
    French,
    /// Spanish.
    #[serde(rename = "es")]
    Spanish,
    /// Arabic, written from right to left.
    #[serde(rename = "ar")]
    Arabic,
}

/// A text that names none of our languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no language of linkgate")]
pub struct UnknownLanguage;

impl Language {
    /// Every language, in the order in which they are offered.
    pub const ALL: [Self; 5] =
        [Self::English, Self::German, Self::French, Self::Spanish, Self::Arabic];

    /// The language tag (BCP 47), as in `lang="de"`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Arabic => "ar",
        }
    }

    /// The name in the language itself: whoever needs it reads no other.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::French => "Français",
            Self::Spanish => "Español",
            Self::Arabic => "العربية",
        }
    }

    /// The direction of its script, as in `dir="rtl"`.
    #[must_use]
    pub const fn direction(self) -> &'static str {
        match self {
            Self::English | Self::German | Self::French | Self::Spanish => "ltr",
            Self::Arabic => "rtl",
        }
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        Self::ALL.into_iter().find(|language| language.tag() == text).ok_or(UnknownLanguage)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.tag())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_the_one_way_to_write_it() {
        for language in Language::ALL {
            assert_eq!(language.tag().parse(), Ok(language));
            let stored = serde_json::to_string(&language).unwrap();
            assert_eq!(stored, format!("\"{language}\""));
            assert_eq!(serde_json::from_str::<Language>(&stored).unwrap(), language);
        }
        for text in ["", "EN", "en-GB", "nl", "de "] {
            assert_eq!(text.parse::<Language>(), Err(UnknownLanguage), "{text:?}");
        }
    }
}
