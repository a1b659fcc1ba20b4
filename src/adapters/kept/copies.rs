//! All copies of one store.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use super::{Filed, Kept, Trust};
use crate::domain::limit::PersonKey;
use crate::domain::service_token::ServiceToken;
use crate::domain::session::{Session, Surroundings};
use crate::ports::{AccountFound, AsOf, Known, Label};

/// Surroundings that are shared at most. A site has some for each of a few dozen browsers, one with many hosts
/// as many for each host.
const SHARED: usize = 8192;

/// What many sessions have in common, each kept once.
#[derive(Debug)]
struct Shared {
    all: RwLock<HashSet<Arc<Surroundings>>>,
    most: usize,
    /// How many found no place.
    turned_away: AtomicUsize,
}

impl Shared {
    fn new(most: usize) -> Self {
        Self { all: RwLock::default(), most, turned_away: AtomicUsize::new(0) }
    }

    /// What is kept, in place of an equal one. Where there are too many, those go that nobody has any more; if
    /// all are in use, the new one stays by itself.
    fn of(&self, new: Arc<Surroundings>) -> Arc<Surroundings> {
        let kept = self.all.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.get(&new) {
            return Arc::clone(kept);
        }
        let is_full = kept.len() >= self.most;
        drop(kept);
        // Looked through once for as many as there are, or each read of a session would wait for it.
        if is_full && !self.turned_away.fetch_add(1, Ordering::Relaxed).is_multiple_of(self.most) {
            return new;
        }
        let mut kept = self.all.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.get(&new) {
            return Arc::clone(kept);
        }
        if kept.len() >= self.most {
            kept.retain(|it| Arc::strong_count(it) > 1);
        }
        if kept.len() < self.most {
            kept.insert(Arc::clone(&new));
        }
        new
    }
}

/// Copies of what a signed-in request needs.
#[derive(Debug)]
pub struct Copies {
    /// Until when they are trusted.
    pub trust: Trust,
    /// Sessions, by their digests.
    pub sessions: Kept<Arc<Known>>,
    /// Service tokens, by their digests.
    pub tokens: Kept<Arc<Filed<Arc<ServiceToken>>>>,
    /// Accounts, by the hashes of their people; also that somebody has none.
    pub accounts: Kept<Arc<Filed<AccountFound>>>,
    shared: Shared,
}

impl Copies {
    /// Room for so many people who are signed in.
    #[must_use]
    pub fn new(trust: Trust, most: usize) -> Self {
        Self {
            trust,
            sessions: Kept::new(most),
            tokens: Kept::new(most),
            accounts: Kept::new(most),
            shared: Shared::new(SHARED),
        }
    }

    /// A session that was read, as it is kept.
    #[must_use]
    pub fn known(&self, session: Session, label: Label) -> Arc<Known> {
        let surroundings = self.shared.of(Arc::clone(&session.surroundings));
        Arc::new(Known::new(Session { surroundings, ..session }, label))
    }

    /// The account of a session's person: from beside the session if it still is what was read, else from
    /// among the accounts, and then it is kept beside the session. `person` is asked for only then.
    ///
    /// What lies beside a session counts by the same rule as what is kept: nothing near it was dropped since
    /// it was looked at. It is nobody's to drop, so it need not be found when the account changes.
    #[must_use]
    pub fn account_of(
        &self,
        known: &Known,
        person: &(dyn Fn() -> PersonKey + Sync),
        now: Instant,
    ) -> Option<AccountFound> {
        let counts = |as_of| self.accounts.counts(as_of, &self.trust, now);
        if let Some(found) = beside(known, counts) {
            return Some(found);
        }
        let person = person();
        let as_of = self.accounts.as_of(&person.0, &self.trust);
        let kept = self.accounts.get(&person.0, &self.trust, now);
        match kept.as_ref().map(|kept| &kept.value) {
            Some(AccountFound::Nothing) => known.keep_account(None, as_of),
            Some(AccountFound::Account(it)) => known.keep_account(Some(Arc::clone(it)), as_of),
            // What cannot be read is told each time, with a warning.
            Some(AccountFound::Unreadable) => return Some(AccountFound::Unreadable),
            None => {
                let is_old = |as_of: AsOf| !self.accounts.is_of_now(as_of);
                if known.account().is_some_and(|(_, as_of)| is_old(as_of)) {
                    known.drop_account();
                }
                return None;
            }
        }
        // Beside a session that came over another line it finds no place.
        beside(known, counts).or_else(|| Some(kept?.value.clone()))
    }

