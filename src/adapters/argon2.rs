//! Passwords with Argon2id (RFC 9106), on threads of their own.
//!
//! 19 MiB of memory, two passes, one lane: the first choice of the OWASP Password Storage Cheat Sheet.
//! A hash takes some twenty milliseconds of a core, so it is done by few threads that do nothing
//! else, and what they cannot do in good time is refused. The threads begin with the first password:
//! where nobody uses one there are none.
//!
//! The key of the installation goes into each hash (the secret value `K` of RFC 9106), so that a copy
//! of the store alone cannot be searched, and passwords of one installation are worth nothing in
//! another.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use argon2::password_hash::{
    Output, ParamsString, PasswordHash as Phc, SaltString, errors::Error as PhcError,
};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use async_trait::async_trait;
use tokio::sync::{Semaphore, oneshot};

use crate::adapters::yielding::give_way;
use crate::domain::password::{Password, PasswordHash, PasswordProblem};
use crate::domain::secret::{Key, Secret};
use crate::ports::{Entropy, Passwords, Seat, TooBusy, draw};

/// Memory of one hash, in KiB.
const MEMORY: u32 = 19_456;
/// Passes over it.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;
/// Bytes of a hash.
const LENGTH: usize = 32;
/// Most memory that a stored hash may ask for, in KiB: damage must not exhaust the machine.
const MOST_MEMORY: u32 = 262_144;
/// Most passes that a stored hash may ask for.
const MOST_PASSES: u32 = 16;
/// Passwords that may wait; at the usual speed the last one waits for a second or two.
const QUEUE: usize = 64;
/// Passwords that may wait to be judged. That takes a tenth of the time of a hash.
const JUDGED: usize = 64;
/// Most threads. Each holds the memory of one hash.
const MOST_THREADS: usize = 4;

type Job = Box<dyn FnOnce(&mut Desk) + Send>;

/// Hashes and compares passwords with Argon2id.
pub struct Argon2Passwords {
    key: Key,
    entropy: Arc<dyn Entropy>,
    hashing: Queue,
    judging: Queue,
}

/// Threads that begin with the first job, and what waits for them.
struct Queue {
    seats: Arc<Semaphore>,
    jobs: OnceLock<Option<Sender<Job>>>,
    most_threads: usize,
}

/// What one thread works with.
struct Desk {
    key: Key,
    memory: Vec<Block>,
}

impl Argon2Passwords {
    /// For one installation. Starts nothing yet.
    #[must_use]
    pub fn new(secret: &Secret, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            key: secret.derive("password"),
            entropy,
            hashing: Queue::new(QUEUE, MOST_THREADS),
            judging: Queue::new(JUDGED, 1),
        }
    }

    /// Has something done by one of the threads of a queue, for whoever has a seat there.
    async fn ask<T: Send + 'static>(
        &self,
        queue: &Queue,
        seat: Seat,
        work: impl FnOnce(&mut Desk) -> T + Send + 'static,
    ) -> Result<T, TooBusy> {
        let start = || start(&self.key, queue.most_threads);
        let jobs = queue.jobs.get_or_init(start).as_ref().ok_or(TooBusy)?;
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |desk| {
            // Whoever asked may have gone meanwhile: nobody waits for this.
            if !reply.is_closed() {
                let _ = reply.send(work(desk));
            }
            drop(seat);
        });
        jobs.send(job).map_err(|_| TooBusy)?;
        answer.await.map_err(|_| TooBusy)
    }
}

impl Queue {
    fn new(seats: usize, most_threads: usize) -> Self {
        Self { seats: Arc::new(Semaphore::new(seats)), jobs: OnceLock::new(), most_threads }
    }
}

/// Starts the threads; nothing if the machine has no room for one. They end with the queue, which is
/// as long as there are seats.
fn start(key: &Key, most_threads: usize) -> Option<Sender<Job>> {
    let (queue, jobs) = channel::<Job>();
    let jobs = Arc::new(Mutex::new(jobs));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut started = 0;
    for _ in 0..(cores / 2).clamp(1, most_threads) {
        let (jobs, mut desk) = (Arc::clone(&jobs), Desk { key: key.clone(), memory: Vec::new() });
        let thread = thread::Builder::new().name("passwords".into());
        match thread.spawn(move || {
            give_way();
            while desk.work_on_next(&jobs) {}
        }) {
            Ok(_) => started += 1,
            Err(error) => tracing::error!(%error, "no thread for passwords"),
        }
    }
    (started > 0).then_some(queue)
}

