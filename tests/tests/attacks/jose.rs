//! Tokens that somebody made, changed or used in the wrong place (security.md 1.7).

use std::time::{Duration, Instant};

use aws_lc_rs::digest::{self, SHA256, SHA512};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use grantor_tests::{Answer, Browser, RelyingParty, Tokens, random_text};
use reqwest::header::{ETAG, IF_NONE_MATCH};
use serde_json::{Value, json};

use crate::scene::{Reply, SCOPE, Scene, Shared, http};

static SCENE: Shared = Shared::new("attacks-jose");
const ALGORITHMS: &[&str] = &["RS256", "PS256", "ES256", "EdDSA"];

/// A client whose access tokens are JWTs, with tokens of alice.
struct Issued {
    scene: &'static Scene,
    app: RelyingParty,
    tokens: Tokens,
    browser: Browser,
}

impl Issued {
    async fn with(algorithm: &str) -> Self {
        let scene = SCENE.get().await;
        let metadata = json!({
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": SCOPE,
            "access_token_strategy": "jwt",
            "id_token_signed_response_alg": algorithm,
            "introspect_any": true,
        });
        let app = scene.client(&[], metadata).await;
        let browser = Browser::new();
        let (request, code) = scene.code(&browser, &app, "openid offline_access profile").await;
        let tokens = app.redeems(&code, &request).await.tokens();
        Self { scene, app, tokens, browser }
    }

    fn access(&self) -> Jws {
        Jws::of(&self.tokens.access_token)
    }

    fn id_token(&self) -> &str {
        self.tokens.id_token.as_deref().expect("an ID token")
    }

    /// Asserts that a text is no access token, no hint, no refresh token and no code.
    async fn is_worth_nothing(&self, token: &str, why: &str) {
        self.is_no_access_token(token, why).await;
        self.is_no_hint(token, why).await;
        self.is_no_refresh_token_or_code(token, why).await;
    }

    async fn is_no_access_token(&self, token: &str, why: &str) {
        if let Ok(header) = reqwest::header::HeaderValue::from_str(&format!("Bearer {token}")) {
            let request = http().get(self.scene.server.url("/userinfo"));
            let reply = Reply::to(request.header("authorization", header)).await;
            assert!([400, 401].contains(&reply.status), "{why}: userinfo {reply:?}");
        }
        let form = [("access_token", token)];
        let reply = Reply::to(http().post(self.scene.server.url("/userinfo")).form(&form)).await;
        assert!([400, 401].contains(&reply.status), "{why}: userinfo {reply:?}");
        let introspected = self.app.introspects(token).await;
        let says_nothing = introspected.json == json!({ "active": false });
        assert!(says_nothing || introspected.status == 400, "{why}: {introspected}");
    }

    async fn is_no_hint(&self, token: &str, why: &str) {
        let request = self.app.asks("openid").with("prompt", "none").with("id_token_hint", token);
        let left = self.browser.get(&request.url()).await.left();
        assert!(left.get("code").is_none(), "{why}: {left}");
        left.is_refused("invalid_request");
    }

    async fn is_no_refresh_token_or_code(&self, token: &str, why: &str) {
        let refused = |answer: Answer| {
            let error = answer.error().unwrap_or_default();
            assert!(
                answer.status == 400 && ["invalid_grant", "invalid_request"].contains(&error),
                "{why}: {answer}"
            );
        };
        refused(self.app.refreshes(token).await);
        refused(self.app.redeems(token, &self.app.asks("openid")).await);
    }
}

/// A compact JWS in its parts, as text.
#[derive(Clone)]
pub(crate) struct Jws {
    header: String,
    pub(crate) claims: String,
    signature: Vec<u8>,
}

impl Jws {
    pub(crate) fn of(token: &str) -> Self {
        let parts: Vec<Vec<u8>> =
            token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
        let text = |part: &[u8]| String::from_utf8(part.to_vec()).unwrap();
        Self { header: text(&parts[0]), claims: text(&parts[1]), signature: parts[2].clone() }
    }

