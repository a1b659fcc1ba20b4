//! `linkgate limits`: what is used up, and an end to it.

use std::net::IpAddr;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::accounts::address;
use super::asking::{Common, act, look, rows};
use super::table::table;
use crate::domain::email::EmailAddress;

#[derive(Debug, Subcommand)]
pub(super) enum LimitsCommand {
    /// Show what is used up of the limits of an address, a client or everybody, and until when.
    #[command(after_help = examples!(
        "limits list -c linkgate.yaml bob@example.com",
        "limits list -c linkgate.yaml --client 203.0.113.7",
        "limits list -c linkgate.yaml --site wiki"
    ))]
    List {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        whose: Whose,
    },
    /// Lift them: all is counted anew, and mail that is held back is so no more.
    #[command(after_help = examples!(
        "limits lift -c linkgate.yaml bob@example.com",
        "limits lift -c linkgate.yaml --client 203.0.113.7"
    ))]
    Lift {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        whose: Whose,
    },
}

/// Whose limits: those of everybody together if neither is given.
#[derive(Debug, Args)]
pub(super) struct Whose {
    /// The person.
    #[arg(value_parser = address)]
    address: Option<EmailAddress>,
    /// A client, by its IP address, and the network around it.
    #[arg(long, value_name = "IP", conflicts_with = "address")]
    client: Option<IpAddr>,
    /// Of the limits of everybody only those of this site.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["address", "client"])]
    site: Option<String>,
}

impl Whose {
    fn said(&self) -> Value {
        match self {
            Self { address: Some(address), .. } => json!({ "email": address.spelling() }),
            Self { client: Some(client), .. } => json!({ "client": client }),
            Self { site, .. } => json!({ "site": site }),
        }
    }
}

pub(super) fn run(command: &LimitsCommand) -> ExitCode {
    match command {
        LimitsCommand::List { common, whose } => look(
            common,
            |way| way.ask("/api/limits/list", Some(&whose.said())),
            |answer| {
                let heads = [
                    ("LIMIT", "limit"),
                    ("SITE", "site"),
                    ("COUNTED", "count"),
                    ("MOST", "most"),
                    ("USED UP", "used_up"),
                    ("UNTIL", "until"),
                ];
                table(&heads, rows(answer, "limits"))
            },
        ),
        LimitsCommand::Lift { common, whose } => act(
            common,
            |way| way.ask("/api/limits/lift", Some(&whose.said())),
            |answer| format!("lifted: {}", answer["lifted"]),
        ),
    }
}
