//! JWTs made for a client as it is registered to get them (OpenID Connect Core section 2, 5.3.2, 10): signed with a key
//! of ours, with its secret or not at all, then perhaps encrypted. ID tokens and userinfo answers are made here.

use std::sync::Arc;

use grantor_crypto::{
    Algorithm, JwsError, Protection, Secret, SigningKeyPair, hmac_sign_compact, sign_compact,
    unsigned_compact,
};
use grantor_protocol::{ErrorCode, SigningAlgorithm};
use serde_json::Value;

use crate::error::Failure;
use crate::extract::client_secret;
use crate::issuing::{Issuing, SigningKeys};

/// How a JWT for one client is protected, with everything that may fail at hand.
#[derive(Debug)]
pub(crate) struct ClientJwt {
    protection: Protected,
}

#[derive(Debug)]
enum Protected {
    Signed(Arc<SigningKeyPair>),
    Authenticated(Secret),
    Unsigned,
}

impl ClientJwt {
    /// The form of the client's ID tokens.
    pub(crate) async fn for_id_token(issuing: Issuing<'_>) -> Result<Self, Failure> {
        Self::prepare(issuing, issuing.client.row.metadata.id_token_signed_response_alg).await
    }

    /// The form of the client's userinfo answers; `None` for plain JSON.
    pub(crate) async fn for_userinfo(issuing: Issuing<'_>) -> Result<Option<Self>, Failure> {
        match issuing.client.row.metadata.userinfo_signed_response_alg {
            None => Ok(None),
            Some(signing) => Self::prepare(issuing, signing).await.map(Some),
        }
    }

    /// Finds the key; whatever can fail or take time fails here, before a code or token is used.
    async fn prepare(issuing: Issuing<'_>, signing: SigningAlgorithm) -> Result<Self, Failure> {
        let protection = match key_algorithm(signing) {
            Some(algorithm) => {
                let keys = SigningKeys::prepare(issuing, Some(algorithm)).await?;
                Protected::Signed(Arc::clone(&keys.active(algorithm)?.pair))
            }
            None if signing == SigningAlgorithm::HS256 => Protected::Authenticated(secret(issuing).await?),
            None => Protected::Unsigned,
        };
        Ok(Self { protection })
    }

    /// `at_hash`, `c_hash` or `s_hash` of a value (OpenID Connect Core section 3.1.3.6); none in an unsigned token.
    pub(crate) fn left_half_hash(&self, value: &str) -> Option<String> {
        let protection = match &self.protection {
            Protected::Signed(pair) => Protection::Signature(pair.algorithm()),
            Protected::Authenticated(_) => Protection::Hmac,
            Protected::Unsigned => Protection::Unsigned,
        };
        protection.left_half_hash(value)
    }

    /// The compact form.
    pub(crate) fn encode(&self, claims: &Value) -> Result<String, Failure> {
        const TYP: &str = "JWT";
        let signed = match &self.protection {
            Protected::Signed(pair) => sign_compact(pair, TYP, claims),
            Protected::Authenticated(secret) => hmac_sign_compact(secret, TYP, claims),
            Protected::Unsigned => Ok(unsigned_compact(claims)),
        };
        signed.map_err(|error: JwsError| Failure::Internal(error.to_string()))
    }
}

/// The client's secret, which is the key of HS256.
async fn secret(issuing: Issuing<'_>) -> Result<Secret, Failure> {
    let secret = client_secret(issuing.app, issuing.now, issuing.client).await?;
    secret.ok_or_else(|| {
        Failure::refused(
            ErrorCode::InvalidClient,
            "secret of the client",
            "a secret that can be recovered, because HS256 or dir uses it as a key",
            "only a hash of it",
        )
        .with_setting("`clients rotate-secret`")
    })
}

/// The algorithm of the key that signs; `None` where no key of ours does.
pub(crate) fn key_algorithm(signing: SigningAlgorithm) -> Option<Algorithm> {
    match signing {
        SigningAlgorithm::RS256 => Some(Algorithm::RS256),
        SigningAlgorithm::PS256 => Some(Algorithm::PS256),
        SigningAlgorithm::ES256 => Some(Algorithm::ES256),
        SigningAlgorithm::EdDSA => Some(Algorithm::EdDSA),
        SigningAlgorithm::HS256 | SigningAlgorithm::Unsigned => None,
    }
}
