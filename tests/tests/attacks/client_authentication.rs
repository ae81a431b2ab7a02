//! Client authentication (security.md 1.4): each client proves who it is as it is registered, and in
//! no other way.

use std::time::{Duration, Instant};

use grantor_tests::{Browser, RelyingParty};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::scene::{Reply, SCOPE, Scene, Shared, basic, encoded_basic, http, post};

static SCENE: Shared = Shared::new("attacks-client-authentication");
const OWN: &[(&str, &str)] = &[("grant_type", "client_credentials")];
/// How long a process may believe what it has read of a client (design.md 2).
const STALE: Duration = Duration::from_millis(1200);

fn machine() -> Value {
    json!({
        "redirect_uris": [],
        "response_types": [],
        "grant_types": ["client_credentials"],
        "scope": "api",
    })
}

/// `client_credentials` with credentials as they are given.
async fn by_basic(scene: &Scene, id: &str, secret: &str) -> Reply {
    post(&scene.server, "/oauth2/token", Some(&encoded_basic(id, secret)), OWN).await
}

async fn by_post(scene: &Scene, id: &str, secret: &str) -> Reply {
    let form = [OWN[0], ("client_id", id), ("client_secret", secret)];
    post(&scene.server, "/oauth2/token", None, &form).await
}

#[track_caller]
fn is_invalid_client(reply: &Reply, why: &str) {
    assert!(
        reply.status == 401 && reply.error() == "invalid_client",
        "{why}: {} {}",
        reply.status,
        reply.body
    );
}

#[track_caller]
fn is_invalid_request(reply: &Reply, why: &str) {
    assert!(
        reply.status == 400 && reply.error() == "invalid_request",
        "{why}: {} {}",
        reply.status,
        reply.body
    );
}

fn secret(party: &RelyingParty) -> &str {
    party.secret.as_deref().expect("a secret")
}

// T050
#[tokio::test]
async fn a_wrong_secret_is_challenged_in_the_way_it_was_sent() {
    let scene = SCENE.get().await;
    let machine = scene.client(&[], machine()).await;
    let by_header = by_basic(scene, &machine.client_id, "wrong").await;
    is_invalid_client(&by_header, "header");
    assert!(by_header.header("www-authenticate").starts_with("Basic "), "{by_header:?}");
    let by_body = by_post(scene, &machine.client_id, "wrong").await;
    is_invalid_client(&by_body, "body");
    assert!(by_body.header("www-authenticate").starts_with("Basic "), "RFC 9110 15.5.2: {by_body:?}");
    assert_eq!(by_header.header("cache-control"), "no-store");
}

// T050
#[tokio::test]
async fn an_unknown_client_is_refused_exactly_like_a_known_one() {
    let scene = SCENE.get().await;
    let generated = scene.client(&[], machine()).await;
    let chosen = scene.client(&["--secret", "a secret that somebody chose"], machine()).await;
    let posting = scene.client(&[], json!({ "token_endpoint_auth_method": "client_secret_post" })).await;
    let public =
        scene.client(&[], json!({ "token_endpoint_auth_method": "none", "skip_consent": false })).await;
    let known = [&generated, &chosen, &posting, &public];
    for path in ["/oauth2/token", "/oauth2/revoke", "/oauth2/introspect"] {
        let form = [("token", "x"), ("grant_type", "client_credentials")];
        let header = async |id: &str| post(&scene.server, path, Some(&basic(id, "wrong")), &form).await;
        let body = async |id: &str| {
            let form = [form[0], form[1], ("client_id", id), ("client_secret", "wrong")];
            post(&scene.server, path, None, &form).await
        };
        let (unknown_header, unknown_body) = (header("nobody").await, body("nobody").await);
        is_invalid_client(&unknown_header, path);
        for client in known {
            for (unknown, reply) in [
                (&unknown_header, header(&client.client_id).await),
                (&unknown_body, body(&client.client_id).await),
            ] {
                assert_eq!(
                    (reply.status, reply.body.as_str(), reply.constant_headers()),
                    (unknown.status, unknown.body.as_str(), unknown.constant_headers()),
                    "{path}"
                );
            }
        }
    }
}

