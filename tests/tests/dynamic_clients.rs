//! Programs that register themselves at the binary: the crate `ory-hydra-client`, which sends no authorization header but
//! what its base path holds, the crate `openidconnect`, and whoever the operator gave a token.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests report failure by panicking")]

use grantor_tests::{
    Browser, Client, Credential, Options, Registrar, RelyingParty, Server, login_with_openidconnect,
    register_with_openidconnect, registered,
};
use ory_hydra_client::apis::Error;
use ory_hydra_client::apis::configuration::Configuration;
use ory_hydra_client::apis::{admin_api, metadata_api, public_api};
use ory_hydra_client::models::{JsonError, OAuth2Client};
use reqwest::Method;
use serde_json::{Value, json};

const CALLBACK: &str = "https://app.example/callback";

/// The crate, with or without credentials in its base path.
fn crate_at(origin: &str, credentials: Option<(&str, &str)>) -> Configuration {
    let mut base = url::Url::parse(origin).unwrap();
    if let Some((id, secret)) = credentials {
        base.set_username(id).unwrap();
        base.set_password(Some(secret)).unwrap();
    }
    let base_path = base.as_str().trim_end_matches('/').to_owned();
    Configuration { base_path, ..Configuration::default() }
}

fn credentials(client: &OAuth2Client) -> (&str, &str) {
    (client.client_id.as_deref().unwrap(), client.client_secret.as_deref().unwrap())
}

#[expect(clippy::unnecessary_wraps, reason = "every list of the crate is an Option")]
fn texts(values: &[&str]) -> Option<Vec<String>> {
    Some(values.iter().map(|value| (*value).to_owned()).collect())
}

/// What the crate made of a refusal: its error model, read from the body.
fn refusal<T: std::fmt::Debug, E: std::fmt::Debug>(answer: Result<T, Error<E>>) -> (u16, JsonError) {
    match answer {
        Err(Error::ResponseError(refused)) => {
            let said =
                serde_json::from_str(&refused.content).unwrap_or_else(|error| panic!("{error}: {refused:?}"));
            (refused.status.as_u16(), said)
        }
        other => panic!("expected a refusal: {other:?}"),
    }
}

async fn server(name: &str) -> Server {
    Server::start(Options::sqlite(name).config("registration.enabled = true")).await
}

#[tokio::test]
async fn the_crate_of_hydra_creates_reads_updates_and_deletes_with_credentials_in_its_base_path() {
    let server = server("hydra-client-manages").await;
    let stranger = crate_at(&server.issuer, None);
    let wanted = OAuth2Client {
        client_name: Some("Shop".to_owned()),
        redirect_uris: texts(&[CALLBACK]),
        contacts: texts(&["ops@app.example"]),
        ..OAuth2Client::new()
    };
    let created = public_api::dynamic_client_registration_create_o_auth2_client(&stranger, wanted.clone())
        .await
        .unwrap();
    assert_eq!((created.client_secret_expires_at, &created.client_name), (Some(0), &wanted.client_name));
    assert_eq!(created.grant_types, texts(&["authorization_code"]));
    let id = created.client_id.clone().unwrap();
    let own = crate_at(&server.issuer, Some(credentials(&created)));

    let read = public_api::dynamic_client_registration_get_o_auth2_client(&own, &id).await.unwrap();
    assert_eq!((read.client_id.as_deref(), &read.client_secret), (Some(&*id), &None));
    assert_eq!((&read.redirect_uris, &read.contacts), (&wanted.redirect_uris, &wanted.contacts));

    // As its users do it: the document that registering gave, with a change, secret and token still in it.
    let changed = OAuth2Client { client_name: Some("Bazaar".to_owned()), contacts: None, ..created.clone() };
    let updated =
        public_api::dynamic_client_registration_update_o_auth2_client(&own, &id, changed).await.unwrap();
    assert_eq!((updated.client_name.as_deref(), &updated.contacts), (Some("Bazaar"), &None));
    assert!(updated.registration_access_token.is_some());
    assert_ne!(updated.registration_access_token, created.registration_access_token);

    let (status, said) =
        refusal(public_api::dynamic_client_registration_get_o_auth2_client(&stranger, &id).await);
    assert_eq!((status, said.error.as_deref()), (401, Some("invalid_token")));
    assert!(said.error_description.is_some());
    let wrong = crate_at(&server.issuer, Some((&id, "not-the-secret-of-this-client")));
    assert_eq!(
        refusal(public_api::dynamic_client_registration_delete_o_auth2_client(&wrong, &id).await).0,
        401
    );
    public_api::dynamic_client_registration_delete_o_auth2_client(&own, &id).await.unwrap();
    let gone = refusal(public_api::dynamic_client_registration_get_o_auth2_client(&own, &id).await);
    assert_eq!(gone.0, 401);

    let bad = OAuth2Client { redirect_uris: texts(&["javascript:alert(1)"]), ..wanted };
    let (status, said) =
        refusal(public_api::dynamic_client_registration_create_o_auth2_client(&stranger, bad).await);
    assert_eq!((status, said.error.as_deref()), (400, Some("invalid_redirect_uri")));
    assert!(said.error_description.unwrap().starts_with("redirect_uris: "));
}

