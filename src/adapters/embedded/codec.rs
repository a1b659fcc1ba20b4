//! How values are written: a version byte, what is looked up or changed alone in fixed places, and
//! the rest as JSON, so that a field more needs no new version.
//!
//! What cannot be read, of another version or damaged, reads as absent.

use crate::domain::account::Account;
use crate::domain::attempt::Record;
use crate::domain::delivery::{Delivery, MailId, Suppression};
use crate::domain::event::Event;
use crate::domain::limit::PersonKey;
use crate::domain::secret::{Birth, Mark};
use crate::domain::service_token::ServiceToken;
use crate::domain::session::Session;
use crate::domain::signing::{KeyRoster, RosterDamaged};
use crate::domain::time::UnixMillis;
use crate::ports::Owner;

/// The version that is written.
const VERSION: u8 = 1;

/// An attempt with what the store needs to keep its indexes.
pub(super) struct StoredAttempt {
    pub(super) keep_until: UnixMillis,
    pub(super) person: PersonKey,
    pub(super) record: Record,
}

impl StoredAttempt {
    pub(super) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.keep_until.0.to_be_bytes());
        bytes.extend(self.person.0);
        serde_json::to_writer(&mut bytes, &self.record)?;
        Ok(bytes)
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = Reader::new(bytes)?;
        let keep_until = rest.millis()?;
        let person = PersonKey(rest.array()?);
        let record = serde_json::from_slice(rest.0).ok()?;
        Some(Self { keep_until, person, record })
    }
}

/// Where `last_seen` lies in an encoded session.
const SEEN: std::ops::Range<usize> = 1..9;

/// A session. `last_seen` stands before the JSON, so that a touch changes eight bytes.
pub(super) fn encode_session(
    session: &Session,
    person: PersonKey,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = vec![VERSION];
    bytes.extend(session.last_seen.0.to_be_bytes());
    bytes.extend(person.0);
    serde_json::to_writer(&mut bytes, session)?;
    Ok(bytes)
}

pub(super) fn decode_session(bytes: &[u8]) -> Option<(Session, PersonKey)> {
    let mut rest = Reader::new(bytes)?;
    let last_seen = rest.millis()?;
    let person = PersonKey(rest.array()?);
    let session: Session = serde_json::from_slice(rest.0).ok()?;
    Some((Session { last_seen, ..session }, person))
}

/// The same session or token, seen at `now`; nothing when it was seen later already.
pub(super) fn touched_session(bytes: &[u8], now: UnixMillis) -> Option<Vec<u8>> {
    if Reader::new(bytes)?.millis()? >= now {
        return None;
    }
    let mut bytes = bytes.to_vec();
    bytes.get_mut(SEEN)?.copy_from_slice(&now.0.to_be_bytes());
    Some(bytes)
}

pub(super) fn encode_account(account: &Account) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = vec![VERSION];
    serde_json::to_writer(&mut bytes, account)?;
    Ok(bytes)
}

pub(super) fn decode_account(bytes: &[u8]) -> Option<Account> {
    serde_json::from_slice(Reader::new(bytes)?.0).ok()
}

/// A service token until when it is kept, and the token; `last_used` stands before the JSON, zero for
/// never.
pub(super) fn encode_token(
    token: &ServiceToken,
    keep_until: UnixMillis,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = vec![VERSION];
    bytes.extend(token.last_used.map_or(0, |at| at.0).to_be_bytes());
    bytes.extend(keep_until.0.to_be_bytes());
    serde_json::to_writer(&mut bytes, token)?;
    Ok(bytes)
}

pub(super) fn decode_token(bytes: &[u8]) -> Option<(ServiceToken, UnixMillis)> {
    let mut rest = Reader::new(bytes)?;
    let (last_used, keep_until) = (rest.millis()?, rest.millis()?);
    let token: ServiceToken = serde_json::from_slice(rest.0).ok()?;
    let last_used = (last_used.0 > 0).then_some(last_used);
    Some((ServiceToken { last_used, ..token }, keep_until))
}

/// Whose store it is.
pub(super) fn encode_owner(mark: Mark, birth: Birth) -> Vec<u8> {
    [&[VERSION], mark.0.as_slice(), &birth.0].concat()
}

/// What cannot be read is somebody else's.
pub(super) fn decode_owner(bytes: Option<&[u8]>, mark: Mark) -> Owner {
    let Some(bytes) = bytes else { return Owner::Nobody };
    let read = Reader::new(bytes).and_then(|mut rest| {
        let (found, birth) = (Mark(rest.array()?), Birth(rest.array()?));
        (found == mark && rest.0.is_empty()).then_some(birth)
    });
    read.map_or(Owner::Another, Owner::Ours)
}

/// The roster of signing keys.
pub(super) fn encode_roster(roster: &KeyRoster) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = vec![VERSION];
    serde_json::to_writer(&mut bytes, roster)?;
    Ok(bytes)
}

