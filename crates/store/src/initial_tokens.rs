//! Initial access tokens (RFC 7591 section 3): what permits to register a client. Kept as hashes; revoked is deleted.

use grantor_crypto::SecretHash;
use grantor_protocol::{InitialTokenId, IssuerId, RegistrationLimits, Timestamp};
use serde::Serialize;

use crate::{
    Fault,
    engine::{Engine, Row, Transaction},
    ids::RowId,
    json::text_of,
};

/// A token that permits to register, as operators see it: without the token.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InitialToken {
    /// Its row.
    pub id: InitialTokenId,
    /// What the operator calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What may be registered with it.
    pub limits: RegistrationLimits,
    /// How many clients may be; `None`: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<i64>,
    /// How many were.
    pub uses: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is good for nothing; `None`: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// A token to give out.
#[derive(Clone, Debug)]
pub struct NewInitialToken {
    /// The issuer it is for.
    pub issuer: IssuerId,
    /// SHA-256 of the token.
    pub secret_hash: SecretHash,
    /// What the operator calls it.
    pub label: Option<String>,
    /// What may be registered with it.
    pub limits: RegistrationLimits,
    /// How many clients may be registered with it; `None`: any number.
    pub max_uses: Option<i64>,
    /// From when on it is good for nothing; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// The request's instant.
    pub now: Timestamp,
}

macro_rules! columns {
    () => {
        "id, label, limits, max_uses, uses, created_at, expires_at"
    };
}

/// Good for one more client now.
macro_rules! usable {
    ($now:literal) => {
        concat!("(expires_at IS NULL OR expires_at > ", $now, ") AND (max_uses IS NULL OR uses < max_uses)")
    };
}

impl InitialToken {
    fn from_row(row: &Row) -> Result<InitialToken, Fault> {
        Ok(InitialToken {
            id: row.id("id")?,
            label: row.get("label")?,
            limits: row.json("limits")?,
            max_uses: row.get("max_uses")?,
            uses: row.get("uses")?,
            created_at: row.instant("created_at")?,
            expires_at: row.optional_instant("expires_at")?,
        })
    }
}

/// Remembers initial access tokens.
#[derive(Clone, Copy, Debug)]
pub struct InitialTokens<'a>(pub(crate) &'a Engine);

impl InitialTokens<'_> {
    /// Gives out a token.
    #[tracing::instrument(name = "store.initial_tokens.insert", level = "debug", skip_all)]
    pub async fn insert(&self, token: NewInitialToken) -> Result<InitialToken, Fault> {
        const NAME: &str = "initial_tokens.insert";
        let id = InitialTokenId::fresh();
        let insert = self.0.statement(
            NAME,
            "INSERT INTO initial_access_token
               (id, issuer_id, secret_hash, label, limits, max_uses, uses, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)",
        );
        let insert = insert.bind(id).bind(token.issuer).bind(&token.secret_hash).bind(token.label.clone());
        let insert = insert.bind(text_of(NAME, &token.limits)?).bind(token.max_uses);
        insert.bind(token.now).bind(token.expires_at).execute().await?;
        Ok(InitialToken {
            id,
            label: token.label,
            limits: token.limits,
            max_uses: token.max_uses,
            uses: 0,
            created_at: token.now,
            expires_at: token.expires_at,
        })
    }

    /// Every token of the issuer, the oldest first, those that are used up too.
    #[tracing::instrument(name = "store.initial_tokens.list", level = "debug", skip_all)]
    pub async fn list(&self, issuer: IssuerId) -> Result<Vec<InitialToken>, Fault> {
        let read = self.0.statement(
            "initial_tokens.list",
            concat!(
                "SELECT ",
                columns!(),
                " FROM initial_access_token WHERE issuer_id = $1 ORDER BY created_at, id"
            ),
        );
        read.bind(issuer).read().fetch_all().await?.iter().map(InitialToken::from_row).collect()
    }

    /// The token behind this hash, while it is good for one more client.
    #[tracing::instrument(name = "store.initial_tokens.usable", level = "debug", skip_all)]
    pub async fn usable(
        &self,
        issuer: IssuerId,
        secret_hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<InitialToken>, Fault> {
        let read = self.0.statement(
            "initial_tokens.usable",
            concat!(
                "SELECT ",
                columns!(),
                " FROM initial_access_token WHERE issuer_id = $1 AND secret_hash = $2 AND ",
                usable!("$3")
            ),
        );
        let row = read.bind(issuer).bind(secret_hash).bind(now).read().fetch_optional().await?;
        row.as_ref().map(InitialToken::from_row).transpose()
    }

    /// Revokes a token; what was registered with it stays. `false` when it is gone already.
    #[tracing::instrument(name = "store.initial_tokens.revoke", level = "debug", skip_all)]
    pub async fn revoke(&self, issuer: IssuerId, id: InitialTokenId) -> Result<bool, Fault> {
        let delete = self.0.statement(
            "initial_tokens.revoke",
            "DELETE FROM initial_access_token WHERE issuer_id = $1 AND id = $2",
        );
        Ok(delete.bind(issuer).bind(id).execute().await? == 1)
    }
}

/// Counts one use, where one is left.
pub(crate) async fn use_once(
    transaction: &mut Transaction,
    id: InitialTokenId,
    now: Timestamp,
) -> Result<bool, Fault> {
    let count = transaction.statement(
        "initial_tokens.use_once",
        concat!("UPDATE initial_access_token SET uses = uses + 1 WHERE id = $1 AND ", usable!("$2")),
    );
    Ok(count.bind(id).bind(now).execute().await? == 1)
}
