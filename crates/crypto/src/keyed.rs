//! Keyed hashes (HMAC-SHA-256, RFC 2104) over several parts, each with its length in front, so that
//! moving a byte from one part to its neighbour changes the tag.

use std::fmt;

use aws_lc_rs::hmac;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::secret::random_bytes;

/// A key for tags that only we can make. Its state is held ready and wiped by the backend when dropped.
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// The key with these bytes.
    pub fn new(bytes: &[u8; 32]) -> MacKey {
        MacKey(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// A key for the life of this process.
    pub fn random() -> MacKey {
        MacKey::new(&Zeroizing::new(random_bytes()))
    }

    /// The tag of exactly these parts in this order.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&length(part));
            context.update(part);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    /// Whether `tag` is the tag of `parts`; its time does not depend on where they differ.
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.tag(parts).ct_eq(tag).into()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(redacted)")
    }
}

/// The parts as one byte string, each with its length in front: for associated data made of several values.
pub fn framed(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().flat_map(|part| length(part).into_iter().chain(part.iter().copied())).collect()
}

fn length(part: &[u8]) -> [u8; 8] {
    (part.len() as u64).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_tag_is_for_its_key_and_its_parts_only() {
        let key = MacKey::random();
        let tag = key.tag(&[b"browser", b"login"]);
        assert!(key.verify(&[b"browser", b"login"], &tag));
        assert!(!MacKey::random().verify(&[b"browser", b"login"], &tag));
        assert!(!key.verify(&[b"browserl", b"ogin"], &tag));
        assert!(!key.verify(&[b"browser", b"login", b""], &tag));
        assert!(!key.verify(&[b"browser", b"login"], &tag[..31]));
        assert!(!key.verify(&[b"browser", b"login"], b""));
    }

    proptest! {
        #[test]
        fn different_parts_frame_differently(a: Vec<Vec<u8>>, b: Vec<Vec<u8>>) {
            let borrow = |parts: &[Vec<u8>]| framed(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert_eq!(a == b, borrow(&a) == borrow(&b));
        }
    }
}
