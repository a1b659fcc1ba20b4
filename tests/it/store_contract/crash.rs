//! What was acknowledged survives `kill -9`.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use linkgate::adapters::embedded::Embedded;
use linkgate::ports::{Settled, Store};

use super::world::{ANN, NOW, Place, World, link, session_digest, settle_with};

/// Where the child finds its store.
const FOLDER: &str = "LINKGATE_TEST_FOLDER";
/// The first number that the child uses.
const FIRST: &str = "LINKGATE_TEST_FIRST";
const LIVES: u32 = 20;
/// Numbers of one life.
const NUMBERS: u32 = 100_000;
/// Tasks that write at the same time, so that groups are cut through.
const TASKS: u32 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_steps_survive_being_killed() {
    // The process that is killed is this very test, started once more with a folder to write to.
    if let Some(folder) = std::env::var_os(FOLDER) {
        return child(Path::new(&folder)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut steps = 0;
    for life in 0..LIVES {
        // So many lines after its birth it dies, in the midst of what it does.
        let lines = 10 + (life * 37) % 101;
        let acknowledged = live_and_die(folder.path(), life * NUMBERS, lines);
        steps += acknowledged.len();
        check(folder.path(), &acknowledged).await;
    }
    assert!(steps as u32 > LIVES * 10, "only {steps} steps");
}

/// Starts a child, kills it after some lines, and returns all that it acknowledged.
fn live_and_die(folder: &Path, first: u32, lines: u32) -> BTreeSet<(String, u32)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("store_contract::crash::acknowledged_steps_survive_being_killed")
        .env(FOLDER, folder)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut acknowledged = BTreeSet::new();
    for line in output.lines() {
        let line = line.unwrap();
        if let Some((step, number)) = line.split_once(' ')
            && ["begun", "settled"].contains(&step)
        {
            acknowledged.insert((step.to_owned(), number.parse().unwrap()));
            if acknowledged.len() as u32 == lines {
                child.kill().unwrap();
            }
        }
    }
    let status = child.wait().unwrap();
    assert!(!status.success() && acknowledged.len() as u32 >= lines, "it was killed at work");
    acknowledged
}

async fn check(folder: &Path, acknowledged: &BTreeSet<(String, u32)>) {
    let store: Arc<dyn Store> = Arc::new(Embedded::open(folder).unwrap());
    for (step, number) in acknowledged {
        let record = store.attempt(link(*number)).await.unwrap();
        let record = record.unwrap_or_else(|| panic!("{step} {number} is lost"));
        let mut sessions = Vec::new();
        for made in [2 * number, 2 * number + 1] {
            if store.session(session_digest(made)).await.unwrap().is_some() {
                sessions.push(session_digest(made));
            }
        }
        let used = match record.state {
            linkgate::domain::attempt::State::Used { session, .. } => vec![session],
            _ => Vec::new(),
        };
        assert_eq!(sessions, used, "{step} {number}: one session, or none before it is used");
        assert!(step != "settled" || used.len() == 1, "{step} {number} is lost");
    }
}

/// What the process does that is killed above.
async fn child(folder: &Path) {
    let first: u32 = std::env::var(FIRST).unwrap().parse().unwrap();
    let store: Arc<dyn Store> = Arc::new(Embedded::open(folder).unwrap());
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| tokio::spawn(write_for_ever(Arc::clone(&store), first + task)))
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn write_for_ever(store: Arc<dyn Store>, first: u32) {
    let world = World { store: Arc::clone(&store), place: Place::Memory };
    for number in (first..first + NUMBERS / 2).step_by(TASKS as usize) {
        world.begin(number, number, ANN, NOW).await;
        say("begun", number);
        let (one, two) = tokio::join!(
            settle_with(&*store, number, 2 * number, ANN, None),
            settle_with(&*store, number, 2 * number + 1, ANN, None),
        );
        assert!((one == Settled::Done) != (two == Settled::Done));
        say("settled", number);
    }
}

fn say(step: &str, number: u32) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{step} {number}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}
