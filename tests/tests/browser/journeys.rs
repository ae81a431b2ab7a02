//! Logging in, agreeing, refusing, and everything people do with tabs and buttons meanwhile.

use std::time::Duration;

use crate::scene::{SCOPE, Scene};

#[tokio::test]
async fn a_person_logs_in_agrees_and_is_not_asked_again() {
    let scene = Scene::set("login").await;
    let first = scene.app.asks(SCOPE);
    scene.chromium.goto(&first.url()).await;
    scene.chromium.logs_in(&scene.alice).await;
    scene.chromium.click("consent-accept").await;
    let tokens = scene.tokens(&first).await;
    let claims = tokens.id_token_claims();
    assert_eq!(claims["sub"], scene.alice.subject.as_str());
    assert_eq!(claims["nonce"], first.nonce.as_str());
    assert!(tokens.refresh_token.is_some());

    let second = scene.app.asks(SCOPE);
    scene.chromium.goto(&second.url()).await;
    scene.tokens(&second).await; // no page in between: session and consent stand
}

#[tokio::test]
async fn denying_consent_tells_the_relying_party() {
    let scene = Scene::set("deny").await;
    let request = scene.app.asks(SCOPE);
    scene.chromium.goto(&request.url()).await;
    scene.chromium.logs_in(&scene.alice).await;
    scene.chromium.click("consent-deny").await;
    assert_eq!(scene.arrival(&request).await.get("error"), Some("access_denied"));

    let again = scene.app.asks(SCOPE);
    scene.chromium.goto(&again.url()).await;
    scene.chromium.wait_for("consent-accept").await; // a refusal is not remembered
}

#[tokio::test]
async fn cancelling_the_login_tells_the_relying_party() {
    let scene = Scene::set("cancel").await;
    let request = scene.app.asks(SCOPE);
    scene.chromium.goto(&request.url()).await;
    scene.chromium.click("login-cancel").await;
    assert_eq!(scene.arrival(&request).await.get("error"), Some("access_denied"));
}

/// The page must not tell who has an account (OWASP ASVS 6.3.8).
#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_the_same_and_can_be_corrected() {
    let scene = Scene::set("wrong-password").await;
    let page = &scene.chromium;
    let request = scene.app.asks(SCOPE);
    page.goto(&request.url()).await;
    let mut said = Vec::new();
    for name in ["nobody-of-this-name", &scene.alice.username] {
        page.fill("login", name).await;
        page.fill("password", "not the password").await;
        page.click("submit-login").await;
        said.push(page.wait_for_text("login-error", "").await);
        let value = page.run("return document.getElementById('login').value", vec![]).await;
        assert_eq!(value, name, "the name stays in the field");
        let password = page.run("return document.getElementById('password').value", vec![]).await;
        assert_eq!(password, "", "the password does not");
    }
    assert_eq!(said[0], said[1]);

    page.logs_in(&scene.alice).await;
    page.click("consent-accept").await;
    scene.tokens(&request).await;
}

/// From outside the clock cannot be moved, so this test is one of two that wait.
#[tokio::test]
async fn a_login_that_took_too_long_ends_on_our_error_page() {
    let scene = Scene::set_with("expired", "login.lifetime = '4s'").await;
    scene.chromium.goto(&scene.app.asks(SCOPE).url()).await;
    scene.chromium.wait_for("login").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    scene.chromium.logs_in(&scene.alice).await;
    scene.chromium.wait_for("error-page").await;
    assert!(scene.chromium.url().await.as_str().starts_with(&scene.server.issuer));
    assert!(scene.site.received().is_empty());

    let fresh = scene.app.asks(SCOPE); // starting over works, whatever the old page left behind
    scene.chromium.goto(&fresh.url()).await;
    scene.chromium.logs_in(&scene.alice).await;
    scene.chromium.click("consent-accept").await;
    scene.tokens(&fresh).await;
}

