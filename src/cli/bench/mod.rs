//! `zavud bench`: what this machine stands, and what the reader is worth. One room a subject.

mod sip;
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
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.what {
        What::Sip(arguments) => sip::run(arguments),
    }
}
