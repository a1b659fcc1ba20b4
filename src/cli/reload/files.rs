//! Whether files have changed, without reading them.
//!
//! Asked again and again instead of waiting to be told: that works on every file system, network
//! and overlay ones included, and follows what editors, `git checkout` and Kubernetes do, which put
//! another file or folder in the place of the old one.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often files are looked at.
pub(super) const LOOK: Duration = Duration::from_secs(1);
/// Folders below a folder that are looked into: templates of mails have one of their own.
const DEPTH: usize = 1;
/// Entries of a folder that are looked at. A folder of templates has some dozens.
const MOST_ENTRIES: usize = 1000;

/// How files and folders looked.
pub(super) type Stamps = BTreeMap<PathBuf, Stamp>;

/// How a file or a folder looked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    /// It was not there, or could not be looked at.
    Absent,
    /// Device and number of the file, length, when it was written, and when anything about it was
    /// changed (seconds, nanoseconds): the last sees copies that keep the time of their original,
    /// and a file that may be read now.
    File([i128; 7]),
    /// What was in it.
    Folder(Vec<(OsString, Stamp)>),
}

/// How they look now.
pub(super) fn stamps(paths: &BTreeSet<PathBuf>) -> Stamps {
    paths.iter().map(|path| (path.clone(), stamp(path))).collect()
}

/// How one looks now.
pub(super) fn stamp(path: &Path) -> Stamp {
    stamp_to(path, DEPTH)
}

fn stamp_to(path: &Path, depth: usize) -> Stamp {
    let Ok(found) = std::fs::metadata(path) else { return Stamp::Absent };
    if !found.is_dir() {
        return file(&found);
    }
    let Ok(entries) = std::fs::read_dir(path) else { return Stamp::Absent };
    let entries = entries.take(MOST_ENTRIES).filter_map(Result::ok);
    let mut entries: Vec<_> = entries
        .map(|entry| {
            let is_deeper = depth > 0 || !entry.path().is_dir();
            let stamp = if is_deeper {
                stamp_to(&entry.path(), depth.saturating_sub(1))
            } else {
                Stamp::Absent
            };
            (entry.file_name(), stamp)
        })
        .collect();
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    Stamp::Folder(entries)
}

fn file(found: &Metadata) -> Stamp {
    let [dev, ino, len] = [found.dev(), found.ino(), found.len()].map(i128::from);
    let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
    let [written, written_ns, changed, changed_ns] = times.map(i128::from);
    Stamp::File([dev, ino, len, written, written_ns, changed, changed_ns])
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn every_kind_of_change_shows() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
        std::fs::create_dir(path("mail")).unwrap();
        write("a.html", "one");
        write("mail/b.txt", "one");
        let mut before = stamp(folder.path());
        assert_eq!(stamp(folder.path()), before, "nothing has changed");
        let mut shows = |what: &str| {
            let after = stamp(folder.path());
            assert_ne!(after, before, "{what}");
            before = after;
        };
        write("a.html", "longer");
        shows("a longer file");
        write("mail/b.txt", "longer");
        shows("a file one folder below");
        write("new.html", "one");
        std::fs::rename(path("new.html"), path("a.html")).unwrap();
        shows("another file in the place of the old one");
        std::fs::remove_file(path("a.html")).unwrap();
        shows("a file that is gone");
        assert_eq!(stamp(&path("a.html")), Stamp::Absent);
    }

    #[test]
    fn a_rewrite_of_the_same_length_that_keeps_the_time_shows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("linkgate.yaml");
        std::fs::write(&path, "access: deny").unwrap();
        let written = std::fs::metadata(&path).unwrap().modified().unwrap();
        let before = stamp(&path);
        // The clock of a file system may have long beats: until the next one nothing can show.
        let shows = (0..100_000).any(|_| {
            let file = std::fs::File::options().write(true).truncate(true).open(&path).unwrap();
            io::Write::write_all(&mut &file, b"access:  any").unwrap();
            file.set_modified(written).unwrap();
            stamp(&path) != before
        });
        assert!(shows);
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), written);
    }
}
