//! `linkgate mail`: whether mails leave, and whether they arrive.

mod cures;
mod doctor;
mod test;
mod ways;

use std::process::ExitCode;

use clap::Subcommand;

use super::fail;

#[derive(Debug, Subcommand)]
pub(super) enum MailCommand {
    /// Send a test mail the whole way, and print what the relay says to each step.
    #[command(after_help = examples!(
        "mail test -c linkgate.yaml --to ann@example.com",
        "mail test -c linkgate.yaml --to ann@example.com --site wiki";
        "The mail looks like a sign-in mail of the site. Its link and its code open nothing."
    ))]
    Test(test::TestArguments),
    /// Look up what receivers of mail will: SPF, DKIM, DMARC, MX, PTR, and the relay's TLS. Prints
    /// the DNS records to add.
    #[command(after_help = examples!(
        "mail doctor -c linkgate.yaml",
        "mail doctor -c linkgate.yaml --selector s1 --sending-ip 192.0.2.25",
        "mail doctor -c linkgate.yaml --resolver 9.9.9.9 --json";
        "Sends nothing. Exit code 1: something is missing or wrong, or the DNS does not answer."
    ))]
    Doctor(doctor::DoctorArguments),
}

pub(super) fn run(command: &MailCommand) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match (runtime, command) {
        (Err(error), _) => fail(&error),
        (Ok(runtime), MailCommand::Test(arguments)) => runtime.block_on(test::run(arguments)),
        (Ok(runtime), MailCommand::Doctor(arguments)) => runtime.block_on(doctor::run(arguments)),
    }
}
