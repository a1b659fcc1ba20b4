//! Applications that are down, slow, or several.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt;

use crate::support::app::{application, head, site};
use crate::support::client::{Browser, raw};
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes, free_port};

async fn gate(upstream: &str) -> Gate {
    Gate::with(Wishes { sites: site(upstream), ..Wishes::default() }).await
}

#[tokio::test]
async fn an_application_that_is_down_is_said_to_be() {
    let gate = gate(&format!("http://127.0.0.1:{}", free_port())).await;
    let page = gate.browser().get("/public/x").await;
    assert_eq!(page.status, 502);
    assert!(page.text().contains("The application does not answer"));
    crate::flow::assert_ours(&page);
    let script =
        gate.browser().send("GET", "/public/x", &[("Accept", "application/json")], None).await;
    assert_eq!((script.status, script.header("content-type")), (502, "application/problem+json"));
    let socket = [("Upgrade", "websocket"), ("Origin", &gate.origin)];
    assert_eq!(gate.browser().send("GET", "/public/x", &socket, None).await.status, 502);
    assert_eq!(gate.browser().get("/.linkgate/sign-in").await.status, 200, "we are not down");
}

#[tokio::test]
async fn an_application_that_breaks_off_is_a_502() {
    let upstream = application(|mut stream| async move {
        let _ = head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200").await;
    })
    .await;
    let gate = gate(&format!("http://{upstream}")).await;
    assert_eq!(gate.browser().get("/public/x").await.status, 502);
}

