//! The configuration: one YAML file, read into domain types.
//!
//! ```text
//! text ──structure──▶ File ──resolve──▶ Config
//!      keys, lists,   all     meaning,
//!      places         optional  cross-checks
//! ```
//!
//! * `file` is what the YAML may say, `settings` what it means, `defaults` what holds when it says
//!   nothing. `conf/linkgate.yaml` documents every key.
//! * A mistake is a [`Problem`] with place, key, value and cure. Mistakes of structure (an unknown
//!   key, a list instead of a map) end the reading; mistakes of meaning are told all together.
//! * Secrets are never in the file and never in a message.
//! * Relative paths in the file begin at the folder of the file, wherever the program was started.
//!
//! Knows the domain only. Making a [`Config`] changes nothing, so a reload can make a second one
//! and compare.

mod choice;
mod defaults;
mod environment;
mod essentials;
mod file;
mod groups_file;
mod located;
mod problem;
mod resolve;
mod scope;
mod secret_source;
mod settings;
mod structure;
mod suggest;
mod svg;

use std::path::Path;

pub use environment::{Environment, Recorded, SystemEnvironment};
pub use essentials::Essentials;
pub use groups_file::{GroupMembers, ListedGroups};
pub use problem::{Fault, KeyPlace, Place, Problem, Problems};
pub use settings::{
    ApiConfig, ApiProvider, AuditConfig, AuditFile, Backend, BrandConfig, BrandText, Config,
    CopiesConfig, Expectation, Expected, HooksConfig, Listener, LogConfig, LogFormat, LogLevel,
    MailConfig, MailTransport, Mailbox, NotWhole, OddHeaders, OtherBrowser, Password, Prefix,
    Question, RedisConfig, RedisServers, Registration, Retention, SaidAccount, SaidScript,
    SecretPlan, SendmailConfig, ServerConfig, SessionConfig, SignInConfig, Site, SiteLimits,
    SiteMail, SiteSignIn, SmtpConfig, SmtpTls, StoreConfig, SyslogConfig, SyslogTo, TlsFiles,
    TraceEndpoint, TracesConfig, Upstream, UpstreamBalance, UpstreamHealth, UpstreamProtocol,
    UpstreamServer, Who, WholeUrl,
};

impl Config {
    /// Reads a configuration file, and the files and environment variables that it names. No
    /// network.
    ///
    /// # Errors
    /// [`Problems`]: everything that is wrong, as far as it can be told in one run.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        Self::load_in(path, &SystemEnvironment)
    }

    /// As [`Config::load`], in an environment of the caller's.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_in(path: &Path, environment: &dyn Environment) -> Result<Self, Problems> {
        Self::load_again(path, environment, None)
    }

    /// As [`Config::load_in`], for a process that runs: a `groups_file` that is broken holds nothing
    /// else up. It has what is `kept` of it, and what is wrong stands in [`Config::tolerated`].
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_again(
        path: &Path,
        environment: &dyn Environment,
        kept: Option<&ListedGroups>,
    ) -> Result<Self, Problems> {
        let (file_name, text) = text_of(path, environment)?;
        let base = path.parent().unwrap_or_else(|| Path::new(""));
        Self::parse_after(&text, &file_name, base, environment, kept)
    }

    /// Reads a configuration from a text. `file_name` is only for messages; `base` is the folder
    /// at which relative paths begin.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(
        text: &str,
        file_name: &str,
        base: &Path,
        environment: &dyn Environment,
    ) -> Result<Self, Problems> {
        Self::parse_after(text, file_name, base, environment, None)
    }

    fn parse_after(
        text: &str,
        file_name: &str,
        base: &Path,
        environment: &dyn Environment,
        kept_groups: Option<&ListedGroups>,
    ) -> Result<Self, Problems> {
        let file = structure::read(text, file_name)?;
        let run = scope::Run { kept_groups, ..scope::Run::new(file_name, text, base, environment) };
        resolve::resolve(&file, &run)
    }
}

/// The name of a file in messages, and what it says.
fn text_of(path: &Path, environment: &dyn Environment) -> Result<(String, String), Problems> {
    let file_name = path.display().to_string();
    let whole = |fault| {
        let (file, key) = (file_name.clone(), String::new());
        Problems::new(vec![Problem { file, place: None, key, fault }])
    };
    let bytes = environment
        .read(path)
        .map_err(|error| whole(Fault::new(format!("cannot be read ({})", error.kind()))))?;
    let text = String::from_utf8(bytes).map_err(|_| whole(Fault::new("is not UTF-8 text")))?;
    Ok((file_name, text))
}

#[cfg(test)]
mod tests;
