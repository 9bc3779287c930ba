//! `manifest.jsonl`: the calls of a benchmark, one JSON object a line. Everything in it is checked
//! here; nobody has to check again.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::domain::{CODE_LENGTH, Language, SpokenCode};

/// What the file is called in its folder.
const NAME: &str = "manifest.jsonl";

/// A quarter of a million calls.
const LARGEST_MANIFEST: u64 = 64 << 20;

/// Two hours of a telephone line as linear samples.
const LARGEST_RECORDING: u64 = 128 << 20;

/// No moment of a call is later.
const LONGEST_CALL_MS: f64 = 2.0 * 3_600_000.0;

/// Readings in a call, and letters in a name.
const MOST_READINGS: usize = 100;
const LONGEST_NAME: usize = 100;

/// A call to be read, and what is true of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    /// The recording, as the manifest names it.
    pub(super) file: String,
    pub(super) path: PathBuf,
    /// `None` where no code is spoken.
    pub(super) code: Option<SpokenCode>,
    pub(super) language: Language,
    pub(super) voice: String,
    pub(super) condition: String,
    /// When each reading of the code ends, ascending. Empty when nobody knows.
    pub(super) code_ends: Vec<Duration>,
    /// When each digit of each reading ends. Empty when nobody knows.
    pub(super) digit_ends: Vec<[Duration; CODE_LENGTH]>,
}

/// Why a manifest can not be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum ManifestError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} is larger than {} MB", path.display(), LARGEST_MANIFEST >> 20)]
    TooLarge { path: PathBuf },
    #[error("{} line {number}: {reason}", path.display())]
    Line { path: PathBuf, number: usize, reason: String },
    #[error("{} names no call", path.display())]
    Empty { path: PathBuf },
}

/// A line as it is written. Fields that are not known here are of no concern.
#[derive(Deserialize)]
struct Line {
    file: String,
    /// Null has to be written: a code that was only forgotten would count as a false alarm.
    #[serde(deserialize_with = "required")]
    code: Option<SpokenCode>,
    language: String,
    voice: String,
    condition: String,
    code_ends_ms: Option<Vec<f64>>,
    digit_ends_ms: Option<Vec<Vec<f64>>>,
}

fn required<'de, D: Deserializer<'de>>(field: D) -> Result<Option<SpokenCode>, D::Error> {
    Option::deserialize(field)
}

/// The calls of the manifest in `folder`, at least one.
///
/// # Errors
/// When it can not be read, or one of its lines is wrong: the error names the line.
pub(super) fn load(folder: &Path) -> Result<Vec<Call>, ManifestError> {
    let path = folder.join(NAME);
    let text = read(&path)?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let calls = lines.map(|(line, number)| {
        let call = parse(line, folder).and_then(|call| check_recording(&call).map(|()| call));
        call.map_err(|reason| ManifestError::Line { path: path.clone(), number, reason })
    });
    let calls: Vec<Call> = calls.collect::<Result<_, _>>()?;
    if calls.is_empty() { Err(ManifestError::Empty { path }) } else { Ok(calls) }
}

