//! Logout and session modules: conformance.md 4, but for the one that needs a window (`browser/logouts.rs`).

use grantor_tests::{Jws, Receiver, ResponsePage, Visit};
use serde_json::{Value, json};
use url::Url;

use crate::discovery;
use crate::plan::{B, Flow, H3, I1, Plan, each_dynamic};
use crate::request::Request;
use crate::suite::{Round, Suite};

const FLOWS: &[Flow] = &[B, I1, H3];
const BYE: &str = "https://suite.example/test/a/grantor/post_logout_redirect";

/// A client, a user who has just logged in for it, and what it was told.
struct LoggedIn {
    suite: Suite,
    round: Round,
}

impl LoggedIn {
    async fn new(plan: Plan) -> Self {
        Self::with(plan, json!({})).await
    }

    async fn with(plan: Plan, members: Value) -> Self {
        let mut document = json!({ "post_logout_redirect_uris": [BYE] });
        for (name, value) in members.as_object().unwrap() {
            document[name] = value.clone();
        }
        let suite = Suite::with(plan, document).await;
        let request = suite.asks("openid");
        let round = suite.round(&request).await;
        Self { suite, round }
    }

    fn hint(&self) -> &str {
        &self.round.raw_id_token
    }

    async fn ends_session(&self, parameters: &[(&str, &str)]) -> Visit {
        let mut url = Url::parse(&self.suite.host.url("/oauth2/sessions/logout")).unwrap();
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        self.suite.browser.get(url.as_str()).await
    }

    /// The suite's automation presses `logout-confirm` where it finds it.
    async fn confirms(&self, visit: Visit) -> Visit {
        match visit {
            Visit::Page(page) if page.has("logout-confirm") => {
                self.suite.browser.submit(&page, "logout-confirm", &[]).await
            }
            other @ (Visit::Page(_) | Visit::Left(_)) => other,
        }
    }

    /// A `prompt=none` that must fail, and the end.
    async fn ends_logged_out(self) {
        let silent: Request = self.suite.asks("openid").with("prompt", "none");
        let left = self.suite.visits(&silent).await.left();
        let error = left.get("error").unwrap_or_default();
        let known =
            ["login_required", "interaction_required", "account_selection_required", "consent_required"];
        assert!(known.contains(&error), "{left}");
        self.suite.ends().await;
    }

    /// No redirect: an error page or a question.
    async fn stays(self, parameters: &[(&str, &str)]) {
        let page = self.ends_session(parameters).await.page();
        assert!(page.has("error-page") || page.has("logout-confirm"), "{page}");
        self.suite.ends().await;
    }

