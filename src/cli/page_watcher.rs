//! A client's browser, as far as the code is concerned: follows the server-sent events of an
//! invitation page over HTTP, and reports each stage. For the demo and for tests.

use anyhow::{Context as _, bail};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::domain::{CodeStage, EventId};

/// A stage, and the number of the event that brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub id: EventId,
    pub stage: CodeStage,
}

/// An open page.
#[derive(Debug)]
pub struct PageWatcher {
    body: Incoming,
    received: Vec<u8>,
}

impl PageWatcher {
    /// Opens the events of the invitation at `link`, an http URL. With `after`, begins with what
    /// followed that event.
    ///
    /// # Errors
    /// When the server can not be reached or refuses.
    pub async fn open(link: &str, after: Option<EventId>) -> anyhow::Result<Self> {
        let uri: Uri = format!("{link}/events").parse().context("the link is no URL")?;
        let authority = uri.authority().context("the link has no host")?.clone();
        let stream = TcpStream::connect(authority.as_str())
            .await
            .with_context(|| format!("cannot reach {authority}"))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends when the watcher is dropped, or the server closes.
        tokio::spawn(connection);
        let mut request = Request::get(uri.path())
            .header(HOST, authority.as_str())
            .header(ACCEPT, "text/event-stream");
        if let Some(after) = after {
            request = request.header("last-event-id", after.to_string());
        }
        let response = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
        if response.status() != StatusCode::OK {
            bail!("{link} answered {}", response.status());
        }
        Ok(Self { body: response.into_body(), received: Vec::new() })
    }

    /// The next stage; `None` when the server ended the stream.
    ///
    /// # Errors
    /// When the connection breaks, or an event can not be understood.
    pub async fn next(&mut self) -> anyhow::Result<Option<Seen>> {
        loop {
            while let Some(block) = self.take_block() {
                if let Some(seen) = parse(&block)? {
                    return Ok(Some(seen));
                }
            }
            match self.body.frame().await.transpose()? {
                Some(frame) => {
                    self.received.extend(frame.into_data().unwrap_or_default());
                }
                None => return Ok(None),
            }
        }
    }

    /// The next event's lines: up to an empty line.
    fn take_block(&mut self) -> Option<String> {
        let end = self.received.windows(2).position(|pair| pair == b"\n\n")?;
        let block = self.received.drain(..end + 2).collect();
        String::from_utf8(block).ok()
    }
}

/// A stage event; `None` for a heartbeat or a comment.
fn parse(block: &str) -> anyhow::Result<Option<Seen>> {
    let field =
        |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    if field("event") != Some("stage") {
        return Ok(None);
    }
    let id = field("id").and_then(|id| id.parse().ok()).context("an event has no number")?;
    let data = field("data").context("an event has no data")?;
    let stage = serde_json::from_str(data).context("a stage that this version does not know")?;
    Ok(Some(Seen { id: EventId(id), stage }))
}
