//! Counters and latencies in Prometheus' text format. Labels are names from our own tables, never a caller's input, so
//! that the number of series is bounded. Clients are named for [`MOST_CLIENTS`] of them.

use std::collections::HashSet;
use std::fmt::{Debug, Formatter};
use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use grantor_protocol::IssuerId;
use grantor_store::PendingLogouts;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::app::App;
use crate::error::Failure;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabel {
    route: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct GrantLabels {
    grant: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct LogoutLabels {
    client: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ClientLabel {
    client: String,
}

/// Clients that have series of their own: the first that this process told of a logout, and those for whom most
/// notifications wait. The others are counted together, under the name that no client has: none.
const MOST_CLIENTS: usize = 100;

/// What became of an attempt to tell a client of a logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogoutOutcome {
    /// It was told.
    Delivered,
    /// It was not, this time.
    Failed,
    /// It is not told any more.
    GivenUp,
}

impl LogoutOutcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
        }
    }
}

/// What this process counts.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabel, Histogram>,
    grants: Family<GrantLabels, Counter>,
    logins: Family<OutcomeLabel, Counter>,
    replays: Family<OutcomeLabel, Counter>,
    logouts: Family<LogoutLabels, Counter>,
    logouts_pending: Family<ClientLabel, Gauge>,
    named_clients: Mutex<HashSet<String>>,
    pool_size: Gauge,
    pool_idle: Gauge,
    hash_queue: Gauge,
    statements: Gauge,
}

impl Debug for Metrics {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("grantor"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.0005, 2.0, 15))),
            grants: Family::default(),
            logins: Family::default(),
            replays: Family::default(),
            logouts: Family::default(),
            logouts_pending: Family::default(),
            named_clients: Mutex::default(),
            pool_size: Gauge::default(),
            pool_idle: Gauge::default(),
            hash_queue: Gauge::default(),
            statements: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register(
            "http_requests",
            "Requests answered, by route and status",
            metrics.requests.clone(),
        );
        registry.register("http_request_seconds", "Time to the answer, by route", metrics.seconds.clone());
        registry.register("grants", "Token requests, by grant type and outcome", metrics.grants.clone());
        registry.register("logins", "Passwords entered, by outcome", metrics.logins.clone());
        registry.register(
            "replays",
            "Single-use values presented twice; each revoked a grant",
            metrics.replays.clone(),
        );
        registry.register(
            "logout_notifications",
            "Attempts to tell a client of a logout, by outcome; without a name: all further clients",
            metrics.logouts.clone(),
        );
        registry.register(
            "logout_notifications_pending",
            "Notifications that wait in the database, the same on every node; without a name: all further clients",
            metrics.logouts_pending.clone(),
        );
        registry.register("database_connections", "Connections open", metrics.pool_size.clone());
        registry.register(
            "database_connections_idle",
            "Connections open and unused",
            metrics.pool_idle.clone(),
        );
        registry.register("hash_queue", "Password hashes waiting or running", metrics.hash_queue.clone());
        registry.register(
            "database_statements",
            "Statements executed since the start",
            metrics.statements.clone(),
        );
        metrics
    }
}

impl Metrics {
    /// One answered request.
    pub(crate) fn answered(&self, route: &'static str, method: &'static str, status: u16, seconds: f64) {
        self.seconds.get_or_create(&RouteLabel { route }).observe(seconds);
        self.requests.get_or_create(&RequestLabels { route, method, status }).inc();
    }

    /// One token request.
    pub(crate) fn granted(&self, grant: &'static str, outcome: &'static str) {
        self.grants.get_or_create(&GrantLabels { grant, outcome }).inc();
    }

    /// One entered password.
    pub(crate) fn login(&self, outcome: &'static str) {
        self.logins.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// One replay that was detected.
    pub(crate) fn replayed(&self, what: &'static str) {
        self.replays.get_or_create(&OutcomeLabel { outcome: what }).inc();
    }

    /// One attempt to tell a client of a logout.
    pub(crate) fn told(&self, client: &str, outcome: LogoutOutcome) {
        let mut named = self.named_clients.lock().unwrap_or_else(PoisonError::into_inner);
        if named.len() < MOST_CLIENTS && !named.contains(client) {
            named.insert(client.to_owned());
        }
        let client = if named.contains(client) { client } else { "" }.to_owned();
        drop(named);
        self.logouts.get_or_create(&LogoutLabels { client, outcome: outcome.name() }).inc();
    }

    fn set_pending(&self, pending: &PendingLogouts) {
        self.logouts_pending.clear();
        let of_most: i64 = pending.most.iter().map(|(_, count)| count).sum();
        let named = pending.most.iter().map(|(client, count)| (client.to_string(), *count));
        for (client, count) in named.chain([(String::new(), pending.in_all - of_most)]) {
            self.logouts_pending.get_or_create(&ClientLabel { client }).set(count);
        }
    }
}

/// `GET /metrics` on the admin listener.
pub(crate) async fn get(State(app): State<App>) -> Response {
    let pool = app.store.pool_state();
    let metrics = &app.metrics;
    metrics.pool_size.set(i64::from(pool.size));
    metrics.pool_idle.set(i64::from(pool.idle));
    metrics.hash_queue.set(i64::try_from(app.hashing.queued()).unwrap_or(i64::MAX));
    metrics.statements.set(i64::try_from(app.store.statements()).unwrap_or(i64::MAX));
    let most = i64::try_from(MOST_CLIENTS).unwrap_or(i64::MAX);
    match app.store.logout_deliveries().pending(IssuerId::FIRST, most).await {
        Ok(pending) => metrics.set_pending(&pending),
        // Everything else is known without the database, which may be why somebody looks.
        Err(_) => metrics.logouts_pending.clear(),
    }
    let mut text = String::new();
    if let Err(error) = encode(&mut text, &metrics.registry) {
        return Failure::Internal(error.to_string()).into_json();
    }
    let content_type = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], text).into_response()
}
