//! Requests while processes take over from each other: none is lost, in whatever way it comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::pki_types::ServerName;

use super::{ANN, alone, signal, upgrade};
use crate::flow::signed_in_as;
use crate::streams::grpc::connect;
use crate::support::certificates::Certificates;
use crate::support::client::{Answer, dechunked, raw, read_answer};
use crate::support::gate::{Gate, Wishes, free_port};
use crate::support::stores::Kind;
use crate::support::{eventually, folder};

/// In which ways requests come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// One after the other on one connection, until an answer says that it ends.
    Kept,
    /// Each on a connection of its own.
    Fresh,
    /// With a body.
    Posts,
    /// Several at once on one connection, until it is told to go away.
    Http2,
    /// Each on a connection of its own, by TLS.
    Tls,
    /// A whole sign-in each: form, mail, link, page.
    SignIns,
}

const WAYS: [Way; 6] = [Way::Kept, Way::Fresh, Way::Posts, Way::Http2, Way::Tls, Way::SignIns];
/// Upgrades one after the other.
const ROUNDS: usize = 3;
/// The longest that a request may wait. What is measured is printed.
const PAUSE: Duration = Duration::from_secs(4);

/// A listener that speaks TLS.
pub(super) struct Tls {
    certificates: Certificates,
    port: u16,
    _folder: TempDir,
}

impl Tls {
    /// The listener, and how it is wished for.
    fn listen() -> (Self, String) {
        let (certificates, folder, port) = (Certificates::new(), folder(), free_port());
        certificates.write(folder.path());
        let listen = format!(
            ", {{ address: \"127.0.0.1:{port}\", tls: {{ certificate: \"{0}/site.pem\", \
             key: \"{0}/site.key\" }} }}",
            folder.path().display()
        );
        (Self { certificates, port, _folder: folder }, listen)
    }
}

/// Requests, until they are told to stop.
pub(super) struct Load {
    gate: Arc<Gate>,
    tls: Option<Tls>,
    ways: Vec<Way>,
    cookies: String,
    page: &'static str,
    stop: AtomicBool,
    served: [AtomicUsize; WAYS.len()],
    slowest_ms: AtomicU64,
}

impl Load {
    /// Begins. Where the store does not outlive a process, nobody is signed in.
    pub(super) async fn begin(
        gate: &Arc<Gate>,
        tls: Option<Tls>,
    ) -> (Arc<Self>, Vec<JoinHandle<()>>) {
        let keeps = gate.keeps_its_store();
        let mut ann = gate.browser();
        if keeps {
            gate.sign_in(&mut ann, ANN, "/").await;
        }
        let comes = |way: &Way| match way {
            Way::SignIns => keeps,
            Way::Tls => tls.is_some(),
            Way::Kept | Way::Fresh | Way::Posts | Way::Http2 => true,
        };
        let ways: Vec<_> = WAYS.into_iter().filter(comes).collect();
        let coming = ways.clone().into_iter().flat_map(|way| [(way, 0), (way, 1)]);
        let load = Arc::new(Self {
            gate: Arc::clone(gate),
            tls,
            ways,
            cookies: ann.cookie_line(),
            page: if keeps { "/page" } else { "/public" },
            stop: AtomicBool::new(false),
            served: Default::default(),
            slowest_ms: AtomicU64::new(0),
        });
        // On threads of their own, so that upgrading keeps none of them waiting.
        let spawn = |(way, one)| {
            let (load, runtime) = (Arc::clone(&load), tokio::runtime::Handle::current());
            tokio::task::spawn_blocking(move || runtime.block_on(load.comes(way, one)))
        };
        let coming = coming.map(spawn).collect();
        (load, coming)
    }

    /// Waits until every way has been served a few times more.
    pub(super) async fn goes_on(&self, coming: &[JoinHandle<()>]) {
        let served = || -> Vec<_> {
            let served = |way: &Way| self.served[*way as usize].load(Ordering::Relaxed);
            self.ways.iter().map(served).collect()
        };
        let before = served();
        eventually("all ways go on", async || {
            assert!(!coming.iter().any(JoinHandle::is_finished), "a request failed");
            served().iter().zip(&before).all(|(now, then)| *now > then + 3).then_some(())
        })
        .await;
    }

