//! Response types beyond `code` (OpenID Connect Core sections 3.2 and 3.3, OAuth 2.0 Multiple Response Type Encoding
//! Practices): what comes with the redirect, how it hangs together, and how each type fails.

use base64::Engine as _;
use grantor_crypto::sha256;
use grantor_tests::{Arrival, Left};
use serde_json::{Value, json};

use crate::stage::{Stage, jws_part, redeem_with, trusted_with};

const EVERY_TYPE: &str = "clients.response_types = ['code', 'id_token', 'id_token token', 'code id_token', \
                          'code token', 'code id_token token', 'none']";
const FRONT_CHANNEL: [&str; 5] =
    ["id_token", "id_token token", "code id_token", "code token", "code id_token token"];

async fn stage() -> Stage {
    stage_with(json!({})).await
}

async fn stage_with(members: Value) -> Stage {
    let mut client = trusted_with(&json!({
        "grant_types": ["authorization_code", "implicit", "refresh_token"],
        "response_types": ["code", "id_token", "id_token token", "code id_token", "code token",
                           "code id_token token", "none"],
    }));
    for (name, value) in members.as_object().unwrap() {
        client[name] = value.clone();
    }
    Stage::with(EVERY_TYPE, client).await
}

impl Stage {
    async fn asks_for(&self, response_type: &str, more: &[(&str, &str)]) -> Left {
        let mut request = self.app.asks("openid email offline_access").with("response_type", response_type);
        for (name, value) in more {
            request = request.with(name, value);
        }
        self.authorizes(&request).await
    }
}

fn half_hash(value: &str) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&sha256(value.as_bytes())[..16])
}

fn names(left: &Left) -> Vec<&str> {
    let mut names: Vec<_> = left.parameters.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names
}

/// OpenID Connect Core sections 3.2.2.5 and 3.3.2.5; the values of `response_type` are a set.
#[tokio::test]
async fn each_type_carries_exactly_what_it_names_in_the_fragment_or_a_form() {
    let stage = stage().await;
    for (response_type, expected) in [
        ("id_token", &["id_token"][..]),
        ("token id_token", &["access_token", "expires_in", "id_token", "scope", "token_type"]),
        ("id_token code", &["code", "id_token"]),
        ("code token", &["access_token", "code", "expires_in", "token_type"]),
        ("token code id_token", &["access_token", "code", "expires_in", "id_token", "token_type"]),
    ] {
        for (mode, arrival) in [("fragment", Arrival::Fragment), ("form_post", Arrival::FormPost)] {
            let left = stage.asks_for(response_type, &[("response_mode", mode)]).await;
            assert_eq!(left.arrival, arrival, "{left}");
            let mut all = [expected, &["iss", "session_state", "state"]].concat();
            all.sort_unstable();
            assert_eq!(names(&left), all, "{response_type} {left}");
        }
    }
}

/// OAuth 2.0 Multiple Response Type Encoding Practices section 4.
#[tokio::test]
async fn none_gives_the_client_nothing_but_its_state() {
    let stage = stage().await;
    let left = stage.asks_for("none", &[]).await;
    assert_eq!((left.arrival, names(&left)), (Arrival::Query, vec!["iss", "session_state", "state"]));
}

/// OpenID Connect Core sections 3.2.2.10 and 3.3.2.11.
#[tokio::test]
async fn an_id_token_of_the_front_channel_is_tied_to_what_came_with_it() {
    let stage = stage().await;
    let left = stage.asks_for("code id_token token", &[]).await;
    let claims = jws_part(left.get("id_token").unwrap(), 1);
    assert_eq!(claims["c_hash"], half_hash(left.get("code").unwrap()));
    assert_eq!(claims["at_hash"], half_hash(left.get("access_token").unwrap()));
    assert_eq!(claims["s_hash"], half_hash(left.get("state").unwrap()));
    let alone = stage.asks_for("id_token", &[]).await;
    let claims = jws_part(alone.get("id_token").unwrap(), 1);
    for hash in ["c_hash", "at_hash", "s_hash"] {
        assert!(claims.get(hash).is_none(), "{hash} of nothing");
    }
}

