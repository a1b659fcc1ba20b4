//! Both ends of an upgrade: the process that serves and starts another one, and the one that is started.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use super::kin::{Heir, Kin};
use super::orphan::Orphan;
use super::words::{Line, Word};
use crate::cli::fail;
use crate::cli::installation::StartError;
use crate::proxy::server::Doors;

/// How long the new process may take to read and build everything.
const PREPARING: Duration = Duration::from_secs(10);
/// How long it may take then to open the store and serve.
const BEGINNING: Duration = Duration::from_secs(5);
/// How long the last word of one that listens no more may be on its way.
const LAST_WORD: Duration = Duration::from_millis(100);
/// What came from one that is not there any more.
const ENDED: &str = "it has ended";
/// Says to `serve` that it is to take over from the process that has started it.
pub(in crate::cli) const TAKE_OVER: &str = "take-over";
/// Says to `serve` that it is to start such a process, and to end.
const HAND_ON: &str = "hand-on";

/// Why another process does not take over. The one that says so goes on.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum UpgradeError {
    /// It cannot be started at all.
    #[error("{}: cannot be started: {cause}; put the program in its place and upgrade again", program.display())]
    Start {
        /// What was to be started.
        program: PathBuf,
        /// Why it was not.
        cause: std::io::Error,
    },
    /// It has said why.
    #[error("the new process refuses: {0}")]
    Refused(String),
    /// It ended, or said nothing in time.
    #[error(
        "the new process did not say that it {wanted} ({cause}); look into the log for its reasons, and see that \
         {} is linkgate, of this version or a later one",
        program.display()
    )]
    Silent {
        /// What was started.
        program: PathBuf,
        /// What should have been said.
        wanted: &'static str,
        /// What came instead.
        cause: String,
    },
    /// Everything would end with this process, the new one included.
    #[error("{0}")]
    Root(&'static str),
    /// Calls of the store did not end.
    #[error("the store is busy and cannot be handed over; upgrade again")]
    Busy,
    /// If the next process failed late, nobody would serve.
    #[error(
        "this process could not serve again if the new one failed: {0}; put back what it was started with, \
         or stop it and start another"
    )]
    NoWayBack(StartError),
    /// This process is to end, and with it what was to take its place.
    #[error("linkgate was told to stop meanwhile")]
    Stopped,
    /// Another one has begun.
    #[error("an upgrade is under way")]
    UnderWay,
    /// Nobody is there any more who would do it.
    #[error("this process ends; ask the one that serves now")]
    Ending,
    /// A fault of ours.
    #[error("a step of it broke off; the log says why")]
    Broken,
}

/// How another process of ours is started: as this one was.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    program: PathBuf,
    config: PathBuf,
}

impl Launch {
    /// With the very words of our own command line: a name on the `PATH`, or a link that leads to
    /// another version now.
    pub(super) fn like_this_one(config: &Path) -> Self {
        let program = std::env::args_os().next().unwrap_or_else(|| OsString::from("linkgate"));
        Self { program: program.into(), config: config.to_owned() }
    }

    /// Both ends of the line to the new process, and one more of ours.
    pub(super) fn ends(&self) -> Result<((UnixStream, UnixStream), UnixStream), UpgradeError> {
        let ends = UnixStream::pair().and_then(|ends| Ok((ends.0.try_clone()?, ends)));
        let failed = |cause| UpgradeError::Start { program: self.program.clone(), cause };
        ends.map(|(more, ends)| (ends, more)).map_err(failed)
    }

