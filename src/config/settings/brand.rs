//! Whose pages these are.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::problem::KeyPlace;
use crate::domain::colour::Colour;
use crate::domain::language::Language;

/// What the operator changes about pages and mails without code. What is none is as it was built in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrandConfig {
    /// The operator, for "Run by …". Plain text on one line.
    pub operator: Option<String>,
    /// Where people find help: a URL of `https:` or `mailto:`, in the form that browsers write.
    pub help_url: Option<String>,
    /// The logo: the text of an SVG that is a plain drawing, without scripts and addresses.
    pub logo: Option<Arc<str>>,
    /// The ground of buttons in the light scheme; the text on it is its
    /// [`ink`](Colour::ink).
    pub accent: Option<Colour>,
    /// The ground of buttons in the dark scheme. It is there whenever `accent` is.
    pub accent_dark: Option<Colour>,
    /// Texts in place of the built-in ones: each language and key once.
    pub texts: Vec<BrandText>,
    /// The folder with pages and mails in place of the built-in ones. It could be listed when the
    /// configuration was read.
    pub templates: Option<PathBuf>,
}

/// A text in place of a built-in one. Whether a message of that key exists, and takes the variables
/// of the text, is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandText {
    /// The language.
    pub language: Language,
    /// The key of the message.
    pub key: String,
    /// The text, as a message of Fluent has it behind the `=`.
    pub text: String,
    /// Where the file says so, for whoever finds that the key or the text cannot be.
    pub place: KeyPlace,
}
