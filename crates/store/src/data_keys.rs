//! The keys that seal and authenticate everything else, one per purpose, wrapped by `secrets.system`: the database
//! alone gives nobody a key (design.md 2).

use grantor_crypto::{DataKeyId, DataKeyPurpose, SystemSecretId};
use grantor_protocol::Timestamp;

use crate::{
    Change, Fault,
    engine::{Engine, Row, Statement},
};

/// A data key as it is kept.
#[derive(Clone, Debug)]
pub struct StoredDataKey {
    /// Named in clear by what it sealed.
    pub id: DataKeyId,
    /// What it is for.
    pub purpose: DataKeyPurpose,
    /// Its place among the keys of that purpose; the highest seals.
    pub ordinal: i64,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
    /// The system secret it is wrapped with.
    pub wrapped_with: SystemSecretId,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A data key to keep.
#[derive(Clone, Debug)]
pub struct NewDataKey {
    /// Its name.
    pub id: DataKeyId,
    /// What it is for.
    pub purpose: DataKeyPurpose,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
    /// The system secret it is wrapped with.
    pub wrapped_with: SystemSecretId,
    /// The request's instant.
    pub created_at: Timestamp,
}

impl StoredDataKey {
    fn from_row(row: &Row) -> Result<StoredDataKey, Fault> {
        Ok(StoredDataKey {
            id: row.parsed("id")?,
            purpose: row.parsed("purpose")?,
            ordinal: row.get("ordinal")?,
            wrapped: row.get("wrapped")?,
            wrapped_with: row.parsed("wrapped_with")?,
            created_at: row.instant("created_at")?,
        })
    }
}

/// Keeps data keys.
#[derive(Clone, Copy, Debug)]
pub struct DataKeys<'a>(pub(crate) &'a Engine);

const INSERT: &str = "INSERT INTO data_key (id, purpose, wrapped, wrapped_with, created_at, ordinal)
    VALUES ($1, $2, $3, $4, $5, 1) ON CONFLICT DO NOTHING";

impl DataKeys<'_> {
    /// Every data key, oldest first within its purpose.
    #[tracing::instrument(name = "store.data_keys.list", level = "debug", skip_all)]
    pub async fn list(&self) -> Result<Vec<StoredDataKey>, Fault> {
        let list = self.0.statement(
            "data_keys.list",
            "SELECT id, purpose, ordinal, wrapped, wrapped_with, created_at FROM data_key
              ORDER BY purpose, ordinal",
        );
        list.read().fetch_all().await?.iter().map(StoredDataKey::from_row).collect()
    }

    /// Keeps the first key of a purpose; `false` when another node was faster, whose key is then to be read.
    #[tracing::instrument(name = "store.data_keys.insert_first", level = "debug", skip_all)]
    pub async fn insert_first(&self, key: &NewDataKey) -> Result<bool, Fault> {
        Ok(bound(self.0.statement("data_keys.insert_first", INSERT), key).execute().await? == 1)
    }

    /// Keeps the same key wrapped with another system secret; `false` when somebody else did so first.
    #[tracing::instrument(name = "store.data_keys.rewrap", level = "debug", skip_all)]
    pub async fn rewrap(
        &self,
        id: DataKeyId,
        old_with: SystemSecretId,
        wrapped: &[u8],
        wrapped_with: SystemSecretId,
    ) -> Result<bool, Fault> {
        let rewrap = self.0.statement(
            "data_keys.rewrap",
            "UPDATE data_key SET wrapped = $3, wrapped_with = $4 WHERE id = $1 AND wrapped_with = $2",
        );
        let rewrap = rewrap.bind(id.to_string()).bind(old_with.to_string());
        Ok(rewrap.bind(wrapped).bind(wrapped_with.to_string()).execute().await? == 1)
    }

    /// The kill switch: forgets every key of a purpose, so that all it sealed is dead, and keeps a new one. `false`
    /// when another process pulled it at the same time, whose key then counts.
    #[tracing::instrument(name = "store.data_keys.replace", level = "debug", skip_all)]
    pub async fn replace(&self, key: &NewDataKey) -> Result<bool, Fault> {
        const NAME: &str = "data_keys.replace";
        let mut transaction = self.0.begin(NAME).await?;
        let forget = transaction.statement(NAME, "DELETE FROM data_key WHERE purpose = $1");
        forget.bind(key.purpose.name()).execute().await?;
        let inserted = bound(transaction.statement(NAME, INSERT), key).execute().await? == 1;
        transaction.commit().await?;
        self.0.announce(Change::Keys).await;
        Ok(inserted)
    }
}

fn bound<'a>(insert: Statement<'a>, key: &NewDataKey) -> Statement<'a> {
    let insert = insert.bind(key.id.to_string()).bind(key.purpose.name()).bind(key.wrapped.as_slice());
    insert.bind(key.wrapped_with.to_string()).bind(key.created_at)
}