    /// The same for while the store is away.
    #[must_use]
    pub fn account_of_in_grace(
        &self,
        known: &Known,
        person: &(dyn Fn() -> PersonKey + Sync),
        now: Instant,
        grace: Duration,
    ) -> Option<AccountFound> {
        let counts = |as_of| self.accounts.counts_in_grace(as_of, &self.trust, now, grace);
        let found = beside(known, counts);
        let kept = || self.accounts.get_in_grace(&person().0, &self.trust, now, grace);
        found.or_else(|| Some(kept()?.value.clone()))
    }

    /// Drops everything, and what is being read.
    pub fn drop_all(&self) {
        self.sessions.drop_all();
        self.tokens.drop_all();
        self.accounts.drop_all();
    }
}

fn beside(known: &Known, counts: impl Fn(AsOf) -> bool) -> Option<AccountFound> {
    let (account, as_of) = known.account()?;
    counts(as_of).then(|| account.map_or(AccountFound::Nothing, AccountFound::Account))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::domain::account::{Account, AccountOrigin};
    use crate::domain::email::EmailAddress;
    use crate::domain::time::UnixMillis;

    const PERSON: PersonKey = PersonKey([7; 32]);
    const NOBODY: PersonKey = PersonKey([8; 32]);

    fn session() -> Session {
        Session {
            email: EmailAddress::parse("ann@example.com").unwrap(),
            signed_in_at: UnixMillis(1),
            last_seen: UnixMillis(1),
            expires_at: UnixMillis(9),
            surroundings: Surroundings::new("https://wiki.example.com", "Firefox on Linux"),
            network: "127.0.0.0/24".parse().unwrap(),
        }
    }

    fn known(copies: &Copies) -> Arc<Known> {
        copies.known(session(), copies.trust.era().label(&[1; 32]))
    }

    fn account(revision: u64) -> AccountFound {
        let email = EmailAddress::parse("ann@example.com").unwrap();
        let account = Account::new(email, AccountOrigin::Added, UnixMillis(1));
        AccountFound::Account(Arc::new(Account { revision, ..account }))
    }

    fn keep(copies: &Copies, found: AccountFound) {
        let kept = &copies.accounts;
        let label = copies.trust.era().label(&PERSON.0);
        kept.keep(kept.begin(&PERSON.0), Filed::new(found, label));
    }

    #[test]
    fn an_account_beside_a_session_counts_until_it_is_dropped() {
        let (copies, now) = (Copies::new(Trust::always(), 10), Instant::now());
        let known = known(&copies);
        let found = |who: &(dyn Fn() -> PersonKey + Sync)| copies.account_of(&known, who, now);
        assert_eq!(found(&|| PERSON), None, "nothing is kept");
        for (drop, next) in [
            ((|it: &Copies| it.accounts.drop_one(&PERSON.0)) as fn(&Copies), account(2)),
            (Copies::drop_all, AccountFound::Nothing),
            (|it| it.accounts.drop_one(&PERSON.0), account(3)),
        ] {
            keep(&copies, next.clone());
            assert_eq!(found(&|| PERSON), Some(next.clone()));
            // It lies beside the session: nobody has to say whose it is.
            assert_eq!(found(&|| NOBODY), Some(next));
            drop(&copies);
            assert_eq!(found(&|| PERSON), None);
            assert_eq!(known.account(), None, "what does not count is let go");
        }
    }

    #[test]
    fn what_counts_for_one_store_does_not_for_another() {
        let [here, there] = [(); 2].map(|()| Copies::new(Trust::always(), 10));
        let (known, now) = (known(&here), Instant::now());
        keep(&here, account(1));
        assert_eq!(here.account_of(&known, &|| PERSON, now), Some(account(1)));
        assert_eq!(there.account_of(&known, &|| PERSON, now), None);
    }

    /// It would be taken for something of the line that comes next.
    #[test]
    fn beside_a_session_of_no_line_nothing_is_kept_and_all_is_found() {
        let (copies, now) = (Copies::new(Trust::always(), 10), Instant::now());
        let known = copies.known(session(), Label::of_no_line(&[1; 32]));
        keep(&copies, account(1));
        for _ in 0..2 {
            assert_eq!(copies.account_of(&known, &|| PERSON, now), Some(account(1)));
        }
        assert_eq!(known.account(), None);
        copies.accounts.drop_one(&PERSON.0);
        assert_eq!(copies.account_of(&known, &|| PERSON, now), None);
    }

    #[tokio::test(start_paused = true)]
    async fn in_grace_what_lies_beside_a_session_counts_unless_it_was_dropped() {
        let (copies, now) = (Copies::new(Trust::none(), 10), Instant::now());
        let (known, era) = (known(&copies), copies.trust.era());
        let second = Duration::from_secs(1);
        copies.trust.renew(era, now + second);
        keep(&copies, account(1));
        assert_eq!(copies.account_of(&known, &|| PERSON, now), Some(account(1)));
        copies.trust.end(era);
        let in_grace = |at| copies.account_of_in_grace(&known, &|| NOBODY, at, 5 * second);
        assert_eq!(in_grace(now + 5 * second), Some(account(1)));
        assert_eq!(in_grace(now + 6 * second), None);
        copies.accounts.drop_one(&PERSON.0);
        assert_eq!(in_grace(now), None);
    }

    #[test]
    fn one_that_cannot_be_read_is_never_kept_beside_a_session() {
        let (copies, now) = (Copies::new(Trust::always(), 10), Instant::now());
        let known = known(&copies);
        keep(&copies, AccountFound::Unreadable);
        for _ in 0..2 {
            let found = copies.account_of(&known, &|| PERSON, now);
            assert_eq!(found, Some(AccountFound::Unreadable));
        }
        assert_eq!(known.account(), None);
    }

    /// Also after somebody went on with it in grace: what changed meanwhile was not heard.
    #[tokio::test(start_paused = true)]
    async fn with_a_new_line_what_lies_beside_a_session_is_doubted() {
        let (copies, now) = (Copies::new(Trust::none(), 10), Instant::now());
        let (known, era, second) = (known(&copies), copies.trust.era(), Duration::from_secs(1));
        copies.trust.renew(era, now + second);
        keep(&copies, account(1));
        let found = |at| copies.account_of(&known, &|| PERSON, at);
        assert_eq!(found(now), Some(account(1)));
        assert_eq!(found(now + second), None, "not heard from for too long");
        copies.trust.end(era);
        assert_eq!(found(now), None);
        copies.trust.renew(copies.trust.era(), now + second);
        assert_eq!(found(now), None, "it came over the line before");
    }

    #[test]
    fn sessions_share_what_many_have_in_common() {
        let copies = Copies::new(Trust::always(), 10);
        let [one, other] = [known(&copies), known(&copies)];
        assert!(Arc::ptr_eq(&one.surroundings, &other.surroundings));
        let surroundings = Surroundings::new("https://shop.example.com", "Firefox on Linux");
        let elsewhere = Session { surroundings, ..session() };
        let label = copies.trust.era().label(&[2; 32]);
        assert_eq!(copies.known(elsewhere, label).realm(), "https://shop.example.com");
    }

    #[test]
    fn those_that_nobody_has_make_room_for_others() {
        let shared = Shared::new(2);
        let of = |browser: &str| shared.of(Surroundings::new("https://wiki.example.com", browser));
        let [in_use, gone] = ["in use", "gone"].map(of);
        assert_eq!(&*of("one too many").browser, "one too many");
        let is_shared = |browser: &str| Arc::ptr_eq(&of(browser), &of(browser));
        assert!(!is_shared("one too many"), "all are in use");
        drop(gone);
        // It is not looked for room each time.
        let [_, new] = [(); 2].map(|()| of("new"));
        assert!(Arc::ptr_eq(&new, &of("new")));
        assert!(Arc::ptr_eq(&in_use, &of("in use")));
    }

    /// Readers and one who changes, in real threads: what was acknowledged as changed is never answered
    /// afterwards, although it lies beside a session that nobody drops. A reader that looks while it is
    /// dropped must not lay it beside the session as something of afterwards.
    #[test]
    fn no_race_leaves_an_old_account_beside_a_session() {
        let (copies, now) = (Copies::new(Trust::always(), 10), Instant::now());
        let (known, is_over) = (known(&copies), AtomicBool::new(false));
        let account = account(1);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Acquire) {
                        let _ = copies.account_of(&known, &|| PERSON, now);
                    }
                });
            }
            let mut stale = 0;
            for _ in 0..300_000 {
                keep(&copies, account.clone());
                copies.accounts.drop_one(&PERSON.0);
                // Acknowledged: from here on there is none, until another one is kept.
                stale += u32::from(copies.account_of(&known, &|| PERSON, now).is_some());
            }
            is_over.store(true, Ordering::Release);
            assert_eq!(stale, 0);
        });
    }
}
