//! JSON Web Signatures in the compact serialisation (RFC 7515 section 7.1), read strictly: one way
//! to write each token, no `crit`, and every kind of token has a `typ` of its own, so that none is
//! taken for another (RFC 8725 section 3.11). Public keys, a client's secret and nobody at all vouch
//! for a token through three separate calls, so that no header leads from one to the other.

mod hmac;
#[cfg(test)]
mod tests;
mod unsigned;

pub use hmac::hmac_sign_compact;
pub use unsigned::{read_unsigned, unsigned_compact};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    algorithm::{Algorithm, Protection},
    base64url::{self, NotBase64Url},
    jwks::VerificationKeys,
    keys::SigningKeyPair,
    strict_json,
    verified_claims::{ClaimError, Claims, VerifiedClaims},
};

const LONGEST: usize = 16 * 1024;

/// In a list of accepted types: a token without `typ`, as older clients send them.
pub const NO_TYP: &str = "";

/// Why a token is not accepted, or could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Refused before anything is decoded.
    #[error("token is longer than 16 KiB")]
    TooLong,
    /// Not three parts: something else, an encrypted token, or the JSON serialisation.
    #[error("not a compact JWS of three parts")]
    NotCompact,
    /// There are several ways to write the same bytes, and this is not ours.
    #[error(transparent)]
    Encoding(#[from] NotBase64Url),
    /// The header is not an object of distinct members of the right types.
    #[error("token header: {0}")]
    Header(String),
    /// An extension that must be understood, and we understand none (RFC 7515 section 4.1.11).
    #[error("token header has crit")]
    Critical,
    /// A JWE header where a signature was expected.
    #[error("token is encrypted, not signed")]
    Encrypted,
    /// Unknown, or of another kind than the reader asked for: `none` and HMAC where a key is to verify.
    #[error("token algorithm {0:?} is not accepted")]
    Algorithm(String),
    /// A token of another kind.
    #[error("token type {0:?} is not accepted here")]
    Type(String),
    /// No key of this name, perhaps not yet: read the keys once more.
    #[error("token names a key that is not known")]
    UnknownKey,
    /// The header names another algorithm than the key is for.
    #[error("token algorithm {0} is not the one of its key")]
    AlgorithmMismatch(Algorithm),
    /// An HMAC key has to be as long as its hash (RFC 7518 section 3.2), or it can be guessed from one token.
    #[error("the client secret has fewer than 32 bytes, too few to be an HMAC key")]
    SecretTooShort,
    /// It was changed or made by somebody else.
    #[error("token signature does not verify")]
    Signature,
    /// The payload is not an object of distinct members.
    #[error("token claims: {0}")]
    Claims(String),
    /// A registered claim has a wrong type.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// What was to be signed has no JSON form.
    #[error("claims cannot be written as JSON")]
    NotSerializable,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

/// A compact JWS of `claims`, its header exactly `alg`, `typ` and `kid`.
pub fn sign_compact(key: &SigningKeyPair, typ: &str, claims: &impl Serialize) -> Result<String, JwsError> {
    let header = Header { alg: key.algorithm().name(), typ, kid: Some(key.kid()) };
    let signing_input = signing_input(&header, claims)?;
    let signature = key.sign(signing_input.as_bytes());
    Ok(format!("{signing_input}.{}", base64url::encode(signature)))
}

fn signing_input(header: &Header<'_>, claims: &impl Serialize) -> Result<String, JwsError> {
    Ok(format!("{}.{}", base64url::encode(json(header)?), base64url::encode(json(claims)?)))
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, JwsError> {
    serde_json::to_vec(value).map_err(|_| JwsError::NotSerializable)
}

/// A well-formed token that anybody may have made. Its header may be read to find the keys; its
/// claims come out of [`UnverifiedJws::verify`] or [`UnverifiedJws::verify_hmac`] only.
#[derive(Debug)]
pub struct UnverifiedJws<'a> {
    signing_input: &'a str,
    header: Map<String, Value>,
    protection: Protection,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> UnverifiedJws<'a> {
    /// Reads the form of `token` without believing it. A token that says of itself that it is unsigned is refused.
    pub fn parse(token: &'a str) -> Result<UnverifiedJws<'a>, JwsError> {
        let jws = Self::parse_any(token)?;
        match jws.protection {
            Protection::Signature(_) | Protection::Hmac => Ok(jws),
            Protection::Unsigned => Err(jws.other_protection()),
        }
    }

    fn parse_any(token: &'a str) -> Result<UnverifiedJws<'a>, JwsError> {
        if token.len() > LONGEST {
            return Err(JwsError::TooLong);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(JwsError::NotCompact)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::NotCompact)?;
        if payload.contains('.') {
            return Err(JwsError::NotCompact);
        }
        let header = strict_json::object(&base64url::decode(header)?)
            .map_err(|error| JwsError::Header(error.to_string()))?;
        if header.contains_key("crit") {
            return Err(JwsError::Critical);
        }
        if header.contains_key("enc") {
            return Err(JwsError::Encrypted);
        }
        header_text(&header, "kid")?;
        header_text(&header, "typ")?;
        let protection = protection(header_text(&header, "alg")?.unwrap_or_default())?;
        let (payload, signature) = (base64url::decode(payload)?, base64url::decode(signature)?);
        Ok(UnverifiedJws { signing_input, header, protection, payload, signature })
    }

    /// The signature algorithm that the token claims; only a key of this algorithm can verify it. An HMAC is an error.
    pub fn algorithm(&self) -> Result<Algorithm, JwsError> {
        match self.protection {
            Protection::Signature(algorithm) => Ok(algorithm),
            Protection::Hmac | Protection::Unsigned => Err(self.other_protection()),
        }
    }

    /// What the token claims to be protected by. Its reader's registration decides whether that is accepted.
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// The key that the token names.
    pub fn kid(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// Whom the token says it is for. Nobody vouches for that: it tells where to look for what verifies the token.
    pub fn claimed_audience(&self) -> Result<Vec<String>, JwsError> {
        let claims = Claims::read(&self.payload)?;
        Ok(claims.audience()?.into_iter().map(str::to_owned).collect())
    }

    /// The kind of token it claims to be.
    pub fn typ(&self) -> Option<&str> {
        self.header.get("typ").and_then(Value::as_str)
    }

    /// A claim that is a string as the token says it, true or not: to find the keys that may prove the token.
    pub fn claimed_text(&self, name: &str) -> Option<String> {
        let claims = strict_json::object(&self.payload).ok()?;
        claims.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    /// The whole header. `jku`, `x5u`, `jwk` and `x5c` in it are the sender's wish, not a fact.
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// The claims, if one of `keys` made the signature and the token is of one of the kinds `typ`
    /// (see [`NO_TYP`]).
    pub fn verify(&self, keys: &VerificationKeys, typ: &[&str]) -> Result<VerifiedClaims, JwsError> {
        self.require_type(typ)?;
        let algorithm = self.algorithm()?;
        let mut named = keys.named(self.kid()).peekable();
        named.peek().ok_or(JwsError::UnknownKey)?;
        let mut pinned = named.filter(|key| key.algorithm() == algorithm).peekable();
        pinned.peek().ok_or(JwsError::AlgorithmMismatch(algorithm))?;
        if !pinned.any(|key| key.verify(self.signing_input.as_bytes(), &self.signature)) {
            return Err(JwsError::Signature);
        }
        self.verified()
    }

    fn verified(&self) -> Result<VerifiedClaims, JwsError> {
        VerifiedClaims::read(self.protection, self.kid().map(str::to_owned), &self.payload)
    }

    fn require_type(&self, typ: &[&str]) -> Result<(), JwsError> {
        if typ.iter().any(|accepted| is_type(self.typ(), accepted)) {
            return Ok(());
        }
        Err(JwsError::Type(self.typ().unwrap_or_default().to_owned()))
    }

    fn other_protection(&self) -> JwsError {
        JwsError::Algorithm(self.protection.name().to_owned())
    }
}

fn protection(name: &str) -> Result<Protection, JwsError> {
    for other in [Protection::Hmac, Protection::Unsigned] {
        if name == other.name() {
            return Ok(other);
        }
    }
    name.parse().map(Protection::Signature).map_err(|_| JwsError::Algorithm(name.to_owned()))
}

fn header_text<'a>(header: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, JwsError> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwsError::Header(format!("{name} is not a string"))),
    }
}

/// RFC 7515 section 4.1.9: a media type, so case does not count and `application/` may be left out.
fn is_type(received: Option<&str>, accepted: &str) -> bool {
    let Some(received) = received else {
        return accepted == NO_TYP;
    };
    let short = match received.split_at_checked("application/".len()) {
        Some((kind, name)) if kind.eq_ignore_ascii_case("application/") => name,
        _ => received,
    };
    accepted != NO_TYP && short.eq_ignore_ascii_case(accepted)
}
