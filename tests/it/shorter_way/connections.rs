//! Connections that serve several requests, on both sides.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::rustls::pki_types::ServerName;

use super::heard::Talk;
use super::{BOTH, Way, before};
use crate::support::app::{application, head, site};
use crate::support::certificates::Certificates;
use crate::support::client::head_end;
use crate::support::gate::{Gate, Wishes, free_port};

const FINE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn requests_of_both_kinds_are_answered_in_their_order() {
    let gate = Gate::start().await;
    let host = &*gate.host;
    let get = |way: Way, target: &str| way.head("GET", host, target, "");
    let post =
        format!("POST /public/post HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\n\r\nhello");
    let chunked = format!(
        "PUT /public/put HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n\
         3\r\nGET\r\n0\r\n\r\n"
    );
    // What is asked, and the status and the target in the answer.
    let asked = [
        (get(Way::Short, "/public/a"), 200, "/public/a"),
        (get(Way::Long, "/public/b"), 200, "/public/b"),
        (post, 200, "/public/post"),
        (get(Way::Short, "/public/c"), 200, "/public/c"),
        (Way::Short.head("GET", host, "/closed", "Accept: application/json\r\n"), 401, ""),
        (get(Way::Short, "/public/d"), 200, "/public/d"),
        (chunked, 200, "/public/put"),
        (get(Way::Short, "/.linkgate/sign-in"), 200, ""),
        (get(Way::Short, &format!("http://{host}/public/e")), 200, "/public/e"),
        (Way::Long.head("HEAD", host, "/public/f", ""), 200, ""),
        (Way::Short.head("HEAD", host, "/public/g", ""), 200, ""),
        (Way::Short.head("GET", host, "/public/h", "Connection: close\r\n"), 200, "/public/h"),
    ];
    let all: String = asked.iter().map(|(request, ..)| request.as_str()).collect();
    let never = get(Way::Short, "/public/never");
    // At once, one after the other, and cut where it hurts.
    let at_once = [all.clone() + &never];
    let singly: Vec<String> = asked.iter().map(|(request, ..)| request.clone()).collect();
    let pieces: Vec<String> =
        all.as_bytes().chunks(7).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
    for parts in [&at_once[..], &singly, &pieces] {
        gate.upstream.forget();
        let mut talk = Talk::open(gate.address).await;
        for part in parts {
            talk.say(part).await;
        }
        for (request, status, target) in &asked {
            let heard = talk.hear(request.starts_with("HEAD ")).await;
            assert!(heard.is_whole, "{request}");
            assert_eq!(heard.answer.status, *status, "{request}");
            assert!(heard.answer.text().contains(target), "{request}: {}", heard.answer.text());
        }
        assert!(talk.is_closed().await);
        let seen = gate.upstream.seen();
        let seen: Vec<_> = seen.iter().map(|it| it.target.trim_start_matches("/public/")).collect();
        assert_eq!(seen, ["a", "b", "post", "c", "d", "put", "e", "f", "g", "h"]);
    }
}

