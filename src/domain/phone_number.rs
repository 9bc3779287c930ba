//! Phone numbers in E.164 form.

use std::fmt;
use std::str::FromStr;

use super::Redact;

/// A phone number as ITU-T E.164 writes it: `+`, then 7 to 15 digits, the first of which is not
/// zero.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

/// Whether a number of ours is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberStatus {
    /// It can be assigned, and calls to it are answered.
    Active,
    /// It takes no invitation, and its calls are refused.
    Suspended,
    /// Its calls do not come here yet.
    Pending,
}

/// Text that names no status of a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no status of a phone number")]
pub struct InvalidNumberStatus(pub String);

impl NumberStatus {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Active, Self::Suspended, Self::Pending];

    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Pending => "pending",
        }
    }
}

impl FromStr for NumberStatus {
    type Err = InvalidNumberStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|status| status.as_str() == text);
        named.ok_or_else(|| InvalidNumberStatus(text.to_owned()))
    }
}

/// Text that is no international phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a phone number in international form, such as +15551234567")]
pub struct InvalidPhoneNumber(pub String);

impl PhoneNumber {
    /// The number with its leading `+`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A number as people paste it: from a web page, a contact or a link, with whatever came along. Which
    /// country it is of has to be said, since anything else would be a guess.
    ///
    /// # Errors
    /// When it is none, or its country code is missing.
    pub fn from_pasted(text: &str) -> Result<Self, NotPasted> {
        let not_a_number = || NotPasted::NotANumber(text.to_owned());
        let compact: String = text.chars().filter_map(meant).collect();
        let bare = LINKS.iter().find_map(|link| strip_link(&compact, link));
        // Parameters of a link: RFC 3966 §5.
        let number = bare.unwrap_or(&compact).split([';', '?']).next().unwrap_or_default();
        let international = number.strip_prefix('+').or_else(|| number.strip_prefix("00"));
        // From North America.
        let international = international.or_else(|| number.strip_prefix("011"));
        let digits = match international {
            Some(digits) => digits,
            None if compact.starts_with("https://") => number,
            None if is_national(number) => return Err(NotPasted::NoCountry(text.to_owned())),
            None => return Err(not_a_number()),
        };
        // "+44 (0)20": the zero is dialled within the country only.
        let digits = digits.replacen("(0)", "", 1).replace(['(', ')', '.'], "");
        format!("+{digits}").parse().map_err(|InvalidPhoneNumber(_)| not_a_number())
    }

    /// The country code and the number within that country (ITU-T E.164, list of assigned codes). A code
    /// that is not assigned is taken to have three digits.
    pub fn split(&self) -> (&str, &str) {
        let length = match phonenumber::parse(None, &self.0) {
            Ok(number) if number.code().value() < 10 => 1,
            Ok(number) if number.code().value() < 100 => 2,
            _ => 3,
        };
        self.0[1..].split_at(length)
    }
}

/// Why pasted text is no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPasted {
    #[error("{0:?} is not a phone number")]
    NotANumber(String),
    #[error("{0:?} has no country code: write it with a plus sign, such as +1 555 123 4567")]
    NoCountry(String),
}

/// What a link to a number begins with.
const LINKS: [&str; 4] =
    ["tel:", "whatsapp:", "https://wa.me/", "https://api.whatsapp.com/send?phone="];

/// Whether this could be dialled within some country.
fn is_national(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits > 0
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'(' | b')' | b'.'))
}

fn strip_link<'a>(text: &'a str, link: &str) -> Option<&'a str> {
    let beginning = text.get(..link.len())?;
    beginning.eq_ignore_ascii_case(link).then(|| &text[link.len()..])
}

/// What a character of a pasted number means; `None` for one that only makes it look better.
fn meant(character: char) -> Option<char> {
    // Digits of other scripts, by their zero: full-width, Arabic-Indic, Persian, Devanagari.
    let zeros = ['\u{ff10}', '\u{660}', '\u{6f0}', '\u{966}'];
    let value = |zero: char| u32::from(character).checked_sub(zero.into()).filter(|it| *it < 10);
    if let Some(digit) = zeros.into_iter().find_map(value) {
        return char::from_digit(digit, 10);
    }
    match character {
        '\u{ff0b}' => Some('+'),
        '-' | '"' | '\'' | '\u{b7}' | '\u{ad}' | '\u{2212}' | '\u{ff0d}' | '\u{feff}' => None,
        // Dashes and quotes; marks of direction and of width, which copying brings along unseen.
        '\u{2010}'..='\u{2015}' | '\u{2018}'..='\u{201f}' => None,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' => None,
        blank if blank.is_whitespace() => None,
        other => Some(other),
    }
}

