//! What stands in a field of a form, and what is said of a form that was obeyed.

use maud::{Markup, html};
use serde::Deserialize;

use crate::web::words::Text;

/// What was typed, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub(in crate::web) struct Line {
    pub(in crate::web) value: String,
    pub(in crate::web) error: Option<&'static Text>,
}

impl Line {
    pub(in crate::web) fn of(value: impl Into<String>) -> Self {
        Self { value: value.into(), error: None }
    }

    pub(in crate::web) fn wrong(value: impl Into<String>, error: &'static Text) -> Self {
        Self { value: value.into(), error: Some(error) }
    }
}

/// What was done a moment ago: a form that was obeyed leads to an address that says so.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::web) struct Done {
    #[serde(default)]
    pub(in crate::web) done: String,
}

/// Says above the content what was done.
pub(in crate::web) fn notice(text: Option<&Text>) -> Markup {
    html! { @if let Some(text) = text { p.status.good #done role="status" { (text) } } }
}

/// Says above a form why it was not obeyed, where that is the fault of no single field.
pub(in crate::web) fn problem(text: Option<&Text>) -> Markup {
    html! { @if let Some(text) = text { p.error role="alert" { (text) } } }
}
