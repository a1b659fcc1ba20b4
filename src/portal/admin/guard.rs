//! Who may speak to the API: programs of this machine, or whoever knows the token.
//!
//! A browser on this machine reaches loopback, too, and any website may make it send requests there
//! (cross-site requests), or pretend to be there (DNS rebinding). Neither can set a header of ours
//! without being asked first by a preflight request, which is refused here as everything that names an
//! `Origin`; and a rebound name is not the address that we listen on.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::problem::AdminProblem;
use crate::domain::client::ClientAddress;
use crate::domain::event::{Actor, What};
use crate::domain::origin::Authority;
use crate::domain::secret::Mark;
use crate::gate::journal::{Journal, Trail};

/// Every request must have this header, with the value `1`.
pub const HEADER: &str = "x-linkgate-admin";
/// The mark of the installation that is meant, if whoever asks is not sure to have found it: a configuration that
/// is not right may name the address of another one.
pub const INSTALLATION: &str = "x-linkgate-installation";
/// Headers that browsers set and programs do not.
const OF_BROWSERS: [&str; 4] = ["origin", "sec-fetch-site", "sec-fetch-mode", "referer"];

/// Who may call.
#[derive(Clone)]
pub struct Caller {
    address: SocketAddr,
    token: Option<[u8; 32]>,
    installation: Option<Mark>,
    journal: Journal,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Caller({}, ..)", self.address)
    }
}

impl Caller {
    /// Callers of the listener at `address`, who know the token if there is one. Nobody, where
    /// other machines reach the address and there is no token.
    #[must_use]
    pub fn of(address: SocketAddr, token: Option<&str>) -> Option<Self> {
        if token.is_none() && !address.ip().is_loopback() {
            return None;
        }
        let token = token.map(|token| Sha256::digest(token).into());
        Some(Self { address, token, installation: None, journal: Journal::silent() })
    }

    /// The same, at an installation that can be told from others.
    #[must_use]
    pub fn of_installation(self, mark: Mark) -> Self {
        Self { installation: Some(mark), ..self }
    }

    /// The same, and whoever is refused is noted.
    #[must_use]
    pub fn noting(self, journal: Journal) -> Self {
        Self { journal, ..self }
    }

    /// Notes what happened at the door, and who stood there.
    pub(super) fn note(&self, client: Option<ClientAddress>, what: What) {
        self.journal.note(&Trail { client, ..Trail::of(Actor::AdminApi) }, None, what);
    }

    /// Notes why somebody was refused.
    pub(super) fn note_refused(&self, client: Option<ClientAddress>, why: &str) {
        self.note(client, What::AdminRefused { why: why.into() });
    }

    fn check(&self, headers: &HeaderMap) -> Result<(), AdminProblem> {
        let refused = |why| Err(AdminProblem::Forbidden(why));
        if OF_BROWSERS.iter().any(|name| headers.contains_key(*name)) {
            return refused("Browsers may not use the admin API.");
        }
        if one(headers, HEADER) != Some("1") {
            return refused("Every request to the admin API needs the header X-Linkgate-Admin: 1.");
        }
        match &self.token {
            None if !self.is_our_host(one(headers, header::HOST.as_str())) => {
                refused("The Host is not the address of the admin listener.")
            }
            Some(token) if !is_shown(token, headers) => Err(AdminProblem::Unauthorized),
            None | Some(_) if self.is_meant(headers) => Ok(()),
            None | Some(_) => Err(AdminProblem::Elsewhere),
        }
    }

    fn is_meant(&self, headers: &HeaderMap) -> bool {
        let ours = self.installation.map(|mark| mark.to_string());
        !headers.contains_key(INSTALLATION)
            || one(headers, INSTALLATION).is_some_and(|said| Some(said) == ours.as_deref())
    }

    /// Whether a request may read what is counted: programs that collect it send no header of ours, and
    /// people may look with a browser. A site that pretends to be this machine may not.
    fn check_reader(&self, headers: &HeaderMap) -> Result<(), AdminProblem> {
        match &self.token {
            None if !self.is_our_host(one(headers, header::HOST.as_str())) => {
                Err(AdminProblem::Forbidden("The Host is not the address of the admin listener."))
            }
            None => Ok(()),
            Some(token) if is_shown(token, headers) => Ok(()),
            Some(_) => Err(AdminProblem::Unauthorized),
        }
    }

