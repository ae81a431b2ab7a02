//! The `claims` parameter: conformance.md 3.1.

use crate::plan::{ALL, I1, each};
use crate::suite::Suite;

#[tokio::test]
async fn oidcc_claims_essential() {
    each(ALL, |plan| async move {
        let suite = Suite::new(plan).await.logged_in();
        let place = if plan.flow == I1 { "id_token" } else { "userinfo" };
        let claims = format!(r#"{{"{place}":{{"name":{{"essential":true}}}}}}"#);
        // `checks` wants the claim where it was asked for, and nowhere else.
        suite.round(&suite.asks("openid").with("claims", &claims)).await;
        suite.ends().await;
    })
    .await;
}
