//! What the configuration may ask the machine for.

use std::io::{self, Read};
use std::path::Path;

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
}
