//! Colours and whether they can be told apart (WCAG 2.2).

use std::fmt;
use std::str::FromStr;

/// An opaque colour of the sRGB space, written `#rrggbb`.
///
/// ```
/// # use linkgate::domain::colour::Colour;
/// let blue: Colour = "#2257C5".parse().unwrap();
/// assert_eq!(blue.to_string(), "#2257c5");
/// assert_eq!(blue.ink(), Colour::WHITE);
/// assert!((Colour::BLACK.contrast(Colour::WHITE) - 21.0).abs() < 1e-9);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

/// Why a text is not a [`Colour`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColourError {
    /// Three digits, names and functions have one more way to be misread each, and end up in a
    /// style sheet.
    #[error("must be a colour of six hexadecimal digits")]
    Shape,
}

impl Colour {
    /// `#000000`.
    pub const BLACK: Self = Self::new(0, 0, 0);
    /// `#ffffff`.
    pub const WHITE: Self = Self::new(255, 255, 255);

    /// A colour of its parts.
    #[must_use]
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// The contrast ratio of two colours, 1 to 21, in either order (WCAG 2.2, "contrast ratio").
    /// Text needs 4.5 (1.4.3), the shape of a button 3 (1.4.11).
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Black or white, whichever is easier to read on this colour. On any colour one of them has a
    /// contrast of more than 4.5: the worst case is the square root of 21.
    #[must_use]
    pub fn ink(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) {
            Self::WHITE
        } else {
            Self::BLACK
        }
    }

    /// A step towards another colour: `percent` of it (100 at most) and the rest of this one.
    #[must_use]
    pub fn mixed(self, other: Self, percent: u8) -> Self {
        let share = u32::from(percent.min(100));
        let part = |one: u8, other: u8| {
            let sum = u32::from(one) * (100 - share) + u32::from(other) * share;
            // A mean of two bytes is a byte.
            u8::try_from((sum + 50) / 100).unwrap_or(u8::MAX)
        };
        Self::new(
            part(self.red, other.red),
            part(self.green, other.green),
            part(self.blue, other.blue),
        )
    }

    /// This colour, or with as little of the ground's [`ink`](Self::ink) in it as makes the contrast
    /// to the ground `ratio`. It can always be had up to 4.5.
    #[must_use]
    pub fn readable_on(self, ground: Self, ratio: f64) -> Self {
        let ink = ground.ink();
        let mut steps = (0..=100).map(|percent| self.mixed(ink, percent));
        steps.find(|step| step.contrast(ground) >= ratio).unwrap_or(ink)
    }

    /// WCAG 2.2, "relative luminance": 0 for black, 1 for white.
    fn luminance(self) -> f64 {
        let linear = |byte: u8| {
            let value = f64::from(byte) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl FromStr for Colour {
    type Err = ColourError;

    fn from_str(text: &str) -> Result<Self, ColourError> {
        let digits = text.strip_prefix('#').ok_or(ColourError::Shape)?;
        // The number's own reader would take a sign.
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ColourError::Shape);
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| ColourError::Shape)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self::new(red, green, blue))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl fmt::Debug for Colour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn colour(text: &str) -> Colour {
        text.parse().unwrap()
    }

    #[test]
    fn one_way_to_write_it() {
        assert_eq!(colour("#09AFaf"), Colour::new(0x09, 0xaf, 0xaf));
        assert_eq!(format!("{:?}", colour("#09AFaf")), "#09afaf");
        for text in [
            "",
            "#",
            "#fff",
            "#fffffff",
            "fffffff",
            "#+12345",
            "#ffffg0",
            "#ffffff ",
            "#ﬀﬀ",
            "red",
            "rgb(1,2,3)",
            "#12345é",
        ] {
            assert_eq!(text.parse::<Colour>(), Err(ColourError::Shape), "{text:?}");
        }
    }

    /// Ratios as published: WebAIM and the notes on 1.4.3 name #767676 and #949494 as the lightest
    /// greys that reach 4.5 and 3 on white; the others are worked out by hand from the formula.
    #[test]
    fn ratios_are_those_of_the_standard() {
        for (one, other, ratio) in [
            ("#ffffff", "#000000", 21.0),
            ("#ffffff", "#ffffff", 1.0),
            ("#767676", "#ffffff", 4.54),
            ("#777777", "#ffffff", 4.48),
            ("#949494", "#ffffff", 3.03),
            ("#959595", "#ffffff", 2.99),
            ("#ff0000", "#ffffff", 4.0),
            ("#0000ff", "#ffffff", 8.59),
            ("#00ff00", "#ffffff", 1.37),
        ] {
            let found = colour(one).contrast(colour(other));
            assert!((found - ratio).abs() < 0.006, "{one} {other}: {found}");
        }
    }

    #[test]
    fn a_colour_is_changed_only_as_far_as_needed() {
        let card = colour("#1b1e25");
        let light = colour("#8fb4ff");
        assert_eq!(light.readable_on(card, 4.5), light);
        let lightened = colour("#2257c5").readable_on(card, 4.5);
        assert!((4.5..4.8).contains(&lightened.contrast(card)), "{lightened}");
        let darkened = colour("#ffcc00").readable_on(Colour::WHITE, 3.0);
        assert!((3.0..3.1).contains(&darkened.contrast(Colour::WHITE)), "{darkened}");
        assert_eq!(Colour::BLACK.readable_on(Colour::WHITE, 4.5), Colour::BLACK);
    }

    fn any_colour() -> impl Strategy<Value = Colour> {
        any::<(u8, u8, u8)>().prop_map(|(red, green, blue)| Colour::new(red, green, blue))
    }

    proptest! {
        #[test]
        fn text_on_any_colour_can_be_read(ground in any_colour()) {
            prop_assert!(ground.contrast(ground.ink()) > 4.5, "{}", ground);
        }

        #[test]
        fn what_is_written_is_read(one in any_colour(), other in any_colour(), percent in 0_u8..=100) {
            prop_assert_eq!(one.to_string().parse(), Ok(one));
            prop_assert!((one.contrast(other) - other.contrast(one)).abs() < 1e-12);
            prop_assert!((1.0..=21.01).contains(&one.contrast(other)));
            prop_assert_eq!(one.mixed(other, 0), one);
            prop_assert_eq!(one.mixed(other, 100), other);
            prop_assert_eq!(one.mixed(one, percent), one);
        }

        #[test]
        fn any_colour_can_be_made_readable_on_any_other(one in any_colour(), ground in any_colour()) {
            prop_assert!(one.readable_on(ground, 4.5).contrast(ground) >= 4.5);
        }
    }
}
