//! Which grants exist and whom they serve (security.md 1.6).

use grantor_tests::{Answer, Browser, RelyingParty};
use serde_json::{Value, json};

use crate::scene::{SCOPE, Shared};

static SCENE: Shared = Shared::new("attacks-grants");
const OWN: (&str, &str) = ("grant_type", "client_credentials");

async fn machine() -> RelyingParty {
    let metadata = json!({
        "redirect_uris": [],
        "response_types": [],
        "grant_types": ["client_credentials"],
        "scope": "openid offline_access offline api reports",
        "audience": ["https://api.example", "reports"],
    });
    SCENE.get().await.client(&[], metadata).await
}

async fn own(machine: &RelyingParty, more: &[(&str, &str)]) -> Answer {
    let form: Vec<_> = std::iter::once(OWN).chain(more.iter().copied()).collect();
    machine.token(&form).await
}

// T083
#[tokio::test]
async fn a_grant_that_does_not_exist_is_unsupported() {
    let app = SCENE.get().await.app();
    let alice = &SCENE.get().await.alice;
    let credentials = [("username", alice.username.as_str()), ("password", alice.password.as_str())];
    for name in [
        "password",
        "implicit",
        "made-up",
        "Authorization_Code",
        "authorization_code ",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
    ] {
        let form = [("grant_type", name), credentials[0], credentials[1], ("scope", "openid")];
        app.token(&form).await.is_refused("unsupported_grant_type");
    }
    app.token(&[]).await.is_refused("invalid_request");
    app.token(&[("grant_type", "")]).await.is_refused("invalid_request");
}

// T083
#[tokio::test]
async fn a_grant_that_the_client_is_not_registered_for_is_unauthorized() {
    let scene = SCENE.get().await;
    scene.app().token(&[OWN]).await.is_refused("unauthorized_client");
    let machine = machine().await;
    let others: [&[(&str, &str)]; 2] = [
        &[("grant_type", "authorization_code"), ("code", "c")],
        &[("grant_type", "refresh_token"), ("refresh_token", "r")],
    ];
    for form in others {
        machine.token(form).await.is_refused("unauthorized_client");
    }
    let no_refresh = scene.client(&[], json!({ "scope": SCOPE })).await;
    let tokens = scene.tokens(&no_refresh, "openid offline_access profile").await;
    assert_eq!(tokens.refresh_token, None);
    assert_eq!(tokens.scope.as_deref(), Some("openid profile"), "the scope says so");
}

// T083
#[tokio::test]
async fn a_grant_taken_from_a_client_is_gone_for_what_it_holds_already() {
    let scene = SCENE.get().await;
    let metadata = json!({ "grant_types": ["authorization_code", "refresh_token"], "scope": SCOPE });
    let app = scene.client(&["--id", "narrowed"], metadata).await;
    let tokens = scene.tokens(&app, "openid offline_access").await;
    let update = ["clients", "update", "narrowed", "--grant-type", "authorization_code"];
    scene.server.cli(&update).await.succeeded();
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await; // as long as a client is remembered
    app.refreshes(tokens.refresh()).await.is_refused("unauthorized_client");
}

#[tokio::test]
async fn a_secret_in_an_update_is_refused_and_not_dropped() {
    let scene = SCENE.get().await;
    let app = scene.client(&["--id", "updated"], json!({})).await;
    let file = scene.server.directory().join("updated.json");
    let document = json!({ "client_name": "New", "redirect_uris": ["https://app.example/cb"],
        "client_secret": "another secret" });
    std::fs::write(&file, document.to_string()).unwrap();
    let update = ["clients", "update", &app.client_id, "--metadata", file.to_str().unwrap()];
    let refused = scene.server.cli(&update).await.failed();
    assert!(refused.contains("rotate-secret updated"), "{refused}");
}

// T084
#[tokio::test]
async fn a_public_client_cannot_act_for_itself() {
    let scene = SCENE.get().await;
    let wanted = json!({ "token_endpoint_auth_method": "none", "grant_types": ["client_credentials"],
        "response_types": [], "redirect_uris": [] });
    let file = scene.server.directory().join("public-machine.json");
    std::fs::write(&file, wanted.to_string()).unwrap();
    let create = ["clients", "create", "--metadata", file.to_str().unwrap()];
    let refused = scene.server.cli(&create).await.failed();
    assert!(refused.contains("client_credentials"), "{refused}");
    let public = json!({ "token_endpoint_auth_method": "none", "skip_consent": false });
    let public = scene.client(&[], public).await;
    public.token(&[OWN]).await.is_refused("unauthorized_client");
}

// T084
#[tokio::test]
async fn a_client_acting_for_itself_is_its_own_subject_and_gets_an_access_token_only() {
    let scene = SCENE.get().await;
    let machine = machine().await;
    let answer = own(&machine, &[]).await;
    let tokens = answer.tokens();
    assert_eq!((&tokens.refresh_token, &tokens.id_token), (&None, &None), "{answer}");
    let said = machine.introspects(&tokens.access_token).await.ok().clone();
    assert_eq!(said["sub"], machine.client_id.as_str(), "{said}");
    assert_ne!(said["sub"], scene.alice.subject.as_str());
    assert_eq!(said.get("username"), None);
    let userinfo = machine.userinfo(&tokens.access_token).await;
    assert!([401, 403].contains(&userinfo.status), "{userinfo}");
    let with_openid = own(&machine, &[("scope", "openid offline_access api")]).await;
    if with_openid.status == 200 {
        let tokens = with_openid.tokens();
        assert_eq!((tokens.refresh_token, tokens.id_token), (None, None), "{with_openid}");
        assert_eq!(machine.userinfo(&tokens.access_token).await.status, 401);
    }
    assert_eq!(machine.revokes(&tokens.access_token).await.status, 200);
    assert_eq!(machine.introspects(&tokens.access_token).await.ok(), &json!({ "active": false }));
}

