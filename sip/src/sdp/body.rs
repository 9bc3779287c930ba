//! The session description in the body of a message: the body itself, or one part of several (RFC
//! 2046 §5.1, RFC 5621 §3).

/// The type of a description.
pub(crate) const SESSION_TYPE: &str = "application/sdp";

/// More parts than any peer sends. What follows is not looked at.
const MAX_PARTS: usize = 16;

/// The description in a body of this Content-Type; `None` if there is none in it. A body without a
/// type is taken for a description. What else is in a body of several parts is passed over.
pub(crate) fn session_in<'a>(content_type: Option<&[u8]>, body: &'a [u8]) -> Option<&'a [u8]> {
    let Some(content_type) = content_type else {
        return Some(body);
    };
    let content_type = String::from_utf8_lossy(content_type);
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case(SESSION_TYPE) {
        return Some(body);
    }
    if !media_type.eq_ignore_ascii_case("multipart/mixed") {
        return None;
    }
    let boundary = boundary(&content_type)?;
    parts(body, &boundary).take(MAX_PARTS).find_map(session_in_part)
}

/// `multipart/mixed;boundary="unique-boundary-1"`
fn boundary(content_type: &str) -> Option<String> {
    let value = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then_some(value)
    })?;
    let value = value.trim().trim_matches('"');
    // RFC 2046 §5.1.1: at most 70 characters.
    (1..=70).contains(&value.len()).then(|| format!("--{value}"))
}

/// What stands between the delimiter lines. The last part may lack its end.
fn parts<'a>(body: &'a [u8], delimiter: &str) -> impl Iterator<Item = &'a [u8]> {
    let delimiter = delimiter.to_owned().into_bytes();
    let mut rest = next_delimiter(body, &delimiter).map(|(_, after)| after);
    std::iter::from_fn(move || {
        let part = rest.take()?;
        match next_delimiter(part, &delimiter) {
            Some((at, after)) => {
                rest = Some(after);
                Some(&part[..at])
            }
            None if part.is_empty() => None,
            None => Some(part),
        }
    })
}

/// Where the line of the next delimiter begins, and what comes behind that line. What follows the
/// closing delimiter is nothing.
fn next_delimiter<'a>(bytes: &'a [u8], delimiter: &[u8]) -> Option<(usize, &'a [u8])> {
    let mut at = 0;
    loop {
        let line_end = bytes[at..].iter().position(|&byte| byte == b'\n');
        let line_end = line_end.map_or(bytes.len(), |end| at + end + 1);
        if let Some(behind) = bytes[at..line_end].strip_prefix(delimiter) {
            match behind.trim_ascii() {
                b"" => return Some((at, &bytes[line_end..])),
                b"--" => return Some((at, &[])),
                // A line that only begins like a delimiter.
                _ => {}
            }
        }
        if line_end == bytes.len() {
            return None;
        }
        at = line_end;
    }
}

/// The content of a part, if its own header says that it is a description.
fn session_in_part(part: &[u8]) -> Option<&[u8]> {
    let mut rest = part;
    let mut is_session = false;
    loop {
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        let (line, after) = rest.split_at(end + 1);
        rest = after;
        let line = line.trim_ascii();
        if line.is_empty() {
            return is_session.then_some(rest);
        }
        let line = String::from_utf8_lossy(line);
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if name.trim().eq_ignore_ascii_case("content-type") || name.trim() == "c" {
            let media_type = value.split(';').next().unwrap_or_default().trim();
            is_session = media_type.eq_ignore_ascii_case(SESSION_TYPE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXED: &[u8] = b"multipart/mixed; boundary=\"unique-1\"";

    #[test]
    fn a_plain_description_is_the_body() {
        for content_type in
            [None, Some(&b"application/sdp"[..]), Some(b"Application/SDP ; charset=utf-8")]
        {
            assert_eq!(session_in(content_type, b"v=0\n"), Some(&b"v=0\n"[..]));
        }
        assert_eq!(session_in(Some(b"text/plain"), b"v=0\n"), None);
    }

    #[test]
    fn a_description_is_found_among_other_parts() {
        let body = b"preamble\r\n--unique-1\r\nContent-Type: application/isup;version=x\r\n\
            Content-Disposition: signal;handling=optional\r\n\r\n\x01\x00\n--unique-10\r\n\
            --unique-1  \r\ncontent-type : application/SDP\r\n\r\nv=0\r\nm=audio\r\n--unique-1--\r\nend";
        assert_eq!(session_in(Some(MIXED), body), Some(&b"v=0\r\nm=audio\r\n"[..]));
    }

    #[test]
    fn bare_line_ends_and_a_missing_end_do_no_harm() {
        let body = b"--unique-1\nc: application/sdp\n\nv=0\nm=audio\n";
        assert_eq!(session_in(Some(MIXED), body), Some(&b"v=0\nm=audio\n"[..]));
    }

    #[test]
    fn what_has_no_description_has_none() {
        for body in [
            &b""[..],
            b"--unique-1",
            b"--unique-1--\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n",
            b"--unique-1\r\nContent-Type: application/sdp\r\n--unique-1--\r\n",
            b"--unique-1\r\nContent-Type: text/plain\r\n\r\nv=0\r\n--unique-1--\r\n",
            b"--unique-1\r\nv=0\r\n--unique-1--\r\n",
        ] {
            assert_eq!(session_in(Some(MIXED), body), None, "{}", body.escape_ascii());
        }
        assert_eq!(session_in(Some(b"multipart/mixed"), b"--\r\n\r\nv=0"), None);
        assert_eq!(session_in(Some(b"multipart/mixed;boundary="), b"--\r\n\r\nv=0"), None);
    }
}
