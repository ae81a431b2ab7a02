//! Content encryption (RFC 7518 section 5): AES in Galois counter mode, or in CBC mode with an HMAC that is checked
//! before anything is decrypted, so that padding betrays nothing.

use aws_lc_rs::{
    aead::{self, Aad, LessSafeKey, Nonce, UnboundKey},
    cipher::{
        self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
        UnboundCipherKey,
    },
    error::Unspecified,
    hmac,
    iv::FixedLength,
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::algorithm::ContentEncryption;
use crate::secret::random_bytes;

/// RFC 7518 section 5.3: tags have 128 bits, always.
const GCM_TAG: usize = 16;

/// What a token says of its content.
pub(super) struct Sealed {
    pub(super) iv: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

enum Suite {
    Gcm(&'static aead::Algorithm),
    CbcHmac(&'static cipher::Algorithm, hmac::Algorithm),
}

fn suite(encryption: ContentEncryption) -> Suite {
    match encryption {
        ContentEncryption::A128CbcHs256 => Suite::CbcHmac(&cipher::AES_128, hmac::HMAC_SHA256),
        ContentEncryption::A192CbcHs384 => Suite::CbcHmac(&cipher::AES_192, hmac::HMAC_SHA384),
        ContentEncryption::A256CbcHs512 => Suite::CbcHmac(&cipher::AES_256, hmac::HMAC_SHA512),
        ContentEncryption::A128Gcm => Suite::Gcm(&aead::AES_128_GCM),
        ContentEncryption::A192Gcm => Suite::Gcm(&aead::AES_192_GCM),
        ContentEncryption::A256Gcm => Suite::Gcm(&aead::AES_256_GCM),
    }
}

/// `plain` under `key`, with an initialization vector of its own.
pub(super) fn seal(
    encryption: ContentEncryption,
    key: &[u8],
    aad: &[u8],
    plain: &[u8],
) -> Result<Sealed, Unspecified> {
    match suite(encryption) {
        Suite::Gcm(algorithm) => seal_gcm(algorithm, key, random_bytes(), aad, plain),
        Suite::CbcHmac(cipher, mac) => seal_cbc(cipher, mac, key, random_bytes(), aad, plain),
    }
}

/// What [`seal`] was given, if every length is right and `sealed` and `aad` are as they were.
pub(super) fn open(
    encryption: ContentEncryption,
    key: &[u8],
    aad: &[u8],
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    match suite(encryption) {
        Suite::Gcm(algorithm) => open_gcm(algorithm, key, aad, sealed),
        Suite::CbcHmac(cipher, mac) => open_cbc(cipher, mac, key, aad, sealed),
    }
}

fn seal_gcm(
    algorithm: &'static aead::Algorithm,
    key: &[u8],
    iv: [u8; aead::NONCE_LEN],
    aad: &[u8],
    plain: &[u8],
) -> Result<Sealed, Unspecified> {
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key)?);
    let mut ciphertext = plain.to_vec();
    let nonce = Nonce::assume_unique_for_key(iv);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut ciphertext)?;
    Ok(Sealed { iv: iv.to_vec(), ciphertext, tag: tag.as_ref().to_vec() })
}

fn open_gcm(
    algorithm: &'static aead::Algorithm,
    key: &[u8],
    aad: &[u8],
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    if sealed.tag.len() != GCM_TAG {
        return Err(Unspecified);
    }
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key)?);
    let nonce = Nonce::try_assume_unique_for_key(&sealed.iv)?;
    let mut plain = Zeroizing::new([sealed.ciphertext.as_slice(), &sealed.tag].concat());
    let length = key.open_in_place(nonce, Aad::from(aad), &mut plain)?.len();
    plain.truncate(length);
    Ok(plain)
}

