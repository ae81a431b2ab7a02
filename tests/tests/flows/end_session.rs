//! RP-Initiated Logout 1.0, Front-Channel Logout 1.0 and what dies with a session, over HTTP. security.md T038, T160, T161.

use grantor_tests::{Browser, RelyingParty, ResponsePage, Tokens, Visit};
use serde_json::json;
use url::Url;

use crate::stage::{CALLBACK, Stage, jws_part, trusted_with};

const BYE: &str = "https://app.example/bye";
const SCOPE: &str = "openid offline_access";

async fn stage() -> Stage {
    Stage::with("", trusted_with(&json!({ "post_logout_redirect_uris": [BYE] }))).await
}

fn end_session(app: &RelyingParty, parameters: &[(&str, &str)]) -> String {
    let mut url = Url::parse(&format!("{}/oauth2/sessions/logout", app.issuer)).unwrap();
    if !parameters.is_empty() {
        url.query_pairs_mut().extend_pairs(parameters);
    }
    url.to_string()
}

impl Stage {
    async fn logs_out(&self, parameters: &[(&str, &str)]) -> Visit {
        self.browser.get(&end_session(&self.app, parameters)).await
    }

    async fn asks_for_a_login(&self) {
        let silent = self.app.asks(SCOPE).with("prompt", "none");
        self.visits(&silent).await.left().is_refused("login_required");
    }

    async fn is_logged_in(&self) {
        self.visits(&self.app.asks(SCOPE).with("prompt", "none")).await.left().code();
    }

    async fn hint(&self) -> String {
        self.tokens(SCOPE).await.id_token.unwrap()
    }
}

fn asks(visit: Visit) -> ResponsePage {
    let page = visit.page();
    assert!(page.status == 200 && page.has("logout-confirm") && !page.has("logged-out"), "{page}");
    page
}

fn says_logged_out(visit: Visit) -> ResponsePage {
    let page = visit.page();
    assert!(page.status == 200 && page.has("logged-out"), "{page}");
    page
}

/// RP-Initiated Logout sections 2 and 3.
#[tokio::test]
async fn an_id_token_of_this_very_session_proves_the_request_and_nothing_is_asked() {
    let stage = stage().await;
    for state in [None, Some("a b&c")] {
        let hint = stage.hint().await;
        let mut parameters = vec![("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE)];
        parameters.extend(state.map(|state| ("state", state)));
        let left = stage.logs_out(&parameters).await.left();
        let told: Vec<_> = state.into_iter().map(|state| ("state".to_owned(), state.to_owned())).collect();
        assert!(left.to.as_str().starts_with(BYE) && left.parameters == told, "{left}");
        stage.asks_for_a_login().await;
    }
}

/// The token may have expired (section 2), and the answer may come by POST, also from another site, without our cookies.
#[tokio::test]
async fn an_expired_hint_in_a_form_of_another_site_will_do() {
    let stage = stage().await;
    let hint = stage.hint().await;
    stage.server.advance(3 * 3600);
    let form = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s")];
    let stranger = Browser::new().post_form(&end_session(&stage.app, &[]), &form).await.left();
    assert_eq!(stranger.to.as_str(), format!("{BYE}?state=s"), "nobody is signed in there");
    stage.is_logged_in().await;
    let left = stage.browser.post_form(&end_session(&stage.app, &[]), &form).await.left();
    assert_eq!(left.to.as_str(), format!("{BYE}?state=s"));
    stage.asks_for_a_login().await;
}

/// Section 2: what cannot be true of a request of ours ends on our page, redirects nowhere and ends nothing. T038.
#[tokio::test]
async fn the_refusals_end_on_our_page_and_nobody_is_signed_out() {
    let stage = stage().await;
    let hint = stage.hint().await;
    let other = stage.party(trusted_with(&json!({ "post_logout_redirect_uris": [BYE] }))).await;
    let (head, rest) = hint.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");
    let foreign = format!("{head}.{claims}.{}", "A".repeat(signature.len()));
    let query_added = format!("{BYE}?foo=bar");
    let trailing = format!("{BYE}/");
    let access_token = stage.tokens(SCOPE).await.access_token;
    for (what, parameters) in [
        (
            "an address that is not registered",
            vec![("id_token_hint", &*hint), ("post_logout_redirect_uri", "https://evil.example/")],
        ),
        ("a query that is added", vec![("id_token_hint", &hint), ("post_logout_redirect_uri", &query_added)]),
        ("a path that is longer", vec![("id_token_hint", &hint), ("post_logout_redirect_uri", &trailing)]),
        ("no hint and no client", vec![("post_logout_redirect_uri", BYE)]),
        ("an unsigned hint", vec![("id_token_hint", &unsigned), ("post_logout_redirect_uri", BYE)]),
        (
            "a hint with another signature",
            vec![("id_token_hint", &foreign), ("post_logout_redirect_uri", BYE)],
        ),
        ("another client's hint", vec![("id_token_hint", &hint), ("client_id", &other.client_id)]),
        ("an access token", vec![("id_token_hint", &access_token)]),
        ("an unknown client", vec![("client_id", "nobody"), ("post_logout_redirect_uri", BYE)]),
        ("a parameter twice", vec![("state", "a"), ("state", "b")]),
    ] {
        let page = stage.logs_out(&parameters).await.page();
        assert!(page.status == 400 && page.has("error-page"), "{what}: {page}");
    }
    stage.is_logged_in().await;
}

/// A userinfo answer of ours has our signature, issuer and audience too (T111).
#[tokio::test]
async fn a_signed_userinfo_answer_is_no_hint() {
    let stage = Stage::with("", trusted_with(&json!({ "userinfo_signed_response_alg": "RS256" }))).await;
    let userinfo = stage.app.userinfo(&stage.tokens(SCOPE).await.access_token).await.text;
    assert!(userinfo.starts_with("eyJ"), "{userinfo}");
    let page = stage.logs_out(&[("id_token_hint", &userinfo)]).await.page();
    assert!(page.status == 400 && page.has("error-page"), "{page}");
    let silent = stage.app.asks(SCOPE).with("prompt", "none").with("id_token_hint", &userinfo);
    stage.visits(&silent).await.left().is_refused("invalid_request");
}

/// The secret is what vouches for the ID tokens of such a client.
#[tokio::test]
async fn a_hint_that_the_secret_authenticates_counts_for_clients_of_that_kind_alone() {
    let metadata = json!({ "id_token_signed_response_alg": "HS256", "post_logout_redirect_uris": [BYE] });
    let stage = Stage::with("", trusted_with(&metadata)).await;
    let hint = stage.hint().await;
    assert_eq!(jws_part(&hint, 0)["alg"], "HS256");
    let silent = stage.app.asks(SCOPE).with("prompt", "none").with("id_token_hint", &hint);
    stage.visits(&silent).await.left().code();
    let forged = format!("{}A", &hint[..hint.len() - 1]);
    if forged != hint {
        assert!(stage.logs_out(&[("id_token_hint", &forged)]).await.page().has("error-page"));
    }
    let left = stage.logs_out(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)]).await.left();
    assert_eq!(left.to.as_str(), BYE);
    stage.asks_for_a_login().await;
}