/// An application that does something else with the second request of a connection: it sends what the
/// target says, and closes.
async fn moody(seen: Arc<Mutex<Vec<String>>>) -> SocketAddr {
    application(move |mut stream| {
        let seen = Arc::clone(&seen);
        async move {
            let mut is_used = false;
            while let Some(head) = head(&mut stream).await {
                let target = head.split(' ').nth(1).expect("a target").to_owned();
                seen.lock().expect("no panic").push(target.clone());
                let before: &[u8] = match &*target {
                    "/public/nothing" => b"",
                    "/public/partial" => b"HTTP/1.1 2",
                    "/public/early" => b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
                    _ => FINE,
                };
                if is_used && before != FINE {
                    let _ = stream.write_all(before).await;
                    return;
                }
                is_used = true;
                let _ = stream.write_all(FINE).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_request_goes_out_again_only_if_nothing_of_an_answer_came() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let gate = before(moody(Arc::clone(&seen)).await).await;
    for (way, target, status, times) in [
        (Way::Short, "/public/nothing", 200, 2),
        (Way::Long, "/public/nothing", 200, 2),
        (Way::Short, "/public/partial", 502, 1),
        (Way::Short, "/public/early", 502, 1),
    ] {
        let mut talk = Talk::open(gate.address).await;
        talk.say(&way.head("GET", &gate.host, "/public/warm", "")).await;
        assert_eq!(talk.hear(false).await.answer.text(), "fine");
        seen.lock().expect("no panic").clear();
        talk.say(&way.head("GET", &gate.host, target, "")).await;
        assert_eq!(talk.hear(false).await.answer.status, status, "{way:?} {target}");
        let seen = seen.lock().expect("no panic").clone();
        assert_eq!(seen, vec![target; times], "{way:?}");
    }
}

/// What an application says when nobody has asked is the answer to nothing.
#[tokio::test]
async fn unasked_words_on_an_idle_connection_reach_nobody() {
    let (speak, spoken) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (hear, say) = (Arc::clone(&speak), Arc::clone(&spoken));
    let upstream = application(move |mut stream| {
        let (speak, spoken) = (Arc::clone(&hear), Arc::clone(&say));
        async move {
            while let Some(head) = head(&mut stream).await {
                let _ = stream.write_all(FINE).await;
                if head.contains("/eager") {
                    speak.notified().await;
                    let evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
                    let _ = stream.write_all(evil).await;
                    spoken.notify_one();
                }
            }
        }
    })
    .await;
    let gate = before(upstream).await;
    for way in BOTH {
        let mut talk = Talk::open(gate.address).await;
        for target in ["/public/eager", "/public/x", "/public/y"] {
            talk.say(&way.head("GET", &gate.host, target, "")).await;
            let heard = talk.hear(false).await;
            assert_eq!(
                (heard.answer.text().as_str(), heard.answer.header("connection")),
                ("fine", way.sign())
            );
            if target == "/public/eager" {
                speak.notify_one();
                spoken.notified().await;
            }
        }
    }
}

/// An application that answers nothing, and tells when a request has come and when it is given up.
async fn waiting(come: Arc<Notify>, gone: Arc<Notify>) -> SocketAddr {
    application(move |mut stream| {
        let (come, gone) = (Arc::clone(&come), Arc::clone(&gone));
        async move {
            if head(&mut stream).await.is_some() {
                come.notify_one();
                let _ = stream.read(&mut [0; 1]).await;
                gone.notify_one();
            }
        }
    })
    .await
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_is_waited_for_no_more() {
    let (come, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let upstream = waiting(Arc::clone(&come), Arc::clone(&gone)).await;
    let sites = site(&format!("{{ url: \"http://{upstream}\", read_timeout: 1h }}"));
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let next = Way::Short.head("GET", &gate.host, "/public/y", "");
    for way in BOTH {
        // What it has said before it leaves makes no difference.
        for (is_half, behind) in [(false, ""), (true, ""), (false, "\r\n"), (false, &*next)] {
            let mut talk = Talk::open(gate.address).await;
            talk.say(&(way.head("GET", &gate.host, "/public/x", "") + behind)).await;
            come.notified().await;
            if is_half {
                talk.finish().await;
                assert!(talk.is_closed().await, "{way:?}");
            }
            drop(talk);
            tokio::time::timeout(PATIENCE, gone.notified()).await.expect("it is given up");
        }
    }
}

/// A client that speaks TLS can tell the end of a connection from a loss.
#[tokio::test]
async fn the_last_answer_of_a_connection_ends_it_properly() {
    let (certificates, folder, port) =
        (Certificates::new(), tempfile::tempdir().expect("a folder"), free_port());
    certificates.write(folder.path());
    let listen = format!(
        ", {{ address: \"127.0.0.1:{port}\", tls: {{ certificate: \"{0}/site.pem\", \
         key: \"{0}/site.key\" }} }}",
        folder.path().display()
    );
    let host = format!("app.localhost:{port}");
    let sites = site("$UPSTREAM").replace("$ORIGIN", &format!("https://{host}"));
    let gate = Gate::with(Wishes { listen, sites, ..Wishes::default() }).await;
    for more in ["Connection: close\r\n", "Connection: close, x-nothing\r\n"] {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("connect");
        let name = ServerName::try_from("app.localhost").expect("a name");
        let connector = certificates.connector(&["http/1.1"]);
        let mut stream = connector.connect(name, stream).await.expect("TLS");
        let request = Way::Short.head("GET", &host, "/public/x", more);
        stream.write_all(request.as_bytes()).await.expect("write");
        let mut answer = Vec::new();
        // An end without a word of TLS would be an error.
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer));
        read.await.expect("an end in time").expect("a proper end");
        assert!(answer.starts_with(b"HTTP/1.1 200 ") && head_end(&answer).is_some(), "{more}");
    }
    assert_eq!(gate.upstream.seen().len(), 2);
}
