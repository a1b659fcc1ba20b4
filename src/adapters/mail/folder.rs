//! One file for each mail: for tests, and for machines where another program fetches them.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::known::Habits;
use super::message::Composer;
use crate::ports::{MailError, Mailer, OutgoingMail, Receipt};

/// Writes `.eml` files into a folder.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    composer: Composer,
}

impl Folder {
    /// Prepares to write; the folder is made when the first mail comes.
    #[must_use]
    pub fn new(path: PathBuf, composer: Composer) -> Self {
        Self { path, composer }
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
        let folder = self.path.clone();
        let written = tokio::task::spawn_blocking(move || write(&folder, &name, &bytes)).await;
        match written {
            Ok(Ok(())) => Ok(receipt),
            Ok(Err(error)) => {
                Err(MailError::Transient(format!("{}: {error}", self.path.display())))
            }
            Err(error) => Err(MailError::Transient(error.to_string())),
        }
    }

    fn at_once(&self) -> usize {
        64
    }

    /// Makes the folder, if it is not there.
    async fn probe(&self) -> Result<(), MailError> {
        let folder = self.path.clone();
        match tokio::task::spawn_blocking(move || make(&folder)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                Err(MailError::Transient(format!("{}: {error}", self.path.display())))
            }
            Err(error) => Err(MailError::Transient(error.to_string())),
        }
    }
}

fn make(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    let draft = folder.join(format!(".{name}.part"));
    // The mail holds a link that signs in: nobody else on the machine may read it.
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = match options.open(&draft) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
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

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_said_and_may_be_there_later() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let folder = Folder::new(file.path().join("mails"), Composer::default());
        for error in [folder.send(&mail()).await.map(drop), folder.probe().await] {
            assert!(matches!(error, Err(MailError::Transient(_))), "{error:?}");
        }
    }
}
