//! Colours, and how well text on them can be read.

use std::fmt;
use std::str::FromStr;

/// An opaque colour of sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour([u8; 3]);

/// Text that is no colour.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a colour such as #0a7c66")]
pub struct InvalidColour(pub String);

impl Colour {
    pub const BLACK: Self = Self([0; 3]);
    pub const WHITE: Self = Self([255; 3]);

    pub const fn of(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// The contrast between two colours, 1 to 21 (WCAG 2.2, contrast ratio).
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// The nearest to it on the way to `end` that has this contrast with all of the `grounds`; `end`
    /// itself if none has.
    pub fn towards(self, end: Self, grounds: &[Self], contrast: f64) -> Self {
        let steps = (0..=u8::MAX).map(|step| self.mixed(end, step));
        let is_readable =
            |colour: &Self| grounds.iter().all(|ground| colour.contrast(*ground) >= contrast);
        steps.into_iter().find(is_readable).unwrap_or(end)
    }

    /// With `share` / 255 of the other.
    fn mixed(self, other: Self, share: u8) -> Self {
        let share = u16::from(share);
        Self(std::array::from_fn(|index| {
            let (own, other) = (u16::from(self.0[index]), u16::from(other.0[index]));
            let mixed = (own * (255 - share) + other * share) / 255;
            u8::try_from(mixed).expect("a mean of bytes is a byte")
        }))
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(self) -> f64 {
        let linear = self.0.map(|channel| {
            let channel = f64::from(channel) / 255.0;
            if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }
}

impl FromStr for Colour {
    type Err = InvalidColour;

    /// Six hexadecimal digits, with or without `#` before them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        let is_hexadecimal =
            digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u32::from_str_radix(digits, 16).ok().filter(|_| is_hexadecimal);
        let [_, red, green, blue] =
            number.ok_or_else(|| InvalidColour(text.to_owned()))?.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(formatter, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        text.parse().unwrap()
    }

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        for (one, other, contrast) in [
            ("#000000", "#ffffff", 21.0),
            ("#777777", "#ffffff", 4.478),
            ("#767676", "#ffffff", 4.542),
            ("#0000ff", "#ffffff", 8.592),
            ("#ff0000", "#000000", 5.252),
        ] {
            let measured = colour(one).contrast(colour(other));
            assert!((measured - contrast).abs() < 0.001, "{one} {other}: {measured}");
            assert_eq!(measured, colour(other).contrast(colour(one)));
        }
    }

    #[test]
    fn a_colour_that_can_be_read_stays_and_another_moves_as_little_as_it_has_to() {
        let white = [Colour::WHITE];
        let dark = colour("#0a7c66");
        assert_eq!(dark.towards(Colour::BLACK, &white, 4.5), dark);
        let moved = colour("#ffe100").towards(Colour::BLACK, &white, 4.5);
        assert!((4.5..4.7).contains(&moved.contrast(Colour::WHITE)), "{moved}");
    }

    #[test]
    fn is_six_hexadecimal_digits() {
        assert_eq!(colour("#0A7c66").to_string(), "#0a7c66");
        assert_eq!(colour("0a7c66"), colour("#0a7c66"));
        for text in ["", "#", "#fff", "#0a7c6", "#0a7c666", "+12345", "teal", "#0a7c6g", "##a7c66"]
        {
            assert_eq!(text.parse::<Colour>(), Err(InvalidColour(text.to_owned())), "{text}");
        }
    }
}
