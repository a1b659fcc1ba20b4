//! A store that is used only while it is known to be ours.
//!
//! People are found by hashes under the secret. In the store of another secret, or in one that was
//! emptied, somebody who is suspended is a stranger whom `allow` lets in. So nothing is asked of a
//! store before it has said whose it is ([`Claim::ask`]), and it is asked again every second: Redis
//! may be exchanged for another one at any moment. That happens beside the requests, which look at a
//! flag and otherwise fail as with any trouble of a store.
//!
//! Each handle asks by itself, because each has a connection of its own, and the two may lead to
//! different servers.
//!
//! One question that got no answer is a doubt and not yet an absence: on a machine without a processor to
//! spare the question itself may have been late. In doubt a request does not go by the flag. It has the
//! question asked again at once, waits for what comes of that, and is refused only if nothing does. After
//! the second failure the store is away: requests are refused at once, and only the watch asks.

mod handing_on;
mod records;

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::lent::{Here, Lent};
use crate::domain::secret::{Birth, Mark};
use crate::metrics::{Metrics, Operation};
use crate::ports::{Entropy, Owner, Store, StoreError, Stored, Upkeep, draw};
use crate::traces::{self, Call};

/// How often a store is asked whose it is.
const LOOK: Duration = Duration::from_secs(1);
/// How soon it is asked again when it did not answer: the sooner, the shorter it is away for people after
/// it is back.
const SOON: Duration = Duration::from_millis(200);
/// How long a request waits in doubt.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a store is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOurs {
    /// It has not said whose it is, or not lately.
    #[error("the store does not say whose it is")]
    Unknown,
    /// It has another mark.
    #[error(
        "the store belongs to another secret: nobody would be found in it. Put that secret back, or \
         begin with a store that is empty (another folder, another prefix)"
    )]
    Another,
    /// It was ours in this run.
    #[error(
        "the store is not the one of before: it was emptied, or another one has taken its place, and \
         nobody who was suspended is so there. Bring the one of before back, or restart linkgate to \
         begin anew with this one"
    )]
    Lost,
    /// It has no mark, and yet it is not empty.
    #[error(
        "the store has accounts, sessions, service tokens or keys in it, and nothing that says of which \
         secret they are. Restore all of it from a copy, or begin with a store that is empty (another \
         folder, another prefix)"
    )]
    Unmarked,
}

/// What one run of linkgate knows a store by.
pub struct Claim {
    mark: Mark,
    entropy: Arc<dyn Entropy>,
    /// Of the store that was confirmed first: no other one is taken for it in this run.
    birth: OnceLock<Birth>,
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Claim(..)")
    }
}

impl Claim {
    /// For the store of the installation with this mark.
    #[must_use]
    pub fn new(mark: Mark, entropy: Arc<dyn Entropy>) -> Self {
        Self { mark, entropy, birth: OnceLock::new() }
    }

    /// Asks a store whose it is. The first time in a run a store that is empty becomes ours; later it
    /// would be one that was emptied.
    ///
    /// # Errors
    /// When it does not answer; then nobody knows.
    pub async fn ask(&self, store: &dyn Store) -> Stored<Result<(), NotOurs>> {
        let Some(birth) = self.birth.get() else { return self.ask_first(store).await };
        Ok(match store.owner(self.mark).await? {
            Owner::Ours(found) => self.judge(store, *birth, found),
            Owner::Another => Err(NotOurs::Another),
            Owner::Nobody => Err(NotOurs::Lost),
        })
    }

    /// Asks whether a store may be read. One that is nobody's stays so: looking into a store takes it
    /// from nobody.
    ///
    /// # Errors
    /// When it does not answer; then nobody knows.
    pub async fn ask_to_read(&self, store: &dyn Store) -> Stored<Result<(), NotOurs>> {
        Ok(match store.owner(self.mark).await? {
            Owner::Ours(found) => self.judge(store, found, found),
            Owner::Nobody if store.is_empty().await? => Ok(()),
            Owner::Nobody => Err(NotOurs::Unmarked),
            Owner::Another => Err(NotOurs::Another),
        })
    }

    async fn ask_first(&self, store: &dyn Store) -> Stored<Result<(), NotOurs>> {
        let drawn = Birth(draw(&self.entropy));
        Ok(match store.adopt(self.mark, drawn).await? {
            Owner::Ours(found) => {
                if found == drawn {
                    tracing::info!("the store was empty, and belongs to this secret from now on");
                }
                self.judge(store, *self.birth.get_or_init(|| found), found)
            }
            Owner::Another => Err(NotOurs::Another),
            Owner::Nobody => Err(NotOurs::Unmarked),
        })
    }

    /// Only here a store learns that it is the one: one of another birth must not become what its own
    /// connections are held to.
    fn judge(&self, store: &dyn Store, birth: Birth, found: Birth) -> Result<(), NotOurs> {
        if birth != found {
            return Err(NotOurs::Lost);
        }
        store.confirmed(self.mark, birth);
        Ok(())
    }
}

