//! What is asked of Meta: sign-ups, the verification of numbers, messages. What an earlier run left
//! unfinished goes on.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::foundation::Foundation;
use crate::control::WhatsApp;
use crate::meta::graph::{AccessToken, GraphClient};
use crate::onboarding::{Completions, Messages, Outgoing, Recovery, Verifications};

/// A browser that brings the code of a sign-up at all has brought it by then: it lives for 30 seconds.
const CODE_WAITED_FOR: Duration = Duration::from_secs(45);

#[derive(Debug)]
pub(super) struct MetaWork {
    /// `None` where no app of Meta's is configured.
    pub(super) completions: Option<Arc<Completions>>,
    /// `None` where no app of Meta's is configured.
    pub(super) whatsapp: Option<WhatsApp>,
    pub(super) outgoing: Arc<Outgoing>,
}

impl MetaWork {
    /// Begins, until `stop` is cancelled. Numbers are verified when [`Self::resume_verifications`] was called.
    ///
    /// # Errors
    /// When the store refuses.
    pub(super) async fn start(
        foundation: &Foundation,
        graph: Option<&Arc<GraphClient>>,
        system_token: Option<AccessToken>,
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let completions = graph.map(|graph| completions(foundation, graph, system_token, stop));
        if let Some(completions) = &completions {
            completions.resume().await.context("after an earlier run")?;
        }
        let whatsapp = graph.map(|graph| whatsapp(foundation, graph, stop));
        let outgoing = Arc::new(Outgoing::new(
            whatsapp.as_ref().map(|whatsapp| Arc::clone(&whatsapp.messages)),
            Arc::clone(&foundation.store),
            Arc::clone(&foundation.clock),
            stop.clone(),
        ));
        outgoing.resume().await.context("after an earlier run")?;
        Ok(Self { completions, whatsapp, outgoing })
    }

    /// Goes on with verifications. Call it when the phone answers: Meta rings it.
    ///
    /// # Errors
    /// When the store refuses.
    pub(super) async fn resume_verifications(&self) -> anyhow::Result<()> {
        match &self.whatsapp {
            Some(whatsapp) => whatsapp.verifications.resume().await.context("after an earlier run"),
            None => Ok(()),
        }
    }

    /// Waits until nothing is asked any more, once it was told to stop.
    pub(super) async fn stopped(&self) {
        if let Some(completions) = &self.completions {
            completions.stopped().await;
        }
        if let Some(whatsapp) = &self.whatsapp {
            whatsapp.verifications.stopped().await;
        }
        self.outgoing.stopped().await;
    }
}

fn completions(
    foundation: &Foundation,
    graph: &Arc<GraphClient>,
    system_token: Option<AccessToken>,
    stop: &CancellationToken,
) -> Arc<Completions> {
    let completions = Completions::new(
        Arc::clone(graph),
        Arc::clone(&foundation.seal),
        Arc::clone(&foundation.store),
        Arc::clone(&foundation.clock),
        stop.clone(),
    );
    Arc::new(match system_token {
        Some(token) => completions.recovering(Recovery { token, after: CODE_WAITED_FOR }),
        None => completions,
    })
}

fn whatsapp(
    foundation: &Foundation,
    graph: &Arc<GraphClient>,
    stop: &CancellationToken,
) -> WhatsApp {
    let Foundation { seal, store, clock, .. } = foundation;
    let messages = Messages::new(Arc::clone(graph), Arc::clone(seal), Arc::clone(store));
    let verifications = Verifications::new(
        Arc::clone(graph),
        Arc::clone(seal),
        Arc::clone(store),
        Arc::clone(clock),
        stop.clone(),
    );
    WhatsApp { verifications: Arc::new(verifications), messages: Arc::new(messages) }
}
