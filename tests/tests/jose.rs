//! Every kind of token that we issue or accept, against implementations that others wrote, in both directions: RFC 7515,
//! 7516, 7518, 7519, 8037 and OpenID Connect Core section 10.
#![expect(clippy::indexing_slicing, reason = "tests report failure by panicking")]

use std::sync::Arc;

use grantor_crypto::{
    Algorithm, Content, ContentEncryption, DecryptionKeyPair, DecryptionKeys, EncryptionKey, KeyManagement,
    NO_TYP, Secret, SigningKeyPair, UnverifiedJwe, UnverifiedJws, VerificationKeys, encrypt_compact,
    hmac_sign_compact, read_unsigned, sign_compact, unsigned_compact,
};
use grantor_tests::JosePeer;
use serde_json::{Value, json};

const SECRET: &str = "tests only: a client secret of more than thirty-two bytes";

fn claims() -> Value {
    json!({ "iss": "https://id.example", "sub": "ada", "aud": ["a", "b"], "exp": 4_102_444_800_i64, "name": "Zoë 🦀" })
}

/// Keys that a peer makes for itself, one for each of the algorithms and curves.
fn generated(peer: JosePeer, wanted: &[(&str, Option<&str>)]) -> Vec<Value> {
    let job = |(alg, crv): &(&str, Option<&str>)| match crv {
        Some(crv) => json!({ "operation": "generate", "alg": alg, "crv": crv }),
        None => json!({ "operation": "generate", "alg": alg }),
    };
    peer.does(&wanted.iter().map(job).collect::<Vec<_>>())
}

/// The public half of a private JWK, with the name it is used by.
fn public(private: &Value, kid: &str) -> Value {
    let mut public = json!({ "kid": kid });
    for member in ["kty", "n", "e", "crv", "x", "y"] {
        if let Some(value) = private.get(member) {
            public[member] = value.clone();
        }
    }
    public
}

#[test]
fn others_verify_every_token_that_we_sign() {
    let pairs = Algorithm::ALL.map(|algorithm| SigningKeyPair::generate(algorithm).unwrap());
    let mut jobs = Vec::new();
    for pair in &pairs {
        let (alg, token) = (pair.algorithm().name(), sign_compact(pair, "JWT", &claims()).unwrap());
        jobs.push(json!({ "operation": "verify", "alg": alg, "token": token, "jwk": pair.public_jwk() }));
    }
    let token = hmac_sign_compact(&Secret::from(SECRET), "JWT", &claims()).unwrap();
    jobs.push(json!({ "operation": "verify", "alg": "HS256", "token": token, "secret": SECRET }));
    jobs.push(json!({ "operation": "verify", "alg": "none", "token": unsigned_compact(&claims()) }));
    for peer in JosePeer::ALL {
        for (job, read) in jobs.iter().zip(peer.does(&jobs)) {
            assert_eq!(read["claims"], claims(), "{peer:?} {job}");
            assert_eq!((&read["header"]["alg"], &read["header"]["typ"]), (&job["alg"], &json!("JWT")));
            assert_eq!(read["header"].get("kid"), job.get("jwk").and_then(|jwk| jwk.get("kid")), "{peer:?}");
        }
    }
}

/// Otherwise the test above could pass with a peer that verifies nothing.
#[test]
fn others_refuse_a_token_of_ours_under_another_key() {
    let [pair, other] = [(); 2].map(|()| SigningKeyPair::generate(Algorithm::ES256).unwrap());
    let token = sign_compact(&pair, "JWT", &claims()).unwrap();
    let job = json!({ "operation": "verify", "alg": "ES256", "token": token, "jwk": other.public_jwk() });
    for peer in JosePeer::ALL {
        assert!(peer.answers(std::slice::from_ref(&job))[0].is_err(), "{peer:?}");
    }
}

#[test]
fn we_verify_every_token_that_others_sign() {
    for peer in JosePeer::ALL {
        let wanted = Algorithm::ALL.map(|algorithm| (algorithm.name(), None));
        let keys = generated(peer, &wanted);
        let job = |alg: &str, jwk: &Value| {
            let header = json!({ "alg": alg, "typ": "JWT", "kid": alg });
            let claims = claims();
            json!({ "operation": "sign", "alg": alg, "header": header, "jwk": jwk, "claims": claims, "secret": SECRET })
        };
        let mut jobs: Vec<_> = wanted.iter().zip(&keys).map(|((alg, _), jwk)| job(alg, jwk)).collect();
        jobs.extend(["HS256", "none"].map(|alg| job(alg, &Value::Null)));
        let tokens = peer.does(&jobs);
        for ((algorithm, jwk), token) in Algorithm::ALL.into_iter().zip(&keys).zip(&tokens) {
            let token = UnverifiedJws::parse(token.as_str().unwrap()).unwrap();
            let jwks = json!({ "keys": [public(jwk, algorithm.name())] });
            let keys = VerificationKeys::from_jwks(&jwks, Some(algorithm)).unwrap();
            let verified = token.verify(&keys, &["JWT"]).unwrap();
            assert_eq!(Value::Object(verified.members().clone()), claims(), "{peer:?} {algorithm:?}");
        }
        let [.., hmac, unsigned] = tokens.as_slice() else { panic!("{tokens:?}") };
        let verified = UnverifiedJws::parse(hmac.as_str().unwrap()).unwrap();
        let verified = verified.verify_hmac(&Secret::from(SECRET), &["JWT"]).unwrap();
        assert_eq!(Value::Object(verified.members().clone()), claims(), "{peer:?}");
        let read = read_unsigned(unsigned.as_str().unwrap(), &["JWT", NO_TYP]).unwrap();
        assert_eq!(Value::Object(read.members().clone()), claims(), "{peer:?}");
    }
}