/// Its token call can send neither `code_verifier` nor `client_secret` nor `scope`.
#[tokio::test]
async fn the_crate_of_hydra_gets_tokens_uses_them_and_gives_them_back() {
    let server = server("hydra-client-tokens").await;
    let alice = server.create_user("alice").await;
    let wanted = OAuth2Client {
        redirect_uris: texts(&[CALLBACK]),
        grant_types: texts(&["authorization_code", "refresh_token", "client_credentials"]),
        scope: Some("openid email offline_access profile".to_owned()),
        ..OAuth2Client::new()
    };
    let stranger = crate_at(&server.issuer, None);
    let client =
        public_api::dynamic_client_registration_create_o_auth2_client(&stranger, wanted).await.unwrap();
    let (id, secret) = credentials(&client);
    let own = crate_at(&server.issuer, Some((id, secret)));

    let registration = serde_json::to_value(&client).unwrap();
    let app = RelyingParty::of(
        &server,
        &Client { id: id.to_owned(), secret: Some(secret.to_owned()), registration },
    );
    let request =
        app.asks("openid email offline_access").without("code_challenge").without("code_challenge_method");
    let code = alice.authorizes(&Browser::new(), &request.with("nonce", "n-0S6_WzA2Mj").url()).await.code();
    let tokens =
        public_api::oauth2_token(&own, "authorization_code", Some(id), Some(&code), Some(CALLBACK), None)
            .await
            .unwrap();
    assert_eq!((tokens.expires_in, tokens.token_type.as_deref()), (Some(3600), Some("bearer")));
    let access = tokens.access_token.unwrap();
    assert!(tokens.id_token.is_some());

    let bearer = Configuration { oauth_access_token: Some(access.clone()), ..stranger.clone() };
    let userinfo = public_api::userinfo(&bearer).await.unwrap();
    assert_eq!(userinfo.sub, Some(alice.subject.clone()));
    assert_eq!(
        (userinfo.email.as_deref(), userinfo.email_verified),
        (Some("alice@example.com"), Some(false))
    );

    let introspected = admin_api::introspect_o_auth2_token(&own, &access, None).await.unwrap();
    assert!(introspected.active);
    assert_eq!((introspected.client_id.as_deref(), introspected.sub), (Some(id), Some(alice.subject)));

    let refresh = tokens.refresh_token.unwrap();
    let refreshed =
        public_api::oauth2_token(&own, "refresh_token", Some(id), None, None, Some(&refresh)).await.unwrap();
    assert!(refreshed.access_token.is_some() && refreshed.refresh_token.is_some());
    public_api::revoke_o_auth2_token(&own, &access).await.unwrap();
    assert!(!admin_api::introspect_o_auth2_token(&own, &access, None).await.unwrap().active);
    assert_eq!(refusal(public_api::userinfo(&bearer).await).0, 401);

    let for_itself =
        public_api::oauth2_token(&own, "client_credentials", None, None, None, None).await.unwrap();
    assert_eq!(for_itself.scope.as_deref(), Some("email profile"));
    let (status, said) = refusal(
        public_api::oauth2_token(&own, "authorization_code", Some(id), Some(&code), Some(CALLBACK), None)
            .await,
    );
    assert_eq!((status, said.error.as_deref()), (400, Some("invalid_grant")));
}

