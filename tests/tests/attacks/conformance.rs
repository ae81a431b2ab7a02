//! What the OpenID Foundation's suite asserts of the code flow (conformance.md 3.1): a test for each
//! module, named after it, with the checks that every module makes (conformance.md 2).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use grantor_tests::{
    Answer, Arrival, Authorization, Browser, Left, Person, RelyingParty, Tokens, Visit, claims_of_user,
    random_text,
};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::jose::{Jws, published, verifies};
use crate::scene::{CALLBACK, Reply, SCOPE, Scene, Shared, http};

static SCENE: Shared = Shared::new("attacks-conformance");

/// The suite's user, who has every standard claim (conformance.md 2.6).
async fn user() -> &'static Person {
    static USER: OnceCell<Person> = OnceCell::const_new();
    USER.get_or_init(|| async {
        let server = &SCENE.get().await.server;
        let file = server.directory().join("every-claim.json");
        std::fs::write(&file, claims_of_user().to_string()).unwrap();
        let password = "the suite's user likes tea";
        let create = ["users", "create", "--username", "suite", "--password-stdin", "--claims"];
        let create = [&create[..], &[file.to_str().unwrap()]].concat();
        let created = server.cli_with_input(&create, password).await.json();
        Person {
            username: "suite".to_owned(),
            password: password.to_owned(),
            subject: created["sub"].as_str().unwrap().to_owned(),
        }
    })
    .await
}

const PROFILE: &[&str] = &[
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
    "preferred_username",
];
const EMAIL: &[&str] = &["email", "email_verified"];
const ADDRESS: &[&str] = &["address"];
const PHONE: &[&str] = &["phone_number", "phone_number_verified"];

/// Claims that an ID token may carry without being asked (conformance.md 2.4).
const TOLERATED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "at_hash",
    "c_hash",
    "s_hash",
    "nbf",
    "jti",
    "sid",
    "txn",
];

fn now() -> i64 {
    let elapsed = SystemTime::UNIX_EPOCH.elapsed().expect("the clock is past 1970");
    i64::try_from(elapsed.as_secs()).unwrap()
}

/// Shannon entropy of a text in bits, as the suite estimates it.
#[expect(clippy::cast_precision_loss, reason = "lengths of tokens are small")]
fn entropy(text: &str) -> f64 {
    let mut counted: BTreeMap<char, usize> = BTreeMap::new();
    for character in text.chars() {
        *counted.entry(character).or_default() += 1;
    }
    let length = text.chars().count() as f64;
    let each = |count: &usize| {
        let share = *count as f64 / length;
        -share * share.log2()
    };
    counted.values().map(each).sum::<f64>() * length
}

fn is_unguessable(secret: &str) {
    assert!(secret.len() >= 16 && entropy(secret) > 96.0, "{secret}: {} bits", entropy(secret));
}

/// The suite's relying party: one client, one browser.
struct Suite {
    scene: &'static Scene,
    app: RelyingParty,
    browser: Browser,
}

/// One round of the code flow that met every check of section 2.
struct Round {
    left: Left,
    tokens: Tokens,
    id_token: Value,
}

impl Suite {
    async fn new() -> Self {
        Self::with(json!({})).await
    }

    async fn with(metadata: Value) -> Self {
        let scene = SCENE.get().await;
        let mut whole = json!({ "grant_types": ["authorization_code", "refresh_token"], "scope": SCOPE });
        for (name, value) in metadata.as_object().unwrap() {
            whole[name] = value.clone();
        }
        Self { scene, app: scene.client(&[], whole).await, browser: Browser::new() }
    }

    /// A request as the suite sends it: without PKCE.
    fn asks(&self, scope: &str) -> Authorization {
        self.app.asks(scope).without("code_challenge").without("code_challenge_method")
    }

    async fn authorizes(&self, request: &Authorization) -> Left {
        user().await.authorizes(&self.browser, &request.url()).await
    }