    /// Stops, and says how many requests were served and how long the slowest took.
    pub(super) async fn end(&self, coming: Vec<JoinHandle<()>>) -> (usize, u64) {
        self.stop.store(true, Ordering::Relaxed);
        for one in coming {
            one.await.expect("no request failed");
        }
        let served = self.served.iter().map(|served| served.load(Ordering::Relaxed)).sum();
        (served, self.slowest_ms.load(Ordering::Relaxed))
    }

    fn count(&self, way: Way, began: Instant) {
        self.served[way as usize].fetch_add(1, Ordering::Relaxed);
        if way == Way::SignIns {
            // That is several requests and a mail.
            return;
        }
        let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.slowest_ms.fetch_max(took, Ordering::Relaxed);
    }

    /// It must be the answer of the application to just this request.
    fn check(&self, way: Way, number: usize, answer: &Answer, body: &str) {
        assert_eq!(answer.status, 200, "{way:?} {number}: {}", answer.text());
        let told = answer.json();
        assert_eq!(told["target"], format!("{}/{number}", self.page), "{way:?}");
        let received = told["body"].as_str().expect("a body");
        let is_whole = received == body || dechunked(received.as_bytes()) == body.as_bytes();
        assert!(is_whole, "{way:?} {number}: {} bytes of {}", received.len(), body.len());
    }

    fn head(&self, method: &str, number: usize, more: &str) -> String {
        let (page, host, cookies) = (self.page, &self.gate.host, &self.cookies);
        format!("{method} {page}/{number} HTTP/1.1\r\nHost: {host}\r\n{cookies}{more}\r\n")
    }

    async fn comes(self: Arc<Self>, way: Way, one: usize) {
        let mut kept = None;
        for number in 0.. {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let began = Instant::now();
            match way {
                Way::Kept => {
                    let mut stream = match kept.take() {
                        Some(stream) => stream,
                        None => self.connect().await,
                    };
                    let request = self.head("GET", number, "");
                    stream.write_all(request.as_bytes()).await.expect("the request goes out");
                    let answer = read_answer(&mut stream, false).await;
                    self.check(way, number, &answer, "");
                    kept = Some(stream).filter(|_| answer.header("connection") != "close");
                }
                Way::Fresh => {
                    let request = self.head("GET", number, "Connection: close\r\n");
                    let answer = raw(self.gate.address, request.as_bytes()).await;
                    self.check(way, number, &answer, "");
                }
                Way::Posts => {
                    let body = format!("{number} ").repeat(1 + number * 97 % 9000);
                    let length = format!("Content-Length: {}\r\n", body.len());
                    let request = format!("{}{body}", self.head("POST", number, &length));
                    let mut stream = self.connect().await;
                    stream.write_all(request.as_bytes()).await.expect("the request goes out");
                    self.check(way, number, &read_answer(&mut stream, false).await, &body);
                }
                Way::Http2 => {
                    let calls = [0, 1, 2].map(|call| self.call(number * 10 + call));
                    let [first, second, third] = calls;
                    tokio::join!(first, second, third);
                }
                Way::Tls => {
                    let Tls { certificates, port, .. } = self.tls.as_ref().expect("a listener");
                    let stream = TcpStream::connect(("127.0.0.1", *port)).await.expect("connect");
                    let name = ServerName::try_from("app.localhost").expect("a name");
                    let stream = certificates.connector(&["http/1.1"]).connect(name, stream).await;
                    let mut stream = stream.expect("TLS");
                    let request = self.head("GET", number, "Connection: close\r\n");
                    stream.write_all(request.as_bytes()).await.expect("the request goes out");
                    self.check(way, number, &read_answer(&mut stream, false).await, "");
                }
                Way::SignIns => {
                    let address = format!("s{one}-{number}@example.com");
                    let mut browser = self.gate.browser();
                    let landed = self.gate.sign_in(&mut browser, &address, "/page/x").await;
                    assert_eq!((landed.status, landed.location()), (303, "/page/x"));
                    assert_eq!(browser.get("/page/x").await.status, 200);
                }
            }
            self.count(way, began);
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.gate.address).await.expect("connect")
    }

