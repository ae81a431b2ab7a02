//! An interaction together with the sessions of the browser that comes back to it, in one statement: every page of
//! the built-in front begins with this.

use grantor_crypto::SecretHash;
use grantor_protocol::{IssuerId, Timestamp};

use crate::{
    BrowserSession, Fault, Interactions, OpenInteraction,
    liveness::session_lives,
    sessions::{SESSIONS_PER_BROWSER, session_columns},
};

/// An interaction and who is signed in where it is continued.
#[derive(Clone, Debug)]
pub struct ResumedInteraction {
    /// The interaction.
    pub interaction: OpenInteraction,
    /// The browser it belongs to; `None` when it came by a cross-site POST and nobody has continued it yet.
    pub browser: Option<SecretHash>,
    /// Whether a grant came of it already.
    pub concluded: bool,
    /// The live sessions behind the secrets given, in their order, with what each user consented to for the client.
    pub sessions: Vec<BrowserSession>,
}

impl Interactions<'_> {
    /// The interaction of an id that has not expired, with the browser's live sessions. Secrets past the sixth do not
    /// count.
    #[tracing::instrument(name = "store.interactions.resume", level = "debug", skip_all)]
    pub async fn resume(
        &self,
        issuer: IssuerId,
        id: &SecretHash,
        secrets: &[SecretHash],
        now: Timestamp,
    ) -> Result<Option<ResumedInteraction>, Fault> {
        let secrets = secrets.get(..SESSIONS_PER_BROWSER).unwrap_or(secrets);
        let mut resume = self
            .0
            .statement(
                "interactions.resume",
                concat!(
                    "SELECT interaction.id AS interaction_id, interaction.issuer_id AS interaction_issuer,
                       interaction.request, interaction.browser_hash, interaction.session_id AS chosen_session,
                       interaction.authenticated_here, interaction.chosen, interaction.created_at_ms,
                       interaction.expires_at AS interaction_expires_at,
                       EXISTS (SELECT 1 FROM oauth_grant WHERE oauth_grant.interaction = interaction.id) AS concluded,
                       account.id AS found_account, account.username_display, account.claims,
                       account.updated_at AS user_updated_at, consent.scope AS consented_scope,
                       EXISTS (SELECT 1 FROM session_client WHERE session_client.session_id = session.id
                         AND session_client.client = interaction.client) AS tells_client, ",
                    session_columns!(),
                    " FROM interaction
                      LEFT JOIN session ON session.issuer_id = interaction.issuer_id
                        AND session.secret_hash IN ($4, $5, $6, $7, $8, $9) AND ",
                    session_lives!("$3"),
                    " LEFT JOIN account ON account.id = session.user_id AND account.disabled_at IS NULL
                      LEFT JOIN consent ON consent.user_id = session.user_id AND consent.client = interaction.client
                     WHERE interaction.issuer_id = $1 AND interaction.id = $2 AND interaction.expires_at > $3"
                ),
            )
            .bind(issuer)
            .bind(id)
            .bind(now);
        for index in 0..SESSIONS_PER_BROWSER {
            resume = resume.bind(secrets.get(index));
        }
        let rows = resume.read().fetch_all().await?;
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let interaction = OpenInteraction {
            id: first.hash("interaction_id")?,
            issuer: IssuerId(first.get("interaction_issuer")?),
            request: first.json("request")?,
            session: first.optional_id("chosen_session")?,
            authenticated_here: first.get("authenticated_here")?,
            chosen: first.get("chosen")?,
            created_at_ms: first.get("created_at_ms")?,
            expires_at: first.instant("interaction_expires_at")?,
        };
        let bound = first.get::<Option<Vec<u8>>>("browser_hash")?.is_some();
        let browser = if bound { Some(first.hash("browser_hash")?) } else { None };
        let mut sessions = Vec::new();
        for row in &rows {
            // A session of a user who is disabled or gone does not count.
            if row.optional_id::<grantor_protocol::UserId>("found_account")?.is_some() {
                sessions.push(BrowserSession::from_row(row)?);
            }
        }
        sessions.sort_by_key(|found| secrets.iter().position(|secret| *secret == found.session.secret_hash));
        Ok(Some(ResumedInteraction { interaction, browser, concluded: first.get("concluded")?, sessions }))
    }
}
