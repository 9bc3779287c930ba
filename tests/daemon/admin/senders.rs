//! Senders: named, preferred, tried out and removed.

use zavud::domain::{AuditAction, InvitationStatus, Role};

use super::office::{Office, is_wrong, shows};
use crate::support::stand_in::StandIn;
use crate::verification::being_verified;

#[tokio::test]
async fn a_sender_is_renamed_and_preferred_and_a_viewer_may_only_look() {
    let office = Office::open().await;
    let (first, second) = (office.connect(1).await, office.connect(2).await);
    let mut member = office.sign_in(Role::Member).await;
    let page = format!("/senders/{second}");
    let list = member.get(&office.at("/senders")).await;
    assert!(shows(&list, "Caf\u{e9} &lt;1&gt;") && shows(&list, "+15550100202"));
    let wrong = office
        .submit(&mut member, &page, &format!("{page}/name"), &[("name", "two\nlines <b>")])
        .await;
    assert!(is_wrong(&wrong, "name") && shows(&wrong, "lines &lt;b&gt;"));
    let named =
        office.submit(&mut member, &page, &format!("{page}/name"), &[("name", " Shop ")]).await;
    assert_eq!(
        (named.status.as_u16(), named.header("location")),
        (303, &*office.at(&format!("{page}?done=renamed")))
    );
    office.submit(&mut member, &page, &format!("{page}/default"), &[]).await;
    let project = office.daemon.invited.project.clone();
    let senders = office
        .daemon
        .daemon
        .store
        .read(move |reader| reader.listed_senders(&project, None, 9))
        .await;
    let senders: Vec<_> =
        senders.unwrap().into_iter().map(|it| (it.id, it.name, it.is_default)).collect();
    let expected =
        [(first, "Caf\u{e9} <1>".to_owned(), false), (second.clone(), "Shop".to_owned(), true)];
    assert_eq!(senders, expected);

    let mut viewer = office.sign_in(Role::Viewer).await;
    let seen = viewer.get(&office.at(&page)).await;
    assert!(shows(&seen, second.as_str()) && !shows(&seen, "/name\""));
    let actions: Vec<_> = office.audit().await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions, [AuditAction::SenderRenamed, AuditAction::SenderMadeDefault]);
    office.daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_test_message_is_sent_or_it_is_said_why_not() {
    let meta = StandIn::start().await;
    let office = Office::open_with(|config| meta.configure(config)).await;
    let sender = office.connect(1).await;
    let mut member = office.sign_in(Role::Member).await;
    let page = format!("/senders/{sender}");
    let action = format!("{page}/test");
    let wrong = [("to", "020 7183 8750"), ("text", "Hello <b>")];
    let wrong = office.submit(&mut member, &page, &action, &wrong).await;
    assert!(is_wrong(&wrong, "to") && shows(&wrong, "Hello &lt;b&gt;"));
    let empty = [("to", "+44 20 7183 8750"), ("text", " ")];
    let empty = office.submit(&mut member, &page, &action, &empty).await;
    assert!(is_wrong(&empty, "text") && shows(&empty, "value=\"+44 20 7183 8750\""));
    assert_eq!(meta.asked().iter().filter(|path| path.ends_with("/messages")).count(), 0);
    let right = [("to", "+44 20 7183 8750"), ("text", "Hello")];
    let sent = office.submit(&mut member, &page, &action, &right).await;
    assert_eq!(sent.header("location"), office.at(&format!("{page}?done=sent")));
    assert_eq!(meta.asked().iter().filter(|path| path.ends_with("/messages")).count(), 1);
    assert_eq!(
        office.audit().await,
        [(AuditAction::SenderTested, format!("Caf\u{e9} <1> ({sender})"),)]
    );
    office.daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_sender_is_removed_when_that_was_confirmed_and_the_next_one_is_the_default() {
    let office = Office::open().await;
    let (first, second) = (office.connect(1).await, office.connect(2).await);
    let mut member = office.sign_in(Role::Member).await;
    let question = format!("/senders/{first}/remove");
    let asked = member.get(&office.at(&question)).await;
    assert!(shows(&asked, "Caf\u{e9} &lt;2&gt;"), "it says who becomes the default");
    let project = office.daemon.invited.project.clone();
    let senders = async || {
        let project = project.clone();
        let read =
            office.daemon.daemon.store.read(move |reader| reader.listed_senders(&project, None, 9));
        read.await.unwrap().into_iter().map(|it| (it.id, it.is_default)).collect::<Vec<_>>()
    };
    assert_eq!(senders().await.len(), 2, "asking removes nothing");
    let removed = office.submit(&mut member, &question, &question, &[]).await;
    assert_eq!(removed.header("location"), office.at("/senders?done=removed"));
    assert_eq!(senders().await, [(second, true)]);
    let gone = member.get(&office.at(&format!("/senders/{first}"))).await;
    assert_eq!(gone.status, 404);
    office.daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_sender_is_connected_again_by_an_invitation_like_the_first() {
    let office = Office::open().await;
    let sender = office.connect(1).await;
    let mut member = office.sign_in(Role::Member).await;
    let page = format!("/senders/{sender}");
    // Its invitation is open still, and has the number.
    let taken = office.submit(&mut member, &page, &format!("{page}/reconnect"), &[]).await;
    assert_eq!(taken.status, 422);
    assert!(shows(&taken, "role=\"alert\""));
    let (invitation, now) = (office.daemon.invited.invitation.clone(), zavud::clock::SystemClock);
    let cancel = office.daemon.daemon.store.write(move |writer| {
        use zavud::clock::Clock as _;
        let step = zavud::onboarding::Step::Cancel;
        zavud::onboarding::take_step(
            writer,
            &invitation,
            &step,
            zavud::domain::Actor::Partner,
            now.now(),
        )
    });
    assert_eq!(cancel.await.unwrap(), Ok(InvitationStatus::Cancelled));
    let made = office.submit(&mut member, &page, &format!("{page}/reconnect"), &[]).await;
    let beginning = office.at("/invitations/inv_");
    assert!(made.header("location").starts_with(&beginning), "{}", made.header("location"));
    assert_eq!(office.audit().await[0].0, AuditAction::InvitationMade);
    office.daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_sender_whose_number_is_being_verified_is_not_connected_again_meanwhile() {
    let office = Office::open().await;
    let sender = office.connect(1).await;
    being_verified(&office.daemon).await;
    let mut member = office.sign_in(Role::Member).await;
    let page = format!("/senders/{sender}");
    let refused = office.submit(&mut member, &page, &format!("{page}/reconnect"), &[]).await;
    assert_eq!(refused.status, 422);
    assert!(shows(&refused, "role=\"alert\"") && shows(&refused, "being verified right now"));
    office.daemon.daemon.stop().await;
}
