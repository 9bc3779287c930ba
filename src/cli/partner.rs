//! `zavud partner`: who may sign in to the admin.

use anyhow::anyhow;

use super::Failure;
use super::database::{self, InDatabase};
use crate::accounts::{Admitted, admit, issue_password_link};
use crate::clock::{Clock as _, SystemClock};
use crate::domain::{AuditAction, AuditActor, Email, Role, SecretToken};
use crate::store::{NewAuditEntry, Store};

pub(super) type Arguments = InDatabase<Verb>;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Let somebody into a project. Whoever has no password yet gets a link to set one, once
    Add {
        email: Email,
        /// The name or id of the project
        #[arg(long, value_name = "NAME")]
        project: String,
        /// What they may do there: owner, member or viewer
        #[arg(long, default_value_t = Role::Owner)]
        role: Role,
    },
    /// Give somebody a new link to set a password, once; the ones before open nothing any more
    Link {
        email: Email,
        /// Take the second factor away as well, from whoever has lost it
        #[arg(long)]
        without_second_factor: bool,
    },
    /// Show who is in a project
    List {
        /// The name or id of the project
        #[arg(long, value_name = "NAME")]
        project: String,
    },
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let (config, store) = arguments.database.open()?;
    let public_url = &config.web.public_url;
    let done = match arguments.verb {
        Verb::Add { email, project, role } => add(&store, public_url, email, project, role).await,
        Verb::Link { email, without_second_factor } => {
            link(&store, public_url, email, without_second_factor).await
        }
        Verb::List { project } => list(&store, project).await,
    };
    done.map_err(Failure::from)
}

async fn add(
    store: &Store,
    public_url: &str,
    email: Email,
    called: String,
    role: Role,
) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let write = store.write(move |writer| {
        let project = match database::project(writer, &called)? {
            Ok(project) => project.id,
            Err(error) => return Ok(Err(error)),
        };
        let admitted = admit(writer, &project, &email, role, now)?;
        writer.record_audit(&NewAuditEntry {
            project,
            at: now,
            who: AuditActor::Operator,
            action: AuditAction::MemberAdded,
            subject: Some(email.to_string()),
        })?;
        Ok(Ok(admitted))
    });
    match write.await?? {
        Admitted { link: Some(link), .. } => println!("{}", address(public_url, &link)),
        Admitted { link: None, .. } => println!("has a password already: {public_url}/sign-in"),
    }
    Ok(())
}

async fn link(
    store: &Store,
    public_url: &str,
    email: Email,
    without_second_factor: bool,
) -> anyhow::Result<()> {
    let (now, asked) = (SystemClock.now(), email.clone());
    let write = store.write(move |writer| {
        let Some(partner) = writer.partner_by_email(&asked)? else { return Ok(None) };
        if without_second_factor {
            writer.set_second_factor(&partner.id, None)?;
        }
        issue_password_link(writer, &partner.id, now).map(Some)
    });
    let link = write.await?.ok_or_else(|| anyhow!("{email} is in no project"))?;
    println!("{}", address(public_url, &link));
    Ok(())
}

async fn list(store: &Store, called: String) -> anyhow::Result<()> {
    let read = store.read(move |reader| match database::project(reader, &called)? {
        Ok(project) => reader.members(&project.id).map(Ok),
        Err(error) => Ok(Err(error)),
    });
    for member in read.await?? {
        let state = if member.has_signed_up { "" } else { " (no password yet)" };
        println!("{} {}{state}", member.email, member.role);
    }
    Ok(())
}

fn address(public_url: &str, link: &SecretToken) -> String {
    format!("{public_url}/password/{}", link.expose())
}
