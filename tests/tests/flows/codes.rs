//! Authorization codes: single use, bound to client, redirect URI and lifetime (RFC 6749 sections 4.1.2 and 4.1.3,
//! security.md 1.1).

use std::collections::BTreeSet;
use std::time::Duration;

use grantor_tests::{Answer, Engine, InProcess};
use serde_json::json;
use tokio::task::JoinSet;

use crate::stage::{CALLBACK, Stage, public, redeem_with, trusted, trusted_with};

const SCOPE: &str = "openid offline_access";

/// T001.
#[tokio::test]
async fn a_code_used_again_gives_nothing_and_takes_back_what_it_gave() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    let tokens = stage.app.redeems(&code, &request).await.tokens();
    assert!(stage.counts(&tokens.access_token).await);
    stage.app.redeems(&code, &request).await.is_refused("invalid_grant");
    assert!(!stage.counts(&tokens.access_token).await);
    stage.app.refreshes(tokens.refresh()).await.is_refused("invalid_grant");
    stage.app.redeems(&code, &request).await.is_refused("invalid_grant");
}

/// T001: the replay comes when the code itself has long expired.
#[tokio::test]
async fn a_replay_is_seen_after_the_code_has_expired() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    let tokens = stage.app.redeems(&code, &request).await.tokens();
    stage.server.advance(300);
    assert!(stage.counts(&tokens.access_token).await);
    stage.app.redeems(&code, &request).await.is_refused("invalid_grant");
    assert!(!stage.counts(&tokens.access_token).await);
}

/// T002: nobody else can end a session with a code that leaked after its use.
#[tokio::test]
async fn a_replay_with_anything_wrong_leaves_the_tokens_alone() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    let tokens = stage.app.redeems(&code, &request).await.tokens();
    let other = stage.party(trusted()).await;
    other.redeems(&code, &request).await.is_refused("invalid_grant");
    let another = stage.app.asks(SCOPE);
    stage.app.redeems(&code, &another).await.is_refused("invalid_grant");
    redeem_with(&stage.app, &code, &[("redirect_uri", CALLBACK)]).await.is_refused("invalid_grant");
    let elsewhere = [("redirect_uri", "https://app.example/other"), ("code_verifier", &request.verifier)];
    redeem_with(&stage.app, &code, &elsewhere).await.is_refused("invalid_grant");
    assert!(stage.counts(&tokens.access_token).await);
    stage.app.refreshes(tokens.refresh()).await.tokens();
}

/// T003.
#[tokio::test(flavor = "multi_thread")]
async fn of_64_redemptions_at_once_on_two_nodes_one_wins() {
    let stage = Stage::on(Engine::Postgres, "", trusted()).await;
    let other = stage.server.beside("").await;
    for _ in 0..5 {
        let (request, code) = stage.code(SCOPE).await;
        let mut tasks = JoinSet::new();
        for number in 0..64 {
            let party = if number % 2 == 0 { stage.app.clone() } else { stage.app.at(&other.origin()) };
            let (request, code) = (request.clone(), code.clone());
            tasks.spawn(async move { party.redeems(&code, &request).await });
        }
        let answers: Vec<Answer> = tasks.join_all().await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1, "one redemption wins");
        for answer in lost {
            answer.is_refused("invalid_grant");
        }
        // All 63 others were replays with everything right, which is the policy of T001.
        assert!(!stage.counts(&won[0].tokens().access_token).await);
    }
}

/// T004.
#[tokio::test]
async fn another_clients_attempt_changes_nothing() {
    let stage = Stage::new().await;
    let other = stage.party(trusted()).await;
    let (request, code) = stage.code(SCOPE).await;
    for _ in 0..6 {
        other.redeems(&code, &request).await.is_refused("invalid_grant");
    }
    stage.app.redeems(&code, &request).await.tokens();
}

/// T005.
#[tokio::test]
async fn a_public_clients_code_is_not_given_to_another_public_client() {
    let stage = Stage::with("", public()).await;
    let other = stage.party(public()).await;
    let (request, code) = stage.code(SCOPE).await;
    other.redeems(&code, &request).await.is_refused("invalid_grant");
    stage.app.redeems(&code, &request).await.tokens();
}

