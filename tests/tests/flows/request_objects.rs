//! Request objects (OpenID Connect Core section 6, RFC 9101; security.md T122 to T125).

use std::sync::{Arc, LazyLock};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantor_crypto::{Content, ContentEncryption, EncryptionKey, KeyManagement, Secret, encrypt_compact};
use grantor_tests::{
    Authorization, Browser, Documents, Left, SigningKey, Visit, output_path, random_text, signed_with,
    unsigned,
};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::stage::{CALLBACK, Stage, trusted_with};

const ELSEWHERE: &str = "https://evil.example/callback";
const JWT: &str = "application/oauth-authz-req+jwt";

pub(crate) fn documents() -> &'static Documents {
    static DOCUMENTS: LazyLock<Documents> = LazyLock::new(Documents::start);
    &DOCUMENTS
}

/// Configuration with which documents can be fetched from this machine.
pub(crate) fn reaching(more: &str) -> String {
    let root = output_path("request-objects-root.pem");
    documents().write_root(&root);
    format!(
        "outbound.allow_private = ['127.0.0.1/32', '::1/128']\noutbound.ca_file = '{}'\n{more}",
        root.display()
    )
}

/// A client that signs what it asks for.
struct Asking {
    stage: Stage,
    key: SigningKey,
}

impl Asking {
    async fn with(config: &str, more: Value) -> Self {
        let key = SigningKey::p256();
        let mut metadata = trusted_with(&json!({ "jwks": key.jwks() }));
        for (name, value) in more.as_object().unwrap() {
            metadata[name] = value.clone();
        }
        Self { stage: Stage::with(config, metadata).await, key }
    }

    async fn new() -> Self {
        Self::with("", json!({})).await
    }

    /// All parameters of a request, and what an object says of itself.
    fn object(&self, request: &Authorization) -> Value {
        let mut object = json!({ "iss": self.stage.app.client_id, "aud": self.stage.app.issuer });
        for (name, value) in &request.parameters {
            object[name] = json!(value);
        }
        object
    }

    fn object_with(&self, request: &Authorization, name: &str, value: Value) -> Value {
        let mut object = self.object(request);
        object[name] = value;
        object
    }

    async fn visits(&self, request: &Authorization) -> Visit {
        self.stage.visits(request).await
    }

    /// Asserts that an object goes through to a code at the registered address.
    async fn is_granted(&self, request: &Authorization, token: &str, why: &str) -> Left {
        let left = self.stage.authorizes(&beside(request, ("request", token))).await;
        assert!(left.get("code").is_some() && left.to.as_str().starts_with(CALLBACK), "{why}: {left}");
        left
    }

    /// Asserts that an object is refused: at the registered address when that is beside it, and on our page otherwise.
    async fn is_refused(&self, token: &str, error: &str, why: &str) {
        let sent = beside(&self.stage.app.asks("openid"), ("request", token));
        let left = self.visits(&sent).await.left();
        assert!(left.get("error") == Some(error) && left.to.as_str().starts_with(CALLBACK), "{why}: {left}");
        assert_eq!(left.get("state"), Some(sent.state.as_str()), "{why}: {left}");
        self.visits(&sent.with("redirect_uri", ELSEWHERE)).await.page().is_error_page(error);
    }
}

/// What a client sends in the query beside an object.
fn beside(request: &Authorization, carried: (&str, &str)) -> Authorization {
    let mut sent = request.clone();
    let outside = ["client_id", "response_type", "scope", "redirect_uri", "state"];
    sent.parameters.retain(|(name, _)| outside.contains(&name.as_str()));
    sent.with(carried.0, carried.1)
}

// OpenID Connect Core section 6.1
#[tokio::test]
async fn in_openid_connect_the_object_supersedes_and_the_query_fills_up() {
    let asking = Asking::new().await;
    let request = asking.stage.app.asks("openid");
    let mut object = asking.object_with(&request, "state", json!("from the object"));
    object.as_object_mut().unwrap().remove("scope");
    let left = asking.is_granted(&request, &asking.key.signs(&object), "signed").await;
    assert_eq!(left.get("state"), Some("from the object"), "{left}");
    let code = left.code();
    let tokens = asking.stage.app.redeems(&code, &request).await.tokens();
    let id_token = crate::stage::jws_part(&tokens.id_token.unwrap(), 1);
    assert_eq!(id_token["nonce"], json!(request.nonce), "the nonce stood in the object alone");

    object.as_object_mut().unwrap().remove("state");
    let left = asking.is_granted(&request, &asking.key.signs(&object), "state beside").await;
    assert_eq!(left.get("state"), Some(request.state.as_str()), "{left}");
}

