use std::{sync::Arc, time::Instant};

use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    encoding::{AsDer, Pkcs8V1Der},
};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    Algorithm, JwsError, UnverifiedJws, sign_compact,
    testing::{decryption_key_pair, key_pair},
};

const PLAIN: &str = r#"{"sub":"alice"}"#;

fn keys() -> DecryptionKeys {
    DecryptionKeys::new(
        KeyManagement::ALL.map(|algorithm| Arc::clone(decryption_key_pair(algorithm))).to_vec(),
    )
}

fn public(algorithm: KeyManagement) -> EncryptionKey {
    EncryptionKey::from_jwk(decryption_key_pair(algorithm).public_jwk(), algorithm).unwrap()
}

fn encrypted(algorithm: KeyManagement, encryption: ContentEncryption) -> String {
    encrypt_compact(&public(algorithm), encryption, Content::Claims, PLAIN).unwrap()
}

fn read(token: &str) -> Result<String, JweError> {
    let jwe = UnverifiedJwe::parse(token)?;
    Ok(jwe.decrypt(&keys(), &KeyManagement::ALL, &ContentEncryption::ALL)?.to_string())
}

fn header_of(token: &str) -> Value {
    serde_json::from_slice(&base64url::decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

/// `token` with another header, everything else as it was.
fn with_header(token: &str, header: &str) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", base64url::encode(header))
}

fn with_part(token: &str, part: usize, bytes: &[u8]) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts[part] = base64url::encode(bytes);
    parts.join(".")
}

fn part(token: &str, part: usize) -> Vec<u8> {
    base64url::decode(token.split('.').nth(part).unwrap()).unwrap()
}

fn pair_of(algorithm: KeyManagement, d: &str) -> Arc<DecryptionKeyPair> {
    let private = PrivateKey::from_private_key(&ECDH_P256, &base64url::decode(d).unwrap()).unwrap();
    let der: Pkcs8V1Der<'_> = private.as_der().unwrap();
    Arc::new(DecryptionKeyPair::from_pkcs8(algorithm, der.as_ref()).unwrap())
}

#[test]
fn every_algorithm_with_every_encryption_decrypts_for_its_reader() {
    for algorithm in KeyManagement::ALL {
        for encryption in ContentEncryption::ALL {
            let token = encrypted(algorithm, encryption);
            let jwe = UnverifiedJwe::parse(&token).unwrap();
            assert_eq!((jwe.algorithm(), jwe.encryption()), (Some(algorithm), encryption));
            assert_eq!(jwe.kid(), Some(decryption_key_pair(algorithm).kid()));
            assert_eq!(read(&token).unwrap(), PLAIN, "{algorithm} {encryption}");
        }
    }
}

#[test]
fn the_secret_of_a_client_decrypts_what_it_encrypted() {
    let secret = Secret::generate();
    let key = EncryptionKey::from_secret(&secret).unwrap();
    for encryption in ContentEncryption::ALL {
        let token = encrypt_compact(&key, encryption, Content::Claims, PLAIN).unwrap();
        assert_eq!(header_of(&token), json!({"alg": "dir", "enc": encryption.name()}));
        let jwe = UnverifiedJwe::parse(&token).unwrap();
        assert_eq!((jwe.algorithm(), jwe.kid()), (None, None));
        let decrypt = |secret: &Secret| jwe.decrypt_direct(secret, &[encryption]);
        assert_eq!(*decrypt(&secret).unwrap(), PLAIN);
        assert_eq!(decrypt(&Secret::generate()).unwrap_err(), JweError::Undecryptable);
        assert_eq!(decrypt(&Secret::from("short")).unwrap_err(), JweError::SecretTooShort);
        let with_key = with_part(&token, 1, &[1; 32]);
        let refused = UnverifiedJwe::parse(&with_key).unwrap().decrypt_direct(&secret, &[encryption]);
        assert_eq!(refused.unwrap_err(), JweError::Undecryptable);
    }
}

// RFC 7520 section 5.5; the text is in the plaintext of every example of its section 5
const FRODO: &str = "You can trust us to stick with you through thick and thin\u{2013}to the bitter end. And you can trust us \
    to keep any secret of yours\u{2013}closer than you keep it yourself. But you cannot trust us to let you face trouble \
    alone, and go off without a word. We are your friends, Frodo.";

