//! What faces the internet: pages and the REST API, and the webhooks of partners.

use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::foundation::Foundation;
use super::meta_work::MetaWork;
use crate::accounts::Accounts;
use crate::config::Config;
use crate::meta::webhook::WebhookGate;
use crate::tls::{Certificate, authorities, client_config};
use crate::web::{
    ApiSetup, Route, ServerConfig, SignupApp, SignupSetup, WebServer, WebState, router,
};
use crate::webhooks::{Deliveries, DeliverySetup, Reach, Webhooks};

/// What Meta's side has for pages. Each is `None` where it is not configured.
pub(super) struct FromMeta {
    pub(super) app: Option<SignupApp>,
    pub(super) webhooks: Option<WebhookGate>,
}

pub(super) struct WebSide {
    pub(super) server: WebServer,
    /// Every page and every other answer that there is.
    pub(super) routes: Vec<Route>,
    pub(super) deliveries: Deliveries,
}

impl WebSide {
    /// Serves, until `stop` is cancelled. The deliveries are to be run.
    ///
    /// # Errors
    /// When the port can not be had.
    pub(super) async fn start(
        config: &Config,
        (foundation, work): (&Foundation, &MetaWork),
        meta: FromMeta,
        certificate: Option<Arc<Certificate>>,
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let reach = Arc::new(Reach::new(config.webhooks.allow_networks.clone()));
        let deliveries = Deliveries::new(DeliverySetup {
            store: Arc::clone(&foundation.store),
            seal: Arc::clone(&foundation.seal),
            clock: Arc::clone(&foundation.clock),
            reach: Arc::clone(&reach),
            tls: receivers_tls(&config.webhooks.authorities)?,
            written: Arc::clone(&foundation.written),
        });
        let (site, routes) = router(state(config, (foundation, work), meta, reach, stop));
        let served = ServerConfig {
            listen: config.web.listen,
            certificate,
            max_connections: config.web.max_connections,
            max_connections_per_address: config.web.max_connections_per_address,
            trusted_proxies: config.web.trusted_proxies.as_slice().into(),
        };
        let server = WebServer::start(served, site, stop.clone()).await?;
        Ok(Self { server, routes, deliveries })
    }
}

/// What the pages are given.
fn state(
    config: &Config,
    (foundation, work): (&Foundation, &MetaWork),
    FromMeta { app, webhooks }: FromMeta,
    reach: Arc<Reach>,
    stop: &CancellationToken,
) -> WebState {
    let Foundation { store, seal, recordings, clock, feed, .. } = foundation;
    let MetaWork { completions, whatsapp, outgoing } = work;
    WebState {
        api: Arc::new(ApiSetup::new(
            config.api.requests_per_minute,
            Arc::clone(seal),
            Arc::clone(outgoing),
            Webhooks::new(Arc::clone(seal), reach),
        )),
        messages: whatsapp.as_ref().map(|whatsapp| Arc::clone(&whatsapp.messages)),
        verifications: whatsapp.as_ref().map(|whatsapp| Arc::clone(&whatsapp.verifications)),
        signup: app
            .zip(completions.clone())
            .and_then(|(app, completions)| SignupSetup::new(app, completions).map(Arc::new)),
        webhook: webhooks.map(Arc::new),
        public_url: config.web.public_url.as_str().into(),
        store: Arc::clone(store),
        recordings: Arc::clone(recordings),
        feed: feed.clone(),
        accounts: Arc::new(Accounts::new(Arc::clone(store), Arc::clone(seal), Arc::clone(clock))),
        trusted_proxies: config.web.trusted_proxies.as_slice().into(),
        clock: Arc::clone(clock),
        heartbeat: config.web.heartbeat,
        stop: stop.clone(),
    }
}

/// How partners' receivers are asked. A host without authorities can do everything else, so it starts.
fn receivers_tls(path: &Path) -> anyhow::Result<Arc<ClientConfig>> {
    let roots = authorities(path).unwrap_or_else(|error| {
        warn!(%error, "webhooks.authorities: no receiver of a webhook is believed");
        RootCertStore::empty()
    });
    Ok(Arc::new(client_config(roots)?))
}
