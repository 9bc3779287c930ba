//! Verifying a number of ours without anybody's help, and trying a sender out: as an operator does it, with
//! the program, against a daemon that has the stand-in for Meta beside it.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Output;
use std::sync::Arc;

use serde_json::Value;
use zavud::clock::{Clock as _, SystemClock};
use zavud::config::{Config, MetaMode};
use zavud::domain::{Actor, Sealed, SenderId, SignupState, VerificationId};
use zavud::onboarding::{Step, record_attempt, take_step};
use zavud::speech::SpeechModel;
use zavud::store::{Connected as NewConnected, NewSender, NewVerification};

use crate::sandbox::visitor::Visitor;
use crate::support::{
    DeafModel, NUMBER, TestDaemon, post, post_form, real_model, signup_until, zavud,
};

/// A daemon whose number is a sender.
struct Connected {
    daemon: TestDaemon,
    sandbox: SocketAddr,
    sender: String,
}

impl Connected {
    async fn start(model: Box<dyn SpeechModel>) -> Self {
        let in_the_sandbox = |config: &mut Config| {
            config.meta.mode = MetaMode::Sandbox;
            config.meta.sandbox_listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        };
        let daemon = TestDaemon::start_with(Arc::new(SystemClock), model, in_the_sandbox).await;
        let sandbox = daemon.daemon.sandbox().unwrap().address();
        let (web, page) = (daemon.daemon.web_address(), daemon.invited.token.expose().to_owned());
        let begun = post(web, &format!("/i/{page}/signup/begin"), "{}").await;
        let begun: Value = serde_json::from_str(begun.text()).unwrap();
        let end = Visitor::verify_by_text(sandbox, "Ana's \"Caf\u{e9}\"", NUMBER).await;
        let report = end.report(begun["signup"].as_str().unwrap());
        post(web, &format!("/i/{page}/signup/result"), &report).await;
        let is_done = |state: &SignupState| matches!(state, SignupState::Done { .. });
        let done = signup_until(web, &format!("/i/{page}/events"), is_done).await;
        let SignupState::Done { sender } = done else { unreachable!() };
        Self { daemon, sandbox, sender: sender.as_str().to_owned() }
    }

    /// Tells the stand-in something on its page.
    async fn tell(&self, form: &[(&str, &str)]) {
        assert_eq!(post_form(self.sandbox, "/control", form).await.status, 303, "{form:?}");
    }

    /// Runs the program against the daemon.
    async fn run(&self, arguments: &[&str]) -> Output {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("zavud.toml");
        let text = format!("[control]\nsocket = {:?}\n", self.daemon.control_socket());
        std::fs::write(&config, text).unwrap();
        let mut command = zavud();
        command.args(arguments).arg("--config").arg(config);
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
    }

    async fn verify(&self) -> Output {
        self.run(&["number", "verify", " +1 (555) 010-0123 "]).await
    }

    /// Lets so many attempts be counted, those that were made included.
    async fn count_attempts(&self, count: usize) {
        for _ in self.daemon.attempts().await..count {
            let write = self.daemon.daemon.store.write(|writer| {
                let own = writer.own_number(&NUMBER.parse().unwrap())?.unwrap();
                record_attempt(writer, &own.id, SystemClock.now())
            });
            write.await.unwrap();
        }
    }

    fn asked_times(&self, request: &str) -> usize {
        let asked = self.daemon.daemon.sandbox().unwrap().asked();
        asked.iter().filter(|asked| *asked == request).count()
    }
}

