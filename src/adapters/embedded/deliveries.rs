//! The records of mails, and whom none goes to for a while.

use async_trait::async_trait;
use redb::{ReadableTable, StorageError};

use super::tables::{Kind, Tables, View};
use super::writer::{Outcome, Step};
use super::{Embedded, codec, outbox};
use crate::domain::delivery::{
    Delivery, DeliveryState, MailId, News, Noted, Progress, Reference, Suppression,
};
use crate::domain::limit::PersonKey;
use crate::domain::time::UnixMillis;
use crate::ports::{Deliveries, QueuedMail, Stored};

/// The highest identity of a mail.
const LAST: [u8; 16] = [u8::MAX; 16];

/// Begins the record of a mail.
pub(super) fn open(tables: &mut Tables<'_>, mail: &QueuedMail) -> Result<(), StorageError> {
    remove(tables, mail.id)?;
    let QueuedMail { id, person, keep_until, .. } = *mail;
    let progress = Progress::begun(mail.facts.queued_at);
    let state = progress.state as u8;
    let (to, facts) = (mail.to.clone(), mail.facts.clone());
    put(tables, &Delivery { id, person, to, facts, progress, keep_until })?;
    tables.delivery_states.insert((state, keep_until.0, &id.0), ())?;
    tables.deliveries_of.insert((&person.0, keep_until.0, &id.0), ())?;
    tables.move_deadline(Kind::Delivery, &id.0, None, Some(keep_until))
}

/// Takes news of a mail.
pub(super) fn note(
    tables: &mut Tables<'_>,
    id: MailId,
    news: &News,
) -> Result<Noted, StorageError> {
    let Some(mut delivery) = find(tables, id)? else { return Ok(Noted::Unknown) };
    let before = delivery.progress.clone();
    let noted = delivery.progress.take(news);
    let Delivery { person, keep_until, .. } = delivery;
    if delivery.progress == before {
        return Ok(noted);
    }
    put(tables, &delivery)?;
    if let (None, Some(reference)) = (&before.reference, &delivery.progress.reference) {
        let pointer = codec::encode_mail_id(id);
        tables.references.insert(&reference.digest(), pointer.as_slice())?;
    }
    if before.state != delivery.progress.state {
        tables.delivery_states.remove((before.state as u8, keep_until.0, &id.0))?;
        let state = delivery.progress.state as u8;
        tables.delivery_states.insert((state, keep_until.0, &id.0), ())?;
    }
    if let (Noted::Moved, Some(until)) = (noted, news.suppress_until) {
        let (to, why, since) = (delivery.to, news.state, news.at);
        suppress(tables, &Suppression { person, to, why, since, until })?;
    }
    Ok(noted)
}

/// Why no mail goes to the person of this one, if none does.
pub(super) fn why_suppressed(
    tables: &Tables<'_>,
    id: MailId,
    now: UnixMillis,
) -> Result<Option<DeliveryState>, StorageError> {
    let Some(delivery) = find(tables, id)? else { return Ok(None) };
    let found = suppression(&tables.suppressions, delivery.person)?;
    Ok(found.filter(|it| it.until > now).map(|it| it.why))
}

/// Removes a record and all that leads to it. Returns whether it was there.
pub(super) fn remove(tables: &mut Tables<'_>, id: MailId) -> Result<bool, StorageError> {
    let delivery = find(tables, id)?;
    let was_there = tables.deliveries.remove(&id.0)?.is_some();
    let Some(Delivery { person, progress, keep_until, .. }) = delivery else {
        return Ok(was_there);
    };
    tables.delivery_states.remove((progress.state as u8, keep_until.0, &id.0))?;
    tables.deliveries_of.remove((&person.0, keep_until.0, &id.0))?;
    tables.move_deadline(Kind::Delivery, &id.0, Some(keep_until), None)?;
    if let Some(reference) = progress.reference {
        let digest = reference.digest();
        let points_here = |value: &[u8]| codec::decode_mail_id(value) == Some(id);
        if tables.references.get(&digest)?.is_some_and(|it| points_here(it.value())) {
            tables.references.remove(&digest)?;
        }
    }
    Ok(true)
}

