//! A server that stands for the API of a mail provider.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// One request, as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method and target.
    pub line: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

/// What is answered.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A status, a header and a body.
    Says(u16, &'static str, String),
    /// Nothing: the connection stays open.
    Hangs,
    /// Nothing: the connection ends.
    Drops,
    /// Nothing: the connection ends with half of what is asked.
    Cuts,
    /// The head, then a byte of the body now and then without an end.
    Drips,
    /// A body that is far too long.
    Floods,
}

/// A running server.
#[derive(Clone)]
pub struct MailApi {
    port: u16,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl MailApi {
    /// Starts with its replies, one for each request; 200 without a body when there are no more.
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::start_with(None, replies).await
    }

    pub async fn start_with(
        tls: Option<TlsAcceptor>,
        replies: impl IntoIterator<Item = Reply>,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let api = Self {
            port: listener.local_addr().expect("an address").port(),
            replies: Arc::new(Mutex::new(replies.into_iter().collect())),
            asked: Arc::default(),
        };
        let this = api.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (this, tls) = (this.clone(), tls.clone());
                tokio::spawn(async move {
                    // A client that goes away is the end of the talk, not of the test.
                    match tls {
                        None => drop(this.talk(stream).await),
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                drop(this.talk(stream).await);
                            }
                        }
                    }
                });
            }
        });
        api
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }

    async fn talk<S>(&self, stream: S) -> std::io::Result<()>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    {
        let mut stream = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await?;
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let line = lines.remove(0);
        let headers: BTreeMap<_, _> = lines
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers.get("content-length").map_or(0, |it| it.parse().expect("a length"));
        if matches!(self.replies.lock().expect("no panic").front(), Some(Reply::Cuts)) {
            self.replies.lock().expect("no panic").pop_front();
            return stream.read_exact(&mut vec![0; length / 2]).await.map(drop);
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let body = String::from_utf8(body).expect("text");
        self.asked.lock().expect("no panic").push(Asked { line, headers, body });
        let reply = self.replies.lock().expect("no panic").pop_front();
        match reply.unwrap_or(Reply::Says(200, "x: y", String::new())) {
            Reply::Hangs => std::future::pending().await,
            Reply::Drops | Reply::Cuts => Ok(()),
            Reply::Says(status, header, body) => {
                let length = body.len();
                let kind = "content-type: application/json";
                let text = format!(
                    "HTTP/1.1 {status} x\r\n{kind}\r\n{header}\r\ncontent-length: {length}\r\n\r\n{body}"
                );
                stream.write_all(text.as_bytes()).await?;
                stream.flush().await
            }
            Reply::Drips => {
                stream.write_all(b"HTTP/1.1 200 x\r\ncontent-length: 1000000\r\n\r\n").await?;
                loop {
                    stream.write_all(b" ").await?;
                    stream.flush().await?;
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
            }
            Reply::Floods => {
                stream.write_all(b"HTTP/1.1 200 x\r\ncontent-length: 1000000\r\n\r\n").await?;
                stream.write_all(&[b' '; 1_000_000]).await
            }
        }
    }
}
