//! JWTs that clients made and that count once, on all nodes: client assertions (RFC 7523 section 3) and request objects
//! that carry a `jti` (RFC 9101 section 10.8).

use grantor_protocol::Timestamp;

use crate::{Attempt, Fault, engine::Engine};

/// Remembers which were used.
#[derive(Clone, Copy, Debug)]
pub struct UsedJwts<'a>(pub(crate) &'a Engine);

impl UsedJwts<'_> {
    /// Whether this is the first use of the JWT behind `id`, a hash of its client and its `jti`; of uses at once one is.
    /// `expires_at` is when nobody accepts it any more. The same attempt is told the same again.
    #[tracing::instrument(name = "store.used_jwts.use_once", level = "debug", skip_all)]
    pub async fn use_once(
        &self,
        id: &[u8; 32],
        attempt: Attempt,
        expires_at: Timestamp,
    ) -> Result<bool, Fault> {
        let insert = self.0.statement(
            "used_jwts.use_once",
            "INSERT INTO used_jwt (id, attempt, expires_at) VALUES ($1, $2, $3)
             ON CONFLICT (id) DO UPDATE SET attempt = excluded.attempt WHERE used_jwt.attempt = excluded.attempt",
        );
        let insert = insert.bind(id.as_slice()).bind(attempt.uuid()).bind(expires_at);
        Ok(insert.repeatable().execute().await? == 1)
    }
}
