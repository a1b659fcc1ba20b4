//! To a file that is put aside when it is full: `audit.log`, then `audit.log.1`, and so on.
//!
//! Only the owner may read it. Where another program moves or removes it (logrotate), a new one is
//! begun. While one process of linkgate takes over from another, both write to its end, one at a time:
//! whoever writes has a lock on the file (flock), and looks under it whether it is still the file.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::desk::Desk;
use super::{lines, missed, put};
use crate::domain::event::Event;
use crate::ports::{AuditSink, Missed};

/// For the owner alone.
const MODE: u32 = 0o600;
/// How often the file may be another one when the lock on it is there. Others that write much take it away
/// again and again; a file system on which no file is ever the same must not keep this busy for ever.
const LOOKS: u32 = 10_000;

/// A file with rotation.
pub struct RotatedFile(Desk);

impl std::fmt::Debug for RotatedFile {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("RotatedFile")
    }
}

impl RotatedFile {
    /// Opens or makes the file. It is put aside before it is larger than `max_size` bytes, and `keep`
    /// of those that were are kept.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub fn open(path: PathBuf, max_size: u64, keep: u32) -> io::Result<Self> {
        let mut roll = Roll { path, max_size, keep, open: None };
        roll.open = Some(roll.file()?);
        Desk::start("audit-file", move |bytes| roll.write(bytes)).map(Self)
    }
}

#[async_trait]
impl AuditSink for RotatedFile {
    fn name(&self) -> &'static str {
        "file"
    }

    async fn write(&mut self, events: &[Event]) -> Result<(), Missed> {
        self.0.write(lines(events)?).await
    }
}

struct Roll {
    path: PathBuf,
    max_size: u64,
    keep: u32,
    open: Option<File>,
}

impl Roll {
    fn write(&mut self, lines: &[u8]) -> Result<(), Missed> {
        let mut done = 0;
        self.write_counting(lines, &mut done).map_err(|error| missed(lines, done, error))
    }

    /// Writes whole lines; a file that is full ends with a line. Counts the bytes in `done`.
    fn write_counting(&mut self, lines: &[u8], done: &mut usize) -> io::Result<()> {
        while *done < lines.len() {
            // The lock ends where this does not come back: with the file.
            let mut file = self.locked()?;
            let rest = &lines[*done..];
            let size = file.metadata()?.len();
            let room = usize::try_from(self.max_size.saturating_sub(size)).unwrap_or(usize::MAX);
            let mut part = whole_lines(rest, room);
            if part == 0 && size > 0 {
                self.put_aside()?;
                continue;
            }
            if part == 0 {
                // A line that is longer than a file may be has one of its own.
                part = first_line(rest);
            }
            append(&mut file, &rest[..part], done)?;
            // One that does not let go of its lock does so when it is closed.
            self.open = file.unlock().is_ok().then_some(file);
        }
        Ok(())
    }

    /// The file, which nobody else puts aside or writes to meanwhile.
    fn locked(&mut self) -> io::Result<File> {
        for _ in 0..LOOKS {
            let file = self.file()?;
            lock(&file);
            // Another process may have put it aside while this one waited.
            if self.is_here(&file) {
                return Ok(file);
            }
        }
        Err(io::Error::new(io::ErrorKind::ResourceBusy, "it is another file each time"))
    }

    /// The file, unless it is another one by now.
    fn file(&mut self) -> io::Result<File> {
        if let Some(open) = self.open.take()
            && self.is_here(&open)
        {
            return Ok(open);
        }
        let mut options = OpenOptions::new();
        let open = options.append(true).create(true).mode(MODE).open(&self.path)?;
        open.set_permissions(Permissions::from_mode(MODE))?;
        Ok(open)
    }

    fn is_here(&self, file: &File) -> bool {
        let (Ok(open), Ok(there)) = (file.metadata(), fs::metadata(&self.path)) else {
            return false;
        };
        (open.dev(), open.ino()) == (there.dev(), there.ino())
    }

