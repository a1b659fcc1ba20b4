//! Everything a configuration says about requests, in one piece that is exchanged whole.
//!
//! A request takes the [`Front`] that is current when its head is complete and keeps it to its end:
//! it never meets half of an old configuration and half of a new one, and none is dropped for a
//! change. Streams outlive the request that was decided about; they hear of changes and are decided
//! about anew.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::Method;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::peers::Upstream;
use super::verdict::Answerer;
use crate::domain::client::ClientAddress;
use crate::domain::path::RequestTarget;
use crate::domain::policy::{Asked, Decision, Permit, Visitor};
use crate::domain::service_token::ServiceToken;
use crate::domain::time::UnixMillis;
use crate::domain::token::{Service, Session as SessionToken, TokenDigest};
use crate::metrics::Meters;
use crate::portal::Portal;
use crate::ports::Stored;
use crate::traces::Tracer;

/// How often what is behind an open stream is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Pages, sites and applications of one configuration.
#[derive(Debug)]
pub struct Front {
    /// Our own pages; they know the sites.
    pub portal: Portal,
    /// Answers in place of the application.
    pub answerer: Answerer,
    /// Where its requests are counted.
    pub meters: Meters,
    /// Begins traces, where they are wanted.
    pub tracer: Option<Arc<Tracer>>,
    upstreams: Vec<Option<Arc<Upstream>>>,
}

/// A stream that was let through, as far as a later decision needs it.
#[derive(Debug)]
pub struct Passed {
    /// Host and port as the request named them.
    pub authority: Arc<str>,
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: RequestTarget,
    /// The client's address as it was judged, where it was known.
    pub client: Option<ClientAddress>,
    /// Who opened it.
    pub by: Behind,
    /// When it was let through. Later decisions are made for this moment: a stream may become older
    /// than the `max_age` of its rule.
    pub at: UnixMillis,
}

/// Who is behind a stream.
#[derive(Debug)]
pub enum Behind {
    /// Nobody that we know: a public route.
    Nobody,
    /// A session.
    Session {
        /// Its digest.
        digest: TokenDigest<SessionToken>,
        /// Where it counts.
        realm: Arc<str>,
        /// How long it may be idle.
        idle: Duration,
    },
    /// A service token.
    Machine(Arc<ServiceToken>, TokenDigest<Service>),
}

impl Front {
    /// Joins the portal and the upstreams, which are found by the index in their id. None is for a
    /// site whose application is behind another proxy.
    #[must_use]
    pub fn new(portal: Portal, upstreams: Vec<Option<Upstream>>, meters: Meters) -> Self {
        let upstreams = upstreams.into_iter().map(|upstream| upstream.map(Arc::new)).collect();
        Self { answerer: Answerer::new(portal.clone()), portal, meters, tracer: None, upstreams }
    }

    /// The same, whose requests are traced.
    #[must_use]
    pub fn tracing(self, tracer: Option<Arc<Tracer>>) -> Self {
        Self { tracer, ..self }
    }

    /// The application that a permit names.
    #[must_use]
    pub fn upstream(&self, permit: &Permit) -> Option<&Upstream> {
        self.upstreams.get(usize::try_from(permit.upstream().0).ok()?)?.as_deref()
    }

    /// Whether whoever is behind a stream is still there; if so, the revision of their account, if
    /// they have one.
    async fn look(&self, by: &Behind) -> Stored<Option<Option<u64>>> {
        let gate = &self.portal.desk().gate;
        Ok(match by {
            Behind::Nobody => Some(None),
            Behind::Machine(_, token) => gate.standing_token(*token).await?.map(|_| None),
            Behind::Session { digest, realm, idle } => gate
                .standing(*digest, realm, *idle)
                .await?
                .map(|present| present.account.map(|account| account.revision)),
        })
    }

