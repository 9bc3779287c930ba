//! What somebody looks for among invitations: parts of a name, an e-mail address or a number, or the
//! beginning of an id.
//!
//! Terms of three characters and more are looked up in an index of trigrams. Shorter ones, of which
//! there is no trigram, are compared with what the others have left, or with the newest invitations.

use rusqlite::types::Value;

/// Of how many that match, the newest first, a search takes notice. Sorting and filtering a hundred
/// thousand would take longer than the rest of the page, and nobody looks through so many.
pub const MOST_HITS: u32 = 5_000;

/// How many invitations, the newest first, are compared with terms that are all too short for the index.
pub const MOST_COMPARED: u32 = 20_000;

/// What a search left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchCut {
    /// Of what matches, all but the newest [`MOST_HITS`].
    Hits,
    /// All but the newest [`MOST_COMPARED`] invitations: the terms are short.
    Compared,
}

/// More words than anybody looks for.
const MOST_TERMS: usize = 6;

/// Longer than anything that is found.
const LONGEST: usize = 100;

/// What the id of an invitation begins with. Parts of one are nothing that anybody looks for, but would
/// be found in everything.
const ID: &str = "inv_";

/// The shortest term that has a trigram.
const TRIGRAM: usize = 3;

/// Parts that all have to occur. None at all match everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchTerms(Vec<String>);

impl SearchTerms {
    /// The words of what was typed. A number is one word, however it is written.
    pub fn of(text: &str) -> Self {
        let text: String = text.chars().filter(|it| !it.is_control()).take(LONGEST).collect();
        let is_number = text.chars().any(|it| it.is_ascii_digit())
            && text.chars().all(|it| it.is_ascii_digit() || " +-.()/".contains(it));
        if is_number {
            let digits = text.chars().filter(char::is_ascii_digit).collect();
            return Self(vec![digits]);
        }
        Self(text.split_whitespace().take(MOST_TERMS).map(str::to_owned).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether no term is found by the index.
    pub(super) fn is_compared(&self) -> bool {
        !self.is_empty() && !self.0.iter().any(|term| term.starts_with(ID) || has_trigram(term))
    }

    /// A query for the ids of what matches, newest first; `None` where everything does. `bind` fills a
    /// value in, and tells its name.
    pub(super) fn hits(
        &self,
        project: &str,
        mut bind: impl FnMut(Value) -> String,
    ) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        if let Some(id) = self.0.iter().find(|term| term.starts_with(ID)) {
            let id = bind(Value::Text(id.clone()));
            return Some(format!(
                "SELECT id AS invitation_id FROM invitations
                 WHERE project_id = {project} AND id >= {id} AND id < {id} || '~' LIMIT {MOST_HITS}"
            ));
        }
        let (long, short): (Vec<_>, Vec<_>) = self.0.iter().partition(|term| has_trigram(term));
        let compared = short.into_iter().map(|term| {
            let pattern = bind(Value::Text(format!("%{}%", escaped(term))));
            format!(" AND invitation_words.words LIKE {pattern} ESCAPE '\\'")
        });
        let compared: String = compared.collect();
        if long.is_empty() {
            return Some(format!(
                "SELECT invitation_id FROM (SELECT * FROM invitation_words WHERE project_id = {project}
                                            ORDER BY number DESC LIMIT {MOST_COMPARED})
                     AS invitation_words
                 WHERE true{compared} ORDER BY number DESC LIMIT {MOST_HITS}"
            ));
        }
        let quoted = long.into_iter().map(|term| format!("\"{}\"", term.replace('"', "\"\"")));
        let quoted = quoted.collect::<Vec<_>>().join(" AND ");
        let words = bind(Value::Text(format!("words : ({quoted})")));
        Some(format!(
            "SELECT invitation_id FROM invitation_trigrams
             JOIN invitation_words ON number = invitation_trigrams.rowid
             WHERE invitation_trigrams MATCH
                   'tag : \"' || substr({project}, -3) || '\" AND ' || {words}
               AND project_id = {project}{compared}
             ORDER BY invitation_trigrams.rowid DESC LIMIT {MOST_HITS}"
        ))
    }
}

fn has_trigram(term: &str) -> bool {
    term.chars().count() >= TRIGRAM
}

/// As LIKE takes it for what it is.
fn escaped(term: &str) -> String {
    term.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_term_however_it_is_written_and_other_words_are_each_their_own() {
        for (text, terms) in [
            ("", vec![]),
            ("  ", vec![]),
            ("+1 (555) 010-0123", vec!["15550100123"]),
            ("Caf\u{e9}  Ana\u{0}", vec!["Caf\u{e9}", "Ana"]),
            ("Route 66", vec!["Route", "66"]),
            ("--", vec!["--"]),
        ] {
            let expected = terms.into_iter().map(str::to_owned).collect();
            assert_eq!(SearchTerms::of(text), SearchTerms(expected), "{text:?}");
        }
        assert_eq!(SearchTerms::of(&"a".repeat(500)), SearchTerms(vec!["a".repeat(LONGEST)]));
        assert_eq!(SearchTerms::of(&"a ".repeat(20)).0.len(), MOST_TERMS);
    }
}
