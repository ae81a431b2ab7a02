//! A client that looks after its own registration (RFC 7592), by its registration access token and, as Ory Hydra's API
//! description has it, by its own credentials. T196 of security.md.

use grantor_tests::{Answer, Browser, Client, Credential, InProcess, Registrar, registered};
use reqwest::Method;
use serde_json::{Value, json};

use crate::registration::{document, server};

const OWN_SECRET: &str = "a-secret-of-our-own-choice-42";

fn path(client: &Client) -> String {
    format!("/oauth2/register/{}", client.id)
}

fn token(client: &Client) -> &str {
    client.registration["registration_access_token"].as_str().unwrap()
}

async fn reads(registrar: &Registrar, client: &Client) -> Answer {
    registrar.asks(Method::GET, &path(client), Credential::Token(token(client)), None).await
}

async fn replaces(registrar: &Registrar, client: &Client, document: &Value) -> Answer {
    registrar.asks(Method::PUT, &path(client), Credential::Token(token(client)), Some(document)).await
}

/// What everybody hears who may not: the same for all.
fn is_unauthorized(answer: &Answer) {
    let said = (answer.status, &answer.json, answer.header("www-authenticate"));
    let expected = json!({
        "error": "invalid_token", "error_description": "These are no credentials for this registration.",
    });
    assert_eq!(said, (401, &expected, Some("Bearer realm=\"grantor\", error=\"invalid_token\"")), "{answer}");
    answer.is_not_stored();
}

async fn gets_a_token(server: &InProcess, client: &Client, secret: &str) -> Answer {
    let mut party = server.party(client);
    party.secret = Some(secret.to_owned());
    party.token(&[("grant_type", "client_credentials")]).await
}

fn for_itself() -> Value {
    document(json!({ "grant_types": ["client_credentials"] }))
}

/// T196: reading and writing back what was read loses nothing.
#[tokio::test]
async fn reading_and_writing_back_loses_nothing() {
    let (_server, registrar) = server("").await;
    let client = registrar
        .client(&document(json!({
            "client_name": "Shop", "grant_types": ["authorization_code", "refresh_token"], "scope": "openid email",
            "contacts": ["a@b.example"], "jwks": { "keys": [{ "kty": "RSA", "n": "w".repeat(342), "e": "AQAB" }] },
            "client_name#de": "Laden", "software_id": "shop", "software_version": "1",
            "post_logout_redirect_uris": ["https://app.example/bye"], "default_max_age": 60, "require_auth_time": true,
            "initiate_login_uri": "https://app.example/login", "logo_uri": "https://app.example/logo.png",
            "policy_uri": "https://app.example/policy", "tos_uri": "https://app.example/tos",
            "frontchannel_logout_uri": "https://app.example/out", "backchannel_logout_session_required": true,
        })))
        .await;
    let before = reads(&registrar, &client).await.ok().clone();
    assert_eq!(before["registration_access_token"], client.registration["registration_access_token"]);
    assert_eq!(before["registration_client_uri"], client.registration["registration_client_uri"]);
    assert!(before.get("client_secret").is_none(), "shown once");
    let answer = replaces(&registrar, &client, &before).await;
    assert_eq!(answer.status, 200, "{answer}");
    let after = reads(&registrar, &registered(&answer)).await.ok().clone();
    let without_token = |document: &Value| {
        let mut document = document.clone();
        document.as_object_mut().unwrap().remove("registration_access_token").unwrap();
        document
    };
    assert_eq!(without_token(&after), without_token(&before));
}

#[tokio::test]
async fn a_replacement_empties_what_it_leaves_out_and_renews_the_token() {
    let (server, registrar) = server("").await;
    let mut asked = for_itself();
    asked["client_name"] = json!("Shop");
    asked["contacts"] = json!(["a@b.example"]);
    let client = registrar.client(&asked).await;
    let answer = replaces(&registrar, &client, &for_itself()).await;
    answer.is_not_stored();
    let said = answer.ok().clone();
    assert!(said.get("client_name").is_none() && said.get("contacts").is_none(), "{said}");
    assert_eq!(said["client_id"], client.id);
    assert_eq!(said["client_secret_expires_at"], 0);
    assert!(said.get("client_secret").is_none(), "the secret stays, so it is not shown");

    is_unauthorized(&reads(&registrar, &client).await);
    let renewed = registered(&answer);
    assert_ne!(token(&renewed), token(&client));
    assert_eq!(reads(&registrar, &renewed).await.status, 200);
    gets_a_token(&server, &client, client.secret.as_ref().unwrap()).await.tokens();
}

