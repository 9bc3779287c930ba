//! The vote of several readings on each digit.

use crate::domain::{CODE_LENGTH, SpokenCode};

use super::reading::Reading;

/// What each further reading that says the same counts for, where the surest counts one: they are of
/// one voice over one line, and what was misheard once is easily misheard again.
const FURTHER: f64 = 0.5;

/// The outcome of a vote.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) code: SpokenCode,
    /// The probability that all digits are right, 0 to 1.
    pub(super) confidence: f32,
    /// How many readings say exactly this.
    pub(super) supporters: usize,
}

/// Lets whole readings vote. No single one is believed more than `most_belief`. `None` when there
/// is none, or when two of them are the same digits rotated and no majority tells which is right:
/// one of them joined the end of a repetition to the beginning of the next.
pub(super) fn vote(readings: &[&Reading], most_belief: f32) -> Option<Verdict> {
    let readings = without_rotations(readings)?;
    if readings.is_empty() {
        return None;
    }
    let mut code = [0; CODE_LENGTH];
    let mut confidence = 1.0;
    for (position, digit) in code.iter_mut().enumerate() {
        let (value, share) = most_probable(&readings, position, most_belief);
        *digit = value;
        confidence *= share;
    }
    let supporters = readings.iter().filter(|reading| reading.values() == code).count();
    let code = SpokenCode::from_digits(&code).ok()?;
    Some(Verdict { code, confidence: confidence as f32, supporters })
}

/// The digit at `position` that explains all readings best, and its share of the probability
/// among the ten: Bayes' rule, every digit equally likely before, further readings tempered.
fn most_probable(readings: &[&Reading], position: usize, most_belief: f32) -> (u8, f64) {
    let mut surest = [0.0_f64; 10];
    let mut further = [0.0_f64; 10];
    for reading in readings {
        let heard = &reading.digits[position].posterior;
        let belief = f64::from(heard.probability().min(most_belief).max(0.1));
        // How much likelier the digit is by what was heard than each of the nine others.
        let evidence = (belief / ((1.0 - belief) / 9.0)).ln();
        let value = usize::from(heard.value());
        further[value] += evidence.min(surest[value]);
        surest[value] = evidence.max(surest[value]);
    }
    let evidence = surest.iter().zip(&further).map(|(surest, further)| surest + FURTHER * further);
    let evidence: Vec<f64> = evidence.collect();
    let (value, best) = (0..)
        .zip(evidence.iter().copied())
        .max_by(|(_, left), (_, right)| left.total_cmp(right))
        .expect("there are ten digits");
    // Relative to the best, so that no number of readings is too much for the exponential.
    let total: f64 = evidence.iter().map(|other| (other - best).exp()).sum();
    (value, 1.0 / total)
}

/// The readings without those that are a rotation of what more of them say. `None` when as many
/// say one as the other.
fn without_rotations<'a>(readings: &[&'a Reading]) -> Option<Vec<&'a Reading>> {
    let votes = |values: &[u8]| readings.iter().filter(|other| other.values() == values).count();
    let mut kept = Vec::with_capacity(readings.len());
    for &reading in readings {
        let values = reading.values();
        let rotated = readings.iter().map(|other| other.values());
        let most = rotated.filter(|other| are_rotations(&values, other)).map(|o| votes(&o)).max();
        match most {
            Some(against) if against == votes(&values) => return None,
            Some(against) if against > votes(&values) => {}
            Some(_) | None => kept.push(reading),
        }
    }
    Some(kept)
}

fn are_rotations(first: &[u8], second: &[u8]) -> bool {
    let mut doubled = first.to_vec();
    doubled.extend_from_slice(first);
    first != second && doubled.windows(second.len()).any(|window| window == second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::fixtures::spoken;
    use crate::codes::reading::readings;
    use crate::speech::Posterior;

    fn verdict(texts: &[(&str, f32)]) -> Option<(String, f32, usize)> {
        let all: Vec<Reading> = texts
            .iter()
            .flat_map(|&(text, probability)| readings(&spoken(text, probability, 1.0)))
            .collect();
        let verdict = vote(&all.iter().collect::<Vec<_>>(), 0.98)?;
        Some((verdict.code.expose().to_owned(), verdict.confidence, verdict.supporters))
    }

    #[test]
    fn readings_that_agree_are_believed_more_than_one_alone() {
        let (_, alone, _) = verdict(&[("481529", 0.99)]).unwrap();
        let (code, together, supporters) = verdict(&[("481529", 0.99), ("481529", 0.8)]).unwrap();
        assert_eq!((code.as_str(), supporters), ("481529", 2));
        assert!(alone < 0.89 && together > 0.97, "{alone} {together}");
    }

    #[test]
    fn no_number_of_readings_is_too_much() {
        let (code, together, supporters) = verdict(&[("481529", 0.99); 300]).unwrap();
        assert_eq!((code.as_str(), supporters), ("481529", 300));
        assert!((0.999..=1.0).contains(&together), "{together}");
    }

    #[test]
    fn a_contradiction_costs_the_confidence_and_a_third_reading_settles_it() {
        let (_, two, supporters) = verdict(&[("481529", 0.99), ("481929", 0.99)]).unwrap();
        assert!(two < 0.51 && supporters == 1, "{two} {supporters}");
        let (code, three, supporters) =
            verdict(&[("481529", 0.99), ("481929", 0.99), ("481529", 0.99)]).unwrap();
        assert_eq!((code.as_str(), supporters), ("481529", 2));
        assert!(three > 0.95, "{three}");
    }

    #[test]
    fn digits_that_are_sure_in_different_readings_make_a_code_that_no_single_one_says() {
        let mut first = readings(&spoken("481929", 0.99, 1.0)).remove(0);
        first.digits[3].posterior = Posterior::of(9, 0.3);
        let mut second = readings(&spoken("481520", 0.99, 1.0)).remove(0);
        second.digits[5].posterior = Posterior::of(0, 0.3);
        let verdict = vote(&[&first, &second], 0.98).unwrap();
        assert_eq!((verdict.code.expose(), verdict.supporters), ("481529", 0));
    }

    #[test]
    fn a_rotated_reading_spoils_the_vote_unless_more_readings_say_otherwise() {
        assert_eq!(verdict(&[("481529", 0.99), ("948152", 0.99)]), None);
        assert!(verdict(&[("777777", 0.99), ("777777", 0.99)]).is_some());
        let (code, _, supporters) =
            verdict(&[("481529", 0.9), ("529481", 0.99), ("481529", 0.9)]).unwrap();
        assert_eq!((code.as_str(), supporters), ("481529", 2));
    }
}
