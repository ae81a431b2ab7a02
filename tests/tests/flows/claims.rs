//! The claims parameter and `claims_locales` (OpenID Connect Core sections 5.2 and 5.5), scopes of the operator's own, and
//! pairwise subjects (section 8.1).

use grantor_crypto::Algorithm;
use grantor_tests::{Answer, Choice, RelyingParty};
use serde_json::{Value, json};

use crate::stage::{CALLBACK, Stage, jws_part, trusted, trusted_with};

impl Stage {
    /// What userinfo and ID token say after a request with this `claims` parameter.
    async fn releases(&self, scope: &str, claims: &Value) -> (Value, Value) {
        let request = self.app.asks(scope).with("claims", &claims.to_string());
        let code = request.receives(&self.authorizes(&request).await);
        let tokens = self.app.redeems(&code, &request).await.tokens();
        let userinfo = self.app.userinfo(&tokens.access_token).await.ok().clone();
        (userinfo, jws_part(&tokens.id_token.unwrap(), 1))
    }
}

/// A user who asked for nothing but what `untrusted` clients get by consent.
fn untrusted() -> Value {
    let mut client = trusted();
    client["skip_consent"] = json!(false);
    client
}

#[tokio::test]
async fn a_claim_is_released_where_it_was_asked_for_and_nowhere_else() {
    let stage = Stage::new().await;
    let (userinfo, id_token) =
        stage.releases("openid", &json!({ "userinfo": { "email": { "essential": true } } })).await;
    assert_eq!(userinfo["email"], "alice@example.com");
    assert!(id_token.get("email").is_none());
    let (userinfo, id_token) = stage.releases("openid", &json!({ "id_token": { "email": null } })).await;
    assert_eq!(id_token["email"], "alice@example.com");
    assert!(userinfo.get("email").is_none());
}

/// OpenID Connect Core section 5.5.1.
#[tokio::test]
async fn what_the_user_does_not_have_and_what_nobody_knows_is_left_out_even_if_essential() {
    let stage = Stage::new().await;
    let claims = json!({
        "userinfo": { "birthdate": { "essential": true }, "shoe_size": { "essential": true }, "iss": null },
        "id_token": { "exp": { "value": 1 }, "birthdate": null },
    });
    let (userinfo, id_token) = stage.releases("openid", &claims).await;
    for absent in ["birthdate", "shoe_size", "iss"] {
        assert!(userinfo.get(absent).is_none(), "{userinfo}");
    }
    assert!(id_token["exp"].as_i64().unwrap() > 1);
    let other = json!({ "userinfo": { "email": { "value": "eve@example.com" } } });
    assert!(stage.releases("openid", &other).await.0.get("email").is_none());
}

/// OpenID Connect Core section 5.5.1.1.
#[tokio::test]
async fn an_essential_acr_that_cannot_be_reached_fails_and_a_voluntary_one_does_not() {
    let stage = Stage::new().await;
    let asks = |acr: Value| {
        let claims = json!({ "id_token": { "acr": acr } }).to_string();
        stage.app.asks("openid").with("claims", &claims)
    };
    let left = stage.authorizes(&asks(json!({ "essential": true, "values": ["urn:gold"] }))).await;
    left.is_refused("unmet_authentication_requirements");
    stage.authorizes(&asks(json!({ "values": ["urn:gold"] }))).await.code();
    let request = asks(json!({ "essential": true, "values": ["urn:gold", "1"] }));
    let code = stage.authorizes(&request).await.code();
    let tokens = stage.app.redeems(&code, &request).await.tokens();
    assert_eq!(jws_part(&tokens.id_token.unwrap(), 1)["acr"], "1");
}

