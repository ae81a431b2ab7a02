//! Encrypted ID tokens and userinfo answers (OpenID Connect Core sections 2, 5.3.2, 10.2), decrypted by implementations that
//! others wrote.

use grantor_crypto::{ContentEncryption, KeyManagement};
use grantor_tests::{Client, Documents, JosePeer, RelyingParty, Tokens};
use serde_json::{Value, json};

use crate::stage::{Stage, trusted, trusted_with};

const SCOPE: &str = "openid email offline_access";

/// The private keys of a relying party: RSA, P-256 and X25519.
struct Keys {
    private: Vec<Value>,
}

impl Keys {
    fn generated() -> Self {
        let jobs = [("RSA-OAEP-256", None), ("ECDH-ES", Some("P-256")), ("ECDH-ES", Some("X25519"))];
        let job = |(alg, crv): (&str, Option<&str>)| match crv {
            Some(crv) => json!({ "operation": "generate", "alg": alg, "crv": crv }),
            None => json!({ "operation": "generate", "alg": alg }),
        };
        Self { private: JosePeer::Node.does(&jobs.map(job)) }
    }

    fn public(&self, index: usize) -> Value {
        let mut public = json!({ "kid": format!("key {index}"), "use": "enc" });
        for member in ["kty", "n", "e", "crv", "x", "y"] {
            if let Some(value) = self.private[index].get(member) {
                public[member] = value.clone();
            }
        }
        public
    }
}

/// Every way to encrypt for a client: `alg`, and the index of the key for it.
fn ways() -> Vec<(&'static str, Option<usize>)> {
    let mut ways = vec![("dir", None)];
    for algorithm in KeyManagement::ALL {
        match algorithm {
            KeyManagement::RsaOaep256 => ways.push((algorithm.name(), Some(0))),
            _ => ways.extend([1, 2].map(|index| (algorithm.name(), Some(index)))),
        }
    }
    ways
}

/// Tokens for this client.
async fn tokens(stage: &Stage, client: &Client) -> (RelyingParty, Tokens) {
    let party = stage.server.party(client);
    let request = party.asks(SCOPE).with("nonce", "n-1");
    let code = request.receives(&stage.authorizes(&request).await);
    let tokens = party.redeems(&code, &request).await.tokens();
    (party, tokens)
}

fn decrypting(token: &str, alg: &str, enc: &str, jwk: Option<&Value>, client: &Client) -> Value {
    json!({
        "operation": "decrypt", "alg": alg, "enc": enc, "token": token, "jwk": jwk, "secret": client.secret,
    })
}

fn verifying(token: &Value, alg: &str, jwk: &Value, client: &Client) -> Value {
    json!({ "operation": "verify", "alg": alg, "token": token, "jwk": jwk, "secret": client.secret })
}

async fn signing_key(stage: &Stage) -> Value {
    stage.app.reads("/.well-known/jwks.json").await.ok()["keys"][0].clone()
}

async fn every_form_is_read_by(
    peer: JosePeer,
    member: &str,
    reads: impl AsyncFn(&RelyingParty, &Tokens) -> String,
) {
    let (stage, keys) = (Stage::new().await, Keys::generated());
    let mut asked = Vec::new();
    let mut clients = Vec::new();
    for (alg, index) in ways() {
        for encryption in ContentEncryption::ALL {
            let enc = encryption.name();
            let mut metadata = trusted_with(&json!({ "userinfo_signed_response_alg": "RS256" }));
            metadata[format!("{member}_encrypted_response_alg")] = json!(alg);
            metadata[format!("{member}_encrypted_response_enc")] = json!(enc);
            if let Some(index) = index {
                metadata["jwks"] = json!({ "keys": [keys.public(index)] });
            }
            let client = stage.server.create_client(metadata).await;
            let (party, tokens) = tokens(&stage, &client).await;
            let token = reads(&party, &tokens).await;
            asked.push(decrypting(&token, alg, enc, index.map(|index| &keys.private[index]), &client));
            clients.push((client, index));
        }
    }
    let decrypted = peer.does(&asked);
    let key = signing_key(&stage).await;
    let inner = decrypted
        .iter()
        .zip(&clients)
        .map(|(read, (client, _))| verifying(&read["plain"], "RS256", &key, client));
    let inner: Vec<_> = inner.collect();
    for (((outer, read), job), (client, index)) in
        decrypted.iter().zip(peer.does(&inner)).zip(&asked).zip(&clients)
    {
        assert_eq!((&outer["header"]["alg"], &outer["header"]["enc"]), (&job["alg"], &job["enc"]));
        assert_eq!(outer["header"]["cty"], "JWT", "RFC 7519 section 5.2");
        assert_eq!(outer["header"].get("kid"), index.map(|index| json!(format!("key {index}"))).as_ref());
        let claims = &read["claims"];
        assert_eq!(claims["sub"], stage.alice.subject.as_str(), "{job}");
        assert_eq!(
            (&claims["iss"], &claims["aud"]),
            (&json!(stage.server.issuer), &json!(client.id)),
            "{job}"
        );
    }
}

