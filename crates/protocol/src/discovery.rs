//! Metadata of the server (RFC 8414, OpenID Connect Discovery 1.0). Only members that the OpenID Foundation's
//! suite knows, and never an empty array (RFC 8414 section 3.2).

use serde::Serialize;

/// The document behind both well-known addresses. Endpoints that do not exist stay `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "every member is defined by the specifications that the module names")]
#[expect(clippy::struct_excessive_bools, reason = "the specification's members")]
pub struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_session_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_session_iframe: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushed_authorization_request_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_authorization_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_types_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_modes_supported: Vec<String>,
    /// Always published: the default of an absent member would promise the implicit grant.
    pub grant_types_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subject_types_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id_token_signing_alg_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id_token_encryption_alg_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id_token_encryption_enc_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub userinfo_signing_alg_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub userinfo_encryption_alg_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub userinfo_encryption_enc_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_object_signing_alg_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_object_encryption_alg_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub request_object_encryption_enc_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_signing_alg_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revocation_endpoint_auth_methods_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revocation_endpoint_auth_signing_alg_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub introspection_endpoint_auth_methods_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub introspection_endpoint_auth_signing_alg_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acr_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claim_types_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prompt_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub display_values_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ui_locales_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub code_challenge_methods_supported: Vec<String>,
    pub claims_parameter_supported: bool,
    pub request_parameter_supported: bool,
    /// Always published: the default of an absent member is `true`.
    pub request_uri_parameter_supported: bool,
    pub require_request_uri_registration: bool,
    pub authorization_response_iss_parameter_supported: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub backchannel_logout_supported: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub backchannel_logout_session_supported: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub frontchannel_logout_supported: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub frontchannel_logout_session_supported: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_documentation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op_policy_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op_tos_uri: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// conformance.md 3.5, what concerns this server.
    const KNOWN_TO_THE_SUITE: &[&str] = &[
        "acr_values_supported",
        "authorization_endpoint",
        "authorization_response_iss_parameter_supported",
        "backchannel_logout_session_supported",
        "backchannel_logout_supported",
        "check_session_iframe",
        "claim_types_supported",
        "claims_parameter_supported",
        "claims_supported",
        "code_challenge_methods_supported",
        "device_authorization_endpoint",
        "display_values_supported",
        "end_session_endpoint",
        "frontchannel_logout_session_supported",
        "frontchannel_logout_supported",
        "grant_types_supported",
        "id_token_encryption_alg_values_supported",
        "id_token_encryption_enc_values_supported",
        "id_token_signing_alg_values_supported",
        "introspection_endpoint",
        "introspection_endpoint_auth_methods_supported",
        "introspection_endpoint_auth_signing_alg_values_supported",
        "issuer",
        "jwks_uri",
        "op_policy_uri",
        "op_tos_uri",
        "prompt_values_supported",
        "pushed_authorization_request_endpoint",
        "registration_endpoint",
        "request_object_encryption_alg_values_supported",
        "request_object_encryption_enc_values_supported",
        "request_object_signing_alg_values_supported",
        "request_parameter_supported",
        "request_uri_parameter_supported",
        "require_request_uri_registration",
        "response_modes_supported",
        "response_types_supported",
        "revocation_endpoint",
        "revocation_endpoint_auth_methods_supported",
        "revocation_endpoint_auth_signing_alg_values_supported",
        "scopes_supported",
        "service_documentation",
        "subject_types_supported",
        "token_endpoint",
        "token_endpoint_auth_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "ui_locales_supported",
        "userinfo_endpoint",
        "userinfo_encryption_alg_values_supported",
        "userinfo_encryption_enc_values_supported",
        "userinfo_signing_alg_values_supported",
    ];

    fn full() -> Metadata {
        let list = || vec!["x".to_owned()];
        let url = || Some("https://id.example/x".to_owned());
        Metadata {
            issuer: "https://id.example".to_owned(),
            authorization_endpoint: "https://id.example/oauth2/auth".to_owned(),
            token_endpoint: "https://id.example/oauth2/token".to_owned(),
            jwks_uri: "https://id.example/.well-known/jwks.json".to_owned(),
            userinfo_endpoint: url(),
            registration_endpoint: url(),
            revocation_endpoint: url(),
            introspection_endpoint: url(),
            end_session_endpoint: url(),
            check_session_iframe: url(),
            pushed_authorization_request_endpoint: url(),
            device_authorization_endpoint: url(),
            scopes_supported: list(),
            response_types_supported: list(),
            response_modes_supported: list(),
            grant_types_supported: list(),
            subject_types_supported: list(),
            id_token_signing_alg_values_supported: list(),
            id_token_encryption_alg_values_supported: list(),
            id_token_encryption_enc_values_supported: list(),
            userinfo_signing_alg_values_supported: list(),
            userinfo_encryption_alg_values_supported: list(),
            userinfo_encryption_enc_values_supported: list(),
            request_object_signing_alg_values_supported: list(),
            request_object_encryption_alg_values_supported: list(),
            request_object_encryption_enc_values_supported: list(),
            token_endpoint_auth_methods_supported: list(),
            token_endpoint_auth_signing_alg_values_supported: list(),
            revocation_endpoint_auth_methods_supported: list(),
            revocation_endpoint_auth_signing_alg_values_supported: list(),
            introspection_endpoint_auth_methods_supported: list(),
            introspection_endpoint_auth_signing_alg_values_supported: list(),
            acr_values_supported: list(),
            claim_types_supported: list(),
            claims_supported: list(),
            prompt_values_supported: list(),
            display_values_supported: list(),
            ui_locales_supported: list(),
            code_challenge_methods_supported: list(),
            claims_parameter_supported: true,
            request_parameter_supported: true,
            request_uri_parameter_supported: true,
            require_request_uri_registration: true,
            authorization_response_iss_parameter_supported: true,
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
            frontchannel_logout_supported: true,
            frontchannel_logout_session_supported: true,
            service_documentation: url(),
            op_policy_uri: url(),
            op_tos_uri: url(),
        }
    }

    #[test]
    fn every_member_is_known_to_the_suite() {
        let Value::Object(members) = serde_json::to_value(full()).unwrap() else { panic!("not an object") };
        assert_eq!(members.len(), KNOWN_TO_THE_SUITE.len());
        for member in members.keys() {
            assert!(KNOWN_TO_THE_SUITE.contains(&member.as_str()), "{member}");
        }
    }

    #[test]
    fn empty_arrays_and_absent_endpoints_are_left_out() {
        let metadata =
            Metadata { grant_types_supported: vec!["authorization_code".to_owned()], ..Metadata::default() };
        let Value::Object(members) = serde_json::to_value(metadata).unwrap() else { panic!("not an object") };
        assert!(
            members
                .values()
                .all(|value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()))
        );
        assert_eq!(members.get("request_uri_parameter_supported"), Some(&Value::Bool(false)));
        assert!(!members.contains_key("backchannel_logout_supported"));
    }
}
