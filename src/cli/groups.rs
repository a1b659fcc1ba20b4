//! The watched file of groups.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::config::{GroupSources, SystemEnvironment, read_groups, united};
use crate::domain::policy::Groups;
use crate::portal::identity::GroupsNow;

/// How often the file is looked at. Only its metadata, and its content when they have changed.
const LOOK: Duration = Duration::from_secs(1);

/// Keeps `now` in step with the file, without end. A file that cannot be used changes nothing, and
/// the log says once why.
pub(super) async fn watch(sources: GroupSources, now: Arc<GroupsNow>) {
    let Some(path) = &sources.file else { return };
    // What it said at the start may be older than what it says now: nothing is known yet.
    let mut seen = None;
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        let stamp = stamp(path);
        if seen.as_ref() == Some(&stamp) {
            continue;
        }
        let is_first = seen.replace(stamp).is_none();
        match read(&sources, path) {
            Ok(groups) => {
                now.replace(Arc::new(groups));
                if !is_first {
                    tracing::info!(file = %path.display(), "groups were read anew");
                }
            }
            Err(why) => tracing::error!(
                file = %path.display(),
                why,
                "groups were not read anew: those from before hold"
            ),
        }
    }
}

fn read(sources: &GroupSources, path: &Path) -> Result<Groups, String> {
    let listed = read_groups(path, &SystemEnvironment).map_err(|error| error.to_string())?;
    Groups::new(&united(&sources.own, listed)).map_err(|error| error.to_string())
}

/// What tells two states of a file apart: another file at the path, another time, another length.
#[derive(PartialEq, Eq)]
struct Stamp(Option<(u64, SystemTime, u64)>);

fn stamp(path: &Path) -> Stamp {
    use std::os::unix::fs::MetadataExt;
    let told = std::fs::metadata(path).ok();
    Stamp(told.and_then(|file| Some((file.ino(), file.modified().ok()?, file.len()))))
}
