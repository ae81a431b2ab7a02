//! Client assertions (RFC 7523 sections 2.2 and 3, OpenID Connect Core section 9; security.md 1.4 and 1.7).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantor_tests::{
    Answer, Engine, InProcess, RelyingParty, SigningKey, random_text, signed_with, unsigned,
};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::request_objects::{documents, reaching};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client that authenticates with assertions and nothing else.
struct Machine {
    server: InProcess,
    party: RelyingParty,
    key: SigningKey,
}

impl Machine {
    async fn with(engine: Engine, method: &str, more: Value) -> Self {
        let server = InProcess::start(engine, "").await;
        let key = SigningKey::p256();
        let party = server.party(&server.create_client(metadata(method, &key, &more)).await);
        Self { server, party, key }
    }

    async fn new() -> Self {
        Self::with(Engine::Sqlite, "private_key_jwt", json!({})).await
    }

    /// The claims of a good assertion, its own each time.
    fn claims(&self) -> Value {
        assertion_claims(&self.party, self.server.now().seconds())
    }

    fn claims_with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[name] = value;
        claims
    }

    async fn token(&self, assertion: &str) -> Answer {
        token_at(&self.party, assertion).await
    }

    /// Asserts that these claims, signed well, authenticate the client.
    async fn is_let_in(&self, claims: Value, why: &str) {
        let answer = self.token(&self.key.signs(&claims)).await;
        assert_eq!(answer.status, 200, "{why}\n{answer}");
    }

    /// Asserts that the client is refused, in the same words for whatever is wrong.
    async fn is_refused(&self, assertion: &str, why: &str) {
        let answer = self.token(assertion).await;
        assert_eq!((answer.status, answer.error()), (401, Some("invalid_client")), "{why}\n{answer}");
        let unknown = token_at(&self.party, &self.key.signs(&self.claims_with("sub", json!("nobody")))).await;
        assert_eq!(answer.json["error_description"], unknown.json["error_description"], "{why}");
    }
}

/// The claims of a good assertion of this client.
pub(crate) fn assertion_claims(party: &RelyingParty, now: i64) -> Value {
    json!({
        "iss": party.client_id, "sub": party.client_id, "aud": party.issuer,
        "iat": now, "exp": now + 60, "jti": random_text(),
    })
}

/// What a client is registered with that authenticates by this method.
pub(crate) fn metadata(method: &str, key: &SigningKey, more: &Value) -> Value {
    let mut metadata = json!({
        "redirect_uris": [], "response_types": [], "grant_types": ["client_credentials"], "scope": "api",
        "token_endpoint_auth_method": method, "jwks": key.jwks(),
    });
    for (name, value) in more.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    metadata
}

/// Asks for the client's own token with this assertion alone.
pub(crate) async fn token_at(party: &RelyingParty, assertion: &str) -> Answer {
    let form = [("grant_type", "client_credentials"), ("client_assertion_type", TYPE)];
    party.token(&[&form[..], &[("client_assertion", assertion)]].concat()).await
}

