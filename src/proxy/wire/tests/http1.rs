use super::*;

const GET: &str = "GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n";

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = Server::new(WireLimits::default());
    let mut client = server.connect();
    for turn in 1..=3 {
        client.write_all(GET.as_bytes()).await.unwrap();
        let answer = read_until(&mut client, "GET /a 0 ").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert_eq!(server.served(), turn);
    }
    assert_eq!(server.app.open_connections(), 1);
}

#[tokio::test]
async fn the_keep_alive_settings_of_pingora_hold() {
    let old = "GET /a HTTP/1.0\r\nHost: a.example\r\n\r\n";
    let server = Server::new(WireLimits::default());
    server.exchange(&old.repeat(2)).await;
    assert_eq!(server.served(), 1, "HTTP/1.0 closes");

    let close = "GET /a HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";
    let server = Server::new(WireLimits::default());
    server.exchange(&close.repeat(2)).await;
    assert_eq!(server.served(), 1, "Connection: close");

    let mut options = HttpServerOptions::default();
    options.keepalive_request_limit = Some(1);
    let server = Server::with(WireLimits::default(), options, |_| false);
    server.exchange(&GET.repeat(5)).await;
    assert_eq!(server.served(), 2, "one reuse");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_and_each_is_judged() {
    let server = Server::new(WireLimits::default());
    let post = "POST /b HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\na=b&c";
    let chunked = "POST /c HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n";
    let bad = "GET /admin#/public HTTP/1.1\r\nHost: a.example\r\n\r\n";
    let answers = server.exchange(&format!("{post}{chunked}{GET}{bad}{GET}")).await;
    let found: Vec<_> = ["POST /b 5 a=b&c", "POST /c 5 abcde", "GET /a 0 ", "HTTP/1.1 400 "]
        .iter()
        .map(|part| answers.find(part).unwrap_or_else(|| panic!("{part} in {answers}")))
        .collect();
    assert!(found.is_sorted(), "{answers}");
    assert!(answers.contains("\"reference\":\"ref-1\""), "{answers}");
    assert_eq!(server.served(), 3, "nothing is read after a fault");
}

#[tokio::test]
async fn a_refused_head_never_reaches_the_application() {
    for (wire, status) in [
        ("GET /admin HTTP/1.1\nHost: a.example\n\n", 400),
        ("GET /admin\n", 400),
        ("GET /admin HTTP/1.1\r\n\r\n", 400),
        ("TRACE / HTTP/1.1\r\nHost: a.example\r\n\r\n", 405),
        ("POST / HTTP/1.1\r\nHost: a.example\r\nExpect: x\r\nContent-Length: 1\r\n\r\n", 417),
        ("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505), // h2c is off here
        ("\u{16}\u{3}\u{1}", 400),
    ] {
        let server = Server::new(WireLimits::default());
        let answer = server.exchange(wire).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{wire:?}: {answer}");
        assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
        assert_eq!(server.served(), 0, "{wire:?}");
    }
    let server = Server::new(WireLimits::default());
    let answer = server.exchange("HEAD / HTTP/1.1\r\n\r\n").await;
    assert!(answer.ends_with("\r\n\r\n"), "HEAD gets no content: {answer}");
}

#[tokio::test]
async fn sizes_are_refused_with_their_own_statuses() {
    let server = Server::new(WireLimits::default());
    let pad = "a".repeat(33 * 1024);
    for (wire, status) in [
        (format!("GET /{pad} HTTP/1.1\r\nHost: a.example\r\n\r\n"), 414),
        (format!("GET / HTTP/1.1\r\nHost: a.example\r\nX: {pad}\r\n\r\n"), 431),
        (format!("GET / HTTP/1.1\r\nHost: a.example\r\n{}\r\n", "X: y\r\n".repeat(100)), 431),
    ] {
        let answer = server.exchange(&wire).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    assert_eq!(server.served(), 0);
}

/// Slowloris: Pingora 0.9.1 has a limit per read and none in all.
#[tokio::test(start_paused = true)]
async fn a_dripping_head_ends_at_the_deadline() {
    let server = Server::new(WireLimits::default());
    let mut client = server.connect();
    let mut sent = 0;
    let answer = loop {
        let mut byte = [0];
        tokio::select! {
            biased;
            read = client.read(&mut byte) => {
                assert_eq!(read.unwrap(), 1);
                let rest = read_until(&mut client, "}").await;
                break format!("{}{rest}", char::from(byte[0]));
            }
            () = tokio::time::sleep(Duration::from_secs(1)) => {
                let head = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
                client.write_all(&head[sent..=sent]).await.unwrap();
                sent += 1;
            }
        }
    };
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!((9..=11).contains(&sent), "{sent} bytes, one each second");
    assert_eq!(server.served(), 0);
}

#[tokio::test(start_paused = true)]
async fn silence_is_closed_without_a_word() {
    let server = Server::new(WireLimits::default());
    let seconds = |count| tokio::time::sleep(Duration::from_secs(count));

    let mut fresh = server.connect();
    seconds(9).await;
    assert_eq!(server.app.open_connections(), 1);
    seconds(2).await;
    assert_eq!(server.app.open_connections(), 0);
    assert_eq!(fresh.read(&mut [0]).await.unwrap(), 0);

    let mut kept = server.connect();
    kept.write_all(GET.as_bytes()).await.unwrap();
    read_until(&mut kept, "GET /a 0 ").await;
    seconds(59).await;
    assert_eq!(server.app.open_connections(), 1);
    // The stray CRLF that old clients send after a body does not turn silence into a fault.
    kept.write_all(b"\r\n").await.unwrap();
    seconds(11).await;
    assert_eq!(kept.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(server.app.open_connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_gives_a_last_call_to_who_may_still_ask() {
    let server = Server::new(WireLimits::default());
    let (mut silent, mut client) = (server.connect(), server.connect());
    for kept in [&mut silent, &mut client] {
        kept.write_all(GET.as_bytes()).await.unwrap();
        read_until(kept, "GET /a 0 ").await;
    }
    server.shutdown.send_replace(true);
    // On its way when it was told, and one that was accepted just before: both get their answer.
    let mut late = server.connect();
    tokio::time::sleep(LAST_CALL * 9 / 10).await;
    for asking in [&mut client, &mut late] {
        asking.write_all(GET.as_bytes()).await.unwrap();
        assert!(read_until(asking, "GET /a 0 ").await.starts_with("HTTP/1.1 200 "));
    }
    tokio::time::sleep(LAST_CALL * 2).await;
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(server.app.open_connections(), 0);
}

#[tokio::test]
async fn an_expected_continue_comes_before_the_body() {
    let server = Server::new(WireLimits::default());
    let mut client = server.connect();
    let head = "POST /continue HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\
                Expect: 100-continue\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    assert!(read_until(&mut client, "\r\n\r\n").await.starts_with("HTTP/1.1 100 "));
    client.write_all(b"a=b&c").await.unwrap();
    read_until(&mut client, "POST /continue 5 a=b&c").await;
    // Pingora 0.9.1 takes the 100 for an answer that came before the body, and closes.
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn large_bodies_stream_through_and_the_next_request_is_found() {
    const SIZE: usize = 8 * 1024 * 1024;
    let body = "x".repeat(SIZE);
    let framings = [
        format!("Content-Length: {SIZE}\r\n\r\n{body}"),
        format!("Transfer-Encoding: chunked\r\n\r\n{SIZE:x}\r\n{body}\r\n0\r\n\r\n"),
    ];
    for framing in framings {
        let server = Server::new(WireLimits::default());
        let wire = format!("POST /b HTTP/1.1\r\nHost: a.example\r\n{framing}{GET}");
        let answers = server.exchange(&wire).await;
        assert!(answers.contains(&format!("POST /b {SIZE} xxx")), "{answers}");
        assert!(answers.ends_with("GET /a 0 "), "{answers}");
    }
}

#[tokio::test]
async fn a_malformed_chunked_body_ends_the_connection() {
    for body in [
        "\r\nGET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "5 \r\na=b&c\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "3\r\na=b&c\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n",
        "5;\na\r\na=b&c\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n",
    ] {
        let server = Server::new(WireLimits::default());
        let head = "POST /b HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n";
        let answers = server.exchange(&format!("{head}{body}")).await;
        assert!(!answers.contains("200 OK"), "{body:?}: {answers}");
        assert_eq!(server.served(), 1, "{body:?}");
    }
}

#[tokio::test]
async fn nothing_passes_an_upgrade_before_101() {
    let ask = |path| {
        format!(
            "GET /{path} HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\n\r\n"
        )
    };
    let server = Server::new(WireLimits::default());
    let mut client = server.connect();
    client.write_all(ask("switch").as_bytes()).await.unwrap();
    assert!(read_until(&mut client, "\r\n\r\n").await.starts_with("HTTP/1.1 101 "));
    for word in ["hello", "\u{1}\nGET / HTTP/1.1\n\n"] {
        client.write_all(word.as_bytes()).await.unwrap();
        read_until(&mut client, &word.to_uppercase()).await;
    }

    // Refused, what follows is a request head like any other (WebSocket smuggling).
    let server = Server::new(WireLimits::default());
    let bare = "GET /smuggled HTTP/1.1\nHost: a.example\n\n";
    let answers = server.exchange(&format!("{}{bare}", ask("refused-switch"))).await;
    assert!(answers.starts_with("HTTP/1.1 403 ") && answers.contains("HTTP/1.1 400 "), "{answers}");
    assert_eq!(server.served(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_application_learns_that_the_client_has_gone() {
    let wait = "GET /wait HTTP/1.1\r\nHost: a.example\r\n\r\n";
    let server = Server::new(WireLimits::default());
    let (mut client, stream) = tokio::io::duplex(1024);
    let connection = server.serve(stream);
    client.write_all(wait.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(server.served(), 1);
    drop(client);
    connection.await.unwrap();
    assert_eq!(server.served(), 101);
}

#[tokio::test]
async fn a_refused_client_may_finish_sending_within_bounds() {
    let server = Server::new(WireLimits::default());
    for (more, drained) in [(100 * 1024, true), (1024 * 1024, false)] {
        let (mut client, stream) = tokio::io::duplex(1024);
        server.serve(stream);
        client.write_all(b"POST / HTTP/1.1\r\n\r\n").await.unwrap();
        let sent = client.write_all(&vec![b'x'; more]).await;
        assert_eq!(sent.is_ok(), drained, "{more} bytes");
        client.shutdown().await.ok();
        assert!(read_until(&mut client, "}").await.starts_with("HTTP/1.1 400 "));
    }
}

#[tokio::test]
async fn an_absolute_target_goes_on_in_origin_form() {
    let server = Server::new(WireLimits::default());
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: a.example\r\n\r\n");
    let first = get("http://a.example/admin?x=1");
    let second = get("HTTPS://A.EXAMPLE/b");
    let other = get("http://evil.test/c");
    let answers = server.exchange(&format!("{first}{second}{other}{GET}")).await;
    assert!(answers.contains("GET /admin 0") && answers.contains("GET /b 0"), "{answers}");
    assert!(answers.contains("HTTP/1.1 400 "), "{answers}");
    assert_eq!(server.served(), 2, "nothing is read after a fault");
}
