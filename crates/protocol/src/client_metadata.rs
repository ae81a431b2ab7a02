//! Client metadata (RFC 7591 section 2, OpenID Connect Dynamic Client Registration section 2, logout
//! specifications). Unknown members are dropped; the effective set, defaults included, is what is stored.

mod algorithms;
mod keys;
mod localized;
mod rules;
mod values;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::ErrorCode;
use crate::redirect_uri::{RedirectUri, is_loopback_host};
use crate::response::ResponseType;
use crate::scope::Scope;

pub use localized::{Introduction, Localized};
pub use values::{
    AccessTokenStrategy, ApplicationType, AssertionAudience, ClientAuthMethod, ContentEncryptionAlgorithm,
    GrantType, KeyManagementAlgorithm, SigningAlgorithm, SubjectType,
};

/// What a client is registered for. Member names are those of the registries; the last group is the
/// operator's own and can never be registered by the client itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "every member is defined by the specification that the module names")]
#[expect(clippy::struct_excessive_bools, reason = "the registries' members")]
pub struct ClientMetadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    pub redirect_uris: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    pub grant_types: Vec<GrantType>,
    pub response_types: Vec<ResponseType>,
    pub scope: Scope,
    pub token_endpoint_auth_method: ClientAuthMethod,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<SigningAlgorithm>,
    pub application_type: ApplicationType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    pub subject_type: SubjectType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    pub id_token_signed_response_alg: SigningAlgorithm,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_alg: Option<KeyManagementAlgorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_encrypted_response_enc: Option<ContentEncryptionAlgorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<SigningAlgorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_alg: Option<KeyManagementAlgorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_encrypted_response_enc: Option<ContentEncryptionAlgorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<SigningAlgorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_alg: Option<KeyManagementAlgorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_encryption_enc: Option<ContentEncryptionAlgorithm>,
    pub require_signed_request_object: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<i64>,
    pub require_auth_time: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default_acr_values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_uris: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    pub frontchannel_logout_session_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    pub backchannel_logout_session_required: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_cors_origins: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
    #[serde(flatten)]
    pub localized: Localized,

    pub skip_consent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_strategy: Option<AccessTokenStrategy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_rotation: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_assertion_audience: Option<AssertionAudience>,
    pub introspect_any: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub scope_claims_in_id_token: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub offline_access_ends_with_session: bool,
}

impl Default for ClientMetadata {
    /// RFC 7591 section 2, and `openid offline_access profile email` for a client that names no scope.
    fn default() -> Self {
        Self {
            client_name: None,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            grant_types: vec![GrantType::AuthorizationCode],
            response_types: vec![ResponseType::CODE],
            scope: default_scope(),
            token_endpoint_auth_method: ClientAuthMethod::Basic,
            token_endpoint_auth_signing_alg: None,
            application_type: ApplicationType::Web,
            jwks: None,
            jwks_uri: None,
            contacts: Vec::new(),
            logo_uri: None,
            client_uri: None,
            policy_uri: None,
            tos_uri: None,
            subject_type: SubjectType::Public,
            sector_identifier_uri: None,
            id_token_signed_response_alg: SigningAlgorithm::RS256,
            id_token_encrypted_response_alg: None,
            id_token_encrypted_response_enc: None,
            userinfo_signed_response_alg: None,
            userinfo_encrypted_response_alg: None,
            userinfo_encrypted_response_enc: None,
            request_object_signing_alg: None,
            request_object_encryption_alg: None,
            request_object_encryption_enc: None,
            require_signed_request_object: false,
            default_max_age: None,
            require_auth_time: false,
            default_acr_values: Vec::new(),
            initiate_login_uri: None,
            request_uris: Vec::new(),
            frontchannel_logout_uri: None,
            frontchannel_logout_session_required: false,
            backchannel_logout_uri: None,
            backchannel_logout_session_required: false,
            audience: Vec::new(),
            allowed_cors_origins: Vec::new(),
            software_id: None,
            software_version: None,
            localized: Localized::default(),
            skip_consent: false,
            access_token_strategy: None,
            metadata: None,
            refresh_token_rotation: None,
            client_assertion_audience: None,
            introspect_any: false,
            scope_claims_in_id_token: false,
            offline_access_ends_with_session: false,
        }
    }
}

