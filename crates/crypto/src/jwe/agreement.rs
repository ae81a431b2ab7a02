//! Diffie-Hellman with a key made for one message (RFC 7518 section 4.6, RFC 8037 section 3.2).

use aws_lc_rs::{
    agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey, X25519},
    digest,
    error::{KeyRejected, Unspecified},
};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::{
    backend::required,
    base64url,
    jwk::{JwkError, PRIVATE_MEMBERS, coordinate, text},
};

/// The curves that both sides' keys may be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    X25519,
}

/// A public key on a curve, known to be a point of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) curve: Curve,
    bytes: Vec<u8>,
}

/// What the key derivation binds the agreed secret to (RFC 7518 section 4.6.2).
pub(super) struct Purpose<'a> {
    /// The name of the algorithm that uses the key.
    pub(super) algorithm: &'static str,
    /// `apu` and `apv`, decoded.
    pub(super) parties: [&'a [u8]; 2],
    /// Bytes of the key.
    pub(super) length: usize,
}

impl Curve {
    fn algorithm(self) -> &'static agreement::Algorithm {
        match self {
            Curve::P256 => &ECDH_P256,
            Curve::X25519 => &X25519,
        }
    }

    /// A new private key on this curve.
    pub(super) fn generate(self) -> Result<PrivateKey, Unspecified> {
        PrivateKey::generate(self.algorithm())
    }

    /// The private key on this curve in a PKCS#8 document.
    pub(super) fn read(self, pkcs8: &[u8]) -> Result<PrivateKey, KeyRejected> {
        PrivateKey::from_private_key_der(self.algorithm(), pkcs8)
    }
}

impl Point {
    /// The point in a JWK. One that is not on its curve, or of an order so small that the result would be known to
    /// everybody, is refused here: calculating with it would tell the sender of our private key (invalid curve attack).
    pub(super) fn from_jwk(jwk: &Map<String, Value>) -> Result<Point, JwkError> {
        if PRIVATE_MEMBERS.iter().any(|member| jwk.contains_key(*member)) {
            return Err(JwkError::Private);
        }
        let kty = text(jwk, "kty")?;
        if !matches!(kty, "EC" | "OKP") {
            return Err(JwkError::NotForUs);
        }
        let point = match (kty, text(jwk, "crv")?) {
            // SEC 1 section 2.3.3, uncompressed: 4, x, y
            ("EC", "P-256") => Point {
                curve: Curve::P256,
                bytes: [vec![4], coordinate(text(jwk, "x")?)?, coordinate(text(jwk, "y")?)?].concat(),
            },
            ("OKP", "X25519") => Point { curve: Curve::X25519, bytes: coordinate(text(jwk, "x")?)? },
            _ => return Err(JwkError::NotForUs),
        };
        let probe = required(point.curve.generate());
        point.agree(&probe, |_| ()).map_err(|_| JwkError::Malformed("not a point on its curve"))?;
        Ok(point)
    }

    pub(super) fn of(curve: Curve, private: &PrivateKey) -> Result<Point, Unspecified> {
        Ok(Point { curve, bytes: private.compute_public_key()?.as_ref().to_vec() })
    }

    /// The members that tell the point: of `epk`, or of a public JWK.
    pub(super) fn members(&self) -> Value {
        match self.curve {
            Curve::P256 => {
                let coordinates = self.bytes.get(1..).unwrap_or_default();
                let (x, y) = coordinates.split_at(coordinates.len() / 2);
                json!({"kty": "EC", "crv": "P-256", "x": base64url::encode(x), "y": base64url::encode(y)})
            }
            Curve::X25519 => json!({"kty": "OKP", "crv": "X25519", "x": base64url::encode(&self.bytes)}),
        }
    }

    /// The key for `purpose` that `private` and this point's owner share.
    pub(super) fn derive(
        &self,
        private: &PrivateKey,
        purpose: &Purpose<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        self.agree(private, |secret| concatenation_kdf(secret, purpose))
    }

    fn agree<T>(&self, private: &PrivateKey, then: impl FnOnce(&[u8]) -> T) -> Result<T, Unspecified> {
        let peer = UnparsedPublicKey::new(self.curve.algorithm(), self.bytes.as_slice());
        agreement::agree(private, peer, Unspecified, |secret| Ok(then(secret)))
    }
}