/// OpenID Connect Core section 5.4.
#[tokio::test]
async fn scope_claims_are_in_the_id_token_only_when_no_access_token_could_fetch_them() {
    let stage = stage().await;
    for response_type in FRONT_CHANNEL {
        let left = stage.asks_for(response_type, &[]).await;
        if let Some(id_token) = left.get("id_token") {
            let has_email = jws_part(id_token, 1).get("email").is_some();
            assert_eq!(has_email, response_type == "id_token", "{response_type}");
        }
    }
    let stage = stage_with(json!({ "scope_claims_in_id_token": true })).await;
    let left = stage.asks_for("code id_token", &[]).await;
    assert_eq!(jws_part(left.get("id_token").unwrap(), 1)["email"], "alice@example.com");
}

/// OpenID Connect Core section 3.2.2.1: the nonce is the only thing that ties such an ID token to its request.
#[tokio::test]
async fn without_a_nonce_no_id_token_travels_through_the_browser() {
    let stage = stage().await;
    for response_type in FRONT_CHANNEL {
        let request = stage.app.asks("openid").with("response_type", response_type).without("nonce");
        let left = stage.authorizes(&request).await;
        assert_eq!(left.arrival, Arrival::Fragment, "{response_type} {left}");
        if response_type.contains("id_token") {
            left.is_refused("invalid_request");
        } else {
            left.code();
        }
    }
}

/// OAuth 2.0 Multiple Response Type Encoding Practices section 3: tokens are never in a query, and errors travel as the
/// answer would have.
#[tokio::test]
async fn a_type_with_tokens_never_answers_in_the_query_and_fails_where_it_would_have_succeeded() {
    let stage = stage().await;
    for response_type in FRONT_CHANNEL {
        let left = stage.asks_for(response_type, &[("response_mode", "query")]).await;
        left.is_refused("invalid_request");
        assert_eq!(left.arrival, Arrival::Fragment, "{left}");
        let left = stage.asks_for(response_type, &[("scope", "openid api")]).await;
        left.is_refused("invalid_scope");
        assert_eq!((left.arrival, names(&left).contains(&"state")), (Arrival::Fragment, true), "{left}");
        let silent = [("prompt", "none"), ("max_age", "0"), ("response_mode", "form_post")];
        let left = stage.asks_for(response_type, &silent).await;
        left.is_refused("login_required");
        assert_eq!(left.arrival, Arrival::FormPost, "{left}");
    }
}

/// RFC 9700 section 2.1.2: off, until the operator and then the client's registration say otherwise.
#[tokio::test]
async fn front_channel_types_are_off_by_default_and_then_per_client() {
    let plain = Stage::new().await;
    let left = plain.authorizes(&plain.app.asks("openid").with("response_type", "id_token")).await;
    left.is_refused("unsupported_response_type");
    let stage = stage().await;
    let other = stage.party(trusted_with(&json!({}))).await;
    let left = stage.authorizes(&other.asks("openid").with("response_type", "id_token")).await;
    left.is_refused("unauthorized_client");
    let left = stage.authorizes(&stage.app.asks("openid").with("response_type", "token")).await;
    left.is_refused("unsupported_response_type");
}

/// OpenID Connect Core section 11.
#[tokio::test]
async fn offline_access_is_of_the_code_and_ignored_without_one() {
    let stage = stage().await;
    let left = stage.asks_for("id_token token", &[]).await;
    assert_eq!(left.get("scope"), Some("openid email"));
    let request = stage.app.asks("openid offline_access").with("response_type", "code token");
    let left = stage.authorizes(&request).await;
    let tokens = stage.app.redeems(&left.code(), &request).await.tokens();
    assert!(tokens.refresh_token.is_some());
}

/// OpenID Connect Core section 3.3.3.6: both ID tokens of a hybrid flow are about the same user, from the same issuer.
#[tokio::test]
async fn both_channels_of_a_hybrid_flow_speak_of_the_same_login() {
    let stage = stage().await;
    let request = stage.app.asks("openid").with("response_type", "code id_token token");
    let left = stage.authorizes(&request).await;
    let front = jws_part(left.get("id_token").unwrap(), 1);
    let tokens = stage.app.redeems(&left.code(), &request).await.tokens();
    let back = jws_part(&tokens.id_token.unwrap(), 1);
    for claim in ["iss", "sub", "aud", "nonce", "auth_time", "sid"] {
        assert_eq!(front[claim], back[claim], "{claim}");
    }
    assert_eq!(back["at_hash"], half_hash(&tokens.access_token));
    assert!(stage.counts(left.get("access_token").unwrap()).await);
}