/// The scope of a client that names none.
pub const DEFAULT_SCOPE: &str = "openid offline_access profile email";

fn default_scope() -> Scope {
    Scope::parse(DEFAULT_SCOPE).unwrap_or_default()
}

/// A member of client metadata that is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{member}: {reason}")]
pub struct MetadataError {
    /// The member's name; empty when the document itself is wrong.
    pub member: String,
    /// What is wrong with it.
    pub reason: String,
}

impl MetadataError {
    /// The code of a registration answer (RFC 7591 section 3.2.2).
    pub fn code(&self) -> ErrorCode {
        if self.member.starts_with("redirect_uris") {
            ErrorCode::InvalidRedirectUri
        } else if self.member == "software_statement" {
            ErrorCode::InvalidSoftwareStatement
        } else {
            ErrorCode::InvalidClientMetadata
        }
    }
}

impl ClientMetadata {
    /// Members that only the operator sets: they widen what a client may do without asking.
    pub const OPERATOR_MEMBERS: &[&str] = &[
        "skip_consent",
        "access_token_strategy",
        "metadata",
        "refresh_token_rotation",
        "client_assertion_audience",
        "introspect_any",
        "scope_claims_in_id_token",
        "offline_access_ends_with_session",
    ];

    /// Reads a metadata document and validates it. `null`, empty text and empty objects count as left out,
    /// because exported clients are full of them.
    pub fn from_json(document: Value) -> Result<Self, MetadataError> {
        let Value::Object(mut members) = document else {
            return Err(MetadataError { member: String::new(), reason: "must be a JSON object".to_owned() });
        };
        members.retain(|name, value| !is_left_out(value) && !says_nothing(name, value));
        Localized::check_types(&members)?;
        let names_response_types = members.contains_key("response_types");
        let names_grant_types = members.contains_key("grant_types");
        let mut metadata: Self =
            serde_path_to_error::deserialize(Value::Object(members)).map_err(|error| MetadataError {
                member: error.path().to_string(),
                reason: error.inner().to_string(),
            })?;
        if !names_response_types && !metadata.allows_grant(GrantType::AuthorizationCode) {
            metadata.response_types.clear();
        }
        if !names_grant_types {
            metadata.grant_types = grants_of(&metadata.response_types);
        }
        metadata.fill_content_encryption();
        metadata.validate()?;
        Ok(metadata)
    }

    /// Checks what types alone cannot; every rule is a row of one table.
    pub fn validate(&self) -> Result<(), MetadataError> {
        for (member, check) in rules::RULES {
            check(self).map_err(|reason| MetadataError { member: (*member).to_owned(), reason })?;
        }
        self.localized.validate()
    }

    /// Takes away what a client that registers itself must not decide.
    pub fn clear_operator_members(&mut self) {
        self.keep_operator_members(&Self::default());
    }

    /// Leaves what a client must not decide as the operator set it before.
    pub fn keep_operator_members(&mut self, before: &Self) {
        self.skip_consent = before.skip_consent;
        self.access_token_strategy = before.access_token_strategy;
        self.metadata.clone_from(&before.metadata);
        self.refresh_token_rotation = before.refresh_token_rotation;
        self.client_assertion_audience = before.client_assertion_audience;
        self.introspect_any = before.introspect_any;
        self.scope_claims_in_id_token = before.scope_claims_in_id_token;
        self.offline_access_ends_with_session = before.offline_access_ends_with_session;
    }

