//! What mail providers tell of mails that they have taken: delivered, bounced, called spam.
//!
//! `POST /.linkgate/hooks/{provider}`, on the admin listener or one of its own. Each message must show
//! where it comes from, in the way of its provider ([`Proofs`]); what is forged, old or malformed changes
//! nothing. What is told is noted in the mail's record, which only ever moves forward, so that messages
//! may come late, twice and in any order. A mail that is not known is answered as any other: the provider
//! need not know, and would only send it again.

mod brevo;
mod event;
mod mailgun;
mod news;
mod postmark;
mod proof;
mod provider;
mod resend;
mod sendgrid;
mod ses;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::domain::delivery::{MailId, Reference, RelayWords};
use crate::domain::time::UnixMillis;
use crate::gate::journal::Journal;
use crate::metrics::Metrics;
use crate::ports::{Clock, Store, StoreError};

use event::Event;
pub use mailgun::MailgunKey;
pub use proof::Login;
use provider::Provider;
pub use resend::ResendKey;
pub use sendgrid::SendgridKey;
pub use ses::{NoSns, PinnedSns, Region, SesTopic, Sns};

/// Largest message that is read: SendGrid sends many events at once, up to 768 KiB.
pub const LARGEST: usize = 1 << 20;
/// How long a message may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest message of those whose proof is inside of it: it is looked for before anything is proved.
/// They tell one event at a time, and SNS has no larger ones.
const LARGEST_UNPROVED: usize = 256 << 10;
/// How far the time in a message may be from ours.
const WINDOW: Duration = Duration::from_secs(300);

/// How each provider shows that a message is its own; those that are not configured tell nothing.
#[derive(Debug, Default)]
pub struct Proofs {
    /// Postmark: a login of HTTP, which stands in the address that Postmark is given.
    pub postmark: Option<Login>,
    /// Amazon SES, through a topic of SNS, which signs.
    pub ses: Option<SesTopic>,
    /// Mailgun: signs with this key.
    pub mailgun: Option<MailgunKey>,
    /// SendGrid: signs; this is the public key.
    pub sendgrid: Option<SendgridKey>,
    /// Resend: signs with this key.
    pub resend: Option<ResendKey>,
    /// Brevo: a login or a token of HTTP.
    pub brevo: Option<Login>,
}

/// Takes what providers tell.
pub struct Hooks {
    /// Where the records are.
    pub store: Arc<dyn Store>,
    /// The store's time.
    pub clock: Arc<dyn Clock>,
    /// Whom to believe.
    pub proofs: Proofs,
    /// What became of mails, for the audit record.
    pub journal: Journal,
    /// Where mails are counted.
    pub metrics: Arc<Metrics>,
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Hooks({:?})", self.proofs)
    }
}

/// A message as it arrived.
struct Message {
    headers: HeaderMap,
    body: Bytes,
    now: UnixMillis,
}

impl Message {
    /// A header that is there exactly once.
    fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        value.to_str().ok()
    }
}

/// What a message says.
struct Told {
    events: Vec<Event>,
    /// What its proof counts once for, which does not cover what the message says.
    once: Option<Vec<u8>>,
}

impl Told {
    /// What tells this from anything else that could be said with a proof.
    fn said_with(&self, once: &[u8]) -> Vec<u8> {
        let mut said = once.to_vec();
        for Event { state, suppresses, words, mail, reference, identity } in &self.events {
            let words = words.as_ref().map(RelayWords::as_str);
            let reference = reference.as_ref().map(Reference::as_str);
            let all = (state.name(), suppresses, words, mail.map(MailId::to_hex), reference);
            said.extend(format!("\n{all:?} {identity:?}").into_bytes());
        }
        said
    }
}

impl From<Vec<Event>> for Told {
    fn from(events: Vec<Event>) -> Self {
        Self { events, once: None }
    }
}

