//! `linkgate mail test`: the whole way to a relay, in its own words.

use mailparse::MailHeaderMap;
use tempfile::TempDir;

use crate::support::certificates::Certificates;
use crate::support::gate::free_port;
use crate::support::smtp::{Protection, Relay, Script};

const ANN: &str = "ann@example.com";

/// A configuration with a relay, whose authority is in the same folder.
pub fn configured(
    host: &str,
    port: u16,
    more: &str,
    certificates: Option<&Certificates>,
) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let ca = match certificates {
        Some(certificates) => {
            certificates.write(folder.path());
            ", ca: ca.pem"
        }
        None => "",
    };
    let text = format!(
        "listen: [{{ address: \"127.0.0.1:0\" }}]\nadmin: {{ listen: off }}\n\
         store: {{ memory: {{}} }}\n\
         mail: {{ from: \"Gate <login@sender.example>\", \
         smtp: {{ host: {host}, port: {port}{more}{ca} }} }}\n\
         sites:\n  - name: wiki\n    origin: https://wiki.example.com\n    title: The Wiki\n    \
         upstream: http://127.0.0.1:3000\n    allow: [everyone]\n"
    );
    std::fs::write(folder.path().join("a.yaml"), text).expect("a file");
    folder
}

/// What linkgate says in a folder, and how it ends.
pub async fn linkgate(folder: &TempDir, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_linkgate"));
    command.current_dir(folder.path()).args(arguments).env("LINKGATE_TEST_SMTP", "pass word");
    let told = command.output().await.expect("linkgate runs");
    let text = [told.stdout, told.stderr].concat();
    (told.status.code(), String::from_utf8(text).expect("text"))
}

async fn test(folder: &TempDir) -> (Option<i32>, String) {
    linkgate(folder, &["mail", "test", "-c", "a.yaml", "--to", ANN]).await
}

const LOGIN: &str = ", username: gate, password: { env: LINKGATE_TEST_SMTP }";

#[tokio::test]
async fn every_step_is_told_and_a_mail_arrives_that_opens_nothing() {
    let certificates = Certificates::new();
    let mut script = Script::with_login("gate", "pass word");
    script.protection = Protection::StartTls(certificates.acceptor(&[]));
    let relay = Relay::start(script).await;
    let folder = configured("localhost", relay.port(), LOGIN, Some(&certificates));
    let (code, told) = test(&folder).await;
    assert_eq!(code, Some(0), "{told}");
    let mut rest = told.as_str();
    for step in [
        "from Gate <login@sender.example>\nto ann@example.com\nsubject Test: ",
        "relay localhost:",
        "  connected to ",
        "  greeting: 220 relay.test ESMTP\n",
        "  TLS 1.3, CN=",
        "for localhost, app.localhost, 127.0.0.1, issued by ",
        " days left)\n",
        "  login: 235 ok\n",
        "  sender: 250 ok\n",
        "  recipient: 250 ok\n",
        "handed over: 250 2.0.0 queued\n",
        "must begin with https://wiki.example.com/.",
    ] {
        let at = rest.find(step).unwrap_or_else(|| panic!("{step:?} is not in {told}"));
        rest = &rest[at + step.len()..];
    }
    assert!(!told.contains("pass word") && !told.contains("AHBhc3Mg"), "{told}");
    let message = relay.message(1).await;
    assert_eq!(relay.messages().len(), 1, "the rehearsal hands nothing over");
    assert!(message.encrypted);
    let parsed = mailparse::parse_mail(&message.data).expect("a message");
    let subject = parsed.headers.get_first_value("Subject").unwrap_or_default();
    assert!(subject.starts_with("Test: Sign in to wiki.example.com"), "{subject}");
    for part in &parsed.subparts {
        let body = part.get_body().expect("text");
        assert!(body.contains("This is a test of the mail of wiki.example.com"), "{body}");
        assert!(body.contains("https://wiki.example.com/.linkgate/link/"), "{body}");
    }
}

