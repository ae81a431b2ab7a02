//! The ID token (OpenID Connect Core section 2): who authenticated, when and how, and the claims that were asked for in
//! it. The same on both channels; what differs is what came with it.

use grantor_protocol::claims::released;
use serde_json::{Map, Value, json};

use grantor_store::GrantFacts;

use crate::client_jwt::ClientJwt;
use crate::error::Failure;
use crate::issuing::Issuing;
use crate::sid::sid;
use crate::user_claims::claims_of;

/// What an ID token speaks of, and what comes with it.
pub(crate) struct IdToken<'a> {
    /// The grant.
    pub(crate) facts: &'a GrantFacts,
    /// The nonce of the authorization request; in the ID tokens that answer it, not in refreshed ones.
    pub(crate) nonce: Option<&'a str>,
    /// The access token that comes with it (`at_hash`).
    pub(crate) access_token: Option<&'a str>,
    /// The code that comes with it (`c_hash`).
    pub(crate) code: Option<&'a str>,
    /// The `state` that comes with it (`s_hash`).
    pub(crate) state: Option<&'a str>,
    /// Whether the claims of the scope are in it: only when no access token could fetch them (section 5.4), or where the
    /// client's policy says so.
    pub(crate) has_scope_claims: bool,
}

impl IdToken<'_> {
    /// The compact form.
    pub(crate) fn encode(&self, issuing: Issuing<'_>, form: &ClientJwt) -> Result<String, Failure> {
        let claims = self.claims(issuing, form)?;
        form.encode(&Value::Object(claims))
    }

    fn claims(&self, issuing: Issuing<'_>, form: &ClientJwt) -> Result<Map<String, Value>, Failure> {
        let facts = self.facts;
        let client = &issuing.client.row;
        let now = issuing.now.timestamp();
        let config = &issuing.app.config;
        let mut claims = match &facts.user {
            Some(user) => {
                let of_scope = if self.has_scope_claims {
                    config.claims.scopes.released_by(&facts.scope)
                } else {
                    Vec::new()
                };
                released(
                    &claims_of(user, &facts.subject)?,
                    of_scope,
                    &facts.claims.id_token,
                    &facts.claims.locales,
                )
            }
            None => Map::new(),
        };
        // Set last: no claim of a user can take the place of one of ours.
        let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        set("iss", json!(&*issuing.issuer.url));
        set("sub", json!(facts.subject.as_str()));
        set("aud", json!(client.client_id.as_str()));
        set("exp", json!(now.plus(config.tokens.id.lifetime.seconds()).seconds()));
        set("iat", json!(now.seconds()));
        set("amr", json!(facts.amr));
        if let Some(time) = facts.authenticated_at {
            set("auth_time", json!(time.seconds()));
        }
        if let Some(acr) = &facts.acr {
            set("acr", json!(acr));
        }
        if let Some(nonce) = self.nonce {
            set("nonce", json!(nonce));
        }
        if let Some(session) = facts.session {
            set("sid", json!(sid(session, client.row)));
        }
        let hashed = [("at_hash", self.access_token), ("c_hash", self.code), ("s_hash", self.state)];
        for (name, value) in hashed {
            if let Some(hash) = value.and_then(|value| form.left_half_hash(value)) {
                set(name, json!(hash));
            }
        }
        Ok(claims)
    }
}
