//! Reading what Redis answers. What is missing, damaged or of another version reads as absent.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use crate::domain::account::Account;
use crate::domain::attempt::Record;
use crate::domain::delivery::{
    Delivery, DeliveryState, MailId, Progress, Reference, RelayWords, Suppression,
};
use crate::domain::email::EmailAddress;
use crate::domain::limit::{Counted, PersonKey};
use crate::domain::secret::{Birth, Mark};
use crate::domain::service_token::ServiceToken;
use crate::domain::session::Session;
use crate::domain::signing::{KeyRoster, RosterDamaged};
use crate::domain::time::UnixMillis;
use crate::domain::token::{self, Link, TokenDigest};
use crate::ports::{AccountFound, ClaimedMail, Owner};

/// Bytes and not text: one damaged byte must not turn "absent" into an error.
type Field = Option<Vec<u8>>;

/// The version that is written.
const VERSION: &[u8] = b"1";

/// `v`, `d`, `state`, `tries`.
pub(super) fn record(fields: (Field, Field, Field, Field)) -> Option<Record> {
    let (version, fixed, state, tries) = fields;
    known(version)?;
    let attempt = serde_json::from_slice(&fixed?).ok()?;
    Some(Record { attempt, state: parse(state)?, tries: parse(tries)? })
}

/// The link, and what belongs to its [`record`]; empty when there is none.
pub(super) fn latest(fields: Vec<Field>) -> Option<(TokenDigest<Link>, Record)> {
    let [link, version, fixed, state, tries] = fields.try_into().ok()?;
    let link = TokenDigest::from_hex(&text(link)?)?;
    Some((link, record((version, fixed, state, tries))?))
}

/// `v`, `d`, `seen`.
pub(super) fn session(fields: (Field, Field, Field)) -> Option<Session> {
    let (version, fixed, seen) = fields;
    known(version)?;
    let session: Session = serde_json::from_slice(&fixed?).ok()?;
    Some(Session { last_seen: UnixMillis(parse(seen)?), ..session })
}

/// `v`, `d`. Unlike the others it is never absent: what cannot be read is an error.
pub(super) fn roster(fields: (Field, Field)) -> Result<KeyRoster, RosterDamaged> {
    match fields {
        (None, None) => Ok(KeyRoster::initial()),
        (version, roster) => {
            known(version).ok_or(RosterDamaged)?;
            serde_json::from_slice(&roster.ok_or(RosterDamaged)?).map_err(|_| RosterDamaged)
        }
    }
}

/// The digest, and what belongs to its [`session`].
pub(super) fn listed_session(
    fields: (Field, Field, Field, Field),
) -> Option<(TokenDigest<token::Session>, Session)> {
    let (digest, version, fixed, seen) = fields;
    Some((TokenDigest::from_hex(&text(digest)?)?, session((version, fixed, seen))?))
}

/// All fields: a hash without those that are known here is one of another version.
pub(super) fn account(mut fields: HashMap<Vec<u8>, Vec<u8>>) -> AccountFound {
    if fields.is_empty() {
        return AccountFound::Nothing;
    }
    let (version, fixed) = (fields.remove(b"v".as_slice()), fields.remove(b"d".as_slice()));
    readable_account(version, fixed)
        .map_or(AccountFound::Unreadable, |account| AccountFound::Account(Arc::new(account)))
}

fn readable_account(version: Field, fixed: Field) -> Option<Account> {
    known(version)?;
    serde_json::from_slice(&fixed?).ok()
}

/// `v`, `mark`, `birth`. What cannot be read is somebody else's.
pub(super) fn owner(fields: (Field, Field, Field), mark: Mark) -> Owner {
    let (version, found, birth) = match fields {
        (None, None, None) => return Owner::Nobody,
        fields => fields,
    };
    let read = || {
        known(version)?;
        let birth = parse::<u128>(birth)?.to_be_bytes();
        (parse::<u128>(found)?.to_be_bytes() == mark.0).then_some(Birth(birth))
    };
    read().map_or(Owner::Another, Owner::Ours)
}

/// The person, and the account, if it can be read.
pub(super) fn listed_account(
    fields: (Field, Field, Field),
) -> Option<(PersonKey, Option<Account>)> {
    let (person, version, fixed) = fields;
    Some((self::person(person)?, readable_account(version, fixed)))
}

/// `v`, `d`, `seen`; zero for never.
pub(super) fn service_token(fields: (Field, Field, Field)) -> Option<ServiceToken> {
    let (version, fixed, seen) = fields;
    known(version)?;
    let token: ServiceToken = serde_json::from_slice(&fixed?).ok()?;
    let seen: u64 = parse(seen)?;
    Some(ServiceToken { last_used: (seen > 0).then_some(UnixMillis(seen)), ..token })
}

