//! What the log is told of a time of grace: that it begins, and that it ends, once each.
//!
//! It begins with the first request that needs it, and not with a connection that broke: most of those
//! are made anew before anybody notices.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::domain::time::UnixMillis;
use crate::ports::{Clock, SystemClock};

/// Where we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Redis answers, or nobody has asked yet.
    Off,
    /// Somebody goes on without Redis.
    Runs { since: Instant, until: Instant },
    /// It is used up, and Redis is still away.
    UsedUp { since: Instant },
}

/// Tells the log.
#[derive(Debug)]
pub(super) struct Grace(watch::Sender<State>);

/// What a grace is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Silence {
    /// When Redis was last heard from.
    pub(super) since: Instant,
    /// When the grace is used up.
    pub(super) until: Instant,
}

impl Grace {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(State::Off))
    }

    /// Somebody goes on without Redis. `is_heard` is asked while nobody else can tell of a change, so
    /// that no grace begins after Redis is back; `sessions` only if it is told.
    pub(super) fn is_used(
        &self,
        silence: Silence,
        is_heard: impl Fn() -> bool,
        sessions: impl Fn() -> usize,
    ) {
        // On the way of requests: nearly always it runs already.
        if *self.0.borrow() != State::Off {
            return;
        }
        let Silence { since, until } = silence;
        let begins = self.0.send_if_modified(|state| {
            let begins = *state == State::Off && !is_heard();
            if begins {
                *state = State::Runs { since, until };
            }
            begins
        });
        if begins {
            tracing::warn!(
                since = clock_time(since),
                until = clock_time(until),
                sessions_at_most = sessions(),
                "the grace begins: Redis is silent, and whoever was signed in at this node goes on; \
                 what is ended elsewhere does not arrive"
            );
        }
    }

    /// Redis was heard from: from now on each session counts by what it says.
    pub(super) fn is_over(&self) {
        if *self.0.borrow() == State::Off {
            return;
        }
        match self.0.send_replace(State::Off) {
            State::Runs { since, .. } => {
                tracing::info!(silent_ms = millis(since), "the grace ends: Redis is back");
            }
            State::UsedUp { since } => {
                tracing::info!(silent_ms = millis(since), "Redis is back after the grace");
            }
            State::Off => {}
        }
    }

    /// Tells when a grace is used up, for ever.
    pub(super) async fn watch(&self) {
        let mut states = self.0.subscribe();
        loop {
            let state = *states.borrow_and_update();
            let ends = async {
                match state {
                    State::Runs { until, .. } => sleep_until(until).await,
                    State::Off | State::UsedUp { .. } => std::future::pending().await,
                }
            };
            tokio::select! {
                () = ends => self.use_up(),
                changed = states.changed() => if changed.is_err() { return },
            }
        }
    }

    fn use_up(&self) {
        let mut was = State::Off;
        self.0.send_if_modified(|state| {
            was = *state;
            if let State::Runs { since, until } = was
                && until <= Instant::now()
            {
                *state = State::UsedUp { since };
                return true;
            }
            false
        });
        if let State::Runs { since, .. } = was {
            tracing::warn!(
                since = clock_time(since),
                "the grace is used up: Redis is still silent, and nobody goes on until it answers"
            );
        }
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// A moment on the machine's clock, which the lines of the log go by.
fn clock_time(moment: Instant) -> String {
    let now = Instant::now();
    let on_the_clock = SystemClock.now();
    let ahead: Duration = moment.saturating_duration_since(now);
    let UnixMillis(at) = on_the_clock.after(ahead).before(now.saturating_duration_since(moment));
    let moment =
        i64::try_from(at / 1000).ok().and_then(|it| OffsetDateTime::from_unix_timestamp(it).ok());
    moment.and_then(|it| it.format(&Rfc3339).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn silence() -> Silence {
        let since = Instant::now();
        Silence { since, until: since + 5 * SECOND }
    }

    fn state(grace: &Grace) -> State {
        *grace.0.borrow()
    }

    #[tokio::test(start_paused = true)]
    async fn it_runs_until_it_is_used_up_or_redis_is_back() {
        let grace = std::sync::Arc::new(Grace::new());
        let watched = std::sync::Arc::clone(&grace);
        let watching = tokio::spawn(async move { watched.watch().await });
        let (silence, began) = (silence(), Instant::now());
        grace.is_used(silence, || true, || 0);
        assert_eq!(state(&grace), State::Off, "Redis was heard from meanwhile");
        grace.is_used(silence, || false, || 0);
        let mut states = grace.0.subscribe();
        states.wait_for(|state| matches!(state, State::UsedUp { .. })).await.expect("watched");
        assert_eq!(began.elapsed(), 5 * SECOND);
        let told_again = std::cell::Cell::new(false);
        grace.is_used(silence, || false, || usize::from(!told_again.replace(true)));
        assert!(matches!(state(&grace), State::UsedUp { .. }) && !told_again.get());
        grace.is_over();
        assert_eq!(state(&grace), State::Off);
        // One that ends in time is not used up later.
        let silence = self::silence();
        grace.is_used(silence, || false, || 0);
        grace.is_over();
        tokio::time::sleep_until(silence.until + SECOND).await;
        assert_eq!(state(&grace), State::Off);
        watching.abort();
    }

    #[test]
    fn moments_are_told_by_the_clock() {
        let told = clock_time(Instant::now());
        assert!(told.ends_with('Z') && told.len() == "2026-01-01T00:00:00Z".len(), "{told}");
        assert!(clock_time(Instant::now() + 3600 * SECOND) > told);
    }
}
