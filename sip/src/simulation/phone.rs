//! A caller: places one call, speaks its audio once it is answered, and hangs up.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{End, Parcel, Wire, long_seed};
use crate::call_out::{CallOut, CallOutEvent, CallOutPlan, Change, Input, Output, SessionTimer};
use crate::message::{Frame, StreamFramer};
use crate::rtp::{FRAME_SAMPLES, Sender, SenderConfig};
use crate::{Channel, ConnectionId, Flow, MediaPlan, MediaPolicy, Transport, Uri};

/// What a phone does.
#[derive(Clone, Debug)]
pub struct PhonePlan {
    /// Its SIP address.
    pub address: SocketAddr,
    /// Where its RTP comes from.
    pub media_address: SocketAddr,
    /// What it offers.
    pub media: MediaPolicy,
    /// Whom it calls.
    pub remote: SocketAddr,
    /// The number it calls.
    pub target: Uri,
    /// Its own number.
    pub caller: Uri,
    /// What it says.
    pub audio: Vec<i16>,
    /// When it hangs up.
    pub ending: Ending,
    /// How it changes the session, in the order of time.
    pub changes: Vec<PlannedChange>,
    /// Whether it says that it takes UPDATE.
    pub takes_update: bool,
    /// Over what it calls: UDP or TCP.
    pub transport: Transport,
    /// Where its tags come from.
    pub seed: u64,
}

/// A change of the session to come. Before the answer, and while another one is open, it is left
/// out.
#[derive(Clone, Copy, Debug)]
pub struct PlannedChange {
    /// When, after the call was placed.
    pub after: Duration,
    /// What.
    pub change: Change,
    /// With which session timer.
    pub timer: SessionTimer,
}

/// When a phone hangs up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// When everything is said.
    AfterAudio,
    /// At this time after the call was placed, answered or not.
    After(Duration),
    /// It waits for the other end.
    Never,
}

/// A caller.
#[derive(Debug)]
pub struct Phone {
    plan: PhonePlan,
    call: CallOut,
    speech: Option<Speech>,
    hang_up_at: Option<Instant>,
    placed_at: Instant,
    /// The rest of the plan.
    changes: VecDeque<PlannedChange>,
    connection: Option<Connection>,
    call_deadline: Instant,
    events: Vec<CallOutEvent>,
}

/// The connection of a call over TCP, as long as it stands.
#[derive(Debug)]
struct Connection {
    id: ConnectionId,
    framer: StreamFramer,
}

/// Audio that is being sent.
#[derive(Debug)]
struct Speech {
    sender: Sender,
    destination: SocketAddr,
    /// Samples that are said.
    said: usize,
    next_packet: Instant,
}

const PACKET_TIME: Duration = Duration::from_millis(20);

impl Phone {
    /// A phone that dials at once: its INVITE goes out with the first [`drain`](Self::drain).
    pub fn new(now: Instant, plan: PhonePlan) -> Self {
        let call = CallOut::place(
            now,
            CallOutPlan {
                local: plan.address,
                remote: Flow {
                    remote: plan.remote,
                    channel: match plan.transport {
                        Transport::Udp => Channel::Udp,
                        // Whichever connection stands; the phone knows.
                        Transport::Tcp | Transport::Tls => Channel::Tcp(ConnectionId(0)),
                    },
                },
                target: plan.target.clone(),
                caller: plan.caller.clone(),
                media_address: plan.media_address,
                media: plan.media.clone(),
                seed: long_seed(plan.seed),
            },
        );
        let hang_up_at = match plan.ending {
            Ending::After(time) => Some(now + time),
            Ending::AfterAudio | Ending::Never => None,
        };
        Self {
            changes: plan.changes.iter().copied().collect(),
            plan,
            call,
            speech: None,
            hang_up_at,
            placed_at: now,
            connection: None,
            call_deadline: now,
            events: Vec::new(),
        }
    }

    /// Its SIP address.
    pub fn address(&self) -> SocketAddr {
        self.plan.address
    }

    /// Everything that happened to its call.
    pub fn events(&self) -> &[CallOutEvent] {
        &self.events
    }

    /// Whether its call is over and nothing is left to be sent.
    pub fn is_over(&self) -> bool {
        self.call.is_over()
    }

    /// Takes in a datagram on its SIP address.
    pub fn datagram(&mut self, now: Instant, bytes: &[u8]) {
        self.call.handle(Input::Datagram { now, bytes });
    }

