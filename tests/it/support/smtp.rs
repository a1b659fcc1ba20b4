//! A mail relay that does what a test tells it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::eventually;

/// How the relay protects its connections.
#[derive(Clone, Default)]
pub enum Protection {
    #[default]
    None,
    StartTls(TlsAcceptor),
    Implicit(TlsAcceptor),
}

/// What the relay does.
#[derive(Default)]
pub struct Script {
    pub protection: Protection,
    /// The only name and password that may send; none are needed if there are none.
    pub login: Option<(String, String)>,
    /// Answers to messages, one for each; 250 when there are no more. `hang` is none at all, `drop`
    /// the end of the connection before the message is read, `hang up` after it.
    pub verdicts: Mutex<VecDeque<String>>,
    /// The greeting, if it is not 220. `hang` is none at all.
    pub greeting: Option<String>,
    /// The answer to `STARTTLS`, if it is not 220; with lines after it, they are in the same packet.
    pub starttls: Option<String>,
    /// The answer to senders, if it is not 250.
    pub sender: Option<String>,
    /// The answer to recipients, if it is not 250.
    pub recipient: Option<String>,
}

impl Script {
    pub fn with_login(name: &str, password: &str) -> Self {
        Self { login: Some((name.into(), password.into())), ..Self::default() }
    }

    pub fn with_verdicts(verdicts: &[&str]) -> Self {
        let verdicts = Mutex::new(verdicts.iter().map(|&it| it.into()).collect());
        Self { verdicts, ..Self::default() }
    }
}

/// A message that was accepted.
#[derive(Clone, Debug)]
pub struct Message {
    pub from: String,
    pub to: Vec<String>,
    pub data: Vec<u8>,
    pub encrypted: bool,
}

