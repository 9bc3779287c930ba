//! Settings: the brand, members, keys, allowed sites and the audit log.

use zavud::domain::{AuditAction, Role};

use super::office::{Office, is_wrong, shows};
use crate::support::Browsing;

/// The beginning of a PNG: as much as tells its size.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x0a\x00\x00\x00\x0a\x08\x06\x00\x00\x00";

impl Office {
    /// Sends a file as the form of the logo does.
    async fn upload(&self, owner: &mut Browsing, file: &[u8]) -> crate::support::Answer {
        let page = owner.get(&self.at("/settings")).await;
        let token = crate::support::form_token(&page).unwrap();
        let mut body = format!(
            "--b\r\ncontent-disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n--b\r\n\
             content-disposition: form-data; name=\"logo\"; filename=\"a.png\"\r\n\r\n"
        )
        .into_bytes();
        body.extend(file);
        body.extend(b"\r\n--b--\r\n");
        let kind = "multipart/form-data; boundary=b";
        owner.post_body(&self.at("/settings/logo"), kind, body).await
    }
}

#[tokio::test]
async fn the_brand_is_set_and_what_is_wrong_keeps_what_was_typed() {
    let office = Office::open().await;
    let mut owner = office.sign_in(Role::Owner).await;
    let wrong = [("company", " "), ("language", "es")];
    let wrong = office.submit(&mut owner, "/settings", "/settings/company", &wrong).await;
    assert!(is_wrong(&wrong, "company") && shows(&wrong, "value=\"es\" selected"));
    let company = [("company", "S\u{f6}hne & Co"), ("language", "es")];
    office.submit(&mut owner, "/settings", "/settings/company", &company).await;
    let wrong = [("colour", "teal"), ("intent", "save")];
    let wrong = office.submit(&mut owner, "/settings", "/settings/colour", &wrong).await;
    assert!(is_wrong(&wrong, "colour") && shows(&wrong, "value=\"teal\""));

    let preview = [("colour", "#ffe100"), ("intent", "preview")];
    let preview = office.submit(&mut owner, "/settings", "/settings/colour", &preview).await;
    // Black on it as it is: (L + 0.05) / 0.05.
    assert_eq!(preview.status, 200);
    assert!(
        shows(&preview, "fill=\"#ffe100\"") && shows(&preview, "data-contrast=\"16.0\""),
        "{}",
        preview.text()
    );
    let project = office.daemon.invited.project.clone();
    let stored = async || {
        let project = project.clone();
        let read = office.daemon.daemon.store.read(move |reader| reader.project(&project));
        read.await.unwrap().unwrap()
    };
    assert_eq!(stored().await.brand.colour, None, "looking at a colour changes nothing");
    let colour = [("colour", "#0A7C66"), ("intent", "save")];
    office.submit(&mut owner, "/settings", "/settings/colour", &colour).await;

    let refused = office.upload(&mut owner, b"<svg onload=alert(1)>").await;
    assert!(is_wrong(&refused, "logo"));
    assert_eq!(office.upload(&mut owner, PNG).await.status, 303);
    let project = stored().await;
    assert_eq!(project.brand.company, "S\u{f6}hne & Co");
    assert_eq!(project.language.unwrap().as_str(), "es");
    assert_eq!(project.brand.colour.unwrap().to_string(), "#0a7c66");
    let version = project.brand.logo.unwrap();
    let logo = owner.get(&office.at(&format!("/logo/{}", version.as_str()))).await;
    assert_eq!((logo.header("content-type"), &logo.body[..]), ("image/png", PNG));
    let question = "/settings/logo/remove";
    office.submit(&mut owner, question, question, &[]).await;
    assert_eq!(stored().await.brand.logo, None);
    assert_eq!(office.audit().await.len(), 4);
    office.daemon.daemon.stop().await;
}

