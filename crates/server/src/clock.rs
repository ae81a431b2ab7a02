//! The one place that reads the machine's clock. Everything below the edge takes `now` as a value, so that one
//! request has one instant and tests can move time instead of sleeping.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use grantor_protocol::Timestamp;

/// The server's clock: the machine's, moved by whatever a test has added.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    advanced_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Milliseconds since the Unix epoch.
    #[expect(clippy::disallowed_methods, reason = "this is the home of the ban")]
    pub fn now_ms(&self) -> i64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX) + self.advanced_ms.load(Ordering::Relaxed)
    }

    /// Whole seconds since the Unix epoch, as JWTs count them (RFC 7519 section 2).
    pub fn now(&self) -> Timestamp {
        Timestamp(self.now_ms().div_euclid(1000))
    }

    /// Moves the clock forward, for tests.
    pub fn advance(&self, seconds: i64) {
        self.advanced_ms.fetch_add(seconds.saturating_mul(1000), Ordering::Relaxed);
    }
}

/// The instant a request is judged by: read once at its beginning.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Milliseconds since the Unix epoch.
    pub ms: i64,
}

impl Now {
    /// The same instant in whole seconds.
    pub fn timestamp(self) -> Timestamp {
        Timestamp(self.ms.div_euclid(1000))
    }
}