#[tokio::test]
async fn of_two_replacements_with_one_token_one_is_made() {
    let (_server, registrar) = server("").await;
    let client = registrar.client(&document(json!({}))).await;
    let (one, other, third) = (document(json!({})), document(json!({})), document(json!({})));
    let (one, other, third) = tokio::join!(
        replaces(&registrar, &client, &one),
        replaces(&registrar, &client, &other),
        replaces(&registrar, &client, &third),
    );
    let answers = [one, other, third];
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        is_unauthorized(answer);
    }
    assert_eq!(reads(&registrar, &registered(made[0])).await.status, 200);
}

#[tokio::test]
async fn a_chosen_secret_takes_the_place_of_the_old_one_or_is_refused_with_a_reason() {
    let (server, registrar) = server("").await;
    let client = registrar.client(&for_itself()).await;
    let old = client.secret.clone().unwrap();
    let with_secret = |secret: &str| {
        let mut document = for_itself();
        document["client_secret"] = json!(secret);
        document
    };
    for weak in ["short", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let answer = replaces(&registrar, &client, &with_secret(weak)).await;
        answer.is_refused("invalid_client_metadata");
        assert!(
            answer.json["error_description"].as_str().unwrap().starts_with("client_secret: "),
            "{answer}"
        );
    }
    gets_a_token(&server, &client, &old).await.tokens();

    let answer = replaces(&registrar, &client, &with_secret(OWN_SECRET)).await;
    assert_eq!(answer.ok()["client_secret"], OWN_SECRET);
    gets_a_token(&server, &client, OWN_SECRET).await.tokens();
    gets_a_token(&server, &client, &old).await.is_refused("invalid_client");

    // The present secret may come back, as RFC 7592 section 2.2 wants it.
    let client = registered(&answer);
    let answer = replaces(&registrar, &client, &with_secret(OWN_SECRET)).await;
    assert_eq!(answer.status, 200, "{answer}");
    gets_a_token(&server, &client, OWN_SECRET).await.tokens();
}

#[tokio::test]
async fn a_secret_comes_and_goes_with_the_method_that_needs_it() {
    let (server, registrar) = server("").await;
    let client = registrar.client(&document(json!({}))).await;
    let public = document(json!({ "token_endpoint_auth_method": "none" }));
    let mut with_secret = public.clone();
    with_secret["client_secret"] = json!(OWN_SECRET);
    let answer = replaces(&registrar, &client, &with_secret).await;
    answer.is_refused("invalid_client_metadata");

    let answer = replaces(&registrar, &client, &public).await;
    assert!(answer.ok().get("client_secret_expires_at").is_none(), "{answer}");
    assert!(server.client_row(&client.id).await.secret.is_none());
    let answer = replaces(&registrar, &registered(&answer), &document(json!({}))).await;
    assert!(answer.ok()["client_secret"].is_string(), "a new secret is shown: {answer}");
}