    fn input(&self) -> String {
        format!("{}.{}", URL_SAFE_NO_PAD.encode(&self.header), URL_SAFE_NO_PAD.encode(&self.claims))
    }

    fn compact(&self) -> String {
        format!("{}.{}", self.input(), URL_SAFE_NO_PAD.encode(&self.signature))
    }

    fn with_header(&self, header: &str) -> Self {
        Self { header: header.to_owned(), ..self.clone() }
    }

    fn with_claims(&self, claims: &str) -> Self {
        Self { claims: claims.to_owned(), ..self.clone() }
    }

    fn with_signature(&self, signature: &[u8]) -> Self {
        Self { signature: signature.to_vec(), ..self.clone() }
    }

    /// The header with some members changed.
    fn relabelled(&self, members: &Value) -> Self {
        let mut header: Value = serde_json::from_str(&self.header).unwrap();
        for (name, value) in members.as_object().unwrap() {
            header[name] = value.clone();
        }
        self.with_header(&header.to_string())
    }

    pub(crate) fn member(&self, name: &str) -> Value {
        serde_json::from_str::<Value>(&self.header).unwrap()[name].clone()
    }

    pub(crate) fn claim(&self, name: &str) -> Value {
        serde_json::from_str::<Value>(&self.claims).unwrap()[name].clone()
    }
}

pub(crate) async fn published(scene: &Scene) -> Vec<Value> {
    let reply = Reply::get(&scene.server.url("/.well-known/jwks.json")).await;
    reply.json()["keys"].as_array().expect("a key set").clone()
}

fn bytes(key: &Value, member: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(key[member].as_str().unwrap()).unwrap()
}

pub(crate) fn verifies(key: &Value, jws: &Jws) -> bool {
    let (input, signature) = (jws.input(), jws.signature.as_slice());
    let point = || [&[4][..], &bytes(key, "x"), &bytes(key, "y")].concat();
    let rsa = |parameters| {
        let components = PublicKeyComponents { n: bytes(key, "n"), e: bytes(key, "e") };
        components.verify(parameters, input.as_bytes(), signature).is_ok()
    };
    match jws.member("alg").as_str().unwrap() {
        "RS256" => rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        "PS256" => rsa(&signature::RSA_PSS_2048_8192_SHA256),
        "ES256" => UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point())
            .verify(input.as_bytes(), signature)
            .is_ok(),
        "EdDSA" => UnparsedPublicKey::new(&signature::ED25519, bytes(key, "x"))
            .verify(input.as_bytes(), signature)
            .is_ok(),
        other => panic!("unexpected algorithm {other}"),
    }
}

// T116
#[tokio::test]
async fn tokens_of_every_algorithm_verify_with_the_published_key_and_hash_rightly() {
    for algorithm in ALGORITHMS {
        let issued = Issued::with(algorithm).await;
        let keys = published(issued.scene).await;
        let (id_token, access) = (Jws::of(issued.id_token()), issued.access());
        for (jws, kind) in [(&id_token, "JWT"), (&access, "at+jwt")] {
            assert_eq!(jws.member("alg"), *algorithm);
            assert_eq!(jws.member("typ"), kind);
            let key = keys.iter().find(|key| key["kid"] == jws.member("kid")).expect("the key is published");
            assert_eq!(key["alg"], *algorithm);
            assert!(verifies(key, jws), "{algorithm} {kind}");
        }
        // Ed25519 hashes with SHA-512 inside, and so does its at_hash.
        let hash = if *algorithm == "EdDSA" { &SHA512 } else { &SHA256 };
        let whole = digest::digest(hash, issued.tokens.access_token.as_bytes());
        let half = URL_SAFE_NO_PAD.encode(&whole.as_ref()[..whole.as_ref().len() / 2]);
        assert_eq!(id_token.claim("at_hash"), half, "{algorithm}");
        issued.app.userinfo(&issued.tokens.access_token).await.ok();
        assert_eq!(issued.app.introspects(&issued.tokens.access_token).await.ok()["active"], true);
    }
}

