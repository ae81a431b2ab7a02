//! JSON Web Encryption in the compact serialisation (RFC 7516 section 7.1), read strictly: no `crit`, no compression,
//! and only the algorithms that the reader asks for. Every failure to decrypt is one and the same error, so that
//! nobody learns from it which step failed (RFC 7516 section 11.5).

mod agreement;
mod algorithm;
mod content;
mod decryption_key;
mod encryption_key;
mod key_wrap;
#[cfg(test)]
mod tests;

pub use algorithm::{ContentEncryption, KeyManagement, UnknownEncryption};
pub use decryption_key::{DecryptionKeyPair, DecryptionKeys};
pub use encryption_key::EncryptionKey;

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::{
    backend::required,
    base64url::{self, NotBase64Url},
    secret::Secret,
    strict_json,
};
use agreement::Point;
use content::Sealed;
use decryption_key::Envelope;
use encryption_key::{DIRECT, direct_key, random_key};

/// Room for the longest JWS inside.
const LONGEST: usize = 32 * 1024;

/// Why a token is not decrypted, or could not be encrypted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JweError {
    /// Refused before anything is decoded.
    #[error("encrypted token is longer than 32 KiB")]
    TooLong,
    /// Not five parts: something else, a signed token, or the JSON serialisation.
    #[error("not a compact JWE of five parts")]
    NotCompact,
    /// There are several ways to write the same bytes, and this is not ours.
    #[error(transparent)]
    Encoding(#[from] NotBase64Url),
    /// The header is not an object of distinct members of the right types.
    #[error("encrypted token header: {0}")]
    Header(String),
    /// An extension that must be understood, and we understand none (RFC 7516 section 4.1.13).
    #[error("encrypted token header has crit")]
    Critical,
    /// A few bytes may decompress to any number of them, so nothing is decompressed (RFC 8725 section 3.6).
    #[error("encrypted token is compressed; zip is not accepted")]
    Compressed,
    /// `alg` is unknown, forbidden, or another than the reader asks for.
    #[error("key management algorithm {0:?} is not accepted")]
    KeyManagement(String),
    /// `enc` is unknown, or another than the reader asks for.
    #[error("content encryption {0:?} is not accepted")]
    ContentEncryption(String),
    /// No key of this name and algorithm, perhaps not yet: read the keys once more.
    #[error("encrypted token names a key that is not known")]
    UnknownKey,
    /// What a client encrypts with its secret can be found by guessing the secret (RFC 7518 section 8.2).
    #[error("the client secret has fewer than 32 bytes, too few to make an encryption key of")]
    SecretTooShort,
    /// For another key, changed, or made up; nobody is told which.
    #[error("encrypted token does not decrypt")]
    Undecryptable,
    /// It was encrypted for us, and is no text.
    #[error("encrypted token holds no text")]
    NotText,
}

/// What is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A signed or unsigned token (RFC 7519 section 5.2, `cty`).
    NestedJwt,
    /// The claims themselves, as JSON.
    Claims,
}

/// A compact JWE of `plain` for the owner of `key`.
pub fn encrypt_compact(
    key: &EncryptionKey,
    encryption: ContentEncryption,
    content: Content,
    plain: &str,
) -> Result<String, JweError> {
    let content_key = key.content_key(encryption)?;
    let mut header = Map::new();
    let mut member = |name: &str, value: Value| header.insert(name.to_owned(), value);
    member("alg", json!(key.algorithm_name()));
    member("enc", json!(encryption.name()));
    match content {
        Content::NestedJwt => _ = member("cty", json!("JWT")),
        Content::Claims => {}
    }
    if let Some(kid) = key.kid() {
        member("kid", json!(kid));
    }
    if let Some(epk) = content_key.epk {
        member("epk", epk);
    }
    let header = base64url::encode(Value::Object(header).to_string());
    let sealed = required(content::seal(encryption, &content_key.key, header.as_bytes(), plain.as_bytes()));
    let parts = [&content_key.encrypted, &sealed.iv, &sealed.ciphertext, &sealed.tag].map(base64url::encode);
    Ok(format!("{header}.{}", parts.join(".")))
}

/// A well-formed encrypted token. What it says of itself may be read to find the key.
pub struct UnverifiedJwe<'a> {
    /// As it was sent: it is authenticated together with the content.
    protected: &'a str,
    header: Map<String, Value>,
    algorithm: Option<KeyManagement>,
    encryption: ContentEncryption,
    encrypted_key: Vec<u8>,
    sealed: Sealed,
}

