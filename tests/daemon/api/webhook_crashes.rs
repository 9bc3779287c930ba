//! kill -9 at any moment between a change and its delivery: each change is told at least once, in order,
//! under one id.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::sync::watch;
use zavud::clock::{Clock as _, SystemClock};
use zavud::domain::{ApiMode, ProjectId};
use zavud::store::{NewProject, Store, WebhookEventState};

use super::client::make_key;
use super::receiver::{Receiver, Told};
use crate::support::{PATIENCE, Serving, try_ask_with};

const CRASHES: usize = 200;

/// So much is confirmed at most before a daemon is killed, and so long it lives at most after it.
const MOST_CHANGES: usize = 3;
const LONGEST_PAUSE: Duration = Duration::from_millis(15);

const SECTIONS: &str = "[webhooks]\nallow_networks = [\"127.0.0.0/8\"]\n";

struct Program {
    key: String,
    database: std::path::PathBuf,
    project: ProjectId,
    _directory: tempfile::TempDir,
}

impl Program {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("zavud.db");
        let store = Store::open(&database, Box::new(|_| {})).unwrap();
        let now = SystemClock.now();
        let project = ProjectId::new(now, [1; 10]);
        let new = NewProject { id: project.clone(), name: "Acme".into(), created_at: now };
        store.write(move |writer| writer.insert_project(&new)).await.unwrap();
        let key = make_key(&store, &project, ApiMode::Live, 1).await.expose().to_owned();
        Self { key, database, project, _directory: directory }
    }

    fn serve(&self) -> Serving {
        Serving::start_unread(&self.database, SECTIONS)
    }
}

/// Asks, and tells the answer if there was one: the daemon may be killed meanwhile.
async fn ask(server: SocketAddr, key: String, path: String, body: Value) -> Option<Value> {
    let authorization = format!("Bearer {key}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let path = format!("/v1{path}");
    let answer = try_ask_with(server, "POST", &path, &headers, &body.to_string()).await?;
    assert!(answer.status.is_success(), "{}", answer.text());
    serde_json::from_str(answer.text()).ok()
}

/// Makes an invitation, withdraws it, sends it again and withdraws it, over and over, and tells which
/// changes were confirmed.
async fn change_things(server: SocketAddr, key: String, confirmed: watch::Sender<Vec<Change>>) {
    loop {
        let post = |path: String| ask(server, key.clone(), path, json!({}));
        let Some(made) = post("/invitations".to_owned()).await else { return };
        let id = made["invitation"]["id"].as_str().unwrap().to_owned();
        for (verb, status) in
            [("cancel", "cancelled"), ("resend", "pending"), ("cancel", "cancelled")]
        {
            if post(format!("/invitations/{id}/{verb}")).await.is_none() {
                return;
            }
            confirmed.send_modify(|all| all.push((id.clone(), status.to_owned())));
        }
    }
}

/// An invitation, and the status that it has come to.
type Change = (String, String);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_is_lost_however_often_the_daemon_is_killed() {
    let seed: u64 = rand::rng().random();
    let mut chance = StdRng::seed_from_u64(seed);
    let (program, receiver) = (Program::new().await, Receiver::start().await);
    let serving = program.serve();
    let asked = json!({ "url": receiver.url(), "events": ["invitation.status_changed"] });
    let key = program.key.clone();
    ask(serving.web, key.clone(), "/invitations/webhook".into(), asked).await.unwrap();
    serving.kill();

    let (confirmed, mut changes) = watch::channel(Vec::new());
    for _ in 0..CRASHES {
        let serving = program.serve();
        let mut changing = tokio::spawn(change_things(serving.web, key.clone(), confirmed.clone()));
        // So much is done however slow the machine is; then comes the crash, at a moment that is drawn and
        // not waited for.
        let enough = confirmed.borrow().len() + chance.random_range(0..=MOST_CHANGES);
        tokio::select! {
            is_enough = changes.wait_for(|confirmed| confirmed.len() >= enough) => drop(is_enough.unwrap()),
            _ = &mut changing => panic!("the daemon went away by itself, seed {seed}"),
        }
        tokio::time::sleep(LONGEST_PAUSE.mul_f64(chance.random())).await;
        serving.kill();
        changing.await.unwrap();
    }
    let serving = program.serve();
    let happened = wait_until_all_is_told(&program.database, &program.project).await;
    assert!(serving.terminate());

    let told = receiver.told();
    let confirmed = confirmed.borrow().clone();
    assert!(confirmed.len() > CRASHES / 2, "{} changes, seed {seed}", confirmed.len());
    assert_each_is_told_in_order(&told, &happened, seed);
    let known: BTreeSet<Change> = told.iter().map(change).collect();
    let lost: Vec<_> = confirmed.iter().filter(|change| !known.contains(*change)).collect();
    assert!(lost.is_empty(), "{lost:?}, seed {seed}");
}

fn change(told: &Told) -> Change {
    let data = &told.json()["data"];
    let text = |name: &str| data[name].as_str().unwrap().to_owned();
    (text("invitationId"), text("currentStatus"))
}

/// The ids of all events, in the order in which they happened.
async fn wait_until_all_is_told(database: &Path, project: &ProjectId) -> Vec<String> {
    let store = Store::open(database, Box::new(|_| {})).unwrap();
    let (until, project) = (SystemClock.now() + PATIENCE * 2, project.clone());
    loop {
        let project = project.clone();
        let read = store.read(move |reader| reader.webhook_events(&project, None, 100_000));
        let mut events = read.await.unwrap();
        let waiting =
            events.iter().filter(|event| event.state != WebhookEventState::Delivered).count();
        if waiting == 0 {
            events.reverse();
            return events.into_iter().map(|event| event.id.to_string()).collect();
        }
        assert!(SystemClock.now() < until, "{waiting} events are never told");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The first time that each is told they come in the order in which they happened, invitation by
/// invitation; and whoever is told something once more is told the same.
fn assert_each_is_told_in_order(told: &[Told], happened: &[String], seed: u64) {
    let mut bodies: BTreeMap<String, &str> = BTreeMap::new();
    let mut orders: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let numbers: BTreeMap<&str, usize> =
        happened.iter().enumerate().map(|(number, id)| (id.as_str(), number)).collect();
    for told in told {
        let number = numbers[told.id().as_str()];
        match bodies.insert(told.id(), &told.body) {
            Some(before) => assert_eq!(before, told.body, "seed {seed}"),
            None => orders.entry(change(told).0).or_default().push(number),
        }
    }
    assert_eq!(bodies.len(), happened.len(), "seed {seed}");
    assert!(orders.values().all(|order| order.is_sorted()), "seed {seed}");
}