impl Desk {
    /// Whether there may be more.
    fn work_on_next(&mut self, jobs: &Mutex<Receiver<Job>>) -> bool {
        // A panic of another thread left nothing half done: it only took a job.
        let job = jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).recv();
        let Ok(job) = job else { return false };
        // One job must not take the thread with it, and the desk is written anew for each.
        if catch_unwind(AssertUnwindSafe(|| job(self))).is_err() {
            tracing::error!("the work on a password has panicked; this is a bug");
        }
        true
    }

    fn hash(&mut self, password: &Password, salt: [u8; 16]) -> Option<PasswordHash> {
        let params = usual()?;
        let salt = SaltString::encode_b64(&salt).ok()?;
        let output = self.output(password, params.clone(), &salt).ok()?;
        let hash = Phc {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).ok()?,
            salt: Some(salt.as_salt()),
            hash: Some(output),
        };
        Some(PasswordHash::from_phc(hash.to_string()))
    }

    /// Compares with a hash. What is no hash of ours takes as long as one that does not match.
    fn matches(
        &mut self,
        password: &Password,
        hash: Option<&PasswordHash>,
        salt: [u8; 16],
    ) -> bool {
        let read = hash.and_then(|hash| {
            let phc = Phc::new(hash.expose()).ok()?;
            let params = Params::try_from(&phc).ok()?;
            let is_ours = phc.algorithm == ARGON2ID_IDENT
                && phc.version == Some(Version::V0x13.into())
                && params.m_cost() <= MOST_MEMORY
                && params.t_cost() <= MOST_PASSES;
            let salt = SaltString::from_b64(phc.salt?.as_str()).ok()?;
            is_ours.then_some((params, salt, phc.hash?))
        });
        let Some((params, salt, kept)) = read else {
            let _ = self.hash(password, salt);
            return false;
        };
        // The comparison of outputs takes constant time.
        self.output(password, params, &salt).is_ok_and(|output| output == kept)
    }

    fn output(
        &mut self,
        password: &Password,
        params: Params,
        salt: &SaltString,
    ) -> Result<Output, PhcError> {
        let (blocks, length) = (params.block_count(), params.output_len().unwrap_or(LENGTH));
        self.memory.resize(blocks, Block::new());
        let argon2 = Argon2::new_with_secret(
            self.key.expose(),
            Algorithm::Argon2id,
            Version::V0x13,
            params,
        )?;
        let mut bytes = [0; 64];
        let salt = salt.as_salt().decode_b64(&mut bytes)?;
        Output::init_with(length, |out| {
            Ok(argon2.hash_password_into_with_memory(
                password.expose(),
                salt,
                out,
                &mut self.memory,
            )?)
        })
    }
}

fn usual() -> Option<Params> {
    Params::new(MEMORY, PASSES, LANES, Some(LENGTH)).ok()
}

#[async_trait]
impl Passwords for Argon2Passwords {
    async fn judge(
        &self,
        password: &Password,
        least: u32,
        known: Vec<String>,
    ) -> Result<Result<(), PasswordProblem>, TooBusy> {
        let (password, seat) = (password.clone(), Seat::among(&self.judging.seats)?);
        self.ask(&self.judging, seat, move |_| password.judge(least, &known)).await
    }

    fn seat(&self) -> Result<Seat, TooBusy> {
        Seat::among(&self.hashing.seats)
    }

    async fn hash(&self, seat: Seat, password: &Password) -> Result<PasswordHash, TooBusy> {
        let (password, salt) = (password.clone(), draw(&self.entropy));
        // Fails for parameters that Argon2 does not know only, and ours it knows.
        let work = move |desk: &mut Desk| desk.hash(&password, salt);
        self.ask(&self.hashing, seat, work).await?.ok_or(TooBusy)
    }

