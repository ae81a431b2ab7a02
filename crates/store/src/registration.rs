//! Clients that registered themselves (RFC 7591) and look after themselves (RFC 7592). What they change, they change in
//! one step: metadata, secret and registration access token together, or nothing.

use grantor_crypto::StoredSecret;
use grantor_protocol::{ClientMetadata, ClientRowId, IssuerId, Timestamp};

use crate::{Change, Client, Clients, Fault, NewClient, json::text_of, origins};

/// What a client has because it registered itself.
#[derive(Clone, Debug)]
pub struct Registered {
    /// When it did.
    pub at: Timestamp,
    /// What its registration access token is checked against.
    pub token: StoredSecret,
}

/// A replaced registration (RFC 7592 section 2.2).
#[derive(Clone, Copy, Debug)]
pub struct Replacement<'a> {
    /// The client.
    pub row: ClientRowId,
    /// The token that must still be its own: of two changes at once, one is made.
    pub token: &'a StoredSecret,
    /// The token from now on.
    pub new_token: &'a StoredSecret,
    /// Its metadata from now on.
    pub metadata: &'a ClientMetadata,
    /// Its secret from now on.
    pub secret: Option<&'a StoredSecret>,
    /// The request's instant.
    pub now: Timestamp,
}

impl Clients<'_> {
    /// Registers a client at its own request; [`Fault::Conflict`] when its name is taken.
    #[tracing::instrument(name = "store.clients.register", level = "debug", skip_all)]
    pub async fn register(&self, client: NewClient, token: StoredSecret) -> Result<Client, Fault> {
        let registered = Registered { at: client.now, token };
        self.insert_row("clients.register", client, Some(registered)).await
    }

    /// How many clients of the issuer registered themselves.
    #[tracing::instrument(name = "store.clients.count_registered", level = "debug", skip_all)]
    pub async fn count_registered(&self, issuer: IssuerId) -> Result<i64, Fault> {
        let count = self.0.statement(
            "clients.count_registered",
            "SELECT COUNT(*) AS registered FROM client WHERE issuer_id = $1 AND registered_at IS NOT NULL",
        );
        let row = count.bind(issuer).read().fetch_optional().await?;
        row.map_or(Ok(0), |row| row.get("registered"))
    }

    /// Replaces a registration as a whole; `false` when the client is gone or its token is another one by now. A secret
    /// that is replaced is dead at once.
    #[tracing::instrument(name = "store.clients.replace_registration", level = "debug", skip_all)]
    pub async fn replace_registration(&self, replacement: Replacement<'_>) -> Result<bool, Fault> {
        const NAME: &str = "clients.replace_registration";
        let Replacement { row, token, new_token, metadata, secret, now } = replacement;
        let mut transaction = self.0.begin(NAME).await?;
        let update = transaction.statement(
            NAME,
            "UPDATE client SET metadata = $3, secret = $4, registration_token = $5, updated_at = $6,
               previous_secret = CASE WHEN secret = $4 THEN previous_secret END
              WHERE id = $1 AND registration_token = $2",
        );
        let update = update.bind(row).bind(token.to_string()).bind(text_of(NAME, metadata)?);
        let update = update.bind(secret.map(StoredSecret::to_string)).bind(new_token.to_string()).bind(now);
        let replaced = update.execute().await? == 1;
        if replaced {
            origins::replace(&mut transaction, row, metadata).await?;
        }
        transaction.commit().await?;
        self.0.announce(Change::Clients).await;
        Ok(replaced)
    }
}
