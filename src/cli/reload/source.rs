//! The file that a configuration is read from, and all that is read with it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::files::{Stamps, stamp, stamps};
use crate::config::{Config, ListedGroups, Problems, Recorded, SecretPlan, SystemEnvironment};

/// The file that the configuration in force was read from, and how everything that was read with it
/// looked before: what changes between then and the first look of [`super::InForce::follow`] is a
/// change, too.
#[derive(Clone, Debug)]
pub struct Source {
    pub(super) path: PathBuf,
    pub(super) seen: Stamps,
}

impl Source {
    /// Reads a configuration for the first time.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn open(path: &Path) -> Result<(Config, Self), Problems> {
        let before = stamps(&BTreeSet::from([path.to_owned()]));
        let (config, seen) = read(path, &before, None);
        Ok((config?, Self { path: path.to_owned(), seen }))
    }

    /// The secret that `plan` asks for has been made since the reading: that is no change.
    #[must_use]
    pub fn with_secret_made(mut self, plan: &SecretPlan) -> Self {
        if let SecretPlan::Create(path) = plan {
            self.seen.insert(path.clone(), stamp(path));
        }
        self
    }
}

/// Reads a configuration, and tells how all that was asked for looked: as `before` the reading where
/// that is known, so that a change meanwhile is not missed.
pub(super) fn read(
    path: &Path,
    before: &Stamps,
    kept: Option<&ListedGroups>,
) -> (Result<Config, Problems>, Stamps) {
    let environment = Recorded::new(SystemEnvironment);
    let config = Config::load_again(path, &environment, kept);
    let mut asked = environment.into_asked();
    asked.insert(path.to_owned());
    let seen = asked.into_iter().map(|path| {
        let stamp = before.get(&path).cloned().unwrap_or_else(|| stamp(&path));
        (path, stamp)
    });
    (config, seen.collect())
}

#[cfg(test)]
mod tests {
    use super::super::watching::{Sight, Watch};
    use super::*;

    const FILE: &str = "listen: [{ address: \"127.0.0.1:0\" }]
store: { embedded: { path: data } }
mail: { from: login@example.com, folder: { path: mails } }
sites:
  - name: app
    origin: http://localhost
    upstream: http://127.0.0.1:3000
    allow: [everyone]
";

    #[test]
    fn a_change_before_the_first_look_is_a_change_and_a_secret_of_our_own_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("linkgate.yaml");
        std::fs::write(&path, FILE).unwrap();
        let (config, source) = Source::open(&path).unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        std::fs::write(folder.path().join("data/secret"), "made just now").unwrap();
        let first_look = |source: &Source| {
            let mut watch = Watch::new(source.seen.clone());
            let seen = stamps(&watch.paths());
            watch.look(&seen)
        };
        assert_eq!(first_look(&source), Sight::Unsettled, "the secret was not there");
        let source = source.with_secret_made(&config.secret);
        assert_eq!(first_look(&source), Sight::Known);
        std::fs::write(&path, format!("{FILE}# edited\n")).unwrap();
        assert_eq!(first_look(&source), Sight::Unsettled);
    }
}
