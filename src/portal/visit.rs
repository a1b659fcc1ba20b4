//! Who is at the door: what the handlers know of a request.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};

use super::Desk;
use super::cookies::{self, CookieNames};
use super::pages::Look;
use super::refusal::Refusal;
use super::security::FormEnds;
use crate::domain::account::Account;
use crate::domain::client::{BrowserLabel, ClientAddress, in_app};
use crate::domain::device::Device;
use crate::domain::email::EmailAddress;
use crate::domain::event::Actor;
use crate::domain::identity::Identity;
use crate::domain::navigation::{PURPOSE_FIELDS, is_prefetch, same_origin};
use crate::domain::origin::Origin;
use crate::domain::remembered::{RememberedAddress, RememberedKey};
use crate::domain::return_url::{ReturnTargets, ReturnUrl};
use crate::domain::site::{Located, Site};
use crate::domain::token::{self, Browser, Token, TokenKey};
use crate::gate::ask::Asker;
use crate::gate::journal::Trail;
use crate::gate::redeem::Caller;
use crate::gate::sessions::Present;
use crate::gate::{Admits, Gate, Place};
use crate::ports::{Known, Stored};

/// Longest destination that is shown, in characters.
const LONGEST_DESTINATION: usize = 80;

/// Where a request arrived and from whom; found by the proxy, from the configuration and the
/// connection.
#[derive(Clone, Debug)]
pub struct Here {
    /// The site and its concrete origin.
    pub located: Located,
    /// The client, after trusted proxies.
    pub client: ClientAddress,
    /// The other end of the connection.
    pub peer: IpAddr,
    /// Names the request in pages and in the log.
    pub reference: Arc<str>,
}

/// A request to one of our pages.
#[derive(Debug)]
pub struct Visit {
    /// What the handlers share.
    pub desk: Arc<Desk>,
    /// Where it arrived.
    pub here: Here,
    /// A genuine session token, if there is exactly one. Whether it counts, the store says.
    pub session: Option<Token<token::Session>>,
    /// A genuine browser token, if there is exactly one.
    pub browser: Option<Token<Browser>>,
    /// Who has signed in with this browser before; a damaged cookie says nothing.
    pub device: Option<Device>,
    /// The address that the visitor wanted to have remembered on this device.
    pub remembered: Option<RememberedAddress>,
    /// The cookies of this site.
    pub cookies: CookieNames,
    /// What the browser says it is, in our own words.
    pub label: String,
    /// The built-in browser of a mail app.
    pub in_app: bool,
    /// A browser that guesses what will be wanted; nothing must change for it.
    pub is_prefetch: bool,
    /// `HEAD`: nothing must change for it either.
    pub is_head: bool,
    /// Whether the browser says that a person has pressed something (`Sec-Fetch-User: ?1`).
    pub is_person: bool,
    /// To where a form of this site may be answered with a redirect.
    pub form_ends: FormEnds,
    /// The query, as received.
    pub query: String,
    /// The pages of this site, in the visitor's language.
    pub look: Look,
    sec_fetch_site: Option<Vec<u8>>,
    origin: Option<Vec<u8>>,
}

