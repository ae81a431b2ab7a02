//! Removal of what has expired, in small batches by the server itself: no janitor, no cron (design.md 2).

use grantor_protocol::{ClientRowId, SessionId, Timestamp};

use crate::{Change, Fault, clients::forget_row, engine::Engine};

/// What expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiring {
    /// Interactions go first: a grant is kept while its interaction could be concluded again.
    Interactions,
    /// Grants, with their codes and refresh tokens.
    Grants,
    /// Sessions.
    Sessions,
    /// Ids of revoked tokens.
    RevokedTokens,
    /// Failed logins.
    Throttle,
    /// Initial access tokens that have an end.
    InitialTokens,
    /// JWTs of clients that count once.
    UsedJwts,
}

impl Expiring {
    /// All of them, in the order to remove them in.
    pub const ALL: [Expiring; 7] = [
        Expiring::Interactions,
        Expiring::Grants,
        Expiring::Sessions,
        Expiring::RevokedTokens,
        Expiring::Throttle,
        Expiring::InitialTokens,
        Expiring::UsedJwts,
    ];

    /// The name for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Expiring::Interactions => "interactions",
            Expiring::Grants => "grants",
            Expiring::Sessions => "sessions",
            Expiring::RevokedTokens => "revoked_tokens",
            Expiring::Throttle => "throttle",
            Expiring::InitialTokens => "initial_tokens",
            Expiring::UsedJwts => "used_jwts",
        }
    }
}

/// Removes a batch. The outer condition is checked again on the row as it is when its turn comes: what was refreshed
/// in between stays.
macro_rules! remove {
    ($table:literal, $key:literal, $condition:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE expires_at <= $1 AND ",
            $key,
            " IN (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE expires_at <= $1 ",
            $condition,
            " ORDER BY expires_at LIMIT $2)"
        )
    };
}

/// Seconds that the id of a revoked token, or of a used JWT, outlives it: a node whose clock is behind that of the one that cleans
/// up takes the token for current that much longer, and without this row it would count again there.
const OUTLIVES: i64 = 60;

/// Sessions whose clients are removed by one statement.
const SESSIONS_AT_ONCE: usize = 10;

/// A client that registered itself and gave no sign of life since $1 (without a use) or $2 (with one); an instant that
/// is NULL is never reached.
macro_rules! silent {
    () => {
        "registered_at IS NOT NULL
          AND ((last_used_at IS NULL AND registered_at <= $1) OR (last_used_at <= $2 AND registered_at <= $2))
          AND NOT EXISTS (SELECT 1 FROM oauth_grant WHERE oauth_grant.client = client.id
                AND (oauth_grant.created_at > CASE WHEN client.last_used_at IS NULL THEN $1 ELSE $2 END
                  OR oauth_grant.rotated_at_ms / 1000 > CASE WHEN client.last_used_at IS NULL THEN $1 ELSE $2 END))"
    };
}

/// Removes what has expired.
#[derive(Clone, Copy, Debug)]
pub struct Cleanup<'a>(pub(crate) &'a Engine);

impl Cleanup<'_> {
    /// Removes at most `limit` rows that expired at or before `before`, revocations and used JWTs a little later; how many it were. Fewer than `limit` means
    /// that none is left.
    #[tracing::instrument(name = "store.cleanup.remove_expired", level = "debug", skip_all)]
    pub async fn remove_expired(&self, what: Expiring, before: Timestamp, limit: i64) -> Result<u64, Fault> {
        let sql = match what {
            Expiring::Interactions => remove!("interaction", "id", ""),
            Expiring::Grants => remove!(
                "oauth_grant",
                "id",
                "AND NOT EXISTS (SELECT 1 FROM interaction WHERE interaction.id = oauth_grant.interaction)"
            ),
            Expiring::Sessions => remove!("session", "id", ""),
            Expiring::RevokedTokens => remove!("revoked_token", "id", ""),
            Expiring::Throttle => remove!("throttle", "key", ""),
            Expiring::InitialTokens => remove!("initial_access_token", "id", ""),
            Expiring::UsedJwts => remove!("used_jwt", "id", ""),
        };
        let before = match what {
            Expiring::RevokedTokens | Expiring::UsedJwts => before.plus(-OUTLIVES),
            Expiring::Interactions
            | Expiring::Grants
            | Expiring::Sessions
            | Expiring::Throttle
            | Expiring::InitialTokens => before,
        };
        if what == Expiring::Sessions {
            return self.remove_sessions(before, limit).await;
        }
        let remove = self.0.statement("cleanup.remove_expired", sql);
        remove.bind(before).bind(limit).repeatable().execute().await
    }

    /// Sessions with the clients that were noted with them.
    async fn remove_sessions(&self, before: Timestamp, limit: i64) -> Result<u64, Fault> {
        const NAME: &str = "cleanup.remove_expired";
        let mut transaction = self.0.begin(NAME).await?;
        let remove = transaction.statement(
            NAME,
            "DELETE FROM session WHERE expires_at <= $1
                AND id IN (SELECT id FROM session WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
             RETURNING id",
        );
        let rows = remove.bind(before).bind(limit).fetch_all().await?;
        let removed = rows.iter().map(|row| row.id("id")).collect::<Result<Vec<SessionId>, _>>()?;
        for sessions in removed.chunks(SESSIONS_AT_ONCE) {
            let mut clients = transaction.statement(
                NAME,
                "DELETE FROM session_client WHERE session_id IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            );
            for index in 0..SESSIONS_AT_ONCE {
                clients = clients.bind(sessions.get(index).copied());
            }
            clients.execute().await?;
        }
        transaction.commit().await?;
        Ok(removed.len() as u64)
    }

    /// Removes at most `limit` clients that registered themselves and show no sign of life: that got no tokens at all
    /// and registered at or before `unused_before`, or that got the last ones at or before `silent_before`. A grant that
    /// is younger is a sign of life too, in case a use was not noted. How many it were; fewer than `limit` means that
    /// none is left.
    #[tracing::instrument(name = "store.cleanup.remove_silent_clients", level = "debug", skip_all)]
    pub async fn remove_silent_clients(
        &self,
        unused_before: Option<Timestamp>,
        silent_before: Option<Timestamp>,
        limit: i64,
    ) -> Result<u64, Fault> {
        const NAME: &str = "cleanup.remove_silent_clients";
        if unused_before.is_none() && silent_before.is_none() {
            return Ok(0);
        }
        let mut transaction = self.0.begin(NAME).await?;
        let delete = transaction.statement(
            NAME,
            concat!(
                "DELETE FROM client WHERE ",
                silent!(),
                " AND id IN (SELECT id FROM client WHERE ",
                silent!(),
                " ORDER BY registered_at LIMIT $3) RETURNING id"
            ),
        );
        let rows = delete.bind(unused_before).bind(silent_before).bind(limit).fetch_all().await?;
        for row in &rows {
            forget_row(&mut transaction, NAME, row.id::<ClientRowId>("id")?).await?;
        }
        transaction.commit().await?;
        if !rows.is_empty() {
            self.0.announce(Change::Clients).await;
        }
        Ok(rows.len() as u64)
    }
}
