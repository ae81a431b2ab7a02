//! What a grant says: the part that redemption, refresh, live tokens and lists read in the same way.

use grantor_protocol::{ClaimsRequest, ClientRowId, GrantId, Scope, SessionId, Subject, Timestamp, UserId};
use serde_json::Value;

use crate::{Fault, UserFacts, engine::Row};

/// What a grant says, as tokens and claims are made from it.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantFacts {
    /// Its row.
    pub id: GrantId,
    /// Who may use it.
    pub client: ClientRowId,
    /// The client's epoch it was given under; tokens carry it too.
    pub client_epoch: i64,
    /// Who gave it; `None` when the client acts for itself.
    pub user: Option<UserFacts>,
    /// `sub` as the client knows the user: pairwise where the client is registered so.
    pub subject: Subject,
    /// What was granted.
    pub scope: Scope,
    /// Whom access tokens may be meant for (`audience` and RFC 8707 `resource`).
    pub audience: Vec<String>,
    /// The login it hangs on.
    pub session: Option<SessionId>,
    /// Whether it outlives that login.
    pub offline: bool,
    /// The claims request (OpenID Connect Core section 5.5).
    pub claims: ClaimsRequest,
    /// RFC 9396.
    pub authorization_details: Option<Value>,
    /// RFC 8693.
    pub act: Option<Value>,
    /// The key that tokens are bound to (RFC 7800).
    pub confirmation: Option<Value>,
    /// `auth_time`.
    pub authenticated_at: Option<Timestamp>,
    /// How well the user was authenticated.
    pub acr: Option<String>,
    /// By what means the user was authenticated.
    pub amr: Vec<String>,
    /// The nonce of the authorization request.
    pub nonce: Option<String>,
    /// When it was given.
    pub created_at: Timestamp,
    /// When refreshing stops for good.
    pub ends_at: Timestamp,
    /// When it dies unless it is refreshed.
    pub expires_at: Timestamp,
}

/// The columns of [`GrantFacts`]; scalar sub-queries, because `RETURNING` knows no joins on both engines.
macro_rules! grant_facts {
    () => {
        "oauth_grant.id AS grant_id, oauth_grant.client AS grant_client,
         oauth_grant.client_epoch AS grant_client_epoch, oauth_grant.user_id AS grant_user,
         oauth_grant.subject AS grant_subject, oauth_grant.scope AS grant_scope,
         oauth_grant.audience AS grant_audience, oauth_grant.session_id AS grant_session,
         oauth_grant.offline AS grant_offline, oauth_grant.claims AS grant_claims,
         oauth_grant.authorization_details AS grant_details, oauth_grant.act AS grant_act,
         oauth_grant.confirmation AS grant_confirmation,
         oauth_grant.authenticated_at AS grant_authenticated_at, oauth_grant.acr AS grant_acr,
         oauth_grant.amr AS grant_amr, oauth_grant.nonce AS grant_nonce,
         oauth_grant.created_at AS grant_created_at, oauth_grant.ends_at AS grant_ends_at,
         oauth_grant.expires_at AS grant_expires_at,
         (SELECT account.username_display FROM account WHERE account.id = oauth_grant.user_id)
           AS user_display,
         (SELECT account.claims FROM account WHERE account.id = oauth_grant.user_id) AS user_claims,
         (SELECT account.updated_at FROM account WHERE account.id = oauth_grant.user_id) AS user_updated_at"
    };
}
pub(crate) use grant_facts;

impl GrantFacts {
    pub(crate) fn from_row(row: &Row) -> Result<GrantFacts, Fault> {
        let user = match row.optional_id::<UserId>("grant_user")? {
            // A deleted account leaves its grants behind, dead.
            Some(_) if row.get::<Option<String>>("user_display")?.is_none() => None,
            Some(id) => Some(UserFacts {
                id,
                username_display: row.get("user_display")?,
                claims: row.json("user_claims")?,
                updated_at: row.instant("user_updated_at")?,
            }),
            None => None,
        };
        Ok(GrantFacts {
            id: row.id("grant_id")?,
            client: row.id("grant_client")?,
            client_epoch: row.get("grant_client_epoch")?,
            user,
            subject: row.parsed("grant_subject")?,
            scope: row.parsed("grant_scope")?,
            audience: row.json("grant_audience")?,
            session: row.optional_id("grant_session")?,
            offline: row.get("grant_offline")?,
            claims: row.optional_json("grant_claims")?.unwrap_or_default(),
            authorization_details: row.optional_json("grant_details")?,
            act: row.optional_json("grant_act")?,
            confirmation: row.optional_json("grant_confirmation")?,
            authenticated_at: row.optional_instant("grant_authenticated_at")?,
            acr: row.get("grant_acr")?,
            amr: row.json("grant_amr")?,
            nonce: row.get("grant_nonce")?,
            created_at: row.instant("grant_created_at")?,
            ends_at: row.instant("grant_ends_at")?,
            expires_at: row.instant("grant_expires_at")?,
        })
    }
}