/// The digests of sessions.
pub(super) fn digests(fields: Vec<Field>) -> Vec<TokenDigest<token::Session>> {
    fields.into_iter().filter_map(|it| TokenDigest::from_hex(&text(it)?)).collect()
}

/// `v`, `until`.
pub(super) fn moment(fields: (Field, Field)) -> Option<UnixMillis> {
    let (version, until) = fields;
    known(version)?;
    parse(until).map(UnixMillis)
}

/// `v`, `count`, `until`.
pub(super) fn counted(fields: (Field, Field, Field)) -> Option<Counted> {
    let (version, count, until) = fields;
    known(version)?;
    Some(Counted { count: parse(count)?, until: UnixMillis(parse(until)?) })
}

/// Identity, sealed job, expiry, claims, why no mail goes to its person.
pub(super) fn claimed_mail(fields: (Field, Field, Field, u32, Field)) -> Option<ClaimedMail> {
    let (id, sealed, expires_at, claims, suppressed) = fields;
    let id = MailId::from_hex(&text(id)?)?;
    let expires_at = UnixMillis(parse(expires_at)?);
    // What a later version gives as a reason counts as the one that nothing goes in spite of.
    let why = |said| parse(Some(said)).unwrap_or(DeliveryState::Bounced);
    let suppressed = suppressed.filter(|it| !it.is_empty()).map(why);
    Some(ClaimedMail { id, sealed: sealed?, expires_at, claims, suppressed })
}

/// All fields of a record.
pub(super) fn delivery(id: MailId, fields: HashMap<Vec<u8>, Vec<u8>>) -> Option<Delivery> {
    let field = |name: &str| fields.get(name.as_bytes()).cloned();
    known(field("v"))?;
    let moments = fields.iter().filter_map(|(name, at)| {
        let state = std::str::from_utf8(name).ok()?.strip_prefix("at:")?.parse().ok()?;
        Some((state, UnixMillis(parse(Some(at.clone()))?)))
    });
    let progress = Progress {
        state: parse(field("state"))?,
        rank: parse(field("rank"))?,
        tries: parse(field("tries"))?,
        moments: moments.collect(),
        words: text(field("words")).and_then(|it| RelayWords::new(&it)),
        reference: text(field("reference")).and_then(|it| Reference::new(&it)),
    };
    Some(Delivery {
        id,
        person: person(field("person"))?,
        to: EmailAddress::parse(&text(field("to"))?).ok()?,
        facts: serde_json::from_slice(&field("d")?).ok()?,
        progress,
        keep_until: UnixMillis(parse(field("keep"))?),
    })
}

/// Identity, and what belongs to its [`delivery`].
pub(super) fn listed_delivery(
    (id, fields): (Field, HashMap<Vec<u8>, Vec<u8>>),
) -> Option<Delivery> {
    delivery(MailId::from_hex(&text(id)?)?, fields)
}

/// `v`, `mail`.
pub(super) fn mail_id(fields: (Field, Field)) -> Option<MailId> {
    let (version, id) = fields;
    known(version)?;
    MailId::from_hex(&text(id)?)
}

/// All fields of a suppression.
pub(super) fn suppression(
    person: PersonKey,
    fields: HashMap<Vec<u8>, Vec<u8>>,
) -> Option<Suppression> {
    let field = |name: &str| fields.get(name.as_bytes()).cloned();
    known(field("v"))?;
    Some(Suppression {
        person,
        to: EmailAddress::parse(&text(field("to"))?).ok()?,
        why: parse(field("why"))?,
        since: UnixMillis(parse(field("since"))?),
        until: UnixMillis(parse(field("until"))?),
    })
}

/// The person, and what belongs to their [`suppression`].
pub(super) fn listed_suppression(
    (whose, fields): (Field, HashMap<Vec<u8>, Vec<u8>>),
) -> Option<Suppression> {
    suppression(person(whose)?, fields)
}

fn person(field: Field) -> Option<PersonKey> {
    let person = TokenDigest::<Link>::from_hex(&text(field)?)?;
    Some(PersonKey(*person.as_bytes()))
}

fn known(version: Field) -> Option<()> {
    (version.as_deref() == Some(VERSION)).then_some(())
}

fn text(field: Field) -> Option<String> {
    String::from_utf8(field?).ok()
}

fn parse<T: FromStr>(field: Field) -> Option<T> {
    text(field)?.parse().ok()
}