    /// 2.2: where the mode says, `state` and `iss`, an unguessable code, no error.
    fn checks_response(request: &Authorization, left: &Left) -> String {
        let code = request.receives(left);
        assert_eq!(left.get("error"), None, "{left}");
        is_unguessable(&code);
        let names: Vec<&str> = left.parameters.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.iter().all(|name| ["code", "state", "iss", "session_state"].contains(name)), "{left}");
        code
    }

    async fn redeems(&self, code: &str) -> Answer {
        let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
        self.app.token(&form).await
    }

    /// The whole round, logged in or not, with every check.
    async fn round(&self, request: Authorization) -> Round {
        let left = self.authorizes(&request).await;
        self.goes_on(&request, left).await
    }

    async fn goes_on(&self, request: &Authorization, left: Left) -> Round {
        let code = Self::checks_response(request, &left);
        let answer = self.redeems(&code).await;
        let tokens = answer.tokens();
        // 2.3
        is_unguessable(&tokens.access_token);
        assert!((1..=31_536_000).contains(&tokens.expires_in), "{answer}");
        assert_eq!(answer.header("pragma"), Some("no-cache"), "{answer}");
        assert!(answer.header("content-type").unwrap().starts_with("application/json"), "{answer}");
        if let Some(refresh) = &tokens.refresh_token {
            is_unguessable(refresh);
        }
        let id_token = self.checks_id_token(tokens.id_token.as_deref().expect("an ID token"), request).await;
        Round { left, tokens, id_token }
    }

    /// 2.4
    async fn checks_id_token(&self, token: &str, request: &Authorization) -> Value {
        let jws = Jws::of(token);
        let keys = published(self.scene).await;
        let key = keys.iter().find(|key| key["kid"] == jws.member("kid")).expect("kid names a published key");
        assert!(verifies(key, &jws), "signature");
        let claims: Value = serde_json::from_str(&jws.claims).unwrap();
        assert_eq!(claims["iss"], self.scene.server.issuer.as_str());
        let audience = claims["aud"].as_str().map_or_else(
            || claims["aud"].as_array().unwrap().iter().any(|aud| aud == self.app.client_id.as_str()),
            |aud| aud == self.app.client_id,
        );
        assert!(audience, "aud: {claims}");
        let subject = claims["sub"].as_str().unwrap();
        assert!(subject.is_ascii() && (1..=255).contains(&subject.len()), "sub: {claims}");
        let number =
            |name: &str| claims[name].as_i64().unwrap_or_else(|| panic!("{name} is no number: {claims}"));
        assert!(number("exp") > now() && number("exp") < now() + 50 * 31_536_000, "{claims}");
        assert!((number("iat") - now()).abs() <= 300, "{claims}");
        let sent =
            request.parameters.iter().find(|(name, _)| name == "nonce").map(|(_, value)| value.as_str());
        assert_eq!(claims.get("nonce").and_then(Value::as_str), sent, "nonce is echoed iff sent");
        if claims.get("auth_time").is_some() {
            assert!((now() - 3600..=now() + 5).contains(&number("auth_time")), "{claims}");
        }
        if let Some(acr) = claims.get("acr") {
            assert!(acr.as_str().is_some_and(|acr| !acr.is_empty()), "{claims}");
        }
        if let Some(azp) = claims.get("azp") {
            assert_eq!(azp, self.app.client_id.as_str());
        }
        for (name, value) in claims.as_object().unwrap() {
            assert!(TOLERATED.contains(&name.as_str()), "{name} was not asked for: {claims}");
            assert!(!value.is_null() && value != "" && value != "null", "{name}: {claims}");
        }
        claims
    }

    async fn userinfo(&self, round: &Round) -> Value {
        let answer = self.app.userinfo(&round.tokens.access_token).await;
        let claims = answer.ok().clone();
        assert!(answer.header("content-type").unwrap().starts_with("application/json"), "{answer}");
        assert_eq!(claims["sub"], round.id_token["sub"]);
        claims
    }

    /// Userinfo has exactly these claims beside `sub`, each as it was given.
    async fn releases(&self, scope: &str, expected: &[&[&str]]) {
        let round = self.round(self.asks(scope)).await;
        let claims = self.userinfo(&round).await;
        let wanted: Vec<&str> = expected.concat();
        for name in &wanted {
            assert_eq!(claims[*name], claims_of_user()[*name], "{name}: {claims}");
        }
        for (name, _) in claims.as_object().unwrap() {
            assert!(name == "sub" || wanted.contains(&name.as_str()), "{name} was not asked for: {claims}");
        }
    }
}