#[tokio::test]
async fn trouble_is_told_with_its_step_and_what_helps() {
    let certificates = Certificates::new();
    let others = Certificates::of(&["other.example"]);
    let starttls = |certificates: &Certificates| Script {
        protection: Protection::StartTls(certificates.acceptor(&[])),
        ..Script::default()
    };
    let refusing = |answer: &str| Script { recipient: Some(answer.into()), ..Script::default() };
    let implicit = Script {
        protection: Protection::Implicit(certificates.acceptor(&[])),
        ..Script::default()
    };
    let plain = ", tls: none";
    let with_login = ", tls: none, username: gate, password: { env: LINKGATE_TEST_SMTP }";
    let quick = ", tls: implicit, timeout: 2s";
    let cases = [
        (Script::with_login("gate", "other"), with_login, None, "login: 535 5.7.8 no", "password"),
        (Script::default(), with_login, None, "login: the relay offers neither", "leave out"),
        (Script::with_login("gate", "x"), plain, None, "sender: 530 5.7.0 log in", "`username`"),
        (
            refusing("550 5.7.1 relaying denied"),
            plain,
            None,
            "recipient: 550 5.7.1 relay",
            "pass on",
        ),
        (refusing("451 4.7.1 greylisted"), plain, None, "recipient: 451 4.7.1", "greylisting"),
        (Script::default(), "", None, "TLS: the relay does not offer STARTTLS", "`tls: implicit`"),
        (starttls(&certificates), "", None, "TLS: invalid peer certificate", "as `ca`"),
        (starttls(&others), "", Some(&others), "TLS: invalid peer certificate", "`host` a name"),
        (Script::default(), quick, None, "TLS: received corrupt message", "`tls: starttls`"),
        (implicit, ", timeout: 2s", None, "greeting: ", "`tls: implicit`"),
    ];
    for (script, more, authority, what, cure) in cases {
        let relay = Relay::start(script).await;
        let folder = configured("localhost", relay.port(), more, authority);
        let (code, told) = test(&folder).await;
        assert_eq!(code, Some(1), "{what}: {told}");
        let failed = told.lines().find(|line| line.starts_with("  failed, ")).unwrap_or_default();
        assert!(failed.contains(what), "{what:?} is not in {told}");
        let helps = told.lines().find(|line| line.starts_with("  what helps: "));
        assert!(helps.is_some_and(|line| line.contains(cure)), "{cure:?} is not in {told}");
        assert!(told.ends_with("linkgate: the mail was not sent\n"), "{told}");
        assert!(relay.messages().is_empty(), "{what}");
    }
}

#[tokio::test]
async fn what_the_relay_says_to_the_mail_itself_is_told() {
    for (answer, what) in [
        ("554 5.6.0 cannot be read", "for good: "),
        ("554 5.7.1 smells of spam", "for now: the relay refuses us: "),
    ] {
        let relay = Relay::start(Script::with_verdicts(&[answer])).await;
        let folder = configured("localhost", relay.port(), ", tls: none", None);
        let (code, told) = test(&folder).await;
        assert_eq!(code, Some(1), "{told}");
        let expected = format!("  recipient: 250 ok\nnot handed over, {what}");
        assert!(told.contains(&expected) && told.contains(&answer[4..]), "{told}");
    }
}

#[tokio::test]
async fn nobody_there_and_nothing_to_try() {
    let folder = configured("localhost", free_port(), ", tls: none", None);
    let (code, told) = test(&folder).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("failed, connection: nobody listens there"), "{told}");
    for bad in [
        &["mail", "test", "-c", "a.yaml", "--to", "ann"][..],
        &["mail", "test", "-c", "a.yaml"],
        &["mail", "test", "-c", "a.yaml", "--to", ANN, "--site", "shop"],
        &["mail", "test", "-c", "none.yaml", "--to", ANN],
        &["mail", "doctor", "-c", "a.yaml", "--resolver", "somebody"],
        &["mail", "doctor", "-c", "a.yaml", "--selector", "a b"],
    ] {
        let (code, told) = linkgate(&folder, bad).await;
        assert_eq!(code, Some(64), "{bad:?}: {told}");
    }
}
