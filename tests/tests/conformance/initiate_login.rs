//! Third-party-initiated login: conformance.md 3.6.

use grantor_tests::Answer;
use serde_json::json;

use crate::checks::error;
use crate::plan::{ALL, each_dynamic};
use crate::scene::{http, scene};
use crate::suite::{Authentication, Suite, register, registration};

#[tokio::test]
async fn oidcc_3rd_party_init_login() {
    each_dynamic(ALL, |plan| async move {
        let address = "https://suite.example/test/a/grantor/initiate";
        let suite = Suite::with(plan, json!({ "initiate_login_uri": address })).await;
        let request = suite.http.get(suite.member("registration_client_uri"));
        let request = request.bearer_auth(suite.member("registration_access_token"));
        let answer = Answer::of("GET registration_client_uri".to_owned(), request).await;
        error::is_json(&answer);
        assert_eq!(answer.ok()["initiate_login_uri"], address, "{answer}");
        suite.ends().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_3rd_party_init_login_nohttps() {
    each_dynamic(ALL, |plan| async move {
        let address = "http://suite.example/test/a/grantor/initiate";
        let document = registration(plan, Authentication::Basic, &json!({ "initiate_login_uri": address }));
        let answer = register(&http(), &scene().await.host, &document).await;
        error::is_registration_error(&answer, &["invalid_client_metadata"]);
    })
    .await;
}
