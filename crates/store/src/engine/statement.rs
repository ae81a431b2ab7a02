//! Running one statement: which connection, what is tried again, what a failure means. What the drivers do is boxed: their
//! futures are of several thousand bytes, which every caller up to the connection would hold, clear and move.

use std::{sync::atomic::Ordering, time::Duration};

use sqlx::{
    Postgres, Sqlite, error::ErrorKind, postgres::PgArguments, query::Query, sqlite::SqliteArguments,
};

use super::{Engine, Pools, Row, Value};
use crate::Fault;

/// For a Postgres that went silent: later than its own `statement_timeout`, so that this one is the exception.
const SILENCE: Duration = Duration::from_secs(20);
/// How often a statement is tried that the database itself rolled back (deadlock, serialization).
const ROLLED_BACK_TRIES: u32 = 3;

/// A statement and its parameters, in the order of `$1`, `$2`, ...
#[must_use]
pub(crate) struct Statement<'a> {
    target: Target<'a>,
    name: &'static str,
    sql: &'static str,
    values: Vec<Value>,
    effect: Effect,
    counted: bool,
}

enum Target<'a> {
    Pool(&'a Engine),
    Transaction(&'a mut Transaction),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Changes something; after a lost connection nobody knows whether it did, so the caller is told.
    Write,
    /// Changes something, and running it twice is the same as once.
    RepeatableWrite,
    Read,
}

#[derive(Clone, Copy)]
enum Wanted {
    Count,
    Rows,
}

enum Answer {
    Count(u64),
    Rows(Vec<Row>),
}

impl<'a> Statement<'a> {
    pub(super) fn on_pool(engine: &'a Engine, name: &'static str, sql: &'static str) -> Statement<'a> {
        let target = Target::Pool(engine);
        Statement { target, name, sql, values: Vec::new(), effect: Effect::Write, counted: true }
    }

    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Changes nothing: may run on a reading connection, and again after a connection broke.
    pub(crate) fn read(mut self) -> Self {
        self.effect = Effect::Read;
        self
    }

    /// Running it twice is the same as once, so a broken connection is answered by running it again.
    pub(crate) fn repeatable(mut self) -> Self {
        self.effect = Effect::RepeatableWrite;
        self
    }

    /// Asked by the clock and not for a request, so that it would blur what requests cost.
    pub(crate) fn uncounted(mut self) -> Self {
        self.counted = false;
        self
    }

    /// How many rows it changed.
    pub(crate) async fn execute(self) -> Result<u64, Fault> {
        match self.run(Wanted::Count).await? {
            Answer::Count(rows) => Ok(rows),
            Answer::Rows(rows) => Ok(rows.len() as u64),
        }
    }

    /// Every row. They are handed out after the statement has ended, so after COMMIT: a driver that hands out the
    /// first row early would let an answer leave for something that is then rolled back.
    pub(crate) async fn fetch_all(self) -> Result<Vec<Row>, Fault> {
        match self.run(Wanted::Rows).await? {
            Answer::Rows(rows) => Ok(rows),
            Answer::Count(_) => Ok(Vec::new()),
        }
    }

    pub(crate) async fn fetch_optional(self) -> Result<Option<Row>, Fault> {
        Ok(self.fetch_all().await?.into_iter().next())
    }

    async fn run(self, wanted: Wanted) -> Result<Answer, Fault> {
        let Statement { target, name, sql, values, effect, counted } = self;
        let engine = match target {
            Target::Pool(engine) => engine,
            Target::Transaction(transaction) => return transaction.run(name, sql, &values, wanted).await,
        };
        if counted {
            engine.statements.fetch_add(1, Ordering::Relaxed);
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let running = run_on_pool(engine, name, sql, &values, effect, wanted);
            let error = match Box::pin(running).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let again = match Trouble::of(&error) {
                Trouble::ConnectionLost => {
                    engine.doubt.raise();
                    effect != Effect::Write && tries < 2
                }
                Trouble::ReadOnly => {
                    engine.doubt.raise();
                    tries < 2
                }
                Trouble::RolledBack => tries < ROLLED_BACK_TRIES,
                Trouble::Busy | Trouble::Conflict | Trouble::Other => false,
            };
            if !again {
                return Err(fault_of(name, error));
            }
        }
    }
}

/// Several statements that become true together, or not at all when this is dropped without a commit.
#[derive(Debug)]
pub(crate) struct Transaction {
    engine: Engine,
    name: &'static str,
    open: Open,
    counted: bool,
}

#[derive(Debug)]
enum Open {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    pub(super) async fn begin(engine: &Engine, name: &'static str) -> Result<Transaction, Fault> {
        let open = match &engine.pools {
            Pools::Sqlite { writer, .. } => {
                Box::pin(writer.begin_with("BEGIN IMMEDIATE")).await.map(Open::Sqlite)
            }
            Pools::Postgres(pool) => Box::pin(pool.begin()).await.map(Open::Postgres),
        };
        let open = open.map_err(|error| {
            if matches!(Trouble::of(&error), Trouble::ConnectionLost) {
                engine.doubt.raise();
            }
            fault_of(name, error)
        })?;
        Ok(Transaction { engine: engine.clone(), name, open, counted: true })
    }

    pub(crate) fn statement(&mut self, name: &'static str, sql: &'static str) -> Statement<'_> {
        let target = Target::Transaction(self);
        Statement { target, name, sql, values: Vec::new(), effect: Effect::Write, counted: true }
    }

    /// See [`Statement::uncounted`].
    pub(crate) fn uncounted(mut self) -> Self {
        self.counted = false;
        self
    }

    pub(crate) async fn commit(self) -> Result<(), Fault> {
        let committed = match self.open {
            Open::Sqlite(transaction) => transaction.commit().await,
            Open::Postgres(transaction) => transaction.commit().await,
        };
        committed.map_err(|error| fault_of(self.name, error))
    }

    async fn run(
        &mut self,
        name: &'static str,
        sql: &'static str,
        values: &[Value],
        wanted: Wanted,
    ) -> Result<Answer, Fault> {
        if self.counted {
            self.engine.statements.fetch_add(1, Ordering::Relaxed);
        }
        let answer = match &mut self.open {
            Open::Sqlite(transaction) => {
                Box::pin(run_on_sqlite(&mut *transaction, name, sql, values, wanted)).await
            }
            Open::Postgres(transaction) => {
                Box::pin(answered(run_on_postgres(&mut *transaction, name, sql, values, wanted))).await
            }
        };
        answer.map_err(|error| {
            if matches!(Trouble::of(&error), Trouble::ConnectionLost | Trouble::ReadOnly) {
                self.engine.doubt.raise();
            }
            fault_of(name, error)
        })
    }
}

/// An answer, or the loss of a connection that stays silent.
async fn answered(running: impl Future<Output = Result<Answer, sqlx::Error>>) -> Result<Answer, sqlx::Error> {
    match tokio::time::timeout(SILENCE, running).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(sqlx::Error::Io(elapsed.into())),
    }
}

