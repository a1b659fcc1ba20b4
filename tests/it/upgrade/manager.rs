//! A service manager: what it is told, and the unit for systemd.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{alone, signal, upgrade};
use crate::support::gate::{Gate, Wishes};

const UNIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/conf/systemd/linkgate.service");

fn told(manager: &UnixDatagram) -> String {
    let mut text = [0; 100];
    let length = manager.recv(&mut text).expect("it is told in time");
    String::from_utf8_lossy(&text[..length]).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_manager_is_told_who_serves() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("a socket");
    manager.set_read_timeout(Some(Duration::from_secs(10))).expect("a limit");
    let environment = vec![("NOTIFY_SOCKET".to_owned(), path.display().to_string())];
    let gate = Gate::with(Wishes { environment, ..Wishes::default() }).await;
    assert_eq!(told(&manager), "READY=1");
    let before = gate.pid();
    // Keeps the process before from its end.
    let mut half = TcpStream::connect(gate.address).await.expect("connect");
    half.write_all(b"GET / HTTP/1.1\r\n").await.expect("half a head");
    let process = upgrade(&gate);
    assert_eq!(told(&manager), format!("MAINPID={process}"));
    assert!(gate.processes().contains(&before), "it has not ended yet");
    // systemd does not wait for the end of a process that was another one's child when it was named.
    assert_ne!(parent(process), before);
    drop(half);
    alone(&gate, process).await;
    signal("-TERM", process);
    assert_eq!(told(&manager), "STOPPING=1");
}

fn parent(process: u32) -> u32 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("it lives");
    let after_name = stat.rsplit_once(") ").expect("a name").1;
    after_name.split(' ').nth(1).expect("a parent").parse().expect("a number")
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let folder = tempfile::tempdir().expect("a folder");
    let unit = std::fs::read_to_string(UNIT).expect("the unit");
    // There is no linkgate where the unit looks for it on this machine.
    let program = env!("CARGO_BIN_EXE_linkgate");
    let unit = unit.replace("/usr/local/bin/linkgate", program);
    let path = folder.path().join("linkgate.service");
    std::fs::write(&path, unit).expect("a file");
    let said = verified(&path);
    assert_eq!(said, "", "{said}");
}

/// What systemd has to say against a unit.
fn verified(path: &Path) -> String {
    let output = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(path)
        .output()
        .expect("systemd-analyze runs; scripts/needs test installs it");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    // What it says of other units of the machine is none of our business.
    let ours = said.lines().filter(|line| line.contains("linkgate"));
    ours.collect::<Vec<_>>().join("\n")
}
