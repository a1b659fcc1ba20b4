//! Rules by network on the wire: whose address counts, and what an unknown one gets.

use crate::support::client::{Answer, raw};
use crate::support::gate::{Gate, Wishes};

const SITES: &str = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow: [everyone]
    rules:
      - { path: /inside, from: [10.0.0.0/8, 127.0.0.0/8], access: public }
      - { path: /outside, from: [10.0.0.0/8], access: deny }
      - { path: /outside, access: public }
"#;

const LOCAL_SITES: &str = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow: [everyone]
    rules:
      - { path: /inside, from: [127.0.0.1], access: public }
      - { path: /inside, from: [10.0.0.0/8], access: deny }
"#;

/// What an address gets at `/inside` and `/outside`: asked on the wire, and by another proxy.
async fn gets(gate: &Gate, fields: &str) -> [[u16; 2]; 2] {
    let mut all = [[0; 2]; 2];
    for (path, found) in ["/inside", "/outside"].into_iter().zip(&mut all) {
        let wire = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", gate.host);
        let check = format!(
            "GET /.linkgate/check HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Method: GET\r\n\
             X-Forwarded-Proto: http\r\nX-Forwarded-Host: {host}\r\nX-Forwarded-Uri: {path}\r\n\
             {fields}\r\n",
            host = gate.host
        );
        let status = |answer: Answer| answer.status;
        *found = [
            status(raw(gate.address, wire.as_bytes()).await),
            status(raw(gate.address, check.as_bytes()).await),
        ];
    }
    all
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_forwarded_address_counts_and_no_address_is_the_strictest() {
    let sites = SITES.replace(", 127.0.0.0/8", ", 127.1.0.0/16");
    let wishes = Wishes { sites, trusted: "[\"127.0.0.1\"]".into(), ..Wishes::default() };
    let gate = Gate::with(wishes).await;
    for (fields, expected) in [
        ("X-Forwarded-For: 10.1.2.3\r\n", [200, 403]),
        ("X-Forwarded-For: 203.0.113.7\r\n", [401, 200]),
        ("X-Forwarded-For: 10.1.2.3, 203.0.113.7\r\n", [401, 200]),
        ("X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For: 10.1.2.3\r\n", [200, 403]),
        // Nobody's address: neither let in by one rule nor past the other.
        ("", [401, 403]),
        ("X-Forwarded-For: unknown\r\n", [401, 403]),
        ("X-Forwarded-For: 10.1.2.3, unknown\r\n", [401, 403]),
        ("X-Forwarded-For: 127.0.0.1\r\n", [401, 403]),
        ("Forwarded: for=10.1.2.3\r\n", [401, 403]),
    ] {
        let [inside, outside] = gets(&gate, fields).await;
        // The question of another proxy is refused beside a second style of asking.
        if fields.starts_with("Forwarded") {
            assert_eq!([inside[0], outside[0]], expected, "{fields}");
            continue;
        }
        assert_eq!([inside, outside], expected.map(|status| [status; 2]), "{fields}");
    }
}

#[tokio::test]
async fn from_a_stranger_the_address_of_the_connection_counts() {
    let gate = Gate::with(Wishes { sites: LOCAL_SITES.into(), ..Wishes::default() }).await;
    for fields in ["", "X-Forwarded-For: 10.1.2.3\r\n", "X-Forwarded-For: unknown\r\n"] {
        let request = format!("GET /inside HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", gate.host);
        assert_eq!(raw(gate.address, request.as_bytes()).await.status, 200, "{fields}");
    }
}
