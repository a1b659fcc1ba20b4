//! The file of groups: one map of names, each with its members.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::environment::Environment;
use super::problem::Problems;
use super::{resolve, scope, structure};
use crate::domain::identity::GroupName;
use crate::domain::policy::AllowEntry;

/// Names of groups, each with its members.
pub type GroupMembers = BTreeMap<GroupName, Vec<AllowEntry>>;

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
    let (problems, warnings) = (RefCell::default(), RefCell::default());
    let base = path.parent().unwrap_or(Path::new(""));
    let run =
        scope::Run { file_name: &file_name, text: &text, base, environment, problems, warnings };
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
pub fn united(own: GroupMembers, more: GroupMembers) -> GroupMembers {
    let mut all = own;
    for (name, members) in more {
        all.entry(name).or_default().extend(members);
    }
    all
}
