//! The description of every public operation (OpenAPI 3.1), for whoever generates a client or checks answers. It is kept
//! by hand beside the route table, and tests hold each to the other.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use crate::extract::Issuer;
use crate::jwks::cacheable;
use crate::key_ring::entity_tag;

/// Seconds clients may keep the description.
const MAX_AGE: i64 = 300;

/// What is served, but for the address and the version of this server.
static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../assets/openapi.json")).unwrap_or_default());

/// `GET /openapi.json`.
pub(crate) async fn get(issuer: Issuer, headers: HeaderMap) -> Response {
    let mut document = DOCUMENT.clone();
    if let Some(members) = document.as_object_mut() {
        members.insert("servers".to_owned(), json!([{ "url": issuer.url }]));
    }
    if let Some(version) = document.pointer_mut("/info/version") {
        *version = json!(env!("CARGO_PKG_VERSION"));
    }
    let body = document.to_string();
    let etag = entity_tag(&body);
    cacheable(&headers, "application/json", body, &etag, MAX_AGE)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::routes;

    #[test]
    fn every_described_route_has_operations_and_every_operation_a_route() {
        let table = routes::table();
        let served: BTreeSet<&str> =
            table.iter().filter(|route| route.described).map(|route| route.path).collect();
        let described = DOCUMENT["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(served, described);
    }

    #[test]
    fn operation_ids_are_those_that_clients_were_generated_with_and_each_is_used_once() {
        let mut ids = BTreeSet::new();
        for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
            for method in ["get", "post", "put", "delete"] {
                let Some(operation) = item.get(method) else { continue };
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id), "{id} is used twice");
                assert!(!operation["responses"].as_object().unwrap().is_empty(), "{method} {path}");
            }
        }
        for id in [
            "oauthAuth",
            "oauth2Token",
            "revokeOAuth2Token",
            "userinfo",
            "discoverOpenIDConfiguration",
            "wellKnown",
            "dynamicClientRegistrationCreateOAuth2Client",
            "dynamicClientRegistrationGetOAuth2Client",
            "dynamicClientRegistrationUpdateOAuth2Client",
            "dynamicClientRegistrationDeleteOAuth2Client",
        ] {
            assert!(ids.contains(id), "{id}");
        }
    }

    /// Every `$ref` of the document, wherever it is.
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn references_lead_somewhere() {
        let mut found = Vec::new();
        references(&DOCUMENT, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(DOCUMENT.pointer(pointer).is_some(), "{reference}");
        }
    }
}