impl Visit {
    /// The site.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.here.located.site
    }

    /// The concrete origin.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.here.located.origin
    }

    /// The site for pages: its name, and its host. The host must outlive the page.
    #[must_use]
    pub fn page_site<'a>(&'a self, host: &'a str) -> super::pages::Site<'a> {
        super::pages::Site::of(self.site(), host)
    }

    /// The host as people know it.
    #[must_use]
    pub fn host(&self) -> String {
        self.origin().authority().to_string()
    }

    /// Where mail for an address goes, if the address may sign in here.
    pub fn admits(
        &self,
    ) -> impl Fn(&EmailAddress, Option<&Account>) -> Option<EmailAddress> + Sync + '_ {
        |email, account| self.site().admits(email, &self.desk.groups_of(email, account), account)
    }

    /// The site for the use cases.
    pub fn place<'a>(&'a self, admits: &'a Admits<'a>) -> Place<'a> {
        Place {
            site: &self.site().name,
            origin: self.origin(),
            has_links: self.has_link(),
            realm: &self.here.located.realm,
            terms: &self.site().terms,
            admits,
        }
    }

    /// The use cases for this request: what happens is noted as coming from here.
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.desk.gate.with(Trail {
            site: Some(self.site().name.as_str().into()),
            client: Some(self.here.client),
            request: Some(Arc::clone(&self.here.reference)),
            by: Actor::Visitor,
        })
    }

    /// The browser for the use cases that sign in.
    #[must_use]
    pub fn caller(&self) -> Caller<'_> {
        Caller {
            browser: self.browser.as_ref(),
            session: self.session.as_ref(),
            device: self.device.as_ref(),
            browser_label: &self.label,
            client: &self.here.client,
        }
    }

    /// The browser for the use cases that send mail; takes the token.
    pub fn asker(&mut self) -> Asker {
        Asker {
            client: self.here.client,
            browser_label: self.label.clone(),
            browser: self.browser.take(),
            language: self.look.language,
            device: self.device.clone(),
        }
    }

    /// Whether the mails of this site hold a link, and not the code alone.
    #[must_use]
    pub fn has_link(&self) -> bool {
        self.site().pattern.exact().is_some()
    }

    /// Refuses what another website caused. Called by every handler that changes something.
    ///
    /// # Errors
    /// [`Refusal::CrossSite`].
    pub fn require_same_origin(&self) -> Result<(), Refusal> {
        let is_same =
            same_origin(self.sec_fetch_site.as_deref(), self.origin.as_deref(), self.origin());
        if is_same { Ok(()) } else { Err(Refusal::CrossSite) }
    }

    /// Refuses where nobody can sign in for now. Called by every handler that asks for a mail.
    ///
    /// # Errors
    /// [`Refusal::SignInClosed`].
    pub fn require_open(&self) -> Result<(), Refusal> {
        if self.site().terms.enabled { Ok(()) } else { Err(Refusal::SignInClosed) }
    }

    /// Where a sign-in that begins here may end.
    #[must_use]
    pub fn targets(&self) -> ReturnTargets<'_> {
        self.desk.sites.return_targets(self.site(), self.origin(), &self.desk.prefix)
    }

    /// A return URL from outside or from the store; `/` if it is refused.
    #[must_use]
    pub fn return_url(&self, raw: &str) -> ReturnUrl {
        ReturnUrl::parse(raw, &self.targets()).unwrap_or_else(|_| ReturnUrl::root())
    }

    /// Where a return URL leads, for pages: host and path.
    #[must_use]
    pub fn destination(&self, return_url: &ReturnUrl) -> String {
        let path = return_url.display_short(LONGEST_DESTINATION);
        if path.starts_with('/') { format!("{}{path}", self.host()) } else { path }
    }

    /// Who is signed in here, if anybody.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn session(&self) -> Stored<Option<Arc<Known>>> {
        Ok(self.present().await?.map(|present| present.session))
    }

    /// As [`session`](Self::session), with the account of its person.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn present(&self) -> Stored<Option<Present>> {
        let Some(token) = &self.session else { return Ok(None) };
        let idle = self.site().terms.session.idle;
        self.desk.gate.authenticate(token.digest(), &self.here.located.realm, idle).await
    }

    /// The identity behind a session, with the groups of now.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn identity(&self, session: &Arc<Known>) -> Stored<Arc<Identity>> {
        let account = self.desk.gate.account_of(session).await?;
        let present = Present { session: Arc::clone(session), account };
        Ok(self.desk.identity(&present, self.site().terms.session.idle))
    }

    /// The value of a query parameter that is there exactly once.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<String> {
        let mut values = url::form_urlencoded::parse(self.query.as_bytes())
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned());
        values.next().filter(|_| values.next().is_none())
    }
}

impl FromRequestParts<Arc<Desk>> for Visit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Refusal> {
        let here = parts.extensions.get::<Here>().cloned().ok_or(Refusal::Internal("no place"))?;
        let look = parts.extensions.get::<Look>().cloned().ok_or(Refusal::Internal("no look"))?;
        let site = &here.located.site;
        let cookies = CookieNames::new(site.is_https(), site.session_domain.clone());
        let key = &desk.gate.keys().token;
        let agent = bytes(&parts.headers, header::USER_AGENT.as_str()).unwrap_or_default();
        Ok(Self {
            session: token_in(&parts.headers, cookies.session, key),
            browser: token_in(&parts.headers, cookies.browser, key),
            device: value_in(&parts.headers, cookies.device)
                .and_then(|text| Device::parse(text).ok()),
            remembered: remembered(&parts.headers, cookies.address, &desk.gate.keys().remembered),
            cookies,
            label: BrowserLabel::from_user_agent(agent).to_string(),
            in_app: in_app(agent),
            is_prefetch: is_prefetch(PURPOSE_FIELDS.iter().flat_map(|name| {
                parts.headers.get_all(*name).iter().map(http::HeaderValue::as_bytes)
            })),
            is_head: parts.method == http::Method::HEAD,
            is_person: bytes(&parts.headers, "sec-fetch-user") == Some(b"?1"),
            form_ends: parts.extensions.get::<FormEnds>().copied().unwrap_or_default(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            sec_fetch_site: bytes(&parts.headers, "sec-fetch-site").map(<[u8]>::to_vec),
            origin: bytes(&parts.headers, header::ORIGIN.as_str()).map(<[u8]>::to_vec),
            desk: Arc::clone(desk),
            here,
            look,
        })
    }
}

/// A genuine token in a cookie that is there exactly once.
#[must_use]
pub fn token_in<P: token::Purpose>(
    headers: &HeaderMap,
    name: &str,
    key: &TokenKey,
) -> Option<Token<P>> {
    Token::parse(key, value_in(headers, name)?).ok()
}

/// The text of a cookie that is there exactly once.
#[must_use]
pub fn value_in<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let fields = headers.get_all(header::COOKIE);
    cookies::find(fields.iter().map(http::HeaderValue::as_bytes), name).text()
}

fn remembered(headers: &HeaderMap, name: &str, key: &RememberedKey) -> Option<RememberedAddress> {
    let fields = headers.get_all(header::COOKIE);
    let found = cookies::find(fields.iter().map(http::HeaderValue::as_bytes), name);
    RememberedAddress::parse(key, found.text()?).ok()
}

/// The bytes of a field; a field that is there twice counts as a value that nothing equals.
fn bytes<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    Some(if values.next().is_some() { b"\0" } else { first.as_bytes() })
}
