//! The vote of several readings on each digit.

use crate::domain::{CODE_LENGTH, SpokenCode};

use super::reading::Reading;

/// No single reading is believed more than this, whatever the model says: it is too sure of
/// itself on noise (on 10 dB of babble a third of its confident readings were wrong).
const MOST_BELIEF: f64 = 0.98;

/// The outcome of a vote.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) code: SpokenCode,
    /// The probability that all digits are right, 0 to 1, taking the readings as independent.
    pub(super) confidence: f32,
}

/// Lets whole readings vote. `None` when there is none, or when two of them are the same digits
/// rotated: then one of them joined the end of a repetition to the beginning of the next, and
/// nobody can tell which.
pub(super) fn vote(readings: &[&Reading]) -> Option<Verdict> {
    if readings.is_empty() || has_rotations(readings) {
        return None;
    }
    let mut code = [0; CODE_LENGTH];
    let mut confidence = 1.0;
    for (position, digit) in code.iter_mut().enumerate() {
        let (value, share) = most_probable(readings, position);
        *digit = value;
        confidence *= share;
    }
    let code = SpokenCode::from_digits(&code).ok()?;
    Some(Verdict { code, confidence: confidence as f32 })
}

/// The digit at `position` that explains all readings best, and its share of the probability
/// among the ten (Bayes' rule, every digit equally likely before).
fn most_probable(readings: &[&Reading], position: usize) -> (u8, f64) {
    let mut likelihoods = [1.0; 10];
    for reading in readings {
        let heard = &reading.digits[position];
        let belief = f64::from(heard.probability).clamp(0.1, MOST_BELIEF);
        for (value, likelihood) in (0..).zip(&mut likelihoods) {
            *likelihood *= if heard.value == value { belief } else { (1.0 - belief) / 9.0 };
        }
    }
    let total: f64 = likelihoods.iter().sum();
    let (value, best) = (0..)
        .zip(likelihoods)
        .max_by(|(_, left), (_, right)| left.total_cmp(right))
        .expect("there are ten digits");
    (value, best / total)
}

fn has_rotations(readings: &[&Reading]) -> bool {
    readings.iter().enumerate().any(|(index, first)| {
        readings[index + 1..].iter().any(|second| are_rotations(&first.values(), &second.values()))
    })
}

fn are_rotations(first: &[u8], second: &[u8]) -> bool {
    let mut doubled = first.to_vec();
    doubled.extend_from_slice(first);
    first != second && doubled.windows(second.len()).any(|window| window == second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::decision::tests::spoken;
    use crate::codes::reading::readings;

    fn verdict(texts: &[(&str, f32)]) -> Option<(String, f32)> {
        let all: Vec<Reading> = texts
            .iter()
            .flat_map(|&(text, probability)| readings(&spoken(text, probability, 1.0)))
            .collect();
        vote(&all.iter().collect::<Vec<_>>())
            .map(|verdict| (verdict.code.expose().to_owned(), verdict.confidence))
    }

    #[test]
    fn readings_that_agree_are_believed_more_than_one_alone() {
        let (_, alone) = verdict(&[("481529", 0.99)]).unwrap();
        let (code, together) = verdict(&[("481529", 0.99), ("481529", 0.8)]).unwrap();
        assert_eq!(code, "481529");
        assert!(alone < 0.89 && together > 0.99, "{alone} {together}");
    }

    #[test]
    fn a_contradiction_costs_the_confidence_and_a_third_reading_settles_it() {
        let (_, two) = verdict(&[("481529", 0.99), ("481929", 0.99)]).unwrap();
        assert!(two < 0.51, "{two}");
        let (code, three) =
            verdict(&[("481529", 0.99), ("481929", 0.99), ("481529", 0.99)]).unwrap();
        assert_eq!(code, "481529");
        assert!(three > 0.95, "{three}");
    }

    #[test]
    fn a_rotated_reading_spoils_the_vote() {
        assert_eq!(verdict(&[("481529", 0.99), ("948152", 0.99)]), None);
        assert!(verdict(&[("777777", 0.99), ("777777", 0.99)]).is_some());
    }
}
