//! What the specifications of OAuth 2 and OpenID Connect say: types that cannot be wrong and pure
//! decisions over them. No async, no clock, no randomness, no HTTP, no SQL: `now` and every stored fact are
//! arguments.
//!
//! | specification | module |
//! |---|---|
//! | RFC 6749 3.1, 3.2: parameters | [`params`] |
//! | RFC 6749 5.2 and every extension's error codes | [`error`] |
//! | RFC 6749 3.3: scope | [`scope`] |
//! | RFC 6749 3.1.2, RFC 9700, RFC 8252: redirect URIs | [`redirect_uri`] |
//! | RFC 7636: PKCE | [`pkce`] |
//! | RFC 6749 4.1.1, OpenID Connect Core 3: the authorization request | [`authorization`] |
//! | Multiple Response Types, Form Post Response Mode | [`response`] |
//! | OpenID Connect Core 3.1.2.1: `prompt` | [`prompt`] |
//! | RFC 7591, OpenID Connect Registration: client metadata | [`client_metadata`] |
//! | RFC 7591 3.1, RFC 7592 2.2: what a client asks for itself | [`registration`] |
//! | OpenID Connect Core 5: claims | [`claims`] |
//! | OpenID Connect Core 5.5: the `claims` parameter | [`claims_request`] |
//! | RFC 8707: resource indicators | [`resource`] |
//! | OpenID Connect Core 3.1.2.3, 3.1.2.4: what the user is asked | [`interaction`] |
//! | RFC 6749 2.3: client authentication | [`client_auth`] |
//! | RFC 6749 4 to 6: token requests and answers | [`token`] |
//! | RFC 6750: bearer tokens | [`bearer`] |
//! | RFC 7662: introspection | [`introspection`] |
//! | RFC 8414, OpenID Connect Discovery: metadata | [`discovery`] |
//! | identifiers, instants, user names | [`ids`], [`time`], [`username`] |

pub mod authorization;
pub mod bearer;
mod civil;
pub mod claims;
pub mod claims_request;
pub mod client_auth;
pub mod client_jwt;
pub mod client_metadata;
pub mod discovery;
pub mod error;
pub mod ids;
pub mod interaction;
pub mod introspection;
pub mod language_tag;
pub mod params;
pub mod pkce;
pub mod prompt;
pub mod redirect_uri;
pub mod registration;
pub mod request_object;
pub mod resource;
pub mod response;
pub mod scope;
pub mod time;
pub mod token;
pub mod username;

pub use authorization::{
    AuthorizationRequest, AuthorizationRules, PageError, PkceRule, RequestOrigin, RequestedClient, ReturnTo,
    ValidatedParams, claim_of_consent,
};
pub use bearer::BearerToken;
pub use civil::CivilTime;
pub use claims::{ClaimError, ClaimScopes, UserClaims};
pub use claims_request::{ClaimsRequest, RequestedClaims};
pub use client_auth::{PresentedCredentials, PresentedSecret};
pub use client_metadata::{
    AccessTokenStrategy, ApplicationType, AssertionAudience, ClientAuthMethod, ClientMetadata,
    ContentEncryptionAlgorithm, GrantType, KeyManagementAlgorithm, MetadataError, SigningAlgorithm,
    SubjectType,
};
pub use discovery::Metadata;
pub use error::{ErrorCode, RequestRefusal};
pub use ids::{
    ClientId, ClientRowId, GrantId, IdError, InitialTokenId, IssuerId, SessionId, Subject, TokenId, UserId,
};
pub use interaction::{InteractionState, SessionFacts, Step, needed, selected};
pub use introspection::{ActiveToken, IntrospectionResponse, TokenUse};
pub use language_tag::is_language_tag;
pub use params::{Params, ParamsError};
pub use pkce::{Challenge, PkceError, Verifier};
pub use prompt::Prompt;
pub use redirect_uri::{RedirectUri, RedirectUriError};
pub use registration::{
    RedirectPattern, RegistrationLimits, RegistrationTerms, ReplacedRegistration, SoftwareStatement,
};
pub use resource::Targets;
pub use response::{ResponseMode, ResponseType};
pub use scope::{Scope, ScopeError};
pub use time::{Lifetime, LifetimeError, Timestamp};
pub use token::{TokenRequest, TokenResponse, TokenType};
pub use username::{Username, UsernameError};
