//! `zavud project`: projects, how they show themselves to clients, and where those may be sent.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use rand::RngExt as _;

use super::Failure;
use super::database::{self, InDatabase};
use crate::clock::{Clock as _, SystemClock};
use crate::domain::{
    Colour, Language, Logo, OriginPurpose::Redirect, ProjectId, ShownName, SiteOrigin,
};
use crate::store::{NewProject, Project, Reader, Store, StoreError, Writer};

pub(super) type Arguments = InDatabase<Verb>;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Make a project
    New {
        /// What it is called here, and to clients as long as no company is set
        name: ShownName,
    },
    /// Say how a project shows itself to clients, and where they may be sent
    Set {
        /// Its name or id
        project: String,
        #[command(flatten)]
        changes: Changes,
    },
    /// Show all projects
    List,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(super) struct Changes {
    /// The company that clients see
    #[arg(long, value_name = "NAME")]
    company: Option<ShownName>,
    /// Its colour, such as '#0a7c66'
    #[arg(long, alias = "color")]
    colour: Option<Colour>,
    /// Go without a colour of its own
    #[arg(long, alias = "no-color", conflicts_with = "colour")]
    no_colour: bool,
    /// Its logo: a PNG, JPEG or WebP file
    #[arg(long, value_name = "FILE")]
    logo: Option<PathBuf>,
    /// Go without a logo
    #[arg(long, conflicts_with = "logo")]
    no_logo: bool,
    /// What its clients are spoken to in, where their invitation does not say: en, es or pt
    #[arg(long, value_name = "CODE")]
    language: Option<Language>,
    /// Let the browser of a client say it
    #[arg(long, conflicts_with = "language")]
    no_language: bool,
    /// An origin that clients may be sent to, such as https://app.example.com
    #[arg(long, value_name = "ORIGIN")]
    allow_redirect: Vec<SiteOrigin>,
    /// An origin that they may not be sent to any more
    #[arg(long, value_name = "ORIGIN")]
    forbid_redirect: Vec<SiteOrigin>,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let (_, store) = arguments.database.open()?;
    let done = match arguments.verb {
        Verb::New { name } => make(&store, &name).await,
        Verb::Set { project, changes } => set(&store, project, changes).await,
        Verb::List => list(&store).await,
    };
    done.map_err(Failure::from)
}

async fn make(store: &Store, name: &ShownName) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let id = ProjectId::new(now, rand::rng().random());
    let project = NewProject { id, name: name.to_string(), created_at: now };
    let made = store.write(move |writer| {
        let is_taken = writer.projects()?.iter().any(|other| other.name == project.name);
        if is_taken {
            return Ok(None);
        }
        writer.insert_project(&project)?;
        Ok(Some(project.id))
    });
    let id =
        made.await?.ok_or_else(|| anyhow!("there is a project {:?} already", name.as_str()))?;
    println!("{id}");
    Ok(())
}

async fn set(store: &Store, called: String, changes: Changes) -> anyhow::Result<()> {
    let logo = match &changes.logo {
        Some(path) => {
            let name = path.display();
            let bytes = std::fs::read(path).with_context(|| format!("cannot read {name}"))?;
            Some(Logo::parse(bytes).with_context(|| format!("{name} can not be a logo"))?)
        }
        None => None,
    };
    let write = store.write(move |writer| {
        let project = match database::project(writer, &called)? {
            Ok(project) => project.id,
            Err(error) => return Ok(Err(error)),
        };
        changes.apply(writer, &project, logo.as_ref())?;
        database::project(writer, project.as_str())?
            .map(|project| described(writer, &project))
            .map_or_else(|error| Ok(Err(error)), |text| text.map(Ok))
    });
    print!("{}", write.await??);
    Ok(())
}

async fn list(store: &Store) -> anyhow::Result<()> {
    let read = store.read(|reader| {
        let projects = reader.projects()?;
        projects.iter().map(|project| described(reader, project)).collect::<Result<Vec<_>, _>>()
    });
    print!("{}", read.await?.join("\n"));
    Ok(())
}

impl Changes {
    fn apply(
        &self,
        writer: &Writer<'_>,
        project: &ProjectId,
        logo: Option<&Logo>,
    ) -> Result<(), StoreError> {
        if let Some(company) = &self.company {
            writer.set_company(project, company)?;
        }
        if self.colour.is_some() || self.no_colour {
            writer.set_colour(project, self.colour)?;
        }
        if self.language.is_some() || self.no_language {
            writer.set_project_language(project, self.language)?;
        }
        match logo {
            Some(logo) => writer.put_logo(project, logo)?,
            None if self.no_logo => writer.remove_logo(project)?,
            None => {}
        }
        self.forbid_redirect
            .iter()
            .try_for_each(|origin| writer.forbid_origin(project, Redirect, origin))?;
        self.allow_redirect
            .iter()
            .try_for_each(|origin| writer.allow_origin(project, Redirect, origin))
    }
}

fn described(reader: &Reader<'_>, project: &Project) -> Result<String, StoreError> {
    let Project { id, name, brand, language } = project;
    let none = || "none".to_owned();
    let origins = reader.origins(id, Redirect)?;
    let origins: Vec<_> = origins.iter().map(SiteOrigin::as_str).collect();
    Ok(format!(
        "{name} ({id})\n  company:   {}\n  colour:    {}\n  logo:      {}\n  language:  {}\n  redirects: {}\n",
        brand.company,
        brand.colour.map_or_else(none, |colour| colour.to_string()),
        brand.logo.as_ref().map_or_else(none, |logo| logo.as_str().to_owned()),
        language.map_or_else(none, |language| language.to_string()),
        if origins.is_empty() { none() } else { origins.join(", ") },
    ))
}
