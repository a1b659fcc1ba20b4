//! Sizes.

use std::fmt;
use std::str::FromStr;

/// A number of bytes as people write it in the configuration: `512KiB`, `10MiB`, `2GiB`.
///
/// The binary units of IEC 80000-13, and no others: half of all readers take `MB` for a million
/// bytes and the other half for 1048576.
///
/// ```
/// # use linkgate::domain::size::ByteSize;
/// let size: ByteSize = "10MiB".parse().unwrap();
/// assert_eq!((size.bytes(), size.to_string().as_str()), (10 << 20, "10MiB"));
/// assert!("10MB".parse::<ByteSize>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

/// Why a text is not a [`ByteSize`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ByteSizeError {
    /// No number, no unit, or another unit.
    #[error("must be a number and one of KiB, MiB, GiB")]
    Shape,
    /// More than an `u64` of bytes.
    #[error("is too large")]
    TooLarge,
}

const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

impl ByteSize {
    /// A number of bytes.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// How many bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, ByteSizeError> {
        let found = UNITS.iter().find_map(|(name, unit)| {
            text.strip_suffix(name).map(|number| (number.trim_end(), *unit))
        });
        let (number, unit) = found.ok_or(ByteSizeError::Shape)?;
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ByteSizeError::Shape);
        }
        let number: u64 = number.parse().map_err(|_| ByteSizeError::TooLarge)?;
        number.checked_mul(unit).map(Self).ok_or(ByteSizeError::TooLarge)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(_, unit)| self.0 >= *unit && self.0.is_multiple_of(*unit)) {
            Some((name, unit)) => write!(out, "{}{name}", self.0 / unit),
            None => write!(out, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_binary_units_with_a_number() {
        for (text, bytes) in [("1KiB", 1024), ("0MiB", 0), ("16 MiB", 16 << 20), ("3GiB", 3 << 30)]
        {
            assert_eq!(text.parse::<ByteSize>().map(ByteSize::bytes), Ok(bytes), "{text}");
        }
        for text in ["", "1", "MiB", "1MB", "1mib", "-1MiB", "+1MiB", "1.5MiB", "1MiB ", "0x1KiB"] {
            assert_eq!(text.parse::<ByteSize>(), Err(ByteSizeError::Shape), "{text}");
        }
        for text in ["99999999999999999999KiB", "18446744073709551615GiB"] {
            assert_eq!(text.parse::<ByteSize>(), Err(ByteSizeError::TooLarge), "{text}");
        }
        assert_eq!(ByteSize::new(1536).to_string(), "1536 bytes");
    }
}
