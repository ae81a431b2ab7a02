//! The served description of the public operations. That every answer agrees with it is seen to where answers pass
//! (`tests/src/answer.rs`); here it is held against the methods that the server really takes.

use grantor_tests::Answer;
use reqwest::Method;
use serde_json::Value;

use crate::scene::{http, scene};

async fn document() -> Value {
    let url = scene().await.host.url("/openapi.json");
    Answer::of(format!("GET {url}"), http().get(&url)).await.ok().clone()
}

#[tokio::test]
async fn the_description_names_this_server() {
    let document = document().await;
    assert_eq!(document["servers"][0]["url"], scene().await.host.issuer.as_str());
    assert_eq!(document["openapi"], "3.1.0");
}

#[tokio::test]
async fn operations_are_described_exactly_where_the_server_takes_their_method() {
    let (document, http) = (document().await, http());
    for (path, item) in document["paths"].as_object().unwrap() {
        let url = scene().await.host.url(&path.replace("{id}", "nobody"));
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let answer = http.request(method.clone(), &url).send().await.unwrap();
            let described = item.get(method.as_str().to_ascii_lowercase()).is_some();
            assert_eq!(answer.status() != 405, described, "{method} {path}: {}", answer.status());
        }
    }
}