/// T196: unknown, foreign and wrong look the same.
#[tokio::test]
async fn without_credentials_of_its_own_a_registration_looks_as_if_it_were_not_there() {
    let (server, registrar) = server("").await;
    let (client, other) =
        (registrar.client(&document(json!({}))).await, registrar.client(&document(json!({}))).await);
    let operators = server.create_client(document(json!({}))).await;
    let operators_secret = operators.secret.clone().unwrap();
    let (id, secret) = (client.id.as_str(), client.secret.as_deref().unwrap());
    let own = path(&client);
    let unknown = "/oauth2/register/nobody".to_owned();
    let cut = &token(&client)[..token(&client).len() - 1];
    for (path, credential) in [
        (&own, Credential::None),
        (&own, Credential::Token("gr_ra_x")),
        (&own, Credential::Token(cut)),
        (&own, Credential::Token(token(&other))),
        (&own, Credential::Token(secret)),
        (&own, Credential::Basic(id, "wrong")),
        (&own, Credential::Basic(&other.id, other.secret.as_deref().unwrap())),
        (&own, Credential::Basic(id, token(&client))),
        // Registered for Basic, so nothing else.
        (&own, Credential::Query(secret)),
        (&unknown, Credential::None),
        (&unknown, Credential::Token(token(&client))),
        (&unknown, Credential::Basic("nobody", secret)),
        (&"/oauth2/register/%ff".to_owned(), Credential::Token(token(&client))),
        (&format!("/oauth2/register/{}", "x".repeat(300)), Credential::Token(token(&client))),
        // An operator's client would register itself for more.
        (&path(&operators), Credential::Basic(&operators.id, &operators_secret)),
        (&path(&operators), Credential::Token(token(&client))),
    ] {
        is_unauthorized(&registrar.asks(Method::GET, path, credential, None).await);
        is_unauthorized(&registrar.asks(Method::PUT, path, credential, Some(&document(json!({})))).await);
        is_unauthorized(&registrar.asks(Method::DELETE, path, credential, None).await);
    }
    assert_eq!(reads(&registrar, &client).await.status, 200, "nothing happened to it");
}

#[tokio::test]
async fn two_ways_to_authenticate_at_once_are_refused() {
    let (_server, registrar) = server("").await;
    let client = registrar.client(&document(json!({}))).await;
    let both = format!("{}?client_secret=x", path(&client));
    let answer = registrar.asks(Method::GET, &both, Credential::Token(token(&client)), None).await;
    answer.is_refused("invalid_request");
    let bearer = format!("Bearer {}", token(&client));
    let headers =
        [("content-type", "application/json"), ("authorization", &*bearer), ("authorization", "Basic eDp5")];
    let answer = registrar.posts(&path(&client), &headers, Vec::new()).await;
    assert_eq!(answer.status, 405, "{answer}");
    let answer = registrar.reads_with(&path(&client), &headers).await;
    answer.is_refused("invalid_request");
}

#[tokio::test]
async fn a_clients_own_credentials_will_do_as_it_is_registered_to_use_them() {
    let (server, registrar) = server("").await;
    let basic = registrar.client(&for_itself()).await;
    let mut asked = for_itself();
    asked["token_endpoint_auth_method"] = json!("client_secret_post");
    let post = registrar.client(&asked).await;
    for (client, document) in [(&basic, for_itself()), (&post, asked)] {
        let secret = client.secret.as_deref().unwrap();
        let credential = if client.id == basic.id {
            Credential::Basic(&client.id, secret)
        } else {
            Credential::Query(secret)
        };
        let read = registrar.asks(Method::GET, &path(client), credential, None).await;
        assert_eq!(read.ok()["client_id"], client.id);
        assert!(read.json.get("registration_access_token").is_none(), "only its hash is kept: {read}");
        let answer = registrar.asks(Method::PUT, &path(client), credential, Some(&document)).await;
        assert_eq!(answer.status, 200, "{answer}");
        assert_eq!(reads(&registrar, &registered(&answer)).await.status, 200);
        let answer = registrar.asks(Method::DELETE, &path(client), credential, None).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{answer}");
        gets_a_token(&server, client, secret).await.is_refused("invalid_client");
    }
    // A public client has none.
    let public = registrar.client(&document(json!({ "token_endpoint_auth_method": "none" }))).await;
    for credential in [Credential::Basic(&public.id, ""), Credential::Query(""), Credential::None] {
        is_unauthorized(&registrar.asks(Method::GET, &path(&public), credential, None).await);
    }
}

#[tokio::test]
async fn the_operator_can_turn_management_by_secret_off() {
    let (_server, registrar) = server("registration.manage_with_secret = false").await;
    let client = registrar.client(&document(json!({}))).await;
    let secret = client.secret.as_deref().unwrap();
    let basic = Credential::Basic(&client.id, secret);
    is_unauthorized(&registrar.asks(Method::GET, &path(&client), basic, None).await);
    is_unauthorized(&registrar.asks(Method::DELETE, &path(&client), basic, None).await);
    assert_eq!(reads(&registrar, &client).await.status, 200);
}

