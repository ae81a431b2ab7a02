//! Dynamic client registration (RFC 7591, OpenID Connect Dynamic Client Registration): creation and the operator's
//! policy. T193 to T195 of security.md.

use grantor_protocol::error::is_description_text;
use grantor_tests::{
    Answer, Browser, Choice, Credential, Engine, InProcess, Registrar, RelyingParty, registered,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::CALLBACK;

pub(crate) const ON: &str = "registration.enabled = true";

pub(crate) async fn server(config: &str) -> (InProcess, Registrar) {
    let server = InProcess::start(Engine::Sqlite, &format!("{ON}\n{config}")).await;
    let registrar = Registrar::at(&server.origin());
    (server, registrar)
}

/// A document with these members beside a redirect URI.
#[expect(clippy::needless_pass_by_value, reason = "every caller makes the value in place")]
pub(crate) fn document(members: Value) -> Value {
    let mut document = json!({ "redirect_uris": [CALLBACK] });
    for (name, value) in members.as_object().unwrap() {
        document[name] = value.clone();
    }
    document
}

/// Asserts a refusal that names the member (RFC 7591 section 3.2.2).
fn is_refused(answer: &Answer, error: &str, member: &str) {
    answer.is_refused(error);
    answer.is_not_stored();
    let description = answer.json["error_description"].as_str().unwrap();
    assert!(description.starts_with(&format!("{member}: ")), "{member}: {answer}");
    assert!(is_description_text(description), "{answer}");
}

fn holds_no_null(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(values) => values.iter().all(holds_no_null),
        Value::Object(members) => members.values().all(holds_no_null),
        _ => true,
    }
}

#[tokio::test]
async fn a_client_registers_and_gets_tokens_with_what_it_was_given() {
    let (server, registrar) = server("").await;
    let answer = registrar
        .registers(&document(json!({
            "client_name": "Shop", "grant_types": ["authorization_code", "refresh_token"], "contacts": ["a@b.example"],
            "initiate_login_uri": "https://app.example/login", "made_up": { "a": 1 },
        })))
        .await;
    assert_eq!(answer.status, 201, "{answer}");
    answer.is_not_stored();
    let client = registered(&answer);
    let said = &answer.json;
    assert!(holds_no_null(said), "{said}");
    assert_eq!(said["client_secret_expires_at"], 0);
    assert_eq!(said["client_id_issued_at"], server.now().seconds());
    let uri = format!("{}/oauth2/register/{}", server.issuer, client.id);
    assert_eq!(
        (said["registration_client_uri"].as_str(), answer.header("location")),
        (Some(&*uri), Some(&*uri))
    );
    // What took effect, defaults included; what is not known is not stored.
    assert_eq!(said["response_types"], json!(["code"]));
    assert_eq!(said["scope"], "openid offline_access profile email address phone");
    assert_eq!(said["initiate_login_uri"], "https://app.example/login");
    for member in ["made_up", "skip_consent", "introspect_any", "metadata"] {
        assert!(said.get(member).is_none(), "{member}: {said}");
    }

    let alice = server.create_user("alice").await;
    let app = server.party(&client);
    let asked = app.asks("openid offline_access");
    let code = asked.receives(&alice.authorizes(&Browser::new(), &asked.url()).await);
    let tokens = app.redeems(&code, &asked).await.tokens();
    assert!(tokens.refresh_token.is_some() && tokens.id_token.is_some());
}

#[tokio::test]
async fn the_secret_and_the_token_rest_as_keyed_hashes_only() {
    let (server, registrar) = server("").await;
    let client = registrar.client(&document(json!({}))).await;
    let row = server.client_row(&client.id).await;
    let (secret, token) =
        (row.secret.unwrap().to_string(), row.registered.unwrap().token.unwrap().to_string());
    for stored in [&secret, &token] {
        assert!(stored.starts_with("hmac-sha256$"), "{stored}");
        assert!(!stored.contains(client.secret.as_ref().unwrap()));
        assert!(!stored.contains(client.registration["registration_access_token"].as_str().unwrap()));
    }
    assert_ne!(secret, token);
}