// T099
#[tokio::test]
async fn a_token_without_signature_is_worth_nothing() {
    let issued = Issued::with("RS256").await;
    for original in [issued.access(), Jws::of(issued.id_token())] {
        for name in ["none", "None", "NONE", "nOnE", "", "null"] {
            let unsigned = original.relabelled(&json!({ "alg": name })).with_signature(&[]);
            issued.is_worth_nothing(&unsigned.compact(), name).await;
            let input = unsigned.input();
            issued.is_worth_nothing(&input, "two parts").await;
            issued.is_worth_nothing(&format!("{input}.{}", random_text()), name).await;
        }
        let stripped = original.with_signature(&[]).compact();
        issued.is_worth_nothing(&stripped, "empty signature").await;
        for suffix in [".", "..", ".e30", "."] {
            issued.is_worth_nothing(&format!("{}{suffix}", original.compact()), "more parts").await;
        }
        for alg in [json!(null), json!(["RS256"]), json!(256), json!({})] {
            let odd = original.relabelled(&json!({ "alg": alg })).compact();
            issued.is_worth_nothing(&odd, "alg of another type").await;
        }
    }
}

// T100
#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    for algorithm in ALGORITHMS {
        let issued = Issued::with(algorithm).await;
        let kid = issued.access().member("kid");
        let keys = published(issued.scene).await;
        let key = keys.iter().find(|key| key["kid"] == kid).unwrap();
        for secret in encodings(key) {
            for (hash, name) in [(hmac::HMAC_SHA256, "HS256"), (hmac::HMAC_SHA512, "HS512")] {
                let forged = issued.access().relabelled(&json!({ "alg": name }));
                let tag = hmac::sign(&hmac::Key::new(hash, &secret), forged.input().as_bytes());
                let token = forged.with_signature(tag.as_ref()).compact();
                issued.is_worth_nothing(&token, name).await;
            }
        }
    }
}

/// The forms in which a library could take a public key for bytes: JWK, members, DER, PEM.
fn encodings(key: &Value) -> Vec<Vec<u8>> {
    let mut encodings = vec![key.to_string().into_bytes(), Vec::new()];
    for member in ["n", "x", "y"] {
        if let Some(text) = key[member].as_str() {
            encodings.push(text.as_bytes().to_vec());
            encodings.push(bytes(key, member));
        }
    }
    let der = match key["kty"].as_str().unwrap() {
        "RSA" => {
            let integers = [integer(&bytes(key, "n")), integer(&bytes(key, "e"))].concat();
            let identifier = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
            tagged(0x30, &[identifier, &*bits(&tagged(0x30, &integers))].concat())
        }
        "EC" => {
            let point = [&[4][..], &bytes(key, "x"), &bytes(key, "y")].concat();
            let identifier =
                b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
            tagged(0x30, &[identifier, &*bits(&point)].concat())
        }
        _ => tagged(0x30, &[b"\x30\x05\x06\x03\x2b\x65\x70", &*bits(&bytes(key, "x"))].concat()),
    };
    let text = STANDARD.encode(&der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", lines.join("\n"));
    encodings.extend([der, format!("{pem}\n").into_bytes(), pem.into_bytes()]);
    encodings
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match u16::try_from(content.len()).unwrap() {
        short @ ..=127 => vec![u8::try_from(short).unwrap()],
        long => [&[0x82][..], &long.to_be_bytes()].concat(),
    };
    [&[tag], &*length, content].concat()
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    if bytes[0] & 0x80 == 0 { tagged(2, bytes) } else { tagged(2, &[&[0], bytes].concat()) }
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    tagged(3, &[&[0], bytes].concat())
}

/// Every signature that somebody without the server's key can make is somebody else's.
// T101, T102, T112
#[tokio::test]
async fn a_token_signed_with_another_key_under_a_known_kid_is_worth_nothing() {
    let random = SystemRandom::new();
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let ec = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let ed = Ed25519KeyPair::generate().unwrap();
    for algorithm in ALGORITHMS {
        let issued = Issued::with(algorithm).await;
        for signed_as in ALGORITHMS {
            let point = ec.public_key().as_ref();
            let own = match *signed_as {
                "ES256" => json!({ "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(&point[1..33]),
                    "y": URL_SAFE_NO_PAD.encode(&point[33..]) }),
                "EdDSA" => {
                    json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(ed.public_key()) })
                }
                _ => {
                    json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(rsa.public_key().modulus().big_endian_without_leading_zero()), "e": "AQAB" })
                }
            };
            for header in [
                json!({ "alg": signed_as }),
                json!({ "alg": signed_as, "jwk": own }),
                json!({ "alg": signed_as, "jku": "https://evil.example/keys", "x5u": "https://evil.example/c" }),
                json!({ "alg": signed_as, "kid": "../../dev/null" }),
                json!({ "alg": signed_as, "kid": "' OR 1=1 --" }),
                json!({ "alg": signed_as, "kid": null }),
            ] {
                let forged = issued.access().relabelled(&header);
                let input = forged.input().into_bytes();
                let made = match *signed_as {
                    "ES256" => ec.sign(&random, &input).unwrap().as_ref().to_vec(),
                    "EdDSA" => ed.sign(&input).as_ref().to_vec(),
                    name => {
                        let mut made = vec![0; rsa.public_modulus_len()];
                        let padding: &dyn signature::RsaEncoding = if name == "RS256" {
                            &signature::RSA_PKCS1_SHA256
                        } else {
                            &signature::RSA_PSS_SHA256
                        };
                        rsa.sign(padding, &random, &input, &mut made).unwrap();
                        made
                    }
                };
                let token = forged.with_signature(&made).compact();
                issued.is_no_access_token(&token, &format!("{header} over {algorithm}")).await;
            }
        }
        let mut changed = issued.access();
        changed.claims = changed.claims.replace(&issued.scene.alice.subject, "somebody-else");
        assert_ne!(changed.claims, issued.access().claims);
        issued.is_worth_nothing(&changed.compact(), "changed claims").await;
    }
}

