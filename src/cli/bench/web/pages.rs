//! Each page of the admin, one after the other.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use hyper::StatusCode;
use serde::Serialize;

use super::client::Client;
use super::host::Host;
use crate::cli::bench::percentile::Ranked;

/// Asked for and thrown away: whoever asks first fills caches.
const WARM_UPS: u32 = 3;

/// How many pages of the list one goes on, to be deep in it.
const DEEP: usize = 20;

/// One page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Page {
    pub(super) name: &'static str,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// With its scripts and styles, and all their headers.
    pub(super) bytes: usize,
}

/// Asks for each page so often.
///
/// # Errors
/// When one is not answered as it should be.
pub(super) async fn measure(host: &Host, requests: u32) -> anyhow::Result<Vec<Page>> {
    let mut client = host.browser().await?;
    let list = format!("{}/invitations", host.base);
    let deep = deep(&mut client, &list).await?;
    let at = |path: &str| format!("{}{path}", host.base);
    let named = [
        ("invitations", list.clone()),
        ("invitations, page 20", deep),
        ("invitations, failed", format!("{list}?status=failed")),
        ("invitations, by expiry", format!("{list}?sort=expiry")),
        ("invitations, search for a word", format!("{list}?q=bakery")),
        ("invitations, search for one", format!("{list}?q=client4711")),
        // Too short for the index, and found in none: each row is looked at.
        ("invitations, search for 2 letters", format!("{list}?q=xq")),
        ("invitation", format!("{list}/{}", host.newest)),
        ("new invitation", format!("{list}/new")),
        ("import", format!("{list}/import")),
        ("senders", at("/senders")),
        ("phone numbers", at("/numbers")),
        ("calls", at("/calls")),
        ("settings", at("/settings")),
        ("audit log", at("/settings/audit")),
        ("projects", "/projects".to_owned()),
        ("account", "/account".to_owned()),
    ];
    let mut assets = BTreeMap::new();
    let mut pages = Vec::new();
    for (name, path) in named {
        pages.push(page(&mut client, (name, &path), requests, &mut assets).await?);
    }
    Ok(pages)
}

async fn page(
    client: &mut Client,
    (name, path): (&'static str, &str),
    requests: u32,
    assets: &mut BTreeMap<String, usize>,
) -> anyhow::Result<Page> {
    let (mut took, mut bytes) = (Vec::new(), 0);
    for request in 0..WARM_UPS + requests {
        let answer = client.get(path).await?;
        ensure!(answer.status == StatusCode::OK, "{path}: {}", answer.status);
        if request < WARM_UPS {
            continue;
        }
        took.push(answer.took);
        bytes = answer.bytes;
        for asset in asset_paths(answer.text()) {
            if !assets.contains_key(asset) {
                let loaded = client.get(asset).await?;
                assets.insert(asset.to_owned(), loaded.bytes);
            }
            bytes += assets[asset];
        }
    }
    let ranked = Ranked::of(took);
    let nothing = "a page is asked for once at least";
    Ok(Page {
        name,
        p50_ms: ranked.percentile(50).context(nothing)?,
        p99_ms: ranked.percentile(99).context(nothing)?,
        bytes,
    })
}

/// Goes on in the list, and tells where one is then.
async fn deep(client: &mut Client, list: &str) -> anyhow::Result<String> {
    let mut path = list.to_owned();
    for _ in 0..DEEP {
        let answer = client.get(&path).await?;
        let Some(next) = next_page(answer.text()) else { break };
        path = next;
    }
    Ok(path)
}

/// Where `rel="next"` leads.
fn next_page(page: &str) -> Option<String> {
    let link = page
        .split("<a ")
        .find(|link| link.split('>').next().is_some_and(|tag| tag.contains("rel=\"next\"")))?;
    let (_, rest) = link.split_once("href=\"")?;
    Some(rest.split('"').next()?.replace("&amp;", "&"))
}

fn asset_paths(page: &str) -> impl Iterator<Item = &str> {
    let quoted = page.split('"');
    quoted.filter(|text| text.starts_with("/assets/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_and_the_assets_are_found_in_a_page() {
        let page = r#"<link href="/assets/a.css"><a href="/p?x=1">1</a>
            <a class="b" rel="next" href="/p?x=2&amp;y=3">2</a><script src="/assets/b.js"></script>"#;
        assert_eq!(next_page(page).as_deref(), Some("/p?x=2&y=3"));
        assert_eq!(asset_paths(page).collect::<Vec<_>>(), ["/assets/a.css", "/assets/b.js"]);
        assert_eq!(next_page("<a href=\"/\">"), None);
    }
}
