//! The two SQL engines behind one face; nothing outside this module names one.
//!
//! Every operation has one SQL text for both. The portable subset: `$n` parameters, `RETURNING` (scalar
//! sub-queries in it too), `ON CONFLICT`, `CASE`; no clock of the database, no arrays, no `FOR UPDATE`, no
//! data-modifying CTE. A number computed in SQL is `CAST(.. AS BIGINT)`, because Postgres has several widths.

mod backup;
mod changes;
mod connect;
mod migrate;
mod row;
mod statement;
mod value;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use sqlx::{PgPool, SqlitePool};

pub use backup::BackUpError;
pub use changes::{Change, Changes};
pub use connect::{DatabaseUrl, DatabaseUrlError};
pub(crate) use row::Row;
pub(crate) use statement::{Statement, Transaction};
pub(crate) use value::Value;

use crate::Fault;

/// How the connections are used right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolState {
    /// Open connections.
    pub size: u32,
    /// Open and waiting for work.
    pub idle: u32,
    /// Open and working.
    pub in_use: u32,
}

/// One open database; clones share its connections.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pools: Pools,
    /// What was connected with, for the connections that migrations need for themselves.
    url: DatabaseUrl,
    statements: Arc<AtomicU64>,
    doubt: Doubt,
}

#[derive(Clone, Debug)]
enum Pools {
    /// SQLite has one writer at a time: a queue of one connection waits in order, where several would
    /// fail with `SQLITE_BUSY`. Readers are never blocked in WAL mode.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

impl Engine {
    /// A statement in its own transaction. `name` is `<repository>.<verb>`, as spans and faults show it.
    pub(crate) fn statement(&self, name: &'static str, sql: &'static str) -> Statement<'_> {
        Statement::on_pool(self, name, sql)
    }

    /// A transaction, only for what one statement cannot say. It takes SQLite's write lock at once, so it cannot
    /// fail half way because somebody else wrote first.
    pub(crate) async fn begin(&self, name: &'static str) -> Result<Transaction, Fault> {
        Transaction::begin(self, name).await
    }

    /// Statements executed so far, without BEGIN, COMMIT and readiness checks.
    pub(crate) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    pub(crate) fn pool_state(&self) -> PoolState {
        let state = |size: u32, idle: usize| {
            let idle = u32::try_from(idle).unwrap_or(size).min(size);
            PoolState { size, idle, in_use: size - idle }
        };
        match &self.pools {
            Pools::Postgres(pool) => state(pool.size(), pool.num_idle()),
            Pools::Sqlite { writer, readers } => {
                state(writer.size() + readers.size(), writer.num_idle() + readers.num_idle())
            }
        }
    }

    /// Seconds since the epoch by the database's own clock.
    pub(crate) async fn clock(&self) -> Result<i64, Fault> {
        let sql = match &self.pools {
            Pools::Sqlite { .. } => "SELECT unixepoch() AS now",
            Pools::Postgres(_) => {
                "SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp())) AS BIGINT) AS now"
            }
        };
        let row = self.statement("engine.clock", sql).read().uncounted().fetch_optional().await?;
        row.map_or(Ok(0), |row| row.get("now"))
    }

    /// Closes every connection; SQLite then folds its log into the file.
    pub(crate) async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// Since when connections are in doubt. One that breaks tells that its siblings are broken too (the database was
/// restarted), so those opened before are tested before they are used again.
#[derive(Clone, Debug)]
struct Doubt {
    opened: Instant,
    /// Milliseconds after `opened`; zero is never.
    since: Arc<AtomicU64>,
}

impl Doubt {
    fn none() -> Doubt {
        Doubt { opened: Instant::now(), since: Arc::new(AtomicU64::new(0)) }
    }

    fn raise(&self) {
        self.since.store(self.milliseconds(Instant::now()).max(1), Ordering::Release);
    }

    fn covers(&self, connected: Instant) -> bool {
        self.milliseconds(connected) <= self.since.load(Ordering::Acquire)
    }

    fn milliseconds(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.opened).as_millis()).unwrap_or(u64::MAX)
    }
}
