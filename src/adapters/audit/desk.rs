//! A thread that writes where writing may block: to a pipe that nobody reads, to a disk that sleeps.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long a write is waited for. It goes on in its thread.
const PATIENCE: Duration = Duration::from_secs(2);

type Reply = oneshot::Sender<io::Result<()>>;

/// The way to the thread, which ends when this is dropped.
pub(super) struct Desk(SyncSender<(Vec<u8>, Reply)>);

impl Desk {
    /// Starts a thread that writes with `write`, one after the other.
    pub(super) fn start(
        name: &str,
        mut write: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, receiver): (_, Receiver<(Vec<u8>, Reply)>) = sync_channel(1);
        let serve = move || {
            while let Ok((bytes, reply)) = receiver.recv() {
                // Whoever waited may have given up.
                let _ = reply.send(write(&bytes));
            }
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(serve)?;
        Ok(Self(sender))
    }

    pub(super) async fn write(&self, bytes: Vec<u8>) -> io::Result<()> {
        let slow = || io::Error::new(io::ErrorKind::TimedOut, "the last write is not over");
        let (reply, answer) = oneshot::channel();
        match self.0.try_send((bytes, reply)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(slow()),
            Err(TrySendError::Disconnected(_)) => return Err(io::ErrorKind::BrokenPipe.into()),
        }
        match timeout(PATIENCE, answer).await {
            Ok(Ok(written)) => written,
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(slow()),
        }
    }
}