// RFC 7521 section 4.2, OpenID Connect Core section 9
#[tokio::test]
async fn both_methods_authenticate_at_every_endpoint_with_and_without_client_id() {
    for method in ["private_key_jwt", "client_secret_jwt"] {
        let machine = Machine::with(Engine::Sqlite, method, json!({})).await;
        let assertion = || match method {
            "private_key_jwt" => machine.key.signs(&machine.claims()),
            _ => signed_with(machine.party.secret.as_deref().unwrap(), &machine.claims()),
        };
        let issued = machine.token(&assertion()).await.tokens().access_token;
        let form = |more: &[(&str, &str)]| -> Vec<(String, String)> {
            let own = [("token", issued.as_str()), ("client_assertion_type", TYPE)];
            let all = [&own[..], more].concat();
            all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        let id = ("client_id", machine.party.client_id.as_str());
        for path in ["/oauth2/introspect", "/oauth2/revoke"] {
            for more in [vec![], vec![id]] {
                let assertion = assertion();
                let form = form(&[&more[..], &[("client_assertion", &assertion)]].concat());
                let form: Vec<(&str, &str)> =
                    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                assert_eq!(machine.party.posts(path, &form).await.status, 200, "{method} {path} {more:?}");
            }
        }
    }
}

// OpenID Connect Core section 9: SHOULD be the token endpoint; RFC 7523 section 3 item 3
#[tokio::test]
async fn the_audience_is_the_issuer_the_token_endpoint_or_the_endpoint_itself() {
    let machine = Machine::new().await;
    let issuer = machine.party.issuer.clone();
    let token = format!("{issuer}/oauth2/token");
    for audience in [json!(issuer), json!(token), json!([issuer]), json!(["https://other.example", token])] {
        machine.is_let_in(machine.claims_with("aud", audience.clone()), &audience.to_string()).await;
    }
    let revoke = format!("{issuer}/oauth2/revoke");
    for audience in
        [json!(format!("{issuer}/")), json!("https://other.example"), json!([]), json!(""), json!(revoke)]
    {
        let claims = machine.claims_with("aud", audience.clone());
        machine.is_refused(&machine.key.signs(&claims), &audience.to_string()).await;
    }
    let assertion = machine.key.signs(&machine.claims_with("aud", json!(revoke)));
    let form = [("token", "x"), ("client_assertion_type", TYPE), ("client_assertion", assertion.as_str())];
    assert_eq!(machine.party.posts("/oauth2/revoke", &form).await.status, 200, "at the endpoint itself");
}

// RFC 10070, T056
#[tokio::test]
async fn t056_a_client_of_the_strict_policy_names_the_issuer_as_one_string() {
    let strict = json!({ "client_assertion_audience": "issuer" });
    let machine = Machine::with(Engine::Sqlite, "private_key_jwt", strict).await;
    machine.is_let_in(machine.claims(), "the issuer").await;
    let issuer = machine.party.issuer.clone();
    for audience in [json!([issuer]), json!(format!("{issuer}/oauth2/token")), json!([issuer, "x"])] {
        let claims = machine.claims_with("aud", audience.clone());
        machine.is_refused(&machine.key.signs(&claims), &audience.to_string()).await;
    }
}

// RFC 7523 section 3, T055; skews of conformance.md 11 item 9
#[tokio::test]
async fn t055_claims_that_are_missing_wrong_or_out_of_their_time_are_refused() {
    let machine = Machine::new().await;
    let now = machine.server.now().seconds();
    for (name, value) in [
        ("iss", json!("other")),
        ("iss", json!(null)),
        ("sub", json!(null)),
        ("aud", json!(null)),
        ("exp", json!(null)),
        ("jti", json!(null)),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("exp", json!("soon")),
        ("exp", json!(now - 60)),
        ("exp", json!(now + 3600)),
        ("iat", json!(now + 61)),
        ("nbf", json!(now + 61)),
    ] {
        let claims = machine.claims_with(name, value.clone());
        machine.is_refused(&machine.key.signs(&claims), &format!("{name} {value}")).await;
        let mut without = machine.claims();
        without.as_object_mut().unwrap().remove(name);
        if !matches!(name, "iat" | "nbf") {
            machine.is_refused(&machine.key.signs(&without), &format!("no {name}")).await;
        }
    }
    for (name, value) in [("iat", json!(now + 10)), ("nbf", json!(now + 10)), ("exp", json!(now - 10))] {
        machine.is_let_in(machine.claims_with(name, value), name).await;
    }
    let mine = machine.key.signs(&machine.claims());
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", TYPE),
        ("client_assertion", mine.as_str()),
    ];
    let named = [&form[..], &[("client_id", "another")]].concat();
    machine.party.token(&named).await.is_refused("invalid_client");
    machine.party.token(&form).await.tokens();
}

// RFC 7523 section 3 item 7, GHSA-3p3g-vpw6-4w66
#[tokio::test]
async fn t057_an_assertion_counts_once_at_all_endpoints_nodes_and_starts() {
    let machine = Machine::new().await;
    let used = machine.key.signs(&machine.claims());
    machine.token(&used).await.tokens();
    machine.is_refused(&used, "again").await;
    let form = [("token", "x"), ("client_assertion_type", TYPE), ("client_assertion", used.as_str())];
    machine.party.posts("/oauth2/introspect", &form).await.is_refused("invalid_client");
    let beside = machine.server.beside("").await;
    token_at(&machine.party.at(&beside.origin()), &used).await.is_refused("invalid_client");
    let server = machine.server.restart("").await;
    let machine = Machine { server, ..machine };
    machine.is_refused(&used, "after a restart").await;
    // Until it has expired for every clock, and for the one that cleans up.
    machine.server.advance(85);
    machine.is_refused(&used, "late").await;
}

