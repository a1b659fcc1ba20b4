//! A connection to a server that a test can cut and plug in again, while the server stays.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections while it is plugged in. Cut, it ends those that are open and takes no new
/// ones for longer than it needs to close them.
pub struct Cable {
    pub address: SocketAddr,
    state: watch::Sender<State>,
    broken: Arc<AtomicU64>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Plugged,
    /// It ends the connections that carry this text to the server.
    BreaksAt(&'static str),
    Cut,
    /// Nothing moves, and nobody is told.
    Frozen,
}

impl Cable {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (state, seen) = watch::channel(State::Plugged);
        let broken = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&broken);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (mut seen, broken) = (seen.clone(), Arc::clone(&counted));
                if *seen.borrow() == State::Cut {
                    continue;
                }
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(server).await else { return };
                    let ((from_near, mut to_near), (mut from_far, to_far)) =
                        (near.into_split(), far.into_split());
                    let thawed = seen.clone();
                    tokio::select! {
                        () = ask(from_near, to_far, seen.clone(), &broken) => {}
                        () = answer(&mut from_far, &mut to_near, thawed) => {}
                        _ = seen.wait_for(|state| *state == State::Cut) => {}
                    }
                });
            }
        });
        Self { address, state, broken }
    }

    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// From now on whoever asks for something with this text in it gets no answer.
    pub fn break_at(&self, text: &'static str) {
        self.state.send_replace(State::BreaksAt(text));
    }

    /// How many connections have ended at that text so far.
    pub fn broken(&self) -> u64 {
        self.broken.load(Ordering::Relaxed)
    }

    /// From now on nothing moves on it, and the connections stay.
    pub fn freeze(&self) {
        self.state.send_replace(State::Frozen);
    }

    pub fn plug(&self) {
        self.state.send_replace(State::Plugged);
    }
}

async fn ask(
    mut near: OwnedReadHalf,
    mut far: OwnedWriteHalf,
    state: watch::Receiver<State>,
    broken: &AtomicU64,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = near.read(&mut bytes).await {
        thaw(&state).await;
        let asked = &bytes[..length];
        if let State::BreaksAt(text) = *state.borrow()
            && asked.windows(text.len()).any(|window| window == text.as_bytes())
        {
            broken.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if far.write_all(asked).await.is_err() {
            return;
        }
    }
}

async fn answer(far: &mut OwnedReadHalf, near: &mut OwnedWriteHalf, state: watch::Receiver<State>) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = far.read(&mut bytes).await {
        thaw(&state).await;
        if near.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

async fn thaw(state: &watch::Receiver<State>) {
    let _ = state.clone().wait_for(|state| *state != State::Frozen).await;
}
