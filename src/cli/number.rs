//! `zavud number`: the phone numbers that calls come in on.

use std::path::PathBuf;

use anyhow::anyhow;
use rand::RngExt as _;

use super::Failure;
use super::database::{self, WhichDatabase};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::control::{Answer, NumberToVerify, Question, follow};
use crate::domain::{PhoneNumber, PhoneNumberId};
use crate::store::NewPhoneNumber;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Give a project a number whose calls reach this host
    Add(Add),
    /// Verify a number that is in a WhatsApp account already: Meta calls it, and the daemon hands the
    /// code in
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Add {
    #[command(flatten)]
    database: WhichDatabase,
    /// The number, with its country code
    #[arg(value_name = "+NUMBER", value_parser = PhoneNumber::from_pasted)]
    number: PhoneNumber,
    /// The name or id of the project
    #[arg(long, value_name = "NAME")]
    project: String,
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
    match arguments.command {
        Command::Add(add) => give(add).await,
        Command::Verify(verify) => verify_by_call(verify).await,
    }
}

async fn give(Add { database, number, project }: Add) -> Result<(), Failure> {
    let (_, store) = database.open()?;
    let now = SystemClock.now();
    let id = PhoneNumberId::new(now, rand::rng().random());
    let given = store.write(move |writer| {
        let project = match database::project(writer, &project)? {
            Ok(project) => project.id,
            Err(error) => return Ok(Err(anyhow::Error::from(error))),
        };
        if writer.owner_of_number(&number)?.is_some() {
            return Ok(Err(anyhow!("{number} belongs to a project already")));
        }
        writer.insert_phone_number(&NewPhoneNumber {
            id: id.clone(),
            project,
            number,
            created_at: now,
        })?;
        Ok(Ok(id))
    });
    println!("{}", given.await.map_err(anyhow::Error::from)??);
    Ok(())
}

async fn verify_by_call(
    Verify { number, meta_number, sender, config }: Verify,
) -> Result<(), Failure> {
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
