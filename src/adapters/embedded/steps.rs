//! What is done to attempts, sessions and limits inside a transaction.

use redb::{ReadableTable, StorageError};

use super::accounts;
use super::codec::{self, StoredAttempt, Window};
use super::outbox;
use super::tables::{Kind, Tables, limit_key, pair};
use super::writer::{Outcome, Step};
use crate::domain::attempt::{Record, State};
use crate::domain::limit::{Hit, LimitKey, PersonKey, Verdict};
use crate::domain::time::UnixMillis;
use crate::domain::token::{self, Browser, Link, TokenDigest};
use crate::ports::{AccountFound, QueuedMail, Settled};

/// A [`Beginning`](crate::ports::Beginning), encoded.
pub(super) struct Begin {
    pub(super) link: TokenDigest<Link>,
    pub(super) browser: TokenDigest<Browser>,
    pub(super) person: PersonKey,
    pub(super) attempt: Vec<u8>,
    pub(super) mail: Option<QueuedMail>,
    pub(super) keep_until: UnixMillis,
    pub(super) replaces: bool,
    pub(super) now: UnixMillis,
}

/// A [`Settlement`](crate::ports::Settlement), encoded.
pub(super) struct Settle {
    pub(super) link: TokenDigest<Link>,
    pub(super) from: State,
    pub(super) to: State,
    pub(super) session: Option<Make>,
    pub(super) mail: Option<QueuedMail>,
    pub(super) keep_until: UnixMillis,
    pub(super) now: UnixMillis,
}

/// A session to make.
pub(super) struct Make {
    pub(super) digest: TokenDigest<token::Session>,
    pub(super) session: Vec<u8>,
    pub(super) person: PersonKey,
    pub(super) expires_at: UnixMillis,
    pub(super) replaces: Option<(TokenDigest<token::Session>, PersonKey)>,
    pub(super) account: MakeAccount,
}

/// An [`AccountStep`](crate::ports::AccountStep), encoded.
pub(super) enum MakeAccount {
    Kept,
    Registers(Vec<u8>),
    Judged { revision: Option<u64>, to: Option<Vec<u8>>, ends_others: bool },
}

pub(super) fn begin(tables: &mut Tables<'_>, begin: &Begin) -> Step<()> {
    let (link, browser) = (begin.link.as_bytes(), begin.browser.as_bytes());
    let slot = pair(browser, &begin.person.0);
    let pointer = codec::encode_pointer(link);
    if begin.replaces {
        let older = tables.open.get(&slot)?.and_then(|it| codec::decode_pointer(it.value()));
        if let Some(older) = older.filter(|older| older != link)
            && let Some(mut stored) = attempt(tables, &older)?
        {
            stored.record.state = stored.record.state.replaced(begin.now);
            put_attempt(tables, &older, &stored)?;
        }
        tables.open.insert(&slot, pointer.as_slice())?;
    }
    let before = attempt(tables, link)?.map(|stored| stored.keep_until);
    tables.move_deadline(Kind::Attempt, link, before, Some(begin.keep_until))?;
    tables.attempts.insert(link, begin.attempt.as_slice())?;
    if let Some(mail) = &begin.mail {
        tables.latest.insert(browser, pointer.as_slice())?;
        outbox::queue(tables, mail, begin.now)?;
    }
    Ok(Outcome::Written(()))
}

pub(super) fn count_try(tables: &mut Tables<'_>, link: TokenDigest<Link>, most: u32) -> Step<bool> {
    match attempt(tables, link.as_bytes())? {
        Some(mut stored) if stored.record.tries < most => {
            stored.record.tries += 1;
            put_attempt(tables, link.as_bytes(), &stored)?;
            Ok(Outcome::Written(true))
        }
        _ => Ok(Outcome::Untouched(false)),
    }
}

pub(super) fn settle(tables: &mut Tables<'_>, settle: &Settle) -> Step<Settled> {
    let link = settle.link.as_bytes();
    let Some(stored) = attempt(tables, link)?.filter(|it| it.record.state == settle.from) else {
        return Ok(Outcome::Untouched(Settled::Changed));
    };
    if let Some(make) = &settle.session
        && let Some(refused) = refused(tables, make)?
    {
        return Ok(Outcome::Untouched(refused));
    }
    let (before, keep_until) = (stored.keep_until, settle.keep_until);
    let record = Record { state: settle.to, ..stored.record };
    put_attempt(tables, link, &StoredAttempt { keep_until, record, ..stored })?;
    tables.move_deadline(Kind::Attempt, link, Some(before), Some(keep_until))?;
    if let Some(make) = &settle.session {
        make_session(tables, make)?;
    }
    if let Some(mail) = &settle.mail {
        outbox::queue(tables, mail, settle.now)?;
    }
    Ok(Outcome::Written(Settled::Done))
}

/// Why this session is not made, if it is not.
fn refused(tables: &Tables<'_>, make: &Make) -> Result<Option<Settled>, StorageError> {
    let found = match accounts::find(tables, make.person)? {
        AccountFound::Account(account) if account.is_suspended() => {
            return Ok(Some(Settled::Barred));
        }
        AccountFound::Unreadable => return Ok(Some(Settled::Barred)),
        AccountFound::Account(account) => Some(account.revision),
        AccountFound::Nothing => None,
    };
    let is_other =
        matches!(make.account, MakeAccount::Judged { revision, .. } if revision != found);
    Ok(is_other.then_some(Settled::Changed))
}

