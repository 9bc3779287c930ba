//! Random sequences of actions against a model that is too simple to be wrong. What a failure prints
//! is the shortest sequence that proptest could find.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use zavud::domain::InvitationStatus::{Cancelled, Completed, Expired, Failed, InProgress, Pending};
use zavud::domain::{FailureReason, InvitationStatus, Timestamp};
use zavud::onboarding::{Step, expire_overdue};

use crate::desk::{DAY, Desk, NOW, number, resend};

/// Each is a fresh database on the disk and some dozen transactions.
const SEQUENCES: u32 = 200;
const LONGEST: usize = 40;

#[derive(Debug, Clone)]
enum Action {
    Invite {
        number: Option<u8>,
        days: u32,
    },
    /// The invitation is the one with this index, counted round.
    Take {
        invitation: u8,
        step: Kind,
    },
    Wait {
        hours: u32,
    },
    /// The timer of the daemon goes off.
    Sweep,
    Restart,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Begin,
    Complete,
    Fail,
    Cancel,
    Resend { days: u32 },
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let kind = prop_oneof![
        4 => Just(Kind::Begin),
        2 => Just(Kind::Complete),
        2 => Just(Kind::Fail),
        2 => Just(Kind::Cancel),
        4 => (1..=4u32).prop_map(|days| Kind::Resend { days }),
    ];
    let invite = (proptest::option::weighted(0.7, 0..2u8), 1..=4u32);
    let action = prop_oneof![
        4 => invite.prop_map(|(number, days)| Action::Invite { number, days }),
        12 => (0..6u8, kind).prop_map(|(invitation, step)| Action::Take { invitation, step }),
        // Often exactly a day, so that the very moment of an expiry is met.
        3 => prop_oneof![Just(24), 1..60u32].prop_map(|hours| Action::Wait { hours }),
        2 => Just(Action::Sweep),
        1 => Just(Action::Restart),
    ];
    proptest::collection::vec(action, 1..=LONGEST)
}

/// What is believed of one invitation.
#[derive(Debug, Clone)]
struct Believed {
    status: InvitationStatus,
    expires_at: Timestamp,
    number: Option<u8>,
    link: u8,
    dead_links: Vec<u8>,
}

impl Believed {
    fn is_open(&self) -> bool {
        [Pending, InProgress, Failed].contains(&self.status)
    }
}

#[derive(Debug)]
struct Model {
    now: Timestamp,
    invitations: Vec<Believed>,
    links: u8,
}

impl Model {
    /// Time passes for all of them at once.
    fn wait(&mut self, duration: Duration) {
        self.now = self.now + duration;
        for invitation in &mut self.invitations {
            if invitation.is_open() && invitation.expires_at <= self.now {
                invitation.status = Expired;
            }
        }
    }

    fn is_taken(&self, number: Option<u8>) -> bool {
        number.is_some() && self.invitations.iter().any(|one| one.is_open() && one.number == number)
    }

    fn invite(&mut self, link: u8, number: Option<u8>, days: u32) -> bool {
        let is_allowed = !self.is_taken(number);
        if is_allowed {
            let (status, expires_at) = (Pending, self.now + DAY * days);
            let dead_links = Vec::new();
            self.invitations.push(Believed { status, expires_at, number, link, dead_links });
        }
        is_allowed
    }

    fn take(&mut self, index: usize, kind: Kind, link: u8) -> bool {
        let (now, is_taken) = (self.now, self.is_taken(self.invitations[index].number));
        let one = &mut self.invitations[index];
        let (is_allowed, to) = match kind {
            Kind::Begin => (one.is_open(), InProgress),
            // What the client began in time is not thrown away.
            Kind::Complete => ([InProgress, Expired].contains(&one.status), Completed),
            Kind::Fail => (one.status == InProgress, Failed),
            Kind::Cancel => (one.is_open(), Cancelled),
            Kind::Resend { .. } => {
                ([Expired, Cancelled].contains(&one.status) && !is_taken, Pending)
            }
        };
        if is_allowed {
            one.status = to;
        }
        if let Kind::Resend { days } = kind
            && is_allowed
        {
            one.dead_links.push(std::mem::replace(&mut one.link, link));
            one.expires_at = now + DAY * days;
        }
        is_allowed
    }
}

