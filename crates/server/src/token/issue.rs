//! Mints what a grant gives: access token, ID token, refresh token. No statement runs here.

use grantor_crypto::{Algorithm, left_half_hash, random_bytes, sign_compact};
use grantor_protocol::{
    AccessTokenStrategy, Scope, SigningAlgorithm, Subject, TokenId, TokenResponse, TokenType,
};
use grantor_store::GrantFacts;
use serde_json::json;
use uuid::Uuid;

use super::TokenContext;
use super::access_token::{AccessToken, Authentication};
use super::refresh_token::RefreshToken;
use crate::app::App;
use crate::config::TokenFormat;
use crate::error::Failure;
use crate::key_ring::{AGREEMENT_SECONDS, Keys, SigningKey};
use crate::sid::sid;
use std::sync::Arc;
use std::time::Duration;

/// What is issued beside the access token.
pub(super) struct Issuance<'a> {
    /// The grant.
    pub(super) facts: &'a GrantFacts,
    /// The scope of this access token: the grant's, or less.
    pub(super) scope: &'a Scope,
    /// Its audience: the grant's, or fewer.
    pub(super) audience: &'a [String],
    /// The generation a new refresh token is of; none when none is given.
    pub(super) refresh_generation: Option<i64>,
    /// The nonce of the authorization request, in the first ID token only.
    pub(super) nonce: Option<&'a str>,
}

/// Everything that minting needs and that may fail or take time: at hand before a code or refresh token is used.
pub(super) struct Minting {
    format: TokenFormat,
    keys: SigningKeys,
}

impl Minting {
    /// Reads the keys; `with_id_token` when an ID token may have to be signed.
    pub(super) async fn prepare(context: &TokenContext<'_>, with_id_token: bool) -> Result<Self, Failure> {
        let format = format_for(context.app, context.client.client.row.metadata.access_token_strategy);
        let keys = signing_keys(context, format == TokenFormat::Jwt || with_id_token).await?;
        Ok(Self { format, keys })
    }

    /// Mints for a grant of a user.
    pub(super) fn for_grant(
        &self,
        context: &TokenContext<'_>,
        issuance: &Issuance<'_>,
    ) -> Result<TokenResponse, Failure> {
        let facts = issuance.facts;
        let now = context.now.timestamp();
        let lifetime = context.app.config.tokens.access.lifetime.seconds();
        let client = &context.client.client.row;
        let token = AccessToken {
            id: new_token_id(),
            grant: Some(facts.id),
            client: client.row,
            client_id: client.client_id.clone(),
            epoch: facts.client_epoch,
            subject: facts.subject.clone(),
            scope: issuance.scope.clone(),
            audience: issuance.audience.to_vec(),
            confirmation: None,
            issued_at: now,
            expires_at: now.plus(lifetime).min(facts.ends_at),
        };
        let authentication = facts.authenticated_at.map(|time| Authentication {
            time,
            acr: facts.acr.as_deref().unwrap_or_default(),
            amr: &facts.amr,
        });
        let access_token = encode(context, self.format, &self.keys, &token, authentication)?;
        let id_token = if issuance.scope.wants_openid() {
            Some(id_token(context, &self.keys, issuance, &access_token)?)
        } else {
            None
        };
        let refresh_token = issuance
            .refresh_generation
            .map(|generation| {
                RefreshToken::new(facts, generation, now).sealed(&self.keys.keys, context.issuer)
            })
            .transpose()?;
        Ok(TokenResponse {
            expires_in: token.expires_at.seconds().abs_diff(now.seconds()),
            scope: issuance.scope.clone(),
            access_token,
            refresh_token,
            id_token,
            token_type: TokenType::Bearer,
        })
    }
}

/// Mints for the client itself (RFC 6749 section 4.4): no grant, no ID token, no refresh token.
pub(super) async fn for_client(
    context: &TokenContext<'_>,
    scope: Scope,
    audience: Vec<String>,
) -> Result<TokenResponse, Failure> {
    let client = &context.client.client.row;
    let now = context.now.timestamp();
    let lifetime = context.app.config.tokens.access.lifetime.seconds();
    let subject =
        Subject::parse(client.client_id.as_str()).map_err(|error| Failure::Internal(error.to_string()))?;
    let token = AccessToken {
        id: new_token_id(),
        grant: None,
        client: client.row,
        client_id: client.client_id.clone(),
        epoch: client.epoch,
        subject,
        scope: scope.clone(),
        audience,
        confirmation: context.client.confirmation.as_ref().map(|key| key.0.clone()),
        issued_at: now,
        expires_at: now.plus(lifetime),
    };
    let format = format_for(context.app, client.metadata.access_token_strategy);
    let keys = signing_keys(context, format == TokenFormat::Jwt).await?;
    let access_token = encode(context, format, &keys, &token, None)?;
    Ok(TokenResponse {
        access_token,
        token_type: TokenType::Bearer,
        expires_in: lifetime.unsigned_abs(),
        refresh_token: None,
        id_token: None,
        scope,
    })
}

