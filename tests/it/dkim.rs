//! Signatures of mails, looked at by another program: dkimpy, with an answer of the DNS that is given.

use std::path::Path;
use std::process::Command;

use crate::support::gate::{Gate, Wishes};
use crate::support::smtp::{Relay, Script};

/// Reads a message, looks at each of its signatures, and says which were good.
const VERIFIER: &str = r#"
import sys, dkim
message = open(sys.argv[1], "rb").read()
records = dict(line.rstrip("\n").split("=", 1) for line in open(sys.argv[2]))
def dnsfunc(name, timeout=5):
    return records.get(name.decode().rstrip("."), "").encode() or None
signatures = sum(line.lower().startswith(b"dkim-signature:") for line in message.split(b"\r\n"))
for index in range(signatures):
    verifier = dkim.DKIM(message)
    try:
        print(verifier.verify(idx=index, dnsfunc=dnsfunc))
    except dkim.DKIMException as error:
        print(False, error)
"#;

/// Makes a key with the command, and keeps what the DNS is to say.
fn make(folder: &Path, selector: &str, more: &[&str], records: &mut String) {
    let path = folder.join(format!("{selector}.pem"));
    let made = Command::new(env!("CARGO_BIN_EXE_linkgate"))
        .args(["keys", "dkim", "--domain", "sender.example", "--selector", selector])
        .args(more)
        .arg("--out")
        .arg(&path)
        .output()
        .expect("run");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let told = String::from_utf8(made.stdout).expect("text");
    let record = told.lines().find(|line| line.starts_with("v=DKIM1")).expect("a record");
    records.push_str(&format!("{selector}._domainkey.sender.example={record}\n"));
    // The same is told of a key that is there.
    let again = Command::new(env!("CARGO_BIN_EXE_linkgate"))
        .args(["keys", "dkim", "--domain", "sender.example", "--selector", selector, "--key"])
        .arg(&path)
        .output()
        .expect("run");
    assert_eq!(String::from_utf8_lossy(&again.stdout), told);
}

fn verified(folder: &Path, message: &[u8]) -> Vec<bool> {
    std::fs::write(folder.join("message"), message).expect("written");
    let output = Command::new("/usr/bin/python3")
        .args(["-c", VERIFIER])
        .arg(folder.join("message"))
        .arg(folder.join("records"))
        .output()
        .expect("python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).expect("text");
    said.lines().map(|line| line.starts_with("True")).collect()
}

#[tokio::test]
async fn mails_are_signed_with_each_key_of_their_domain() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut records = String::new();
    make(folder.path(), "rsa", &["--rsa"], &mut records);
    make(folder.path(), "ed", &[], &mut records);
    std::fs::write(folder.path().join("records"), &records).expect("written");
    let relay = Relay::start(Script::default()).await;
    let key = |selector: &str, domain: &str| {
        let path = folder.path().join(format!("{selector}.pem"));
        let path = path.display();
        format!("{{ domain: {domain}, selector: {selector}, key: {{ file: \"{path}\" }} }}")
    };
    let mail = format!(
        "{{ from: \"Gäte, the <login@mail.sender.example>\", reply_to: help@sender.example, \
         smtp: {{ host: localhost, port: {}, tls: none }}, dkim: [{}, {}, {}] }}",
        relay.port(),
        key("rsa", "sender.example"),
        key("ed", "sender.example"),
        key("ed", "another.example"),
    );
    let gate = Gate::with(Wishes { mail, ..Wishes::default() }).await;
    gate.ask(&mut gate.browser(), "ann@example.com", "/deep").await;
    let message = relay.message(1).await.data;
    assert_eq!(verified(folder.path(), &message), [true, true]);
    let text = String::from_utf8(message).expect("ASCII");
    assert!(!text.contains("d=another.example"), "not the domain of the sender");
    // What is signed cannot be changed, and no second one of it can be added.
    for (from, to) in [
        ("Subject: ", "Subject: not "),
        ("To: ann@", "To: eve@"),
        ("From: ", "From: eve@evil.example\r\nFrom: "),
        ("Subject: ", "Subject: another\r\nSubject: "),
        ("MIME-Version", "Cc: eve@evil.example\r\nMIME-Version"),
        ("Reply-To: help", "Reply-To: eve"),
        ("Message-ID: <", "Message-ID: <a"),
        ("Auto-Submitted: auto-generated", "Auto-Submitted: no"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert_eq!(verified(folder.path(), changed.as_bytes()), [false, false], "{to}");
    }
    let body = text.rfind("</html>").expect("a body");
    let changed = format!("{}!{}", &text[..body], &text[body..]);
    assert_eq!(verified(folder.path(), changed.as_bytes()), [false, false]);
    // What relays do to a mail on its way does not matter.
    let refolded = text.replacen("Subject: ", "subject:   ", 1) + "\r\n\r\n";
    assert_eq!(verified(folder.path(), refolded.as_bytes()), [true, true]);
}
