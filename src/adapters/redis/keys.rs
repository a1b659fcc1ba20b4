//! The names of keys. Digests, keyed hashes and random identities only.

use crate::domain::delivery::{DeliveryState, MailId, Reference};
use crate::domain::limit::{LimitKey, PersonKey};
use crate::domain::token::{self, Browser, Link, Service, TokenDigest};

/// Makes keys below a prefix, so that several installations may share a Redis.
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// Keys of a Cluster: what stands in braces alone decides about the slot, so all are in one, and
    /// a script may touch any of them. `settle` needs that of an attempt, a session, a person, an
    /// account and a mail; and a session is found by its token, which says nothing of a person whose
    /// slot it could be in.
    pub(super) fn in_one_slot(prefix: &str) -> Self {
        Self { prefix: format!("{{{prefix}}}") }
    }

    /// What all keys begin with, for scripts that find others by what they read.
    pub(super) fn base(&self) -> String {
        format!("{}:", self.prefix)
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What stands before a link's digest.
    pub(super) fn attempts(&self) -> String {
        format!("{}:attempt:", self.prefix)
    }

    pub(super) fn attempt(&self, link: TokenDigest<Link>) -> String {
        self.attempts() + &link.to_hex()
    }

    /// The digest in the key of an attempt.
    pub(super) fn attempt_in(&self, key: &[u8]) -> Option<TokenDigest<Link>> {
        let hex = self.below(key, b":attempt:")?;
        TokenDigest::from_hex(std::str::from_utf8(hex).ok()?)
    }

    /// What stands before a session's digest.
    pub(super) fn sessions(&self) -> String {
        format!("{}:session:", self.prefix)
    }

    pub(super) fn session(&self, digest: TokenDigest<token::Session>) -> String {
        self.sessions() + &digest.to_hex()
    }

    /// The digest in the key of a session.
    pub(super) fn session_in(&self, key: &[u8]) -> Option<TokenDigest<token::Session>> {
        let hex = self.below(key, b":session:")?;
        TokenDigest::from_hex(std::str::from_utf8(hex).ok()?)
    }

    /// The digest in the key of a service token.
    pub(super) fn token_in(&self, key: &[u8]) -> Option<TokenDigest<Service>> {
        let hex = self.below(key, b":token:")?;
        TokenDigest::from_hex(std::str::from_utf8(hex).ok()?)
    }

    /// The person in the key of an account.
    pub(super) fn account_in(&self, key: &[u8]) -> Option<PersonKey> {
        let hex = self.below(key, b":account:")?;
        let person = TokenDigest::<Link>::from_hex(std::str::from_utf8(hex).ok()?)?;
        Some(PersonKey(*person.as_bytes()))
    }

    /// Without making the whole prefix first: this is asked of every change.
    fn below<'a>(&self, key: &'a [u8], family: &[u8]) -> Option<&'a [u8]> {
        key.strip_prefix(self.prefix.as_bytes())?.strip_prefix(family)
    }

    /// What the keys begin with that are kept in memory, and the mark of the store. None begins with
    /// another one: Redis refuses to tell of such.
    pub(super) fn kept(&self) -> [String; 4] {
        [self.sessions(), self.account_prefix(), self.token_prefix(), self.installation()]
    }

    pub(super) fn browser(&self, browser: TokenDigest<Browser>) -> String {
        format!("{}:browser:{}", self.prefix, browser.to_hex())
    }

    /// What the next attempt of a browser and person replaces. A key and not a field of the browser's:
    /// it leaves by its own time to live, and else one browser that goes on asking, for one address
    /// after the other, would make a hash without end.
    pub(super) fn open(&self, browser: TokenDigest<Browser>, person: PersonKey) -> String {
        format!("{}:open:{}{}", self.prefix, browser.to_hex(), hex(person.0))
    }

    pub(super) fn person(&self, person: PersonKey) -> String {
        format!("{}:person:{}", self.prefix, hex(person.0))
    }

    pub(super) fn account(&self, person: PersonKey) -> String {
        self.account_prefix() + &hex(person.0)
    }

    /// What stands before a person's hash.
    pub(super) fn account_prefix(&self) -> String {
        format!("{}:account:", self.prefix)
    }

    /// Whose accounts there are.
    pub(super) fn accounts(&self) -> String {
        format!("{}:accounts", self.prefix)
    }

    pub(super) fn token(&self, digest: TokenDigest<Service>) -> String {
        self.token_prefix() + &digest.to_hex()
    }

    /// What stands before the digest of a service token.
    pub(super) fn token_prefix(&self) -> String {
        format!("{}:token:", self.prefix)
    }

    /// The names of service tokens.
    pub(super) fn tokens(&self) -> String {
        format!("{}:tokens", self.prefix)
    }

    pub(super) fn limit(&self, key: &LimitKey) -> String {
        format!("{}:limit:{}:{}", self.prefix, key.limited.name(), hex(key.subject))
    }

    pub(super) fn roster(&self) -> String {
        format!("{}:signing-keys", self.prefix)
    }

    /// The audit record.
    pub(super) fn events(&self) -> String {
        format!("{}:events", self.prefix)
    }

    /// What stands before the hash of a person whose events are looked for.
    pub(super) fn person_events_prefix(&self) -> String {
        format!("{}:person-events:", self.prefix)
    }

    pub(super) fn person_events(&self, person: PersonKey) -> String {
        self.person_events_prefix() + &hex(person.0)
    }

    /// That a person was erased.
    pub(super) fn erased(&self, person: PersonKey) -> String {
        format!("{}:erased:{}", self.prefix, hex(person.0))
    }

    /// All keys of ours, for a search. A prefix has no letter of a meaning there.
    pub(super) fn all(&self) -> String {
        format!("{}:*", self.prefix)
    }

    /// Whether a key of ours is one of those that hold people, scripts or signing keys.
    pub(super) fn is_somebodys(&self, key: &[u8]) -> bool {
        let prefixes = [self.sessions(), self.account_prefix(), self.token_prefix()];
        key == self.roster().as_bytes() || prefixes.iter().any(|it| key.starts_with(it.as_bytes()))
    }

    pub(super) fn installation(&self) -> String {
        format!("{}:installation", self.prefix)
    }

    pub(super) fn outbox(&self) -> String {
        format!("{}:outbox", self.prefix)
    }

    pub(super) fn mail(&self, id: MailId) -> String {
        format!("{}:mail:{}", self.prefix, id.to_hex())
    }

    /// The record of a mail.
    pub(super) fn delivery(&self, id: MailId) -> String {
        format!("{}:delivery:{}", self.prefix, id.to_hex())
    }

    /// The records in a state.
    pub(super) fn in_state(&self, state: DeliveryState) -> String {
        format!("{}:deliveries:{}", self.prefix, state.name())
    }

    /// A person's records.
    pub(super) fn deliveries_of(&self, person: PersonKey) -> String {
        format!("{}:deliveries-of:{}", self.prefix, hex(person.0))
    }

    /// What leads from the name that the other side gave a mail to the mail.
    pub(super) fn reference(&self, reference: &Reference) -> String {
        format!("{}:reference:{}", self.prefix, hex(reference.digest()))
    }

    pub(super) fn suppression(&self, person: PersonKey) -> String {
        format!("{}:suppression:{}", self.prefix, hex(person.0))
    }

    /// Whom no mail goes to.
    pub(super) fn suppressions(&self) -> String {
        format!("{}:suppressions", self.prefix)
    }
}

/// Lower-case hexadecimal of a keyed hash.
pub(super) fn hex(bytes: [u8; 32]) -> String {
    TokenDigest::<Link>::from_bytes(bytes).to_hex()
}