#[tokio::test]
async fn every_encrypted_id_token_is_read_by_another_implementation() {
    let id_token = async |_: &RelyingParty, tokens: &Tokens| tokens.id_token.clone().unwrap();
    every_form_is_read_by(JosePeer::Node, "id_token", id_token).await;
}

#[tokio::test]
async fn every_encrypted_userinfo_answer_is_read_by_another_implementation() {
    let userinfo = async |party: &RelyingParty, tokens: &Tokens| {
        let answer = party.userinfo(&tokens.access_token).await;
        answer.ok();
        assert_eq!(answer.header("content-type"), Some("application/jwt"));
        answer.text
    };
    every_form_is_read_by(JosePeer::Python, "userinfo", userinfo).await;
}

/// OpenID Connect Registration section 2: without `enc` it is A128CBC-HS256; whatever signs, it is inside.
#[tokio::test]
async fn what_is_inside_is_signed_as_registered() {
    let (stage, keys) = (Stage::with("clients.allow_unsigned = true", trusted()).await, Keys::generated());
    for signing in ["HS256", "none", "ES256"] {
        let client = stage.server.create_client(trusted_with(&json!({
            "id_token_signed_response_alg": signing, "id_token_encrypted_response_alg": "ECDH-ES+A256KW",
            "jwks": { "keys": [keys.public(0), keys.public(1)] },
        })));
        let client = client.await;
        let (party, tokens) = tokens(&stage, &client).await;
        let refreshed = party.refreshes(tokens.refresh()).await.tokens();
        let jwks = stage.app.reads("/.well-known/jwks.json").await;
        let all = jwks.ok()["keys"].as_array().unwrap();
        let key = all.iter().find(|key| key["alg"] == signing).cloned().unwrap_or_default();
        for token in [&tokens, &refreshed].map(|tokens| tokens.id_token.as_deref().unwrap()) {
            let job = decrypting(token, "ECDH-ES+A256KW", "A128CBC-HS256", Some(&keys.private[1]), &client);
            let outer = JosePeer::Node.does(&[job]).remove(0);
            let read = JosePeer::Node.does(&[verifying(&outer["plain"], signing, &key, &client)]).remove(0);
            assert_eq!(read["header"]["alg"], signing);
            assert_eq!(read["claims"]["sub"], stage.alice.subject.as_str());
        }
    }
}

/// OpenID Connect Core section 5.3.2: encrypted alone, it holds the claims and no JWT.
#[tokio::test]
async fn a_userinfo_answer_may_be_encrypted_without_a_signature() {
    let (stage, keys) = (Stage::new().await, Keys::generated());
    let client = stage.server.create_client(trusted_with(&json!({
        "userinfo_encrypted_response_alg": "RSA-OAEP-256", "userinfo_encrypted_response_enc": "A256GCM",
        "jwks": { "keys": [keys.public(0)] },
    })));
    let client = client.await;
    let (party, tokens) = tokens(&stage, &client).await;
    let answer = party.userinfo(&tokens.access_token).await;
    answer.ok();
    assert_eq!(answer.header("content-type"), Some("application/jwt"));
    for peer in JosePeer::ALL {
        let job = decrypting(&answer.text, "RSA-OAEP-256", "A256GCM", Some(&keys.private[0]), &client);
        let read = peer.does(&[job]).remove(0);
        assert_eq!(read["header"].get("cty"), None);
        let claims: Value = serde_json::from_str(read["plain"].as_str().unwrap()).unwrap();
        assert_eq!(
            (&claims["sub"], &claims["email"]),
            (&json!(stage.alice.subject), &json!("alice@example.com"))
        );
        assert_eq!((claims.get("iss"), claims.get("aud")), (None, None));
    }
}