// T051
#[tokio::test]
async fn two_ways_to_authenticate_in_one_request_are_refused() {
    let scene = SCENE.get().await;
    let machine = scene.client(&[], machine()).await;
    let (id, secret) = (machine.client_id.as_str(), secret(&machine));
    let right = encoded_basic(id, secret);
    let assertion = ("client_assertion", "a.b.c");
    let kind = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let both = [OWN[0], ("client_id", id), ("client_secret", secret)];
    let with_secret = [OWN[0], ("client_id", id), ("client_secret", secret), assertion, kind];
    let twice = [OWN[0], ("client_id", id), assertion, assertion, kind];
    let send = async |header: Option<&str>, form: &[(&str, &str)]| {
        post(&scene.server, "/oauth2/token", header, form).await
    };
    is_invalid_request(&send(Some(&right), &both).await, "header and body");
    is_invalid_request(&send(Some(&right), &[OWN[0], assertion, kind]).await, "header and assertion");
    is_invalid_request(&send(None, &with_secret).await, "secret and assertion");
    is_invalid_request(&send(None, &twice).await, "two assertions");
    is_invalid_request(
        &send(Some(&right), &[OWN[0], ("client_id", "another")]).await,
        "another client in the body",
    );
    let two_headers = http()
        .post(scene.server.url("/oauth2/token"))
        .header("authorization", &right)
        .header("authorization", &right)
        .form(OWN);
    is_invalid_request(&Reply::to(two_headers).await, "two headers");
    assert_eq!(send(Some(&right), &[OWN[0], ("client_id", id)]).await.status, 200);
}

// T052
#[tokio::test]
async fn a_client_authenticates_only_as_it_is_registered() {
    let scene = SCENE.get().await;
    let by_header = scene.client(&[], machine()).await;
    let mut posting = machine();
    posting["token_endpoint_auth_method"] = json!("client_secret_post");
    let by_body = scene.client(&[], posting).await;
    let (header_id, body_id) = (by_header.client_id.as_str(), by_body.client_id.as_str());
    assert_eq!(by_basic(scene, header_id, secret(&by_header)).await.status, 200);
    assert_eq!(by_post(scene, body_id, secret(&by_body)).await.status, 200);
    is_invalid_client(&by_post(scene, header_id, secret(&by_header)).await, "basic by post");
    is_invalid_client(&by_basic(scene, body_id, secret(&by_body)).await, "post by basic");
    let bearer = format!("Bearer {}", secret(&by_header));
    for header in [bearer.as_str(), "Basic", "Basic ", "Basic !!!!", "Basic YQ==", "Digest a=b", ""] {
        let reply = post(&scene.server, "/oauth2/token", Some(header), OWN).await;
        assert!([400, 401].contains(&reply.status), "{header:?}: {reply:?}");
    }
}

// T053
#[tokio::test]
async fn a_confidential_client_that_only_names_itself_gets_nothing() {
    let scene = SCENE.get().await;
    let app = scene.app();
    let (request, code) = scene.code(&Browser::new(), &app, "openid offline_access").await;
    let verifier = request.verifier.as_str();
    let id = ("client_id", app.client_id.as_str());
    let redemption = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", &app.redirect_uri),
        ("code_verifier", verifier),
    ];
    let requests: [(&str, &[(&str, &str)]); 6] = [
        ("/oauth2/token", &redemption),
        ("/oauth2/token", &[("grant_type", "refresh_token"), ("refresh_token", "r")]),
        ("/oauth2/token", OWN),
        ("/oauth2/token", &[("grant_type", "password")]),
        ("/oauth2/revoke", &[("token", "t")]),
        ("/oauth2/introspect", &[("token", "t")]),
    ];
    for (path, form) in requests {
        for more in [
            vec![id],
            vec![id, ("client_secret", "")],
            vec![id, ("client_secret", "null")],
            vec![id, ("client_secret", "undefined")],
            vec![("client_secret", "")],
            vec![],
        ] {
            let whole: Vec<_> = form.iter().copied().chain(more.clone()).collect();
            is_invalid_client(&post(&scene.server, path, None, &whole).await, &format!("{path} {more:?}"));
        }
        for empty in ["", "null"] {
            let header = basic(&app.client_id, empty);
            is_invalid_client(&post(&scene.server, path, Some(&header), form).await, path);
        }
    }
    app.redeems(&code, &request).await.tokens(); // nobody has used it up
}

