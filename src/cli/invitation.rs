//! `zavud invitation`: makes invitations, and prints their links.

use std::time::Duration;

use anyhow::anyhow;
use rand::RngExt as _;

use super::Failure;
use super::database::{self, InDatabase, NoSuchProject};
use crate::clock::{Clock as _, SystemClock};
use crate::domain::{
    Actor, Countries, Country, Email, InvitationId, InvitationToken, Language, PhoneNumber,
    ProjectId, RedirectState, RedirectUrl, Redirects, ShownName, Timestamp,
};
use crate::onboarding::{Refusal, invite};
use crate::store::{NewConnection, NewInvitation, StoreError, Writer};

pub(super) type Arguments = InDatabase<Verb>;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Make an invitation, and print its link
    New(NewArguments),
}

#[derive(Debug, clap::Args)]
pub(super) struct NewArguments {
    /// The name or id of the project
    #[arg(long, value_name = "NAME")]
    project: String,
    /// Who is invited
    #[arg(long, value_name = "NAME")]
    client: Option<ShownName>,
    /// Where they get mail, for the partner to know
    #[arg(long, value_name = "ADDRESS")]
    email: Option<Email>,
    /// The language of its pages, and of the voice that calls, as two letters [default: the browser's]
    #[arg(long)]
    language: Option<Language>,
    /// The number of ours to connect [default: the client connects one of their own]
    #[arg(long, value_name = "NUMBER")]
    number: Option<PhoneNumber>,
    /// The client keeps the WhatsApp Business App, and connects its number
    #[arg(long, conflicts_with = "number")]
    app: bool,
    /// A country of which a number may be, as two letters; once for each [default: any]
    #[arg(long = "country", value_name = "COUNTRY")]
    countries: Vec<Country>,
    /// For how many days the link can be used
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=30))]
    days: u32,
    /// Where the client is sent when WhatsApp is connected
    #[arg(long, value_name = "URL")]
    success_url: Option<RedirectUrl>,
    /// Where the client may go back to when that failed
    #[arg(long, value_name = "URL")]
    failure_url: Option<RedirectUrl>,
    /// What is passed on there, as it is
    #[arg(long, value_name = "TEXT")]
    state: Option<RedirectState>,
}

/// Why there is no invitation.
#[derive(Debug, thiserror::Error)]
enum NotMade {
    #[error(transparent)]
    Project(#[from] NoSuchProject),
    #[error("{0} is no number of ours")]
    Number(PhoneNumber),
    #[error(transparent)]
    Refused(#[from] Refusal),
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Verb::New(wanted) = arguments.verb;
    let (config, store) = arguments.database.open()?;
    let now = SystemClock.now();
    let token = InvitationToken::new(rand::rng().random());
    let link = format!("{}/i/{}", config.web.public_url, token.expose());
    let made = store.write(move |writer| make(writer, wanted, token, now)).await;
    made.map_err(anyhow::Error::from)?.map_err(|error| anyhow!(error))?;
    println!("{link}");
    Ok(())
}

fn make(
    writer: &Writer<'_>,
    wanted: NewArguments,
    token: InvitationToken,
    now: Timestamp,
) -> Result<Result<(), NotMade>, StoreError> {
    let project: ProjectId = match database::project(writer, &wanted.project)? {
        Ok(project) => project.id,
        Err(error) => return Ok(Err(error.into())),
    };
    let connection = match wanted.number {
        Some(number) => match writer.own_number(&number)? {
            Some(own) => NewConnection::Preassigned(own.id),
            None => return Ok(Err(NotMade::Number(number))),
        },
        None if wanted.app => NewConnection::Coexistence,
        None => NewConnection::ClientNumber,
    };
    let invitation = NewInvitation {
        id: InvitationId::new(now, rand::rng().random()),
        project,
        token,
        client_name: wanted.client.map(String::from),
        client_email: wanted.email,
        language: wanted.language,
        connection,
        countries: Countries::new(wanted.countries),
        redirects: Redirects {
            success: wanted.success_url,
            failure: wanted.failure_url,
            state: wanted.state,
        },
        created_at: now,
        expires_at: now + Duration::from_secs(u64::from(wanted.days) * 24 * 60 * 60),
    };
    Ok(invite(writer, &invitation, Actor::Partner)?.map_err(NotMade::from))
}
