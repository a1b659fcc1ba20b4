//! When to look at a head that comes in pieces.

use super::answer::LARGEST_HEAD;

/// A look begins at the start each time. So it is worth it when the head may be whole, and for what is
/// none, when there is twice as much as at the last look: one for each piece would take a long time where
/// the pieces are single bytes.
#[derive(Debug, Default)]
pub(super) struct Looks {
    seen: usize,
    next: usize,
}

impl Looks {
    /// Whether to look at `bytes`: the same as before, grown.
    pub(super) fn are_worth_it(&mut self, bytes: &[u8]) -> bool {
        let is_due = bytes.len() > self.next
            || bytes.len() >= LARGEST_HEAD
            // The empty line may have begun in the last piece.
            || has_empty_line(&bytes[self.seen.saturating_sub(2)..]);
        self.seen = bytes.len();
        if is_due {
            self.next = bytes.len() * 2;
        }
        is_due && !bytes.is_empty()
    }
}

fn has_empty_line(bytes: &[u8]) -> bool {
    let mut rests = memchr::memchr_iter(b'\n', bytes).map(|at| &bytes[at + 1..]);
    rests.any(|rest| rest.starts_with(b"\n") || rest.starts_with(b"\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often a head is looked at that comes in pieces of `size`, and whether it is when it is whole.
    fn looks(head: &[u8], size: usize) -> (usize, bool) {
        let (mut looks, mut count, mut last) = (Looks::default(), 0, false);
        let ends = (size..head.len()).step_by(size).chain([head.len()]);
        for end in ends {
            last = looks.are_worth_it(&head[..end]);
            count += usize::from(last);
        }
        (count, last)
    }

    #[test]
    fn a_whole_head_is_looked_at_and_single_bytes_cost_few_looks() {
        let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
        for _ in 0..1000 {
            head.extend_from_slice(b"A: b\r\n");
        }
        head.extend_from_slice(b"\r\n");
        for size in [1, 2, 3, 5, 4096, head.len()] {
            let (count, last) = looks(&head, size);
            assert!(last && count < 16, "{size}: {count} {last}");
        }
        assert!(looks(b"HTTP/1.1 200 OK\nA: b\n\n", 1).1);
        assert!(!Looks::default().are_worth_it(b""));
    }
}