#[tokio::test]
async fn an_id_belongs_to_its_client_and_is_used_up_only_by_a_request_that_is_right() {
    let machine = Machine::new().await;
    let claims = machine.claims_with("jti", json!("1"));
    let mut wrong = claims.clone();
    wrong["aud"] = json!("https://other.example");
    machine.is_refused(&machine.key.signs(&wrong), "wrong audience").await;
    machine.is_refused(&SigningKey::p256().signs(&claims), "wrong key").await;
    machine.is_let_in(claims, "the first right one").await;

    let key = SigningKey::p256();
    let other = machine.server.create_client(metadata("private_key_jwt", &key, &json!({}))).await;
    let mut claims = machine.claims_with("jti", json!("1"));
    (claims["iss"], claims["sub"]) = (json!(other.id), json!(other.id));
    token_at(&machine.server.party(&other), &key.signs(&claims)).await.tokens();
}

// T058 to T061
#[tokio::test]
async fn t058_keys_algorithms_and_types_are_the_clients_own() {
    let machine = Machine::new().await;
    let (kid, other) = (machine.key.jwk()["kid"].clone(), SigningKey::p256());
    machine.is_refused(&unsigned(&machine.claims()), "none").await;
    let text = machine.key.jwk().to_string();
    let point = URL_SAFE_NO_PAD.decode(machine.key.jwk()["x"].as_str().unwrap()).unwrap();
    for secret in [text.as_str(), &String::from_utf8_lossy(&point)] {
        machine.is_refused(&signed_with(secret, &machine.claims()), "HS256 with a public key").await;
    }
    let foreign = |header: Value| other.signs_with(header, &machine.claims());
    for header in [
        json!({ "alg": "ES256", "kid": kid }),
        json!({ "alg": "ES256" }),
        json!({ "alg": "ES256", "kid": kid, "jwk": other.jwk() }),
        json!({ "alg": "ES256", "kid": kid, "jku": "https://evil.example/jwks" }),
        json!({ "alg": "ES256", "kid": "../../etc/passwd" }),
        json!({ "alg": "ES256", "kid": "' OR 1=1 --" }),
        json!({ "alg": "ES256", "kid": "k".repeat(10_000) }),
    ] {
        machine.is_refused(&foreign(header.clone()), &header.to_string()).await;
    }
    let own = |header: Value| machine.key.signs_with(header, &machine.claims());
    for header in [
        json!({ "alg": "RS256", "kid": kid }),
        json!({ "alg": "nOnE", "kid": kid }),
        json!({ "alg": "ES256", "kid": "another" }),
        json!({ "alg": "ES256", "kid": kid, "crit": ["exp"] }),
    ] {
        machine.is_refused(&own(header.clone()), &header.to_string()).await;
    }
    for typ in ["at+jwt", "dpop+jwt", "oauth-authz-req+jwt", "logout+jwt", "jwtt", ""] {
        machine.is_refused(&own(json!({ "alg": "ES256", "kid": kid, "typ": typ })), typ).await;
    }
    for typ in ["JWT", "jwt", "client-authentication+jwt", "application/client-authentication+jwt"] {
        machine.token(&own(json!({ "alg": "ES256", "kid": kid, "typ": typ }))).await.tokens();
    }
    machine.token(&own(json!({ "alg": "ES256" }))).await.tokens();
    for token in ["", "a.b", "a.b.c", "a.b.c.d.e"] {
        machine.is_refused(token, token).await;
    }
}

// OpenID Connect Registration section 2, T052
#[tokio::test]
async fn t052_a_client_authenticates_by_its_own_method_and_algorithm_alone() {
    let machine = Machine::new().await;
    let secret = machine.party.secret.clone().unwrap();
    machine.is_refused(&signed_with(&secret, &machine.claims()), "HS256 of private_key_jwt").await;
    let form = [("grant_type", "client_credentials"), ("client_id", machine.party.client_id.as_str())];
    let posted = [&form[..], &[("client_secret", secret.as_str())]].concat();
    machine.party.token(&posted).await.is_refused("invalid_client");
    machine.party.token(&form).await.is_refused("invalid_client");

    let shared = Machine::with(Engine::Sqlite, "client_secret_jwt", json!({})).await;
    shared.is_refused(&shared.key.signs(&shared.claims()), "ES256 of client_secret_jwt").await;

    let pinned = json!({ "token_endpoint_auth_signing_alg": "RS256" });
    let pinned = Machine::with(Engine::Sqlite, "private_key_jwt", pinned).await;
    pinned.is_refused(&pinned.key.signs(&pinned.claims()), "ES256 where RS256 is registered").await;

    let basic = machine.server.create_client(metadata("client_secret_basic", &machine.key, &json!({}))).await;
    let mut claims = machine.claims();
    (claims["iss"], claims["sub"]) = (json!(basic.id), json!(basic.id));
    machine.is_refused(&machine.key.signs(&claims), "an assertion of client_secret_basic").await;
}

