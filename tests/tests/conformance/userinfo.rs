//! Userinfo by every method, and what each scope releases: conformance.md 3.1.

use grantor_tests::Answer;

use crate::checks;
use crate::plan::{ALL, Plan, WITH_ACCESS_TOKEN, each};
use crate::suite::{Round, Suite};

/// A round, and userinfo once more by this method.
async fn by(plan: Plan, ask: impl AsyncFn(&Suite, &Round) -> Answer) {
    let suite = Suite::new(plan).await.logged_in();
    let request = suite.asks("openid email");
    let round = suite.round(&request).await;
    let answer = ask(&suite, &round).await;
    checks::userinfo::is_answer(&suite, &request, &answer, &round.id_token);
    suite.ends().await;
}

#[tokio::test]
async fn oidcc_userinfo_get() {
    each(WITH_ACCESS_TOKEN, |plan| {
        by(plan, async |suite, round| suite.userinfo_by_get(round.access_token()).await)
    })
    .await;
}

#[tokio::test]
async fn oidcc_userinfo_post_header() {
    each(WITH_ACCESS_TOKEN, |plan| {
        by(plan, async |suite, round| {
            let request = suite.http.post(suite.host.url("/userinfo"));
            Answer::of("POST /userinfo".to_owned(), request.bearer_auth(round.access_token())).await
        })
    })
    .await;
}

#[tokio::test]
async fn oidcc_userinfo_post_body() {
    each(WITH_ACCESS_TOKEN, |plan| {
        by(plan, async |suite, round| {
            let form = [("access_token", round.access_token())];
            let request = suite.http.post(suite.host.url("/userinfo")).form(&form);
            Answer::of("POST /userinfo".to_owned(), request).await
        })
    })
    .await;
}

/// A round with this scope: `checks` wants every claim of it, at userinfo or in the ID token, and no other.
async fn scope(scope: &'static str) {
    each(ALL, |plan| async move {
        let suite = Suite::new(plan).await.logged_in();
        suite.round(&suite.asks(scope)).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_scope_profile() {
    scope("openid profile").await;
}

#[tokio::test]
async fn oidcc_scope_email() {
    scope("openid email").await;
}

#[tokio::test]
async fn oidcc_scope_address() {
    scope("openid address").await;
}

#[tokio::test]
async fn oidcc_scope_phone() {
    scope("openid phone").await;
}

#[tokio::test]
async fn oidcc_scope_all() {
    scope("openid profile email address phone").await;
}
