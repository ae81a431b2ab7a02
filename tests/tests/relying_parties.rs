//! Relying parties in other languages, each from registration or discovery to revocation: npm's `openid-client` by every
//! client authentication, with encrypted ID tokens, pairwise subjects and request objects, and Nimbus in Java.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests report failure by panicking")]

use grantor_tests::{Browser, Options, Person, Server, login_with_nimbus, login_with_openid_client};
use serde_json::{Value, json};

const CALLBACK: &str = "https://app.example/callback";
const CONFIG: &str = "registration.enabled = true\nclients.response_types = ['code', 'code id_token']";

struct Scene {
    server: Server,
    alice: Person,
    browser: Browser,
}

impl Scene {
    async fn set(name: &str) -> Self {
        let server = Server::start(Options::sqlite(name).config(CONFIG)).await;
        let alice = server.create_user("alice").await;
        Self { server, alice, browser: Browser::new() }
    }

    /// Logs in as `plan` says; asserts what every login has in common.
    async fn logs_in(&self, plan: Value) -> Value {
        let mut whole = json!({ "issuer": self.server.issuer, "redirect_uri": CALLBACK });
        for (name, value) in plan.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let walk = async |url: String| self.alice.authorizes(&self.browser, &url).await;
        let result = login_with_openid_client(&whole, walk).await;
        assert_eq!(result["claims"]["sub"], result["userinfo"]["sub"], "{result}");
        assert_eq!(result["userinfo"]["email"], "alice@example.com", "{result}");
        assert_eq!(result["refreshed"], true, "{result}");
        assert_eq!(result["before"]["active"], true, "{result}");
        assert_eq!(result["after"], json!({ "active": false }), "{result}");
        result
    }

    /// Registers by itself, to refresh and with these members.
    async fn registers(&self, authentication: &str, plan: Value) -> Value {
        let mut whole =
            json!({ "authentication": authentication, "keys": authentication == "private_key_jwt" });
        for (name, value) in plan.as_object().unwrap() {
            whole[name] = value.clone();
        }
        if whole["metadata"].is_null() {
            whole["metadata"] = json!({});
        }
        if whole["metadata"]["grant_types"].is_null() {
            whole["metadata"]["grant_types"] = json!(["authorization_code", "refresh_token"]);
        }
        self.logs_in(whole).await
    }
}

#[tokio::test]
async fn openid_client_logs_in_as_a_client_of_the_operator() {
    let scene = Scene::set("openid-client-operator").await;
    let metadata =
        json!({ "redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "refresh_token"] });
    let client = scene.server.create_client(&["--name", "Tea Journal"], &metadata).await;
    let plan = json!({
        "client_id": client.id,
        "client_secret": client.secret,
        "authentication": "client_secret_basic",
    });
    assert_eq!(scene.logs_in(plan).await["claims"]["sub"], scene.alice.subject.as_str());
}

#[tokio::test]
async fn openid_client_registers_itself_and_logs_in_with_its_secret() {
    let scene = Scene::set("openid-client-secrets").await;
    for authentication in ["client_secret_basic", "client_secret_post"] {
        scene.registers(authentication, json!({})).await;
    }
}

#[tokio::test]
async fn openid_client_logs_in_by_client_secret_jwt() {
    let scene = Scene::set("openid-client-secret-jwt").await;
    scene.registers("client_secret_jwt", json!({})).await;
}

#[tokio::test]
async fn openid_client_logs_in_by_private_key_jwt() {
    let scene = Scene::set("openid-client-private-key-jwt").await;
    let result = scene.registers("private_key_jwt", json!({})).await;
    assert_eq!(result["registration"]["token_endpoint_auth_method"], "private_key_jwt", "{result}");
    assert!(result["registration"].get("client_secret").is_none(), "{result}");
}

#[tokio::test]
async fn openid_client_reads_an_encrypted_id_token_for_a_pairwise_subject() {
    let scene = Scene::set("openid-client-encrypted").await;
    let metadata = json!({
        "grant_types": ["authorization_code", "refresh_token"],
        "subject_type": "pairwise",
        "id_token_encrypted_response_alg": "RSA-OAEP-256",
        "id_token_encrypted_response_enc": "A256GCM",
        "userinfo_signed_response_alg": "RS256",
    });
    let plan = json!({ "encrypted": true, "metadata": metadata });
    let first = scene.registers("private_key_jwt", plan.clone()).await;
    assert_eq!(first["id_token_parts"], 5, "the ID token is a JWE: {first}");
    assert_ne!(first["claims"]["sub"], scene.alice.subject.as_str(), "pairwise: {first}");
    let second = scene.registers("private_key_jwt", plan).await;
    assert_eq!(first["claims"]["sub"], second["claims"]["sub"], "one sector, one subject");
}

#[tokio::test]
async fn openid_client_asks_with_a_signed_request_object() {
    let scene = Scene::set("openid-client-request-object").await;
    let metadata = json!({
        "grant_types": ["authorization_code", "refresh_token"],
        "request_object_signing_alg": "ES256",
    });
    scene.registers("private_key_jwt", json!({ "request_object": true, "metadata": metadata })).await;
}

#[tokio::test]
async fn openid_client_logs_in_by_the_hybrid_flow() {
    let scene = Scene::set("openid-client-hybrid").await;
    let metadata = json!({
        "grant_types": ["authorization_code", "implicit", "refresh_token"],
        "response_types": ["code id_token"],
    });
    scene.registers("client_secret_basic", json!({ "hybrid": true, "metadata": metadata })).await;
}

#[tokio::test]
async fn nimbus_registers_itself_and_asks_with_a_signed_request_object() {
    let scene = Scene::set("nimbus").await;
    let plan = json!({ "issuer": scene.server.issuer, "redirect_uri": CALLBACK });
    let walk = async |url: String| scene.alice.authorizes(&scene.browser, &url).await;
    let result = login_with_nimbus(&plan, walk).await;
    assert_eq!(result["claims"]["sub"], scene.alice.subject.as_str(), "{result}");
    assert_eq!(result["userinfo"]["email"], "alice@example.com", "{result}");
}
