//! Countries, and which phone numbers are theirs. What the numbering plans say comes from Google's
//! libphonenumber.

use std::fmt;
use std::str::FromStr;

use phonenumber::Metadata;
use phonenumber::metadata::DATABASE;

use super::PhoneNumber;

/// A country, by the two letters of ISO 3166-1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Country(String);

/// Text that names no country.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no country in two letters, such as DE")]
pub struct InvalidCountry(pub String);

impl Country {
    /// The two letters, upper-case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What its international numbers begin with, without the plus sign (ITU-T E.164).
    pub fn calling_code(&self) -> Option<u16> {
        self.plan().map(Metadata::country_code)
    }

    /// A number as its plan has them, which may be somebody's.
    pub fn example(&self) -> Option<PhoneNumber> {
        let plan = self.plan()?;
        let national = plan.descriptors().mobile().and_then(|kind| kind.example())?;
        format!("+{}{national}", plan.country_code()).parse().ok()
    }

    fn plan(&self) -> Option<&'static Metadata> {
        DATABASE.by_id(self.as_str())
    }
}

impl FromStr for Country {
    type Err = InvalidCountry;

    /// Takes countries that have phone numbers of their own.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let country = Self(text.to_ascii_uppercase());
        let is_known = text.len() == 2 && country.plan().is_some();
        is_known.then_some(country).ok_or_else(|| InvalidCountry(text.to_owned()))
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

    /// As the store keeps them: with blanks between them. A country that lost its plan since is still one,
    /// and admits nobody.
    pub fn from_stored(text: &str) -> Self {
        Self(text.split_whitespace().map(|name| Country(name.to_owned())).collect())
    }

    /// One after the other, as they were named.
    pub fn iter(&self) -> impl Iterator<Item = &Country> {
        self.0.iter()
    }

    /// For people who know how their number begins: "+49 (DE), +43 (AT)".
    pub fn with_calling_codes(&self) -> String {
        let shown = |country: &Country| match country.calling_code() {
            Some(code) => format!("+{code} ({country})"),
            None => country.to_string(),
        };
        self.iter().map(shown).collect::<Vec<_>>().join(", ")
    }

    /// Whether a number may be of one of them. Several countries can share a calling code, and some of these
    /// a range of numbers, which is then of each of them. A number that no plan lists is of any country with
    /// its calling code: plans grow faster than tables.
    pub fn admit(&self, number: &PhoneNumber) -> bool {
        let (code, national) = number.split();
        let Ok(code) = code.parse::<u16>() else { return false };
        let plans = DATABASE.by_code(&code).unwrap_or_default();
        let is_listed = plans.iter().any(|plan| lists(plan, national));
        let mut named =
            self.iter().filter_map(Country::plan).filter(|it| it.country_code() == code);
        named.any(|plan| !is_listed || lists(plan, national))
    }
}

/// Whether a numbering plan has a kind of numbers that this is one of.
fn lists(plan: &Metadata, national: &str) -> bool {
    let kinds = plan.descriptors();
    let kinds = [
        kinds.fixed_line(),
        kinds.mobile(),
        kinds.voip(),
        kinds.toll_free(),
        kinds.shared_cost(),
        kinds.premium_rate(),
        kinds.personal_number(),
        kinds.pager(),
        kinds.uan(),
    ];
    kinds.into_iter().flatten().any(|kind| kind.is_match(national))
}

impl fmt::Display for Countries {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, country) in self.iter().enumerate() {
            write!(formatter, "{}{country}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn countries(text: &str) -> Countries {
        let named = text.split(' ').map(|name| name.parse().unwrap()).collect();
        Countries::new(named).unwrap()
    }

    #[test]
    fn a_country_is_read_in_either_case_and_has_to_have_phone_numbers() {
        assert_eq!("de".parse::<Country>().unwrap().as_str(), "DE");
        for text in ["", "D", "ZZ", "UK", "DEU", "Germany", "001", "d\u{e9}"] {
            assert_eq!(text.parse::<Country>(), Err(InvalidCountry(text.to_owned())));
        }
        assert_eq!(Countries::new(Vec::new()), None);
        assert_eq!(countries("DE US").with_calling_codes(), "+49 (DE), +1 (US)");
    }

    #[test]
    fn what_was_stored_is_read_back_and_a_country_without_a_plan_admits_nobody() {
        let stored = Countries::from_stored(&countries("de at").to_string());
        assert_eq!(stored, countries("DE AT"));
        let lost = Countries::from_stored("UK");
        assert_eq!((lost.to_string(), lost.with_calling_codes()), ("UK".into(), "UK".into()));
        assert!(!lost.admit(&"+442071838750".parse().unwrap()));
        assert!(!Countries::from_stored("").admit(&"+442071838750".parse().unwrap()));
    }

    #[test]
    fn a_number_is_told_by_its_country_also_where_countries_share_a_calling_code() {
        for (number, of, not) in [
            ("+442071838750", "GB", "GG"),
            ("+441481723456", "GG", "GB"),
            ("+12125550123", "US", "CA"),
            ("+16135550123", "CA", "US"),
            ("+18765230123", "JM", "US"),
            ("+79161234567", "RU", "KZ"),
            ("+77012345678", "KZ", "RU"),
            ("+390612345678", "IT", "VA"),
            ("+4915112345678", "DE", "AT"),
            ("+5511961234567", "BR", "PT"),
        ] {
            let number = number.parse().unwrap();
            assert!(countries(of).admit(&number), "{number} is of {of}");
            assert!(countries(&format!("FR {of}")).admit(&number));
            assert!(!countries(not).admit(&number), "{number} is not of {not}");
        }
    }

    #[test]
    fn a_number_of_a_range_that_countries_share_is_of_each_of_them() {
        let mobile = "+590690001234".parse().unwrap();
        for of in ["GP", "BL", "MF"] {
            assert!(countries(of).admit(&mobile), "{of}");
        }
        assert!(!countries("FR").admit(&mobile));
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

    #[test]
    fn the_example_of_each_country_is_one_of_its_numbers() {
        for name in ["DE", "US", "BR", "KZ", "GG", "IT", "MF"] {
            let example = name.parse::<Country>().unwrap().example().unwrap();
            assert!(countries(name).admit(&example), "{example} of {name}");
        }
    }
}
