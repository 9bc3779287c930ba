//! `zavud bench`: what this machine stands, and what the reader is worth. One room a subject.

mod percentile;
mod serving;
mod sip;
mod speech;
mod usage;
mod web;

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
    /// Pages: how soon they are answered, how heavy they are, and how many may be open
    Web(web::Arguments),
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.what {
        What::Sip(arguments) => sip::run(arguments),
        What::Speech(arguments) => speech::run(arguments),
        What::Web(arguments) => web::run(arguments),
    }
}