fn new_token_id() -> TokenId {
    TokenId::from_uuid(Uuid::from_bytes(random_bytes::<16>()))
}

/// The keys, with one that signs with the client's algorithm. The first client of an algorithm waits here once, until
/// every node publishes the new key; no connection is held meanwhile.
async fn signing_keys(context: &TokenContext<'_>, something_is_signed: bool) -> Result<SigningKeys, Failure> {
    let (app, algorithm) = (context.app, algorithm_of(context));
    let keys = app.keys.current(context.now.ms).await?;
    if !something_is_signed || keys.active(algorithm, context.now.ms).is_some() {
        return Ok(SigningKeys { keys, now_ms: context.now.ms });
    }
    app.keys.make_first_key(algorithm, context.now.ms).await?;
    tokio::time::sleep(Duration::from_secs(AGREEMENT_SECONDS.unsigned_abs())).await;
    let now_ms = app.clock.now_ms();
    Ok(SigningKeys { keys: app.keys.current(now_ms).await?, now_ms })
}

/// The keys and the instant they are chosen at.
struct SigningKeys {
    keys: Arc<Keys>,
    now_ms: i64,
}

impl SigningKeys {
    fn active(&self, algorithm: Algorithm) -> Result<&SigningKey, Failure> {
        self.keys.active(algorithm, self.now_ms).ok_or_else(|| {
            Failure::Unavailable(format!("the first {} key does not sign yet", algorithm.name()))
        })
    }
}

fn algorithm_of(context: &TokenContext<'_>) -> Algorithm {
    match context.client.client.row.metadata.id_token_signed_response_alg {
        SigningAlgorithm::RS256 | SigningAlgorithm::HS256 | SigningAlgorithm::Unsigned => Algorithm::RS256,
        SigningAlgorithm::PS256 => Algorithm::PS256,
        SigningAlgorithm::ES256 => Algorithm::ES256,
        SigningAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}

fn encode(
    context: &TokenContext<'_>,
    format: TokenFormat,
    keys: &SigningKeys,
    token: &AccessToken,
    authentication: Option<Authentication<'_>>,
) -> Result<String, Failure> {
    match format {
        TokenFormat::Opaque => token.sealed(&keys.keys, context.issuer),
        TokenFormat::Jwt => {
            let key = keys.active(algorithm_of(context))?;
            token.signed(&keys.keys, key, context.issuer, authentication)
        }
    }
}

/// The client's own choice of format wins over the configured one.
fn format_for(app: &App, strategy: Option<AccessTokenStrategy>) -> TokenFormat {
    match strategy {
        Some(AccessTokenStrategy::Opaque) => TokenFormat::Opaque,
        Some(AccessTokenStrategy::Jwt) => TokenFormat::Jwt,
        None => app.config.tokens.access.format,
    }
}

/// The ID token (OpenID Connect Core section 2): protocol claims only, since the user's claims are at userinfo
/// whenever an access token is issued (section 5.4).
fn id_token(
    context: &TokenContext<'_>,
    keys: &SigningKeys,
    issuance: &Issuance<'_>,
    access_token: &str,
) -> Result<String, Failure> {
    let facts = issuance.facts;
    let client = &context.client.client.row;
    let algorithm = algorithm_of(context);
    let now = context.now.timestamp();
    let key = keys.active(algorithm)?;
    let mut claims = json!({
        "iss": &*context.issuer.url,
        "sub": facts.subject.as_str(),
        "aud": client.client_id.as_str(),
        "exp": now.plus(context.app.config.tokens.id.lifetime.seconds()).seconds(),
        "iat": now.seconds(),
        "amr": facts.amr,
        "at_hash": left_half_hash(algorithm, access_token),
    });
    if let Some(claims) = claims.as_object_mut() {
        if let Some(time) = facts.authenticated_at {
            claims.insert("auth_time".to_owned(), json!(time.seconds()));
        }
        if let Some(acr) = &facts.acr {
            claims.insert("acr".to_owned(), json!(acr));
        }
        if let Some(nonce) = issuance.nonce {
            claims.insert("nonce".to_owned(), json!(nonce));
        }
        if let Some(session) = facts.session {
            claims.insert("sid".to_owned(), json!(sid(session, client.row)));
        }
    }
    sign_compact(&key.pair, "JWT", &claims).map_err(|error| Failure::Internal(error.to_string()))
}
