//! Unsigned request objects, by clients that registered nothing about them: conformance.md 3.1. The suite would skip
//! where they are refused as unsupported; nothing is skipped here.

use grantor_tests::{Left, random_text, unsigned};
use serde_json::{Map, Value, json};

use crate::plan::{ALL, each};
use crate::request::Request;
use crate::scene::CALLBACK;
use crate::suite::{Suite, publish};

/// A request object as the suite makes it: everything is in it, and it says who it is for.
pub(crate) fn object(suite: &Suite, members: Map<String, Value>) -> Value {
    let mut claims = Value::Object(members);
    claims["iss"] = json!(suite.client_id());
    claims["aud"] = json!(suite.host.issuer);
    claims
}

/// The parameters that stay outside (OpenID Connect Core 1.0 section 6.1).
pub(crate) fn outside<'a>(request: &'a Request, more: (&'a str, &'a str)) -> Vec<(&'a str, &'a str)> {
    let names = ["client_id", "response_type", "scope", "redirect_uri", "response_mode"];
    names.iter().filter_map(|name| Some((*name, request.get(name)?))).chain([more]).collect()
}

/// Sends a request with its object; gives where the browser went.
pub(crate) async fn by_value(suite: &Suite, request: Request, object: &str) -> (Request, Left) {
    let sent = request.clone().sent_as(&outside(&request, ("request", object)));
    let left = suite.authorizes(&sent).await;
    (sent, left)
}

#[tokio::test]
async fn oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported() {
    each(ALL, |plan| async move {
        let suite = Suite::new(plan).await.logged_in();
        let request = suite.asks("openid");
        let token = unsigned(&object(&suite, request.members()));
        let (request, left) = by_value(&suite, request, &token).await;
        suite.goes_on(&request, left).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported() {
    each(ALL, |plan| async move {
        // The address is registered before the object is known, as the suite does.
        let path = format!("/{}", random_text());
        let documents = crate::scene::documents();
        let address =
            format!("{}#{}", documents.publish(&path, "application/oauth-authz-req+jwt", ""), random_text());
        let suite = Suite::with(plan, json!({ "request_uris": [address] })).await.logged_in();
        let request = suite.asks("openid");
        let token = unsigned(&object(&suite, request.members()));
        documents.publish(&path, "application/oauth-authz-req+jwt", &token);
        let request = request.clone().sent_as(&outside(&request, ("request_uri", &address)));
        suite.round(&request).await;
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_ensure_request_object_with_redirect_uri() {
    each(ALL, |plan| async move {
        let suite = Suite::new(plan).await.logged_in();
        has_the_redirect_uri(&suite).await;
        suite.ends().await;
    })
    .await;
}

/// The object has the registered redirect URI and the query another one, which must never be used.
pub(crate) async fn has_the_redirect_uri(suite: &Suite) {
    let request = suite.asks("openid");
    let token = unsigned(&object(suite, request.members()));
    let bad = format!("{CALLBACK}/{}", random_text());
    let outer = request.clone().with("redirect_uri", &bad);
    let request = request.sent_as(&outside(&outer, ("request", &token)));
    // `checks` wants the answer at the redirect URI of the object.
    suite.round(&request).await;
}

#[tokio::test]
async fn what_is_sent_by_reference_may_come_from_anywhere_in_the_registered_list() {
    each(&[crate::plan::B], |plan| async move {
        let one = publish("application/jwt", "");
        let suite = Suite::with(plan, json!({ "request_uris": [one] })).await.logged_in();
        let request = suite.asks("openid");
        let token = unsigned(&object(&suite, request.members()));
        let other = publish("application/jwt", &token);
        let mut beside = outside(&request, ("request_uri", &other));
        beside.extend(request.get("state").map(|state| ("state", state))); // nobody reads the one in the object
        let sent = request.clone().sent_as(&beside);
        let left = suite.visits(&sent).await.left();
        crate::checks::error::is_redirect(&suite, &request, &left, &["invalid_request_uri"]);
        suite.ends().await;
    })
    .await;
}
