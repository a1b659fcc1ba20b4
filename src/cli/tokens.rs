//! `linkgate tokens`: how scripts get in.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::asking::{Common, act, act_anyway, look_anyway, rows};
use super::table::table;

#[derive(Debug, Subcommand)]
pub(super) enum TokensCommand {
    /// Make a token. It is shown this once: only a digest is kept.
    #[command(after_help = examples!(
        "tokens add -c linkgate.yaml backup --site wiki --expires 90d",
        "tokens add -c linkgate.yaml backup --site wiki --paths '/api/**' --methods GET --expires 90d"
    ))]
    Add {
        #[command(flatten)]
        common: Common,
        /// Its name, which the application sees as the user.
        name: String,
        /// The one site where it works.
        #[arg(long)]
        site: String,
        /// A path that it may ask for, as in a rule: "/api/**". Several may be given.
        #[arg(
            long = "paths",
            value_name = "PATTERN",
            default_value = "/**",
            value_delimiter = ','
        )]
        paths: Vec<String>,
        /// A method that it may use; all if none is given. GET means HEAD, too.
        #[arg(long = "methods", value_name = "METHOD", value_delimiter = ',')]
        methods: Vec<String>,
        /// An address that the application is told.
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// How long it works: 12h, 90d.
        #[arg(long, value_name = "SPAN")]
        expires: String,
    },
    /// List all tokens, with their last use.
    #[command(after_help = examples!("tokens list -c linkgate.yaml"))]
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Make a token worth nothing, from the next request on.
    #[command(after_help = examples!("tokens revoke -c linkgate.yaml backup"))]
    Revoke {
        #[command(flatten)]
        common: Common,
        /// Its name.
        name: String,
    },
}

pub(super) fn run(command: &TokensCommand) -> ExitCode {
    match command {
        TokensCommand::Add { common, name, site, paths, methods, email, expires } => {
            let mut said = json!({
                "name": name, "site": site, "paths": paths, "methods": methods,
                "expires_in": expires,
            });
            if let Some(email) = email {
                said["email"] = email.as_str().into();
            }
            act(common, |way| way.ask("/api/tokens", Some(&said)), made)
        }
        TokensCommand::List { common } => look_anyway(
            common,
            |way| way.ask("/api/tokens", None),
            |answer| {
                let heads = [
                    ("NAME", "name"),
                    ("SITE", "site"),
                    ("PATHS", "paths"),
                    ("METHODS", "methods"),
                    ("STATE", "state"),
                    ("EXPIRES", "expires_at"),
                    ("LAST USED", "last_used"),
                ];
                table(&heads, rows(answer, "tokens"))
            },
        ),
        TokensCommand::Revoke { common, name } => {
            let said = json!({ "name": name });
            act_anyway(
                common,
                |way| way.ask("/api/tokens/revoke", Some(&said)),
                |_| format!("{name}: revoked"),
            )
        }
    }
}

/// The token alone on its line, so that a script can take it.
fn made(answer: &Value) -> String {
    answer["token"].as_str().unwrap_or_default().to_owned()
}