async fn run_on_pool(
    engine: &Engine,
    name: &'static str,
    sql: &'static str,
    values: &[Value],
    effect: Effect,
    wanted: Wanted,
) -> Result<Answer, sqlx::Error> {
    match &engine.pools {
        Pools::Sqlite { writer, readers } => {
            let pool = if effect == Effect::Read { readers } else { writer };
            let mut connection = pool.acquire().await?;
            run_on_sqlite(&mut connection, name, sql, values, wanted).await
        }
        Pools::Postgres(pool) => {
            let mut connection = pool.acquire().await?;
            let answer = answered(run_on_postgres(&mut connection, name, sql, values, wanted)).await;
            if answer.as_ref().is_err_and(|error| matches!(Trouble::of(error), Trouble::ConnectionLost)) {
                // Back in the pool it would be greeted first, and a silent server never answers that.
                drop(connection.detach());
            }
            answer
        }
    }
}

macro_rules! run_on {
    ($run:ident, $connection:ty, $database:ty, $arguments:ty, $row:path) => {
        async fn $run(
            connection: &mut $connection,
            name: &'static str,
            sql: &'static str,
            values: &[Value],
            wanted: Wanted,
        ) -> Result<Answer, sqlx::Error> {
            let mut query: Query<'_, $database, $arguments> = sqlx::query(sql);
            for value in values {
                query = match value {
                    Value::Text(text) => query.bind(text.clone()),
                    Value::Bytes(bytes) => query.bind(bytes.clone()),
                    Value::Integer(integer) => query.bind(*integer),
                    Value::Boolean(boolean) => query.bind(*boolean),
                    Value::Uuid(uuid) => query.bind(*uuid),
                };
            }
            match wanted {
                Wanted::Count => {
                    query.execute(connection).await.map(|done| Answer::Count(done.rows_affected()))
                }
                Wanted::Rows => {
                    let rows = query.fetch_all(connection).await?;
                    Ok(Answer::Rows(rows.into_iter().map(|row| $row(name, row)).collect()))
                }
            }
        }
    };
}

