//! Which HTTP/2 frame is under way on a connection, told from the frame headers alone
//! (RFC 9113 section 4.1).

use super::h2_guard::PREFACE;

const FRAME_HEADER: usize = 9;
const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const CONTINUATION: u8 = 0x9;
const END_HEADERS: u8 = 0x4;

/// What the peer has begun and not finished. Two equal values mean: still the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfinished {
    /// Between two frames, with no header block open.
    Nothing,
    /// The preface, a frame other than DATA, or a header block with its continuations; the
    /// number tells one from the next.
    Control(u64),
    /// A DATA frame; the number grows with each byte, so that progress can be seen.
    Data(u64),
}

/// Follows the frames on one connection without keeping them.
#[derive(Debug)]
pub(super) struct FrameTracker {
    preface_left: usize,
    header: [u8; FRAME_HEADER],
    header_len: usize,
    payload_left: u32,
    /// A header block has started and its last frame has not been seen to the end.
    block_open: bool,
    finished: u64,
    seen: u64,
}

impl FrameTracker {
    pub(super) fn new() -> Self {
        Self {
            preface_left: PREFACE.len(),
            header: [0; FRAME_HEADER],
            header_len: 0,
            payload_left: 0,
            block_open: false,
            finished: 0,
            seen: 0,
        }
    }

    /// Takes note of bytes that the peer sent. Whether they make sense is judged by the HTTP/2
    /// library; only their borders count here.
    pub(super) fn observe(&mut self, bytes: &[u8]) {
        self.seen += bytes.len() as u64;
        let skipped = self.preface_left.min(bytes.len());
        self.preface_left -= skipped;
        let mut rest = &bytes[skipped..];
        while !rest.is_empty() {
            if self.header_len < FRAME_HEADER {
                let taken = (FRAME_HEADER - self.header_len).min(rest.len());
                self.header[self.header_len..self.header_len + taken]
                    .copy_from_slice(&rest[..taken]);
                self.header_len += taken;
                rest = &rest[taken..];
                if self.header_len < FRAME_HEADER {
                    return;
                }
                self.begin_frame();
            }
            let taken = rest.len().min(self.payload_left as usize);
            self.payload_left -= taken as u32;
            rest = &rest[taken..];
            if self.payload_left == 0 {
                self.end_frame();
            }
        }
    }

    pub(super) fn unfinished(&self) -> Unfinished {
        let whole_header = self.header_len == FRAME_HEADER;
        if whole_header && self.kind() == DATA && !self.block_open {
            Unfinished::Data(self.seen)
        } else if self.preface_left > 0 || self.header_len > 0 || self.block_open {
            Unfinished::Control(self.finished)
        } else {
            Unfinished::Nothing
        }
    }

    fn kind(&self) -> u8 {
        self.header[3]
    }

    fn begin_frame(&mut self) {
        let [high, middle, low, ..] = self.header;
        self.payload_left = u32::from_be_bytes([0, high, middle, low]);
        self.block_open |= self.kind() == HEADERS;
    }

    fn end_frame(&mut self) {
        let ends_block = matches!(self.kind(), HEADERS | CONTINUATION)
            && self.header[4] & END_HEADERS == END_HEADERS;
        self.block_open &= !ends_block;
        self.header_len = 0;
        if !self.block_open {
            self.finished += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(kind: u8, flags: u8, payload: usize) -> Vec<u8> {
        let [_, high, middle, low] = (payload as u32).to_be_bytes();
        let mut frame = vec![high, middle, low, kind, flags, 0, 0, 0, 1];
        frame.resize(FRAME_HEADER + payload, 0xff);
        frame
    }

    fn after_preface() -> FrameTracker {
        let mut tracker = FrameTracker::new();
        tracker.observe(PREFACE);
        assert_eq!(tracker.unfinished(), Unfinished::Nothing);
        tracker
    }

    #[test]
    fn an_unfinished_preface_counts() {
        let mut tracker = FrameTracker::new();
        assert_eq!(tracker.unfinished(), Unfinished::Control(0));
        tracker.observe(&PREFACE[..23]);
        assert_eq!(tracker.unfinished(), Unfinished::Control(0));
    }

    #[test]
    fn each_byte_of_an_unfinished_frame_keeps_it_unfinished() {
        let settings = frame(0x4, 0, 6);
        let mut tracker = after_preface();
        for byte in &settings[..settings.len() - 1] {
            tracker.observe(&[*byte]);
            assert_eq!(tracker.unfinished(), Unfinished::Control(0));
        }
        tracker.observe(&settings[settings.len() - 1..]);
        assert_eq!(tracker.unfinished(), Unfinished::Nothing);
    }

    #[test]
    fn a_header_block_is_open_until_its_last_continuation_ends() {
        let mut tracker = after_preface();
        tracker.observe(&frame(HEADERS, 0, 10));
        assert_eq!(tracker.unfinished(), Unfinished::Control(0));
        tracker.observe(&frame(CONTINUATION, 0, 0));
        assert_eq!(tracker.unfinished(), Unfinished::Control(0), "still the same block");
        tracker.observe(&frame(CONTINUATION, END_HEADERS, 3));
        assert_eq!(tracker.unfinished(), Unfinished::Nothing);
        tracker.observe(&frame(HEADERS, END_HEADERS, 10));
        assert_eq!(tracker.unfinished(), Unfinished::Nothing);
    }

    #[test]
    fn the_next_frame_is_told_from_the_last_and_data_shows_progress() {
        let mut tracker = after_preface();
        tracker.observe(&[0, 0]);
        assert_eq!(tracker.unfinished(), Unfinished::Control(0));
        let mut rest = frame(0x6, 0, 8)[2..].to_vec();
        rest.push(0); // the first byte of the frame after it
        tracker.observe(&rest);
        assert_eq!(tracker.unfinished(), Unfinished::Control(1));

        let mut tracker = after_preface();
        let data = frame(DATA, 0, 100);
        tracker.observe(&data[..50]);
        let first = tracker.unfinished();
        tracker.observe(&data[50..51]);
        assert!(matches!(first, Unfinished::Data(_)));
        assert_ne!(tracker.unfinished(), first);
    }

    proptest! {
        #[test]
        fn cuts_do_not_change_the_outcome(
            frames in prop::collection::vec((0_u8..12, any::<u8>(), 0_usize..50), 0..8),
            tail in 0_usize..9,
            cut in 1_usize..20,
        ) {
            let mut wire = PREFACE.to_vec();
            for (kind, flags, payload) in frames {
                wire.extend(frame(kind, flags, payload));
            }
            wire.extend(vec![0; tail]);
            let (mut whole, mut pieces) = (FrameTracker::new(), FrameTracker::new());
            whole.observe(&wire);
            wire.chunks(cut).for_each(|piece| pieces.observe(piece));
            prop_assert_eq!(whole.unfinished(), pieces.unfinished());
            prop_assert!(tail == 0 || whole.unfinished() != Unfinished::Nothing);
        }
    }
}
