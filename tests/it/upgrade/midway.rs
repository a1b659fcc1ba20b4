//! Who stops linkgate in the midst of an upgrade stops both processes, and what is open comes to its end.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use super::bad::{PREPARED, is_over, orphan, replace};
use super::signal;
use super::stopping::{asks, slow};
use crate::support::app::site;
use crate::support::client::read_answer;
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};

async fn has(file: &Path) {
    eventually("it has come so far", async || {
        std::fs::read_to_string(file).is_ok_and(|text| !text.is_empty()).then_some(())
    })
    .await;
}

/// A stop with a request in flight and an upgrade that has come so far; returns what was logged.
async fn stopped_midway(script: &str, has_come: &str, and_then: impl AsyncFnOnce(&Gate)) -> String {
    let (got, (go, may)) = (Arc::new(Semaphore::new(0)), watch::channel(false));
    let sites = site(&format!("http://{}", slow(Arc::clone(&got), may).await));
    let mut gate = Gate::with(Wishes { sites, own_program: true, ..Wishes::default() }).await;
    let mut waits = asks(&gate, "later").await;
    drop(got.acquire().await.expect("a request has come"));
    replace(&gate, &script.replace("FOLDER", &gate.path("").display().to_string()));
    signal("-USR2", gate.pid());
    has(&gate.path(has_come)).await;
    signal("-TERM", gate.pid());
    and_then(&gate).await;
    go.send_replace(true);
    let answer = read_answer(&mut waits, false).await;
    assert_eq!((answer.status, &*answer.text()), (200, "late"));
    assert_eq!(gate.code().await, Some(0));
    let process = gate.path(has_come);
    eventually("the other process has ended", async || is_over(&process).then_some(())).await;
    gate.log()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_new_process_prepares_it_is_given_up() {
    let script = orphan("echo $process > FOLDER/hung; exec tail -f /dev/null");
    let log = stopped_midway(&script, "hung", async |gate| {
        eventually("it stops", async || gate.log().contains("stopping: ").then_some(())).await;
    })
    .await;
    assert!(log.contains("not upgraded: it was told to stop"), "{log}");
    assert!(!log.contains("stopped at once"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_the_new_process_serves_it_is_told_as_well() {
    let script = orphan(&format!(
        "{PREPARED}; trap 'echo stopped > FOLDER/told; exit 0' TERM; mkfifo FOLDER/may; \
         exec 4<>FOLDER/may; echo $process > FOLDER/goes; read word <&4; echo '\"serving\"' >&3; \
         while :; do read word <&4; done"
    ));
    let log = stopped_midway(&script, "goes", async |gate| {
        std::fs::write(gate.path("may"), "serve\n").expect("it listens");
        has(&gate.path("told")).await;
    })
    .await;
    assert!(log.contains("upgraded: another process serves"), "{log}");
    assert!(!log.contains("stopped at once"), "{log}");
}
