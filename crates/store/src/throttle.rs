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

/// One of the three is blocked, by another try than this one. While so, nothing advances: waiting is never prolonged
/// by trying.
macro_rules! blocked {
    () => {
        "(throttle.blocked_until > $8 OR EXISTS (SELECT 1 FROM throttle AS other
            WHERE other.key IN ($1, $2, $3) AND other.blocked_until > $8 AND other.attempt <> $7))"
    };
}

/// Failures after this try; those of a window that has passed do not count.
macro_rules! failures {
    () => {
        "(CASE WHEN throttle.expires_at <= $8 THEN 1 ELSE throttle.failures + 1 END)"
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
    /// Charges one try to three entries; it may go on only when all allow it. Once the allowance of one is used up
    /// every failure makes the next try wait 1, 2, 4, 8, 16, then 30 seconds.
    #[tracing::instrument(name = "store.throttle.charge", level = "debug", skip_all)]
    pub async fn charge(
        &self,
        entries: [ThrottleEntry; 3],
        attempt: Attempt,
        now: Timestamp,
    ) -> Result<Vec<ThrottleState>, Fault> {
        let mut locked = entries;
        // Always in the same order: two tries that share rows must not wait for each other.
        locked.sort_by_key(|entry| entry.key);
        let charge = self.0.statement(
            "throttle.charge",
            concat!(
                "INSERT INTO throttle (key, allowance, failures, last_at, blocked_until, attempt, expires_at)
                 VALUES ($1, $4, 1, $8, $8 + ",
                delay!("1 - $4"),
                ", $7, $8 + $9), ($2, $5, 1, $8, $8 + ",
                delay!("1 - $5"),
                ", $7, $8 + $9), ($3, $6, 1, $8, $8 + ",
                delay!("1 - $6"),
                ", $7, $8 + $9)
                 ON CONFLICT (key) DO UPDATE SET
                   allowance = excluded.allowance,
                   failures = CASE WHEN ",
                blocked!(),
                " THEN throttle.failures ELSE ",
                failures!(),
                " END,
                   last_at = CASE WHEN ",
                blocked!(),
                " THEN throttle.last_at ELSE $8 END,
                   blocked_until = CASE WHEN ",
                blocked!(),
                " THEN throttle.blocked_until ELSE $8 + ",
                delay!(concat!(failures!(), " - excluded.allowance")),
                " END,
                   attempt = CASE WHEN ",
                blocked!(),
                " THEN throttle.attempt ELSE $7 END,
                   expires_at = CASE WHEN ",
                blocked!(),
                " THEN throttle.expires_at ELSE $8 + $9 END
                 RETURNING key, attempt, blocked_until"
            ),
        );
        let charge = locked.iter().fold(charge, |charge, entry| charge.bind(entry.key.as_slice()));
        let charge = locked.iter().fold(charge, |charge, entry| charge.bind(entry.allowance));
        let rows = charge.bind(attempt.uuid()).bind(now).bind(WINDOW_SECONDS).fetch_all().await?;
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

    /// A try succeeded: what counts for the account alone starts over, and what it shares with others (`shared`) gets
    /// back what this try was charged.
    #[tracing::instrument(name = "store.throttle.clear", level = "debug", skip_all)]
    pub async fn clear(
        &self,
        account: &[u8; 32],
        shared: [&[u8; 32]; 2],
        attempt: Attempt,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let clear = self.0.statement(
            "throttle.clear",
            "UPDATE throttle SET
               failures = CASE WHEN key = $1 OR failures < 1 THEN 0 ELSE failures - 1 END,
               blocked_until = CASE WHEN key = $1 OR attempt = $4 THEN $5 ELSE blocked_until END
              WHERE key IN ($1, $2, $3)",
        );
        let [one, other] = shared;
        let clear = clear.bind(account.as_slice()).bind(one.as_slice()).bind(other.as_slice());
        clear.bind(attempt.uuid()).bind(now).execute().await.map(drop)
    }
}
