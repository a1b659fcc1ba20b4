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
mod shelf;
mod signing;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use self::fields::SiteFields;
pub use self::fields::{Field, Introduction, Told};
use self::keys::Ring;
pub use self::keys::{KeyRefused, key_id};
use self::shelf::{Circle, Place, Prepared, Shelf};
pub use self::signing::{SigningKeys, root_key};
use super::refusal::Refusal;
use crate::domain::disclosure::Algorithm;
use crate::domain::email::EmailAddress;
use crate::domain::identity::{GroupName, Identity};
use crate::domain::service_token::ServiceToken;
use crate::domain::site::{Located, Site, Sites};
use crate::domain::time::UnixMillis;
use crate::domain::token::{Service, Session, TokenDigest};
use crate::ports::Known;

/// How long the key set may be cached. Half of [`LEAD`](crate::domain::signing::LEAD).
pub const KEY_SET_AGE: Duration = Duration::from_secs(300);

/// Tells the applications of one configuration who is asking. Another configuration has its own,
/// over the same keys, so that nothing is reused that was made in other words.
pub struct Assertions {
    keys: Arc<SigningKeys>,
    prefix: String,
    sites: HashMap<String, Arc<SiteFields>>,
    shelf: Shelf,
}

/// Of whom an application is told.
#[derive(Clone, Copy, Debug)]
pub enum Visitor<'a> {
    /// Somebody who is signed in.
    Person {
        /// The session.
        session: TokenDigest<Session>,
        /// The same in memory: what is made for it is kept beside it, too.
        known: Option<&'a Known>,
        /// Who it is.
        identity: &'a Identity,
    },
    /// A script.
    Machine {
        /// The token that it has shown.
        token: TokenDigest<Service>,
        /// What is known of it.
        machine: &'a ServiceToken,
    },
}

impl<'a> Visitor<'a> {
    fn known(self) -> Option<&'a Known> {
        match self {
            Self::Person { known, .. } => known,
            Self::Machine { .. } => None,
        }
    }

    fn digest(self) -> [u8; 32] {
        match self {
            Self::Person { session, .. } => *session.as_bytes(),
            Self::Machine { token, .. } => *token.as_bytes(),
        }
    }

    fn groups(self) -> Option<&'a Arc<[GroupName]>> {
        match self {
            Self::Person { identity, .. } => Some(&identity.groups),
            Self::Machine { .. } => None,
        }
    }

    fn expires_at(self) -> UnixMillis {
        match self {
            Self::Person { identity, .. } => identity.expires_at,
            Self::Machine { machine, .. } => machine.expires_at,
        }
    }

    /// `sub`: of a script it is `token:` and its name, which is no address.
    fn subject(self) -> Cow<'a, str> {
        match self {
            Self::Person { identity, .. } => Cow::Borrowed(identity.email.identity()),
            Self::Machine { machine, .. } => Cow::Owned(format!("token:{}", machine.name)),
        }
    }

    fn email(self) -> Option<&'a str> {
        match self {
            Self::Person { identity, .. } => Some(identity.email.identity()),
            Self::Machine { machine, .. } => machine.email.as_ref().map(EmailAddress::identity),
        }
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: String,
    aud: &'a str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    groups: Vec<&'a str>,
    sid: &'a str,
    iat: u64,
    exp: u64,
}

impl Assertions {
    /// `prefix` is the reserved path, as in `/.linkgate`. The headers of `most` sessions at sites are
    /// kept for reuse: as many as sessions are, or those beyond would cost a signature with each request.
    /// Asks the store nothing yet.
    ///
    /// # Errors
    /// [`KeyRefused`] if what a site wants cannot stand in a header.
    pub fn new(
        keys: Arc<SigningKeys>,
        prefix: &str,
        sites: &Sites,
        most: u32,
    ) -> Result<Self, KeyRefused> {
        let fields = |site: &Arc<Site>| {
            Ok((site.name.clone(), Arc::new(SiteFields::new(&site.disclosure)?)))
        };
        Ok(Self {
            keys,
            prefix: prefix.to_owned(),
            sites: sites.iter().map(fields).collect::<Result<_, KeyRefused>>()?,
            shelf: Shelf::new(most),
        })
    }

    /// The public keys for the assertions of a site, as a JSON Web Key Set (RFC 7517).
    ///
    /// # Errors
    /// When the store is in trouble and nothing is known.
    pub async fn jwks(&self, algorithm: Algorithm, now: UnixMillis) -> Result<String, Refusal> {
        Ok(self.keys.ring(now).await?.jwks(algorithm, now))
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
        let always = site.always.clone();
        let Some(visitor) = visitor else {
            return Ok(Introduction { always, identity: site.anonymous.clone() });
        };
        let ring = self.keys.ring(now).await?;
        let place = Place { visitor, origin: &located.origin_text, site };
        let holds = |it: &Prepared| it.still_holds(visitor, ring.revision(), now);
        if let Some(identity) = self.shelf.get(place, holds) {
            return Ok(Introduction { always, identity });
        }
        let prepared = self
            .prepare(&ring, located, visitor, now)
            .map_err(|KeyRefused| Refusal::Internal("an assertion could not be made"))?;
        Ok(Introduction { always, identity: self.shelf.put(place, prepared) })
    }

    /// All headers of a site that tell who is asking, empty.
    ///
    /// # Errors
    /// Does not happen with a site that it was made for.
    pub fn nobody(&self, site: &Site) -> Result<Told, Refusal> {
        Ok(self.site(site)?.empty.clone())
    }

    fn site(&self, site: &Site) -> Result<&Arc<SiteFields>, Refusal> {
        self.sites.get(&site.name).ok_or(Refusal::Internal("headers of an unknown site"))
    }

    fn prepare(
        &self,
        ring: &Ring,
        located: &Located,
        visitor: Visitor<'_>,
        now: UnixMillis,
    ) -> Result<Prepared, KeyRefused> {
        let digest = TokenDigest::<Session>::from_bytes(visitor.digest()).to_hex();
        let (subject, groups) = (visitor.subject(), visitor.groups());
        let (origin, disclosure) = (&*located.origin_text, &located.site.disclosure);
        let terms = disclosure.assertion();
        let expires_at = now.after(terms.lifetime).min(visitor.expires_at());
        let claims = Claims {
            iss: format!("{origin}{}", self.prefix),
            aud: origin,
            sub: &subject,
            email: visitor.email(),
            groups: groups.into_iter().flat_map(|all| all.iter()).map(GroupName::as_str).collect(),
            sid: &digest[..32],
            iat: now.seconds(),
            exp: expires_at.seconds(),
        };
        let claims = serde_json::to_vec(&claims).map_err(|_| KeyRefused)?;
        let assertion = ring.signer(terms.algorithm, now)?.sign(&claims)?;
        let site = self.sites.get(&located.site.name).ok_or(KeyRefused)?;
        let circle = Circle {
            site: Arc::clone(site),
            origin: Arc::clone(&located.origin_text),
            groups: groups.cloned(),
            revision: ring.revision(),
        };
        let lines = site.of(disclosure, visitor, &assertion)?;
        let reuse_until = now.after(expires_at.since(now) / 2);
        Ok(Prepared::new(&lines, self.shelf.circle(&circle), now, reuse_until))
    }
}

impl std::fmt::Debug for Assertions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Assertions(..)")
    }
}
