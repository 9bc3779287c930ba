//! The file that the key lies in: 64 hexadecimal digits, which only the daemon may read; or the same
//! as a credential of systemd.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::config::{NoPassword, PasswordSource};

use super::{KEY_BYTES, Seal};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is not there, or the credential: it was never made, or has been lost.
    #[error("there is no key at {}", .0.display())]
    Missing(PathBuf),
    #[error(transparent)]
    Unreadable(NoPassword),
    #[error("{} holds no key: 64 hexadecimal digits, as `openssl rand -hex 32` prints them", .0.display())]
    NoKey(PathBuf),
    #[error("cannot make the key file {}: {source}", path.display())]
    CannotMake { path: PathBuf, source: std::io::Error },
}

/// Reads the key in the file at `path`, which may begin with `$CREDENTIALS_DIRECTORY`.
///
/// # Errors
/// When it is not there, can be read by others as well, or holds no key.
pub fn load_key(path: &Path) -> Result<Seal, KeyError> {
    let text = PasswordSource::File(path.to_owned()).read().map_err(|error| match error {
        NoPassword::Read { path, source } if source.kind() == std::io::ErrorKind::NotFound => {
            KeyError::Missing(path)
        }
        NoPassword::Unusable(path) => KeyError::NoKey(path),
        error @ (NoPassword::Read { .. } | NoPassword::Readable(_) | NoPassword::NoCredentials) => {
            KeyError::Unreadable(error)
        }
    })?;
    let key = parse(text.reveal()).ok_or_else(|| KeyError::NoKey(path.to_owned()))?;
    Ok(Seal::new(&key))
}

/// Writes a new key of these random bytes into a file that must not be there yet.
///
/// # Errors
/// When the file is there, or can not be written.
pub fn make_key(path: &Path, random: [u8; KEY_BYTES]) -> Result<Seal, KeyError> {
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    write_new(path, text.as_bytes())
        .map_err(|source| KeyError::CannotMake { path: path.to_owned(), source })?;
    Ok(Seal::new(&random))
}

/// The file is on the disk, under its name, before anything is sealed with what it holds.
fn write_new(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

fn parse(text: &str) -> Option<[u8; KEY_BYTES]> {
    if text.len() != 2 * KEY_BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; KEY_BYTES];
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_that_was_made_is_read_again_and_nobody_else_may_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("zavud.key");
        let made = make_key(&path, [0xa7; KEY_BYTES]).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let sealed = made.seal("a", b"secret", [1; 24]);
        assert_eq!(load_key(&path).unwrap().open("a", &sealed), Ok(b"secret".to_vec()));
        let error = make_key(&path, [1; KEY_BYTES]).unwrap_err().to_string();
        assert!(error.contains("zavud.key"), "a key is never overwritten: {error}");
    }

    #[test]
    fn a_file_that_is_no_key_is_refused_with_its_reason() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("zavud.key");
        let refusal = |path: &Path| load_key(path).unwrap_err().to_string();
        assert!(refusal(&path).starts_with("there is no key at "));
        let (short, signed) = ("ab".repeat(31), "+1".repeat(32));
        for text in [&short, &signed, "", "\u{e9}", &format!("{short}ab\nmore\n")] {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            assert!(refusal(&path).contains("64 hexadecimal digits"), "{text}");
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(refusal(&path).contains("chmod 600"));
    }
}