/// Ways to send a content key to a public key, and the curve of that key.
fn ways() -> Vec<(KeyManagement, Option<&'static str>)> {
    let curves = |algorithm| match algorithm {
        KeyManagement::RsaOaep256 => vec![None],
        KeyManagement::EcdhEs
        | KeyManagement::EcdhEsA128Kw
        | KeyManagement::EcdhEsA192Kw
        | KeyManagement::EcdhEsA256Kw => vec![Some("P-256"), Some("X25519")],
    };
    KeyManagement::ALL
        .into_iter()
        .flat_map(|algorithm| curves(algorithm).into_iter().map(move |curve| (algorithm, curve)))
        .collect()
}

/// OpenID Connect Core section 10.2: signed, then encrypted.
#[test]
fn others_decrypt_every_token_that_we_encrypt() {
    let signer = SigningKeyPair::generate(Algorithm::EdDSA).unwrap();
    let inner = sign_compact(&signer, "JWT", &claims()).unwrap();
    let plain = claims().to_string();
    for peer in JosePeer::ALL {
        let wanted: Vec<_> = ways().into_iter().map(|(algorithm, curve)| (algorithm.name(), curve)).collect();
        let private = generated(peer, &wanted);
        let mut jobs = Vec::new();
        for encryption in ContentEncryption::ALL {
            let mut job = |key: &EncryptionKey, content, plain: &str, jwk: &Value| {
                let token = encrypt_compact(key, encryption, content, plain).unwrap();
                jobs.push((
                    json!({
                        "operation": "decrypt", "alg": key.algorithm_name(), "enc": encryption.name(),
                        "token": token, "jwk": jwk, "secret": SECRET,
                    }),
                    content,
                ));
            };
            for ((algorithm, _), jwk) in ways().into_iter().zip(&private) {
                let jwks = json!({ "keys": [public(jwk, "theirs")] });
                let key = EncryptionKey::from_jwks(&jwks, algorithm).unwrap().unwrap();
                job(&key, Content::NestedJwt, &inner, jwk);
                job(&key, Content::Claims, &plain, jwk);
            }
            let key = EncryptionKey::from_secret(&Secret::from(SECRET)).unwrap();
            job(&key, Content::NestedJwt, &inner, &Value::Null);
        }
        let asked: Vec<_> = jobs.iter().map(|(job, _)| job.clone()).collect();
        for ((job, content), read) in jobs.iter().zip(peer.does(&asked)) {
            let expected = match content {
                Content::NestedJwt => (&*inner, Some(&Value::from("JWT"))),
                Content::Claims => (&*plain, None),
            };
            assert_eq!(
                (read["plain"].as_str().unwrap(), read["header"].get("cty")),
                expected,
                "{peer:?} {job}"
            );
            let kid = (job["alg"] != "dir").then(|| Value::from("theirs"));
            assert_eq!(read["header"].get("kid"), kid.as_ref(), "{peer:?} {job}");
        }
    }
}

#[test]
fn we_decrypt_every_token_that_others_encrypt_for_us() {
    let pairs = KeyManagement::ALL.map(|algorithm| Arc::new(DecryptionKeyPair::generate(algorithm).unwrap()));
    let keys = DecryptionKeys::new(pairs.to_vec());
    for peer in JosePeer::ALL {
        let mut jobs = Vec::new();
        for encryption in ContentEncryption::ALL {
            let enc = encryption.name();
            for pair in &pairs {
                let alg = pair.algorithm().name();
                for header in
                    [json!({ "alg": alg, "enc": enc, "kid": pair.kid() }), json!({ "alg": alg, "enc": enc })]
                {
                    let (jwk, plain) = (pair.public_jwk(), claims().to_string());
                    jobs.push(json!({
                        "operation": "encrypt", "alg": alg, "enc": enc, "header": header, "jwk": jwk, "plain": plain,
                    }));
                }
            }
            jobs.push(json!({
                "operation": "encrypt", "alg": "dir", "enc": enc, "header": { "alg": "dir", "enc": enc },
                "secret": SECRET, "plain": claims().to_string(),
            }));
        }
        for (job, token) in jobs.iter().zip(peer.does(&jobs)) {
            let token = UnverifiedJwe::parse(token.as_str().unwrap()).unwrap();
            assert_eq!(token.encryption().name(), job["enc"]);
            let plain = match token.algorithm() {
                Some(algorithm) => token.decrypt(&keys, &[algorithm], &[token.encryption()]),
                None => token.decrypt_direct(&Secret::from(SECRET), &[token.encryption()]),
            };
            assert_eq!(*plain.unwrap(), claims().to_string(), "{peer:?} {job}");
        }
    }
}