// RFC 9101 section 6.3, T123
#[tokio::test]
async fn t123_of_an_object_of_rfc_9101_only_what_is_inside_counts() {
    let asking = Asking::new().await;
    let request = asking.stage.app.asks("openid");
    let kid = asking.key.jwk()["kid"].clone();
    let sign = |object: &Value| {
        asking.key.signs_with(json!({ "alg": "ES256", "kid": kid, "typ": "oauth-authz-req+jwt" }), object)
    };
    let complete = asking.object_with(&request, "exp", json!(asking.stage.server.now().seconds() + 60));
    let mut object = complete.clone();
    object.as_object_mut().unwrap().remove("state");
    let left = asking.is_granted(&request, &sign(&object), "state is only beside").await;
    assert_eq!(left.get("state"), None, "{left}");

    let alone = {
        let mut alone = beside(&request, ("request", &sign(&object)));
        alone.parameters.retain(|(name, _)| matches!(name.as_str(), "client_id" | "request"));
        alone
    };
    asking.stage.authorizes(&alone).await.code();

    for missing in ["redirect_uri", "response_type", "client_id"] {
        let mut object = complete.clone();
        object.as_object_mut().unwrap().remove(missing);
        let sent = beside(&request, ("request", &sign(&object)));
        match asking.visits(&sent).await {
            Visit::Left(left) => assert!(left.get("error").is_some() && left.get("code").is_none(), "{left}"),
            Visit::Page(page) => assert_eq!(page.status, 400, "{page}"),
        }
    }
}

// RFC 9101 section 10.5, T123: whoever alters the URL decides nothing, whatever they write there.
#[tokio::test]
async fn t123_of_a_client_that_always_signs_nothing_beside_the_object_counts() {
    let asking = Asking::with("", json!({ "require_signed_request_object": true })).await;
    let request = asking.stage.app.asks("openid");
    let mut object = asking.object_with(&request, "exp", json!(asking.stage.server.now().seconds() + 60));
    for outside in ["state", "nonce"] {
        object.as_object_mut().unwrap().remove(outside);
    }
    let sent = beside(&request, ("request", &asking.key.signs(&object)))
        .with("scope", "openid")
        .with("state", "evil")
        .with("nonce", "evil");
    let left = asking.stage.authorizes(&sent).await;
    assert_eq!((left.get("state"), left.get("code").is_some()), (None, true), "{left}");
    let tokens = asking.stage.app.redeems(left.get("code").unwrap(), &request).await.tokens();
    let id_token = crate::stage::jws_part(&tokens.id_token.unwrap(), 1);
    assert_eq!(id_token.get("nonce"), None, "{id_token}");
}

// T122: an object of RFC 9101 says for whom and until when it is; one of OpenID Connect may leave that open.
#[tokio::test]
async fn t122_an_object_of_rfc_9101_without_end_or_audience_is_refused() {
    let asking = Asking::new().await;
    let request = asking.stage.app.asks("openid");
    let kid = asking.key.jwk()["kid"].clone();
    let object = asking.object_with(&request, "exp", json!(asking.stage.server.now().seconds() + 60));
    for missing in ["exp", "aud"] {
        let mut object = object.clone();
        object.as_object_mut().unwrap().remove(missing);
        let header = json!({ "alg": "ES256", "kid": kid, "typ": "oauth-authz-req+jwt" });
        let token = asking.key.signs_with(header, &object);
        asking.is_refused(&token, "invalid_request_object", missing).await;
        asking.is_granted(&request, &asking.key.signs(&object), "of OpenID Connect").await;
    }
    // Without openid in the query the request is one of plain OAuth.
    let plain = asking.stage.app.asks("offline_access");
    let left =
        asking.visits(&beside(&plain, ("request", &asking.key.signs(&asking.object(&plain))))).await.left();
    assert_eq!(left.get("error"), Some("invalid_request_object"), "{left}");
}

