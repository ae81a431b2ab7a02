//! Access tokens have no row. Whether one counts is derived when it is read, in one statement (design.md 2).

use grantor_protocol::{ClientId, ClientRowId, GrantId, Timestamp, TokenId};

use crate::{
    Fault, GrantFacts,
    engine::Engine,
    grant_facts::grant_facts,
    liveness::{grant_lives, session_lives},
};

/// What a token that was opened says about itself.
#[derive(Clone, Copy, Debug)]
pub struct LiveQuery {
    /// Its grant; `None` for a client that acts for itself.
    pub grant: Option<GrantId>,
    /// Whom it was issued to.
    pub client: ClientRowId,
    /// That client's epoch then.
    pub epoch: i64,
    /// Its own id.
    pub token: TokenId,
    /// The request's instant.
    pub now: Timestamp,
}

/// A token that counts.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveToken {
    /// The name of the client it was issued to.
    pub client_id: ClientId,
    /// Whether that client may be registered for userinfo answers that are JWTs: its metadata names a member of them.
    /// Told by the text, so that nobody reads the client for the sake of the few that are.
    pub may_want_signed_userinfo: bool,
    /// Its grant with the user's claims; `None` when the token has none.
    pub grant: Option<GrantFacts>,
}

/// Answers for access tokens.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a>(pub(crate) &'a Engine);

impl Tokens<'_> {
    /// What is behind a token, or `None` when anything it depends on is missing, ended or revoked.
    #[tracing::instrument(name = "store.tokens.live", level = "debug", skip_all)]
    pub async fn live(&self, query: LiveQuery) -> Result<Option<LiveToken>, Fault> {
        let live = self.0.statement(
            "tokens.live",
            concat!(
                "SELECT client.client_id AS issued_to, oauth_grant.id AS found_grant,
                   (client.metadata LIKE '%\"userinfo_signed_response_alg\"%'
                     OR client.metadata LIKE '%\"userinfo_encrypted_response_alg\"%') AS signed_userinfo, ",
                grant_facts!(),
                " FROM client
                  LEFT JOIN oauth_grant ON oauth_grant.id = $1 AND oauth_grant.client = client.id
                 WHERE client.id = $2 AND client.epoch = $3
                   AND NOT EXISTS (SELECT 1 FROM revoked_token WHERE revoked_token.id = $4)
                   AND ($1 IS NULL OR ",
                grant_lives!("$5"),
                ")"
            ),
        );
        let live =
            live.bind(query.grant).bind(query.client).bind(query.epoch).bind(query.token).bind(query.now);
        let Some(row) = live.read().fetch_optional().await? else {
            return Ok(None);
        };
        let grant = match row.optional_id::<GrantId>("found_grant")? {
            Some(_) => Some(GrantFacts::from_row(&row)?),
            None => None,
        };
        Ok(Some(LiveToken {
            client_id: row.parsed("issued_to")?,
            may_want_signed_userinfo: row.get("signed_userinfo")?,
            grant,
        }))
    }

    /// Ends one token that has no grant; kept until it would have expired anyway.
    #[tracing::instrument(name = "store.tokens.revoke_id", level = "debug", skip_all)]
    pub async fn revoke_id(&self, token: TokenId, expires_at: Timestamp) -> Result<(), Fault> {
        let revoke = self.0.statement(
            "tokens.revoke_id",
            "INSERT INTO revoked_token (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        );
        revoke.bind(token).bind(expires_at).repeatable().execute().await.map(drop)
    }
}
