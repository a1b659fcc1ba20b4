//! Which limits are in force for somebody, and an end to them.

use super::Gate;
use super::counts::DEVICES_AT_ONCE;
use crate::domain::client::ClientAddress;
use crate::domain::email::EmailAddress;
use crate::domain::limit::{Counted, Limit, LimitKey, Limited};
use crate::domain::site::{Site, Sites};
use crate::domain::time::UnixMillis;
use crate::ports::Stored;

/// Whose limits.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// Those of an address, whoever asks for mails to it or tries its password.
    Person(&'a EmailAddress),
    /// Those of a client and of the network around it.
    Client(ClientAddress),
    /// Those of all people together, at one site (by its name) or at each.
    Everybody(Option<&'a str>),
}

/// A limit of which something is used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// What is counted, or held back.
    pub what: Limited,
    /// The site that counts it for itself, if one does.
    pub site: Option<String>,
    /// How often it may be. None for what is no count: a pause, a mark.
    pub limit: Option<Limit>,
    /// How often it was.
    pub count: u32,
    /// When this is over.
    pub until: UnixMillis,
}

impl InForce {
    /// Whether nothing is left, or something is held back.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.limit.is_none_or(|limit| self.count >= limit.count)
    }
}

/// A count that may be in force.
struct Watched {
    what: Limited,
    site: Option<String>,
    limit: Option<Limit>,
    key: LimitKey,
}

impl Gate {
    /// What is used up of the limits, wholly or in part, in the order in which they are counted. What is
    /// counted for a browser that somebody has signed in with is not among it: only that browser says
    /// which it is.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn limits_of(&self, whose: Whose<'_>, sites: &Sites) -> Stored<Vec<InForce>> {
        let watched = self.watched(whose, sites).await?;
        let keys: Vec<LimitKey> = watched.iter().map(|it| it.key).collect();
        let counted = self.store.counted(&keys, self.clock.now()).await?;
        let in_force = watched.into_iter().zip(counted).filter_map(|(watched, counted)| {
            let Counted { count, until } = counted?;
            let Watched { what, site, limit, .. } = watched;
            Some(InForce { what, site, limit, count, until })
        });
        Ok(in_force.collect())
    }

    /// Forgets all of it. Returns how many there were.
    ///
    /// # Errors
    /// When the store is in trouble.
    pub async fn lift_limits(&self, whose: Whose<'_>, sites: &Sites) -> Stored<u64> {
        let watched = self.watched(whose, sites).await?;
        let keys: Vec<LimitKey> = watched.iter().map(|it| it.key).collect();
        self.store.lift(&keys, self.clock.now()).await
    }

    async fn watched(&self, whose: Whose<'_>, sites: &Sites) -> Stored<Vec<Watched>> {
        let mut found = Found { gate: self, watched: Vec::new() };
        match whose {
            Whose::Person(email) => {
                sites.iter().for_each(|site| found.of_person(email, site));
                found.add(Limited::Distrust, None, email.identity(), None);
                let mailbox = email.limit_key();
                let begun =
                    self.store.attempts_where(&|it| it.email.limit_key() == mailbox).await?;
                for (_, record) in begun {
                    let key = self.pause_key(email, &record.attempt.network);
                    found.push(Watched { what: Limited::Pause, site: None, limit: None, key });
                }
            }
            Whose::Client(client) => sites.iter().for_each(|site| found.of_client(client, site)),
            Whose::Everybody(name) => {
                let sites = sites.iter().filter(|site| name.is_none_or(|name| name == site.name));
                sites.for_each(|site| found.of_everybody(site));
            }
        }
        Ok(found.watched)
    }
}

/// What was found so far, each once: sites share counts.
struct Found<'a> {
    gate: &'a Gate,
    watched: Vec<Watched>,
}

impl Found<'_> {
    fn push(&mut self, watched: Watched) {
        if !self.watched.iter().any(|it| it.key == watched.key) {
            self.watched.push(watched);
        }
    }

    fn add(&mut self, what: Limited, alone: Option<&Site>, subject: &str, limit: Option<Limit>) {
        let key = self.gate.limit_key(what, alone.map(|site| &*site.name), subject);
        let site = alone.map(|site| site.name.clone());
        self.push(Watched { what, site, limit, key });
    }

    fn of_person(&mut self, email: &EmailAddress, site: &Site) {
        let terms = &site.terms;
        let alone = Some(site).filter(|_| terms.alone.address);
        let mailbox = email.limit_key();
        self.add(Limited::MailsToAddress, alone, &mailbox, Some(terms.email_limit));
        let all = of_devices(terms.email_limit);
        self.add(Limited::MailsToDevices, alone, email.identity(), Some(all));
        if let Some(terms) = terms.passwords() {
            let person = email.identity();
            self.add(Limited::PasswordsForPerson, None, person, Some(terms.person_limit));
            self.add(Limited::PasswordsLately, None, person, Some(terms.lasting_limit()));
            let all = of_devices(terms.person_limit);
            self.add(Limited::PasswordsOnDevices, None, person, Some(all));
        }
    }

    fn of_client(&mut self, client: ClientAddress, site: &Site) {
        let (one, around) = (client.network().to_string(), client.neighbourhood().to_string());
        let terms = &site.terms;
        let alone = |is_alone: bool| Some(site).filter(|_| is_alone);
        let own = alone(terms.alone.client);
        self.add(Limited::MailsByClient, own, &one, Some(terms.client_limit));
        let own = alone(terms.alone.network);
        self.add(Limited::MailsByNetwork, own, &around, Some(terms.network_limit));
        if let Some(terms) = terms.passwords() {
            self.add(Limited::PasswordsByClient, None, &one, Some(terms.client_limit));
            self.add(Limited::PasswordsByNetwork, None, &around, Some(terms.network_limit));
        }
    }

    fn of_everybody(&mut self, site: &Site) {
        let key = self.gate.limit_key(Limited::MailsAtSite, None, &site.name);
        let (what, limit) = (Limited::MailsAtSite, Some(site.terms.site_limit));
        self.push(Watched { what, site: Some(site.name.clone()), limit, key });
        self.add(Limited::MailsInAll, None, "", Some(site.terms.total_limit));
    }
}

/// All browsers that one person has signed in with, together.
fn of_devices(limit: Limit) -> Limit {
    Limit { count: limit.count.saturating_mul(DEVICES_AT_ONCE), ..limit }
}