    /// Whether a stream that was let through once would be let through by this configuration, too.
    ///
    /// # Errors
    /// When the store is in trouble: then nobody knows.
    pub async fn still_passes(&self, passed: &Passed) -> Stored<bool> {
        let desk = self.portal.desk();
        let Some(located) = desk.sites.find(&passed.authority) else { return Ok(false) };
        let identity;
        let visitor = match &passed.by {
            Behind::Nobody => Visitor::Nobody,
            Behind::Machine(machine, _) => Visitor::Machine(machine),
            Behind::Session { digest, .. } => {
                let idle = located.site.terms.session.idle;
                match desk.gate.standing(*digest, &located.realm, idle).await? {
                    Some(present) => {
                        identity = desk.identity(&present, idle);
                        Visitor::Person(&identity)
                    }
                    None => Visitor::Nobody,
                }
            }
        };
        let asked = Asked {
            host: located.origin.host(),
            method: passed.method.as_str(),
            target: &passed.target,
            // A proxy that is trusted since then is no client any more.
            client: passed.client.and_then(|client| desk.trusted.known(client)),
            visitor,
            now: passed.at,
        };
        // It must lead to an application, which another proxy may have by now.
        let decision = located.site.policy.decide(asked);
        Ok(matches!(&decision, Decision::Pass(permit) if self.upstream(permit).is_some()))
    }
}

/// The front that is current, and the news that it has changed.
#[derive(Debug)]
pub struct Fronts {
    current: ArcSwap<Front>,
    changes: watch::Sender<()>,
}

impl Fronts {
    /// Begins with the front of the first configuration.
    #[must_use]
    pub fn new(front: Front) -> Self {
        Self { current: ArcSwap::from_pointee(front), changes: watch::Sender::new(()) }
    }

    /// The front for a request that begins now.
    #[must_use]
    pub fn current(&self) -> Arc<Front> {
        self.current.load_full()
    }

    /// Puts another front in its place, for every request that begins from now on.
    pub fn exchange(&self, front: Front) {
        self.current.store(Arc::new(front));
        self.changes.send_replace(());
    }

    /// Looks after the applications of whatever front is current, for ever.
    pub async fn care(&self) {
        let mut changes = self.changes.subscribe();
        loop {
            // Dropped with the next change, and all of its tasks with it.
            let mut carers = JoinSet::new();
            for upstream in self.current().upstreams.iter().flatten() {
                let upstream = Arc::clone(upstream);
                carers.spawn(async move { upstream.care().await });
            }
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Resolves when a stream that `by` let through would be let through no more: its session or token
    /// has ended, on this node at once, on another one or by its lifetime at the next look; or the
    /// configuration or the account behind it has changed. While the store is in trouble nobody knows:
    /// then the stream goes on, and is looked at again until somebody does.
    pub async fn revoked(&self, passed: &Passed, by: Arc<Front>) {
        let mut changes = self.changes.subscribe();
        // The change may have come while the application took its time to answer.
        let mut is_due = !Arc::ptr_eq(&self.current(), &by);
        let mut listening = match &passed.by {
            Behind::Session { digest, .. } => Some(by.portal.desk().gate.listen(*digest)),
            Behind::Machine(..) | Behind::Nobody => None,
        };
        // Not kept: a stream may be open for days.
        drop(by);
        let is_known = !matches!(passed.by, Behind::Nobody);
        let mut account = None;
        loop {
            match self.current().look(&passed.by).await {
                Ok(None) => return,
                Ok(Some(revision)) if revision != account => {
                    account = revision;
                    is_due = true;
                }
                Ok(Some(_)) | Err(_) => {}
            }
            if is_due {
                match self.current().still_passes(passed).await {
                    Ok(true) => is_due = false,
                    Ok(false) => return,
                    Err(_) => {}
                }
            }
            let heard = async {
                match &mut listening {
                    Some(listening) => listening.heard().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = changes.changed() => match changed {
                    Ok(()) => is_due = true,
                    Err(_) => return std::future::pending().await,
                },
                () = heard => {}
                () = tokio::time::sleep(LOOK), if is_known || is_due => {}
            }
        }
    }
}