#[tokio::test]
async fn two_tabs_log_in_side_by_side_and_each_gets_its_own_answer() {
    let scene = Scene::set("two-tabs").await;
    let page = &scene.chromium;
    let (first, second, third) = (scene.app.asks(SCOPE), scene.app.asks(SCOPE), scene.app.asks(SCOPE));
    page.goto(&first.url()).await;
    page.wait_for("login").await;
    let first_tab = page.tab().await;
    let second_tab = page.open_tab().await;
    page.goto(&second.url()).await;
    page.wait_for("login").await;
    let third_tab = page.open_tab().await;
    page.goto(&third.url()).await;
    page.wait_for("login").await;

    page.turn_to(&first_tab).await;
    page.logs_in(&scene.alice).await;
    page.click("consent-accept").await;
    scene.tokens(&first).await;

    page.turn_to(&second_tab).await; // its form is older than the session, and still good
    page.logs_in(&scene.alice).await;
    scene.tokens(&second).await;

    page.turn_to(&third_tab).await; // reloading notices the session
    page.reload().await;
    scene.tokens(&third).await;
}

#[tokio::test]
async fn going_back_from_consent_and_on_again_finishes_the_login() {
    let scene = Scene::set("back").await;
    let page = &scene.chromium;
    let request = scene.app.asks(SCOPE);
    page.goto(&request.url()).await;
    page.logs_in(&scene.alice).await;
    page.wait_for("consent-accept").await;
    page.back().await;
    if page.has("login").await {
        page.logs_in(&scene.alice).await;
    }
    page.click("consent-accept").await;
    scene.tokens(&request).await;
}

#[tokio::test]
async fn pressing_accept_again_after_arrival_gives_no_second_code() {
    let scene = Scene::set("back-after-arrival").await;
    let page = &scene.chromium;
    let request = scene.app.asks(SCOPE);
    page.goto(&request.url()).await;
    page.logs_in(&scene.alice).await;
    page.click("consent-accept").await;
    scene.tokens(&request).await;

    page.back().await; // a page that was concluded: from the browser's memory, or our error page
    if page.has("consent-accept").await {
        page.click("consent-accept").await;
    }
    page.wait_for("error-page").await;
    assert_eq!(scene.site.received().iter().filter(|received| received.get("code").is_some()).count(), 1);
}

#[tokio::test]
async fn the_login_form_is_shown_again_when_the_relying_party_asks_for_it() {
    let scene = Scene::set("prompt-login").await;
    scene.alice_has_logged_in().await;
    for (name, value) in [("prompt", "login"), ("max_age", "0")] {
        let request = scene.app.asks(SCOPE).with(name, value);
        scene.chromium.goto(&request.url()).await;
        scene.chromium.logs_in(&scene.alice).await;
        scene.tokens(&request).await;
    }
}

#[tokio::test]
async fn one_browser_holds_two_accounts_and_offers_the_choice() {
    let scene = Scene::set("accounts").await;
    let page = &scene.chromium;
    let bob = scene.server.create_user("bob").await;
    scene.alice_has_logged_in().await;

    let as_bob = scene.app.asks(SCOPE).with("prompt", "select_account");
    page.goto(&as_bob.url()).await;
    page.click("use-another-account").await;
    page.logs_in(&bob).await;
    page.click("consent-accept").await;
    assert_eq!(scene.tokens(&as_bob).await.id_token_claims()["sub"], bob.subject.as_str());

    let choice = scene.app.asks(SCOPE).with("prompt", "select_account");
    page.goto(&choice.url()).await;
    page.wait_for("account-2").await;
    let mut alices = "account-1";
    if !page.wait_for("account-1").await.text().await.unwrap().contains("alice") {
        alices = "account-2";
    }
    page.click(alices).await;
    assert_eq!(scene.tokens(&choice).await.id_token_claims()["sub"], scene.alice.subject.as_str());
}