fn make_session(tables: &mut Tables<'_>, make: &Make) -> Result<(), StorageError> {
    if let Some((digest, person)) = make.replaces {
        remove_session(tables, digest.as_bytes(), Some(person))?;
    }
    let person = &make.person.0;
    match &make.account {
        MakeAccount::Kept => {}
        MakeAccount::Registers(bytes) => {
            if matches!(accounts::find(tables, make.person)?, AccountFound::Nothing) {
                tables.accounts.insert(person, bytes.as_slice())?;
            }
        }
        MakeAccount::Judged { to, ends_others, .. } => {
            if let Some(bytes) = to {
                tables.accounts.insert(person, bytes.as_slice())?;
            }
            if *ends_others {
                accounts::end_all(tables, make.person)?;
            }
        }
    }
    let digest = make.digest.as_bytes();
    tables.sessions.insert(digest, make.session.as_slice())?;
    tables.people.insert(&pair(person, digest), ())?;
    tables.move_deadline(Kind::Session, digest, None, Some(make.expires_at))
}

pub(super) fn touch(
    tables: &mut Tables<'_>,
    digest: TokenDigest<token::Session>,
    now: UnixMillis,
) -> Step<()> {
    let session = tables.sessions.get(digest.as_bytes())?;
    let Some(touched) = session.and_then(|it| codec::touched_session(it.value(), now)) else {
        return Ok(Outcome::Untouched(()));
    };
    tables.sessions.insert(digest.as_bytes(), touched.as_slice())?;
    Ok(Outcome::Written(()))
}

pub(super) fn end(
    tables: &mut Tables<'_>,
    digest: TokenDigest<token::Session>,
    person: PersonKey,
) -> Step<bool> {
    Ok(match remove_session(tables, digest.as_bytes(), Some(person))? {
        true => Outcome::Written(true),
        false => Outcome::Untouched(false),
    })
}

pub(super) fn hit(tables: &mut Tables<'_>, hits: &[Hit], now: UnixMillis) -> Step<Verdict> {
    let mut used_up: Option<UnixMillis> = None;
    for hit in hits {
        if let Some(open) = window_of(tables, &hit.key)?.filter(|it| it.until > now)
            && open.count >= hit.limit.count
        {
            used_up = used_up.max(Some(open.until));
        }
    }
    if let Some(until) = used_up {
        return Ok(Outcome::Untouched(Verdict::Exceeded { until }));
    }
    for hit in hits {
        let before = window_of(tables, &hit.key)?;
        let now_open = match before.filter(|it| it.until > now) {
            Some(open) => Window { count: open.count.saturating_add(1), ..open },
            None => Window { count: 1, until: now.after(hit.limit.window.as_duration()) },
        };
        put_window(tables, &hit.key, before.map(|it| it.until), now_open)?;
    }
    Ok(Outcome::Written(Verdict::Within))
}

pub(super) fn pause(tables: &mut Tables<'_>, key: LimitKey, until: UnixMillis) -> Step<()> {
    let before = window_of(tables, &key)?.map(|it| it.until);
    if before >= Some(until) {
        return Ok(Outcome::Untouched(()));
    }
    put_window(tables, &key, before, Window { count: 1, until })?;
    Ok(Outcome::Written(()))
}

pub(super) fn lift(tables: &mut Tables<'_>, keys: &[LimitKey], now: UnixMillis) -> Step<u64> {
    let (mut open, mut changed) = (0, false);
    for key in keys {
        let Some(window) = window_of(tables, key)? else { continue };
        let (name, subject) = (key.limited.name(), &key.subject);
        tables.limits.remove((name, subject))?;
        tables.move_deadline(Kind::Limit, &limit_key(name, subject), Some(window.until), None)?;
        open += u64::from(window.until > now);
        changed = true;
    }
    Ok(if changed { Outcome::Written(open) } else { Outcome::Untouched(open) })
}

pub(super) fn attempt(
    tables: &Tables<'_>,
    link: &[u8; 32],
) -> Result<Option<StoredAttempt>, StorageError> {
    Ok(tables.attempts.get(link)?.and_then(|it| StoredAttempt::decode(it.value())))
}

fn put_attempt(
    tables: &mut Tables<'_>,
    link: &[u8; 32],
    stored: &StoredAttempt,
) -> Result<(), StorageError> {
    let bytes = stored.encode().map_err(|error| StorageError::Io(error.into()))?;
    tables.attempts.insert(link, bytes.as_slice())?;
    Ok(())
}

/// Removes a session, its deadline and its place among the person's. Returns whether it was there.
pub(super) fn remove_session(
    tables: &mut Tables<'_>,
    digest: &[u8; 32],
    person: Option<PersonKey>,
) -> Result<bool, StorageError> {
    let removed = tables.sessions.remove(digest)?.map(|it| codec::decode_session(it.value()));
    let was_there = removed.is_some();
    let stored = removed.flatten();
    if let Some((session, _)) = &stored {
        tables.move_deadline(Kind::Session, digest, Some(session.expires_at), None)?;
    }
    let owners = [person, stored.map(|(_, person)| person)];
    for owner in owners.into_iter().flatten().filter(|_| was_there) {
        tables.people.remove(&pair(&owner.0, digest))?;
    }
    Ok(was_there)
}

fn window_of(tables: &Tables<'_>, key: &LimitKey) -> Result<Option<Window>, StorageError> {
    let stored = tables.limits.get((key.limited.name(), &key.subject))?;
    Ok(stored.and_then(|it| Window::decode(it.value())))
}

fn put_window(
    tables: &mut Tables<'_>,
    key: &LimitKey,
    before: Option<UnixMillis>,
    window: Window,
) -> Result<(), StorageError> {
    let (name, subject) = (key.limited.name(), &key.subject);
    tables.limits.insert((name, subject), window.encode().as_slice())?;
    let key = limit_key(name, subject);
    tables.move_deadline(Kind::Limit, &key, before, Some(window.until))
}