/// T006.
#[tokio::test]
async fn a_code_is_bound_to_the_redirect_uri_byte_for_byte() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    let verifier = ("code_verifier", request.verifier.as_str());
    for wrong in [
        "https://app.example/callback/",
        "https://app.example/Callback",
        "https://APP.example/callback",
        "https://app.example/callback?",
        "https://app.example/other",
        "http://app.example/callback",
    ] {
        let answer = redeem_with(&stage.app, &code, &[("redirect_uri", wrong), verifier]).await;
        answer.is_refused("invalid_grant");
    }
    redeem_with(&stage.app, &code, &[verifier]).await.is_refused("invalid_grant");
    stage.app.redeems(&code, &request).await.tokens();
}

/// T007.
#[tokio::test]
async fn a_code_dies_after_a_minute() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    stage.server.advance(55);
    stage.app.redeems(&code, &request).await.tokens();
    let (request, code) = stage.code(SCOPE).await;
    stage.server.advance(60);
    stage.app.redeems(&code, &request).await.is_refused("invalid_grant");
}

/// T008.
#[tokio::test]
async fn a_damaged_code_is_answered_like_an_unknown_one() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    let unknown = stage.app.redeems(&made_up_code(), &request).await;
    unknown.is_refused("invalid_grant");
    let twice_encoded = code.replace('_', "%5F");
    let standard_alphabet = code.replace('-', "+");
    for damaged in [
        &code[..code.len() - 1],
        &format!("{code}A"),
        &format!("{code}="),
        &code.replacen("gr_ac_", "gr_rt_", 1),
        &code.replacen("gr_ac_", "", 1),
        &code.to_uppercase(),
        &twice_encoded,
        &format!("{standard_alphabet} "),
        "x",
    ] {
        let answer = stage.app.redeems(damaged, &request).await;
        answer.is_refused("invalid_grant");
        let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<BTreeSet<_>>();
        assert_eq!(names(&answer), names(&unknown));
        assert_eq!(answer.json.as_object().unwrap().len(), unknown.json.as_object().unwrap().len());
    }
    stage.app.redeems("", &request).await.is_refused("invalid_request");
    stage.app.redeems(&code, &request).await.tokens();
}

/// A code of the right shape that nobody was given.
fn made_up_code() -> String {
    use grantor_crypto::{TokenPrefix, random_bytes, token_format};
    token_format::encode(TokenPrefix::AuthorizationCode, &random_bytes::<32>())
}

/// T009, on a small scale: entropy of what is issued, and no hit by chance.
#[tokio::test]
async fn codes_are_random_and_guesses_never_hit() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    let mut prefixes = BTreeSet::new();
    for _ in 0..100 {
        let (_, issued) = stage.code(SCOPE).await;
        assert!(issued.len() >= "gr_ac_".len() + 43, "256 bits are 43 characters: {issued}");
        prefixes.insert(issued["gr_ac_".len()..][..8].to_owned());
    }
    assert_eq!(prefixes.len(), 100, "no two codes begin alike");
    for _ in 0..200 {
        stage.app.redeems(&made_up_code(), &request).await.is_refused("invalid_grant");
    }
    stage.app.redeems(&code, &request).await.tokens();
}

/// T010, and T080 within it: each kind of value in every slot that is not its own.
#[tokio::test]
async fn no_value_passes_for_another_kind() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    let tokens = stage.tokens(SCOPE).await;
    let id_token = tokens.id_token.clone().unwrap();
    let (access, refresh) = (tokens.access_token.as_str(), tokens.refresh());
    for wrong in [access, refresh, &id_token] {
        stage.app.redeems(wrong, &request).await.is_refused("invalid_grant");
    }
    for wrong in [access, &code, &id_token] {
        stage.app.refreshes(wrong).await.is_refused("invalid_grant");
    }
    for wrong in [refresh, &code, &id_token] {
        stage.app.userinfo(wrong).await.is_refused("invalid_token");
    }
    for wrong in [&code, &id_token] {
        assert_eq!(stage.app.introspects(wrong).await.ok(), &json!({ "active": false }));
        assert_eq!(stage.app.revokes(wrong).await.status, 200);
    }
    // None of it used anything up.
    stage.app.redeems(&code, &request).await.tokens();
    stage.app.refreshes(refresh).await.tokens();
}

/// T011.
#[tokio::test]
async fn the_handle_of_an_interaction_is_no_code_and_no_token() {
    let stage = Stage::new().await;
    let request = stage.app.asks(SCOPE);
    let page = stage.visits(&request).await.page();
    let handle = page.url.query_pairs().find(|(name, _)| name == "interaction").unwrap().1.into_owned();
    stage.app.redeems(&handle, &request).await.is_refused("invalid_grant");
    stage.app.refreshes(&handle).await.is_refused("invalid_grant");
    stage.app.userinfo(&handle).await.is_refused("invalid_token");
}

