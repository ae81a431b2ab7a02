use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{VerificationKey, testing::key_pair};

const TYP: &str = "at+jwt";

fn keys() -> VerificationKeys {
    Algorithm::ALL.into_iter().map(|algorithm| key_pair(algorithm).verification_key().unwrap()).collect()
}

fn read(token: &str) -> Result<VerifiedClaims, JwsError> {
    UnverifiedJws::parse(token)?.verify(&keys(), &[TYP])
}

/// A token with this header, signed by the key for `algorithm`.
fn token(algorithm: Algorithm, header: &str) -> String {
    let signing_input = format!("{}.{}", base64url::encode(header), base64url::encode(r#"{"sub":"alice"}"#));
    let signature = key_pair(algorithm).sign(signing_input.as_bytes());
    format!("{signing_input}.{}", base64url::encode(signature))
}

fn es256() -> String {
    sign_compact(key_pair(Algorithm::ES256), TYP, &json!({"sub": "alice"})).unwrap()
}

#[test]
fn a_token_of_every_algorithm_verifies() {
    for algorithm in Algorithm::ALL {
        let pair = key_pair(algorithm);
        let token = sign_compact(pair, TYP, &json!({"sub": "alice", "exp": 2_000_000_000})).unwrap();
        let header = format!(r#"{{"alg":"{algorithm}","typ":"{TYP}","kid":"{}"}}"#, pair.kid());
        assert_eq!(token.split('.').next().unwrap(), base64url::encode(header));
        let claims = read(&token).unwrap();
        assert_eq!(claims.required_text("sub"), Ok("alice"));
        assert_eq!((claims.protection(), claims.kid()), (Protection::Signature(algorithm), Some(pair.kid())));
    }
}

#[test]
fn the_examples_of_rfc_7515_verify() {
    // RFC 7515 appendix A.2 and A.3
    let rsa = json!({
        "kty": "RSA", "e": "AQAB",
        "n": concat!(
            "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4Ql",
            "L-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUs",
            "LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoud",
            "F8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
        ),
    });
    let ec = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signatures = [
        (
            rsa,
            Algorithm::RS256,
            concat!(
                "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujG",
                "bds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K",
                "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6",
                "LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
            ),
        ),
        (
            ec,
            Algorithm::ES256,
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
    ];
    for (jwk, algorithm, signature) in signatures {
        let header = base64url::encode(format!(r#"{{"alg":"{algorithm}"}}"#));
        let token = format!("{header}.{payload}.{signature}");
        let keys = VerificationKeys::new(vec![VerificationKey::from_jwk_for(&jwk, algorithm).unwrap()]);
        let claims = UnverifiedJws::parse(&token).unwrap().verify(&keys, &[NO_TYP]).unwrap();
        assert_eq!(claims.required_text("iss"), Ok("joe"));
        assert_eq!(claims.required_instant("exp"), Ok(1_300_819_380));
    }
}

// T099
#[test]
fn unsecured_tokens_are_refused_in_every_spelling() {
    // RFC 7515 appendix A.5
    let payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let example = format!("eyJhbGciOiJub25lIn0.{payload}.");
    assert_eq!(UnverifiedJws::parse(&example).unwrap_err(), JwsError::Algorithm("none".to_owned()));
    for name in ["none", "None", "NONE", "nOnE", "", "none ", "es256", "HS256"] {
        let header = json!({"alg": name, "typ": TYP}).to_string();
        assert_eq!(
            read(&token(Algorithm::ES256, &header)).unwrap_err(),
            JwsError::Algorithm(name.to_owned())
        );
    }
    assert_eq!(
        read(&token(Algorithm::ES256, r#"{"typ":"at+jwt"}"#)).unwrap_err(),
        JwsError::Algorithm(String::new())
    );
    for header in [
        r#"{"alg":null}"#,
        r#"{"alg":["ES256"]}"#,
        r#"{"alg":"ES256","kid":1}"#,
        r#"{"alg":"ES256","typ":1}"#,
    ] {
        assert!(matches!(read(&token(Algorithm::ES256, header)), Err(JwsError::Header(_))), "{header}");
    }
}

// T099, T110
#[test]
fn only_three_parts_are_a_token() {
    let token = es256();
    let (unsigned, _) = token.rsplit_once('.').unwrap();
    assert_eq!(read(&format!("{unsigned}.")).unwrap_err(), JwsError::Signature);
    assert_eq!(read(unsigned).unwrap_err(), JwsError::NotCompact);
    assert_eq!(read(&format!("{token}.")).unwrap_err(), JwsError::NotCompact);
    assert!(read(&format!(".{token}")).is_err());
    for text in ["", ".", "..", "...", "a.b.c.d.e", r#"{"payload":"e30","signatures":[]}"#] {
        assert!(UnverifiedJws::parse(text).is_err(), "{text}");
    }
}

// T100
#[test]
fn no_encoding_of_a_public_key_is_an_hmac_secret() {
    let pair = key_pair(Algorithm::RS256);
    let jwk = pair.public_jwk().to_string();
    let n = pair.public_jwk()["n"].as_str().unwrap();
    let modulus = base64url::decode(n).unwrap();
    let secrets: [&[u8]; 4] = [jwk.as_bytes(), n.as_bytes(), &modulus, pair.kid().as_bytes()];
    for secret in secrets {
        let header = json!({"alg": "HS256", "typ": TYP, "kid": pair.kid()}).to_string();
        let input = format!("{}.{}", base64url::encode(header), base64url::encode("{}"));
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
        let tag = aws_lc_rs::hmac::sign(&key, input.as_bytes());
        let forged = format!("{input}.{}", base64url::encode(tag));
        assert_eq!(read(&forged).unwrap_err(), JwsError::Algorithm("HS256".to_owned()));
    }
}

// T101
#[test]
fn an_ecdsa_signature_is_r_and_s_of_32_bytes_in_range() {
    // The order of P-256 (FIPS 186-5)
    let order = base64url::decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE").unwrap();
    let mut above = order.clone();
    above[31] += 1;
    let token = es256();
    let (unsigned, signature) = token.rsplit_once('.').unwrap();
    let valid = base64url::decode(signature).unwrap();
    let (r, s) = valid.split_at(32);
    let zero = vec![0; 32];
    let der = {
        let integer = |number: &[u8]| [&[2, 33, 0], number].concat();
        let body = [integer(r), integer(s)].concat();
        [vec![0x30, u8::try_from(body.len()).unwrap()], body].concat()
    };
    let forged: Vec<Vec<u8>> = vec![
        vec![0; 64],
        [zero.as_slice(), s].concat(),
        [r, zero.as_slice()].concat(),
        [order.as_slice(), s].concat(),
        [r, order.as_slice()].concat(),
        [above.as_slice(), s].concat(),
        [r, above.as_slice()].concat(),
        [order.as_slice(), order.as_slice()].concat(),
        vec![0xff; 64],
        valid[..63].to_vec(),
        [valid.as_slice(), &[0]].concat(),
        [&[0], valid.as_slice()].concat(),
        der,
        vec![],
    ];
    for signature in forged {
        let forged = format!("{unsigned}.{}", base64url::encode(&signature));
        assert_eq!(read(&forged).unwrap_err(), JwsError::Signature, "{signature:?}");
    }
}

// T101: RFC 7518 section 3.4 does not ask for the low s, so both are valid; nothing of ours is keyed by a token's text
#[test]
fn an_ecdsa_signature_with_the_other_s_verifies_too() {
    let order = base64url::decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE").unwrap();
    let token = es256();
    let (unsigned, signature) = token.rsplit_once('.').unwrap();
    let mut signature = base64url::decode(signature).unwrap();
    let mut borrow = 0;
    for i in (0..32).rev() {
        let difference = i16::from(order[i]) - i16::from(signature[32 + i]) - borrow;
        borrow = i16::from(difference < 0);
        signature[32 + i] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    assert!(read(&format!("{unsigned}.{}", base64url::encode(signature))).is_ok());
}

// T102
#[test]
fn the_header_does_not_choose_the_algorithm_of_a_key() {
    for (signs, claimed) in [(Algorithm::RS256, Algorithm::PS256), (Algorithm::PS256, Algorithm::RS256)] {
        let named = json!({"alg": claimed, "typ": TYP, "kid": key_pair(signs).kid()}).to_string();
        assert_eq!(read(&token(signs, &named)).unwrap_err(), JwsError::AlgorithmMismatch(claimed));
        let nameless = json!({"alg": claimed, "typ": TYP}).to_string();
        assert_eq!(read(&token(signs, &nameless)).unwrap_err(), JwsError::Signature);
    }
    let header = json!({"alg": "EdDSA", "typ": TYP, "kid": key_pair(Algorithm::ES256).kid()}).to_string();
    assert_eq!(
        read(&token(Algorithm::ES256, &header)).unwrap_err(),
        JwsError::AlgorithmMismatch(Algorithm::EdDSA)
    );
}

// T103
#[test]
fn crit_is_refused_whatever_it_names() {
    for crit in ["[]", r#"["exp"]"#, r#"["b64"]"#, r#"["alg"]"#, r#"["x","x"]"#, "null", "\"b64\"", "{}"] {
        let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","b64":true,"exp":1,"crit":{crit}}}"#);
        assert_eq!(read(&token(Algorithm::ES256, &header)).unwrap_err(), JwsError::Critical, "{crit}");
    }
}

// T104
#[test]
fn repeated_members_and_odd_json_are_refused() {
    for header in [
        r#"{"alg":"none","typ":"at+jwt","alg":"ES256"}"#,
        r#"{"alg":"ES256","typ":"JWT","typ":"at+jwt"}"#,
        r#"{"alg":"ES256","typ":"at+jwt","al\u0067":"ES256"}"#,
        "\u{feff}{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}",
        r#"{"alg":"ES256","typ":"at+jwt"}{}"#,
        r#"["ES256"]"#,
        "",
    ] {
        assert!(matches!(read(&token(Algorithm::ES256, header)), Err(JwsError::Header(_))), "{header}");
    }
    let pair = key_pair(Algorithm::EdDSA);
    for claims in [
        r#"{"aud":"a","aud":"b"}"#,
        r#"{"exp":1,"exp":2}"#,
        r#"{"act":{"sub":"a","sub":"b"}}"#,
        r#"{"exp":NaN}"#,
        r#"{"exp":1e400}"#,
        "{}x",
        "[]",
        "",
    ] {
        let header = json!({"alg": "EdDSA", "typ": TYP}).to_string();
        let input = format!("{}.{}", base64url::encode(header), base64url::encode(claims));
        let signed = format!("{input}.{}", base64url::encode(pair.sign(input.as_bytes())));
        assert!(matches!(read(&signed), Err(JwsError::Claims(_))), "{claims}");
    }
}

// T105
#[test]
fn a_signed_token_with_an_instant_of_a_wrong_type_is_refused() {
    for exp in [json!("2000000000"), json!(2e9), json!(-1), json!(u64::MAX), json!(null), json!([1])] {
        let token = sign_compact(key_pair(Algorithm::EdDSA), TYP, &json!({"exp": exp})).unwrap();
        assert_eq!(read(&token).unwrap_err(), JwsError::Claim(ClaimError::WrongType("exp")), "{exp}");
    }
}

// T106
#[test]
fn there_is_one_way_to_write_each_part() {
    let token = es256();
    let parts: Vec<&str> = token.split('.').collect();
    for part in 0..3 {
        for suffix in ["=", "==", "\n", " ", "+", "/", "%3D"] {
            let mut changed: Vec<String> = parts.iter().map(ToString::to_string).collect();
            changed[part].push_str(suffix);
            let error = UnverifiedJws::parse(&changed.join(".")).unwrap_err();
            assert_eq!(error, JwsError::Encoding(NotBase64Url), "part {part} {suffix:?}");
        }
    }
    // 64 bytes are 86 characters, the last of which has four unused bits
    let last = token.chars().last().unwrap();
    let other = match last {
        'A' => 'B',
        'Q' => 'R',
        'g' => 'h',
        _ => 'x',
    };
    let trailing = format!("{}{other}", &token[..token.len() - 1]);
    assert_eq!(UnverifiedJws::parse(&trailing).unwrap_err(), JwsError::Encoding(NotBase64Url));
    assert!(UnverifiedJws::parse(&format!(" {token}")).is_err());
}

// T107
#[test]
fn size_and_depth_are_bounded() {
    let long = "a".repeat(1_000_000);
    assert_eq!(UnverifiedJws::parse(&long).unwrap_err(), JwsError::TooLong);
    let deep = format!(r#"{{"alg":"ES256","typ":"at+jwt","x":{}{}}}"#, "[".repeat(3000), "]".repeat(3000));
    assert!(matches!(read(&token(Algorithm::ES256, &deep)), Err(JwsError::Header(_))));
    assert_eq!(UnverifiedJws::parse(&format!("{}.", "é".repeat(8000))).unwrap_err(), JwsError::NotCompact);
}

// T109
#[test]
fn an_encrypted_token_is_not_a_signed_one() {
    let header = r#"{"alg":"ES256","enc":"A256GCM","typ":"at+jwt"}"#;
    assert_eq!(read(&token(Algorithm::ES256, header)).unwrap_err(), JwsError::Encrypted);
}

// T111
#[test]
fn a_token_of_another_kind_is_refused() {
    let verify = |typ: Option<&str>, accepted: &[&str]| {
        let header = typ.map_or(json!({"alg": "ES256"}), |typ| json!({"alg": "ES256", "typ": typ}));
        let token = token(Algorithm::ES256, &header.to_string());
        UnverifiedJws::parse(&token).unwrap().verify(&keys(), accepted).map(|_| ())
    };
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        assert_eq!(verify(Some(typ), &["at+jwt"]), Ok(()), "{typ}");
    }
    for typ in [
        "JWT",
        "logout+jwt",
        "",
        "at+jwt ",
        "at",
        "application/",
        "text/at+jwt",
        "application/application/at+jwt",
    ] {
        let refused = Err(JwsError::Type(typ.to_owned()));
        assert_eq!(verify(Some(typ), &["at+jwt"]), refused, "{typ}");
        assert_eq!(verify(Some(typ), &[NO_TYP]), refused, "{typ}");
    }
    assert_eq!(verify(None, &["at+jwt"]), Err(JwsError::Type(String::new())));
    assert_eq!(verify(None, &["at+jwt", NO_TYP]), Ok(()));
    assert_eq!(verify(Some("JWT"), &[]), Err(JwsError::Type("JWT".to_owned())));
}

// T112
#[test]
fn with_one_kid_for_two_keys_the_right_one_verifies() {
    let other = SigningKeyPair::generate(Algorithm::ES256).unwrap();
    let ours = key_pair(Algorithm::ES256);
    let mut collided = other.public_jwk().clone();
    collided["kid"] = json!(ours.kid());
    let keys = VerificationKeys::from_jwks(&json!({"keys": [collided, ours.public_jwk()]}), None).unwrap();
    assert!(UnverifiedJws::parse(&es256()).unwrap().verify(&keys, &[TYP]).is_ok());

    let foreign = VerificationKeys::from_jwks(&json!({"keys": [collided]}), None).unwrap();
    let refused = UnverifiedJws::parse(&es256()).unwrap().verify(&foreign, &[TYP]).unwrap_err();
    assert_eq!(refused, JwsError::Signature);
}

#[test]
fn a_key_of_another_name_is_unknown_and_not_a_bad_signature() {
    let other = SigningKeyPair::generate(Algorithm::ES256).unwrap();
    let token = sign_compact(&other, TYP, &json!({})).unwrap();
    assert_eq!(read(&token).unwrap_err(), JwsError::UnknownKey);
    let none = VerificationKeys::default();
    assert_eq!(
        UnverifiedJws::parse(&token).unwrap().verify(&none, &[TYP]).unwrap_err(),
        JwsError::UnknownKey
    );
}

#[test]
fn a_key_in_the_header_convinces_nobody() {
    let thief = SigningKeyPair::generate(Algorithm::ES256).unwrap();
    let header = json!({
        "alg": "ES256", "typ": TYP, "jwk": thief.public_jwk(),
        "jku": "https://thief.example/jwks", "x5u": "https://thief.example/cert", "x5c": ["AA"],
    });
    let input = format!("{}.{}", base64url::encode(header.to_string()), base64url::encode("{}"));
    let forged = format!("{input}.{}", base64url::encode(thief.sign(input.as_bytes())));
    assert_eq!(read(&forged).unwrap_err(), JwsError::Signature);
}

#[test]
fn claims_without_a_json_form_are_not_signed() {
    let claims = std::collections::HashMap::from([((1, 2), 3)]);
    assert_eq!(
        sign_compact(key_pair(Algorithm::ES256), TYP, &claims).unwrap_err(),
        JwsError::NotSerializable
    );
}

proptest! {
    #[test]
    fn one_changed_character_is_refused(at: prop::sample::Index, to in "[A-Za-z0-9_.-]") {
        let token = sign_compact(key_pair(Algorithm::EdDSA), TYP, &json!({"sub": "alice"})).unwrap();
        let at = at.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(at..=at, &to);
        prop_assert_eq!(read(&changed).is_ok(), changed == token);
    }

    #[test]
    fn any_text_is_answered(text: String) {
        prop_assert!(read(&text).is_err());
    }

    #[test]
    fn any_header_and_claims_are_answered(header: String, claims: String) {
        let _ = read(&format!("{}.{}.AA", base64url::encode(header), base64url::encode(claims)));
    }

    #[test]
    fn signed_claims_come_back(members in prop::collection::btree_map("[a-z]{1,8}x", ".*", 0..5)) {
        let token = sign_compact(key_pair(Algorithm::EdDSA), TYP, &members).unwrap();
        let claims = read(&token).unwrap();
        prop_assert_eq!(Value::Object(claims.members().clone()), serde_json::to_value(&members).unwrap());
    }
}
