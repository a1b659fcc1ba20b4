//! A question that is not whole.

use super::{CLIENT, Request, envoy, gate, ingress_nginx, traefik};
use crate::support::client::raw;

/// The question with one part missing, doubled, empty or wrong.
#[tokio::test]
async fn a_damaged_question_is_no_pass() {
    let gate = gate("[127.0.0.1]").await;
    let sent = |method, uri, fields: &[(&'static str, &'static str)]| {
        let request = Request { client: CLIENT, method, uri, fields: fields.to_vec() };
        [traefik(&gate, &request), envoy(&gate, &request), ingress_nginx(&gate, &request)]
    };
    let [_, envoy, nginx] = sent("GET", "/public/x", &[]);
    let url = format!("X-Original-URL: http://{}/public/x\r\n", gate.host);
    let with = |text: &str, old: &str, new: &str| {
        assert!(text.contains(old), "{text}");
        text.replacen(old, new, 1)
    };
    let other_host = url.replace(&gate.host, "evil.localhost");
    let other_scheme = url.replace("http://", "https://");
    let no_path = format!("X-Original-URL: http://{}\r\n", gate.host);
    let damaged = [
        with(&nginx, &url, ""),
        with(&nginx, &url, &format!("{url}{url}")),
        with(&nginx, &url, "X-Original-URL: \r\n"),
        with(&nginx, &url, "X-Original-URL: /public/x\r\n"),
        with(&nginx, &url, &other_host),
        with(&nginx, &url, &other_scheme),
        with(&nginx, &url, &no_path),
        with(&nginx, &url, &url.replace("/public/x", "?/public/x")),
        with(&nginx, &url, &url.replace("/public/x", "/public/x, /admin")),
        with(&nginx, &url, &url.replace("http://", "http://user@")),
        with(&nginx, "X-Original-Method: GET\r\n", ""),
        with(&nginx, "X-Original-Method: GET", "X-Original-Method: get"),
        with(&nginx, "X-Original-Method: GET", "X-Original-Method: TRACE"),
        with(&nginx, "X-Original-Method: GET", "X-Original-Method: GET, POST"),
        with(&nginx, &url, &format!("{url}X-Forwarded-Uri: /public/x\r\n")),
        with(&nginx, &url, &format!("{url}X-Forwarded-Method: GET\r\n")),
        with(&nginx, &url, &format!("{url}Forwarded: host=x\r\n")),
        with(&envoy, "X-Forwarded-Proto: http\r\n", ""),
        with(&envoy, "X-Forwarded-Proto: http", "X-Forwarded-Proto: https"),
        with(&envoy, "X-Forwarded-Proto: http", "X-Forwarded-Proto: http, http"),
        with(&envoy, "Content-Length", "X-Forwarded-Uri: /public/x\r\nContent-Length"),
        with(&envoy, "Content-Length", &format!("{url}Content-Length")),
        with(&envoy, "/check/public", "/check/.linkgate/sign-in/public"),
        with(&envoy, "/check/public", "/check"),
        with(&envoy, "/check/public", "//check/public"),
    ];
    for request in &damaged {
        let answer = raw(gate.address, request.as_bytes()).await;
        assert!(matches!(answer.status, 400 | 401 | 404 | 421), "{request}: {answer:?}");
        assert_eq!(answer.all("remote-user"), Vec::<&str>::new(), "{request}");
    }
    for request in sent("GET", "/public/x", &[]) {
        assert_eq!(raw(gate.address, request.as_bytes()).await.status, 200, "the whole one passes");
    }
}
