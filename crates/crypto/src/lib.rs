//! Keys, JOSE, hashing and sealing; the only place where a secret value is looked at. Knows nothing
//! of HTTP, of the database or of OAuth.
//!
//! | Specification | Module |
//! |---|---|
//! | RFC 7515 JWS, RFC 8725 JWT best practice | [`UnverifiedJws`], [`sign_compact`], [`hmac_sign_compact`] (`jws`) |
//! | RFC 7516 JWE, RFC 7518 4 and 5, OIDC Core 10.2 | [`UnverifiedJwe`], [`encrypt_compact`] (`jwe`) |
//! | RFC 7519 JWT claims, section 6 unsigned ones | [`VerifiedClaims`], [`read_unsigned`] (`verified_claims`), `strict_json` |
//! | RFC 7517 JWK, RFC 7638 thumbprint | [`VerificationKey`], [`thumbprint`] (`jwk`), [`JwkSet`] (`jwks`) |
//! | RFC 7518 algorithms, RFC 8037 Ed25519, RFC 5958 PKCS#8 | [`Algorithm`], [`SigningKeyPair`] (`keys`) |
//! | OIDC Core 3.1.3.6 `at_hash`, `c_hash` | [`left_half_hash`] (`algorithm`) |
//! | RFC 4648 base64url | [`base64url`] |
//! | RFC 8452 AES-GCM-SIV | [`SealingKey`] (`sealed`) |
//! | RFC 2104 HMAC | [`MacKey`] (`keyed`) |
//! | RFC 5869 HKDF | [`SystemSecret`] (`wrapping`), [`DataKey`] (`data_key`) |
//! | RFC 9106 argon2 | [`hash_password`] (`password`) |
//! | bcrypt, RFC 8018 5.2 PBKDF2, RFC 7914 scrypt, of other systems | [`import_password_hash`] (`password/imported`) |
//! | RFC 6749 2.3.1 client secrets | [`StoredSecret`] (`client_secret`) |
//! | RFC 6749 1.3 to 1.5 opaque values | [`token_format`] |

mod algorithm;
mod backend;
pub mod base64url;
mod client_secret;
mod data_key;
mod jwe;
mod jwk;
mod jwks;
mod jws;
mod key_algorithm;
mod key_id;
mod keyed;
mod keys;
mod password;
mod sealed;
mod secret;
mod strict_json;
#[doc(hidden)]
pub mod testing;
pub mod token_format;
mod verified_claims;
mod wrapping;

pub use algorithm::{Algorithm, Protection, UnknownAlgorithm, left_half_hash};
pub use client_secret::{StoredSecret, UnknownForm, hash_generated};
pub use data_key::{DataKey, DataKeyPurpose, UnknownPurpose};
pub use jwe::{
    Content, ContentEncryption, DecryptionKeyPair, DecryptionKeys, EncryptionKey, JweError, KeyManagement,
    UnknownEncryption, UnverifiedJwe, encrypt_compact,
};
pub use jwk::{JwkError, VerificationKey, thumbprint};
pub use jwks::{JwkSet, VerificationKeys};
pub use jws::{
    JwsError, NO_TYP, UnverifiedJws, hmac_sign_compact, read_unsigned, sign_compact, unsigned_compact,
};
pub use key_algorithm::{KeyAlgorithm, UnknownKeyAlgorithm};
pub use key_id::{DataKeyId, NotAKeyId, SystemSecretId};
pub use keyed::{MacKey, framed};
pub use keys::{KeyError, SigningKeyPair};
pub use password::{
    HashRefused, PasswordError, dummy_hash, hash_password, import_password_hash, imported_hash_mark,
    needs_rehash, rehash_password, verify_password,
};
pub use sealed::{OpenError, SealingKey};
pub use secret::{Secret, SecretHash, random_bytes, sha256};
pub use token_format::{FormatError, TokenPrefix};
pub use verified_claims::{ClaimError, Claims, VerifiedClaims};
pub use wrapping::{SystemSecret, SystemSecretError, SystemSecrets, UnwrapError};
