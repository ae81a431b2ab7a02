//! What the server does by itself: removes rows that have ended, in small batches, and keeps the keys' schedule. Every
//! node may run both; the statements settle who does what.

use std::time::Duration;

use grantor_protocol::Lifetime;
use grantor_store::{Change, Expiring, Fault};
use tokio::task::JoinSet;

use crate::app::App;
use crate::audit::{AuditEvent, Cause};
use crate::clock::Now;

/// Seconds between two rounds.
const ROUND: Duration = Duration::from_secs(30);
/// Between two attempts to hear of other nodes.
const RELISTEN: Duration = Duration::from_secs(5);
/// Rows removed by one statement: short enough never to be in anybody's way.
const BATCH: i64 = 500;

/// The same for clients, each of which takes other rows along.
const CLIENT_BATCH: i64 = 100;

/// Starts the tasks; dropping or aborting the set stops them.
pub(crate) fn spawn(app: &App) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let (cleaner, keeper) = (app.clone(), app.clone());
    tasks.spawn(async move {
        let mut rounds = tokio::time::interval(ROUND);
        loop {
            rounds.tick().await;
            clean(&cleaner).await;
        }
    });
    tasks.spawn(async move {
        let mut rounds = tokio::time::interval(ROUND);
        loop {
            rounds.tick().await;
            keep_schedule(&keeper).await;
        }
    });
    let listener = app.clone();
    tasks.spawn(async move {
        loop {
            if let Err(fault) = listen(&listener).await {
                tracing::debug!(%fault, "notices of other nodes may have been missed");
            }
            tokio::time::sleep(RELISTEN).await;
        }
    });
    tasks
}

/// Keeps the keys' schedule; the key ring records what it did.
pub async fn keep_schedule(app: &App) {
    if let Err(error) = app.keys.keep_schedule(app.config.key_policy(), app.clock.now_ms()).await {
        tracing::warn!(%error, "the keys' schedule was not kept this time");
    }
}

/// Doubts what this process holds in memory as soon as another node says that it changed it.
async fn listen(app: &App) -> Result<(), Fault> {
    let mut changes = app.store.changes().await?;
    loop {
        match changes.next().await? {
            Change::Clients => app.clients.forget_all(),
            Change::Keys => app.keys.doubt(),
        }
    }
}

/// Writes down which clients were used, so that those that were not can be told.
pub(crate) async fn write_uses(app: &App) {
    if let Err(fault) = app.client_uses.write(&app.store).await {
        tracing::warn!(%fault, "that clients were used is noted in the next round");
    }
}

/// Removes clients that registered themselves and were silent for longer than the operator keeps them.
async fn remove_silent_clients(app: &App) -> Result<(), Fault> {
    let policy = &app.config.registration;
    let now = app.clock.now();
    let before = |lifetime: Lifetime| (!lifetime.is_zero()).then(|| now.plus(-lifetime.seconds()));
    let (unused, silent) = (before(policy.unused_lifetime), before(policy.idle_lifetime));
    loop {
        let count = app.store.cleanup().remove_silent_clients(unused, silent, CLIENT_BATCH).await?;
        if count > 0 {
            let cause = Cause::server(Now { ms: app.clock.now_ms() });
            app.audit.record(&cause, &AuditEvent::ClientsExpired { count });
        }
        if count < CLIENT_BATCH.unsigned_abs() {
            return Ok(());
        }
        app.clients.forget_all();
    }
}

/// One round of removal: every expiring table until a batch comes back short, and clients that are in nobody's use.
pub async fn clean(app: &App) {
    write_uses(app).await;
    if let Err(fault) = remove_silent_clients(app).await {
        tracing::warn!(%fault, "clients that nobody uses stay until the next round");
    }
    for what in Expiring::ALL {
        loop {
            match app.store.cleanup().remove_expired(what, app.clock.now(), BATCH).await {
                Ok(removed) if removed >= BATCH.unsigned_abs() => {}
                Ok(_) => break,
                Err(fault) => {
                    tracing::warn!(%fault, "rows that have ended stay until the next round");
                    return;
                }
            }
        }
    }
}
