//! The outside of sealed tokens: a recognisable prefix, the id of the data key in clear, the sealed body, a checksum.
//! Bound by associated data to what it is, the version of its layout and the issuer, so none passes for another.

use grantor_crypto::{DataKeyId, DataKeyPurpose, TokenPrefix, token_format};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::TokenUnreadable;
use crate::error::Failure;
use crate::extract::Issuer;
use crate::key_ring::Keys;

const KEY_ID_BYTES: usize = 8;

/// Seals `body` as a token of this kind.
pub(super) fn seal(
    keys: &Keys,
    prefix: TokenPrefix,
    issuer: &Issuer,
    body: &impl Serialize,
) -> Result<String, Failure> {
    let data_key = keys.data_key(DataKeyPurpose::Tokens)?;
    let plain = postcard::to_stdvec(body).map_err(|error| Failure::Internal(error.to_string()))?;
    let mut bytes = data_key.id().bytes().to_vec();
    bytes.extend(data_key.sealing().seal(&associated_data(prefix, issuer), &plain));
    Ok(token_format::encode(prefix, &bytes))
}

/// Opens a token of this kind; anything else, whole or damaged, is unreadable.
pub(super) fn open<T: DeserializeOwned>(
    keys: &Keys,
    prefix: TokenPrefix,
    issuer: &Issuer,
    token: &str,
) -> Result<T, TokenUnreadable> {
    let bytes = token_format::decode(prefix, token).map_err(|_| TokenUnreadable::Malformed)?;
    let (key_id, sealed) = bytes.split_first_chunk::<KEY_ID_BYTES>().ok_or(TokenUnreadable::Malformed)?;
    let data_key = keys
        .data_key_by_id(DataKeyPurpose::Tokens, DataKeyId::from_bytes(*key_id))
        .ok_or(TokenUnreadable::UnknownKey)?;
    let plain = data_key
        .sealing()
        .open(&associated_data(prefix, issuer), sealed)
        .map_err(|_| TokenUnreadable::Forged)?;
    postcard::from_bytes(&plain).map_err(|_| TokenUnreadable::Malformed)
}

fn associated_data(prefix: TokenPrefix, issuer: &Issuer) -> Vec<u8> {
    format!("{} v1 {}", prefix.text(), issuer.url).into_bytes()
}
