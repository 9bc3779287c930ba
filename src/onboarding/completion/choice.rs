//! Which number of which account a client has connected. The browser's word is a hint: what counts
//! is what Meta lists for the token. Pure.

use crate::domain::{Countries, PhoneNumber, SignupFailure};
use crate::meta::graph::{NumberId, NumberProfile, WabaId};

/// A number that the token may manage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) account: WabaId,
    pub(super) profile: NumberProfile,
}

impl Candidate {
    fn reads(&self, number: &PhoneNumber) -> bool {
        self.profile.display_phone_number.parse().as_ref() == Ok(number)
    }

    fn is_of(&self, countries: &Countries) -> bool {
        self.profile.display_phone_number.parse().is_ok_and(|number| countries.admit(&number))
    }
}

/// Chooses the number that was connected: the one that the browser named, if the token may manage
/// it; without a name the one that is pre-assigned; else the only one. It has to be of one of
/// `countries`, where the partner named any.
///
/// # Errors
/// When the named one is not among them, nothing says which it is, or it is of another country.
pub(super) fn choose(
    candidates: Vec<Candidate>,
    named: Option<&NumberId>,
    preassigned: Option<&PhoneNumber>,
    countries: Option<&Countries>,
) -> Result<Candidate, SignupFailure> {
    let meant = meant(candidates, named, preassigned)?;
    if countries.is_some_and(|countries| !meant.is_of(countries)) {
        return Err(SignupFailure::CountryNotAllowed);
    }
    Ok(meant)
}

fn meant(
    candidates: Vec<Candidate>,
    named: Option<&NumberId>,
    preassigned: Option<&PhoneNumber>,
) -> Result<Candidate, SignupFailure> {
    if let Some(named) = named {
        let mut candidates = candidates.into_iter();
        let found = candidates.find(|candidate| candidate.profile.id == *named);
        return found.ok_or(SignupFailure::NotOwned);
    }
    let (ours, others): (Vec<_>, Vec<_>) = candidates
        .into_iter()
        .partition(|candidate| preassigned.is_some_and(|number| candidate.reads(number)));
    let likely = if ours.is_empty() { others } else { ours };
    match <[Candidate; 1]>::try_from(likely) {
        Ok([only]) => Ok(only),
        Err(_) => Err(SignupFailure::NumberUnclear),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(account: &str, id: &str, number: &str) -> Candidate {
        let profile = serde_json::json!({ "id": id, "display_phone_number": number });
        Candidate {
            account: account.parse().unwrap(),
            profile: serde_json::from_value(profile).unwrap(),
        }
    }

    fn chosen(named: Option<&str>, preassigned: Option<&str>) -> Result<String, SignupFailure> {
        let candidates =
            vec![candidate("1", "10", "+1 555-010-0123"), candidate("2", "20", "+44 20 7183 8750")];
        let (named, preassigned) =
            (named.map(|id| id.parse().unwrap()), preassigned.map(|n| n.parse().unwrap()));
        choose(candidates, named.as_ref(), preassigned.as_ref(), None)
            .map(|candidate| candidate.profile.id.as_str().to_owned())
    }

    #[test]
    fn a_number_that_the_browser_names_has_to_be_one_of_the_token_s() {
        assert_eq!(chosen(Some("20"), Some("+15550100123")), Ok("20".into()));
        assert_eq!(chosen(Some("30"), None), Err(SignupFailure::NotOwned));
    }

    #[test]
    fn without_a_name_it_is_the_pre_assigned_one_or_the_only_one() {
        assert_eq!(chosen(None, Some("+442071838750")), Ok("20".into()));
        assert_eq!(chosen(None, Some("+33123456789")), Err(SignupFailure::NumberUnclear));
        assert_eq!(chosen(None, None), Err(SignupFailure::NumberUnclear));
        let only = vec![candidate("1", "10", "no number yet")];
        assert_eq!(choose(only.clone(), None, None, None), Ok(only[0].clone()));
        assert_eq!(choose(Vec::new(), None, None, None), Err(SignupFailure::NumberUnclear));
    }

    #[test]
    fn a_number_of_another_country_than_those_that_were_named_is_not_connected() {
        let only = vec![candidate("1", "10", "+44 20 7183 8750")];
        let among = |names: &str| {
            choose(only.clone(), None, None, Some(&Countries::from_stored(names)))
                .map(|candidate| candidate.profile.id.as_str().to_owned())
        };
        assert_eq!(among("DE GB"), Ok("10".into()));
        assert_eq!(among("DE AT"), Err(SignupFailure::CountryNotAllowed));
        let unreadable = vec![candidate("1", "10", "no number yet")];
        let chosen = choose(unreadable, None, None, Some(&Countries::from_stored("GB")));
        assert_eq!(chosen, Err(SignupFailure::CountryNotAllowed), "who knows whose it is");
    }
}
