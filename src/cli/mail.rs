//! `linkgate mail`: whether mails leave, whether they arrive, and what became of each.

mod cures;
mod doctor;
mod records;
mod test;
mod ways;

use std::process::ExitCode;

use clap::Subcommand;

use super::fail;

#[derive(Debug, Subcommand)]
pub(super) enum MailCommand {
    #[command(flatten)]
    Records(records::RecordsCommand),
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
    match command {
        MailCommand::Records(command) => records::run(command),
        MailCommand::Test(arguments) => waits(test::run(arguments)),
        MailCommand::Doctor(arguments) => waits(doctor::run(arguments)),
    }
}

fn waits(work: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Err(error) => fail(&error),
        Ok(runtime) => runtime.block_on(work),
    }
}
