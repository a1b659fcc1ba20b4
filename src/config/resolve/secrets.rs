//! Fetching secrets from where the file says they are. Nothing here repeats a value of the file:
//! who writes the secret itself at the place of its name must not find it in a log.

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::config::problem::Fault;
use crate::config::scope::Scope;
use crate::config::secret_source::SecretSource;
use crate::config::settings::Password;

/// What was found.
pub(super) enum Fetched {
    /// The bytes as they are.
    Bytes(Zeroizing<Vec<u8>>),
    /// The file is not there; the scope is that of its path.
    NoFile(PathBuf),
}

/// Fetches a secret; reports everything but a missing file.
pub(super) fn fetch(scope: &Scope<'_>, source: &SecretSource) -> Option<Fetched> {
    match source {
        SecretSource::Env(name) => {
            let scope = scope.key("env", name.at);
            match variable(&scope, &name.value) {
                Ok(value) => Some(Fetched::Bytes(Zeroizing::new(value.into_bytes()))),
                Err(fault) => {
                    scope.report(fault);
                    None
                }
            }
        }
        SecretSource::File(path) => {
            let scope = scope.key("file", path.at);
            let path = scope.file_path(&path.value);
            match scope.run.environment.read(&path) {
                Ok(bytes) => {
                    warn_if_open(&scope, &path);
                    Some(Fetched::Bytes(Zeroizing::new(bytes)))
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Some(Fetched::NoFile(path))
                }
                Err(error) => {
                    scope.report(unreadable(&error, scope.run.base));
                    None
                }
            }
        }
        SecretSource::Wrong => {
            scope.report(
                Fault::new("must be `{ env: NAME }` or `{ file: PATH }`")
                    .hint("a secret is never written in this file"),
            );
            None
        }
    }
}

/// Fetches a secret that is a text on one line; a line end behind it is no part of it.
pub(super) fn text(scope: &Scope<'_>, source: &SecretSource) -> Option<Password> {
    let bytes = match fetch(scope, source)? {
        Fetched::Bytes(bytes) => bytes,
        Fetched::NoFile(_) => {
            scope.report(unreadable(&io::ErrorKind::NotFound.into(), scope.run.base));
            return None;
        }
    };
    let text = std::str::from_utf8(&bytes).ok().map(|text| text.trim_end_matches(['\r', '\n']));
    match text {
        Some(text) if !text.is_empty() && !text.contains(char::is_control) => {
            Some(Password::new(text.to_owned()))
        }
        _ => {
            scope.report(Fault::new("leads to something that is not one line of text"));
            None
        }
    }
}

/// Notes a secret that others on the machine can read. It is no mistake: some container platforms
/// hand out all secrets like that, and nobody else is in the container.
pub(super) fn warn_if_open(scope: &Scope<'_>, path: &Path) {
    if scope.run.environment.is_open_to_others(path) {
        scope.warn(
            Fault::new("leads to a secret that others than the owner of the file can read")
                .hint("give it to the user that runs linkgate, and to nobody else: chmod 600 FILE"),
        );
    }
}

/// Why a file cannot be read, without its name.
pub(super) fn unreadable(error: &io::Error, base: &Path) -> Fault {
    let base = if base.as_os_str().is_empty() { Path::new(".") } else { base };
    let fault = match error.kind() {
        io::ErrorKind::NotFound => Fault::new("names a file that does not exist"),
        kind => Fault::new(format!("names a file that cannot be read ({kind})")),
    };
    let base = base.display();
    fault.hint(format!("relative paths begin at `{base}`, the folder of this configuration"))
}

fn variable(scope: &Scope<'_>, name: &str) -> Result<String, Fault> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || name.as_bytes()[0].is_ascii_digit() || !name.bytes().all(is_plain) {
        return Err(Fault::new("must be the name of an environment variable")
            .hint("write the name, not the secret: { env: LINKGATE_SECRET }"));
    }
    match scope.run.environment.variable(name) {
        Some(value) if !value.is_empty() => Ok(value),
        Some(_) => Err(cure(Fault::new("names an environment variable that is empty"), name)),
        None => Err(cure(Fault::new("names an environment variable that is not set"), name)),
    }
}

/// Names the variable only if it looks like the name of one: `SMTP_PASSWORD` and not
/// `JBSWY3DPEHPK3PXP`.
fn cure(fault: Fault, name: &str) -> Fault {
    if name.contains('_') && !name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        fault.hint(format!("set `{name}` where linkgate is started"))
    } else {
        fault.hint("set it where linkgate is started")
    }
}