#[tokio::test]
async fn members_are_added_by_a_link_that_is_shown_once_and_the_last_owner_stays() {
    let office = Office::open().await;
    let mut owner = office.sign_in(Role::Owner).await;
    let page = "/settings/members";
    let wrong = [("email", "ann@"), ("role", "viewer")];
    let wrong = office.submit(&mut owner, page, page, &wrong).await;
    assert!(is_wrong(&wrong, "email") && shows(&wrong, "value=\"ann@\""));
    let ann = [("email", "ann@example.com"), ("role", "viewer")];
    let added = office.submit(&mut owner, page, page, &ann).await;
    let (_, link) = added.text().split_once("id=\"password-link\">").unwrap();
    let link = link.split('<').next().unwrap().to_owned();
    assert!(link.contains("/password/"), "{link}");
    let again = owner.get(&office.at(page)).await;
    assert!(!shows(&again, "/password/"), "it is shown once");
    let twice = office.submit(&mut owner, page, page, &ann).await;
    assert!(is_wrong(&twice, "email"));

    let project = office.daemon.invited.project.clone();
    let members = async || {
        let project = project.clone();
        let read = office.daemon.daemon.store.read(move |reader| reader.members(&project));
        read.await.unwrap()
    };
    let all = members().await;
    let ann = all.iter().find(|member| member.email.as_str() == "ann@example.com").unwrap();
    let only = all.iter().find(|member| member.role == Role::Owner).unwrap();
    let of =
        |member: &zavud::store::Member, what: &str| format!("{page}/{}/{what}", member.partner);
    for (action, fields) in
        [(of(only, "role"), &[("role", "viewer")][..]), (of(only, "remove"), &[])]
    {
        let refused = office.submit(&mut owner, page, &action, fields).await;
        assert_eq!(refused.status, 422, "{action}");
        assert!(shows(&refused, "role=\"alert\""));
    }
    office.submit(&mut owner, page, &of(ann, "role"), &[("role", "owner")]).await;
    office.submit(&mut owner, page, &of(ann, "remove"), &[]).await;
    assert_eq!(members().await, std::slice::from_ref(only));
    let actions: Vec<_> = office.audit().await.into_iter().map(|(action, _)| action).collect();
    let expected =
        [AuditAction::MemberAdded, AuditAction::MemberRoleChanged, AuditAction::MemberRemoved];
    assert_eq!(actions, expected);
    office.daemon.daemon.stop().await;
}

