//! Secrets of the daemon's own: the key of the database, made once, known again, never replaced; and
//! the one of Meta's app.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use zavud::clock::SystemClock;
use zavud::config::Config;
use zavud::daemon::{Daemon, Surroundings};

use crate::support::zavud;

async fn start(database: &Path) -> anyhow::Result<Daemon> {
    let mut config = Config::shipped(database.parent().unwrap()).unwrap();
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    config.sip.listen = any_port;
    config.web.listen = any_port;
    config.store.path = database.to_owned();
    Daemon::start(&config, Surroundings { clock: Arc::new(SystemClock), model: None }).await
}

fn write_key(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn the_key_of_the_first_start_opens_what_was_sealed_after_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("zavud.db");
    let first = start(&database).await.unwrap();
    let sealed = first.seal.seal("a", b"secret", [7; 24]);
    first.stop().await;
    let key = directory.path().join("zavud.key");
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let second = start(&database).await.unwrap();
    assert_eq!(second.seal.open("a", &sealed), Ok(b"secret".to_vec()));
    second.stop().await;
}

#[tokio::test]
async fn a_key_that_is_gone_or_another_one_is_refused_and_nothing_is_made_in_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("zavud.db");
    start(&database).await.unwrap().stop().await;
    let key = directory.path().join("zavud.key");
    let own = std::fs::read_to_string(&key).unwrap();

    std::fs::remove_file(&key).unwrap();
    let refusal = start(&database).await.unwrap_err().to_string();
    assert!(refusal.contains("there is no key at"), "{refusal}");
    assert!(refusal.contains("zavud.db holds secrets that only its own key opens"), "{refusal}");
    assert!(!key.exists());

    write_key(&key, &"00".repeat(32));
    let refusal = start(&database).await.unwrap_err().to_string();
    assert!(refusal.contains("secrets.key_file"), "{refusal}");
    assert!(refusal.contains("is not the one of"), "{refusal}");
    assert!(!refusal.contains("0000"), "{refusal}");

    write_key(&key, &own);
    start(&database).await.unwrap().stop().await;
}

#[test]
fn a_credential_that_is_not_handed_over_is_a_wrong_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config.toml");
    let text = "[sip]\nlisten = \"127.0.0.1:0\"\n[web]\nlisten = \"127.0.0.1:0\"\n\
                [speech]\nenabled = false\n\
                [secrets]\nkey_file = \"$CREDENTIALS_DIRECTORY/zavud.key\"\n";
    std::fs::write(&config, text).unwrap();
    let serve = |credentials: Option<&Path>| {
        let mut command = zavud();
        command.args(["serve", "--config"]).arg(&config).env_remove("CREDENTIALS_DIRECTORY");
        command.envs(credentials.map(|path| ("CREDENTIALS_DIRECTORY", path)));
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, message) = serve(None);
    assert!(code == Some(78) && message.contains("LoadCredential="), "{code:?}: {message}");
    let (code, message) = serve(Some(directory.path()));
    assert!(code == Some(78) && message.contains("there is no key at"), "{code:?}: {message}");
    assert!(!directory.path().join("zavud.key").exists(), "it is systemd's to provide");
}

#[test]
fn the_secret_of_meta_s_app_is_asked_for_at_the_start_and_never_shown() {
    let directory = tempfile::tempdir().unwrap();
    let (config, secret) = (directory.path().join("config.toml"), directory.path().join("app"));
    let text = "[sip]\nlisten = \"127.0.0.1:0\"\n[web]\nlisten = \"127.0.0.1:0\"\n\
                [speech]\nenabled = false\n[meta]\napp_id = \"1\"\n\
                app_secret_file = \"app\"\nauthorities = \"nowhere.pem\"\n";
    std::fs::write(&config, text).unwrap();
    let serve = || {
        let output = zavud().args(["serve", "--config"]).arg(&config).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, message) = serve();
    assert!(code == Some(78) && message.contains("meta.app_secret_file"), "{code:?}: {message}");
    write_key(&secret, "s3cret\n");
    let (code, message) = serve();
    assert!(code == Some(78) && message.contains("nowhere.pem"), "{code:?}: {message}");
    assert!(!message.contains("s3cret"), "{message}");
}
