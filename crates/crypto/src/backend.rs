//! What we assume of the cryptographic backend (aws-lc-rs), in one place.

use aws_lc_rs::{error::Unspecified, hkdf};
use zeroize::Zeroizing;

/// For operations that fail only when memory or the system's randomness is gone.
#[expect(
    clippy::expect_used,
    reason = "a server that goes on without randomness or memory gives out weak keys"
)]
pub(crate) fn required<T>(result: Result<T, Unspecified>) -> T {
    result.expect("aws-lc: no memory or no randomness left")
}

/// A 256-bit key for one use: HKDF-SHA-256 (RFC 5869) with `label` as its info, so that keys of
/// different labels tell nothing about each other.
pub(crate) fn derive(secret: &[u8], label: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, b"grantor v1").extract(secret);
    let mut key = Zeroizing::new([0; 32]);
    required(extracted.expand(label, hkdf::HKDF_SHA256).and_then(|output| output.fill(key.as_mut())));
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_keys_differ_by_secret_and_by_label() {
        let key = derive(b"secret", &[b"one"]);
        assert_eq!(key, derive(b"secret", &[b"one"]));
        assert_ne!(key, derive(b"secret", &[b"two"]));
        assert_ne!(key, derive(b"other", &[b"one"]));
    }
}
