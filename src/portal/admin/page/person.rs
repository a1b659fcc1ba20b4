//! `/person`: all that is known of one person, and what can be done about it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::lately::EventView;
use super::{NoPage, Pages, read_form, value};
use crate::domain::account::{Account, AccountOrigin};
use crate::domain::attempt::Record;
use crate::domain::delivery::{Delivery, DeliveryState};
use crate::domain::email::EmailAddress;
use crate::domain::identity::GroupName;
use crate::domain::limit::Limited;
use crate::domain::session::{Session, SessionHandle};
use crate::domain::time::{Span, UnixMillis};
use crate::gate::limits::{InForce, Whose};
use crate::portal::admin::person::{Known, Place, attempt_state, verdict};
use crate::portal::form::Form;

/// The page.
#[derive(Serialize)]
struct PersonView {
    email: String,
    at: UnixMillis,
    done: Option<String>,
    problem: Option<String>,
    suspended: bool,
    account: Option<AccountView>,
    groups: Vec<String>,
    sessions: Vec<SessionView>,
    attempts: Vec<AttemptView>,
    limits: Vec<LimitView>,
    tokens: Vec<TokenView>,
    places: Vec<PlaceView>,
    mails: Vec<MailView>,
    suppression: Option<SuppressionView>,
    events: Vec<EventView>,
}

#[derive(Serialize)]
struct MailView {
    site: String,
    state: String,
    is_trouble: bool,
    asked_at: UnixMillis,
    since: Option<UnixMillis>,
    words: Option<String>,
}

#[derive(Serialize)]
struct SuppressionView {
    why: &'static str,
    until: UnixMillis,
}

#[derive(Serialize)]
struct AccountView {
    origin: &'static str,
    name: Option<String>,
    created_at: UnixMillis,
    password_set_at: Option<UnixMillis>,
}

/// A session.
#[derive(Serialize)]
pub(super) struct SessionView {
    handle: String,
    browser: String,
    host: String,
    network: String,
    signed_in_at: UnixMillis,
    last_seen: UnixMillis,
}

#[derive(Serialize)]
struct AttemptView {
    site: String,
    state: &'static str,
    admitted: bool,
    browser: String,
    network: String,
    asked_at: UnixMillis,
    expires_at: UnixMillis,
}

/// A limit, in words.
#[derive(Serialize)]
pub(super) struct LimitView {
    words: String,
    count: u32,
    most: Option<u32>,
    used_up: bool,
    until: UnixMillis,
}

#[derive(Serialize)]
struct TokenView {
    name: String,
    site: String,
    expires_at: UnixMillis,
}

#[derive(Serialize)]
struct PlaceView {
    title: String,
    origin: String,
    may_sign_in: bool,
    rules: Vec<RuleView>,
}

#[derive(Serialize)]
struct RuleView {
    rule: String,
    about: String,
    verdict: &'static str,
    max_age: Option<String>,
}

/// What was done, or why it was not.
#[derive(Default)]
struct Outcome {
    done: Option<String>,
    problem: Option<String>,
}

/// `POST /person`: `email` says who, and `act` what is to be done before the page is shown.
pub(super) async fn post(
    State(pages): State<Arc<Pages>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = match read_form(&headers, &body) {
        Ok(form) => form,
        Err(why) => return pages.sorry(&why),
    };
    let typed = match value(&form, "email") {
        Ok(typed) => typed.trim(),
        Err(why) => return pages.sorry(&why),
    };
    match EmailAddress::parse(typed) {
        // Strictly: what is mistyped must not name somebody else.
        Err(error) => pages.overview(typed, Some(format!("This is no address. {error}"))).await,
        Ok(email) => match pages.person(&email, &form).await {
            Ok(response) => response,
            Err(why) => pages.sorry(&why),
        },
    }
}

impl Pages {
    async fn person(&self, email: &EmailAddress, form: &Form) -> Result<Response, NoPage> {
        let outcome = self.act(email, form).await?;
        let known = self.desk.known(email).await?;
        let status = match outcome.problem {
            Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
            None => StatusCode::OK,
        };
        Ok(self.views.show(status, "admin/person.html", &PersonView::of(&known, outcome)))
    }

    /// Does what the form wants.
    async fn act(&self, email: &EmailAddress, form: &Form) -> Result<Outcome, NoPage> {
        let (gate, facts) = (&self.desk.gate, self.desk.facts.now());
        let act = value(form, "act")?;
        let done = match act {
            "" | "show" => return Ok(Outcome::default()),
            "end" => {
                let handle: SessionHandle =
                    value(form, "handle")?.parse().map_err(|_| NoPage::Form)?;
                gate.end_own(email, handle).await?;
                "The session has ended."
            }
            "end_all" => {
                gate.end_all(email).await?;
                "All sessions have ended."
            }
            "lift" => {
                gate.lift_limits(Whose::Person(email), &facts.sites).await?;
                "The limits are lifted: all is counted anew, and mail leaves again."
            }
            "let_mail_go" => {
                gate.lift_suppression(email).await?;
                "Mail goes to this address again."
            }
            "suspend" => {
                gate.suspend_account(email).await?;
                "This person is suspended: all sessions have ended, and none can begin."
            }
            "resume" => {
                gate.resume_account(email).await?;
                "The suspension has ended."
            }
            "erase" => return self.erase(email, value(form, "confirm")?).await,
            _ => return Err(NoPage::Form),
        };
        tracing::warn!(act, "an operator has changed something of a person");
        Ok(Outcome { done: Some(done.to_owned()), problem: None })
    }

