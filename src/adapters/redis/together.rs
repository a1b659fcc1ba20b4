//! Many who ask for the same record at once, and few reads of it.
//!
//! When Redis is back, or a copy was dropped, all requests of a session that are under way want it in the
//! same moment. They share a read, but only one that is *sent after they came*: one that was under way
//! already may answer what was so before a change that they have heard of. So while a read is under way
//! those who come wait for its end, and then one more is sent for all of them: two reads at a time
//! for a record, however many ask, and each answer is as new as if everybody had asked alone. The rule
//! of tickets ([`crate::adapters::kept`]) holds as before: whoever sends the read takes the ticket, right
//! before.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as Turn, OnceCell};
use tokio::time::Instant;

use crate::adapters::kept::Key;

/// Why a read failed, for all who shared it.
pub(super) type Cause = Arc<dyn Error + Send + Sync>;
/// What came of a read.
type Answer<V> = Result<Option<V>, Cause>;
/// A read that all who have this share.
type Read<V> = Arc<OnceCell<Answer<V>>>;
/// When a read failed last, and why. Held by the one that is under way.
type LastFailure = Option<(Instant, Cause)>;

/// The reads of one kind of record.
pub(super) struct Together<V>(Mutex<HashMap<Key, Asked<V>>>);

/// What is asked of one record.
struct Asked<V> {
    /// Held by the read that is under way.
    turn: Arc<Turn<LastFailure>>,
    /// The read that was not sent yet.
    next: Option<Read<V>>,
}

impl<V> Default for Together<V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<V: Clone> Together<V> {
    /// The answer to a read that is sent from now on, by whoever of those that want it comes first. If
    /// that one goes away another one takes its place.
    ///
    /// Whoever had to wait for a read that failed shares its failure: the store was tried while they
    /// waited, and nobody waits twice for a server that is silent.
    pub(super) async fn ask<F>(&self, key: &Key, read: impl FnOnce() -> F) -> Answer<V>
    where
        F: Future<Output = Answer<V>>,
    {
        let came = Instant::now();
        let part = self.join(key);
        let send = || async {
            let mut turn = part.turn.lock().await;
            part.close();
            if let Some((_, cause)) = turn.as_ref().filter(|(failed, _)| *failed >= came) {
                return Err(Arc::clone(cause));
            }
            let answer = read().await;
            *turn = answer.as_ref().err().map(|cause| (Instant::now(), Arc::clone(cause)));
            answer
        };
        part.read.get_or_init(send).await.clone()
    }

    fn join(&self, key: &Key) -> Part<'_, V> {
        let mut all = self.all();
        let asked = all.entry(*key).or_insert_with(|| Asked { turn: Arc::default(), next: None });
        let read = Arc::clone(asked.next.get_or_insert_with(Arc::default));
        Part { together: self, key: *key, turn: Arc::clone(&asked.turn), read }
    }
}

impl<V> Together<V> {
    fn all(&self) -> MutexGuard<'_, HashMap<Key, Asked<V>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One who asks. The last one takes away what was remembered of the record.
struct Part<'a, V> {
    together: &'a Together<V>,
    key: Key,
    turn: Arc<Turn<LastFailure>>,
    read: Read<V>,
}

impl<V> Part<'_, V> {
    /// The read is sent: whoever comes from here on has another one.
    fn close(&self) {
        if let Some(asked) = self.together.all().get_mut(&self.key)
            && asked.next.as_ref().is_some_and(|next| Arc::ptr_eq(next, &self.read))
        {
            asked.next = None;
        }
    }
}