/// The Concat KDF of NIST SP 800-56A with SHA-256, as RFC 7518 section 4.6.2 fills it.
fn concatenation_kdf(secret: &[u8], purpose: &Purpose<'_>) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(Vec::with_capacity(purpose.length + digest::SHA256_OUTPUT_LEN));
    let mut round = 0_u32;
    while key.len() < purpose.length {
        round += 1;
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(&round.to_be_bytes());
        hash.update(secret);
        for part in [purpose.algorithm.as_bytes(), purpose.parties[0], purpose.parties[1]] {
            hash.update(&length(part.len()));
            hash.update(part);
        }
        hash.update(&length(purpose.length * 8));
        key.extend_from_slice(hash.finish().as_ref());
    }
    key.truncate(purpose.length);
    key
}

/// Every length here is bounded by that of a token, so it fits.
fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(jwk: &Value) -> Result<Point, JwkError> {
        Point::from_jwk(jwk.as_object().unwrap())
    }

    fn private(d: &str) -> PrivateKey {
        PrivateKey::from_private_key(&ECDH_P256, &base64url::decode(d).unwrap()).unwrap()
    }

    #[test]
    fn the_example_of_rfc_7518_appendix_c() {
        let alice = json!({
            "kty": "EC", "crv": "P-256",
            "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0", "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
        });
        let bob = json!({
            "kty": "EC", "crv": "P-256",
            "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ", "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
        });
        let purpose = Purpose { algorithm: "A128GCM", parties: [b"Alice", b"Bob"], length: 16 };
        let by_alice =
            point(&bob).unwrap().derive(&private("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"), &purpose);
        let by_bob =
            point(&alice).unwrap().derive(&private("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"), &purpose);
        assert_eq!(base64url::encode(&*by_alice.unwrap()), "VqqN6vgjbSBcIijNcacQGg");
        assert_eq!(base64url::encode(&*by_bob.unwrap()), "VqqN6vgjbSBcIijNcacQGg");
    }

    #[test]
    fn both_sides_derive_the_same_key_of_every_length_on_every_curve() {
        for curve in [Curve::P256, Curve::X25519] {
            let (ours, theirs) = (curve.generate().unwrap(), curve.generate().unwrap());
            let read = |private| point(&Point::of(curve, private).unwrap().members()).unwrap();
            for length in [16, 24, 32, 48, 64] {
                let purpose = Purpose { algorithm: "A256CBC-HS512", parties: [b"", b""], length };
                let key = read(&theirs).derive(&ours, &purpose).unwrap();
                assert_eq!(key.len(), length);
                assert_eq!(key, read(&ours).derive(&theirs, &purpose).unwrap());
            }
        }
    }

    #[test]
    fn points_off_the_curve_of_small_order_or_with_a_private_half_are_refused() {
        let good = Point::of(Curve::P256, &Curve::P256.generate().unwrap()).unwrap().members();
        let with = |member: &str, bytes: &[u8]| {
            let mut jwk = good.clone();
            jwk[member] = json!(base64url::encode(bytes));
            point(&jwk).unwrap_err()
        };
        assert_eq!(with("y", &[1; 32]), JwkError::Malformed("not a point on its curve"));
        assert_eq!(with("x", &[0xff; 32]), JwkError::Malformed("not a point on its curve"));
        assert_eq!(with("x", &[1; 31]), JwkError::Malformed("not a coordinate of 32 bytes"));
        assert_eq!(with("d", &[1; 32]), JwkError::Private);
        // RFC 7748 section 6.1: the points 0 and 1 give a secret of zeros, whoever multiplies them
        for small in [[0; 32], {
            let mut one = [0; 32];
            one[0] = 1;
            one
        }] {
            let jwk = json!({"kty": "OKP", "crv": "X25519", "x": base64url::encode(small)});
            assert_eq!(point(&jwk).unwrap_err(), JwkError::Malformed("not a point on its curve"));
        }
        for other in [
            json!({"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"}),
            json!({"kty": "OKP", "crv": "X448", "x": "AA"}),
            json!({"kty": "OKP", "crv": "P-256", "x": "AA", "y": "AA"}),
            // In the set of a client that has keys of both kinds.
            json!({"kty": "RSA", "n": "AA", "e": "AQAB"}),
        ] {
            assert_eq!(point(&other).unwrap_err(), JwkError::NotForUs);
        }
        for broken in [json!({}), json!({"kty": "EC", "crv": "P-256"}), json!({"kty": 1, "crv": "P-256"})] {
            assert!(matches!(point(&broken).unwrap_err(), JwkError::Malformed(_)), "{broken}");
        }
    }

    #[test]
    fn keys_on_two_curves_agree_on_nothing() {
        let purpose = Purpose { algorithm: "A128GCM", parties: [b"", b""], length: 16 };
        let point = Point::of(Curve::X25519, &Curve::X25519.generate().unwrap()).unwrap();
        assert!(point.derive(&Curve::P256.generate().unwrap(), &purpose).is_err());
    }
}