/// RFC 6749 section 10.5: what came of a code that was used twice is dead, on both channels (security.md T001).
#[tokio::test]
async fn a_replayed_code_ends_the_tokens_of_both_channels() {
    let stage = stage().await;
    let request = stage.app.asks("openid").with("response_type", "code token");
    let left = stage.authorizes(&request).await;
    let front = left.get("access_token").unwrap();
    let tokens = stage.app.redeems(&left.code(), &request).await.tokens();
    assert!(stage.counts(front).await && stage.counts(&tokens.access_token).await);
    stage.app.redeems(&left.code(), &request).await.is_refused("invalid_grant");
    assert!(!stage.counts(front).await && !stage.counts(&tokens.access_token).await);
}

/// RFC 7636 section 4.4: the challenge binds the code of a hybrid flow as any other.
#[tokio::test]
async fn the_code_of_a_hybrid_flow_needs_its_verifier() {
    let stage = stage().await;
    let left = stage.asks_for("code id_token", &[]).await;
    let redirect = ("redirect_uri", crate::stage::CALLBACK);
    redeem_with(&stage.app, &left.code(), &[redirect]).await.is_refused("invalid_grant");
}

#[tokio::test]
async fn an_access_token_of_the_front_channel_lives_as_long_as_it_says_and_dies_with_its_session() {
    let stage = stage().await;
    let left = stage.asks_for("id_token token", &[]).await;
    let token = left.get("access_token").unwrap();
    assert_eq!(left.get("expires_in"), Some("3600"));
    stage.server.advance(3500);
    assert!(stage.counts(token).await);
    stage.server.advance(100);
    assert!(!stage.counts(token).await);
    let left = stage.asks_for("id_token token", &[]).await;
    let token = left.get("access_token").unwrap();
    stage.app.revokes(token).await.ok();
    assert!(!stage.counts(token).await);
}

/// OpenID Connect Dynamic Client Registration section 2: unsigned ID tokens never pass through the browser.
#[tokio::test]
async fn id_tokens_are_signed_as_registered_on_either_channel() {
    for (algorithm, name) in
        [("RS256", "RS256"), ("PS256", "PS256"), ("ES256", "ES256"), ("EdDSA", "EdDSA"), ("HS256", "HS256")]
    {
        let stage = stage_with(json!({ "id_token_signed_response_alg": algorithm })).await;
        let left = stage.asks_for("code id_token", &[]).await;
        let id_token = left.get("id_token").unwrap_or_else(|| panic!("{algorithm}: {left}"));
        assert_eq!(jws_part(id_token, 0)["alg"], name);
        assert_eq!(jws_part(id_token, 0).get("kid").is_some(), name != "HS256", "{name}");
    }
    let unsigned = trusted_with(&json!({ "id_token_signed_response_alg": "none" }));
    let stage = Stage::with("clients.allow_unsigned = true", unsigned).await;
    let id_token = stage.tokens("openid").await.id_token.unwrap();
    assert_eq!(jws_part(&id_token, 0)["alg"], "none");
    assert!(id_token.ends_with('.'), "no signature: {id_token}");
    assert!(jws_part(&id_token, 1).get("at_hash").is_none());
}

/// What the operator allows holds for every client, whoever registered it and when.
#[tokio::test]
async fn an_unsigned_id_token_needs_the_operators_leave_when_it_is_issued() {
    let stage = Stage::with("", trusted_with(&json!({ "id_token_signed_response_alg": "none" }))).await;
    let (request, code) = stage.code("openid").await;
    stage.app.redeems(&code, &request).await.is_refused("invalid_request");
}

/// The mode of an error is that of the response type, when the request says something else twice.
#[tokio::test]
async fn a_repeated_response_mode_does_not_send_the_error_into_the_query() {
    let stage = stage().await;
    let mut url = stage.app.asks("openid").with("response_type", "id_token token").url();
    url.push_str("&response_mode=fragment&response_mode=fragment");
    let left = stage.browser.get(&url).await.left();
    assert_eq!((left.arrival, left.get("error")), (Arrival::Fragment, Some("invalid_request")), "{left}");
}
