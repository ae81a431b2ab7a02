//! Few round trips are a feature: what each operation costs, in SQL statements, on both engines. BEGIN and COMMIT are
//! not counted, throttling is; clients and keys are in the caches, which hold them for a second.

use std::cell::Cell;

use grantor_tests::{Browser, Engine, InProcess, RelyingParty, SigningKey};
use serde_json::json;

use crate::client_assertions::{assertion_claims, metadata, token_at};
use crate::stage::{CALLBACK, Stage, trusted_with};

/// Operation, what it costs, and what is promised that it never costs more than.
const COST: &[(&str, u64, u64)] = &[
    ("discovery", 0, 0),
    ("key set", 0, 0),
    ("client_credentials", 0, 0),
    ("client_credentials by an assertion", 1, 1),
    ("introspection of an access token", 1, 1),
    ("introspection of a client's own token", 1, 1),
    ("introspection of a refresh token", 1, 1),
    ("userinfo", 1, 1),
    ("refresh", 1, 1),
    ("refresh that repairs a lost answer", 1, 1),
    ("revocation of a token with a grant", 1, 1),
    ("revocation of a client's own token", 1, 1),
    ("code redemption", 1, 2),
    ("authorization with a session and standing consent", 2, 3),
    ("the same by a request object with an id", 3, 4),
    ("the same with every kind of token", 2, 3),
    ("the same, the session not seen for five minutes", 3, 3),
    ("authorization with prompt=none and no session", 0, 3),
    ("first login with consent, from authorize to tokens", 13, 14),
    ("authorization of a session that meets a client which is told of logouts", 4, 4),
    ("authorization at that client from then on", 2, 3),
    ("logout with a hint, twenty clients to tell", 4, 6),
];

const EVERY_TOKEN: &str = "code id_token token";

/// A second passes now and then while statements are counted, and the background tasks do their round; the smallest
/// of several counts is what the operation costs.
const TRIES: usize = 12;

struct Counter<'a> {
    stage: &'a Stage,
    counted: Vec<&'static str>,
}

impl Counter<'_> {
    /// Prepares, warms the caches, and counts what `act` costs.
    async fn count<P>(
        &mut self,
        operation: &'static str,
        prepare: impl AsyncFn() -> P,
        act: impl AsyncFn(P) -> (),
    ) {
        let (_, costs, promised) = COST.iter().find(|(name, ..)| *name == operation).unwrap();
        assert!(costs <= promised, "{operation} is promised for {promised}");
        let mut smallest = u64::MAX;
        for _ in 0..TRIES {
            let prepared = prepare().await;
            warm(self.stage).await;
            let before = self.stage.server.statements();
            act(prepared).await;
            smallest = smallest.min(self.stage.server.statements() - before);
            if smallest <= *costs {
                break;
            }
        }
        assert_eq!(smallest, *costs, "statements of: {operation}");
        self.counted.push(operation);
    }
}

/// Reads keys and client into the caches.
async fn warm(stage: &Stage) {
    let server = &stage.server;
    server.app.keys.reread(server.app.clock.now_ms()).await.unwrap();
    client_token(stage).await;
}

/// Reads a client into the cache: what is read is held for a second.
async fn read_client(stage: &Stage, client: &RelyingParty) {
    client.token(&[("grant_type", "client_credentials")]).await.tokens();
    warm(stage).await;
}

async fn client_token(stage: &Stage) -> String {
    stage.app.token(&[("grant_type", "client_credentials")]).await.tokens().access_token
}

