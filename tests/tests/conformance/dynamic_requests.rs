//! Request objects of the dynamic plan: conformance.md 3.2.

use grantor_tests::{random_text, unsigned};
use serde_json::{Value, json};

use crate::plan::{ALL, Plan, each_dynamic};
use crate::request_objects::{has_the_redirect_uri, object, outside};
use crate::scene::{documents, suite_key};
use crate::suite::Suite;

/// A round whose request is in a document that the client registered.
async fn by_reference(plan: Plan, algorithm: &str, make: impl Fn(&Value) -> String) {
    let path = format!("/{}", random_text());
    let kind = "application/oauth-authz-req+jwt";
    let address = format!("{}#{}", documents().publish(&path, kind, ""), random_text());
    let members = json!({ "request_uris": [address], "request_object_signing_alg": algorithm });
    let suite = Suite::dynamic(plan, members).await.logged_in();
    let request = suite.asks("openid");
    documents().publish(&path, kind, &make(&object(&suite, request.members())));
    let request = request.clone().sent_as(&outside(&request, ("request_uri", &address)));
    suite.round(&request).await;
    assert!(documents().reads(&path) > 0, "the object was read");
    suite.ends().await;
}

#[tokio::test]
async fn oidcc_request_uri_unsigned() {
    each_dynamic(ALL, |plan| by_reference(plan, "none", unsigned)).await;
}

#[tokio::test]
async fn oidcc_request_uri_signed_rs256() {
    each_dynamic(ALL, |plan| by_reference(plan, "RS256", |claims| suite_key().signs(claims))).await;
}

#[tokio::test]
async fn oidcc_ensure_request_object_with_redirect_uri() {
    each_dynamic(ALL, |plan| async move {
        let suite = Suite::dynamic(plan, json!({})).await.logged_in();
        has_the_redirect_uri(&suite).await;
        suite.ends().await;
    })
    .await;
}