/// T012.
#[tokio::test]
async fn a_code_dies_with_its_user() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    let alice = InProcess::user_id(&stage.alice);
    stage.server.store().users().disable(alice, stage.server.now()).await.unwrap();
    stage.app.redeems(&code, &request).await.is_refused("invalid_grant");
    stage.server.store().users().enable(alice).await.unwrap();
    stage.app.redeems(&code, &request).await.tokens();
    let (request, code) = stage.code(SCOPE).await;
    stage.server.store().users().delete(alice).await.unwrap();
    stage.app.redeems(&code, &request).await.is_refused("invalid_grant");
}

/// T012.
#[tokio::test]
async fn a_code_dies_when_its_grant_is_revoked() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    let alice = InProcess::user_id(&stage.alice);
    assert_eq!(stage.server.disconnects(&stage.client.id, alice).await.grants, 1);
    stage.app.redeems(&code, &request).await.is_refused("invalid_grant");
}

/// T012.
#[tokio::test]
async fn a_code_dies_when_all_tokens_of_its_client_are_revoked() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    let client = stage.server.client_row(&stage.client.id).await.row;
    stage.server.store().clients().raise_epoch(client).await.unwrap();
    stage.app.redeems(&code, &request).await.is_refused("invalid_grant");
    stage.server.advance(2);
    stage.tokens(SCOPE).await;
}

/// T012: within the age of the cache the client still authenticates, and gets nothing all the same.
#[tokio::test]
async fn a_code_dies_with_its_client() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    let client = stage.server.client_row(&stage.client.id).await.row;
    stage.app.token(&[("grant_type", "client_credentials")]).await.tokens();
    stage.server.store().clients().delete(client).await.unwrap();
    let answer = stage.app.redeems(&code, &request).await;
    assert!(matches!(answer.error(), Some("invalid_grant" | "invalid_client")), "{answer}");
    stage.server.advance(2);
    stage.app.redeems(&code, &request).await.is_refused("invalid_client");
}

/// T012: RFC 6749 section 5.2 has a name of its own for it.
#[tokio::test]
async fn a_client_that_lost_the_grant_type_redeems_nothing() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    stage
        .server
        .update_client(&stage.client.id, |metadata| {
            metadata.grant_types.retain(|grant| grant.name() != "authorization_code");
        })
        .await;
    stage.server.advance(2);
    stage.app.redeems(&code, &request).await.is_refused("unauthorized_client");
}

/// T013: what hangs on the login dies with it, an offline grant does not; a restart changes neither.
#[tokio::test]
async fn a_code_outlives_the_logout_only_when_its_grant_is_offline() {
    let mut stage = Stage::new().await;
    let (online, online_code) = stage.code("openid").await;
    let (offline, offline_code) = stage.code(SCOPE).await;
    let alice = InProcess::user_id(&stage.alice);
    assert_eq!(stage.server.ends_sessions_of(alice).await, 1);
    stage.app.redeems(&online_code, &online).await.is_refused("invalid_grant");
    stage.server = stage.server.restart("").await;
    stage.app.redeems(&online_code, &online).await.is_refused("invalid_grant");
    stage.app.redeems(&offline_code, &offline).await.tokens();
}

/// T014.
#[tokio::test]
async fn a_code_in_a_query_is_not_even_looked_at() {
    let stage = Stage::with("", public()).await;
    let (request, code) = stage.code(SCOPE).await;
    let query = format!(
        "/oauth2/token?grant_type=authorization_code&code={code}&client_id={}&redirect_uri={CALLBACK}\
         &code_verifier={}",
        stage.client.id, request.verifier
    );
    let answer = stage.app.reads(&query).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{answer}");
    stage.app.redeems(&code, &request).await.tokens();
}

/// T015, T182.
#[tokio::test]
async fn a_code_in_json_or_multipart_is_not_parsed() {
    let stage = Stage::with("", public()).await;
    let (request, code) = stage.code(SCOPE).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("client_id", &stage.client.id),
        ("redirect_uri", CALLBACK),
        ("code_verifier", &request.verifier),
    ];
    let json: serde_json::Map<_, _> =
        form.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let part =
        |(name, value)| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let multipart = form.map(part).concat();
    let bodies = [
        ("application/json", serde_json::Value::from(json).to_string()),
        ("multipart/form-data; boundary=x", format!("{multipart}--x--\r\n")),
        ("text/plain", form.map(|(name, value)| format!("{name}={value}")).join("&")),
    ];
    let url = stage.server.url("/oauth2/token");
    for (kind, body) in bodies {
        let http = reqwest::Client::new();
        let answer = http.post(&url).header("content-type", kind).body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        assert!(matches!(status, 400 | 415), "{kind}: {status}");
        assert!(answer.text().await.unwrap().contains("\"invalid_request\""), "{kind}");
    }
    stage.app.redeems(&code, &request).await.tokens();
}

