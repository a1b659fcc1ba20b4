//! A protected origin, and how a request finds it.

use std::collections::HashMap;
use std::sync::Arc;

use super::account::Account;
use super::disclosure::Disclosure;
use super::email::EmailAddress;
use super::header::ManagedNames;
use super::identity::{GroupName, Membership};
use super::origin::{Authority, Origin, OriginPattern, Scheme};
use super::policy::SitePolicy;
use super::return_url::{ReturnPattern, ReturnTargets};
use super::sender::Sender;
use super::size::ByteSize;
use super::terms::SignInTerms;

/// What happens to client headers whose names have characters outside `[A-Za-z0-9-]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OddHeaders {
    /// They are removed: applications fold such names, and one may turn into another.
    #[default]
    Drop,
    /// They go on, unless they fold to a header of ours.
    Keep,
}

/// A protected origin.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its name in the configuration and in the store.
    pub name: String,
    /// The name people know it by.
    pub title: String,
    /// Its origin, exact or with a wildcard.
    pub pattern: OriginPattern,
    /// Who may do what.
    pub policy: Arc<SitePolicy>,
    /// How people sign in.
    pub terms: SignInTerms,
    /// Where a sign-in may end besides our own sites.
    pub return_to: Vec<ReturnPattern>,
    /// Sign-on for all sub-domains of this.
    pub session_domain: Option<String>,
    /// What the application is told.
    pub disclosure: Disclosure,
    /// What happens to oddly named headers.
    pub odd_headers: OddHeaders,
    /// Origins whose scripts may read our own 401.
    pub cors_origins: Vec<Origin>,
    /// Who its mails are from.
    pub sender: Arc<Sender>,
    /// Largest body of a request to the application; none for any.
    pub max_body: Option<ByteSize>,
}

impl Site {
    /// Whether an address may sign in here: where its mail goes, or nothing. An address that a rule
    /// or an account names gets its mail in that spelling, never in the typed one. Who is suspended
    /// may nowhere.
    #[must_use]
    pub fn admits(
        &self,
        email: &EmailAddress,
        groups: &[GroupName],
        account: Option<&Account>,
    ) -> Option<EmailAddress> {
        let membership = match account {
            Some(account) if account.is_suspended() => return None,
            Some(account) if account.is_member() => Membership::Member,
            Some(_) | None => Membership::Outsider,
        };
        if !self.terms.enabled || !self.policy.may_sign_in(email, groups, membership) {
            return None;
        }
        let listed = self.policy.mail_spelling(email);
        let listed = listed.and_then(|text| EmailAddress::parse(text).ok());
        Some(listed.or_else(|| Some(account?.email.clone())).unwrap_or_else(|| email.clone()))
    }

    /// Whether its cookies are `Secure`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        matches!(self.pattern.scheme(), Scheme::Https)
    }
}

/// A site, and the concrete origin of a request to it.
#[derive(Clone, Debug)]
pub struct Located {
    /// The site.
    pub site: Arc<Site>,
    /// The origin.
    pub origin: Arc<Origin>,
    /// The origin as text, for headers: made once.
    pub origin_text: Arc<str>,
    /// Where sessions that begin here count: this origin, or the sign-on domain.
    pub realm: Arc<str>,
}

impl Located {
    /// A request to `site` under `origin`.
    #[must_use]
    pub fn new(site: Arc<Site>, origin: Origin) -> Self {
        let origin_text: Arc<str> = origin.to_string().into();
        let realm = match &site.session_domain {
            Some(domain) => format!("{}://*.{domain}", origin.scheme().as_str()).into(),
            None => Arc::clone(&origin_text),
        };
        Self { site, origin: Arc::new(origin), origin_text, realm }
    }

    /// Host and port as browsers write them: the origin without its scheme.
    #[must_use]
    pub fn host(&self) -> &str {
        self.origin_text.split_once("://").map_or("", |(_, host)| host)
    }
}

/// All sites, found by what a request has as `Host` or `:authority`. Finding costs the same for any
/// number of sites.
#[derive(Debug, Default)]
pub struct Sites {
    sites: Vec<Arc<Site>>,
    exact: HashMap<Box<str>, Located>,
    /// By the host behind the star; several only where their ports differ.
    wildcards: HashMap<Box<str>, Vec<Arc<Site>>>,
    patterns: Vec<OriginPattern>,
}

impl Sites {
    /// Indexes the sites, and lets no client of one say what linkgate says at another: two sites may
    /// lead to one application, of which the public one used to let through `X-App-User`, because
    /// only the protected one sets it.
    ///
    /// An exact origin comes before wildcards, and of wildcards the one with the
    /// longest host; of the same the first.
    #[must_use]
    pub fn new(sites: Vec<Site>) -> Self {
        let mut all = Self::default();
        let proofs = sites.iter().flat_map(|site| site.disclosure.proofs());
        let everywhere = Arc::new(ManagedNames::new(proofs));
        for mut site in sites {
            site.disclosure.distrust(&everywhere);
            let site = Arc::new(site);
            all.patterns.push(site.pattern.clone());
            match site.pattern.exact() {
                None => {
                    let parent = site.pattern.host().as_str().into();
                    all.wildcards.entry(parent).or_default().push(Arc::clone(&site));
                }
                Some(origin) => {
                    let located = Located::new(Arc::clone(&site), origin.clone());
                    // The way browsers write it, and with the port that they leave out.
                    let with_port = format!("{}:{}", origin.host(), origin.effective_port());
                    all.exact.insert(origin.authority().to_string().into(), located.clone());
                    all.exact.insert(with_port.into(), located);
                }
            }
            all.sites.push(site);
        }
        all
    }

    /// The site that a request's `Host` or `:authority` names. The ordinary spelling is found
    /// without parsing; every other one is parsed first.
    #[must_use]
    pub fn find(&self, authority: &str) -> Option<Located> {
        if let Some(located) = self.exact.get(authority) {
            return Some(located.clone());
        }
        let authority = Authority::parse(authority).ok()?;
        if let Some(located) = self.exact.get(authority.to_string().as_str()) {
            return Some(located.clone());
        }
        let mut below = self.wildcards_above(authority.host.as_str());
        below.find_map(|site| {
            let origin = site.pattern.for_authority(&authority)?;
            Some(Located::new(Arc::clone(site), origin))
        })
    }

    /// The wildcard sites whose parent is above the host, the nearest first.
    fn wildcards_above<'a>(&'a self, host: &'a str) -> impl Iterator<Item = &'a Arc<Site>> {
        let dots = host.match_indices('.').filter(|_| !self.wildcards.is_empty());
        dots.filter_map(|(dot, _)| self.wildcards.get(&host[dot + 1..])).flatten()
    }

    /// All sites, in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Site>> {
        self.sites.iter()
    }

    /// Where a sign-in at a site may end.
    #[must_use]
    pub fn return_targets<'a>(
        &'a self,
        site: &'a Site,
        origin: &'a Origin,
        prefix: &'a str,
    ) -> ReturnTargets<'a> {
        ReturnTargets { site: origin, others: &self.patterns, return_to: &site.return_to, prefix }
    }
}
