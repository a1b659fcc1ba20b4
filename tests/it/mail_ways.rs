//! Every way that mail leaves by, through a running linkgate, and what is on record then.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::mail_apis::{ALL, Provider};
use crate::support::eventually;
use crate::support::gate::{Gate, Mail, Wishes};
use crate::support::mail_api::{Asked, MailApi, Reply};

const ANN: &str = "ann@example.com";

async fn gate(way: &str) -> Gate {
    let mail = format!("{{ from: \"Gate <login@sender.example>\", {way} }}");
    let environment = vec![("LINKGATE_TEST_TOKEN".to_owned(), "to-ken".to_owned())];
    Gate::with(Wishes { mail, environment, ..Wishes::default() }).await
}

/// The record of the one mail, when the other side has it.
async fn accepted(gate: &Gate) -> Value {
    eventually("the mail is handed over", async || {
        let told = gate.operator(&["mail", "list", "--email", ANN, "--json"]).json();
        let mails = told["mails"].as_array().expect("a list");
        mails.iter().find(|mail| mail["state"] == "accepted").cloned()
    })
    .await
}

/// A provider's part of `mail`, with a server of this machine in its place.
fn way(provider: Provider, port: u16) -> String {
    let token = "{ env: LINKGATE_TEST_TOKEN }";
    let (name, more) = match provider {
        Provider::Postmark => ("postmark", format!("token: {token}")),
        Provider::Ses => {
            ("ses", format!("region: eu-central-1, access_key: AKIDEXAMPLE, secret: {token}"))
        }
        Provider::Mailgun => ("mailgun", format!("domain: mg.example.com, token: {token}")),
        Provider::SendGrid => ("sendgrid", format!("token: {token}")),
        Provider::Resend => ("resend", format!("token: {token}")),
        Provider::Brevo => ("brevo", format!("token: {token}")),
    };
    format!("{name}: {{ {more}, endpoint: \"http://127.0.0.1:{port}\" }}")
}

/// What a provider was asked by a running linkgate, and what is on record.
async fn through(provider: Provider) -> (Asked, Value, &'static str) {
    let (taken, name) = provider.taken();
    // It is asked for its front page at the start.
    let front_page = Reply::Says(404, "x: y", String::new());
    let api = MailApi::start([front_page, taken]).await;
    let gate = gate(&way(provider, api.port())).await;
    eventually("the probe", async || (api.asked().len() == 1).then_some(())).await;
    assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 303);
    let mail = accepted(&gate).await;
    let mut asked = api.asked();
    assert_eq!(asked.len(), 2, "{provider:?}: once");
    assert!(!gate.log().contains("to-ken"), "{provider:?}");
    (asked.remove(1), mail, name)
}

// The provider answers beside commands that the test waits for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_provider_takes_a_mail_and_its_name_for_it_is_on_record() {
    for provider in ALL {
        let (asked, mail, name) = through(provider).await;
        assert!(asked.line.starts_with("POST /"), "{provider:?}: {}", asked.line);
        let id = mail["id"].as_str().expect("an identity");
        assert!(asked.body.contains(id) || asked.line.contains("outbound-emails"), "{provider:?}");
        let bare = name.trim_matches(['<', '>']);
        assert_eq!((&mail["reference"], &mail["tries"]), (&bare.into(), &1.into()), "{provider:?}");
        assert!(mail["words"].as_str().is_some_and(|it| it.starts_with("20")), "{mail}");
        for state in ["queued", "sending", "accepted"] {
            assert!(mail["moments"][state].is_string(), "{provider:?}: {mail}");
        }
    }
}

#[tokio::test]
async fn a_program_takes_a_mail_and_its_link_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, got) = (folder.path().join("sendmail"), folder.path().join("got"));
    let script = format!("#!/bin/sh\ncat > {0}.part && mv {0}.part {0}\n", got.display());
    std::fs::write(&path, script).expect("the program");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("a program");
    let gate = gate(&format!("sendmail: {{ path: \"{}\" }}", path.display())).await;
    let mut browser = gate.browser();
    assert_eq!(gate.ask(&mut browser, ANN, "/deep").await.status, 303);
    let mail = accepted(&gate).await;
    assert_eq!(mail["words"], "sendmail took it");
    let message = std::fs::read(got).expect("the message");
    let id = mail["id"].as_str().expect("an identity");
    assert!(String::from_utf8_lossy(&message).contains(&format!("<{id}@sender.example>")));
    let landed = browser.get(&Mail::parse(message).link()).await;
    assert_eq!((landed.status, landed.location()), (303, "/deep"));
}