fn seal_cbc(
    cipher: &'static cipher::Algorithm,
    mac: hmac::Algorithm,
    key: &[u8],
    iv: [u8; cipher::AES_CBC_IV_LEN],
    aad: &[u8],
    plain: &[u8],
) -> Result<Sealed, Unspecified> {
    let (authenticating, encrypting) = key.split_at(key.len() / 2);
    let encrypting = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(cipher, encrypting)?)?;
    let mut ciphertext = plain.to_vec();
    encrypting.less_safe_encrypt(&mut ciphertext, EncryptionContext::Iv128(FixedLength::from(iv)))?;
    let tag = cbc_tag(mac, authenticating, aad, &iv, &ciphertext);
    Ok(Sealed { iv: iv.to_vec(), ciphertext, tag })
}

fn open_cbc(
    cipher: &'static cipher::Algorithm,
    mac: hmac::Algorithm,
    key: &[u8],
    aad: &[u8],
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let (authenticating, encrypting) = key.split_at(key.len() / 2);
    let iv = FixedLength::try_from(sealed.iv.as_slice())?;
    let tag = cbc_tag(mac, authenticating, aad, &sealed.iv, &sealed.ciphertext);
    if !bool::from(tag.ct_eq(&sealed.tag)) {
        return Err(Unspecified);
    }
    let encrypting = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(cipher, encrypting)?)?;
    let mut plain = Zeroizing::new(sealed.ciphertext.clone());
    let length = encrypting.decrypt(&mut plain, DecryptionContext::Iv128(iv))?.len();
    plain.truncate(length);
    Ok(plain)
}

