//! Who stops linkgate in the midst of an upgrade stops both processes, and what is open comes to its end.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

use super::bad::{PREPARED, is_over, orphan, replace};
use super::stopping::{asks, slow};
use super::{ANN, number, signal, upgrade};
use crate::support::app::site;
use crate::support::client::read_answer;
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::Kind;
use crate::support::{eventually, folder};

/// How long clients are told that connections end, before the store is closed.
const LAST_CALL: Duration = Duration::from_millis(500);
/// Longer than whatever is not waited for takes, and much shorter than the drain of an hour.
const SOON: Duration = Duration::from_secs(20);

async fn has(file: &Path) {
    eventually("it has come so far", async || {
        std::fs::read_to_string(file).is_ok_and(|text| !text.is_empty()).then_some(())
    })
    .await;
}

/// One that serves when it may, and is told to stop. No shell: what a shell starts with `&` never hears of
/// SIGQUIT, and another shell cannot change that.
const HEIR: &str = r#"
import os, signal
def told(*_):
    with open("FOLDER/told", "w") as file: file.write("stopped")
    os._exit(0)
signal.signal(signal.SIGQUIT, told)
with open("FOLDER/goes", "w") as file: file.write(str(os.getpid()))
open("FOLDER/may").readline()
os.write(3, b"\"serving\"\n")
while True: signal.pause()
"#;

/// A gate with a request in flight, which is answered when it may be.
struct InFlight {
    gate: Gate,
    waits: TcpStream,
    may: watch::Sender<bool>,
}

impl InFlight {
    async fn over(kind: Kind) -> Self {
        Self::with(kind.wishes()).await
    }

    async fn with(wishes: Wishes) -> Self {
        let (got, (go, may)) = (Arc::new(Semaphore::new(0)), watch::channel(false));
        let sites = site(&format!("http://{}", slow(Arc::clone(&got), may).await));
        let gate = Gate::with(Wishes { sites, own_program: true, ..wishes }).await;
        let waits = asks(&gate, "later").await;
        drop(got.acquire().await.expect("a request has come"));
        Self { gate, waits, may: go }
    }

    /// Nobody waits for it, nor for anything else.
    async fn cut(mut self, code: i32) -> String {
        let mut rest = Vec::new();
        let ends = tokio::time::timeout(SOON, self.waits.read_to_end(&mut rest)).await;
        assert!(ends.is_ok(), "it is waited for: {}", self.gate.log());
        assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
        assert_eq!(self.gate.code().await, Some(code));
        let gate = &self.gate;
        eventually("nobody serves", async || gate.processes().is_empty().then_some(())).await;
        gate.log()
    }

    /// It is answered, and then every process ends; returns what was logged.
    async fn ends(mut self) -> String {
        self.may.send_replace(true);
        let answer = read_answer(&mut self.waits, false).await;
        assert_eq!((answer.status, &*answer.text()), (200, "late"));
        assert_eq!(self.gate.code().await, Some(0));
        let gate = &self.gate;
        eventually("nobody serves", async || gate.processes().is_empty().then_some(())).await;
        let log = gate.log();
        assert!(!log.contains("stopped at once"), "{log}");
        log
    }
}

/// A stop with a request in flight and an upgrade that has come so far; returns what was logged.
async fn stopped_midway(
    kind: Kind,
    script: &str,
    has_come: &str,
    and_then: impl AsyncFnOnce(&Gate),
) -> String {
    let flight = InFlight::over(kind).await;
    let gate = &flight.gate;
    replace(gate, &script.replace("FOLDER", &gate.path("").display().to_string()));
    signal("-USR2", gate.pid());
    has(&gate.path(has_come)).await;
    signal("-TERM", gate.pid());
    and_then(gate).await;
    let process = gate.path(has_come);
    eventually("the other process has ended", async || is_over(&process).then_some(())).await;
    flight.ends().await
}