/// OpenID Connect Core section 5.5: consent names what is released, and is asked again for more.
#[tokio::test]
async fn consent_names_each_claim_and_remembers_which() {
    let stage = Stage::with("", untrusted()).await;
    let asks = |claims: Value| {
        let request = stage.app.asks("openid").with("prompt", "login");
        request.with("claims", &json!({ "userinfo": claims }).to_string())
    };
    let consent = async |claims: Value| {
        let request = asks(claims);
        let login = stage.visits(&request).await.page();
        stage.alice.logs_in(&stage.browser, &login).await
    };
    let page = consent(json!({ "email": null, "phone_number": null })).await.page();
    assert!(page.body.contains("See your email address"), "{page}");
    assert!(page.body.contains("See your phone number"), "{page}");
    assert!(!page.body.contains("See your profile"), "{page}");
    stage.browser.submit(&page, "consent-accept", &[]).await.left().code();
    consent(json!({ "email": null })).await.left().code();
    let page = consent(json!({ "email": null, "birthdate": null })).await.page();
    assert!(page.body.contains("See your date of birth"), "{page}");
    let left = stage.browser.submit(&page, "consent-deny", &[]).await.left();
    left.is_refused("access_denied");
    let silent = asks(json!({ "birthdate": null })).with("prompt", "none");
    stage
        .alice
        .walks(&stage.browser, stage.visits(&silent).await, Choice::Accept)
        .await
        .is_refused("consent_required");
}

#[tokio::test]
async fn a_malformed_claims_parameter_is_refused_by_redirect() {
    let stage = Stage::new().await;
    for claims in ["{", "[]", r#"{"userinfo":[]}"#, r#"{"id_token":{"email":1}}"#] {
        stage
            .authorizes(&stage.app.asks("openid").with("claims", claims))
            .await
            .is_refused("invalid_request");
    }
}

/// Scopes of the operator's own (`claims.scopes`) release claims as the standard ones do, and discovery lists both.
#[tokio::test]
async fn the_operators_own_scopes_release_claims() {
    let client = trusted_with(&json!({ "scope": "openid company" }));
    let stage = Stage::with("claims.scopes = ['company: email, department']", client).await;
    let (userinfo, _) = stage.releases("openid company", &json!({})).await;
    assert_eq!(userinfo["email"], "alice@example.com");
    let metadata = stage.app.reads("/.well-known/openid-configuration").await;
    let metadata = metadata.ok();
    assert!(metadata["scopes_supported"].as_array().unwrap().contains(&json!("company")));
    assert!(metadata["claims_supported"].as_array().unwrap().contains(&json!("department")));
    assert_eq!(metadata["claims_parameter_supported"], true);
}

/// OpenID Connect Core section 5.3.2.
#[tokio::test]
async fn userinfo_is_signed_for_clients_registered_so() {
    let stage = Stage::with("", trusted_with(&json!({ "userinfo_signed_response_alg": "ES256" }))).await;
    let token = stage.tokens("openid email").await.access_token;
    let answer: Answer = stage.app.userinfo(&token).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/jwt")));
    assert_eq!(jws_part(&answer.text, 0)["alg"], "ES256");
    let claims = jws_part(&answer.text, 1);
    assert_eq!(claims["iss"], stage.app.issuer.as_str());
    assert_eq!(claims["aud"], stage.client.id.as_str());
    assert_eq!(claims["email"], "alice@example.com");
    assert!(claims.get("nonce").is_none());
}

/// OpenID Connect Core section 8.1: one subject a sector, none that another sector or a public client knows.
#[tokio::test]
async fn clients_of_one_sector_share_a_pairwise_subject_and_others_do_not() {
    let stage = Stage::new().await;
    let pairwise = |redirect: &str| {
        json!({ "redirect_uris": [redirect], "subject_type": "pairwise", "skip_consent": true,
                "grant_types": ["authorization_code", "refresh_token"] })
    };
    let subject = async |metadata: Value| {
        let party = stage.party(metadata).await;
        let request = party.asks("openid");
        let code = request.receives(&stage.authorizes(&request).await);
        let tokens = party.redeems(&code, &request).await.tokens();
        let of_token = jws_part(&tokens.id_token.unwrap(), 1)["sub"].as_str().unwrap().to_owned();
        // Every place that names the user to this client says the same (section 5.3.2).
        assert_eq!(party.userinfo(&tokens.access_token).await.ok()["sub"], of_token.as_str());
        assert_eq!(party.introspects(&tokens.access_token).await.ok()["sub"], of_token.as_str());
        of_token
    };
    let one = subject(pairwise(CALLBACK)).await;
    let same_sector = subject(pairwise("https://app.example/elsewhere")).await;
    let other_sector = subject(pairwise("https://other.example/callback")).await;
    assert_eq!(one, same_sector);
    assert!(one != other_sector && one != stage.alice.subject && other_sector != stage.alice.subject);
    assert!(!one.contains(&stage.alice.subject));
}

