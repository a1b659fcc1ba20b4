//! What two processes say to each other while one takes over from the other: one JSON value a line, on
//! a socket that the new process has as its standard input. The first line brings the sockets along.

use std::io::{BufRead, BufReader, Error, ErrorKind, IoSlice, IoSliceMut, Result, Write};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize};

use crate::proxy::server::Doors;

/// Sockets in one message: the most that Linux takes is 253.
const MOST: usize = 250;
/// The longest line.
const LONGEST: usize = 64 << 10;

/// One thing that is said.
#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Word {
    /// To the new one: where the sockets listen that come along, in their order.
    Listeners(Vec<SocketAddr>),
    /// By the new one: it has them. Said before anything that may hang.
    Here {
        /// The number of the process: who has started it is gone.
        process: u32,
    },
    /// By the new one: everything was read and built but for the store.
    Prepared,
    /// By the new one: why it cannot.
    Refused(String),
    /// To the new one: the store may be opened.
    Go,
    /// By the new one: it serves.
    Serving,
}

/// One end of the conversation.
#[derive(Debug)]
pub(super) struct Line {
    reader: BufReader<UnixStream>,
}

impl Line {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self { reader: BufReader::new(stream) }
    }

    pub(super) fn say(&mut self, word: &Word) -> Result<()> {
        self.reader.get_mut().write_all(&line(word)?)
    }

    /// The next word, if all of it comes in time. Without a limit of time it is waited for.
    pub(super) fn hear(&mut self, until: Option<Instant>) -> Result<Word> {
        self.rest(Vec::new(), until)
    }

    /// A word of which some has come.
    fn rest(&mut self, mut text: Vec<u8>, until: Option<Instant>) -> Result<Word> {
        let mut is_over = text.ends_with(b"\n");
        while !is_over && text.len() <= LONGEST {
            self.wait(until)?;
            let came = match self.reader.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                // What a socket says whose limit of time is over.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err(ErrorKind::TimedOut.into());
                }
                came => came?,
            };
            let end = memchr::memchr(b'\n', came).map(|at| at + 1);
            is_over = end.is_some() || came.is_empty();
            let count = end.unwrap_or(came.len());
            text.extend_from_slice(&came[..count]);
            self.reader.consume(count);
        }
        word(&text)
    }

    /// Has the next read wait until then, and no longer.
    fn wait(&self, until: Option<Instant>) -> Result<()> {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Err(ErrorKind::TimedOut.into());
        }
        self.reader.get_ref().set_read_timeout(left)
    }

    /// The first word, with the sockets.
    pub(super) fn say_doors(&mut self, doors: &Doors) -> Result<()> {
        let (addresses, sockets): (Vec<_>, Vec<_>) = doors.each().unzip();
        let text = line(&Word::Listeners(addresses))?;
        if sockets.len() > MOST || text.len() > LONGEST {
            return Err(Error::other(format!("more than {MOST} listeners cannot be handed over")));
        }
        let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut along = SendAncillaryBuffer::new(&mut space);
        if !along.push(SendAncillaryMessage::ScmRights(&sockets)) {
            return Err(Error::other("the sockets do not fit into a message"));
        }
        let sent = sendmsg(
            self.reader.get_ref().as_fd(),
            &[IoSlice::new(&text)],
            &mut along,
            SendFlags::empty(),
        )?;
        self.reader.get_mut().write_all(&text[sent..])
    }

    /// The socket, for who holds it longer than the conversation.
    ///
    /// # Errors
    /// When the process has no place for it.
    pub(super) fn share(&self) -> Result<UnixStream> {
        self.reader.get_ref().try_clone()
    }

    /// The same, once all is said.
    pub(super) fn into_stream(self) -> UnixStream {
        self.reader.into_inner()
    }

    /// Hears the first word, and takes the sockets.
    pub(super) fn hear_doors(&mut self, until: Instant) -> Result<Doors> {
        self.wait(Some(until))?;
        let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
        let mut along = RecvAncillaryBuffer::new(&mut space);
        let mut text = vec![0; LONGEST];
        let flags = RecvFlags::CMSG_CLOEXEC;
        let came = recvmsg(
            self.reader.get_ref().as_fd(),
            &mut [IoSliceMut::new(&mut text)],
            &mut along,
            flags,
        )?;
        text.truncate(came.bytes);
        let sockets: Vec<OwnedFd> = along
            .drain()
            .filter_map(|message| match message {
                RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
                _ => None,
            })
            .flatten()
            .collect();
        match self.rest(text, Some(until))? {
            Word::Listeners(addresses) if addresses.len() == sockets.len() => {
                let listeners = sockets.into_iter().map(TcpListener::from);
                Ok(Doors::inherited(addresses.into_iter().zip(listeners)))
            }
            other => Err(Error::new(ErrorKind::InvalidData, format!("not expected: {other:?}"))),
        }
    }
}

fn line(word: &Word) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec(word)?;
    text.push(b'\n');
    Ok(text)
}

fn word(text: &[u8]) -> Result<Word> {
    if text.is_empty() {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(text)?)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{Ipv4Addr, TcpStream};

    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    #[test]
    fn sockets_go_along_and_go_on_listening() {
        let (here, there) = UnixStream::pair().unwrap();
        let (mut here, mut there) = (Line::new(here), Line::new(there));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let doors = Doors::inherited([(address, listener)]);
        here.say_doors(&doors).unwrap();
        drop(doors);
        let doors = there.hear_doors(Instant::now() + SOON).unwrap();
        // It came while nobody had opened the message.
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(b"x").unwrap();
        assert_eq!(doors.each().map(|(address, _)| address).collect::<Vec<_>>(), [address]);
        there.say(&Word::Here { process: 7 }).unwrap();
        there.say(&Word::Prepared).unwrap();
        let soon = Some(Instant::now() + SOON);
        assert_eq!(here.hear(soon).unwrap(), Word::Here { process: 7 });
        assert_eq!(here.hear(soon).unwrap(), Word::Prepared);
        let refused = Word::Refused("linkgate.yaml:1:1: no\nhint: \"yes\"".to_owned());
        there.say(&refused).unwrap();
        assert_eq!(here.hear(None).unwrap(), refused);
        // What comes by and by is not waited for without end.
        there.reader.get_mut().write_all(b"\"prepared").unwrap();
        let late = Some(Instant::now() + Duration::from_millis(50));
        assert_eq!(here.hear(late).unwrap_err().kind(), ErrorKind::TimedOut);
        drop(there);
        assert_eq!(here.hear(None).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}
