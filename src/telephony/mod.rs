//! The I/O shell round the `sip` crate: sockets, time and RTP ports.
//!
//! [`Telephony::start`] opens the SIP socket and runs the one task that drives [`sip::Endpoint`].
//! Each call that comes in is a [`PhoneCall`]; its audio is received by a task of its own
//! ([`audio`]) and handed on as PCM frames. [`caller`] is the other end, for tests and the
//! operator. The only module that opens SIP and RTP sockets. Knows nothing of invitations, codes
//! or speech.

mod audio;
pub mod caller;
mod event_loop;
mod phone_call;
mod rtp_ports;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rand::Rng as _;
use sip::{Advertised, Endpoint, EndpointConfig};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use event_loop::EventLoop;
use rtp_ports::RtpPorts;

pub use phone_call::{CallUpdate, FrameSink, PhoneCall};
pub use sip::rtp::PcmFrame;
pub use sip::{EndReason, IncomingCall, Peer, StatusCode, Uri};

/// Calls that may wait to be admitted. When it is full a new call is refused with 503.
const INCOMING_QUEUE: usize = 64;

/// What telephony needs to know.
#[derive(Debug, Clone)]
pub struct TelephonyConfig {
    /// Where the SIP socket is bound.
    pub listen: SocketAddr,
    /// The address peers are told to use, for SIP and RTP.
    pub advertised_address: IpAddr,
    pub max_calls: usize,
    /// Who may call.
    pub peers: Vec<Peer>,
    /// Where RTP sockets are bound.
    pub rtp_address: IpAddr,
    /// The first and the last UDP port for RTP.
    pub rtp_ports: (u16, u16),
    /// A call without a valid RTP packet for this long is ended.
    pub media_timeout: Duration,
    /// How long an RTP packet out of order is waited for.
    pub reorder_window: Duration,
}

/// Why telephony could not start.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen for SIP on UDP {address}: {source}. Is another program using the port?")]
pub struct CannotListen {
    pub address: SocketAddr,
    pub source: std::io::Error,
}

/// The running phone side of the daemon.
#[derive(Debug)]
pub struct Telephony {
    address: SocketAddr,
    event_loop: JoinHandle<()>,
}

impl Telephony {
    /// Opens the SIP socket and begins to take calls, until `stop` is cancelled. Calls that come
    /// in arrive at the receiver.
    ///
    /// # Errors
    /// When the SIP socket can not be opened.
    pub async fn start(
        config: TelephonyConfig,
        stop: CancellationToken,
    ) -> Result<(Self, mpsc::Receiver<PhoneCall>), CannotListen> {
        let cannot_listen = |source| CannotListen { address: config.listen, source };
        let socket = UdpSocket::bind(config.listen).await.map_err(cannot_listen)?;
        let address = socket.local_addr().map_err(cannot_listen)?;

        let endpoint_config = EndpointConfig {
            advertised: Advertised::new(SocketAddr::new(config.advertised_address, address.port())),
            peers: config.peers.clone(),
            server_name: concat!("zavud/", env!("CARGO_PKG_VERSION")).to_owned(),
            max_calls: config.max_calls,
            seed: fresh_seed(),
        };
        let endpoint = Endpoint::new(endpoint_config, std::time::Instant::now());
        let ports = RtpPorts::new(config.rtp_address, config.rtp_ports);
        let (incoming, calls) = mpsc::channel(INCOMING_QUEUE);
        let event_loop = EventLoop::new(endpoint, socket, ports, config, incoming);
        Ok((Self { address, event_loop: tokio::spawn(event_loop.run(stop)) }, calls))
    }

    /// Where SIP arrives, with the port that was really taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the event loop and the audio of all calls have ended.
    pub async fn stopped(self) {
        // A panic of the task was already printed where it happened.
        let _ = self.event_loop.await;
    }
}

/// Randomness for a state machine of the `sip` crate. Each gets its own.
fn fresh_seed() -> [u8; 32] {
    let mut seed = [0; 32];
    rand::rng().fill_bytes(&mut seed);
    seed
}
