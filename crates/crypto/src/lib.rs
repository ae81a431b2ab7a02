//! Keys, JOSE, hashing and sealing; the only place where a secret value is looked at. Knows nothing
//! of HTTP, of the database or of OAuth.
//!
//! | Specification | Module |
//! |---|---|
//! | RFC 4648 base64url | [`base64url`] |
//! | RFC 8452 AES-GCM-SIV | [`SealingKey`] (`sealed`) |
//! | RFC 2104 HMAC | [`MacKey`] (`keyed`) |
//! | RFC 5869 HKDF | [`SystemSecret`] (`wrapping`), [`DataKey`] (`data_key`) |
//! | RFC 9106 argon2 | [`hash_password`] (`password`) |
//! | RFC 6749 2.3.1 client secrets | [`StoredSecret`] (`client_secret`) |
//! | RFC 6749 1.3 to 1.5 opaque values | [`token_format`] |

mod backend;
pub mod base64url;
mod client_secret;
mod data_key;
mod key_id;
mod keyed;
mod password;
mod sealed;
mod secret;
pub mod token_format;
mod wrapping;

pub use client_secret::{StoredSecret, UnknownForm, hash_generated};
pub use data_key::{DataKey, DataKeyPurpose, UnknownPurpose};
pub use key_id::{DataKeyId, NotAKeyId, SystemSecretId};
pub use keyed::{MacKey, framed};
pub use password::{PasswordError, dummy_hash, hash_password, needs_rehash, verify_password};
pub use sealed::{OpenError, SealingKey};
pub use secret::{Secret, SecretHash, random_bytes, sha256};
pub use token_format::{FormatError, TokenPrefix};
pub use wrapping::{SystemSecret, SystemSecretError, SystemSecrets, UnwrapError};