#[tokio::test]
async fn a_public_client_gets_no_secret() {
    let (_server, registrar) = server("").await;
    let client = registrar.client(&document(json!({ "token_endpoint_auth_method": "none" }))).await;
    assert!(client.secret.is_none());
    assert!(client.registration.get("client_secret_expires_at").is_none());
}

#[tokio::test]
async fn registration_is_off_unless_it_is_switched_on_and_says_so() {
    let server = InProcess::sqlite().await;
    let registrar = Registrar::at(&server.origin());
    let discovery = async |server: &InProcess| {
        let party = server.party(&server.create_client(document(json!({}))).await);
        party.reads("/.well-known/openid-configuration").await.json
    };
    assert!(discovery(&server).await.get("registration_endpoint").is_none());
    for path in ["/oauth2/register", "/connect/register"] {
        let answer = registrar.asks(Method::POST, path, Credential::None, Some(&document(json!({})))).await;
        assert_eq!((answer.status, answer.error()), (404, Some("not_found")), "{answer}");
        assert!(answer.json["error_description"].as_str().unwrap().contains("registration.enabled"));
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let path = format!("{path}/some-client");
            let answer = registrar.asks(method, &path, Credential::Token("gr_ra_x"), None).await;
            assert_eq!((answer.status, answer.error()), (404, Some("not_found")), "{answer}");
        }
    }
    let server = server.restart(ON).await;
    let endpoint = discovery(&server).await["registration_endpoint"].clone();
    assert_eq!(endpoint, format!("{}/oauth2/register", server.issuer));
    registrar.client(&document(json!({}))).await;
}

/// T194, T195, oidcc-redirect-uri-regfrag, oidcc-3rd_party-init-login-nohttps.
#[tokio::test]
async fn what_is_not_acceptable_is_refused_by_the_name_of_its_member() {
    let (server, registrar) = server("").await;
    let keys: Vec<Value> =
        (0..1000).map(|n| json!({ "kty": "EC", "crv": "P-256", "x": n.to_string(), "y": "y" })).collect();
    let metadata = "invalid_client_metadata";
    for (members, error, member) in [
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), "invalid_redirect_uri", "redirect_uris"),
        (json!({ "redirect_uris": ["data:text/html,x"] }), "invalid_redirect_uri", "redirect_uris"),
        (json!({ "redirect_uris": ["https://app.example/cb#f"] }), "invalid_redirect_uri", "redirect_uris"),
        (json!({ "redirect_uris": ["http://app.example/cb"] }), "invalid_redirect_uri", "redirect_uris"),
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri", "redirect_uris"),
        (json!({ "client_uri": "javascript:alert(1)" }), metadata, "client_uri"),
        (json!({ "logo_uri": "data:image/svg+xml,<svg/>" }), metadata, "logo_uri"),
        (json!({ "policy_uri": "javascript:alert(1)" }), metadata, "policy_uri"),
        (json!({ "tos_uri": "data:text/html,x" }), metadata, "tos_uri"),
        (json!({ "initiate_login_uri": "javascript:alert(1)" }), metadata, "initiate_login_uri"),
        (json!({ "initiate_login_uri": "http://app.example/login" }), metadata, "initiate_login_uri"),
        (json!({ "jwks": { "keys": [] }, "jwks_uri": "https://app.example/jwks" }), metadata, "jwks_uri"),
        (
            json!({ "jwks": { "keys": [{ "kty": "RSA", "n": "x", "e": "AQAB", "d": "y" }] } }),
            metadata,
            "jwks",
        ),
        (json!({ "jwks": { "keys": keys } }), metadata, "jwks"),
        // T102: 1024 bits.
        (json!({ "jwks": { "keys": [{ "kty": "RSA", "n": "w".repeat(342) }] } }), metadata, "jwks"),
        (
            json!({ "jwks": { "keys": [{ "kty": "RSA", "n": "w".repeat(171), "e": "AQAB" }] } }),
            metadata,
            "jwks",
        ),
        (json!({ "response_types": ["code id_token"] }), metadata, "response_types"),
        (json!({ "id_token_signed_response_alg": "none" }), metadata, "id_token_signed_response_alg"),
        (json!({ "request_object_signing_alg": "none" }), metadata, "request_object_signing_alg"),
        (json!({ "policy_uri#de": "javascript:alert(1)" }), metadata, "policy_uri#de"),
        (json!({ "client_name#de": ["Laden"] }), metadata, "client_name#de"),
        (json!({ "software_version": 2 }), metadata, "software_version"),
        (json!({ "grant_types": ["refresh_token"], "response_types": ["code"] }), metadata, "grant_types"),
        (json!({ "grant_types": ["made_up"] }), metadata, "grant_types[0]"),
        (json!({ "token_endpoint_auth_method": "made_up" }), metadata, "token_endpoint_auth_method"),
        (json!({ "client_name": "Shop\u{202e}knaB" }), metadata, "client_name"),
        (json!({ "client_name": 7 }), metadata, "client_name"),
        (json!({ "contacts": "a@b.example" }), metadata, "contacts"),
        (json!({ "scope": "a\"b\\c\u{e9}" }), metadata, "scope"),
        (json!({ "skip_consent": true }), metadata, "skip_consent"),
        (json!({ "metadata": { "vip": true } }), metadata, "metadata"),
        (json!({ "access_token_strategy": "jwt" }), metadata, "access_token_strategy"),
        (json!({ "refresh_token_rotation": false }), metadata, "refresh_token_rotation"),
        (json!({ "introspect_any": true }), metadata, "introspect_any"),
        (json!({ "first_party": true }), metadata, "first_party"),
        (
            json!({ "client_credentials_grant_access_token_lifespan": "9999h" }),
            metadata,
            "client_credentials_grant_access_token_lifespan",
        ),
        (json!({ "client_id": "mine" }), metadata, "client_id"),
        (json!({ "client_secret": "a-secret-of-my-own-choice" }), metadata, "client_secret"),
    ] {
        is_refused(&registrar.registers(&document(members)).await, error, member);
    }
    assert_eq!(
        server.store().clients().count_registered(grantor_protocol::IssuerId::FIRST).await.unwrap(),
        0
    );
}