/// T160: without a proof the user is asked, and no picture or prefetch signs anybody out.
#[tokio::test]
async fn without_a_proof_the_user_is_asked() {
    let stage = stage().await;
    let hint = stage.hint().await;
    for parameters in [vec![], vec![("state", "s")], vec![("client_id", &*stage.app.client_id)]] {
        asks(stage.logs_out(&parameters).await);
        stage.is_logged_in().await;
    }
    let page = asks(stage.logs_out(&[("state", "s")]).await);
    says_logged_out(stage.browser.submit(&page, "logout-confirm", &[]).await);
    stage.asks_for_a_login().await;

    // The hint is of the session before: it proves nothing about this one.
    stage.hint().await;
    let page = asks(stage.logs_out(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)]).await);
    let stayed = stage.browser.submit(&page, "logout-cancel", &[]).await.page();
    assert!(!stayed.has("logged-out"), "{stayed}");
    stage.is_logged_in().await;
    let left = stage.browser.submit(&page, "logout-confirm", &[]).await.left();
    assert_eq!(left.to.as_str(), BYE);
    stage.asks_for_a_login().await;
}

/// Section 3: without a hint nobody is redirected; the user may go there.
#[tokio::test]
async fn a_client_that_only_names_itself_gets_a_link_and_no_redirect() {
    let stage = stage().await;
    stage.hint().await;
    let parameters =
        [("client_id", &*stage.app.client_id), ("post_logout_redirect_uri", BYE), ("state", "s")];
    let page = asks(stage.logs_out(&parameters).await);
    let done = says_logged_out(stage.browser.submit(&page, "logout-confirm", &[]).await);
    assert!(done.has("continue-link") && done.body.contains("https://app.example/bye?state=s"), "{done}");
    stage.asks_for_a_login().await;
    says_logged_out(stage.logs_out(&[]).await);
}

/// A page of somebody else sends the browser here without our cookies: nothing is taken from the browser then.
#[tokio::test]
async fn a_request_without_our_cookies_takes_none_away() {
    let stage = stage().await;
    let hint = stage.hint().await;
    let stranger = Browser::new();
    let url = end_session(&stage.app, &[("id_token_hint", &hint)]);
    says_logged_out(stranger.get(&url).await);
    let long = "s".repeat(20_000);
    let page = stranger.post_form(&end_session(&stage.app, &[]), &[("state", &long)]).await.page();
    assert!(page.status == 413 && page.has("error-page"), "{page}");
    assert_eq!(stranger.set_cookies(), [""; 0]);
    stage.is_logged_in().await;
}