#[test]
fn the_example_of_rfc_7520_section_5_5() {
    let token = concat!(
        "eyJhbGciOiJFQ0RILUVTIiwia2lkIjoibWVyaWFkb2MuYnJhbmR5YnVja0BidWNrbGFuZC5leGFtcGxlIiwiZXBrIjp7Imt0eSI6IkVDIiwi",
        "Y3J2IjoiUC0yNTYiLCJ4IjoibVBVS1RfYkFXR0hJaGcwVHBqanFWc1AxclhXUXVfdndWT0hIdE5rZFlvQSIsInkiOiI4QlFBc0ltR2VBUzQ2",
        "ZnlXdzVNaFlmR1RUMElqQnBGdzJTUzM0RHY0SXJzIn0sImVuYyI6IkExMjhDQkMtSFMyNTYifQ..yc9N8v5sYyv3iGQT926IUg.BoDlwPnTy",
        "pYq-ivjmQvAYJLb5Q6l-F3LIgQomlz87yW4OPKbWE1zSTEFjDfhU9IPIOSA9Bml4m7iDFwA-1ZXvHteLDtw4R1XRGMEsDIqAYtskTTmzmzNa-",
        "_q4F_evAPUmwlO-ZG45Mnq4uhM1fm_D9rBtWolqZSF3xGNNkpOMQKF1Cl8i8wjzRli7-IXgyirlKQsbhhqRzkv8IcY6aHl24j03C-AR2le1r7",
        "URUhArM79BY8soZU0lzwI-sD5PZ3l4NDCCei9XkoIAfsXJWmySPoeRb2Ni5UZL4mYpvKDiwmyzGd65KqVw7MsFfI_K767G9C9Azp73gKZD0Dy",
        "Un1mn0WW5LmyX_yJ-3AROq8p1WZBfG-ZyJ6195_JGG2m9Csg.WCCkNa-x4BeB9hIDIfFuhg",
    );
    let pair = pair_of(KeyManagement::EcdhEs, "r_kHyZ-a06rmxM3yESK84r1otSg-aQcVStkRhA-iCM8");
    assert_eq!(pair.public_jwk()["x"], "Ze2loSV3wrroKUN_4zhwGhCqo3Xhu1td4QjeQ5wIVR0");
    // Our keys have other names than the hobbits', so the key is looked for by no name.
    let jwe = UnverifiedJwe { header: nameless(token), ..UnverifiedJwe::parse(token).unwrap() };
    let plain = jwe.decrypt(
        &DecryptionKeys::new(vec![pair]),
        &[KeyManagement::EcdhEs],
        &[ContentEncryption::A128CbcHs256],
    );
    assert_eq!(*plain.unwrap(), FRODO);
}

fn nameless(token: &str) -> Map<String, Value> {
    let mut header = header_of(token).as_object().unwrap().clone();
    header.remove("kid");
    header
}

#[test]
fn the_contents_of_rfc_7520_section_5_6_and_rfc_7516_appendix_a_3() {
    let token = concat!(
        "eyJhbGciOiJkaXIiLCJraWQiOiI3N2M3ZTJiOC02ZTEzLTQ1Y2YtODY3Mi02MTdiNWI0NTI0M2EiLCJlbmMiOiJBMTI4R0NNIn0..refa467Q",
        "zzKx6QAB.JW_i_f52hww_ELQPGaYyeAB6HYGcR559l9TYnSovc23XJoBcW29rHP8yZOZG7YhLpT1bjFuvZPjQS-m0IFtVcXkZXdH_lr_FrdYt",
        "9HRUYkshtrMmIUAyGmUnd9zMDB2n0cRDIHAzFVeJUDxkUwVAE7_YGRPdcqMyiBoCO-FBdE-Nceb4h3-FtBP-c_BIwCPTjb9o0SbdcdREEMJMy",
        "ZBH8ySWMVi1gPD9yxi-aQpGbSv_F9N4IZAxscj5g-NJsUPbjk29-s7LJAGb15wEBtXphVCgyy53CoIKLHHeJHXex45Uz9aKZSRSInZI-wjsY0",
        "yu3cT4_aQ3i1o-tiE-F8Ios61EKgyIQ4CWao8PFMj8TTnp.vbb32Xvllea2OtmHAdccRQ",
    );
    let key = base64url::decode("XctOhJAkA-pD9Lh7ZgW_2A").unwrap();
    assert_eq!(*UnverifiedJwe::parse(token).unwrap().open(&key).unwrap(), FRODO.as_bytes());

    // Its key wrap is in no list of ours, so its parts are read one by one.
    let wrapping = base64url::decode("GawgguFyGrWKav7AX4VKUg").unwrap();
    let wrapped = base64url::decode("6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ").unwrap();
    let key = key_wrap::unwrap(&wrapping, &wrapped).unwrap();
    let sealed = Sealed {
        iv: base64url::decode("AxY8DCtDaGlsbGljb3RoZQ").unwrap(),
        ciphertext: base64url::decode("KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY").unwrap(),
        tag: base64url::decode("U0m_YmjN04DJvceFICbCVQ").unwrap(),
    };
    let aad = b"eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0";
    let plain = content::open(ContentEncryption::A128CbcHs256, &key, aad, &sealed).unwrap();
    assert_eq!(*plain, *b"Live long and prosper.");
}

