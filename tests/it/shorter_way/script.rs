//! An application that answers exactly what it is told to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::app::{application, head};

/// What is answered to one request.
#[derive(Clone, Debug)]
pub struct Script {
    /// Sent one after the other.
    pub pieces: Vec<Vec<u8>>,
    pub then: Then,
}

/// What happens to the connection after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It waits for the next request.
    Keep,
    /// It is closed.
    Close,
    /// Nothing more comes.
    Silence,
}

/// Answers to `/public/0`, `/public/1` and so on; everything else is answered by `fence`.
#[derive(Clone, Debug, Default)]
pub struct Scripts(Arc<Mutex<Vec<Script>>>);

impl Scripts {
    /// One more answer; returns the target that it is for.
    pub fn add(&self, pieces: Vec<Vec<u8>>, then: Then) -> String {
        let mut all = self.0.lock().expect("no panic");
        all.push(Script { pieces, then });
        format!("/public/{}", all.len() - 1)
    }

    /// The application.
    pub async fn play(&self) -> SocketAddr {
        let scripts = self.clone();
        application(move |mut stream| {
            let scripts = scripts.clone();
            async move {
                let _ = stream.set_nodelay(true);
                while let Some(head) = head(&mut stream).await {
                    let Script { pieces, then } = scripts.of(&head);
                    for piece in pieces {
                        if stream.write_all(&piece).await.is_err() {
                            return;
                        }
                        tokio::task::yield_now().await;
                    }
                    match then {
                        Then::Keep => {}
                        Then::Close => return,
                        Then::Silence => {
                            let _ = stream.read(&mut [0; 1]).await;
                            return;
                        }
                    }
                }
            }
        })
        .await
    }

    fn of(&self, head: &str) -> Script {
        let target = head.split(' ').nth(1).expect("a target");
        let path = target.split('?').next().unwrap_or(target);
        let number = path.rsplit('/').next().and_then(|number| number.parse::<usize>().ok());
        let all = self.0.lock().expect("no panic");
        number.and_then(|number| all.get(number).cloned()).unwrap_or_else(|| Script {
            pieces: vec![b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfence".to_vec()],
            then: Then::Keep,
        })
    }
}
