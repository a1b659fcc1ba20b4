//! The queue of mails inside a transaction: a table by identity, and an index by due time.

use std::time::Duration;

use redb::{ReadableTable, StorageError};

use super::codec::StoredMail;
use super::deliveries;
use super::tables::{Kind, Tables};
use super::writer::{Outcome, Step};
use crate::domain::delivery::{DeliveryState, News};
use crate::domain::time::UnixMillis;
use crate::ports::{ClaimedMail, MailId, QueuedMail};

/// Mails beyond the asked for that one claim looks at, so that expired ones hide no others.
const LOOK_FURTHER: usize = 64;

/// Puts a mail in the queue, due at once.
pub(super) fn queue(
    tables: &mut Tables<'_>,
    mail: &QueuedMail,
    now: UnixMillis,
) -> Result<(), StorageError> {
    remove(tables, &mail.id.0)?;
    let (due, expires_at) = (now, mail.expires_at);
    let stored = StoredMail { due, expires_at, claims: 0, sealed: &mail.sealed };
    tables.mails.insert(&mail.id.0, stored.encode().as_slice())?;
    tables.due.insert((due.0, &mail.id.0), ())?;
    tables.move_deadline(Kind::Mail, &mail.id.0, None, Some(expires_at))?;
    deliveries::open(tables, mail)
}

pub(super) fn claim(
    tables: &mut Tables<'_>,
    most: usize,
    lease: Duration,
    now: UnixMillis,
) -> Step<Vec<ClaimedMail>> {
    let mut due = Vec::new();
    for entry in tables.due.range(..=(now.0, &[u8::MAX; 16]))?.take(most + LOOK_FURTHER) {
        let (key, _) = entry?;
        let (at, id) = key.value();
        due.push((at, *id));
    }
    let mut claimed = Vec::new();
    let mut changed = false;
    for (at, id) in due {
        if claimed.len() == most {
            break;
        }
        changed = true;
        let stored = tables.mails.get(&id)?.map(|it| it.value().to_vec()).unwrap_or_default();
        let until = now.after(lease);
        tables.due.remove((at, &id))?;
        match StoredMail::decode(&stored) {
            Some(mail) if mail.expires_at <= now => expire(tables, &id, now)?,
            Some(mail) => {
                let mail = StoredMail { due: until, claims: mail.claims.saturating_add(1), ..mail };
                tables.mails.insert(&id, mail.encode().as_slice())?;
                tables.due.insert((until.0, &id), ())?;
                let id = MailId(id);
                let sending = News { tries: mail.claims, ..News::new(DeliveryState::Sending, now) };
                deliveries::note(tables, id, &sending)?;
                let suppressed = deliveries::why_suppressed(tables, id, now)?;
                let (sealed, expires_at) = (mail.sealed.to_vec(), mail.expires_at);
                claimed.push(ClaimedMail {
                    id,
                    sealed,
                    expires_at,
                    claims: mail.claims,
                    suppressed,
                });
            }
            // Not readable by this version: left to the sweep.
            None => {}
        }
    }
    Ok(if changed { Outcome::Written(claimed) } else { Outcome::Untouched(claimed) })
}

pub(super) fn done(tables: &mut Tables<'_>, id: MailId, news: &News) -> Step<()> {
    remove(tables, &id.0)?;
    deliveries::note(tables, id, news)?;
    Ok(Outcome::Written(()))
}

pub(super) fn retry(tables: &mut Tables<'_>, id: MailId, due: UnixMillis, news: &News) -> Step<()> {
    let Some(stored) = tables.mails.get(&id.0)?.map(|it| it.value().to_vec()) else {
        return Ok(Outcome::Untouched(()));
    };
    let Some(mail) = StoredMail::decode(&stored) else {
        return Ok(Outcome::Untouched(()));
    };
    tables.due.remove((mail.due.0, &id.0))?;
    tables.due.insert((due.0, &id.0), ())?;
    tables.mails.insert(&id.0, StoredMail { due, ..mail }.encode().as_slice())?;
    deliveries::note(tables, id, news)?;
    Ok(Outcome::Written(()))
}

/// Removes a mail that is over, and notes that it was never handed over.
pub(super) fn expire(
    tables: &mut Tables<'_>,
    id: &[u8; 16],
    now: UnixMillis,
) -> Result<(), StorageError> {
    if remove(tables, id)? {
        deliveries::note(tables, MailId(*id), &News::new(DeliveryState::ExpiredUnsent, now))?;
    }
    Ok(())
}

/// Makes every mail due at once. For the moment of opening: the file has one owner, so whoever
/// claimed mails is dead, and people wait for them. Without this, a mail whose hand-over a crash
/// or a restart broke off came only when its lease was over, a minute later.
pub(super) fn give_back_all(tables: &mut Tables<'_>) -> Result<(), StorageError> {
    const AT_ONCE: UnixMillis = UnixMillis(0);
    let mut waiting = Vec::new();
    for entry in tables.due.iter()? {
        let (key, _) = entry?;
        let (at, id) = key.value();
        waiting.push((at, *id));
    }
    for (at, id) in waiting {
        let stored = tables.mails.get(&id)?.map(|it| it.value().to_vec()).unwrap_or_default();
        // Not readable by this version: left to the sweep.
        let Some(mail) = StoredMail::decode(&stored) else { continue };
        tables.due.remove((at, &id))?;
        tables.due.insert((AT_ONCE.0, &id), ())?;
        tables.mails.insert(&id, StoredMail { due: AT_ONCE, ..mail }.encode().as_slice())?;
    }
    Ok(())
}

/// Removes a mail, if it is there, with its place in the queue and its deadline. Returns
/// whether it was there.
pub(super) fn remove(tables: &mut Tables<'_>, id: &[u8; 16]) -> Result<bool, StorageError> {
    let removed = tables.mails.remove(id)?.map(|it| it.value().to_vec());
    if let Some(mail) = removed.as_deref().and_then(StoredMail::decode) {
        tables.due.remove((mail.due.0, id))?;
        tables.move_deadline(Kind::Mail, id, Some(mail.expires_at), None)?;
    }
    Ok(removed.is_some())
}
