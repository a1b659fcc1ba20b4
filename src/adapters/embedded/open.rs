//! Opening the file.

use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, StorageError};

/// The file's name in its folder.
pub const FILE_NAME: &str = "linkgate.redb";
/// Bytes of pages kept in memory: some hundred thousand sessions.
pub(super) const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// Why the store does not open. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Folder or file may not be used.
    #[error("no permission to use {}: the user that runs linkgate must own it", path.display())]
    Permission {
        /// What was to be opened or made.
        path: PathBuf,
    },
    /// Another process has it.
    #[error(
        "{} is in use: another linkgate runs with this folder; several need a Redis store",
        path.display()
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else, of another format, or damaged.
    #[error(
        "{} is not a store of this version, or is damaged: restore it from a copy, or move it \
         away to start with an empty store",
        path.display()
    )]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What was wrong with it.
        #[source]
        source: Box<redb::Error>,
    },
    /// Something else that the operating system refused.
    #[error("{} cannot be opened", path.display())]
    Io {
        /// What was to be opened or made.
        path: PathBuf,
        /// What it said.
        #[source]
        source: std::io::Error,
    },
}

/// Opens or makes the file in a folder, which is made too. Nobody but the owner may read them:
/// addresses are in there.
pub(super) fn database(folder: &Path) -> Result<Database, OpenError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| refused(folder, error))?;
    let path = folder.join(FILE_NAME);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| refused(&path, error))?;
    let backend = FileBackend::new(file).map_err(|error| unusable(&path, error))?;
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder.create_with_backend(backend).map_err(|error| unusable(&path, error))
}

fn refused(path: &Path, error: std::io::Error) -> OpenError {
    let path = path.to_owned();
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            OpenError::Permission { path }
        }
        _ => OpenError::Io { path, source: error },
    }
}

fn unusable(path: &Path, error: DatabaseError) -> OpenError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            OpenError::InUse { path: path.to_owned() }
        }
        DatabaseError::Storage(StorageError::Io(error))
            if !matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) =>
        {
            refused(path, error)
        }
        error => damaged(path, error.into()),
    }
}

pub(super) fn damaged(path: &Path, error: redb::Error) -> OpenError {
    OpenError::NotAStore { path: path.to_owned(), source: Box::new(error) }
}

/// Folder syncs make the new file's name durable too.
pub(super) fn sync_folder(folder: &Path) -> Result<(), OpenError> {
    std::fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| refused(folder, error))
}
