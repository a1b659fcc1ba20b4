//! One file for each mail: for tests, and for machines where another program fetches them.

use std::collections::VecDeque;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;

use super::known::Habits;
use super::message::Composer;
use crate::ports::{MailError, Mailer, OutgoingMail, Receipt};

/// Writes `.eml` files into a folder.
#[derive(Debug)]
pub struct Folder {
    desk: Arc<Desk>,
    composer: Composer,
}

/// How long a mail waits to be written: well below what a courier has for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where files wait to be written. One thread at a time writes, as long as any wait: handing each to a
/// thread of its own cost more than the writing.
#[derive(Debug)]
struct Desk {
    path: PathBuf,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    files: VecDeque<File>,
    is_writing: bool,
}

#[derive(Debug)]
struct File {
    name: String,
    bytes: Vec<u8>,
    written: oneshot::Sender<io::Result<()>>,
}

impl Folder {
    /// Prepares to write; the folder is made when the first mail comes.
    #[must_use]
    pub fn new(path: PathBuf, composer: Composer) -> Self {
        Self { desk: Arc::new(Desk { path, waiting: Mutex::default() }), composer }
    }

    fn trouble(&self, error: impl Display) -> MailError {
        MailError::Transient(format!("{}: {error}", self.desk.path.display()))
    }
}

impl Desk {
    async fn write(self: &Arc<Self>, name: String, bytes: Vec<u8>) -> io::Result<()> {
        let (written, answer) = oneshot::channel();
        let is_writing = {
            let mut waiting = self.waiting();
            waiting.files.push_back(File { name, bytes, written });
            std::mem::replace(&mut waiting.is_writing, true)
        };
        if !is_writing {
            let shift = Shift { desk: Arc::clone(self), is_over: false };
            tokio::task::spawn_blocking(move || shift.write_all());
        }
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(written)) => written,
            Ok(Err(_)) => Err(io::Error::other("it was not written")),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// The next one; or the writing ends, in the same step, so that none is left waiting.
    fn next(&self) -> Option<File> {
        let mut waiting = self.waiting();
        let next = waiting.files.pop_front();
        waiting.is_writing = next.is_some();
        next
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writing of all that waits, to its end.
struct Shift {
    desk: Arc<Desk>,
    is_over: bool,
}

impl Shift {
    fn write_all(mut self) {
        while let Some(File { name, bytes, written }) = self.desk.next() {
            // Whoever asked and has gone tries again.
            if !written.is_closed() {
                let _ = written.send(write(&self.desk.path, &name, &bytes));
            }
        }
        self.is_over = true;
    }
}

/// One that did not begin or was broken off leaves nobody waiting: what was not written is tried again.
impl Drop for Shift {
    fn drop(&mut self) {
        if !self.is_over {
            *self.desk.waiting() = Waiting::default();
        }
    }
}

#[async_trait]
impl Mailer for Folder {
    /// The file appears under its name when it is complete: written beside it, then renamed. A
    /// repeated hand-over replaces the file.
    async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, MailError> {
        let bytes = self.composer.compose(mail, &Habits::Plain)?.bytes;
        let name = format!("{}-{}.eml", mail.date.0, mail.id.to_hex());
        let receipt =
            Receipt { words: format!("written to {name}"), reference: Some(name.clone()) };
        let written = self.desk.write(name, bytes).await;
        written.map(|()| receipt).map_err(|error| self.trouble(error))
    }

    fn at_once(&self) -> usize {
        64
    }

    /// Makes the folder, if it is not there.
    async fn probe(&self) -> Result<(), MailError> {
        let desk = Arc::clone(&self.desk);
        match tokio::task::spawn_blocking(move || make(&desk.path)).await {
            Ok(made) => made.map_err(|error| self.trouble(error)),
            Err(error) => Err(self.trouble(error)),
        }
    }
}

fn make(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    let draft = folder.join(format!(".{name}.part"));
    // The mail holds a link that signs in: nobody else on the machine may read it.
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = match options.open(&draft) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(folder)?;
            options.open(&draft)?
        }
        opened => opened?,
    };
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(draft, folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::super::message::tests::mail;
    use super::*;
    use crate::ports::MailId;

    #[tokio::test]
    async fn writes_one_private_file_for_each_mail() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mails");
        let mailer = Folder::new(path.clone(), Composer::default());
        mailer.send(&mail()).await.unwrap();
        let receipt = mailer.send(&mail()).await.unwrap();
        let files: Vec<_> = std::fs::read_dir(&path).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 1, "a repeated hand-over replaces the file");
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let name = files[0].file_name().into_string().unwrap();
        assert!(name.ends_with(".eml"));
        assert_eq!(receipt.words, format!("written to {name}"));
        assert_eq!(receipt.reference, Some(name));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_at_once_are_all_written() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = Arc::new(Folder::new(folder.path().into(), Composer::default()));
        let sent: Vec<_> = (0..200)
            .map(|number: u8| {
                let mailer = Arc::clone(&mailer);
                let mail = OutgoingMail { id: MailId([number; 16]), ..mail() };
                tokio::spawn(async move { mailer.send(&mail).await })
            })
            .collect();
        for one in sent {
            one.await.unwrap().unwrap();
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 200);
        mailer.send(&OutgoingMail { id: MailId([200; 16]), ..mail() }).await.unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 201);
    }

    #[tokio::test]
    async fn a_shift_that_never_began_leaves_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = Folder::new(folder.path().into(), Composer::default());
        let shift = Shift { desk: Arc::clone(&mailer.desk), is_over: false };
        mailer.desk.waiting().is_writing = true;
        let mail = mail();
        let (sent, ()) = tokio::join!(mailer.send(&mail), async { drop(shift) });
        assert!(matches!(sent, Err(MailError::Transient(_))), "{sent:?}");
        mailer.send(&mail).await.unwrap();
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_said_and_may_be_there_later() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let folder = Folder::new(file.path().join("mails"), Composer::default());
        for error in [folder.send(&mail()).await.map(drop), folder.probe().await] {
            assert!(matches!(error, Err(MailError::Transient(_))), "{error:?}");
        }
    }
}
