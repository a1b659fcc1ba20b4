//! Trace context, as it stands in `traceparent` (W3C Trace Context, Level 1).

use std::fmt;
use std::str::FromStr;

/// A trace: what happens for one wish, in all programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceId(u128);

/// One piece of work in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpanId(u64);

/// What `traceparent` says.
///
/// ```
/// # use linkgate::domain::trace::TraceParent;
/// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let parent: TraceParent = text.parse().unwrap();
/// assert!(parent.sampled);
/// assert_eq!(parent.to_string(), text);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace.
    pub trace: TraceId,
    /// Who asks.
    pub span: SpanId,
    /// Whether who asks has recorded it.
    pub sampled: bool,
}

/// The text is no `traceparent`: a trace begins anew then (section 4.3 of the standard).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no trace context")]
pub struct NoTraceParent;

impl TraceId {
    /// Of random bytes. Zero means none, so it never comes out.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes).max(1))
    }

    /// The bytes, as collectors want them.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl SpanId {
    /// Of random bytes. Zero means none, so it never comes out.
    #[must_use]
    pub fn from_random(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes).max(1))
    }

    /// Another one, of the same trace: as random as this one.
    #[must_use]
    pub fn next(self, number: u64) -> Self {
        Self(self.0.wrapping_add(number).max(1))
    }

    /// The bytes, as collectors want them.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl FromStr for TraceParent {
    type Err = NoTraceParent;

    /// Reads version 00, and of later ones what they have in common with it.
    fn from_str(text: &str) -> Result<Self, NoTraceParent> {
        let (known, more) = text.split_at_checked(55).ok_or(NoTraceParent)?;
        let parts: Vec<&str> = known.split('-').collect();
        let [version, trace, span, flags] = parts[..] else { return Err(NoTraceParent) };
        let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        let is_right = |part: &str, length| part.len() == length && part.bytes().all(is_hex);
        let ends = more.is_empty() || version != "00" && more.starts_with('-');
        let has_form = is_right(version, 2)
            && is_right(trace, 32)
            && is_right(span, 16)
            && is_right(flags, 2)
            && version != "ff";
        if !(ends && has_form) {
            return Err(NoTraceParent);
        }
        let trace = u128::from_str_radix(trace, 16).map_err(|_| NoTraceParent)?;
        let span = u64::from_str_radix(span, 16).map_err(|_| NoTraceParent)?;
        let flags = u8::from_str_radix(flags, 16).map_err(|_| NoTraceParent)?;
        if trace == 0 || span == 0 {
            return Err(NoTraceParent);
        }
        Ok(Self { trace: TraceId(trace), span: SpanId(span), sampled: flags & 1 == 1 })
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (TraceId(trace), SpanId(span)) = (self.trace, self.span);
        write!(out, "00-{trace:032x}-{span:016x}-{:02x}", u8::from(self.sampled))
    }
}

/// Which part of all traces is recorded, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample(f64);

impl Sample {
    /// None if it is no part.
    #[must_use]
    pub fn new(part: f64) -> Option<Self> {
        (0.0..=1.0).contains(&part).then_some(Self(part))
    }

    /// The part, of a million.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // From 0 to 1.
    pub fn per_million(self) -> u32 {
        (self.0 * 1e6) as u32
    }

    /// Whether a trace is recorded. The trace decides, so that all programs with the same part record
    /// the same ones.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // 53 random bits will do.
    pub fn takes(self, trace: TraceId) -> bool {
        const BITS: u64 = 1 << 53;
        let random = (trace.0 as u64) % BITS;
        (random as f64) < self.0 * BITS as f64
    }
}

/// What becomes of a trace that a trusted proxy says is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SampledBefore {
    /// It is recorded, up to the own part of those that come with a trace: a proxy may hand on what clients
    /// say.
    #[default]
    Limited,
    /// It is recorded always.
    Always,
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn only_what_the_standard_knows_is_a_context() {
        assert!(GOOD.parse::<TraceParent>().is_ok());
        let of_the_future = format!("{}-more", GOOD.replacen("00", "cc", 1));
        assert!(of_the_future.parse::<TraceParent>().is_ok());
        for bad in [
            String::new(),
            GOOD.to_uppercase(),
            GOOD.replacen("00", "ff", 1),
            GOOD.replace("00f067aa0ba902b7", "0000000000000000"),
            GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            format!("{GOOD}-more"),
            format!("{GOOD}x"),
            format!(" {GOOD}"),
            GOOD.replace("-01", "-0x"),
            GOOD.replace("-01", "-+1"),
            GOOD.replace('-', "_"),
            GOOD[..54].to_owned(),
            format!("{}ä", &GOOD[..54]),
        ] {
            assert_eq!(bad.parse::<TraceParent>(), Err(NoTraceParent), "{bad}");
        }
    }

    #[test]
    fn nothing_comes_of_no_randomness_but_a_valid_name() {
        let parent = TraceParent {
            trace: TraceId::from_random([0; 16]),
            span: SpanId::from_random([0; 8]),
            sampled: false,
        };
        assert_eq!(parent.to_string().parse(), Ok(parent));
    }

    #[test]
    fn a_part_of_the_traces_is_taken() {
        let taken = |part: f64| {
            let sample = Sample::new(part).unwrap();
            let trace = |n: u64| {
                let [a, b] = [n.wrapping_mul(0x9e37_79b9_7f4a_7c15), n].map(u64::to_be_bytes);
                TraceId::from_random([b, a].concat().try_into().unwrap())
            };
            (1..=10_000).filter(|n| sample.takes(trace(*n))).count()
        };
        assert_eq!((taken(0.0), taken(1.0)), (0, 10_000));
        assert!((900..1_100).contains(&taken(0.1)), "{}", taken(0.1));
        assert!(Sample::new(1.1).is_none() && Sample::new(f64::NAN).is_none());
    }
}