/// Withdraws the invitation of a daemon, and lets its number be verified instead. Nobody goes on with that.
pub(crate) async fn being_verified(daemon: &TestDaemon) -> VerificationId {
    let (invited, now) = (daemon.invited.clone(), SystemClock.now());
    let id = VerificationId::new(now, [201; 10]);
    let begun = id.clone();
    let write = daemon.daemon.store.write(move |writer| {
        take_step(writer, &invited.invitation, &Step::Cancel, Actor::Partner, now)?.unwrap();
        let own = writer.own_number(&NUMBER.parse().unwrap())?.unwrap();
        let (sender, meta_number) = (SenderId::new(now, [201; 10]), "106540352242922");
        writer.put_sender(&NewSender {
            id: sender.clone(),
            project: invited.project,
            invitation: invited.invitation,
            created_at: now,
            connected: NewConnected {
                name: "Front desk".into(),
                phone_number: NUMBER.parse().unwrap(),
                account: "102290129340398".into(),
                number: meta_number.into(),
                token: Sealed::from_bytes(b"sealed token".to_vec()),
                pin: None,
            },
        })?;
        writer.insert_verification(&NewVerification {
            id: begun,
            phone_number: own.id,
            sender,
            number: meta_number.into(),
            begun_at: now,
        })
    });
    write.await.unwrap();
    id
}

fn said(output: &Output) -> Vec<&str> {
    std::str::from_utf8(&output.stdout).unwrap().lines().collect()
}

