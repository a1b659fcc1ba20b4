//! One person: all that is known of them, and an end to it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::{AdminProblem, address, read};
use super::{AdminDesk, accounts, document, limits, sessions, tokens};
use crate::domain::account::Account;
use crate::domain::attempt::{Gone, Record, Way};
use crate::domain::delivery::{Delivery, RelayWords, Suppression};
use crate::domain::email::EmailAddress;
use crate::domain::event::{Event, EventFilter};
use crate::domain::identity::{GroupName, Membership};
use crate::domain::policy::{Reached, Verdict};
use crate::domain::service_token::ServiceToken;
use crate::domain::session::{Session, SessionHandle};
use crate::domain::time::{Span, UnixMillis};
use crate::gate::limits::{InForce, Whose};
use crate::portal::identity::groups_of;
use crate::portal::pages::clock::rfc3339;
use crate::ports::Stored;

/// Mails of a person that are shown.
const MAILS: usize = 50;
/// Events of a person that are shown.
const EVENTS: usize = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OfPerson {
    email: String,
}

/// All that is known of a person.
#[derive(Clone, Debug)]
pub struct Known {
    /// Who.
    pub email: EmailAddress,
    /// The moment at which all of this was so.
    pub at: UnixMillis,
    /// The account, if there is one.
    pub account: Option<Arc<Account>>,
    /// The groups of now, of the configuration and of the account.
    pub groups: Arc<[GroupName]>,
    /// The sessions that count, the one that was used last first.
    pub sessions: Vec<(SessionHandle, Session)>,
    /// The sign-ins that were begun, the newest first.
    pub attempts: Vec<Record>,
    /// The limits of which something is used up.
    pub limits: Vec<InForce>,
    /// The service tokens that act for this person.
    pub tokens: Vec<ServiceToken>,
    /// The mails that are remembered, the newest first.
    pub mails: Vec<Delivery>,
    /// Why no mail goes to this person now, if none does.
    pub suppression: Option<Suppression>,
    /// Where this person may go, site by site.
    pub places: Vec<Place>,
    /// What happened last, the newest first.
    pub events: Vec<Event>,
}

/// Where a person may go at one site.
#[derive(Clone, Debug)]
pub struct Place {
    /// The site's name in the configuration.
    pub site: String,
    /// The name people know it by.
    pub title: String,
    /// Its origin, exact or with a star.
    pub origin: String,
    /// Whether a mail with a link is sent for this address here.
    pub may_sign_in: bool,
    /// What each rule says, in their order.
    pub rules: Vec<Reached>,
}

impl AdminDesk {
    /// All that is known of a person.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn known(&self, email: &EmailAddress) -> Stored<Known> {
        let facts = self.facts.now();
        let (gate, sites) = (&self.gate, &facts.sites);
        let account = gate.account(email).await?;
        let groups = groups_of(&facts.groups, email, account.as_deref());
        let membership = match &account {
            Some(account) if account.is_member() => Membership::Member,
            Some(_) | None => Membership::Outsider,
        };
        let places = sites.iter().map(|site| Place {
            site: site.name.clone(),
            title: site.title.clone(),
            origin: site.pattern.to_string(),
            may_sign_in: site.admits(email, &groups, account.as_deref()).is_some(),
            rules: reached(site.policy.reach(email, &groups, membership), account.as_deref()),
        });
        let person = gate.keys().subject.person(email.identity());
        let filter = EventFilter { person: Some(person), ..EventFilter::default() };
        Ok(Known {
            email: email.clone(),
            at: gate.now(),
            places: places.collect(),
            sessions: gate.sessions_for_operator(email, facts.idle).await?,
            attempts: gate.attempts_of(email).await?,
            limits: gate.limits_of(Whose::Person(email), sites).await?,
            tokens: gate.tokens_of(email).await?,
            mails: gate.mails_to(email, MAILS).await?,
            suppression: gate.suppression(email).await?,
            events: gate.last_events(&filter, EVENTS).await?,
            account,
            groups,
        })
    }
}

/// Whoever is suspended passes where anybody does, and nowhere else.
fn reached(mut rules: Vec<Reached>, account: Option<&Account>) -> Vec<Reached> {
    if account.is_some_and(Account::is_suspended) {
        let closed = rules.iter_mut().filter(|rule| rule.verdict != Verdict::Anybody);
        closed.for_each(|rule| rule.verdict = Verdict::Forbidden);
    }
    rules
}