// T101
#[tokio::test]
async fn an_ecdsa_signature_has_one_form_and_two_numbers_in_range() {
    let issued = Issued::with("ES256").await;
    let good = issued.access();
    let (r, s) = good.signature.split_at(32);
    let order =
        b"\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\
        \xf3\xb9\xca\xc2\xfc\x63\x25\x51";
    let (zero, most) = ([0; 32], [0xff; 32]);
    let mut past = order.to_vec();
    past[31] += 1;
    let der = tagged(0x30, &[integer(r), integer(s)].concat());
    let wrong: Vec<(&str, Vec<u8>)> = vec![
        ("all zero", vec![0; 64]),
        ("r = 0", [&zero, s].concat()),
        ("s = 0", [r, &zero].concat()),
        ("r = n", [order, s].concat()),
        ("s = n", [r, order].concat()),
        ("s > n", [r, &past].concat()),
        ("s at most", [r, &most].concat()),
        ("swapped", [s, r].concat()),
        ("DER", der),
        ("63 bytes", good.signature[..63].to_vec()),
        ("65 bytes", [&good.signature[..], &[0]].concat()),
        ("zero before", [&[0], &good.signature[..]].concat()),
    ];
    for (why, signature) in wrong {
        issued.is_worth_nothing(&good.with_signature(&signature).compact(), why).await;
    }
    issued.app.userinfo(&good.compact()).await.ok();
    // n - s signs the same text. ECDSA as RFC 7518 section 3.4 has it takes both, and tokens have an id of their own.
    let other = good.with_signature(&[r, &difference(order, s)].concat());
    issued.app.userinfo(&other.compact()).await.ok();
}

fn difference(from: &[u8], less: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut digits: Vec<u8> = from
        .iter()
        .zip(less)
        .rev()
        .map(|(a, b)| {
            let digit = i16::from(*a) - i16::from(*b) - borrow;
            borrow = i16::from(digit < 0);
            u8::try_from(digit.rem_euclid(256)).unwrap()
        })
        .collect();
    digits.reverse();
    digits
}