// conformance.md 3.1 oidcc-ensure-request-object-with-redirect-uri
#[tokio::test]
async fn the_address_in_the_object_wins_over_one_that_nobody_registered() {
    let asking = Asking::with("clients.allow_unsigned = true", json!({})).await;
    let request = asking.stage.app.asks("openid");
    let object = asking.object(&request);
    for token in [asking.key.signs(&object), unsigned(&object)] {
        let sent = beside(&request, ("request", &token)).with("redirect_uri", ELSEWHERE);
        let left = asking.stage.authorizes(&sent).await;
        assert!(left.to.as_str().starts_with(CALLBACK) && left.get("code").is_some(), "{left}");
    }
    let evil = asking.object_with(&request, "redirect_uri", json!(ELSEWHERE));
    let sent = beside(&request, ("request", &asking.key.signs(&evil)));
    asking.visits(&sent).await.page().is_error_page("invalid_request");
}

// OpenID Connect Core section 6.1, Registration section 2
#[tokio::test]
async fn unsigned_objects_are_for_operators_and_clients_that_allow_them() {
    let unsure = Asking::new().await;
    let request = unsure.stage.app.asks("openid");
    unsure.is_refused(&unsigned(&unsure.object(&request)), "request_not_supported", "not allowed").await;

    let allowing = Asking::with("clients.allow_unsigned = true", json!({})).await;
    let request = allowing.stage.app.asks("openid");
    allowing.is_granted(&request, &unsigned(&allowing.object(&request)), "no algorithm registered").await;
    let token = unsigned(&allowing.object(&request));
    allowing.is_refused(&format!("{token}AAAA"), "invalid_request_object", "none with a signature").await;

    let none =
        Asking::with("clients.allow_unsigned = true", json!({ "request_object_signing_alg": "none" })).await;
    let request = none.stage.app.asks("openid");
    none.is_granted(&request, &unsigned(&none.object(&request)), "none registered").await;
    none.is_refused(&none.key.signs(&none.object(&request)), "invalid_request_object", "signed").await;

    let signing =
        Asking::with("clients.allow_unsigned = true", json!({ "request_object_signing_alg": "ES256" })).await;
    let request = signing.stage.app.asks("openid");
    signing.is_granted(&request, &signing.key.signs(&signing.object(&request)), "as registered").await;
    signing.is_refused(&unsigned(&signing.object(&request)), "invalid_request_object", "unsigned").await;
}

// RFC 9101 section 10.5
#[tokio::test]
async fn a_client_that_always_signs_what_it_asks_for_is_refused_without_a_signature() {
    let config = "clients.allow_unsigned = true";
    let careful = Asking::with(config, json!({ "require_signed_request_object": true })).await;
    let request = careful.stage.app.asks("openid");
    let object = careful.object_with(&request, "exp", json!(careful.stage.server.now().seconds() + 60));
    careful.is_granted(&request, &careful.key.signs(&object), "signed").await;
    careful.stage.authorizes(&request).await.is_refused("invalid_request");
    careful.is_refused(&unsigned(&careful.object(&request)), "invalid_request_object", "unsigned").await;
}

#[tokio::test]
async fn a_client_may_authenticate_its_objects_with_its_secret_when_it_is_registered_so() {
    let shared = Asking::with("", json!({ "request_object_signing_alg": "HS256" })).await;
    let request = shared.stage.app.asks("openid");
    let secret = shared.stage.client.secret.clone().unwrap();
    shared.is_granted(&request, &signed_with(&secret, &shared.object(&request)), "its secret").await;
    let other = random_text();
    shared
        .is_refused(&signed_with(&other, &shared.object(&request)), "invalid_request_object", "another")
        .await;

    let asking = Asking::new().await;
    let request = asking.stage.app.asks("openid");
    let secret = asking.stage.client.secret.clone().unwrap();
    let token = signed_with(&secret, &asking.object(&request));
    asking.is_refused(&token, "invalid_request_object", "HS256 is not registered").await;
}

