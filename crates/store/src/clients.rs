//! Registered clients (RFC 7591). The epoch is an integer that "revoke all of this client's tokens" raises.

use grantor_crypto::StoredSecret;
use grantor_protocol::{ClientId, ClientMetadata, ClientRowId, IssuerId, Timestamp};

use crate::{
    Change, Fault, NewRegistration, Registered,
    engine::{Engine, Row, Transaction},
    ids::RowId,
    json::text_of,
    origins,
};

/// A registered client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its row; a client made anew under the same name has another.
    pub row: ClientRowId,
    /// The issuer it is registered with.
    pub issuer: IssuerId,
    /// Its name.
    pub client_id: ClientId,
    /// What it was registered with.
    pub metadata: ClientMetadata,
    /// What its secret is checked against.
    pub secret: Option<StoredSecret>,
    /// The secret before that, while both are accepted.
    pub previous_secret: Option<PreviousSecret>,
    /// What it has because it registered itself; `None` when an operator registered it.
    pub registered: Option<Registered>,
    /// Tokens and grants of another epoch are dead.
    pub epoch: i64,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Client {
    /// Until when the secret before the present one is accepted, when it still is.
    pub fn overlap_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.previous_secret
            .as_ref()
            .map(|previous| previous.expires_at)
            .filter(|expires_at| *expires_at > now)
    }
}

/// A secret that was replaced and is accepted for a while.
#[derive(Clone, Debug)]
pub struct PreviousSecret {
    /// What it is checked against.
    pub secret: StoredSecret,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A client to register.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// The issuer to register it with.
    pub issuer: IssuerId,
    /// Its name.
    pub client_id: ClientId,
    /// Its metadata, validated.
    pub metadata: ClientMetadata,
    /// What its secret is checked against.
    pub secret: Option<StoredSecret>,
    /// The request's instant.
    pub now: Timestamp,
}

macro_rules! columns {
    () => {
        "id, issuer_id, client_id, metadata, secret, previous_secret, previous_secret_expires_at, registered_at,
         registration_token, registration_terms, last_used_at, epoch, created_at, updated_at"
    };
}

pub(crate) use columns;

macro_rules! select {
    ($which:literal) => {
        concat!("SELECT ", columns!(), " FROM client ", $which)
    };
}

impl Client {
    pub(crate) fn from_row(row: &Row) -> Result<Client, Fault> {
        let previous: Option<StoredSecret> = row.optional_parsed("previous_secret")?;
        let previous_expires_at = row.optional_instant("previous_secret_expires_at")?;
        let previous_secret = previous.zip(previous_expires_at);
        Ok(Client {
            row: row.id("id")?,
            issuer: IssuerId(row.get("issuer_id")?),
            client_id: row.parsed("client_id")?,
            metadata: row.json("metadata")?,
            secret: row.optional_parsed("secret")?,
            previous_secret: previous_secret
                .map(|(secret, expires_at)| PreviousSecret { secret, expires_at }),
            registered: Registered::from_row(row)?,
            epoch: row.get("epoch")?,
            created_at: row.instant("created_at")?,
            updated_at: row.instant("updated_at")?,
        })
    }
}

/// Remembers clients.
#[derive(Clone, Copy, Debug)]
pub struct Clients<'a>(pub(crate) &'a Engine);