/// `urls.post_logout_redirect`, as Hydra has it: for those who came without a place to go on to.
#[tokio::test]
async fn a_logout_that_names_no_place_ends_where_the_operator_says() {
    let home = "https://www.example.com/";
    let members = trusted_with(&json!({ "post_logout_redirect_uris": [BYE] }));
    let stage = Stage::with(&format!("urls.post_logout_redirect = '{home}'"), members).await;
    assert_eq!(stage.logs_out(&[]).await.left().to.as_str(), home, "nobody is signed in");
    let hint = stage.hint().await;
    assert_eq!(stage.logs_out(&[("id_token_hint", &hint)]).await.left().to.as_str(), home);
    stage.hint().await;
    let page = asks(stage.logs_out(&[]).await);
    assert_eq!(stage.browser.submit(&page, "logout-confirm", &[]).await.left().to.as_str(), home);
    let parameters = [("client_id", &*stage.app.client_id), ("post_logout_redirect_uri", BYE)];
    stage.hint().await;
    let page = asks(stage.logs_out(&parameters).await);
    says_logged_out(stage.browser.submit(&page, "logout-confirm", &[]).await);
}

/// What the form carries is bound by its csrf value: nobody else writes where the user goes.
#[tokio::test]
async fn where_the_user_goes_on_cannot_be_written_into_the_form() {
    let stage = stage().await;
    let hint = stage.hint().await;
    stage.logs_out(&[("id_token_hint", &hint)]).await;
    stage.hint().await;
    let page = asks(stage.logs_out(&[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)]).await);
    let form = page.document.form_of("logout-confirm").unwrap();
    let csrf = form.inputs.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    let evil = r#"{"is_proven":true,"return_to":"https://evil.example/"}"#;
    let sent = [("csrf", csrf.as_str()), ("interaction", evil), ("decision", "accept")];
    let answer = stage.browser.post_form(&format!("{}/logout", stage.app.issuer), &sent).await.page();
    assert!(answer.status == 403 && answer.has("error-page"), "{answer}");
    stage.is_logged_in().await;
}

/// Of two accounts in one browser the one that the hint, or `logout_hint`, is of.
#[tokio::test]
async fn the_other_account_of_the_browser_stays() {
    let stage = stage().await;
    let of_alice = stage.hint().await;
    let bob = stage.server.create_user("bob").await;
    let asked = stage.app.asks(SCOPE).with("prompt", "login").with("login_hint", "bob");
    let login = stage.visits(&asked).await.page();
    bob.logs_in(&stage.browser, &login).await.left().code();
    stage.logs_out(&[("id_token_hint", &of_alice), ("post_logout_redirect_uri", BYE)]).await.left();
    let left = stage.visits(&stage.app.asks(SCOPE).with("prompt", "none")).await.left();
    let request = stage.app.asks(SCOPE).with("prompt", "none").with("id_token_hint", &of_alice);
    left.code();
    stage.visits(&request).await.left().is_refused("login_required");

    let page = asks(stage.logs_out(&[("logout_hint", "bob")]).await);
    assert!(page.body.contains("bob") && !page.body.contains("alice"), "{page}");
    says_logged_out(stage.browser.submit(&page, "logout-confirm", &[]).await);
    stage.asks_for_a_login().await;
}

/// T161: the old cookie is dead everywhere, and what was granted without `offline_access` with it.
#[tokio::test]
async fn everything_of_the_session_dies_at_once() {
    let stage = stage().await;
    let (online, offline): (Tokens, Tokens) = (stage.tokens("openid").await, stage.tokens(SCOPE).await);
    let keen = trusted_with(&json!({ "offline_access_ends_with_session": true }));
    let keen = stage.party(keen).await;
    let request = keen.asks(SCOPE);
    let code = stage.alice.authorizes(&stage.browser, &request.url()).await.code();
    let ends = keen.redeems(&code, &request).await.tokens();
    let stolen = stage.browser.twin(&grantor_tests::http_client());
    let hint = offline.id_token.clone().unwrap();
    stage.logs_out(&[("id_token_hint", &hint)]).await;
    assert!(!stage.counts(&online.access_token).await);
    assert!(stage.counts(&offline.access_token).await, "offline access outlives the session");
    keen.refreshes(ends.refresh()).await.is_refused("invalid_grant");
    let silent = stage.app.asks(SCOPE).with("prompt", "none").url();
    stolen.get(&silent).await.left().is_refused("login_required");
}

