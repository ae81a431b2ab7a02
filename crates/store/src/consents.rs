//! Standing consent: what a user allowed a client once and is not asked again. A row of its own, so that a replay
//! on one device, which revokes a grant, does not end it (design.md 2).

use grantor_protocol::{ClientRowId, Scope, Timestamp, UserId};

use crate::{
    Fault,
    engine::{Engine, Row},
};

/// What a user allowed a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Who allowed it.
    pub user: UserId,
    /// To whom.
    pub client: ClientRowId,
    /// What.
    pub scope: Scope,
    /// Since when.
    pub granted_at: Timestamp,
    /// When more was added.
    pub updated_at: Timestamp,
}

impl Consent {
    fn from_row(row: &Row) -> Result<Consent, Fault> {
        Ok(Consent {
            user: row.id("user_id")?,
            client: row.id("client")?,
            scope: row.parsed("scope")?,
            granted_at: row.instant("granted_at")?,
            updated_at: row.instant("updated_at")?,
        })
    }
}

/// Remembers consents.
#[derive(Clone, Copy, Debug)]
pub struct Consents<'a>(pub(crate) &'a Engine);

impl Consents<'_> {
    /// Stores the union of what was consented to before and now, which the caller computed from what it read;
    /// of two at once the last one counts.
    #[tracing::instrument(name = "store.consents.upsert_merge", level = "debug", skip_all)]
    pub async fn upsert_merge(
        &self,
        user: UserId,
        client: ClientRowId,
        union: &Scope,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let upsert = self.0.statement(
            "consents.upsert_merge",
            "INSERT INTO consent (user_id, client, scope, granted_at, updated_at) VALUES ($1, $2, $3, $4, $4)
             ON CONFLICT (user_id, client)
             DO UPDATE SET scope = excluded.scope, updated_at = excluded.updated_at",
        );
        upsert.bind(user).bind(client).bind(union.as_str()).bind(now).repeatable().execute().await.map(drop)
    }

    /// What a user allowed, after one of the clients. [`crate::Grants::disconnect`] takes it back.
    #[tracing::instrument(name = "store.consents.list_of_user", level = "debug", skip_all)]
    pub async fn list_of_user(
        &self,
        user: UserId,
        after: Option<ClientRowId>,
        limit: i64,
    ) -> Result<Vec<Consent>, Fault> {
        let list = self.0.statement(
            "consents.list_of_user",
            "SELECT user_id, client, scope, granted_at, updated_at FROM consent
              WHERE user_id = $1 AND ($2 IS NULL OR client > $2) ORDER BY client LIMIT $3",
        );
        let list = list.bind(user).bind(after).bind(limit);
        list.read().fetch_all().await?.iter().map(Consent::from_row).collect()
    }
}
