//! To syslog, in the form of RFC 5424: the message is the JSON document, the MSGID the name of the
//! event. Written by hand: it is one line of text over a socket, and the crates for it block, or bring
//! a logger of their own.

use std::io;
use std::path::PathBuf;

use async_trait::async_trait;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket, UnixDatagram};
use tokio::time::timeout;

use super::PATIENCE;
use crate::domain::event::{Event, What, rfc3339};
use crate::ports::{AuditSink, Missed};

/// What every receiver must take of one datagram (RFC 5426, 3.2).
const DATAGRAM: usize = 2048;

/// Where syslog listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyslogAt {
    /// A socket of this machine, `/dev/log`.
    Unix(PathBuf),
    /// Host and port; a message is a datagram (RFC 5426).
    Udp(String, u16),
    /// Host and port; messages follow each other, each with its length (RFC 6587, 3.4.1).
    Tcp(String, u16),
}

/// The way to syslog. It is made when it is needed, and anew when it broke.
#[derive(Debug)]
pub struct Syslog {
    at: SyslogAt,
    /// Its code, as in RFC 5424, 6.2.1.
    facility: u8,
    host: String,
    line: Option<Line>,
}

#[derive(Debug)]
enum Line {
    Unix(UnixDatagram),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl Syslog {
    /// Connects to nothing yet.
    #[must_use]
    pub fn new(at: SyslogAt, facility: u8) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let is_plain = |c: char| c.is_ascii_graphic();
        let host: String = host.chars().filter(|c| is_plain(*c)).take(255).collect();
        let host = if host.is_empty() { "-".to_owned() } else { host };
        Self { at, facility, host, line: None }
    }

    async fn connect(&self) -> io::Result<Line> {
        Ok(match &self.at {
            SyslogAt::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.connect(path)?;
                Line::Unix(socket)
            }
            SyslogAt::Udp(host, port) => {
                let mut last = io::Error::from(io::ErrorKind::NotFound);
                for address in tokio::net::lookup_host((host.as_str(), *port)).await? {
                    let own = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                    let socket = UdpSocket::bind(own).await?;
                    match socket.connect(address).await {
                        Ok(()) => return Ok(Line::Udp(socket)),
                        Err(error) => last = error,
                    }
                }
                return Err(last);
            }
            SyslogAt::Tcp(host, port) => {
                Line::Tcp(TcpStream::connect((host.as_str(), *port)).await?)
            }
        })
    }

    /// Counts in `sent`, which is known when this is cut short, too.
    async fn send(&mut self, events: &[Event], sent: &mut usize) -> io::Result<()> {
        let mut line = match self.line.take() {
            Some(line) if line.is_open() => line,
            Some(_) | None => self.connect().await?,
        };
        for event in events {
            let message = message(event, self.facility, &self.host)?;
            match &mut line {
                Line::Unix(socket) => socket.send(cut(&message)).await.map(drop)?,
                Line::Udp(socket) => socket.send(cut(&message)).await.map(drop)?,
                Line::Tcp(stream) => {
                    let length = format!("{} ", message.len());
                    stream.write_all(&[length.as_bytes(), &message].concat()).await?;
                }
            }
            *sent += 1;
        }
        self.line = Some(line);
        Ok(())
    }
}

impl Line {
    /// Whether the other side has not closed it. A write alone would succeed once more, into nothing.
    fn is_open(&self) -> bool {
        match self {
            Self::Unix(_) | Self::Udp(_) => true,
            Self::Tcp(stream) => {
                let would_block = |error: &io::Error| error.kind() == io::ErrorKind::WouldBlock;
                match stream.try_read(&mut [0; 64]) {
                    Ok(count) => count > 0,
                    Err(error) => would_block(&error),
                }
            }
        }
    }
}

fn cut(message: &[u8]) -> &[u8] {
    &message[..message.len().min(DATAGRAM)]
}

/// `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG`
fn message(event: &Event, facility: u8, host: &str) -> io::Result<Vec<u8>> {
    let priority = u32::from(facility) * 8 + severity(&event.what);
    let (at, process, name) = (rfc3339(event.at), std::process::id(), event.name());
    let mut message =
        format!("<{priority}>1 {at} {host} linkgate {process} {name} - ").into_bytes();
    serde_json::to_writer(&mut message, event)?;
    Ok(message)
}

