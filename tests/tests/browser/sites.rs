//! What browsers do between two sites: cookies that stay away, answers that are posted.

use grantor_tests::{Chromium, ChromiumOptions};

use crate::scene::{SCOPE, Scene};

#[tokio::test]
async fn the_answer_can_be_posted_to_another_site() {
    let scene = Scene::set("form-post").await;
    let request = scene.app.asks(SCOPE).with("response_mode", "form_post");
    scene.chromium.goto(&request.url()).await;
    scene.chromium.logs_in(&scene.alice).await;
    scene.chromium.click("consent-accept").await;
    assert_eq!(scene.arrival(&request).await.method, "POST");
    scene.tokens(&request).await;

    let refused =
        scene.app.asks(SCOPE).with("response_mode", "form_post").with("prompt", "none").with("max_age", "0");
    scene.chromium.goto(&refused.url()).await;
    let arrived = scene.arrival(&refused).await;
    assert_eq!((arrived.method.as_str(), arrived.get("error")), ("POST", Some("login_required")));
}

/// With `SameSite=Lax` the session cookie does not come with a POST from another site; the
/// request is parked and answered with a redirect, where it does (design.md 3).
#[tokio::test]
async fn an_authorization_request_posted_from_another_site_survives_the_login_and_sees_the_session() {
    let scene = Scene::set("posted").await;
    let page = &scene.chromium;
    let first = scene.app.asks(SCOPE);
    page.goto(&scene.site.foreign_form(&first)).await;
    page.click("send").await;
    page.logs_in(&scene.alice).await;
    page.click("consent-accept").await;
    scene.tokens(&first).await;

    let second = scene.app.asks(SCOPE).with("prompt", "none");
    page.goto(&scene.site.foreign_form(&second)).await;
    page.click("send").await;
    scene.tokens(&second).await;

    let third = scene.app.asks(SCOPE).with("response_mode", "form_post");
    page.goto(&scene.site.foreign_form(&third)).await;
    page.click("send").await;
    assert_eq!(scene.arrival(&third).await.method, "POST");
}

/// Pages of a login must not be put in a frame, where another site could lay its own over them
/// (RFC 9700 section 4.16).
#[tokio::test]
async fn no_page_can_be_framed() {
    let scene = Scene::set("framed").await;
    let page = &scene.chromium;
    page.goto(&scene.site.url("/callback")).await;
    let script = "
        const frame = document.createElement('iframe');
        const done = arguments[arguments.length - 1];
        frame.onload = () => {
            let reachable = false; // the browser's own error page is of an opaque origin
            try { reachable = frame.contentDocument !== null; } catch { }
            done({reachable});
        };
        frame.src = arguments[0];
        document.body.append(frame);";
    page.run_async(script, vec![scene.app.asks(SCOPE).url().into()]).await;
    let frames = page.devtools("Page.getFrameTree", serde_json::json!({})).await;
    let child = &frames["frameTree"]["childFrames"][0]["frame"];
    assert!(child["unreachableUrl"].is_string(), "the login page was shown in a frame: {child}");
}

#[tokio::test]
async fn everything_works_without_script() {
    let scene = Scene::set("no-script").await;
    let options = ChromiumOptions::new("no-script").argument("--blink-settings=scriptEnabled=false");
    let page = Chromium::start_with(options).await;
    let request = scene.app.asks(SCOPE).with("response_mode", "form_post");
    page.goto(&request.url()).await;
    page.logs_in(&scene.alice).await;
    page.click("consent-accept").await;
    page.screenshot("form-post").await;
    page.click("form-post-submit").await; // the button that script presses otherwise
    page.wait_for_text("received-state", &request.state).await;
    scene.arrival_without_page(&request);
}

impl Scene {
    fn arrival_without_page(&self, of: &grantor_tests::Authorization) {
        let arrived = self.site.received();
        let answer = arrived.iter().find(|received| received.get("state") == Some(&of.state));
        assert!(answer.is_some_and(|answer| answer.get("code").is_some()), "{arrived:?}");
    }
}