async fn logged(gate: &Gate, words: &str, times: usize) {
    eventually(words, async || (gate.log().matches(words).count() >= times).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_new_process_prepares_it_is_given_up() {
    let script = orphan("echo $process > FOLDER/hung; exec tail -f /dev/null");
    let stops = async |gate: &Gate| logged(gate, "stopping: ", 1).await;
    let log = stopped_midway(Kind::memory(), &script, "hung", stops).await;
    assert!(log.contains("not upgraded: it was told to stop"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_about_to_be_handed_over_nobody_takes_it() {
    let prepared = PREPARED.replace("; read doors", "; echo $process > FOLDER/waits; read doors");
    let script = orphan(&format!("{prepared}; exec tail -f /dev/null"));
    let mut was_quick = false;
    let log = stopped_midway(Kind::embedded(), &script, "waits", async |gate| {
        let waits = std::fs::metadata(gate.path("waits")).and_then(|it| it.modified());
        let since = waits.expect("it waits").elapsed().unwrap_or_default();
        was_quick = since < LAST_CALL / 2;
        logged(gate, "stopping: ", 1).await;
    })
    .await;
    // On a machine that was busy for so long the store is closed by now.
    assert!(!was_quick || log.contains("not upgraded: it was told to stop"), "{log}");
    assert!(!was_quick || !log.contains("the store is closed"), "{log}");
    assert!(log.contains("not upgraded"), "{log}");
}

/// The server before that failure has ended by then, but not what it let through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_after_a_late_failure_cuts_nothing() {
    let flight = InFlight::over(Kind::embedded()).await;
    replace(&flight.gate, &orphan(&format!("{PREPARED}; exit 1")));
    let told = tokio::task::block_in_place(|| flight.gate.operator(&["upgrade"]));
    assert!(told.err.contains("did not say that it serves"), "{}", told.err);
    signal("-TERM", flight.gate.pid());
    // The server that is there now has nothing open.
    logged(&flight.gate, "nothing is waited for any more", 1).await;
    let told = tokio::task::block_in_place(|| flight.gate.operator(&["check"]));
    assert_eq!(told.code, 0, "meanwhile it would have ended: {}", told.err);
    flight.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_the_new_process_serves_it_is_told_as_well() {
    let script =
        orphan(&format!("{PREPARED}; mkfifo FOLDER/may; exec /usr/bin/python3 -c '{HEIR}'"));
    let log = stopped_midway(Kind::memory(), &script, "goes", async |gate| {
        std::fs::write(gate.path("may"), "serve\n").expect("it listens");
        has(&gate.path("told")).await;
    })
    .await;
    // Which of both it heard first is open: that it was stopped, or that the new process serves.
    assert!(
        log.contains("upgraded, and stopping: ") || log.contains("stopping, and with "),
        "{log}"
    );
}

/// Where a service manager waits for one of them and kills the other, none may be that other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_stopped_waits_for_those_before_it() {
    let flight = InFlight::over(Kind::memory()).await;
    let gate = &flight.gate;
    let mut all = [gate.pid(), upgrade(gate), upgrade(gate)];
    signal("-TERM", all[2]);
    // Neither has anything open itself.
    logged(gate, "nothing is waited for any more", 2).await;
    let told = tokio::task::block_in_place(|| gate.operator(&["check"]));
    assert_eq!(told.code, 0, "meanwhile they would have ended: {}", told.err);
    let mut left = gate.processes();
    left.sort_unstable();
    all.sort_unstable();
    assert_eq!(left, all);
    flight.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_the_one_before_right_after_an_upgrade_means_both() {
    let flight = InFlight::over(Kind::memory()).await;
    upgrade(&flight.gate);
    signal("-TERM", flight.gate.pid());
    logged(&flight.gate, "stopping: ", 1).await;
    let log = flight.ends().await;
    assert!(log.contains("stopping, and with this process the one that serves now"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_the_one_before_once_more_means_both_at_once() {
    let extra = "server: { drain: 1h }".to_owned();
    let flight = InFlight::with(Wishes { extra, ..Kind::memory().wishes() }).await;
    upgrade(&flight.gate);
    signal("-TERM", flight.gate.pid());
    // The next one waits for what is open in this one.
    logged(&flight.gate, "stopping", 2).await;
    signal("-TERM", flight.gate.pid());
    let log = flight.cut(0).await;
    assert_eq!(log.matches("stopped at once").count(), 2, "{log}");
}

/// It hears so when the store has been closed for it, and the one before serves again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_told_to_stop_before_it_serves_takes_nobodys_place() {
    let folder = folder();
    let (program, begun) = (folder.path().join("sendmail"), folder.path().join("begun"));
    let script =
        "#!/bin/sh\necho begun > $(dirname $0)/begun\nexec tail -f /dev/null --pid=$PPID\n";
    std::fs::write(&program, script).expect("a script");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("may run");
    let path = program.display();
    let mail = format!("{{ from: login@example.com, sendmail: {{ path: \"{path}\" }} }}");
    let gate = Gate::with(Wishes { mail, ..Kind::embedded().wishes() }).await;
    // The store is not closed right after the last call while a mail is being handed over.
    let mut ann = gate.browser();
    assert_eq!(gate.ask(&mut ann, ANN, "/").await.status, 303);
    has(&begun).await;
    signal("-USR2", gate.pid());
    eventually("the last call", async || {
        let mut stream = asks(&gate, "x").await;
        (read_answer(&mut stream, false).await.header("connection") == "close").then_some(())
    })
    .await;
    let next = gate.processes().into_iter().find(|process| *process != gate.pid());
    signal("-TERM", next.expect("it is prepared"));
    logged(&gate, "not upgraded; this process serves on", 1).await;
    assert!(gate.log().contains("it was told to stop before it served"), "{}", gate.log());
    let mut stream = asks(&gate, "x").await;
    assert_eq!(read_answer(&mut stream, false).await.status, 200);
    assert_eq!(gate.processes(), [gate.pid()]);
}

/// Until it is started again nobody serves, so it does not wait for what it has let through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_has_lost_its_store_ends_soon_whatever_is_open() {
    let extra = "server: { drain: 1h }".to_owned();
    let flight = InFlight::with(Wishes { extra, ..Kind::embedded().wishes() }).await;
    // Where the folder of the store was, there is a file when it is to be opened again.
    let place = flight.gate.path("data").display().to_string();
    let takes = format!("{PREPARED}; mv {place} {place}.gone; echo > {place}; exit 1");
    replace(&flight.gate, &orphan(&takes));
    let told = tokio::task::block_in_place(|| flight.gate.operator(&["upgrade"]));
    assert!(told.err.contains("did not say that it serves"), "{}", told.err);
    let log = flight.cut(1).await;
    assert!(log.contains("not upgraded, and this process cannot serve again: it ends"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_upgrades_at_once_one_is_told_that_there_is_another() {
    let gate = Gate::with(Kind::embedded().wishes()).await;
    let asks = || gate.operator(&["upgrade"]);
    let told = tokio::task::block_in_place(|| {
        std::thread::scope(|both| {
            let other = both.spawn(asks);
            [asks(), other.join().expect("it ran")]
        })
    });
    let mut last = None;
    for told in told {
        match told.code {
            0 => last = last.max(number(&told.out)),
            _ => assert!(
                ["an upgrade is under way", "this process ends"]
                    .iter()
                    .any(|why| told.err.contains(why)),
                "{}",
                told.err
            ),
        }
    }
    // With nothing open none stays for another.
    let gate = &gate;
    eventually("one is left", async || (gate.processes().len() == 1).then_some(())).await;
    assert!(last.is_some_and(|last| gate.processes() == [last]), "{last:?}");
}