#[test]
fn the_header_says_what_is_inside_and_nothing_more() {
    let key = public(KeyManagement::EcdhEsA128Kw);
    let token = encrypt_compact(&key, ContentEncryption::A128Gcm, Content::NestedJwt, "a.b.").unwrap();
    let members: Vec<String> = header_of(&token).as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["alg", "enc", "cty", "kid", "epk"]);
    assert_eq!(header_of(&token)["cty"], "JWT");
    let members: Vec<String> = header_of(&token)["epk"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["kty", "crv", "x", "y"]);
    let rsa = encrypted(KeyManagement::RsaOaep256, ContentEncryption::A256Gcm);
    let kid = decryption_key_pair(KeyManagement::RsaOaep256).kid();
    assert_eq!(header_of(&rsa), json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": kid}));
}

#[test]
fn no_two_tokens_share_a_key_or_a_vector() {
    for algorithm in KeyManagement::ALL {
        let token = || encrypted(algorithm, ContentEncryption::A128CbcHs256);
        let (one, other) = (token(), token());
        for index in 2..5 {
            assert_ne!(part(&one, index), part(&other, index), "{algorithm}");
        }
    }
}

#[test]
fn a_client_may_have_a_key_on_curve_25519() {
    let private = agreement::Curve::X25519.generate().unwrap();
    let point = Point::of(agreement::Curve::X25519, &private).unwrap();
    let key = EncryptionKey::from_jwk(&point.members(), KeyManagement::EcdhEsA256Kw).unwrap();
    let token = encrypt_compact(&key, ContentEncryption::A256Gcm, Content::Claims, PLAIN).unwrap();
    let epk = Point::from_jwk(header_of(&token)["epk"].as_object().unwrap()).unwrap();
    let purpose =
        encryption_key::purpose(KeyManagement::EcdhEsA256Kw, ContentEncryption::A256Gcm, [b"", b""]);
    let wrapping = epk.derive(&private, &purpose).unwrap();
    let key = key_wrap::unwrap(&wrapping, &part(&token, 1)).unwrap();
    assert_eq!(*UnverifiedJwe::parse(&token).unwrap().open(&key).unwrap(), PLAIN.as_bytes());
}