async fn every_operation_costs_what_the_table_says(engine: Engine) {
    let key = SigningKey::p256();
    let asking = trusted_with(&json!({
        "skip_consent": false,
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "implicit", "refresh_token", "client_credentials"],
        "response_types": ["code", EVERY_TOKEN],
        "jwks": key.jwks(),
    }));
    let config = format!("clients.response_types = ['code', '{EVERY_TOKEN}']");
    let stage = Stage::on(engine, &config, asking).await;
    let scope = "openid offline_access";
    stage.tokens(scope).await;
    let app = &stage.app;
    let mut counter = Counter { stage: &stage, counted: Vec::new() };
    let nothing = async || ();
    let tokens = async || stage.tokens(scope).await;

    let read = async |path: &str| drop(app.reads(path).await.ok().clone());
    counter.count("discovery", nothing, async |()| read("/.well-known/openid-configuration").await).await;
    counter.count("key set", nothing, async |()| read("/.well-known/jwks.json").await).await;
    counter.count("client_credentials", nothing, async |()| drop(client_token(&stage).await)).await;

    let machine = stage.party(metadata("private_key_jwt", &key, &json!({}))).await;
    let asserts = async || {
        let assertion = key.signs(&assertion_claims(&machine, stage.server.now().seconds()));
        drop(token_at(&machine, &assertion).await.tokens());
    };
    counter.count("client_credentials by an assertion", asserts, async |()| asserts().await).await;

    let active = async |token: String| assert_eq!(app.introspects(&token).await.ok()["active"], true);
    let access = async || stage.tokens(scope).await.access_token;
    let own = async || client_token(&stage).await;
    let refresh = async || stage.tokens(scope).await.refresh().to_owned();
    counter.count("introspection of an access token", access, active).await;
    counter.count("introspection of a client's own token", own, active).await;
    counter.count("introspection of a refresh token", refresh, active).await;
    counter
        .count("userinfo", access, async |token: String| drop(app.userinfo(&token).await.ok().clone()))
        .await;

    let refreshed = async |token: String| drop(app.refreshes(&token).await.tokens());
    counter.count("refresh", refresh, refreshed).await;
    let used = async || {
        let token = refresh().await;
        app.refreshes(&token).await.tokens();
        token
    };
    counter.count("refresh that repairs a lost answer", used, refreshed).await;

    let revoked = async |token: String| assert_eq!(app.revokes(&token).await.status, 200);
    counter.count("revocation of a token with a grant", access, revoked).await;
    counter.count("revocation of a client's own token", own, revoked).await;

    let code = async || stage.code(scope).await;
    counter
        .count("code redemption", code, async |(request, code)| {
            drop(app.redeems(&code, &request).await.tokens());
        })
        .await;

    let answered = async |()| drop(stage.visits(&app.asks(scope)).await.left().code());
    drop(tokens().await); // noted as seen
    counter.count("authorization with a session and standing consent", nothing, answered).await;
    let objects = Cell::new(0);
    let by_object = async |()| {
        objects.set(objects.get() + 1);
        let request = app.asks(scope);
        let mut object = json!({ "iss": app.client_id, "aud": app.issuer, "jti": objects.get().to_string() });
        for (name, value) in &request.parameters {
            object[name] = json!(value);
        }
        let request = request.with("request", &key.signs(&object));
        drop(stage.visits(&request).await.left().code());
    };
    counter.count("the same by a request object with an id", nothing, by_object).await;
    let every_token = async |()| {
        let left = stage.visits(&app.asks(scope).with("response_type", EVERY_TOKEN)).await.left();
        for name in ["code", "id_token", "access_token"] {
            assert!(left.get(name).is_some(), "{name}: {left}");
        }
    };
    counter.count("the same with every kind of token", nothing, every_token).await;
    let unseen = async || stage.server.advance(301);
    counter.count("the same, the session not seen for five minutes", unseen, answered).await;
    let stranger = async |()| {
        let silent = app.asks(scope).with("prompt", "none").url();
        Browser::new().get(&silent).await.left().is_refused("login_required");
    };
    counter.count("authorization with prompt=none and no session", nothing, stranger).await;

    let forgotten = async || {
        stage.server.disconnects(&app.client_id, InProcess::user_id(&stage.alice)).await;
    };
    let first_login = async |()| {
        let (browser, request) = (Browser::new(), app.asks(scope));
        let login = browser.get(&request.url()).await.page();
        let consent = stage.alice.logs_in(&browser, &login).await.page();
        assert!(consent.has("consent-accept"), "{consent}");
        let left = browser.submit(&consent, "consent-accept", &[]).await.left();
        app.redeems(&request.receives(&left), &request).await.tokens();
    };
    counter.count("first login with consent, from authorize to tokens", forgotten, first_login).await;

    logouts_cost_what_the_table_says(&mut counter, scope).await;

    let table: Vec<&str> = COST.iter().map(|(operation, ..)| *operation).collect();
    assert_eq!(counter.counted, table, "every row of the table is counted");
}

/// The part of the table that is about clients which are told of logouts.
async fn logouts_cost_what_the_table_says(counter: &mut Counter<'_>, scope: &str) {
    let stage = counter.stage;
    let told = trusted_with(&json!({
        "frontchannel_logout_uri": "https://app.example/out",
        "backchannel_logout_uri": "https://app.example/out",
        "post_logout_redirect_uris": ["https://app.example/bye"],
    }));
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(stage.party(told.clone()).await);
    }
    let told = &clients[0];
    let signs_in_anew = async || {
        stage.browser.forget();
        stage.tokens(scope).await;
    };
    let meets = async |()| drop(stage.browser.get(&told.asks(scope).url()).await.left().code());
    let first = "authorization of a session that meets a client which is told of logouts";
    counter.count(first, async || (signs_in_anew().await, read_client(stage, told).await).0, meets).await;
    let read = async || read_client(stage, told).await;
    counter.count("authorization at that client from then on", read, meets).await;
    let everywhere = async || {
        signs_in_anew().await;
        let mut hint = None;
        for client in &clients {
            let request = client.asks(scope);
            let code = stage.browser.get(&request.url()).await.left().code();
            hint = client.redeems(&code, &request).await.tokens().id_token;
        }
        read_client(stage, &clients[19]).await;
        hint.unwrap()
    };
    let logs_out = async |hint: String| {
        let url = format!("{}/oauth2/sessions/logout?id_token_hint={hint}", stage.app.issuer);
        let page = stage.browser.get(&url).await.page();
        assert_eq!(page.document.frames.len(), 20, "{page}");
    };
    counter.count("logout with a hint, twenty clients to tell", everywhere, logs_out).await;
}

/// Whose application it is matters to browsers alone; a resource server that asks does not pay for it.
#[tokio::test]
async fn userinfo_reads_no_client() {
    let stage = Stage::new().await;
    let token = stage.tokens("openid offline_access").await.access_token;
    let mut smallest = u64::MAX;
    for _ in 0..TRIES {
        stage.server.advance(2);
        stage.server.app.keys.reread(stage.server.app.clock.now_ms()).await.unwrap();
        let before = stage.server.statements();
        stage.app.userinfo(&token).await.ok();
        smallest = smallest.min(stage.server.statements() - before);
    }
    assert_eq!(smallest, 1);
}

#[tokio::test]
async fn every_operation_costs_what_the_table_says_on_sqlite() {
    every_operation_costs_what_the_table_says(Engine::Sqlite).await;
}

#[tokio::test]
async fn every_operation_costs_what_the_table_says_on_postgres() {
    every_operation_costs_what_the_table_says(Engine::Postgres).await;
}
