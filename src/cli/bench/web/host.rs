//! The daemon that is measured, and a partner who is signed in to it.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use hyper::StatusCode;
use hyper::header::SET_COOKIE;

use super::client::{Client, Timed};
use super::seed::{self, Seeded};
use crate::cli::bench::serving::Serving;
use crate::cli::bench::usage::Process;
use crate::domain::InvitationId;
use crate::store::Store;

const PASSWORD: &str = "measured and measured again";

/// The running daemon.
#[derive(Debug)]
pub(super) struct Host {
    serving: Serving,
    web: SocketAddr,
    /// What lets the partner in.
    cookie: String,
    /// What every page of the project begins with.
    pub(super) base: String,
    /// A key of the API.
    key: String,
    pub(super) newest: InvitationId,
}

impl Host {
    /// Fills a database, starts a daemon over it, and signs in.
    ///
    /// # Errors
    /// When one of these fails.
    pub(super) async fn start(invitations: u32, events: u32) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir().context("cannot make a directory for the daemon")?;
        let store = Store::open(&directory.path().join("zavud.db"), Box::new(|_| {}))?;
        let Seeded { project, link, key, newest } = seed::fill(&store, invitations, events).await?;
        drop(store);
        let serving = Serving::start(directory, CONFIGURATION).await?;
        let web = serving.address("web")?;
        let cookie = sign_in(web, &format!("/password/{}", link.expose())).await?;
        let base = format!("/p/{project}");
        Ok(Self { serving, web, cookie, base, key, newest })
    }

    pub(super) fn process(&self) -> Process {
        self.serving.process()
    }

    /// A browser in which the partner is signed in.
    ///
    /// # Errors
    /// When the daemon can not be reached.
    pub(super) async fn browser(&self) -> anyhow::Result<Client> {
        let mut client = Client::connect(self.web).await?;
        client.carry("cookie", self.cookie.clone());
        Ok(client)
    }

    /// A program that has the key.
    ///
    /// # Errors
    /// When the daemon can not be reached.
    pub(super) async fn program(&self) -> anyhow::Result<Client> {
        let mut client = Client::connect(self.web).await?;
        client.carry("authorization", format!("Bearer {}", self.key));
        Ok(client)
    }
}

/// What differs from the shipped configuration.
const CONFIGURATION: &str = "[sip]\nlisten = \"127.0.0.1:0\"\n\
     [recordings]\nmax_megabytes = 0\n[speech]\nenabled = false\n\
     [web]\nlisten = \"127.0.0.1:0\"\nmax_connections_per_address = 10000\n\
     [api]\nrequests_per_minute = 1000000\n\
     [log]\nformat = \"json\"\n";

/// Sets the password, and tells the cookie of the login.
async fn sign_in(web: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut client = Client::connect(web).await?;
    let shown = client.get(path).await?;
    let visitor = cookie(&shown, "visitor").context("the page of the link sets a cookie")?;
    client.carry("cookie", visitor);
    let token = form_token(shown.text()).context("the page of the link has a form")?;
    let form = [("password", PASSWORD), ("form_token", token)];
    let set = client.submit(path, &form).await?;
    ensure!(set.status == StatusCode::SEE_OTHER, "cannot sign in: {}", set.status);
    cookie(&set, "login").context("whoever signs in gets a cookie")
}

fn cookie(answer: &Timed, name: &str) -> Option<String> {
    let cookies = answer.headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.filter_map(|cookie| cookie.split(';').next());
    pairs.find(|pair| pair.split('=').next() == Some(name)).map(str::to_owned)
}

/// What the forms of a page carry.
fn form_token(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("name=\"form_token\" value=\"")?;
    rest.split('"').next()
}
