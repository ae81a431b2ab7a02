//! Initial access tokens (RFC 7591 section 3): given out on the admin listener, limited, counted, revoked. What the
//! command does is driven in `tests/dynamic_clients.rs` with the binary.

use grantor_tests::{Answer, Credential, Engine, InProcess, Registrar, registered};
use reqwest::Method;
use serde_json::{Value, json};

use crate::registration::{ON, document};

const NEEDED: &str = "registration.require_token = true";
const TOKENS: &str = "/admin/registration/tokens";

struct Office {
    server: InProcess,
    public: Registrar,
    admin: Registrar,
}

impl Office {
    async fn on(engine: Engine, config: &str) -> Self {
        let server = InProcess::start(engine, &format!("{ON}\n{config}")).await;
        let (public, admin) = (Registrar::at(&server.origin()), Registrar::at(&server.admin_origin()));
        Self { server, public, admin }
    }

    async fn open(config: &str) -> Self {
        Self::on(Engine::Sqlite, config).await
    }

    async fn asks(&self, wanted: &Value) -> Answer {
        self.admin.asks(Method::POST, TOKENS, Credential::None, Some(wanted)).await
    }

    async fn gives_out(&self, wanted: Value) -> (String, String) {
        let answer = self.asks(&wanted).await;
        assert_eq!(answer.status, 201, "{answer}");
        answer.is_not_stored();
        let text = |name: &str| answer.json[name].as_str().unwrap().to_owned();
        (text("id"), text("token"))
    }

    async fn lists(&self) -> Value {
        self.admin.asks(Method::GET, TOKENS, Credential::None, None).await.ok().clone()
    }

    async fn revokes(&self, id: &str) -> u16 {
        self.admin.asks(Method::DELETE, &format!("{TOKENS}/{id}"), Credential::None, None).await.status
    }
}

fn is_unauthorized(answer: &Answer) {
    answer.is_refused("invalid_token");
    assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer "), "{answer}");
}

