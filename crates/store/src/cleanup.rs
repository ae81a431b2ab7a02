//! Removal of what has expired, in small batches by the server itself: no janitor, no cron (design.md 2).

use grantor_protocol::Timestamp;

use crate::{Fault, engine::Engine};

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
    /// JWTs of clients that count once.
    UsedJwts,
}

impl Expiring {
    /// All of them, in the order to remove them in.
    pub const ALL: [Expiring; 6] = [
        Expiring::Interactions,
        Expiring::Grants,
        Expiring::Sessions,
        Expiring::RevokedTokens,
        Expiring::Throttle,
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
            Expiring::UsedJwts => remove!("used_jwt", "id", ""),
        };
        let before = match what {
            Expiring::RevokedTokens | Expiring::UsedJwts => before.plus(-OUTLIVES),
            Expiring::Interactions | Expiring::Grants | Expiring::Sessions | Expiring::Throttle => before,
        };
        let remove = self.0.statement("cleanup.remove_expired", sql);
        remove.bind(before).bind(limit).repeatable().execute().await
    }
}
