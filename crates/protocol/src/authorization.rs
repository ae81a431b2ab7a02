//! The authorization request (RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.1). It is read
//! in two steps, so that the type says where an error may go: until client and redirect URI are known to
//! be good it stays on our page (`PageError`), from then on it returns to the client (`RequestRefusal`).

mod returning;
mod validation;

pub use returning::{PageError, RequestedClient, ReturnTo};
pub use validation::{requested_mode, requested_state, validate};

use serde::{Deserialize, Serialize};

use crate::claims::{ClaimScopes, standard_scope_of};
use crate::claims_request::ClaimsRequest;
use crate::ids::{ClientId, ClientRowId, Subject};
use crate::pkce::Challenge;
use crate::prompt::Prompt;
use crate::response::{ResponseMode, ResponseType};
use crate::scope::Scope;

/// A validated request, as an interaction keeps it: nothing in it is ever read from the browser again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The row of the client, so that a client made anew under the same id is another.
    pub client: ClientRowId,
    /// `client_id`.
    pub client_id: ClientId,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// Whether the request named it: then the token request must, too (RFC 6749 section 4.1.3).
    pub redirect_uri_given: bool,
    /// `response_type`.
    pub response_type: ResponseType,
    /// `response_mode`, or the default of the response type.
    pub response_mode: ResponseMode,
    /// `scope`, within what the client may ask.
    pub scope: Scope,
    /// `state`, to be returned byte for byte.
    pub state: Option<String>,
    /// `nonce`, to be repeated in ID tokens.
    pub nonce: Option<String>,
    /// The PKCE challenge.
    pub challenge: Option<Challenge>,
    /// `prompt`.
    pub prompt: Prompt,
    /// `max_age`, or the client's `default_max_age`.
    pub max_age: Option<i64>,
    /// `login_hint`.
    pub login_hint: Option<String>,
    /// The subject of a verified `id_token_hint`: no one else may answer.
    pub id_token_hint_subject: Option<String>,
    /// `acr_values`, or the client's default.
    pub acr_values: Vec<String>,
    /// `ui_locales`, most wanted first.
    pub ui_locales: Vec<String>,
    /// `display`.
    pub display: Option<Display>,
    /// `audience`.
    pub audience: Vec<String>,
    /// `resource` (RFC 8707).
    pub resource: Vec<String>,
    /// `claims` and `claims_locales` (OpenID Connect Core sections 5.2 and 5.5).
    #[serde(default)]
    pub claims: ClaimsRequest,
    /// Claims asked for one by one that no scope of the request releases: consent must name them.
    #[serde(default)]
    pub claims_beyond_scope: Vec<String>,
    /// How the request arrived.
    pub origin: RequestOrigin,
}

impl AuthorizationRequest {
    /// What the user is asked to allow, as standing consent keeps it: the scope, and each claim beyond it as a value of
    /// its own, which no client can ask for as a scope without being registered for it.
    pub fn consented(&self) -> Scope {
        let claims = self.claims_beyond_scope.iter().map(|claim| consent_to_claim(claim));
        self.scope.union(&Scope::join(claims))
    }

    /// Whether standing consent covers everything that the request would release. Whoever agreed to a scope agreed to
    /// each claim of it.
    pub fn is_covered_by(&self, consented: &Scope) -> bool {
        self.scope.is_subset_of(consented)
            && self.claims_beyond_scope.iter().all(|claim| {
                consented.contains(&consent_to_claim(claim))
                    || standard_scope_of(claim).is_some_and(|scope| consented.contains(scope))
            })
    }
}

/// What begins a value of standing consent that stands for one claim.
pub(crate) const CONSENT_TO_CLAIM: &str = "claim:";

/// The value that stands for consent to one claim.
fn consent_to_claim(claim: &str) -> String {
    let spelled = |byte: u8| match byte {
        b'!' | b'#' | b'$' | b'&'..=b'[' | b']'..=b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    format!("{CONSENT_TO_CLAIM}{}", claim.bytes().map(spelled).collect::<String>())
}

/// The claim that a value of standing consent stands for ([`AuthorizationRequest::consented`]); `None` for a scope value.
pub fn claim_of_consent(value: &str) -> Option<String> {
    let spelled = value.strip_prefix(CONSENT_TO_CLAIM)?;
    let mut bytes = Vec::new();
    let mut rest = spelled.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(digit(rest.next()?)? * 16 + digit(rest.next()?)?);
    }
    String::from_utf8(bytes).ok()
}