/// 2.5
fn is_error_redirect(request: &Authorization, left: &Left, errors: &[&str]) {
    let error = left.get("error").unwrap_or_else(|| panic!("no error: {left}"));
    assert!(errors.contains(&error), "{left}");
    assert_eq!(
        left.get("state"),
        request.parameters.iter().find(|(name, _)| name == "state").map(|(_, v)| v.as_str())
    );
    assert!(left.get("iss").is_some(), "{left}");
    for (name, value) in &left.parameters {
        let known = ["error", "error_description", "error_uri", "state", "session_state", "iss"];
        assert!(known.contains(&name.as_str()), "{name}: {left}");
        if name == "error_description" {
            is_description(value);
        }
    }
}

fn is_description(text: &str) {
    let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(text.bytes().all(allowed), "error_description: {text:?}");
}

/// The refusal of a token request as 2.3 wants it.
fn is_token_error(answer: &Answer, error: &str) {
    answer.is_refused(error);
    answer.is_not_stored();
    is_description(answer.json["error_description"].as_str().unwrap_or_default());
}

/// conformance.md 2.1
#[tokio::test]
async fn discovery_names_what_every_module_needs_and_nothing_empty() {
    let scene = SCENE.get().await;
    let path = "/.well-known/openid-configuration";
    let reply = Reply::get(&scene.server.url(path)).await;
    let document = reply.json();
    assert_eq!(document["issuer"], scene.server.issuer.as_str());
    for member in ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"] {
        let address = document[member].as_str().unwrap_or_else(|| panic!("{member}: {document}"));
        assert!(address.starts_with(&scene.server.issuer), "{member}");
    }
    let lists = |member: &str, value: &str| {
        document[member].as_array().is_some_and(|values| values.iter().any(|known| known == value))
    };
    for (member, value) in [
        ("token_endpoint_auth_methods_supported", "client_secret_basic"),
        ("token_endpoint_auth_methods_supported", "client_secret_post"),
        ("token_endpoint_auth_methods_supported", "none"),
        ("response_types_supported", "code"),
        ("subject_types_supported", "public"),
        ("id_token_signing_alg_values_supported", "RS256"),
        ("code_challenge_methods_supported", "S256"),
        ("scopes_supported", "openid"),
        ("claims_supported", "sub"),
    ] {
        assert!(lists(member, value), "{member} lacks {value}");
    }
    assert!(!lists("code_challenge_methods_supported", "plain"));
    for (name, value) in document.as_object().unwrap() {
        assert!(!value.is_null() && *value != json!([]) && *value != json!(""), "{name}");
    }
    let other = Reply::get(&scene.server.url("/.well-known/oauth-authorization-server")).await;
    assert_eq!(other.json(), document);
    for key in published(scene).await {
        assert!(["RSA", "EC", "OKP"].contains(&key["kty"].as_str().unwrap()), "{key}");
    }
}

#[tokio::test]
async fn oidcc_server_the_code_flow_works_and_its_tokens_are_as_the_suite_wants_them() {
    let suite = Suite::new().await;
    let round = suite.round(suite.asks("openid offline_access")).await;
    assert_eq!(round.left.arrival, Arrival::Query);
    assert!(round.left.to.fragment().is_none());
    assert_eq!(suite.userinfo(&round).await["sub"], user().await.subject.as_str());
    let second = suite.round(suite.asks("openid")).await;
    assert_ne!(round.tokens.access_token, second.tokens.access_token);
}

#[tokio::test]
async fn oidcc_response_type_missing_is_returned_in_the_query() {
    let suite = Suite::new().await;
    let request = suite.asks("openid").without("response_type");
    let left = suite.browser.get(&request.url()).await.left();
    is_error_redirect(&request, &left, &["invalid_request", "unsupported_response_type"]);
    assert_eq!(left.arrival, Arrival::Query);
    let posted = suite.asks("openid").without("response_type").with("response_mode", "form_post");
    let left = suite.browser.get(&posted.url()).await.left();
    is_error_redirect(&posted, &left, &["invalid_request", "unsupported_response_type"]);
    assert_eq!(left.arrival, Arrival::FormPost);
}

