//! What is printed in the end: for people, beside the goals, and as JSON. Pure.

use std::fmt;

use serde::Serialize;

use super::api::Api;
use super::live::Live;
use super::pages::Page;

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Report {
    pub(super) invitations: u32,
    pub(super) events: u32,
    pub(super) pages: Vec<Page>,
    pub(super) api: Api,
    pub(super) live: Live,
}

/// The goals, for two cores.
const PAGE_MS: f64 = 50.0;
const PAGE_BYTES: usize = 80_000;
const API_MS: f64 = 20.0;
const HEARD_MS: f64 = 500.0;
const BYTES_A_PAGE: u64 = 20_000;

fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "MISSED" }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { invitations, events, pages, api, live } = self;
        writeln!(out, "{invitations} invitations, {events} events\n")?;
        writeln!(out, "{:<34}{:>9}{:>9}{:>9}", "page", "p50 ms", "p99 ms", "KB")?;
        for Page { name, p50_ms, p99_ms, bytes } in pages {
            let is_met = *p99_ms < PAGE_MS && *bytes < PAGE_BYTES;
            let kilobytes = *bytes as f64 / 1_000.0;
            let verdict = verdict(is_met);
            writeln!(out, "{name:<34}{p50_ms:>9.1}{p99_ms:>9.1}{kilobytes:>9.1}  {verdict}")?;
        }
        writeln!(out, "goal: p99 under {PAGE_MS} ms, under {} KB\n", PAGE_BYTES / 1_000)?;
        for (name, p50, p99) in [
            ("API: create an invitation", api.create_p50_ms, api.create_p99_ms),
            ("API: list 100", api.list_p50_ms, api.list_p99_ms),
        ] {
            writeln!(out, "{name:<34}{p50:>9.1}{p99:>9.1}{:>9}  {}", "", verdict(p99 < API_MS))?;
        }
        writeln!(out, "goal: p99 under {API_MS} ms\n")?;
        let Live { open_pages, heard_p50_ms, heard_all_ms, bytes_a_page } = live;
        let is_met = *heard_all_ms < HEARD_MS && *bytes_a_page < BYTES_A_PAGE;
        writeln!(
            out,
            "{open_pages} open pages: half hear of a change after {heard_p50_ms:.0} ms, all after \
             {heard_all_ms:.0} ms; {:.1} KB a page  {}",
            *bytes_a_page as f64 / 1_000.0,
            verdict(is_met)
        )?;
        writeln!(out, "goal: all within {HEARD_MS} ms, under {} KB", BYTES_A_PAGE / 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_misses_its_goal_is_said_to() {
        let page = |name, p99_ms, bytes| Page { name, p50_ms: 1.0, p99_ms, bytes };
        let report = Report {
            invitations: 1,
            events: 2,
            pages: vec![
                page("quick", 49.9, 79_999),
                page("slow", 50.0, 1),
                page("heavy", 1.0, 80_000),
            ],
            api: Api {
                create_p50_ms: 1.0,
                create_p99_ms: 19.0,
                list_p50_ms: 1.0,
                list_p99_ms: 20.0,
            },
            live: Live {
                open_pages: 3,
                heard_p50_ms: 1.0,
                heard_all_ms: 499.0,
                bytes_a_page: 19_999,
            },
        };
        let told = report.to_string();
        let lines = ["quick", "slow", "heavy", "create", "list", "open pages"]
            .map(|name| told.lines().find(|line| line.contains(name)).unwrap().ends_with("met"));
        assert_eq!(lines, [true, false, false, true, false, true], "{told}");
    }
}
