//! Client assertions (RFC 7523 section 3, RFC 7521 section 4.2, OpenID Connect Core section 9): `private_key_jwt` and
//! `client_secret_jwt`.

use grantor_crypto::{NO_TYP, UnverifiedJws};
use grantor_protocol::ClientId;
use grantor_protocol::client_jwt::{ASSERTION_TYPS, AssertionId, check_assertion};

use super::Issuer;
use super::authenticated::refused;
use super::presented_jwt::{Unproved, algorithm_of, prove, registered_claims, use_once};
use crate::app::App;
use crate::client_cache::KnownClient;
use crate::clock::Now;
use crate::error::Failure;

/// What an assertion is called where its id is remembered.
const KIND: &str = "client assertion";

/// An assertion that anybody may have made.
pub(super) struct Assertion<'a>(UnverifiedJws<'a>);

/// An assertion that its client made, not yet used.
pub(super) struct ProvedAssertion {
    jti: String,
    expires_at: grantor_protocol::Timestamp,
}

impl<'a> Assertion<'a> {
    /// Reads its form.
    pub(super) fn parse(token: &'a str) -> Result<Self, Failure> {
        let jws = UnverifiedJws::parse(token);
        jws.map(Self).map_err(|error| refused("client assertion", "a signed JWT", error.to_string()))
    }

    /// The client that it says it is from; only that client's keys can prove it.
    pub(super) fn claimed_client(&self) -> Option<ClientId> {
        self.0.claimed_text("sub").and_then(|sub| ClientId::parse(&sub).ok())
    }

    /// Checks everything but whether it was used before.
    pub(super) async fn prove(
        &self,
        app: &App,
        issuer: &Issuer,
        endpoint: &str,
        now: Now,
        client: &KnownClient,
    ) -> Result<ProvedAssertion, Failure> {
        let metadata = &client.row.metadata;
        if !algorithm_of(&self.0).is_some_and(|algorithm| metadata.accepts_assertion(algorithm)) {
            let registered = metadata.token_endpoint_auth_signing_alg;
            let expected = registered.map_or(metadata.token_endpoint_auth_method.name(), |one| one.name());
            let received = self.0.protection().name();
            return Err(refused("algorithm of the client assertion", expected, received)
                .with_setting("token_endpoint_auth_signing_alg of the client"));
        }
        let typ: Vec<&str> = ASSERTION_TYPS.iter().copied().chain([NO_TYP]).collect();
        let claims = prove(app, now, client, &self.0, &typ).await.map_err(|error| match error {
            Unproved::Wrong(reason) => refused("client assertion", "one that the client signed", reason),
            Unproved::Failure(failure) => failure,
        })?;
        let endpoints = [issuer.address("/oauth2/token"), issuer.address(endpoint)];
        let policy = metadata.assertion_audience();
        let client_id = client.row.client_id.as_str();
        let registered = registered_claims(&claims);
        let checked =
            check_assertion(&registered, client_id, &issuer.url, &endpoints, policy, now.timestamp());
        let AssertionId { jti, expires_at } = checked.map_err(|wrong| {
            let failure = refused(
                "claim of the client assertion",
                wrong.expected,
                format!("{}: {}", wrong.claim, wrong.received),
            );
            if wrong.claim == "aud" {
                failure.with_setting("client_assertion_audience of the client")
            } else {
                failure
            }
        })?;
        Ok(ProvedAssertion { jti: jti.to_owned(), expires_at })
    }
}

impl ProvedAssertion {
    /// Uses it up, after everything else was right: one statement, and of several uses one succeeds.
    pub(super) async fn use_up(self, app: &App, client: &KnownClient) -> Result<(), Failure> {
        if use_once(app, client, KIND, &self.jti, self.expires_at).await? {
            return Ok(());
        }
        Err(refused("jti of the client assertion", "one that was not used before", self.jti))
    }
}