#[tokio::test]
async fn an_application_that_is_slow_is_a_504() {
    let upstream = application(|mut stream| async move {
        let _ = head(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let gate = gate(&format!("{{ url: \"http://{upstream}\", read_timeout: 1s }}")).await;
    let page = gate.browser().get("/public/x").await;
    assert_eq!(page.status, 504);
    assert!(page.text().contains("The application takes too long"));
}

#[tokio::test]
async fn with_one_server_down_every_request_succeeds() {
    let (first, last) = (free_port(), free_port());
    let upstream =
        format!("[\"http://127.0.0.1:{first}\", \"$UPSTREAM\", \"http://127.0.0.1:{last}\"]");
    let gate = gate(&upstream).await;
    let mut browser = gate.browser();
    for number in 0..30 {
        let (method, body) =
            if number % 2 == 0 { ("GET", None) } else { ("POST", Some(&b"body"[..])) };
        let answer = browser.send(method, "/public/x", &[], body).await;
        assert_eq!(answer.status, 200, "request {number}");
        let seen = gate.upstream.seen().pop().expect("a request");
        assert_eq!(seen.body, body.unwrap_or_default());
    }
    assert_eq!(gate.upstream.seen().len(), 30);
}

/// A server that says its name, and is well as long as it is told so.
#[derive(Clone)]
struct Server {
    address: SocketAddr,
    is_well: Arc<AtomicBool>,
    questions: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(name: &'static str) -> Self {
        let is_well = Arc::new(AtomicBool::new(true));
        let questions: Arc<Mutex<Vec<String>>> = Arc::default();
        let (well, asked) = (Arc::clone(&is_well), Arc::clone(&questions));
        let address = application(move |mut stream| {
            let (well, asked) = (Arc::clone(&well), Arc::clone(&asked));
            async move {
                while let Some(head) = head(&mut stream).await {
                    let is_question = head.starts_with("GET /up?deep=1 ");
                    let is_sick = is_question && !well.load(Ordering::SeqCst);
                    let status = if is_sick { 500 } else { 200 };
                    if is_question {
                        asked.lock().expect("no panic").push(head);
                    }
                    let length = name.len();
                    let answer =
                        format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{name}");
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await;
        Self { address, is_well, questions }
    }

    fn is(&self, well: bool) {
        self.is_well.store(well, Ordering::SeqCst);
    }
}

/// Who answers the next requests.
async fn answering(browser: &mut Browser) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for _ in 0..4 {
        let answer = browser.get("/public/x").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        names.insert(answer.text());
    }
    names
}

#[tokio::test]
async fn a_server_that_is_not_well_is_passed_over_until_it_is() {
    let (one, two) = (Server::start("one").await, Server::start("two").await);
    two.is(false);
    let upstream = format!(
        "{{ url: [\"http://{}\", \"http://{}\"], \
         health: {{ path: \"/up?deep=1\", host: up.example, interval: 1s, failures: 2 }} }}",
        one.address, two.address
    );
    let gate = gate(&upstream).await;
    let mut browser = gate.browser();
    let only = |name: &str| BTreeSet::from([name.to_owned()]);
    let both = BTreeSet::from(["one".to_owned(), "two".to_owned()]);
    // At the start already: it is asked as often as needed, without waiting.
    for (what, expected) in [("two is not well", only("one")), ("two is well", both.clone())] {
        eventually(what, async || (answering(&mut browser).await == expected).then_some(())).await;
        two.is(true);
    }
    let question = two.questions.lock().expect("no panic")[0].clone();
    assert!(question.contains("\r\nHost: up.example\r\n"), "{question}");
    assert!(!question.to_ascii_lowercase().contains("cookie"), "{question}");
    one.is(false);
    eventually("one is out", async || (answering(&mut browser).await == only("two")).then_some(()))
        .await;
    // When none is well, all are asked: an answer of ours would help nobody.
    two.is(false);
    eventually("all are out", async || (answering(&mut browser).await == both).then_some(())).await;
    let log = gate.whole_log().await;
    assert_eq!(log.matches("is not well: passed over").count(), 3, "{log}");
    assert_eq!(log.matches("is well again").count(), 1, "{log}");
    assert!(log.contains("site=\"app\""), "{log}");
}

#[tokio::test]
async fn a_connection_is_enough_where_no_path_is_said() {
    let one = Server::start("one").await;
    let gone = free_port();
    let upstream = format!(
        "{{ url: [\"http://{}\", \"http://127.0.0.1:{gone}\"], health: {{ interval: 1s }} }}",
        one.address
    );
    let gate = gate(&upstream).await;
    eventually("the log says who is gone", async || {
        gate.log().contains(&format!("server=127.0.0.1:{gone}")).then_some(())
    })
    .await;
    assert_eq!(answering(&mut gate.browser()).await, BTreeSet::from(["one".to_owned()]));
}

#[tokio::test]
async fn with_balance_by_client_each_stays_with_one_server() {
    let (one, two) = (Server::start("one").await, Server::start("two").await);
    let upstream = format!(
        "{{ url: [\"http://{}\", \"http://{}\"], balance: client }}",
        one.address, two.address
    );
    let trusted = "[127.0.0.1]".to_owned();
    let gate = Gate::with(Wishes { sites: site(&upstream), trusted, ..Wishes::default() }).await;
    let mut browser = gate.browser();
    let mut used = BTreeSet::new();
    for client in 1..=40 {
        let client = format!("203.0.113.{client}");
        let headers = [("X-Forwarded-For", client.as_str())];
        let mut names = BTreeSet::new();
        for _ in 0..3 {
            names.insert(browser.send("GET", "/public/x", &headers, None).await.text());
        }
        assert_eq!(names.len(), 1, "{client} meets {names:?}");
        used.extend(names);
    }
    assert_eq!(used.len(), 2, "both are used");
}

#[tokio::test]
async fn a_body_over_the_cap_of_the_site_is_refused() {
    let sites = format!("{}    max_body: 1KiB\n", site("$UPSTREAM"));
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let mut browser = gate.browser();
    let fits = vec![b'x'; 1024];
    let answer = browser.send("POST", "/public/x", &[], Some(&fits)).await;
    assert_eq!(answer.status, 200);
    gate.upstream.forget();
    let large = vec![b'x'; 1025];
    let json = [("Accept", "application/json")];
    let refused = browser.send("POST", "/public/x", &json, Some(&large)).await;
    assert_eq!((refused.status, refused.header("content-type")), (413, "application/problem+json"));
    // Without a length the body is counted while it flows.
    let chunks = "400\r\n".to_owned() + &"x".repeat(1024) + "\r\n1\r\nx\r\n0\r\n\r\n";
    let request = format!(
        "POST /public/x HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}",
        gate.host
    );
    assert_eq!(raw(gate.address, request.as_bytes()).await.status, 413);
    assert!(gate.upstream.seen().is_empty(), "no whole request got through");
    assert_eq!(browser.get("/public/x").await.status, 200, "the next one does");
}