// T122, T111
#[tokio::test]
async fn t122_objects_of_others_for_others_or_of_another_time_are_refused() {
    let asking = Asking::new().await;
    let request = asking.stage.app.asks("openid");
    let now = asking.stage.server.now().seconds();
    for (name, value) in [
        ("iss", json!("another")),
        ("aud", json!("https://other.example")),
        ("aud", json!(7)),
        ("sub", json!(asking.stage.app.client_id)),
        ("client_id", json!("another")),
        ("exp", json!(now - 60)),
        ("exp", json!(now + 3700)),
        ("exp", json!("later")),
        ("nbf", json!(now + 61)),
        ("nbf", json!(now - 3700)),
        ("iat", json!(now + 61)),
        ("response_type", json!("id_token")),
        ("request", json!("a.b.c")),
        ("request_uri", json!("https://app.example/object")),
    ] {
        let object = asking.object_with(&request, name, value.clone());
        asking
            .is_refused(&asking.key.signs(&object), "invalid_request_object", &format!("{name} {value}"))
            .await;
    }
    for (name, value) in
        [("aud", json!(["x", asking.stage.app.issuer])), ("nbf", json!(now + 8)), ("exp", json!(now + 3000))]
    {
        let object = asking.object_with(&request, name, value);
        asking.is_granted(&request, &asking.key.signs(&object), name).await;
    }
    let object = asking.object(&request);
    let kid = asking.key.jwk()["kid"].clone();
    let other = SigningKey::p256();
    for token in [
        other.signs(&object),
        other.signs_with(json!({ "alg": "ES256", "kid": kid }), &object),
        other.signs_with(json!({ "alg": "ES256", "kid": kid, "jwk": other.jwk() }), &object),
        asking
            .key
            .signs_with(json!({ "alg": "ES256", "kid": kid, "typ": "client-authentication+jwt" }), &object),
        asking.key.signs_with(json!({ "alg": "ES256", "kid": kid, "typ": "at+jwt" }), &object),
        asking.key.signs_with(json!({ "alg": "RS256", "kid": kid }), &object),
        signed_with(&asking.key.jwk().to_string(), &object),
        "a.b.c".to_owned(),
        "x".to_owned(),
    ] {
        asking.is_refused(&token, "invalid_request_object", &token).await;
    }
    let both =
        beside(&request, ("request", &asking.key.signs(&object))).with("request_uri", "https://a.example");
    asking.visits(&both).await.left().is_refused("invalid_request");
}

