//! Sealed values: AES-256-GCM-SIV (RFC 8452), so that a repeated nonce costs equality and not the key,
//! which matters for a key that seals every token of every node.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use crate::backend::required;

const TAG_LEN: usize = 16;

/// The value was not sealed by this key for this purpose, or was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sealed value does not open with this key and associated data")]
pub struct OpenError;

/// A key that seals and opens, its schedule held ready.
pub struct SealingKey(RandomizedNonceKey);

impl SealingKey {
    /// How many bytes sealing adds.
    pub const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

    /// The key with these bytes.
    pub fn new(bytes: &[u8; 32]) -> SealingKey {
        SealingKey(required(RandomizedNonceKey::new(&AES_256_GCM_SIV, bytes)))
    }

    /// Nonce, ciphertext and tag of `plain`; only `open` with the same `aad` gives it back.
    pub fn seal(&self, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(plain.len() + Self::OVERHEAD);
        sealed.extend_from_slice(&[0; NONCE_LEN]);
        sealed.extend_from_slice(plain);
        let (head, body) = sealed.split_at_mut(NONCE_LEN);
        let (nonce, tag) = required(self.0.seal_in_place_separate_tag(Aad::from(aad), body));
        head.copy_from_slice(nonce.as_ref());
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// What `seal` was given, if `sealed` came from it with the same `aad`.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(OpenError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError)?;
        let mut plain = Zeroizing::new(body.to_vec());
        let length = self.0.open_in_place(nonce, Aad::from(aad), &mut plain).map_err(|_| OpenError)?.len();
        plain.truncate(length);
        Ok(plain)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> SealingKey {
        SealingKey::new(&crate::random_bytes())
    }

    #[test]
    fn a_value_of_rfc_8452_opens() {
        // RFC 8452 appendix C.2, the second vector
        let mut bytes = [0; 32];
        bytes[0] = 1;
        let mut sealed = vec![3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        sealed.extend_from_slice(&0xc2ef_328e_5c71_c83b_u64.to_be_bytes());
        sealed.extend_from_slice(&0x8431_2213_0f73_64b7_61e0_b974_27e3_df28_u128.to_be_bytes());
        let plain = SealingKey::new(&bytes).open(b"", &sealed).unwrap();
        assert_eq!(*plain, [1, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn the_same_value_never_seals_to_the_same_bytes() {
        let key = key();
        assert_ne!(key.seal(b"", b"value"), key.seal(b"", b"value"));
    }

    #[test]
    fn another_key_or_purpose_opens_nothing() {
        let key = key();
        let sealed = key.seal(b"token", b"value");
        assert_eq!(key.open(b"cookie", &sealed), Err(OpenError));
        assert_eq!(super::tests::key().open(b"token", &sealed), Err(OpenError));
        assert_eq!(key.open(b"token", b""), Err(OpenError));
        assert_eq!(key.open(b"token", &sealed[..SealingKey::OVERHEAD - 1]), Err(OpenError));
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens(aad: Vec<u8>, plain: Vec<u8>) {
            let key = key();
            let sealed = key.seal(&aad, &plain);
            prop_assert_eq!(sealed.len(), plain.len() + SealingKey::OVERHEAD);
            prop_assert_eq!(&*key.open(&aad, &sealed).unwrap(), &plain);
        }

        #[test]
        fn one_changed_bit_opens_nothing(plain: Vec<u8>, position: prop::sample::Index, bit in 0u8..8) {
            let key = key();
            let mut sealed = key.seal(b"aad", &plain);
            let position = position.index(sealed.len());
            sealed[position] ^= 1u8 << bit;
            prop_assert_eq!(key.open(b"aad", &sealed), Err(OpenError));
        }
    }
}
