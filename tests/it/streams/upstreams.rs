//! Applications that are down, slow, or several.

use tokio::io::AsyncWriteExt;

use crate::support::app::{application, head, site};
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
