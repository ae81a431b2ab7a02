//! JWTs made for a client as it is registered to get them (OpenID Connect Core section 2, 5.3.2, 10): signed with a key
//! of ours, with its secret or not at all, then perhaps encrypted. ID tokens, userinfo answers and logout tokens are made here.

use std::sync::Arc;

use grantor_crypto::{
    Algorithm, Content, ContentEncryption, EncryptionKey, JwsError, Protection, Secret, SigningKeyPair,
    encrypt_compact, hmac_sign_compact, sign_compact, unsigned_compact,
};
use grantor_protocol::{ContentEncryptionAlgorithm, ErrorCode, KeyManagementAlgorithm, SigningAlgorithm};
use serde_json::Value;

use crate::error::Failure;
use crate::extract::client_secret;
use crate::issuing::{Issuing, SigningKeys};
use crate::key_ring::key_management;

/// How a JWT for one client is protected, with everything that may fail at hand.
#[derive(Debug)]
pub(crate) struct ClientJwt {
    typ: &'static str,
    protection: Protected,
    encryption: Option<Encrypted>,
}

#[derive(Debug)]
enum Protected {
    Signed(Arc<SigningKeyPair>),
    Authenticated(Secret),
    Unsigned,
    /// No JWT inside: the claims themselves are encrypted.
    Bare,
}

#[derive(Debug)]
struct Encrypted {
    key: Arc<EncryptionKey>,
    content: ContentEncryption,
}

const PLAIN: &str = "JWT";
const LOGOUT_TOKEN: &str = "logout+jwt";

/// What the client registered of one kind of JWT.
#[derive(Clone, Copy, Debug)]
struct Form {
    /// What kind of JWT it is, so that none is taken for another (RFC 8725 section 3.11).
    typ: &'static str,
    signing: Option<SigningAlgorithm>,
    /// `..._encrypted_response_alg`, by its name and value.
    encryption: (&'static str, Option<KeyManagementAlgorithm>),
    /// `..._encrypted_response_enc`.
    content: Option<ContentEncryptionAlgorithm>,
}

impl ClientJwt {
    /// The form of the client's ID tokens.
    pub(crate) async fn for_id_token(issuing: Issuing<'_>) -> Result<Self, Failure> {
        Self::prepare(issuing, id_token_form(issuing)).await
    }

    /// The form of its logout tokens: that of its ID tokens, but never unsigned (Back-Channel Logout section 2.4, 2.6).
    pub(crate) async fn for_logout_token(issuing: Issuing<'_>) -> Result<Self, Failure> {
        let form = id_token_form(issuing);
        let signing = match form.signing {
            Some(SigningAlgorithm::Unsigned) | None => SigningAlgorithm::RS256,
            Some(signing) => signing,
        };
        Self::prepare(issuing, Form { typ: LOGOUT_TOKEN, signing: Some(signing), ..form }).await
    }

    /// The form of the client's userinfo answers; `None` for plain JSON.
    pub(crate) async fn for_userinfo(issuing: Issuing<'_>) -> Result<Option<Self>, Failure> {
        let metadata = &issuing.client.row.metadata;
        let form = Form {
            typ: PLAIN,
            signing: metadata.userinfo_signed_response_alg,
            encryption: ("userinfo_encrypted_response_alg", metadata.userinfo_encrypted_response_alg),
            content: metadata.userinfo_encrypted_response_enc,
        };
        match form {
            Form { signing: None, encryption: (_, None), .. } => Ok(None),
            form => Self::prepare(issuing, form).await.map(Some),
        }
    }

    /// Finds the keys; whatever can fail or take time fails here, before a code or token is used.
    async fn prepare(issuing: Issuing<'_>, form: Form) -> Result<Self, Failure> {
        let encryption = encryption(issuing, form).await?;
        let protection = match (form.signing, form.signing.and_then(key_algorithm)) {
            (_, Some(algorithm)) => {
                let keys = SigningKeys::prepare(issuing, Some(algorithm)).await?;
                Protected::Signed(Arc::clone(&keys.active(algorithm)?.pair))
            }
            (Some(SigningAlgorithm::HS256), None) => Protected::Authenticated(secret(issuing).await?),
            (Some(_), None) if issuing.app.config.clients.allow_unsigned => Protected::Unsigned,
            (Some(_), None) => return Err(unsigned_is_off()),
            (None, None) => Protected::Bare,
        };
        Ok(Self { typ: form.typ, protection, encryption })
    }

    /// Whether a JWT carries the claims, so that they say who made them and for whom (OpenID Connect Core 5.3.2).
    pub(crate) fn is_jwt(&self) -> bool {
        match self.protection {
            Protected::Signed(_) | Protected::Authenticated(_) | Protected::Unsigned => true,
            Protected::Bare => false,
        }
    }