// T102
#[tokio::test]
async fn a_token_is_verified_by_the_algorithm_of_its_key_and_no_label() {
    for algorithm in ALGORITHMS {
        let issued = Issued::with(algorithm).await;
        let others = ["RS256", "PS256", "ES256", "EdDSA", "RS512", "ES384", "HS256", "Ed25519", "dir"];
        for other in others.iter().filter(|other| other != &algorithm) {
            let relabelled = issued.access().relabelled(&json!({ "alg": other })).compact();
            issued.is_worth_nothing(&relabelled, other).await;
        }
        for kind in ["JWT", "jwt", "AT+JWT2", "", "logout+jwt", "dpop+jwt"] {
            let retyped = issued.access().relabelled(&json!({ "typ": kind })).compact();
            issued.is_worth_nothing(&retyped, kind).await;
        }
    }
}

// T103, T104, T105, T107, T110
#[tokio::test]
async fn a_malformed_token_is_refused_without_a_fault() {
    let issued = Issued::with("RS256").await;
    let good = issued.access();
    let kid = good.member("kid");
    let header = |more: &str| format!(r#"{{"alg":"RS256","typ":"at+jwt","kid":{kid}{more}}}"#);
    let claim = |name: &str, value: &str| {
        let mut claims: Value = serde_json::from_str(&good.claims).unwrap();
        claims[name] = json!("@");
        claims.to_string().replace("\"@\"", value)
    };
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let mut wrong: Vec<Jws> = [
        header(r#","crit":["exp"]"#),
        header(r#","crit":[]"#),
        header(r#","crit":["b64"],"b64":false"#),
        header(r#","crit":["made-up","made-up"],"made-up":1"#),
        header(r#","crit":"exp""#),
        header(r#","alg":"none""#),
        header(r#","alg":"RS256""#),
        header(r#","kid":"other""#),
        format!("{} ", header("")),
        format!("\u{feff}{}", header("")),
        header(&format!(r#","x":{}"#, deep(5000))),
        "[]".to_owned(),
        "null".to_owned(),
        "{".to_owned(),
        String::new(),
    ]
    .iter()
    .map(|header| good.with_header(header))
    .collect();
    for name in ["exp", "nbf", "iat"] {
        for value in [
            "\"4102444800\"",
            "4102444800.5",
            "-1",
            "9223372036854775808",
            "1e400",
            "null",
            "[4102444800]",
            "true",
            "NaN",
        ] {
            wrong.push(good.with_claims(&claim(name, value)));
        }
    }
    let twice = |member: &str| good.claims.replacen('{', &format!("{{{member},"), 1);
    wrong.extend(
        [
            twice(r#""exp":4102444800"#),
            twice(r#""aud":"x""#),
            twice(r#""sub":"somebody""#),
            format!("{} x", good.claims),
            format!("\u{feff}{}", good.claims),
            deep(5000),
            "{}".to_owned(),
            "[]".to_owned(),
            claim("sub", "\"\\ud800\""),
        ]
        .iter()
        .map(|claims| good.with_claims(claims)),
    );
    for jws in wrong {
        issued.is_worth_nothing(&jws.compact(), &format!("{} {}", jws.header, jws.claims)).await;
    }
    let json_form = json!({ "payload": URL_SAFE_NO_PAD.encode(&good.claims), "signature": "",
        "header": { "alg": "none" } });
    issued.is_worth_nothing(&json_form.to_string(), "JSON form").await;
    let encrypted = format!("{}.a.b.c.d", URL_SAFE_NO_PAD.encode(r#"{"alg":"dir","enc":"A128GCM"}"#));
    issued.is_worth_nothing(&encrypted, "JWE").await;
}

// T107
#[tokio::test]
async fn a_huge_token_is_refused_at_once() {
    let issued = Issued::with("RS256").await;
    let url = issued.scene.server.url("/userinfo");
    for size in [20_000, 60_000, 200_000, 1_000_000] {
        let token = format!("{}.{}.x", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#), "e".repeat(size));
        let reply = Reply::to(http().post(&url).form(&[("access_token", token.as_str())])).await;
        assert!([400, 401, 413].contains(&reply.status), "{size}: {}", reply.status);
        let introspected = issued.app.introspects(&token).await;
        assert!(
            [400, 413].contains(&introspected.status) || introspected.json == json!({ "active": false }),
            "{size}: {introspected}"
        );
    }
}

// T106
#[tokio::test]
async fn a_token_has_one_spelling() {
    let issued = Issued::with("ES256").await;
    let (good, jws) = (issued.tokens.access_token.clone(), issued.access());
    let last = good.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let place = alphabet.find(last).unwrap();
    let other_bits = alphabet.chars().nth(place ^ 1).unwrap(); // 64 bytes leave four bits of the last character unused
    let body = &good[..good.len() - 1];
    let variants = [
        format!("{}.{}", jws.input(), URL_SAFE.encode(&jws.signature)),
        format!("{}.{}", jws.input(), STANDARD.encode(&jws.signature)),
        format!("{good}="),
        format!("{good}=="),
        format!("{good}\n"),
        format!("{good} x"),
        good.replacen('.', " .", 1),
        good.replacen('.', "\n.", 1),
        good.replacen('.', "=.", 1),
        good.replacen('.', "..", 1),
        format!("{body}{other_bits}"),
        format!("{body}%{last}"),
        format!("{good}A"),
        body.to_owned(),
    ];
    for variant in variants {
        issued.is_no_access_token(&variant, &format!("{variant:?}")).await;
    }
    let opaque = issued.scene.app();
    let token = issued.scene.tokens(&opaque, "openid").await.access_token;
    let swapped = if token.contains('-') { token.replacen('-', "+", 1) } else { token.replacen('_', "/", 2) };
    let cut = token[..token.len() - 1].to_owned();
    let (upper, longer) = (token.to_uppercase(), format!("{token}A"));
    for variant in [swapped, cut, upper, longer, format!("{token}="), token.replacen("gr_at_", "gr_rt_", 1)] {
        assert_ne!(variant, token);
        issued.is_no_access_token(&variant, "opaque").await;
    }
    opaque.userinfo(&token).await.ok();
    issued.app.userinfo(&good).await.ok();
}

// T111, T010, T080
#[tokio::test]
async fn every_kind_of_token_serves_only_its_own_purpose() {
    let issued = Issued::with("RS256").await;
    let opaque_app = issued.scene.app();
    let opaque = issued.scene.tokens(&opaque_app, "openid offline_access").await;
    let (request, code) = issued.scene.code(&issued.browser, &issued.app, "openid").await;
    let page = issued.browser.get(&issued.app.asks("openid").with("prompt", "login").url()).await.page();
    let form = page.document.form_of("submit-login").unwrap();
    let (csrf, interaction) = (form.value("csrf").unwrap(), form.value("interaction").unwrap());

    let access = [issued.tokens.access_token.as_str(), &opaque.access_token];
    let id_token = issued.id_token();
    let refresh = [issued.tokens.refresh(), opaque.refresh()];
    for token in access {
        issued.is_no_hint(token, "access token").await;
        issued.is_no_refresh_token_or_code(token, "access token").await;
    }
    issued.is_no_access_token(id_token, "ID token").await;
    issued.is_no_refresh_token_or_code(id_token, "ID token").await;
    for token in refresh {
        issued.is_no_hint(token, "refresh token").await;
        issued.app.userinfo(token).await.is_refused("invalid_token");
        issued.app.redeems(token, &request).await.is_refused("invalid_grant");
    }
    issued.is_no_access_token(&code, "code").await;
    issued.is_no_hint(&code, "code").await;
    issued.app.refreshes(&code).await.is_refused("invalid_grant");
    let session = issued.browser.cookie(&issued.scene.server.issuer, crate::scene::SESSION_COOKIE).unwrap();
    for secret in [csrf, interaction, session.as_str()] {
        issued.is_worth_nothing(secret, "a secret of a page").await;
    }
    // What each is for still works, and a wrong use has used nothing up.
    issued.app.redeems(&code, &request).await.tokens();
    issued.app.refreshes(issued.tokens.refresh()).await.tokens();
    let again = issued.app.asks("openid").with("prompt", "none").with("id_token_hint", id_token);
    again.receives(&issued.browser.get(&again.url()).await.left());
}

/// A refresh token is not introspected as something that a resource server may accept.
// T197
#[tokio::test]
async fn introspection_tells_a_refresh_token_from_an_access_token() {
    let issued = Issued::with("RS256").await;
    let access = issued.app.introspects(&issued.tokens.access_token).await.ok().clone();
    let refresh = issued.app.introspects(issued.tokens.refresh()).await.ok().clone();
    assert_eq!(access["token_type"], "Bearer", "{access}");
    assert_eq!(refresh.get("token_type"), None, "{refresh}");
    let stranger = issued.scene.app();
    for token in [&issued.tokens.access_token, issued.tokens.refresh()] {
        assert_eq!(stranger.introspects(token).await.ok(), &json!({ "active": false }));
    }
}

// T113
#[tokio::test]
async fn a_rotated_key_verifies_what_it_signed_and_private_parts_are_never_published() {
    let before = Issued::with("PS256").await;
    let old = before.access().member("kid");
    let rotate = ["keys", "rotate", "--alg", "PS256", "--now"];
    before.scene.server.cli(&rotate).await.succeeded();
    // The new key signs once every node certainly publishes it, which takes a few seconds.
    let (mut newest, started) = (before.tokens.clone(), Instant::now());
    while Jws::of(&newest.access_token).member("kid") == old {
        assert!(started.elapsed() < Duration::from_secs(15), "the rotated key never signs");
        tokio::time::sleep(Duration::from_millis(500)).await;
        newest = before.app.refreshes(newest.refresh()).await.tokens();
    }
    before.app.userinfo(&newest.access_token).await.ok();
    before.app.userinfo(&before.tokens.access_token).await.ok();
    let hint = before.app.asks("openid").with("prompt", "none").with("id_token_hint", before.id_token());
    hint.receives(&before.browser.get(&hint.url()).await.left());

    let keys = published(before.scene).await;
    let kids: Vec<&str> = keys.iter().map(|key| key["kid"].as_str().expect("every key has a kid")).collect();
    assert!(kids.contains(&old.as_str().unwrap()), "{kids:?}");
    let distinct: std::collections::BTreeSet<_> = kids.iter().collect();
    assert_eq!(distinct.len(), kids.len(), "{kids:?}");
    for key in &keys {
        for secret in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(secret).is_none(), "{secret} is published: {}", key["kid"]);
        }
        assert_ne!(key["kty"], "oct");
        assert_eq!(key["use"], "sig");
    }
    let listed = before.scene.server.cli(&["keys", "list", "--json"]).await.succeeded().stdout;
    for secret in ["\"d\"", "\"p\"", "\"sealed\"", "PRIVATE"] {
        assert!(!listed.contains(secret), "{listed}");
    }
}

// T114
#[tokio::test]
async fn the_key_set_is_cacheable_and_its_tag_is_stable() {
    let scene = SCENE.get().await;
    scene.tokens(&scene.app(), "openid").await;
    let path = scene.server.url("/.well-known/jwks.json");
    // Other tests may add a key between two reads, never between all of them.
    for _ in 0..5 {
        let (first, second) = (Reply::get(&path).await, Reply::get(&path).await);
        assert!(first.header("cache-control").contains("max-age="), "{first:?}");
        assert!(!first.header(ETAG.as_str()).is_empty(), "{first:?}");
        if first.body != second.body {
            continue;
        }
        assert_eq!(first.header("etag"), second.header("etag"));
        let held = Reply::to(http().get(&path).header(IF_NONE_MATCH, first.header("etag"))).await;
        if held.status == 304 {
            assert!(held.body.is_empty() && held.header("etag") == first.header("etag"));
            return;
        }
    }
    panic!("the key set never was the same twice");
}