// RFC 6749 section 2.3, T051
#[tokio::test]
async fn t051_a_request_authenticates_in_one_way() {
    let machine = Machine::new().await;
    let assertion = machine.key.signs(&machine.claims());
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion.as_str()),
    ];
    for more in
        [("client_secret", "x"), ("client_assertion", assertion.as_str()), ("client_assertion_type", TYPE)]
    {
        machine.party.token(&[&form[..], &[more]].concat()).await.is_refused("invalid_request");
    }
    let other = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    for (kind, sent) in [(other, assertion.as_str()), ("", assertion.as_str()), (TYPE, "")] {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", kind),
            ("client_assertion", sent),
        ];
        machine.party.token(&form).await.is_refused("invalid_client");
    }
    machine.party.token(&form).await.tokens();
}

/// What was changed a moment ago on another node counts here.
#[tokio::test]
async fn keys_that_were_replaced_count_at_once() {
    let machine = Machine::new().await;
    machine.is_let_in(machine.claims(), "the old key").await;
    let beside = machine.server.beside("").await;
    let there = machine.party.at(&beside.origin());
    token_at(&there, &machine.key.signs(&machine.claims())).await.tokens();
    let key = SigningKey::p256();
    machine.server.advance(1);
    machine.server.update_client(&machine.party.client_id, |metadata| metadata.jwks = Some(key.jwks())).await;
    token_at(&there, &key.signs(&machine.claims())).await.tokens();
    token_at(&there, &machine.key.signs(&machine.claims())).await.is_refused("invalid_client");
}

// OpenID Connect Core section 10.1.1, T060
#[tokio::test]
async fn a_new_key_behind_jwks_uri_works_with_the_next_assertion() {
    let path = format!("/{}", random_text());
    let publish = |key: &SigningKey| documents().publish(&path, "application/json", &key.jwks().to_string());
    let (key, new) = (SigningKey::p256(), SigningKey::p256());
    let server = InProcess::start(Engine::Sqlite, &reaching("")).await;
    let mut registered = metadata("private_key_jwt", &key, &json!({ "jwks_uri": publish(&key) }));
    registered.as_object_mut().unwrap().remove("jwks");
    let party = server.party(&server.create_client(registered).await);
    let machine = Machine { server, party, key };
    machine.is_let_in(machine.claims(), "the first key").await;
    machine.is_let_in(machine.claims(), "again").await;
    assert_eq!(documents().reads(&path), 1, "a set is kept");

    publish(&new);
    machine.server.advance(11); // an unknown key makes us look again at most every ten seconds
    machine.token(&new.signs(&machine.claims())).await.tokens();
    machine.is_refused(&machine.key.signs(&machine.claims()), "the key that is not published any more").await;

    let (other, theirs) = (SigningKey::p256(), format!("/{}", random_text()));
    let jku = documents().publish(&theirs, "application/json", &other.jwks().to_string());
    let header = json!({ "alg": "ES256", "kid": other.jwk()["kid"], "jku": jku, "jwk": other.jwk() });
    machine.is_refused(&other.signs_with(header, &machine.claims()), "keys named by the assertion").await;
    assert_eq!(documents().reads(&theirs), 0, "nobody but the registration says where keys are");
}

/// Of 32 uses of one assertion at once, on two nodes, one succeeds (T057).
async fn one_of_many_uses_wins(engine: Engine) {
    let machine = Machine::with(engine, "private_key_jwt", json!({})).await;
    let beside = machine.server.beside("").await;
    for round in 0..5 {
        let assertion = machine.key.signs(&machine.claims());
        let start = Arc::new(Barrier::new(32));
        let mut uses = JoinSet::new();
        for number in 0..32 {
            let origin = if number % 2 == 0 { machine.server.origin() } else { beside.origin() };
            let (party, assertion) = (machine.party.at(&origin), assertion.clone());
            let start = Arc::clone(&start);
            uses.spawn(async move {
                start.wait().await;
                token_at(&party, &assertion).await
            });
        }
        let answers = uses.join_all().await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1, "round {round}");
        for lost in answers.iter().filter(|answer| answer.status != 200) {
            lost.is_refused("invalid_client");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t057_one_of_many_uses_wins_on_sqlite() {
    one_of_many_uses_wins(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t057_one_of_many_uses_wins_on_postgres() {
    one_of_many_uses_wins(Engine::Postgres).await;
}
