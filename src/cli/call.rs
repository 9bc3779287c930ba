//! `zavud call`: places a test call and plays a recording into it.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use sip::{Codec, MediaPolicy, Scheme, SrtpPolicy, Uri};

use super::Failure;
use crate::speech::audio_file;
use crate::telephony::caller::{CallProgress, OutgoingCall, Over, place_call};

/// The port of SIP over UDP (RFC 3261 §19.1.2).
const SIP_PORT: u16 = 5060;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Whom to call, such as sip:+15551234567@127.0.0.1:5060
    #[arg(value_name = "SIP-URI")]
    target: String,
    /// The recording to play, in any format that symphonia reads
    #[arg(long, value_name = "FILE")]
    play: PathBuf,
    /// The only codec to offer [default: all]
    #[arg(long)]
    codec: Option<CodecName>,
    /// Offer encrypted audio (SRTP) and nothing else
    #[arg(long)]
    srtp: bool,
    /// Who calls: the user part of the From header
    #[arg(long, value_name = "NUMBER", default_value = "zavud-test")]
    from: String,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum CodecName {
    Pcmu,
    Pcma,
    G722,
}

impl From<CodecName> for Codec {
    fn from(name: CodecName) -> Self {
        match name {
            CodecName::Pcmu => Self::Pcmu,
            CodecName::Pcma => Self::Pcma,
            CodecName::G722 => Self::G722,
        }
    }
}

impl Arguments {
    fn media(&self) -> MediaPolicy {
        let mut media = MediaPolicy::default();
        if let Some(codec) = self.codec {
            media.codecs = vec![codec.into()];
        }
        if self.srtp {
            media.srtp = SrtpPolicy::Required;
        }
        media
    }
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let not_a_target = |reason: String| Failure::Usage(format!("{} {reason}", arguments.target));
    let target = Uri::parse(&arguments.target).map_err(|error| not_a_target(error.to_string()))?;
    if target.scheme() != Scheme::Sip || target.user().is_none() || target.host().is_empty() {
        return Err(not_a_target("is not of the form sip:NUMBER@HOST:PORT".to_owned()));
    }
    let remote = resolve(&target).await?;
    let caller = Uri::parse(&format!("sip:{}@{}", arguments.from, remote))
        .map_err(|error| Failure::Usage(format!("--from {}: {error}", arguments.from)))?;
    let samples = audio_file::read(&arguments.play).map_err(anyhow::Error::from)?;

    let media = arguments.media();
    let call = OutgoingCall { target, remote, over: Over::Udp, caller, samples, media };
    place_call(call, |progress| match progress {
        CallProgress::Ringing => println!("ringing"),
        CallProgress::Playing { .. } => println!("answered, playing"),
        CallProgress::Played => println!("played, hanging up"),
    })
    .await
    .map_err(anyhow::Error::from)?;
    Ok(())
}

async fn resolve(target: &Uri) -> anyhow::Result<SocketAddr> {
    let (host, port) = (target.host(), target.port().unwrap_or(SIP_PORT));
    // An IPv6 address stands in brackets in a URI, and without them everywhere else.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let mut addresses = tokio::net::lookup_host((bare, port))
        .await
        .with_context(|| format!("cannot find the host {host}"))?;
    addresses.next().with_context(|| format!("the host {host} has no address"))
}
