//! The two cookies: one of whoever is signed in, and one of whoever is about to sign in, from which the
//! forms of those pages have their token.

use axum::http::HeaderMap;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

use crate::domain::SecretToken;

/// The names, as far as they do not depend on HTTPS.
const LOGIN: &str = "login";
const VISITOR: &str = "visitor";

/// How the site is reached decides what its cookies may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cookies {
    is_https: bool,
}

impl Cookies {
    pub(super) fn of(public_url: &str) -> Self {
        Self { is_https: public_url.starts_with("https://") }
    }

    /// The token of the login that the browser has.
    pub(super) fn login(self, headers: &HeaderMap) -> Option<SecretToken> {
        self.read(headers, LOGIN)
    }

    /// The token of a visitor who is not signed in.
    pub(super) fn visitor(self, headers: &HeaderMap) -> Option<SecretToken> {
        self.read(headers, VISITOR)
    }

    /// The cookie of whoever was let in. It outlives the browser: how long it lets in, the store decides.
    pub(super) fn of_login(self, token: &SecretToken) -> Cookie<'static> {
        let mut cookie = self.make(LOGIN, token.expose().to_owned());
        cookie.make_permanent();
        cookie
    }

    pub(super) fn of_visitor(self, token: &SecretToken) -> Cookie<'static> {
        self.make(VISITOR, token.expose().to_owned())
    }

    /// Takes the cookie of a login away.
    pub(super) fn without_login(self) -> Cookie<'static> {
        let mut cookie = self.make(LOGIN, String::new());
        cookie.make_removal();
        cookie
    }

    fn read(self, headers: &HeaderMap, name: &str) -> Option<SecretToken> {
        let jar = CookieJar::from_headers(headers);
        let cookie = jar.get(&self.name(name))?;
        Some(SecretToken::from_text(cookie.value().to_owned()))
    }

    /// The prefix makes sure that no other host of the same domain, and nobody without HTTPS, has set it
    /// (RFC 6265bis §4.1.3.2).
    fn name(self, name: &str) -> String {
        if self.is_https { format!("__Host-{name}") } else { name.to_owned() }
    }

    fn make(self, name: &str, value: String) -> Cookie<'static> {
        let mut cookie = Cookie::new(self.name(name), value);
        cookie.set_path("/");
        cookie.set_http_only(true);
        cookie.set_secure(self.is_https);
        // Lax rather than Strict: whoever follows a link from a mail is signed in there.
        cookie.set_same_site(SameSite::Lax);
        cookie
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_for_this_host_and_no_script_and_no_other_site() {
        let token = SecretToken::new([0xab; 20]);
        let cookies = Cookies::of("https://invite.example.com");
        let told = cookies.of_login(&token).to_string();
        assert!(told.starts_with("__Host-login=abab"), "{told}");
        for part in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
            assert!(told.contains(part), "{told}");
        }
        assert!(!told.contains("Domain"));
        let mut headers = HeaderMap::new();
        headers.insert("cookie", format!("a=b; {told}").parse().unwrap());
        assert_eq!(cookies.login(&headers), Some(token));
        assert_eq!(Cookies::of("http://127.0.0.1").login(&headers), None);
    }
}