fn read(path: &Path) -> Result<String, ManifestError> {
    let unreadable = |source| ManifestError::Read { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    let length = file.take(LARGEST_MANIFEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if length as u64 > LARGEST_MANIFEST {
        return Err(ManifestError::TooLarge { path: path.to_owned() });
    }
    Ok(text)
}

fn parse(line: &str, folder: &Path) -> Result<Call, String> {
    let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let code_ends = moments("code_ends_ms", &line.code_ends_ms.unwrap_or_default())?;
    let digit_ends = line.digit_ends_ms.unwrap_or_default();
    let digit_ends: Vec<_> = digit_ends.iter().map(|row| digits(row)).collect::<Result<_, _>>()?;
    if code_ends.len().max(digit_ends.len()) > MOST_READINGS {
        return Err(format!("more than {MOST_READINGS} readings of a code"));
    }
    if line.code.is_none() && !(code_ends.is_empty() && digit_ends.is_empty()) {
        return Err("code is null, but its readings have ends".to_owned());
    }
    // What follows the letters tells a country or a script: "pt-BR".
    let language = line.language.split(['-', '_']).next().unwrap_or_default();
    Ok(Call {
        path: folder.join(&line.file),
        file: line.file,
        code: line.code,
        language: language.parse().map_err(|_| format!("no language: {:?}", line.language))?,
        voice: name("voice", line.voice)?,
        condition: name("condition", line.condition)?,
        code_ends,
        digit_ends,
    })
}

fn name(field: &str, name: String) -> Result<String, String> {
    let is_one = !name.is_empty()
        && name.chars().count() <= LONGEST_NAME
        && !name.chars().any(char::is_control);
    is_one.then_some(name).ok_or_else(|| format!("{field} must be 1 to {LONGEST_NAME} letters"))
}

fn moments(field: &str, milliseconds: &[f64]) -> Result<Vec<Duration>, String> {
    let is_sound = milliseconds.is_sorted()
        && milliseconds.iter().all(|moment| (0.0..=LONGEST_CALL_MS).contains(moment));
    if !is_sound {
        return Err(format!("{field} must ascend from 0 to {LONGEST_CALL_MS} at most"));
    }
    Ok(milliseconds.iter().map(|moment| Duration::from_secs_f64(moment / 1_000.0)).collect())
}

fn digits(row: &[f64]) -> Result<[Duration; CODE_LENGTH], String> {
    let ends = moments("each row of digit_ends_ms", row)?;
    ends.try_into().map_err(|_| format!("each row of digit_ends_ms must have {CODE_LENGTH} ends"))
}

/// Whether there is a file of a size that can be decoded: reading a pipe or a device never ends.
fn check_recording(call: &Call) -> Result<(), String> {
    let about = std::fs::metadata(&call.path)
        .map_err(|error| format!("cannot read {}: {error}", call.path.display()))?;
    if !about.is_file() {
        return Err(format!("{} is no file", call.path.display()));
    }
    if about.len() > LARGEST_RECORDING {
        let most = LARGEST_RECORDING >> 20;
        return Err(format!("{} is larger than {most} MB", call.path.display()));
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A call as a line of the manifest describes it.
    pub(in super::super) fn call(line: &str) -> Call {
        parse(line, Path::new("calls")).unwrap()
    }

    #[test]
    fn a_line_is_a_call() {
        let line = r#"{"file":"1.flac","code":"481529","language":"pt-BR","voice":"issabel_pt",
            "condition":"clean","code_ends_ms":[4000,9000.5],
            "digit_ends_ms":[[500,1000,1500,2000,2500,4000]],"seed":7}"#;
        let ms = Duration::from_millis;
        let expected = Call {
            file: "1.flac".to_owned(),
            path: PathBuf::from("calls/1.flac"),
            code: Some("481529".parse().unwrap()),
            language: "pt".parse().unwrap(),
            voice: "issabel_pt".to_owned(),
            condition: "clean".to_owned(),
            code_ends: vec![ms(4_000), Duration::from_micros(9_000_500)],
            digit_ends: vec![[500, 1_000, 1_500, 2_000, 2_500, 4_000].map(ms)],
        };
        assert_eq!(call(line), expected);
        let silent = r#"{"file":"s.wav","code":null,"language":"en","voice":"v","condition":"c"}"#;
        assert_eq!(call(silent).code, None);
        assert_eq!(call(silent).code_ends, Vec::<Duration>::new());
    }

    #[test]
    fn a_line_that_contradicts_itself_is_refused_with_its_reason() {
        let refused = |changes: serde_json::Value| {
            let mut line = serde_json::json!({
                "file": "1.flac", "code": "481529", "language": "en", "voice": "v",
                "condition": "c", "code_ends_ms": [4000],
            });
            for (field, value) in changes.as_object().unwrap() {
                line[field] = value.clone();
            }
            parse(&line.to_string(), Path::new("calls")).unwrap_err()
        };
        for (changes, reason) in [
            (serde_json::json!({"code": "48152"}), "a code has 6 digits"),
            (serde_json::json!({"code": null}), "code is null, but"),
            (serde_json::json!({"language": "klingon"}), "no language: \"klingon\""),
            (serde_json::json!({"voice": ""}), "voice must be"),
            (serde_json::json!({"condition": "a\nb"}), "condition must be"),
            (serde_json::json!({"code_ends_ms": [9, 4]}), "code_ends_ms must ascend"),
            (serde_json::json!({"code_ends_ms": [-1]}), "code_ends_ms must ascend"),
            (serde_json::json!({"code_ends_ms": [1e300]}), "code_ends_ms must ascend"),
            (serde_json::json!({"code_ends_ms": vec![1; 101]}), "more than 100 readings"),
            (serde_json::json!({"digit_ends_ms": [[1, 2]]}), "must have 6 ends"),
            (serde_json::json!({"file": 7}), "invalid type"),
        ] {
            let said = refused(changes);
            assert!(said.contains(reason), "{said}");
        }
        let forgotten = r#"{"file":"1.flac","language":"en","voice":"v","condition":"c"}"#;
        let said = parse(forgotten, Path::new("calls")).unwrap_err();
        assert!(said.contains("missing field `code`"), "{said}");
    }

    #[test]
    fn an_error_names_the_line_and_what_is_no_recording() {
        let folder = tempfile::tempdir().unwrap();
        let said = |manifest: &str| {
            std::fs::write(folder.path().join(NAME), manifest).unwrap();
            load(folder.path()).unwrap_err().to_string()
        };
        let line = r#"{"file":".","code":null,"language":"en","voice":"v","condition":"c"}"#;
        assert!(said(&format!("\n{line}\n")).ends_with("is no file"), "a folder was taken");
        assert!(said(&format!("\n{line}\n")).contains("manifest.jsonl line 2: "));
        assert!(said(&line.replace("\".\"", "\"gone\"")).contains("line 1: cannot read"));
        assert!(said("{\n").contains("line 1: "));
        assert!(said("\n \n").ends_with("names no call"));
    }
}
