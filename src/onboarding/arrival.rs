//! How somebody came to a step that says what is about to be asked of Meta.

/// Whether the one who asks knows what became of the request that its step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// The step was taken just now, and the request was not sent yet.
    Fresh,
    /// It was found in the store after a crash, or after the store had refused something.
    AfterACrash,
}
