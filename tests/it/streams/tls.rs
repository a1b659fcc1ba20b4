//! TLS in front and behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::support::app::{application, head, site};
use crate::support::certificates::Certificates;
use crate::support::client::{Answer, Browser, read_answer};
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes, free_port};

const ANN: &str = "ann@example.com";

async fn connect(certificates: &Certificates, port: u16, alpn: &[&str]) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("connect");
    let name = ServerName::try_from("app.localhost").expect("a name");
    certificates.connector(alpn).connect(name, stream).await.expect("TLS")
}

#[tokio::test]
async fn a_whole_sign_in_over_tls() {
    let (certificates, folder, port) =
        (Certificates::new(), tempfile::tempdir().expect("a folder"), free_port());
    certificates.write(folder.path());
    let listen = format!(
        ", {{ address: \"127.0.0.1:{port}\", tls: {{ certificate: \"{0}/site.pem\", \
         key: \"{0}/site.key\" }} }}",
        folder.path().display()
    );
    let origin = format!("https://app.localhost:{port}");
    let sites = site("$UPSTREAM").replace("$ORIGIN", &origin);
    let gate = Gate::with(Wishes { listen, sites, ..Wishes::default() }).await;
    let host = format!("app.localhost:{port}");
    let exchange = async |head: &str, body: &str| -> Answer {
        let mut stream = connect(&certificates, port, &["http/1.1"]).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        let request = format!(
            "{head}Host: {host}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.expect("write");
        read_answer(&mut stream, false).await
    };
    let asked = exchange(
        "POST /.linkgate/sign-in HTTP/1.1\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n",
        "email=ann%40example.com&return_to=%2Fdeep",
    )
    .await;
    assert_eq!(asked.status, 303, "{}", asked.text());
    let browser = cookie(&asked, "__Host-linkgate-browser=");
    let link = gate.mail(ANN, 1).await.link();
    let target = link.strip_prefix(&origin).expect("an https link").to_owned();
    let landed = exchange(&format!("GET {target} HTTP/1.1\r\nCookie: {browser}\r\n"), "").await;
    assert_eq!((landed.status, landed.location()), (303, "/deep"));
    let session = cookie(&landed, "__Host-linkgate-session=");
    let page = exchange(&format!("GET /deep HTTP/1.1\r\nCookie: {session}\r\n"), "").await;
    assert_eq!(page.status, 200);
    let seen = gate.upstream.seen().pop().expect("a request");
    assert_eq!(seen.header("remote-email"), ANN);
    assert_eq!(seen.header("x-forwarded-proto"), "https");
    over_http2(&certificates, port, &host, &session).await;
}

async fn over_http2(certificates: &Certificates, port: u16, host: &str, session: &str) {
    let stream = connect(certificates, port, &["h2", "http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (requests, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = http::Request::get(format!("https://{host}/deep"))
        .header("cookie", "a=b")
        .header("cookie", session)
        .body(())
        .expect("a head");
    let mut requests = requests.ready().await.expect("ready");
    let answer = requests.send_request(request, true).expect("sent").0.await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
}

/// `NAME=VALUE` of a cookie, which must have all that its prefix demands (RFC 6265bis, 4.1.3).
fn cookie(answer: &Answer, start: &str) -> String {
    let all = answer.all("set-cookie");
    let line = all.iter().find(|it| it.starts_with(start)).expect("the cookie");
    for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(line.split("; ").any(|it| it == attribute), "{attribute}: {line}");
    }
    assert!(!line.to_ascii_lowercase().contains("domain="), "{line}");
    line.split(';').next().expect("a pair").to_owned()
}

#[tokio::test]
async fn an_application_behind_tls_must_prove_its_name() {
    let (certificates, another) = (Certificates::new(), Certificates::new());
    let acceptor = certificates.acceptor(&["http/1.1"]);
    let upstream = application(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            if head(&mut stream).await.is_some() {
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
                let _ = stream.write_all(answer).await;
                let _ = stream.read_u8().await;
            }
        }
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("right.pem"), &certificates.authority).expect("a file");
    std::fs::write(folder.path().join("wrong.pem"), &another.authority).expect("a file");
    let port = upstream.port();
    for (url, more, status) in [
        (format!("https://localhost:{port}"), "ca: $CA/right.pem", 200),
        (format!("https://127.0.0.1:{port}"), "ca: $CA/right.pem, server_name: localhost", 200),
        (format!("https://127.0.0.1:{port}"), "ca: $CA/right.pem, server_name: other.example", 502),
        (format!("https://localhost:{port}"), "ca: $CA/wrong.pem", 502),
        (format!("https://localhost:{port}"), "read_timeout: 60s", 502),
    ] {
        let more = more.replace("$CA", &folder.path().display().to_string());
        let sites = site(&format!("{{ url: \"{url}\", {more} }}"));
        let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
        let answer = gate.browser().get("/public/x").await;
        assert_eq!(answer.status, status, "{url} {more}: {}", gate.log());
        assert_eq!(answer.text().contains("secret"), status == 200);
    }
}

/// A kept connection was verified under the authority of the site that opened it: it is for requests
/// of that site alone, and for as long as the site has that authority.
#[tokio::test]
async fn a_connection_is_kept_for_those_with_the_same_authority() {
    let (certificates, another) = (Certificates::new(), Certificates::new());
    let acceptor = certificates.acceptor(&["http/1.1"]);
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let upstream = application(move |stream| {
        let (acceptor, count) = (acceptor.clone(), Arc::clone(&count));
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            count.fetch_add(1, Ordering::SeqCst);
            while head(&mut stream).await.is_some() {
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
                let _ = stream.write_all(answer).await;
            }
        }
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("right.pem"), &certificates.authority).expect("a file");
    std::fs::write(folder.path().join("wrong.pem"), &another.authority).expect("a file");
    let server = |ca: &str| {
        let (port, folder) = (upstream.port(), folder.path().display());
        format!("{{ url: \"https://localhost:{port}\", ca: {folder}/{ca}.pem }}")
    };
    let strict = site(&server("wrong")).replace("name: app", "name: strict");
    let sites =
        [site(&server("right")), strict.replace("$ORIGIN", "http://strict.localhost:$PORT")];
    let gate = Gate::with(Wishes { sites: sites.concat(), ..Wishes::default() }).await;
    let (mut app, mut strict) = (gate.browser(), gate.browser());
    strict.host = format!("strict.localhost:{}", gate.address.port());
    let is_reused = async |browser: &mut Browser| {
        let before = opened.load(Ordering::SeqCst);
        assert_eq!(browser.get("/public/x").await.status, 200, "{}", gate.log());
        (opened.load(Ordering::SeqCst) == before).then_some(())
    };
    eventually("a connection is kept", async || is_reused(&mut app).await).await;
    assert_eq!(strict.get("/public/x").await.status, 502, "another site, another authority");
    eventually("it is still there", async || is_reused(&mut app).await).await;
    gate.edit("right.pem", "wrong.pem");
    eventually("the new authority counts", async || {
        let answer = app.get("/public/x").await;
        (answer.status == 502).then_some(())
    })
    .await;
}