impl Clients<'_> {
    /// Registers a client; [`Fault::Conflict`] when its name is taken.
    #[tracing::instrument(name = "store.clients.insert", level = "debug", skip_all)]
    pub async fn insert(&self, client: NewClient) -> Result<Client, Fault> {
        const NAME: &str = "clients.insert";
        let mut transaction = self.0.begin(NAME).await?;
        let client = insert_row(&mut transaction, NAME, client, None).await?;
        transaction.commit().await?;
        Ok(client)
    }

    /// The client of that name.
    #[tracing::instrument(name = "store.clients.by_client_id", level = "debug", skip_all)]
    pub async fn by_client_id(
        &self,
        issuer: IssuerId,
        client_id: &ClientId,
    ) -> Result<Option<Client>, Fault> {
        let read =
            self.0.statement("clients.by_client_id", select!("WHERE issuer_id = $1 AND client_id = $2"));
        let row = read.bind(issuer).bind(client_id.as_str()).read().fetch_optional().await?;
        row.as_ref().map(Client::from_row).transpose()
    }

    /// The client of that row.
    #[tracing::instrument(name = "store.clients.by_row", level = "debug", skip_all)]
    pub async fn by_row(&self, row: ClientRowId) -> Result<Option<Client>, Fault> {
        let read = self.0.statement("clients.by_row", select!("WHERE id = $1"));
        let row = read.bind(row).read().fetch_optional().await?;
        row.as_ref().map(Client::from_row).transpose()
    }

    /// Clients in the order of their names, after one of them.
    #[tracing::instrument(name = "store.clients.list", level = "debug", skip_all)]
    pub async fn list(
        &self,
        issuer: IssuerId,
        after: Option<&ClientId>,
        limit: i64,
    ) -> Result<Vec<Client>, Fault> {
        let read = self.0.statement(
            "clients.list",
            select!("WHERE issuer_id = $1 AND client_id > COALESCE($2, '') ORDER BY client_id LIMIT $3"),
        );
        let read = read.bind(issuer).bind(after.map(ClientId::as_str)).bind(limit);
        read.read().fetch_all().await?.iter().map(Client::from_row).collect()
    }

    /// Replaces the metadata; `false` when the client is gone. What an operator changed is no answer to whoever asks
    /// for what it was before.
    #[tracing::instrument(name = "store.clients.update_metadata", level = "debug", skip_all)]
    pub async fn update_metadata(
        &self,
        row: ClientRowId,
        metadata: &ClientMetadata,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        const NAME: &str = "clients.update_metadata";
        let mut transaction = self.0.begin(NAME).await?;
        let update = transaction.statement(
            NAME,
            "UPDATE client SET metadata = $2, updated_at = $3, reusable_as = NULL WHERE id = $1",
        );
        let updated = update.bind(row).bind(text_of(NAME, metadata)?).bind(now).execute().await? == 1;
        if updated {
            origins::replace(&mut transaction, row, metadata).await?;
        }
        transaction.commit().await?;
        self.0.announce(Change::Clients).await;
        Ok(updated)
    }

    /// Replaces the secret. With an overlap the one before stays good until then, so that a running client can be
    /// changed over; without, it is dead at once. `false` when the client is gone.
    #[tracing::instrument(name = "store.clients.set_secret", level = "debug", skip_all)]
    pub async fn set_secret(
        &self,
        row: ClientRowId,
        secret: Option<&StoredSecret>,
        overlap_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let update = self.0.statement(
            "clients.set_secret",
            "UPDATE client SET secret = $2, updated_at = $4, previous_secret_expires_at = $3,
               previous_secret = CASE WHEN $3 IS NULL THEN NULL ELSE secret END
              WHERE id = $1",
        );
        let update = update.bind(row).bind(secret.map(StoredSecret::to_string)).bind(overlap_until).bind(now);
        let changed = update.execute().await? == 1;
        self.0.announce(Change::Clients).await;
        Ok(changed)
    }

    /// Keeps the same secret in another form, the overlap with the one before it included; `false` when it is another
    /// secret by now.
    #[tracing::instrument(name = "store.clients.refit_secret", level = "debug", skip_all)]
    pub async fn refit_secret(
        &self,
        row: ClientRowId,
        present: &StoredSecret,
        refitted: &StoredSecret,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let update = self.0.statement(
            "clients.refit_secret",
            "UPDATE client SET secret = $3, updated_at = $4 WHERE id = $1 AND secret = $2",
        );
        let update = update.bind(row).bind(present.to_string()).bind(refitted.to_string()).bind(now);
        let changed = update.execute().await? == 1;
        self.0.announce(Change::Clients).await;
        Ok(changed)
    }

    /// Ends the overlap of two secrets: the present one alone is good. `false` when there is no other.
    #[tracing::instrument(name = "store.clients.end_previous_secret", level = "debug", skip_all)]
    pub async fn end_previous_secret(&self, row: ClientRowId, now: Timestamp) -> Result<bool, Fault> {
        let update = self.0.statement(
            "clients.end_previous_secret",
            "UPDATE client SET previous_secret = NULL, previous_secret_expires_at = NULL, updated_at = $2
              WHERE id = $1 AND previous_secret IS NOT NULL AND previous_secret_expires_at > $2",
        );
        let changed = update.bind(row).bind(now).execute().await? == 1;
        self.0.announce(Change::Clients).await;
        Ok(changed)
    }

    /// Ends every token and grant of the client; the new epoch, or `None` when it is gone.
    #[tracing::instrument(name = "store.clients.raise_epoch", level = "debug", skip_all)]
    pub async fn raise_epoch(&self, row: ClientRowId) -> Result<Option<i64>, Fault> {
        let raise = self.0.statement(
            "clients.raise_epoch",
            "UPDATE client SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch",
        );
        // Twice is as good as once: whoever holds an older epoch is dead either way.
        let raised = raise.bind(row).repeatable().fetch_optional().await?;
        self.0.announce(Change::Clients).await;
        raised.map(|row| row.get("epoch")).transpose()
    }

    /// Removes the client and what users standing consented to; its grants and tokens are dead without it.
    #[tracing::instrument(name = "store.clients.delete", level = "debug", skip_all)]
    pub async fn delete(&self, row: ClientRowId) -> Result<bool, Fault> {
        let mut transaction = self.0.begin("clients.delete").await?;
        let delete = transaction.statement("clients.delete", "DELETE FROM client WHERE id = $1");
        let deleted = delete.bind(row).execute().await? == 1;
        forget_row(&mut transaction, "clients.delete", row).await?;
        transaction.commit().await?;
        self.0.announce(Change::Clients).await;
        Ok(deleted)
    }
}