#[tokio::test]
async fn oidcc_idtoken_signature_is_rs256_unless_registered_otherwise() {
    let suite = Suite::new().await;
    let round = suite.round(suite.asks("openid")).await;
    let jws = Jws::of(round.tokens.id_token.as_deref().unwrap());
    assert_eq!(jws.member("alg"), "RS256");
    assert!(jws.member("kid").as_str().is_some_and(|kid| !kid.is_empty()));
}

#[tokio::test]
async fn oidcc_idtoken_unsigned_is_skipped_because_none_is_not_offered() {
    let scene = SCENE.get().await;
    let document = Reply::get(&scene.server.url("/.well-known/openid-configuration")).await.json();
    let offered = document["id_token_signing_alg_values_supported"].as_array().unwrap();
    assert!(!offered.contains(&json!("none")), "{offered:?}");
}

#[tokio::test]
async fn oidcc_userinfo_answers_get_post_with_header_and_post_with_body_alike() {
    let suite = Suite::new().await;
    let round = suite.round(suite.asks("openid email")).await;
    let by_get = suite.userinfo(&round).await;
    let (url, token) = (suite.scene.server.url("/userinfo"), &round.tokens.access_token);
    for request in [
        http().post(&url).bearer_auth(token),
        http().post(&url).bearer_auth(token).form(&[("a", "b")]),
        http().post(&url).form(&[("access_token", token)]),
        http().get(&url).header("authorization", format!("bearer {token}")),
    ] {
        let reply = Reply::to(request).await;
        assert_eq!((reply.status, reply.json()), (200, by_get.clone()), "{reply:?}");
    }
}

/// RFC 6750 section 3.1: what the challenge says of what was wrong.
#[tokio::test]
async fn userinfo_challenges_by_what_was_presented() {
    let suite = Suite::new().await;
    let url = suite.scene.server.url("/userinfo");
    for request in [http().get(&url), http().get(&url).basic_auth("somebody", Some("else"))] {
        let reply = Reply::to(request).await;
        assert_eq!(
            (reply.status, reply.header("www-authenticate")),
            (401, "Bearer realm=\"grantor\""),
            "{reply:?}"
        );
    }
    let request = suite.app.asks("email");
    let code = Suite::checks_response(&request, &suite.authorizes(&request).await);
    let narrow = suite.app.redeems(&code, &request).await.tokens();
    let reply = Reply::to(http().get(&url).bearer_auth(&narrow.access_token)).await;
    assert_eq!((reply.status, reply.error().as_str()), (403, "insufficient_scope"), "{reply:?}");
    assert!(reply.header("www-authenticate").ends_with(", scope=\"openid\""), "{reply:?}");
}

#[tokio::test]
async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow() {
    // Without nonce a confidential client uses PKCE (design.md 6), as the suite's basic plan does with this server.
    let suite = Suite::new().await;
    let request = suite.app.asks("openid").without("nonce");
    let code = Suite::checks_response(&request, &suite.authorizes(&request).await);
    let tokens = suite.app.redeems(&code, &request).await.tokens();
    let claims = suite.checks_id_token(tokens.id_token.as_deref().unwrap(), &request).await;
    assert_eq!(claims.get("nonce"), None);
}

#[tokio::test]
async fn oidcc_scope_profile_email_address_phone_and_all_release_their_claims_and_no_others() {
    let suite = Suite::new().await;
    suite.releases("openid", &[]).await;
    suite.releases("openid profile", &[PROFILE]).await;
    suite.releases("openid email", &[EMAIL]).await;
    suite.releases("openid address", &[ADDRESS]).await;
    suite.releases("openid phone", &[PHONE]).await;
    suite.releases("openid profile email address phone", &[PROFILE, EMAIL, ADDRESS, PHONE]).await;
}

#[tokio::test]
async fn oidcc_alternate_happy_flow_takes_scopes_and_parameters_in_any_order() {
    let suite = Suite::new().await;
    let mut request = suite.asks("email openid");
    request.parameters.reverse();
    let round = suite.round(request).await;
    suite.userinfo(&round).await;
}

#[tokio::test]
async fn oidcc_harmless_parameters_do_not_fail_a_request() {
    for (name, value) in [
        ("display", "page"),
        ("display", "popup"),
        ("display", "touch"),
        ("display", "made-up"),
        ("extra", "foobar"),
        ("ui_locales", "se"),
        ("ui_locales", "fr-CA fr en"),
        ("claims_locales", "se"),
        ("login_hint", "buffy@localhost"),
        ("login_hint", "suite"),
    ] {
        let suite = Suite::new().await;
        let round = suite.round(suite.asks("openid").with(name, value)).await;
        assert_eq!(round.id_token["sub"], user().await.subject.as_str(), "{name}={value}");
    }
}

