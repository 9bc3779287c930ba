//! What the response to a REGISTER says (RFC 3261 §10.2.4, §10.2.8, §20.33; RFC 3581 §4; RFC 3608).
//! Registrars rewrite what they are given, so everything is read as far as it makes sense.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::pace::{LONGEST_BINDING, LONGEST_RETRY_AFTER};
use crate::Uri;
use crate::message::{HeaderName, NameAddr, Response, lexer};

/// How long the binding of `contact` lasts: the `expires` of our Contact, or of the only one; else
/// the Expires header; else what was asked for.
pub(super) fn granted(response: &Response, contact: &Uri, asked: Duration) -> Duration {
    let contacts: Vec<NameAddr> = addresses(response, &HeaderName::Contact).collect();
    let ours = contacts.iter().find(|one| one.uri().is_some_and(|uri| is_same(uri, contact)));
    let only = match contacts.as_slice() {
        [only] => Some(only),
        [] | [_, ..] => None,
    };
    let of_contact = ours.or(only).and_then(|one| seconds(one.parameter("expires")?));
    let of_header = || seconds(response.headers.first(&HeaderName::Expires)?);
    of_contact.or_else(of_header).unwrap_or(asked).min(LONGEST_BINDING)
}

/// The shortest time that the registrar takes, from a 423.
pub(super) fn shortest(response: &Response) -> Option<Duration> {
    let shortest = seconds(response.headers.first(&HeaderName::MinExpires)?)?;
    (shortest <= LONGEST_BINDING).then_some(shortest)
}

/// For how long the server wants to be left alone. A comment and parameters may follow.
pub(super) fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers.first(&HeaderName::RetryAfter)?;
    let end = value.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(value.len());
    seconds(&value[..end]).map(|wait| wait.min(LONGEST_RETRY_AFTER))
}

/// The address our request came from, as the registrar saw it: `received` and `rport` in our Via.
/// A port that is not told is taken to be the one we wrote.
pub(super) fn seen_from(response: &Response, written: SocketAddr) -> Option<SocketAddr> {
    let via = &response.essentials.via;
    let received = str::from_utf8(via.parameter("received")?).ok()?;
    let received: IpAddr = received.trim_matches(['[', ']']).parse().ok()?;
    let port = via.parameter("rport").and_then(lexer::parse_number).unwrap_or(written.port());
    (!received.is_unspecified() && port != 0).then(|| SocketAddr::new(received, port))
}

/// The routes of Service-Route.
pub(super) fn service_route(response: &Response) -> Vec<Uri> {
    addresses(response, &HeaderName::ServiceRoute).filter_map(|one| one.uri().cloned()).collect()
}

fn addresses<'a>(
    response: &'a Response,
    name: &'a HeaderName,
) -> impl Iterator<Item = NameAddr> + 'a {
    response.headers.list(name).filter_map(|value| NameAddr::parse(value, "Contact").ok())
}

/// Whether two URIs name the same binding: user, host and port. A registrar may leave out
/// parameters.
fn is_same(one: &Uri, other: &Uri) -> bool {
    one.user() == other.user()
        && one.host().eq_ignore_ascii_case(other.host())
        && one.port() == other.port()
}

fn seconds(text: &[u8]) -> Option<Duration> {
    lexer::parse_number::<u32>(text).map(|seconds| Duration::from_secs(seconds.into()))
}
