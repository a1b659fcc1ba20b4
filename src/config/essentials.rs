//! What it takes to reach the store, read although something else in the file is wrong.

use std::net::SocketAddr;
use std::path::Path;

use super::environment::{Environment, SystemEnvironment};
use super::problem::Problems;
use super::settings::{AuditConfig, Config, Password, Prefix, SecretPlan, StoreConfig};
use super::{resolve, scope, structure, text_of};

/// The part of a configuration that leads to the store and to the process that has it open.
///
/// Whoever has to keep somebody out at once must not have to mend a rule of another site before. Nothing
/// can be served with it, and what is here is read as strictly as ever: a command that looks into another
/// store would say that it was done.
#[derive(Clone, Debug)]
pub struct Essentials {
    /// `secret`
    pub secret: SecretPlan,
    /// `store`
    pub store: StoreConfig,
    /// `admin.listen`
    pub admin: Option<SocketAddr>,
    /// `admin.token`
    pub admin_token: Option<Password>,
    /// `audit`
    pub audit: AuditConfig,
    /// `prefix`
    pub prefix: Prefix,
}

impl Essentials {
    /// Reads them from a configuration file.
    ///
    /// # Errors
    /// [`Problems`] with these keys, or of a file that is no YAML.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        Self::load_in(path, &SystemEnvironment)
    }

    /// As [`Essentials::load`], in an environment of the caller's.
    ///
    /// # Errors
    /// As [`Essentials::load`].
    pub fn load_in(path: &Path, environment: &dyn Environment) -> Result<Self, Problems> {
        let (file_name, text) = text_of(path, environment)?;
        let file = structure::read_essentials(&text, &file_name)?;
        let base = path.parent().unwrap_or_else(|| Path::new(""));
        resolve::essentials(&file, &scope::Run::new(&file_name, &text, base, environment))
    }
}

impl From<&Config> for Essentials {
    fn from(config: &Config) -> Self {
        Self {
            secret: config.secret.clone(),
            store: config.store.clone(),
            admin: config.admin,
            admin_token: config.admin_token.clone(),
            audit: config.audit.clone(),
            prefix: config.prefix.clone(),
        }
    }
}
