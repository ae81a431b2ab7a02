//! The refresh rule (design.md 2): a refresh token is a generation of its grant, and one conditional UPDATE
//! decides what its use means (RFC 9700 section 4.14.2).

use grantor_protocol::{ClientRowId, GrantId, Timestamp};

use crate::{
    Fault, GrantFacts, Grants, RevocationReason,
    grant_facts::grant_facts,
    liveness::{grant_lives, session_lives},
};

/// A refresh token, as its holder presents it.
#[derive(Clone, Copy, Debug)]
pub struct RefreshUse<'a> {
    /// The grant it is of.
    pub grant: GrantId,
    /// Who presents it, authenticated.
    pub client: ClientRowId,
    /// The generation it is.
    pub generation: i64,
    /// Which instance of that generation: random bytes that it carries.
    pub instance: &'a [u8],
    /// Whether this client's tokens rotate.
    pub rotate: bool,
    /// For how long a lost answer is repaired; 0 is not at all.
    pub retry_ms: i64,
    /// How long the grant lives without being used again.
    pub idle_seconds: i64,
    /// The request's instant.
    pub now_ms: i64,
}

/// What the use of a refresh token meant.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "the large one is the usual one, and each is moved once")]
pub enum RefreshOutcome {
    /// New tokens may be issued.
    Refreshed(GrantFacts, RefreshState),
    /// Two holders have the same token; the grant is revoked.
    Replayed,
    /// No such live grant for this client; nothing changed.
    Dead,
}

/// The refresh token to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshState {
    /// The generation that a new refresh token must carry.
    pub generation: i64,
    /// Whether the one presented is superseded, so that a new one must be handed out.
    pub rotated: bool,
}

/// Cases 1 and 2. An absent parent compares as unknown, and `CASE` takes that for no.
macro_rules! token_is_good {
    () => {
        "generation = $3 OR (generation - 1 = $3 AND parent = $4 AND $6 > 0 AND $8 < rotated_at_ms + $6)"
    };
}

impl Grants<'_> {
    /// Uses a refresh token of generation g while the grant is at n:
    /// (1) g = n advances to n + 1 and remembers the instance as parent; a client that does not rotate stays at n.
    /// (2) g = n - 1 by the parent itself within the retry time: the answer was lost, another instance of n is
    /// given and nothing advances. (3) Anything else is a replay and revokes, siblings of the parent included.
    /// A wrong client changes nothing.
    #[tracing::instrument(name = "store.grants.refresh", level = "debug", skip_all)]
    pub async fn refresh(&self, token: &RefreshUse<'_>) -> Result<RefreshOutcome, Fault> {
        // Repeatable only within the retry time: then a second run of our own is case 2, never a replay.
        let repairs_itself = token.retry_ms > 0 || !token.rotate;
        let refresh = self.0.statement(
            "grants.refresh",
            concat!(
                "UPDATE oauth_grant SET
                   generation = CASE WHEN generation = $3 AND $5 THEN generation + 1 ELSE generation END,
                   parent = CASE WHEN generation = $3 AND $5 THEN $4 ELSE parent END,
                   rotated_at_ms = CASE WHEN generation = $3 AND $5 THEN $8 ELSE rotated_at_ms END,
                   expires_at = CASE WHEN generation <> $3 THEN expires_at
                                     WHEN $9 + $7 < ends_at THEN $9 + $7 ELSE ends_at END,
                   revoked_at = CASE WHEN ",
                token_is_good!(),
                " THEN NULL ELSE $9 END,
                   revoked_because = CASE WHEN ",
                token_is_good!(),
                " THEN NULL ELSE $10 END
                 WHERE id = $1 AND client = $2 AND ",
                grant_lives!("$9"),
                " RETURNING revoked_at, generation, ",
                grant_facts!()
            ),
        );
        let refresh = refresh
            .bind(token.grant)
            .bind(token.client)
            .bind(token.generation)
            .bind(token.instance)
            .bind(token.rotate)
            .bind(token.retry_ms)
            .bind(token.idle_seconds)
            .bind(token.now_ms)
            .bind(Timestamp::from_milliseconds(token.now_ms))
            .bind(RevocationReason::RefreshTokenReplayed.name());
        let refresh = if repairs_itself { refresh.repeatable() } else { refresh };
        let Some(row) = refresh.fetch_optional().await? else {
            return Ok(RefreshOutcome::Dead);
        };
        if row.optional_instant("revoked_at")?.is_some() {
            return Ok(RefreshOutcome::Replayed);
        }
        let generation = row.get("generation")?;
        let state = RefreshState { generation, rotated: generation != token.generation };
        Ok(RefreshOutcome::Refreshed(GrantFacts::from_row(&row)?, state))
    }
}