/// A handle of a store that is used only while it is ours.
pub struct OurStore {
    store: Arc<Lent>,
    claim: Arc<Claim>,
    /// What the handle is for, in a word for the log.
    name: &'static str,
    /// The [`number`] of why it is not used.
    refusal: AtomicU8,
    /// Whether it was ours until it did not answer the last question.
    doubt: AtomicBool,
    /// Somebody wants to know now.
    asked_for: Notify,
    /// Moves with each answer, or none.
    looked: watch::Sender<()>,
    metrics: Arc<Metrics>,
}

impl std::fmt::Debug for OurStore {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "OurStore({}, {:?})", self.name, self.refusal())
    }
}

impl OurStore {
    /// Guards a handle. It is taken to be ours if the claim was confirmed just now.
    #[must_use]
    pub fn new(store: Arc<Lent>, claim: Arc<Claim>, name: &'static str) -> Self {
        // What was confirmed over another handle holds for the connections of this one from the first on.
        if let (Some(birth), Ok(here)) = (claim.birth.get(), store.here()) {
            here.confirmed(claim.mark, *birth);
        }
        let refusal = if claim.birth.get().is_some() { None } else { Some(NotOurs::Unknown) };
        let refusal = AtomicU8::new(number(refusal));
        let (doubt, asked_for) = (AtomicBool::new(false), Notify::new());
        let (looked, metrics) = (watch::Sender::new(()), Arc::default());
        Self { store, claim, name, refusal, doubt, asked_for, looked, metrics }
    }

    /// The same, whose calls are counted there.
    #[must_use]
    pub fn counting(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics, ..self }
    }

    /// Why it is not used, if it is not. Asks nobody.
    #[must_use]
    pub fn refusal(&self) -> Option<NotOurs> {
        refusal_of(self.refusal.load(Ordering::Acquire))
    }

    /// Asks every second whose the store is, for ever. For the runtime that uses the handle.
    pub async fn watch(&self) {
        loop {
            self.look().await;
            let pause = if self.is_only_away() { SOON } else { LOOK };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.asked_for.notified() => {}
            }
        }
    }

    /// Asks whose the store is. While it does not answer it is not used: who answers next may be
    /// another one.
    async fn look(&self) {
        let before = self.refusal();
        if before == Some(NotOurs::Unknown) {
            // A file heals when it is written to, and nobody else does that now.
            let _ = self.ping().await;
        }
        let asked = async { self.claim.ask(&*self.store.here()?).await };
        let (now, cause) = match asked.await {
            Ok(answer) => (answer.err(), None),
            Err(error) => (Some(NotOurs::Unknown), Some(error)),
        };
        self.doubt.store(before.is_none(), Ordering::Release);
        self.refusal.store(number(now), Ordering::Release);
        self.looked.send_replace(());
        if before != now {
            self.tell(now, cause);
        }
    }

    fn tell(&self, now: Option<NotOurs>, cause: Option<StoreError>) {
        let handle = self.name;
        match (now, cause) {
            (None, _) => tracing::info!(handle, "the store is ours and is used"),
            (Some(why), Some(error)) => {
                tracing::warn!(handle, %error, cause = %error.source, "not used: {why}");
            }
            (Some(why), None) => tracing::error!(handle, "not used: {why}"),
        }
    }

    /// Whether it does not answer, and nothing worse is known.
    fn is_only_away(&self) -> bool {
        self.refusal() == Some(NotOurs::Unknown)
    }

    /// The store, while it is only away: for what may be known of it nevertheless.
    fn away(&self) -> Option<Here> {
        self.is_only_away().then(|| self.store.here().ok())?
    }

    /// The store, while it is ours.
    async fn ours(&self) -> Stored<Here> {
        if self.is_only_away() && (self.doubt.load(Ordering::Acquire) || self.is_heard()) {
            self.hear().await;
        }
        match self.refusal() {
            None => self.store.here(),
            Some(why) => Err(StoreError::new("be ours", why)),
        }
    }

    /// Measures a call. One that waits for whose the store is, or finds that it is not used, counts as
    /// well: to who asks it is all the same.
    async fn timed<T>(
        &self,
        operation: Operation,
        call: impl Future<Output = Stored<T>>,
    ) -> Stored<T> {
        let began = std::time::Instant::now();
        let answer = self.metrics.timed(operation, call).await;
        let (name, took, is_answered) = (operation.name(), began.elapsed(), answer.is_ok());
        traces::called(Call { name, began, took, is_answered });
        answer
    }

    /// Has the watch ask again, and waits for what comes of it: one question for all who want to know.
    async fn hear(&self) {
        let mut looked = self.looked.subscribe();
        // It may have been answered before we listened.
        if self.is_only_away() {
            self.asked_for.notify_one();
            // Too late is as good as no answer.
            let _ = tokio::time::timeout(PATIENCE, looked.changed()).await;
        }
    }
}