/// Pairwise subjects are for ever: signing keys and token keys come and go.
#[tokio::test]
async fn a_pairwise_subject_outlives_keys_and_the_hint_of_its_own_token_works() {
    let stage = Stage::with("", trusted_with(&json!({ "subject_type": "pairwise" }))).await;
    let before = stage.tokens("openid").await.id_token.unwrap();
    let (app, now_ms) = (&stage.server.app, stage.server.app.clock.now_ms());
    let policy = app.config.key_policy();
    app.keys.rotate(Algorithm::RS256, policy, true, now_ms).await.unwrap();
    app.keys.revoke_tokens(now_ms).await.unwrap();
    stage.server.advance(10);
    let request = stage.app.asks("openid").with("prompt", "none").with("id_token_hint", &before);
    let left = stage.authorizes(&request).await;
    let tokens = stage.app.redeems(&left.code(), &request).await.tokens();
    let after = tokens.id_token.unwrap();
    assert_ne!(jws_part(&before, 0)["kid"], jws_part(&after, 0)["kid"]);
    assert_eq!(jws_part(&before, 1)["sub"], jws_part(&after, 1)["sub"]);
    let claims = json!({ "id_token": { "sub": { "value": jws_part(&after, 1)["sub"] } } }).to_string();
    stage.authorizes(&stage.app.asks("openid").with("claims", &claims)).await.code();
    let claims = json!({ "id_token": { "sub": { "value": stage.alice.subject } } }).to_string();
    let other = stage.app.asks("openid").with("claims", &claims).with("prompt", "none");
    stage.authorizes(&other).await.is_refused("login_required");
}

/// RFC 7662 section 5: the name that a user signs in with is the same at every client, so a client hears it only by a scope
/// that releases it, and never where it knows the user by a pairwise subject.
#[tokio::test]
async fn introspection_names_the_user_only_where_a_scope_does() {
    let stage = Stage::new().await;
    let pairwise = stage.party(trusted_with(&json!({ "subject_type": "pairwise" }))).await;
    for (app, scope, named) in [
        (&stage.app, "openid profile", true),
        (&stage.app, "openid", false),
        (&pairwise, "openid profile", false),
    ] {
        let request = app.asks(scope);
        let code = stage.alice.authorizes(&stage.browser, &request.url()).await.code();
        let token = app.redeems(&code, &request).await.tokens().access_token;
        let answer = app.introspects(&token).await;
        assert_eq!(answer.ok()["active"], true);
        assert_eq!(answer.json.get("username").is_some(), named, "{scope} {answer}");
        assert!(named || !answer.text.contains("alice"), "{answer}");
    }
}

/// The same of userinfo: applications that make an account of `preferred_username` can, for every user of ours.
#[tokio::test]
async fn profile_releases_the_user_name_unless_the_subject_is_pairwise() {
    let stage = Stage::new().await;
    let pairwise = stage.party(trusted_with(&json!({ "subject_type": "pairwise" }))).await;
    let called = async |party: &RelyingParty, scope: &str| {
        let request = party.asks(scope);
        let code = request.receives(&stage.authorizes(&request).await);
        let tokens = party.redeems(&code, &request).await.tokens();
        party.userinfo(&tokens.access_token).await.ok().get("preferred_username").cloned()
    };
    assert_eq!(called(&stage.app, "openid profile").await, Some(json!("alice")));
    assert_eq!(called(&stage.app, "openid email").await, None);
    assert_eq!(called(&pairwise, "openid profile").await, None);
}
