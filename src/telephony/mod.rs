//! The I/O shell round the `sip` crate: sockets, time and RTP ports.
//!
//! [`Telephony::start`] opens the SIP sockets and runs the one task that drives [`sip::Endpoint`].
//! Each call that comes in is a [`PhoneCall`]; its audio is received by a task of its own
//! ([`audio`]) and handed on as PCM frames. [`caller`] is the other end, for tests and the
//! operator. The only module that opens SIP and RTP sockets. Knows nothing of invitations, codes
//! or speech.

mod audio;
pub mod caller;
mod connections;
mod event_loop;
mod farewell;
mod live_calls;
mod monitor;
mod names;
mod peer_certificates;
mod phone_call;
mod rtp_ports;
mod signalling;
mod sockets;
mod strangers;
mod trace;
mod trunks;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rand::Rng as _;
use rustls::RootCertStore;
use sip::{Advertised, Endpoint, EndpointConfig};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::tls::{Certificate, UnusableTls};

use event_loop::EventLoop;
use live_calls::{LiveCalls, MediaRules};
use names::system::SystemLookup;
use rtp_ports::RtpPorts;
use sockets::Sockets;
use trunks::Trunks;

pub use monitor::{AudioTotals, Monitor};
pub use phone_call::{AudioReport, CallUpdate, FrameSink, PhoneCall};
pub use sip::rtp::PcmFrame;
pub use sip::{EndReason, IncomingCall, MediaPolicy, StatusCode, Transport, Uri};
pub use trace::{Ladder, Rung, Speaker, Trace};
pub use trunks::{TrunkPlan, TrunkProblem, UnusableTrunk};

/// Calls that may wait to be admitted: a second of the heaviest load that was measured. When it is
/// full a new call is refused with 503.
const INCOMING_QUEUE: usize = 1_024;

/// What telephony needs to know.
#[derive(Debug)]
pub struct TelephonyConfig {
    /// Where datagrams and plain connections arrive.
    pub listen: SocketAddr,
    /// Where encrypted connections arrive, if anywhere.
    pub tls: Option<TlsConfig>,
    /// The addresses peers are told to use, for SIP and RTP: at most one of each family.
    pub advertise: Vec<IpAddr>,
    pub max_calls: usize,
    /// How many connections there may be, and how many from one address.
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    /// Who may call, and where we register.
    pub trunks: Vec<TrunkPlan>,
    /// Where RTP sockets are bound.
    pub rtp_address: IpAddr,
    /// The first and the last UDP port for RTP.
    pub rtp_ports: (u16, u16),
    /// How long a pair of RTP ports is not used after a call.
    pub rtp_port_rest: Duration,
    /// A call without a valid RTP packet for this long is ended.
    pub media_timeout: Duration,
    /// How long an RTP packet out of order is waited for.
    pub reorder_window: Duration,
    /// Whether callers get silence back.
    pub comfort_silence: bool,
    /// Memory for the newest SIP messages; zero keeps none.
    pub trace_bytes: usize,
}

/// SIP over TLS.
#[derive(Debug)]
pub struct TlsConfig {
    pub listen: SocketAddr,
    pub certificate: Arc<Certificate>,
    /// Who vouches for the certificates of peers; `None` when none are asked for.
    pub client_authorities: Option<RootCertStore>,
}

/// How telephony ends, in two steps.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// No new calls: INVITE and OPTIONS get 503. Calls that go on are not touched.
    pub drain: CancellationToken,
    /// The calls that still go on are ended, and so is everything else.
    pub stop: CancellationToken,
}

/// Why telephony could not start.
#[derive(Debug, thiserror::Error)]
pub enum CannotListen {
    /// The port can not be had.
    #[error(
        "cannot listen for SIP on {transport} {address}: {source}. Is another program using the port?"
    )]
    Port { transport: Transport, address: SocketAddr, source: std::io::Error },
    /// TLS can not be had with these certificates.
    #[error(transparent)]
    Tls(#[from] UnusableTls),
}

/// The running phone side of the daemon.
#[derive(Debug)]
pub struct Telephony {
    address: SocketAddr,
    tls_address: Option<SocketAddr>,
    monitor: Monitor,
    event_loop: JoinHandle<()>,
}

impl Telephony {
    /// Opens the SIP sockets and begins to take calls, until it is told to end. Calls that come in
    /// arrive at the receiver.
    ///
    /// # Errors
    /// When a socket can not be opened.
    pub async fn start(
        config: TelephonyConfig,
        shutdown: Shutdown,
    ) -> Result<(Self, mpsc::Receiver<PhoneCall>), CannotListen> {
        let sockets = Sockets::open(&config).await?;
        let (address, tls_address) = (sockets.address, sockets.tls_address);
        let advertised = advertised(&config.advertise, address, tls_address);
        let endpoint_config = EndpointConfig {
            advertised,
            peers: trunks::peers(&config.trunks),
            registrations: trunks::registrations(&config.trunks),
            server_name: concat!("zavud/", env!("CARGO_PKG_VERSION")).to_owned(),
            max_calls: config.max_calls,
            seed: fresh_seed(),
        };
        let mut endpoint = Endpoint::new(endpoint_config, std::time::Instant::now());
        endpoint.report_received(config.trace_bytes > 0);
        let ports = RtpPorts::new(config.rtp_address, config.rtp_ports, config.rtp_port_rest);
        let media = MediaRules {
            advertised,
            media_timeout: config.media_timeout,
            reorder_window: config.reorder_window,
            comfort_silence: config.comfort_silence,
            behind_nat: trunks::behind_nat(&config.trunks),
        };
        let (incoming, calls) = mpsc::channel(INCOMING_QUEUE);
        let monitor = Monitor::new(config.trace_bytes);
        let (commands, commanded) = mpsc::unbounded_channel();
        let live_calls = LiveCalls::new(media, ports, incoming, commands);
        let trunks = Trunks::start(config.trunks, &Arc::new(SystemLookup::open()), address.ip());
        let event_loop =
            EventLoop::new(endpoint, sockets, trunks, live_calls, commanded, monitor.clone());
        let event_loop = tokio::spawn(event_loop.run(shutdown));
        Ok((Self { address, tls_address, monitor, event_loop }, calls))
    }

    /// Where encrypted SIP arrives, with the port that was really taken.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls_address
    }

    /// Where SIP arrives, with the port that was really taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What can be asked while it runs.
    pub fn monitor(&self) -> Monitor {
        self.monitor.clone()
    }

    /// Waits until the event loop and the audio of all calls have ended.
    pub async fn stopped(self) {
        // A panic of the task was already printed where it happened.
        let _ = self.event_loop.await;
    }
}

/// What peers are told, with the ports that were really taken.
fn advertised(addresses: &[IpAddr], listening: SocketAddr, tls: Option<SocketAddr>) -> Advertised {
    let first = addresses.first().copied().unwrap_or(listening.ip());
    let advertised = Advertised::new(SocketAddr::new(first, listening.port()));
    let advertised = addresses.iter().skip(1).fold(advertised, |told, &other| told.and(other));
    tls.map_or(advertised, |tls| advertised.with_tls_port(tls.port()))
}

/// Randomness for a state machine of the `sip` crate. Each gets its own.
fn fresh_seed() -> [u8; 32] {
    let mut seed = [0; 32];
    rand::rng().fill_bytes(&mut seed);
    seed
}
