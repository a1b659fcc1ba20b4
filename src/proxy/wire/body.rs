//! Where a request body ends on the wire.
//!
//! The guard follows the framing, so that Pingora's session never reads past the end of its own
//! request: bytes of the next one stay in the guard and are judged as a head of their own.
//! Pingora 0.9.1 takes an empty chunk-size line for 0 and accepts blanks after the size; here a
//! chunked body is read by the grammar of RFC 9112 section 7.1 or not at all.

use super::head::BodyLength;

/// Sixteen hexadecimal digits could overflow; fifteen are an exabyte.
const MAX_SIZE_DIGITS: u8 = 15;
/// Bytes of chunk extensions and trailers that one body may carry. Both are dropped on the way,
/// so they cost only the reader.
const MAX_EXTRA: u32 = 16 * 1024;

/// How much of a body is still to come.
#[derive(Debug)]
pub(super) enum BodyFlow {
    /// Bytes left of a body of known length.
    Exact(u64),
    /// A chunked body.
    Chunked(ChunkScan),
}

impl BodyFlow {
    pub(super) fn new(length: BodyLength) -> Self {
        match length {
            BodyLength::Exact(bytes) => Self::Exact(bytes),
            BodyLength::Chunked => Self::Chunked(ChunkScan::default()),
        }
    }

    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Exact(left) => *left == 0,
            Self::Chunked(scan) => scan.state == ChunkState::Done,
        }
    }

    /// How many of the `bytes` that arrive next belong to the body: at least one, unless `bytes`
    /// is empty or the body is done.
    pub(super) fn claim(&mut self, bytes: &[u8]) -> Result<usize, ChunkFault> {
        match self {
            Self::Exact(left) => {
                let taken = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= taken as u64;
                Ok(taken)
            }
            Self::Chunked(scan) => scan.claim(bytes),
        }
    }
}

/// A chunked body that does not follow the grammar. The connection ends, for nobody can know
/// where the next request would start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the chunked body is malformed")]
pub(in crate::proxy) struct ChunkFault;

/// Follows the chunks without keeping them.
#[derive(Debug, Default)]
pub(in crate::proxy) struct ChunkScan {
    /// The chunks come from an application.
    is_answer: bool,
    state: ChunkState,
    size: u64,
    digits: u8,
    extra: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum ChunkState {
    #[default]
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// At the start of a line of the trailer section, or of the empty line that ends the body.
    LineStart,
    Trailer,
    TrailerLf,
    LastLf,
    Done,
}

impl ChunkScan {
    /// For the chunks of an application, which is believed more than a client: some pad the size with
    /// blanks, as RFC 9112 lets them before an extension, and what each chunk has beside its data is
    /// counted for that chunk alone, because an answer may go on for days.
    pub(in crate::proxy) fn of_an_application() -> Self {
        Self { is_answer: true, ..Self::default() }
    }

    pub(in crate::proxy) fn is_done(&self) -> bool {
        self.state == ChunkState::Done
    }

    fn claim(&mut self, bytes: &[u8]) -> Result<usize, ChunkFault> {
        let mut at = 0;
        while at < bytes.len() && !self.is_done() {
            at += self.piece(&bytes[at..])?.0;
        }
        Ok(at)
    }

    /// How many of the `bytes` that arrive next are of one kind, and whether that is data.
    pub(in crate::proxy) fn piece(&mut self, bytes: &[u8]) -> Result<(usize, bool), ChunkFault> {
        if self.state == ChunkState::Data {
            let taken = usize::try_from(self.size).unwrap_or(usize::MAX).min(bytes.len());
            self.size -= taken as u64;
            if self.size == 0 {
                self.state = ChunkState::DataCr;
            }
            return Ok((taken, true));
        }
        for (at, byte) in bytes.iter().enumerate() {
            self.state = self.step(*byte)?;
            if matches!(self.state, ChunkState::Data | ChunkState::Done) {
                return Ok((at + 1, false));
            }
        }
        Ok((bytes.len(), false))
    }

