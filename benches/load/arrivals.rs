//! What comes into a folder under its last name; a draft has another one. Linux alone tells of it (inotify).

use std::io;
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

pub(crate) type Arrivals = mpsc::UnboundedReceiver<io::Result<PathBuf>>;

/// What comes from now on. After an error nothing follows.
#[cfg(target_os = "linux")]
pub(crate) fn into(folder: &Path) -> io::Result<Arrivals> {
    use std::ffi::OsStr;
    use std::mem::MaybeUninit;
    use std::os::unix::ffi::OsStrExt;

    use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

    let watch = inotify::init(CreateFlags::CLOEXEC)?;
    inotify::add_watch(&watch, folder, WatchFlags::MOVED_TO)?;
    let (come, arrivals) = mpsc::unbounded_channel();
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut events = inotify::Reader::new(watch, &mut buffer);
        loop {
            let event = events.next().map_err(io::Error::from);
            // One without a name says that some were left out, or that the folder is gone.
            let named = event.and_then(|event| {
                let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
                Ok(folder.join(
                    name.ok_or_else(|| io::Error::other("too many at a time, or no folder"))?,
                ))
            });
            let is_last = named.is_err();
            if come.send(named).is_err() || is_last {
                break;
            }
        }
    });
    Ok(arrivals)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn into(_: &Path) -> io::Result<Arrivals> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this needs Linux"))
}