/// `POST /api/person`
pub(super) async fn show(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let said: OfPerson = read(&headers, &body)?;
    let known = desk.known(&address(&said.email)?).await?;
    Ok(document(StatusCode::OK, &entry(&known)))
}

/// `POST /api/person/erase`: what there was.
pub(super) async fn erase(
    State(desk): State<Arc<AdminDesk>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, AdminProblem> {
    let said: OfPerson = read(&headers, &body)?;
    let email = address(&said.email)?;
    let facts = desk.facts.now();
    let erased = desk.gate.erase(&email, &facts.sites).await?;
    tracing::warn!(?erased, "all that was kept of a person was removed by an operator");
    let erased = json!({
        "account": erased.account,
        "sessions": erased.sessions,
        "attempts": erased.attempts,
        "limits": erased.limits,
        "tokens": erased.tokens,
        "mails": erased.mails,
        "events": erased.events,
    });
    Ok(document(StatusCode::OK, &json!({ "erased": erased })))
}

fn entry(known: &Known) -> Value {
    let groups: Vec<&str> = known.groups.iter().map(GroupName::as_str).collect();
    let list = |values: Vec<Value>| Value::from(values);
    json!({
        "email": known.email.spelling(),
        "account": known.account.as_deref().map(accounts::entry),
        "groups": groups,
        "sessions": list(known.sessions.iter().map(sessions::entry).collect()),
        "attempts": list(known.attempts.iter().map(|it| attempt(it, known.at)).collect()),
        "limits": list(known.limits.iter().map(limits::entry).collect()),
        "tokens": list(known.tokens.iter().map(|it| tokens::entry(it, known.at)).collect()),
        "places": list(known.places.iter().map(place).collect()),
        "mails": list(known.mails.iter().map(mail).collect()),
        "suppression": known.suppression.as_ref().map(suppression),
        "events": known.events,
    })
}

fn mail(mail: &Delivery) -> Value {
    json!({
        "mail": mail.id.to_hex(),
        "site": mail.facts.site,
        "occasion": mail.facts.occasion.name(),
        "state": mail.progress.state.name(),
        "asked_at": rfc3339(mail.facts.queued_at),
        "since": mail.progress.moments.get(&mail.progress.state).map(|at| rfc3339(*at)),
        "tries": mail.progress.tries,
        "words": mail.progress.words.as_ref().map(RelayWords::as_str),
    })
}

fn suppression(suppression: &Suppression) -> Value {
    json!({
        "why": suppression.why.name(),
        "since": rfc3339(suppression.since),
        "until": rfc3339(suppression.until),
    })
}

fn attempt(record: &Record, now: UnixMillis) -> Value {
    let attempt = &record.attempt;
    json!({
        "site": attempt.site,
        "state": attempt_state(record, now),
        "asked_at": rfc3339(attempt.asked_at),
        "expires_at": rfc3339(attempt.expires_at),
        "browser": attempt.browser_label,
        "network": attempt.network,
        "mails": attempt.mails,
        "tries": record.tries,
        "admitted": attempt.admitted,
    })
}

/// What has become of an attempt, in one word.
#[must_use]
pub fn attempt_state(record: &Record, now: UnixMillis) -> &'static str {
    match record.open(Way::Code, now) {
        Ok(()) if record.open(Way::OwnLink, now).is_err() => "link_used",
        Ok(()) => "live",
        Err(Gone::Used { .. }) => "used",
        Err(Gone::Replaced) => "replaced",
        Err(Gone::Ended) => "reported",
        Err(Gone::Expired) => "expired",
    }
}

fn place(place: &Place) -> Value {
    let rules = place.rules.iter().map(|it| {
        json!({
            "rule": *it.rule,
            "about": it.about,
            "verdict": verdict(it.verdict),
            "max_age": it.max_age.map(|age| Span::seconds(age.as_secs()).to_string()),
        })
    });
    json!({
        "site": place.site,
        "title": place.title,
        "origin": place.origin,
        "may_sign_in": place.may_sign_in,
        "rules": rules.collect::<Vec<_>>(),
    })
}

/// What a rule says to a person, in one word.
#[must_use]
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Anybody => "public",
        Verdict::Admitted | Verdict::TooOld | Verdict::NoSession => "admitted",
        Verdict::Forbidden => "forbidden",
    }
}