// T124
#[tokio::test]
async fn t124_an_object_with_an_id_counts_once_on_all_nodes() {
    let asking = Asking::new().await;
    let request = asking.stage.app.asks("openid");
    let token = asking.key.signs(&asking.object_with(&request, "jti", json!(random_text())));
    asking.is_granted(&request, &token, "first").await;
    let again = beside(&request, ("request", &token));
    asking.visits(&again).await.left().is_refused("invalid_request_object");
    let beside_it = asking.stage.server.beside("").await;
    let there = again.url().replace(&asking.stage.server.origin(), &beside_it.origin());
    Browser::new().get(&there).await.left().is_refused("invalid_request_object");
    let without = asking.key.signs(&asking.object(&request));
    asking.is_granted(&request, &without, "an object without an id").await;
    asking.is_granted(&request, &without, "counts as often as the plain request").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t124_of_many_uses_at_once_one_wins() {
    let asking = Asking::new().await;
    let request = asking.stage.app.asks("openid").with("prompt", "none");
    let token = asking.key.signs(&asking.object_with(&request, "jti", json!(random_text())));
    let url = beside(&request, ("request", &token)).url();
    let start = Arc::new(Barrier::new(16));
    let mut visits = JoinSet::new();
    for _ in 0..16 {
        let (url, start) = (url.clone(), Arc::clone(&start));
        visits.spawn(async move {
            let browser = Browser::new();
            start.wait().await;
            browser.get(&url).await.left().get("error").map(str::to_owned)
        });
    }
    let errors = visits.join_all().await;
    let first = errors.iter().filter(|error| error.as_deref() == Some("login_required")).count();
    let replays = errors.iter().filter(|error| error.as_deref() == Some("invalid_request_object")).count();
    assert_eq!((first, replays), (1, 15), "{errors:?}");
}

// OpenID Connect Core section 6.2
#[tokio::test]
async fn a_registered_reference_is_fetched_and_its_fragment_tells_versions_apart() {
    let path = format!("/{}", random_text());
    let address = documents().publish(&path, JWT, "");
    let registered = format!("{address}#{}", random_text());
    let asking = Asking::with(&reaching(""), json!({ "request_uris": [registered] })).await;
    let request = asking.stage.app.asks("openid");
    let token = asking.key.signs(&asking.object_with(&request, "state", json!("one")));
    documents().publish(&path, JWT, &token);
    let left = asking.stage.authorizes(&beside(&request, ("request_uri", &registered))).await;
    assert_eq!((left.get("state"), left.get("code").is_some()), (Some("one"), true), "{left}");

    let second = asking.key.signs(&asking.object_with(&request, "state", json!("two")));
    documents().publish(&path, JWT, &second);
    let hash = |text: &str| URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()));
    let newer = format!("{address}#{}", hash(&second));
    // It is asked for again then, and nobody can have its host asked more than once in ten seconds (T143).
    let before = documents().reads(&path);
    for version in [hash("1"), hash("2"), hash(&second), random_text()] {
        let uri = format!("{address}#{version}");
        drop(asking.visits(&beside(&request, ("request_uri", &uri))).await);
    }
    assert_eq!(documents().reads(&path), before);
    asking.stage.server.advance(10);
    let left = asking.stage.authorizes(&beside(&request, ("request_uri", &newer))).await;
    assert_eq!(left.get("state"), Some("two"), "{left}");
    let other = format!("{address}#{}", hash("another"));
    let left = asking.visits(&beside(&request, ("request_uri", &other))).await.left();
    left.is_refused("invalid_request_uri");
}

// T125, conformance.md 3.1
#[tokio::test]
async fn t125_references_that_lead_nowhere_good_are_refused() {
    let paths: Vec<String> = (0..4).map(|_| format!("/{}", random_text())).collect();
    let publish = |number: usize, kind, body: &str| documents().publish(&paths[number], kind, body);
    let registered =
        [publish(0, "text/html", ""), publish(1, JWT, &"x".repeat(100_000)), publish(2, JWT, "not a JWT")];
    let elsewhere = publish(3, JWT, "");
    let missing = elsewhere.replace(&paths[3], "/missing");
    let more = json!({ "request_uris": [registered[0], registered[1], registered[2], missing] });
    let asking = Asking::with(&reaching(""), more).await;
    let request = asking.stage.app.asks("openid");
    let token = asking.key.signs(&asking.object(&request));
    publish(0, "text/html", &token);
    publish(3, JWT, &token);
    let long = format!("{elsewhere}?{}", "a".repeat(512));
    for (uri, error) in [
        (registered[0].as_str(), "invalid_request_uri"),
        (&registered[1], "invalid_request_uri"),
        (&registered[2], "invalid_request_object"),
        (&missing, "invalid_request_uri"),
        (&elsewhere, "invalid_request_uri"),
        (&long, "invalid_request_uri"),
        ("urn:ietf:params:oauth:request_uri:abc", "invalid_request_uri"),
        ("http://127.0.0.1/object", "invalid_request_uri"),
        ("file:///etc/passwd", "invalid_request_uri"),
    ] {
        let sent = beside(&request, ("request_uri", uri));
        let left = asking.visits(&sent).await.left();
        assert_eq!(left.get("error"), Some(error), "{uri}: {left}");
        asking.visits(&sent.with("redirect_uri", ELSEWHERE)).await.page().is_error_page(error);
    }
    assert_eq!(documents().reads(&paths[3]), 0, "what is not registered is not fetched");
}