/// T016, as far as a connection that is cut shows it: the code was not used, or it is dead, and never are there two
/// token sets.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_while_redeeming_leaves_the_code_unused_or_dead() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        // Two connections: if a cut request kept one, the third would wait in vain.
        let stage = Stage::on(engine, "database.max_connections = 2", trusted()).await;
        for round in 0..40 {
            let (request, code) = stage.code(SCOPE).await;
            let patience = Duration::from_micros(100 * round);
            drop(tokio::time::timeout(patience, stage.app.redeems(&code, &request)).await);
            let again = stage.app.redeems(&code, &request).await;
            // A success may be revoked again at once: what was cut off may run last, and is a replay then (T001).
            if again.status != 200 {
                again.is_refused("invalid_grant");
            }
            stage.app.redeems(&code, &request).await.is_refused("invalid_grant");
        }
    }
}

/// T068, T069 for codes: what the client authenticates with is looked at first, and a refusal uses nothing up.
#[tokio::test]
async fn a_failed_authentication_does_not_use_a_code_up() {
    let stage = Stage::new().await;
    let (request, code) = stage.code(SCOPE).await;
    let mut impostor = stage.app.clone();
    impostor.secret = Some("another".to_owned());
    impostor.redeems(&code, &request).await.is_refused("invalid_client");
    stage.app.redeems(&code, &request).await.tokens();
}

/// RFC 6749 section 3.3: what a client may not have is not granted silently.
#[tokio::test]
async fn without_the_refresh_grant_there_is_no_refresh_token() {
    let stage = Stage::with("", trusted_with(&json!({ "grant_types": ["authorization_code"] }))).await;
    let tokens = stage.tokens(SCOPE).await;
    assert_eq!(tokens.refresh_token, None);
    assert_eq!(tokens.scope.as_deref(), Some("openid"), "scope says what was granted");
}

/// OpenID Connect Core section 11: refresh tokens are for whoever asked for offline access.
#[tokio::test]
async fn without_offline_access_there_is_no_refresh_token() {
    let stage = Stage::with("", trusted_with(&json!({ "scope": "openid offline offline_access" }))).await;
    assert_eq!(stage.tokens("openid").await.refresh_token, None);
    assert!(stage.tokens("openid offline_access").await.refresh_token.is_some());
    assert!(stage.tokens("openid offline").await.refresh_token.is_some());
}

/// A refusal must not use the code up: the corrected request would be taken for a replay.
#[tokio::test]
async fn a_target_outside_the_grant_is_refused_and_leaves_the_code_unused() {
    let stage = Stage::with("", trusted_with(&json!({ "audience": ["https://api.example"] }))).await;
    let request = stage.app.asks(SCOPE).with("resource", "https://api.example");
    let left = stage.authorizes(&request).await;
    let code = request.receives(&left);
    let wrong = [
        ("redirect_uri", CALLBACK),
        ("code_verifier", request.verifier.as_str()),
        ("resource", "https://typo.example"),
    ];
    redeem_with(&stage.app, &code, &wrong).await.is_refused("invalid_target");
    let right = [wrong[0], wrong[1], ("resource", "https://api.example")];
    let tokens = redeem_with(&stage.app, &code, &right).await.tokens();
    assert!(stage.counts(&tokens.access_token).await);
}

/// security.md T076: what an operator took from the client since the user agreed is not handed out.
#[tokio::test]
async fn a_scope_the_client_has_lost_is_not_given_for_an_older_code() {
    let stage = Stage::new().await;
    let (request, code) = stage.code("openid offline_access profile").await;
    let fewer = grantor_protocol::Scope::parse("openid offline_access").unwrap();
    stage.server.update_client(&stage.client.id, |metadata| metadata.scope = fewer).await;
    stage.server.advance(2);
    let answer = stage.app.redeems(&code, &request).await;
    assert_eq!(answer.ok()["scope"], "openid offline_access");
}
