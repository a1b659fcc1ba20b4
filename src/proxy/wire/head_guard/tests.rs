use tokio::io::{AsyncWriteExt, DuplexStream};

use super::*;

/// The client's end, and a guard that has judged the head in `wire`.
async fn after_head(wire: &str) -> (DuplexStream, HeadGuard) {
    let (mut client, stream) = tokio::io::duplex(4096);
    client.write_all(wire.as_bytes()).await.unwrap();
    let mut guard = HeadGuard::new(Box::new(stream));
    let limits = WireLimits::default();
    let never = std::future::pending();
    let arrival = guard.next_head(&limits, Duration::from_secs(1), never, false).await;
    assert!(matches!(arrival, Arrival::Head), "{arrival:?}");
    (client, guard)
}

#[tokio::test]
async fn a_reader_held_back_is_woken_when_the_protocol_switches() {
    let ask = "GET / HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\n\r\n";
    let (_client, guard) = after_head(&format!("{ask}early")).await;
    let (mut read, mut write) = tokio::io::split(guard);
    let mut head = vec![0; ask.len()];
    read.read_exact(&mut head).await.unwrap();
    assert_eq!(head, ask.as_bytes());
    let reader = tokio::spawn(async move {
        let mut early = [0; 5];
        read.read_exact(&mut early).await.map(|_| early)
    });
    tokio::task::yield_now().await;
    write.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.unwrap();
    tokio::task::yield_now().await;
    assert!(!reader.is_finished());
    write.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await.unwrap();
    let early = tokio::time::timeout(Duration::from_secs(5), reader).await.unwrap();
    assert_eq!(&early.unwrap().unwrap(), b"early");
}

#[tokio::test]
async fn a_body_that_was_not_read_rules_out_a_next_request() {
    let head = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\n";
    let (_client, mut guard) = after_head(&format!("{head}abcGET / ")).await;
    assert!(!guard.is_between_requests(), "the head is not read");
    let mut read = vec![0; head.len()];
    guard.read_exact(&mut read).await.unwrap();
    assert!(!guard.is_between_requests(), "the body is not read");
    guard.read_exact(&mut read[..3]).await.unwrap();
    assert!(guard.is_between_requests());
}

#[tokio::test]
async fn logs_do_not_show_what_a_head_holds() {
    let head = "GET / HTTP/1.1\r\nHost: a.example\r\nCookie: secret-value\r\n\r\n";
    let (_client, guard) = after_head(head).await;
    assert!(!format!("{guard:?}").contains("secret"), "{guard:?}");
}

#[tokio::test]
async fn a_client_that_has_gone_is_missed_whatever_it_has_said_before() {
    let ask = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
    for behind in ["", "\r\n", ask] {
        let (mut client, mut guard) = after_head(ask).await;
        assert_eq!(guard.take_head(), ask);
        client.write_all(behind.as_bytes()).await.unwrap();
        drop(client);
        tokio::time::timeout(Duration::from_secs(5), guard.gone()).await.expect("it has gone");
        guard.give_back(ask.as_bytes());
        assert_eq!(guard.buf, format!("{ask}{behind}"));
    }
}

#[tokio::test]
async fn of_next_requests_only_a_little_is_kept() {
    let ask = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
    let (mut client, mut guard) = after_head(ask).await;
    guard.take_head();
    let sending = tokio::spawn(async move { client.write_all(&[b'x'; 10 * MOST_KEPT]).await });
    let gone = tokio::time::timeout(Duration::from_millis(50), guard.gone());
    assert!(gone.await.is_err() && !sending.is_finished());
    assert!(guard.buf.len() < MOST_KEPT + READ);
}