#[tokio::test]
async fn any_https_reference_will_do_where_the_operator_says_so() {
    let path = format!("/{}", random_text());
    let address = documents().publish(&path, JWT, "");
    let asking = Asking::with(&reaching("clients.require_request_uri_registration = false"), json!({})).await;
    let request = asking.stage.app.asks("openid");
    documents().publish(&path, JWT, &asking.key.signs(&asking.object(&request)));
    asking.stage.authorizes(&beside(&request, ("request_uri", &address))).await.code();
    let plain = address.replace("https://", "http://");
    asking.visits(&beside(&request, ("request_uri", &plain))).await.left().is_refused("invalid_request_uri");
    let document = asking.stage.app.reads("/.well-known/openid-configuration").await;
    assert_eq!(document.ok()["require_request_uri_registration"], false);
}

// OpenID Connect Core section 10.2, RFC 7519 section 5.2
#[tokio::test]
async fn an_object_may_be_encrypted_for_the_servers_key_as_its_client_is_registered() {
    let enc =
        json!({ "request_object_encryption_alg": "ECDH-ES", "request_object_encryption_enc": "A128GCM" });
    let asking = Asking::with("clients.allow_unsigned = true", enc).await;
    let (server, request) = (&asking.stage.server, asking.stage.app.asks("openid"));
    let metadata = server.client_row(&asking.stage.app.client_id).await.metadata;
    let other = grantor_protocol::ClientMetadata {
        request_object_encryption_alg: Some(grantor_protocol::KeyManagementAlgorithm::RsaOaep256),
        ..metadata.clone()
    };
    for metadata in [metadata, other] {
        server.app.keys.make_keys_for(&metadata, server.app.clock.now_ms()).await.unwrap();
    }
    let jwks = asking.stage.app.reads("/.well-known/jwks.json").await.ok().clone();
    let key = |algorithm: KeyManagement| {
        let keys = jwks["keys"].as_array().unwrap();
        let key = keys.iter().find(|key| key["alg"] == algorithm.name()).unwrap();
        EncryptionKey::from_jwk(key, algorithm).unwrap()
    };
    let encrypt = |algorithm, encryption, content: &str| {
        encrypt_compact(&key(algorithm), encryption, Content::NestedJwt, content).unwrap()
    };
    let (ours, enc) = (KeyManagement::EcdhEs, ContentEncryption::A128Gcm);
    let object = asking.object(&request);
    let signed = asking.key.signs(&object);
    asking.is_granted(&request, &encrypt(ours, enc, &signed), "signed, then encrypted").await;

    let refused = "invalid_request_object";
    asking.is_refused(&encrypt(ours, ContentEncryption::A256Gcm, &signed), refused, "another enc").await;
    asking.is_refused(&encrypt(KeyManagement::RsaOaep256, enc, &signed), refused, "another alg").await;
    // T109: what is encrypted has to prove itself all the same.
    asking.is_refused(&encrypt(ours, enc, &SigningKey::p256().signs(&object)), refused, "another's").await;
    asking.is_refused(&encrypt(ours, enc, &object.to_string()), refused, "bare claims").await;
    asking.is_refused(&encrypt(ours, enc, &encrypt(ours, enc, &signed)), refused, "twice").await;
    let damaged = encrypt(ours, enc, &signed).replacen("..", ".AAAA.", 1);
    asking.is_refused(&damaged, refused, "damaged").await;
}

#[tokio::test]
async fn t109_an_unsigned_object_is_no_better_for_being_encrypted() {
    let enc =
        json!({ "request_object_encryption_alg": "dir", "request_object_encryption_enc": "A128CBC-HS256" });
    let asking = Asking::with("", enc).await;
    let request = asking.stage.app.asks("openid");
    let secret = Secret::from(asking.stage.client.secret.clone().unwrap());
    let encrypt = |secret: &Secret, content: &str| {
        let (key, enc) = (EncryptionKey::from_secret(secret).unwrap(), ContentEncryption::A128CbcHs256);
        encrypt_compact(&key, enc, Content::NestedJwt, content).unwrap()
    };
    let object = asking.object(&request);
    asking.is_granted(&request, &encrypt(&secret, &asking.key.signs(&object)), "signed").await;
    asking.is_refused(&encrypt(&secret, &unsigned(&object)), "request_not_supported", "unsigned").await;
    let other = Secret::from(random_text());
    let token = encrypt(&other, &asking.key.signs(&object));
    asking.is_refused(&token, "invalid_request_object", "another secret").await;
}
