//! AES key wrap (RFC 3394, RFC 7518 section 4.4) over the backend's AES, whose own key wrap knows no 192-bit keys.

use aws_lc_rs::{
    cipher::{
        AES_128, AES_192, AES_256, Algorithm, DecryptingKey, DecryptionContext, EncryptingKey,
        EncryptionContext, UnboundCipherKey,
    },
    error::Unspecified,
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const HALF: usize = 8;
/// RFC 3394 section 2.2.3.1: what a wrapped key starts with once it is unwrapped.
const INITIAL: [u8; HALF] = [0xa6; HALF];
const ROUNDS: u64 = 6;

/// `key`, a multiple of 8 bytes, wrapped for whoever has `wrapping` (16, 24 or 32 bytes).
pub(super) fn wrap(wrapping: &[u8], key: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let cipher = EncryptingKey::ecb(UnboundCipherKey::new(aes(wrapping)?, wrapping)?)?;
    let mut halves = halves(key)?;
    let mut check = INITIAL;
    let mut step = 0_u64;
    for _ in 0..ROUNDS {
        for half in halves.iter_mut() {
            step += 1;
            let mut block = Zeroizing::new([check, *half].concat());
            cipher.less_safe_encrypt(&mut block, EncryptionContext::None)?;
            (check, *half) = split(&block)?;
            check = counted(check, step);
        }
    }
    Ok([check.as_slice(), halves.as_flattened()].concat())
}

/// The key that [`wrap`] wrapped, if `wrapping` is the same; takes as long when it is not.
pub(super) fn unwrap(wrapping: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let cipher = DecryptingKey::ecb(UnboundCipherKey::new(aes(wrapping)?, wrapping)?)?;
    let (check, key) = wrapped.split_first_chunk::<HALF>().ok_or(Unspecified)?;
    let (mut check, mut halves) = (*check, halves(key)?);
    let mut step = ROUNDS * halves.len() as u64;
    for _ in 0..ROUNDS {
        for half in halves.iter_mut().rev() {
            let mut block = Zeroizing::new([counted(check, step), *half].concat());
            cipher.decrypt(&mut block, DecryptionContext::None)?;
            (check, *half) = split(&block)?;
            step -= 1;
        }
    }
    if bool::from(check.ct_eq(&INITIAL)) {
        return Ok(Zeroizing::new(halves.as_flattened().to_vec()));
    }
    Err(Unspecified)
}

fn aes(key: &[u8]) -> Result<&'static Algorithm, Unspecified> {
    match key.len() {
        16 => Ok(&AES_128),
        24 => Ok(&AES_192),
        32 => Ok(&AES_256),
        _ => Err(Unspecified),
    }
}

/// RFC 3394 wraps keys of two halves at least.
fn halves(key: &[u8]) -> Result<Zeroizing<Vec<[u8; HALF]>>, Unspecified> {
    let (halves, rest) = key.as_chunks();
    if !rest.is_empty() || halves.len() < 2 {
        return Err(Unspecified);
    }
    Ok(Zeroizing::new(halves.to_vec()))
}

fn split(block: &[u8]) -> Result<([u8; HALF], [u8; HALF]), Unspecified> {
    let (first, second) = block.split_first_chunk().ok_or(Unspecified)?;
    Ok((*first, second.try_into().map_err(|_| Unspecified)?))
}

fn counted(check: [u8; HALF], step: u64) -> [u8; HALF] {
    (u64::from_be_bytes(check) ^ step).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digits).collect()
    }

    #[test]
    fn the_examples_of_rfc_3394() {
        // RFC 3394 sections 4.1 to 4.6
        let all = "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F";
        let wrapping = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";
        for (wrapping_length, key_length, wrapped) in [
            (16, 16, "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"),
            (24, 16, "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D"),
            (32, 16, "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"),
            (24, 24, "031D33264E15D33268F24EC260743EDCE1C6C7DDEE725A936BA814915C6762D2"),
            (32, 24, "A8F9BC1612C68B3FF6E6F4FBE30E71E4769C8B80A32CB8958CD5D17D6B254DA1"),
            (32, 32, "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"),
        ] {
            let (wrapping, key) = (bytes(&wrapping[..wrapping_length * 2]), bytes(&all[..key_length * 2]));
            assert_eq!(wrap(&wrapping, &key).unwrap(), bytes(wrapped));
            assert_eq!(*unwrap(&wrapping, &bytes(wrapped)).unwrap(), key);
        }
    }

    #[test]
    fn odd_lengths_are_refused() {
        for length in [0, 1, 8, 15, 17] {
            assert!(wrap(&[1; 16], &vec![0; length]).is_err(), "{length}");
        }
        for length in [0, 7, 8, 16, 23, 25] {
            assert!(unwrap(&[1; 16], &vec![0; length]).is_err(), "{length}");
        }
        assert!(wrap(&[1; 17], &[0; 16]).is_err());
    }

    proptest! {
        #[test]
        fn a_changed_bit_unwraps_to_nothing(key: [u8; 32], at: prop::sample::Index, bit in 0..8) {
            let mut wrapped = wrap(&[7; 24], &key).unwrap();
            prop_assert_eq!(&*unwrap(&[7; 24], &wrapped).unwrap(), &key);
            wrapped[at.index(40)] ^= 1_u8 << bit;
            prop_assert!(unwrap(&[7; 24], &wrapped).is_err());
        }
    }
}
