//! Grants: what a user, or a client for itself, allowed. Every token points to one, and "log out everywhere",
//! "revoke this app" and every detected replay end in the one primitive *revoke grant* (design.md 2).

use grantor_crypto::SecretHash;
use grantor_protocol::{
    Challenge, ClaimsRequest, ClientRowId, GrantId, IssuerId, Scope, SessionId, Subject, Timestamp, UserId,
};
use serde_json::Value;

use crate::{
    Fault, GrantFacts, UserFacts,
    engine::{Engine, Row},
    grant_facts::grant_facts,
    ids::RowId,
    json::text_of,
    liveness::{grant_lives, session_lives},
};

/// A grant as an operator or its user sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// What it says.
    pub facts: GrantFacts,
    /// How often its refresh token was rotated.
    pub generation: i64,
    /// Whether and why it was revoked.
    pub revocation: Option<Revocation>,
}

/// The end of a grant before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why: a name of [`RevocationReason`].
    pub because: String,
}

/// Why a grant is revoked; kept for the operator who wonders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationReason {
    /// An authorization code was presented twice.
    CodeReplayed,
    /// A code was guessed at too often.
    CodeBurnt,
    /// A superseded refresh token was presented.
    RefreshTokenReplayed,
    /// The client revoked one of its tokens (RFC 7009).
    Client,
    /// The user took it back.
    User,
    /// An operator ended it.
    Operator,
}

impl RevocationReason {
    /// The name that is stored.
    pub const fn name(self) -> &'static str {
        match self {
            RevocationReason::CodeReplayed => "code_replayed",
            RevocationReason::CodeBurnt => "code_burnt",
            RevocationReason::RefreshTokenReplayed => "refresh_token_replayed",
            RevocationReason::Client => "client",
            RevocationReason::User => "user",
            RevocationReason::Operator => "operator",
        }
    }
}

/// A grant to remember.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// The issuer it belongs to.
    pub issuer: IssuerId,
    /// Who may use it.
    pub client: ClientRowId,
    /// That client's epoch when it was read: a grant given while the epoch is raised is dead.
    pub client_epoch: i64,
    /// Who gave it.
    pub user: Option<UserId>,
    /// `sub`.
    pub subject: Subject,
    /// What was granted.
    pub scope: Scope,
    /// Whom access tokens may be meant for.
    pub audience: Vec<String>,
    /// The login it hangs on.
    pub session: Option<SessionId>,
    /// Whether it outlives that login.
    pub offline: bool,
    /// The claims request.
    pub claims: ClaimsRequest,
    /// RFC 9396.
    pub authorization_details: Option<Value>,
    /// RFC 8693.
    pub act: Option<Value>,
    /// The key that tokens are bound to.
    pub confirmation: Option<Value>,
    /// The interaction that this concludes: it must be open, and it gives one grant only.
    pub interaction: Option<SecretHash>,
    /// `auth_time`.
    pub authenticated_at: Option<Timestamp>,
    /// How well the user was authenticated.
    pub acr: Option<String>,
    /// By what means.
    pub amr: Vec<String>,
    /// The nonce of the request.
    pub nonce: Option<String>,
    /// The request's instant.
    pub created_at: Timestamp,
    /// When refreshing stops for good.
    pub ends_at: Timestamp,
    /// When it dies: with its code when it has one, later when tokens left with the redirect.
    pub expires_at: Timestamp,
    /// The code that gives access to it.
    pub code: Option<NewCode>,
}

impl NewGrant {
    /// What it says once it is there, as this row; tokens that leave with the redirect are made from it.
    pub fn into_facts(self, id: GrantId, user: Option<UserFacts>) -> GrantFacts {
        GrantFacts {
            id,
            client: self.client,
            client_epoch: self.client_epoch,
            user,
            subject: self.subject,
            scope: self.scope,
            audience: self.audience,
            session: self.session,
            offline: self.offline,
            claims: self.claims,
            authorization_details: self.authorization_details,
            act: self.act,
            confirmation: self.confirmation,
            authenticated_at: self.authenticated_at,
            acr: self.acr,
            amr: self.amr,
            nonce: self.nonce,
            created_at: self.created_at,
            ends_at: self.ends_at,
            expires_at: self.expires_at,
        }
    }
}

