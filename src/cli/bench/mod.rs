//! `zavud bench`: what this machine stands, and what the reader is worth. One room a subject.

mod percentile;
mod sip;
mod speech;
mod usage;

use super::Failure;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Calls: how soon they are answered, and what each costs
    Sip(sip::Arguments),
    /// Codes: how many are read right, how soon, and what each costs
    Speech(speech::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.what {
        What::Sip(arguments) => sip::run(arguments),
        What::Speech(arguments) => speech::run(arguments),
    }
}
