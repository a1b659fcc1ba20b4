//! Requests while configurations change: none is lost, in whatever way it comes.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::{ANN, status};
use crate::streams::grpc::connect;
use crate::support::app::{application, head, site};
use crate::support::client::{Answer, dechunked, raw, read_answer};
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};

/// In which ways requests come, each of them several times at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// One after the other on one connection.
    Kept,
    /// Each on a connection of its own.
    Fresh,
    /// With a body, as long as was said or in chunks.
    Posts,
    /// Several at once on one connection, with bodies.
    Http2,
}

const WAYS: [Way; 4] = [Way::Kept, Way::Fresh, Way::Posts, Way::Http2];
const AT_ONCE: usize = 3;

/// Somebody's requests, until it is told to stop.
struct Load {
    gate: Arc<Gate>,
    cookies: String,
    stop: AtomicBool,
    served: [AtomicUsize; WAYS.len()],
}

impl Load {
    fn served(&self) -> [usize; WAYS.len()] {
        std::array::from_fn(|way| self.served[way].load(Ordering::Relaxed))
    }

    /// Counts an answer; it must be that of the application to just this request.
    fn count(&self, way: Way, number: usize, answer: &Answer, body: &str) {
        assert_eq!(answer.status, 200, "{way:?} {number}: {}", answer.text());
        let told = answer.json();
        assert_eq!(told["target"], format!("/page/{number}"), "{way:?}");
        let received = told["body"].as_str().expect("a body");
        let is_whole = received == body || dechunked(received.as_bytes()) == body.as_bytes();
        assert!(is_whole, "{way:?} {number}: {} bytes of {}", received.len(), body.len());
        self.served[way as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn head(&self, method: &str, number: usize, more: &str) -> String {
        let (host, cookies) = (&self.gate.host, &self.cookies);
        format!("{method} /page/{number} HTTP/1.1\r\nHost: {host}\r\n{cookies}{more}\r\n")
    }

    async fn comes(self: Arc<Self>, way: Way) {
        let mut kept = TcpStream::connect(self.gate.address).await.expect("connect");
        for number in 0.. {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            match way {
                Way::Kept => {
                    let request = self.head("GET", number, "");
                    kept.write_all(request.as_bytes()).await.expect("the request goes out");
                    self.count(way, number, &read_answer(&mut kept, false).await, "");
                }
                Way::Fresh => {
                    let request = self.head("GET", number, "Connection: close\r\n");
                    self.count(way, number, &raw(self.gate.address, request.as_bytes()).await, "");
                }
                Way::Posts => {
                    let body = format!("{number} ").repeat(1 + number * 97 % 9000);
                    let request = if number % 2 == 0 {
                        let length = format!("Content-Length: {}\r\n", body.len());
                        format!("{}{body}", self.head("POST", number, &length))
                    } else {
                        let head = self.head("POST", number, "Transfer-Encoding: chunked\r\n");
                        format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
                    };
                    let mut fresh = TcpStream::connect(self.gate.address).await.expect("connect");
                    fresh.write_all(request.as_bytes()).await.expect("the request goes out");
                    self.count(way, number, &read_answer(&mut fresh, false).await, &body);
                }
                Way::Http2 => {
                    let requests = connect(&self.gate).await;
                    let calls = [0, 1, 2].map(|one| self.call(&requests, number * 10 + one));
                    let [first, second, third] = calls;
                    tokio::join!(first, second, third);
                }
            }
        }
    }

    async fn call(&self, requests: &SendRequest<Bytes>, number: usize) {
        let request = Request::post(format!("http://{}/page/{number}", self.gate.host));
        let cookie = self.cookies.trim_end().strip_prefix("Cookie: ").expect("cookies");
        let request = request.header("cookie", cookie).body(()).expect("a head");
        let mut requests = requests.clone().ready().await.expect("ready");
        let (answer, mut sending) = requests.send_request(request, false).expect("sent");
        let body = format!("{number} ").repeat(1000);
        sending.send_data(Bytes::from(body.clone()), true).expect("sent");
        let answer = answer.await.expect("an answer");
        let (head, mut rest) = answer.into_parts();
        let mut received = Vec::new();
        while let Some(part) = rest.data().await {
            let part = part.expect("the body");
            let _ = rest.flow_control().release_capacity(part.len());
            received.extend_from_slice(&part);
        }
        let answer = Answer { status: head.status.as_u16(), headers: Vec::new(), body: received };
        self.count(Way::Http2, number, &answer, &body);
    }
}

#[tokio::test]
async fn no_request_is_lost_while_configurations_change() {
    let gate = Arc::new(Gate::start().await);
    let mut first = gate.browser();
    gate.sign_in(&mut first, ANN, "/").await;
    let load = Arc::new(Load {
        gate: Arc::clone(&gate),
        cookies: first.cookie_line(),
        stop: AtomicBool::new(false),
        served: Default::default(),
    });
    let coming = WAYS.iter().flat_map(|way| [*way; AT_ONCE]);
    let coming: Vec<_> = coming.map(|way| tokio::spawn(Arc::clone(&load).comes(way))).collect();
    let pid = gate.pid().to_string();
    let mut stranger = gate.browser();
    gate.edit("/public/**", "/open-0/**");
    for round in 1..=15 {
        gate.edit(&format!("/open-{}/", round - 1), &format!("/open-{round}/"));
        assert!(Command::new("kill").args(["-HUP", &pid]).status().expect("kill").success());
        let before = load.served();
        eventually("another configuration, under load", async || {
            assert!(!coming.iter().any(JoinHandle::is_finished), "a request failed");
            let is_open = status(&mut stranger, &format!("/open-{round}/a")).await == 200;
            let goes_on = load.served().iter().zip(before).all(|(now, then)| *now > then + 3);
            (is_open && goes_on).then_some(())
        })
        .await;
    }
    load.stop.store(true, Ordering::Relaxed);
    for one in coming {
        one.await.expect("no request failed");
    }
    assert!(load.served().iter().all(|served| *served > 60), "{:?}", load.served());
}

/// An application that takes its time over everything: it adds a permit when a request has got that
/// far, and goes on when it may.
async fn slow(got: Arc<Semaphore>, may: watch::Receiver<bool>) -> std::net::SocketAddr {
    application(move |mut stream| {
        let (got, mut may) = (Arc::clone(&got), may.clone());
        async move {
            let Some(head) = head(&mut stream).await else { return };
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalfhalf".as_slice();
            let (now, later) = answer.split_at(if head.contains("/half ") { 42 } else { 0 });
            stream.write_all(now).await.expect("write");
            if head.starts_with("POST") {
                stream.read_exact(&mut [0; 4]).await.expect("half a body");
            }
            got.add_permits(1);
            may.wait_for(|may| *may).await.expect("a test");
            if head.starts_with("POST") {
                stream.read_exact(&mut [0; 4]).await.expect("the other half");
            }
            stream.write_all(later).await.expect("write");
        }
    })
    .await
}

#[tokio::test]
async fn what_is_in_flight_comes_to_its_end_whatever_the_new_configuration_says() {
    let (got, (go, may)) = (Arc::new(Semaphore::new(0)), watch::channel(false));
    let sites = site(&format!("http://{}", slow(Arc::clone(&got), may).await));
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/.linkgate/account").await;
    let mut open = Vec::new();
    // Not answered yet, answered by half, and sent by half; of somebody, and of anybody.
    for (line, more, body) in [
        ("GET /later", ann.cookie_line(), ""),
        ("GET /half", ann.cookie_line(), ""),
        ("POST /upload", format!("{}Content-Length: 8\r\n", ann.cookie_line()), "half"),
        ("GET /public/half", String::new(), ""),
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: {}\r\n{more}\r\n{body}", gate.host);
        let mut stream = TcpStream::connect(gate.address).await.expect("connect");
        stream.write_all(request.as_bytes()).await.expect("write");
        open.push((line, stream));
    }
    let all = u32::try_from(open.len()).expect("few");
    let _ = got.acquire_many(all).await.expect("each got to the application");
    gate.change("/public/**", "/open/**").await;
    gate.change("\"@example.com\"", "\"bob@example.com\"").await;
    assert_eq!(status(&mut ann, "/later").await, 403, "nobody else comes in like them");
    assert_eq!(status(&mut gate.browser(), "/public/half").await, 303);
    gate.change("app.localhost", "gone.localhost").await;
    assert_eq!(status(&mut ann, "/later").await, 421);
    go.send_replace(true);
    for (line, mut stream) in open {
        if line.starts_with("POST") {
            stream.write_all(b"half").await.expect("the other half");
        }
        let answer = read_answer(&mut stream, false).await;
        assert_eq!((answer.status, &*answer.text()), (200, "halfhalf"), "{line}");
    }
}