#[tokio::test]
async fn nobody_gets_into_another_project_by_a_link_that_an_owner_of_this_one_makes() {
    let office = Office::open().await;
    let mut owner = office.sign_in(Role::Owner).await;
    let other = zavud::store::NewProject {
        id: zavud::domain::ProjectId::new(zavud::domain::Timestamp::from_unix_millis(7), [77; 10]),
        name: "Other".into(),
        created_at: zavud::domain::Timestamp::from_unix_millis(7),
    };
    let project = other.id.clone();
    let store = &office.daemon.daemon.store;
    store.write(move |writer| writer.insert_project(&other)).await.unwrap();
    crate::support::admitted(store, &project, "bob@example.com", Role::Owner).await;
    let page = "/settings/members";
    let bob = [("email", "bob@example.com"), ("role", "member")];
    let added = office.submit(&mut owner, page, page, &bob).await;
    assert_eq!(added.header("location"), office.at("/settings/members?done=known"));
    let here = office.daemon.invited.project.clone();
    let members = store.read(move |reader| reader.members(&here)).await.unwrap();
    let bob = members.iter().find(|member| member.email.as_str() == "bob@example.com").unwrap();
    let action = format!("{page}/{}/link", bob.partner);
    let refused = office.submit(&mut owner, page, &action, &[]).await;
    assert_eq!(refused.status, 422);
    assert!(!shows(&refused, "/password/"));
    office.daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_key_is_shown_once_opens_the_api_and_is_revoked() {
    let office = Office::open().await;
    let mut owner = office.sign_in(Role::Owner).await;
    let page = "/settings/keys";
    let wrong = office.submit(&mut owner, page, page, &[("name", ""), ("mode", "live")]).await;
    assert!(is_wrong(&wrong, "name") && is_wrong(&wrong, "scope"));
    let fields = [("name", "Shop <b>"), ("mode", "live"), ("scope", "invitations:read")];
    let made = office.submit(&mut owner, page, page, &fields).await;
    let (_, key) = made.text().split_once("id=\"key\">").unwrap();
    let key = key.split('<').next().unwrap().to_owned();
    assert!(key.starts_with("zv_live_"), "{key}");
    let server = office.daemon.daemon.web_address();
    let bearer = format!("Bearer {key}");
    let me =
        async || crate::support::get_with(server, "/v1/me", &[("authorization", &bearer)]).await;
    assert_eq!(me().await.status, 200);
    let list = owner.get(&office.at(page)).await;
    assert!(shows(&list, "Shop &lt;b&gt;") && !shows(&list, &key), "it is shown once");
    let project = office.daemon.invited.project.clone();
    let keys = office.daemon.daemon.store.read(move |reader| reader.api_keys(&project)).await;
    let question = format!("{page}/{}/revoke", keys.unwrap()[0].id);
    office.submit(&mut owner, &question, &question, &[]).await;
    assert_eq!(me().await.status, 401);
    let actions: Vec<_> = office.audit().await.into_iter().map(|(action, _)| action).collect();
    assert_eq!(actions, [AuditAction::KeyMade, AuditAction::KeyRevoked]);
    office.daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_site_is_allowed_and_one_that_was_removed_stays_in_the_field() {
    let office = Office::open().await;
    let mut owner = office.sign_in(Role::Owner).await;
    let page = "/settings/addresses";
    for (purpose, field) in [("redirect", "redirect_origin"), ("embed", "embed_origin")] {
        for origin in ["app.example.com", "http://example.com", "https://example.com/path"] {
            let fields = [("purpose", purpose), (field, origin)];
            let wrong = office.submit(&mut owner, page, page, &fields).await;
            assert!(is_wrong(&wrong, field) && shows(&wrong, origin), "{origin}");
        }
        let fields = [("purpose", purpose), (field, "https://app.example.com")];
        office.submit(&mut owner, page, page, &fields).await;
        let listed = owner.get(&office.at(page)).await;
        assert!(shows(&listed, "<code>https://app.example.com</code>"));
        let fields = [("purpose", purpose), ("origin", "https://app.example.com")];
        let action = format!("{page}/remove");
        let removed = office.submit(&mut owner, page, &action, &fields).await;
        let after = owner.get(removed.header("location")).await;
        assert!(!shows(&after, "<code>https://app.example.com</code>"));
        assert!(shows(&after, "value=\"https://app.example.com\""));
    }
    office.daemon.daemon.stop().await;
}

#[tokio::test]
async fn the_audit_log_is_filtered_and_exported_and_no_cell_of_it_is_a_formula() {
    let office = Office::open().await;
    let mut owner = office.sign_in(Role::Owner).await;
    let company = [("company", "=HYPERLINK(\"https://evil.example\")"), ("language", "")];
    office.submit(&mut owner, "/settings", "/settings/company", &company).await;
    let number = [("number", "+44 20 7183 8750"), ("name", "")];
    office.submit(&mut owner, "/numbers", "/numbers", &number).await;
    let today = zavud::clock::Clock::now(&zavud::clock::SystemClock).to_string();
    let today = &today[..10];
    for (query, brand, added) in [
        (String::new(), true, true),
        ("action=brand_changed".to_owned(), true, false),
        ("who=OWNER%40".to_owned(), true, true),
        ("who=nobody".to_owned(), false, false),
        (format!("day={today}"), true, true),
        ("day=2020-01-01".to_owned(), false, false),
    ] {
        let page = owner.get(&office.at(&format!("/settings/audit?{query}"))).await;
        let is_listed = |action: &str| shows(&page, &format!("data-action=\"{action}\""));
        assert_eq!(
            (is_listed("brand_changed"), is_listed("number_added")),
            (brand, added),
            "{query}"
        );
    }
    let wrong = owner.get(&office.at("/settings/audit?day=yesterday")).await;
    assert!(shows(&wrong, "id=\"day-error\""));
    let file = owner.get(&office.at("/settings/audit.csv?who=owner")).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(file.header("content-disposition").starts_with("attachment"));
    let lines: Vec<_> = file.text().split("\r\n").collect();
    assert_eq!((lines[0], lines.len()), ("at,who,kind,action,subject", 4), "{lines:?}");
    assert!(lines[1].ends_with(",number_added,\"'+442071838750\""), "{lines:?}");
    assert!(lines[2].ends_with(",\"'=HYPERLINK(\"\"https://evil.example\"\")\""), "{lines:?}");
    office.daemon.daemon.stop().await;
}
