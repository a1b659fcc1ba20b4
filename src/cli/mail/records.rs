//! What became of mails, and to whom none goes.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::super::asking::{Common, act, look, rows};
use super::super::table::table;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum RecordsCommand {
    /// List mails, the newest first: what became of each, and what the relay said.
    #[command(after_help = examples!(
        "mail list -c linkgate.yaml",
        "mail list -c linkgate.yaml --email ann@example.com",
        "mail list -c linkgate.yaml --state trouble"
    ))]
    List {
        #[command(flatten)]
        common: Common,
        /// Only those to this address.
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Only those in this state, or "trouble" for all that something is wrong with.
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
    },
    /// List the addresses that no mail goes to for a while, because mail to them bounced.
    #[command(after_help = examples!("mail suppressed -c linkgate.yaml"))]
    Suppressed {
        #[command(flatten)]
        common: Common,
    },
    /// Let mail go to an address again.
    #[command(after_help = examples!("mail lift -c linkgate.yaml ann@example.com"))]
    Lift {
        #[command(flatten)]
        common: Common,
        /// The address.
        #[arg(value_name = "ADDRESS")]
        email: String,
    },
}

pub(super) fn run(command: &RecordsCommand) -> ExitCode {
    match command {
        RecordsCommand::List { common, email, state } => {
            let mut said = json!({});
            for (key, value) in [("email", email), ("state", state)] {
                if let Some(value) = value {
                    said[key] = value.as_str().into();
                }
            }
            look(common, |way| way.ask("/api/mails/list", Some(&said)), listed)
        }
        RecordsCommand::Suppressed { common } => look(
            common,
            |way| way.ask("/api/suppressions", None),
            |answer| {
                let heads =
                    [("ADDRESS", "email"), ("WHY", "why"), ("SINCE", "since"), ("UNTIL", "until")];
                table(&heads, rows(answer, "suppressions"))
            },
        ),
        RecordsCommand::Lift { common, email } => {
            let said = json!({ "email": email });
            act(
                common,
                |way| way.ask("/api/suppressions/lift", Some(&said)),
                |_| format!("{email}: mail goes there again"),
            )
        }
    }
}

fn listed(answer: &Value) -> String {
    let heads = [
        ("QUEUED", "queued_at"),
        ("ADDRESS", "email"),
        ("SITE", "site"),
        ("FOR", "occasion"),
        ("STATE", "state"),
        ("AT", "at"),
        ("TRIES", "tries"),
        ("WORDS", "words"),
    ];
    let mut text = table(&heads, rows(answer, "mails"));
    if let (Some(why), Some(until)) =
        (answer["suppressed"]["why"].as_str(), answer["suppressed"]["until"].as_str())
    {
        text.push_str(&format!("\nno mail goes there until {until}: the last one {why}"));
    }
    text
}
