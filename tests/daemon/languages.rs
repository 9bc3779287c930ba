//! In which language a client gets which page.

use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::Actor;
use zavud::onboarding::{Step, take_step};
use zavud::store::NewConnection;

use crate::support::{Answer, Serving, TestDaemon, get_in, zavud};

/// The tag in the document and in the header are the same, and caches are told.
fn language_of(page: &Answer) -> &str {
    let tag = page.header("content-language");
    assert!(page.text().contains(&format!("<html lang=\"{tag}\">")), "{}", page.text());
    assert_eq!(page.header("vary"), "accept-language");
    tag
}

#[tokio::test]
async fn the_invitation_says_in_which_language_its_page_is_and_otherwise_the_browser_does() {
    let daemon = TestDaemon::start().await;
    let web = daemon.daemon.web_address();
    let spoken_for = format!("/i/{}", daemon.invited.token.expose());
    let link = daemon.invite_to(NewConnection::ClientNumber).await;
    let open = format!("/i/{}", link.rsplit('/').next().unwrap());
    for (path, accepted, language, heading) in [
        (&spoken_for, "es", "en", "Connect WhatsApp Business"),
        (&open, "es-MX, en;q=0.5", "es", "Conectar WhatsApp Business"),
        (&open, "fr, pt;q=0.3", "pt-BR", "Conectar o WhatsApp Business"),
        (&open, "fr", "en", "Connect WhatsApp Business"),
    ] {
        let page = get_in(web, path, accepted).await;
        assert_eq!((page.status.as_u16(), language_of(&page)), (200, language), "{accepted}");
        assert!(page.text().contains(&format!("<h1>{heading}</h1>")), "{accepted}");
    }
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_page_for_what_went_wrong_is_in_the_language_of_the_browser_or_of_its_invitation() {
    let daemon = TestDaemon::start().await;
    let web = daemon.daemon.web_address();
    for (path, title) in [
        ("/i/0123456789abcdef", "Este enlace no funciona"),
        ("/i/%ff", "Este enlace no funciona"),
        ("/elsewhere", "Este enlace no funciona"),
        ("/i/0123456789abcdef/recordings/call_7", "Este enlace no funciona"),
    ] {
        let page = get_in(web, path, "es").await;
        assert_eq!((page.status.as_u16(), language_of(&page)), (404, "es"), "{path}");
        assert!(page.text().contains(title), "{path}: {}", page.text());
        assert_eq!(page.header("referrer-policy"), "no-referrer");
    }
    let returned = get_in(web, "/returned?code=AQB", "pt").await;
    assert_eq!((returned.status.as_u16(), language_of(&returned)), (200, "pt-BR"));
    assert!(!returned.text().contains("AQB"));
    let token = daemon.invited.token.expose().to_owned();
    let recording = get_in(web, &format!("/i/{token}/recordings/call_7"), "pt").await;
    assert_eq!((recording.status.as_u16(), language_of(&recording)), (404, "pt-BR"));
    assert!(recording.text().contains("Esta gravação não existe mais"));

    let link = daemon.invite_to(NewConnection::Coexistence).await;
    let path = format!("/i/{}", link.rsplit('/').next().unwrap());
    for (path, language, title) in [
        (path, "es", "Esta invitación fue retirada"),
        (format!("/i/{token}"), "en", "This invitation was withdrawn"),
    ] {
        let found = zavud::domain::InvitationToken::from_text(path[3..].to_owned());
        let cancel = daemon.daemon.store.write(move |writer| {
            let now = SystemClock.now();
            let invitation = writer.invitation_by_token(&found, now)?.unwrap().id;
            take_step(writer, &invitation, &Step::Cancel, Actor::Partner, now)
        });
        cancel.await.unwrap().unwrap();
        let page = get_in(web, &path, "es").await;
        assert_eq!((page.status.as_u16(), language_of(&page)), (410, language));
        assert!(page.text().contains(title), "{}", page.text());
    }
    let events = get_in(web, &format!("/i/{token}/events"), "es").await;
    assert_eq!(events.status, 410, "a page that comes back is told by the status");
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn an_invitation_that_the_operator_makes_beside_a_running_daemon_opens_in_its_language() {
    let directory = tempfile::tempdir().unwrap();
    let daemon = Serving::start(&directory.path().join("zavud.db"));
    let config = directory.path().join("operator.toml");
    let text =
        format!("[web]\npublic_url = \"http://{}\"\n[store]\npath = \"zavud.db\"\n", daemon.web);
    std::fs::write(&config, text).unwrap();
    let operate = |command: &str| {
        let arguments = command.split(' ').chain(["--config", config.to_str().unwrap()]);
        let output = zavud().args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    operate("project new acme");
    let link = operate("invitation new --project acme --client Ana --language pt --days 1");
    let path = link.trim().strip_prefix(&format!("http://{}", daemon.web)).unwrap();
    let page = get_in(daemon.web, path, "es").await;
    assert_eq!((page.status.as_u16(), language_of(&page)), (200, "pt-BR"));
    assert!(page.text().contains("Convite para <bdi>Ana</bdi>"), "{}", page.text());
    assert!(daemon.terminate());
}
