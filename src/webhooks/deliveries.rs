//! The task that delivers what lies in the store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt as _;
use rustls::ClientConfig;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::reach::Reach;
use super::request::{Letter, Messenger, Undelivered};
use super::turn::{MOST_AT_ONCE, MOST_TO_ONE, choose};
use super::{opened, schedule, signature};
use crate::clock::Clock;
use crate::domain::{Timestamp, WebhookEventId, WebhookId};
use crate::seal::Seal;
use crate::store::{
    AfterTry, DueWebhookEvent, Store, StoreError, Webhook, WebhookEvent, WebhookTry,
};

/// How long to wait at most before the store is looked into again: for what is tried again, and for what
/// another process wrote.
const CHECK: Duration = Duration::from_secs(1);

/// So long what was settled is kept, for the log of deliveries and to be told once more.
const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Forgotten in one transaction: calls wait for the same writer.
const FORGOTTEN_AT_ONCE: u32 = 500;

/// What the deliveries need.
#[derive(Debug)]
pub struct DeliverySetup {
    pub store: Arc<Store>,
    pub seal: Arc<Seal>,
    pub clock: Arc<dyn Clock>,
    pub reach: Arc<Reach>,
    /// Whose certificates are believed.
    pub tls: Arc<ClientConfig>,
    /// Told when something was written that may have to be delivered.
    pub written: Arc<Notify>,
}

/// Delivers, until it is stopped.
#[derive(Debug)]
pub struct Deliveries {
    setup: Arc<DeliverySetup>,
    messenger: Arc<Messenger>,
    under_way: Vec<DueWebhookEvent>,
    /// To which something was begun last: then it is the turn of others.
    last: Option<WebhookId>,
    tasks: JoinSet<(WebhookEventId, Result<(), StoreError>)>,
}

impl Deliveries {
    pub fn new(setup: DeliverySetup) -> Self {
        let messenger = Messenger { reach: Arc::clone(&setup.reach), tls: Arc::clone(&setup.tls) };
        Self {
            setup: Arc::new(setup),
            messenger: Arc::new(messenger),
            under_way: Vec::new(),
            last: None,
            tasks: JoinSet::new(),
        }
    }

    /// Delivers until `stop` is cancelled. Waits on the store, on time and on receivers; what is under way
    /// then is broken off, and tried again by the next run.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut has_to_forget = true;
        loop {
            if let Err(error) = self.begin_what_is_due().await {
                error!(%error, "what has to be told could not be read");
            }
            if has_to_forget {
                has_to_forget = self.forget().await;
            }
            let written = Arc::clone(&self.setup.written);
            tokio::select! {
                () = stop.cancelled() => break,
                Some(ended) = self.tasks.join_next() => self.note_end(ended),
                () = written.notified() => {}
                () = sleep(CHECK) => has_to_forget = self.under_way.is_empty(),
            }
        }
        self.tasks.shutdown().await;
    }

    async fn begin_what_is_due(&mut self) -> Result<(), StoreError> {
        if self.under_way.len() >= MOST_AT_ONCE {
            return Ok(());
        }
        let now = self.setup.clock.now();
        let (under_way, last) = (self.under_way.clone(), self.last.clone());
        let read = self.setup.store.read(move |reader| {
            // Of each webhook as many as may be under way, so that behind those that are there is enough.
            let due = reader.due_webhook_events(now, MOST_TO_ONE)?;
            let mut next = Vec::new();
            for due in choose(due, under_way, last.as_ref()) {
                let event = reader.webhook_event(&due.project, &due.id)?;
                if let Some((event, webhook)) = event.zip(reader.webhook(&due.webhook)?) {
                    next.push((due, event, webhook));
                }
            }
            Ok(next)
        });
        for (due, event, webhook) in read.await? {
            self.begin(due, event, webhook);
        }
        Ok(())
    }

    fn begin(&mut self, due: DueWebhookEvent, event: WebhookEvent, webhook: Webhook) {
        let id = due.id.clone();
        self.last = Some(due.webhook.clone());
        self.under_way.push(due);
        let (setup, messenger) = (Arc::clone(&self.setup), Arc::clone(&self.messenger));
        self.tasks.spawn(async move { (id, setup.try_once(&messenger, event, webhook).await) });
    }

    fn note_end(
        &mut self,
        ended: Result<(WebhookEventId, Result<(), StoreError>), tokio::task::JoinError>,
    ) {
        match ended {
            Ok((id, done)) => {
                self.under_way.retain(|due| due.id != id);
                if let Err(error) = done {
                    error!(event = %id, %error, "a delivery could not be recorded");
                }
            }
            // It was printed where it happened. Which one it was is not known, so none counts as under way:
            // a delivery more does no harm.
            Err(_) => self.under_way.clear(),
        }
    }

    /// Forgets some of what is old. Tells whether there may be more.
    async fn forget(&self) -> bool {
        let before = self.setup.clock.now() - KEPT_FOR;
        let write = self
            .setup
            .store
            .write(move |writer| writer.forget_webhook_events(before, FORGOTTEN_AT_ONCE));
        match write.await {
            Ok(gone) => gone > 0,
            Err(error) => {
                error!(%error, "old deliveries could not be forgotten");
                false
            }
        }
    }
}