run_on!(run_on_sqlite, sqlx::SqliteConnection, Sqlite, SqliteArguments, Row::sqlite);
run_on!(run_on_postgres, sqlx::PgConnection, Postgres, PgArguments, Row::postgres);

/// What a driver's error means for the statement that met it.
#[derive(Clone, Copy)]
enum Trouble {
    /// Whether it ran is unknown.
    ConnectionLost,
    /// It did not run: after a failover this connection leads to a standby, and a new one may lead to the primary.
    ReadOnly,
    /// It ran and was undone by the database; the same statement may pass now.
    RolledBack,
    /// It did not run: no connection, no lock, no time.
    Busy,
    Conflict,
    Other,
}

impl Trouble {
    fn of(error: &sqlx::Error) -> Trouble {
        let database = match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed => {
                return Trouble::ConnectionLost;
            }
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::BeginFailed => {
                return Trouble::Busy;
            }
            sqlx::Error::Database(database) => database,
            _ => return Trouble::Other,
        };
        if database.kind() == ErrorKind::UniqueViolation {
            return Trouble::Conflict;
        }
        let code = database.code().unwrap_or_default();
        match code.as_ref() {
            // Postgres: shut down or crashed under us.
            "57P01" | "57P02" | "57P05" | "25P03" => Trouble::ConnectionLost,
            // Postgres: serialization failure, deadlock.
            "40001" | "40P01" => Trouble::RolledBack,
            // Postgres: starting up, too many connections, out of resources, cancelled by a time limit.
            "57P03" | "57014" | "55P03" => Trouble::Busy,
            "25006" => Trouble::ReadOnly,
            class if class.len() == 5 && (class.starts_with("53") || class.starts_with("08")) => {
                Trouble::Busy
            }
            // SQLite: BUSY and LOCKED are the low byte of an extended code.
            extended => match extended.parse::<i32>().map(|code| code & 0xff) {
                Ok(5 | 6) if extended.len() < 5 => Trouble::Busy,
                _ => Trouble::Other,
            },
        }
    }
}

pub(super) fn fault_of(statement: &'static str, error: sqlx::Error) -> Fault {
    match Trouble::of(&error) {
        Trouble::ConnectionLost | Trouble::ReadOnly | Trouble::RolledBack | Trouble::Busy => {
            Fault::Unavailable { statement, source: error.into() }
        }
        Trouble::Conflict => Fault::Conflict { statement },
        Trouble::Other => Fault::Database { statement, source: error.into() },
    }
}
