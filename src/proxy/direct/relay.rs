//! The content of an answer, from one connection to the other.
//!
//! Chunks are read and written anew: extensions and trailers belong to the other connection. What the
//! application delimits by closing becomes chunks, so that the client can tell its end from a loss.

use bytes::{Buf, BytesMut};

use super::answer::Content;
use crate::proxy::wire::ChunkScan;

/// What is still to come of the content.
#[derive(Debug)]
pub(super) enum Rest {
    /// So many bytes.
    Exact(u64),
    /// Chunks.
    Chunks(ChunkScan),
    /// What comes until the application closes.
    UntilClose,
    /// Nothing.
    Done,
}

/// The application sends what are no chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoChunks;

impl Rest {
    pub(super) fn new(content: Content) -> Self {
        match content {
            Content::Nothing => Self::Done,
            Content::Exact(length) => Self::Exact(length),
            Content::Chunked => Self::Chunks(ChunkScan::of_an_application()),
            Content::UntilClose => Self::UntilClose,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// How much may come at most; a guess for the size of a read.
    pub(super) fn expected(&self) -> u64 {
        match self {
            Self::Exact(left) => *left,
            Self::Chunks(_) | Self::UntilClose => u64::MAX,
            Self::Done => 0,
        }
    }

    /// Moves what belongs to the content from `read` to `out`, framed for the client. Returns how many
    /// bytes of content that were.
    pub(super) fn pass(
        &mut self,
        read: &mut BytesMut,
        out: &mut BytesMut,
    ) -> Result<u64, NoChunks> {
        match self {
            Self::Done => Ok(0),
            Self::Exact(left) => {
                let taken = read.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                out.extend_from_slice(&read[..taken]);
                read.advance(taken);
                *left -= taken as u64;
                if *left == 0 {
                    *self = Self::Done;
                }
                Ok(taken as u64)
            }
            Self::UntilClose => {
                let taken = read.len();
                put_chunk(read, out);
                read.clear();
                Ok(taken as u64)
            }
            Self::Chunks(scan) => {
                let mut passed = 0;
                while !read.is_empty() && !scan.is_done() {
                    let (taken, is_data) = scan.piece(read).map_err(|_| NoChunks)?;
                    if is_data {
                        put_chunk(&read[..taken], out);
                        passed += taken as u64;
                    }
                    read.advance(taken);
                }
                if scan.is_done() {
                    out.extend_from_slice(b"0\r\n\r\n");
                    *self = Self::Done;
                }
                Ok(passed)
            }
        }
    }

    /// The application has closed: whether that is the end of the content.
    pub(super) fn close(&mut self, out: &mut BytesMut) -> bool {
        let ends = matches!(self, Self::UntilClose);
        if ends {
            out.extend_from_slice(b"0\r\n\r\n");
            *self = Self::Done;
        }
        ends
    }
}

/// An empty chunk would be the last one.
fn put_chunk(data: &[u8], out: &mut BytesMut) {
    use std::fmt::Write;
    if !data.is_empty() {
        // Writing to memory does not fail.
        let _ = write!(out, "{:x}\r\n", data.len());
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the client gets when `wire` comes in pieces of `size`, and what is left over.
    fn passed(content: Content, wire: &str, size: usize) -> (String, u64, String) {
        let (mut rest, mut out, mut count) = (Rest::new(content), BytesMut::new(), 0);
        let mut read = BytesMut::new();
        for piece in wire.as_bytes().chunks(size) {
            read.extend_from_slice(piece);
            count += rest.pass(&mut read, &mut out).unwrap();
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
    fn what_are_no_chunks_is_not_passed_on() {
        for wire in ["x\r\n", "\r\n", "3\nabc", "3\r\nabcd\r\n"] {
            let mut rest = Rest::new(Content::Chunked);
            let mut read = BytesMut::from(wire);
            assert_eq!(rest.pass(&mut read, &mut BytesMut::new()), Err(NoChunks), "{wire:?}");
        }
        let mut cut = Rest::new(Content::Exact(5));
        assert!(!cut.close(&mut BytesMut::new()), "a content that is too short is a loss");
    }
}
