//! A caller: places one call, speaks its audio once it is answered, and hangs up.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{Parcel, Wire, long_seed};
use crate::call_out::{CallOut, CallOutEvent, CallOutPlan, Input, Output};
use crate::rtp::{FRAME_SAMPLES, Sender, SenderConfig};
use crate::{Flow, MediaPlan, MediaPolicy, Uri};

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
    /// Where its tags come from.
    pub seed: u64,
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
    call_deadline: Instant,
    events: Vec<CallOutEvent>,
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
                remote: Flow::udp(plan.remote),
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
        Self { plan, call, speech: None, hang_up_at, call_deadline: now, events: Vec::new() }
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

    /// Lets its timers fire.
    pub fn timeout(&mut self, now: Instant) {
        if now >= self.call_deadline {
            self.call.handle(Input::Timeout { now });
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
        [Some(self.call_deadline), self.hang_up_at, packet].into_iter().flatten().min()
    }

    /// Says everything it has to say now.
    pub fn drain(&mut self, now: Instant, wire: &mut Wire) {
        loop {
            match self.call.poll_output() {
                Output::Transmit(transmit) => {
                    let (source, destination) = (self.plan.address, transmit.flow.remote);
                    wire.send(now, Parcel { source, destination, bytes: transmit.bytes });
                }
                Output::Event(event) => self.note(now, event),
                Output::Timeout(deadline) => {
                    self.call_deadline = deadline;
                    break;
                }
            }
        }
        self.speak(now, wire);
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
