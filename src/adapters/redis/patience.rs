//! How long an answer is waited for, and how long the next attempt to connect.

use std::pin::{Pin, pin};
use std::time::Duration;

use ::redis::{RedisError, RedisResult};
use tokio::time::timeout;

use crate::ports::{Entropy, OsEntropy};

/// How long a call may take in all, connecting included.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// How long one connection attempt or one answer may take.
pub(super) const STEP: Duration = Duration::from_secs(1);
/// How long is waited before the second attempt to connect; each further one waits twice as long.
const SHORTEST: Duration = Duration::from_millis(100);
/// The longest that is waited: well below [`PATIENCE`], so that a call outlives the wait.
const LONGEST: Duration = Duration::from_millis(500);
/// How long is looked once more when the time is up.
const LAST_LOOK: Duration = Duration::from_millis(50);

/// What comes of some work, if it comes within a bound. The work is lent: as a value it would have a place
/// twice in what waits for it, and each call to Redis is such a thing.
///
/// On a machine that has no processor to spare for us the bound may pass while the answer lies in the
/// socket, unread: timers and sockets are looked at in one turn, and nobody says which of the two that
/// wait goes on first. So when the time is up whoever reads the socket gets one more turn, and only then
/// Redis counts as silent.
pub(super) async fn within<T>(
    bound: Duration,
    mut work: Pin<&mut impl Future<Output = T>>,
) -> Option<T> {
    if let Ok(done) = timeout(bound, work.as_mut()).await {
        return Some(done);
    }
    timeout(LAST_LOOK, work).await.ok()
}

/// One answer of Redis, or one attempt to connect, within [`STEP`].
pub(super) async fn step<T>(work: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    let silent = || {
        let why = std::io::Error::new(std::io::ErrorKind::TimedOut, "Redis is silent");
        Err(RedisError::from(why))
    };
    within(STEP, pin!(work)).await.unwrap_or_else(silent)
}

/// How long to wait before the attempt that follows so many in vain. Drawn from the upper half of the
/// span, so that the nodes that one server has lost do not come back to it all at once.
pub(super) fn pause(in_vain: u32) -> Duration {
    let whole = SHORTEST.saturating_mul(2_u32.saturating_pow(in_vain)).min(LONGEST);
    let mut byte = [0];
    OsEntropy.fill(&mut byte);
    whole / 2 + whole / 2 * u32::from(byte[0]) / u32::from(u8::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use tokio::time::Instant;

    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_differ() {
        for (in_vain, whole) in [(0, 100), (1, 200), (2, 400), (3, 500), (40, 500)] {
            let whole = Duration::from_millis(whole);
            let drawn: Vec<_> = (0..200).map(|_| pause(in_vain)).collect();
            assert!(
                drawn.iter().all(|it| (whole / 2..=whole).contains(it)),
                "{in_vain}: {drawn:?}"
            );
            assert!(drawn.iter().any(|it| it != &drawn[0]), "{in_vain}: all alike");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_come_is_not_waited_for() {
        let began = Instant::now();
        assert_eq!(within(STEP, pin!(std::future::pending::<()>())).await, None);
        assert_eq!(began.elapsed(), STEP + LAST_LOOK);
        step(std::future::pending::<RedisResult<()>>()).await.unwrap_err();
    }

    /// The runtime gets no turn until the bound is over, as on a machine that is overloaded; and then the
    /// timer is asked before whoever has the answer.
    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_there_when_the_time_is_up_counts() {
        let (answers, answer) = oneshot::channel();
        let (wakes, wakened) = oneshot::channel::<()>();
        let reader = tokio::spawn(async move {
            let _ = wakened.await;
            let _ = answers.send(7);
        });
        let answer = pin!(answer);
        let mut waiting = pin!(within(STEP, answer));
        std::future::poll_fn(|context| {
            assert!(waiting.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        tokio::time::advance(2 * STEP).await;
        let _ = wakes.send(());
        assert_eq!(waiting.await, Some(Ok(7)));
        let _ = reader.await;
    }
}
