//! Puts the program together: the only place that knows every type.

mod keys;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use url::Url;

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::descriptors;
use crate::egress::{Egress, EgressConfig, FetchLimits, PING};
use crate::gateway::Upstreams;
use crate::identity::{Providers, SignOn};
use crate::login::Login;
use crate::notify::Notifier;
use crate::oauth::Oauth;
use crate::services::audit::{AuditKeys, AuditTrail, Retention};
use crate::services::notices::Channels;
use crate::services::{Core, Services, master_key};
use crate::store;
use crate::telemetry::measures;
use crate::web::listen::Bounds;
use crate::web::set_up::SetUpLink;
use crate::web::workers::Workers;
use crate::web::{self, Site, listen, session};

/// How long running calls may take to finish after SIGTERM.
const DRAIN: Duration = Duration::from_secs(30);
/// Few ask for them.
const METRICS: Bounds = Bounds::of(64);

/// A program that is ready to serve.
pub struct Overkey {
    pub core: Core,
    pub services: Services,
    pub egress: Egress,
    pub oauth: Oauth,
    /// For MCP clients that sign in here.
    pub login: Login,
    /// Single sign-on, where it is configured.
    pub sign_on: Option<SignOn>,
    pub config: Config,
}

impl Overkey {
    /// Opens and migrates the database and checks the key. `public_url` is where we shall be reached.
    pub async fn open(config: Config, public_url: Url, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let egress = Egress::system(&egress_config(&config));
        Self::open_with(config, public_url, clock, egress).await
    }

    /// With another way out: a test chooses where names lead.
    pub async fn open_with(
        config: Config,
        public_url: Url,
        clock: Arc<dyn Clock>,
        egress: Egress,
    ) -> anyhow::Result<Self> {
        // Before anything counts.
        measures::recorder();
        let store = store::open(&config.database_url)
            .await
            .context("Cannot open the database; check OVERKEY_DATABASE_URL")?;
        store
            .migrate()
            .await
            .context("Cannot bring the database's schema up to date")?;
        let seal = Arc::new(keys::open_seal(store.as_ref(), &config).await?);
        master_key::watch(&store, &seal);
        let audit_keys = AuditKeys::open(store.as_ref(), &seal, clock.now())
            .await
            .context("Cannot open the audit trail's keys")?;
        let core = Core {
            store,
            clock,
            seal,
            audit_keys,
            public_url,
            channels: Channels {
                webhook: config.notify.webhook.is_some(),
                mail: config.notify.mail.is_some(),
            },
        };
        let upstreams = Arc::new(Upstreams::new(egress.clone(), &config));
        let providers = Arc::new(Providers::new(&config.identity_providers, &egress));
        let oauth = Oauth::new(&core, egress.clone());
        let services = Services::new(&core, upstreams, providers, Arc::new(oauth.clone()));
        let sign_on = config.sso.clone();
        Ok(Self {
            sign_on: sign_on.map(|sso| SignOn::new(sso, &core, services.sign_ons.clone(), egress.clone())),
            login: Login::new(&core, services.logins.clone(), egress.clone()),
            services,
            oauth,
            egress,
            core,
            config,
        })
    }

    /// Who sends notifications.
    pub fn notifier(&self) -> Notifier {
        Notifier::new(&self.core, self.services.outbox.clone(), &self.config)
    }

    /// Everything we answer. Without people, a one-time set-up link is made and printed to the log.
    pub async fn site(&self) -> anyhow::Result<Site> {
        let link = SetUpLink::default();
        let nobody = self.services.sign_in.needs_first_admin().await?;
        if nobody && self.config.password_sign_in {
            let token = link.make()?;
            warn!(
                "Nobody is here yet. Make the first admin at {}setup/{}",
                self.core.public_url,
                token.expose()
            );
        } else if nobody {
            warn!("Nobody is here yet. The first admin is whoever signs on from one of sso_admin_groups");
        }
        web::site(self, link)
    }
}

/// How far we may reach out.
pub fn egress_config(config: &Config) -> EgressConfig {
    EgressConfig {
        allow: config.upstream_allow.clone(),
        connect_timeout: Duration::from_secs(config.connect_timeout),
        ping: PING,
        trust: config.trust.clone(),
        fetch: FetchLimits::default(),
    }
}

/// Where we are reached when nothing else is configured.
pub fn public_url(config: &Config, bound: SocketAddr) -> anyhow::Result<Url> {
    match &config.public_url {
        Some(url) => Ok(url.clone()),
        None if bound.ip().is_unspecified() => Ok(Url::parse(&format!("http://localhost:{}", bound.port()))?),
        None => Ok(Url::parse(&format!("http://{bound}"))?),
    }
}

pub async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("Cannot listen on {address}; another program may be using the port (OVERKEY_LISTEN chooses another)")
    })
}

/// `overkey serve`.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let listener = bind(config.listen).await?;
    let url = public_url(&config, listener.local_addr()?)?;
    let overkey = Overkey::open(config, url, Arc::new(SystemClock)).await?;
    let keys = overkey.services.master_keys.clone();
    tokio::spawn(async move { keys.tell_what_is_missing().await });
    info!(url = %overkey.core.public_url, "Overkey is ready");
    run(&overkey, listener).await
}

/// Serves until SIGTERM or ctrl-C, then lets running calls finish (30 seconds at most).
pub async fn run(overkey: &Overkey, listener: TcpListener) -> anyhow::Result<()> {
    let site = overkey.site().await?;
    let stop = CancellationToken::new();
    let bounds = Bounds::of(descriptors::connections(overkey.config.limits.connections));
    if let Some(address) = overkey.config.metrics_listen {
        let listener = bind(address).await?;
        info!(url = %format_args!("http://{}/metrics", listener.local_addr()?), "Metrics are served");
        let metrics = listen::serve(listener, web::metrics_router(overkey), METRICS, stop.clone());
        tokio::spawn(metrics);
    }
    let sweep = session::sweep(overkey.core.store.clone(), overkey.core.clock.clone());
    let sweep = tokio::spawn(sweep);
    let measured = tokio::spawn(measures::keep());
    let notifier = tokio::spawn(overkey.notifier().run());
    let keep = tokio::spawn(keep_trails(overkey.services.audit.clone(), retention(&overkey.config)));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut workers = Workers::start(cores, &site, bounds).context("Cannot start the threads for calls")?;
    let told = stop.clone();
    let stopping = async {
        signalled().await;
        info!("Stopping: no new work, running calls may finish");
        stop.cancel();
        tokio::time::sleep(DRAIN).await;
    };
    let drained = tokio::select! {
        () = workers.serve(listener, told) => true,
        () = stopping => false,
    };
    if !drained {
        warn!("Some calls were still running after {} seconds", DRAIN.as_secs());
    }
    sweep.abort();
    measured.abort();
    // What was being sent is sent again by whoever is next.
    notifier.abort();
    // A rotated refresh token that is not stored is lost.
    overkey.oauth.finish_renewals().await;
    keep.abort();
    overkey.services.calls.flush().await;
    // Their connections to the database may have been in use until here.
    drop(workers);
    Ok(())
}

const fn retention(config: &Config) -> Retention {
    Retention {
        changes: config.audit_retention,
        calls: config.call_retention,
    }
}

/// Every hour, for ever.
async fn keep_trails(trail: AuditTrail, retention: Retention) {
    let mut hours = tokio::time::interval(Duration::from_secs(3_600));
    loop {
        hours.tick().await;
        if let Err(error) = trail.keep(retention).await {
            error!(error = %error, "Could not remove old entries of the audit trail");
        }
    }
}

async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
