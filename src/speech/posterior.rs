//! What a network holds likely of one digit that it heard.

use std::fmt;

/// No network is believed to be surer than this that something was not said.
const LEAST: f32 = 1e-6;

/// How likely it is that each of the ten digits was said. What they lack to one is that none was.
#[derive(Clone, Copy, PartialEq)]
pub struct Posterior([f32; 10]);

impl Posterior {
    /// These probabilities, by digit; all of them together at most one.
    pub fn new(shares: [f32; 10]) -> Self {
        Self(shares)
    }

    /// `value` with this probability, and each other digit as likely as the next, at most half as likely.
    pub fn of(value: u8, probability: f32) -> Self {
        let mut shares = [((1.0 - probability) / 9.0).min(probability / 2.0); 10];
        shares[usize::from(value)] = probability;
        Self(shares)
    }

    /// The likeliest digit, 0 to 9.
    pub fn value(&self) -> u8 {
        let best = (0..).zip(self.0).max_by(|(_, left), (_, right)| left.total_cmp(right));
        best.expect("there are ten digits").0
    }

    /// The probability of the likeliest digit, 0 to 1.
    pub fn probability(&self) -> f32 {
        self.0[usize::from(self.value())]
    }

    /// This and what another network made of the same sound, as a logarithmic opinion pool: what is
    /// likely is what both hold likely. `weight` is what the other counts for, where this counts one.
    pub fn pooled(&self, other: &Self, weight: f32) -> Self {
        let pool = |own: f32, other: f32| own.max(LEAST) * other.max(LEAST).powf(weight);
        let mut shares = self.0;
        for (own, &other) in shares.iter_mut().zip(&other.0) {
            *own = pool(*own, other);
        }
        let all = shares.iter().sum::<f32>() + pool(self.none(), other.none());
        Self(shares.map(|share| share / all))
    }

    /// The same where, with the probability that is left, no digit was said at all.
    pub fn doubted(&self, probability: f32) -> Self {
        Self(self.0.map(|share| share * probability))
    }

    /// The probability that no digit was said.
    fn none(&self) -> f32 {
        1.0 - self.0.iter().sum::<f32>()
    }
}

impl fmt::Debug for Posterior {
    /// Digits are parts of a code, and a code does not belong in a log.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "*({:.2})", self.probability())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(likely: &[(usize, f32)]) -> Posterior {
        let mut shares = [0.0; 10];
        for &(value, share) in likely {
            shares[value] = share;
        }
        Posterior::new(shares)
    }

    fn pooled(own: Posterior, other: Posterior) -> (u8, f32) {
        let pooled = own.pooled(&other, 0.5);
        (pooled.value(), pooled.probability())
    }

    #[test]
    fn the_likeliest_digit_stands_for_it() {
        let posterior = shares(&[(2, 0.3), (3, 0.6)]);
        assert_eq!((posterior.value(), posterior.probability()), (3, 0.6));
        for probability in [0.4, 0.02] {
            let likeliest = Posterior::of(7, probability);
            assert_eq!(likeliest.probability(), probability);
            assert_eq!(likeliest.value(), 7);
        }
    }

    #[test]
    fn what_both_hold_likely_is_believed_more_and_what_one_excludes_less() {
        let (value, agreed) = pooled(Posterior::of(4, 0.9), Posterior::of(4, 0.9));
        assert!(value == 4 && agreed > 0.98, "{value} {agreed}");
        let (value, doubted) = pooled(Posterior::of(4, 0.99), Posterior::of(0, 0.999));
        assert!(value == 4 && doubted < 0.9, "{value} {doubted}");
    }

    #[test]
    fn the_surer_of_two_that_differ_is_followed_and_their_second_choice_counts() {
        let hesitant = shares(&[(4, 0.5), (0, 0.45)]);
        let (value, probability) = pooled(hesitant, Posterior::of(0, 0.99));
        assert!(value == 0 && probability > 0.9, "{value} {probability}");
    }

    #[test]
    fn that_no_digit_was_said_is_one_of_the_possibilities() {
        let perhaps_none = shares(&[(4, 0.5)]);
        let (_, probability) = pooled(perhaps_none, shares(&[(4, 0.1)]));
        assert!((0.2..0.3).contains(&probability), "{probability}");
    }

    #[test]
    fn certainty_against_certainty_is_still_a_number() {
        let (_, probability) = pooled(shares(&[(4, 1.0)]), shares(&[(0, 1.0)]));
        assert!((0.0..=1.0).contains(&probability), "{probability}");
    }
}
