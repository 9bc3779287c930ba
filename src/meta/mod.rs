//! Meta's side of a sign-up. What it means for an invitation stands in [`crate::onboarding`].

pub mod graph;
pub mod sandbox;
pub mod webhook;
pub mod window;
