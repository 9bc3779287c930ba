//! The audio of all calls: G.711 packets, 50 a second each, on a thread of their own. One socket
//! sends them all. What comes back is received by nobody.

use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A packet holds 20 ms (RFC 3551 §4.5.14); the calls are spread over them in as many slots.
const SLOTS: usize = 20;
const SLOT: Duration = Duration::from_millis(1);

/// Samples in a packet, a byte each.
const SAMPLES: usize = 160;
const HEADER: usize = 12;

/// All that is said. Dropping it, or taking the count, ends the thread.
pub(super) struct Voices {
    orders: Sender<Order>,
    thread: JoinHandle<Spoken>,
}

/// What was sent.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spoken {
    pub(super) packets: u64,
    /// The most that a packet was sent after its moment.
    pub(super) latest: Duration,
}

enum Order {
    Speak { call: u32, to: SocketAddr, until: Instant },
    Hush { call: u32 },
}

struct Stream {
    call: u32,
    to: SocketAddr,
    until: Instant,
    packet: [u8; HEADER + SAMPLES],
    sequence: u16,
    timestamp: u32,
}

impl Voices {
    pub(super) fn start(socket: UdpSocket) -> std::io::Result<Self> {
        let (orders, received) = channel();
        let thread = std::thread::Builder::new()
            .name("bench-voices".to_owned())
            .spawn(move || run(&socket, &received))?;
        Ok(Self { orders, thread })
    }

    pub(super) fn speak(&self, call: u32, to: SocketAddr, until: Instant) {
        // The thread ends only after this.
        let _ = self.orders.send(Order::Speak { call, to, until });
    }

    pub(super) fn hush(&self, call: u32) {
        let _ = self.orders.send(Order::Hush { call });
    }

    /// Ends it, and tells what was sent.
    pub(super) fn stop(self) -> Spoken {
        drop(self.orders);
        self.thread.join().unwrap_or_default()
    }
}

fn run(socket: &UdpSocket, orders: &Receiver<Order>) -> Spoken {
    let mut slots: [Vec<Stream>; SLOTS] = std::array::from_fn(|_| Vec::new());
    let mut spoken = Spoken::default();
    let mut due = Instant::now();
    loop {
        for slot in &mut slots {
            due += SLOT;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            spoken.latest = spoken.latest.max(due.elapsed());
            for stream in slot {
                stream.send(socket, &mut spoken);
            }
        }
        loop {
            match orders.try_recv() {
                Ok(Order::Speak { call, to, until }) => {
                    slot_of(&mut slots, call).push(Stream::new(call, to, until));
                }
                Ok(Order::Hush { call }) => slot_of(&mut slots, call).retain(|s| s.call != call),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return spoken,
            }
        }
    }
}

fn slot_of(slots: &mut [Vec<Stream>; SLOTS], call: u32) -> &mut Vec<Stream> {
    &mut slots[call as usize % SLOTS]
}

impl Stream {
    fn new(call: u32, to: SocketAddr, until: Instant) -> Self {
        let mut packet = [0; HEADER + SAMPLES];
        // Version 2, PCMU (RFC 3550 §5.1, RFC 3551 §6).
        packet[0] = 0x80;
        packet[8..HEADER].copy_from_slice(&call.to_be_bytes());
        // Loud and of all levels, so that decoding it is worth something.
        packet[HEADER..].iter_mut().zip(0_u8..).for_each(|(sample, level)| *sample = level);
        Self { call, to, until, packet, sequence: 0, timestamp: 0 }
    }

    fn send(&mut self, socket: &UdpSocket, spoken: &mut Spoken) {
        if Instant::now() >= self.until {
            return;
        }
        self.packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        self.packet[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(SAMPLES as u32);
        // The system reports here that an earlier packet found its port closed.
        if socket.send_to(&self.packet, self.to).is_ok() {
            spoken.packets += 1;
        }
    }
}