/// What the conformance suite registers (conformance.md 2.1), with the members of other languages (OpenID Connect Dynamic
/// Client Registration section 2.1) and RFC 7591's software members beside it.
#[tokio::test]
async fn what_is_registered_is_echoed_stored_and_read() {
    let (_server, registrar) = server("clients.response_types = ['code', 'code id_token', 'none']").await;
    let n = "w".repeat(342);
    let asked = document(json!({
        "client_name": "Shop", "client_name#de": "Laden", "client_name#ja-Jpan-JP": "\u{5e97}",
        "tos_uri#fr": "https://app.example/conditions", "grant_types": ["authorization_code", "implicit", "refresh_token"],
        "response_types": ["code id_token"], "contacts": ["certification@oidf.org"],
        "jwks": { "keys": [{ "kty": "RSA", "n": n, "e": "AQAB", "use": "sig", "alg": "RS256", "kid": "k" }] },
        "token_endpoint_auth_method": "client_secret_basic", "software_id": "4NRB1", "software_version": "2.0",
        "initiate_login_uri": "https://app.example/login", "id_token_signed_response_alg": "RS256",
    }));
    let client = registrar.client(&asked).await;
    let token = client.registration["registration_access_token"].as_str().unwrap();
    let path = format!("/oauth2/register/{}", client.id);
    let read = registrar.asks(Method::GET, &path, Credential::Token(token), None).await;
    for (name, value) in asked.as_object().unwrap() {
        assert_eq!(client.registration[name], *value, "registered: {name}");
        assert_eq!(read.ok()[name], *value, "read: {name}");
    }
}

/// OpenID Connect Dynamic Client Registration section 2: what a response type presupposes.
#[tokio::test]
async fn grants_follow_from_the_response_types_where_none_is_named() {
    let (_server, registrar) = server("clients.response_types = ['code', 'id_token', 'code id_token']").await;
    for (response_types, grant_types) in [
        (json!(["code"]), json!(["authorization_code"])),
        (json!(["id_token"]), json!(["implicit"])),
        (json!(["code id_token"]), json!(["authorization_code", "implicit"])),
    ] {
        let client = registrar.client(&document(json!({ "response_types": response_types }))).await;
        assert_eq!(client.registration["grant_types"], grant_types, "{response_types}");
    }
}