    async fn erase(&self, email: &EmailAddress, typed: &str) -> Result<Outcome, NoPage> {
        if EmailAddress::parse(typed.trim()).ok().as_ref() != Some(email) {
            let problem = "Nothing was removed: what was typed is another address.".to_owned();
            return Ok(Outcome { done: None, problem: Some(problem) });
        }
        let facts = self.desk.facts.now();
        let erased = self.desk.gate.erase(email, &facts.sites).await?;
        tracing::warn!(?erased, "all that was kept of a person was removed by an operator");
        let done = "All that was kept of this person is removed.".to_owned();
        Ok(Outcome { done: Some(done), problem: None })
    }
}

impl PersonView {
    fn of(known: &Known, outcome: Outcome) -> Self {
        let account = known.account.as_deref();
        Self {
            email: known.email.spelling().to_owned(),
            at: known.at,
            done: outcome.done,
            problem: outcome.problem,
            suspended: account.is_some_and(Account::is_suspended),
            account: account.map(AccountView::of),
            groups: known.groups.iter().map(GroupName::to_string).collect(),
            sessions: known.sessions.iter().map(SessionView::of).collect(),
            attempts: known.attempts.iter().map(|it| AttemptView::of(it, known.at)).collect(),
            limits: known.limits.iter().map(LimitView::of).collect(),
            tokens: known
                .tokens
                .iter()
                .map(|token| TokenView {
                    name: token.name.as_str().to_owned(),
                    site: token.site.clone(),
                    expires_at: token.expires_at,
                })
                .collect(),
            places: known.places.iter().map(PlaceView::of).collect(),
            mails: known.mails.iter().map(MailView::of).collect(),
            suppression: known
                .suppression
                .as_ref()
                .map(|it| SuppressionView { why: it.why.name(), until: it.until }),
            events: known.events.iter().map(EventView::of).collect(),
        }
    }
}

impl MailView {
    fn of(mail: &Delivery) -> Self {
        let (state, progress) = (mail.progress.state, &mail.progress);
        Self {
            site: mail.facts.site.clone(),
            state: state.name().replace('_', " "),
            is_trouble: DeliveryState::TROUBLE.contains(&state)
                || state == DeliveryState::Suppressed,
            asked_at: mail.facts.queued_at,
            since: progress.moments.get(&state).copied(),
            words: progress.words.as_ref().map(|words| words.as_str().to_owned()),
        }
    }
}

impl AccountView {
    fn of(account: &Account) -> Self {
        Self {
            origin: match account.origin {
                AccountOrigin::Added => "added by an operator",
                AccountOrigin::Registered => "registered",
                AccountOrigin::Suspension => "only for the suspension",
                AccountOrigin::Password => "only for the password",
            },
            name: account.name.as_ref().map(|name| name.as_str().to_owned()),
            created_at: account.created_at,
            password_set_at: account.password.as_ref().map(|kept| kept.set_at),
        }
    }
}

impl SessionView {
    pub(super) fn of((handle, session): &(SessionHandle, Session)) -> Self {
        Self {
            handle: handle.to_string(),
            browser: session.browser().to_owned(),
            host: session.host().to_owned(),
            network: session.network.to_string(),
            signed_in_at: session.signed_in_at,
            last_seen: session.last_seen,
        }
    }
}

impl AttemptView {
    fn of(record: &Record, now: UnixMillis) -> Self {
        let attempt = &record.attempt;
        Self {
            site: attempt.site.clone(),
            state: match attempt_state(record, now) {
                "live" => "waiting",
                "link_used" => "link used",
                other => other,
            },
            admitted: attempt.admitted,
            browser: attempt.browser_label.clone(),
            network: attempt.network.clone(),
            asked_at: attempt.asked_at,
            expires_at: attempt.expires_at,
        }
    }
}

impl LimitView {
    pub(super) fn of(limit: &InForce) -> Self {
        let words = match limit.what {
            Limited::MailsToAddress => "Mails to this address",
            Limited::MailsToDevices => "Mails to this person's own browsers",
            Limited::MailsByClient => "Mails asked for by one client",
            Limited::MailsByNetwork => "Mails asked for by a network",
            Limited::MailsAtSite => "Mails asked for",
            Limited::MailsInAll => "Mails asked for at all sites",
            Limited::Distrust => "Browsers of before count as strangers'",
            Limited::Pause => "Mail is held back: it was reported",
            Limited::PasswordsForPerson => "Passwords tried",
            Limited::PasswordsLately => "Passwords tried within a week",
            Limited::PasswordsOnDevices => "Passwords tried in this person's own browsers",
            other => other.name(),
        };
        let site = limit.site.as_ref().map(|site| format!(", at {site}")).unwrap_or_default();
        Self {
            words: format!("{words}{site}"),
            count: limit.count,
            most: limit.limit.map(|limit| limit.count),
            used_up: limit.is_used_up(),
            until: limit.until,
        }
    }
}

impl PlaceView {
    fn of(place: &Place) -> Self {
        let rules = place.rules.iter().map(|rule| RuleView {
            rule: rule.rule.to_string(),
            about: rule.about.clone(),
            verdict: verdict(rule.verdict),
            max_age: rule.max_age.map(|age| Span::seconds(age.as_secs()).to_string()),
        });
        Self {
            title: place.title.clone(),
            origin: place.origin.clone(),
            may_sign_in: place.may_sign_in,
            rules: rules.collect(),
        }
    }
}