fn suppress(tables: &mut Tables<'_>, wanted: &Suppression) -> Result<(), StorageError> {
    let person = wanted.person;
    let before = suppression(&tables.suppressions, person)?.map(|it| it.until);
    if before >= Some(wanted.until) {
        return Ok(());
    }
    let bytes = codec::encode_suppression(wanted);
    let bytes = bytes.map_err(|error| StorageError::Io(error.into()))?;
    tables.suppressions.insert(&person.0, bytes.as_slice())?;
    tables.move_deadline(Kind::Suppression, &person.0, before, Some(wanted.until))
}

/// Lets mail go to a person again. Returns whether it did not.
pub(super) fn lift_suppression(
    tables: &mut Tables<'_>,
    person: PersonKey,
) -> Result<bool, StorageError> {
    let removed = tables.suppressions.remove(&person.0)?.map(|it| it.value().to_vec());
    let before = removed.as_deref().and_then(|it| codec::decode_suppression(person, it));
    if let Some(before) = before {
        tables.move_deadline(Kind::Suppression, &person.0, Some(before.until), None)?;
    }
    Ok(removed.is_some())
}

fn erase(tables: &mut Tables<'_>, person: PersonKey) -> Step<u64> {
    let mut ids = Vec::new();
    for entry in tables.deliveries_of.range(all_of(&person))? {
        ids.push(MailId(*entry?.0.value().2));
    }
    let mut records = 0;
    for id in ids {
        outbox::remove(tables, &id.0)?;
        records += u64::from(remove(tables, id)?);
    }
    lift_suppression(tables, person)?;
    Ok(Outcome::Written(records))
}

fn find(tables: &Tables<'_>, id: MailId) -> Result<Option<Delivery>, StorageError> {
    Ok(tables.deliveries.get(&id.0)?.and_then(|it| codec::decode_delivery(id, it.value())))
}

fn put(tables: &mut Tables<'_>, delivery: &Delivery) -> Result<(), StorageError> {
    let bytes = codec::encode_delivery(delivery);
    let bytes = bytes.map_err(|error| StorageError::Io(error.into()))?;
    tables.deliveries.insert(&delivery.id.0, bytes.as_slice())?;
    Ok(())
}

fn suppression(
    table: &impl ReadableTable<&'static [u8; 32], &'static [u8]>,
    person: PersonKey,
) -> Result<Option<Suppression>, StorageError> {
    let stored = table.get(&person.0)?;
    Ok(stored.and_then(|it| codec::decode_suppression(person, it.value())))
}

/// The places of a person's records.
fn all_of(person: &PersonKey) -> std::ops::RangeInclusive<(&[u8; 32], u64, &'static [u8; 16])> {
    (&person.0, 0, &[0; 16])..=(&person.0, u64::MAX, &LAST)
}

/// The place of a record among others: until when it is kept, and the mail.
type At = (u64, [u8; 16]);

/// The records at these places that still count, the newest first.
fn read_all(
    view: &View,
    mut places: Vec<At>,
    most: usize,
    now: UnixMillis,
) -> Result<Vec<Delivery>, StorageError> {
    places.sort_unstable_by(|one, other| other.cmp(one));
    let mut found = Vec::new();
    for (_, id) in places.into_iter().take(most).filter(|(until, _)| *until > now.0) {
        found.extend(record(view, MailId(id))?);
    }
    Ok(found)
}

fn record(view: &View, id: MailId) -> Result<Option<Delivery>, StorageError> {
    Ok(view.deliveries.get(&id.0)?.and_then(|it| codec::decode_delivery(id, it.value())))
}

fn in_states(view: &View, states: &[DeliveryState], most: usize) -> Result<Vec<At>, StorageError> {
    let mut places = Vec::new();
    for state in states.iter().map(|state| *state as u8) {
        let range = (state, 0, &[0; 16])..=(state, u64::MAX, &LAST);
        for entry in view.delivery_states.range(range)?.rev().take(most) {
            let (place, _) = entry?;
            let (_, until, id) = place.value();
            places.push((until, *id));
        }
    }
    Ok(places)
}