/// A validated request before it is joined with its client, its redirect URI and the hinted subject.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the members of `AuthorizationRequest`, which documents them")]
pub struct ValidatedParams {
    pub response_type: ResponseType,
    pub response_mode: ResponseMode,
    pub scope: Scope,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub challenge: Option<Challenge>,
    pub prompt: Prompt,
    pub max_age: Option<i64>,
    pub login_hint: Option<String>,
    pub acr_values: Vec<String>,
    pub ui_locales: Vec<String>,
    pub display: Option<Display>,
    pub audience: Vec<String>,
    pub resource: Vec<String>,
    pub claims: ClaimsRequest,
    pub claims_beyond_scope: Vec<String>,
}

impl ValidatedParams {
    /// The whole request; `hinted` is the subject of the `id_token_hint`, once its signature was verified.
    pub fn into_request(
        self,
        client: ClientRowId,
        client_id: ClientId,
        return_to: ReturnTo,
        hinted: Option<Subject>,
        origin: RequestOrigin,
    ) -> AuthorizationRequest {
        AuthorizationRequest {
            client,
            client_id,
            redirect_uri: return_to.redirect_uri,
            redirect_uri_given: return_to.given,
            response_type: self.response_type,
            response_mode: self.response_mode,
            scope: self.scope,
            state: self.state,
            nonce: self.nonce,
            challenge: self.challenge,
            prompt: self.prompt,
            max_age: self.max_age,
            login_hint: self.login_hint,
            id_token_hint_subject: hinted.map(String::from),
            acr_values: self.acr_values,
            ui_locales: self.ui_locales,
            display: self.display,
            audience: self.audience,
            resource: self.resource,
            claims: self.claims,
            claims_beyond_scope: self.claims_beyond_scope,
            origin,
        }
    }
}

/// How an authorization request reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestOrigin {
    /// In the query of a GET.
    Query,
    /// In the body of a POST.
    Body,
    /// Pushed before (RFC 9126).
    Pushed,
    /// In a request object (OpenID Connect Core section 6, RFC 9101).
    Object,
}

/// How the pages should show themselves (`display`); a hint, so an unknown value is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the four values of OpenID Connect Core section 3.1.2.1")]
pub enum Display {
    Page,
    Popup,
    Touch,
    Wap,
}

impl Display {
    /// Every value, as discovery lists them.
    pub const ALL: &[Self] = &[Self::Page, Self::Popup, Self::Touch, Self::Wap];

    /// The name in requests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Popup => "popup",
            Self::Touch => "touch",
            Self::Wap => "wap",
        }
    }

    /// The value of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|display| display.name() == name)
    }
}

/// Who must use PKCE (`clients.pkce`). Public clients always must.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PkceRule {
    /// Everyone.
    Always,
    /// Confidential clients may send an OpenID nonce instead (OAuth 2.1 section 7.5.1).
    #[default]
    Nonce,
    /// Confidential clients may go without both.
    Public,
}

/// What the operator allows, for every client at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRules {
    /// `clients.response_types`.
    pub response_types: Vec<ResponseType>,
    /// `clients.pkce`.
    pub pkce: PkceRule,
    /// Which claims can be released, and by which scope.
    pub claims: ClaimScopes,
}

impl Default for AuthorizationRules {
    fn default() -> Self {
        Self {
            response_types: vec![ResponseType::CODE],
            pkce: PkceRule::default(),
            claims: ClaimScopes::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_read_back_from_what_stands_for_consent_to_it() {
        for claim in ["birthdate", "of the \"firm\"", "100%", "größe", "a:b", "https://claims.example/x"] {
            assert_eq!(claim_of_consent(&consent_to_claim(claim)).as_deref(), Some(claim));
        }
        for other in ["openid", "claims:x", "claim:%4", "claim:%zz", "claim:%ff"] {
            assert_eq!(claim_of_consent(other), None, "{other}");
        }
    }
}
