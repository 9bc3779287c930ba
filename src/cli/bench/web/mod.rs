//! `zavud bench web`: the admin and the API over a database of a few busy years, and many open pages.
//!
//! [`seed`] makes the database, [`host`] the daemon over it; [`pages`] asks for each page one after the
//! other, [`api`] makes and lists invitations as programs do, [`live`] keeps pages open and changes
//! something. The answers are timed here, over loopback: what the daemon takes, and a little more.

mod api;
mod client;
mod host;
mod live;
mod pages;
mod report;
mod seed;

use std::io::IsTerminal as _;

use anyhow::Context as _;

use crate::cli::Failure;
use host::Host;
use report::Report;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Invitations in the database
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    invitations: u32,
    /// Events in the database
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    events: u32,
    /// How often each page is asked for
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    requests: u32,
    /// Pages that are open at the same time; each takes a socket on both sides (see `ulimit -n`)
    #[arg(long, value_name = "COUNT", default_value_t = 5_000)]
    open_pages: u32,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let report = runtime.block_on(measure(arguments))?;
    if arguments.json {
        println!("{}", serde_json::to_string(&report).context("the figures have a JSON form")?);
    } else {
        print!("{report}");
    }
    Ok(())
}

async fn measure(arguments: &Arguments) -> anyhow::Result<Report> {
    let &Arguments { invitations, events, requests, open_pages, .. } = arguments;
    let tell = |what: &str| {
        if std::io::stderr().is_terminal() {
            eprintln!("{what}");
        }
    };
    tell("making the database ...");
    let host = Host::start(invitations, events).await?;
    tell("asking for pages ...");
    let pages = pages::measure(&host, requests).await?;
    tell("asking the API ...");
    let api = api::measure(&host, requests).await?;
    tell("opening pages ...");
    let live = live::measure(&host, open_pages).await?;
    Ok(Report { invitations, events, pages, api, live })
}
