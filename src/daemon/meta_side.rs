//! Meta's side: the real one as it is configured, or the sandbox in its place.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{ConfigError, Meta, MetaMode, NoPassword, Secret};
use crate::meta::graph::{AccessToken, AppSecret, GraphClient, GraphConfig};
use crate::meta::sandbox::{APP_ID, APP_SECRET, Sandbox, SandboxConfig};
use crate::meta::webhook::WebhookGate;
use crate::web::SignupApp;

/// The configuration that clients sign up with in the sandbox, which takes any.
const SANDBOX_CONFIGURATION: &str = "sandbox";

/// Each is `None` where it is not configured.
pub(super) struct MetaSide {
    pub(super) graph: Option<Arc<GraphClient>>,
    pub(super) webhooks: Option<WebhookGate>,
    pub(super) app: Option<SignupApp>,
    /// That of our own system user.
    pub(super) system_token: Option<AccessToken>,
    pub(super) sandbox: Option<Sandbox>,
}

impl MetaSide {
    /// Starts the sandbox, or takes what is configured.
    ///
    /// # Errors
    /// When a secret can not be read, an address can not be used or a port can not be had.
    pub(super) async fn start(
        meta: &Meta,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        match meta.mode {
            MetaMode::Live => Self::live(meta),
            MetaMode::Sandbox => {
                let config = SandboxConfig { listen: meta.sandbox_listen, clock };
                Self::in_place_of_meta(meta, Sandbox::start(config, stop).await?)
            }
        }
    }

    fn live(meta: &Meta) -> anyhow::Result<Self> {
        let unusable = |key: &str, error: NoPassword| ConfigError::unusable(key, error.to_string());
        let app_secret = meta.app_secret().map(|source| source.read()).transpose();
        let app_secret = app_secret.map_err(|error| unusable("meta.app_secret_file", error))?;
        let token = meta.webhook_verify_token().map(|source| source.read()).transpose();
        let token = token.map_err(|error| unusable("meta.webhook_verify_token_file", error))?;
        let system = meta.system_token().map(|source| source.read()).transpose();
        let system = system.map_err(|error| unusable("meta.system_token_file", error))?;
        let text = |secret: &Secret| AppSecret::new(secret.reveal().to_owned());
        let graph = match (&meta.app_id, &app_secret) {
            (Some(id), Some(secret)) => Some(client(meta, &meta.graph_url, id, text(secret))?),
            _ => None,
        };
        let gate = app_secret.as_ref().zip(token.as_ref());
        Ok(Self {
            graph,
            webhooks: gate.map(|(secret, token)| WebhookGate::new(text(secret), text(token))),
            app: meta.app_id.clone().zip(meta.config_id.clone()).map(|(app_id, config_id)| {
                SignupApp {
                    app_id,
                    config_id,
                    sdk_url: meta.sdk_url.clone(),
                    graph_version: meta.graph_version.clone(),
                    stand_in_origin: meta.stand_in_origin.clone(),
                }
            }),
            system_token: system.map(|token| AccessToken::new(token.reveal().to_owned())),
            sandbox: None,
        })
    }

    fn in_place_of_meta(meta: &Meta, sandbox: Sandbox) -> anyhow::Result<Self> {
        let origin = sandbox.origin();
        let secret = AppSecret::new(APP_SECRET.to_owned());
        Ok(Self {
            graph: Some(client(meta, &origin, APP_ID, secret)?),
            webhooks: None,
            app: Some(SignupApp {
                app_id: APP_ID.to_owned(),
                config_id: SANDBOX_CONFIGURATION.to_owned(),
                sdk_url: format!("{origin}/sdk.js"),
                graph_version: meta.graph_version.clone(),
                stand_in_origin: Some(origin),
            }),
            system_token: None,
            sandbox: Some(sandbox),
        })
    }
}

fn client(
    meta: &Meta,
    base_url: &str,
    app_id: &str,
    app_secret: AppSecret,
) -> anyhow::Result<Arc<GraphClient>> {
    let client = GraphClient::new(GraphConfig {
        base_url: base_url.to_owned(),
        version: meta.graph_version.clone(),
        app_id: app_id.to_owned(),
        app_secret,
        authorities: meta.authorities.clone(),
        timeout: meta.timeout,
    });
    let client = client.map_err(|error| ConfigError::unusable("meta", error.to_string()))?;
    Ok(Arc::new(client))
}
