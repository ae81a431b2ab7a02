//! The token endpoint's request and answer (RFC 6749 sections 4.1.3, 4.4.2, 5.1 and 6). A grant type is one
//! variant here and one file in the server.

use std::fmt;

use serde::Serialize;

use crate::client_metadata::GrantType;
use crate::error::{ErrorCode, RequestRefusal};
use crate::params::Params;
use crate::pkce::Verifier;
use crate::resource::{self, Targets};
use crate::scope::Scope;

/// A well-formed token request; what it presents is not yet known to be good.
#[derive(Clone, PartialEq, Eq)]
pub enum TokenRequest {
    /// RFC 6749 section 4.1.3.
    AuthorizationCode {
        /// `code`.
        code: String,
        /// `redirect_uri`, required when the authorization request had one.
        redirect_uri: Option<String>,
        /// `code_verifier`.
        verifier: Option<Verifier>,
        /// `resource`: a part of what was granted.
        resource: Vec<String>,
        /// `audience`: a part of what was granted.
        audience: Vec<String>,
    },
    /// RFC 6749 section 6.
    RefreshToken {
        /// `refresh_token`.
        refresh_token: String,
        /// `scope`: a part of what was granted, for the new access token only.
        scope: Option<Scope>,
        /// `resource`: a part of what was granted.
        resource: Vec<String>,
        /// `audience`: a part of what was granted.
        audience: Vec<String>,
    },
    /// RFC 6749 section 4.4.2.
    ClientCredentials {
        /// `scope`.
        scope: Option<Scope>,
        /// `resource`.
        resource: Vec<String>,
        /// `audience`.
        audience: Vec<String>,
    },
}

/// No token or code is longer; what is, need not be looked at.
const LONGEST: usize = 16 * 1024;

impl TokenRequest {
    /// Reads the form of a token request.
    pub fn read(params: &Params) -> Result<Self, RequestRefusal> {
        params
            .check_no_repeats(resource::REPEATABLE)
            .map_err(|error| invalid("repeated parameter", "every parameter once", error.to_string()))?;
        let name = required(params, "grant_type")?;
        let unsupported = || {
            let names: Vec<_> = GrantType::AT_TOKEN_ENDPOINT.iter().map(|grant| grant.name()).collect();
            let expected = format!("one of: {}", names.join(", "));
            RequestRefusal::new(ErrorCode::UnsupportedGrantType, "grant_type", expected, name)
        };
        let grant_type = GrantType::parse(name).ok_or_else(unsupported)?;
        let Targets { audience, resource } = Targets::read(params)?;
        Ok(match grant_type {
            GrantType::Implicit => return Err(unsupported()),
            GrantType::AuthorizationCode => Self::AuthorizationCode {
                code: required(params, "code")?.to_owned(),
                redirect_uri: single(params, "redirect_uri")?.map(str::to_owned),
                verifier: verifier(params)?,
                resource,
                audience,
            },
            GrantType::RefreshToken => Self::RefreshToken {
                refresh_token: required(params, "refresh_token")?.to_owned(),
                scope: scope(params)?,
                resource,
                audience,
            },
            GrantType::ClientCredentials => {
                Self::ClientCredentials { scope: scope(params)?, resource, audience }
            }
        })
    }

    /// The grant type, to be compared with what the client may use.
    pub const fn grant_type(&self) -> GrantType {
        match self {
            Self::AuthorizationCode { .. } => GrantType::AuthorizationCode,
            Self::RefreshToken { .. } => GrantType::RefreshToken,
            Self::ClientCredentials { .. } => GrantType::ClientCredentials,
        }
    }
}

impl fmt::Debug for TokenRequest {
    /// The grant type only: the rest is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenRequest({})", self.grant_type())
    }
}

/// A successful answer (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3).
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// How it is used.
    pub token_type: TokenType,
    /// Seconds until it expires.
    pub expires_in: u64,
    /// The refresh token, when one is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The ID token, when `openid` was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// What was granted; always said, because it may differ from what was asked.
    pub scope: Scope,
}

impl fmt::Debug for TokenResponse {
    /// Without the tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenResponse(scope {:?}, expires in {} s)", self.scope.as_str(), self.expires_in)
    }
}

/// `token_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum TokenType {
    /// RFC 6750, in the spelling of Hydra: its clients compare, others must not (RFC 6749 section 7.1).
    #[default]
    #[serde(rename = "bearer")]
    Bearer,
}

/// A verifier that cannot be one is a wrong one (RFC 7636 section 4.6), and never reaches the code.
fn verifier(params: &Params) -> Result<Option<Verifier>, RequestRefusal> {
    const CHECK: &str = "code_verifier";
    let Some(text) = single(params, CHECK)? else {
        return Ok(None);
    };
    Verifier::parse(text).map(Some).map_err(|error| {
        let received = format!("{} bytes", text.len());
        RequestRefusal::new(ErrorCode::InvalidGrant, CHECK, error.to_string(), received)
    })
}

