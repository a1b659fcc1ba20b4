//! `linkgate accounts` and `linkgate sessions`: what operators do to people.

use std::io::{self, BufRead, IsTerminal, Read};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};
use zeroize::{Zeroize, Zeroizing};

use super::admin::{AdminError, Way};
use super::asking::{Common, act, act_anyway, look_anyway, rows};
use super::fail;
use super::table::table;
use crate::domain::email::EmailAddress;

/// Longest line that is read as a password, in bytes.
const LONGEST_LINE: u64 = 4096;

#[derive(Debug, Subcommand)]
pub(super) enum AccountsCommand {
    /// Add a person, or give one who is there new groups or another name.
    #[command(after_help = examples!(
        "accounts add -c linkgate.yaml bob@example.com",
        "accounts add -c linkgate.yaml bob@example.com --name 'Bob Example' --group staff --group editors"
    ))]
    Add {
        #[command(flatten)]
        common: Common,
        /// The person.
        #[arg(value_parser = address)]
        address: EmailAddress,
        /// What to call the person.
        #[arg(long)]
        name: Option<String>,
        /// A group of the person, from now on; several may be given, and none is left from before.
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
    },
    /// List all accounts.
    #[command(after_help = examples!(
        "accounts list -c linkgate.yaml",
        "accounts list -c linkgate.yaml --json"
    ))]
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Keep a person out at once: all sessions end, and none can begin. With or without an account.
    #[command(after_help = examples!("accounts suspend -c linkgate.yaml bob@example.com"))]
    Suspend {
        #[command(flatten)]
        common: Common,
        /// The person.
        #[arg(value_parser = address)]
        address: EmailAddress,
    },
    /// End a suspension.
    #[command(after_help = examples!("accounts resume -c linkgate.yaml bob@example.com"))]
    Resume {
        #[command(flatten)]
        common: Common,
        /// The person.
        #[arg(value_parser = address)]
        address: EmailAddress,
    },
    /// Set the password of a person, for sites with `mode: hybrid`, and end their sessions. It is
    /// asked for, or read from the first line of the standard input.
    #[command(after_help = examples!(
        "accounts set-password -c linkgate.yaml bob@example.com",
        "accounts set-password -c linkgate.yaml bob@example.com --remove"
    ))]
    SetPassword {
        #[command(flatten)]
        common: Common,
        /// The person.
        #[arg(value_parser = address)]
        address: EmailAddress,
        /// Take the password away instead: the link stays.
        #[arg(long)]
        remove: bool,
    },
    /// Remove an account and end its sessions. Whom `allow` names can sign in again.
    #[command(after_help = examples!("accounts remove -c linkgate.yaml bob@example.com"))]
    Remove {
        #[command(flatten)]
        common: Common,
        /// The person.
        #[arg(value_parser = address)]
        address: EmailAddress,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum SessionsCommand {
    /// List the sessions of a person, or of everybody.
    #[command(after_help = examples!(
        "sessions list -c linkgate.yaml",
        "sessions list -c linkgate.yaml bob@example.com",
        "sessions list -c linkgate.yaml bob@example.com --json"
    ))]
    List {
        #[command(flatten)]
        common: Common,
        /// The person; everybody without one.
        #[arg(value_parser = address)]
        address: Option<EmailAddress>,
    },
    /// End all sessions of a person, or one.
    #[command(after_help = examples!(
        "sessions end -c linkgate.yaml bob@example.com",
        "sessions end -c linkgate.yaml bob@example.com --session 1f0c5c2a"
    ))]
    End {
        #[command(flatten)]
        common: Common,
        /// The person.
        #[arg(value_parser = address)]
        address: EmailAddress,
        /// Only this one, as `list` names it.
        #[arg(long, value_name = "SESSION")]
        session: Option<String>,
    },
}

/// Reads an address strictly: what is mistyped must not name somebody else.
pub(super) fn address(text: &str) -> Result<EmailAddress, String> {
    EmailAddress::parse(text).map_err(|error| error.to_string())
}

pub(super) fn run(command: &AccountsCommand) -> ExitCode {
    match command {
        AccountsCommand::Add { common, address, name, groups } => {
            let said = json!({ "email": address.spelling(), "name": name, "groups": groups });
            act(common, |way| way.ask("/api/accounts", Some(&said)), person)
        }
        AccountsCommand::List { common } => look_anyway(common, all, |answer| {
            let heads = [
                ("ADDRESS", "email"),
                ("STATE", "state"),
                ("GROUPS", "groups"),
                ("NAME", "name"),
                ("ORIGIN", "origin"),
                ("PASSWORD SINCE", "password_set_at"),
                ("SINCE", "created_at"),
            ];
            table(&heads, rows(answer, "accounts"))
        }),
        AccountsCommand::Suspend { common, address } => {
            let said = json!({ "email": address.spelling() });
            act_anyway(common, |way| way.ask("/api/accounts/suspend", Some(&said)), person)
        }
        AccountsCommand::Resume { common, address } => to_person(common, address, "resume"),
        AccountsCommand::SetPassword { common, address, remove } => {
            set_password(common, address, *remove)
        }
        AccountsCommand::Remove { common, address } => to_person(common, address, "remove"),
    }
}

