//! Phone numbers: added, named, suspended, and how often Meta may verify them.

use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{Actor, AuditAction, ProjectId, Role};
use zavud::onboarding::{Step, record_attempt, take_step};
use zavud::store::{NewPhoneNumber, NewProject};

use super::office::{Office, is_wrong, shows};
use crate::support::NUMBER;

impl Office {
    /// The page of the number that the invitation has.
    async fn number_page(&self) -> String {
        let number = NUMBER.parse().unwrap();
        let read = self.daemon.daemon.store.read(move |reader| reader.own_number(&number));
        format!("/numbers/{}", read.await.unwrap().unwrap().id)
    }
}

#[tokio::test]
async fn a_number_is_added_as_it_was_pasted_and_what_is_wrong_is_said_beside_it() {
    let office = Office::open().await;
    let other = NewProject {
        id: ProjectId::new(SystemClock.now(), [77; 10]),
        name: "Rival".into(),
        created_at: SystemClock.now(),
    };
    let foreign = NewPhoneNumber {
        id: zavud::domain::PhoneNumberId::new(SystemClock.now(), [77; 10]),
        project: other.id.clone(),
        number: "+442071838751".parse().unwrap(),
        created_at: SystemClock.now(),
    };
    let insert = office.daemon.daemon.store.write(move |writer| {
        writer.insert_project(&other)?;
        writer.insert_phone_number(&foreign)
    });
    insert.await.unwrap();
    let mut member = office.sign_in(Role::Member).await;
    for number in ["020 7183 8750", "call me <b>", NUMBER, "+44 20 7183 8751"] {
        let fields = [("number", number), ("name", "Front desk")];
        let wrong = office.submit(&mut member, "/numbers", "/numbers", &fields).await;
        assert!(is_wrong(&wrong, "number"), "{number}");
        assert!(shows(&wrong, "value=\"Front desk\"") && !shows(&wrong, "Rival"), "{number}");
    }
    let fields = [("number", " +44 (0)20 7183-8750 "), ("name", "Front desk")];
    let added = office.submit(&mut member, "/numbers", "/numbers", &fields).await;
    assert!(added.header("location").starts_with(&office.at("/numbers/num_")));
    let list = member.get(&office.at("/numbers")).await;
    assert!(shows(&list, "data-number=\"+442071838750\"") && shows(&list, "Front desk"));
    assert_eq!(office.audit().await, [(AuditAction::NumberAdded, "+442071838750".to_owned())]);
    office.daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_number_that_an_invitation_waits_with_is_not_suspended_and_a_free_one_is() {
    let office = Office::open().await;
    let mut member = office.sign_in(Role::Member).await;
    let page = office.number_page().await;
    let suspend = format!("{page}/suspend");
    let refused = office.submit(&mut member, &page, &suspend, &[]).await;
    assert_eq!(refused.status, 422);
    assert!(shows(&refused, "role=\"alert\""));
    let invitation = office.daemon.invited.invitation.clone();
    assert!(shows(&refused, invitation.as_str()), "it links to who waits");
    let cancel = office.daemon.daemon.store.write(move |writer| {
        take_step(writer, &invitation, &Step::Cancel, Actor::Partner, SystemClock.now())
    });
    cancel.await.unwrap().unwrap();
    office.submit(&mut member, &page, &suspend, &[]).await;
    // Twice is once.
    office.submit(&mut member, &page, &suspend, &[]).await;
    let suspended = member.get(&office.at(&page)).await;
    assert!(shows(&suspended, "id=\"resume\"") && !shows(&suspended, "id=\"suspend\""));
    office.submit(&mut member, &page, &format!("{page}/resume"), &[]).await;
    let actions: Vec<_> = office.audit().await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions, [AuditAction::NumberSuspended, AuditAction::NumberResumed]);
    office.daemon.daemon.stop().await;
}

#[tokio::test]
async fn the_page_of_a_number_counts_its_attempts_and_warns_before_there_are_none() {
    let office = Office::open().await;
    let mut viewer = office.sign_in(Role::Viewer).await;
    let page = office.number_page().await;
    for (made, warns) in [(6, false), (7, true), (10, true)] {
        let number = NUMBER.parse().unwrap();
        let before = office.daemon.attempts().await;
        let record = office.daemon.daemon.store.write(move |writer| {
            let own = writer.own_number(&number)?.unwrap();
            for _ in before..made {
                record_attempt(writer, &own.id, SystemClock.now())?;
            }
            Ok(())
        });
        record.await.unwrap();
        let seen = viewer.get(&office.at(&page)).await;
        assert!(shows(&seen, &format!("<b>{made} / 10</b>")), "{made}");
        assert_eq!(shows(&seen, "<span class=\"notice\">"), warns, "{made}");
    }
    office.daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_number_that_meta_can_not_be_asked_about_is_not_verified_and_it_is_said_why() {
    let office = Office::open().await;
    let mut member = office.sign_in(Role::Member).await;
    let page = office.number_page().await;
    let refused = office.submit(&mut member, &page, &format!("{page}/verify"), &[]).await;
    assert_eq!(refused.status, 422);
    assert!(shows(&refused, "role=\"alert\""));
    assert_eq!(office.audit().await, []);
    office.daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_long_list_of_numbers_is_read_page_by_page_and_each_is_on_one() {
    let office = Office::open().await;
    let project = office.daemon.invited.project.clone();
    let now = SystemClock.now();
    let insert = office.daemon.daemon.store.write(move |writer| {
        (0..119_u8).try_for_each(|index| {
            writer.insert_phone_number(&NewPhoneNumber {
                id: zavud::domain::PhoneNumberId::new(now, [100 + index; 10]),
                project: project.clone(),
                number: format!("+15550110{index:03}").parse().unwrap(),
                created_at: now,
            })
        })
    });
    insert.await.unwrap();
    let mut viewer = office.sign_in(Role::Viewer).await;
    let (mut path, mut seen, mut pages) = (office.at("/numbers"), Vec::new(), 0);
    loop {
        let page = viewer.get(&path).await;
        let rows = page.text().split("data-number=\"").skip(1);
        seen.extend(rows.map(|row| row.split('"').next().unwrap().to_owned()));
        pages += 1;
        let Some((_, next)) = page.text().split_once("id=\"next\" href=\"") else { break };
        path = next.split('"').next().unwrap().to_owned();
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((pages, seen.len()), (3, 120));
    office.daemon.daemon.stop().await;
}