    /// Whether there is a token that must be shown.
    pub(super) fn needs_token(&self) -> bool {
        self.token.is_some()
    }

    /// Whether somebody knows the token.
    pub(super) fn knows(&self, typed: &str) -> bool {
        let typed: [u8; 32] = Sha256::digest(typed).into();
        self.token.is_some_and(|token| typed.ct_eq(&token).into())
    }

    /// Whether a browser may have been sent here under this name by its user alone: a loopback name or
    /// the address of the listener. Where it listens on all addresses, any of them: nobody but the user
    /// has a browser go to an address in place of a name.
    pub(super) fn is_reached_as(&self, authority: &Authority) -> bool {
        let address = authority.host.as_ip();
        let is_any = self.token.is_some() && self.address.ip().is_unspecified();
        authority.host.is_loopback()
            || address.is_some_and(|address| is_any || address == self.address.ip())
    }

    /// Whether a request shows the token. Not without one: then nobody can be told from the rest.
    #[must_use]
    pub fn shows_token(&self, headers: &HeaderMap) -> bool {
        self.token.is_some_and(|token| is_shown(&token, headers))
    }

    fn is_our_host(&self, host: Option<&str>) -> bool {
        let local = format!("localhost:{}", self.address.port());
        host.is_some_and(|host| host == self.address.to_string() || host == local)
    }
}

fn is_shown(token: &[u8; 32], headers: &HeaderMap) -> bool {
    let shown = one(headers, header::AUTHORIZATION.as_str());
    let shown = shown.and_then(|text| text.strip_prefix("Bearer "));
    // Digests, so that neither length nor content shows in the time it takes.
    let shown: [u8; 32] = Sha256::digest(shown.unwrap_or_default()).into();
    shown.ct_eq(token).into()
}

/// The value of a header that is there exactly once.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    value.to_str().ok()
}

/// The other end of the connection of a request.
pub(super) fn client(request: &Request) -> Option<ClientAddress> {
    request.extensions().get().copied()
}

/// The routes for a listener.
pub fn guarded(router: Router, caller: Caller) -> Router {
    let caller = Arc::new(caller);
    router.layer(from_fn(move |request: Request, next: Next| {
        let caller = Arc::clone(&caller);
        async move { admit(&caller, request, next).await }
    }))
}

/// Routes that only tell what was counted, for a listener. Without a caller that can be told apart, the
/// operator has said that the network around the listener is their own: then it is for everybody there.
pub fn readable(router: Router, caller: Option<Caller>) -> Router {
    let Some(caller) = caller.map(Arc::new) else { return router };
    router.layer(from_fn(move |request: Request, next: Next| {
        let caller = Arc::clone(&caller);
        async move {
            match caller.check_reader(request.headers()) {
                Ok(()) => next.run(request).await,
                Err(problem) => {
                    tracing::warn!(?problem, "/metrics refused a caller");
                    let why = format!("/metrics: {}", problem.detail());
                    caller.note_refused(client(&request), &why);
                    problem.into_response()
                }
            }
        }
    }))
}

