//! The user's own page in Chromium: signing in without an application, what is shown, what is done.

use grantor_tests::{Chromium, ChromiumOptions, Person, RelyingParty};
use serde_json::json;

use crate::scene::{SCOPE, Scene};

impl Scene {
    async fn at_account(&self) {
        self.chromium.goto(&self.server.url("/account")).await;
        self.chromium.logs_in(&self.alice).await;
        self.chromium.wait_for("account").await;
    }
}

#[tokio::test]
async fn a_user_looks_after_their_account() {
    let scene = Scene::set("account").await;
    let page = &scene.chromium;
    page.goto(&scene.server.url("/account")).await;
    page.wait_for("login").await;
    page.is_accessible("login").await;
    page.logs_in(&scene.alice).await;
    page.wait_for("account").await;
    page.is_accessible("new").await;

    page.goto(&scene.app.asks(SCOPE).url()).await;
    page.click("consent-accept").await;
    page.wait_for("arrived").await;
    let metadata = json!({
        "client_name": "Donaudampfschifffahrtsgesellschaftskapitänskajütenverwaltung",
        "redirect_uris": [scene.site.foreign_url("/callback")],
        "scope": "openid photos.read photos.write.and.delete.everything.forever",
    });
    let client = scene.server.create_client(&["--id", "ship"], &metadata).await;
    let ship = RelyingParty::of(&scene.server, &client);
    page.goto(&ship.asks("openid photos.read photos.write.and.delete.everything.forever").url()).await;
    page.click("consent-accept").await;
    page.wait_for("arrived").await;
    let elsewhere = Chromium::start("account-elsewhere").await;
    elsewhere.goto(&scene.server.url("/account")).await;
    elsewhere.logs_in(&scene.alice).await;
    elsewhere.wait_for("account").await;

    page.goto(&scene.server.url("/account")).await;
    page.wait_for("app-2").await;
    assert!(page.wait_for_text("session-1", "This browser").await.contains("on Linux"));
    page.is_accessible("account").await;

    page.click("end-session-2").await;
    page.wait_for_text("account-message", "signed out there").await;
    assert!(!page.has("session-2").await);
    page.is_accessible("session-ended").await;
    elsewhere.reload().await;
    elsewhere.wait_for("login").await;

    let disconnect = if page.wait_for_text("app-1", "").await.contains("Tea") {
        "disconnect-app-1"
    } else {
        "disconnect-app-2"
    };
    page.click(disconnect).await;
    page.wait_for_text("account-message", "disconnected").await;
    assert!(!page.text().await.contains("Tea Journal"));
    page.goto(&scene.app.asks(SCOPE).url()).await;
    page.wait_for("consent-accept").await;
}

#[tokio::test]
async fn a_user_changes_their_password() {
    let scene = Scene::set("account-password").await;
    let page = &scene.chromium;
    scene.at_account().await;
    page.fill("current-password", "wrong").await;
    page.fill("new-password", "another good password").await;
    page.click("change-password").await;
    page.wait_for_text("account-message", "not your current password").await;
    page.is_accessible("wrong").await;

    page.fill("current-password", &scene.alice.password).await;
    page.fill("new-password", "another good password").await;
    page.click("change-password").await;
    page.wait_for_text("account-message", "password is changed").await;
    page.is_accessible("changed").await;

    page.click("end-session-1").await;
    page.wait_for("logged-out").await;
    let alice = Person { password: "another good password".to_owned(), ..scene.alice.clone() };
    page.goto(&scene.server.url("/account")).await;
    page.logs_in(&alice).await;
    page.wait_for("account").await;
}

#[tokio::test]
async fn the_own_page_offers_the_other_accounts_of_the_browser() {
    let scene = Scene::set("account-two").await;
    let page = &scene.chromium;
    let bob = scene.server.create_user("bob").await;
    scene.at_account().await;
    page.click("use-another-account").await;
    page.logs_in(&bob).await;
    page.wait_for_text("account-1", "alice").await;
    page.is_accessible("account").await;
    page.click("account-1").await;
    page.wait_for_text("account-1", "bob").await;
}

#[tokio::test]
async fn the_own_page_works_without_script() {
    let scene = Scene::set("account-no-script").await;
    let options = ChromiumOptions::new("account-no-script").argument("--blink-settings=scriptEnabled=false");
    let page = Chromium::start_with(options).await;
    page.goto(&scene.server.url("/account")).await;
    page.logs_in(&scene.alice).await;
    page.wait_for("account").await;
    page.click("end-session-1").await;
    page.wait_for("logged-out").await;
}
