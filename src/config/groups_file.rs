//! The file of groups: one map of names, each with its members.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::problem::Problems;
use super::{resolve, scope, structure};
use crate::domain::identity::GroupName;
use crate::domain::policy::AllowEntry;

/// Names of groups, each with its members.
pub type GroupMembers = BTreeMap<GroupName, Vec<AllowEntry>>;

/// The groups of the file, as of the last time that it was good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGroups {
    /// Which file.
    pub path: PathBuf,
    /// Its groups, and with nobody in them those that it had before.
    pub members: GroupMembers,
    /// Groups that it had before, while linkgate runs, and has no more.
    pub gone: BTreeSet<GroupName>,
}

impl ListedGroups {
    /// What the file says now, after it has said what is `kept`. A group that is gone has nobody in
    /// it: were the rules that name it a mistake now, whoever was in it would stay in.
    #[must_use]
    pub fn after(path: PathBuf, mut members: GroupMembers, kept: Option<&Self>) -> Self {
        let had = kept.into_iter().flat_map(|kept| kept.members.keys());
        let gone: BTreeSet<_> = had.filter(|name| !members.contains_key(name)).cloned().collect();
        members.extend(gone.iter().map(|name| (name.clone(), Vec::new())));
        Self { path, members, gone }
    }
}

/// Why a file of groups says nothing.
#[derive(Debug, thiserror::Error)]
pub enum GroupsFileError {
    /// It is not there, or may not be read.
    #[error("cannot be read ({})", .0.kind())]
    Unreadable(io::Error),
    /// It says something that cannot be.
    #[error("{0}")]
    Wrong(Problems),
}

/// Reads a file of groups. All or nothing: half a list of people would be the wrong list.
///
/// # Errors
/// [`GroupsFileError`], with the place of every mistake.
pub fn read(path: &Path, environment: &dyn Environment) -> Result<GroupMembers, GroupsFileError> {
    let bytes = environment.read(path).map_err(GroupsFileError::Unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        GroupsFileError::Unreadable(io::Error::new(io::ErrorKind::InvalidData, "not UTF-8"))
    })?;
    let file_name = path.display().to_string();
    let groups = structure::read_groups(&text, &file_name).map_err(GroupsFileError::Wrong)?;
    let base = path.parent().unwrap_or(Path::new(""));
    let run = scope::Run::new(&file_name, &text, base, environment);
    let members = resolve::group_members(&scope::Scope::root(&run), &groups);
    let problems = run.problems.take();
    if problems.is_empty() {
        Ok(members)
    } else {
        Err(GroupsFileError::Wrong(Problems::new(problems)))
    }
}

/// The groups of both; a group that both name has the members of both.
#[must_use]
pub fn united(own: GroupMembers, listed: Option<&ListedGroups>) -> GroupMembers {
    let mut all = own;
    for (name, members) in listed.into_iter().flat_map(|listed| &listed.members) {
        all.entry(name.clone()).or_default().extend_from_slice(members);
    }
    all
}