impl FromStr for PhoneNumber {
    type Err = InvalidPhoneNumber;

    /// Accepts what people and trunks write: visual separators (RFC 3966 §5.1.1), and the `00`
    /// prefix or nothing at all in place of the `+`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidPhoneNumber(text.to_owned());
        let compact: String = text
            .chars()
            .filter(|character| !matches!(character, ' ' | '-' | '.' | '(' | ')'))
            .collect();
        let digits =
            compact.strip_prefix('+').or_else(|| compact.strip_prefix("00")).unwrap_or(&compact);
        let is_e164 = (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if !is_e164 {
            return Err(invalid());
        }
        Ok(Self(format!("+{digits}")))
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Redact for PhoneNumber {
    /// The last two digits: enough for an operator to tell two calls apart.
    fn redact(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "+***{}", &self.0[self.0.len() - 2..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Redacted;

    #[test]
    fn reads_the_forms_that_trunks_send() {
        for text in ["+15551234567", "15551234567", "0015551234567", "+1 (555) 123-4567"] {
            assert_eq!(text.parse::<PhoneNumber>().unwrap().as_str(), "+15551234567");
        }
    }

    #[test]
    fn refuses_what_is_no_international_number() {
        for text in ["", "+", "abc", "+0123456789", "12345", "+1234567890123456", "+1555x234567"] {
            assert_eq!(text.parse::<PhoneNumber>(), Err(InvalidPhoneNumber(text.to_owned())));
        }
    }

    #[test]
    fn reads_a_number_in_every_form_that_people_paste() {
        for text in [
            "+442071838750",
            " +44 20 7183 8750\n",
            "+44 (0)20 7183 8750",
            "+44 (20) 7183-8750",
            "+44.20.7183.8750",
            "+44\u{a0}20\u{202f}7183\u{2011}8750",
            "\u{202a}+44 20 7183 8750\u{202c}",
            "\u{feff}\u{200e}+44\u{2013}20\u{2013}7183\u{2013}8750",
            "0044 20 7183 8750",
            "011 44 20 7183 8750",
            "tel:+44-20-7183-8750",
            "TEL:+442071838750;ext=12",
            "https://wa.me/442071838750",
            "https://wa.me/442071838750?text=hi",
            "https://api.whatsapp.com/send?phone=442071838750",
            "whatsapp:+442071838750",
            "\u{201c}+44 20 7183 8750\u{201d}",
            "\u{ff0b}\u{ff14}\u{ff14}2071838750",
            "+\u{664}\u{664}\u{662}\u{660}71838750",
        ] {
            let number = PhoneNumber::from_pasted(text);
            assert_eq!(number.as_ref().map(PhoneNumber::as_str), Ok("+442071838750"), "{text:?}");
        }
    }

    #[test]
    fn a_pasted_number_of_no_country_is_not_guessed_at_and_text_is_none() {
        for text in
            ["020 7183 8750", "020.7183.8750", "(555) 010-0123", "5550100123", "15550100123"]
        {
            let refused = PhoneNumber::from_pasted(text);
            assert_eq!(refused, Err(NotPasted::NoCountry(text.to_owned())), "{text}");
        }
        for text in [
            "",
            "+",
            "call me",
            "+44 20 7183 8750 ext. 12",
            "+1/2",
            "+1 555",
            "+0 20 7183 8750",
            "https://wa.me/",
            "tel:",
            "+1 555 010 0123 4567 89",
            "<script>",
            "\u{1f4de}",
        ] {
            let refused = PhoneNumber::from_pasted(text);
            assert_eq!(refused, Err(NotPasted::NotANumber(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn the_country_is_told_from_the_number() {
        for (number, parts) in [
            ("+15551234567", ("1", "5551234567")),
            ("+79161234567", ("7", "9161234567")),
            ("+442071838750", ("44", "2071838750")),
            ("+420212345678", ("420", "212345678")),
            ("+5511961234567", ("55", "11961234567")),
            ("+351211234567", ("351", "211234567")),
            ("+85221234567", ("852", "21234567")),
            ("+390612345678", ("39", "0612345678")),
            ("+99912345678", ("999", "12345678")),
        ] {
            assert_eq!(number.parse::<PhoneNumber>().unwrap().split(), parts);
        }
    }

    #[test]
    fn each_status_is_read_back_from_its_name() {
        for status in NumberStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        let unknown = "sold".parse::<NumberStatus>();
        assert_eq!(unknown, Err(InvalidNumberStatus("sold".to_owned())));
    }

    #[test]
    fn a_log_shows_only_its_last_two_digits() {
        let number: PhoneNumber = "+15551234567".parse().unwrap();
        assert_eq!(Redacted(&number).to_string(), "+***67");
    }
}