    fn put_aside(&self) -> io::Result<()> {
        if self.keep == 0 {
            return fs::remove_file(&self.path);
        }
        for number in (1..self.keep).rev() {
            let (from, to) = (numbered(&self.path, number), numbered(&self.path, number + 1));
            match fs::rename(from, to) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        // Last: until then everybody else waits for the lock on this one.
        fs::rename(&self.path, numbered(&self.path, 1))
    }
}

/// Waits for the lock on a file. Where there are none, on some file systems of other machines, it goes on
/// without: a line is more than a file in its order.
fn lock(file: &File) {
    while file.lock().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {}
}

/// Writes lines to the end of a file. On a disk that is full the file ends with a whole line all the same.
/// Counts what stays.
fn append(file: &mut File, lines: &[u8], done: &mut usize) -> io::Result<()> {
    match put(file, lines) {
        Ok(()) => {
            *done += lines.len();
            Ok(())
        }
        Err((written, error)) => {
            let whole = whole_lines(lines, written);
            take_back(file, written - whole);
            *done += whole;
            Err(error)
        }
    }
}

/// Takes the last bytes off a file, which are the beginning of a line.
fn take_back(file: &mut File, torn: usize) {
    if torn == 0 {
        return;
    }
    let length = file.metadata().map(|it| it.len()).unwrap_or_default();
    let before = length.saturating_sub(torn as u64);
    let _ = file.set_len(before);
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// How many bytes of whole lines there are within so many.
fn whole_lines(bytes: &[u8], most: usize) -> usize {
    let part = &bytes[..bytes.len().min(most)];
    memchr::memrchr(b'\n', part).map_or(0, |at| at + 1)
}

fn first_line(bytes: &[u8]) -> usize {
    memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roll(folder: &Path, max_size: u64, keep: u32) -> Roll {
        Roll { path: folder.join("audit.log"), max_size, keep, open: None }
    }

    fn read(folder: &Path, name: &str) -> String {
        fs::read_to_string(folder.join(name)).unwrap_or_default()
    }

    #[test]
    fn a_full_file_is_put_aside_and_so_many_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut roll = roll(folder.path(), 10, 2);
        for line in ["aaaa\n", "bbbb\n", "cccc\n", "dddd\neeee\nffff\n", "gggg\n"] {
            roll.write(line.as_bytes()).unwrap();
        }
        assert_eq!(read(folder.path(), "audit.log"), "gggg\n");
        assert_eq!(read(folder.path(), "audit.log.1"), "eeee\nffff\n");
        assert_eq!(read(folder.path(), "audit.log.2"), "cccc\ndddd\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        roll.write(b"a line that is longer than a file may be\n").unwrap();
        roll.write(b"hhhh\n").unwrap();
        assert_eq!(read(folder.path(), "audit.log"), "hhhh\n");
        assert_eq!(read(folder.path(), "audit.log.1").len(), 41);
    }

    /// The same program once more, with files that may have so few bytes: what is written beyond is written in
    /// part, as on a disk that is full.
    #[test]
    fn a_full_disk_leaves_no_half_line() {
        const INSIDE: &str = "LINKGATE_TEST_FULL_DISK";
        if let Some(folder) = std::env::var_os(INSIDE) {
            let mut roll = roll(Path::new(&folder), 1 << 20, 1);
            roll.write(b"one\n").unwrap();
            let long = format!("two\n{}\n", "x".repeat(8000));
            let missed = roll.write(long.as_bytes()).unwrap_err();
            assert_eq!(missed.written, 1, "then it is full");
            assert!(roll.write(long.as_bytes()).is_err());
            roll.write(b"three\n").unwrap();
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let own = std::env::current_exe().unwrap();
        let name = "adapters::audit::file::tests::a_full_disk_leaves_no_half_line";
        let inside = std::process::Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" --exact \"$1\""])
            .args([own.as_os_str(), name.as_ref()])
            .env(INSIDE, folder.path())
            .output()
            .unwrap();
        assert!(inside.status.success(), "{inside:?}");
        assert_eq!(read(folder.path(), "audit.log"), "one\ntwo\ntwo\nthree\n");
    }

    /// As two processes do while one takes over from the other.
    #[test]
    fn two_that_write_and_put_aside_lose_nothing() {
        const LINES: usize = 300;
        let folder = tempfile::tempdir().unwrap();
        // Room for two lines in a file, and for all of the files.
        let writer = |name: &'static str| {
            let mut roll = roll(folder.path(), 15, 400);
            move || {
                for number in 0..LINES {
                    roll.write(format!("{name} {number:03}\n").as_bytes()).unwrap();
                }
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(writer("a"));
            scope.spawn(writer("b"));
        });
        let files = fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().path());
        let texts: Vec<String> = files.map(|path| fs::read_to_string(path).unwrap()).collect();
        let found: Vec<&str> = texts.iter().flat_map(|it| it.lines()).collect();
        let all = ["a", "b"].into_iter();
        let all = all.flat_map(|it| (0..LINES).map(move |number| format!("{it} {number:03}")));
        let lost: Vec<String> = all.filter(|line| !found.contains(&line.as_str())).collect();
        assert_eq!((found.len(), lost), (2 * LINES, Vec::new()));
        assert!(texts.iter().all(|it| it.len() <= 15), "none is larger than it may be");
    }

    #[test]
    fn nobody_else_reads_it_and_a_file_that_was_moved_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        fs::write(&path, "before\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let mut roll = roll(folder.path(), 1000, 0);
        roll.write(b"one\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, MODE);
        assert_eq!(read(folder.path(), "audit.log"), "before\none\n");
        fs::rename(&path, folder.path().join("moved")).unwrap();
        roll.write(b"two\n").unwrap();
        assert_eq!(read(folder.path(), "audit.log"), "two\n");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, MODE);
    }
}