fn scope(params: &Params) -> Result<Option<Scope>, RequestRefusal> {
    let Some(text) = single(params, "scope")? else {
        return Ok(None);
    };
    Scope::parse(text)
        .map(Some)
        .map_err(|error| RequestRefusal::new(ErrorCode::InvalidScope, "scope", error.to_string(), text))
}

fn required<'a>(params: &'a Params, name: &'static str) -> Result<&'a str, RequestRefusal> {
    single(params, name)?.ok_or_else(|| invalid(name, "the parameter", "none"))
}

fn single<'a>(params: &'a Params, name: &'static str) -> Result<Option<&'a str>, RequestRefusal> {
    let value =
        params.single(name).map_err(|error| invalid(name, "the parameter once", error.to_string()))?;
    match value {
        Some(value) if value.len() > LONGEST => {
            Err(invalid(name, format!("at most {LONGEST} bytes"), format!("{} bytes", value.len())))
        }
        _ => Ok(value),
    }
}

fn invalid(check: &'static str, expected: impl Into<String>, received: impl Into<String>) -> RequestRefusal {
    RequestRefusal::new(ErrorCode::InvalidRequest, check, expected, received)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn read(body: &str) -> Result<TokenRequest, RequestRefusal> {
        TokenRequest::read(&Params::parse(body.as_bytes()).unwrap())
    }

    fn list(value: &str) -> Vec<String> {
        vec![value.to_owned()]
    }

    #[test]
    fn every_grant_is_read() {
        let body = format!(
            "grant_type=authorization_code&code=c&redirect_uri=https://app.example/cb&code_verifier={VERIFIER}\
             &resource=https://api.example"
        );
        let request = TokenRequest::AuthorizationCode {
            code: "c".to_owned(),
            redirect_uri: Some("https://app.example/cb".to_owned()),
            verifier: Some(Verifier::parse(VERIFIER).unwrap()),
            resource: list("https://api.example"),
            audience: Vec::new(),
        };
        assert_eq!(read(&body), Ok(request));
        let request = TokenRequest::RefreshToken {
            refresh_token: "r".to_owned(),
            scope: Some(Scope::parse("openid").unwrap()),
            resource: Vec::new(),
            audience: Vec::new(),
        };
        assert_eq!(read("grant_type=refresh_token&refresh_token=r&scope=openid"), Ok(request));
        let request =
            TokenRequest::ClientCredentials { scope: None, resource: Vec::new(), audience: list("api") };
        assert_eq!(read("grant_type=client_credentials&scope=&audience=api&made_up=1"), Ok(request));
    }

    #[test]
    fn malformed_requests_are_refused_with_their_code() {
        let long = format!("grant_type=refresh_token&refresh_token={}", "a".repeat(LONGEST + 1));
        for (body, code) in [
            ("", "invalid_request"),
            ("grant_type=", "invalid_request"),
            ("grant_type=password", "unsupported_grant_type"),
            ("grant_type=Refresh_Token", "unsupported_grant_type"),
            ("grant_type=refresh_token", "invalid_request"),
            ("grant_type=authorization_code", "invalid_request"),
            ("grant_type=authorization_code&code=", "invalid_request"),
            ("grant_type=authorization_code&code=a&code=b", "invalid_request"),
            ("grant_type=refresh_token&grant_type=refresh_token&refresh_token=r", "invalid_request"),
            ("grant_type=authorization_code&code=c&made_up=1&made_up=2", "invalid_request"),
            ("grant_type=authorization_code&code=c&code_verifier=short", "invalid_grant"),
            ("grant_type=refresh_token&refresh_token=r&scope=%22", "invalid_scope"),
            ("grant_type=client_credentials&resource=api", "invalid_target"),
            (&long, "invalid_request"),
        ] {
            assert_eq!(read(body).unwrap_err().code.name(), code, "{body}");
        }
    }

    #[test]
    fn the_answer_has_numbers_as_numbers_and_leaves_out_what_is_not_given() {
        let response = TokenResponse {
            access_token: "a".to_owned(),
            token_type: TokenType::Bearer,
            expires_in: 3600,
            refresh_token: None,
            id_token: None,
            scope: Scope::parse("api").unwrap(),
        };
        let json = serde_json::to_string(&response).unwrap();
        assert_eq!(json, r#"{"access_token":"a","token_type":"bearer","expires_in":3600,"scope":"api"}"#);
    }

    #[test]
    fn tokens_are_never_shown() {
        let request = read("grant_type=refresh_token&refresh_token=hidden").unwrap();
        assert_eq!(format!("{request:?}"), "TokenRequest(refresh_token)");
    }

    proptest! {
        #[test]
        fn any_form_is_read_or_refused(pairs in proptest::collection::vec(
            ("(grant_type|code|scope|code_verifier|refresh_token|resource)", "(refresh_token|authorization_code|\\PC{0,20})"), 0..6)
        ) {
            let _ = TokenRequest::read(&pairs.into_iter().collect());
        }
    }
}
