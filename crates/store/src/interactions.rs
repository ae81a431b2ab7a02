//! Authorization requests that wait for their user: validated once, stored as they are, found by the hash of an
//! opaque id. One is bound to the browser that first came with it, so its id alone is worth nothing.

use grantor_crypto::SecretHash;
use grantor_protocol::{AuthorizationRequest, IssuerId, SessionId, Timestamp};

use crate::{Fault, engine::Engine, json::text_of};

/// An interaction that is still to be concluded.
#[derive(Clone, Debug)]
pub struct OpenInteraction {
    /// SHA-256 of its opaque id.
    pub id: SecretHash,
    /// The issuer it is at.
    pub issuer: IssuerId,
    /// The validated request.
    pub request: AuthorizationRequest,
    /// The login it goes on with.
    pub session: Option<SessionId>,
    /// Whether that login was authenticated in this interaction (`prompt=login`).
    pub authenticated_here: bool,
    /// Whether the user chose that login here (`prompt=select_account`).
    pub chosen: bool,
    /// When it began, in milliseconds.
    pub created_at_ms: i64,
    /// Until when it can be concluded.
    pub expires_at: Timestamp,
}

/// An interaction to remember.
#[derive(Clone, Debug)]
pub struct NewInteraction<'a> {
    /// SHA-256 of its opaque id.
    pub id: SecretHash,
    /// The issuer it is at.
    pub issuer: IssuerId,
    /// The validated request.
    pub request: &'a AuthorizationRequest,
    /// The browser it came from; `None` when that is not known yet (a cross-site POST carries no cookie).
    pub browser: Option<SecretHash>,
    /// When it began, in milliseconds.
    pub created_at_ms: i64,
    /// Until when it can be concluded.
    pub expires_at: Timestamp,
}

/// Remembers interactions.
#[derive(Clone, Copy, Debug)]
pub struct Interactions<'a>(pub(crate) &'a Engine);

impl Interactions<'_> {
    /// Remembers an interaction.
    #[tracing::instrument(name = "store.interactions.insert", level = "debug", skip_all)]
    pub async fn insert(&self, interaction: &NewInteraction<'_>) -> Result<(), Fault> {
        const NAME: &str = "interactions.insert";
        let origin = text_of(NAME, &interaction.request.origin)?;
        let insert = self.0.statement(
            NAME,
            "INSERT INTO interaction (id, issuer_id, client, request, origin, browser_hash,
               authenticated_here, chosen, created_at_ms, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, FALSE, FALSE, $7, $8)
             ON CONFLICT DO NOTHING",
        );
        let insert = insert.bind(&interaction.id).bind(interaction.issuer).bind(interaction.request.client);
        let insert = insert.bind(text_of(NAME, interaction.request)?).bind(origin.trim_matches('"'));
        let insert = insert.bind(interaction.browser.as_ref()).bind(interaction.created_at_ms);
        // Repeatable: the id is 256 random bits, so a row that conflicts is our own.
        insert.bind(interaction.expires_at).repeatable().execute().await.map(drop)
    }

    /// Binds it to the first browser that comes with it; `false` when it belongs to another, or is gone.
    #[tracing::instrument(name = "store.interactions.bind_browser", level = "debug", skip_all)]
    pub async fn bind_browser(&self, id: &SecretHash, browser: &SecretHash) -> Result<bool, Fault> {
        let bind = self.0.statement(
            "interactions.bind_browser",
            "UPDATE interaction SET browser_hash = $2
              WHERE id = $1 AND (browser_hash IS NULL OR browser_hash = $2)",
        );
        Ok(bind.bind(id).bind(browser).repeatable().execute().await? == 1)
    }

    /// Goes on with a login that the user chose here, or authenticated here. That a login was authenticated here is
    /// forgotten when another is chosen. `false` when the interaction is gone.
    #[tracing::instrument(name = "store.interactions.bind_session", level = "debug", skip_all)]
    pub async fn bind_session(
        &self,
        id: &SecretHash,
        session: SessionId,
        authenticated_here: bool,
    ) -> Result<bool, Fault> {
        let bind = self.0.statement(
            "interactions.bind_session",
            "UPDATE interaction SET session_id = $2, chosen = TRUE,
               authenticated_here = CASE WHEN session_id = $2 THEN authenticated_here OR $3 ELSE $3 END
              WHERE id = $1",
        );
        Ok(bind.bind(id).bind(session).bind(authenticated_here).repeatable().execute().await? == 1)
    }

    /// Concludes by refusal. Only the first caller hears `true`, and nobody once a grant came of it.
    #[tracing::instrument(name = "store.interactions.delete", level = "debug", skip_all)]
    pub async fn delete(&self, id: &SecretHash) -> Result<bool, Fault> {
        let delete = self.0.statement(
            "interactions.delete",
            "DELETE FROM interaction
              WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM oauth_grant WHERE oauth_grant.interaction = $1)",
        );
        Ok(delete.bind(id).execute().await? == 1)
    }
}
