//! What the documents say of the code is so.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

fn text_of(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &text_of(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &std::fs::read_to_string(&path).unwrap();
        }
    }
    text
}

#[test]
fn each_test_that_the_sip_profile_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let profile = std::fs::read_to_string(root.join("docs/sip-profile.md")).unwrap();
    let code: String = ["sip", "src", "tests"].map(|folder| text_of(&root.join(folder))).concat();
    let rows = profile.lines().filter(|line| line.starts_with('|'));
    // Of four columns the last one names tests.
    let tests = rows.filter_map(|row| row.trim_matches('|').split('|').nth(3));
    let names: Vec<&str> = tests.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(names.len() > 100, "only {} tests are named", names.len());
    let missing: Vec<&&str> =
        names.iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
