//! Programs that make invitations and list them.

use anyhow::{Context as _, ensure};
use hyper::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::client::Timed;
use super::host::Host;
use crate::cli::bench::percentile::Ranked;

/// How many times as often as a page each is done: a p99 takes some hundreds.
const TIMES: u32 = 10;

/// How long both take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Api {
    pub(super) create_p50_ms: f64,
    pub(super) create_p99_ms: f64,
    pub(super) list_p50_ms: f64,
    pub(super) list_p99_ms: f64,
}

/// Makes invitations, and goes through the list of all.
///
/// # Errors
/// When one is not answered as it should be.
pub(super) async fn measure(host: &Host, requests: u32) -> anyhow::Result<Api> {
    let mut client = host.program().await?;
    let (mut created, mut listed) = (Vec::new(), Vec::new());
    let mut cursor = None;
    for index in 0..requests * TIMES {
        let body = format!("{{\"clientName\":\"Measured {index}\",\"expiresInDays\":7}}");
        created.push(expect(client.post_json("/v1/invitations", body).await?, 201)?.took);
        let path = match &cursor {
            Some(cursor) => format!("/v1/invitations?limit=100&cursor={cursor}"),
            None => "/v1/invitations?limit=100".to_owned(),
        };
        let page = expect(client.get(&path).await?, 200)?;
        let answer: Value = serde_json::from_str(page.text()).context("a list is JSON")?;
        cursor = answer["nextCursor"].as_str().map(str::to_owned);
        listed.push(page.took);
    }
    let (created, listed) = (Ranked::of(created), Ranked::of(listed));
    let figure =
        |ranked: &Ranked, percent| ranked.percentile(percent).context("each is done once at least");
    Ok(Api {
        create_p50_ms: figure(&created, 50)?,
        create_p99_ms: figure(&created, 99)?,
        list_p50_ms: figure(&listed, 50)?,
        list_p99_ms: figure(&listed, 99)?,
    })
}

fn expect(answer: Timed, status: u16) -> anyhow::Result<Timed> {
    let expected = StatusCode::from_u16(status)?;
    ensure!(answer.status == expected, "{}: {}", answer.status, answer.text());
    Ok(answer)
}