fn to_person(common: &Common, address: &EmailAddress, verb: &str) -> ExitCode {
    let said = json!({ "email": address.spelling() });
    act(common, |way| way.ask(&format!("/api/accounts/{verb}"), Some(&said)), person)
}

fn set_password(common: &Common, address: &EmailAddress, remove: bool) -> ExitCode {
    let typed = if remove { Ok(None) } else { new_password().map(Some) };
    let typed = match typed {
        Ok(typed) => typed,
        Err(error) => return fail(&error),
    };
    let mut said = json!({ "email": address.spelling(), "password": null });
    if let Some(typed) = &typed {
        said["password"] = typed.as_str().into();
    }
    let done = act(
        common,
        |way| way.ask_with_password("/api/accounts/set-password", &said),
        |answer| {
            let set_at = answer["account"]["password_set_at"].as_str();
            let state =
                if set_at.is_some() { "the password is set" } else { "there is no password" };
            format!("{}: {state}", address.spelling())
        },
    );
    // The document holds it, too.
    if let Some(Value::String(text)) = said.get_mut("password") {
        text.zeroize();
    }
    done
}

/// Asks at the terminal, twice, without showing it; where there is none, reads one line.
fn new_password() -> io::Result<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        let mut line = Zeroizing::new(String::new());
        io::stdin().lock().take(LONGEST_LINE).read_line(&mut line)?;
        let length = line.trim_end_matches(['\r', '\n']).len();
        line.truncate(length);
        return Ok(line);
    }
    let first = Zeroizing::new(rpassword::prompt_password("New password: ")?);
    let again = Zeroizing::new(rpassword::prompt_password("The same once more: ")?);
    if first == again {
        return Ok(first);
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "the two are not the same; nothing was changed",
    ))
}

/// All pages of a list.
fn pages(way: &Way, path: &str, member: &str) -> Result<Vec<Value>, AdminError> {
    let mut all = Vec::new();
    let mut page_at = path.to_owned();
    loop {
        let mut page = way.ask(&page_at, None)?;
        if let Value::Array(found) = page[member].take() {
            all.extend(found);
        }
        let Some(next) = page["next"].as_str() else { return Ok(all) };
        page_at = format!("{path}?after={next}");
    }
}

fn all(way: &Way) -> Result<Value, AdminError> {
    let mut accounts = pages(way, "/api/accounts", "accounts")?;
    accounts.sort_by_key(|account| account["email"].as_str().map(str::to_lowercase));
    Ok(json!({ "accounts": accounts }))
}

/// The sessions of everybody, person by person.
fn all_sessions(way: &Way) -> Result<Value, AdminError> {
    let mut sessions = pages(way, "/api/sessions", "sessions")?;
    let text = |session: &Value, member: &str| session[member].as_str().map(str::to_lowercase);
    sessions.sort_by_key(|it| (text(it, "email"), text(it, "handle")));
    // One may be on two pages.
    sessions.dedup_by(|one, other| one["handle"] == other["handle"]);
    Ok(json!({ "sessions": sessions }))
}

fn person(answer: &Value) -> String {
    let account = &answer["account"];
    match (account["email"].as_str(), account["state"].as_str()) {
        (Some(email), Some(state)) => format!("{email}: {state}"),
        _ => "done: there is no account".to_owned(),
    }
}

/// The address stands before those of everybody alone.
const SESSIONS: [(&str, &str); 7] = [
    ("ADDRESS", "email"),
    ("SESSION", "handle"),
    ("HOST", "host"),
    ("BROWSER", "browser"),
    ("NETWORK", "network"),
    ("SIGNED IN", "signed_in_at"),
    ("LAST SEEN", "last_seen"),
];

pub(super) fn run_sessions(command: &SessionsCommand) -> ExitCode {
    match command {
        SessionsCommand::List { common, address: Some(address) } => {
            let said = json!({ "email": address.spelling() });
            let words = |answer: &Value| table(&SESSIONS[1..], rows(answer, "sessions"));
            look_anyway(common, |way| way.ask("/api/sessions/list", Some(&said)), words)
        }
        SessionsCommand::List { common, address: None } => {
            look_anyway(common, all_sessions, |answer| table(&SESSIONS, rows(answer, "sessions")))
        }
        SessionsCommand::End { common, address, session } => {
            let mut said = json!({ "email": address.spelling() });
            if let Some(handle) = session {
                said["handle"] = handle.as_str().into();
            }
            act_anyway(
                common,
                |way| way.ask("/api/sessions/end", Some(&said)),
                |answer| format!("ended: {}", answer["ended"]),
            )
        }
    }
}
