//! JWTs that clients make for us: assertions and request objects. Each is proved by the keys or the secret of the one
//! client that it is to be from; which algorithms that client may use is its registration's to say.

use grantor_crypto::{Claims, JwsError, Protection, UnverifiedJws, VerifiedClaims, framed, sha256};
use grantor_protocol::client_jwt::JwtClaims;
use grantor_protocol::{SigningAlgorithm, Timestamp};
use grantor_store::Attempt;
use serde_json::Value;

use super::client_secret::client_secrets;
use crate::app::App;
use crate::client_cache::KnownClient;
use crate::clock::Now;
use crate::error::Failure;

/// Why a JWT is not the client's.
#[derive(Debug)]
pub(crate) enum Unproved {
    /// The JWT, or what the client has to prove it with, is wrong; words for the log.
    Wrong(String),
    /// It could not be found out.
    Failure(Failure),
}

impl From<Failure> for Unproved {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<JwsError> for Unproved {
    fn from(error: JwsError) -> Self {
        Self::Wrong(error.to_string())
    }
}

/// The algorithm that a JWT names, as registrations name it.
pub(crate) fn algorithm_of(jws: &UnverifiedJws<'_>) -> Option<SigningAlgorithm> {
    SigningAlgorithm::parse(jws.protection().name())
}

/// The claims of a JWT of one of the kinds `typ` that is signed with a key of the client, or with its secret.
pub(crate) async fn prove(
    app: &App,
    now: Now,
    client: &KnownClient,
    jws: &UnverifiedJws<'_>,
    typ: &[&str],
) -> Result<VerifiedClaims, Unproved> {
    match jws.protection() {
        Protection::Signature(algorithm) => {
            let keys = &app.client_keys;
            let held = keys.verifying(client, jws.kid(), algorithm, now).await?;
            match jws.verify(&held, typ) {
                // Without a name the new key of a client that rotates looks like a wrong signature by the old one.
                Err(JwsError::Signature) if jws.kid().is_none() => {
                    let newest = keys.newest_verifying(client, algorithm, now).await?;
                    Ok(jws.verify(&newest, typ)?)
                }
                verdict => Ok(verdict?),
            }
        }
        Protection::Hmac => {
            let mut outcome =
                Err(Unproved::Wrong("no secret of the client is kept that can be a key".to_owned()));
            for secret in client_secrets(app, now, client).await? {
                outcome = jws.verify_hmac(&secret, typ).map_err(Unproved::from);
                if outcome.is_ok() {
                    break;
                }
            }
            outcome
        }
        Protection::Unsigned => Err(Unproved::Wrong("the JWT is not signed".to_owned())),
    }
}

/// The registered claims, as the rules of the specifications read them.
pub(crate) fn registered_claims(claims: &Claims) -> JwtClaims<'_> {
    // Their types were checked when the claims were read.
    JwtClaims {
        iss: claims.text("iss").ok().flatten(),
        sub: claims.text("sub").ok().flatten(),
        aud: claims.audience().unwrap_or_default(),
        aud_is_list: matches!(claims.value("aud"), Some(Value::Array(_))),
        exp: claims.instant("exp").ok().flatten(),
        nbf: claims.instant("nbf").ok().flatten(),
        iat: claims.instant("iat").ok().flatten(),
        jti: claims.text("jti").ok().flatten(),
    }
}

/// Whether this is the first JWT of its kind by which the client uses this `jti`; decided by the database, for all nodes.
pub(crate) async fn use_once(
    app: &App,
    client: &KnownClient,
    kind: &str,
    jti: &str,
    expires_at: Timestamp,
) -> Result<bool, Failure> {
    let issuer = client.row.issuer.0.to_be_bytes();
    let id = [kind.as_bytes(), &issuer, client.row.client_id.as_str().as_bytes(), jti.as_bytes()];
    Ok(app.store.used_jwts().use_once(&sha256(&framed(&id)), Attempt::new(), expires_at).await?)
}
