//! One connection with several answers on it, bytes kept between them.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::client::{Answer, head_end, more, parse_head};

/// A connection that sends any bytes and reads the answers one after the other.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came.
#[derive(Debug)]
pub enum Heard {
    /// An answer.
    Answer(Answer),
    /// The other end closed the connection.
    Closed,
    /// Nothing whole within the time.
    Nothing,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("connect");
        Self { stream, buffer: Vec::new() }
    }

    /// Sends bytes. That the other end has closed by now is seen when its answer is read.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// The next final answer. A body is read by its length; answers of linkgate have one.
    pub async fn next(&mut self, is_head: bool, within: Duration) -> Heard {
        match tokio::time::timeout(within, self.read(is_head)).await {
            Ok(Some(answer)) => Heard::Answer(answer),
            Ok(None) => Heard::Closed,
            Err(_) => Heard::Nothing,
        }
    }

    async fn read(&mut self, is_head: bool) -> Option<Answer> {
        loop {
            let Some(end) = head_end(&self.buffer) else {
                if !more(&mut self.stream, &mut self.buffer).await {
                    return None;
                }
                continue;
            };
            let mut answer = parse_head(&self.buffer[..end]);
            let length = answer.header("content-length").parse().unwrap_or(0);
            let length = if is_head { 0 } else { length };
            while self.buffer.len() < end + length {
                if !more(&mut self.stream, &mut self.buffer).await {
                    return None;
                }
            }
            answer.body = self.buffer[end..end + length].to_vec();
            self.buffer.drain(..end + length);
            if answer.status >= 200 || answer.status == 101 {
                return Some(answer);
            }
        }
    }
}