    /// A request by HTTP/2. Whoever is told to go away before the request was taken (RFC 9113, 6.8)
    /// knows that nothing was done, and asks on another connection; nothing else may go wrong.
    async fn call(&self, number: usize) {
        loop {
            let requests = connect(&self.gate).await;
            match self.try_call(&requests, number).await {
                Ok(answer) => {
                    return self.check(Way::Http2, number, &answer, &format!("{number}"));
                }
                Err(error) => assert!(error.is_go_away() && error.is_remote(), "{error:?}"),
            }
        }
    }

    async fn try_call(
        &self,
        requests: &SendRequest<Bytes>,
        number: usize,
    ) -> Result<Answer, h2::Error> {
        let request = format!("http://{}{}/{number}", self.gate.host, self.page);
        let mut request = Request::post(request);
        if let Some(cookie) = self.cookies.trim_end().strip_prefix("Cookie: ") {
            request = request.header("cookie", cookie);
        }
        let mut requests = requests.clone().ready().await?;
        let (answer, mut sending) =
            requests.send_request(request.body(()).expect("a head"), false)?;
        sending.send_data(Bytes::from(format!("{number}")), true)?;
        let (head, mut rest) = answer.await?.into_parts();
        let mut body = Vec::new();
        while let Some(part) = rest.data().await {
            let part = part?;
            let _ = rest.flow_control().release_capacity(part.len());
            body.extend_from_slice(&part);
        }
        Ok(Answer { status: head.status.as_u16(), headers: Vec::new(), body })
    }
}

async fn no_request_is_lost(kind: Kind) {
    let (tls, listen) = Tls::listen();
    let gate = Arc::new(Gate::with(Wishes { listen, ..kind.wishes() }).await);
    let (load, coming) = Load::begin(&gate, Some(tls)).await;
    let mut asked = gate.browser();
    let bob = "bob@partner.example";
    assert_eq!(gate.ask(&mut asked, bob, "/page/bob").await.status, 303);
    let mut process = gate.pid();
    for round in 0..ROUNDS {
        load.goes_on(&coming).await;
        if round == 1 {
            // The other way to ask for it.
            signal("-USR2", process);
            process = eventually("another process serves", async || {
                let words = "another process serves process=";
                let log = gate.log();
                let told: Vec<_> = log.split(words).skip(1).collect();
                told.get(round)?.split_whitespace().next()?.parse().ok()
            })
            .await;
        } else {
            process = upgrade(&gate);
        }
        load.goes_on(&coming).await;
    }
    let (served, slowest) = load.end(coming).await;
    println!("{ROUNDS} upgrades: {served} requests, none lost; the slowest took {slowest} ms");
    assert!(served > 60, "{served}");
    assert!(u128::from(slowest) < PAUSE.as_millis(), "{slowest} ms");
    alone(&gate, process).await;
    if gate.keeps_its_store() {
        // A sign-in that began three processes ago, and one that has ended before.
        let link = gate.mail(bob, 1).await.link();
        assert_eq!(asked.get(&link).await.location(), "/page/bob");
        assert_eq!(signed_in_as(&gate, &mut asked).await.as_deref(), Some(bob));
    }
    let log = gate.log();
    // Two requests want the same idle connection to the application: one makes a new one.
    let harmless = "failed to acquire reusable stream";
    let is_bad = |line: &str| line.contains("ERROR") || line.contains("panic");
    let bad: Vec<_> = log.lines().filter(|it| is_bad(it) && !it.contains(harmless)).collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_with_the_embedded_store() {
    no_request_is_lost(Kind::embedded()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_with_redis() {
    no_request_is_lost(Kind::redis().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_with_the_memory_store() {
    no_request_is_lost(Kind::memory()).await;
}
