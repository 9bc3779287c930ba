//! Fields of forms: a label, what was typed, a hint, and beside it what is wrong.

use maud::{Markup, html};

use crate::web::words::Text;

/// A field into which a line is typed.
#[derive(Debug, Clone, Copy)]
pub(in crate::web) struct Field<'a> {
    /// By which the form is read; the element's id too.
    pub(in crate::web) name: &'a str,
    pub(in crate::web) label: &'a Text,
    pub(in crate::web) kind: Kind,
    /// What was typed before.
    pub(in crate::web) value: &'a str,
    pub(in crate::web) hint: Option<&'a Text>,
    /// What is wrong with it.
    pub(in crate::web) error: Option<&'a Text>,
}

/// What is typed into a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::web) enum Kind {
    Line,
    Email,
    /// What is typed is not shown again.
    Password {
        is_new: bool,
    },
    /// Six digits of an app.
    OneTimeCode,
    PhoneNumber,
    Number {
        least: u32,
        most: u32,
    },
    Url,
    Search,
    Day,
}

impl Kind {
    /// `type`, `autocomplete` and `inputmode` (HTML Living Standard §4.10.18.7).
    const fn attributes(self) -> (&'static str, &'static str, Option<&'static str>) {
        match self {
            Self::Line => ("text", "off", None),
            Self::Email => ("email", "email", None),
            Self::Password { is_new: false } => ("password", "current-password", None),
            Self::Password { is_new: true } => ("password", "new-password", None),
            Self::OneTimeCode => ("text", "one-time-code", Some("numeric")),
            Self::PhoneNumber => ("tel", "off", None),
            Self::Number { .. } => ("number", "off", Some("numeric")),
            Self::Url => ("url", "off", None),
            Self::Search => ("search", "off", None),
            Self::Day => ("date", "off", None),
        }
    }
}

/// The field. Nothing is `required` here: what is wrong is said beside it, in the same words for all. The
/// form of an e-mail, an address or a number is `novalidate`, or the browser would say it in its own.
pub(in crate::web) fn field(field: &Field<'_>) -> Markup {
    let (kind, autocomplete, mode) = field.kind.attributes();
    let (least, most) = match field.kind {
        Kind::Number { least, most } => (Some(least), Some(most)),
        _ => (None, None),
    };
    // A password that was typed does not come back.
    let value = (!matches!(field.kind, Kind::Password { .. })).then_some(field.value);
    html! {
        div.field {
            label for=(field.name) { (field.label) }
            input #(field.name) name=(field.name) type=(kind) autocomplete=(autocomplete)
                inputmode=[mode] min=[least] max=[most] value=[value]
                aria-invalid=[field.error.map(|_| "true")] aria-describedby=[described_by(field.name, field.hint, field.error)];
            (beside(field.name, field.hint, field.error))
        }
    }
}

/// One of several things to choose.
#[derive(Debug, Clone)]
pub(in crate::web) struct Choice<'a> {
    pub(in crate::web) value: &'a str,
    pub(in crate::web) label: Markup,
    pub(in crate::web) is_disabled: bool,
}

/// A field in which one of several things is chosen.
#[derive(Debug, Clone, Copy)]
pub(in crate::web) struct Select<'a> {
    pub(in crate::web) name: &'a str,
    pub(in crate::web) label: &'a Text,
    pub(in crate::web) choices: &'a [Choice<'a>],
    pub(in crate::web) chosen: &'a str,
    pub(in crate::web) hint: Option<&'a Text>,
    pub(in crate::web) error: Option<&'a Text>,
}

pub(in crate::web) fn select(select: &Select<'_>) -> Markup {
    let name = select.name;
    html! {
        div.field {
            label for=(name) { (select.label) }
            select #(name) name=(name) aria-invalid=[select.error.map(|_| "true")]
                aria-describedby=[described_by(name, select.hint, select.error)] {
                @for choice in select.choices {
                    option value=(choice.value) selected[choice.value == select.chosen]
                        disabled[choice.is_disabled] { (choice.label) }
                }
            }
            (beside(name, select.hint, select.error))
        }
    }
}

/// The hint and the error of a field.
pub(in crate::web) fn beside(name: &str, hint: Option<&Text>, error: Option<&Text>) -> Markup {
    html! {
        @if let Some(hint) = hint { p.quiet.hint-of id={ (name) "-hint" } { (hint) } }
        @if let Some(error) = error { p.error id={ (name) "-error" } { (error) } }
    }
}

/// The ids of what describes a field.
pub(in crate::web) fn described_by(
    name: &str,
    hint: Option<&Text>,
    error: Option<&Text>,
) -> Option<String> {
    let hint = hint.map(|_| format!("{name}-hint"));
    let ids: Vec<_> = hint.into_iter().chain(error.map(|_| format!("{name}-error"))).collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_stands_beside_the_field_which_keeps_what_was_typed() {
        let text = |text: &str| Text::try_from(text.to_owned()).unwrap();
        let (label, hint, error) = (text("E-mail"), text("Of the client"), text("No e-mail"));
        let wrong = Field {
            name: "email",
            label: &label,
            kind: Kind::Email,
            value: "<ann",
            hint: Some(&hint),
            error: Some(&error),
        };
        let page = field(&wrong).into_string();
        for part in [
            "value=\"&lt;ann\"",
            "aria-invalid=\"true\"",
            "aria-describedby=\"email-hint email-error\"",
            "<p class=\"error\" id=\"email-error\">No e-mail</p>",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        let secret = Field { kind: Kind::Password { is_new: false }, error: None, ..wrong };
        let page = field(&secret).into_string();
        assert!(!page.contains("ann") && !page.contains("aria-invalid"), "{page}");
    }
}
