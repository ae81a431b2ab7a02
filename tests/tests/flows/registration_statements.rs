//! Software statements (RFC 7591 sections 2.3 and 3.1.1): whose are believed, what they decide, and that nobody shakes
//! them off.

use std::fs;

use grantor_crypto::{Algorithm, SigningKeyPair, sign_compact};
use grantor_tests::{Answer, Client, Credential, InProcess, Registrar, registered};
use reqwest::Method;
use serde_json::{Value, json};

use crate::registration::{document, server};

const ISSUER: &str = "https://statements.example";

/// An issuer of statements, and a server that believes it.
struct Office {
    key: SigningKeyPair,
    server: InProcess,
    registrar: Registrar,
    _keys: tempfile::TempDir,
}

impl Office {
    async fn open(config: &str) -> Self {
        let key = SigningKeyPair::generate(Algorithm::ES256).unwrap();
        let keys = tempfile::tempdir().unwrap();
        let file = keys.path().join("jwks.json");
        fs::write(&file, json!({ "keys": [key.public_jwk()] }).to_string()).unwrap();
        let issuers = format!("registration.software_statement_issuers = ['{ISSUER}={}']", file.display());
        let (server, registrar) = server(&format!("{issuers}\n{config}")).await;
        Self { key, server, registrar, _keys: keys }
    }

    fn states(&self, claims: &Value) -> String {
        let mut all = json!({ "iss": ISSUER, "iat": self.server.now().seconds(), "software_id": "4NRB1" });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        sign_compact(&self.key, "JWT", &all).unwrap()
    }

    async fn registers(&self, statement: &str) -> Answer {
        self.registrar.registers(&document(json!({ "software_statement": statement }))).await
    }

    async fn replaces(&self, client: &Client, document: &Value) -> Answer {
        let token = client.registration["registration_access_token"].as_str().unwrap();
        let path = format!("/oauth2/register/{}", client.id);
        self.registrar.asks(Method::PUT, &path, Credential::Token(token), Some(document)).await
    }
}

/// RFC 7591 sections 3.1.1 and 3.2.1.
#[tokio::test]
async fn what_is_stated_wins_and_the_statement_comes_back_as_it_was() {
    let office = Office::open("").await;
    let statement = office.states(&json!({
        "client_name": "Stated", "redirect_uris": ["https://stated.example/cb"], "client_id": "mine", "client_secret": "x",
    }));
    let asked = document(
        json!({ "client_name": "Said", "contacts": ["a@b.example"], "software_statement": statement }),
    );
    let client = office.registrar.client(&asked).await;
    let said = &client.registration;
    assert_eq!(said["client_name"], "Stated");
    assert_eq!(said["redirect_uris"], json!(["https://stated.example/cb"]));
    assert_eq!((&said["contacts"], &said["software_id"]), (&json!(["a@b.example"]), &json!("4NRB1")));
    assert_eq!(said["software_statement"], statement.as_str());
    assert_ne!(said["client_id"], "mine");
}

#[tokio::test]
async fn a_statement_that_is_not_good_is_refused_with_the_reason() {
    let office = Office::open("").await;
    let now = office.server.now().seconds();
    let stranger = SigningKeyPair::generate(Algorithm::ES256).unwrap();
    let forged = sign_compact(&stranger, "JWT", &json!({ "iss": ISSUER })).unwrap();
    let unknown = sign_compact(&stranger, "JWT", &json!({ "iss": "https://stranger.example" })).unwrap();
    let anonymous = sign_compact(&office.key, "JWT", &json!({ "software_id": "x" })).unwrap();
    let token = sign_compact(&office.key, "at+jwt", &json!({ "iss": ISSUER })).unwrap();
    let good = office.states(&json!({}));
    let cut = good.rsplit_once('.').unwrap().0.to_owned();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", good.split('.').nth(1).unwrap());
    let invalid = "invalid_software_statement";
    for (statement, error) in [
        ("nonsense".to_owned(), invalid),
        (cut, invalid),
        (unsigned, invalid),
        (forged, invalid),
        (anonymous, invalid),
        (token, invalid),
        (office.states(&json!({ "exp": now })), invalid),
        (office.states(&json!({ "exp": "soon" })), invalid),
        (office.states(&json!({ "nbf": now + 120 })), invalid),
        (office.states(&json!({ "aud": "https://other.example" })), invalid),
        (unknown, "unapproved_software_statement"),
        (office.states(&json!({ "skip_consent": true })), "invalid_client_metadata"),
        (office.states(&json!({ "redirect_uris": ["javascript:alert(1)"] })), "invalid_redirect_uri"),
    ] {
        let answer = office.registers(&statement).await;
        answer.is_refused(error);
        assert_eq!(answer.status, 400, "{answer}");
        assert!(answer.json["error_description"].as_str().unwrap().contains(": "), "{answer}");
    }
    let good =
        office.states(&json!({ "exp": now + 60, "aud": [office.server.issuer, "https://other.example"] }));
    assert_eq!(office.registers(&good).await.status, 201);
}

#[tokio::test]
async fn the_operator_can_ask_for_a_statement() {
    let office = Office::open("registration.require_software_statement = true").await;
    let answer = office.registrar.registers(&document(json!({}))).await;
    answer.is_refused("invalid_software_statement");
    assert_eq!(office.registers(&office.states(&json!({}))).await.status, 201);
}

/// Section 3.1.1: a server that believes nobody ignores them.
#[tokio::test]
async fn without_an_issuer_to_believe_statements_mean_nothing() {
    let (_server, registrar) = server("").await;
    let client =
        registrar.client(&document(json!({ "software_statement": "a.b.c", "client_name": "Said" }))).await;
    assert!(client.registration.get("software_statement").is_none(), "{}", client.registration);
}

#[tokio::test]
async fn a_client_stays_what_was_stated_of_it() {
    let office = Office::open("").await;
    let now = office.server.now().seconds();
    let stated = json!({ "redirect_uris": ["https://stated.example/cb"], "exp": now + 60 });
    let statement = office.states(&stated);
    let client = registered(&office.registers(&statement).await);
    office.server.advance(3600);

    // Written back as it was read, after the statement has expired.
    let client = registered(&office.replaces(&client, &client.registration).await);
    // Left out, and contradicted.
    let answer =
        office.replaces(&client, &document(json!({ "redirect_uris": ["https://evil.example/cb"] }))).await;
    assert_eq!(answer.ok()["redirect_uris"], stated["redirect_uris"]);
    assert_eq!(answer.json["software_statement"], statement.as_str());
    let client = registered(&answer);
    // Another is a statement like any.
    let expired = document(json!({ "software_statement": office.states(&json!({ "exp": now })) }));
    office.replaces(&client, &expired).await.is_refused("invalid_software_statement");
    let newer = office.states(&json!({ "redirect_uris": ["https://newer.example/cb"] }));
    let answer = office.replaces(&client, &document(json!({ "software_statement": newer }))).await;
    assert_eq!(answer.ok()["redirect_uris"], json!(["https://newer.example/cb"]));
}
