//! Migrations: the same numbered files for both engines, embedded in the binary.
//!
//! A database may have more of them than this binary knows: while nodes are replaced one by one, the old ones go on
//! over the new schema. So a migration only adds; what it makes useless is removed two versions later.

use std::sync::LazyLock;

use sqlx::{
    Connection as _,
    migrate::{MigrateError, Migrator},
};

use super::{
    Engine, Pools,
    connect::{Target, unhurried},
    statement::fault_of,
};
use crate::Fault;

static SQLITE: LazyLock<Migrator> =
    LazyLock::new(|| beside_newer_ones(sqlx::migrate!("../../migrations/sqlite")));
static POSTGRES: LazyLock<Migrator> =
    LazyLock::new(|| beside_newer_ones(sqlx::migrate!("../../migrations/postgres")));

const NAME: &str = "engine.migrate";

impl Engine {
    /// Applies what is missing; of several processes that start at once, one does it and the others wait.
    pub(crate) async fn migrate(&self) -> Result<(), Fault> {
        match (&self.pools, self.url.target()) {
            (Pools::Sqlite { writer, .. }, _) => {
                // sqlx takes no lock on SQLite, so the whole run is one write transaction.
                let mut transaction =
                    writer.begin_with("BEGIN IMMEDIATE").await.map_err(|error| fault_of(NAME, error))?;
                SQLITE.run_direct(None, &mut *transaction, false).await.map_err(failed)?;
                transaction.commit().await.map_err(|error| fault_of(NAME, error))
            }
            (Pools::Postgres(_), Target::Postgres(options)) => {
                let mut connection = unhurried(options).await?;
                POSTGRES.run_direct(None, &mut connection, false).await.map_err(failed)?;
                connection.close().await.map_err(|error| fault_of(NAME, error))
            }
            (Pools::Postgres(_), Target::Sqlite(_)) => Ok(()),
        }
    }

    /// Names of the migrations that this binary knows and the database has not.
    pub(crate) async fn pending_migrations(&self) -> Result<Vec<String>, Fault> {
        let (migrator, table) = match &self.pools {
            Pools::Sqlite { .. } => {
                (&SQLITE, "SELECT COUNT(*) AS tables FROM sqlite_master WHERE name = '_sqlx_migrations'")
            }
            Pools::Postgres(_) => (
                &POSTGRES,
                "SELECT COUNT(*) AS tables FROM pg_class WHERE oid = to_regclass('_sqlx_migrations')",
            ),
        };
        let statement = |sql| self.statement(NAME, sql).read().uncounted();
        let tables =
            statement(table).fetch_optional().await?.map_or(Ok(0), |row| row.get::<i64>("tables"))?;
        let applied: Vec<i64> = if tables == 0 {
            Vec::new()
        } else {
            let rows = statement("SELECT version FROM _sqlx_migrations WHERE success").fetch_all().await?;
            rows.iter().map(|row| row.get("version")).collect::<Result<_, _>>()?
        };
        let pending = migrator.iter().filter(|migration| !applied.contains(&migration.version));
        Ok(pending.map(|migration| format!("{:04} {}", migration.version, migration.description)).collect())
    }
}

/// Leaves alone what a newer version applied, instead of refusing the database.
fn beside_newer_ones(mut migrator: Migrator) -> Migrator {
    migrator.set_ignore_missing(true);
    migrator
}

fn failed(error: MigrateError) -> Fault {
    match error {
        MigrateError::Execute(error) => fault_of(NAME, error),
        other => Fault::Database { statement: NAME, source: other.into() },
    }
}