/// A key that cannot be used is found out before anything is used up, and the client hears which member is wrong.
#[tokio::test]
async fn without_a_usable_key_the_code_and_the_refresh_token_stay_good() {
    let (stage, keys) = (Stage::new().await, Keys::generated());
    let client = stage.server.create_client(trusted_with(&json!({
        "id_token_encrypted_response_alg": "RSA-OAEP-256", "jwks": { "keys": [keys.public(0)] },
    })));
    let client = client.await;
    let (party, tokens) = tokens(&stage, &client).await;
    let request = party.asks(SCOPE);
    let code = request.receives(&stage.authorizes(&request).await);
    for jwks in [json!([keys.public(1)]), json!([]), json!([{ "kty": "RSA", "n": "AQAB", "e": "AQAB" }])] {
        stage
            .server
            .update_client(&client.id, |metadata| metadata.jwks = Some(json!({ "keys": jwks })))
            .await;
        stage.server.advance(2);
        for refused in [party.redeems(&code, &request).await, party.refreshes(tokens.refresh()).await] {
            refused.is_refused("invalid_request");
            let description = refused.json["error_description"].as_str().unwrap();
            assert!(description.contains("id_token_encrypted_response_alg"), "{refused}");
        }
    }
    let jwks = json!({ "keys": [keys.public(0)] });
    stage.server.update_client(&client.id, |metadata| metadata.jwks = Some(jwks)).await;
    stage.server.advance(2);
    party.redeems(&code, &request).await.tokens();
    party.refreshes(tokens.refresh()).await.tokens();
}

/// OpenID Connect Core section 10.2.1: keys that the client publishes, and those it publishes next.
#[tokio::test]
async fn the_keys_of_jwks_uri_are_used_and_looked_for_again() {
    let (documents, folder) = (Documents::start(), tempfile::tempdir().unwrap());
    let root = folder.path().join("root.pem");
    documents.write_root(&root);
    let config = format!(
        "outbound = {{ allow_private = ['127.0.0.0/8', '::1/128'], ca_file = '{}' }}",
        root.display()
    );
    let (stage, keys) = (Stage::with(&config, trusted()).await, Keys::generated());
    let publish = |index| {
        let jwks = json!({ "keys": [keys.public(index)] }).to_string();
        documents.publish("/jwks", "application/json", &jwks)
    };
    let client = stage.server.create_client(trusted_with(&json!({
        "id_token_encrypted_response_alg": "ECDH-ES", "jwks_uri": publish(1),
    })));
    let client = client.await;
    let decrypted = async |tokens: &Tokens, index: usize| {
        let token = tokens.id_token.as_deref().unwrap();
        let job = decrypting(token, "ECDH-ES", "A128CBC-HS256", Some(&keys.private[index]), &client);
        JosePeer::Python.does(&[job]).remove(0)["header"]["kid"].clone()
    };
    let (party, first) = tokens(&stage, &client).await;
    assert_eq!(decrypted(&first, 1).await, "key 1");
    let second = party.refreshes(first.refresh()).await.tokens();
    assert_eq!(documents.reads("/jwks"), 1, "kept as HTTP says");
    publish(2);
    stage.server.advance(86_400);
    let third = party.refreshes(second.refresh()).await.tokens();
    assert_eq!(decrypted(&third, 2).await, "key 2");
    // None for the algorithm any more: asked for again, then refused, and the refresh token stays good.
    publish(0);
    stage.server.advance(86_400);
    party.refreshes(third.refresh()).await.is_refused("invalid_request");
    publish(1);
    stage.server.advance(11);
    let last = party.refreshes(third.refresh()).await.tokens();
    assert_eq!(decrypted(&last, 1).await, "key 1");
}

/// T109, CVE-2023-51774: what is encrypted is not what is signed, wherever it is presented.
#[tokio::test]
async fn an_encrypted_token_is_taken_for_no_other() {
    let stage = Stage::new().await;
    let client =
        stage.server.create_client(trusted_with(&json!({ "id_token_encrypted_response_alg": "dir" }))).await;
    let (party, tokens) = tokens(&stage, &client).await;
    let token = tokens.id_token.as_deref().unwrap();
    assert_eq!(token.split('.').count(), 5);
    party.userinfo(token).await.is_refused("invalid_token");
    assert_eq!(party.introspects(token).await.ok(), &json!({ "active": false }));
    party.refreshes(token).await.is_refused("invalid_grant");
    let request = party.asks(SCOPE).with("prompt", "none").with("id_token_hint", token);
    stage.visits(&request).await.left().is_refused("invalid_request");
}

/// OpenID Connect Discovery section 3.
#[tokio::test]
async fn discovery_names_what_can_be_registered() {
    let stage = Stage::new().await;
    let document = stage.app.reads("/.well-known/openid-configuration").await;
    let expected_alg =
        json!(["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW", "dir"]);
    let expected_enc =
        json!(["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"]);
    for kind in ["id_token", "userinfo"] {
        let member = |list: &str| &document.ok()[format!("{kind}_encryption_{list}_values_supported")];
        assert_eq!((member("alg"), member("enc")), (&expected_alg, &expected_enc));
    }
}
