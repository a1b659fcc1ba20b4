//! One thread that writes, and disks that are full.

use std::io::{Error, Result as Io};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

use redb::backends::FileBackend;
use redb::{StorageBackend, StorageError};

use super::super::{Embedded, Tables, open, prepare};
use super::*;

fn put(tables: &mut Tables<'_>, n: u8) -> Step<u8> {
    tables.latest.insert(&[n; 32], [n].as_slice())?;
    Ok(Outcome::Written(n))
}

async fn stored(store: &Embedded, n: u8) -> bool {
    store.read("look", |view| Ok(view.latest.get(&[n; 32])?.is_some())).unwrap()
}

#[tokio::test]
async fn a_step_that_fails_spoils_no_other_of_its_group() {
    let store = Embedded::in_memory().unwrap();
    let (release, wait) = channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    // Holds the thread, until all others are queued: they become one group.
    let hold = store.writer.write("hold", move |_| {
        let _ = wait.lock().map(|wait| wait.recv());
        Ok(Outcome::Untouched(()))
    });
    let first = store.writer.write("put", |tables| put(tables, 1));
    let fails = store.writer.write("fail", |tables| {
        put(tables, 2)?;
        Err::<Outcome<u8>, _>(StorageError::ValueTooLarge(1))
    });
    let last = store.writer.write("put", |tables| put(tables, 3));
    let let_go = async move { drop(release) };
    let (held, first, fails, last, ()) = tokio::join!(hold, first, fails, last, let_go);
    held.unwrap();
    assert_eq!((first.unwrap(), last.unwrap()), (1, 3));
    assert_eq!(fails.unwrap_err().to_string(), "the store failed to fail");
    assert!(stored(&store, 1).await && stored(&store, 3).await);
    assert!(!stored(&store, 2).await, "what failed is not there in part");
}

#[tokio::test]
async fn nothing_is_seen_before_it_is_acknowledged_nor_missing_after() {
    let store = Embedded::in_memory().unwrap();
    assert!(!stored(&store, 1).await);
    store.writer.write("put", |tables| put(tables, 1)).await.unwrap();
    assert!(stored(&store, 1).await);
}

#[tokio::test]
async fn a_thread_that_died_is_trouble_and_not_a_hang() {
    let store = Embedded::in_memory().unwrap();
    let dies = store.writer.write("die", |_| -> Step<()> { panic!("on purpose") });
    assert!(dies.await.is_err());
    let after = store.writer.write("put", |tables| put(tables, 1));
    assert!(after.await.is_err());
    assert!(crate::ports::Upkeep::ping(&store).await.is_err());
}

/// A file on a disk that can be full.
#[derive(Debug)]
struct SmallDisk(FileBackend, Arc<AtomicBool>);
impl StorageBackend for SmallDisk {
    fn len(&self) -> Io<u64> {
        self.0.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> Io<()> {
        self.0.read(offset, out)
    }
    fn set_len(&self, len: u64) -> Io<()> {
        self.0.set_len(len)
    }
    fn sync_data(&self) -> Io<()> {
        self.0.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> Io<()> {
        if self.1.load(Ordering::Relaxed) {
            return Err(Error::from(ErrorKind::StorageFull));
        }
        self.0.write(offset, data)
    }
}

fn on_small_disk(path: &Path, full: &Arc<AtomicBool>) -> Result<Database, OpenError> {
    let mut options = std::fs::File::options();
    let file = options.read(true).write(true).create(true).truncate(false).open(path);
    let file = FileBackend::new(file.unwrap()).unwrap();
    redb::Builder::new()
        .create_with_backend(SmallDisk(file, Arc::clone(full)))
        .map_err(|error| open::damaged(path, error.into()))
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_heals_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let full = Arc::new(AtomicBool::new(false));
    let database = on_small_disk(&path, &full).unwrap();
    let view = prepare(&database).unwrap();
    let reopen: Reopen = {
        let full = Arc::clone(&full);
        Box::new(move || on_small_disk(&path, &full))
    };
    let store = Embedded::start(database, view, 10, reopen).unwrap();
    store.writer.write("put", |tables| put(tables, 1)).await.unwrap();
    full.store(true, Ordering::Relaxed);
    for n in 2..5 {
        let refused = store.writer.write("put", move |tables| put(tables, n));
        assert!(refused.await.is_err(), "not acknowledged");
    }
    full.store(false, Ordering::Relaxed);
    store.writer.write("put", |tables| put(tables, 5)).await.unwrap();
    for (n, expected) in [(1, true), (2, false), (3, false), (4, false), (5, true)] {
        assert_eq!(stored(&store, n).await, expected, "{n}");
    }
}