// T085
#[tokio::test]
async fn a_client_cannot_be_named_as_a_users_sub() {
    let scene = SCENE.get().await;
    let subject = scene.alice.subject.as_str();
    for name in [subject.to_owned(), subject.to_uppercase()] {
        let create = ["clients", "create", "--id", &name, "--redirect-uri", "https://app.example/cb"];
        let refused = scene.server.cli(&create).await.failed();
        assert!(refused.contains("sub"), "{refused}");
    }
}

#[tokio::test]
async fn without_scope_a_client_gets_its_own_less_what_only_users_give() {
    let machine = machine().await;
    assert_eq!(own(&machine, &[]).await.tokens().scope.as_deref(), Some("api reports"));
    assert_eq!(own(&machine, &[("scope", "")]).await.tokens().scope.as_deref(), Some("api reports"));
    assert_eq!(own(&machine, &[("scope", "reports")]).await.tokens().scope.as_deref(), Some("reports"));
}

#[tokio::test]
async fn a_scope_outside_the_clients_own_is_refused_and_not_cut() {
    let machine = machine().await;
    for scope in ["api admin", "API", "api\tadmin", "api \"x\"", "api \\", "profile", "caf\u{e9}"] {
        own(&machine, &[("scope", scope)]).await.is_refused("invalid_scope");
    }
    let many = (0..600).map(|number| format!("s{number}")).collect::<Vec<_>>().join(" ");
    own(&machine, &[("scope", &many)]).await.is_refused("invalid_scope");
}

/// RFC 8707 section 2: resources are absolute URIs without fragment; only registered ones are given.
#[tokio::test]
async fn audience_and_resource_stay_inside_what_is_registered() {
    let machine = machine().await;
    let audience = async |form: &[(&str, &str)]| -> Value {
        let tokens = own(&machine, form).await.tokens();
        machine.introspects(&tokens.access_token).await.ok()["aud"].clone()
    };
    let api = ("resource", "https://api.example");
    let reports = ("audience", "reports");
    assert_eq!(audience(&[api]).await, json!(["https://api.example"]));
    assert_eq!(audience(&[api, reports]).await.as_array().map(Vec::len), Some(2));
    for wrong in [
        ("resource", "https://other.example"),
        ("resource", "https://api.example/"),
        ("resource", "https://API.example"),
        ("resource", "https://api.example#f"),
        ("resource", "/relative"),
        ("resource", "api"),
        ("audience", "other"),
        ("audience", "Reports"),
    ] {
        own(&machine, &[wrong]).await.is_refused("invalid_target");
        own(&machine, &[api, wrong]).await.is_refused("invalid_target");
    }
}

// T097
#[tokio::test]
async fn tokens_never_come_through_the_browser_while_that_is_off() {
    let scene = SCENE.get().await;
    let browser = scene.signed_in().await;
    for response_type in [
        "token",
        "id_token",
        "id_token token",
        "code token",
        "code id_token",
        "code id_token token",
        "none",
        "code code",
        "CODE",
        "code,token",
    ] {
        let request = scene.app().asks("openid").with("response_type", response_type);
        let left = browser.get(&request.url()).await.left();
        left.is_refused("unsupported_response_type");
        assert_eq!(left.get("state"), Some(request.state.as_str()), "{left}");
        for never in ["access_token", "id_token", "code"] {
            assert_eq!(left.get(never), None, "{left}");
        }
    }
}

/// What an operator ends by a command is over at once: the login, and what hung on it.
#[tokio::test]
async fn what_commands_end_is_over_at_once() {
    let scene = SCENE.get().await;
    let app = scene.app();
    let person = scene.server.create_user("commanded").await;
    let name = person.username.as_str();
    let browser = Browser::new();
    let tokens = async |scope: &str| {
        let request = app.asks(scope);
        let code = request.receives(&person.authorizes(&browser, &request.url()).await);
        app.redeems(&code, &request).await.tokens()
    };
    let is_signed_in = async || {
        let silent = app.asks("openid").with("prompt", "none");
        browser.get(&silent.url()).await.left().get("code").is_some()
    };
    let run = async |arguments: &[&str]| scene.server.cli(arguments).await.succeeded();

    let offline = tokens("openid offline_access").await;
    let listed = scene.server.cli(&["grants", "list", "--user", name, "--json"]).await.json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    run(&["grants", "revoke", "--user", name, "--client", &app.client_id]).await;
    app.refreshes(offline.refresh()).await.is_refused("invalid_grant");
    assert!(is_signed_in().await, "the login is another matter");

    let online = tokens("openid").await;
    let listed = scene.server.cli(&["sessions", "list", "--user", name, "--json"]).await.json();
    let session = listed[0]["id"].as_str().unwrap_or_default().to_owned();
    run(&["sessions", "end", &session]).await;
    app.userinfo(&online.access_token).await.is_refused("invalid_token");
    assert!(!is_signed_in().await);

    tokens("openid").await;
    run(&["users", "disable", name]).await;
    run(&["users", "enable", name]).await;
    assert!(!is_signed_in().await, "a disabled account comes back without its logins");

    let last = tokens("openid offline_access").await;
    run(&["users", "delete", name]).await;
    app.refreshes(last.refresh()).await.is_refused("invalid_grant");
    assert!(!is_signed_in().await);
}
