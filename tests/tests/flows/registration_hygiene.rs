//! Registered clients that nobody uses go by themselves, and the same client registered again is one (T193).

use grantor_server::tasks;
use grantor_tests::{Answer, Browser, Client, Credential, Engine, InProcess, Person, Registrar, registered};
use reqwest::Method;
use serde_json::{Value, json};

use crate::registration::{ON, document, server};
use crate::stage::{CALLBACK, trusted};

const DAY: i64 = 86_400;
const REUSE: &str = "registration.reuse_identical = true";

fn for_itself() -> Value {
    document(json!({ "grant_types": ["client_credentials"], "response_types": [] }))
}

async fn uses(server: &InProcess, client: &Client) -> Answer {
    server.party(client).token(&[("grant_type", "client_credentials")]).await
}

async fn days_pass(server: &InProcess, days: i64) {
    server.advance(days * DAY);
    tasks::clean(&server.app).await;
}

async fn is_there(registrar: &Registrar, client: &Client) -> bool {
    let path = format!("/oauth2/register/{}", client.id);
    let token = client.registration["registration_access_token"].as_str().unwrap();
    let answer = registrar.asks(Method::GET, &path, Credential::Token(token), None).await;
    assert!([200, 401].contains(&answer.status), "{answer}");
    answer.status == 200
}

async fn clients_that_nobody_uses_expire(engine: Engine) {
    let config = format!("{ON}\nregistration.unused_lifetime = '7d'\nregistration.idle_lifetime = '30d'");
    let server = InProcess::start(engine, &config).await;
    let registrar = Registrar::at(&server.origin());
    let (unused, used) = (registrar.client(&for_itself()).await, registrar.client(&for_itself()).await);
    let operators = server.create_client(trusted()).await;
    uses(&server, &used).await.tokens();
    days_pass(&server, 6).await;
    assert!(is_there(&registrar, &unused).await);
    days_pass(&server, 1).await;
    assert!(!is_there(&registrar, &unused).await);
    uses(&server, &unused).await.is_refused("invalid_client");
    days_pass(&server, 22).await;
    assert!(is_there(&registrar, &used).await, "silent for 29 days");
    uses(&server, &used).await.tokens();
    days_pass(&server, 29).await;
    assert!(is_there(&registrar, &used).await, "used in between");
    days_pass(&server, 2).await;
    assert!(!is_there(&registrar, &used).await);
    server.client_row(&operators.id).await;
}

#[tokio::test]
async fn clients_that_nobody_uses_expire_on_sqlite() {
    clients_that_nobody_uses_expire(Engine::Sqlite).await;
}

#[tokio::test]
async fn clients_that_nobody_uses_expire_on_postgres() {
    clients_that_nobody_uses_expire(Engine::Postgres).await;
}

#[tokio::test]
async fn unless_told_otherwise_the_unused_go_after_thirty_days_and_the_used_stay() {
    let (server, registrar) = server("").await;
    let (unused, used) = (registrar.client(&for_itself()).await, registrar.client(&for_itself()).await);
    uses(&server, &used).await.tokens();
    days_pass(&server, 29).await;
    assert!(is_there(&registrar, &unused).await);
    days_pass(&server, 1).await;
    assert!(!is_there(&registrar, &unused).await && is_there(&registrar, &used).await);
    days_pass(&server, 10_000).await;
    assert!(is_there(&registrar, &used).await);
}

#[tokio::test]
async fn zero_keeps_clients_for_ever() {
    let (server, registrar) = server("registration.unused_lifetime = '0s'").await;
    let unused = registrar.client(&for_itself()).await;
    days_pass(&server, 10_000).await;
    assert!(is_there(&registrar, &unused).await);
}

/// A login is use, and that it happened is written at most once an hour.
#[tokio::test]
async fn a_login_is_use_and_is_noted_once_an_hour() {
    let (server, registrar) = server("").await;
    let alice = server.create_user("alice").await;
    let client =
        registrar.client(&document(json!({ "grant_types": ["authorization_code", "refresh_token"] }))).await;
    let last_used = async || server.client_row(&client.id).await.registered.unwrap().last_used_at;
    assert_eq!(last_used().await, None);
    logs_in(&server, &alice, &client).await;
    tasks::clean(&server.app).await;
    let first = last_used().await.unwrap();
    server.advance(3000);
    logs_in(&server, &alice, &client).await;
    tasks::clean(&server.app).await;
    assert_eq!(last_used().await, Some(first));
    server.advance(700);
    logs_in(&server, &alice, &client).await;
    tasks::clean(&server.app).await;
    assert!(last_used().await.unwrap().seconds() - first.seconds() >= 3700);
}

async fn logs_in(server: &InProcess, alice: &Person, client: &Client) {
    let app = server.party(client);
    let asked = app.asks("openid");
    let code = asked.receives(&alice.authorizes(&Browser::new(), &asked.url()).await);
    app.redeems(&code, &asked).await.tokens();
}

