//! The audit log: filtered, leafed through, and taken along.

use serde_json::json;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{AuditAction, AuditActor};
use zavud::store::NewAuditEntry;

use super::{Admin, inside_of_another_site, on_its_own};
use crate::partner::choose;

#[tokio::test]
async fn an_owner_looks_through_the_audit_log_and_takes_it_along() {
    on_its_own(walk).await;
}

#[tokio::test]
async fn inside_of_another_site_an_owner_looks_through_the_audit_log_and_takes_it_along() {
    inside_of_another_site(walk).await;
}

async fn walk(admin: &mut Admin<'_>) {
    let project = admin.desk.daemon.invited.project.clone();
    let entry = move |who: AuditActor, action, subject: String| NewAuditEntry {
        project: project.clone(),
        at: SystemClock.now(),
        who,
        action,
        subject: Some(subject),
    };
    let write = admin.desk.daemon.daemon.store.write(move |writer| {
        let ann = AuditActor::Partner("ann@example.com".parse().unwrap());
        writer.record_audit(&entry(ann, AuditAction::KeyMade, "=Shop, \"Co\"".into()))?;
        (0..50).try_for_each(|index| {
            let made = AuditAction::InvitationMade;
            writer.record_audit(&entry(AuditActor::Embedded, made, format!("inv_{index}")))
        })
    });
    write.await.unwrap();
    admin.go_to_settings("audit").await;
    let rows = "tr[data-entry]";
    assert_eq!(admin.count(rows).await, 50);
    admin.press("#next").await;
    assert_eq!(admin.count("tr[data-action=key_made]").await, 1);
    admin.look("audit", "second-page").await;

    choose(admin.browser, "action", "key_made").await;
    admin.press("#filter button").await;
    assert_eq!(admin.count(rows).await, 1);
    admin.look("audit", "of-an-action").await;
    admin.browser.click("#export").await;
    let file = admin.browser.downloaded("audit.csv").await;
    let (heading, line) = file.split_once("\r\n").unwrap();
    assert_eq!(heading, "at,who,kind,action,subject");
    assert!(
        line.ends_with("Z,ann@example.com,partner,key_made,\"'=Shop, \"\"Co\"\"\"\r\n"),
        "{line}"
    );
    admin.fill("who", "nobody").await;
    admin.press("#filter button").await;
    assert_eq!(admin.count(rows).await, 0);
    admin.look("audit", "of-nobody").await;
    admin.fill("who", "ANN").await;
    choose(admin.browser, "action", "").await;
    // The field of a day takes one in the order of the browser's language.
    admin.browser.click("#day").await;
    let day = "document.getElementById('day').value = arguments[0]";
    let (at, _) = line.split_once('T').unwrap();
    admin.browser.client.execute(day, vec![json!(at)]).await.unwrap();
    admin.press("#filter button").await;
    assert_eq!(admin.count(rows).await, 1);
    admin.look("audit", "of-a-day").await;
}
