//! Countries, and which phone numbers are theirs. What the numbering plans say comes from Google's
//! libphonenumber.

use std::fmt;
use std::str::FromStr;

use phonenumber::metadata::DATABASE;
use phonenumber::{country, parse};

use super::PhoneNumber;

/// A country that has phone numbers, by the two letters of ISO 3166-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Country(country::Id);

/// Text that names no country.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no country in two letters, such as DE")]
pub struct InvalidCountry(pub String);

impl Country {
    /// The two letters, upper-case.
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    /// What its international numbers begin with, without the plus sign (ITU-T E.164).
    pub fn calling_code(self) -> Option<u16> {
        DATABASE.by_id(self.as_str()).map(|plan| plan.country_code())
    }
}

impl FromStr for Country {
    type Err = InvalidCountry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidCountry(text.to_owned());
        let country = Self(text.to_ascii_uppercase().parse().map_err(|_| invalid())?);
        country.calling_code().map(|_| country).ok_or_else(invalid)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The countries of which a client's number may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Countries(Vec<Country>);

impl Countries {
    /// These; `None` when there are none of them.
    pub fn new(countries: Vec<Country>) -> Option<Self> {
        (!countries.is_empty()).then_some(Self(countries))
    }

    /// One after the other, as they were named.
    pub fn iter(&self) -> impl Iterator<Item = Country> {
        self.0.iter().copied()
    }

    /// For people who know how their number begins: "+49 (DE), +43 (AT)".
    pub fn with_calling_codes(&self) -> String {
        let shown = |country: Country| match country.calling_code() {
            Some(code) => format!("+{code} ({country})"),
            None => country.to_string(),
        };
        self.iter().map(shown).collect::<Vec<_>>().join(", ")
    }

    /// Whether a number may be of one of them. Several countries can share a calling code; a number of
    /// such a code that no plan lists is taken to be of any of them: plans grow faster than tables.
    pub fn admit(&self, number: &PhoneNumber) -> bool {
        let Ok(parsed) = parse(None, number.as_str()) else { return false };
        match parsed.country().id() {
            Some(id) => self.0.contains(&Country(id)),
            None => self.iter().any(|one| one.calling_code() == Some(parsed.code().value())),
        }
    }
}

/// As the store keeps them: with blanks between them.
impl fmt::Display for Countries {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, country) in self.iter().enumerate() {
            write!(formatter, "{}{country}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl FromStr for Countries {
    type Err = InvalidCountry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let countries = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        Self::new(countries).ok_or_else(|| InvalidCountry(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn countries(text: &str) -> Countries {
        text.parse().unwrap()
    }

    #[test]
    fn a_country_is_read_in_either_case_and_has_to_have_phone_numbers() {
        assert_eq!("de".parse::<Country>().unwrap().as_str(), "DE");
        assert_eq!(countries("DE  at").to_string(), "DE AT");
        for text in ["", "D", "ZZ", "DEU", "Germany", "001", "d\u{e9}"] {
            assert_eq!(text.parse::<Country>(), Err(InvalidCountry(text.to_owned())));
        }
        assert_eq!(countries("DE US").with_calling_codes(), "+49 (DE), +1 (US)");
        assert_eq!(" ".parse::<Countries>(), Err(InvalidCountry(" ".to_owned())));
        assert!("DE,AT".parse::<Countries>().is_err());
    }

    #[test]
    fn a_number_is_told_by_its_country_also_where_countries_share_a_calling_code() {
        for (number, country) in [
            ("+442071838750", "GB"),
            ("+441481723456", "GG"),
            ("+12125550123", "US"),
            ("+16135550123", "CA"),
            ("+18765230123", "JM"),
            ("+79161234567", "RU"),
            ("+77012345678", "KZ"),
            ("+390669812345", "VA"),
            ("+390612345678", "IT"),
            ("+4915112345678", "DE"),
            ("+5511961234567", "BR"),
        ] {
            let number = number.parse().unwrap();
            assert!(countries(country).admit(&number), "{number} is of {country}");
            assert!(countries(&format!("FR {country}")).admit(&number));
            assert!(!countries("FR").admit(&number), "{number}");
        }
        let of_canada = "+16135550123".parse().unwrap();
        assert!(!countries("US JM").admit(&of_canada));
    }

    #[test]
    fn a_number_that_no_plan_lists_is_of_any_country_with_its_calling_code() {
        let unlisted = "+15550100123".parse().unwrap();
        assert!(countries("US").admit(&unlisted) && countries("CA").admit(&unlisted));
        assert!(!countries("DE").admit(&unlisted));
        for nowhere in ["+99912345678", "+88213123456"] {
            assert!(!countries("US DE").admit(&nowhere.parse().unwrap()), "{nowhere}");
        }
    }
}
