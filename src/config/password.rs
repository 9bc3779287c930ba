//! Passwords of trunks: written in the configuration, or in a file that only the daemon can read.

use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// What a path begins with that means systemd's directory of credentials (systemd.exec(5),
/// `LoadCredential=`).
const CREDENTIALS: &str = "$CREDENTIALS_DIRECTORY";

/// No password is longer.
const LONGEST_BYTES: u64 = 1_024;

/// Where a password stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordSource {
    Inline(Secret),
    File(PathBuf),
}

/// A password. Prints as stars.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a password can not be had.
#[derive(Debug, thiserror::Error)]
pub enum NoPassword {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} can be read by others: chmod 600 it", .0.display())]
    Readable(PathBuf),
    #[error("{} holds no password: one line of text, of {LONGEST_BYTES} bytes at most", .0.display())]
    Unusable(PathBuf),
    #[error("{CREDENTIALS} is not set: it is by systemd, where the unit has LoadCredential=")]
    NoCredentials,
}

impl Secret {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// For the one who must say it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl PasswordSource {
    /// Reads it. A line end behind the password is not part of it.
    ///
    /// # Errors
    /// When the file can not be read, can be read by others as well, or holds no password.
    pub fn read(&self) -> Result<Secret, NoPassword> {
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        self.read_with(credentials.as_deref())
    }

    fn read_with(&self, credentials: Option<&Path>) -> Result<Secret, NoPassword> {
        match self {
            Self::Inline(secret) => Ok(secret.clone()),
            Self::File(path) => match path.strip_prefix(CREDENTIALS) {
                // systemd gives access by an access list, which shows in the mode as that of a group.
                Ok(name) => {
                    let directory = credentials.ok_or(NoPassword::NoCredentials)?;
                    read_file(&directory.join(name), Access::ByTheSystem)
                }
                Err(_) => read_file(path, Access::OwnerOnly),
            },
        }
    }

    /// See [`resolve`].
    pub(super) fn resolve(&mut self, directory: &Path) {
        if let Self::File(path) = self {
            resolve(path, directory);
        }
    }
}

/// A relative path follows the configuration file, unless it names a credential.
pub(super) fn resolve(path: &mut PathBuf, directory: &Path) {
    if !path.starts_with(CREDENTIALS) {
        *path = directory.join(&*path);
    }
}

/// Who sees to it that nobody else reads a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    OwnerOnly,
    ByTheSystem,
}

fn read_file(path: &Path, access: Access) -> Result<Secret, NoPassword> {
    let failed = |source| NoPassword::Read { path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if access == Access::OwnerOnly && metadata.permissions().mode() & 0o077 != 0 {
        return Err(NoPassword::Readable(path.to_owned()));
    }
    let unusable = || NoPassword::Unusable(path.to_owned());
    if !metadata.is_file() || metadata.len() > LONGEST_BYTES {
        return Err(unusable());
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    let text = String::from_utf8(bytes).map_err(|_| unusable())?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() || text.contains(char::is_control) {
        return Err(unusable());
    }
    Ok(Secret(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(directory: &Path, name: &str, text: &[u8], mode: u32) -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn read(path: PathBuf, credentials: Option<&Path>) -> Result<String, String> {
        let secret = PasswordSource::File(path).read_with(credentials);
        secret.map(|secret| secret.reveal().to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_password_is_the_line_of_its_file_that_nobody_else_may_read() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path();
        let private = file(directory, "private", b"zan zibar\r\n", 0o600);
        assert_eq!(read(private.clone(), None), Ok("zan zibar".to_owned()));
        for mode in [0o640, 0o604] {
            let path = file(directory, "readable", b"x\n", mode);
            let message = read(path, None).unwrap_err();
            assert!(message.ends_with("can be read by others: chmod 600 it"), "{message}");
        }
        for (name, text) in [("empty", &b"\n"[..]), ("lines", b"a\nb\n"), ("bytes", b"\xff\n")] {
            let message = read(file(directory, name, text, 0o600), None).unwrap_err();
            assert!(message.contains("holds no password"), "{name}: {message}");
        }
        assert!(read(directory.join("nowhere"), None).unwrap_err().contains("nowhere"));
    }

    #[test]
    fn a_credential_of_systemd_is_found_in_its_directory_whatever_its_mode() {
        let directory = tempfile::tempdir().unwrap();
        file(directory.path(), "carrier", b"zanzibar", 0o440);
        let path = PathBuf::from("$CREDENTIALS_DIRECTORY/carrier");
        assert_eq!(read(path.clone(), Some(directory.path())), Ok("zanzibar".to_owned()));
        assert!(read(path.clone(), None).unwrap_err().contains("LoadCredential="));
        let mut source = PasswordSource::File(path.clone());
        source.resolve(Path::new("/etc/zavud"));
        assert_eq!(source, PasswordSource::File(path));
    }

    #[test]
    fn a_password_prints_as_stars() {
        let source = PasswordSource::Inline(Secret::new("zanzibar".to_owned()));
        assert_eq!(format!("{source:?}"), "Inline(***)");
    }
}