    /// Whether the client cannot authenticate.
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == ClientAuthMethod::None
    }

    /// Whether the client is given a secret: it authenticates with one.
    pub fn has_secret(&self) -> bool {
        match self.token_endpoint_auth_method {
            ClientAuthMethod::Basic | ClientAuthMethod::Post | ClientAuthMethod::SecretJwt => true,
            ClientAuthMethod::PrivateKeyJwt | ClientAuthMethod::None => false,
        }
    }

    /// Whom its assertions must name.
    pub fn assertion_audience(&self) -> AssertionAudience {
        self.client_assertion_audience.unwrap_or(AssertionAudience::Endpoint)
    }

    /// Whether the client may use this grant.
    pub fn allows_grant(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// Whether the client may ask for this response type.
    pub fn allows_response_type(&self, response_type: ResponseType) -> bool {
        self.response_types.contains(&response_type)
    }

    /// The registered redirect URI that `requested` matches: the one check for every path.
    pub fn matching_redirect_uri(&self, requested: &str) -> Option<RedirectUri> {
        matching(&self.redirect_uris, requested, self.application_type)
    }

    /// The same for `post_logout_redirect_uri` (RP-Initiated Logout section 3).
    pub fn matching_post_logout_redirect_uri(&self, requested: &str) -> Option<RedirectUri> {
        matching(&self.post_logout_redirect_uris, requested, self.application_type)
    }

    /// Whether it wants to know when a session ends (Back-Channel and Front-Channel Logout).
    pub fn is_told_of_logouts(&self) -> bool {
        self.backchannel_logout_uri.is_some() || self.frontchannel_logout_uri.is_some()
    }

    /// Whether refresh tokens rotate: public clients must (RFC 9700 section 4.14), others unless told not to.
    pub fn rotates_refresh_tokens(&self) -> bool {
        self.is_public() || self.refresh_token_rotation.unwrap_or(true)
    }

    /// Whether consent is never remembered: nothing assures the identity of a public native client
    /// whose redirects other programs can take (RFC 8252 section 8.6).
    pub fn asks_consent_each_time(&self) -> bool {
        self.is_public()
            && self.application_type == ApplicationType::Native
            && self.registered(&self.redirect_uris).any(|uri| uri.is_loopback_or_private_scheme())
    }

    /// The web origins that may call the endpoints from a browser.
    pub fn cors_origins(&self) -> impl Iterator<Item = String> {
        let of_redirects = self.registered(&self.redirect_uris).filter_map(|uri| uri.origin());
        of_redirects.chain(self.allowed_cors_origins.iter().cloned())
    }

    /// The sector of a pairwise client: who shares a sector recognises the same users (OpenID Connect Core section 8.1).
    /// `None` when its redirect URIs have several hosts, or none that is the client's alone, and no `sector_identifier_uri`
    /// joins them: in a scheme of an application's own anybody may write any host, and on this machine there are many.
    pub fn sector(&self) -> Option<String> {
        let host_of = |uri: &String| {
            let url = url::Url::parse(uri).ok()?;
            let host = url.host_str().filter(|host| url.scheme() == "https" && !is_loopback_host(host))?;
            Some(host.to_owned())
        };
        if let Some(uri) = &self.sector_identifier_uri {
            // It names the redirect URIs, which was checked at registration: whose it is does not matter.
            return Some(url::Url::parse(uri).ok()?.host_str()?.to_owned());
        }
        let mut hosts = self.redirect_uris.iter().map(host_of);
        let first = hosts.next()??;
        hosts.all(|host| host.as_ref() == Some(&first)).then_some(first)
    }

    fn registered(&self, uris: &[String]) -> impl Iterator<Item = RedirectUri> {
        uris.iter().filter_map(|uri| RedirectUri::register(uri, self.application_type).ok())
    }
}

/// The grants that these response types are made of (OpenID Connect Dynamic Client Registration section 2), for a client
/// that names none.
fn grants_of(response_types: &[ResponseType]) -> Vec<GrantType> {
    let has_code = response_types.is_empty() || response_types.iter().any(|asked| asked.has_code());
    let is_front_channel = response_types.iter().any(|asked| asked.has_front_channel_token());
    let code = has_code.then_some(GrantType::AuthorizationCode);
    code.into_iter().chain(is_front_channel.then_some(GrantType::Implicit)).collect()
}

pub(crate) fn is_left_out(value: &Value) -> bool {
    value.is_null()
        || value.as_str().is_some_and(str::is_empty)
        || value.as_object().is_some_and(serde_json::Map::is_empty)
}

/// What exports of Hydra write where nothing was said: empty lists, and userinfo that is plain JSON.
fn says_nothing(name: &str, value: &Value) -> bool {
    match name {
        "grant_types" | "response_types" => value.as_array().is_some_and(Vec::is_empty),
        "userinfo_signed_response_alg" => value == SigningAlgorithm::Unsigned.name(),
        _ => false,
    }
}

fn matching(uris: &[String], requested: &str, application: ApplicationType) -> Option<RedirectUri> {
    uris.iter()
        .filter_map(|uri| RedirectUri::register(uri, application).ok())
        .find(|uri| uri.matches(requested, application))
}

#[cfg(test)]
mod tests;
