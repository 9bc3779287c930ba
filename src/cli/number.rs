//! `zavud number`: the phone numbers that calls come in on.

use std::path::PathBuf;

use anyhow::anyhow;

use super::Failure;
use crate::config::Config;
use crate::control::{Answer, NumberToVerify, Question, follow};
use crate::domain::PhoneNumber;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Verify a number that is in a WhatsApp account already: Meta calls it, and the daemon hands the
    /// code in
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// The number, with its country code
    #[arg(value_name = "+NUMBER", value_parser = PhoneNumber::from_pasted)]
    number: PhoneNumber,
    /// What Meta calls the number, when no sender has it yet
    #[arg(long, value_name = "ID", requires = "sender")]
    meta_number: Option<String>,
    /// A sender of the same WhatsApp account
    #[arg(long, requires = "meta_number")]
    sender: Option<String>,
    /// Configuration of the daemon that is asked
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Command::Verify(Verify { number, meta_number, sender, config }) = arguments.command;
    let config = Config::load_or_shipped(config.as_deref())?;
    let number = number.to_string();
    let question = Question::VerifyNumber(NumberToVerify { number, meta_number, sender });
    let mut last = None;
    let hear = |answer| match answer {
        Answer::Progress(words) => println!("{words}"),
        answer => last = Some(answer),
    };
    follow(&config.control_socket(), &question, hear).await.map_err(anyhow::Error::from)?;
    match last {
        Some(Answer::Done(words)) => {
            println!("{words}");
            Ok(())
        }
        Some(Answer::Nothing(reason)) => Err(anyhow!(reason).into()),
        Some(_) => Err(anyhow!("the daemon answered another question").into()),
        None => Err(anyhow!("the daemon has ended; the verification goes on when it runs").into()),
    }
}