/// Does the same with the store and with the model, and compares what they say to it.
async fn act(desk: &Desk, model: &mut Model, action: &Action) {
    let now = model.now;
    match *action {
        Action::Invite { number, days } => {
            // Identifiers are never used twice, so one that was refused costs a link as well.
            let index = u8::try_from(model.invitations.len()).unwrap();
            let done = desk.invite(index, number, now, days).await;
            assert_eq!(done.is_ok(), model.invite(index, number, days), "{done:?}");
        }
        Action::Take { invitation, step: kind } if !model.invitations.is_empty() => {
            let index = usize::from(invitation) % model.invitations.len();
            model.links += 1;
            let link = 100 + model.links;
            let step = match kind {
                Kind::Begin => Step::Begin,
                Kind::Complete => Step::Complete,
                Kind::Fail => Step::Fail(FailureReason::Cancelled),
                Kind::Cancel => Step::Cancel,
                Kind::Resend { days } => resend(link, now, days),
            };
            let done = desk.take(u8::try_from(index).unwrap(), step, now).await;
            assert_eq!(done.is_ok(), model.take(index, kind, link), "{done:?}");
        }
        Action::Wait { hours } => model.wait(Duration::from_secs(u64::from(hours) * 3600)),
        Action::Sweep => drop(expire_overdue(&desk.store, now).await.unwrap()),
        Action::Take { .. } | Action::Restart => {}
    }
}

/// What holds at every moment.
async fn check(desk: &Desk, model: &Model) {
    for (index, one) in model.invitations.iter().enumerate() {
        let index = u8::try_from(index).unwrap();
        assert_eq!(desk.link(one.link, model.now).await, Some(one.status), "{one:?}");
        for dead in &one.dead_links {
            assert_eq!(desk.link(*dead, model.now).await, None, "{one:?}");
        }
        let moves = desk.moves(index).await;
        assert_eq!(moves[0], (None, Pending));
        assert!(moves.windows(2).all(|pair| pair[1].0 == Some(pair[0].1)), "{moves:?}");
        let recorded = moves.last().unwrap().1;
        let is_due = one.status == Expired && [Pending, InProgress, Failed].contains(&recorded);
        assert!(recorded == one.status || is_due, "{one:?} {moves:?}");
        assert_eq!(
            desk.told_of(index),
            moves.len(),
            "an event for each step, and for nothing else"
        );
    }
    for index in 0..2 {
        let holds = |one: &&Believed| one.is_open() && one.number == Some(index);
        let holders = model.invitations.iter().filter(holds).count();
        assert!(holders <= 1, "{model:?}");
        let now = model.now;
        let waited_for =
            desk.store.read(move |reader| reader.open_invitation_for(&number(index), now));
        assert_eq!(usize::from(waited_for.await.unwrap().is_some()), holders);
    }
}

async fn walk(actions: Vec<Action>) {
    let mut desk = Desk::open().await;
    let mut model = Model { now: NOW, invitations: Vec::new(), links: 0 };
    for action in actions {
        if matches!(action, Action::Restart) {
            desk = desk.reopen();
        }
        act(&desk, &mut model, &action).await;
        check(&desk, &model).await;
    }
}

#[test]
fn no_sequence_of_actions_leads_into_an_illegal_state() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    // Nothing is written into the tree: the sequence itself is what a failure prints.
    let config = Config { cases: SEQUENCES, failure_persistence: None, ..Config::default() };
    let walked = TestRunner::new(config).run(&actions(), |actions| {
        runtime.block_on(walk(actions));
        Ok(())
    });
    walked.unwrap_or_else(|failure| panic!("{failure}"));
}