    /// Logged out, and told so on a page of ours.
    async fn ends_here(self, parameters: &[(&str, &str)]) {
        let visit = self.ends_session(parameters).await;
        let page: ResponsePage = self.confirms(visit).await.page();
        assert!(page.status == 200 && page.has("logged-out"), "{page}");
        self.ends_logged_out().await;
    }
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_discovery_endpoint_verification() {
    discovery::names_an_address("end_session_endpoint").await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout() {
    each_dynamic(FLOWS, |plan| async move {
        let run = LoggedIn::new(plan).await;
        let state = "random-state-of-the-suite";
        let parameters = [("id_token_hint", run.hint()), ("post_logout_redirect_uri", BYE), ("state", state)];
        let visit = run.ends_session(&parameters).await;
        let left = run.confirms(visit).await.left();
        assert!(left.to.as_str().starts_with(BYE), "{left}");
        assert_eq!(left.parameters, [("state".to_owned(), state.to_owned())]);
        run.ends_logged_out().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_state() {
    each_dynamic(FLOWS, |plan| async move {
        let run = LoggedIn::new(plan).await;
        let visit =
            run.ends_session(&[("id_token_hint", run.hint()), ("post_logout_redirect_uri", BYE)]).await;
        let left = run.confirms(visit).await.left();
        assert_eq!((left.to.as_str(), left.parameters.len()), (BYE, 0));
        run.ends_logged_out().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_post_logout_redirect_uri() {
    each_dynamic(FLOWS, |plan| async move {
        let run = LoggedIn::new(plan).await;
        let hint = run.hint().to_owned();
        let bad = format!("{BYE}/unregistered");
        run.stays(&[("id_token_hint", &hint), ("post_logout_redirect_uri", &bad), ("state", "s")]).await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri() {
    each_dynamic(FLOWS, |plan| async move {
        let run = LoggedIn::new(plan).await;
        let hint = run.hint().to_owned();
        let added = format!("{BYE}?foo=bar");
        run.stays(&[("id_token_hint", &hint), ("post_logout_redirect_uri", &added), ("state", "s")]).await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_id_token_hint() {
    each_dynamic(FLOWS, |plan| async move {
        let run = LoggedIn::new(plan).await;
        run.stays(&[("post_logout_redirect_uri", BYE), ("state", "s")]).await;
        let run = LoggedIn::new(plan).await;
        let client_id = run.suite.client_id().to_owned();
        run.stays(&[("client_id", &client_id), ("post_logout_redirect_uri", BYE), ("state", "s")]).await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_modified_id_token_hint() {
    each_dynamic(FLOWS, |plan| async move {
        let run = LoggedIn::new(plan).await;
        let claims = run.hint().split('.').nth(1).unwrap();
        let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");
        run.stays(&[("id_token_hint", &unsigned), ("post_logout_redirect_uri", BYE), ("state", "s")]).await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_id_token_hint() {
    each_dynamic(FLOWS, |plan| async move {
        let run = LoggedIn::new(plan).await;
        let bad = crate::scene::suite_key().signs(&run.round.id_token);
        run.stays(&[("id_token_hint", &bad), ("post_logout_redirect_uri", BYE), ("state", "s")]).await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_params() {
    each_dynamic(FLOWS, |plan| async move { LoggedIn::new(plan).await.ends_here(&[]).await }).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_only_state() {
    each_dynamic(FLOWS, |plan| async move { LoggedIn::new(plan).await.ends_here(&[("state", "s")]).await })
        .await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri() {
    each_dynamic(FLOWS, |plan| async move {
        let run = LoggedIn::new(plan).await;
        let hint = run.hint().to_owned();
        run.ends_here(&[("id_token_hint", &hint), ("state", "s")]).await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_session_management_discovery_endpoint_verification() {
    for member in ["check_session_iframe", "end_session_endpoint"] {
        discovery::names_an_address(member).await;
    }
}

#[tokio::test]
async fn oidcc_frontchannel_logout_discovery_endpoint_verification() {
    discovery::names_an_address("end_session_endpoint").await;
    for member in ["frontchannel_logout_supported", "frontchannel_logout_session_supported"] {
        discovery::promises(member).await;
    }
}

#[tokio::test]
async fn oidcc_frontchannel_rp_initiated_logout() {
    each_dynamic(FLOWS, |plan| async move {
        let address = "https://suite.example/test/a/grantor/frontchannel_logout";
        let members =
            json!({ "frontchannel_logout_uri": address, "frontchannel_logout_session_required": true });
        let run = LoggedIn::with(plan, members).await;
        let parameters = [("id_token_hint", run.hint()), ("post_logout_redirect_uri", BYE), ("state", "s")];
        let visit = run.ends_session(&parameters).await;
        let page = run.confirms(visit).await.page();
        let [frame] = page.document.frames.as_slice() else { panic!("one frame\n{page}") };
        let frame = Url::parse(frame).unwrap();
        assert!(frame.as_str().starts_with(address), "{frame}");
        let sent: Vec<(String, String)> = frame.query_pairs().into_owned().collect();
        let sid = run.round.id_token["sid"].as_str().unwrap().to_owned();
        assert_eq!(sent, [("iss".to_owned(), run.suite.host.issuer.clone()), ("sid".to_owned(), sid)]);
        assert_eq!(page.document.link("continue-link"), Some(&*format!("{BYE}?state=s")));
        run.ends_logged_out().await;
    })
    .await;
}

#[tokio::test]
async fn oidcc_backchannel_logout_discovery_endpoint_verification() {
    for member in ["backchannel_logout_supported", "backchannel_logout_session_supported"] {
        discovery::promises(member).await;
    }
}

#[tokio::test]
async fn oidcc_backchannel_rp_initiated_logout() {
    each_dynamic(FLOWS, |plan| async move {
        let receiver = Receiver::start().await;
        let path = "/test/a/grantor/backchannel_logout";
        let members = json!({
            "backchannel_logout_uri": receiver.url(1, path),
            "backchannel_logout_session_required": true,
        });
        let run = LoggedIn::with(plan, members).await;
        let parameters = [("id_token_hint", run.hint()), ("post_logout_redirect_uri", BYE), ("state", "s")];
        let visit = run.ends_session(&parameters).await;
        let left = run.confirms(visit).await.left();
        assert_eq!(left.to.as_str(), format!("{BYE}?state=s"));

        let told = receiver.hears(path, 1).await;
        let token = Jws::of(&told[0].token);
        let kid = token.header["kid"].as_str().unwrap();
        let key = run.suite.keys.iter().find(|key| key["kid"] == kid).unwrap();
        assert!(token.is_signed_by(key), "{}", told[0].token);
        let (said, id_token) = (&token.claims, &run.round.id_token);
        assert_eq!(said["iss"], run.suite.host.issuer.as_str());
        assert_eq!(said["aud"], run.suite.client_id());
        for claim in ["sub", "sid"] {
            assert_eq!(said[claim], id_token[claim], "{claim}");
        }
        assert!(said["iat"].is_i64() && said["exp"].is_i64() && said["jti"].is_string(), "{said}");
        assert!(said["events"]["http://schemas.openid.net/event/backchannel-logout"].is_object(), "{said}");
        assert!(said.get("nonce").is_none(), "{said}");
        run.ends_logged_out().await;
    })
    .await;
}
