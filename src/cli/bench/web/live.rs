//! Pages that are open, and hear of a change.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures_util::future::join_all;
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use hyper::body::Incoming;
use serde::Serialize;
use tokio::time::timeout;

use super::client::Client;
use super::host::Host;
use crate::cli::bench::percentile::{Ranked, millis};

/// Connections that are opened at a time: the queue of a listening socket is short.
const AT_A_TIME: u32 = 100;

/// A page that has heard nothing by then never will.
const PATIENCE: Duration = Duration::from_secs(30);

/// What it takes to keep pages open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Live {
    pub(super) open_pages: u32,
    /// From the request that changes something until a page hears of it.
    pub(super) heard_p50_ms: f64,
    /// Until all have.
    pub(super) heard_all_ms: f64,
    /// Of the daemon's memory, for each page.
    pub(super) bytes_a_page: u64,
}

/// Opens so many pages, makes an invitation, and waits until all know.
///
/// # Errors
/// When a page does not open, or hears nothing.
pub(super) async fn measure(host: &Host, open_pages: u32) -> anyhow::Result<Live> {
    let idle = host.process().memory()?;
    let mut pages = Vec::new();
    while (pages.len() as u32) < open_pages {
        let count = AT_A_TIME.min(open_pages - pages.len() as u32);
        let opened = join_all((0..count).map(|_| open(host))).await;
        pages.extend(opened.into_iter().collect::<Result<Vec<_>, _>>()?);
    }
    let busy = host.process().memory()?;

    let listening: Vec<_> =
        pages.into_iter().map(|(client, events)| tokio::spawn(hear(client, events))).collect();
    let mut program = host.program().await?;
    let begun = Instant::now();
    let done = program.post_json("/v1/invitations", "{}".to_owned()).await?;
    ensure!(done.status == StatusCode::CREATED, "cannot change anything: {}", done.status);
    let mut heard = Vec::new();
    for page in listening {
        heard.push(page.await??.duration_since(begun));
    }
    let ranked = Ranked::of(heard);
    Ok(Live {
        open_pages,
        heard_p50_ms: ranked.percentile(50).context("a page is open")?,
        heard_all_ms: ranked.durations().last().copied().map(millis).context("a page is open")?,
        bytes_a_page: busy.saturating_sub(idle) / u64::from(open_pages.max(1)),
    })
}

async fn open(host: &Host) -> anyhow::Result<(Client, Incoming)> {
    let mut client = host.browser().await?;
    let events = client.open(&format!("{}/events", host.base)).await?;
    Ok((client, events))
}

/// Waits for the change. The connection stays open for as long.
async fn hear(client: Client, mut events: Incoming) -> anyhow::Result<Instant> {
    let wait = async {
        while let Some(frame) = events.frame().await {
            let frame = frame?;
            let is_change =
                frame.data_ref().is_some_and(|data| data.starts_with(b"event: changed"));
            if is_change {
                return anyhow::Ok(Instant::now());
            }
        }
        anyhow::bail!("the daemon ended a page's events");
    };
    let heard = timeout(PATIENCE, wait).await.context("a page heard of no change")??;
    drop(client);
    Ok(heard)
}