/// Front-Channel Logout section 3: the page loads each client's address with `iss` and `sid`, and goes on.
#[tokio::test]
async fn clients_of_the_session_that_asked_for_it_are_told_by_the_browser() {
    let stage = stage().await;
    let front = json!({
        "redirect_uris": ["https://front.example/callback"],
        "frontchannel_logout_uri": "https://front.example/out?x=1",
        "frontchannel_logout_session_required": true,
    });
    let front = stage.party(trusted_with(&front)).await;
    let hint = stage.hint().await;
    for request in [front.asks("openid"), front.asks("openid")] {
        let code = stage.alice.authorizes(&stage.browser, &request.url()).await.code();
        let id_token = front.redeems(&code, &request).await.tokens().id_token.unwrap();
        let sid = jws_part(&id_token, 1)["sid"].as_str().unwrap().to_owned();
        assert_ne!(sid, jws_part(&hint, 1)["sid"].as_str().unwrap());
    }
    let request = front.asks("openid").with("prompt", "none");
    let code = stage.browser.get(&request.url()).await.left().code();
    let id_token = front.redeems(&code, &request).await.tokens().id_token.unwrap();
    let sid = jws_part(&id_token, 1)["sid"].as_str().unwrap().to_owned();

    let parameters = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "s")];
    let page = says_logged_out(stage.logs_out(&parameters).await);
    let mut expected = Url::parse("https://front.example/out?x=1").unwrap();
    expected.query_pairs_mut().append_pair("iss", &stage.app.issuer).append_pair("sid", &sid);
    let src = format!("src=\"{}\"", expected.as_str().replace('&', "&amp;"));
    let escaped = page.body.replace("&#38;", "&amp;");
    assert!(escaped.contains(&src), "{src}\n{page}");
    assert_eq!(page.body.matches("<iframe").count(), 1, "once, however often it signed in");
    assert!(page.has("continue-link") && escaped.contains("https://app.example/bye?state=s"), "{page}");
    assert!(!page.has("return-link"), "{page}");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("frame-src https://front.example;"), "{policy}");
    assert!(!page.body.contains("http-equiv"), "{page}");
    stage.asks_for_a_login().await;
}

/// What was only asked for by name has a link on the page with the frames, too.
#[tokio::test]
async fn a_logout_without_proof_has_a_way_back_beside_the_frames() {
    let stage = stage().await;
    let front = json!({
        "redirect_uris": ["https://front.example/callback"],
        "frontchannel_logout_uri": "https://front.example/out",
    });
    let front = stage.party(trusted_with(&front)).await;
    stage.hint().await;
    stage.browser.get(&front.asks("openid").url()).await.left().code();
    let parameters = [("client_id", &*stage.app.client_id), ("post_logout_redirect_uri", BYE)];
    let page = asks(stage.logs_out(&parameters).await);
    let page = says_logged_out(stage.browser.submit(&page, "logout-confirm", &[]).await);
    assert_eq!((page.document.frames.len(), page.document.link("return-link")), (1, Some(BYE)), "{page}");
    assert!(!page.has("continue-link"), "nobody is sent there: {page}");
}

/// Session Management section 2: every answer of an OpenID Connect request says what the frame will be asked about.
#[tokio::test]
async fn session_state_changes_with_the_logins_of_the_browser() {
    let stage = stage().await;
    let state_cookie = || stage.browser.cookie(&stage.app.issuer, "grantor_state");
    stage.authorizes(&stage.app.asks(SCOPE)).await.get("session_state").unwrap();
    let signed_in = state_cookie().unwrap();
    let again = stage.visits(&stage.app.asks(SCOPE)).await.left();
    let told = again.get("session_state").unwrap().to_owned();
    assert_eq!(state_cookie().unwrap(), signed_in);
    let (hash, salt) = told.split_once('.').unwrap();
    assert_eq!(hash, session_hash(&stage, &signed_in, salt));

    says_logged_out({
        let page = asks(stage.logs_out(&[]).await);
        stage.browser.submit(&page, "logout-confirm", &[]).await
    });
    let signed_out = state_cookie().unwrap();
    assert_ne!(signed_out, signed_in);
    assert_ne!(hash, session_hash(&stage, &signed_out, salt), "the frame answers: changed");
    let refused = stage.visits(&stage.app.asks(SCOPE).with("prompt", "none")).await.left();
    let (hash, salt) = refused.get("session_state").unwrap().split_once('.').unwrap();
    assert_eq!(hash, session_hash(&stage, &signed_out, salt));
    let plain = stage.app.asks("offline_access").without("nonce").with("prompt", "none");
    assert!(stage.visits(&plain).await.left().get("session_state").is_none());
}

fn session_hash(stage: &Stage, browser: &str, salt: &str) -> String {
    let origin = Url::parse(CALLBACK).unwrap().origin().ascii_serialization();
    let text = format!("{} {origin} {browser} {salt}", stage.app.client_id);
    grantor_crypto::base64url::encode(grantor_crypto::sha256(text.as_bytes()))
}