#[tokio::test]
async fn a_token_is_shown_once_and_listed_without_it() {
    let office = Office::open(NEEDED).await;
    let limits = json!({ "auth_methods": ["none"], "scopes": "openid" });
    let wanted = json!({ "label": "pilot", "max_uses": 2, "lifetime": "1h", "limits": limits });
    let (id, token) = office.gives_out(wanted).await;
    assert!(token.starts_with("gr_ia_"), "{token}");
    let listed = office.lists().await;
    let created_at = listed[0]["created_at"].as_i64().unwrap();
    let expected = json!([{
        "id": id, "label": "pilot", "max_uses": 2, "uses": 0, "limits": limits, "created_at": created_at,
        "expires_at": created_at + 3600,
    }]);
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn what_a_token_cannot_be_is_refused() {
    let office = Office::open(NEEDED).await;
    for wanted in [
        json!({ "max_uses": 0 }),
        json!({ "lifetime": "0s" }),
        json!({ "label": "l".repeat(201) }),
        json!({ "uses": 1 }),
        json!({ "limits": { "redirect_uris": ["*"] } }),
        json!({ "limits": { "grants": ["implicit"] } }),
        json!({ "label": "a\u{0}b" }),
        json!([]),
        json!({ "limits": [] }),
    ] {
        let answer = office.asks(&wanted).await;
        assert_eq!(answer.status, 400, "{wanted}: {answer}");
    }
    assert_eq!(office.lists().await, json!([]));
}

#[tokio::test]
async fn a_token_is_good_for_its_uses_until_its_end_or_its_revocation() {
    let office = Office::open(NEEDED).await;
    is_unauthorized(&office.public.registers(&document(json!({}))).await);
    let (_, once) = office.gives_out(json!({ "max_uses": 1 })).await;
    // What is refused for another reason uses nothing up.
    office
        .public
        .registers_with(&once, &document(json!({ "client_id": "mine" })))
        .await
        .is_refused("invalid_client_metadata");
    assert_eq!(office.public.registers_with(&once, &document(json!({}))).await.status, 201);
    is_unauthorized(&office.public.registers_with(&once, &document(json!({}))).await);

    let (_, short) = office.gives_out(json!({ "lifetime": 600 })).await;
    office.server.advance(500);
    assert_eq!(office.public.registers_with(&short, &document(json!({}))).await.status, 201);
    office.server.advance(100);
    is_unauthorized(&office.public.registers_with(&short, &document(json!({}))).await);

    let (id, long) = office.gives_out(json!({})).await;
    let client = registered(&office.public.registers_with(&long, &document(json!({}))).await);
    assert_eq!(office.revokes(&id).await, 204);
    assert_eq!((office.revokes(&id).await, office.revokes("nonsense").await), (404, 404));
    is_unauthorized(&office.public.registers_with(&long, &document(json!({}))).await);
    let own = client.registration["registration_access_token"].as_str().unwrap();
    let path = format!("/oauth2/register/{}", client.id);
    assert_eq!(office.public.asks(Method::GET, &path, Credential::Token(own), None).await.status, 200);
}

#[tokio::test]
async fn revoking_the_last_token_lets_nobody_in() {
    let office = Office::open(NEEDED).await;
    let (id, _) = office.gives_out(json!({})).await;
    assert_eq!(office.revokes(&id).await, 204);
    assert_eq!(office.lists().await, json!([]));
    is_unauthorized(&office.public.registers(&document(json!({}))).await);
}

#[tokio::test]
async fn where_registration_is_open_a_dead_token_is_refused_and_a_foreign_one_ignored() {
    let office = Office::open("").await;
    let (id, token) = office.gives_out(json!({})).await;
    assert_eq!(office.public.registers_with(&token, &document(json!({}))).await.status, 201);
    assert_eq!(office.lists().await[0]["uses"], 1);
    assert_eq!(office.revokes(&id).await, 204);
    is_unauthorized(&office.public.registers_with(&token, &document(json!({}))).await);
    assert_eq!(office.public.registers_with("of-another-server", &document(json!({}))).await.status, 201);
    assert_eq!(office.public.registers(&document(json!({}))).await.status, 201);
}

/// What came by a narrow token stays as narrow, or registering little and replacing it by much would be the way around.
#[tokio::test]
async fn the_limits_of_a_token_bind_what_is_registered_with_it_for_good() {
    let office = Office::open(&format!("{NEEDED}\nregistration.scopes = ['openid', 'email', 'api']")).await;
    let limits = json!({
        "redirect_uris": ["https://app.example/**"], "grant_types": ["authorization_code"], "scopes": "openid api admin",
        "auth_methods": ["client_secret_basic"],
    });
    let (id, token) = office.gives_out(json!({ "limits": limits })).await;
    let too_much = [
        (json!({ "redirect_uris": ["https://other.example/cb"] }), "redirect_uris"),
        (json!({ "grant_types": ["authorization_code", "refresh_token"] }), "grant_types"),
        (json!({ "token_endpoint_auth_method": "client_secret_post" }), "token_endpoint_auth_method"),
        (json!({ "scope": "email" }), "scope"),
    ];
    let names = |answer: &Answer, member: &str| {
        let description = answer.json["error_description"].as_str().unwrap();
        assert_eq!(answer.status, 400, "{answer}");
        assert!(description.starts_with(&format!("{member}: ")), "{answer}");
    };
    for (members, member) in &too_much {
        names(&office.public.registers_with(&token, &document(members.clone())).await, member);
    }
    let answer =
        office.public.registers_with(&token, &document(json!({ "scope": "openid email api admin" }))).await;
    let mut client = registered(&answer);
    assert_eq!(client.registration["scope"], "openid api");

    assert_eq!(office.revokes(&id).await, 204);
    let path = format!("/oauth2/register/{}", client.id);
    let replaces = async |own: &str, members: &Value| {
        let document = document(members.clone());
        office.public.asks(Method::PUT, &path, Credential::Token(own), Some(&document)).await
    };
    for (members, member) in &too_much {
        let own = client.registration["registration_access_token"].as_str().unwrap();
        names(&replaces(own, members).await, member);
    }
    let own = client.registration["registration_access_token"].as_str().unwrap();
    let answer = replaces(own, &json!({ "scope": "openid api admin" })).await;
    client = registered(&answer);
    assert_eq!(client.registration["scope"], "openid api");
}

async fn of_thirty_two_that_share_a_token_one_is_registered(engine: Engine) {
    let office = Office::on(engine, NEEDED).await;
    let (_, token) = office.gives_out(json!({ "max_uses": 1 })).await;
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (public, token) = (office.public.clone(), token.clone());
        running.spawn(async move { public.registers_with(&token, &document(json!({}))).await });
    }
    let answers = running.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        is_unauthorized(answer);
    }
    let registered =
        office.server.store().clients().count_registered(grantor_protocol::IssuerId::FIRST).await;
    assert_eq!(registered.unwrap(), 1);
    assert_eq!(office.lists().await[0]["uses"], 1);
}

#[tokio::test]
async fn of_thirty_two_that_share_a_token_one_is_registered_on_sqlite() {
    of_thirty_two_that_share_a_token_one_is_registered(Engine::Sqlite).await;
}

#[tokio::test]
async fn of_thirty_two_that_share_a_token_one_is_registered_on_postgres() {
    of_thirty_two_that_share_a_token_one_is_registered(Engine::Postgres).await;
}

#[tokio::test]
async fn the_token_rests_as_a_hash_only() {
    let office = Office::open(NEEDED).await;
    let (_, token) = office.gives_out(json!({})).await;
    let hash = grantor_crypto::SecretHash::of(&token);
    let store = office.server.store();
    let tokens = store.initial_tokens();
    let found = tokens.usable(grantor_protocol::IssuerId::FIRST, &hash, office.server.now());
    assert!(found.await.unwrap().is_some());
}
