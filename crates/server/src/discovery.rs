//! Metadata (RFC 8414, OpenID Connect Discovery section 3): what is on, computed from the tables that serve it. Endpoint
//! members come from the route table, so that neither can say what the other does not.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use grantor_protocol::authorization::Display;
use grantor_protocol::discovery::Metadata;
use grantor_protocol::{
    ClaimScopes, ClientAuthMethod, ContentEncryptionAlgorithm, GrantType, KeyManagementAlgorithm, Prompt,
    ResponseMode, ResponseType, SigningAlgorithm, SubjectType, pkce, scope,
};

use crate::app::App;
use crate::config::Config;
use crate::extract::address;
use crate::jwks::cacheable;
use crate::key_ring::entity_tag;
use crate::pages::views::WebLink;
use crate::routes::{self, Listener};

/// Seconds clients may keep the metadata.
const MAX_AGE: i64 = 300;
/// What a login with a password is called in `acr` (OpenID Connect Core section 2): the one level there is so far.
pub(crate) const PASSWORD_ACR: &str = "1";

/// `GET /.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`: the same document.
pub(crate) async fn get(State(app): State<App>, headers: HeaderMap) -> Response {
    let Document { body, etag } = &app.metadata;
    cacheable(&headers, "application/json", body.clone(), etag, MAX_AGE)
}

/// The document as it is sent: nothing in it changes while the server runs.
#[derive(Debug)]
pub(crate) struct Document {
    body: Bytes,
    etag: String,
}

impl Document {
    /// Of the issuer and the settings.
    pub(crate) fn of(config: &Config) -> Self {
        let metadata = published(config.issuer.as_str(), &Offered::by(config));
        let body = serde_json::to_string(&metadata).unwrap_or_default();
        Self { etag: entity_tag(&body), body: body.into() }
    }
}

/// What the operator's settings decide of the document.
#[derive(Clone, Debug)]
pub(crate) struct Offered {
    /// `registration.enabled`.
    pub(crate) registration: bool,
    /// `clients.response_types`.
    pub(crate) response_types: Vec<ResponseType>,
    /// `clients.allow_unsigned`.
    pub(crate) unsigned: bool,
    /// `clients.require_request_uri_registration`.
    pub(crate) request_uris_are_registered: bool,
    /// What can be released about users.
    pub(crate) claims: ClaimScopes,
    /// The languages of the pages.
    pub(crate) ui_locales: Vec<String>,
    /// `brand.links.privacy` and `brand.links.terms`, as far as they are pages.
    pub(crate) policy: Option<String>,
    pub(crate) terms: Option<String>,
}

impl Offered {
    fn by(config: &Config) -> Self {
        let languages = &config.brand.languages;
        let links = &languages.english().links;
        let is_page = |address: &str| WebLink::new(address).is_some();
        Self {
            registration: config.registration.enabled,
            response_types: config.clients.response_types.clone(),
            unsigned: config.clients.allow_unsigned,
            request_uris_are_registered: config.clients.require_request_uri_registration,
            claims: config.claims.scopes.clone(),
            ui_locales: languages.iter().map(|language| language.tag.clone()).collect(),
            policy: links.privacy.clone().filter(|address| is_page(address)),
            terms: links.terms.clone().filter(|address| is_page(address)),
        }
    }

    /// The implicit grant is the tokens of the authorization endpoint: there without them, it is a promise not kept.
    fn has_grant(&self, grant: GrantType) -> bool {
        grant != GrantType::Implicit
            || self.response_types.iter().any(|asked| asked.has_front_channel_token())
    }

    fn signing_algorithms(&self) -> Vec<String> {
        let offered =
            |algorithm: &&SigningAlgorithm| self.unsigned || **algorithm != SigningAlgorithm::Unsigned;
        SigningAlgorithm::ALL.iter().filter(offered).map(|algorithm| algorithm.name().to_owned()).collect()
    }
}

