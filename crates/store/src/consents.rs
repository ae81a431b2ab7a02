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

    /// Forgets what the user allowed the client; the caller revokes its grants. `false` when there was nothing.
    #[tracing::instrument(name = "store.consents.revoke", level = "debug", skip_all)]
    pub async fn revoke(&self, user: UserId, client: ClientRowId) -> Result<bool, Fault> {
        let revoke =
            self.0.statement("consents.revoke", "DELETE FROM consent WHERE user_id = $1 AND client = $2");
        Ok(revoke.bind(user).bind(client).repeatable().execute().await? == 1)
    }

    /// Everything a user allowed.
    #[tracing::instrument(name = "store.consents.list_of_user", level = "debug", skip_all)]
    pub async fn list_of_user(&self, user: UserId) -> Result<Vec<Consent>, Fault> {
        let list = self.0.statement(
            "consents.list_of_user",
            "SELECT user_id, client, scope, granted_at, updated_at FROM consent WHERE user_id = $1
              ORDER BY granted_at, client",
        );
        list.bind(user).read().fetch_all().await?.iter().map(Consent::from_row).collect()
    }
}