#[tokio::test]
async fn oidcc_prompt_login_asks_again_and_auth_time_is_later() {
    let suite = Suite::new().await;
    let first = suite.round(suite.asks("openid")).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let request = suite.asks("openid").with("prompt", "login");
    let page = suite.browser.get(&request.url()).await.page();
    assert!(page.has("login") && page.has("password") && page.has("submit-login"), "{page}");
    let second = suite.round(request).await;
    assert_eq!(first.id_token["sub"], second.id_token["sub"]);
    let time = |round: &Round| round.id_token["auth_time"].as_i64().expect("auth_time");
    assert!(time(&second) > time(&first), "{} {}", first.id_token, second.id_token);
}

#[tokio::test]
async fn oidcc_prompt_none_not_logged_in_is_an_error_with_a_long_state_in_the_right_mode() {
    let suite = Suite::new().await;
    let state = format!("{}{}{}", random_text(), random_text(), random_text())[..128].to_owned();
    for (mode, arrival) in
        [("query", Arrival::Query), ("fragment", Arrival::Fragment), ("form_post", Arrival::FormPost)]
    {
        let request =
            suite.asks("openid").with("prompt", "none").with("state", &state).with("response_mode", mode);
        let left = suite.browser.get(&request.url()).await.left();
        let errors =
            ["interaction_required", "login_required", "account_selection_required", "consent_required"];
        is_error_redirect(&request, &left, &errors);
        assert_eq!((left.arrival, left.get("state")), (arrival, Some(state.as_str())), "{mode}");
    }
}

#[tokio::test]
async fn oidcc_prompt_none_logged_in_succeeds_silently_with_the_same_sub_and_auth_time() {
    let suite = Suite::new().await;
    let first = suite.round(suite.asks("openid")).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let request = suite.asks("openid").with("prompt", "none");
    let left = suite.browser.get(&request.url()).await.left();
    let second = suite.goes_on(&request, left).await;
    for claim in ["sub", "auth_time"] {
        assert_eq!(first.id_token[claim], second.id_token[claim], "{claim}");
    }
}

#[tokio::test]
async fn oidcc_max_age_1_makes_the_user_authenticate_again() {
    let suite = Suite::new().await;
    let first = suite.round(suite.asks("openid")).await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let request = suite.asks("openid").with("max_age", "1");
    let page = suite.browser.get(&request.url()).await.page();
    assert!(page.has("submit-login"), "{page}");
    let left = user().await.walks(&suite.browser, Visit::Page(page), grantor_tests::Choice::Accept).await;
    let second = suite.goes_on(&request, left).await;
    let time = |round: &Round| round.id_token["auth_time"].as_i64().expect("auth_time");
    assert!(time(&second) > time(&first) && now() - time(&second) < 60);
    let silent = suite.asks("openid").with("max_age", "0").with("prompt", "none");
    is_error_redirect(&silent, &suite.browser.get(&silent.url()).await.left(), &["login_required"]);
}

#[tokio::test]
async fn oidcc_max_age_10000_needs_no_second_login_and_tells_auth_time() {
    let suite = Suite::new().await;
    let first = suite.round(suite.asks("openid").with("max_age", "15000")).await;
    let request = suite.asks("openid").with("max_age", "10000");
    let left = suite.browser.get(&request.url()).await.left();
    let second = suite.goes_on(&request, left).await;
    assert!(first.id_token["auth_time"].is_i64());
    assert_eq!(first.id_token["auth_time"], second.id_token["auth_time"]);
}

#[tokio::test]
async fn oidcc_id_token_hint_chooses_the_users_session() {
    let suite = Suite::new().await;
    let first = suite.round(suite.asks("openid")).await;
    let hint = first.tokens.id_token.clone().unwrap();
    let request = suite.asks("openid").with("prompt", "none").with("id_token_hint", &hint);
    let left = suite.browser.get(&request.url()).await.left();
    let second = suite.goes_on(&request, left).await;
    assert_eq!(first.id_token["sub"], second.id_token["sub"]);
}

