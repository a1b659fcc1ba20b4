//! Another process in the place of the one that serves, and the end of one.

mod bad;
mod load;
mod manager;
mod midway;
mod sockets;
mod stopping;

use std::process::Command;

use crate::support::eventually;
use crate::support::gate::Gate;

const ANN: &str = "ann@example.com";

/// Upgrades by command, beside whatever else goes on; returns the number of the new process.
pub fn upgrade(gate: &Gate) -> u32 {
    let told = tokio::task::block_in_place(|| gate.operator(&["upgrade"]));
    let told = told.done();
    number(&told).unwrap_or_else(|| panic!("{told}"))
}

/// The process that serves, as the command tells it.
fn number(told: &str) -> Option<u32> {
    told.strip_prefix("upgraded: process ")?.split(' ').next()?.parse().ok()
}

/// Sends a signal to a process of the test's own.
pub fn signal(name: &str, process: u32) {
    let sent = Command::new("kill").args([name, &process.to_string()]).status();
    assert!(sent.expect("kill").success());
}

/// Waits until nobody serves but this process.
pub async fn alone(gate: &Gate, process: u32) {
    eventually("the process before has ended", async || {
        // The one that the test has started stays in the table until it is waited for.
        let left = gate.processes();
        (left == [process]).then_some(())
    })
    .await;
}
