//! WebSockets by both ways.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::heard::Talk;
use super::{BOTH, Way, before};
use crate::support::app::{application, head};
use crate::support::gate::Gate;

const PATIENCE: Duration = Duration::from_secs(5);
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                      Connection: Upgrade\r\nSec-WebSocket-Accept: x\r\nKeep-Alive: timeout=5\r\n\
                      Set-Cookie: linkgate-session=x\r\nSet-Cookie: a=b\r\n\r\n";

type Heads = Arc<Mutex<Vec<String>>>;

/// An application that says `hello` right behind its handshake and then what it hears; it refuses where
/// the target says so, and switches to something else where that is what the target says.
async fn echoing(heads: Heads) -> SocketAddr {
    application(move |mut stream| {
        let heads = Arc::clone(&heads);
        async move {
            while let Some(head) = head(&mut stream).await {
                let answer = if head.contains("/refused") {
                    "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno".to_owned()
                } else if head.contains("/other") {
                    SWITCH.replace("websocket", "other")
                } else if head.contains("/socket") {
                    format!("{SWITCH}hello")
                } else {
                    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfence".to_owned()
                };
                let is_switch = answer.ends_with("hello");
                heads.lock().expect("no panic").push(head);
                let _ = stream.write_all(answer.as_bytes()).await;
                if is_switch {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                    return;
                }
            }
        }
    })
    .await
}

fn handshake(gate: &Gate, way: Way, target: &str, more: &str) -> String {
    let connection = match way {
        Way::Short => "Upgrade",
        Way::Long => "Upgrade, x-nothing",
    };
    format!(
        "GET {target} HTTP/1.1\r\nHost: {}\r\nOrigin: {}\r\nConnection: {connection}\r\n\
         Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n{more}\r\n",
        gate.host, gate.origin
    )
}

fn told(head: &str) -> Vec<String> {
    let lines = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("x-request-id:"));
    let mut lines: Vec<String> = lines
        .map(|line| match line.split_once(": ") {
            Some((name, value)) => format!("{}: {value}", name.to_ascii_lowercase()),
            None => line.to_owned(),
        })
        .collect();
    lines.sort();
    lines
}

async fn read(stream: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    let reading = async {
        while !read.ends_with(end.as_bytes()) {
            read.push(stream.read_u8().await.expect("more"));
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("it comes in time");
    String::from_utf8(read).expect("text")
}

#[tokio::test]
async fn a_socket_is_the_same_by_both_ways() {
    let heads = Heads::default();
    let gate = before(echoing(Arc::clone(&heads)).await).await;
    let more = "Cookie: a=b; linkgate-browser=x\r\nX_Odd: 1\r\nRemote-User: liar\r\nTE: trailers\r\n\
                Sec-WebSocket-Protocol: a, b\r\nX-Forwarded-For: 203.0.113.7\r\n";
    let mut answers = Vec::new();
    for way in BOTH {
        let mut stream = TcpStream::connect(gate.address).await.expect("connect");
        // What the client says before it has an answer waits for that.
        let request = handshake(&gate, way, "/public/socket", more) + "early ";
        stream.write_all(request.as_bytes()).await.expect("write");
        let answer = read(&mut stream, "\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{way:?}: {answer}");
        let is_short = answer.ends_with("connection: Upgrade\r\nupgrade: websocket\r\n\r\n");
        assert_eq!(is_short, way == Way::Short, "{answer}");
        stream.write_all(b"late").await.expect("write");
        assert_eq!(read(&mut stream, "late").await, "helloearly late", "{way:?}");
        drop(stream);
        let kept = |line: &String| !line.starts_with("date:") && !line.starts_with("keep-alive:");
        answers.push(told(&answer).into_iter().filter(kept).collect::<Vec<_>>());
    }
    assert_eq!(answers[0], answers[1]);
    assert!(!answers[0].iter().any(|line| line.contains("linkgate")), "{answers:?}");
    let heads = heads.lock().expect("no panic").clone();
    assert_eq!(told(&heads[0]), told(&heads[1]));
    assert!(!heads[0].contains("liar") && !heads[0].contains("linkgate-browser"), "{}", heads[0]);
}

/// Behind a handshake that was refused stands an ordinary request, and nobody's frame.
#[tokio::test]
async fn a_refused_handshake_opens_nothing() {
    let heads = Heads::default();
    let gate = before(echoing(Arc::clone(&heads)).await).await;
    for way in BOTH {
        let mut talk = Talk::open(gate.address).await;
        let next = way.head("GET", &gate.host, "/public/next", "Remote-User: liar\r\n");
        talk.say(&(handshake(&gate, way, "/public/refused", "") + &next)).await;
        let refused = talk.hear(false).await;
        assert_eq!((refused.answer.status, &*refused.answer.text()), (403, "no"), "{way:?}");
        let next = talk.hear(false).await;
        assert_eq!((next.answer.status, &*next.answer.text()), (200, "fence"), "{way:?}");
        assert_eq!(next.answer.header("connection"), way.sign());
        let other = "Origin: http://elsewhere.example\r\n";
        for (target, more, status) in [("/public/other", "", 502), ("/public/socket", other, 403)] {
            let mut talk = Talk::open(gate.address).await;
            talk.say(&handshake(&gate, way, target, more)).await;
            assert_eq!(talk.hear(false).await.answer.status, status, "{way:?} {target} {more}");
        }
    }
    assert!(!heads.lock().expect("no panic").concat().contains("liar"));
}
