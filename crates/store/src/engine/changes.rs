//! News between nodes: what changed that others hold in memory. Only to be quick: every cache also has an age at which
//! it is read again, so a lost notice costs a second and nothing else (design.md 2).

use sqlx::postgres::{PgListener, PgPoolOptions};

use super::{Engine, Pools, connect::Target, statement::fault_of};
use crate::Fault;

/// What nodes hold in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A client was changed or deleted.
    Clients,
    /// A signing key or data key was made, promoted, replaced or deleted.
    Keys,
}

const CHANNEL: &str = "grantor";

impl Change {
    const ALL: [Change; 2] = [Change::Clients, Change::Keys];

    fn name(self) -> &'static str {
        match self {
            Change::Clients => "clients",
            Change::Keys => "keys",
        }
    }
}

/// The notices of other nodes, as they come.
#[derive(Debug)]
pub struct Changes(Option<PgListener>);

impl Changes {
    /// The next notice. Never comes on SQLite, which has one node; an error means that notices may have been missed.
    pub async fn next(&mut self) -> Result<Change, Fault> {
        let Some(listener) = &mut self.0 else { return std::future::pending().await };
        loop {
            let notice = listener.recv().await.map_err(|error| fault_of("engine.changes", error))?;
            if let Some(change) = Change::ALL.into_iter().find(|change| change.name() == notice.payload()) {
                return Ok(change);
            }
        }
    }
}

impl Engine {
    /// Tells the other nodes. Failing to is no failure: they read again by themselves.
    pub(crate) async fn announce(&self, change: Change) {
        if let Pools::Sqlite { .. } = self.pools {
            return;
        }
        let notify = self.statement("engine.announce", "SELECT pg_notify($1, $2)");
        if let Err(fault) = notify.bind(CHANNEL).bind(change.name()).uncounted().fetch_optional().await {
            tracing::debug!(%fault, "other nodes will notice a change a little later");
        }
    }

    /// Listens on a connection of its own, so that the pool keeps all of its.
    pub(crate) async fn changes(&self) -> Result<Changes, Fault> {
        let Target::Postgres(options) = self.url.target() else { return Ok(Changes(None)) };
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options.as_ref().clone());
        let failed = |error| fault_of("engine.changes", error);
        let mut listener = PgListener::connect_with(&pool).await.map_err(failed)?;
        listener.listen(CHANNEL).await.map_err(failed)?;
        Ok(Changes(Some(listener)))
    }
}
