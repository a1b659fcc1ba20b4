//! Who is asking: a script with a service token, a person with a session, or nobody.
//!
//! A service token decides alone: a session cookie beside it is not even looked at, so that a request
//! never has the rights of both. A broken one is refused everywhere, on public routes, too: whoever
//! shows credentials wants to hear that they are dead, and they must not reach the application.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};

use super::Desk;
use super::cookies::CookieNames;
use super::visit::token_in;
use crate::domain::identity::Identity;
use crate::domain::service_token::{Presented, ServiceToken, presented};
use crate::domain::site::Located;
use crate::domain::token::{Service, Session, Token, TokenDigest};
use crate::ports::{Known, StoreError, Stored};

/// Who is asking.
#[derive(Debug)]
pub enum Who {
    /// Nobody that we know.
    Nobody,
    /// Somebody who is signed in.
    Person {
        /// Who, with the groups of now.
        identity: Arc<Identity>,
        /// The session behind it.
        session: TokenDigest<Session>,
        /// The same as it is in memory.
        known: Arc<Known>,
    },
    /// A script.
    Machine {
        /// What it may do.
        machine: Arc<ServiceToken>,
        /// The token behind it.
        token: TokenDigest<Service>,
    },
}

impl Who {
    /// The person, if it is one.
    #[must_use]
    pub fn person(&self) -> Option<&Arc<Identity>> {
        match self {
            Self::Person { identity, .. } => Some(identity),
            Self::Nobody | Self::Machine { .. } => None,
        }
    }

    /// The session of the person, if it is one.
    #[must_use]
    pub fn session(&self) -> Option<(TokenDigest<Session>, &Known)> {
        match self {
            Self::Person { session, known, .. } => Some((*session, known)),
            Self::Nobody | Self::Machine { .. } => None,
        }
    }
}

/// Why it is not known who is asking.
#[derive(Debug)]
pub enum Unknown {
    /// The store is in trouble.
    Store(StoreError),
    /// A service token that is forged, damaged, expired, revoked, or not alone.
    BadToken,
}

impl From<StoreError> for Unknown {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Finds out who is asking.
///
/// # Errors
/// [`Unknown`], and then nobody may pass.
pub async fn identify(desk: &Desk, headers: &HeaderMap, located: &Located) -> Result<Who, Unknown> {
    match service_token(desk, headers) {
        Presented::Nothing => Ok(visitor(desk, headers, located).await?),
        Presented::Wrong => Err(Unknown::BadToken),
        Presented::Token(token) => {
            desk.pace.step(|| ()).await;
            let machine = desk.gate.machine(&token).await?.ok_or(Unknown::BadToken)?;
            Ok(Who::Machine { machine, token: token.digest() })
        }
    }
}

/// The service token of a request, looked at without asking the store.
#[must_use]
pub fn service_token(desk: &Desk, headers: &HeaderMap) -> Presented {
    let fields = headers.get_all(header::AUTHORIZATION).iter().map(HeaderValue::as_bytes);
    presented(fields, &desk.gate.keys().token)
}

/// Finds out who is behind the session of a request, if anybody is, with the groups of now.
///
/// # Errors
/// When the store is in trouble.
pub async fn visitor(desk: &Desk, headers: &HeaderMap, located: &Located) -> Stored<Who> {
    let site = &located.site;
    let name = CookieNames::session_name(site.is_https(), site.session_domain.is_some());
    let token: Option<Token<Session>> = token_in(headers, name, &desk.gate.keys().token);
    let Some(token) = token else { return Ok(Who::Nobody) };
    let idle = site.terms.session.idle;
    let session = token.digest();
    desk.pace.step(|| desk.gate.expect_session(session)).await;
    let found = desk.gate.authenticate(session, &located.realm, idle).await?;
    let Some(found) = found else { return Ok(Who::Nobody) };
    Ok(Who::Person { identity: desk.identity(&found, idle), session, known: found.session })
}