impl<V> Drop for Part<'_, V> {
    fn drop(&mut self) {
        // Counted, and given up, while nobody can join or leave: the record's own, and ours.
        let mut all = self.together.all();
        let turn = std::mem::take(&mut self.turn);
        if all.get(&self.key).is_some_and(|asked| {
            Arc::ptr_eq(&asked.turn, &turn) && Arc::strong_count(&asked.turn) == 2
        }) {
            all.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    const KEY: Key = [7; 32];

    /// A store of one number, whose answers a test lets go one by one.
    struct Scene {
        together: Together<u32>,
        value: AtomicU32,
        reads: AtomicU32,
        answers: Semaphore,
    }

    impl Scene {
        fn new() -> Arc<Self> {
            let (value, reads) = (AtomicU32::new(1), AtomicU32::default());
            let (together, answers) = (Together::default(), Semaphore::new(0));
            Arc::new(Self { together, value, reads, answers })
        }

        async fn ask(self: Arc<Self>) -> Answer<u32> {
            let read = || async {
                self.reads.fetch_add(1, Ordering::SeqCst);
                let value = self.value.load(Ordering::SeqCst);
                self.answers.acquire().await.expect("open").forget();
                if value == 0 { Err(Cause::from(Box::from("away"))) } else { Ok(Some(value)) }
            };
            self.together.ask(&KEY, read).await
        }

        /// Lets all who can go on do so.
        async fn settled() {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn all(asking: Vec<tokio::task::JoinHandle<Answer<u32>>>) -> Vec<Option<Option<u32>>> {
        let mut answers = Vec::new();
        for one in asking {
            answers.push(one.await.expect("no panic").ok());
        }
        answers
    }

    #[tokio::test]
    async fn whoever_comes_while_a_read_is_under_way_shares_the_next_one() {
        let scene = Scene::new();
        let first = vec![tokio::spawn(Arc::clone(&scene).ask())];
        Scene::settled().await;
        // A change that all who come now have heard of.
        scene.value.store(2, Ordering::SeqCst);
        let late: Vec<_> = (0..50).map(|_| tokio::spawn(Arc::clone(&scene).ask())).collect();
        Scene::settled().await;
        assert_eq!(scene.reads.load(Ordering::SeqCst), 1, "they wait");
        scene.answers.add_permits(2);
        assert_eq!(all(first).await, [Some(Some(1))]);
        assert_eq!(all(late).await, vec![Some(Some(2)); 50], "never what was before they came");
        assert_eq!(scene.reads.load(Ordering::SeqCst), 2);
        assert!(scene.together.all().is_empty(), "nothing is remembered");
    }

    #[tokio::test]
    async fn whoever_waited_for_a_failure_shares_it_and_nobody_after() {
        let scene = Scene::new();
        scene.value.store(0, Ordering::SeqCst);
        let mut asking = vec![tokio::spawn(Arc::clone(&scene).ask())];
        Scene::settled().await;
        asking.extend((0..50).map(|_| tokio::spawn(Arc::clone(&scene).ask())));
        Scene::settled().await;
        scene.answers.add_permits(1);
        assert_eq!(all(asking).await, vec![None; 51]);
        assert_eq!(scene.reads.load(Ordering::SeqCst), 1);
        scene.value.store(3, Ordering::SeqCst);
        scene.answers.add_permits(1);
        assert_eq!(Arc::clone(&scene).ask().await.ok(), Some(Some(3)));
        assert!(scene.together.all().is_empty());
    }

    #[tokio::test]
    async fn whoever_goes_away_takes_nothing_from_the_others() {
        let scene = Scene::new();
        let first = tokio::spawn(Arc::clone(&scene).ask());
        Scene::settled().await;
        let second = tokio::spawn(Arc::clone(&scene).ask());
        Scene::settled().await;
        let third = vec![tokio::spawn(Arc::clone(&scene).ask())];
        Scene::settled().await;
        first.abort();
        second.abort();
        Scene::settled().await;
        scene.answers.add_permits(1);
        assert_eq!(all(third).await, [Some(Some(1))]);
        assert!(scene.together.all().is_empty());
        let alone = tokio::spawn(Arc::clone(&scene).ask());
        Scene::settled().await;
        alone.abort();
        let _ = alone.await;
        assert!(scene.together.all().is_empty(), "also when nobody is left");
    }
}