#[tokio::test]
async fn oidcc_ensure_request_with_acr_values_succeeds_and_acr_is_one_of_them() {
    let scene = SCENE.get().await;
    let document = Reply::get(&scene.server.url("/.well-known/openid-configuration")).await.json();
    let supported: Vec<&str> =
        document["acr_values_supported"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for asked in [supported.join(" "), "1 2".to_owned(), "2 made-up".to_owned()] {
        let suite = Suite::new().await;
        let round = suite.round(suite.asks("openid").with("acr_values", &asked)).await;
        let acr = round.id_token["acr"].as_str().expect("acr");
        assert!(supported.contains(&acr), "{acr}");
    }
}

#[tokio::test]
async fn oidcc_codereuse_is_refused_and_revokes_what_the_code_gave() {
    let suite = Suite::new().await;
    let request = suite.asks("openid");
    let code = Suite::checks_response(&request, &suite.authorizes(&request).await);
    let tokens = suite.redeems(&code).await.tokens();
    is_token_error(&suite.redeems(&code).await, "invalid_grant");
    suite.app.userinfo(&tokens.access_token).await.is_refused("invalid_token");

    let code = Suite::checks_response(&request, &suite.authorizes(&request).await);
    let (one, two) = tokio::join!(suite.redeems(&code), suite.redeems(&code));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400], "{one}\n{two}");
}

#[tokio::test]
async fn oidcc_ensure_registered_redirect_uri_shows_our_error_page() {
    let suite = Suite::new().await;
    let url = suite.asks("openid").with("redirect_uri", &format!("{CALLBACK}/{}", random_text())).url();
    let page = suite.browser.get(&url).await.page();
    page.is_error_page("invalid_request");
    assert!(page.url.as_str().starts_with(&suite.scene.server.issuer));
}

#[tokio::test]
async fn oidcc_ensure_post_request_succeeds_with_and_without_a_session() {
    let suite = Suite::new().await;
    for _ in 0..2 {
        let request = suite.asks("openid");
        let form: Vec<(&str, &str)> =
            request.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let at = suite.browser.post_form(&suite.scene.server.url("/oauth2/auth"), &form).await;
        let left = user().await.walks(&suite.browser, at, grantor_tests::Choice::Accept).await;
        suite.goes_on(&request, left).await;
    }
    // As a real browser sends it from another site: without Lax cookies, with a foreign Origin, then a GET with them.
    let request = suite.asks("openid").with("prompt", "none");
    let post = http()
        .post(suite.scene.server.url("/oauth2/auth"))
        .header("origin", "https://app.example")
        .header("sec-fetch-site", "cross-site")
        .form(&request.parameters);
    let parked = Reply::to(post).await;
    assert_eq!(parked.status, 303, "{parked:?}");
    let left = suite.browser.get(parked.header("location")).await.left();
    suite.goes_on(&request, left).await;
}

#[tokio::test]
async fn oidcc_server_client_secret_post_works() {
    let suite = Suite::with(json!({ "token_endpoint_auth_method": "client_secret_post" })).await;
    suite.round(suite.asks("openid")).await;
}

#[tokio::test]
async fn oidcc_unsigned_request_objects_are_refused_as_unsupported_where_they_are_not_allowed() {
    let suite = Suite::new().await;
    let scene = suite.scene;
    let document = Reply::get(&scene.server.url("/.well-known/openid-configuration")).await.json();
    let algorithms = document["request_object_signing_alg_values_supported"].as_array().unwrap();
    assert!(!algorithms.contains(&json!("none")), "{algorithms:?}");
    assert_eq!(document["request_parameter_supported"], true);
    assert_eq!(document["request_uri_parameter_supported"], true);
    assert_eq!(document["require_request_uri_registration"], true);
    for (name, value, error) in [
        ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        ("request_uri", "https://suite.example/object#hash", "invalid_request_uri"),
        ("registration", "{}", "registration_not_supported"),
    ] {
        let request = suite.asks("openid").with(name, value);
        is_error_redirect(&request, &suite.browser.get(&request.url()).await.left(), &[error]);
    }
}

