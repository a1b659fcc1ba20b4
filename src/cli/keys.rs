//! `linkgate keys`: the keys that sign the assertion for applications, and those that sign mails.

mod dkim;

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::asking::{Common, act, look, rows};

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// List the keys: number, algorithm, key id (kid), and what each is doing.
    #[command(after_help = examples!("keys list -c linkgate.yaml"))]
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Make a new key: published at once, it signs after ten minutes; the old one goes ten later.
    #[command(after_help = examples!(
        "keys rotate -c linkgate.yaml",
        "keys rotate -c linkgate.yaml --now"
    ))]
    Rotate {
        #[command(flatten)]
        common: Common,
        /// The new key signs at once, and the old ones are void: for keys that somebody else knows.
        #[arg(long)]
        now: bool,
    },
    /// Make a key that signs mails (DKIM), or tell the DNS record of one. Touches no network.
    #[command(after_help = examples!(
        "keys dkim --domain example.com --selector linkgate1 --rsa --out data/dkim-rsa.pem",
        "keys dkim --domain example.com --selector linkgate2 --out data/dkim-ed25519.pem",
        "keys dkim --domain example.com --selector linkgate1 --key data/dkim-rsa.pem"
    ))]
    Dkim(dkim::DkimArguments),
}

pub(super) fn run(command: KeysCommand) -> ExitCode {
    match command {
        KeysCommand::List { common } => look(&common, |way| way.ask("/api/keys", None), listed),
        KeysCommand::Rotate { common, now } => {
            let said = json!({ "now": now });
            act(&common, |way| way.ask("/api/keys/rotate", Some(&said)), listed)
        }
        KeysCommand::Dkim(arguments) => dkim::run(arguments),
    }
}

/// One line for each generation and algorithm.
fn listed(answer: &Value) -> String {
    let line = |key: &Value| {
        let text = |name: &str| key[name].as_str().unwrap_or_default();
        let state = match text("state") {
            "announced" => format!("is published, and signs from {}", text("signs_from")),
            "signing" => "signs".to_owned(),
            "retiring" => format!("is published until {}", text("published_until")),
            _ => "is gone".to_owned(),
        };
        format!("{} {} {} {state}", key["number"], text("algorithm"), text("kid"))
    };
    rows(answer, "keys").iter().map(line).collect::<Vec<_>>().join("\n")
}