/// Why the program failed.
fn reason(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(1), "{:?}", said(output));
    std::str::from_utf8(&output.stderr).unwrap().trim_end()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_verified_by_the_code_that_meta_speaks_to_it() {
    let connected = Connected::start(real_model()).await;
    connected.tell(&[("lapsed", NUMBER)]).await;
    // Whoever asks while it goes on follows it.
    let both: [Output; 2] = tokio::join!(connected.verify(), connected.verify()).into();
    let already = "The number is being verified already; this is how that goes on.";
    let (followed, begun): (Vec<_>, Vec<_>) =
        both.iter().partition(|output| said(output).first() == Some(&already));
    assert_eq!((followed.len(), begun.len()), (1, 1), "{both:?}");
    for output in &both {
        // What takes a moment only is not always seen.
        let expected = ["A call is here. Listening until its end.", "The number is verified."];
        let mut rest = said(output).into_iter();
        assert!(expected.iter().all(|words| rest.any(|line| line == *words)), "{output:?}");
        assert!(output.status.success());
    }
    for once in ["POST request_code", "POST verify_code"] {
        assert_eq!(connected.asked_times(once), 1, "{once}");
    }
    assert_eq!(connected.daemon.attempts().await, 1, "the call that was asked for counts once");
    assert_eq!(connected.daemon.recordings().len(), 0, "nobody would listen to it");

    // It is verified now, so nobody is called again.
    let again = connected.verify().await;
    assert_eq!(said(&again).last(), Some(&"The number is verified."));
    assert_eq!(connected.asked_times("POST request_code"), 1);
    connected.daemon.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_is_handed_in_once_and_after_too_many_the_number_is_locked() {
    let connected = Connected::start(real_model()).await;
    connected.tell(&[("lapsed", NUMBER)]).await;
    connected.tell(&[("place", "speech"), ("mishap", "other_code")]).await;
    let refused = connected.verify().await;
    assert!(reason(&refused).contains("did not accept the code that we heard"), "{refused:?}");
    assert_eq!(connected.asked_times("POST verify_code"), 1);

    connected.tell(&[("place", "verify_code"), ("mishap", "2494158")]).await;
    let locked = connected.verify().await;
    assert!(reason(&locked).contains("too many wrong codes"), "{locked:?}");
    assert_eq!(connected.asked_times("POST verify_code"), 2);
    connected.daemon.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_verified_is_said_before_anybody_is_called() {
    let connected = Connected::start(Box::new(DeafModel)).await;
    connected.tell(&[("lapsed", NUMBER)]).await;
    let foreign = connected.run(&["number", "verify", "+15550100999"]).await;
    assert!(reason(&foreign).contains("no active phone number of ours"), "{foreign:?}");
    let sender = connected.sender.as_str();
    let named = ["--meta-number", "123456789012345", "--sender", sender];
    let other = connected.run(&[&["number", "verify", NUMBER], &named[..]].concat()).await;
    assert!(reason(&other).contains("Meta was not asked to call"), "{other:?}");
    connected.tell(&[("place", "request_code"), ("mishap", "2388091")]).await;
    let refused = connected.verify().await;
    assert!(reason(&refused).contains("Meta does not call this number now"), "{refused:?}");
    for made in [7, 9] {
        connected.count_attempts(made).await;
        connected.tell(&[("place", "request_code"), ("mishap", "2388091")]).await;
        let warned = connected.verify().await;
        let warning = format!("only {} times more", 10 - made);
        assert!(said(&warned)[0].contains(&warning), "{warned:?}");
    }
    // That was the tenth.
    let refused = connected.verify().await;
    assert!(reason(&refused).contains("asked ten times in 72 hours"), "{refused:?}");
    assert_eq!(connected.asked_times("POST request_code"), 3);
    for (number, words) in [("5550100123", "no country code"), ("Ana", "is not a phone number")] {
        let output = connected.run(&["number", "verify", number]).await;
        assert_eq!(output.status.code(), Some(64));
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(message.contains(words), "{message}");
    }
    connected.daemon.daemon.stop().await;

    let daemon = TestDaemon::start().await;
    let alone = Connected { daemon, sandbox: connected.sandbox, sender: String::new() };
    let nobody = alone.verify().await;
    assert!(reason(&nobody).contains("no app of Meta's is configured"), "{nobody:?}");
    alone.daemon.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_message_is_sent_and_a_refusal_is_in_plain_words() {
    let connected = Connected::start(Box::new(DeafModel)).await;
    let sender = connected.sender.as_str();
    let listed = connected.run(&["sender", "list"]).await;
    let line = format!("{sender}  {NUMBER}  Ana's \"Caf\u{e9}\" (project Acme, its default)");
    assert_eq!(said(&listed), [line]);

    let test = ["sender", "test", sender, "--to", "+44 20 7183 8750"];
    let sent = connected.run(&test).await;
    assert!(said(&sent)[0].starts_with("Meta has taken the message: wamid."), "{sent:?}");
    let long = "\u{1f600}".repeat(4_096);
    let sent = connected.run(&[&test[..], &["--text", &long]].concat()).await;
    assert!(sent.status.success(), "{sent:?}");

    let too_long = connected.run(&[&test[..], &["--text", &format!("{long}!")]].concat()).await;
    assert!(reason(&too_long).contains("this one has 4097"), "{too_long:?}");
    let unknown = ["sender", "test", "snd_0", "--to", "+442071838750"];
    let unknown = connected.run(&unknown).await;
    assert!(reason(&unknown).contains("there is no sender snd_0"), "{unknown:?}");
    for (mishap, words) in [
        ("190", "no longer valid"),
        ("http_429", "asked too often"),
        ("html", "Meta does not answer"),
        ("broken", "may have been sent"),
    ] {
        connected.tell(&[("place", "messages"), ("mishap", mishap)]).await;
        let refused = connected.run(&test).await;
        assert!(reason(&refused).contains(words), "{mishap}: {refused:?}");
    }
    assert_eq!(connected.asked_times("POST messages"), 6, "none is sent twice");
    connected.daemon.daemon.stop().await;
}

#[tokio::test]
async fn no_invitation_is_made_for_a_number_that_is_being_verified_and_it_is_said_why() {
    let daemon = TestDaemon::start().await;
    let verification = being_verified(&daemon).await;
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("zavud.toml");
    let database = daemon.control_socket().with_file_name("zavud.db");
    std::fs::write(&config, format!("[store]\npath = {database:?}\n")).unwrap();
    let mut command = zavud();
    let invite = ["invitation", "new", "--project", "Acme", "--number", NUMBER, "--config"];
    command.args(invite).arg(config);
    let refused = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let why = format!("is being verified right now ({verification})");
    assert!(reason(&refused).contains(&why), "{refused:?}");
    daemon.daemon.stop().await;
}
