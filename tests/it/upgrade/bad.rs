//! What is bad takes nobody's place: the process before serves on, and nobody notices.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use super::load::Load;
use super::{ANN, alone, signal, upgrade};
use crate::flow::signed_in_as;
use crate::support::certificates::Certificates;
use crate::support::gate::{Gate, Wishes, free_port};
use crate::support::stores::Kind;
use crate::support::{eventually, folder};

async fn gate(kind: &Kind) -> Arc<Gate> {
    Arc::new(Gate::with(Wishes { own_program: true, ..kind.wishes() }).await)
}

/// Another program where linkgate was started from.
pub(super) fn replace(gate: &Gate, script: &str) {
    let new = gate.path("new");
    std::fs::write(&new, format!("#!/bin/sh\n{script}\n")).expect("a script");
    std::fs::set_permissions(&new, PermissionsExt::from_mode(0o755)).expect("may run");
    std::fs::rename(new, gate.path("linkgate")).expect("in its place");
}

/// A program that leaves another process behind, as ours does: one that says that it is there, and then
/// does something else.
pub(super) fn orphan(then: &str) -> String {
    format!(
        "exec 3<&0; {{ process=$(exec sh -c 'echo $PPID'); \
         echo \"{{\\\"here\\\":{{\\\"process\\\":$process}}}}\" >&3; {then}; }} & exit 0"
    )
}

/// What such a process says and hears until it should serve.
pub(super) const PREPARED: &str = "echo '\"prepared\"' >&3; read doors <&3; read go <&3";

/// Whether the process whose number is in a file has ended; whoever inherited it may not have noticed.
pub(super) fn is_over(file: &std::path::Path) -> bool {
    let process = std::fs::read_to_string(file).expect("it was started");
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.trim()));
    stat.map_or(true, |stat| stat.contains(") Z "))
}

/// Why the last of so many upgrades was not done.
async fn refused(gate: &Gate, count: usize) -> String {
    eventually("the upgrade was refused", async || {
        let log = gate.log();
        let mut told = log.split("not upgraded; this process serves on why=").skip(1);
        told.nth(count - 1)?.lines().next().map(str::to_owned)
    })
    .await
}