/// Writes a client with its origins; whoever began the transaction ends it.
pub(crate) async fn insert_row(
    transaction: &mut Transaction,
    name: &'static str,
    client: NewClient,
    registration: Option<NewRegistration>,
) -> Result<Client, Fault> {
    let row = ClientRowId::fresh();
    let insert = transaction.statement(
        name,
        "INSERT INTO client (id, issuer_id, client_id, metadata, secret, epoch, created_at, updated_at,
           registered_at, registration_token, registration_terms, reusable_as)
         VALUES ($1, $2, $3, $4, $5, 0, $6, $6, $7, $8, $9, $10)",
    );
    let insert = insert.bind(row).bind(client.issuer).bind(client.client_id.as_str());
    let insert = insert.bind(text_of(name, &client.metadata)?);
    let insert = insert.bind(client.secret.as_ref().map(StoredSecret::to_string)).bind(client.now);
    let reusable_as = registration.as_ref().and_then(|registration| registration.reusable_as.clone());
    let registered = registration.map(|new| Registered {
        at: client.now,
        token: new.token,
        terms: new.terms,
        last_used_at: None,
    });
    let insert = insert.bind(registered.as_ref().map(|registered| registered.at));
    let token = registered.as_ref().and_then(|registered| registered.token.as_ref());
    let insert = insert.bind(token.map(StoredSecret::to_string));
    let terms = registered.as_ref().map(|registered| registered.terms_text(name)).transpose()?.flatten();
    insert.bind(terms).bind(reusable_as).execute().await?;
    origins::replace(transaction, row, &client.metadata).await?;
    Ok(Client {
        row,
        issuer: client.issuer,
        client_id: client.client_id,
        metadata: client.metadata,
        secret: client.secret,
        previous_secret: None,
        registered,
        epoch: 0,
        created_at: client.now,
        updated_at: client.now,
    })
}

/// Removes what the client's row leaves behind; whoever began the transaction ends it.
pub(crate) async fn forget_row(
    transaction: &mut Transaction,
    name: &'static str,
    row: ClientRowId,
) -> Result<(), Fault> {
    let consents = transaction.statement(name, "DELETE FROM consent WHERE client = $1");
    consents.bind(row).execute().await?;
    let origins = transaction.statement(name, "DELETE FROM client_origin WHERE client = $1");
    origins.bind(row).execute().await?;
    let sessions = transaction.statement(name, "DELETE FROM session_client WHERE client = $1");
    sessions.bind(row).execute().await?;
    let notifications = transaction.statement(name, "DELETE FROM logout_notification WHERE client = $1");
    notifications.bind(row).execute().await?;
    let delivery = transaction.statement(name, "DELETE FROM logout_delivery WHERE client = $1");
    delivery.bind(row).execute().await.map(drop)
}