    /// The state after one byte that is not chunk data.
    fn step(&mut self, byte: u8) -> Result<ChunkState, ChunkFault> {
        use ChunkState::{
            Data, DataCr, DataLf, Done, Extension, LastLf, LineStart, Size, SizeLf, Trailer,
            TrailerLf,
        };
        match (self.state, byte) {
            (Size, b'\r') if self.digits > 0 => Ok(SizeLf),
            (Size, b';') if self.digits > 0 => Ok(Extension),
            (Size, b' ' | b'\t') if self.digits > 0 && self.is_answer => Ok(Extension),
            (Size, _) => self.size_digit(byte),
            (Extension, b'\r') => Ok(SizeLf),
            (SizeLf, b'\n') => {
                self.digits = 0;
                if self.is_answer {
                    self.extra = 0;
                }
                Ok(if self.size == 0 { LineStart } else { Data })
            }
            (DataCr, b'\r') => Ok(DataLf),
            (DataLf, b'\n') => Ok(Size),
            (LineStart, b'\r') => Ok(LastLf),
            (Trailer, b'\r') => Ok(TrailerLf),
            (TrailerLf, b'\n') => Ok(LineStart),
            (LastLf, b'\n') => Ok(Done),
            (Extension, _) => self.extra_byte(byte).map(|()| Extension),
            (LineStart | Trailer, _) => self.extra_byte(byte).map(|()| Trailer),
            (Data | DataCr | DataLf | SizeLf | TrailerLf | LastLf | Done, _) => Err(ChunkFault),
        }
    }

    fn size_digit(&mut self, byte: u8) -> Result<ChunkState, ChunkFault> {
        let digit = (byte as char).to_digit(16).ok_or(ChunkFault)?;
        if self.digits == MAX_SIZE_DIGITS {
            return Err(ChunkFault);
        }
        self.digits += 1;
        self.size = self.size * 16 + u64::from(digit);
        Ok(ChunkState::Size)
    }

    /// A byte of an extension or a trailer: no control but HTAB (a bare LF ends a line for some
    /// readers, CVE-2025-22871), and not too many.
    fn extra_byte(&mut self, byte: u8) -> Result<(), ChunkFault> {
        self.extra += 1;
        let control = (byte < 0x20 && byte != b'\t') || byte == 0x7f;
        if control || self.extra > MAX_EXTRA { Err(ChunkFault) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chunked() -> BodyFlow {
        BodyFlow::new(BodyLength::Chunked)
    }

    #[test]
    fn a_body_ends_where_its_framing_says() {
        for (flow, body) in [
            (BodyFlow::new(BodyLength::Exact(0)), ""),
            (BodyFlow::new(BodyLength::Exact(5)), "a=b&c"),
            (chunked(), "0\r\n\r\n"),
            (chunked(), "5\r\na=b&c\r\n0\r\n\r\n"),
            (chunked(), "005\r\na=b&c\r\n000\r\n\r\n"),
            (chunked(), "A\r\n0123456789\r\na;x=\"y\"\r\n0123456789\r\n0\r\n\r\n"),
            (chunked(), "1\r\nx\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"),
        ] {
            let wire = format!("{body}GET /next HTTP/1.1\r\n\r\n");
            let mut flow = flow;
            assert_eq!(flow.claim(wire.as_bytes()), Ok(body.len()), "{body:?}");
            assert!(flow.is_done(), "{body:?}");
            assert_eq!(flow.claim(b"more"), Ok(0));
        }
    }

    #[test]
    fn malformed_chunks_are_refused() {
        let long_extension = format!("5;{}\r\n", "a".repeat(100_000));
        for body in [
            "\r\na=b&c\r\n",            // an empty size line, which Pingora takes for 0
            "5 \r\na=b&c\r\n0\r\n\r\n", // a blank after the size
            " 5\r\n",
            "0x5\r\na=b&c\r\n0\r\n\r\n",
            "-1\r\na=b&c\r\n",
            "+5\r\n",
            "1_0\r\na=b&c\r\n",
            "5\ra=b&c\r0\r\r",
            "5\na=b&c\n0\n\n",
            "5;a\nb\r\n", // CVE-2025-22871: a bare LF in an extension
            "5\r\na=b&c0\r\n\r\n",
            "3\r\na=b&c\r\n0\r\n\r\n",
            "5\r\na=b&c\r\n0\n\n",
            "0\r\nX: y\n\r\n",
            "1000000000000000\r\n", // 16 digits
            "ffffffffffffffff\r\n",
            long_extension.as_str(),
        ] {
            assert_eq!(chunked().claim(body.as_bytes()), Err(ChunkFault), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_change_where_a_body_ends(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
            cut in 1_usize..9,
        ) {
            let mut body = Vec::new();
            for chunk in &chunks {
                body.extend(format!("{:x}\r\n", chunk.len()).bytes());
                body.extend(chunk);
                body.extend(b"\r\n");
            }
            body.extend(b"0\r\n\r\n");
            let end = body.len();
            body.extend(b"GET ");
            let (mut flow, mut taken) = (chunked(), 0);
            for piece in body.chunks(cut) {
                taken += flow.claim(piece).unwrap();
            }
            prop_assert_eq!(taken, end);
            prop_assert!(flow.is_done());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut flow = chunked();
            if let Ok(taken) = flow.claim(&bytes) {
                prop_assert!(taken <= bytes.len());
                prop_assert!(taken == bytes.len() || flow.is_done());
            }
        }
    }
}