fn counts(view: &View, now: UnixMillis) -> Result<[u64; DeliveryState::ALL.len()], StorageError> {
    let mut counts = [0; DeliveryState::ALL.len()];
    for state in DeliveryState::ALL {
        let number = state as u8;
        let from = now.0.saturating_add(1);
        let range = (number, from, &[0; 16])..=(number, u64::MAX, &LAST);
        for entry in view.delivery_states.range(range)? {
            entry?;
            counts[usize::from(number)] += 1;
        }
    }
    Ok(counts)
}

#[async_trait]
impl Deliveries for Embedded {
    async fn note(&self, id: MailId, news: &News, _now: UnixMillis) -> Stored<Noted> {
        let news = news.clone();
        let step = move |tables: &mut Tables<'_>| {
            Ok(match note(tables, id, &news)? {
                Noted::Unknown => Outcome::Untouched(Noted::Unknown),
                noted => Outcome::Written(noted),
            })
        };
        self.writer.write("note what became of a mail", step).await
    }

    async fn delivery(&self, id: MailId) -> Stored<Option<Delivery>> {
        self.read("find the record of a mail", |view| record(view, id))
    }

    async fn mail_of(&self, reference: &Reference) -> Stored<Option<MailId>> {
        self.read("find a mail by its reference", |view| {
            let stored = view.references.get(&reference.digest())?;
            Ok(stored.and_then(|it| codec::decode_mail_id(it.value())))
        })
    }

    async fn deliveries_of(
        &self,
        person: PersonKey,
        most: usize,
        now: UnixMillis,
    ) -> Stored<Vec<Delivery>> {
        self.read("list a person's mails", |view| {
            let mut places = Vec::new();
            for entry in view.deliveries_of.range(all_of(&person))?.rev().take(most) {
                let (place, _) = entry?;
                let (_, until, id) = place.value();
                places.push((until, *id));
            }
            read_all(view, places, most, now)
        })
    }

    async fn deliveries(
        &self,
        states: &[DeliveryState],
        most: usize,
        now: UnixMillis,
    ) -> Stored<Vec<Delivery>> {
        self.read("list mails", |view| {
            let places = in_states(view, states, most)?;
            read_all(view, places, most, now)
        })
    }

    async fn delivery_counts(&self, now: UnixMillis) -> Stored<[u64; DeliveryState::ALL.len()]> {
        self.read("count mails", |view| counts(view, now))
    }

    async fn suppress(&self, suppression: &Suppression, _now: UnixMillis) -> Stored<()> {
        let wanted = suppression.clone();
        let step = move |tables: &mut Tables<'_>| {
            suppress(tables, &wanted)?;
            Ok(Outcome::Written(()))
        };
        self.writer.write("send a person no mail", step).await
    }

    async fn suppression(&self, person: PersonKey, now: UnixMillis) -> Stored<Option<Suppression>> {
        self.read("look whether mail goes to a person", |view| {
            Ok(suppression(&view.suppressions, person)?.filter(|it| it.until > now))
        })
    }

    async fn suppressions(&self, most: usize, now: UnixMillis) -> Stored<Vec<Suppression>> {
        self.read("list whom no mail goes to", |view| {
            let mut found = Vec::new();
            for entry in view.suppressions.range::<&[u8; 32]>(..)? {
                let (person, value) = entry?;
                let stored = codec::decode_suppression(PersonKey(*person.value()), value.value());
                found.extend(stored.filter(|it| it.until > now));
            }
            found.sort_by_key(|it| (it.until, it.person.0));
            found.truncate(most);
            Ok(found)
        })
    }

    async fn lift_suppression(&self, person: PersonKey) -> Stored<bool> {
        let step = move |tables: &mut Tables<'_>| {
            Ok(match lift_suppression(tables, person)? {
                true => Outcome::Written(true),
                false => Outcome::Untouched(false),
            })
        };
        self.writer.write("send a person mail again", step).await
    }

    async fn erase_deliveries(&self, person: PersonKey) -> Stored<u64> {
        let step = move |tables: &mut Tables<'_>| erase(tables, person);
        self.writer.write("erase a person's mails", step).await
    }
}
