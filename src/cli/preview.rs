//! `linkgate preview`: every page and every mail as files to look at.
//!
//! For operators who brand their pages, and for our own tests in a browser, which look at the same
//! files. What is written is what visitors get: the same templates, texts, colours and logos.

mod folder;
mod index;
mod set;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{broken, fail, load, remind, say};
use crate::portal::brand::BrandError;
use folder::Folder;
use set::Set;

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
enum PreviewError {
    /// The folder holds something else.
    #[error(
        "{0}: --out: holds files that are not of a preview, and none of them is to be lost; \
         name a new or an empty folder"
    )]
    Foreign(PathBuf),
    /// A file cannot be written.
    #[error("{path}: cannot be written ({cause})")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A template or a text of the operator's cannot be used.
    #[error("{0}")]
    Brand(#[from] BrandError),
    /// A mail does not make a message.
    #[error("a mail: {0}")]
    Mail(#[from] crate::ports::MailError),
}

/// A page or a mail that was written, for the index.
struct Written {
    /// `check_mail`.
    name: String,
    /// `200`; what a mail is, for mails.
    about: String,
    /// The files in each language.
    files: Vec<(crate::domain::language::Language, Vec<File>)>,
}

/// One file of it.
struct File {
    /// Below the folder of the preview, with `/`.
    path: String,
    /// The words of its link; the language's name if empty.
    words: &'static str,
}

pub(super) fn run(config: Option<&Path>, out: &Path) -> ExitCode {
    let sets = match config.map(load) {
        None => Set::built_in(),
        Some(Ok(config)) => {
            remind(&config.warnings);
            Set::configured(&config)
        }
        Some(Err(code)) => return code,
    };
    match sets.map_err(PreviewError::from).and_then(|sets| write(&sets, out)) {
        Ok(count) => {
            say(&format_args!("{count} pages and mails: {}", out.join(index::FILE).display()));
            ExitCode::SUCCESS
        }
        Err(error @ (PreviewError::Foreign(_) | PreviewError::Brand(_))) => broken(&error),
        Err(error @ (PreviewError::File { .. } | PreviewError::Mail(_))) => fail(&error),
    }
}

/// Writes everything. Returns how many pages and mails there are, counted in one language.
fn write(sets: &[Set], out: &Path) -> Result<usize, PreviewError> {
    let folder = Folder::claim(out)?;
    let mut parts = Vec::new();
    for set in sets {
        parts.push((set, set.write(&folder)?));
    }
    folder.write(index::FILE, index::page(&parts).as_bytes())?;
    Ok(parts.iter().map(|(_, written)| written.len()).sum())
}
