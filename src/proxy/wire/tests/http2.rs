use super::*;

/// Preface and an empty SETTINGS frame.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

async fn get(client: impl pingora::protocols::IO + 'static, body: &str) -> (u16, String) {
    let (mut requests, connection) = h2::client::handshake(client).await.unwrap();
    let driver = tokio::spawn(connection);
    let request = http::Request::post("http://a.example/h2").body(()).unwrap();
    let (answer, mut sending) = requests.send_request(request, false).unwrap();
    sending.send_data(body.to_owned().into(), true).unwrap();
    let (head, mut content) = answer.await.unwrap().into_parts();
    let mut text = Vec::new();
    while let Some(part) = content.data().await {
        text.extend_from_slice(&part.unwrap());
    }
    driver.abort();
    (head.status.as_u16(), String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn prior_knowledge_is_served_as_http2() {
    let server = Server::speaking_h2c();
    let answer = get(server.connect(), "hello").await;
    assert_eq!(answer, (200, "POST /h2 5 hello".to_owned()));
    assert_eq!(server.served(), 1);
}

#[tokio::test]
async fn a_preface_in_pieces_is_seen_and_http1_is_still_served() {
    let server = Server::speaking_h2c();
    let mut client = server.connect();
    for byte in HELLO {
        client.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut header = [0; 9];
    client.read_exact(&mut header).await.unwrap();
    assert_eq!(header[3], 0x4, "the server's SETTINGS");

    for head in ["GET /a", "POST /a", "PROPFIND /a", "P /a"] {
        let answer = server.exchange(&format!("{head} HTTP/1.1\r\nHost: a.example\r\n\r\n")).await;
        assert!(answer.ends_with(&format!("{head} 0 ")), "{answer}");
    }
    // Later on the connection it is a head like any other.
    let first = "GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n";
    let answers = server.exchange(&format!("{first}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")).await;
    assert!(answers.contains("HTTP/1.1 505 "), "{answers}");
}

/// Seconds until the server closes, after the client has sent `wire` and stays silent.
async fn seconds_until_closed(wire: &[u8]) -> u32 {
    let server = Server::speaking_h2c();
    let mut client = server.connect();
    client.write_all(wire).await.unwrap();
    let mut seconds = 0;
    let mut sink = [0; 1024];
    loop {
        tokio::select! {
            read = client.read(&mut sink) => match read {
                Ok(0) | Err(_) => return seconds,
                Ok(_) => {}
            },
            () = tokio::time::sleep(Duration::from_secs(1)) => seconds += 1,
        }
        if seconds > 600 {
            return seconds;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_begun_must_be_finished_in_time() {
    let after_hello = |more: &[u8]| [HELLO, more].concat();
    // HEADERS of 10 bytes without END_HEADERS, then a whole CONTINUATION that does not end it.
    let block = b"\0\0\x01\x01\0\0\0\0\x01\x82\0\0\x01\x09\0\0\0\0\x01\x86";
    for (what, wire, range) in [
        ("half a preface", HELLO[..10].to_vec(), 9..=11),
        ("half a frame header", after_hello(b"\0\0"), 9..=11),
        ("half a frame", after_hello(b"\0\0\x08\x06\0\0\0\0\0abc"), 9..=11),
        ("an open header block", after_hello(block), 9..=11),
        ("nothing", after_hello(b""), 601..=601),
    ] {
        let seconds = seconds_until_closed(&wire).await;
        assert!(range.contains(&seconds), "{what}: {seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dripping_header_block_ends_at_the_deadline_and_a_slow_upload_does_not() {
    // POST http://a.example/h2 with literal fields, in HPACK without Huffman coding.
    let mut headers = b"\0\0\x13\x01\x04\0\0\0\x01\x83\x86\x04\x03/h2\x01\x09a.example".to_vec();
    headers[2] = u8::try_from(headers.len() - 9).unwrap();
    let data = b"\0\0\x40\0\0\0\0\0\x01";
    let drip = |wire: Vec<u8>, from: usize, pause: u64| async move {
        let server = Server::speaking_h2c();
        let mut client = server.connect();
        client.write_all(&[HELLO, &wire[..from]].concat()).await.unwrap();
        for (sent, byte) in wire[from..].iter().enumerate() {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            if client.write_all(&[*byte]).await.is_err() {
                return (sent, server.served());
            }
        }
        (wire.len() - from, server.served())
    };
    let (sent, served) = drip(headers.clone(), 1, 1).await;
    assert!((9..=11).contains(&sent), "{sent} bytes");
    assert_eq!(served, 0);

    // Bytes of a DATA frame, 30 s apart, are slow and nothing else.
    let upload = [&headers[..], data, &[b'x'; 10]].concat();
    let (sent, served) = drip(upload, headers.len() + data.len(), 30).await;
    assert_eq!((sent, served), (10, 1));
}

#[test]
fn the_options_follow_the_limits() {
    let limits = WireLimits { head_bytes: 4321, ..WireLimits::default() };
    let shown = format!("{:?}", h2_options(&limits));
    assert!(shown.contains("4321"), "{shown}");
    assert!(shown.contains("100"), "{shown}");
}
