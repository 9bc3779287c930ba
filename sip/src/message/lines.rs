//! The lines of a head: unfolded, up to the empty line (RFC 3261 §7.3.1, §7.5). A bare LF ends a
//! line too.

use std::borrow::Cow;

/// Gives out line by line, the start line first. Only a folded line is copied.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    ended: bool,
    has_bare_carriage_return: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message, ended: false, has_bare_carriage_return: false }
    }

    /// What follows the empty line; `None` if no such line was reached.
    pub(super) fn body(&self) -> Option<&'a [u8]> {
        self.ended.then_some(self.rest)
    }

    /// Whether a CR stood inside a line so far, which ends a line for some readers and not for
    /// others.
    pub(super) fn has_bare_carriage_return(&self) -> bool {
        self.has_bare_carriage_return
    }

    /// The next line as it stands, without its end. `None` at the empty line, and where no line
    /// ends any more.
    fn physical_line(&mut self) -> Option<&'a [u8]> {
        if self.ended {
            return None;
        }
        let end = self.rest.iter().position(|&byte| byte == b'\n')?;
        let line = &self.rest[..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.rest = &self.rest[end + 1..];
        self.ended = line.is_empty();
        self.has_bare_carriage_return |= line.contains(&b'\r');
        (!self.ended).then_some(line)
    }
}

/// A message up to its body, the empty line included.
pub(crate) fn head(message: &[u8]) -> &[u8] {
    let mut lines = Lines::new(message);
    while lines.physical_line().is_some() {}
    let body_bytes = lines.body().map_or(0, <[u8]>::len);
    &message[..message.len() - body_bytes]
}

impl<'a> Iterator for Lines<'a> {
    type Item = Cow<'a, [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Cow::Borrowed(self.physical_line()?);
        while !self.ended && matches!(self.rest.first(), Some(b' ' | b'\t')) {
            let Some(continuation) = self.physical_line() else {
                break;
            };
            let line = line.to_mut();
            line.push(b' ');
            line.extend_from_slice(continuation.trim_ascii());
        }
        Some(line)
    }
}
