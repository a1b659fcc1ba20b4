//! What the configuration may ask the machine for.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Environment variables and files that the configuration names. A trait, so that tests need
/// neither.
pub trait Environment {
    /// The value of an environment variable; none when it is not set or not Unicode.
    fn variable(&self, name: &str) -> Option<String>;

    /// The content of a file.
    ///
    /// # Errors
    /// As the file system says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Whether a folder can be listed.
    ///
    /// # Errors
    /// As the file system says.
    fn list(&self, path: &Path) -> io::Result<()>;

    /// Whether a file can be read by others than its owner, as far as the system has owners.
    fn is_open_to_others(&self, path: &Path) -> bool;
}

/// The environment of this process and the file system.
#[derive(Clone, Copy, Debug)]
pub struct SystemEnvironment;

/// Nothing that a configuration names is longer; a device or a log named by mistake must not fill
/// the memory.
const LONGEST_FILE: u64 = 4 << 20;

impl Environment for SystemEnvironment {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        std::fs::File::open(path)?.take(LONGEST_FILE + 1).read_to_end(&mut content)?;
        if content.len() as u64 > LONGEST_FILE {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "is longer than 4 MiB"));
        }
        Ok(content)
    }

    fn list(&self, path: &Path) -> io::Result<()> {
        std::fs::read_dir(path).map(|_| ())
    }

    fn is_open_to_others(&self, path: &Path) -> bool {
        use std::os::unix::fs::PermissionsExt;
        const READ_BY_GROUP_OR_OTHERS: u32 = 0o044;
        let mode = std::fs::metadata(path).map_or(0, |file| file.permissions().mode());
        mode & READ_BY_GROUP_OR_OTHERS != 0
    }
}

/// An environment that notes which files and folders it was asked for, whether they were there or
/// not: a change of any of them may change what the configuration says.
#[derive(Debug)]
pub struct Recorded<E> {
    inner: E,
    asked: RefCell<BTreeSet<PathBuf>>,
}

impl<E: Environment> Recorded<E> {
    /// Notes what `inner` is asked for.
    pub fn new(inner: E) -> Self {
        Self { inner, asked: RefCell::default() }
    }

    /// Everything that was asked for.
    pub fn into_asked(self) -> BTreeSet<PathBuf> {
        self.asked.into_inner()
    }

    fn note(&self, path: &Path) {
        self.asked.borrow_mut().insert(path.to_owned());
    }
}

impl<E: Environment> Environment for Recorded<E> {
    fn variable(&self, name: &str) -> Option<String> {
        self.inner.variable(name)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.note(path);
        self.inner.read(path)
    }

    fn list(&self, path: &Path) -> io::Result<()> {
        self.note(path);
        self.inner.list(path)
    }

    fn is_open_to_others(&self, path: &Path) -> bool {
        self.inner.is_open_to_others(path)
    }
}
