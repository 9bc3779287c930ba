//! How well a call could be heard.

/// What the audio of a call was like, as it came in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CallQuality {
    /// How many of its packets were lost or came too late, in per cent.
    pub lost_percent: f64,
    /// How unevenly they came, at the end (RFC 3550 §6.4.1).
    pub jitter_ms: f64,
    /// An estimate of what a listener would say, 1 to 4.4 (E-model, ITU-T G.107, simplified).
    pub opinion_score: f64,
}

/// The same in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QualityGrade {
    /// People would be satisfied.
    Good,
    /// Some people would not be satisfied.
    Fair,
    /// Nearly all would complain.
    Poor,
}

/// Ratings of 80 and 60 (ITU-T G.109, table 1), as opinion scores (G.107 annex B).
const GOOD_FROM: f64 = 4.03;
const FAIR_FROM: f64 = 3.10;

impl CallQuality {
    /// In a word.
    pub fn grade(self) -> QualityGrade {
        if self.opinion_score >= GOOD_FROM {
            QualityGrade::Good
        } else if self.opinion_score >= FAIR_FROM {
            QualityGrade::Fair
        } else {
            QualityGrade::Poor
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grade_follows_what_a_listener_would_say() {
        let grade = |opinion_score| {
            CallQuality { lost_percent: 0.0, jitter_ms: 0.0, opinion_score }.grade()
        };
        assert_eq!([4.4, 4.03].map(grade), [QualityGrade::Good; 2]);
        assert_eq!([4.02, 3.1].map(grade), [QualityGrade::Fair; 2]);
        assert_eq!([3.09, 1.0].map(grade), [QualityGrade::Poor; 2]);
    }
}