#[tokio::test]
async fn unsigned_is_registered_only_where_the_operator_allows_it() {
    let (_server, registrar) = server("clients.allow_unsigned = true").await;
    let unsigned =
        document(json!({ "id_token_signed_response_alg": "none", "request_object_signing_alg": "none" }));
    let client = registrar.client(&unsigned).await;
    assert_eq!(client.registration["id_token_signed_response_alg"], "none");
}

#[tokio::test]
async fn two_authorization_headers_are_one_too_many() {
    let (_server, registrar) = server("").await;
    let body = document(json!({})).to_string().into_bytes();
    let both = [
        ("content-type", "application/json"),
        ("authorization", "Basic YTpi"),
        ("authorization", "Basic YTpi"),
    ];
    registrar.posts("/oauth2/register", &both, body).await.is_refused("invalid_request");
}

#[tokio::test]
async fn a_body_that_is_no_metadata_is_refused_in_json() {
    let (_server, registrar) = server("").await;
    let json_type = ("content-type", "application/json");
    let whole = document(json!({})).to_string().into_bytes();
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000)).into_bytes();
    for (headers, body, status, error) in [
        (vec![json_type], b"{".to_vec(), 400, "invalid_request"),
        (vec![json_type], b"[]".to_vec(), 400, "invalid_client_metadata"),
        (vec![json_type], Vec::new(), 400, "invalid_request"),
        (vec![json_type], b"\xff\xfe".to_vec(), 400, "invalid_request"),
        (vec![json_type], deep, 400, "invalid_request"),
        (vec![json_type], vec![b' '; 100_000], 413, "invalid_request"),
        (vec![("content-type", "application/x-www-form-urlencoded")], whole.clone(), 400, "invalid_request"),
        (vec![("content-type", "text/plain")], whole.clone(), 400, "invalid_request"),
        (vec![json_type, ("content-encoding", "gzip")], whole.clone(), 400, "invalid_request"),
    ] {
        let answer = registrar.posts("/oauth2/register", &headers, body).await;
        assert_eq!((answer.status, answer.error()), (status, Some(error)), "{answer}");
    }
    let answer = registrar
        .posts("/oauth2/register", &[("content-type", "application/json; charset=utf-8")], whole)
        .await;
    assert_eq!(answer.status, 201, "{answer}");
}

#[tokio::test]
async fn users_are_told_that_nobody_looked_at_a_client_that_registered_itself() {
    let (server, registrar) = server("").await;
    let alice = server.create_user("alice").await;
    let own = registrar.client(&document(json!({}))).await;
    let operators = server.create_client(document(json!({}))).await;
    for (client, told) in [(own, true), (operators, false)] {
        let (browser, app) = (Browser::new(), server.party(&client));
        let asked = app.asks("openid");
        let login = browser.get(&asked.url()).await.page();
        let consent = alice.logs_in(&browser, &login).await.page();
        assert!(consent.has("consent-accept"), "{consent}");
        assert_eq!(consent.body.contains("class=\"notice\""), told, "{consent}");
        alice.walks(&browser, grantor_tests::Visit::Page(consent), Choice::Accept).await.code();
    }
}

#[tokio::test]
async fn where_initial_access_tokens_are_given_out_one_is_needed() {
    let token = "an-initial-access-token-of-this-test";
    let (_server, registrar) = server(&format!(
        "registration.initial_access_tokens = ['{token}', 'another-one-of-32-characters-or-so']"
    ))
    .await;
    let asks = async |credential| {
        registrar.asks(Method::POST, "/oauth2/register", credential, Some(&document(json!({})))).await
    };
    for credential in [
        Credential::None,
        Credential::Token("an-initial-access-token-of-this-tesT"),
        Credential::Basic("client", token),
        Credential::Query(token),
    ] {
        let answer = asks(credential).await;
        answer.is_refused("invalid_token");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer "), "{answer}");
    }
    assert_eq!(asks(Credential::Token(token)).await.status, 201);
}