    /// Starts it, gives it the sockets, and waits until it has prepared everything. Blocks.
    ///
    /// It is started by a process that ends at once, and so belongs to the service manager. systemd waits
    /// for its own children alone: a main process that was another one's when it was named is thought
    /// gone as soon as the service is to stop, and is killed with all its requests, as are those before it
    /// in a restart ("which is not our child").
    ///
    /// The `ends` are those of the line between both; whoever shuts it down meanwhile has it given up at once.
    pub(super) fn start(
        self,
        ends: (UnixStream, UnixStream),
        doors: &Doors,
    ) -> Result<Successor, UpgradeError> {
        let main = std::env::var("SYSTEMD_EXEC_PID").ok().and_then(|text| text.parse().ok());
        let is_heard = std::env::var_os("NOTIFY_SOCKET").is_some();
        may_be_replaced(std::process::id(), main, is_heard)?;
        let program = self.program.clone();
        let failed = |cause| UpgradeError::Start { program: program.clone(), cause };
        let (ours, theirs) = ends;
        // In one go: as long as the command is there, so is the other end of the line, and that nobody is
        // left there is not heard.
        let line = OwnedFd::from(theirs).into();
        let mut starts = self.command(HAND_ON, line).spawn().map_err(failed)?;
        let mut successor =
            Successor { process: None, line: Line::new(ours), program: self.program };
        let prepared = successor.prepare(doors);
        // If it has not ended it is another program.
        let _ = starts.kill();
        let _ = starts.wait();
        prepared.map(|()| successor)
    }

    fn command(&self, task: &str, line: Stdio) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["serve", &format!("--{task}"), "--config"]).arg(&self.config).stdin(line);
        command
    }
}

/// Starts the process that takes over, with the socket to the one that serves, and leaves it.
pub(in crate::cli) fn hand_on(config: &Path) -> ExitCode {
    let launch = Launch::like_this_one(config);
    match launch.command(TAKE_OVER, Stdio::inherit()).spawn() {
        Ok(_) => ExitCode::SUCCESS,
        Err(cause) => {
            let error = UpgradeError::Start { program: launch.program, cause };
            if let Ok(line) = line_to_predecessor() {
                Predecessor(line).refuse(&error);
            }
            fail(&error)
        }
    }
}

fn line_to_predecessor() -> std::io::Result<Line> {
    let socket = std::io::stdin().as_fd().try_clone_to_owned()?;
    Ok(Line::new(UnixStream::from(socket)))
}

/// Whether another process goes on when this one ends. `main` is the one that systemd has started.
fn may_be_replaced(own: u32, main: Option<u32>, is_heard: bool) -> Result<(), UpgradeError> {
    if own == 1 {
        return Err(UpgradeError::Root(
            "this is process 1, and a container ends with it: start another container",
        ));
    }
    if main == Some(own) && !is_heard {
        return Err(UpgradeError::Root(
            "systemd ends the whole service with this process, because the unit does not let it name \
             another one: say `Type=notify`, as conf/systemd/linkgate.service does",
        ));
    }
    Ok(())
}

/// A process that is about to take over. It is ended if this is dropped before.
#[derive(Debug)]
pub(super) struct Successor {
    process: Option<Orphan>,
    line: Line,
    program: PathBuf,
}

impl Successor {
    /// Lets it open the store and serve. Blocks until it does.
    pub(super) fn go(mut self) -> Result<Heir, UpgradeError> {
        let wanted = "serves";
        let line = self.line.share().map_err(|error| self.silent(wanted, &error))?;
        self.line.say(&Word::Go).map_err(|error| self.mute(wanted, &error))?;
        match self.hear(wanted, Instant::now() + BEGINNING)? {
            Word::Serving => match self.process.take() {
                Some(process) => Ok(Heir::new(process, line)),
                None => Err(self.silent(wanted, &"it never said who it is")),
            },
            word => Err(self.silent(wanted, &format_args!("but {word:?}"))),
        }
    }