/// As one byte, for the flag.
fn number(refusal: Option<NotOurs>) -> u8 {
    match refusal {
        None => 0,
        Some(NotOurs::Unknown) => 1,
        Some(NotOurs::Another) => 2,
        Some(NotOurs::Lost) => 3,
        Some(NotOurs::Unmarked) => 4,
    }
}

fn refusal_of(number: u8) -> Option<NotOurs> {
    match number {
        0 => None,
        2 => Some(NotOurs::Another),
        3 => Some(NotOurs::Lost),
        4 => Some(NotOurs::Unmarked),
        _ => Some(NotOurs::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::embedded::Embedded;
    use crate::domain::limit::PersonKey;
    use crate::ports::{Accounts, OsEntropy};

    const OURS: Mark = Mark([1; 16]);

    fn claim(mark: Mark) -> Arc<Claim> {
        Arc::new(Claim::new(mark, Arc::new(OsEntropy)))
    }

    fn empty() -> Arc<dyn Store> {
        Arc::new(Embedded::in_memory().unwrap())
    }

    fn lent(store: &Arc<dyn Store>) -> Arc<Lent> {
        Arc::new(Lent::new(Arc::clone(store)))
    }

    async fn is_used(store: &OurStore) -> bool {
        store.account(PersonKey([7; 32])).await.is_ok()
    }

    #[tokio::test]
    async fn nothing_is_asked_before_it_has_said_whose_it_is() {
        let (store, claim) = (empty(), claim(OURS));
        let ours = OurStore::new(lent(&store), Arc::clone(&claim), "test");
        assert!(!is_used(&ours).await);
        assert_eq!(ours.refusal(), Some(NotOurs::Unknown));
        let error = ours.account(PersonKey([7; 32])).await.unwrap_err();
        assert!(error.source.to_string().contains("does not say whose it is"), "{error:?}");
        ours.look().await;
        assert!(is_used(&ours).await);
        assert!(matches!(store.owner(OURS).await.unwrap(), Owner::Ours(_)), "it was empty");
        // A handle that is made after the question was answered needs no other one.
        assert!(is_used(&OurStore::new(lent(&store), claim, "test")).await);
    }

    #[tokio::test]
    async fn another_one_in_its_place_is_not_used_and_not_adopted() {
        let (before, claim) = (empty(), claim(OURS));
        assert_eq!(claim.ask(&*before).await.unwrap(), Ok(()));
        let emptied = empty();
        assert_eq!(claim.ask(&*emptied).await.unwrap(), Err(NotOurs::Lost));
        assert_eq!(emptied.owner(OURS).await.unwrap(), Owner::Nobody, "nothing was written");
        // Somebody else with the same secret has begun anew with it.
        emptied.adopt(OURS, Birth([9; 16])).await.unwrap();
        assert_eq!(claim.ask(&*emptied).await.unwrap(), Err(NotOurs::Lost));
        let foreign = empty();
        foreign.adopt(Mark([2; 16]), Birth([9; 16])).await.unwrap();
        assert_eq!(claim.ask(&*foreign).await.unwrap(), Err(NotOurs::Another));
        assert_eq!(claim.ask(&*before).await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn who_only_reads_takes_a_store_from_nobody() {
        let (store, claim) = (empty(), claim(OURS));
        assert_eq!(claim.ask_to_read(&*store).await.unwrap(), Ok(()));
        assert_eq!(store.owner(OURS).await.unwrap(), Owner::Nobody);
        assert_eq!(claim.ask(&*store).await.unwrap(), Ok(()));
        assert_eq!(claim.ask_to_read(&*store).await.unwrap(), Ok(()));
        let other = self::claim(Mark([2; 16]));
        assert_eq!(other.ask_to_read(&*store).await.unwrap(), Err(NotOurs::Another));
    }

    #[tokio::test]
    async fn a_handle_closes_and_opens_with_what_the_store_says() {
        let (store, claim) = (empty(), claim(OURS));
        assert_eq!(claim.ask(&*store).await.unwrap(), Ok(()));
        let foreign = empty();
        foreign.adopt(Mark([2; 16]), Birth([9; 16])).await.unwrap();
        let mut ours = OurStore::new(lent(&store), claim, "test");
        for (server, refusal) in [
            (&foreign, Some(NotOurs::Another)),
            (&store, None),
            (&empty(), Some(NotOurs::Lost)),
            (&store, None),
        ] {
            ours.store = lent(server);
            ours.look().await;
            assert_eq!((ours.refusal(), is_used(&ours).await), (refusal, refusal.is_none()));
        }
    }

    #[test]
    fn the_flag_says_what_it_was_told() {
        let all = [NotOurs::Unknown, NotOurs::Another, NotOurs::Lost, NotOurs::Unmarked].map(Some);
        for refusal in all.into_iter().chain([None]) {
            assert_eq!(refusal_of(number(refusal)), refusal);
        }
    }
}