/// Unlike the others it is never absent: what cannot be read is an error.
pub(super) fn decode_roster(bytes: Option<&[u8]>) -> Result<KeyRoster, RosterDamaged> {
    let Some(bytes) = bytes else { return Ok(KeyRoster::initial()) };
    let rest = Reader::new(bytes).ok_or(RosterDamaged)?;
    serde_json::from_slice(rest.0).map_err(|_| RosterDamaged)
}

/// Stands for nobody: no keyed hash is all zeros.
const NOBODY: [u8; 32] = [0; 32];

/// An event. The person stands before the JSON, so that it is known of events that cannot be read, too.
pub(super) fn encode_event(event: &Event) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = vec![VERSION];
    bytes.extend(event.person().map_or(NOBODY, |person| person.0));
    serde_json::to_writer(&mut bytes, event)?;
    Ok(bytes)
}

pub(super) fn decode_event(bytes: &[u8]) -> Option<Event> {
    let mut rest = Reader::new(bytes)?;
    rest.array::<32>()?;
    serde_json::from_slice(rest.0).ok()
}

/// Whose an event is, if anybody's.
pub(super) fn person_of_event(bytes: &[u8]) -> Option<PersonKey> {
    Some(PersonKey(Reader::new(bytes)?.array()?)).filter(|person| person.0 != NOBODY)
}

/// A count in its window.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) count: u32,
    pub(super) until: UnixMillis,
}

impl Window {
    pub(super) fn encode(self) -> [u8; 13] {
        let mut bytes = [VERSION; 13];
        bytes[1..5].copy_from_slice(&self.count.to_be_bytes());
        bytes[5..].copy_from_slice(&self.until.0.to_be_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = Reader::new(bytes)?;
        Some(Self { count: u32::from_be_bytes(rest.array()?), until: rest.millis()? })
    }
}

/// A mail with its place in the queue.
pub(super) struct StoredMail<'a> {
    pub(super) due: UnixMillis,
    pub(super) expires_at: UnixMillis,
    pub(super) claims: u32,
    pub(super) sealed: &'a [u8],
}

impl<'a> StoredMail<'a> {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.due.0.to_be_bytes());
        bytes.extend(self.expires_at.0.to_be_bytes());
        bytes.extend(self.claims.to_be_bytes());
        bytes.extend(self.sealed);
        bytes
    }

    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = Reader::new(bytes)?;
        let (due, expires_at) = (rest.millis()?, rest.millis()?);
        let claims = u32::from_be_bytes(rest.array()?);
        Some(Self { due, expires_at, claims, sealed: rest.0 })
    }
}

/// The record of a mail.
pub(super) fn encode_delivery(delivery: &Delivery) -> Result<Vec<u8>, serde_json::Error> {
    let Delivery { id: _, person, to, facts, progress, keep_until } = delivery;
    let mut bytes = vec![VERSION];
    bytes.extend(keep_until.0.to_be_bytes());
    bytes.extend(person.0);
    serde_json::to_writer(&mut bytes, &(to, facts, progress))?;
    Ok(bytes)
}

pub(super) fn decode_delivery(id: MailId, bytes: &[u8]) -> Option<Delivery> {
    let mut rest = Reader::new(bytes)?;
    let (keep_until, person) = (rest.millis()?, PersonKey(rest.array()?));
    let (to, facts, progress) = serde_json::from_slice(rest.0).ok()?;
    Some(Delivery { id, person, to, facts, progress, keep_until })
}

/// Why no mail goes to a person.
pub(super) fn encode_suppression(it: &Suppression) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = vec![VERSION];
    bytes.extend(it.until.0.to_be_bytes());
    serde_json::to_writer(&mut bytes, &(&it.to, it.why, it.since))?;
    Ok(bytes)
}

pub(super) fn decode_suppression(person: PersonKey, bytes: &[u8]) -> Option<Suppression> {
    let mut rest = Reader::new(bytes)?;
    let until = rest.millis()?;
    let (to, why, since) = serde_json::from_slice(rest.0).ok()?;
    Some(Suppression { person, to, why, since, until })
}

/// The identity of a mail as a value of an index.
pub(super) fn encode_mail_id(id: MailId) -> [u8; 17] {
    let mut bytes = [VERSION; 17];
    bytes[1..].copy_from_slice(&id.0);
    bytes
}

pub(super) fn decode_mail_id(bytes: &[u8]) -> Option<MailId> {
    Some(MailId(Reader::new(bytes)?.array()?))
}

/// A digest as a value of an index.
pub(super) fn encode_pointer(digest: &[u8; 32]) -> [u8; 33] {
    let mut bytes = [VERSION; 33];
    bytes[1..].copy_from_slice(digest);
    bytes
}

pub(super) fn decode_pointer(bytes: &[u8]) -> Option<[u8; 32]> {
    Reader::new(bytes)?.array()
}

