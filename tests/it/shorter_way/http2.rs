//! By HTTP/2: what comes to its end does, and what breaks off is no end.

use super::script::{Scripts, Then};
use super::{BOTH, Way, before};
use crate::streams::grpc::connect;

const OK: &str = "HTTP/1.1 200 OK\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

#[tokio::test]
async fn a_break_is_no_end() {
    let scripts = Scripts::default();
    let gate = before(scripts.play().await).await;
    let requests = connect(&gate).await;
    for (answer, then, whole) in [
        (format!("{OK}Content-Length: 5\r\n\r\nhello"), Then::Keep, true),
        (format!("{OK}Content-Length: 0\r\n\r\n"), Then::Keep, true),
        (format!("{CHUNKED}5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"), Then::Keep, true),
        (format!("{OK}\r\nhello"), Then::Close, true),
        ("HTTP/1.1 204 No Content\r\nKeep-Alive: 5\r\n\r\n".into(), Then::Keep, true),
        (format!("{OK}Content-Length: 6\r\n\r\nhello"), Then::Close, false),
        (format!("{CHUNKED}5\r\nhello\r\n"), Then::Close, false),
        (format!("{CHUNKED}5\r\nhello\r\nx\r\n"), Then::Close, false),
        (format!("{CHUNKED}5\r\nhello\r\n"), Then::Silence, false),
    ] {
        let target = scripts.add(vec![answer.clone().into_bytes()], then);
        for way in BOTH {
            let mut request = http::Request::get(format!("http://{}{target}", gate.host));
            if way == Way::Long {
                // What says anything about a body is not plain.
                request = request.header("content-length", "0");
            }
            let request = request.body(()).expect("a head");
            let mut ready = requests.clone().ready().await.expect("ready");
            let sent = ready.send_request(request, true).expect("sent").0;
            let head = sent.await.expect("a head");
            for name in ["connection", "keep-alive", "transfer-encoding"] {
                assert!(!head.headers().contains_key(name), "{way:?} {answer:?}");
            }
            let (mut body, mut is_whole) = (head.into_body(), true);
            while let Some(data) = body.data().await {
                match data {
                    Ok(data) => drop(body.flow_control().release_capacity(data.len())),
                    Err(_) => is_whole = false,
                }
                if !is_whole {
                    break;
                }
            }
            assert_eq!(is_whole, whole, "{way:?} {answer:?}");
        }
    }
}
