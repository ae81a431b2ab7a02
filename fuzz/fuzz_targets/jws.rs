//! Compact JWS (RFC 7515) and unsigned tokens: as text, and with a header and claims of the fuzzer's choice under a right
//! signature, so that what comes after verification is reached too.
#![no_main]

use std::sync::LazyLock;

use grantor_crypto::{
    Algorithm, NO_TYP, Secret, SigningKeyPair, UnverifiedJws, VerificationKeys, base64url, read_unsigned,
};
use libfuzzer_sys::fuzz_target;

static KEY: LazyLock<SigningKeyPair> =
    LazyLock::new(|| SigningKeyPair::generate(Algorithm::EdDSA).expect("a key"));
static KEYS: LazyLock<VerificationKeys> =
    LazyLock::new(|| VerificationKeys::new(vec![KEY.verification_key().expect("a public key")]));
static SECRET: LazyLock<Secret> = LazyLock::new(Secret::generate);

const TYPES: &[&str] = &["JWT", "at+jwt", NO_TYP];

fn read(token: &str) {
    let unsigned = read_unsigned(token, TYPES);
    let Ok(jws) = UnverifiedJws::parse(token) else { return };
    assert!(unsigned.is_err(), "one token is never both");
    let (_, _) = (jws.verify(&KEYS, TYPES), jws.verify_hmac(&SECRET, TYPES));
}

fuzz_target!(|data: &[u8]| {
    if let Ok(token) = std::str::from_utf8(data) {
        read(token);
    }
    // Header and claims, a zero byte between them.
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let (header, claims) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let input = format!("{}.{}", base64url::encode(header), base64url::encode(claims));
    read(&format!("{input}."));
    let token = format!("{input}.{}", base64url::encode(KEY.sign(input.as_bytes())));
    read(&token);
    let verified = UnverifiedJws::parse(&token).ok().and_then(|jws| jws.verify(&KEYS, TYPES).ok());
    if let Some(verified) = verified {
        let members: serde_json::Value = serde_json::from_slice(claims).expect("what is verified is JSON");
        assert_eq!(members.as_object().map(|members| members.len()), Some(verified.members().len()));
    }
});
