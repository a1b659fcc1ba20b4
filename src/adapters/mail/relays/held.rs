//! Which relay has a mail that it gave no answer to.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::ports::MailId;

/// How long such a mail goes to no other relay: the first three further tries. A relay that is only slow
/// has taken it by then; one that is gone may not cost the sign-in.
const HELD: Duration = Duration::from_secs(60);
/// Mails that are kept. Of more than that at once those that were first are forgotten.
const MOST: usize = 10_000;

/// Mails, each with the relay that may have taken it.
///
/// It is known to this process alone. Another one that takes a mail over begins with the first relay, and
/// at worst the recipient has the same mail twice, with one Message-ID.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<BTreeMap<MailId, (usize, Instant)>>);

impl Held {
    /// The one relay that a mail may go to now, if there is one.
    pub(super) fn by(&self, id: MailId, now: Instant) -> Option<usize> {
        let &(relay, since) = self.mails().get(&id)?;
        (now < since + HELD).then_some(relay)
    }

    /// This relay may have the mail. How long it is held counts from the first time; of another relay,
    /// which can be only after that, from now.
    pub(super) fn hold(&self, id: MailId, relay: usize, now: Instant) {
        let mut mails = self.mails();
        if mails.len() >= MOST {
            mails.retain(|_, (_, since)| now < *since + HELD);
        }
        if mails.len() >= MOST
            && let Some(first) = mails.iter().min_by_key(|(_, (_, since))| *since).map(|it| *it.0)
        {
            mails.remove(&first);
        }
        let held = mails.entry(id).or_insert((relay, now));
        if held.0 != relay {
            *held = (relay, now);
        }
    }

    /// The mail has come to its end.
    pub(super) fn let_go(&self, id: MailId) {
        self.mails().remove(&id);
    }

    fn mails(&self) -> MutexGuard<'_, BTreeMap<MailId, (usize, Instant)>> {
        // Each change is whole before the lock is left.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_held_from_the_first_time_on_and_not_for_ever() {
        let (held, now, id) = (Held::default(), Instant::now(), MailId([1; 16]));
        assert_eq!(held.by(id, now), None);
        held.hold(id, 2, now);
        held.hold(id, 2, now + HELD / 2);
        assert_eq!(held.by(id, now + HELD / 2), Some(2));
        assert_eq!(held.by(MailId([2; 16]), now), None);
        assert_eq!(held.by(id, now + HELD), None);
        held.hold(id, 1, now + HELD);
        assert_eq!(held.by(id, now + HELD), Some(1));
        held.let_go(id);
        assert_eq!(held.by(id, now), None);
    }

    #[test]
    fn there_is_an_end_to_how_many_are_kept() {
        let (held, now) = (Held::default(), Instant::now());
        let id = |number: usize| MailId(u128::try_from(number).unwrap().to_be_bytes());
        for number in 0..MOST + 1 {
            let at = now + Duration::from_micros(u64::try_from(number).unwrap());
            held.hold(id(number), 0, at);
        }
        assert_eq!(held.mails().len(), MOST);
        assert_eq!((held.by(id(0), now), held.by(id(MOST), now)), (None, Some(0)));
    }
}