// T054
#[tokio::test]
async fn names_and_secrets_are_form_decoded_once() {
    let scene = SCENE.get().await;
    let (id, secret) = ("a:b%41+c/d e", "s:p%41+q/r t~");
    scene.client(&["--id", id, "--secret", secret], machine()).await;
    assert_eq!(by_basic(scene, id, secret).await.status, 200);
    for (id, secret) in [
        ("a:bA+c/d e", secret),
        (id, "s:pA+q/r t~"),
        (id, "s:p%41 q/r t~"),
        ("a", "b%41+c/d e:s:p%41+q/r t~"),
    ] {
        is_invalid_client(&by_basic(scene, id, secret).await, id);
    }
    for header in [basic(id, secret), basic("a%3Ab%2541", secret), basic("%zz", "x"), basic("%ff", "%fe")] {
        let reply = post(&scene.server, "/oauth2/token", Some(&header), OWN).await;
        assert!([400, 401].contains(&reply.status), "not encoded: {reply:?}");
    }
    let mut posting = machine();
    posting["token_endpoint_auth_method"] = json!("client_secret_post");
    let post_id = "p:b%41+c/d e";
    scene.client(&["--id", post_id, "--secret", secret], posting).await;
    assert_eq!(by_post(scene, post_id, secret).await.status, 200);
}

// T065
#[tokio::test]
async fn every_byte_of_a_chosen_secret_counts() {
    let scene = SCENE.get().await;
    for length in [1, 72, 73, 200] {
        let secret: String = ('!'..='~').cycle().skip(length).take(length).collect();
        let machine = scene.client(&[&format!("--secret={secret}")], machine()).await;
        let id = machine.client_id.as_str();
        assert_eq!(by_basic(scene, id, &secret).await.status, 200, "{length}");
        assert_eq!(by_basic(scene, id, &secret).await.status, 200, "{length}, remembered");
        let last_differs = format!("{} ", &secret[..length - 1]);
        is_invalid_client(&by_basic(scene, id, &last_differs).await, "last byte");
        is_invalid_client(&by_basic(scene, id, &format!("{secret}x")).await, "longer");
        if length > 1 {
            is_invalid_client(&by_basic(scene, id, &secret[..length - 1]).await, "shorter");
        }
        let with_nul = by_basic(scene, id, &format!("{secret}\0")).await;
        assert!([400, 401].contains(&with_nul.status), "NUL: {with_nul:?}");
    }
}