/// The code of a new grant (RFC 6749 section 4.1.2).
#[derive(Clone, Debug)]
pub struct NewCode {
    /// SHA-256 of the code.
    pub hash: SecretHash,
    /// The PKCE challenge; a code with one is never redeemed without its verifier.
    pub challenge: Option<Challenge>,
    /// Where the code was sent.
    pub redirect_uri: String,
    /// Whether the request named that address; the redemption has to repeat it then.
    pub redirect_uri_given: bool,
    /// When it can no longer be redeemed.
    pub expires_at: Timestamp,
}

/// Whether an interaction gave its grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// The grant is there.
    Inserted(GrantId),
    /// The interaction was concluded before, or is gone.
    AlreadyConcluded,
}

/// Which grants to list; everything that is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct GrantFilter {
    /// Of this user.
    pub user: Option<UserId>,
    /// For this client.
    pub client: Option<ClientRowId>,
    /// Of this login.
    pub session: Option<SessionId>,
    /// After this one, in the order they were given.
    pub after: Option<GrantId>,
    /// Only those that live at this instant.
    pub current_at: Option<Timestamp>,
    /// At most so many.
    pub limit: i64,
}

impl Grant {
    fn from_row(row: &Row) -> Result<Grant, Fault> {
        let revoked_at = row.optional_instant("revoked_at")?;
        let because: Option<String> = row.get("revoked_because")?;
        Ok(Grant {
            facts: GrantFacts::from_row(row)?,
            generation: row.get("generation")?,
            revocation: revoked_at.map(|at| Revocation { at, because: because.unwrap_or_default() }),
        })
    }
}

/// Remembers grants.
#[derive(Clone, Copy, Debug)]
pub struct Grants<'a>(pub(crate) &'a Engine);