    async fn matches(
        &self,
        seat: Seat,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<bool, TooBusy> {
        let (password, hash, salt) = (password.clone(), hash.cloned(), draw(&self.entropy));
        let work = move |desk: &mut Desk| desk.matches(&password, hash.as_ref(), salt);
        self.ask(&self.hashing, seat, work).await
    }
}

impl std::fmt::Debug for Argon2Passwords {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Argon2Passwords(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::ports::OsEntropy;

    fn passwords(secret: u8) -> Argon2Passwords {
        Argon2Passwords::new(&Secret::new(&[secret; 32]).unwrap(), Arc::new(OsEntropy))
    }

    fn seat(passwords: &Argon2Passwords) -> Seat {
        passwords.seat().unwrap()
    }

    fn typed(text: &str) -> Password {
        Password::typed(text).unwrap()
    }

    #[tokio::test]
    async fn a_hash_matches_its_password_here_and_nothing_else_anywhere() {
        let (here, elsewhere) = (passwords(1), passwords(2));
        let password = typed("lantern orbit pickle mosaic");
        let hash = here.hash(seat(&here), &password).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.expose());
        assert!(here.matches(seat(&here), &password, Some(&hash)).await.unwrap());
        assert!(
            passwords(1).matches(seat(&passwords(1)), &password, Some(&hash)).await.unwrap(),
            "another process"
        );
        assert!(
            !elsewhere.matches(seat(&elsewhere), &password, Some(&hash)).await.unwrap(),
            "another secret"
        );
        assert!(
            !here
                .matches(seat(&here), &typed("lantern orbit pickle mosaiC"), Some(&hash))
                .await
                .unwrap()
        );
        assert!(!here.matches(seat(&here), &password, None).await.unwrap());
        assert_ne!(here.hash(seat(&here), &password).await.unwrap(), hash, "a salt of its own");
    }

    #[tokio::test]
    async fn what_is_no_hash_of_ours_matches_nothing() {
        let here = passwords(1);
        let password = typed("lantern orbit pickle mosaic");
        let text = here.hash(seat(&here), &password).await.unwrap().expose().to_owned();
        let empty = text.rsplit_once('$').unwrap().0.to_owned();
        for damaged in [
            String::new(),
            "plain".into(),
            empty,
            text.replace("argon2id", "argon2i"),
            text.replace("v=19", "v=16"),
            text.replace("m=19456", "m=4000000000"),
            text.replace("m=19456", "m=1048576"),
            text.replace("t=2", "t=1000000"),
            format!("{text}="),
        ] {
            let hash = PasswordHash::from_phc(damaged.clone());
            assert!(!here.matches(seat(&here), &password, Some(&hash)).await.unwrap(), "{damaged}");
        }
    }

    /// By the median of few: an answer without the work would take a thousandth of the time.
    #[tokio::test]
    async fn nothing_to_compare_with_takes_as_long() {
        let here = passwords(1);
        let password = typed("lantern orbit pickle mosaic");
        let hash = here.hash(seat(&here), &password).await.unwrap();
        let damaged = PasswordHash::from_phc("plain".into());
        let mut medians = Vec::new();
        for hash in [Some(&hash), None, Some(&damaged)] {
            let mut times = Vec::new();
            for _ in 0..9 {
                let start = Instant::now();
                here.matches(seat(&here), &typed("another one entirely"), hash).await.unwrap();
                times.push(start.elapsed());
            }
            times.sort();
            medians.push(times[4]);
        }
        let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
        assert!(*least * 4 > *most, "{medians:?}");
    }

    #[tokio::test]
    async fn a_crowd_is_told_so_and_the_next_is_served() {
        let here = Arc::new(passwords(1));
        let crowd = (0..QUEUE * 2).map(|_| {
            let here = Arc::clone(&here);
            tokio::spawn(async move { here.hash(here.seat()?, &typed("lantern orbit")).await })
        });
        let mut refused = 0;
        for one in crowd.collect::<Vec<_>>() {
            refused += usize::from(one.await.unwrap() == Err(TooBusy));
        }
        assert!(refused > 0 && refused < QUEUE * 2, "{refused}");
        assert!(here.hash(seat(&here), &typed("lantern orbit")).await.is_ok());
    }
}
