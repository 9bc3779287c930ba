//! Which language a page is in: the invitation's, else what the browser asks for, else English.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

use crate::domain::Language;

/// A language that pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::web) enum Tongue {
    #[default]
    English,
    Spanish,
    Portuguese,
}

/// The most entries of `Accept-Language` that are looked at.
const MOST_RANGES: usize = 32;

impl Tongue {
    /// All there are, the one for everybody else first.
    pub(in crate::web) const ALL: [Self; 3] = [Self::English, Self::Spanish, Self::Portuguese];

    /// Its tag (BCP 47).
    pub(in crate::web) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
            Self::Portuguese => "pt-BR",
        }
    }

    /// Its language (ISO 639-1).
    pub(in crate::web) const fn language(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
            Self::Portuguese => "pt",
        }
    }

    /// What it calls itself.
    pub(in crate::web) const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Spanish => "Español",
            Self::Portuguese => "Português",
        }
    }

    /// The one that is written in this language, if there is one.
    pub(in crate::web) fn of(language: Language) -> Option<Self> {
        Self::named(language.as_str())
    }

    /// The one that the browser likes best, or English (RFC 9110 §12.5.4).
    pub(in crate::web) fn accepted(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
        let ranges: Vec<_> =
            lines.flat_map(|line| line.split(',')).take(MOST_RANGES).filter_map(weighted).collect();
        let named =
            |tongue: &Self| ranges.iter().any(|(range, _)| Self::named(range) == Some(*tongue));
        let mut best = (0, Self::default());
        for &(range, weight) in &ranges {
            let tongue = match range {
                // Whatever is not named otherwise.
                "*" => Self::ALL.into_iter().find(|tongue| !named(tongue)),
                range => Self::named(range),
            };
            // Of two that are liked as well as each other, the first: that is how browsers mean it.
            if let Some(tongue) = tongue.filter(|_| weight > best.0) {
                best = (weight, tongue);
            }
        }
        best.1
    }

    /// The one whose language a tag begins with: "pt-PT" is read by whoever asks for "pt" (lookup of
    /// RFC 4647 §3.4, down to the language).
    fn named(tag: &str) -> Option<Self> {
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let wanted = primary(tag);
        Self::ALL.into_iter().find(|tongue| primary(tongue.tag()) == wanted)
    }
}

/// A language range and its weight, 0 to 1000. `None` for what is none.
fn weighted(entry: &str) -> Option<(&str, u16)> {
    let mut parts = entry.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?;
    let weight = match parts.next() {
        None => 1_000,
        Some(parameter) => {
            let value = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="))?;
            thousandths(value)?
        }
    };
    parts.next().is_none().then_some((range, weight))
}

/// A weight such as "0.8" (RFC 9110 §12.4.2).
fn thousandths(value: &str) -> Option<u16> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let is_number = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction: u16 = format!("{fraction:0<3}").parse().ok().filter(|_| is_number)?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(lines: &[&str]) -> Tongue {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_LANGUAGE, line.parse().unwrap());
        }
        Tongue::accepted(&headers)
    }

    #[test]
    fn the_browser_gets_what_it_likes_best_of_what_there_is() {
        use Tongue::{English, Portuguese, Spanish};
        for (lines, tongue) in [
            (&[][..], English),
            (&[""], English),
            (&["es"], Spanish),
            (&["es-MX,es;q=0.9,en;q=0.8"], Spanish),
            (&["PT-br"], Portuguese),
            (&["pt-PT, en;q=0.5"], Portuguese),
            (&["fr-FR, fr;q=0.9, pt;q=0.4, es;q=0.7"], Spanish),
            (&["en;q=0.2, es;q=0.200, pt;q=0.201"], Portuguese),
            (&["fr", "de;q=0.9, pt;q=0.1"], Portuguese),
            (&["fr, *;q=0.5, es;q=0.3"], English),
            (&["en;q=0, *;q=0.5"], Spanish),
            (&["es;q=0"], English),
            (&["fr, de"], English),
        ] {
            assert_eq!(accepted(lines), tongue, "{lines:?}");
        }
    }

    #[test]
    fn what_is_no_preference_is_none() {
        for line in [
            "es;q=1.1",
            "es;q=2",
            "es;q=-1",
            "es;q=.5",
            "es;q=0.5555",
            "es;q=nan",
            "es;q=1e-1",
            "es;level=1",
            "es;q=0.5;q=1",
            ";q=1",
            "ess",
            "e",
            "es_MX",
            "\u{e9}s",
        ] {
            assert_eq!(accepted(&[line]), Tongue::English, "{line}");
        }
        let many = "fr,".repeat(MOST_RANGES) + "es";
        assert_eq!(accepted(&[&many]), Tongue::English);
    }

    #[test]
    fn an_invitation_has_a_tongue_when_pages_are_written_in_its_language() {
        let of = |code: &str| Tongue::of(code.parse().unwrap());
        assert_eq!(of("pt"), Some(Tongue::Portuguese));
        assert_eq!(of("ru"), None);
    }
}