impl Grants<'_> {
    /// Remembers `grant`. An interaction gives one grant, however often its last page is submitted.
    #[tracing::instrument(name = "store.grants.insert", level = "debug", skip_all)]
    pub async fn insert(&self, grant: &NewGrant) -> Result<Inserted, Fault> {
        const NAME: &str = "grants.insert";
        let id = GrantId::fresh();
        let code = grant.code.as_ref();
        let json = |value: &Option<Value>| value.as_ref().map(Value::to_string);
        let list = |values: &[String]| Value::from(values).to_string();
        let claims = (!grant.claims.is_empty()).then(|| text_of(NAME, &grant.claims)).transpose()?;
        let inserted = self
            .0
            .statement(
                NAME,
                concat!(
                    "INSERT INTO oauth_grant (id, issuer_id, client, client_epoch, user_id, subject, scope,
                   audience, session_id, offline, claims, authorization_details, act, confirmation,
                   interaction, authenticated_at, acr, amr, nonce, created_at, ends_at, expires_at,
                   code_hash, code_challenge, code_redirect_uri, code_redirect_uri_given, code_expires_at,
                   generation, code_failures)
                 SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                   $19, $20, $21, $22, $23, $24, $25, $26, $27, 0, 0
                  WHERE ($15 IS NULL
                     OR EXISTS (SELECT 1 FROM interaction WHERE id = $15 AND expires_at > $20))
                    AND ($9 IS NULL OR EXISTS (SELECT 1 FROM session WHERE session.id = $9 AND ",
                    session_lives!("$20"),
                    "))
                 ON CONFLICT DO NOTHING"
                ),
            )
            .bind(id)
            .bind(grant.issuer)
            .bind(grant.client)
            .bind(grant.client_epoch)
            .bind(grant.user)
            .bind(grant.subject.as_str())
            .bind(grant.scope.as_str())
            .bind(list(&grant.audience))
            .bind(grant.session)
            .bind(grant.offline)
            .bind(claims)
            .bind(json(&grant.authorization_details))
            .bind(json(&grant.act))
            .bind(json(&grant.confirmation))
            .bind(grant.interaction.as_ref())
            .bind(grant.authenticated_at)
            .bind(grant.acr.as_deref())
            .bind(list(&grant.amr))
            .bind(grant.nonce.as_deref())
            .bind(grant.created_at)
            .bind(grant.ends_at)
            .bind(grant.expires_at)
            .bind(code.map(|code| &code.hash))
            .bind(code.and_then(|code| code.challenge.as_ref()).map(Challenge::as_str))
            .bind(code.map(|code| code.redirect_uri.as_str()))
            .bind(code.is_some_and(|code| code.redirect_uri_given))
            .bind(code.map(|code| code.expires_at))
            .repeatable()
            .execute()
            .await?;
        // After a lost connection the first run may have inserted what the second then conflicts with.
        if inserted == 1 || self.exists(id).await? {
            return Ok(Inserted::Inserted(id));
        }
        Ok(Inserted::AlreadyConcluded)
    }

    /// Ends a grant and with it every token of it; a `client` that is named must be its own. `false` when there is
    /// nothing left to end.
    #[tracing::instrument(name = "store.grants.revoke", level = "debug", skip_all)]
    pub async fn revoke(
        &self,
        id: GrantId,
        client: Option<ClientRowId>,
        reason: RevocationReason,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let revoke = self.0.statement(
            "grants.revoke",
            "UPDATE oauth_grant SET revoked_at = $3, revoked_because = $4
              WHERE id = $1 AND ($2 IS NULL OR client = $2) AND revoked_at IS NULL",
        );
        let revoke = revoke.bind(id).bind(client).bind(now).bind(reason.name()).repeatable();
        Ok(revoke.execute().await? == 1)
    }

    /// Ends every grant of a user but those of one login; how many there were.
    #[tracing::instrument(name = "store.grants.revoke_of_user", level = "debug", skip_all)]
    pub async fn revoke_of_user(
        &self,
        user: UserId,
        except: Option<SessionId>,
        reason: RevocationReason,
        now: Timestamp,
    ) -> Result<u64, Fault> {
        let revoke = self.0.statement(
            "grants.revoke_of_user",
            "UPDATE oauth_grant SET revoked_at = $3, revoked_because = $4
              WHERE user_id = $1 AND revoked_at IS NULL
                AND ($2 IS NULL OR session_id IS NULL OR session_id <> $2)",
        );
        revoke.bind(user).bind(except).bind(now).bind(reason.name()).repeatable().execute().await
    }

    /// The grants that `filter` describes, oldest first.
    #[tracing::instrument(name = "store.grants.list", level = "debug", skip_all)]
    pub async fn list(&self, issuer: IssuerId, filter: &GrantFilter) -> Result<Vec<Grant>, Fault> {
        let list = self.0.statement(
            "grants.list",
            concat!(
                "SELECT ",
                grant_facts!(),
                ", revoked_at, revoked_because, generation
                  FROM oauth_grant
                 WHERE issuer_id = $1 AND ($2 IS NULL OR user_id = $2) AND ($3 IS NULL OR client = $3)
                   AND ($4 IS NULL OR session_id = $4) AND ($5 IS NULL OR id > $5)
                   AND ($6 IS NULL OR ",
                grant_lives!("$6"),
                ") ORDER BY id LIMIT $7"
            ),
        );
        let list = list.bind(issuer).bind(filter.user).bind(filter.client).bind(filter.session);
        let rows =
            list.bind(filter.after).bind(filter.current_at).bind(filter.limit).read().fetch_all().await?;
        rows.iter().map(Grant::from_row).collect()
    }

    /// A grant that lives, for whoever holds one of its refresh tokens.
    #[tracing::instrument(name = "store.grants.live", level = "debug", skip_all)]
    pub async fn live(&self, id: GrantId, now: Timestamp) -> Result<Option<Grant>, Fault> {
        let live = self.0.statement(
            "grants.live",
            concat!(
                "SELECT ",
                grant_facts!(),
                ", revoked_at, revoked_because, generation FROM oauth_grant WHERE id = $1 AND ",
                grant_lives!("$2")
            ),
        );
        let row = live.bind(id).bind(now).read().fetch_optional().await?;
        row.as_ref().map(Grant::from_row).transpose()
    }

    async fn exists(&self, id: GrantId) -> Result<bool, Fault> {
        let exists = self.0.statement("grants.exists", "SELECT 1 FROM oauth_grant WHERE id = $1");
        Ok(exists.bind(id).read().fetch_optional().await?.is_some())
    }
}