async fn admit(caller: &Caller, request: Request, next: Next) -> Response {
    match caller.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => {
            tracing::warn!(?problem, "the admin API refused a caller");
            caller.note_refused(client(&request), problem.detail());
            problem.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(caller: &Caller, fields: &[(&'static str, &str)]) -> &'static str {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        match caller.check(&headers) {
            Ok(()) => "ok",
            Err(AdminProblem::Unauthorized) => "401",
            Err(AdminProblem::Elsewhere) => "409",
            Err(_) => "403",
        }
    }

    #[test]
    fn browsers_and_rebound_names_are_refused() {
        let caller = Caller::of("127.0.0.1:9180".parse().unwrap(), None).unwrap();
        let (host, ours) = (("host", "127.0.0.1:9180"), (HEADER, "1"));
        assert_eq!(check(&caller, &[host, ours]), "ok");
        assert_eq!(check(&caller, &[("host", "localhost:9180"), ours]), "ok");
        for fields in [
            &[host][..],
            &[ours],
            &[host, (HEADER, "")],
            &[host, ours, ours],
            &[host, host, ours],
            &[("host", "evil.example:9180"), ours],
            &[("host", "127.0.0.1"), ours],
            &[("host", "127.0.0.1:9181"), ours],
            &[("host", "localhost.evil.example:9180"), ours],
            &[host, ours, ("origin", "http://127.0.0.1:9180")],
            &[host, ours, ("origin", "null")],
            &[host, ours, ("sec-fetch-site", "same-origin")],
            &[host, ours, ("referer", "http://127.0.0.1:9180/")],
        ] {
            assert_eq!(check(&caller, fields), "403", "{fields:?}");
        }
    }

    #[test]
    fn what_is_meant_for_another_installation_is_not_done() {
        let caller = Caller::of("127.0.0.1:9180".parse().unwrap(), None).unwrap();
        let fields = |mark| [("host", "127.0.0.1:9180"), (HEADER, "1"), (INSTALLATION, mark)];
        let (ours, other) = (Mark([1; 16]).to_string(), Mark([2; 16]).to_string());
        assert_eq!(check(&caller, &fields(&ours)), "409", "it knows of none");
        let caller = caller.of_installation(Mark([1; 16]));
        for (mark, said) in [(&*ours, "ok"), (&*other, "409"), ("", "409")] {
            assert_eq!(check(&caller, &fields(mark)), said);
        }
        let [host, header, mark] = fields(&ours);
        assert_eq!(check(&caller, &[host, header, mark, mark]), "409");
        assert_eq!(check(&caller, &[host, header]), "ok");
    }

    #[test]
    fn with_a_token_nobody_gets_in_without_it() {
        let token = "0123456789abcdef0123456789abcdef";
        for address in ["127.0.0.1:9180", "10.0.0.1:9180"] {
            let caller = Caller::of(address.parse().unwrap(), Some(token)).unwrap();
            let (host, ours) = (("host", "linkgate:9180"), (HEADER, "1"));
            let right = format!("Bearer {token}");
            assert_eq!(check(&caller, &[host, ours, ("authorization", &right)]), "ok");
            for wrong in ["", "Bearer ", "Bearer 0", &format!("{right}x"), token, "Basic eA=="] {
                assert_eq!(
                    check(&caller, &[host, ours, ("authorization", wrong)]),
                    "401",
                    "{wrong}"
                );
            }
            assert_eq!(check(&caller, &[host, ours]), "401");
            let twice = [host, ours, ("authorization", &*right), ("authorization", &*right)];
            assert_eq!(check(&caller, &twice), "401");
            let shows = |text: &str| {
                let headers = [(header::AUTHORIZATION, text.parse().unwrap())];
                caller.shows_token(&headers.into_iter().collect())
            };
            assert_eq!((shows(&right), shows("Bearer "), shows(token)), (true, false, false));
        }
        let anybody = Caller::of("127.0.0.1:9180".parse().unwrap(), None).unwrap();
        let nothing = [(header::AUTHORIZATION, "Bearer ".parse().unwrap())].into_iter().collect();
        assert!(!anybody.shows_token(&nothing) && !anybody.shows_token(&HeaderMap::new()));
        assert!(Caller::of("10.0.0.1:9180".parse().unwrap(), None).is_none());
        assert!(Caller::of("0.0.0.0:9180".parse().unwrap(), None).is_none());
    }

    #[test]
    fn readers_need_the_token_or_the_right_host_and_no_header_of_ours() {
        let check = |caller: &Caller, fields: &[(&'static str, &str)]| {
            let fields = fields
                .iter()
                .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
            caller.check_reader(&fields.collect()).is_ok()
        };
        let token = "0123456789abcdef0123456789abcdef";
        let right = format!("Bearer {token}");
        let anybody = Caller::of("127.0.0.1:9180".parse().unwrap(), None).unwrap();
        assert!(check(&anybody, &[("host", "127.0.0.1:9180"), ("sec-fetch-mode", "navigate")]));
        assert!(!check(&anybody, &[("host", "evil.example:9180")]));
        assert!(!check(&anybody, &[]));
        let known = Caller::of("10.0.0.1:9180".parse().unwrap(), Some(token)).unwrap();
        assert!(check(&known, &[("host", "linkgate:9180"), ("authorization", &right)]));
        assert!(!check(&known, &[("host", "10.0.0.1:9180")]));
        assert!(!check(&known, &[("host", "10.0.0.1:9180"), ("authorization", "Bearer x")]));
    }
}