/// Why a message is not taken.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    /// No such provider, or none that is configured.
    #[error("no such provider is configured")]
    Unknown,
    /// It shows no login, or a wrong one.
    #[error("it shows no login, or a wrong one")]
    Login,
    /// It is not what its signature says, or has none.
    #[error("its signature is missing or wrong")]
    Forged,
    /// It is too old, or of the future.
    #[error("its time is too far from ours")]
    Stale,
    /// It cannot be read.
    #[error("it cannot be read")]
    Malformed,
    /// It is larger than a message can be.
    #[error("it is too large")]
    TooLarge,
    /// It did not arrive in time.
    #[error("it did not arrive in time")]
    Slow,
    /// What is needed to judge it cannot be had now.
    #[error("it cannot be judged now: {0}")]
    Later(#[from] NoSns),
    /// The store is in trouble: the provider sends it again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Login => StatusCode::UNAUTHORIZED,
            Self::Forged | Self::Stale => StatusCode::FORBIDDEN,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Later(_) | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = answer(status);
        if status == StatusCode::UNAUTHORIZED {
            // SNS sends a login only after it was asked for one.
            let asks = HeaderValue::from_static("Basic realm=\"linkgate hooks\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, asks);
        }
        response
    }
}

fn answer(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The route, below the reserved prefix.
pub fn router(hooks: Hooks, prefix: &str) -> Router {
    Router::new()
        .route(&format!("{prefix}/hooks/{{provider}}"), post(receive))
        .with_state(Arc::new(hooks))
}

async fn receive(
    State(hooks): State<Arc<Hooks>>,
    Path(provider): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    // The name comes from whoever asks: only one that is known is repeated, and only what is for those
    // that are configured is looked at. The listener has read it by then, within its own bounds.
    let provider = Provider::parse(&provider).filter(|it| hooks.proofs.has(*it));
    let provider = provider.ok_or_else(|| refused("", Refusal::Unknown))?;
    let (head, body) = request.into_parts();
    let taken = match arrived(head, (body, provider.largest()), hooks.clock.now()).await {
        Ok(message) => hooks.take(provider, &message).await,
        Err(refusal) => Err(refusal),
    };
    let moved = taken.map_err(|refusal| refused(provider.name(), refusal))?;
    tracing::debug!(provider = provider.name(), moved, "news of mails");
    Ok(answer(StatusCode::OK))
}

fn refused(provider: &'static str, refusal: Refusal) -> Refusal {
    tracing::warn!(provider, why = %refusal, "news of mails were not taken");
    refusal
}

async fn arrived(
    head: Parts,
    (body, most): (Body, usize),
    now: UnixMillis,
) -> Result<Message, Refusal> {
    let body = tokio::time::timeout(PATIENCE, to_bytes(body, most)).await;
    let body = body.map_err(|_| Refusal::Slow)?.map_err(|_| Refusal::TooLarge)?;
    Ok(Message { headers: head.headers, body, now })
}

impl Hooks {
    /// Judges a message and notes what it says. Returns how many mails came to another state.
    async fn take(&self, provider: Provider, message: &Message) -> Result<usize, Refusal> {
        let Proofs { postmark, ses, mailgun, sendgrid, resend, brevo } = &self.proofs;
        let told: Told = match provider {
            Provider::Postmark => postmark::events(known(postmark.as_ref())?, message)?.into(),
            Provider::Ses => ses::events(known(ses.as_ref())?, message).await?.into(),
            Provider::Mailgun => mailgun::events(known(mailgun.as_ref())?, message)?,
            Provider::Sendgrid => sendgrid::events(known(sendgrid.as_ref())?, message)?.into(),
            Provider::Resend => resend::events(known(resend.as_ref())?, message)?.into(),
            Provider::Brevo => brevo::events(known(brevo.as_ref())?, message)?.into(),
        };
        if !self.may_say(provider, &told, message.now).await? {
            return Ok(0);
        }
        let mut moved = 0;
        for event in &told.events {
            moved += usize::from(self.note(provider, event, message.now).await?);
        }
        Ok(moved)
    }
}

fn known<T>(proof: Option<&T>) -> Result<&T, Refusal> {
    proof.ok_or(Refusal::Unknown)
}

#[cfg(test)]
mod tests;
