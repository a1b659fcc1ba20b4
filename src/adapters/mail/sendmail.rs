//! Hand-over to a program of this machine that takes mails as sendmail does.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;

use super::known::Habits;
use super::message::Composer;
use super::words::told;
use crate::ports::{MailError, Mailer, OutgoingMail, Receipt};

/// What is kept of the program's words, in bytes.
const LONGEST_WORDS: usize = 4096;
/// How long the last of its words may take after its end.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// How long somebody listens to what a program has left behind.
const LONGEST_LISTENING: Duration = Duration::from_secs(600);
/// What the program gets of our environment. Secrets may be in there, too, and are not its business.
const ENVIRONMENT: [&str; 6] = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ"];

/// Runs a program for each mail.
#[derive(Debug)]
pub struct Sendmail {
    /// The program.
    pub path: PathBuf,
    /// Its first arguments. `-f SENDER -- RECIPIENT` come behind them.
    pub arguments: Vec<String>,
    /// How long it may take.
    pub patience: Duration,
    /// Builds and signs the messages.
    pub composer: Composer,
}

/// A program, and all that it starts: they end with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // The program leads a group of its own. It has no number any more once it was waited for.
        let number = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = number {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Sendmail {
    fn start(&self, mail: &OutgoingMail) -> std::io::Result<Running> {
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .args(["-f", mail.sender.address.spelling(), "--", mail.to.spelling()])
            .env_clear()
            .envs(ENVIRONMENT.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        command.spawn().map(Running)
    }

    /// Gives it the message, and waits for its end.
    async fn run(
        &self,
        mail: &OutgoingMail,
        bytes: &[u8],
    ) -> std::io::Result<(ExitStatus, String)> {
        let mut running = self.start(mail)?;
        let words = running.0.stderr.take().map(Words::of);
        if let Some(mut input) = running.0.stdin.take() {
            // A program that stops reading says why with its exit code.
            let _ = input.write_all(bytes).await;
            let _ = input.shutdown().await;
        }
        let status = running.0.wait().await?;
        let said = match words {
            Some(words) => words.heard().await,
            None => String::new(),
        };
        Ok((status, said))
    }
}

/// What a program says. The first words are kept, and the others heard and forgotten, so that it never
/// waits for somebody to listen.
///
/// Some of these programs leave one behind that delivers, and holds the pipe open. It must not die of a
/// pipe that nobody reads any more, so there is somebody who goes on listening for a while; but nobody
/// waits for its last word.
struct Words {
    first: Arc<Mutex<Vec<u8>>>,
    listening: JoinHandle<()>,
}

impl Words {
    fn of(mut pipe: ChildStderr) -> Self {
        let first = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&first);
        let listening = tokio::spawn(async move {
            let mut piece = [0; 1024];
            let all = async {
                while let Ok(length @ 1..) = pipe.read(&mut piece).await {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    let room = LONGEST_WORDS - kept.len();
                    kept.extend(piece[..length].iter().take(room));
                }
            };
            let _ = tokio::time::timeout(LONGEST_LISTENING, all).await;
        });
        Self { first, listening }
    }

    async fn heard(self) -> String {
        let _ = tokio::time::timeout(LAST_WORDS, self.listening).await;
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&first).into_owned()
    }
}

#[async_trait]
impl Mailer for Sendmail {
    async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, MailError> {
        let composed = self.composer.compose(mail, &Habits::Plain)?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        match tokio::time::timeout(self.patience, self.run(mail, &composed.bytes)).await {
            Err(_) => {
                let seconds = self.patience.as_secs();
                Err(MailError::Transient(format!("{name} did not end within {seconds} s")))
            }
            Ok(Err(error)) => {
                tracing::error!(program = %self.path.display(), %error, "cannot be run");
                Err(MailError::Transient(format!("{name} cannot be run: {}", error.kind())))
            }
            Ok(Ok((status, said))) => judged(&name, status, &said),
        }
    }

    /// Looks whether the program is there; only a mail would show more.
    async fn probe(&self) -> Result<(), MailError> {
        use std::os::unix::fs::PermissionsExt;

        let is_program =
            |facts: &std::fs::Metadata| facts.is_file() && facts.permissions().mode() & 0o111 != 0;
        match tokio::fs::metadata(&self.path).await {
            Ok(facts) if is_program(&facts) => Ok(()),
            Ok(_) => Err(MailError::Transient("sendmail: the path names no program".into())),
            Err(error) => Err(MailError::Transient(format!("sendmail: {}", error.kind()))),
        }
    }
}

