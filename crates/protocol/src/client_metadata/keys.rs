//! The form of the keys that a client registers (RFC 7517, RFC 7518 section 6, RFC 8037 section 2). What is wrong with one is
//! said at registration, where its owner hears it: later such a key is only left out.

use serde_json::{Map, Value};

use super::rules::at_most;

const PRIVATE: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Checks a set of public keys. Keys of types or curves that are not known here may stand in it.
pub(super) fn check(jwks: &Value) -> Result<(), String> {
    let keys = jwks.get("keys").and_then(Value::as_array).ok_or("must be an object with an array of keys")?;
    at_most(keys.len(), 50)?;
    for (index, key) in keys.iter().enumerate() {
        let members = key.as_object().ok_or("every key must be an object")?;
        if PRIVATE.iter().any(|member| members.contains_key(*member)) {
            return Err("must hold public keys only: treat this private key as lost".to_owned());
        }
        one(members).map_err(|reason| format!("keys[{index}]: {reason}"))?;
    }
    Ok(())
}

fn one(key: &Map<String, Value>) -> Result<(), String> {
    for member in ["kid", "use", "alg"] {
        if key.get(member).is_some_and(|value| !value.is_string()) {
            return Err(format!("{member} must be a string"));
        }
    }
    match key.get("kty").and_then(Value::as_str).ok_or("every key must have a kty")? {
        "RSA" => {
            number(key, "e")?;
            modulus(number(key, "n")?)
        }
        "EC" => {
            let length = match curve(key)? {
                "P-256" | "secp256k1" => Some(32),
                "P-384" => Some(48),
                "P-521" => Some(66),
                _ => None,
            };
            coordinate(key, "x", length)?;
            coordinate(key, "y", length)
        }
        "OKP" => {
            let length = match curve(key)? {
                "Ed25519" | "X25519" => Some(32),
                "X448" => Some(56),
                "Ed448" => Some(57),
                _ => None,
            };
            coordinate(key, "x", length)
        }
        _ => Ok(()),
    }
}

fn curve(key: &Map<String, Value>) -> Result<&str, String> {
    key.get("crv").and_then(Value::as_str).ok_or_else(|| "crv is missing or no string".to_owned())
}

/// RFC 7515 section 2: base64url without padding, and of a length that such a text can have.
fn number<'a>(key: &'a Map<String, Value>, member: &str) -> Result<&'a str, String> {
    let text = key.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| format!("{member} is missing or no string"))?;
    let is_base64url = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && text.len() % 4 != 1;
    if is_base64url { Ok(text) } else { Err(format!("{member} is not base64url without padding")) }
}

/// RFC 7518 section 6.2.1.2: as long as the field of the curve, with the zeros in front.
fn coordinate(key: &Map<String, Value>, member: &str, length: Option<usize>) -> Result<(), String> {
    let bytes = number(key, member)?.len() * 3 / 4;
    match length {
        Some(length) if bytes != length => Err(format!("{member} must have {length} bytes for this curve")),
        Some(_) | None => Ok(()),
    }
}

/// RFC 7518 section 3.3: 2048 bits or more. Past 8192 every verification is an attack on whoever verifies.
fn modulus(n: &str) -> Result<(), String> {
    let bytes = n.trim_start_matches('A').len() * 3 / 4;
    if (256..=1024).contains(&bytes) {
        Ok(())
    } else {
        Err("n: an RSA key must have a modulus of 2048 to 8192 bits".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    // RFC 7518 section 6
    #[test]
    fn a_key_without_what_its_type_needs_is_refused_with_the_member() {
        let (n, x) = ("w".repeat(342), "x".repeat(43));
        for (key, said) in [
            (json!({ "kty": "RSA", "n": n }), "keys[0]: e is missing or no string"),
            (json!({ "kty": "RSA", "e": "AQAB" }), "keys[0]: n is missing or no string"),
            (
                json!({ "kty": "RSA", "n": format!("{n}=="), "e": "AQAB" }),
                "keys[0]: n is not base64url without padding",
            ),
            (json!({ "kty": "RSA", "n": n, "e": "AQAB", "kid": 7 }), "keys[0]: kid must be a string"),
            (json!({ "kty": "EC", "x": x, "y": x }), "keys[0]: crv is missing or no string"),
            (json!({ "kty": "EC", "crv": "P-256", "x": x }), "keys[0]: y is missing or no string"),
            (
                json!({ "kty": "EC", "crv": "P-256", "x": x, "y": "AA" }),
                "keys[0]: y must have 32 bytes for this curve",
            ),
            (json!({ "kty": "OKP", "crv": "Ed25519", "x": 7 }), "keys[0]: x is missing or no string"),
            (json!({ "n": n }), "keys[0]: every key must have a kty"),
        ] {
            assert_eq!(check(&json!({ "keys": [key] })).unwrap_err(), said, "{key}");
        }
    }

    #[test]
    fn good_keys_and_keys_of_kinds_that_are_not_known_are_taken() {
        let (n, x) = ("w".repeat(342), "x".repeat(43));
        let keys = [
            json!({ "kty": "RSA", "n": n, "e": "AQAB", "kid": "1", "use": "sig", "alg": "RS256", "x5c": [] }),
            json!({ "kty": "EC", "crv": "P-256", "x": x, "y": x }),
            json!({ "kty": "EC", "crv": "P-521", "x": "x".repeat(88), "y": "x".repeat(88) }),
            json!({ "kty": "EC", "crv": "P-1024", "x": "AA", "y": "AA" }),
            json!({ "kty": "OKP", "crv": "X25519", "x": x }),
            json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA" }),
        ];
        assert_eq!(check(&json!({ "keys": keys })), Ok(()));
    }
}
