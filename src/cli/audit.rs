//! `linkgate audit`: what happened.

use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::admin::{AdminError, Purpose, Way};
use super::asking::{Needs, read, refused};
use super::table::{Column, aligned};
use super::{fail, say};
use crate::config::Retention;
use crate::domain::email::EmailAddress;

/// Events that one question asks for.
const PAGE: usize = 500;
/// How far back is looked each time for what was written late.
const WINDOW: &str = "15s";
/// How often is looked for more.
const LOOK: Duration = Duration::from_secs(1);

/// `linkgate audit`
#[derive(Debug, clap::Args)]
pub(super) struct AuditArguments {
    /// The configuration file.
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// Of this person only.
    #[arg(long, value_name = "ADDRESS", value_parser = EmailAddress::parse)]
    email: Option<EmailAddress>,
    /// Of this kind only, as in session_made; several may be given.
    #[arg(long = "event", value_name = "NAME", value_delimiter = ',')]
    events: Vec<String>,
    /// At this site only.
    #[arg(long, value_name = "SITE")]
    site: Option<String>,
    /// Not before: a span back from now (12h, 7d), or a moment (2026-11-22T14:03:30Z).
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Before: as --since.
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// The last so many.
    #[arg(long, value_name = "NUMBER", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    /// Print one JSON document for each event, on a line, as conf/audit.schema.json describes it.
    #[arg(long)]
    json: bool,
    /// Go on with what happens from now on. Ends with Ctrl-C.
    #[arg(long, conflicts_with = "until")]
    follow: bool,
}

impl AuditArguments {
    fn question(&self) -> Value {
        let mut said = json!({ "events": self.events });
        let texts = [("site", &self.site), ("since", &self.since), ("until", &self.until)];
        for (key, text) in texts {
            if let Some(text) = text {
                said[key] = text.as_str().into();
            }
        }
        if let Some(email) = &self.email {
            said["email"] = email.spelling().into();
        }
        said
    }
}

pub(super) fn run(arguments: &AuditArguments) -> ExitCode {
    let read = match read(&arguments.config, Needs::Essentials) {
        Ok(read) => read,
        Err(code) => return code,
    };
    if read.essentials.audit.retention == Retention::Off {
        return fail(&"the store keeps no record: audit.retention is off");
    }
    match read.way(Purpose::Read).and_then(|way| show(&way, arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refused(&error),
    }
}

fn show(way: &Way, arguments: &AuditArguments) -> Result<(), AdminError> {
    let events = latest(way, arguments)?;
    if arguments.json {
        events.iter().for_each(|event| say(event));
    } else if !events.is_empty() || std::io::stdout().is_terminal() {
        say(&aligned(&COLUMNS, &events));
    }
    if !arguments.follow {
        return Ok(());
    }
    if way.has_the_store() {
        return Err(AdminError::Refused(
            "no linkgate runs here, so nothing happens: start it, and follow then".to_owned(),
        ));
    }
    follow(way, arguments, &events)
}

/// The last events, the oldest of them first.
fn latest(way: &Way, arguments: &AuditArguments) -> Result<Vec<Value>, AdminError> {
    let most = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let mut said = arguments.question();
    let mut events = Vec::new();
    loop {
        said["most"] = (most - events.len()).min(PAGE).into();
        let mut page = way.ask("/api/audit", Some(&said))?;
        if let Value::Array(found) = page["events"].take() {
            events.extend(found);
        }
        let next = page["next"].take();
        if events.len() >= most || next.is_null() {
            break;
        }
        said["after"] = next;
    }
    events.reverse();
    Ok(events)
}

/// What comes after those that were shown. What several nodes write need not come in the order of
/// time, so the last moments are looked at again each time.
fn follow(way: &Way, arguments: &AuditArguments, shown: &[Value]) -> Result<(), AdminError> {
    let mut said = arguments.question();
    said["oldest_first"] = true.into();
    said["most"] = PAGE.into();
    said["since"] = WINDOW.into();
    let floor = shown.first().map(|event| text(event, "id")).unwrap_or_default();
    let mut seen: HashSet<String> = shown.iter().map(|event| text(event, "id")).collect();
    loop {
        let mut now = HashSet::new();
        said["after"] = Value::Null;
        loop {
            let page = way.ask("/api/audit", Some(&said))?;
            for event in page["events"].as_array().into_iter().flatten() {
                let id = text(event, "id");
                if id > floor && !seen.contains(&id) && !tell(arguments, event) {
                    return Ok(());
                }
                now.insert(id);
            }
            if page["next"].is_null() {
                break;
            }
            said["after"] = page["next"].clone();
        }
        seen = now;
        pause();
    }
}

/// Returns whether anybody reads on.
fn tell(arguments: &AuditArguments, event: &Value) -> bool {
    let line = if arguments.json { event.to_string() } else { line(event) };
    writeln!(std::io::stdout(), "{line}").is_ok()
}

/// There is no condition to wait for: what happens is found by looking.
#[allow(clippy::disallowed_methods)]
fn pause() {
    std::thread::sleep(LOOK);
}

const COLUMNS: [Column; 7] = [
    Column { head: "WHEN", cell: |event| text(event, "at") },
    Column { head: "EVENT", cell: what },
    Column { head: "PERSON", cell: person },
    Column { head: "SITE", cell: |event| text(event, "site") },
    Column { head: "FROM", cell: |event| text(event, "client") },
    Column { head: "BY", cell: |event| text(event, "by") },
    Column { head: "DETAIL", cell: detail },
];

/// One event, while others come: nobody knows yet how wide they are.
fn line(event: &Value) -> String {
    let cells = COLUMNS.iter().map(|column| (column.cell)(event));
    cells.collect::<Vec<_>>().join("  ")
}

fn text(event: &Value, key: &str) -> String {
    event[key].as_str().unwrap_or("-").to_owned()
}

fn what(event: &Value) -> String {
    match event["times"].as_u64() {
        Some(times) => format!("{} ×{times}", text(event, "event")),
        None => text(event, "event"),
    }
}

/// The address, or where it was erased the beginning of the keyed hash.
fn person(event: &Value) -> String {
    match (event["email"].as_str(), event["person"].as_str()) {
        (Some(email), _) => email.to_owned(),
        (None, Some(hash)) => format!("#{}", hash.get(..8).unwrap_or(hash)),
        (None, None) => "-".to_owned(),
    }
}

fn detail(event: &Value) -> String {
    let Some(members) = event["detail"].as_object() else { return "-".to_owned() };
    let said = members.iter().map(|(key, value)| match value.as_str() {
        Some(text) => format!("{key}={text}"),
        None => format!("{key}={value}"),
    });
    said.collect::<Vec<_>>().join(" ")
}
