//! Transactions (RFC 3261 §17, RFC 6026): one request, its responses, and the retransmission of
//! both over UDP. Knows nothing of dialogs, calls or sessions.

pub(crate) mod client;
pub(crate) mod client_table;
pub(crate) mod key;
pub(crate) mod server_invite;
pub(crate) mod server_other;
pub(crate) mod table;
pub(crate) mod timers;

/// Names a server transaction inside one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TransactionId(pub(crate) u64);

/// What became of a server transaction when a timer fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fired<'a> {
    /// Send these bytes once more.
    Retransmit(&'a [u8]),
    /// The transaction is over.
    Over,
    /// Nothing was due.
    Nothing,
}