#[tokio::test]
async fn oidcc_ensure_request_object_with_redirect_uri_never_reaches_the_bad_one() {
    let suite = Suite::new().await;
    let request = suite
        .asks("openid")
        .with("redirect_uri", "https://evil.example/cb")
        .with("request", "eyJhbGciOiJub25lIn0.e30.");
    suite.browser.get(&request.url()).await.page().is_error_page("request_not_supported");
}

#[tokio::test]
async fn oidcc_claims_essential_succeeds_and_leaves_the_id_token_alone() {
    let suite = Suite::new().await;
    let claims = r#"{"userinfo":{"name":{"essential":true}}}"#;
    let round = suite.round(suite.asks("openid").with("claims", claims)).await;
    assert_eq!(round.id_token.get("name"), None);
    let document = Reply::get(&suite.scene.server.url("/.well-known/openid-configuration")).await.json();
    let told = suite.userinfo(&round).await.get("name").is_some();
    assert!(told || document["claims_parameter_supported"] == false, "what is offered is done");
}

#[tokio::test]
async fn oidcc_refresh_token_gives_new_tokens_for_the_same_user_and_no_nonce() {
    let suite = Suite::new().await;
    let first = suite.round(suite.asks("openid offline_access")).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", first.tokens.refresh())];
    let second = suite.app.token(&[form[0], form[1], ("scope", "openid offline_access")]).await.tokens();
    assert_ne!(second.access_token, first.tokens.access_token);
    is_unguessable(&second.access_token);
    let without_nonce = suite.asks("openid").without("nonce");
    if let Some(id_token) = &second.id_token {
        let claims = suite.checks_id_token(id_token, &without_nonce).await;
        for claim in ["iss", "sub", "aud", "auth_time"] {
            assert_eq!(claims[claim], first.id_token[claim], "{claim}");
        }
        assert!(claims["iat"].as_i64() >= first.id_token["iat"].as_i64());
    }
    let stranger = Suite::new().await;
    let refused = stranger.app.refreshes(second.refresh()).await;
    is_token_error(&refused, "invalid_grant");
    suite.app.refreshes(second.refresh()).await.tokens();
}

#[tokio::test]
async fn oidcc_ensure_request_with_valid_pkce_succeeds() {
    let suite = Suite::new().await;
    let request = suite.app.asks("openid");
    let code = Suite::checks_response(&request, &suite.authorizes(&request).await);
    let tokens = suite.app.redeems(&code, &request).await.tokens();
    suite.checks_id_token(tokens.id_token.as_deref().unwrap(), &request).await;
}

/// conformance.md 2.3 and 2.5, over every way a request can be wrong.
#[tokio::test]
async fn every_refusal_has_a_known_error_and_a_description_in_the_alphabet() {
    let suite = Suite::new().await;
    let known = [
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_response_type",
        "access_denied",
        "login_required",
        "invalid_target",
    ];
    for (name, value) in [
        ("scope", "openid \"quoted\\ \u{e9}"),
        ("scope", "openid nothing"),
        ("response_type", "\"\\"),
        ("response_mode", "\u{e9}"),
        ("prompt", "none \"\\"),
        ("max_age", "-1"),
        ("max_age", "\"\\\r\n"),
        ("claims", "{\"\\"),
        ("id_token_hint", "\"\\\u{e9}"),
        ("code_challenge", "\"\\"),
        ("resource", "\"\\"),
        ("audience", "\u{e9}"),
    ] {
        let request = suite.asks("openid").with(name, value);
        is_error_redirect(&request, &suite.browser.get(&request.url()).await.left(), &known);
    }
    for form in [
        &[("grant_type", "\"\\\u{e9}")][..],
        &[("grant_type", "authorization_code")],
        &[("grant_type", "authorization_code"), ("code", "\"\\\u{e9}\r\n")],
        &[("grant_type", "authorization_code"), ("code", "c"), ("code_verifier", "\"\\")],
        &[("grant_type", "refresh_token"), ("refresh_token", "\"\\")],
        &[("grant_type", "refresh_token"), ("refresh_token", "r"), ("scope", "\"\\")],
        &[("grant_type", "refresh_token"), ("refresh_token", "r"), ("resource", "\"\\")],
    ] {
        let answer = suite.app.token(form).await;
        assert_eq!(answer.status, 400, "{answer}");
        is_token_error(&answer, answer.error().unwrap());
    }
}
