//! Delivery of logout tokens: what the queue in the database holds is sent in parallel, again at growing intervals, by
//! whichever node comes first. What a node holds when it dies is taken by another after its lease.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use grantor_crypto::random_bytes;
use grantor_protocol::SessionId;
use grantor_store::{Ended, Fault, LogoutNotification, Retry};
use lru::LruCache;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::back_channel::tell;
use super::failure::NotTold;
use crate::app::App;
use crate::clock::Now;
use crate::metrics::LogoutOutcome;

/// Deliveries of this process at once.
const AT_ONCE: usize = 32;
/// Between two looks at what commands and other nodes have queued, or what is due again.
const POLL: Duration = Duration::from_secs(1);
/// How long an attempt may take beside its two calls, for the client's keys and to the client: then it is anybody's.
const LEASE_MS: i64 = 10_000;
/// Seconds to the next attempt after the first, the second, ...; after these it is an hour.
const BACK_OFF: [i64; 5] = [5, 30, 120, 600, 1800];
const LONGEST_BACK_OFF: i64 = 3600;
/// The longest that a failure puts off what else is due at the same client, in milliseconds.
const OTHERS_WAIT_MS: i64 = 120_000;
/// The longest that an answer to a user waits for the clients to hear of it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
/// Sessions whose first attempts are remembered for those who wait for them.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");

/// What the parts of a process tell each other about deliveries.
#[derive(Debug)]
pub(crate) struct LogoutDelivery {
    queued: Notify,
    attempted: Mutex<LruCache<SessionId, u64>>,
    attempts: watch::Sender<()>,
}

impl Default for LogoutDelivery {
    fn default() -> Self {
        let attempted = Mutex::new(LruCache::new(REMEMBERED));
        Self { queued: Notify::new(), attempted, attempts: watch::Sender::new(()) }
    }
}

impl LogoutDelivery {
    /// Something was queued: it is delivered at once.
    pub(crate) fn wake(&self) {
        self.queued.notify_one();
    }

    /// Waits until this process has tried once to tell every client of these sessions, or until `bound` has passed: some
    /// may be in the hands of another node, or away. Whether it has.
    pub(crate) async fn settled(&self, ended: &Ended, bound: Duration) -> bool {
        let end = Instant::now() + bound;
        let mut attempts = self.attempts.subscribe();
        while self.first_attempts(&ended.sessions) < ended.notifications {
            match timeout_at(end, attempts.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return false,
            }
        }
        true
    }

    fn first_attempts(&self, sessions: &[SessionId]) -> u64 {
        let attempted = self.attempted.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.iter().filter_map(|session| attempted.peek(session)).sum()
    }

    fn note(&self, notification: &LogoutNotification) {
        if notification.attempt == 1 {
            let mut attempted = self.attempted.lock().unwrap_or_else(PoisonError::into_inner);
            *attempted.get_or_insert_mut(notification.session, || 0) += 1;
            drop(attempted);
            self.attempts.send_replace(());
        }
    }
}

/// Delivers until `shutdown` turns true; then nothing more is begun, and what has begun ends.
pub(crate) async fn run(app: App, mut shutdown: watch::Receiver<bool>) {
    let mut running = JoinSet::new();
    loop {
        begin(&app, &mut running).await;
        tokio::select! {
            biased;
            // Before the end: what the last requests queued is begun.
            () = app.logout_delivery.queued.notified() => {}
            _ = shutdown.wait_for(|stop| *stop) => break,
            Some(_) = running.join_next() => while running.try_join_next().is_some() {},
            () = tokio::time::sleep(POLL) => {}
        }
    }
    while running.join_next().await.is_some() {}
}

