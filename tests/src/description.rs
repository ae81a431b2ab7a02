//! The server's own description (OpenAPI 3.1) as a judge: every answer that a test sees is held against it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};
use url::Url;

use crate::output::tail;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../crates/server/assets/openapi.json"))
        .expect("the description is JSON")
});

/// Asserts that a documented operation answered as documented; `body` is `None` where nobody has read it yet.
/// What is not documented is left to the tests: other paths, other methods, redirects to pages.
pub(crate) fn agrees(method: &Method, url: &Url, status: u16, headers: &HeaderMap, body: Option<&str>) {
    let Some((at, response)) = described(method, url.path(), status) else { return };
    let shown = body.map(|body| tail(body, 40)).unwrap_or_default();
    let fails = |why: &str| {
        panic!("{method} {url} answered {status} unlike openapi.json: {why}\n{headers:?}\n{shown}")
    };
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let Some(content) = response.get("content").and_then(Value::as_object) else {
        if body.is_some_and(|body| !body.is_empty()) {
            fails("it has no body there");
        }
        return;
    };
    if !content.contains_key(kind) {
        fails(&format!("{kind:?} is none of {:?}", content.keys().collect::<Vec<_>>()));
    }
    if let (Some(body), "application/json") = (body, kind) {
        let Ok(instance) = serde_json::from_str(body) else { return fails("it is no JSON") };
        let validator = validator(&at, &content[kind]["schema"]);
        let faults: Vec<String> = validator
            .iter_errors(&instance)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        if !faults.is_empty() {
            fails(&faults.join("; "));
        }
    }
}

/// The documented response to this, and a name for it.
fn described(method: &Method, path: &str, status: u16) -> Option<(String, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let (template, item) = paths.iter().find(|(template, _)| is_at(template, path))?;
    let method = method.as_str().to_ascii_lowercase();
    let responses = &item.get(&method)?["responses"];
    let (name, response) = [status.to_string(), "default".to_owned()]
        .into_iter()
        .find_map(|name| Some((name.clone(), responses.get(&name)?)))
        .unwrap_or_else(|| panic!("openapi.json has no response {status} of {method} {template}"));
    let response = match response.get("$ref").and_then(Value::as_str) {
        Some(reference) => {
            DOCUMENT.pointer(reference.trim_start_matches('#')).expect("references lead somewhere")
        }
        None => response,
    };
    Some((format!("{method} {template} {name}"), response))
}

/// Whether a path is what a template of one variable stands for.
fn is_at(template: &str, path: &str) -> bool {
    match template.split_once("{id}") {
        None => template == path,
        Some((before, after)) => path
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .is_some_and(|id| !id.is_empty() && !id.contains('/')),
    }
}

/// Compiled once for each response.
fn validator(at: &str, schema: &Value) -> Arc<Validator> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let made = || {
        let whole = json!({ "allOf": [schema], "components": DOCUMENT["components"] });
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        Arc::new(options.build(&whole).unwrap_or_else(|fault| panic!("the schema of {at}: {fault}")))
    };
    Arc::clone(compiled.entry(at.to_owned()).or_insert_with(made))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: &str, path: &str, status: u16, body: &str) {
        let url = format!("http://localhost:1{path}").parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, "application/json;charset=utf-8".parse().unwrap());
        agrees(&method.parse().unwrap(), &url, status, &headers, Some(body));
    }

    #[test]
    fn what_is_documented_agrees_and_what_is_not_documented_is_not_judged() {
        answer("GET", "/health/alive", 200, r#"{"status":"ok"}"#);
        answer("POST", "/oauth2/token", 400, r#"{"error":"invalid_grant","error_description":"No."}"#);
        answer(
            "GET",
            "/connect/register/a-client",
            401,
            r#"{"error":"invalid_token","error_description":"No."}"#,
        );
        answer("GET", "/health/alive/else", 200, "[]");
        answer("DELETE", "/health/alive", 405, "");
    }

    #[test]
    #[should_panic(expected = "unlike openapi.json")]
    fn an_error_outside_the_alphabet_does_not_agree() {
        answer("POST", "/oauth2/token", 400, r#"{"error":"invalid_grant","error_description":"\"No\""}"#);
    }

    #[test]
    #[should_panic(expected = "unlike openapi.json")]
    fn an_error_without_a_description_does_not_agree() {
        answer("POST", "/oauth2/token", 400, r#"{"error":"invalid_grant"}"#);
    }

    #[test]
    #[should_panic(expected = "unlike openapi.json")]
    fn a_member_too_many_does_not_agree() {
        answer("GET", "/health/alive", 200, r#"{"status":"ok","more":1}"#);
    }

    #[test]
    fn every_schema_of_the_document_compiles() {
        for name in DOCUMENT["components"]["schemas"].as_object().unwrap().keys() {
            validator(name, &json!({ "$ref": format!("#/components/schemas/{name}") }));
        }
    }
}
