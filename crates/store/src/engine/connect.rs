//! Addresses of databases, and how their connections are set up.

use std::{
    fmt, fs,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use sqlx::{
    ConnectOptions as _, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Doubt, Engine, Pools, statement::fault_of};
use crate::Fault;

/// How long a writer waits for another process that holds SQLite's write lock.
const SQLITE_BUSY: Duration = Duration::from_secs(10);
/// How long a writer waits in this process' queue: a burst is slow, and refused only when the whole request, which is
/// given up after `limits.request_timeout` (30 s), could not end in time.
const SQLITE_QUEUE: Duration = Duration::from_secs(15);
const SQLITE_READERS: u32 = 4;
/// How long a request waits for a connection before it is told to come back.
const POSTGRES_ACQUIRE: Duration = Duration::from_secs(5);
/// A connection that rested longer is tested first: firewalls and restarts forget idle ones silently.
const POSTGRES_TRUSTED_IDLE: Duration = Duration::from_secs(5);
const POSTGRES_PING: Duration = Duration::from_secs(1);
/// What the server itself aborts; ours gives up a little later, for servers that went silent.
const POSTGRES_STATEMENT: &str = "15s";

/// Where the database is; its password is never shown.
#[derive(Clone)]
pub struct DatabaseUrl(Target);

#[derive(Clone)]
pub(super) enum Target {
    Sqlite(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

/// An address that names no database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Neither of the two schemes.
    #[error("a database address starts with sqlite: or postgres://")]
    Scheme,
    /// `sqlite:` without a file, or in memory, which several connections cannot share.
    #[error("sqlite: needs the path of a file")]
    SqlitePath,
    /// Not a Postgres address; the text is the driver's and holds no password.
    #[error("not a Postgres address: {0}")]
    Postgres(String),
}

impl DatabaseUrl {
    /// Whether the database is one file on this machine, which is migrated whenever it is opened.
    pub fn is_embedded(&self) -> bool {
        matches!(self.0, Target::Sqlite(_))
    }

    pub(super) fn target(&self) -> &Target {
        &self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")) {
            if path.is_empty() || path.starts_with(':') {
                return Err(DatabaseUrlError::SqlitePath);
            }
            return Ok(DatabaseUrl(Target::Sqlite(PathBuf::from(path))));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(text);
            let options = options.map_err(|error| DatabaseUrlError::Postgres(error.to_string()))?;
            return Ok(DatabaseUrl(Target::Postgres(Box::new(options))));
        }
        Err(DatabaseUrlError::Scheme)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Target::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Target::Postgres(options) => {
                let (host, port) = (options.get_host(), options.get_port());
                write!(f, "postgres://{host}:{port}/{}", options.get_database().unwrap_or_default())
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

impl Engine {
    /// Opens the pools. Postgres is not contacted: a server starts answering while its database is still away.
    pub(crate) fn open(url: &DatabaseUrl, max_connections: u32) -> Result<Engine, Fault> {
        let doubt = Doubt::none();
        let pools = match url.target() {
            Target::Sqlite(path) => sqlite(path)?,
            Target::Postgres(options) => postgres(options, max_connections, doubt.clone()),
        };
        Ok(Engine { pools, url: url.clone(), statements: Arc::new(AtomicU64::new(0)), doubt })
    }
}

fn sqlite(path: &PathBuf) -> Result<Pools, Fault> {
    // The file holds every wrapped key: only its owner may read it. SQLite gives its log the same rights.
    fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| Fault::Database { statement: "engine.open", source: error.into() })?;
    let options = sqlite_options(path);
    let pool = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(SQLITE_QUEUE)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
    };
    let readers = pool(SQLITE_READERS).connect_lazy_with(options.clone().pragma("query_only", "ON"));
    Ok(Pools::Sqlite { writer: pool(1).connect_lazy_with(options), readers })
}

/// How every connection to the file is set up.
pub(super) fn sqlite_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(SQLITE_BUSY)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL: what was answered survives a power cut, not only a crash of the process.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .disable_statement_logging()
}

fn postgres(options: &PgConnectOptions, max_connections: u32, doubt: Doubt) -> Pools {
    let options = options
        .clone()
        .options([
            ("statement_timeout", POSTGRES_STATEMENT),
            ("idle_in_transaction_session_timeout", POSTGRES_STATEMENT),
        ])
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(POSTGRES_ACQUIRE)
        // Testing every time would double the round trips; `Doubt` tells when it is worth one.
        .test_before_acquire(false)
        .before_acquire(move |connection, meta| {
            let connected = Instant::now().checked_sub(meta.age).unwrap_or_else(Instant::now);
            let trusted = meta.idle_for < POSTGRES_TRUSTED_IDLE && !doubt.covers(connected);
            Box::pin(async move {
                Ok(trusted
                    || matches!(
                        tokio::time::timeout(POSTGRES_PING, takes_writes(connection)).await,
                        Ok(true)
                    ))
            })
        });
    Pools::Postgres(pool.connect_lazy_with(options))
}

/// Whether somebody answers, and is not a standby.
async fn takes_writes(connection: &mut sqlx::PgConnection) -> bool {
    let row = sqlx::query("SHOW transaction_read_only").fetch_one(connection).await;
    row.and_then(|row| row.try_get::<String, _>(0)).is_ok_and(|read_only| read_only == "off")
}

/// A connection without time limits, for migrations that rewrite a table.
pub(super) async fn unhurried(options: &PgConnectOptions) -> Result<sqlx::PgConnection, Fault> {
    options.connect().await.map_err(|error| fault_of("engine.migrate", error))
}