#[tokio::test]
async fn the_operators_policy_narrows_what_may_be_registered() {
    let (_server, registrar) = server(
        "registration.redirect_uris = ['https://*.example/**']\nregistration.grant_types = ['authorization_code']\n\
         registration.scopes = ['openid', 'email', 'api']\nregistration.auth_methods = ['none']",
    )
    .await;
    let public = |members: Value| {
        let mut document = document(json!({ "token_endpoint_auth_method": "none", "scope": "openid" }));
        for (name, value) in members.as_object().unwrap() {
            document[name] = value.clone();
        }
        document
    };
    for (members, error, member) in [
        (json!({ "redirect_uris": ["https://app.test/cb"] }), "invalid_redirect_uri", "redirect_uris"),
        (
            json!({ "post_logout_redirect_uris": ["https://app.test/bye"] }),
            "invalid_client_metadata",
            "post_logout_redirect_uris",
        ),
        (
            json!({ "grant_types": ["authorization_code", "refresh_token"] }),
            "invalid_client_metadata",
            "grant_types",
        ),
        (
            json!({ "token_endpoint_auth_method": "client_secret_basic" }),
            "invalid_client_metadata",
            "token_endpoint_auth_method",
        ),
        (json!({ "scope": "admin" }), "invalid_client_metadata", "scope"),
    ] {
        is_refused(&registrar.registers(&public(members)).await, error, member);
    }
    // Part of the scope is given, and the answer says which (RFC 7591 section 3.2.1).
    let client = registrar.client(&public(json!({ "scope": "openid admin api" }))).await;
    assert_eq!(client.registration["scope"], "openid api");
}

/// T195: a client that asks no user gets no scope that somebody else gives a meaning.
#[tokio::test]
async fn a_client_that_asks_no_user_gives_itself_no_rights() {
    let (server, registrar) = server("").await;
    let asked = json!({ "scope": "openid admin" });
    let watched = registrar.client(&document(asked.clone())).await;
    assert_eq!(watched.registration["scope"], "openid admin");

    let mut unwatched = document(asked);
    unwatched["grant_types"] = json!(["client_credentials"]);
    let client = registrar.client(&unwatched).await;
    assert_eq!(client.registration["scope"], "openid");
    let app: RelyingParty = server.party(&client);
    let form = [("grant_type", "client_credentials"), ("scope", "admin")];
    app.token(&form).await.is_refused("invalid_scope");
}

/// T193.
#[tokio::test]
async fn an_address_that_registers_many_clients_has_to_wait() {
    let (server, registrar) = server("registration.rate_limit = 3").await;
    for _ in 0..3 {
        registrar.client(&document(json!({}))).await;
    }
    let answer = registrar.registers(&document(json!({}))).await;
    assert_eq!((answer.status, answer.error()), (429, Some("temporarily_unavailable")), "{answer}");
    let wait: i64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{answer}");
    server.advance(wait);
    registrar.client(&document(json!({}))).await;
    assert_eq!(registrar.registers(&document(json!({}))).await.status, 429);
}

/// T193: nobody counts on the developer's machine, but what a proxy there passes on is counted.
#[tokio::test]
async fn on_this_machine_nobody_counts_unless_a_proxy_asks() {
    let (_server, registrar) = server("").await;
    for _ in 0..25 {
        registrar.client(&document(json!({}))).await;
    }
    let body = document(json!({})).to_string().into_bytes();
    let headers = [("content-type", "application/json"), ("x-forwarded-for", "203.0.113.9")];
    let mut last = 201;
    for _ in 0..21 {
        last = registrar.posts("/oauth2/register", &headers, body.clone()).await.status;
    }
    assert_eq!(last, 429);
}

/// T193: the table has a bound where the operator sets one.
#[tokio::test]
async fn there_are_as_many_clients_as_the_operator_has_room_for() {
    let (server, registrar) = server("registration.max_clients = 2").await;
    for _ in 0..2 {
        registrar.client(&document(json!({}))).await;
    }
    let answer = registrar.registers(&document(json!({}))).await;
    assert_eq!((answer.status, answer.error()), (503, Some("temporarily_unavailable")), "{answer}");
    server.create_client(document(json!({}))).await;
}