impl<'a> UnverifiedJwe<'a> {
    /// Reads the form of `token` and does nothing that costs time.
    pub fn parse(token: &'a str) -> Result<UnverifiedJwe<'a>, JweError> {
        if token.len() > LONGEST {
            return Err(JweError::TooLong);
        }
        let mut parts = token.splitn(6, '.');
        let mut part = || parts.next().ok_or(JweError::NotCompact);
        let (protected, encrypted_key) = (part()?, part()?);
        let (iv, ciphertext, tag) = (part()?, part()?, part()?);
        if parts.next().is_some() {
            return Err(JweError::NotCompact);
        }
        let header = strict_json::object(&base64url::decode(protected)?)
            .map_err(|error| JweError::Header(error.to_string()))?;
        if header.contains_key("crit") {
            return Err(JweError::Critical);
        }
        if header.contains_key("zip") {
            return Err(JweError::Compressed);
        }
        for name in ["kid", "typ", "cty"] {
            header_text(&header, name)?;
        }
        let name = header_text(&header, "alg")?.unwrap_or_default();
        let algorithm = match name {
            DIRECT => None,
            _ => Some(name.parse().map_err(|_| JweError::KeyManagement(name.to_owned()))?),
        };
        let name = header_text(&header, "enc")?.unwrap_or_default();
        let encryption = name.parse().map_err(|_| JweError::ContentEncryption(name.to_owned()))?;
        let (iv, ciphertext, tag) =
            (base64url::decode(iv)?, base64url::decode(ciphertext)?, base64url::decode(tag)?);
        let encrypted_key = base64url::decode(encrypted_key)?;
        let sealed = Sealed { iv, ciphertext, tag };
        Ok(UnverifiedJwe { protected, header, algorithm, encryption, encrypted_key, sealed })
    }

    /// How the content key was sent; `None` for `dir`, where both sides make it of the client's secret.
    pub fn algorithm(&self) -> Option<KeyManagement> {
        self.algorithm
    }

    /// How the content is encrypted.
    pub fn encryption(&self) -> ContentEncryption {
        self.encryption
    }

    /// The key that the token names.
    pub fn kid(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// The content, if one of our `keys` decrypts it in one of the ways that are accepted. Who encrypted it is not known:
    /// everybody has our public key, so only a signature inside says who speaks.
    pub fn decrypt(
        &self,
        keys: &DecryptionKeys,
        algorithms: &[KeyManagement],
        encryptions: &[ContentEncryption],
    ) -> Result<Zeroizing<String>, JweError> {
        let algorithm = self.algorithm.filter(|algorithm| algorithms.contains(algorithm));
        let algorithm = algorithm.ok_or_else(|| JweError::KeyManagement(self.algorithm_name().to_owned()))?;
        self.require_encryption(encryptions)?;
        let epk = self.epk(algorithm)?;
        let [apu, apv] = [self.party("apu")?, self.party("apv")?];
        let envelope = Envelope {
            encryption: self.encryption,
            encrypted_key: &self.encrypted_key,
            epk: epk.as_ref(),
            parties: [&apu, &apv],
        };
        let mut fitting = keys.fitting(self.kid(), algorithm).peekable();
        fitting.peek().ok_or(JweError::UnknownKey)?;
        for key in fitting {
            // RFC 7516 section 11.5: a content key that does not come out is replaced by a random one, and the
            // failure shows where every other does.
            let key = key.content_key(&envelope).unwrap_or_else(|_| random_key(self.encryption));
            if let Ok(plain) = self.open(&key) {
                return plain_text(&plain);
            }
        }
        Err(JweError::Undecryptable)
    }

    /// The content, if it was encrypted in one of the ways that are accepted with the key that `secret` makes (OIDC Core
    /// 10.2). To be called because the client is registered so, never because the header asks.
    pub fn decrypt_direct(
        &self,
        secret: &Secret,
        encryptions: &[ContentEncryption],
    ) -> Result<Zeroizing<String>, JweError> {
        if self.algorithm.is_some() {
            return Err(JweError::KeyManagement(self.algorithm_name().to_owned()));
        }
        self.require_encryption(encryptions)?;
        let key = direct_key(secret, self.encryption)?;
        // RFC 7516 section 5.2, step 10
        if !self.encrypted_key.is_empty() {
            return Err(JweError::Undecryptable);
        }
        plain_text(&self.open(&key)?)
    }

    fn open(&self, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, JweError> {
        content::open(self.encryption, key, self.protected.as_bytes(), &self.sealed)
            .map_err(|_| JweError::Undecryptable)
    }

    fn algorithm_name(&self) -> &'static str {
        self.algorithm.map_or(DIRECT, KeyManagement::name)
    }

    fn require_encryption(&self, encryptions: &[ContentEncryption]) -> Result<(), JweError> {
        if encryptions.contains(&self.encryption) {
            return Ok(());
        }
        Err(JweError::ContentEncryption(self.encryption.name().to_owned()))
    }

    /// RFC 7518 section 4.6.1.1: the key made for this message, where the algorithm has one.
    fn epk(&self, algorithm: KeyManagement) -> Result<Option<Point>, JweError> {
        match algorithm {
            KeyManagement::RsaOaep256 => Ok(None),
            KeyManagement::EcdhEs
            | KeyManagement::EcdhEsA128Kw
            | KeyManagement::EcdhEsA192Kw
            | KeyManagement::EcdhEsA256Kw => {
                let epk = self.header.get("epk").and_then(Value::as_object);
                let epk = epk.ok_or_else(|| JweError::Header("epk is not an object".to_owned()))?;
                Point::from_jwk(epk).map(Some).map_err(|error| JweError::Header(format!("epk: {error}")))
            }
        }
    }

    fn party(&self, name: &str) -> Result<Vec<u8>, JweError> {
        Ok(header_text(&self.header, name)?.map(base64url::decode).transpose()?.unwrap_or_default())
    }
}

impl std::fmt::Debug for UnverifiedJwe<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnverifiedJwe").field("header", &self.header).finish_non_exhaustive()
    }
}

fn plain_text(plain: &[u8]) -> Result<Zeroizing<String>, JweError> {
    let text = std::str::from_utf8(plain).map_err(|_| JweError::NotText)?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn header_text<'a>(header: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, JweError> {
    match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JweError::Header(format!("{name} is not a string"))),
    }
}