/// Takes what is due as far as there is room.
async fn begin(app: &App, running: &mut JoinSet<()>) {
    let room = AT_ONCE.saturating_sub(running.len());
    if room == 0 {
        return;
    }
    let now_ms = app.clock.now_ms();
    let calls_ms = i64::try_from(app.config.outbound.timeout.as_millis()).unwrap_or(i64::MAX / 4) * 2;
    let until_ms = now_ms + LEASE_MS + calls_ms;
    let limit = i64::try_from(room).unwrap_or(1);
    match app.store.logout_notifications().claim(now_ms, until_ms, limit).await {
        Ok(claimed) => {
            for notification in claimed {
                let app = app.clone();
                running.spawn(async move { deliver(&app, &notification).await });
            }
        }
        Err(fault) => tracing::debug!(%fault, "clients are told of logouts in the next round"),
    }
}

#[tracing::instrument(name = "logout.delivery", level = "debug", skip_all, fields(attempt = notification.attempt))]
async fn deliver(app: &App, notification: &LogoutNotification) {
    let outcome = attempt(app, notification).await;
    app.logout_delivery.note(notification);
    if let Err(fault) = outcome {
        tracing::warn!(%fault, "a client is told of a logout once more, since what became of it could not be noted");
    }
}

async fn attempt(app: &App, notification: &LogoutNotification) -> Result<(), Fault> {
    let queue = app.store.logout_notifications();
    let begun = Now { ms: app.clock.now_ms() };
    if notification.attempt > 1 && begun.timestamp() >= notification.expires_at {
        let error = "it was not told within logout.retry_for";
        counted(app, notification, LogoutOutcome::GivenUp).await;
        return queue.give_up(notification, error, false, begun.timestamp()).await;
    }
    let told = tell(app, notification).await;
    let now = Now { ms: app.clock.now_ms() };
    let error = match told {
        Ok(()) => {
            counted(app, notification, LogoutOutcome::Delivered).await;
            return queue.delivered(notification, now.timestamp()).await;
        }
        Err(error) => error,
    };
    counted(app, notification, LogoutOutcome::Failed).await;
    let text = error.to_string();
    let retry = retry(&error, notification, now.ms);
    if matches!(error, NotTold::NotRegistered) || retry.at_ms >= notification.expires_at.seconds() * 1000 {
        counted(app, notification, LogoutOutcome::GivenUp).await;
        warn(app, notification, &error, "a client was not told of a logout, and is not told any more").await;
        return queue.give_up(notification, &text, true, now.timestamp()).await;
    }
    warn(app, notification, &error, "a client was not told of a logout; it is told again").await;
    queue.failed(notification, &text, retry, now.timestamp()).await
}

/// When to try again, a tenth sooner or later: what failed together does not come back together.
fn retry(error: &NotTold, notification: &LogoutNotification, now_ms: i64) -> Retry {
    let failures = usize::try_from(notification.attempt - 1).unwrap_or_default();
    let wait_ms = BACK_OFF.get(failures).copied().unwrap_or(LONGEST_BACK_OFF) * 1000;
    let chance = i64::from(u16::from_le_bytes(random_bytes()));
    let wait_ms = wait_ms * 9 / 10 + wait_ms / 5 * chance / i64::from(u16::MAX);
    let others_at_ms = error.is_outage().then(|| now_ms + wait_ms.min(OTHERS_WAIT_MS));
    Retry { at_ms: now_ms + wait_ms, others_at_ms }
}

async fn warn(app: &App, notification: &LogoutNotification, error: &NotTold, what: &str) {
    let client = name(app, notification).await;
    let attempt = notification.attempt;
    tracing::warn!(client, attempt, %error, setting = error.setting(), "{what}");
}

async fn counted(app: &App, notification: &LogoutNotification, outcome: LogoutOutcome) {
    let client = name(app, notification).await;
    app.metrics.told(&client, outcome);
}

/// The client's name; none when it is gone or cannot be read now.
async fn name(app: &App, notification: &LogoutNotification) -> String {
    match app.clients.by_row(notification.client, app.clock.now_ms()).await {
        Ok(Some(client)) => client.row.client_id.to_string(),
        Ok(None) | Err(_) => String::new(),
    }
}
