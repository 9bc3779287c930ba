//! How a company shows itself to its clients, and to nobody else; and what the page weighs.

use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{Actor, Logo};
use zavud::onboarding::{Step, take_step};

use crate::support::stand_in::StandIn;
use crate::support::{TestDaemon, get};

/// What a page may weigh when it is opened first: all that it makes the browser fetch from us. The logo is
/// the company's own and not counted; Meta's script comes with the click.
const MOST_BYTES: usize = 60 * 1024;

const COMPANY: &str = "Söhne & <script>";

fn logo() -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec();
    png.extend([0, 0, 0, 120, 0, 0, 0, 40, 8, 6, 0, 0, 0]);
    png
}

async fn dress(daemon: &TestDaemon) {
    let project = daemon.invited.project.clone();
    let dress = daemon.daemon.store.write(move |writer| {
        writer.set_company(&project, &COMPANY.parse().unwrap())?;
        writer.set_colour(&project, Some("#ffe100".parse().unwrap()))?;
        writer.put_logo(&project, &Logo::parse(logo()).unwrap())
    });
    dress.await.unwrap();
}

/// The addresses that a page makes the browser fetch.
fn fetched(page: &str) -> Vec<String> {
    let attributes =
        ["<script src=\"", "<link rel=\"stylesheet\" href=\"", "<img class=\"logo\" src=\""];
    let parts = attributes.iter().flat_map(|attribute| page.split(attribute).skip(1));
    parts.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_client_sees_the_company_also_when_the_invitation_is_closed_and_a_stranger_does_not() {
    let daemon = TestDaemon::start().await;
    dress(&daemon).await;
    let web = daemon.daemon.web_address();
    let path = format!("/i/{}", daemon.invited.token.expose());
    let page = get(web, &path).await;
    let name = "<bdi>Söhne &amp; &lt;script&gt;</bdi>";
    assert!(page.text().contains(name), "{}", page.text());
    let addresses = fetched(page.text());
    let of = |part: &str| addresses.iter().find(|address| address.contains(part)).unwrap().clone();
    let (style, image) = (of("/brand.ffe100."), of("/logo/"));

    let style = get(web, &style).await;
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    assert!(style.text().contains("--brand:#ffe100;--on-brand:#000000;"), "{}", style.text());
    assert!(style.header("cache-control").contains("immutable"));
    let served = get(web, &image).await;
    assert_eq!((served.status.as_u16(), &served.body[..]), (200, &logo()[..]));
    assert_eq!(served.header("content-type"), "image/png");
    assert_eq!(served.header("x-content-type-options"), "nosniff");
    assert_eq!(served.header("cache-control"), "private, max-age=31536000, immutable");
    let policy = page.header("content-security-policy");
    assert!(!policy.contains("unsafe") && policy.contains("img-src 'self'"), "{policy}");

    let version = image.rsplit('/').next().unwrap();
    for stranger in [
        format!("/i/0123456789abcdef/logo/{version}"),
        format!("{path}/logo/0123456789abcdef"),
        "/i/0123456789abcdef".to_owned(),
    ] {
        let refused = get(web, &stranger).await;
        assert_eq!(refused.status, 404, "{stranger}");
        assert!(!refused.text().contains("Söhne") && !refused.text().contains("brand."));
    }
    assert_eq!(get(web, "/assets/brand.ffe100.0123456789abcdef.css").await.status, 404);

    let invitation = daemon.invited.invitation.clone();
    let cancel = daemon.daemon.store.write(move |writer| {
        take_step(writer, &invitation, &Step::Cancel, Actor::Partner, SystemClock.now())
    });
    cancel.await.unwrap().unwrap();
    let closed = get(web, &path).await;
    assert_eq!(closed.status, 410);
    assert!(closed.text().contains(name) && closed.text().contains(&image));
    assert_eq!(get(web, &image).await.status, 200);
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn the_page_weighs_little() {
    let meta = StandIn::start().await;
    let daemon = TestDaemon::start_deaf(|config| meta.configure(config)).await;
    dress(&daemon).await;
    let web = daemon.daemon.web_address();
    let page = get(web, &format!("/i/{}", daemon.invited.token.expose())).await;
    let mut bytes = page.body.len();
    let addresses = fetched(page.text());
    assert_eq!(addresses.len(), 8, "four scripts, three styles and a logo: {addresses:?}");
    for address in addresses.iter().filter(|address| !address.contains("/logo/")) {
        let part = get(web, address).await;
        assert_eq!(part.status, 200, "{address}");
        bytes += part.body.len();
    }
    assert!(bytes < MOST_BYTES, "{bytes} bytes");
    daemon.daemon.stop().await;
}
