//! Token introspection (RFC 7662). A token that is not active, or not this caller's to see, is answered
//! with `{"active":false}` and nothing else.

use serde::Serialize;
use serde_json::Value;

use crate::ids::{ClientId, Subject};
use crate::scope::Scope;
use crate::time::Timestamp;

/// The answer of the introspection endpoint.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IntrospectionResponse {
    active: bool,
    #[serde(flatten)]
    token: Option<Box<ActiveToken>>,
}

impl IntrospectionResponse {
    /// Exactly `{"active":false}` (RFC 7662 section 2.2).
    pub const fn inactive() -> Self {
        Self { active: false, token: None }
    }

    /// What is known about a living token.
    pub fn active(token: ActiveToken) -> Self {
        Self { active: true, token: Some(Box::new(token)) }
    }

    /// Whether the token is alive.
    pub const fn is_active(&self) -> bool {
        self.active
    }

    /// What is known about the token, when it is alive.
    pub fn token(&self) -> Option<&ActiveToken> {
        self.token.as_deref()
    }
}

/// Members of an active answer (RFC 7662 section 2.2; `token_use` and `ext` as Hydra names them).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActiveToken {
    /// What was granted.
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// The client it was issued to.
    pub client_id: ClientId,
    /// The user's name for people; never an identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// `Bearer`; of access tokens only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// Access or refresh token.
    pub token_use: TokenUse,
    /// When it ends.
    pub exp: Timestamp,
    /// When it was issued.
    pub iat: Timestamp,
    /// Not valid before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<Timestamp>,
    /// Whom it speaks for.
    pub sub: Subject,
    /// Whom it is meant for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aud: Vec<String>,
    /// Who issued it.
    pub iss: String,
    /// Its identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// How strongly the user authenticated (RFC 9470 section 6.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// When the user authenticated (RFC 9470 section 6.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<Timestamp>,
    /// The key it is bound to (RFC 7800).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Value>,
    /// Who acts (RFC 8693 section 4.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Value>,
    /// What was granted in detail (RFC 9396).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_details: Option<Value>,
    /// What a delegated consent added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ext: Option<Value>,
}

/// `token_use`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenUse {
    /// For resource servers.
    AccessToken,
    /// For the token endpoint.
    RefreshToken,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn t197_an_inactive_token_has_no_other_member() {
        let text = serde_json::to_string(&IntrospectionResponse::inactive()).unwrap();
        assert_eq!(text, r#"{"active":false}"#);
    }

    #[test]
    fn an_active_token_has_its_members_at_the_top_with_their_types() {
        let response = IntrospectionResponse::active(ActiveToken {
            scope: Scope::parse("openid api").unwrap(),
            client_id: ClientId::parse("shop").unwrap(),
            username: None,
            token_type: Some("Bearer"),
            token_use: TokenUse::AccessToken,
            exp: Timestamp(1_700_003_600),
            iat: Timestamp(1_700_000_000),
            nbf: None,
            sub: Subject::parse("ada").unwrap(),
            aud: vec!["https://api.example".to_owned()],
            iss: "https://id.example".to_owned(),
            jti: None,
            acr: None,
            auth_time: Some(Timestamp(1_699_999_999)),
            cnf: None,
            act: None,
            authorization_details: None,
            ext: None,
        });
        let expected = json!({
            "active": true, "scope": "openid api", "client_id": "shop", "token_type": "Bearer", "token_use": "access_token",
            "exp": 1_700_003_600, "iat": 1_700_000_000, "sub": "ada", "aud": ["https://api.example"],
            "iss": "https://id.example", "auth_time": 1_699_999_999,
        });
        assert_eq!(serde_json::to_value(&response).unwrap(), expected);
        assert!(response.is_active() && response.token().is_some());
    }
}