// T108
#[test]
fn a_compressed_token_is_refused_before_anything_is_decrypted() {
    // RFC 7520 section 5.9
    let example = concat!(
        "eyJhbGciOiJBMTI4S1ciLCJraWQiOiI4MWIyMDk2NS04MzMyLTQzZDktYTQ2OC04MjE2MGFkOTFhYzgiLCJlbmMiOiJBMTI4R0NNIiwiemlw",
        "IjoiREVGIn0.5vUT2WOtQxKWcekM_IzVQwkGgzlFDwPi.p9pUq6XHY0jfEZIl.AA.VILuUwuIxaLVmh5X-T7kmA",
    );
    assert_eq!(UnverifiedJwe::parse(example).unwrap_err(), JweError::Compressed);
    for zip in ["\"DEF\"", "\"GZ\"", "null", "\"\"", "[]"] {
        let header = format!(r#"{{"alg":"RSA-OAEP-256","enc":"A128GCM","zip":{zip}}}"#);
        let token = with_header(&encrypted(KeyManagement::RsaOaep256, ContentEncryption::A128Gcm), &header);
        assert_eq!(read(&token).unwrap_err(), JweError::Compressed, "{zip}");
    }
}

// T108
#[test]
fn forbidden_and_unknown_algorithms_are_refused_at_once() {
    let token = encrypted(KeyManagement::RsaOaep256, ContentEncryption::A128Gcm);
    let started = Instant::now();
    for (name, more) in [
        ("RSA1_5", json!({})),
        ("RSA-OAEP", json!({})),
        ("PBES2-HS256+A128KW", json!({"p2c": 2_147_483_647, "p2s": "AAAAAAAAAAA"})),
        ("A256KW", json!({})),
        ("A128GCMKW", json!({"iv": "AAAA", "tag": "AAAA"})),
        ("none", json!({})),
        ("", json!({})),
    ] {
        let mut header = json!({"alg": name, "enc": "A128GCM"});
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let refused = read(&with_header(&token, &header.to_string())).unwrap_err();
        assert_eq!(refused, JweError::KeyManagement(name.to_owned()));
    }
    for name in ["A128CBC", "A512GCM", "", "none"] {
        let header = json!({"alg": "RSA-OAEP-256", "enc": name}).to_string();
        let refused = read(&with_header(&token, &header)).unwrap_err();
        assert_eq!(refused, JweError::ContentEncryption(name.to_owned()));
    }
    assert!(started.elapsed().as_millis() < 1000);
}

#[test]
fn only_the_algorithms_that_the_reader_asks_for_decrypt() {
    let token = encrypted(KeyManagement::EcdhEsA256Kw, ContentEncryption::A256Gcm);
    let jwe = UnverifiedJwe::parse(&token).unwrap();
    let decrypt = |algorithms: &[KeyManagement], encryptions: &[ContentEncryption]| {
        jwe.decrypt(&keys(), algorithms, encryptions).map(|_| ())
    };
    assert_eq!(decrypt(&[KeyManagement::EcdhEsA256Kw], &[ContentEncryption::A256Gcm]), Ok(()));
    let refused = Err(JweError::KeyManagement("ECDH-ES+A256KW".to_owned()));
    assert_eq!(decrypt(&[], &ContentEncryption::ALL), refused);
    assert_eq!(
        decrypt(&[KeyManagement::EcdhEs, KeyManagement::RsaOaep256], &ContentEncryption::ALL),
        refused
    );
    let refused = Err(JweError::ContentEncryption("A256GCM".to_owned()));
    assert_eq!(decrypt(&KeyManagement::ALL, &[ContentEncryption::A128CbcHs256]), refused);
    let direct = jwe.decrypt_direct(&Secret::generate(), &ContentEncryption::ALL).unwrap_err();
    assert_eq!(direct, JweError::KeyManagement("ECDH-ES+A256KW".to_owned()));
}

// T108: `dir` with our public key as the secret
#[test]
fn a_token_for_a_secret_is_not_decrypted_with_a_key_pair_nor_the_reverse() {
    let jwk = decryption_key_pair(KeyManagement::RsaOaep256).public_jwk().to_string();
    let key = EncryptionKey::from_secret(&Secret::from(jwk)).unwrap();
    let token = encrypt_compact(&key, ContentEncryption::A128Gcm, Content::Claims, PLAIN).unwrap();
    assert_eq!(read(&token).unwrap_err(), JweError::KeyManagement("dir".to_owned()));
}

// T103
#[test]
fn crit_is_refused_whatever_it_names() {
    let token = encrypted(KeyManagement::RsaOaep256, ContentEncryption::A128Gcm);
    for crit in ["[]", r#"["exp"]"#, r#"["alg"]"#, "null", "\"zip\"", "{}"] {
        let header = format!(r#"{{"alg":"RSA-OAEP-256","enc":"A128GCM","crit":{crit}}}"#);
        assert_eq!(read(&with_header(&token, &header)).unwrap_err(), JweError::Critical, "{crit}");
    }
}

// T104
#[test]
fn odd_headers_are_refused() {
    let token = encrypted(KeyManagement::EcdhEs, ContentEncryption::A128Gcm);
    for header in [
        r#"{"alg":"RSA1_5","enc":"A128GCM","alg":"ECDH-ES"}"#,
        r#"{"alg":"ECDH-ES","enc":"A128GCM","kid":1}"#,
        r#"{"alg":"ECDH-ES","enc":"A128GCM","cty":["JWT"]}"#,
        r#"{"alg":["ECDH-ES"],"enc":"A128GCM"}"#,
        r#"{"alg":"ECDH-ES","enc":{}}"#,
        r#"{"alg":"ECDH-ES","enc":"A128GCM"}"#,
        r#"{"alg":"ECDH-ES","enc":"A128GCM","epk":"x"}"#,
        r#"{"alg":"ECDH-ES","enc":"A128GCM","epk":{}}"#,
        r#"["ECDH-ES"]"#,
        "",
    ] {
        assert!(matches!(read(&with_header(&token, header)), Err(JweError::Header(_))), "{header}");
    }
    let mut header = header_of(&token);
    for (party, refused) in [("apu", json!(1)), ("apv", json!({}))] {
        header[party] = refused;
        assert!(matches!(read(&with_header(&token, &header.to_string())), Err(JweError::Header(_))));
        header[party] = json!("");
    }
    header["apu"] = json!("A=");
    assert_eq!(read(&with_header(&token, &header.to_string())), Err(JweError::Encoding(NotBase64Url)));
}

#[test]
fn the_parties_are_part_of_what_the_key_is_derived_for() {
    let token = encrypted(KeyManagement::EcdhEsA128Kw, ContentEncryption::A128Gcm);
    let mut header = header_of(&token);
    header["apu"] = json!(base64url::encode("Alice"));
    assert_eq!(read(&with_header(&token, &header.to_string())).unwrap_err(), JweError::Undecryptable);
}

// The first point is on another curve with the same equation but for its constant: multiplied by a private key, it tells
// the key modulo 113 (Nguyen, RWC 2017).
#[test]
fn points_that_are_not_on_the_curve_never_meet_a_private_key() {
    let token = encrypted(KeyManagement::EcdhEsA128Kw, ContentEncryption::A128CbcHs256);
    let private = json!({"d": "AA"});
    for (x, y, more) in [
        (
            json!("gTli65eTQ7z-Bh147ff8K3m7k2UiDiG2LpYkWAaFJCc"),
            json!("cLAnjka4bzjD7DJVPwa9EPrRzMG7rONgsiUD-kf30Fs"),
            json!({}),
        ),
        (json!(base64url::encode([0; 32])), json!(base64url::encode([0; 32])), json!({})),
        (header_of(&token)["epk"]["x"].clone(), header_of(&token)["epk"]["x"].clone(), json!({})),
        (header_of(&token)["epk"]["x"].clone(), header_of(&token)["epk"]["y"].clone(), private),
    ] {
        let mut header = header_of(&token);
        header["epk"] = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
        header["epk"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert!(matches!(read(&with_header(&token, &header.to_string())), Err(JweError::Header(_))));
    }
    // A point on another curve is no peer of our key.
    let point = Point::of(agreement::Curve::X25519, &agreement::Curve::X25519.generate().unwrap()).unwrap();
    let mut header = header_of(&token);
    header["epk"] = point.members();
    assert_eq!(read(&with_header(&token, &header.to_string())).unwrap_err(), JweError::Undecryptable);
}

// RFC 7516 section 11.5, Bleichenbacher 1998, Manger 2001
#[test]
fn every_way_to_fail_is_the_same_error() {
    for algorithm in KeyManagement::ALL {
        for encryption in [ContentEncryption::A128CbcHs256, ContentEncryption::A256Gcm] {
            let token = encrypted(algorithm, encryption);
            let refused =
                |token: &str| assert_eq!(read(token).unwrap_err(), JweError::Undecryptable, "{algorithm}");
            // The key: not decrypting, of a wrong length before or after, or there where none belongs.
            let mut key = part(&token, 1);
            refused(&with_part(&token, 1, &[0; 256]));
            refused(&with_part(&token, 1, &[0xff; 256]));
            refused(&with_part(&token, 1, &[1; 40]));
            refused(&with_part(&token, 1, &[1; 3]));
            if let Some(last) = key.last_mut() {
                *last ^= 1;
                refused(&with_part(&token, 1, &key));
                refused(&with_part(&token, 1, b""));
            }
            // The vector, the content and the tag.
            for index in 2..5 {
                let mut bytes = part(&token, index);
                refused(&with_part(&token, index, b""));
                refused(&with_part(&token, index, &bytes[..bytes.len() - 1]));
                refused(&with_part(&token, index, &[bytes.as_slice(), &[0]].concat()));
                bytes[0] ^= 1;
                refused(&with_part(&token, index, &bytes));
            }
            // The header, although it says the same.
            let mut header = header_of(&token);
            header["typ"] = json!("JWT");
            refused(&with_header(&token, &header.to_string()));
        }
    }
}

#[test]
fn a_content_key_of_the_wrong_length_is_the_same_error_too() {
    let pair = decryption_key_pair(KeyManagement::RsaOaep256);
    let long = public(KeyManagement::RsaOaep256).content_key(ContentEncryption::A256CbcHs512).unwrap();
    let short = public(KeyManagement::RsaOaep256).content_key(ContentEncryption::A128Gcm).unwrap();
    for (encryption, encrypted_key) in
        [(ContentEncryption::A128Gcm, long.encrypted), (ContentEncryption::A256CbcHs512, short.encrypted)]
    {
        let token = with_part(&encrypted(pair.algorithm(), encryption), 1, &encrypted_key);
        assert_eq!(read(&token).unwrap_err(), JweError::Undecryptable);
    }
}

#[test]
fn a_token_for_another_key_names_it_or_does_not_decrypt() {
    let other = DecryptionKeyPair::generate(KeyManagement::EcdhEs).unwrap();
    let jwk = other.public_jwk();
    let encrypt = |jwk: &Value| {
        let key = EncryptionKey::from_jwk(jwk, KeyManagement::EcdhEs).unwrap();
        encrypt_compact(&key, ContentEncryption::A128Gcm, Content::Claims, PLAIN).unwrap()
    };
    assert_eq!(read(&encrypt(jwk)).unwrap_err(), JweError::UnknownKey);
    let mut nameless = jwk.clone();
    nameless.as_object_mut().unwrap().remove("kid");
    assert_eq!(read(&encrypt(&nameless)).unwrap_err(), JweError::Undecryptable);
    // One of our keys under the name of another: a key is for one algorithm.
    let mut misnamed = jwk.clone();
    misnamed["kid"] = json!(decryption_key_pair(KeyManagement::EcdhEsA128Kw).kid());
    assert_eq!(read(&encrypt(&misnamed)).unwrap_err(), JweError::UnknownKey);
}

#[test]
fn a_token_without_a_name_is_tried_with_the_newest_few_keys_only() {
    let pairs: Vec<_> =
        (0..5).map(|_| Arc::new(DecryptionKeyPair::generate(KeyManagement::EcdhEs).unwrap())).collect();
    let decrypts = |pair: &DecryptionKeyPair, with_kid: bool| {
        let mut jwk = pair.public_jwk().clone();
        if !with_kid {
            jwk.as_object_mut().unwrap().remove("kid");
        }
        let key = EncryptionKey::from_jwk(&jwk, KeyManagement::EcdhEs).unwrap();
        let token = encrypt_compact(&key, ContentEncryption::A128Gcm, Content::Claims, PLAIN).unwrap();
        let keys = DecryptionKeys::new(pairs.clone());
        let jwe = UnverifiedJwe::parse(&token).unwrap();
        jwe.decrypt(&keys, &[KeyManagement::EcdhEs], &ContentEncryption::ALL).is_ok()
    };
    assert!(decrypts(&pairs[3], false));
    assert!(!decrypts(&pairs[4], false));
    assert!(decrypts(&pairs[4], true));
}

// T109, T110
#[test]
fn only_five_parts_are_an_encrypted_token_and_no_signed_one_is() {
    let token = encrypted(KeyManagement::EcdhEs, ContentEncryption::A128Gcm);
    assert_eq!(read(&format!("{token}.")).unwrap_err(), JweError::NotCompact);
    assert_eq!(read(token.rsplit_once('.').unwrap().0).unwrap_err(), JweError::NotCompact);
    assert!(read(&format!(".{token}")).is_err());
    for text in ["", ".", "....", r#"{"protected":"e30","ciphertext":"AA"}"#] {
        assert!(UnverifiedJwe::parse(text).is_err(), "{text}");
    }
    let signed = sign_compact(key_pair(Algorithm::ES256), "JWT", &json!({})).unwrap();
    assert_eq!(read(&signed).unwrap_err(), JweError::NotCompact);
    assert_eq!(UnverifiedJws::parse(&token).unwrap_err(), JwsError::NotCompact);
}

// A token within a token within a token: what comes out of one is read as a signed token, never as an encrypted one
#[test]
fn what_was_encrypted_twice_is_not_a_signed_token() {
    let inner = encrypted(KeyManagement::EcdhEs, ContentEncryption::A128Gcm);
    let key = public(KeyManagement::RsaOaep256);
    let outer = encrypt_compact(&key, ContentEncryption::A128Gcm, Content::NestedJwt, &inner).unwrap();
    assert_eq!(UnverifiedJws::parse(&read(&outer).unwrap()).unwrap_err(), JwsError::NotCompact);
}

// T106
#[test]
fn there_is_one_way_to_write_each_part() {
    let token = encrypted(KeyManagement::RsaOaep256, ContentEncryption::A128Gcm);
    for index in 0..5 {
        for suffix in ["=", "\n", " ", "+", "/"] {
            let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
            parts[index].push_str(suffix);
            let refused = UnverifiedJwe::parse(&parts.join(".")).unwrap_err();
            assert_eq!(refused, JweError::Encoding(NotBase64Url), "part {index} {suffix:?}");
        }
    }
}

// T107
#[test]
fn size_is_bounded_and_a_signed_token_of_the_longest_fits() {
    assert_eq!(UnverifiedJwe::parse(&"a".repeat(1_000_000)).unwrap_err(), JweError::TooLong);
    let key = public(KeyManagement::RsaOaep256);
    let inner = "x".repeat(16 * 1024);
    let token = encrypt_compact(&key, ContentEncryption::A256CbcHs512, Content::NestedJwt, &inner).unwrap();
    assert_eq!(read(&token).unwrap(), inner);
}

#[test]
fn debug_shows_the_header_only() {
    let token = encrypted(KeyManagement::RsaOaep256, ContentEncryption::A128Gcm);
    let shown = format!("{:?}", UnverifiedJwe::parse(&token).unwrap());
    assert!(shown.starts_with("UnverifiedJwe { header: {\"alg\": String(\"RSA-OAEP-256\")"), "{shown}");
    assert!(!shown.contains("sealed"), "{shown}");
}

proptest! {
    #[test]
    fn any_text_comes_back(
        plain: String,
        algorithm in prop::sample::select(KeyManagement::ALL.to_vec()),
        encryption in prop::sample::select(ContentEncryption::ALL.to_vec()),
    ) {
        let token = encrypt_compact(&public(algorithm), encryption, Content::Claims, &plain).unwrap();
        prop_assert_eq!(read(&token).unwrap(), plain);
    }

    #[test]
    fn one_changed_character_is_refused(
        algorithm in prop::sample::select(KeyManagement::ALL.to_vec()),
        encryption in prop::sample::select(ContentEncryption::ALL.to_vec()),
        at: prop::sample::Index,
        to in "[A-Za-z0-9_.-]",
    ) {
        let token = encrypted(algorithm, encryption);
        let at = at.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(at..=at, &to);
        prop_assert_eq!(read(&changed).is_ok(), changed == token);
    }

    #[test]
    fn one_flipped_bit_of_any_part_is_refused(
        algorithm in prop::sample::select(KeyManagement::ALL.to_vec()),
        encryption in prop::sample::select(ContentEncryption::ALL.to_vec()),
        index in 0_usize..5,
        at: prop::sample::Index,
        bit in 0..8,
    ) {
        let token = encrypted(algorithm, encryption);
        let mut bytes = part(&token, index);
        prop_assume!(!bytes.is_empty());
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        prop_assert!(read(&with_part(&token, index, &bytes)).is_err());
    }

    #[test]
    fn arbitrary_text_is_answered(text: String) {
        prop_assert!(read(&text).is_err());
    }

    #[test]
    fn arbitrary_parts_are_answered(header: String, parts: [Vec<u8>; 4]) {
        let parts = parts.map(base64url::encode).join(".");
        let token = format!("{}.{parts}", base64url::encode(header));
        prop_assert!(read(&token).is_err());
    }

    #[test]
    fn arbitrary_keys_and_contents_of_known_algorithms_are_answered(
        algorithm in prop::sample::select(KeyManagement::ALL.to_vec()),
        encryption in prop::sample::select(ContentEncryption::ALL.to_vec()),
        x: [u8; 32],
        y: [u8; 32],
        parts: [Vec<u8>; 4],
    ) {
        let epk = json!({"kty": "EC", "crv": "P-256", "x": base64url::encode(x), "y": base64url::encode(y)});
        let header = json!({"alg": algorithm.name(), "enc": encryption.name(), "epk": epk}).to_string();
        let parts = parts.map(base64url::encode).join(".");
        let token = format!("{}.{parts}", base64url::encode(header));
        prop_assert!(read(&token).is_err());
    }
}
