//! The audio of one call: from its RTP socket to its sink.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use sip::MediaPlan;
use sip::rtp::{PcmFrame, Receiver, ReceiverConfig, ReceiverStatistics};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;
use tracing::trace;

use super::FrameSink;

/// More than an RTP packet of G.711 can be on any link of the internet.
const LARGEST_PACKET: usize = 2_048;

/// Silence on the wire becomes silence in the audio after this long: a peer that suppresses
/// silence sends nothing between two words, and whoever listens must notice that time goes on.
/// Shorter would tear words apart where the network stalls for a moment.
const SILENCE_AFTER: Duration = Duration::from_millis(400);

/// The audio that silence on the wire becomes, a frame at a time.
const FRAME: Duration = Duration::from_millis(20);

/// What the task needs.
pub(super) struct CallAudio {
    pub(super) socket: UdpSocket,
    /// Where the signalling comes from. Audio is taken from there and from the address in the
    /// session description, and from nowhere else.
    pub(super) signalling_address: IpAddr,
    /// What was negotiated; changes when the caller changes it.
    pub(super) plan: watch::Receiver<MediaPlan>,
    pub(super) sink: FrameSink,
    pub(super) reorder_window: Duration,
    pub(super) media_timeout: Duration,
}

/// Why the task ended, and what it has seen.
#[derive(Debug)]
pub(super) struct AudioEnd {
    pub(super) timed_out: bool,
    pub(super) statistics: ReceiverStatistics,
}

impl CallAudio {
    /// Receives until `stop` is cancelled or no valid packet came for too long. Waits on the
    /// socket and on time.
    pub(super) async fn run(mut self, stop: CancellationToken) -> AudioEnd {
        let mut receiver = self.receiver();
        let mut buffer = [0; LARGEST_PACKET];
        let mut last_packet = Instant::now();
        let mut last_frame = last_packet;
        let timed_out = loop {
            let mut wake_at = (last_packet + self.media_timeout).min(last_frame + SILENCE_AFTER);
            if let Some(reordered) = receiver.poll_timeout() {
                wake_at = wake_at.min(reordered);
            }
            tokio::select! {
                () = stop.cancelled() => break false,
                Ok(()) = self.plan.changed() => {
                    receiver.flush();
                    self.drain(&mut receiver);
                    receiver = self.receiver();
                }
                received = self.socket.recv_from(&mut buffer) => {
                    // An error that the system reports here is about a packet of ours.
                    if let Ok((length, source)) = received
                        && self.take(&mut receiver, source, &buffer[..length])
                    {
                        last_packet = Instant::now();
                    }
                }
                () = sleep_until(wake_at.into()) => {}
            }
            let now = Instant::now();
            if self.drain(&mut receiver) {
                last_frame = now;
            } else if now >= last_packet + self.media_timeout {
                break true;
            } else if now >= last_frame + SILENCE_AFTER {
                (self.sink)(silence());
                last_frame += FRAME;
            }
        };
        // What has already arrived still counts: a code may end with the last packet.
        while let Ok((length, source)) = self.socket.try_recv_from(&mut buffer) {
            self.take(&mut receiver, source, &buffer[..length]);
        }
        receiver.flush();
        self.drain(&mut receiver);
        AudioEnd { timed_out, statistics: receiver.statistics() }
    }

    fn receiver(&self) -> Receiver {
        Receiver::new(ReceiverConfig {
            reorder_window: self.reorder_window,
            ..ReceiverConfig::from(&*self.plan.borrow())
        })
    }

    /// Hands a datagram to the receiver when it comes from the caller. Returns whether it was a
    /// packet of the call.
    fn take(&self, receiver: &mut Receiver, source: SocketAddr, datagram: &[u8]) -> bool {
        if source.ip() != self.signalling_address && source.ip() != self.plan.borrow().remote.ip() {
            trace!(%source, "RTP from somebody else was dropped");
            return false;
        }
        let before = receiver.statistics().received;
        receiver.handle(Instant::now(), datagram);
        receiver.statistics().received > before
    }

    /// Passes on the frames that are ready. Returns whether there were any.
    fn drain(&mut self, receiver: &mut Receiver) -> bool {
        let mut any = false;
        while let Some(frame) = receiver.poll_frame(Instant::now()) {
            (self.sink)(frame);
            any = true;
        }
        any
    }
}

fn silence() -> PcmFrame {
    PcmFrame {
        samples: vec![0; sip::rtp::FRAME_SAMPLES],
        sample_rate: sip::rtp::SAMPLE_RATE,
        gap: true,
    }
}