/// A running relay.
#[derive(Clone)]
pub struct Relay {
    port: u16,
    script: Arc<Script>,
    messages: Arc<Mutex<Vec<Message>>>,
    seen: Arc<Mutex<Vec<Vec<u8>>>>,
    commands: Arc<Mutex<Vec<String>>>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Relay {
    pub async fn start(script: Script) -> Self {
        Self::start_on(0, script).await
    }

    /// Starts on a port; 0 for any.
    pub async fn start_on(port: u16, script: Script) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let relay = Self {
            port,
            script: Arc::new(script),
            messages: Arc::default(),
            seen: Arc::default(),
            commands: Arc::default(),
        };
        let this = relay.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let this = this.clone();
                tokio::spawn(async move {
                    let stream: Box<dyn Stream> = match &this.script.protection {
                        Protection::Implicit(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => Box::new(stream),
                            Err(_) => return,
                        },
                        Protection::None | Protection::StartTls(_) => Box::new(stream),
                    };
                    // A client that goes away is the end of the talk, not of the test.
                    let _ = this.talk(stream).await;
                });
            }
        });
        relay
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// All messages that were accepted.
    pub fn messages(&self) -> Vec<Message> {
        self.messages.lock().expect("no panic").clone()
    }

    /// All messages that came to their end, accepted or not.
    pub fn seen(&self) -> Vec<Vec<u8>> {
        self.seen.lock().expect("no panic").clone()
    }

    /// All commands, in upper case, without what follows `AUTH PLAIN`.
    pub fn commands(&self) -> Vec<String> {
        self.commands.lock().expect("no panic").clone()
    }

    /// Waits for message number `count`.
    pub async fn message(&self, count: usize) -> Message {
        eventually("a message at the relay", async || self.messages().into_iter().nth(count - 1))
            .await
    }

    async fn talk(&self, stream: Box<dyn Stream>) -> std::io::Result<()> {
        let mut encrypted = matches!(self.script.protection, Protection::Implicit(_));
        let mut stream = BufReader::new(stream);
        let (mut may_send, mut from, mut to) = (self.script.login.is_none(), String::new(), vec![]);
        let greeting = self.script.greeting.as_deref().unwrap_or("220 relay.test ESMTP");
        if greeting == "hang" {
            std::future::pending::<()>().await;
        }
        stream.write_all(format!("{greeting}\r\n").as_bytes()).await?;
        while let Some(line) = line(&mut stream).await? {
            let command = line.to_ascii_uppercase();
            let kept = command.split(' ').take(2).collect::<Vec<_>>().join(" ");
            self.commands.lock().expect("no panic").push(kept);
            let answer = match command.split(' ').next().unwrap_or("") {
                "EHLO" => self.greeting(encrypted),
                "STARTTLS" => {
                    let Protection::StartTls(acceptor) = &self.script.protection else {
                        return Ok(());
                    };
                    let go = self.script.starttls.as_deref().unwrap_or("220 go");
                    stream.write_all(format!("{go}\r\n").as_bytes()).await?;
                    let plain = stream.into_inner();
                    let secured: Box<dyn Stream> = Box::new(acceptor.accept(plain).await?);
                    stream = BufReader::new(secured);
                    encrypted = true;
                    continue;
                }
                "AUTH" => {
                    may_send = self.is_login(&line);
                    (if may_send { "235 ok\r\n" } else { "535 5.7.8 no\r\n" }).to_owned()
                }
                "MAIL" | "RCPT" | "DATA" if !may_send => "530 5.7.0 log in first\r\n".to_owned(),
                "MAIL" => {
                    (from, to) = (address(&line), vec![]);
                    format!("{}\r\n", self.script.sender.as_deref().unwrap_or("250 ok"))
                }
                "RCPT" => self.recipient(&line, &mut to),
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await?;
                    if self.drops() {
                        return stream.read_u8().await.map(drop);
                    }
                    let Some(data) = data(&mut stream).await? else { return Ok(()) };
                    let (from, to) = (from.clone(), to.clone());
                    let verdict = self.judged(Message { from, to, data, encrypted }).await;
                    if verdict == "hang up\r\n" {
                        return Ok(());
                    }
                    verdict
                }
                "QUIT" => {
                    return stream.write_all(b"221 bye\r\n").await;
                }
                _ => "250 ok\r\n".to_owned(),
            };
            stream.write_all(answer.as_bytes()).await?;
            stream.flush().await?;
        }
        Ok(())
    }

    async fn judged(&self, message: Message) -> String {
        self.seen.lock().expect("no panic").push(message.data.clone());
        let verdict = self.script.verdicts.lock().expect("no panic").pop_front();
        let verdict = verdict.unwrap_or_else(|| "250 2.0.0 queued".into());
        if verdict == "hang" {
            std::future::pending::<()>().await;
        }
        if verdict.starts_with('2') {
            self.messages.lock().expect("no panic").push(message);
        }
        format!("{verdict}\r\n")
    }

    fn recipient(&self, line: &str, to: &mut Vec<String>) -> String {
        if let Some(answer) = &self.script.recipient {
            return format!("{answer}\r\n");
        }
        to.push(address(line));
        "250 ok\r\n".to_owned()
    }

    /// Whether the next message is cut off.
    fn drops(&self) -> bool {
        let mut verdicts = self.script.verdicts.lock().expect("no panic");
        let drops = verdicts.front().is_some_and(|next| next == "drop");
        if drops {
            verdicts.pop_front();
        }
        drops
    }

    fn greeting(&self, encrypted: bool) -> String {
        let mut answer = "250-relay.test\r\n".to_owned();
        if matches!(self.script.protection, Protection::StartTls(_)) && !encrypted {
            answer.push_str("250-STARTTLS\r\n");
        }
        if self.script.login.is_some() {
            answer.push_str("250-AUTH PLAIN\r\n");
        }
        answer + "250 8BITMIME\r\n"
    }

    fn is_login(&self, line: &str) -> bool {
        let Some((name, password)) = &self.script.login else { return false };
        let given = line.split(' ').nth(2).and_then(|text| STANDARD.decode(text).ok());
        given == Some(format!("\0{name}\0{password}").into_bytes())
    }
}

fn address(line: &str) -> String {
    let rest = line.split_once('<').map_or("", |(_, rest)| rest);
    rest.split_once('>').map_or("", |(address, _)| address).to_owned()
}

async fn line(stream: &mut BufReader<Box<dyn Stream>>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end().to_owned()))
}

/// The lines up to the one that is a dot.
async fn data(stream: &mut BufReader<Box<dyn Stream>>) -> std::io::Result<Option<Vec<u8>>> {
    let mut data = Vec::new();
    while let Some(line) = line(stream).await? {
        if line == "." {
            return Ok(Some(data));
        }
        data.extend_from_slice(line.strip_prefix('.').unwrap_or(&line).as_bytes());
        data.extend_from_slice(b"\r\n");
    }
    Ok(None)
}
