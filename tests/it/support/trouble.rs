//! The way to a real Redis, on which a test makes trouble of every kind and counts what is asked.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Nothing,
    /// Connections are taken, and what comes over them is swallowed.
    Swallows,
    /// Commands arrive and are done; the answers are lost.
    LosesAnswers,
    /// Answers wait until this is over.
    Holds,
    /// Connections end with a reset, old ones and new ones.
    Resets,
    /// The connections that there are lead nowhere, and nobody is told; new ones work.
    HalfOpen,
    /// Answers are late.
    Late(Duration),
    /// Every command gets this for an answer, and the server none of them.
    Says(&'static [u8]),
    /// The same, and then the connection ends.
    SaysAndEnds(&'static [u8]),
}

/// The way.
pub struct Way {
    pub address: SocketAddr,
    trouble: watch::Sender<(Trouble, usize)>,
    seen: Arc<Mutex<Seen>>,
}

/// What came this way.
#[derive(Clone, Debug, Default)]
struct Seen {
    connections: usize,
    /// How often each command with its first argument.
    commands: BTreeMap<String, usize>,
}

impl Way {
    /// To the server at this port of this machine.
    pub async fn to(port: u16) -> Self {
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (trouble, state) = watch::channel((Trouble::Nothing, 0));
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let counts = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                // Whatever is dropped here ends with a reset.
                near.set_zero_linger().expect("a socket");
                let number = {
                    let mut seen = counts.lock().expect("no panic");
                    seen.connections += 1;
                    seen.connections
                };
                let line = Line { number, state: state.clone(), seen: Arc::clone(&counts) };
                tokio::spawn(line.carry(near, server));
            }
        });
        Self { address, trouble, seen }
    }

    /// From now on.
    pub fn makes(&self, trouble: Trouble) {
        let connections = self.connections();
        self.trouble.send_replace((trouble, connections));
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.seen.lock().expect("no panic").connections
    }

    /// How many commands so far began with these words.
    pub fn commands(&self, words: &str) -> usize {
        let seen = self.seen.lock().expect("no panic");
        seen.commands.iter().filter(|(key, _)| key.contains(words)).map(|(_, count)| count).sum()
    }
}

/// One connection.
#[derive(Clone)]
struct Line {
    number: usize,
    state: watch::Receiver<(Trouble, usize)>,
    seen: Arc<Mutex<Seen>>,
}

impl Line {
    async fn carry(self, near: TcpStream, server: SocketAddr) {
        let mut state = self.state.clone();
        let Ok(far) = TcpStream::connect(server).await else { return };
        let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
        let to_near = Arc::new(tokio::sync::Mutex::new(to_near));
        tokio::select! {
            () = self.clone().ask(from_near, to_far, Arc::clone(&to_near)) => {}
            () = self.answer(from_far, to_near) => {}
            _ = state.wait_for(|(trouble, _)| *trouble == Trouble::Resets) => {}
        }
    }

    /// What is wrong with this connection.
    fn trouble(&self) -> Trouble {
        match *self.state.borrow() {
            (Trouble::HalfOpen, before) if self.number <= before => Trouble::Swallows,
            (Trouble::HalfOpen, _) => Trouble::Nothing,
            (trouble, _) => trouble,
        }
    }

    async fn ask(
        self,
        mut near: OwnedReadHalf,
        mut far: OwnedWriteHalf,
        back: Arc<tokio::sync::Mutex<OwnedWriteHalf>>,
    ) {
        let mut bytes = Vec::new();
        while let Ok(1..) = near.read_buf(&mut bytes).await {
            while let Some((length, words)) = command(&bytes) {
                let command: Vec<_> = bytes.drain(..length).collect();
                *self.seen.lock().expect("no panic").commands.entry(words).or_default() += 1;
                let done = match self.trouble() {
                    Trouble::Swallows => continue,
                    Trouble::Says(answer) => back.lock().await.write_all(answer).await,
                    Trouble::SaysAndEnds(answer) => {
                        let _ = back.lock().await.write_all(answer).await;
                        return;
                    }
                    _ => far.write_all(&command).await,
                };
                if done.is_err() {
                    return;
                }
            }
        }
    }

    async fn answer(
        mut self,
        mut far: OwnedReadHalf,
        near: Arc<tokio::sync::Mutex<OwnedWriteHalf>>,
    ) {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = far.read(&mut bytes).await {
            match self.trouble() {
                Trouble::Swallows | Trouble::LosesAnswers => continue,
                // The fault itself, and nothing that a test waits for.
                Trouble::Late(by) => tokio::time::sleep(by).await,
                Trouble::Holds => {
                    let _ = self.state.wait_for(|(trouble, _)| *trouble != Trouble::Holds).await;
                }
                _ => {}
            }
            if near.lock().await.write_all(&bytes[..length]).await.is_err() {
                return;
            }
        }
    }
}

/// The first command of these bytes, if it is whole: its length, and its name with the first key.
fn command(bytes: &[u8]) -> Option<(usize, String)> {
    let (count, mut at) = number(bytes, 0, b'*')?;
    let mut words = Vec::new();
    for _ in 0..count {
        let (length, begin) = number(bytes, at, b'$')?;
        words.push(String::from_utf8_lossy(bytes.get(begin..begin + length)?).into_owned());
        at = begin + length + 2;
    }
    let key = words.get(if words[0] == "EVALSHA" { 3 } else { 1 }).map_or("", String::as_str);
    (at <= bytes.len()).then(|| (at, format!("{} {key}", words[0])))
}

/// The number on the line that begins here, and where the next line does.
fn number(bytes: &[u8], at: usize, sign: u8) -> Option<(usize, usize)> {
    let line = bytes.get(at..)?;
    let end = line.windows(2).position(|pair| pair == b"\r\n")?;
    assert_eq!(line[0], sign, "the driver speaks RESP");
    Some((std::str::from_utf8(&line[1..end]).ok()?.parse().ok()?, at + end + 2))
}