/// The document of an issuer.
pub(crate) fn published(issuer: &str, offered: &Offered) -> Metadata {
    let text = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>();
    let auth_methods: Vec<String> =
        ClientAuthMethod::ALL.iter().map(|method| method.name().to_owned()).collect();
    let secret_methods: Vec<String> = ClientAuthMethod::ALL
        .iter()
        .filter(|m| **m != ClientAuthMethod::None)
        .map(|m| m.name().to_owned())
        .collect();
    let assertion_algorithms: Vec<String> =
        SigningAlgorithm::of_assertions().map(|algorithm| algorithm.name().to_owned()).collect();
    let key_management: Vec<String> =
        KeyManagementAlgorithm::ALL.iter().map(|algorithm| algorithm.name().to_owned()).collect();
    let content_encryption: Vec<String> =
        ContentEncryptionAlgorithm::ALL.iter().map(|algorithm| algorithm.name().to_owned()).collect();
    let mut metadata = Metadata {
        issuer: issuer.to_owned(),
        scopes_supported: text(&[scope::OPENID, scope::OFFLINE_ACCESS])
            .into_iter()
            .chain(text(&offered.claims.scopes()))
            .collect(),
        response_types_supported: offered.response_types.iter().map(ToString::to_string).collect(),
        response_modes_supported: ResponseMode::ALL.iter().map(|mode| mode.name().to_owned()).collect(),
        grant_types_supported: GrantType::ALL
            .iter()
            .filter(|grant| offered.has_grant(**grant))
            .map(|grant| grant.name().to_owned())
            .collect(),
        subject_types_supported: SubjectType::ALL.iter().map(|subject| subject.name().to_owned()).collect(),
        id_token_signing_alg_values_supported: offered.signing_algorithms(),
        userinfo_signing_alg_values_supported: offered.signing_algorithms(),
        request_object_signing_alg_values_supported: offered.signing_algorithms(),
        request_object_encryption_alg_values_supported: key_management.clone(),
        request_object_encryption_enc_values_supported: content_encryption.clone(),
        id_token_encryption_alg_values_supported: key_management.clone(),
        id_token_encryption_enc_values_supported: content_encryption.clone(),
        userinfo_encryption_alg_values_supported: key_management,
        userinfo_encryption_enc_values_supported: content_encryption,
        token_endpoint_auth_methods_supported: auth_methods.clone(),
        token_endpoint_auth_signing_alg_values_supported: assertion_algorithms.clone(),
        revocation_endpoint_auth_methods_supported: auth_methods,
        revocation_endpoint_auth_signing_alg_values_supported: assertion_algorithms.clone(),
        introspection_endpoint_auth_methods_supported: secret_methods,
        introspection_endpoint_auth_signing_alg_values_supported: assertion_algorithms,
        code_challenge_methods_supported: text(pkce::METHODS),
        claims_supported: text(&[
            "sub",
            "iss",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "acr",
            "amr",
            "sid",
        ])
        .into_iter()
        .chain(text(&offered.claims.claims()))
        .collect(),
        claim_types_supported: text(&["normal"]),
        acr_values_supported: text(&[PASSWORD_ACR]),
        display_values_supported: Display::ALL.iter().map(|display| display.name().to_owned()).collect(),
        prompt_values_supported: text(Prompt::VALUES),
        ui_locales_supported: offered.ui_locales.clone(),
        op_policy_uri: offered.policy.clone(),
        op_tos_uri: offered.terms.clone(),
        claims_parameter_supported: true,
        request_parameter_supported: true,
        request_uri_parameter_supported: true,
        require_request_uri_registration: offered.request_uris_are_registered,
        authorization_response_iss_parameter_supported: true,
        frontchannel_logout_supported: true,
        frontchannel_logout_session_supported: true,
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
        ..Metadata::default()
    };
    for route in routes::table().iter().filter(|route| route.listener == Listener::Public) {
        if let Some(member) = route.metadata {
            member.set(&mut metadata, address(issuer, route.path));
        }
    }
    if !offered.registration {
        metadata.registration_endpoint = None;
    }
    metadata
}

/// The metadata member that publishes a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndpointMember {
    /// `authorization_endpoint`
    Authorization,
    /// `token_endpoint`
    Token,
    /// `jwks_uri`
    Jwks,
    /// `userinfo_endpoint`
    Userinfo,
    /// `revocation_endpoint`
    Revocation,
    /// `introspection_endpoint`
    Introspection,
    /// `registration_endpoint`
    Registration,
    /// `end_session_endpoint`
    EndSession,
    /// `check_session_iframe`
    CheckSession,
}

impl EndpointMember {
    fn set(self, metadata: &mut Metadata, address: String) {
        match self {
            Self::Authorization => metadata.authorization_endpoint = address,
            Self::Token => metadata.token_endpoint = address,
            Self::Jwks => metadata.jwks_uri = address,
            Self::Userinfo => metadata.userinfo_endpoint = Some(address),
            Self::Revocation => metadata.revocation_endpoint = Some(address),
            Self::Introspection => metadata.introspection_endpoint = Some(address),
            Self::Registration => metadata.registration_endpoint = Some(address),
            Self::CheckSession => metadata.check_session_iframe = Some(address),
            Self::EndSession => metadata.end_session_endpoint = Some(address),
        }
    }
}