// T066
#[tokio::test]
async fn a_flood_of_wrong_secrets_neither_locks_out_nor_slows_the_owner() {
    let scene = SCENE.get().await;
    let machine = scene.client(&[], machine()).await;
    let url = scene.server.url("/oauth2/token");
    let mut flood = JoinSet::new();
    for _ in 0..8 {
        let (url, header) = (url.clone(), encoded_basic(&machine.client_id, "wrong"));
        flood.spawn(async move {
            for _ in 0..50 {
                let reply = Reply::to(http().post(&url).header("authorization", &header).form(OWN)).await;
                is_invalid_client(&reply, "flood");
            }
        });
    }
    let started = Instant::now();
    for _ in 0..10 {
        assert_eq!(by_basic(scene, &machine.client_id, secret(&machine)).await.status, 200);
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    flood.join_all().await;
    assert_eq!(by_basic(scene, &machine.client_id, secret(&machine)).await.status, 200);
}

// T068
#[tokio::test]
async fn a_rotated_secret_ends_the_old_one_at_once_or_after_its_overlap() {
    let scene = SCENE.get().await;
    let chosen = ["--secret", "the first secret, chosen"];
    for arguments in [&[][..], &chosen] {
        let machine = scene.client(arguments, machine()).await;
        let (id, first) = (machine.client_id.as_str(), secret(&machine));
        let rotate = async |more: &[&str]| {
            let command: Vec<&str> =
                ["clients", "rotate-secret", id].into_iter().chain(more.to_vec()).collect();
            let printed = scene.server.cli(&command).await.json();
            printed["client_secret"].as_str().expect("the new secret is printed").to_owned()
        };
        assert_eq!(by_basic(scene, id, first).await.status, 200);

        let second = rotate(&["--overlap", "4s"]).await;
        let rotated = Instant::now();
        assert_eq!(by_basic(scene, id, &second).await.status, 200, "the new one, at once");
        assert_eq!(by_basic(scene, id, first).await.status, 200, "the old one, in its overlap");
        tokio::time::sleep(Duration::from_millis(2500).saturating_sub(rotated.elapsed())).await;
        assert_eq!(by_basic(scene, id, first).await.status, 200, "still in its overlap");
        tokio::time::sleep(Duration::from_millis(5100).saturating_sub(rotated.elapsed())).await;
        is_invalid_client(&by_basic(scene, id, first).await, "after its overlap");
        assert_eq!(by_basic(scene, id, &second).await.status, 200);

        let third = rotate(&["--secret", "the third secret, chosen"]).await;
        assert_eq!(third, "the third secret, chosen");
        assert_eq!(by_basic(scene, id, &third).await.status, 200);
        tokio::time::sleep(STALE).await;
        is_invalid_client(&by_basic(scene, id, &second).await, "rotated without overlap");
    }
}

// T069
#[tokio::test]
async fn everything_of_a_deleted_client_dies_with_it() {
    let scene = SCENE.get().await;
    let metadata = json!({
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scope": SCOPE,
    });
    let doomed = scene.client(&["--id", "doomed"], metadata.clone()).await;
    let observer = scene.client(&[], json!({ "introspect_any": true })).await;
    let tokens = scene.tokens(&doomed, "openid offline_access").await;
    let own = doomed.token(OWN).await.tokens();
    let browser = Browser::new();
    let (request, code) = scene.code(&browser, &doomed, "openid").await;
    let pending = browser.get(&doomed.asks("openid").with("prompt", "login").url()).await.page();
    for token in [&tokens.access_token, &own.access_token] {
        assert_eq!(observer.introspects(token).await.ok()["active"], true);
    }

    scene.server.cli(&["clients", "delete", "doomed"]).await.succeeded();

    doomed.userinfo(&tokens.access_token).await.is_refused("invalid_token");
    for token in [&tokens.access_token, tokens.refresh(), &own.access_token] {
        assert_eq!(observer.introspects(token).await.ok(), &json!({ "active": false }));
    }
    let too_late = [doomed.refreshes(tokens.refresh()).await, doomed.redeems(&code, &request).await];
    for answer in too_late {
        assert!([400, 401].contains(&answer.status), "{answer}");
    }
    tokio::time::sleep(STALE).await;
    doomed.token(OWN).await.is_refused("invalid_client");
    Reply::get(&doomed.asks("openid").url()).await.stays_on_the_error_page("deleted client");
    let page = scene.alice.logs_in(&browser, &pending).await.page();
    page.is_error_page("invalid_request");

    // A client of the same name is another one.
    let namesake = scene.client(&["--id", "doomed"], metadata).await;
    namesake.userinfo(&tokens.access_token).await.is_refused("invalid_token");
    namesake.refreshes(tokens.refresh()).await.is_refused("invalid_grant");
    namesake.redeems(&code, &request).await.is_refused("invalid_grant");
    assert_eq!(namesake.introspects(&own.access_token).await.ok(), &json!({ "active": false }));
}