/// What an exit code means (`sysexits.h`). Only those that are about the mail are for good; the others
/// are for the operator to mend, or pass.
fn judged(name: &str, status: ExitStatus, said: &str) -> Result<Receipt, MailError> {
    let meaning = match status.code() {
        Some(0) => {
            let words = told(&format!("{name} took it {said}"));
            return Ok(Receipt { words, reference: None });
        }
        Some(65) => "EX_DATAERR",
        Some(67) => "EX_NOUSER",
        Some(68) => "EX_NOHOST",
        Some(69) => "EX_UNAVAILABLE",
        Some(76) => "EX_PROTOCOL",
        Some(75) => "EX_TEMPFAIL",
        Some(64) => "EX_USAGE",
        Some(70) => "EX_SOFTWARE",
        Some(71) => "EX_OSERR",
        Some(72) => "EX_OSFILE",
        Some(73) => "EX_CANTCREAT",
        Some(74) => "EX_IOERR",
        Some(77) => "EX_NOPERM",
        Some(78) => "EX_CONFIG",
        Some(_) | None => "",
    };
    let words = told(&format!("{name}: {status} {meaning} {said}"));
    match status.code() {
        // What concerns this mail or its mailbox. 68, 69 and 76 tell of hosts that cannot be reached now.
        Some(65 | 67) => Err(MailError::Permanent(words)),
        Some(64 | 72 | 77 | 78) => {
            tracing::error!(cause = words, "the mail program cannot work as it is set up");
            Err(MailError::Transient(words))
        }
        _ => Err(MailError::Transient(words)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::super::message::tests::mail;
    use super::*;

    /// A program that does what a script says.
    fn program(folder: &Path, script: &str, patience: Duration) -> Sendmail {
        let path = folder.join("sendmail");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        let (arguments, composer) = (vec!["-i".to_owned()], Composer::default());
        Sendmail { path, arguments, patience, composer }
    }

    const LONG: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn the_program_gets_the_whole_message_and_one_recipient() {
        let folder = tempfile::tempdir().unwrap();
        let (said, got) = (folder.path().join("said"), folder.path().join("got"));
        let script = format!("echo \"$*\" > {}; cat > {}; env >&2", said.display(), got.display());
        let sendmail = program(folder.path(), &script, LONG);
        sendmail.probe().await.unwrap();
        let receipt = sendmail.send(&mail()).await.unwrap();
        assert!(receipt.words.starts_with("sendmail took it"), "{receipt:?}");
        assert!(
            !receipt.words.contains("CARGO"),
            "our environment is not its business: {receipt:?}"
        );
        let said = std::fs::read_to_string(said).unwrap();
        assert_eq!(said, "-i -f login@example.com -- Ann@example.com\n");
        let composed = Composer::default().compose(&mail(), &Habits::Plain).unwrap();
        let got = String::from_utf8(std::fs::read(got).unwrap()).unwrap();
        let expected = String::from_utf8(composed.bytes).unwrap();
        let lines = |text: &str| text.lines().filter(|it| !it.contains("boundary")).count();
        assert_eq!(lines(&got), lines(&expected));
        assert!(got.contains("Message-ID: <abab") && got.ends_with("--\r\n"), "{got}");
    }

    #[tokio::test]
    async fn exit_codes_have_classes() {
        let folder = tempfile::tempdir().unwrap();
        for (script, permanent) in [
            ("exit 75", false),
            ("exit 64", false),
            ("exit 70", false),
            ("exit 71", false),
            ("exit 77", false),
            ("exit 78", false),
            ("exit 1", false),
            ("exit 127", false),
            ("kill -9 $$", false),
            ("cat >/dev/null; exit 65", true),
            ("cat >/dev/null; exit 67", true),
            ("exit 68", false),
            ("exit 69", false),
            ("echo 'no such user: ann@example.com' >&2; exit 67", true),
        ] {
            let error = program(folder.path(), script, LONG).send(&mail()).await.unwrap_err();
            assert_eq!(matches!(error, MailError::Permanent(_)), permanent, "{script}: {error}");
            assert!(!error.to_string().contains("ann@"), "{error}");
        }
    }

    /// A program that hangs, and one that leaves something behind that holds its output open.
    #[tokio::test]
    async fn what_does_not_end_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let number = folder.path().join("number");
        let script = format!("sleep 600 & echo $! > {}; wait", number.display());
        let sendmail = program(folder.path(), &script, Duration::from_millis(500));
        let error = sendmail.send(&mail()).await.unwrap_err();
        assert!(matches!(error, MailError::Transient(_)), "{error}");
        let number = std::fs::read_to_string(number).unwrap();
        let status = format!("/proc/{}/stat", number.trim());
        let gone = async {
            // Ended, and maybe not yet waited for by its new parent.
            while std::fs::read_to_string(&status).is_ok_and(|stat| !stat.contains(") Z ")) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, gone).await.expect("the child of the program is gone");
    }

    #[tokio::test]
    async fn one_that_leaves_something_behind_has_ended_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let number = folder.path().join("number");
        let script = format!("cat >/dev/null; sleep 600 & echo $! > {}", number.display());
        program(folder.path(), &script, LONG).send(&mail()).await.unwrap();
        let number = std::fs::read_to_string(number).unwrap().trim().parse().unwrap();
        let behind = Pid::from_raw(number).unwrap();
        rustix::process::kill_process(behind, Signal::KILL).expect("it went on");
    }

    #[tokio::test]
    async fn one_that_never_stops_talking_is_heard_and_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let talk = "head -c 20000000 /dev/zero | tr '\\0' 'x' | fold -w 20 >&2";
        let script = format!("echo 'no such user' >&2; {talk}; exit 67");
        let error = program(folder.path(), &script, LONG).send(&mail()).await.unwrap_err();
        assert!(
            matches!(&error, MailError::Permanent(it) if it.contains("no such user")),
            "{error}"
        );
        let mut child = Command::new("sh");
        let mut child = child.args(["-c", talk]).stderr(Stdio::piped()).spawn().unwrap();
        let words = Words::of(child.stderr.take().unwrap());
        child.wait().await.unwrap();
        assert_eq!(words.heard().await.len(), LONGEST_WORDS);
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_told_and_may_be_there_later() {
        let folder = tempfile::tempdir().unwrap();
        let sendmail = program(folder.path(), "exit 0", LONG);
        std::fs::set_permissions(&sendmail.path, PermissionsExt::from_mode(0o644)).unwrap();
        let unusable = [sendmail.send(&mail()).await.map(drop), sendmail.probe().await];
        std::fs::remove_file(&sendmail.path).unwrap();
        let missing = [sendmail.send(&mail()).await.map(drop), sendmail.probe().await];
        for error in unusable.into_iter().chain(missing) {
            assert!(matches!(error, Err(MailError::Transient(_))), "{error:?}");
        }
    }
}
