//! A partner's browser, without scripts: it keeps cookies, and sends the forms that it was shown.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use zavud::accounts::admit;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{ProjectId, Role, SecretToken};
use zavud::store::Store;

use super::http::{Answer, get_with, post_with};

/// What every partner of a test chooses.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Lets somebody into a project, who has no password yet.
pub(crate) async fn admitted(
    store: &Store,
    project: &ProjectId,
    email: &str,
    role: Role,
) -> SecretToken {
    let (project, email, now) = (project.clone(), email.parse().unwrap(), SystemClock.now());
    let write = store.write(move |writer| admit(writer, &project, &email, role, now));
    write.await.unwrap().link.expect("there is no password yet")
}

pub(crate) struct Browsing {
    server: SocketAddr,
    cookies: BTreeMap<String, String>,
    /// Whom a proxy says that its forms are from.
    forwarded_for: Option<&'static str>,
}

impl Browsing {
    /// Not signed in.
    pub(crate) fn new(server: SocketAddr) -> Self {
        Self { server, cookies: BTreeMap::new(), forwarded_for: None }
    }

    /// The same, behind a proxy.
    pub(crate) fn forwarded_for(self, address: &'static str) -> Self {
        Self { forwarded_for: Some(address), ..self }
    }

    /// Signed in as somebody of this role in the project.
    pub(crate) async fn signed_in(
        server: SocketAddr,
        store: &Store,
        project: &ProjectId,
        role: Role,
    ) -> Self {
        let email = format!("{role}@{}.example.com", project.as_str().replace('_', "-"));
        let link = admitted(store, project, &email, role).await;
        let mut browsing = Self::new(server);
        let path = format!("/password/{}", link.expose());
        let set = browsing.submit(&path, &path, &[("password", PASSWORD)]).await;
        assert_eq!((set.status.as_u16(), set.header("location")), (303, "/"));
        browsing
    }

    pub(crate) fn server(&self) -> SocketAddr {
        self.server
    }

    /// What the browser shows of its cookies.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let cookies = self.header();
        let answer = get_with(self.server, path, &[("cookie", &cookies)]).await;
        self.keep(&answer);
        answer
    }

    /// Sends a form of the page at `page` to `action`, with the token that the page has.
    pub(crate) async fn submit(
        &mut self,
        page: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let shown = self.get(page).await;
        let token = form_token(&shown)
            .unwrap_or_else(|| panic!("{page} ({}) has a form: {}", shown.status, shown.text()));
        let fields: Vec<_> = fields.iter().copied().chain([("form_token", &*token)]).collect();
        self.post(action, &fields).await
    }

    /// Sends a form as it is.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.post_body(path, "application/x-www-form-urlencoded", &body).await
    }

    /// Sends a body as a page of the site does.
    pub(crate) async fn post_body(
        &mut self,
        path: &str,
        kind: &str,
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let (origin, cookies) = (format!("http://{}", self.server), self.header());
        let mut headers = vec![("origin", &*origin), ("content-type", kind), ("cookie", &*cookies)];
        headers.extend(self.forwarded_for.map(|address| ("x-forwarded-for", address)));
        let answer = post_with(self.server, path, &headers, body).await;
        self.keep(&answer);
        answer
    }

    fn header(&self) -> String {
        let pairs: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The token of the forms of a page.
pub(crate) fn form_token(page: &Answer) -> Option<String> {
    let (_, rest) = page.text().split_once("name=\"form_token\" value=\"")?;
    Some(rest.split('"').next()?.to_owned())
}
