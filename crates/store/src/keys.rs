//! Signing keys and decryption keys at rest: the private half sealed, the public half as JWK. Which of the two a key is
//! follows from its algorithm. Whether it is Next, Active or Retired is derived from `signs_from` by whoever reads it;
//! the database sees to it that an algorithm has at most one Next and that of several nodes that start at once only one
//! makes the first key.

use grantor_crypto::{DataKeyId, KeyAlgorithm};
use grantor_protocol::{IssuerId, Timestamp};
use serde_json::Value;

use crate::{
    Change, Fault,
    engine::{Engine, Row},
};

/// A key pair as it is kept.
#[derive(Clone, Debug)]
pub struct StoredSigningKey {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// The issuer that signs or decrypts with it.
    pub issuer: IssuerId,
    /// What it is for.
    pub algorithm: KeyAlgorithm,
    /// The public half.
    pub public_jwk: Value,
    /// The private half (PKCS #8), sealed.
    pub sealed: Vec<u8>,
    /// What it is sealed with.
    pub data_key: DataKeyId,
    /// Since when it is published.
    pub published_at: Timestamp,
    /// From when on it signs, or is the one that others should encrypt with; `None` until it is promoted.
    pub signs_from: Option<Timestamp>,
}

/// A key pair to keep.
#[derive(Clone, Debug)]
pub struct NewSigningKey {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// The issuer that signs or decrypts with it.
    pub issuer: IssuerId,
    /// What it is for.
    pub algorithm: KeyAlgorithm,
    /// The public half.
    pub public_jwk: Value,
    /// The private half, sealed.
    pub sealed: Vec<u8>,
    /// What it is sealed with.
    pub data_key: DataKeyId,
    /// The request's instant.
    pub published_at: Timestamp,
}

impl StoredSigningKey {
    fn from_row(row: &Row) -> Result<StoredSigningKey, Fault> {
        Ok(StoredSigningKey {
            kid: row.get("kid")?,
            issuer: IssuerId(row.get("issuer_id")?),
            algorithm: row.parsed("algorithm")?,
            public_jwk: row.json("public_jwk")?,
            sealed: row.get("sealed")?,
            data_key: row.parsed("data_key")?,
            published_at: row.instant("published_at")?,
            signs_from: row.optional_instant("signs_from")?,
        })
    }
}

/// Keeps signing keys and decryption keys.
#[derive(Clone, Copy, Debug)]
pub struct SigningKeys<'a>(pub(crate) &'a Engine);

impl SigningKeys<'_> {
    /// Every key of the issuer, in the order they were made.
    #[tracing::instrument(name = "store.keys.list", level = "debug", skip_all)]
    pub async fn list(&self, issuer: IssuerId) -> Result<Vec<StoredSigningKey>, Fault> {
        let list = self.0.statement(
            "keys.list",
            "SELECT kid, issuer_id, algorithm, public_jwk, sealed, data_key, published_at, signs_from
               FROM signing_key WHERE issuer_id = $1 ORDER BY algorithm, ordinal",
        );
        list.bind(issuer).read().fetch_all().await?.iter().map(StoredSigningKey::from_row).collect()
    }

    /// Keeps a key that is published and is not used yet; `false` when its algorithm has such a key already, or none that
    /// this one could succeed.
    #[tracing::instrument(name = "store.keys.insert_next", level = "debug", skip_all)]
    pub async fn insert_next(&self, key: &NewSigningKey) -> Result<bool, Fault> {
        let insert = self.0.statement(
            "keys.insert_next",
            "INSERT INTO signing_key (kid, issuer_id, algorithm, public_jwk, sealed, data_key, published_at,
               ordinal)
             SELECT $1, $2, $3, $4, $5, $6, $7, CAST(COALESCE(MAX(ordinal), 0) + 1 AS BIGINT)
               FROM signing_key WHERE issuer_id = $2 AND algorithm = $3 HAVING COUNT(*) > 0
             ON CONFLICT DO NOTHING",
        );
        let done = bound(insert, key).execute().await? == 1;
        self.0.announce(Change::Keys).await;
        Ok(done)
    }

    /// Keeps the first key of an algorithm, which is used from `signs_from` on; `false` when the algorithm has a key,
    /// whoever made it.
    #[tracing::instrument(name = "store.keys.insert_active", level = "debug", skip_all)]
    pub async fn insert_active(&self, key: &NewSigningKey, signs_from: Timestamp) -> Result<bool, Fault> {
        let insert = self.0.statement(
            "keys.insert_active",
            "INSERT INTO signing_key (kid, issuer_id, algorithm, public_jwk, sealed, data_key, published_at,
               ordinal, signs_from)
             SELECT $1, $2, $3, $4, $5, $6, $7, 1, $8
              WHERE NOT EXISTS (SELECT 1 FROM signing_key WHERE issuer_id = $2 AND algorithm = $3)
             ON CONFLICT DO NOTHING",
        );
        let done = bound(insert, key).bind(signs_from).execute().await? == 1;
        self.0.announce(Change::Keys).await;
        Ok(done)
    }

    /// Lets a key be used from an instant on; `false` when somebody promoted it before.
    #[tracing::instrument(name = "store.keys.promote", level = "debug", skip_all)]
    pub async fn promote(&self, kid: &str, signs_from: Timestamp) -> Result<bool, Fault> {
        let promote = self.0.statement(
            "keys.promote",
            "UPDATE signing_key SET signs_from = $2 WHERE kid = $1 AND signs_from IS NULL",
        );
        let done = promote.bind(kid).bind(signs_from).execute().await? == 1;
        self.0.announce(Change::Keys).await;
        Ok(done)
    }

    /// Forgets a key that has not been promoted, so that it never is; `false` when it was, or is not there.
    #[tracing::instrument(name = "store.keys.delete_next", level = "debug", skip_all)]
    pub async fn delete_next(&self, kid: &str) -> Result<bool, Fault> {
        let delete = self
            .0
            .statement("keys.delete_next", "DELETE FROM signing_key WHERE kid = $1 AND signs_from IS NULL");
        let done = delete.bind(kid).execute().await? == 1;
        self.0.announce(Change::Keys).await;
        Ok(done)
    }

    /// Forgets a key that nothing valid was signed with, or encrypted for, any more, or that is not to be believed.
    #[tracing::instrument(name = "store.keys.delete", level = "debug", skip_all)]
    pub async fn delete(&self, kid: &str) -> Result<bool, Fault> {
        let delete = self.0.statement("keys.delete", "DELETE FROM signing_key WHERE kid = $1");
        let done = delete.bind(kid).repeatable().execute().await? == 1;
        self.0.announce(Change::Keys).await;
        Ok(done)
    }
}

fn bound<'a>(insert: crate::engine::Statement<'a>, key: &NewSigningKey) -> crate::engine::Statement<'a> {
    let insert = insert.bind(&key.kid).bind(key.issuer).bind(key.algorithm.name());
    let insert = insert.bind(key.public_jwk.to_string()).bind(key.sealed.as_slice());
    insert.bind(key.data_key.to_string()).bind(key.published_at)
}
