//! Codes are for one use: conformance.md 3.1. `oidcc-codereuse-30seconds` is in `waiting`.

use crate::checks::{error, response, token};
use crate::plan::{WITH_CODE, each};
use crate::suite::Suite;

#[tokio::test]
async fn oidcc_codereuse() {
    each(WITH_CODE, |plan| async move {
        let suite = Suite::new(plan).await.logged_in();
        let request = suite.asks("openid");
        let left = suite.authorizes(&request).await;
        let code = response::is_answer(&suite, &request, &left).code.unwrap();
        token::is_answer(&suite.redeems(&code).await);
        error::is_token_error(&suite.redeems(&code).await, "invalid_grant");
        suite.ends().await;
    })
    .await;
}