/// Basic by the base path and by the configuration: two authorization headers.
#[tokio::test]
async fn the_crate_of_hydra_with_its_credentials_set_twice_is_refused() {
    let server = server("hydra-client-twice").await;
    let wanted = OAuth2Client {
        redirect_uris: texts(&[CALLBACK]),
        grant_types: texts(&["authorization_code", "client_credentials"]),
        ..OAuth2Client::new()
    };
    let stranger = crate_at(&server.issuer, None);
    let client =
        public_api::dynamic_client_registration_create_o_auth2_client(&stranger, wanted).await.unwrap();
    let (id, secret) = credentials(&client);
    let basic_auth = Some((id.to_owned(), Some(secret.to_owned())));
    let twice =
        Configuration { basic_auth: basic_auth.clone(), ..crate_at(&server.issuer, Some((id, secret))) };
    let (status, said) =
        refusal(public_api::oauth2_token(&twice, "client_credentials", None, None, None, None).await);
    assert_eq!((status, said.error.as_deref()), (400, Some("invalid_request")));
    assert_eq!(refusal(public_api::revoke_o_auth2_token(&twice, "a-token").await).0, 400);
    let once = Configuration { basic_auth, ..stranger };
    public_api::oauth2_token(&once, "client_credentials", None, None, None, None).await.unwrap();
}

#[tokio::test]
async fn the_crate_of_hydra_reads_what_the_server_publishes() {
    let server = server("hydra-client-metadata").await;
    let stranger = crate_at(&server.issuer, None);
    let discovery = public_api::discover_open_id_configuration(&stranger).await.unwrap();
    assert_eq!(discovery.issuer, server.issuer);
    assert_eq!(discovery.registration_endpoint, Some(server.url("/oauth2/register")));
    let keys = public_api::well_known(&stranger).await.unwrap().keys.unwrap();
    assert!(
        keys.iter().all(|key| key._use == "sig" && !key.kid.is_empty() && !key.alg.is_empty()),
        "{keys:?}"
    );
    metadata_api::is_alive(&stranger).await.unwrap();
    // It sends no parameters and no cookie, follows redirects, and wants the last page to be there.
    public_api::disconnect_user(&stranger).await.unwrap();
}

/// OpenID Connect Dynamic Client Registration as another library has it, and a login with what it got.
#[tokio::test]
async fn openidconnect_registers_and_logs_in() {
    let server = server("openidconnect-registers").await;
    let client = register_with_openidconnect(&server.issuer, CALLBACK, None).await.unwrap();
    let alice = server.create_user("alice").await;
    let browser = Browser::new();
    let walk = async |url: String| alice.authorizes(&browser, &url).await;
    let login =
        login_with_openidconnect(&server.issuer, &client.id, client.secret.as_deref(), CALLBACK, walk).await;
    assert_eq!(login.subject, alice.subject);
}