/// RFC 7518 section 5.2.2.1, steps 4 and 5: the left half of the HMAC over what is authenticated, its length in bits last.
fn cbc_tag(mac: hmac::Algorithm, key: &[u8], aad: &[u8], iv: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    let mut context = hmac::Context::with_key(&hmac::Key::new(mac, key));
    context.update(aad);
    context.update(iv);
    context.update(ciphertext);
    context.update(&(aad.len() as u64 * 8).to_be_bytes());
    let tag = context.sign();
    let tag = tag.as_ref();
    tag.get(..tag.len() / 2).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let hex: String = hex.split_whitespace().collect();
        let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digits).collect()
    }

    const PLAIN: &[u8] =
        b"A cipher system must not be required to be secret, and it must be able to fall into the hands of \
        the enemy without inconvenience";
    const AAD: &[u8] = b"The second principle of Auguste Kerckhoffs";

    #[test]
    fn the_examples_of_rfc_7518_appendix_b() {
        let iv: [u8; 16] = bytes("1af38c2dc2b96ffdd86694092341bc04").try_into().unwrap();
        let key: Vec<u8> = (0..64).collect();
        let cases = [
            (
                ContentEncryption::A128CbcHs256,
                "c8 0e df a3 2d df 39 d5 ef 00 c0 b4 68 83 42 79 a2 e4 6a 1b 80 49 f7 92 f7 6b fe 54 b9 03 a9 c9
                 a9 4a c9 b4 7a d2 65 5c 5f 10 f9 ae f7 14 27 e2 fc 6f 9b 3f 39 9a 22 14 89 f1 63 62 c7 03 23 36
                 09 d4 5a c6 98 64 e3 32 1c f8 29 35 ac 40 96 c8 6e 13 33 14 c5 40 19 e8 ca 79 80 df a4 b9 cf 1b
                 38 4c 48 6f 3a 54 c5 10 78 15 8e e5 d7 9d e5 9f bd 34 d8 48 b3 d6 95 50 a6 76 46 34 44 27 ad e5
                 4b 88 51 ff b5 98 f7 f8 00 74 b9 47 3c 82 e2 db",
                "65 2c 3f a3 6b 0a 7c 5b 32 19 fa b3 a3 0b c1 c4",
            ),
            (
                ContentEncryption::A192CbcHs384,
                "ea 65 da 6b 59 e6 1e db 41 9b e6 2d 19 71 2a e5 d3 03 ee b5 00 52 d0 df d6 69 7f 77 22 4c 8e db
                 00 0d 27 9b dc 14 c1 07 26 54 bd 30 94 42 30 c6 57 be d4 ca 0c 9f 4a 84 66 f2 2b 22 6d 17 46 21
                 4b f8 cf c2 40 0a dd 9f 51 26 e4 79 66 3f c9 0b 3b ed 78 7a 2f 0f fc bf 39 04 be 2a 64 1d 5c 21
                 05 bf e5 91 ba e2 3b 1d 74 49 e5 32 ee f6 0a 9a c8 bb 6c 6b 01 d3 5d 49 78 7b cd 57 ef 48 49 27
                 f2 80 ad c9 1a c0 c4 e7 9c 7b 11 ef c6 00 54 e3",
                "84 90 ac 0e 58 94 9b fe 51 87 5d 73 3f 93 ac 20 75 16 80 39 cc c7 33 d7",
            ),
            (
                ContentEncryption::A256CbcHs512,
                "4a ff aa ad b7 8c 31 c5 da 4b 1b 59 0d 10 ff bd 3d d8 d5 d3 02 42 35 26 91 2d a0 37 ec bc c7 bd
                 82 2c 30 1d d6 7c 37 3b cc b5 84 ad 3e 92 79 c2 e6 d1 2a 13 74 b7 7f 07 75 53 df 82 94 10 44 6b
                 36 eb d9 70 66 29 6a e6 42 7e a7 5c 2e 08 46 a1 1a 09 cc f5 37 0d c8 0b fe cb ad 28 c7 3f 09 b3
                 a3 b7 5e 66 2a 25 94 41 0a e4 96 b2 e2 e6 60 9e 31 e6 e0 2c c8 37 f0 53 d2 1f 37 ff 4f 51 95 0b
                 be 26 38 d0 9d d7 a4 93 09 30 80 6d 07 03 b1 f6",
                "4d d3 b4 c0 88 a7 f4 5c 21 68 39 64 5b 20 12 bf 2e 62 69 a8 c5 6a 81 6d bc 1b 26 77 61 95 5b c5",
            ),
        ];
        for (encryption, ciphertext, tag) in cases {
            let Suite::CbcHmac(cipher, mac) = suite(encryption) else { panic!() };
            let key = &key[..encryption.key_length()];
            let sealed = seal_cbc(cipher, mac, key, iv, AAD, PLAIN).unwrap();
            assert_eq!((sealed.ciphertext.clone(), sealed.tag.clone()), (bytes(ciphertext), bytes(tag)));
            assert_eq!(*open(encryption, key, AAD, &sealed).unwrap(), PLAIN);
        }
    }

    // T108: lengths other than the algorithm's own
    #[test]
    fn shortened_tags_and_wrong_vectors_and_keys_open_nothing() {
        for encryption in ContentEncryption::ALL {
            let key = vec![3; encryption.key_length()];
            let sealed = || seal(encryption, &key, AAD, PLAIN).unwrap();
            assert!(open(encryption, &key, AAD, &sealed()).is_ok());
            for length in 0..sealed().tag.len() {
                let mut shortened = sealed();
                shortened.tag.truncate(length);
                assert!(open(encryption, &key, AAD, &shortened).is_err(), "{encryption} {length}");
            }
            for length in [0, 8, 11, 13, 15, 17, 32] {
                let mut other = sealed();
                other.iv.resize(length, 0);
                assert!(open(encryption, &key, AAD, &other).is_err(), "{encryption} {length}");
            }
            for length in [0, 1, 15, 33, 65] {
                assert!(open(encryption, &vec![3; length], AAD, &sealed()).is_err(), "{encryption} {length}");
            }
            let mut nothing = sealed();
            nothing.ciphertext.clear();
            assert!(open(encryption, &key, AAD, &nothing).is_err(), "{encryption}");
            assert!(open(encryption, &key, b"", &sealed()).is_err(), "{encryption}");
        }
    }

    #[test]
    fn no_vector_is_used_twice() {
        for encryption in ContentEncryption::ALL {
            let key = vec![3; encryption.key_length()];
            let iv = || seal(encryption, &key, AAD, PLAIN).unwrap().iv;
            assert_ne!(iv(), iv());
        }
    }
}
