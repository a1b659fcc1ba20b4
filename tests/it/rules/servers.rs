//! What real servers make of a path, against what the rules make of it.
//!
//! A file that the rules deny under its plain path is asked for in many spellings, through linkgate
//! and directly, from nginx, Caddy, both of them before an application, and applications that
//! decode and normalise in ways of their own. Whatever linkgate lets pass, the server behind it
//! must not answer with a denied file.

mod apps;
mod processes;
mod spellings;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use self::apps::App;
use self::processes::Servers;
use crate::support::client::{Answer, raw};
use crate::support::gate::{Gate, Wishes};

/// What there is on every server. The body of each is its own path.
const FILES: [&str; 10] = [
    "/x",
    "/admin/x",
    "/admin/deep/x",
    "/public/x",
    "/public/secret/x",
    "/public/secretary/x",
    "/files/a/private",
    "/files/a/open",
    "/my file/x",
    "/caf\u{e9}/x",
];

const RULES: &str = r#"
      - { path: "/admin/**", access: deny }
      - { path: "/public/secret/**", access: deny }
      - { path: "/files/*/private", access: deny }
      - { path: "/my file/*", access: deny }
      - { path: "/café/*", access: deny }
      - { path: "/**", access: public }
"#;

/// A path as a client must send it at least: what cannot stand in a request line is encoded.
fn plain(path: &str) -> String {
    let byte = |byte: u8| match byte {
        b'!'..=b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    path.bytes().map(byte).collect()
}

async fn get(address: SocketAddr, host: &str, target: &str) -> Answer {
    let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    raw(address, request.as_bytes()).await
}

/// The file that an answer is.
fn file(answer: &Answer) -> Option<&'static str> {
    let text = answer.text();
    FILES.into_iter().find(|file| answer.status == 200 && text == format!("file {file}"))
}

async fn gate(servers: &[(&'static str, SocketAddr)]) -> Gate {
    let site = |(name, address): &(&str, SocketAddr)| {
        format!(
            "\n  - name: {name}\n    origin: https://{name}.example.com\n    \
             upstream: http://{address}\n    allow: [everyone]\n    rules:{RULES}"
        )
    };
    Gate::with(Wishes { sites: servers.iter().map(site).collect(), ..Wishes::default() }).await
}

#[tokio::test]
async fn no_server_answers_a_spelling_with_a_file_that_is_denied() {
    let app = App::Plain.start().await;
    let processes = Servers::start(&FILES, app).await;
    let mut servers = processes.addresses.clone();
    servers.push(("plain", app));
    for app in [App::Tomcat, App::Iis, App::Twice] {
        servers.push((app.name(), app.start().await));
    }
    let gate = gate(&servers).await;
    let mut denied = BTreeSet::new();
    for path in FILES {
        for (name, address) in &servers {
            let host = format!("{name}.example.com");
            assert_eq!(
                file(&get(*address, &host, &plain(path)).await),
                Some(path),
                "{name} {path}"
            );
            let answer = get(gate.address, &host, &plain(path)).await;
            assert!(matches!(answer.status, 200 | 403), "{name} {path}: {}", answer.status);
            if answer.status == 403 {
                denied.insert(path);
            }
        }
    }
    assert_eq!(denied.len(), 6);
    let (mut passed, mut stopped) = (0, 0);
    for spelling in spellings::all(&FILES) {
        for (name, address) in &servers {
            let host = format!("{name}.example.com");
            let reached = file(&get(gate.address, &host, &spelling).await);
            let is_denied = reached.is_some_and(|file| denied.contains(file));
            assert!(!is_denied, "{name} took {spelling} for {reached:?}");
            passed += usize::from(reached.is_some());
            // What the server alone would have answered: that the test asks the right questions.
            if reached.is_none() {
                let alone = file(&get(*address, &host, &spelling).await);
                stopped += usize::from(alone.is_some_and(|file| denied.contains(file)));
            }
        }
    }
    // Neither everything nor nothing.
    assert!(passed > 100 && stopped > 500, "{passed} passed, {stopped} stopped");
}
