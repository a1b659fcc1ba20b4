//! Who is asking, told to an application: headers, and a signed statement for those that want proof.
//!
//! The statement is a JWT (RFC 7519) for one site and five minutes at most, never longer than the
//! session. It is signed with Ed25519 (RFC 8037) or ES256 by the keys that the roster in the store
//! names ([`crate::domain::signing`]); their public halves are at `/.linkgate/jwks.json`.
//!
//! All of it is made once for a session and then reused until half of the statement's life is over,
//! or the groups or the keys have changed: an ordinary request shares what is there. The roster is
//! looked at every few seconds, when somebody asks, so a change of keys reaches every node without
//! any message between them.

mod fields;
mod keys;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use quick_cache::sync::Cache;
use serde::Serialize;

use self::fields::SiteFields;
pub use self::fields::{Field, Introduction};
use self::keys::Ring;
pub use self::keys::{KeyRefused, key_id};
use super::refusal::Refusal;
use crate::domain::disclosure::Algorithm;
use crate::domain::identity::{GroupName, Identity};
use crate::domain::secret::{Key, Secret};
use crate::domain::site::{Located, Site, Sites};
use crate::domain::time::UnixMillis;
use crate::domain::token::{Session, TokenDigest};
use crate::ports::KeyRosters;

/// How long the key set may be cached. Half of [`LEAD`](crate::domain::signing::LEAD).
pub const KEY_SET_AGE: Duration = Duration::from_secs(300);
/// How old the known roster may be before it is looked at again.
const LOOK: Duration = Duration::from_secs(5);
/// How old it may be when the store does not answer. Much less than
/// [`LEAD`](crate::domain::signing::LEAD): no key is missed.
const TRUST: Duration = Duration::from_secs(60);
/// Sessions at sites whose headers are kept for reuse.
const KEPT: usize = 16_384;

/// Tells applications who is asking.
pub struct Assertions {
    rosters: Arc<dyn KeyRosters>,
    root: Key,
    prefix: String,
    sites: HashMap<String, SiteFields>,
    known: RwLock<Option<Known>>,
    /// Held by the one that looks at the roster.
    turn: tokio::sync::Mutex<()>,
    prepared: Cache<(TokenDigest<Session>, Arc<str>), Prepared>,
}

/// The keys, and when they were looked at.
#[derive(Clone)]
struct Known {
    ring: Arc<Ring>,
    looked_at: UnixMillis,
}

/// The headers of a session at a site.
#[derive(Clone)]
struct Prepared {
    fields: Arc<[Field]>,
    groups: Arc<[GroupName]>,
    revision: u64,
    made_at: UnixMillis,
    reuse_until: UnixMillis,
}

impl Prepared {
    fn still_holds(&self, identity: &Identity, revision: u64, now: UnixMillis) -> bool {
        let same_groups =
            Arc::ptr_eq(&self.groups, &identity.groups) || self.groups == identity.groups;
        same_groups && self.revision == revision && (self.made_at..self.reuse_until).contains(&now)
    }
}

/// Somebody who is signed in.
#[derive(Clone, Copy, Debug)]
pub struct Visitor<'a> {
    /// The session.
    pub session: TokenDigest<Session>,
    /// Who it is.
    pub identity: &'a Identity,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: String,
    aud: &'a str,
    sub: &'a str,
    email: &'a str,
    groups: Vec<&'a str>,
    sid: &'a str,
    iat: u64,
    exp: u64,
}

impl Assertions {
    /// `prefix` is the reserved path, as in `/.linkgate`. Asks the store nothing yet.
    ///
    /// # Errors
    /// [`KeyRefused`] if what a site wants cannot stand in a header.
    pub fn new(
        secret: &Secret,
        rosters: Arc<dyn KeyRosters>,
        prefix: &str,
        sites: &Sites,
    ) -> Result<Self, KeyRefused> {
        let fields = |site: &Arc<Site>| Ok((site.name.clone(), SiteFields::new(&site.disclosure)?));
        Ok(Self {
            rosters,
            root: root_key(secret),
            prefix: prefix.to_owned(),
            sites: sites.iter().map(fields).collect::<Result<_, KeyRefused>>()?,
            known: RwLock::default(),
            turn: tokio::sync::Mutex::default(),
            prepared: Cache::new(KEPT),
        })
    }

    /// The public keys for the assertions of a site, as a JSON Web Key Set (RFC 7517).
    ///
    /// # Errors
    /// When the store is in trouble and nothing is known.
    pub async fn jwks(&self, algorithm: Algorithm, now: UnixMillis) -> Result<String, Refusal> {
        Ok(self.ring(now).await?.jwks(algorithm, now))
    }

