//! Compact JWE (RFC 7516): as text, with a header of the fuzzer's choice, and right ones with one bit changed.
#![no_main]

use std::sync::{Arc, LazyLock};

use grantor_crypto::{
    Content, ContentEncryption, DecryptionKeyPair, DecryptionKeys, EncryptionKey, KeyManagement, Secret,
    UnverifiedJwe, base64url, encrypt_compact,
};
use libfuzzer_sys::fuzz_target;

static PAIRS: LazyLock<Vec<Arc<DecryptionKeyPair>>> = LazyLock::new(|| {
    let pair = |algorithm| Arc::new(DecryptionKeyPair::generate(algorithm).expect("a key"));
    KeyManagement::ALL.into_iter().map(pair).collect()
});
static KEYS: LazyLock<DecryptionKeys> = LazyLock::new(|| DecryptionKeys::new(PAIRS.clone()));
static SECRET: LazyLock<Secret> = LazyLock::new(Secret::generate);

fn opens(token: &str) -> Option<String> {
    let token = UnverifiedJwe::parse(token).ok()?;
    let public = token.decrypt(&KEYS, &KeyManagement::ALL, &ContentEncryption::ALL);
    let direct = token.decrypt_direct(&SECRET, &ContentEncryption::ALL);
    assert!(public.is_err() || direct.is_err(), "one token is never both");
    public.or(direct).ok().map(|plain| plain.to_string())
}

fn encryption_key(choice: u8) -> EncryptionKey {
    match PAIRS.get(usize::from(choice % 6)) {
        Some(pair) => EncryptionKey::from_jwk(pair.public_jwk(), pair.algorithm()).expect("our own key"),
        None => EncryptionKey::from_secret(&SECRET).expect("long enough"),
    }
}

fuzz_target!(|data: &[u8]| {
    if let Ok(token) = std::str::from_utf8(data) {
        assert_eq!(opens(token), None, "the fuzzer has not the keys' names");
    }
    if let Some((header, rest)) = data.split_first().map(|(first, rest)| {
        rest.split_at(usize::from(*first).min(rest.len()))
    }) {
        let part = base64url::encode(rest);
        assert_eq!(opens(&format!("{}.{part}.{part}.{part}.{part}", base64url::encode(header))), None);
        assert_eq!(opens(&format!("{}..{part}.{part}.{part}", base64url::encode(header))), None);
    }
    let [key, encryption, high, low, bit, plain @ ..] = data else { return };
    let Ok(plain) = std::str::from_utf8(plain) else { return };
    let key = encryption_key(*key);
    let encryption = ContentEncryption::ALL[usize::from(*encryption) % ContentEncryption::ALL.len()];
    let token = encrypt_compact(&key, encryption, Content::Claims, plain).expect("an encrypted token");
    if token.len() < 32 * 1024 {
        assert_eq!(opens(&token).as_deref(), Some(plain));
    }
    let mut changed = token.clone().into_bytes();
    let place = usize::from(u16::from_be_bytes([*high, *low])) % changed.len();
    changed[place] ^= 1 << (bit % 8);
    if let Ok(changed) = String::from_utf8(changed) {
        assert_eq!(opens(&changed), None, "{token} {changed}");
    }
});
