//! Slow and greedy clients starve nobody.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::client::{Answer, read_answer};
use crate::support::gate::{Gate, Wishes};

#[tokio::test]
async fn a_head_that_drips_is_ended_while_others_are_served() {
    let extra = "server: { request_head: 1s, threads: 1 }".to_owned();
    let gate = Gate::with(Wishes { extra, ..Wishes::default() }).await;
    // Each byte comes before a limit on a single read would strike.
    let dripping: Vec<_> = (0..40)
        .map(|_| {
            let (address, host) = (gate.address, gate.host.clone());
            tokio::spawn(async move {
                let began = Instant::now();
                let (mut read, mut write) =
                    TcpStream::connect(address).await.expect("connect").into_split();
                let drip = tokio::spawn(async move {
                    let head = format!("GET /public/x HTTP/1.1\r\nHost: {host}\r\nX: ");
                    let _ = write.write_all(head.as_bytes()).await;
                    let mut beat = tokio::time::interval(Duration::from_millis(50));
                    loop {
                        beat.tick().await;
                        if write.write_all(b"a").await.is_err() {
                            return;
                        }
                    }
                });
                let mut answer = Vec::new();
                let _ = read.read_to_end(&mut answer).await;
                drip.abort();
                (began.elapsed(), String::from_utf8_lossy(&answer).into_owned())
            })
        })
        .collect();
    let mut served = 0;
    let mut browser = gate.browser();
    while !dripping.iter().all(tokio::task::JoinHandle::is_finished) {
        let began = Instant::now();
        assert_eq!(browser.get("/public/x").await.status, 200);
        assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
        served += 1;
    }
    assert!(served > 3, "others were served meanwhile: {served}");
    for drip in dripping {
        let (after, answer) = drip.await.expect("no panic");
        assert!(after >= Duration::from_millis(900) && after < Duration::from_secs(4), "{after:?}");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    assert_eq!(gate.upstream.seen().len(), served);
}

#[tokio::test]
async fn one_peer_has_only_so_many_connections() {
    let extra = "server: { connections_per_peer: 5 }".to_owned();
    let gate = Gate::with(Wishes { extra, ..Wishes::default() }).await;
    let mut held = Vec::new();
    let request = format!("GET /public/x HTTP/1.1\r\nHost: {}\r\n\r\n", gate.host);
    crate::support::eventually("the connection of the start is gone", async || {
        (ask(&gate, &request).await.1.status == 200).then_some(())
    })
    .await;
    let mut refused = 0;
    for _ in 0..8 {
        let (stream, answer) = ask(&gate, &request).await;
        match answer.status {
            200 => held.push(stream),
            503 => {
                refused += 1;
                assert!(!answer.header("retry-after").is_empty());
            }
            other => panic!("{other}"),
        }
    }
    assert!(held.len() <= 5 && refused >= 3, "{} held, {refused} refused", held.len());
    assert!(held.len() >= 3, "only {} held", held.len());
    held.clear();
    crate::support::eventually("room again", async || {
        (ask(&gate, &request).await.1.status == 200).then_some(())
    })
    .await;
}

async fn ask(gate: &Gate, request: &str) -> (TcpStream, Answer) {
    let mut stream = TcpStream::connect(gate.address).await.expect("connect");
    let _ = stream.write_all(request.as_bytes()).await;
    let answer = read_answer(&mut stream, false).await;
    (stream, answer)
}

#[tokio::test]
async fn a_slow_form_is_ended() {
    let gate = Gate::start().await;
    let head = format!(
        "POST /.linkgate/sign-in HTTP/1.1\r\nHost: {}\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 200\r\n\r\nemail=",
        gate.host
    );
    let (mut read, mut write) =
        TcpStream::connect(gate.address).await.expect("connect").into_split();
    write.write_all(head.as_bytes()).await.expect("write");
    let began = Instant::now();
    let drip = tokio::spawn(async move {
        let mut beat = tokio::time::interval(Duration::from_millis(250));
        while write.write_all(b"a").await.is_ok() {
            beat.tick().await;
        }
    });
    let mut answer = Vec::new();
    let _ = read.read_to_end(&mut answer).await;
    drip.abort();
    let (after, answer) = (began.elapsed(), String::from_utf8_lossy(&answer).into_owned());
    assert!(after < Duration::from_secs(14), "{after:?}");
    assert!(answer.starts_with("HTTP/1.1 408"), "{after:?}: {answer}");
}
