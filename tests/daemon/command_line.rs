//! The command line: what each command prints, and how it fails.

use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use crate::support::{shipped_models, voice, write_wav, zavud};

fn run(arguments: &[&str]) -> Output {
    zavud().args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Asserts that the command failed with `code`, and that its message holds each of `parts`.
fn assert_failure(output: &Output, code: i32, parts: &[&str]) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    for part in parts {
        assert!(message.contains(part), "{part:?} is missing in: {message}");
    }
    assert!(!message.contains("panicked"), "{message}");
}

/// Writes a configuration file and returns its path.
fn config(directory: &Path, text: &str) -> String {
    let path = directory.join("zavud.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_shipped_configuration_is_valid() {
    let output = run(&["check-config", "config.toml"]);
    assert!(output.status.success());
    let trunk = "trunk loopback: takes calls from 127.0.0.0/8, ::1/128\n";
    assert_eq!(stdout(&output), format!("config.toml is valid\n{trunk}"));
}

#[test]
fn a_trunk_is_told_and_a_password_that_others_can_read_is_not_taken() {
    let directory = tempfile::tempdir().unwrap();
    let password = directory.path().join("password");
    std::fs::write(&password, "zanzibar\n").unwrap();
    let text = "[[sip.trunks]]\nname = \"carrier\"\nkind = \"register\"\nregistrar = \"example.com\"\n\
        user = \"bob\"\npassword_file = \"password\"\ntransport = \"tls\"\naddresses = [\"192.0.2.0/24\"]\n";
    let path = config(directory.path(), text);
    for (mode, is_private) in [(0o644, false), (0o600, true)] {
        std::fs::set_permissions(&password, std::fs::Permissions::from_mode(mode)).unwrap();
        let output = run(&["check-config", &path]);
        if is_private {
            let trunk = "registers bob@example.com at example.com over tls";
            let expected =
                format!("{path} is valid\ntrunk carrier: {trunk}; takes calls from 192.0.2.0/24\n");
            assert_eq!(stdout(&output), expected);
        } else {
            assert_failure(&output, 78, &[&path, "sip.trunks[0].password_file", "chmod 600"]);
        }
    }
}

#[test]
fn a_wrong_key_is_named_with_its_file_and_exit_code_78() {
    let directory = tempfile::tempdir().unwrap();
    let path = config(directory.path(), "[sip]\nlisten_on = \"127.0.0.1:5060\"\n");
    for command in [vec!["check-config", &path], vec!["serve", "--config", &path]] {
        assert_failure(&run(&command), 78, &[&path, "sip.listen_on", "unknown field"]);
    }
}

#[test]
fn a_command_line_that_makes_no_sense_is_exit_code_64() {
    assert_failure(&run(&["serve", "--prot", "1"]), 64, &["--prot"]);
    assert_failure(&run(&["demo", "--code", "12345"]), 64, &["6 digits"]);
    assert_failure(&run(&["demo", "--language", "xx"]), 64, &["xx", "en, es, pt"]);
    assert_failure(&run(&["call", "tel:x", "--play", "x.wav"]), 64, &["tel:x"]);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = tempfile::tempdir().unwrap();
    let models = shipped_models();
    let text = format!(
        "[sip]\nlisten = {address:?}\n[web]\nlisten = \"127.0.0.1:0\"\n[speech]\n{models}\n"
    );
    let path = config(directory.path(), &text);
    assert_failure(&run(&["serve", "--config", &path]), 1, &[&address, "SIP", "using the port"]);
}

#[test]
fn a_model_that_is_missing_or_damaged_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = config(directory.path(), "[speech]\nmodel = \"gone.bin\"\n");
    assert_failure(&run(&["serve", "--config", &path]), 1, &["gone.bin", "cannot read"]);

    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/reader.bin");
    let text = format!("[speech]\nmodel = {model:?}\njudge = \"gone.bin\"\n");
    let path = config(directory.path(), &text);
    let expected = ["gone.bin", "cannot read", "speech.judge"];
    assert_failure(&run(&["serve", "--config", &path]), 1, &expected);

    let mut bytes = std::fs::read(model).unwrap();
    bytes[10_000_000] ^= 1;
    std::fs::write(directory.path().join("damaged.bin"), &bytes).unwrap();
    let path = config(directory.path(), "[speech]\nmodel = \"damaged.bin\"\n");
    assert_failure(&run(&["serve", "--config", &path]), 1, &["damaged.bin", "SHA-256"]);

    // Without a checksum to compare with, the form of the file decides.
    bytes.truncate(10_000_000);
    std::fs::write(directory.path().join("cut.bin"), &bytes).unwrap();
    std::fs::write(directory.path().join("other.bin"), b"not a model at all").unwrap();
    for file in ["cut.bin", "other.bin"] {
        let text = format!("[speech]\nmodel = {file:?}\nmodel_sha256 = \"\"\n");
        let path = config(directory.path(), &text);
        assert_failure(&run(&["serve", "--config", &path]), 1, &[file, "no Whisper network"]);
    }
}

#[test]
fn transcribe_prints_the_code_its_confidence_and_the_time_of_each_digit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("call.wav");
    let spoken = voice("907361");
    write_wav(&path, 8_000, &spoken.samples);
    let output = run(&["transcribe", "--json", path.to_str().unwrap()]);
    let answer: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(answer["code"], "907361");
    assert!(answer["confidence"].as_f64().unwrap() > 0.85);
    let times: Vec<u64> = answer["digits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|digit| digit["at_ms"].as_u64().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    let first_reading_ends = spoken.readings_end[0].as_millis() as i64;
    assert!((times[5] as i64 - first_reading_ends).abs() < 400, "{times:?}");

    let text = stdout(&run(&["transcribe", path.to_str().unwrap()]));
    assert!(text.contains("code 907361, confidence "), "{text}");
}

