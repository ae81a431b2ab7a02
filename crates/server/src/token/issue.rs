//! Mints what a grant gives: access token, ID token, refresh token. No statement runs here.

use grantor_crypto::{Algorithm, random_bytes};
use grantor_protocol::{AccessTokenStrategy, Scope, Subject, TokenId, TokenResponse, TokenType};
use grantor_store::GrantFacts;
use uuid::Uuid;

use super::access_token::{AccessToken, Authentication};
use super::id_token::IdToken;
use super::refresh_token::RefreshToken;
use crate::app::App;
use crate::client_jwt::{ClientJwt, key_algorithm};
use crate::config::TokenFormat;
use crate::error::Failure;
use crate::issuing::{Issuing, SigningKeys};

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

/// What will be minted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// An access token.
    pub(crate) access_token: bool,
    /// An ID token, perhaps.
    pub(crate) id_token: bool,
}

/// Everything that minting needs and that may fail or take time: at hand before a code or refresh token is used.
pub(crate) struct Minting {
    format: TokenFormat,
    keys: SigningKeys,
    id_token: Option<ClientJwt>,
}

/// An access token and the seconds it lasts.
pub(crate) struct IssuedAccessToken {
    pub(crate) token: String,
    pub(crate) expires_in: u64,
}

impl Minting {
    /// Reads the keys.
    pub(crate) async fn prepare(issuing: Issuing<'_>, wanted: Wanted) -> Result<Self, Failure> {
        let metadata = &issuing.client.row.metadata;
        let format = format_for(issuing.app, metadata.access_token_strategy);
        let signs = wanted.access_token && format == TokenFormat::Jwt;
        let keys = SigningKeys::prepare(issuing, signs.then(|| algorithm_of(issuing))).await?;
        let id_token = if wanted.id_token { Some(ClientJwt::for_id_token(issuing).await?) } else { None };
        Ok(Self { format, keys, id_token })
    }

    /// Mints what the token endpoint answers for a grant of a user.
    pub(super) fn for_grant(
        &self,
        issuing: Issuing<'_>,
        issuance: &Issuance<'_>,
    ) -> Result<TokenResponse, Failure> {
        let facts = issuance.facts;
        let access_token = self.access_token(issuing, facts, issuance.scope, issuance.audience)?;
        let id_token = if issuance.scope.wants_openid() {
            let id_token = IdToken {
                facts,
                nonce: issuance.nonce,
                access_token: Some(&access_token.token),
                code: None,
                state: None,
                has_scope_claims: issuing.client.row.metadata.scope_claims_in_id_token,
            };
            Some(self.id_token(issuing, &id_token)?)
        } else {
            None
        };
        let refresh_token = issuance
            .refresh_generation
            .map(|generation| {
                let token = RefreshToken::new(facts, generation, issuing.now.timestamp());
                token.sealed(&self.keys.keys, issuing.issuer)
            })
            .transpose()?;
        Ok(TokenResponse {
            expires_in: access_token.expires_in,
            scope: issuance.scope.clone(),
            access_token: access_token.token,
            refresh_token,
            id_token,
            token_type: TokenType::Bearer,
        })
    }

    /// An access token of a grant, with this part of its scope and audience.
    pub(crate) fn access_token(
        &self,
        issuing: Issuing<'_>,
        facts: &GrantFacts,
        scope: &Scope,
        audience: &[String],
    ) -> Result<IssuedAccessToken, Failure> {
        let now = issuing.now.timestamp();
        let client = &issuing.client.row;
        let token = AccessToken {
            id: new_token_id(),
            grant: Some(facts.id),
            client: client.row,
            client_id: client.client_id.clone(),
            epoch: facts.client_epoch,
            subject: facts.subject.clone(),
            scope: scope.clone(),
            audience: audience.to_vec(),
            confirmation: None,
            issued_at: now,
            expires_at: now.plus(issuing.app.config.tokens.access.lifetime.seconds()).min(facts.ends_at),
        };
        let authentication = facts.authenticated_at.map(|time| Authentication {
            time,
            acr: facts.acr.as_deref().unwrap_or_default(),
            amr: &facts.amr,
        });
        Ok(IssuedAccessToken {
            expires_in: token.expires_at.seconds().abs_diff(now.seconds()),
            token: encode(issuing, self.format, &self.keys, &token, authentication)?,
        })
    }

    /// An ID token in the form that the client is registered for.
    pub(crate) fn id_token(&self, issuing: Issuing<'_>, id_token: &IdToken<'_>) -> Result<String, Failure> {
        let form = self.id_token.as_ref();
        let form =
            form.ok_or_else(|| Failure::Internal("no key was prepared for the ID token".to_owned()))?;
        id_token.encode(issuing, form)
    }
}

/// Mints for the client itself (RFC 6749 section 4.4): no grant, no ID token, no refresh token.
pub(super) async fn for_client(
    issuing: Issuing<'_>,
    scope: Scope,
    audience: Vec<String>,
) -> Result<TokenResponse, Failure> {
    let client = &issuing.client.row;
    let now = issuing.now.timestamp();
    let lifetime = issuing.app.config.tokens.access.lifetime.seconds();
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
        confirmation: issuing.confirmation.map(|key| key.0.clone()),
        issued_at: now,
        expires_at: now.plus(lifetime),
    };
    let format = format_for(issuing.app, client.metadata.access_token_strategy);
    let signs = format == TokenFormat::Jwt;
    let keys = SigningKeys::prepare(issuing, signs.then(|| algorithm_of(issuing))).await?;
    let access_token = encode(issuing, format, &keys, &token, None)?;
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

/// What access tokens are signed with: as the client's ID tokens, or RS256 where those are signed with no key of ours,
/// since resource servers read access tokens.
fn algorithm_of(issuing: Issuing<'_>) -> Algorithm {
    key_algorithm(issuing.client.row.metadata.id_token_signed_response_alg).unwrap_or(Algorithm::RS256)
}

fn encode(
    issuing: Issuing<'_>,
    format: TokenFormat,
    keys: &SigningKeys,
    token: &AccessToken,
    authentication: Option<Authentication<'_>>,
) -> Result<String, Failure> {
    match format {
        TokenFormat::Opaque => token.sealed(&keys.keys, issuing.issuer),
        TokenFormat::Jwt => {
            let key = keys.active(algorithm_of(issuing))?;
            token.signed(&keys.keys, key, issuing.issuer, authentication)
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
