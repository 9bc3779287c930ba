//! Languages.

use std::fmt;
use std::str::FromStr;

use super::PhoneNumber;

/// A language by its ISO 639-1 code: two lower-case letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Language([u8; 2]);

/// Text that is no language code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a language code of two letters, such as en, es or pt")]
pub struct InvalidLanguage(pub String);

/// What most people speak where numbers begin with these country codes (ITU-T E.164, list of
/// assigned codes). The longest beginning counts. Countries of several languages are left out.
const SPOKEN_WHERE: &[(&str, &[&str])] = &[
    ("de", &["43", "49", "423"]),
    ("en", &["1", "44", "61", "64", "353", "234", "254", "256", "260", "263", "233"]),
    (
        "es",
        &[
            "34", "51", "52", "53", "54", "56", "57", "58", "502", "503", "504", "505", "506",
            "507", "591", "593", "595", "598", "1787", "1809", "1829", "1849", "1939",
        ],
    ),
    ("fr", &["33", "221", "225", "226", "227", "228", "229", "241", "242", "377"]),
    ("it", &["39", "378"]),
    ("pt", &["55", "238", "239", "244", "245", "258", "351"]),
    ("ru", &["7", "375"]),
    ("ar", &["20", "212", "213", "216", "218", "249", "962", "964", "965", "966", "968", "974"]),
    ("id", &["62"]),
    ("ja", &["81"]),
    ("nl", &["31"]),
    ("pl", &["48"]),
    ("ro", &["40", "373"]),
    ("tr", &["90"]),
    ("uk", &["380"]),
];

impl Language {
    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("made from ASCII letters")
    }

    /// What is probably spoken to somebody who has this number, by its country.
    pub fn of_number(number: &PhoneNumber) -> Option<Self> {
        let digits = number.as_str().strip_prefix('+')?;
        let of_country = |(language, codes): &(&str, &[&str])| {
            let matching = codes.iter().filter(|code| digits.starts_with(**code));
            Some((matching.map(|code| code.len()).max()?, language.parse().ok()?))
        };
        let longest = SPOKEN_WHERE.iter().filter_map(of_country).max_by_key(|(length, _)| *length);
        longest.map(|(_, language)| language)
    }
}

impl FromStr for Language {
    type Err = InvalidLanguage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            &[first, second] if first.is_ascii_lowercase() && second.is_ascii_lowercase() => {
                Ok(Self([first, second]))
            }
            _ => Err(InvalidLanguage(text.to_owned())),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_tells_what_is_probably_spoken_by_its_country() {
        for (number, language) in [
            ("+15551234567", Some("en")),
            ("+18095551234", Some("es")),
            ("+5511987654321", Some("pt")),
            ("+34600000001", Some("es")),
            ("+77011234567", Some("ru")),
            ("+41441234567", None),
        ] {
            let spoken = Language::of_number(&number.parse().unwrap());
            assert_eq!(spoken.as_ref().map(Language::as_str), language, "{number}");
        }
    }

    #[test]
    fn each_language_of_the_table_is_one_and_no_code_stands_twice() {
        let mut codes: Vec<&str> =
            SPOKEN_WHERE.iter().flat_map(|(_, codes)| *codes).copied().collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
        assert!(SPOKEN_WHERE.iter().all(|(language, _)| language.parse::<Language>().is_ok()));
    }

    #[test]
    fn is_two_lower_case_letters() {
        assert_eq!("pt".parse::<Language>().unwrap().as_str(), "pt");
        for text in ["", "p", "PT", "por", "é", "p1"] {
            assert_eq!(text.parse::<Language>(), Err(InvalidLanguage(text.to_owned())));
        }
    }
}
