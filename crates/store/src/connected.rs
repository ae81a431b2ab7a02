//! The clients that have something of a user: what the user's own page lists. Derived from consents and live grants, so
//! that it cannot say anything else than what counts.

use std::collections::HashMap;

use grantor_protocol::{ClientId, ClientMetadata, ClientRowId, Scope, Timestamp, UserId};

use crate::{
    Fault, Grants,
    engine::Row,
    liveness::{grant_lives, session_lives},
};

/// How many different scopes of a page of clients are read; the rest is not named.
const SCOPES_READ: i64 = 1000;

/// A client with what a user allowed it.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectedClient {
    /// Its row.
    pub client: ClientRowId,
    /// Its name for programs.
    pub client_id: ClientId,
    /// What it is registered with.
    pub metadata: ClientMetadata,
    /// Everything it may do, by standing consent or by a live grant.
    pub scope: Scope,
    /// Since when.
    pub since: Timestamp,
    /// When its live grants were last given or refreshed; `None` when it has none.
    pub last_used_at: Option<Timestamp>,
    /// Whether a live grant outlives its session.
    pub offline: bool,
}

impl ConnectedClient {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            client: row.id("id")?,
            client_id: row.parsed("client_id")?,
            metadata: row.json("metadata")?,
            scope: Scope::empty(),
            since: row.instant("since")?,
            last_used_at: row.optional_instant("last_used_at")?,
            offline: row.get::<i64>("offline_grants")? > 0,
        })
    }
}

impl Grants<'_> {
    /// The clients that `user` allowed something, after one of them.
    #[tracing::instrument(name = "store.grants.connected_clients", level = "debug", skip_all)]
    pub async fn connected_clients(
        &self,
        user: UserId,
        after: Option<ClientRowId>,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<ConnectedClient>, Fault> {
        let read = self.0.statement(
            "grants.connected_clients",
            concat!(
                "SELECT client.id, client.client_id, client.metadata, MIN(given.since) AS since,
                   MAX(given.used_at) AS last_used_at, SUM(given.offline) AS offline_grants
                  FROM client
                  JOIN (SELECT client, granted_at AS since, CAST(NULL AS BIGINT) AS used_at, 0 AS offline
                          FROM consent WHERE user_id = $1
                        UNION ALL
                        SELECT client, created_at, COALESCE(rotated_at_ms / 1000, created_at),
                            CASE WHEN offline THEN 1 ELSE 0 END
                          FROM oauth_grant WHERE user_id = $1 AND ",
                grant_lives!("$2"),
                ") AS given ON given.client = client.id
                 WHERE ($3 IS NULL OR client.id > $3)
                 GROUP BY client.id ORDER BY client.id LIMIT $4"
            ),
        );
        let rows = read.bind(user).bind(now).bind(after).bind(limit).read().fetch_all().await?;
        let mut clients = rows.iter().map(ConnectedClient::from_row).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = clients.last().map(|last| last.client) else {
            return Ok(clients);
        };
        let scopes = self.scopes_of_clients(user, after, last, now).await?;
        for client in &mut clients {
            if let Some(scope) = scopes.get(&client.client) {
                client.scope = scope.clone();
            }
        }
        Ok(clients)
    }

    async fn scopes_of_clients(
        &self,
        user: UserId,
        after: Option<ClientRowId>,
        last: ClientRowId,
        now: Timestamp,
    ) -> Result<HashMap<ClientRowId, Scope>, Fault> {
        let read = self.0.statement(
            "grants.connected_clients",
            concat!(
                "SELECT client, scope FROM consent
                  WHERE user_id = $1 AND ($3 IS NULL OR client > $3) AND client <= $4
                 UNION
                 SELECT client, scope FROM oauth_grant
                  WHERE user_id = $1 AND ($3 IS NULL OR client > $3) AND client <= $4 AND ",
                grant_lives!("$2"),
                " LIMIT $5"
            ),
        );
        let read = read.bind(user).bind(now).bind(after).bind(last).bind(SCOPES_READ);
        let mut scopes: HashMap<ClientRowId, Scope> = HashMap::new();
        for row in read.read().fetch_all().await? {
            let scope: Scope = row.parsed("scope")?;
            let entry = scopes.entry(row.id("client")?).or_insert_with(Scope::empty);
            *entry = entry.union(&scope);
        }
        Ok(scopes)
    }
}
