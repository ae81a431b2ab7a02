//! Keys, JOSE, hashing and sealing; the only place where a secret value is looked at. Knows nothing
//! of HTTP, of the database or of OAuth.
//!
//! | Specification | Module |
//! |---|---|
//! | RFC 4648 base64url | [`base64url`] |
//! | RFC 8452 AES-GCM-SIV | [`SealingKey`] (`sealed`) |
//! | RFC 2104 HMAC | [`MacKey`] (`keyed`) |
//! | RFC 5869 HKDF | [`SystemSecret`] (`wrapping`), [`DataKey`] (`data_key`) |

mod backend;
pub mod base64url;
mod data_key;
mod key_id;
mod keyed;
mod sealed;
mod secret;
mod wrapping;

pub use data_key::{DataKey, DataKeyPurpose, UnknownPurpose};
pub use key_id::{DataKeyId, NotAKeyId, SystemSecretId};
pub use keyed::{MacKey, framed};
pub use sealed::{OpenError, SealingKey};
pub use secret::{Secret, SecretHash, random_bytes, sha256};
pub use wrapping::{SystemSecret, SystemSecretError, SystemSecrets, UnwrapError};
