//! The folder of a preview. Nothing that is not of a preview is ever overwritten.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::{PreviewError, index};

/// A folder that is ours to write to.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder, or takes one that is empty or holds an earlier preview.
    ///
    /// # Errors
    /// [`PreviewError::Foreign`] when it holds anything else.
    pub(super) fn claim(path: &Path) -> Result<Self, PreviewError> {
        let failed = |cause| PreviewError::File { path: path.to_owned(), cause };
        match fs::read_dir(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(path).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
            Ok(mut entries) => {
                if entries.next().is_some() && !is_preview(path) {
                    return Err(PreviewError::Foreign(path.to_owned()));
                }
            }
        }
        let folder = Self(path.to_owned());
        // First of all: a preview that breaks off is known again as one.
        folder.write(index::FILE, index::page(&[]).as_bytes())?;
        Ok(folder)
    }

    /// Writes a file below the folder, and the folders that it is in.
    ///
    /// # Errors
    /// [`PreviewError::File`].
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<(), PreviewError> {
        let path = self.0.join(name);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&path, content))
            .map_err(|cause| PreviewError::File { path, cause })
    }
}

/// Whether its index begins like ours.
fn is_preview(folder: &Path) -> bool {
    let mut start = String::new();
    let read = fs::File::open(folder.join(index::FILE))
        .and_then(|file| file.take(index::START.len() as u64).read_to_string(&mut start));
    read.is_ok() && start == index::START
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_new_an_empty_or_an_own_folder_is_taken() {
        let home = tempfile::tempdir().unwrap();
        let new = home.path().join("a/b");
        Folder::claim(&new).unwrap().write("x/y.html", b"y").unwrap();
        Folder::claim(&new).expect("that of an earlier preview, even one that broke off");
        let empty = tempfile::tempdir().unwrap();
        Folder::claim(empty.path()).expect("an empty one");

        for (name, content) in [("thesis.txt", "all my work"), ("index.html", "<!doctype html>")] {
            let foreign = tempfile::tempdir().unwrap();
            let file = foreign.path().join(name);
            fs::write(&file, content).unwrap();
            let denied = Folder::claim(foreign.path()).err().expect("denied");
            assert!(matches!(denied, PreviewError::Foreign(_)), "{denied}");
            assert_eq!(fs::read_to_string(&file).unwrap(), content);
            assert_eq!(fs::read_dir(foreign.path()).unwrap().count(), 1, "nothing was added");
            assert!(matches!(Folder::claim(&file), Err(PreviewError::File { .. })), "a file");
        }
    }
}
