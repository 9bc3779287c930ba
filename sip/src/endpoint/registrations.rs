//! The registrations of an endpoint: which one a response, a connection or a datagram belongs to,
//! and how what they want becomes outputs.

use std::net::IpAddr;

use super::{Endpoint, Output, TimerOwner};
use crate::registration::{Effect, Registration, RegistrationConfig, RegistrationHandle, Stage};
use crate::{ConnectionId, Flow, Transport};

#[derive(Debug, Default)]
pub(super) struct Registrations(Vec<Registration>);

impl Registrations {
    fn get_mut(&mut self, handle: RegistrationHandle) -> Option<&mut Registration> {
        self.0.get_mut(handle.0)
    }

    fn handles(&self) -> impl Iterator<Item = RegistrationHandle> + use<> {
        (0..self.0.len()).map(RegistrationHandle)
    }

    /// Those whose binding may still stand.
    pub(super) fn left(&self) -> usize {
        self.0.iter().filter(|registration| !registration.is_over()).count()
    }

    /// Whose request has this branch.
    pub(super) fn of_branch(&self, branch: &[u8]) -> Option<RegistrationHandle> {
        let position = self.0.iter().position(|one| one.branch() == Some(branch));
        position.map(RegistrationHandle)
    }

    /// The peer whose registrar we spoke to last at this address, over this transport. That is over
    /// when we have left it, too: calls go on, and what belongs to them still comes from there.
    pub(super) fn peer_at(&self, address: IpAddr, transport: Transport) -> Option<&str> {
        let mut flows = self.0.iter().filter_map(|one| Some((one.last_flow()?, one.peer())));
        let found = flows.find(|(flow, _)| {
            flow.transport() == transport && flow.remote.ip().to_canonical() == address
        });
        found.map(|(_, peer)| peer)
    }

    /// Whether a registrar is spoken to over this connection.
    pub(super) fn use_connection(&self, connection: ConnectionId) -> bool {
        let mut flows = self.0.iter().filter_map(Registration::current_flow);
        flows.any(|flow| flow.connection() == Some(connection))
    }
}

impl Endpoint {
    pub(super) fn begin_registrations(&mut self, configs: Vec<RegistrationConfig>) {
        for (number, config) in configs.into_iter().enumerate() {
            let mut stage = Stage {
                now: self.now,
                local: &self.local,
                rng: &mut self.rng,
                effects: Vec::new(),
            };
            let registration = Registration::begin(config, &mut stage);
            let effects = stage.effects;
            self.registrations.0.push(registration);
            self.carry_out_registration(RegistrationHandle(number), effects);
        }
    }

    /// The application answers [`Output::FlowWanted`].
    pub(super) fn registrar_flow(&mut self, handle: RegistrationHandle, flow: Option<Flow>) {
        self.step_registration(handle, |registration, stage| registration.flow(flow, stage));
        // It may be gone since the application gave it.
        if let Some(flow) = flow
            && let Some(connection) = flow.connection()
            && !self.connections.is_open(&flow)
        {
            self.registrar_disconnected(connection);
        }
    }

    pub(super) fn unregister(&mut self) {
        for handle in self.registrations.handles() {
            self.step_registration(handle, Registration::leave);
        }
    }

    pub(super) fn registrar_disconnected(&mut self, connection: ConnectionId) {
        if !self.registrations.use_connection(connection) {
            return;
        }
        for handle in self.registrations.handles() {
            self.step_registration(handle, |registration, stage| {
                registration.disconnected(connection, stage);
            });
        }
    }

    /// Lets a registration take a step, and carries out what it asks for.
    pub(super) fn step_registration(
        &mut self,
        handle: RegistrationHandle,
        verb: impl FnOnce(&mut Registration, &mut Stage<'_>),
    ) {
        let Some(registration) = self.registrations.get_mut(handle) else {
            return;
        };
        let mut stage =
            Stage { now: self.now, local: &self.local, rng: &mut self.rng, effects: Vec::new() };
        verb(registration, &mut stage);
        let effects = stage.effects;
        let deadline = registration.deadline();
        self.schedule.set(TimerOwner::Registration(handle), deadline);
        self.carry_out_registration(handle, effects);
    }

    fn carry_out_registration(&mut self, registration: RegistrationHandle, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Transmit { flow, bytes } => self.transmit(flow, bytes),
                Effect::Seek(server) => {
                    self.outputs.push_back(Output::FlowWanted { registration, server });
                }
                Effect::Event(event) => {
                    self.outputs.push_back(Output::Registration { registration, event });
                }
            }
        }
    }
}