    /// `at_hash`, `c_hash` or `s_hash` of a value (OpenID Connect Core section 3.1.3.6); none in an unsigned token.
    pub(crate) fn left_half_hash(&self, value: &str) -> Option<String> {
        let protection = match &self.protection {
            Protected::Signed(pair) => Protection::Signature(pair.algorithm()),
            Protected::Authenticated(_) => Protection::Hmac,
            Protected::Unsigned | Protected::Bare => Protection::Unsigned,
        };
        protection.left_half_hash(value)
    }

    /// The compact form: signed first, then encrypted (OpenID Connect Core section 10.2).
    #[tracing::instrument(name = "jwt.encode", level = "debug", skip_all, fields(typ = self.typ))]
    pub(crate) fn encode(&self, claims: &Value) -> Result<String, Failure> {
        let signed = match &self.protection {
            Protected::Signed(pair) => sign_compact(pair, self.typ, claims),
            Protected::Authenticated(secret) => hmac_sign_compact(secret, self.typ, claims),
            Protected::Unsigned => Ok(unsigned_compact(claims)),
            Protected::Bare => Ok(claims.to_string()),
        };
        let signed = signed.map_err(|error: JwsError| Failure::Internal(error.to_string()))?;
        let Some(encryption) = &self.encryption else {
            return Ok(signed);
        };
        let content = if self.is_jwt() { Content::NestedJwt } else { Content::Claims };
        encrypt_compact(&encryption.key, encryption.content, content, &signed)
            .map_err(|error| Failure::Internal(error.to_string()))
    }
}

fn id_token_form(issuing: Issuing<'_>) -> Form {
    let metadata = &issuing.client.row.metadata;
    Form {
        typ: PLAIN,
        signing: Some(metadata.id_token_signed_response_alg),
        encryption: ("id_token_encrypted_response_alg", metadata.id_token_encrypted_response_alg),
        content: metadata.id_token_encrypted_response_enc,
    }
}

/// The key of the client to encrypt with, where it asks for that.
async fn encryption(issuing: Issuing<'_>, form: Form) -> Result<Option<Encrypted>, Failure> {
    let (member, Some(algorithm)) = form.encryption else {
        return Ok(None);
    };
    let content = content_encryption(form.content.unwrap_or(ContentEncryptionAlgorithm::A128CbcHs256));
    let key = if let Some(algorithm) = key_management(algorithm) {
        let found = issuing.app.client_keys.encrypting(issuing.client, algorithm, issuing.now).await;
        found.map_err(|failure| about(member, failure))?
    } else {
        let secret = secret(issuing).await.map_err(|failure| about(member, failure))?;
        let key = EncryptionKey::from_secret(&secret);
        Arc::new(key.map_err(|error| {
            let expected = "a secret to encrypt with";
            Failure::refused(ErrorCode::InvalidRequest, member, expected, error.to_string())
        })?)
    };
    Ok(Some(Encrypted { key, content }))
}

/// The client proved who it is: what it has to hear is what about its registration does not work.
fn about(member: &'static str, failure: Failure) -> Failure {
    match failure {
        Failure::Refused(mut refusal) => {
            (refusal.code, refusal.check) = (ErrorCode::InvalidRequest, member);
            Failure::Refused(refusal)
        }
        other @ (Failure::TooLarge(..) | Failure::Unavailable(_) | Failure::Internal(_)) => other,
    }
}

fn content_encryption(registered: ContentEncryptionAlgorithm) -> ContentEncryption {
    match registered {
        ContentEncryptionAlgorithm::A128CbcHs256 => ContentEncryption::A128CbcHs256,
        ContentEncryptionAlgorithm::A192CbcHs384 => ContentEncryption::A192CbcHs384,
        ContentEncryptionAlgorithm::A256CbcHs512 => ContentEncryption::A256CbcHs512,
        ContentEncryptionAlgorithm::A128Gcm => ContentEncryption::A128Gcm,
        ContentEncryptionAlgorithm::A192Gcm => ContentEncryption::A192Gcm,
        ContentEncryptionAlgorithm::A256Gcm => ContentEncryption::A256Gcm,
    }
}

/// The client was registered while the operator allowed it, or by the operator: what holds is what is allowed now.
fn unsigned_is_off() -> Failure {
    let expected = "an algorithm that signs";
    Failure::refused(ErrorCode::InvalidRequest, "id_token_signed_response_alg", expected, "none")
        .with_setting("clients.allow_unsigned")
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