    /// What the application of a site is told with a request.
    ///
    /// # Errors
    /// When the store is in trouble and it is not known which key signs.
    pub async fn introduce(
        &self,
        located: &Located,
        visitor: Option<Visitor<'_>>,
        now: UnixMillis,
    ) -> Result<Introduction, Refusal> {
        let site = self.site(&located.site)?;
        let always = Arc::clone(&site.always);
        let Some(Visitor { session, identity }) = visitor else {
            return Ok(Introduction { always, identity: Arc::clone(&site.anonymous) });
        };
        let ring = self.ring(now).await?;
        let key = (session, Arc::clone(&located.origin_text));
        if let Some(prepared) = self.prepared.get(&key)
            && prepared.still_holds(identity, ring.revision(), now)
        {
            return Ok(Introduction { always, identity: prepared.fields });
        }
        let prepared = self
            .prepare(&ring, located, Visitor { session, identity }, now)
            .map_err(|KeyRefused| Refusal::Internal("an assertion could not be made"))?;
        self.prepared.insert(key, prepared.clone());
        Ok(Introduction { always, identity: prepared.fields })
    }

    /// All headers of a site that tell who is asking, empty.
    ///
    /// # Errors
    /// Does not happen with a site that it was made for.
    pub fn nobody(&self, site: &Site) -> Result<Arc<[Field]>, Refusal> {
        Ok(Arc::clone(&self.site(site)?.empty))
    }

    fn site(&self, site: &Site) -> Result<&SiteFields, Refusal> {
        self.sites.get(&site.name).ok_or(Refusal::Internal("headers of an unknown site"))
    }

    fn prepare(
        &self,
        ring: &Ring,
        located: &Located,
        visitor: Visitor<'_>,
        now: UnixMillis,
    ) -> Result<Prepared, KeyRefused> {
        let Visitor { session, identity } = visitor;
        let (origin, disclosure) = (&*located.origin_text, &located.site.disclosure);
        let terms = disclosure.assertion();
        let expires_at = now.after(terms.lifetime).min(identity.expires_at);
        let claims = Claims {
            iss: format!("{origin}{}", self.prefix),
            aud: origin,
            sub: identity.email.identity(),
            email: identity.email.identity(),
            groups: identity.groups.iter().map(|group| group.as_str()).collect(),
            sid: &session.to_hex()[..32],
            iat: now.seconds(),
            exp: expires_at.seconds(),
        };
        let claims = serde_json::to_vec(&claims).map_err(|_| KeyRefused)?;
        let assertion = ring.signer(terms.algorithm, now)?.sign(&claims)?;
        let site = self.sites.get(&located.site.name).ok_or(KeyRefused)?;
        Ok(Prepared {
            fields: site.of(disclosure, identity, &assertion)?,
            groups: Arc::clone(&identity.groups),
            revision: ring.revision(),
            made_at: now,
            reuse_until: now.after(expires_at.since(now) / 2),
        })
    }

    /// The keys, as old as [`LOOK`] at most; as [`TRUST`] when the store does not answer.
    async fn ring(&self, now: UnixMillis) -> Result<Arc<Ring>, Refusal> {
        if let Some(ring) = self.known(LOOK, now) {
            return Ok(ring);
        }
        // One looks. The others go on meanwhile with what is known, if that may be trusted.
        let _turn = match self.known(TRUST, now) {
            None => self.turn.lock().await,
            Some(known) => match self.turn.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(known),
            },
        };
        if let Some(ring) = self.known(LOOK, now) {
            return Ok(ring);
        }
        match self.rosters.roster().await {
            Ok(roster) => {
                let ring = Ring::new(&self.root, roster)
                    .map_err(|KeyRefused| Refusal::Internal("no signing keys"))?;
                let ring = Arc::new(ring);
                let known = Known { ring: Arc::clone(&ring), looked_at: now };
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
                Ok(ring)
            }
            Err(error) => match self.known(TRUST, now) {
                Some(ring) => {
                    tracing::warn!(%error, cause = %error.source, "the signing keys may be old");
                    Ok(ring)
                }
                None => Err(error.into()),
            },
        }
    }

    fn known(&self, age: Duration, now: UnixMillis) -> Option<Arc<Ring>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref().filter(|known| now.since(known.looked_at) < age)?;
        Some(Arc::clone(&known.ring))
    }
}

/// The key from which all signing keys are derived.
#[must_use]
pub fn root_key(secret: &Secret) -> Key {
    secret.derive("assertion")
}

impl std::fmt::Debug for Assertions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Assertions(..)")
    }
}
