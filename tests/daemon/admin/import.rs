//! Many invitations from a file: what is wrong in it is told, and what is right is made once.

use hyper::StatusCode;

use super::invitations::Office;
use crate::support::{Answer, form_token};

const BOUNDARY: &str = "=====cut here=====";

impl Office {
    /// Sends a file, as a browser does.
    async fn upload(&mut self, file: &str) -> Answer {
        let page = self.at("/import");
        let token = form_token(&self.member.get(&page).await).unwrap();
        let body = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n\
             --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\
             Content-Type: text/csv\r\n\r\n{file}\r\n\
             --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"pasted\"\r\n\r\n\r\n--{BOUNDARY}--\r\n"
        );
        let kind = format!("multipart/form-data; boundary=\"{BOUNDARY}\"");
        self.member.post_body(&page, &kind, &body).await
    }
}

#[tokio::test]
async fn a_file_that_can_not_be_read_is_told_why_and_nothing_is_made() {
    let mut office = Office::open().await;
    let utf_16: String = "name\n".chars().flat_map(|letter| [letter, '\0']).collect();
    for (file, told) in [
        (String::new(), "Choose a file"),
        (utf_16, "UTF-16"),
        ("PK\u{3}\u{4}sheet".to_owned(), "spreadsheet"),
        ("phone,city\n1,2\n".to_owned(), "phone, city"),
        (format!("name\n{}", "A\n".repeat(10_001)), "10001"),
    ] {
        let refused = office.upload(&file).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
        let (_, error) = refused.text().split_once("id=\"file-error\">").unwrap();
        let error = error.split("</p>").next().unwrap();
        assert!(error.contains(told), "{told}: {error}");
    }
    let long = "x".repeat(5 * 1024 * 1024);
    assert_eq!(office.upload(&long).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(office.clients().await.len(), 1);
}

#[tokio::test]
async fn the_rows_that_are_right_are_made_once_and_come_out_again_in_an_export() {
    let mut office = Office::open().await;
    office.daemon.add_number("+15550100177").await;
    let file = "Client Name;E-mail;number;days;dog\n\
                =Bakery;bob@bakery.example;;;Rex\n\
                Garage;no address;+15550100123;99;\n\
                Clinic;;+1 555 010 0177;30;\n";
    let sent = office.upload(file).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let preview = sent.header("location").to_owned();
    let page = office.member.get(&preview).await;
    assert!(page.text().contains("id=\"good-rows\" data-count=\"2\""), "{}", page.text());
    let (_, bad) = page.text().split_once("<tr data-line=\"3\">").unwrap();
    let bad = bad.split("</tr>").next().unwrap();
    for part in ["Garage", "no address", "used by", "99"] {
        assert!(bad.contains(part), "{part}: {bad}");
    }
    assert!(page.text().contains("dog"), "the column is left out");
    assert_eq!(office.clients().await.len(), 1);

    let token = form_token(&page).unwrap();
    let fields = [("form_token", &*token)];
    let made = office.member.post(&preview, &fields).await;
    assert!(made.text().contains("id=\"made\" data-count=\"2\""), "{}", made.text());
    let again = office.member.post(&preview, &fields).await;
    assert_eq!(again.status, StatusCode::GONE);
    let over = office.member.get(&preview).await;
    assert_eq!(over.status, StatusCode::OK);
    assert!(!over.text().contains("id=\"make\""), "{}", over.text());
    let mut clients: Vec<_> = office.clients().await.into_iter().flatten().collect();
    clients.sort();
    assert_eq!(clients, ["=Bakery", "Clinic"]);

    let export = office.member.get(&office.at("/export?q=clinic")).await;
    assert_eq!(export.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<_> = export.text().lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("\u{feff}client_name,client_email,"));
    assert!(lines[1].starts_with("Clinic,,preassigned,'+15550100177,inv_"), "{}", lines[1]);
    let all = office.member.get(&office.at("/export")).await;
    assert!(all.text().contains("\n'=Bakery,bob@bakery.example,client_number,"), "{}", all.text());
}

#[tokio::test]
async fn ten_thousand_rows_are_made_while_other_things_go_on() {
    let mut office = Office::open().await;
    let rows: String = (0..10_000).map(|row| format!("Client {row}\n")).collect();
    let sent = office.upload(&format!("name\n{rows}")).await;
    let preview = sent.header("location").to_owned();
    let page = office.member.get(&preview).await;
    assert!(page.text().contains("data-count=\"10000\""));
    assert!(page.body.len() < 80_000, "{} bytes", page.body.len());
    let token = form_token(&page).unwrap();
    let made = office.member.post(&preview, &[("form_token", &token)]).await;
    assert!(made.text().contains("id=\"made\" data-count=\"10000\""), "{}", made.text());
}