#[tokio::test]
async fn a_deleted_client_takes_its_codes_grants_and_tokens_along() {
    let (server, registrar) = server("").await;
    let alice = server.create_user("alice").await;
    let asked = document(json!({ "grant_types": ["authorization_code", "refresh_token"] }));
    let client = registrar.client(&asked).await;
    let witness = server.party(&server.create_client(document(json!({ "introspect_any": true }))).await);
    let (app, browser) = (server.party(&client), Browser::new());
    let first = app.asks("openid offline_access");
    let code = first.receives(&alice.authorizes(&browser, &first.url()).await);
    let tokens = app.redeems(&code, &first).await.tokens();
    let second = app.asks("openid");
    let code = second.receives(&alice.authorizes(&browser, &second.url()).await);
    assert_eq!(witness.introspects(&tokens.access_token).await.ok()["active"], true);

    let answer =
        registrar.asks(Method::DELETE, &path(&client), Credential::Token(token(&client)), None).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{answer}");
    assert_eq!(witness.introspects(&tokens.access_token).await.ok(), &json!({ "active": false }));
    app.userinfo(&tokens.access_token).await.is_refused("invalid_token");
    app.redeems(&code, &second).await.is_refused("invalid_client");
    app.refreshes(tokens.refresh()).await.is_refused("invalid_client");
    is_unauthorized(&reads(&registrar, &client).await);
    is_unauthorized(
        &registrar.asks(Method::DELETE, &path(&client), Credential::Token(token(&client)), None).await,
    );
}

/// What the operator decided is neither shown to the client nor changed by it.
#[tokio::test]
async fn the_operators_members_survive_a_replacement_and_stay_unseen() {
    let (server, registrar) = server("").await;
    let client = registrar.client(&document(json!({}))).await;
    server
        .update_client(&client.id, |metadata| {
            metadata.skip_consent = true;
            metadata.metadata = Some(json!({ "team": "a" }));
        })
        .await;
    let answer = replaces(&registrar, &client, &document(json!({ "client_name": "Shop" }))).await;
    for member in ["skip_consent", "metadata"] {
        assert!(answer.ok().get(member).is_none(), "{answer}");
    }
    let row = server.client_row(&client.id).await;
    assert!(row.metadata.skip_consent && row.metadata.metadata == Some(json!({ "team": "a" })));
    assert_eq!(row.metadata.client_name.as_deref(), Some("Shop"));
}

#[tokio::test]
async fn a_replacement_is_bound_by_the_policy_too() {
    let (_server, registrar) = server("registration.scopes = ['openid', 'email']").await;
    let client = registrar.client(&document(json!({ "scope": "openid" }))).await;
    let answer = replaces(&registrar, &client, &document(json!({ "scope": "openid email admin" }))).await;
    assert_eq!(answer.ok()["scope"], "openid email");
    let answer = replaces(&registrar, &registered(&answer), &document(json!({ "skip_consent": true }))).await;
    answer.is_refused("invalid_client_metadata");
}

/// The paths of Ory Hydra 1.11 and of the crate ory-hydra-client 1.11.8.
#[tokio::test]
async fn the_older_paths_are_the_same() {
    let (_server, registrar) = server("").await;
    let answer =
        registrar.asks(Method::POST, "/connect/register", Credential::None, Some(&document(json!({})))).await;
    assert_eq!(answer.status, 201, "{answer}");
    let client = registered(&answer);
    let path = format!("/connect/register/{}", client.id);
    let basic = Credential::Basic(&client.id, client.secret.as_deref().unwrap());
    assert_eq!(registrar.asks(Method::GET, &path, basic, None).await.status, 200);
    assert_eq!(registrar.asks(Method::PUT, &path, basic, Some(&document(json!({})))).await.status, 200);
    assert_eq!(registrar.asks(Method::DELETE, &path, basic, None).await.status, 204);
}

/// A change counts at once on the node that made it.
#[tokio::test]
async fn what_a_client_changes_counts_at_once() {
    let (server, registrar) = server("").await;
    let client = registrar.client(&for_itself()).await;
    let secret = client.secret.as_deref().unwrap();
    gets_a_token(&server, &client, secret).await.tokens();
    let answer = replaces(&registrar, &client, &document(json!({}))).await;
    assert_eq!(answer.status, 200, "{answer}");
    gets_a_token(&server, &client, secret).await.is_refused("unauthorized_client");
}
