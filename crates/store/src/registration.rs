//! Clients that registered themselves (RFC 7591) and look after themselves (RFC 7592). What they change, they change in
//! one step: metadata, secret and registration access token together, or nothing.

use grantor_crypto::StoredSecret;
use grantor_protocol::{ClientMetadata, ClientRowId, InitialTokenId, IssuerId, RegistrationTerms, Timestamp};

use crate::{
    Change, Client, Clients, Fault, NewClient,
    clients::{columns, insert_row},
    engine::Row,
    initial_tokens,
    json::text_of,
    origins,
};

/// What a client has because it registered itself.
#[derive(Clone, Debug)]
pub struct Registered {
    /// When it did, or was last answered to somebody who registered the same.
    pub at: Timestamp,
    /// What its registration access token is checked against; `None` when nobody may manage it.
    pub token: Option<StoredSecret>,
    /// What it stays bound to.
    pub terms: RegistrationTerms,
    /// When it last got tokens, to the hour; `None` when it never did.
    pub last_used_at: Option<Timestamp>,
}

impl Registered {
    pub(crate) fn from_row(row: &Row) -> Result<Option<Registered>, Fault> {
        let Some(at) = row.optional_instant("registered_at")? else {
            return Ok(None);
        };
        Ok(Some(Registered {
            at,
            token: row.optional_parsed("registration_token")?,
            terms: row.optional_json("registration_terms")?.unwrap_or_default(),
            last_used_at: row.optional_instant("last_used_at")?,
        }))
    }

    pub(crate) fn terms_text(&self, name: &'static str) -> Result<Option<String>, Fault> {
        terms_text(name, &self.terms)
    }
}

fn terms_text(name: &'static str, terms: &RegistrationTerms) -> Result<Option<String>, Fault> {
    if terms.is_empty() { Ok(None) } else { text_of(name, terms).map(Some) }
}

/// What a client is registered with at its own request, beside what every client has.
#[derive(Clone, Debug)]
pub struct NewRegistration {
    /// What its registration access token is checked against; `None` when nobody may manage it.
    pub token: Option<StoredSecret>,
    /// What it stays bound to.
    pub terms: RegistrationTerms,
    /// The initial access token that is used up by one.
    pub uses: Option<InitialTokenId>,
    /// What an identical registration is recognised by, where it may be answered with this client.
    pub reusable_as: Option<String>,
}

/// What became of a registration.
#[derive(Clone, Debug)]
pub enum Registration {
    /// There is a new client.
    Registered(Box<Client>),
    /// The initial access token was used up, expired or revoked in between.
    TokenUsedUp,
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
    /// What it stays bound to from now on.
    pub terms: &'a RegistrationTerms,
    /// Its metadata from now on.
    pub metadata: &'a ClientMetadata,
    /// Its secret from now on.
    pub secret: Option<&'a StoredSecret>,
    /// The request's instant.
    pub now: Timestamp,
}

impl Clients<'_> {
    /// Registers a client at its own request, and counts the use of its initial access token in the same step: of many
    /// that register with the last use at once, one does. [`Fault::Conflict`] when its name is taken, or the same was
    /// registered in between.
    #[tracing::instrument(name = "store.clients.register", level = "debug", skip_all)]
    pub async fn register(
        &self,
        client: NewClient,
        registration: NewRegistration,
    ) -> Result<Registration, Fault> {
        const NAME: &str = "clients.register";
        let mut transaction = self.0.begin(NAME).await?;
        if let Some(token) = registration.uses
            && !initial_tokens::use_once(&mut transaction, token, client.now).await?
        {
            return Ok(Registration::TokenUsedUp);
        }
        let client = insert_row(&mut transaction, NAME, client, Some(registration)).await?;
        transaction.commit().await?;
        Ok(Registration::Registered(Box::new(client)))
    }

    /// The client that the same was registered as before, which counts as registered anew from `now` on.
    #[tracing::instrument(name = "store.clients.reuse", level = "debug", skip_all)]
    pub async fn reuse(
        &self,
        issuer: IssuerId,
        reusable_as: &str,
        now: Timestamp,
    ) -> Result<Option<Client>, Fault> {
        let reuse = self.0.statement(
            "clients.reuse",
            concat!(
                "UPDATE client SET registered_at = $3
                  WHERE issuer_id = $1 AND reusable_as = $2 AND registered_at IS NOT NULL RETURNING ",
                columns!()
            ),
        );
        let row = reuse.bind(issuer).bind(reusable_as).bind(now).repeatable().fetch_optional().await?;
        row.as_ref().map(Client::from_row).transpose()
    }

    /// Notes that a client that registered itself got tokens at `at`, unless it is known to have since `unless_since`.
    #[tracing::instrument(name = "store.clients.note_use", level = "debug", skip_all)]
    pub async fn note_use(
        &self,
        row: ClientRowId,
        at: Timestamp,
        unless_since: Timestamp,
    ) -> Result<bool, Fault> {
        let note = self.0.statement(
            "clients.note_use",
            "UPDATE client SET last_used_at = $2 WHERE id = $1 AND registered_at IS NOT NULL
               AND (last_used_at IS NULL OR last_used_at < $3)",
        );
        Ok(note.bind(row).bind(at).bind(unless_since).repeatable().execute().await? == 1)
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
        let Replacement { row, token, new_token, terms, metadata, secret, now } = replacement;
        let mut transaction = self.0.begin(NAME).await?;
        let update = transaction.statement(
            NAME,
            "UPDATE client SET metadata = $3, secret = $4, registration_token = $5, updated_at = $6,
               registration_terms = $7, reusable_as = NULL,
               previous_secret = CASE WHEN secret = $4 THEN previous_secret END
              WHERE id = $1 AND registration_token = $2",
        );
        let update = update.bind(row).bind(token.to_string()).bind(text_of(NAME, metadata)?);
        let update = update.bind(secret.map(StoredSecret::to_string)).bind(new_token.to_string()).bind(now);
        let update = update.bind(terms_text(NAME, terms)?);
        let replaced = update.execute().await? == 1;
        if replaced {
            origins::replace(&mut transaction, row, metadata).await?;
        }
        transaction.commit().await?;
        self.0.announce(Change::Clients).await;
        Ok(replaced)
    }
}
