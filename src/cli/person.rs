//! `linkgate person`: all that is known of one person on one screen, and an end to it.

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::accounts::address;
use super::asking::{Common, act, look, rows};
use super::fail;
use super::table::{cell, table};
use crate::domain::email::EmailAddress;

/// Who, and whether all of it is to go.
#[derive(Debug, Args)]
pub(super) struct PersonArguments {
    #[command(flatten)]
    common: Common,
    /// The person.
    #[arg(value_parser = address)]
    address: EmailAddress,
    /// Remove all that is kept of this person. Asks first.
    #[arg(long)]
    erase: bool,
    /// Do not ask.
    #[arg(long, requires = "erase")]
    yes: bool,
}

pub(super) fn run(arguments: &PersonArguments) -> ExitCode {
    let PersonArguments { common, address, erase, yes } = arguments;
    let said = json!({ "email": address.spelling() });
    if !erase {
        return look(common, |way| way.ask("/api/person", Some(&said)), screen);
    }
    if !yes {
        match is_sure(address) {
            Ok(true) => {}
            Ok(false) => return fail(&"nothing was removed"),
            Err(error) => return fail(&error),
        }
    }
    act(common, |way| way.ask("/api/person/erase", Some(&said)), |answer| erased(address, answer))
}

/// Asks at the terminal for the address once more.
fn is_sure(address: &EmailAddress) -> io::Result<bool> {
    if !io::stdin().is_terminal() {
        let why = "there is nobody to ask: say --yes to remove all that is kept of this person";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let mut out = io::stderr().lock();
    write!(
        out,
        "Account, sessions, sign-ins, mails and limits of {} will be removed, for good.\nType the \
         address once more to go on: ",
        address.spelling()
    )?;
    out.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(EmailAddress::parse(line.trim()).is_ok_and(|typed| typed == *address))
}

fn erased(address: &EmailAddress, answer: &Value) -> String {
    let erased = &answer["erased"];
    let parts = erased.as_object().into_iter().flatten().filter_map(|(name, value)| {
        let what = name.replace('_', " ");
        match value {
            Value::Bool(true) => Some(what),
            Value::Number(count) if count.as_u64() != Some(0) => Some(format!("{what}: {count}")),
            _ => None,
        }
    });
    let parts = parts.collect::<Vec<_>>().join(", ");
    let what = if parts.is_empty() { "there was nothing" } else { &*parts };
    format!("{}: removed ({what})", address.spelling())
}

/// The screen.
fn screen(known: &Value) -> String {
    let parts = [
        head(known),
        part(known, "sessions", "Signed in", SESSIONS),
        part(known, "attempts", "Sign-ins that were asked for", ATTEMPTS),
        part(known, "mails", "Mails", MAILS),
        suppression(known),
        part(known, "limits", "Limits, as far as they are used up", LIMITS),
        part(known, "tokens", "Service tokens", TOKENS),
        places(known),
        events(known),
    ];
    parts.join("\n\n")
}

type Heads = &'static [(&'static str, &'static str)];

const SESSIONS: Heads = &[
    ("BROWSER", "browser"),
    ("HOST", "host"),
    ("NETWORK", "network"),
    ("SIGNED IN", "signed_in_at"),
    ("LAST SEEN", "last_seen"),
    ("SESSION", "handle"),
];
const ATTEMPTS: Heads = &[
    ("ASKED", "asked_at"),
    ("SITE", "site"),
    ("STATE", "state"),
    ("UNTIL", "expires_at"),
    ("BROWSER", "browser"),
    ("NETWORK", "network"),
    ("MAY SIGN IN", "admitted"),
];
const LIMITS: Heads = &[
    ("LIMIT", "limit"),
    ("SITE", "site"),
    ("COUNTED", "count"),
    ("MOST", "most"),
    ("USED UP", "used_up"),
    ("UNTIL", "until"),
];
const TOKENS: Heads = &[
    ("NAME", "name"),
    ("SITE", "site"),
    ("STATE", "state"),
    ("EXPIRES", "expires_at"),
    ("LAST USED", "last_used"),
];

const MAILS: Heads = &[
    ("ASKED", "asked_at"),
    ("SITE", "site"),
    ("STATE", "state"),
    ("SINCE", "since"),
    ("TRIES", "tries"),
    ("THE RELAY SAID", "words"),
];
const EVENTS: Heads =
    &[("WHEN", "at"), ("EVENT", "event"), ("SITE", "site"), ("BY", "by"), ("MORE", "detail")];

fn head(known: &Value) -> String {
    let account = &known["account"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let standing = match account["state"].as_str() {
        None => "no account".to_owned(),
        Some(state) => format!(
            "account: {state}, {}, since {}",
            text(&account["origin"]),
            text(&account["created_at"])
        ),
    };
    let groups: Vec<String> = known["groups"].as_array().into_iter().flatten().map(text).collect();
    let groups =
        if groups.is_empty() { "in no group".into() } else { format!("in {}", groups.join(", ")) };
    format!("{}\n{standing}; {groups}", text(&known["email"]))
}

fn part(known: &Value, member: &str, title: &str, heads: Heads) -> String {
    match rows(known, member) {
        [] => format!("{title}: none"),
        rows => format!("{title}\n{}", indented(&table(heads, rows))),
    }
}

/// Site by site, with the rules in their order.
fn places(known: &Value) -> String {
    const HEADS: Heads =
        &[("RULE", "rule"), ("ABOUT", "about"), ("SAYS", "verdict"), ("MAX AGE", "max_age")];
    let place = |place: &Value| {
        let text = |member: &str| place[member].as_str().unwrap_or_default().to_owned();
        let mails = place["may_sign_in"] == true;
        let word = if mails { "may sign in" } else { "may not sign in, and is sent no mail" };
        let rules = indented(&table(HEADS, rows(place, "rules")));
        format!("{} ({}): {word}\n{rules}", text("site"), text("origin"))
    };
    let places: Vec<String> = rows(known, "places").iter().map(place).collect();
    format!("Where\n{}", indented(&places.join("\n")))
}

/// Whether mail goes to this person.
fn suppression(known: &Value) -> String {
    let text = |member: &str| known["suppression"][member].as_str().unwrap_or_default().to_owned();
    match known["suppression"].is_object() {
        true => format!("Suppressed: no mail until {} ({})", text("until"), text("why")),
        false => "Suppressed: no".to_owned(),
    }
}

/// What happened last.
fn events(known: &Value) -> String {
    let event = |event: &Value| {
        let text = |member: &str| event[member].as_str().unwrap_or_default().to_owned();
        let detail = event["detail"].as_object().into_iter().flatten();
        let detail: Vec<_> = detail
            .filter(|(name, _)| !["mail", "session"].contains(&name.as_str()))
            .map(|(name, value)| format!("{name}: {}", cell(value)))
            .collect();
        json!({
            "at": text("at"), "event": text("event"), "site": text("site"), "by": text("by"),
            "detail": detail.join(", "),
        })
    };
    let events: Vec<Value> = rows(known, "events").iter().map(event).collect();
    part(&json!({ "events": events }), "events", "Events, the newest first", EVENTS)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_has_all_of_it() {
        let known = json!({
            "email": "ann@example.com",
            "account": {
                "state": "active", "origin": "added", "created_at": "2027-01-15T08:00:00Z"
            },
            "groups": ["staff"],
            "sessions": [],
            "attempts": [{
                "asked_at": "2027-01-15T08:00:00Z", "site": "wiki", "state": "live",
                "expires_at": "2027-01-15T08:10:00Z", "browser": "Firefox on Linux",
                "network": "203.0.113.7", "admitted": true
            }],
            "limits": [{
                "limit": "email", "site": null, "count": 3, "most": 3, "used_up": true,
                "until": "2027-01-15T09:00:00Z"
            }],
            "tokens": [],
            "places": [{
                "site": "wiki", "origin": "https://wiki.example.com", "may_sign_in": false,
                "rules": [{
                    "rule": "allow", "about": "what no rule names", "verdict": "forbidden",
                    "max_age": null
                }]
            }],
            "events": [{
                "id": "00", "at": "2027-01-15T08:00:00.000Z", "event": "link_asked", "site": "wiki",
                "detail": { "with": "form", "mail": "00" }, "by": "visitor"
            }]
        });
        insta::assert_snapshot!(screen(&known));
    }

    #[test]
    fn what_was_removed_is_said_and_what_was_not_there_is_not() {
        let ann = EmailAddress::parse("ann@example.com").unwrap();
        let answer = json!({ "erased": { "account": true, "sessions": 2, "attempts": 0 } });
        assert_eq!(erased(&ann, &answer), "ann@example.com: removed (account, sessions: 2)");
        let nothing = json!({ "erased": { "account": false, "sessions": 0 } });
        assert_eq!(erased(&ann, &nothing), "ann@example.com: removed (there was nothing)");
    }
}
