//! What operators see and end over the admin listener, and Ory Hydra's ways to the same (hydra-api.md 3).

use grantor_tests::{Answer, Browser, Credential, Engine, InProcess, Registrar};
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{Stage, trusted_with};

const OFFLINE: &str = "openid offline_access";
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

struct Office {
    stage: Stage,
    admin: Registrar,
}

impl Office {
    async fn on(engine: Engine) -> Self {
        let metadata = trusted_with(&json!({ "skip_consent": false, "client_name": "Tea Journal" }));
        let stage = Stage::on(engine, "", metadata).await;
        let admin = Registrar::at(&stage.server.admin_origin());
        Self { stage, admin }
    }

    async fn open() -> Self {
        Self::on(Engine::Sqlite).await
    }

    async fn asks(&self, method: Method, path: &str) -> Answer {
        self.admin.asks(method, path, Credential::None, None).await
    }

    async fn lists(&self, path: &str) -> Vec<Value> {
        let answer = self.asks(Method::GET, path).await;
        answer.is_not_stored();
        answer.ok().as_array().unwrap().clone()
    }

    async fn deletes(&self, path: &str) -> u16 {
        self.asks(Method::DELETE, path).await.status
    }

    fn of_alice(&self, what: &str) -> String {
        format!("/admin/users/{}/{what}", self.stage.alice.subject)
    }

    async fn is_signed_in(&self) -> bool {
        let silent = self.stage.app.asks("openid").with("prompt", "none");
        self.stage.visits(&silent).await.left().get("error") != Some("login_required")
    }
}

#[tokio::test]
async fn an_operator_lists_and_ends_the_sessions_of_a_user() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let office = Office::on(engine).await;
        let online = office.stage.tokens("openid").await;
        let sessions = office.lists(&office.of_alice("sessions")).await;
        assert_eq!(sessions.len(), 1);
        assert_eq!(sessions[0]["sub"], office.stage.alice.subject.as_str());
        assert!(sessions[0]["authenticated_at"].is_i64(), "{sessions:?}");
        let one = format!("/admin/sessions/{}", sessions[0]["id"].as_str().unwrap());
        assert_eq!(office.deletes(&one).await, 204);
        assert_eq!(office.deletes(&one).await, 404, "it has ended");
        assert!(!office.is_signed_in().await && !office.stage.counts(&online.access_token).await);

        office.stage.tokens("openid").await;
        assert_eq!(office.deletes(&office.of_alice("sessions")).await, 204);
        assert!(office.lists(&office.of_alice("sessions")).await.is_empty());
        assert!(!office.is_signed_in().await);
    }
}

#[tokio::test]
async fn an_operator_lists_grants_and_takes_them_from_one_client() {
    let office = Office::open().await;
    let tokens = office.stage.tokens(OFFLINE).await;
    let grants = office.lists(&office.of_alice("grants")).await;
    assert_eq!(grants.len(), 1);
    assert_eq!(
        (&grants[0]["client_id"], &grants[0]["state"]),
        (&json!(office.stage.client.id), &json!("alive"))
    );
    let path = office.of_alice(&format!("grants/{}", office.stage.client.id));
    assert_eq!(office.deletes(&path).await, 204);
    assert_eq!(office.deletes(&path).await, 204, "as often as one likes");
    assert!(office.lists(&office.of_alice("grants")).await.is_empty());
    assert!(!office.stage.counts(&tokens.access_token).await && office.is_signed_in().await);
    let page = office.stage.visits(&office.stage.app.asks("openid")).await.page();
    assert!(page.has("consent-accept"), "{page}");
}

