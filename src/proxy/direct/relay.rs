//! The content of an answer, from one connection to the other.
//!
//! Chunks are read and written anew: extensions and trailers belong to the other connection. What the
//! application delimits by closing becomes chunks, so that the client can tell its end from a loss.

use std::fmt::Write;

use bytes::{Buf, BytesMut};

use super::answer::Content;
use crate::proxy::wire::ChunkScan;

/// What is still to come of the content.
#[derive(Debug)]
pub(super) enum Rest {
    /// So many bytes.
    Exact(u64),
    /// Chunks, which may be chunks again for the client.
    Chunks(ChunkScan, Framing),
    /// What comes until the application closes.
    UntilClose(Framing),
    /// Nothing.
    Done,
    /// What came are no chunks: nobody knows where this ends.
    Spoiled,
}

/// How the client is told where content of unknown length ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// By chunks.
    Chunks,
    /// By what stands below: frames of HTTP/2.
    Below,
}

impl Rest {
    pub(super) fn new(content: Content, framing: Framing) -> Self {
        match content {
            Content::Nothing => Self::Done,
            Content::Exact(length) => Self::Exact(length),
            Content::Chunked => Self::Chunks(ChunkScan::of_an_application(), framing),
            Content::UntilClose => Self::UntilClose(framing),
        }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    pub(super) fn is_spoiled(&self) -> bool {
        matches!(self, Self::Spoiled)
    }

    /// How much may come at most; a guess for the size of a read.
    pub(super) fn expected(&self) -> u64 {
        match self {
            Self::Exact(left) => *left,
            Self::Chunks(..) | Self::UntilClose(_) => u64::MAX,
            Self::Done | Self::Spoiled => 0,
        }
    }

    /// Moves what belongs to the content from `read` to `out`, framed for the client. Returns how many
    /// bytes of content that were. What stands before a fault goes on, however it was cut to pieces.
    pub(super) fn pass(&mut self, read: &mut BytesMut, out: &mut BytesMut) -> u64 {
        match self {
            Self::Done | Self::Spoiled => 0,
            Self::Exact(left) => {
                let taken = read.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                out.extend_from_slice(&read[..taken]);
                read.advance(taken);
                *left -= taken as u64;
                if *left == 0 {
                    *self = Self::Done;
                }
                taken as u64
            }
            Self::UntilClose(framing) => {
                let taken = read.len();
                framing.put(read, out);
                read.clear();
                taken as u64
            }
            Self::Chunks(scan, framing) => {
                let mut passed = 0;
                while !read.is_empty() && !scan.is_done() {
                    let Ok((taken, is_data)) = scan.piece(read) else {
                        *self = Self::Spoiled;
                        return passed;
                    };
                    if is_data {
                        framing.put(&read[..taken], out);
                        passed += taken as u64;
                    }
                    read.advance(taken);
                }
                if scan.is_done() {
                    framing.end(out);
                    *self = Self::Done;
                }
                passed
            }
        }
    }

    /// The application has closed: whether that is the end of the content.
    pub(super) fn close(&mut self, out: &mut BytesMut) -> bool {
        let Self::UntilClose(framing) = self else { return false };
        framing.end(out);
        *self = Self::Done;
        true
    }
}

impl Framing {
    fn put(self, data: &[u8], out: &mut BytesMut) {
        match self {
            Self::Below => out.extend_from_slice(data),
            // An empty chunk would be the last one.
            Self::Chunks if data.is_empty() => {}
            Self::Chunks => {
                // Writing to memory does not fail.
                let _ = write!(out, "{:x}\r\n", data.len());
                out.extend_from_slice(data);
                out.extend_from_slice(b"\r\n");
            }
        }
    }

    fn end(self, out: &mut BytesMut) {
        if self == Self::Chunks {
            out.extend_from_slice(b"0\r\n\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the client gets when `wire` comes in pieces of `size`, and what is left over.
    fn passed(content: Content, wire: &str, size: usize) -> (String, u64, String) {
        let (mut rest, mut out, mut count) =
            (Rest::new(content, Framing::Chunks), BytesMut::new(), 0);
        let mut read = BytesMut::new();
        for piece in wire.as_bytes().chunks(size) {
            read.extend_from_slice(piece);
            count += rest.pass(&mut read, &mut out);
        }
        rest.close(&mut out);
        assert!(rest.is_done(), "{wire:?}");
        let text = |bytes: &BytesMut| String::from_utf8(bytes.to_vec()).unwrap();
        (text(&out), count, text(&read))
    }

    #[test]
    fn each_framing_reaches_the_client_whole_and_no_more() {
        let chunks = "3;x=y\r\nabc\r\n2 \r\nde\r\n0\r\nX-Trailer: z\r\n\r\n";
        assert_eq!(passed(Content::Exact(3), "abcmore", 99), ("abc".into(), 3, "more".into()));
        assert_eq!(
            passed(Content::Chunked, &format!("{chunks}more"), 99),
            ("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".into(), 5, "more".into())
        );
        assert_eq!(
            passed(Content::UntilClose, "abc", 99),
            ("3\r\nabc\r\n0\r\n\r\n".into(), 3, String::new())
        );
        for size in 1..chunks.len() {
            let (out, count, left) = passed(Content::Chunked, chunks, size);
            assert_eq!((count, left.as_str()), (5, ""), "{size}");
            assert!(out.ends_with("0\r\n\r\n"), "{out:?}");
        }
    }

    #[test]
    fn sizes_beyond_four_gibibytes_are_not_cut() {
        let much = (5 << 30) + 1;
        let mut exact = Rest::new(Content::Exact(much), Framing::Below);
        let mut chunks = Rest::new(Content::Chunked, Framing::Below);
        for (rest, head) in [(&mut exact, String::new()), (&mut chunks, format!("{much:x}\r\n"))] {
            let mut read = BytesMut::from(&*(head + "abc"));
            assert_eq!(rest.pass(&mut read, &mut BytesMut::new()), 3);
            assert!(read.is_empty() && !rest.is_done() && !rest.is_spoiled());
            assert!(rest.expected() >= much - 3, "{rest:?}");
        }
    }

    #[test]
    fn what_are_no_chunks_is_not_passed_on() {
        for wire in ["x\r\n", "\r\n", "3\nabc", "3\r\nabcd\r\n"] {
            let mut rest = Rest::new(Content::Chunked, Framing::Chunks);
            let (mut read, mut out) = (BytesMut::from(wire), BytesMut::new());
            rest.pass(&mut read, &mut out);
            assert!(rest.is_spoiled() && !rest.close(&mut out), "{wire:?}");
            let before = if wire == "3\r\nabcd\r\n" { "3\r\nabc\r\n" } else { "" };
            assert_eq!(out, before, "{wire:?}");
        }
        let mut cut = Rest::new(Content::Exact(5), Framing::Chunks);
        assert!(!cut.close(&mut BytesMut::new()), "a content that is too short is a loss");
    }
}
