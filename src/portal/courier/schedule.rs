//! When a mail that was not taken is tried again.

use std::time::Duration;

use crate::domain::time::UnixMillis;

/// Pauses before the second, third, … try, before jitter. The last one goes on: an outage of some minutes
/// heals while there are links that are still worth sending.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(90),
];
/// No further try when the link would arrive with less than this left.
const WORTHWHILE: Duration = Duration::from_secs(180);

/// When try number `tries + 1` is due: after its pause and up to a quarter more, so that mails that failed
/// together do not come back together. Nothing, when the link would arrive too late.
pub(super) fn next_try(
    tries: u32,
    jitter: u8,
    now: UnixMillis,
    expires_at: UnixMillis,
) -> Option<UnixMillis> {
    let index = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause = PAUSES[index.min(PAUSES.len() - 1)];
    let due = now.after(pause + pause * u32::from(jitter) / 1024);
    (due.after(WORTHWHILE) <= expires_at).then_some(due)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    #[test]
    fn pauses_grow_and_have_jitter() {
        let late = NOW.after(Duration::from_secs(3600));
        for (tries, seconds) in [(1, 2), (2, 10), (3, 30), (4, 90), (5, 90), (u32::MAX, 90), (0, 2)]
        {
            let pause = Duration::from_secs(seconds);
            assert_eq!(next_try(tries, 0, NOW, late), Some(NOW.after(pause)), "{tries}");
            let dues: Vec<_> =
                (0..=255).map(|jitter| next_try(tries, jitter, NOW, late).unwrap()).collect();
            assert!(dues.is_sorted() && dues[255] > dues[128] && dues[128] > dues[0], "{tries}");
            assert!(dues[255] < NOW.after(pause * 5 / 4), "{tries}");
        }
    }

    #[test]
    fn there_is_no_try_that_comes_too_late() {
        let at = |seconds| NOW.after(Duration::from_secs(seconds));
        assert_eq!(next_try(1, 0, NOW, at(182)), Some(at(2)), "three minutes are left");
        assert_eq!(next_try(1, 0, NOW, UnixMillis(at(182).0 - 1)), None);
        assert_eq!(next_try(1, 255, NOW, at(182)), None, "jitter counts");
        assert_eq!(next_try(4, 0, NOW, at(269)), None);
        assert_eq!(next_try(4, 0, NOW, at(270)), Some(at(90)));
    }
}