#[tokio::test]
async fn what_is_not_there_is_said_and_what_cannot_be_read_is_refused() {
    let office = Office::open().await;
    let alice = &office.stage.alice.subject;
    for (method, path) in [
        (Method::GET, format!("/admin/users/{NOBODY}/sessions")),
        (Method::DELETE, "/admin/users/alice/sessions".to_owned()),
        (Method::GET, format!("/admin/users/{NOBODY}/grants")),
        (Method::DELETE, format!("/admin/users/{NOBODY}/grants/{}", office.stage.client.id)),
        (Method::DELETE, format!("/admin/users/{alice}/grants/nobody")),
        (Method::DELETE, format!("/admin/sessions/{NOBODY}")),
        (Method::DELETE, "/admin/sessions/x".to_owned()),
    ] {
        let answer = office.asks(method, &path).await;
        assert_eq!((answer.status, answer.error()), (404, Some("not_found")), "{answer}");
    }
    let login = "/admin/oauth2/auth/sessions/login";
    let consent = "/admin/oauth2/auth/sessions/consent";
    for (method, path) in [
        (Method::GET, format!("/admin/users/{alice}/sessions?page_size=0")),
        (Method::GET, format!("/admin/users/{alice}/sessions?page_size=501")),
        (Method::GET, format!("/admin/users/{alice}/sessions?page_token=x")),
        (Method::GET, format!("/admin/users/{alice}/grants?page_token=x&page_token=y")),
        (Method::DELETE, login.to_owned()),
        (Method::GET, consent.to_owned()),
        (Method::GET, format!("{consent}?subject={alice}&login_session_id={NOBODY}")),
        (Method::DELETE, consent.to_owned()),
        (Method::DELETE, format!("{consent}?subject={alice}")),
        (Method::DELETE, format!("{consent}?subject={alice}&all=yes")),
        (Method::DELETE, format!("{consent}?subject={alice}&client=x&all=true")),
        (Method::DELETE, format!("{consent}?client=x")),
        (Method::DELETE, format!("{consent}?consent_request_id=x")),
    ] {
        let answer = office.asks(method, &path).await;
        answer.is_refused("invalid_request");
    }
}

/// T208.
#[tokio::test]
async fn listings_come_in_pages_that_lead_to_each_other() {
    let office = Office::open().await;
    for _ in 0..5 {
        let browser = Browser::new();
        let request = office.stage.app.asks("openid");
        office.stage.alice.authorizes(&browser, &request.url()).await.code();
    }
    for what in ["sessions", "grants"] {
        let mut path = Some(format!("{}?page_size=2", office.of_alice(what)));
        let (mut seen, mut pages) = (Vec::new(), 0);
        while let Some(asked) = path {
            let answer = office.asks(Method::GET, &asked).await;
            let rows = answer.ok().as_array().unwrap();
            assert!(rows.len() <= 2, "{answer}");
            seen.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
            pages += 1;
            let link = answer.header("link").map(str::to_owned);
            path = link.map(|link| link.split(['<', '>']).nth(1).unwrap().to_owned());
        }
        seen.sort();
        seen.dedup();
        assert_eq!((seen.len(), pages), (5, 3), "{what}");
    }
}

#[tokio::test]
async fn sessions_end_as_a_program_for_ory_hydra_asks() {
    let office = Office::open().await;
    let login = "/admin/oauth2/auth/sessions/login";
    office.stage.tokens("openid").await;
    let sessions = office.lists(&office.of_alice("sessions")).await;
    let id = sessions[0]["id"].as_str().unwrap();
    for _ in 0..2 {
        assert_eq!(office.deletes(&format!("{login}?sid={id}")).await, 204, "what has ended is no failure");
        assert!(!office.is_signed_in().await);
    }
    office.stage.tokens("openid").await;
    assert_eq!(office.deletes(&format!("{login}?subject={}", office.stage.alice.subject)).await, 204);
    assert!(!office.is_signed_in().await);
    for nobody in [format!("{login}?subject={NOBODY}"), format!("{login}?sid=x")] {
        assert_eq!(office.deletes(&nobody).await, 204);
    }
}

#[tokio::test]
async fn consents_are_listed_and_taken_back_as_a_program_for_ory_hydra_asks() {
    let office = Office::open().await;
    let consent = format!("/admin/oauth2/auth/sessions/consent?subject={}", office.stage.alice.subject);
    assert!(office.lists(&consent).await.is_empty());
    for all in [format!("&client={}", office.stage.client.id), "&all=true".to_owned()] {
        let tokens = office.stage.tokens(OFFLINE).await;
        let listed = office.lists(&consent).await;
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0]["grant_scope"], json!(["openid", "offline_access"]));
        assert_eq!(listed[0]["consent_request"]["client"]["client_id"], office.stage.client.id.as_str());
        assert_eq!(listed[0]["consent_request"]["subject"], office.stage.alice.subject.as_str());
        assert_eq!(office.deletes(&format!("{consent}{all}")).await, 204);
        assert!(office.lists(&consent).await.is_empty());
        office.stage.app.refreshes(tokens.refresh()).await.is_refused("invalid_grant");
        assert!(office.is_signed_in().await, "consent is not the login");
    }
    let nobody = format!("/admin/oauth2/auth/sessions/consent?subject={NOBODY}");
    assert!(office.lists(&nobody).await.is_empty());
    assert_eq!(office.deletes(&format!("{nobody}&all=true")).await, 204);
    assert_eq!(office.deletes(&format!("{consent}&client=nobody")).await, 204);
    assert!(InProcess::user_id(&office.stage.alice).to_string() == office.stage.alice.subject);
}