    fn prepare(&mut self, doors: &Doors) -> Result<(), UpgradeError> {
        let (wanted, until) = ("is prepared", Instant::now() + PREPARING);
        self.line.say_doors(doors).map_err(|error| self.mute("begins", &error))?;
        let found = match self.hear(wanted, until)? {
            Word::Here { process } => Orphan::find(process),
            word => return Err(self.silent(wanted, &format_args!("but {word:?}"))),
        };
        let missing = match found {
            Ok(process) => {
                self.process = Some(process);
                None
            }
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                return Err(self.silent(wanted, &error));
            }
            // It has ended by now, and may have said why before.
            Err(error) => Some(error),
        };
        match (self.hear(wanted, until)?, missing) {
            (Word::Prepared, None) => Ok(()),
            (Word::Prepared, Some(error)) => Err(self.silent(wanted, &error)),
            (word, _) => Err(self.silent(wanted, &format_args!("but {word:?}"))),
        }
    }

    fn hear(&mut self, wanted: &'static str, until: Instant) -> Result<Word, UpgradeError> {
        match self.line.hear(Some(until)) {
            Ok(Word::Refused(why)) => Err(UpgradeError::Refused(why)),
            Ok(word) => Ok(word),
            Err(error) => Err(match error.kind() {
                ErrorKind::TimedOut => self.silent(wanted, &"nothing came in time"),
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => {
                    self.silent(wanted, &ENDED)
                }
                _ => self.silent(wanted, &error),
            }),
        }
    }

    /// Nobody listens; the last that was said may tell why.
    fn mute(&mut self, wanted: &'static str, error: &std::io::Error) -> UpgradeError {
        match self.line.hear(Some(Instant::now() + LAST_WORD)) {
            Ok(Word::Refused(why)) => UpgradeError::Refused(why),
            Ok(_) | Err(_) => match error.kind() {
                ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => self.silent(wanted, &ENDED),
                _ => self.silent(wanted, error),
            },
        }
    }

    fn silent(&self, wanted: &'static str, cause: &dyn std::fmt::Display) -> UpgradeError {
        UpgradeError::Silent { program: self.program.clone(), wanted, cause: cause.to_string() }
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.end();
            // Its end of the line goes with it.
            let until = Some(Instant::now() + BEGINNING);
            while self.line.hear(until).is_ok() {}
        }
    }
}

/// The process that serves, as the one sees it that is to take over.
#[derive(Debug)]
pub(super) struct Predecessor(Line);

impl Predecessor {
    /// Meets it, and takes the sockets.
    pub(super) fn meet() -> std::io::Result<(Self, Doors)> {
        let mut line = line_to_predecessor()?;
        let doors = line.hear_doors(Instant::now() + PREPARING)?;
        line.say(&Word::Here { process: std::process::id() })?;
        Ok((Self(line), doors))
    }

    /// Everything is prepared: waits until the store may be opened. Blocks. An error means that the
    /// other process is gone or wants us no more.
    pub(super) fn await_go(&mut self) -> std::io::Result<()> {
        self.0.say(&Word::Prepared)?;
        match self.0.hear(None)? {
            Word::Go => Ok(()),
            other => Err(std::io::Error::other(format!("not expected: {other:?}"))),
        }
    }

    /// Says why it cannot be. Nobody may listen any more.
    pub(super) fn refuse(&mut self, why: &dyn std::fmt::Display) {
        let _ = self.0.say(&Word::Refused(why.to_string()));
    }

    /// Says that requests are served. If nobody listens any more, they are served all the same.
    pub(super) fn serving(mut self) -> Kin {
        let _ = self.0.say(&Word::Serving);
        Kin::new(self.0.into_stream())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_everything_ends_with_is_replaced() {
        assert!(may_be_replaced(1, None, false).is_err());
        assert!(may_be_replaced(1, Some(1), true).is_err());
        assert!(may_be_replaced(70, Some(70), false).unwrap_err().to_string().contains("notify"));
        assert!(may_be_replaced(70, Some(70), true).is_ok());
        // Started from a shell, or by a process that systemd has started.
        assert!(may_be_replaced(70, None, false).is_ok());
        assert!(may_be_replaced(71, Some(70), false).is_ok());
    }
}
