//! Failed logins, counted per account and per address. A try is charged before the password is looked at, so that
//! no number of parallel guesses gets past the allowance, and given back when it succeeds.

use grantor_protocol::Timestamp;

use crate::{Attempt, Fault, engine::Engine};

/// How long failures are remembered after the last one.
const WINDOW_SECONDS: i64 = 15 * 60;

/// Whom to charge.
#[derive(Clone, Copy, Debug)]
pub struct ThrottleEntry {
    /// A keyed hash: neither names nor addresses are stored. The two of one try must differ.
    pub key: [u8; 32],
    /// How many tries are free.
    pub allowance: i64,
}

/// Whether a try may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleState {
    /// Whether this entry lets the try through.
    pub allowed: bool,
    /// How many seconds to wait until the next one.
    pub retry_after: i64,
}

/// Counts failed logins.
#[derive(Clone, Copy, Debug)]
pub struct Throttle<'a>(pub(crate) &'a Engine);

/// One of the two is blocked, by another try than this one. While so, nothing advances: waiting is never prolonged
/// by trying.
macro_rules! blocked {
    () => {
        "(throttle.blocked_until > $6 OR EXISTS (SELECT 1 FROM throttle AS other
            WHERE other.key IN ($1, $2) AND other.blocked_until > $6 AND other.attempt <> $5))"
    };
}

/// Failures after this try; those of a window that has passed do not count.
macro_rules! failures {
    () => {
        "(CASE WHEN throttle.expires_at <= $6 THEN 1 ELSE throttle.failures + 1 END)"
    };
}

/// Seconds to wait after so many failures more than are free.
macro_rules! delay {
    ($excess:expr) => {
        concat!(
            "(CASE WHEN ",
            $excess,
            " < 0 THEN 0 WHEN ",
            $excess,
            " = 0 THEN 1 WHEN ",
            $excess,
            " = 1 THEN 2 WHEN ",
            $excess,
            " = 2 THEN 4 WHEN ",
            $excess,
            " = 3 THEN 8 WHEN ",
            $excess,
            " = 4 THEN 16 ELSE 30 END)"
        )
    };
}

impl Throttle<'_> {
    /// Charges one try to both entries; it may go on only when both allow it. Once the allowance is used up every
    /// failure makes the next try wait 1, 2, 4, 8, 16, then 30 seconds.
    #[tracing::instrument(name = "store.throttle.charge", level = "debug", skip_all)]
    pub async fn charge(
        &self,
        entries: [ThrottleEntry; 2],
        attempt: Attempt,
        now: Timestamp,
    ) -> Result<Vec<ThrottleState>, Fault> {
        let mut locked = entries;
        // Always in the same order: two tries that share both rows must not wait for each other.
        locked.sort_by_key(|entry| entry.key);
        let [first, second] = locked;
        let charge = self.0.statement(
            "throttle.charge",
            concat!(
                "INSERT INTO throttle (key, allowance, failures, last_at, blocked_until, attempt, expires_at)
                 VALUES ($1, $3, 1, $6, $6 + ",
                delay!("1 - $3"),
                ", $5, $6 + $7), ($2, $4, 1, $6, $6 + ",
                delay!("1 - $4"),
                ", $5, $6 + $7)
                 ON CONFLICT (key) DO UPDATE SET
                   allowance = excluded.allowance,
                   failures = CASE WHEN ",
                blocked!(),
                " THEN throttle.failures ELSE ",
                failures!(),
                " END,
                   last_at = CASE WHEN ",
                blocked!(),
                " THEN throttle.last_at ELSE $6 END,
                   blocked_until = CASE WHEN ",
                blocked!(),
                " THEN throttle.blocked_until ELSE $6 + ",
                delay!(concat!(failures!(), " - excluded.allowance")),
                " END,
                   attempt = CASE WHEN ",
                blocked!(),
                " THEN throttle.attempt ELSE $5 END,
                   expires_at = CASE WHEN ",
                blocked!(),
                " THEN throttle.expires_at ELSE $6 + $7 END
                 RETURNING key, attempt, blocked_until"
            ),
        );
        let charge = charge.bind(first.key.as_slice()).bind(second.key.as_slice());
        let charge = charge.bind(first.allowance).bind(second.allowance).bind(attempt.uuid());
        let rows = charge.bind(now).bind(WINDOW_SECONDS).fetch_all().await?;
        let mut states = Vec::with_capacity(entries.len());
        for entry in entries {
            for row in &rows {
                if row.get::<Vec<u8>>("key")? == entry.key {
                    let blocked_until: i64 = row.get("blocked_until")?;
                    states.push(ThrottleState {
                        allowed: row.get::<uuid::Uuid>("attempt")? == attempt.uuid(),
                        retry_after: blocked_until.saturating_sub(now.seconds()).max(0),
                    });
                }
            }
        }
        Ok(states)
    }

    /// A try succeeded: the account starts over, and the address gets back what this try was charged.
    #[tracing::instrument(name = "store.throttle.clear", level = "debug", skip_all)]
    pub async fn clear(
        &self,
        account: &[u8; 32],
        address: &[u8; 32],
        attempt: Attempt,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let clear = self.0.statement(
            "throttle.clear",
            "UPDATE throttle SET
               failures = CASE WHEN key = $1 OR failures < 1 THEN 0 ELSE failures - 1 END,
               blocked_until = CASE WHEN key = $1 OR attempt = $3 THEN $4 ELSE blocked_until END
              WHERE key IN ($1, $2)",
        );
        let clear = clear.bind(account.as_slice()).bind(address.as_slice()).bind(attempt.uuid()).bind(now);
        clear.execute().await.map(drop)
    }
}