/// As in RFC 5424, 6.2.1: 4 for a warning, 5 for what deserves a look, 6 for all else.
fn severity(what: &What) -> u32 {
    match what {
        What::EventsLost { .. } | What::ConfigurationRefused { .. } | What::Reported => 4,
        What::Limited { .. }
        | What::CodeUsedUp
        | What::PasswordWrong
        | What::AdminRefused { .. }
        | What::AdminSignedIn
        | What::AccountSuspended => 5,
        _ => 6,
    }
}

#[async_trait]
impl AuditSink for Syslog {
    fn name(&self) -> &'static str {
        "syslog"
    }

    async fn write(&mut self, events: &[Event]) -> Result<(), Missed> {
        let mut written = 0;
        let sending = timeout(PATIENCE, self.send(events, &mut written)).await;
        let outcome = sending.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        outcome.map_err(|error| Missed { written, error })
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;
    use crate::domain::event::{Actor, EventId};
    use crate::domain::time::UnixMillis;

    fn event(what: What) -> Event {
        let at = UnixMillis(1_800_000_000_123);
        Event {
            id: EventId::new(at, 0, [1; 8]),
            at,
            what,
            times: 1,
            who: None,
            site: Some("wiki — ž".into()),
            client: None,
            request: None,
            by: Actor::Visitor,
        }
    }

    /// Header and document of a message.
    fn judged(message: &[u8], priority: u32, event: &Event) {
        let text = std::str::from_utf8(message).unwrap();
        let parts: Vec<&str> = text.splitn(8, ' ').collect();
        let name = event.name().as_str();
        let expected = format!("<{priority}>1");
        let process = std::process::id().to_string();
        assert_eq!(parts[0], expected, "{text}");
        assert_eq!(parts[1], "2027-01-15T08:00:00.123Z");
        assert!(!parts[2].is_empty());
        assert_eq!(parts[3..7], ["linkgate", &process, name, "-"]);
        assert_eq!(serde_json::from_str::<Event>(parts[7]).unwrap(), *event);
    }

    #[tokio::test]
    async fn datagrams_are_messages() {
        let receiver = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = receiver.local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let local = UnixDatagram::bind(&path).unwrap();
        let events = [event(What::CodeUsed), event(What::Reported)];
        let mut bytes = [0; 4096];
        Syslog::new(SyslogAt::Udp("127.0.0.1".into(), port), 10).write(&events).await.unwrap();
        Syslog::new(SyslogAt::Unix(path), 10).write(&events).await.unwrap();
        for (event, priority) in events.iter().zip([86, 84]) {
            let count = receiver.recv(&mut bytes).await.unwrap();
            judged(&bytes[..count], priority, event);
            let count = local.recv(&mut bytes).await.unwrap();
            judged(&bytes[..count], priority, event);
        }
    }

    #[tokio::test]
    async fn a_stream_has_lengths_and_is_made_anew_when_it_broke() {
        let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = receiver.local_addr().unwrap().port();
        let mut syslog = Syslog::new(SyslogAt::Tcp("127.0.0.1".into(), port), 13);
        for _ in 0..2 {
            let event = event(What::CodeUsed);
            syslog.write(&[event.clone(), event.clone()]).await.unwrap();
            let (mut stream, _) = receiver.accept().await.unwrap();
            for _ in 0..2 {
                let mut length = String::new();
                loop {
                    match stream.read_u8().await.unwrap() {
                        b' ' => break,
                        digit => length.push(char::from(digit)),
                    }
                }
                let mut message = vec![0; length.parse().unwrap()];
                stream.read_exact(&mut message).await.unwrap();
                judged(&message, 110, &event);
            }
            drop(stream);
            // Until the end of the stream has arrived.
            while syslog.line.as_ref().is_some_and(Line::is_open) {
                tokio::task::yield_now().await;
            }
        }
        drop(receiver);
        assert!(syslog.write(&[event(What::CodeUsed)]).await.is_err());
    }
}
