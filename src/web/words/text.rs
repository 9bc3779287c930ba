//! A text of a catalogue: plain, or with one gap that a page fills.

use maud::{Markup, Render, html};
use serde::Deserialize;

/// Text without a gap.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::web) struct Text(String);

/// Text with exactly one gap, `{like_this}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::web) struct Gapped {
    before: String,
    after: String,
}

/// Text that does not have the gaps it should have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::web) enum WrongText {
    #[error("{0:?} is empty")]
    Empty(String),
    #[error("{0:?} has a gap, and nothing fills it")]
    Gap(String),
    #[error("{0:?} does not have exactly one gap")]
    NotOneGap(String),
}

impl Text {
    pub(in crate::web) fn as_str(&self) -> &str {
        &self.0
    }

    /// As a sentence of its own, for a screen reader to pause after it.
    pub(in crate::web) fn as_sentence(&self) -> String {
        format!("{}.", self.0)
    }
}

impl Render for Text {
    fn render_to(&self, buffer: &mut String) {
        self.0.render_to(buffer);
    }
}

impl Gapped {
    /// The text round something that stands on the page.
    pub(in crate::web) fn around(&self, content: impl Render) -> Markup {
        html! { (self.before) (content) (self.after) }
    }

    /// The text round a name, for where no markup can stand. The name may be written from right to
    /// left: it is isolated (Unicode Bidirectional Algorithm, FSI and PDI).
    pub(in crate::web) fn with_name(&self, name: &str) -> String {
        format!("{}\u{2068}{name}\u{2069}{}", self.before, self.after)
    }
}

impl TryFrom<String> for Text {
    type Error = WrongText;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text {
            text if text.trim().is_empty() => Err(WrongText::Empty(text)),
            text if text.contains(['{', '}']) => Err(WrongText::Gap(text)),
            text => Ok(Self(text)),
        }
    }
}

impl TryFrom<String> for Gapped {
    type Error = WrongText;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parts = text.split_once('{').and_then(|(before, rest)| {
            let (_, after) = rest.split_once('}')?;
            Some((before.to_owned(), after.to_owned()))
        });
        match parts {
            Some((before, after)) if !format!("{before}{after}").contains(['{', '}']) => {
                Ok(Self { before, after })
            }
            _ => Err(WrongText::NotOneGap(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_gaps_it_should_have_or_is_refused() {
        let gapped = Gapped::try_from("Valid for {time}.".to_owned()).unwrap();
        let filled = gapped.around(html! { b { "1 < 2" } }).into_string();
        assert_eq!(filled, "Valid for <b>1 &lt; 2</b>.");
        for text in ["none", "{a} {b}", "{a} {", "} {a}", "{a"] {
            let refused = Gapped::try_from(text.to_owned());
            assert_eq!(refused, Err(WrongText::NotOneGap(text.to_owned())));
        }
        let text = |text: &str| Text::try_from(text.to_owned());
        assert_eq!(text("Valid").unwrap().as_sentence(), "Valid.");
        assert_eq!(text("for {time}"), Err(WrongText::Gap("for {time}".to_owned())));
        assert_eq!(text(" "), Err(WrongText::Empty(" ".to_owned())));
    }
}
