//! A client that says of each answer whether it was whole.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::client::{Answer, head_end, more, parse_head};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came in answer to one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Answers before the final one.
    pub interim: Vec<Answer>,
    /// The final one, as far as it came.
    pub answer: Answer,
    /// It came to the end that its framing says.
    pub is_whole: bool,
}

/// A connection to linkgate.
pub struct Talk {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Talk {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("connect");
        Self { stream, buffer: Vec::new() }
    }

    /// Sends bytes. That the other end has closed by now is seen when its answer is read.
    pub async fn say(&mut self, text: &str) {
        let _ = self.stream.write_all(text.as_bytes()).await;
    }

    /// Says that nothing more comes.
    pub async fn finish(&mut self) {
        self.stream.shutdown().await.expect("a connection");
    }

    /// The answer to the next request.
    pub async fn hear(&mut self, is_head: bool) -> Heard {
        let heard = tokio::time::timeout(PATIENCE, self.read(is_head)).await;
        let came = String::from_utf8_lossy(&self.buffer);
        heard.unwrap_or_else(|_| panic!("no end of an answer in time: {came:.300}"))
    }

    /// Whether the other end closes, and says nothing before.
    pub async fn is_closed(&mut self) -> bool {
        let read = tokio::time::timeout(PATIENCE, more(&mut self.stream, &mut self.buffer));
        !read.await.expect("an end in time") && self.buffer.is_empty()
    }

    async fn read(&mut self, is_head: bool) -> Heard {
        let mut heard = Heard::default();
        loop {
            let Some(end) = head_end(&self.buffer) else {
                if !more(&mut self.stream, &mut self.buffer).await {
                    return heard;
                }
                continue;
            };
            let answer = parse_head(&self.buffer[..end]);
            self.buffer.drain(..end);
            if (100..200).contains(&answer.status) && answer.status != 101 {
                heard.interim.push(answer);
                continue;
            }
            heard.answer = answer;
            let is_empty = is_head || matches!(heard.answer.status, 101 | 204 | 304);
            heard.is_whole = is_empty || self.body(&mut heard.answer).await;
            return heard;
        }
    }

    async fn body(&mut self, answer: &mut Answer) -> bool {
        assert!(answer.all("content-length").len() <= 1, "{answer:?}");
        if answer.header("transfer-encoding").to_ascii_lowercase().ends_with("chunked") {
            assert_eq!(answer.header("content-length"), "", "two framings");
            return self.chunks(&mut answer.body).await;
        }
        let length = answer.header("content-length").parse().unwrap_or(usize::MAX);
        let mut is_whole = true;
        while self.buffer.len() < length && is_whole {
            is_whole = more(&mut self.stream, &mut self.buffer).await;
        }
        answer.body = self.buffer.drain(..self.buffer.len().min(length)).collect();
        is_whole || length == usize::MAX
    }

    async fn chunks(&mut self, body: &mut Vec<u8>) -> bool {
        loop {
            let Some(size) = self.line().await else { return false };
            let size = usize::from_str_radix(&size, 16).expect("a plain size and nothing more");
            while self.buffer.len() < size + 2 {
                if !more(&mut self.stream, &mut self.buffer).await {
                    return false;
                }
            }
            body.extend(self.buffer.drain(..size));
            assert_eq!(self.buffer.drain(..2).collect::<Vec<_>>(), b"\r\n");
            if size == 0 {
                return true;
            }
        }
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.buffer.drain(..end + 2).take(end).collect();
                return Some(String::from_utf8(line).expect("text"));
            }
            if !more(&mut self.stream, &mut self.buffer).await {
                return None;
            }
        }
    }
}