#[test]
fn transcribe_refuses_what_holds_no_audio() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notes.wav");
    std::fs::write(&path, "no audio at all").unwrap();
    assert_failure(&run(&["transcribe", path.to_str().unwrap()]), 1, &["notes.wav", "no audio"]);
    assert_failure(&run(&["transcribe", "gone.wav"]), 1, &["gone.wav", "cannot read"]);
}

#[test]
fn the_demo_succeeds_only_when_the_page_showed_the_spoken_code() {
    let output = run(&["demo", "--once", "--code", "481529", "--language", "es"]);
    let text = stdout(&output);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let last = text.lines().last().unwrap();
    let delay = last.strip_prefix("code 481529 shown ").unwrap();
    let delay = delay.strip_suffix(" ms after the last digit").unwrap();
    assert!(delay.parse::<u64>().is_ok(), "{last}");
}

/// Runs a command on the database of this configuration, and tells what it printed.
fn operate(config: &str, command: &[&str]) -> String {
    let output = run(&[command, &["--config", config]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    stdout(&output)
}

/// The smallest PNG there is.
const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\
    \x1f\x15\xc4\x89\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82";

#[test]
fn a_project_shows_itself_as_it_is_told_and_an_invitation_of_it_has_a_link() {
    let directory = tempfile::tempdir().unwrap();
    let path = config(directory.path(), "[web]\npublic_url = \"https://invite.example.com\"\n");
    let logo = directory.path().join("logo.svg");
    std::fs::write(&logo, PIXEL).unwrap();
    let id = operate(&path, &["project", "new", "acme"]);
    let set = [
        "project",
        "set",
        "acme",
        "--company",
        "Söhne & Cie <b>",
        "--colour",
        "#0A7C66",
        "--logo",
        logo.to_str().unwrap(),
        "--allow-redirect",
        "https://app.example.com",
    ];
    let shown = operate(&path, &set);
    let expected = format!(
        "acme ({})\n  company:   Söhne & Cie <b>\n  colour:    #0a7c66\n  logo:      ",
        id.trim()
    );
    assert!(shown.starts_with(&expected), "{shown}");
    assert!(shown.ends_with("\n  redirects: https://app.example.com\n"), "{shown}");
    assert_eq!(operate(&path, &["project", "list"]), shown);
    let undo = ["--no-colour", "--no-logo", "--forbid-redirect", "https://app.example.com"];
    let shown = operate(&path, &[&["project", "set", id.trim()], &undo[..]].concat());
    assert!(
        shown.ends_with(
            "colour:    none\n  logo:      none\n  language:  none\n  redirects: none\n"
        ),
        "{shown}"
    );

    let number = "+1 (555) 010-0123";
    let id = operate(&path, &["number", "add", number, "--project", "acme"]);
    assert!(id.starts_with("num_"), "{id}");
    let again = run(&["number", "add", number, "--project", "acme", "--config", &path]);
    assert_failure(&again, 1, &["+15550100123", "already"]);

    let invite = ["invitation", "new", "--project", "acme", "--number", "+15550100123"];
    let link = operate(&path, &[&invite[..], &["--language", "es"]].concat());
    let token = link.trim().strip_prefix("https://invite.example.com/i/").unwrap();
    assert!(token.len() == 40 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{link}");
}

#[test]
fn what_a_project_or_an_invitation_can_not_have_is_refused_with_its_reason() {
    let directory = tempfile::tempdir().unwrap();
    let path = config(directory.path(), "");
    operate(&path, &["project", "new", "acme"]);
    operate(&path, &["number", "add", "+15550100123", "--project", "acme"]);
    let svg = directory.path().join("logo.png");
    std::fs::write(&svg, "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();
    let elsewhere = "https://app.example.com@evil.example/";
    for (command, code, parts) in [
        (&["project", "new", "acme"][..], 1, &["acme", "already"][..]),
        (&["project", "set", "acme"], 64, &["required"]),
        (&["project", "set", "Acme", "--no-logo"], 1, &["no project \"Acme\""]),
        (&["project", "set", "acme", "--colour", "teal"], 64, &["teal", "#0a7c66"]),
        (&["project", "set", "acme", "--logo", svg.to_str().unwrap()], 1, &["logo.png", "WebP"]),
        (&["project", "set", "acme", "--logo", "gone.png"], 1, &["gone.png", "cannot read"]),
        (
            &["project", "set", "acme", "--allow-redirect", "https://a.example/x"],
            64,
            &["more than"],
        ),
        (&["invitation", "new", "--project", "other"], 1, &["no project \"other\""]),
        (
            &["invitation", "new", "--project", "acme", "--number", "+15550100999"],
            1,
            &["no number"],
        ),
        (&["invitation", "new", "--project", "acme", "--days", "31"], 64, &["31"]),
        (&["invitation", "new", "--project", "acme", "--country", "ZZ"], 64, &["no country"]),
        (
            &[
                "invitation",
                "new",
                "--project",
                "acme",
                "--number",
                "+15550100123",
                "--country",
                "DE",
            ],
            1,
            &["none of the countries"],
        ),
        (&["invitation", "new", "--project", "acme", "--success-url", elsewhere], 64, &["a user"]),
        (
            &["invitation", "new", "--project", "acme", "--success-url", "https://a.example/x"],
            1,
            &["may not be sent to https://a.example"],
        ),
    ] {
        assert_failure(&run(&[command, &["--config", &path]].concat()), code, parts);
    }
}