impl DeliverySetup {
    async fn try_once(
        &self,
        messenger: &Messenger,
        event: WebhookEvent,
        webhook: Webhook,
    ) -> Result<(), StoreError> {
        let (at, begun) = (self.clock.now(), Instant::now());
        let result = match self.letter(&event, &webhook, at) {
            Some(letter) => messenger.deliver(&webhook.target.url, letter).await,
            None => {
                // The key of the database is another one than it was: nothing here mends that.
                error!(webhook = %webhook.id, "the secret of a webhook does not open");
                self.store.write(move |writer| writer.pause_webhook(&webhook.id, at)).await?;
                return Ok(());
            }
        };
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let after = self.after(&result, &event, at);
        let tried = WebhookTry {
            at,
            took_ms,
            status: result.as_ref().map_or_else(Undelivered::status, |status| Some(*status)),
            failure: result.as_ref().err().map(ToString::to_string),
        };
        match &result {
            Ok(status) => debug!(event = %event.id, status, "an event was delivered"),
            Err(error) => debug!(event = %event.id, %error, "an event was not delivered"),
        }
        let write = self.store.write(move |writer| {
            writer.record_webhook_try(event.number, &tried, after)?;
            if after == AfterTry::GivenUp {
                // Nobody has answered there for hours. What follows waits, so that it is not lost as well.
                writer.pause_webhook(&event.webhook, tried.at)?;
                warn!(webhook = %event.webhook, "a webhook is paused: its receiver does not answer");
            }
            Ok(())
        });
        write.await
    }

    fn letter(&self, event: &WebhookEvent, webhook: &Webhook, at: Timestamp) -> Option<Letter> {
        let mut secrets = vec![opened(&self.seal, &webhook.id, &webhook.secret).ok()?];
        let earlier = webhook.earlier.as_ref().filter(|(_, until)| *until > at);
        secrets
            .extend(earlier.and_then(|(secret, _)| opened(&self.seal, &webhook.id, secret).ok()));
        let signatures = webhook.target.signatures;
        Some(Letter {
            kind: event.kind,
            signature: signature::signature(&secrets, signatures, at, event.body.as_bytes()),
            body: event.body.clone(),
        })
    }

    fn after(
        &self,
        result: &Result<u16, Undelivered>,
        event: &WebhookEvent,
        at: Timestamp,
    ) -> AfterTry {
        if result.is_ok() {
            return AfterTry::Delivered;
        }
        let wait = schedule::wait_after(event.tries + 1, rand::rng().random());
        wait.map_or(AfterTry::GivenUp, |wait| AfterTry::At(at + wait))
    }
}
