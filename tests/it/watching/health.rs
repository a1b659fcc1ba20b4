//! `/healthz` and `/readyz`.

use std::net::Ipv4Addr;

use super::admin;
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};
use crate::support::port::free_port;

const JSON: &str = "Accept: application/json\r\n";

#[tokio::test]
async fn it_says_which_configuration_is_in_force_and_since_when() {
    let gate = Gate::start().await;
    let answer = admin(&gate, "/readyz", JSON).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let said = answer.json();
    assert_eq!((&said["ready"], &said["store"]["status"]), (&true.into(), &"ok".into()));
    assert_eq!(said["mail"]["status"], "ok");
    let configuration = &said["configuration"];
    assert_eq!((&configuration["revision"], &configuration["status"]), (&1.into(), &"ok".into()));
    assert!(configuration["age_seconds"].as_u64().expect("seconds") < 60, "{configuration}");
    gate.change("path: \"/public/**\"", "path: \"/open/**\"").await;
    assert_eq!(admin(&gate, "/readyz", JSON).await.json()["configuration"]["revision"], 2);
    gate.edit("path: \"/open/**\"", "path: \"open\"");
    let said = eventually("refused", async || {
        let said = admin(&gate, "/readyz", JSON).await;
        assert_eq!(said.status, 200, "the one before is in force");
        Some(said.json()["configuration"].clone()).filter(|it| it["status"] == "warning")
    })
    .await;
    assert_eq!(said["revision"], 2);
}

#[tokio::test]
async fn without_the_relay_it_starts_is_ready_and_says_so() {
    let relay = format!("{}", Ipv4Addr::LOCALHOST);
    let mail = format!(
        "{{ from: login@example.com, smtp: {{ host: {relay}, port: {}, tls: none, \
         allow_plaintext: true, timeout: 1s }} }}",
        free_port()
    );
    let gate = Gate::with(Wishes { mail, ..Wishes::default() }).await;
    let said = eventually("the relay is missed", async || {
        let answer = admin(&gate, "/readyz", JSON).await;
        assert_eq!(answer.status, 200);
        Some(answer.json()).filter(|said| said["mail"]["status"] == "warning")
    })
    .await;
    assert_eq!(said["ready"], true);
    assert!(said["mail"]["failing_since"].is_string(), "{said}");
    let text = admin(&gate, "/readyz", "").await.text();
    assert!(text.contains("\nmail: the relay cannot be reached since "), "{text}");
    assert_eq!(admin(&gate, "/healthz", "").await.text(), "ok\n");
    let metrics = super::metrics(&gate).await;
    assert!(metrics.contains("\nlinkgate_mail_relay_up 0\n"), "{metrics}");
    assert_eq!(gate.browser().get("/public/x").await.status, 200);
}