async fn a_bad_program_or_file_changes_nothing(kind: Kind) {
    let gate = gate(&kind).await;
    let (load, coming) = Load::begin(&gate, None).await;
    let process = gate.pid();
    gate.edit("path: \"/admin\"", "pth: \"/admin\"");
    signal("-USR2", process);
    let why = refused(&gate, 1).await;
    assert!(why.contains("linkgate.yaml:") && why.contains("pth"), "{why}");
    load.goes_on(&coming).await;
    let told = tokio::task::block_in_place(|| gate.operator(&["upgrade"]));
    assert_eq!(told.code, 64, "{}", told.err);
    gate.edit("pth: \"/admin\"", "path: \"/admin\"");
    let hung = gate.path("hung");
    let hangs = format!("{PREPARED}; echo $process > {}; exec tail -f /dev/null", hung.display());
    // Programs that end at once, that speak of something else, that stay where another should be, and
    // that end, or hang, when it counts: by then the embedded store is closed.
    for (script, words) in [
        ("exit 3".to_owned(), "did not say that it "),
        ("echo nonsense >&0; read word".to_owned(), "did not say that it "),
        ("echo '{\"here\":{\"process\":0}}' >&0; exec cat".to_owned(), "no number of a process"),
        (orphan(&format!("{PREPARED}; exit 1")), "did not say that it serves"),
        (orphan(&hangs), "did not say that it serves"),
    ] {
        replace(&gate, &script);
        let began = std::time::Instant::now();
        let told = tokio::task::block_in_place(|| gate.operator(&["upgrade"]));
        assert_eq!(told.code, 1, "{script}: {}", told.out);
        // That nobody is left on the line is heard, and not only that nobody speaks.
        let is_heard = began.elapsed() < Duration::from_secs(9);
        assert!(script != "exit 3" || is_heard, "{:?}", began.elapsed());
        assert!(told.err.contains("not upgraded: ") && told.err.contains(words), "{}", told.err);
        load.goes_on(&coming).await;
        assert_eq!(gate.processes(), [process], "{script}");
    }
    assert!(is_over(&hung), "it was ended by force: it might have the store");
    std::fs::remove_file(gate.path("linkgate")).expect("it was there");
    let told = tokio::task::block_in_place(|| gate.operator(&["upgrade"]));
    assert!(told.err.contains("cannot be started"), "{}", told.err);
    load.goes_on(&coming).await;
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_linkgate"), gate.path("linkgate"))
        .expect("a link");
    let process = upgrade(&gate);
    load.goes_on(&coming).await;
    let (served, slowest) = load.end(coming).await;
    println!("seven bad upgrades: {served} requests, none lost; the slowest took {slowest} ms");
    alone(&gate, process).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    assert_eq!(signed_in_as(&gate, &mut ann).await.as_deref(), Some(ANN));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_program_or_file_changes_nothing_with_the_embedded_store() {
    a_bad_program_or_file_changes_nothing(Kind::embedded()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_program_or_file_changes_nothing_with_redis() {
    a_bad_program_or_file_changes_nothing(Kind::redis().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_has_made_its_secret_serves_again() {
    let kind = Kind::embedded();
    let wishes = Wishes { own_secret: true, own_program: true, ..kind.wishes() };
    let mut gate = Gate::with(wishes).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    // It is prepared, and ends when the store is closed for it.
    replace(&gate, &orphan(&format!("{PREPARED}; exit 1")));
    let told = tokio::task::block_in_place(|| gate.operator(&["upgrade"]));
    assert!(told.err.contains("did not say that it serves (it has ended)"), "{}", told.err);
    assert_eq!(signed_in_as(&gate, &mut ann).await.as_deref(), Some(ANN), "the same secret");
    // Without its secret the store is nobody's, and no other secret is laid beside it.
    let secret = gate.path("data/secret");
    std::fs::rename(&secret, gate.path("kept")).expect("it has made one");
    std::fs::remove_file(gate.path("linkgate")).expect("it was there");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_linkgate"), gate.path("linkgate"))
        .expect("a link");
    let told = tokio::task::block_in_place(|| gate.operator(&["upgrade"]));
    assert!(told.err.contains("restore it from a copy"), "{}", told.err);
    assert!(!secret.exists());
    assert_eq!(signed_in_as(&gate, &mut ann).await.as_deref(), Some(ANN), "it serves on");
    std::fs::rename(gate.path("kept"), secret).expect("restored");
    signal("-TERM", gate.pid());
    assert_eq!(gate.code().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_could_not_serve_again_keeps_its_store() {
    let (folder, port) = (folder(), free_port());
    Certificates::new().write(folder.path());
    let place = folder.path().display();
    let listen = format!(
        ", {{ address: \"127.0.0.1:{port}\", tls: {{ certificate: \"{place}/site.pem\", \
         key: \"{place}/site.key\" }} }}"
    );
    let kind = Kind::embedded();
    let gate = Gate::with(Wishes { listen: listen.clone(), ..kind.wishes() }).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    // The new configuration does without what this process was started with.
    gate.edit(&listen, "");
    std::fs::rename(folder.path().join("site.pem"), folder.path().join("kept")).expect("moved");
    let told = tokio::task::block_in_place(|| gate.operator(&["upgrade"]));
    assert!(
        told.err.contains("could not serve again") && told.err.contains("site.pem"),
        "{}",
        told.err
    );
    assert_eq!(signed_in_as(&gate, &mut ann).await.as_deref(), Some(ANN), "it serves on");
    std::fs::rename(folder.path().join("kept"), folder.path().join("site.pem")).expect("moved");
    let process = upgrade(&gate);
    alone(&gate, process).await;
    assert_eq!(signed_in_as(&gate, &mut ann).await.as_deref(), Some(ANN));
}

#[test]
fn nobody_takes_over_from_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("linkgate.yaml");
    let ended = std::process::Command::new(env!("CARGO_BIN_EXE_linkgate"))
        .args(["serve", "--take-over", "-c"])
        .arg(path)
        .stdin(std::process::Stdio::null())
        .output()
        .expect("linkgate runs");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("--take-over") && said.contains("leave it out"), "{said}");
}
