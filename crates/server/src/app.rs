//! What every handler shares. Handlers learn the issuer from the `extract::Issuer` extractor, never from the
//! configuration held here, so that one process may serve several issuers later.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;
use grantor_store::Store;
use tokio::sync::Notify;

use crate::audit::{AuditLog, Cause};
use crate::client_cache::ClientCache;
use crate::client_keys::ClientKeys;
use crate::client_uses::ClientUses;
use crate::clock::{Clock, Now};
use crate::config::Config;
use crate::discovery::Document;
use crate::drain::Drain;
use crate::ending::EndingAccess;
use crate::extract::Issuer;
use crate::hash_pool::HashPool;
use crate::key_ring::KeyRing;
use crate::logout::delivery::LogoutDelivery;
use crate::metrics::Metrics;
use crate::outbound::Fetcher;
use crate::pages::assets::Assets;
use crate::playground::Playground;

/// The shared state; cloning it is cheap.
#[derive(Clone, Debug)]
pub struct App(Arc<Shared>);

/// The parts of [`App`].
#[derive(Debug)]
pub struct Shared {
    /// The operator's settings, validated.
    pub config: Config,
    /// The issuer that they name, whose parts are made once.
    pub(crate) issuer: Issuer,
    /// The database.
    pub store: Store,
    /// Data keys and signing keys.
    pub keys: KeyRing,
    /// Clients, at most a second old.
    pub(crate) clients: ClientCache,
    /// That clients which registered themselves are in use.
    pub(crate) client_uses: ClientUses,
    /// The time.
    pub clock: Clock,
    /// Room for argon2id.
    pub(crate) hashing: HashPool,
    /// The same for secrets that humans chose for clients: neither can starve the other.
    pub(crate) secret_hashing: HashPool,
    /// Documents of clients, from elsewhere.
    pub(crate) fetcher: Fetcher,
    /// Their keys.
    pub(crate) client_keys: ClientKeys,
    /// Telling clients of logouts.
    pub(crate) logout_delivery: LogoutDelivery,
    /// What the pages load.
    pub(crate) assets: Assets,
    /// What discovery says.
    pub(crate) metadata: Document,
    /// Whether this process is about to stop.
    pub(crate) drain: Drain,
    /// Counters and latencies.
    pub(crate) metrics: Metrics,
    /// Told when the files of the public listener's certificate may have changed.
    pub(crate) certificate_renewed: Notify,
    /// Who did what.
    pub audit: Arc<AuditLog>,
    /// The developer's relying party, in `serve --dev` only.
    pub(crate) playground: Option<Playground>,
}

impl App {
    /// Has this process look at once for clients that are to be told of a logout; it looks every second anyway.
    pub fn tell_clients(&self) {
        self.logout_delivery.wake();
    }

    /// Has the public listener read its certificate again at once; it does so every minute anyway.
    pub fn reread_certificate(&self) {
        self.certificate_renewed.notify_one();
    }

    /// An act that ends access; whoever is to be told of it is told at once.
    pub fn ending(&self, cause: Cause) -> EndingAccess<'_> {
        EndingAccess::new(&self.store, &self.config.logout, &self.audit, cause)
            .telling_by(&self.logout_delivery)
    }

    /// Puts the parts together.
    pub fn new(
        config: Config,
        store: Store,
        keys: KeyRing,
        clock: Clock,
        playground: Option<Playground>,
    ) -> Self {
        let clients = ClientCache::new(store.clone());
        let (concurrency, queue) = (config.limits.hash_concurrency, config.limits.hash_queue);
        let (hashing, secret_hashing) = (HashPool::new(concurrency, queue), HashPool::new(1, queue));
        let fetcher = Fetcher::new(&config.outbound);
        let client_keys = ClientKeys::new(fetcher.clone());
        let metrics = Metrics::default();
        let audit = Arc::new(AuditLog::new(&config.audit));
        let of_keys = Arc::clone(&audit);
        let keys = keys.recorded_by(Box::new(move |algorithm, step, ms| {
            of_keys.record_rotation(&Cause::server(Now { ms }), algorithm, step);
        }));
        let assets = Assets::new(&config.brand, config.issuer.path());
        let metadata = Document::of(&config);
        let issuer = Issuer::configured(&config);
        Self(Arc::new(Shared {
            config,
            issuer,
            store,
            keys,
            clients,
            client_uses: ClientUses::default(),
            clock,
            hashing,
            secret_hashing,
            fetcher,
            client_keys,
            logout_delivery: LogoutDelivery::default(),
            assets,
            metadata,
            drain: Drain::default(),
            metrics,
            certificate_renewed: Notify::new(),
            audit,
            playground,
        }))
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<App> for Clock {
    fn from_ref(app: &App) -> Self {
        app.clock.clone()
    }
}
