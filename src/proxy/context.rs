//! What is known of one request while it passes through the phases.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use super::door::Weighed;
use super::front::Front;
use super::leaving::Setback;
use crate::domain::client::ClientAddress;
use crate::domain::navigation::RequestKind;
pub use crate::domain::outcome::Outcome;
use crate::domain::path::RequestTarget;
use crate::domain::policy::Permit;
use crate::domain::site::Located;
use crate::domain::size::ByteSize;
use crate::domain::time::UnixMillis;
use crate::domain::token::{Service, Session as SessionToken, TokenDigest};
use crate::metrics::{Counted, OpenStream};
use crate::portal::assertion::Introduction;
use crate::portal::visit::Here;
use crate::ports::{Entropy, Known};
use crate::traces::{Calls, Finished, Trace, known_method};

/// What is known of one request.
pub struct Context {
    /// The configuration that this request meets, from its head to its end.
    pub front: Arc<Front>,
    /// Names the request in answers and in the log.
    pub reference: Arc<str>,
    /// When its head was complete.
    pub began: Option<UnixMillis>,
    /// The same moment by the clock that only goes forward, to measure by.
    pub head_at: Option<Instant>,
    /// The client, once it is known.
    pub client: Option<(IpAddr, ClientAddress)>,
    /// The site, once it is known.
    pub located: Option<Located>,
    /// Path and query, once they are read.
    pub target: Option<RequestTarget>,
    /// The kind of request.
    pub kind: RequestKind,
    /// The name of the rule that decided, once one has.
    pub rule: Option<Arc<str>>,
    /// The proof that it may reach its upstream.
    pub permit: Option<Permit>,
    /// What its application is told.
    pub introduction: Option<Introduction>,
    /// The session behind it.
    pub session: Option<TokenDigest<SessionToken>>,
    /// The same as it is in memory.
    pub known: Option<Arc<Known>>,
    /// The service token behind it.
    pub token: Option<TokenDigest<Service>>,
    /// What was decided, for the log.
    pub outcome: Outcome,
    /// Whether the upstream connection was used before.
    pub upstream_reused: bool,
    /// The server of the application that was chosen last.
    pub server: Option<SocketAddr>,
    /// Connections that failed.
    pub connects: usize,
    /// Bytes of the body that have come so far.
    pub body_bytes: u64,
    /// Bytes of content that a stream was sent, once it is one.
    pub streamed: Option<Arc<AtomicU64>>,
    /// What stood in the way of the request before.
    pub setback: Option<Setback>,
    /// Counts the request as a stream, once it is one.
    pub stream: Option<OpenStream>,
    /// What is to become of it, where that was found out and not done.
    pub(super) weighed: Option<Weighed>,
    /// The trace that it belongs to, where traces are wanted.
    pub trace: Option<Trace>,
    /// When it was decided about, since its head was complete.
    pub decided: Option<Duration>,
}

impl Context {
    /// A request of which nothing is known but its name.
    #[must_use]
    pub fn new(front: Arc<Front>, reference: Arc<str>) -> Self {
        Self {
            front,
            reference,
            began: None,
            head_at: None,
            client: None,
            located: None,
            target: None,
            kind: RequestKind::Api,
            rule: None,
            permit: None,
            introduction: None,
            session: None,
            known: None,
            token: None,
            outcome: Outcome::Refused,
            upstream_reused: false,
            server: None,
            connects: 0,
            body_bytes: 0,
            streamed: None,
            setback: None,
            stream: None,
            weighed: None,
            trace: None,
            decided: None,
        }
    }

    /// The part of it that a line in the log is written from.
    pub(super) fn for_the_log(&self) -> Self {
        Self {
            began: self.began,
            head_at: self.head_at,
            client: self.client,
            located: self.located.clone(),
            target: self.target.clone(),
            kind: self.kind,
            rule: self.rule.clone(),
            // What is armed was let through.
            outcome: Outcome::Passed,
            upstream_reused: self.upstream_reused,
            trace: self.trace.clone(),
            decided: self.decided,
            ..Self::new(Arc::clone(&self.front), Arc::clone(&self.reference))
        }
    }

    /// It is known now what is to become of it.
    pub fn is_decided(&mut self) {
        self.decided = self.head_at.map(|at| at.elapsed());
        if let Some(took) = self.decided {
            self.front.meters.decided(took);
        }
    }

    /// Where calls of the store are noted, if it is sampled.
    #[must_use]
    pub fn sampled(&self) -> Option<Calls> {
        self.trace.as_ref()?.calls()
    }

    /// It goes on after it was decided about, as long as it is here.
    pub fn becomes_stream(&mut self) {
        let meters = &self.front.meters;
        self.stream.get_or_insert_with(|| meters.stream());
    }

    /// Counts the request, which is over, and hands its trace on. `status` and `sent` are what the client
    /// was sent.
    pub fn end(&self, method: &str, status: u16, sent: u64) {
        let (outcome, rule) = (self.outcome, self.rule.as_ref());
        let site = self.located.as_ref().map(|located| &located.site);
        let took = self.head_at.map(|at| at.elapsed()).unwrap_or_default();
        self.front.meters.count(Counted {
            site: site.map(|site| site.policy.site()),
            rule: rule.map(|rule| &**rule),
            outcome,
            status,
            sent,
            took,
        });
        let sampled = self.trace.as_ref().filter(|trace| trace.is_sampled());
        let (Some(trace), Some(tracer)) = (sampled, &self.front.tracer) else { return };
        let Some(began) = self.began.zip(self.head_at) else { return };
        tracer.finish(Finished {
            trace: trace.clone(),
            began,
            took,
            decided: self.decided,
            site: site.map(|site| site.name.clone()),
            rule: rule.cloned(),
            outcome,
            method: known_method(method),
            status,
            reference: Arc::clone(&self.reference),
        });
    }

    /// The cap of the site for the body.
    #[must_use]
    pub fn max_body(&self) -> Option<u64> {
        self.located.as_ref()?.site.max_body.map(ByteSize::bytes)
    }

    /// Where the request arrived and from whom, once both are known.
    #[must_use]
    pub fn here(&self) -> Option<Here> {
        let (peer, client) = self.client?;
        let reference = Arc::clone(&self.reference);
        Some(Here { located: self.located.clone()?, client, peer, reference })
    }
}

impl std::fmt::Debug for Context {
    /// Without what is known: much of it is secret.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Context({})", self.reference)
    }
}

/// Ten letters and digits that cannot be mistaken for one another (Crockford's base 32).
#[must_use]
pub fn reference(entropy: &dyn Entropy) -> Arc<str> {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut bytes = [0; 10];
    entropy.fill(&mut bytes);
    let text: String =
        bytes.iter().map(|byte| char::from(DIGITS[usize::from(byte & 31)])).collect();
    text.into()
}
