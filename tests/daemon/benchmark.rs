//! `zavud bench speech`: calls are read and counted, and what can not be read is named.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use zavud::voices::Voice;

use crate::support::{silence, write_wav, zavud};

fn bench(folder: &Path, options: &[&str]) -> Output {
    let mut command = zavud();
    command.args(["bench", "speech"]).arg(folder).args(options);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
}

fn write_manifest(folder: &Path, calls: &[Value]) {
    let lines: String = calls.iter().map(|call| format!("{call}\n")).collect();
    std::fs::write(folder.join("manifest.jsonl"), lines).unwrap();
}

/// Records a call of the demo's voice, and returns its line of the manifest.
fn record(folder: &Path, language: &str, code: &str) -> Value {
    let voice = Voice::of(language.parse().unwrap()).unwrap();
    let spoken = voice.speak(&code.parse().unwrap()).unwrap();
    let file = format!("{language}.wav");
    write_wav(&folder.join(&file), 8_000, &spoken.samples);
    let ends: Vec<f64> = spoken.readings_end.iter().map(|end| end.as_secs_f64() * 1e3).collect();
    json!({
        "file": file, "code": code, "language": language, "voice": format!("demo_{language}"),
        "condition": "clean", "code_ends_ms": ends,
    })
}

/// Records a call in which nobody speaks.
fn record_silence(folder: &Path) -> Value {
    write_wav(&folder.join("silence.wav"), 8_000, &silence(1));
    json!({
        "file": "silence.wav", "code": null, "language": "en", "voice": "nobody",
        "condition": "negative", "code_ends_ms": [],
    })
}

fn report(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Asserts that the command failed with `code`, and that its message holds each of `parts`.
fn assert_failure(output: &Output, code: i32, parts: &[&str]) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    for part in parts {
        assert!(message.contains(part), "{part:?} is missing in: {message}");
    }
    assert!(output.stdout.is_empty() && !message.contains("panicked"), "{message}");
}

#[test]
fn every_call_is_counted_once_and_a_clear_code_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let calls = [
        record(folder.path(), "es", "481529"),
        record(folder.path(), "pt", "907361"),
        record_silence(folder.path()),
    ];
    write_manifest(folder.path(), &calls);
    let (plot, dump) = (folder.path().join("plot.svg"), folder.path().join("dump.jsonl"));
    let [plot_file, dump_file] = [&plot, &dump].map(|path| path.to_str().unwrap());
    let options = ["--json", "--plot", plot_file, "--dump", dump_file];
    let report = report(&bench(folder.path(), &options));

    let expected = "calls with_code exact wrong none without_code false_alarms taken_back \
        latency_ms partial_latency_ms cpu_seconds_per_call cpu_seconds_per_audio_second \
        peak_memory_mb by_voice by_condition by_language";
    assert_eq!(keys(&report), expected.split_whitespace().collect());
    let counts = ["calls", "with_code", "without_code", "false_alarms"];
    assert_eq!(counts.map(|key| count(&report[key])), [3, 2, 1, 0]);
    let outcomes = ["exact", "wrong", "none"].map(|key| count(&report[key]));
    assert_eq!(outcomes.iter().sum::<u64>(), 2);
    let spanish = json!({"exact": 1, "wrong": 0, "none": 0, "calls": 1, "false_alarms": 0});
    assert_eq!(report["by_language"]["es"], spanish);
    assert_eq!(report["by_voice"]["demo_es"], spanish);
    for group in ["by_voice", "by_condition", "by_language"] {
        let calls = report[group].as_object().unwrap().values().map(|group| count(&group["calls"]));
        assert_eq!(calls.sum::<u64>(), 3, "{group}");
    }
    assert!(report["latency_ms"]["max"].as_f64().unwrap() > 0.0);
    assert!(report["partial_latency_ms"]["p50"].is_null(), "no digit has an end in the manifest");
    assert!(report["peak_memory_mb"].as_f64().unwrap() > 1.0);

    assert!(std::fs::read_to_string(plot).unwrap().contains("demo_es"));
    let dump = std::fs::read_to_string(dump).unwrap();
    let dumped: Vec<Value> = dump.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let spanish = dumped.iter().find(|call| call["file"] == "es.wav").unwrap();
    assert_eq!((dumped.len(), &spanish["outcome"]), (3, &json!("exact")));
    assert_eq!(spanish["events"].as_array().unwrap().last().unwrap()["code"], "481529");
}

#[test]
fn a_call_in_real_time_takes_the_way_of_the_daemon_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    write_manifest(folder.path(), &[record_silence(folder.path())]);
    let report = report(&bench(folder.path(), &["--json", "--realtime", "--concurrent", "40"]));
    let counts = ["calls", "without_code", "false_alarms", "taken_back"];
    assert_eq!(counts.map(|key| count(&report[key])), [1, 1, 0, 0]);
    assert!(report["latency_ms"]["p50"].is_null());
}

#[test]
fn people_get_tables() {
    let folder = tempfile::tempdir().unwrap();
    write_manifest(folder.path(), &[record_silence(folder.path())]);
    let output = bench(folder.path(), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("calls     1: 0 with a code, 1 without\n"), "{text}");
    assert!(text.contains("\nnegative "), "{text}");
}

#[test]
fn a_wrong_line_of_the_manifest_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let good = record_silence(folder.path());
    let mut wrong = good.clone();
    wrong["code"] = json!("12345");
    write_manifest(folder.path(), &[good, wrong]);
    assert_failure(&bench(folder.path(), &["--json"]), 1, &["manifest.jsonl line 2", "6 digits"]);
    let nowhere = folder.path().join("gone");
    assert_failure(&bench(&nowhere, &[]), 1, &["gone/manifest.jsonl", "cannot read"]);
}

#[test]
fn a_recording_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let call = record_silence(folder.path());
    std::fs::write(folder.path().join("silence.wav"), "no audio at all").unwrap();
    write_manifest(folder.path(), &[call]);
    for options in [&["--json"][..], &["--json", "--realtime"]] {
        assert_failure(&bench(folder.path(), options), 1, &["silence.wav", "no audio"]);
    }
}

#[test]
fn numbers_that_make_no_sense_and_a_foreign_model_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write_manifest(folder.path(), &[record_silence(folder.path())]);
    assert_failure(&bench(folder.path(), &["--concurrent", "0"]), 64, &["--concurrent"]);
    assert_failure(&bench(folder.path(), &["--concurrent", "1001"]), 64, &["--concurrent"]);
    assert_failure(&bench(folder.path(), &["--calls", "0"]), 64, &["--calls"]);
    let foreign = folder.path().join("silence.wav");
    for option in ["--model", "--stock"] {
        let options = [option, foreign.to_str().unwrap()];
        assert_failure(&bench(folder.path(), &options), 1, &["silence.wav"]);
    }
}
