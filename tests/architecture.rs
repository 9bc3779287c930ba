//! The direction of dependencies, held by machine. ARCHITECTURE.md draws it; this is its table.
//!
//! Only `use crate::module` lines and paths that begin with `crate::module::` are looked at, so
//! groups of modules, which those could hide in, are refused.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each module may use besides itself, `domain` and the leaves.
const ALLOWED: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("clock", &[]),
    ("config", &[]),
    ("observability", &["config"]),
    ("tls", &[]),
    ("store", &[]),
    ("feed", &[]),
    ("recordings", &[]),
    ("speech", &[]),
    ("codes", &["speech"]),
    ("telephony", &[]),
    ("control", &["onboarding", "store", "telephony"]),
    ("seal", &[]),
    ("accounts", &["seal", "store"]),
    ("voices", &["speech"]),
    ("meta", &["telephony", "voices"]),
    ("onboarding", &["meta", "seal", "store"]),
    ("calls", &["codes", "onboarding", "recordings", "speech", "store", "telephony"]),
    ("webhooks", &["seal", "store"]),
    ("web", &["accounts", "feed", "meta", "onboarding", "recordings", "seal", "store", "webhooks"]),
    (
        "daemon",
        &[
            "accounts",
            "calls",
            "control",
            "feed",
            "meta",
            "onboarding",
            "recordings",
            "seal",
            "speech",
            "store",
            "telephony",
            "web",
            "webhooks",
        ],
    ),
    (
        "cli",
        &[
            "accounts",
            "codes",
            "control",
            "daemon",
            "onboarding",
            "speech",
            "store",
            "telephony",
            "voices",
        ],
    ),
    ("lib", &[]),
    ("main", &[]),
];

/// Anyone may use these.
const LEAVES: &[&str] = &["clock", "config", "domain", "observability", "tls"];

/// Libraries that only these modules may know.
const PRIVATE_CRATES: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("csv", &["onboarding"]),
    ("realfft", &["speech/whisper/mel.rs"]),
    ("whisper_rs", &["speech/whisper", "speech/whisper_stock.rs"]),
    ("chacha20poly1305", &["seal"]),
    ("argon2", &["accounts/password.rs"]),
    ("totp_rs", &["accounts/second_factor.rs"]),
    ("hyper_rustls", &["meta/graph/transport.rs"]),
    ("axum", &["meta/sandbox", "web"]),
    ("maud", &["meta/sandbox", "web"]),
    ("tower_http", &["web"]),
    ("hickory_resolver", &["telephony/names/system.rs"]),
    ("symphonia", &["speech/audio_file.rs"]),
    ("rubato", &["speech/resample.rs"]),
    ("imagesize", &["domain/logo.rs"]),
    ("url", &["domain/redirect.rs", "domain/webhook.rs"]),
    ("anyhow", &["cli", "daemon", "main.rs"]),
    ("sip::Endpoint", &["telephony"]),
];

/// Methods of the store that obey no rule, and who applies the rules before calling them. The load
/// tests make thousands of invitations that nobody opens.
const RULED: &[(&str, &[&str])] = &[
    (
        ".insert_invitation(",
        &["onboarding/invitations.rs", "cli/bench/sip/host.rs", "cli/bench/web/seed.rs"],
    ),
    (".move_invitation(", &["onboarding/invitations.rs", "cli/bench/web/seed.rs"]),
    (".replace_link(", &["onboarding/invitations.rs"]),
    (".record_step(", &["onboarding/invitations.rs"]),
    (".insert_signup(", &["onboarding/completion/attempts.rs"]),
    (".move_signup(", &["onboarding/completion/attempts.rs"]),
    (".end_signup(", &["onboarding/completion/attempts.rs"]),
    (".set_submission(", &["onboarding/invitations.rs"]),
    (".mark_viewed(", &["onboarding/invitations.rs"]),
    (".put_sender(", &["onboarding/completion/attempts.rs"]),
    (".set_sender(", &["onboarding/completion/attempts.rs"]),
    (".set_number_status(", &["onboarding/numbers.rs"]),
    (".insert_message(", &["onboarding/outgoing.rs"]),
    (".move_message(", &["onboarding/outgoing.rs"]),
    (".insert_webhook_event(", &["onboarding/news.rs"]),
    (".insert_attempt(", &["onboarding/attempts.rs"]),
    (".insert_verification(", &["onboarding/verification/records.rs"]),
    (".move_verification(", &["onboarding/verification/records.rs"]),
    (".let_verification_wait(", &["onboarding/verification/records.rs"]),
    (".fail_verification(", &["onboarding/verification/records.rs"]),
    (".take_verification_code(", &["onboarding/verification/records.rs"]),
];

struct Source {
    /// Relative to `src/`.
    path: String,
    text: String,
}

impl Source {
    fn module(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// The lines outside comments.
    fn code(&self) -> impl Iterator<Item = &str> {
        self.text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                sources.push(Source { path, text });
            }
        }
    }
    sources
}

/// The modules that a line of code names by `crate::`.
fn used_modules(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|c: char| c != '_' && !c.is_ascii_lowercase()).unwrap_or(rest.len());
        &rest[..end]
    })
}

#[test]
fn an_arrow_goes_only_where_the_table_allows_it() {
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    let mut forbidden = BTreeSet::new();
    for source in sources() {
        let module = source.module();
        let may_use = allowed.get(module).unwrap_or_else(|| panic!("{module} is in the table"));
        for line in source.code() {
            for used in used_modules(line) {
                let is_allowed =
                    used == module || LEAVES.contains(&used) || may_use.contains(&used);
                if !is_allowed {
                    forbidden.insert(format!("{} uses {used}: {line}", source.path));
                }
            }
        }
    }
    assert!(forbidden.is_empty(), "{forbidden:#?}");
}

#[test]
fn no_group_hides_what_a_line_uses() {
    for source in sources() {
        for line in source.code() {
            assert!(!line.contains("crate::{"), "{}: {line}", source.path);
            assert!(!line.contains("super::super::"), "{}: {line}", source.path);
        }
    }
}

#[test]
fn each_edge_of_the_table_is_used() {
    let sources = sources();
    for (module, may_use) in ALLOWED {
        for edge in *may_use {
            let is_used = sources
                .iter()
                .filter(|source| source.module() == *module)
                .any(|source| source.code().flat_map(used_modules).any(|used| used == *edge));
            assert!(is_used, "{module} -> {edge} stands in the table and nowhere else");
        }
    }
}

#[test]
fn a_library_is_known_only_where_it_belongs() {
    for source in sources() {
        for (library, homes) in PRIVATE_CRATES {
            let is_home = homes
                .iter()
                .any(|home| source.path == *home || source.path.starts_with(&format!("{home}/")));
            let is_named = source.code().any(|line| {
                line.contains(&format!("{library}::")) || line.contains(&format!("use {library};"))
            });
            assert!(is_home || !is_named, "{} knows {library}", source.path);
        }
    }
}

#[test]
fn an_invitation_changes_by_its_rules_only() {
    for source in sources() {
        for (method, callers) in RULED {
            let is_called = source.code().any(|line| line.contains(method));
            let is_caller = callers.contains(&source.path.as_str());
            assert!(is_caller || !is_called, "{} calls {method}", source.path);
        }
    }
}
