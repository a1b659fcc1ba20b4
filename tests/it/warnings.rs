//! What works and is not as it should be is said by the commands, and stops none of them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::gate::Gate;

const OPEN: &str = "leads to a secret that others than the owner of the file can read";

fn let_read(gate: &Gate, mode: u32) {
    std::fs::set_permissions(gate.path("secret"), Permissions::from_mode(mode)).expect("a mode");
}

fn check(gate: &Gate) -> (Option<i32>, String, String) {
    let mut check = Command::new(env!("CARGO_BIN_EXE_linkgate"));
    let told = check.args(["check", "-c"]).arg(gate.path("linkgate.yaml")).output();
    let told = told.expect("linkgate runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (told.status.code(), text(told.stdout), text(told.stderr))
}

#[tokio::test]
async fn a_secret_that_others_can_read_is_said_and_stops_nothing() {
    let mut gate = Gate::start().await;
    let_read(&gate, 0o640);
    let (code, out, reminded) = check(&gate);
    assert_eq!((code, out.trim_end().rsplit(": ").next()), (Some(0), Some("1 site")));
    let file = gate.path("linkgate.yaml").display().to_string();
    assert!(reminded.starts_with(&format!("warning: {file}:4:")), "{reminded}");
    assert!(reminded.contains(&format!("secret.file: {OPEN}\n  hint: ")), "{reminded}");
    assert_eq!(reminded.lines().count(), 2, "{reminded}");
    gate.kill();
    std::fs::write(gate.path("log"), "").expect("an empty log");
    gate.run().await;
    let log = gate.whole_log().await;
    let said: Vec<_> = log.lines().filter(|line| line.contains(OPEN)).collect();
    assert!(matches!(said[..], [line] if line.contains("WARN") && line.contains(&file)), "{log}");
    let_read(&gate, 0o600);
    assert_eq!(check(&gate).2, "");
    gate.kill();
    std::fs::write(gate.path("log"), "").expect("an empty log");
    gate.run().await;
    let log = gate.whole_log().await;
    assert!(!log.contains("WARN"), "{log}");
}