/// `grantor registration tokens`, with a server that asks for them.
#[tokio::test]
async fn the_operator_gives_out_lists_and_revokes_tokens_by_command() {
    let config = "registration = { enabled = true, require_token = true }";
    let server = Server::start(Options::sqlite("registration-tokens").config(config)).await;
    let refused = register_with_openidconnect(&server.issuer, CALLBACK, None).await.unwrap_err();
    assert!(refused.contains("invalid_token"), "{refused}");

    let create = ["registration", "tokens", "create", "--label", "pilot", "--uses", "2", "--lifetime", "7d"];
    let limits =
        ["--redirect-uri", "https://app.example/**", "--scope", "openid email profile offline_access"];
    let given = server.cli(&[&create[..], &limits[..]].concat()).await.json();
    let (id, token) = (given["id"].as_str().unwrap(), given["token"].as_str().unwrap());
    let client = register_with_openidconnect(&server.issuer, CALLBACK, Some(token)).await.unwrap();
    assert_eq!(client.registration["redirect_uris"], json!([CALLBACK]));
    let elsewhere =
        register_with_openidconnect(&server.issuer, "https://other.example/cb", Some(token)).await;
    assert!(elsewhere.unwrap_err().contains("invalid_redirect_uri"));

    let listed = server.cli(&["registration", "tokens", "list", "--json"]).await.json();
    let expected = json!({ "redirect_uris": ["https://app.example/**"], "scopes": "openid email profile offline_access" });
    assert_eq!(
        (&listed[0]["id"], &listed[0]["uses"], &listed[0]["limits"]),
        (&json!(id), &json!(1), &expected)
    );
    assert_eq!(listed[0]["state"], "usable");
    let shown = server.cli(&["registration", "tokens", "list"]).await.succeeded().stdout;
    assert!(shown.contains("pilot") && !shown.contains(token), "{shown}");
    server.cli(&["registration", "tokens", "revoke", id]).await.succeeded();
    server.cli(&["registration", "tokens", "revoke", id]).await.failed();
    assert_eq!(server.cli(&["registration", "tokens", "list", "--json"]).await.json(), json!([]));
    register_with_openidconnect(&server.issuer, CALLBACK, Some(token)).await.unwrap_err();
    server.cli(&["registration", "tokens", "create", "--uses", "0"]).await.failed();
    server.cli(&["registration", "tokens", "create", "--redirect-uri", "*"]).await.failed();
}

/// The examples of docs/registration.md, as they stand there.
#[tokio::test]
async fn the_examples_of_the_guide_do_what_the_guide_says() {
    let guide =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/registration.md")).unwrap();
    let examples: Vec<Value> = guide
        .split("```json\n")
        .skip(1)
        .map(|block| serde_json::from_str(block.split("```").next().unwrap()).unwrap())
        .collect();
    let [registration, replacement, wanted] = &examples[..] else {
        panic!("expected three examples in JSON: {examples:?}");
    };
    let configs: Vec<&str> =
        guide.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    let server = Server::start(Options::sqlite("registration-guide").config(configs[0])).await;
    let registrar = Registrar::at(&server.issuer);
    let client = registrar.client(registration).await;
    let token = client.registration["registration_access_token"].as_str().unwrap();
    let uri = client.registration["registration_client_uri"].as_str().unwrap();
    let path = uri.strip_prefix(&server.issuer).unwrap();
    let replaced = registrar.asks(Method::PUT, path, Credential::Token(token), Some(replacement)).await;
    assert_eq!(replaced.ok()["client_name"], replacement["client_name"]);
    let renewed = registered(&replaced);
    let token = renewed.registration["registration_access_token"].as_str().unwrap();
    assert_eq!(registrar.asks(Method::DELETE, path, Credential::Token(token), None).await.status, 204);

    let closed = Server::start(Options::sqlite("registration-guide-closed").config(configs[1])).await;
    let registrar = Registrar::at(&closed.issuer);
    assert_eq!(registrar.registers(registration).await.status, 401);
    let admin = Registrar::at(&closed.admin_url(""));
    let given = admin.asks(Method::POST, "/admin/registration/tokens", Credential::None, Some(wanted)).await;
    assert_eq!(given.status, 201, "{given}");
    let token = given.json["token"].as_str().unwrap();
    assert_eq!(registrar.registers_with(token, registration).await.status, 201);
}