/// What was noted and not yet written is written when the server stops.
#[tokio::test]
async fn a_use_outlives_the_end_of_the_server() {
    let (server, registrar) = server("").await;
    let client = registrar.client(&for_itself()).await;
    uses(&server, &client).await.tokens();
    let server = server.restart(ON).await;
    assert!(server.client_row(&client.id).await.registered.unwrap().last_used_at.is_some());
}

fn public() -> Value {
    document(json!({ "token_endpoint_auth_method": "none", "client_name": "Editor" }))
}

#[tokio::test]
async fn identical_registrations_make_as_many_clients_unless_the_operator_joins_them() {
    let (_server, registrar) = server("").await;
    assert_ne!(registrar.client(&public()).await.id, registrar.client(&public()).await.id);
}

#[tokio::test]
async fn a_public_client_registered_again_is_the_same_and_nobodys_to_change() {
    let (server, registrar) = server(REUSE).await;
    let first = registrar.client(&public()).await;
    server.advance(5);
    let again = registrar.registers(&public()).await;
    assert_eq!(again.status, 201, "{again}");
    let again = registered(&again);
    assert_eq!(first.registration, again.registration);
    for member in ["registration_access_token", "registration_client_uri", "client_secret"] {
        assert!(first.registration.get(member).is_none(), "{member}");
    }
    let count = server.store().clients().count_registered(grantor_protocol::IssuerId::FIRST).await;
    assert_eq!(count.unwrap(), 1);
    let path = format!("/oauth2/register/{}", first.id);
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let credential = Credential::Token("gr_ra_made-up");
        let answer = registrar.asks(method, &path, credential, Some(&public())).await;
        assert_eq!(answer.status, 401, "{answer}");
    }
}

#[tokio::test]
async fn what_differs_in_anything_is_another_client() {
    let (_server, registrar) = server(REUSE).await;
    let first = registrar.client(&public()).await.id;
    for members in [
        json!({ "client_name": "Editor 2" }),
        json!({ "redirect_uris": [CALLBACK, "https://app.example/other"] }),
        json!({ "client_name#de": "Schreiber" }),
        json!({ "scope": "openid" }),
    ] {
        let mut asked = public();
        for (name, value) in members.as_object().unwrap() {
            asked[name] = value.clone();
        }
        assert_ne!(registrar.client(&asked).await.id, first, "{members}");
    }
}

/// A secret is never shared, nor shown to whoever asks again.
#[tokio::test]
async fn clients_with_credentials_are_never_joined() {
    let (_server, registrar) = server(REUSE).await;
    let key = json!({ "kty": "RSA", "n": "w".repeat(342), "e": "AQAB" });
    for members in [
        json!({}),
        json!({ "token_endpoint_auth_method": "client_secret_post" }),
        json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [key] } }),
    ] {
        let (one, other) =
            (registrar.client(&document(members.clone())).await, registrar.client(&document(members)).await);
        assert_ne!(one.id, other.id);
        assert!(one.registration["registration_access_token"].is_string());
    }
}

/// Whoever registered while clients could be changed may have the token to change them.
#[tokio::test]
async fn a_client_that_somebody_can_change_is_not_given_to_others() {
    let (server, registrar) = server("").await;
    let mine = registrar.client(&public()).await;
    let server = server.restart(&format!("{ON}\n{REUSE}")).await;
    assert_ne!(registrar.client(&public()).await.id, mine.id);
    assert!(is_there(&registrar, &mine).await);
    drop(server);
}

/// What an operator made of a client is not what was asked for.
#[tokio::test]
async fn a_client_that_the_operator_changed_is_not_given_to_others() {
    let (server, registrar) = server(REUSE).await;
    let first = registrar.client(&public()).await.id;
    server.update_client(&first, |metadata| metadata.skip_consent = true).await;
    assert_ne!(registrar.client(&public()).await.id, first);
}

#[tokio::test]
async fn of_many_identical_registrations_at_once_one_makes_the_client() {
    let (server, registrar) = server(REUSE).await;
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let registrar = registrar.clone();
        running.spawn(async move { registrar.client(&public()).await.id });
    }
    let ids: std::collections::HashSet<_> = running.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 1);
    let count = server.store().clients().count_registered(grantor_protocol::IssuerId::FIRST).await;
    assert_eq!(count.unwrap(), 1);
}

/// Being registered again is a sign of life.
#[tokio::test]
async fn a_client_that_is_registered_again_and_again_does_not_expire() {
    let (server, registrar) = server(&format!("{REUSE}\nregistration.unused_lifetime = '7d'")).await;
    let first = registrar.client(&public()).await.id;
    days_pass(&server, 6).await;
    assert_eq!(registrar.client(&public()).await.id, first);
    days_pass(&server, 6).await;
    assert_eq!(registrar.client(&public()).await.id, first);
    days_pass(&server, 8).await;
    assert_ne!(registrar.client(&public()).await.id, first);
}