/// Reads from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// What follows the version, if it is ours.
    fn new(bytes: &'a [u8]) -> Option<Self> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => Some(Self(rest)),
            _ => None,
        }
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn millis(&mut self) -> Option<UnixMillis> {
        Some(UnixMillis(u64::from_be_bytes(self.array()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::AccountOrigin;
    use crate::domain::attempt::{Attempt, State};
    use crate::domain::code::{Code, CodeKey};
    use crate::domain::email::EmailAddress;
    use crate::domain::secret::Secret;
    use crate::domain::session::Surroundings;
    use crate::domain::token::TokenDigest;

    fn session() -> Session {
        Session {
            email: EmailAddress::parse("ann@example.com").unwrap(),
            signed_in_at: UnixMillis(5),
            last_seen: UnixMillis(7),
            expires_at: UnixMillis(100),
            surroundings: Surroundings::new("https://wiki.example.com", "Firefox"),
            network: "127.0.0.0/24".parse().unwrap(),
        }
    }

    fn record() -> Record {
        let code = CodeKey::new(&Secret::new(&[1; 32]).unwrap());
        let attempt = Attempt {
            email: EmailAddress::parse("ann@example.com").unwrap(),
            site: "wiki".into(),
            origin: "https://wiki.example.com".into(),
            return_url: "/".into(),
            browser: TokenDigest::from_bytes([3; 32]),
            code: code.mac(TokenDigest::from_bytes([1; 32]), &Code::mint([3; 16])),
            asked_at: UnixMillis(1),
            expires_at: UnixMillis(2),
            mails: 1,
            browser_label: "Firefox".into(),
            network: "127.0.0.1".into(),
            language: crate::domain::language::Language::German,
            stranger: false,
            chooses_password: false,
            admitted: true,
        };
        Record { attempt, state: State::Live, tries: 0 }
    }

    #[test]
    fn a_touch_moves_last_seen_forward_only() {
        let session = session();
        let bytes = encode_session(&session, PersonKey([1; 32])).unwrap();
        assert!(touched_session(&bytes, UnixMillis(7)).is_none());
        let touched = touched_session(&bytes, UnixMillis(9)).unwrap();
        let (read, person) = decode_session(&touched).unwrap();
        assert_eq!(read, Session { last_seen: UnixMillis(9), ..session });
        assert_eq!(person, PersonKey([1; 32]));
    }

    #[test]
    fn a_roster_is_what_was_written_or_trouble_and_never_absent() {
        let roster = KeyRoster::initial().rotated(u128::MAX, UnixMillis(5)).unwrap();
        let bytes = encode_roster(&roster).unwrap();
        assert_eq!(decode_roster(Some(&bytes)), Ok(roster));
        assert_eq!(decode_roster(None), Ok(KeyRoster::initial()));
        for length in 0..bytes.len() {
            assert_eq!(decode_roster(Some(&bytes[..length])), Err(RosterDamaged), "{length}");
        }
        let other = [&[VERSION + 1], &bytes[1..]].concat();
        assert_eq!(decode_roster(Some(&other)), Err(RosterDamaged));
    }

    #[test]
    fn a_mark_that_cannot_be_read_is_somebody_elses() {
        let (mark, birth) = (Mark([1; 16]), Birth([2; 16]));
        let bytes = encode_owner(mark, birth);
        assert_eq!(decode_owner(None, mark), Owner::Nobody);
        assert_eq!(decode_owner(Some(&bytes), mark), Owner::Ours(birth));
        assert_eq!(decode_owner(Some(&bytes), Mark([3; 16])), Owner::Another);
        for length in 0..bytes.len() {
            assert_eq!(decode_owner(Some(&bytes[..length]), mark), Owner::Another, "{length}");
        }
        for other in [[&[VERSION + 1], &bytes[1..]].concat(), [&*bytes, &[0]].concat()] {
            assert_eq!(decode_owner(Some(&other), mark), Owner::Another);
        }
    }

    #[test]
    fn what_is_cut_or_of_another_version_reads_as_absent() {
        let (now, person) = (UnixMillis(9), PersonKey([1; 32]));
        let window = Window { count: 3, until: now };
        let mail = StoredMail { due: now, expires_at: now, claims: 1, sealed: b"" };
        let stored = StoredAttempt { keep_until: now, person, record: record() };
        type Reads = fn(&[u8]) -> bool;
        let account = Account::new(session().email, AccountOrigin::Added, now);
        let rows: [(&str, Vec<u8>, Reads); 6] = [
            ("account", encode_account(&account).unwrap(), |it| decode_account(it).is_some()),
            ("window", window.encode().to_vec(), |it| Window::decode(it).is_some()),
            ("mail", mail.encode(), |it| StoredMail::decode(it).is_some()),
            ("pointer", encode_pointer(&[5; 32]).to_vec(), |it| decode_pointer(it).is_some()),
            ("session", encode_session(&session(), person).unwrap(), |it| {
                decode_session(it).is_some()
            }),
            ("attempt", stored.encode().unwrap(), |it| StoredAttempt::decode(it).is_some()),
        ];
        for (name, bytes, reads) in rows {
            assert!(reads(&bytes), "{name}");
            for length in 0..bytes.len() {
                assert!(!reads(&bytes[..length]), "{name}: {length} bytes");
            }
            for version in (0..=255).filter(|version| *version != VERSION) {
                let other = [&[version], &bytes[1..]].concat();
                assert!(!reads(&other), "{name}: version {version}");
                assert!(touched_session(&other, UnixMillis(u64::MAX)).is_none());
            }
        }
    }
}
