//! `grantor serve --dev`: what a newcomer opens first.

use grantor_tests::{Chromium, DevServer};

#[tokio::test]
async fn the_playground_shows_the_whole_flow() {
    let server = DevServer::start("playground").await;
    let page = Chromium::start("playground").await;
    page.goto(&server.address).await;
    page.wait_for("sign-in").await;
    page.is_accessible("start").await;

    let name = page.wait_for_text("demo-username", "").await;
    let password = page.wait_for_text("demo-password", "").await;
    enabled(&page, "sign-in").await;
    page.click("sign-in").await;
    page.fill("login", &name).await;
    page.fill("password", &password).await;
    page.click("submit-login").await;
    if page.has("consent-accept").await {
        page.click("consent-accept").await;
    }

    let first = page.wait_for_text("access-token", "gr_at_").await;
    page.wait_for_text("refresh-token", "gr_rt_").await;
    page.wait_for_text("id-token-claims", "auth_time").await;
    page.is_accessible("signed-in").await;

    page.click("call-userinfo").await;
    page.wait_for_text("userinfo", "sub").await;

    enabled(&page, "refresh").await;
    page.click("refresh").await;
    comes_to(
        &page,
        "a refresh shows another access token",
        "
        const shown = document.getElementById('access-token').innerText;
        return shown.includes('gr_at_') && shown !== arguments[0]",
        &first,
    )
    .await;

    page.click("revoke").await;
    comes_to(
        &page,
        "the revocation is shown",
        "return document.body.innerText.includes(arguments[0])",
        "/oauth2/revoke",
    )
    .await;
    page.click("call-userinfo").await;
    page.wait_for_text("userinfo", "invalid_token").await;
    page.is_accessible("revoked").await;
    assert_eq!(
        page.run("return document.querySelectorAll('.failed').length", vec![]).await,
        0,
        "a check of the app failed"
    );
    assert!(!page.has_text("problem").await, "the playground reports a problem");
}

async fn enabled(page: &Chromium, id: &str) {
    let what = format!("#{id} is enabled");
    comes_to(page, &what, "return !document.getElementById(arguments[0]).disabled", id).await;
}

async fn comes_to(page: &Chromium, what: &str, script: &str, argument: &str) {
    for _ in 0..400 {
        if page.run(script, vec![argument.into()]).await == true {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("it does not come to this: {what}; the page says:\n{}", page.text().await);
}