    /// Takes in what came on a connection.
    pub fn stream(&mut self, now: Instant, id: ConnectionId, bytes: &[u8]) {
        let Some(connection) = self.connection.as_mut().filter(|connection| connection.id == id)
        else {
            return;
        };
        connection.framer.push(bytes);
        while let Ok(Some(frame)) = connection.framer.next() {
            match frame {
                Frame::Message(bytes) => self.call.handle(Input::Datagram { now, bytes: &bytes }),
                Frame::Ping | Frame::Pong => {}
            }
        }
    }

    /// A connection is gone. The next message opens another one.
    pub fn disconnected(&mut self, id: ConnectionId) {
        self.connection = self.connection.take().filter(|connection| connection.id != id);
    }

    /// Lets its timers fire.
    pub fn timeout(&mut self, now: Instant) {
        if now >= self.call_deadline {
            self.call.handle(Input::Timeout { now });
        }
        while let Some(next) =
            self.changes.front().filter(|next| self.placed_at + next.after <= now)
        {
            let (change, timer) = (next.change, next.timer);
            self.call.handle(Input::Change { now, change, timer });
            self.changes.pop_front();
        }
        if self.hang_up_at.is_some_and(|at| now >= at) {
            self.hang_up_at = None;
            self.speech = None;
            self.call.handle(Input::HangUp { now });
        }
    }

    /// When it has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        if self.is_over() {
            return None;
        }
        let packet = self.speech.as_ref().map(|speech| speech.next_packet);
        let change = self.changes.front().map(|next| self.placed_at + next.after);
        [Some(self.call_deadline), self.hang_up_at, change, packet].into_iter().flatten().min()
    }

    /// Says everything it has to say now.
    pub fn drain(&mut self, now: Instant, wire: &mut Wire) {
        loop {
            match self.call.poll_output() {
                Output::Transmit(transmit) => self.send(now, wire, transmit.bytes),
                Output::Event(event) => self.note(now, event),
                Output::Timeout(deadline) => {
                    self.call_deadline = deadline;
                    break;
                }
            }
        }
        self.speak(now, wire);
    }

    fn send(&mut self, now: Instant, wire: &mut Wire, bytes: Vec<u8>) {
        let bytes = if self.plan.takes_update { bytes } else { without_update(&bytes) };
        match self.plan.transport {
            Transport::Udp => {
                let (source, destination) = (self.plan.address, self.plan.remote);
                wire.send(now, Parcel { source, destination, bytes });
            }
            Transport::Tcp | Transport::Tls => {
                let streams = wire.streams();
                let connection = self.connection.get_or_insert_with(|| Connection {
                    id: streams.connect(now, self.plan.address),
                    framer: StreamFramer::new(),
                });
                streams.send(now, connection.id, End::Caller, &bytes);
            }
        }
    }

    fn note(&mut self, now: Instant, event: CallOutEvent) {
        match &event {
            CallOutEvent::Answered(media) => self.speech = Some(self.begin_speech(now, media)),
            CallOutEvent::Refused(_) | CallOutEvent::Ended(_) => self.speech = None,
            CallOutEvent::Ringing | CallOutEvent::Changed(_) => {}
        }
        self.events.push(event);
    }

    fn begin_speech(&self, now: Instant, media: &MediaPlan) -> Speech {
        let config = SenderConfig::new(media, long_seed(self.plan.seed));
        Speech {
            sender: Sender::new(&config),
            destination: media.remote,
            said: 0,
            next_packet: now,
        }
    }

    fn speak(&mut self, now: Instant, wire: &mut Wire) {
        let Some(speech) = &mut self.speech else {
            return;
        };
        while now >= speech.next_packet {
            let rest = &self.plan.audio[speech.said..];
            if rest.is_empty() {
                self.speech = None;
                if self.plan.ending == Ending::AfterAudio {
                    self.hang_up_at = Some(now);
                }
                return;
            }
            let samples = &rest[..rest.len().min(FRAME_SAMPLES)];
            let bytes = speech.sender.packet(samples);
            let (source, destination) = (self.plan.media_address, speech.destination);
            wire.send(now, Parcel { source, destination, bytes });
            speech.said += samples.len();
            speech.next_packet += PACKET_TIME;
        }
    }
}

/// Takes UPDATE out of Allow.
fn without_update(message: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(message).replace(", UPDATE", "").into_bytes()
}
