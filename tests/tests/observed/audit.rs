//! Every act that matters to security is recorded once, with who did it to whom, and no secret (security.md T202).

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use grantor_server::audit::AuditEvent;
use grantor_server::tasks;
use grantor_tests::{
    Browser, Client, Engine, InProcess, Options, Person, RelyingParty, ResponsePage, Server, http_client,
};
use serde_json::{Value, json};

const CALLBACK: &str = "https://app.example/callback";

struct Trail(PathBuf);

impl Trail {
    fn of(server: &Server) -> Self {
        Self(server.directory().join("audit.json"))
    }

    fn all(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.0).unwrap_or_default();
        // The last line may be half written.
        let (text, _) = text.rsplit_once('\n').unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a line is a JSON object")).collect()
    }

    /// The events of this name since so many records.
    fn since(&self, before: usize, event: &str) -> Vec<Value> {
        self.all().into_iter().skip(before).filter(|record| record["event"] == event).collect()
    }

    /// The same, as soon as there is one: a thread writes them, so an answer may be here before its record.
    async fn found(&self, before: usize, event: &str) -> Vec<Value> {
        let written = async {
            loop {
                let found = self.since(before, event);
                if !found.is_empty() {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(10), written).await;
        found.unwrap_or_else(|_| panic!("no {event} in {:?}", self.all()))
    }

    fn len(&self) -> usize {
        self.all().len()
    }

    /// What `act` has recorded under this name, which is exactly one record with these members.
    async fn one<T>(&self, event: &str, members: Value, act: impl Future<Output = T>) -> T {
        let before = self.len();
        let outcome = act.await;
        let found = self.found(before, event).await;
        let [record] = found.as_slice() else { panic!("{event}: {found:?} in {:?}", self.all()) };
        for (name, value) in members.as_object().unwrap() {
            assert_eq!(&record[name], value, "{name} of {record}");
        }
        assert!(record["at"].as_i64().unwrap() > 1_600_000_000_000, "{record}");
        outcome
    }
}

async fn start(name: &str, config: &str) -> (Server, Trail) {
    let config = format!("audit.file = 'audit.json'\n{config}");
    let server = Server::start(Options::sqlite(name).config(&config)).await;
    let trail = Trail::of(&server);
    (server, trail)
}

fn metadata() -> Value {
    json!({ "redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "refresh_token"] })
}

async fn account(server: &Server, browser: &Browser) -> ResponsePage {
    browser.get(&server.url("/account")).await.page()
}

fn grant_of(record: &[Value]) -> String {
    record.last().expect("a grant was issued")["grant"].as_str().unwrap().to_owned()
}

/// The whole life of a login, from a wrong password to the end.
#[tokio::test]
async fn what_users_and_clients_do_is_recorded_with_who_did_it() {
    let (server, trail) = start("audit-users", "audit.tokens = true").await;
    let started = trail.found(0, "server.started").await;
    assert_eq!(started.len(), 1, "{started:?}");
    assert_eq!(
        (&started[0]["actor"], started[0]["configuration"].as_str().unwrap().len()),
        (&json!("server"), 16)
    );

    let operator = |command: &str| json!({ "actor": "operator", "command": command, "outcome": "success" });
    let metadata = metadata();
    let registered = server.create_client(&["--id", "app"], &metadata);
    let client: Client = trail.one("client.registered", operator("clients create"), registered).await;
    let alice: Person =
        trail.one("user.created", operator("users create"), server.create_user("alice")).await;
    let app = RelyingParty::of(&server, &client);
    let (browser, request) = (Browser::new(), app.asks("openid offline_access"));
    let user = json!({ "actor": "user", "actor_id": alice.subject, "peer": "127.0.0.1" });
    let with = |more: Value| {
        let mut all = user.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };

    let page = browser.get(&request.url()).await.page();
    let wrong = [("login", "alice"), ("password", "a canary nobody may read")];
    let refused = json!({
        "outcome": "failure", "actor": "anonymous", "subject": alice.subject, "peer": "127.0.0.1"
    });
    let page =
        trail.one("login.refused", refused, browser.submit(&page, "submit-login", &wrong)).await.page();
    let accepted = with(json!({ "subject": alice.subject, "outcome": "success" }));
    let page = trail.one("login.accepted", accepted, alice.logs_in(&browser, &page)).await.page();
    let trace_id = trail.since(0, "login.accepted")[0]["trace_id"].as_str().unwrap().to_owned();
    assert_eq!(trace_id.len(), 16);
    let denied = with(json!({ "client_id": "app", "outcome": "failure" }));
    trail.one("consent.refused", denied, browser.submit(&page, "consent-deny", &[])).await.left();

    let request = app.asks("openid offline_access");
    let page = browser.get(&request.url()).await.page();
    let given = with(json!({ "client_id": "app", "scope": "openid offline_access" }));
    let left = trail.one("consent.given", given, browser.submit(&page, "consent-accept", &[])).await.left();
    let grant = grant_of(&trail.found(0, "grant.issued").await);
    let code = request.receives(&left);
    let by_client = json!({ "actor": "client", "actor_id": "app", "client_id": "app" });
    let of_client = |more: Value| {
        let mut all = by_client.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let issued =
        of_client(json!({ "grant_type": "authorization_code", "grant": grant, "subject": alice.subject }));
    let first = trail.one("token.issued", issued, app.redeems(&code, &request)).await.tokens();
    let issued = of_client(json!({ "grant_type": "refresh_token", "grant": grant }));
    let second = trail.one("token.issued", issued, app.refreshes(first.refresh())).await.tokens();
    let third = app.refreshes(second.refresh()).await.tokens();
    let replay = of_client(json!({ "what": "refresh_token", "grant": grant, "outcome": "failure" }));
    trail.one("replay.detected", replay, app.refreshes(first.refresh())).await;
    let replay = of_client(json!({ "what": "authorization_code" }));
    let silent = app.asks("openid offline_access").with("prompt", "none");
    let code = silent.receives(&browser.get(&silent.url()).await.left());
    let tokens = app.redeems(&code, &silent).await.tokens();
    trail.one("replay.detected", replay, app.redeems(&code, &silent)).await;
    app.userinfo(&tokens.access_token).await.is_refused("invalid_token");

    let silent = app.asks("openid offline_access").with("prompt", "none");
    let code = silent.receives(&browser.get(&silent.url()).await.left());
    let tokens = app.redeems(&code, &silent).await.tokens();
    let revoked = of_client(json!({ "what": "refresh_token", "outcome": "success" }));
    trail.one("token.revoked", revoked, app.revokes(tokens.refresh())).await;
    let stranger = RelyingParty::at_issuer(
        &server.issuer,
        &Client { secret: Some("another canary".to_owned()), ..client.clone() },
    );
    let failed = json!({
        "actor": "anonymous", "client_id": "app", "reason": "client secret", "outcome": "failure"
    });
    trail.one("client.authentication_failed", failed, stranger.refreshes(third.refresh())).await;

    // Their own page.
    let other = Browser::new();
    let page = account(&server, &other).await;
    alice.logs_in(&other, &page).await.page();
    let page = account(&server, &browser).await;
    let ended = with(json!({ "subject": alice.subject, "reason": "ended" }));
    trail.one("session.ended", ended, browser.submit(&page, "end-other-sessions", &[])).await.page();
    let page = account(&server, &browser).await;
    let withdrawn = with(json!({ "client_id": "app", "subject": alice.subject }));
    trail.one("consent.withdrawn", withdrawn, browser.submit(&page, "disconnect-app-1", &[])).await.page();
    let page = account(&server, &browser).await;
    let new = "a new canary of a password";
    let fields = [("current-password", alice.password.as_str()), ("new-password", new)];
    let changed = with(json!({ "subject": alice.subject }));
    trail.one("password.changed", changed, browser.submit(&page, "change-password", &fields)).await.page();
    let page = browser.get(&server.url("/logout")).await.page();
    let left = with(json!({ "subject": alice.subject, "count": 1 }));
    trail.one("logout", left, browser.submit(&page, "logout-confirm", &[])).await.page();

    // T202: no secret that went through is in the trail, nor what was typed in place of one.
    let text = fs::read_to_string(&trail.0).unwrap();
    let secret = client.secret.as_deref().unwrap();
    for secret in [secret, &alice.password, new, "canary", &code, &first.access_token, first.refresh()] {
        assert!(!text.contains(secret), "{secret} is in the trail");
    }
    let status = server.nodes[0].terminate().await;
    assert!(status.success());
    assert_eq!(trail.all().last().unwrap()["event"], "server.stopped");
}

/// What an operator does at a command line.
#[tokio::test]
async fn what_operators_do_is_recorded_with_the_command_and_the_user_of_the_machine() {
    let (server, trail) = start("audit-operators", "").await;
    let client = server.create_client(&["--id", "app"], &metadata()).await;
    let alice = server.create_user("alice").await;
    let app = RelyingParty::of(&server, &client);
    let logs_in = async || {
        let (browser, request) = (Browser::new(), app.asks("openid offline_access"));
        let code = request.receives(&alice.authorizes(&browser, &request.url()).await);
        app.redeems(&code, &request).await.tokens()
    };
    let runs = async |arguments: &[&str], input: &str| {
        server.cli_with_input(arguments, input).await.succeeded();
    };
    logs_in().await;
    let by = |command: &str, more: Value| {
        let mut all = json!({ "actor": "operator", "command": command, "outcome": "success" });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let of_app = json!({ "client_id": "app" });
    let of_alice = json!({ "subject": alice.subject });
    let (updated, rotated) =
        (by("clients update", of_app.clone()), by("clients rotate-secret", of_app.clone()));
    trail.one("client.updated", updated, runs(&["clients", "update", "app", "--name", "Tea"], "")).await;
    trail.one("client.secret_rotated", rotated, runs(&["clients", "rotate-secret", "app"], "")).await;
    let overlap = ["clients", "rotate-secret", "app", "--overlap", "1h"];
    runs(&overlap, "").await;
    let ended = by("clients rotate-secret", of_app.clone());
    let end_old = ["clients", "rotate-secret", "app", "--end-old"];
    trail.one("client.secret_ended", ended, runs(&end_old, "")).await;
    let uid = trail.since(0, "client.updated")[0]["actor_id"].as_str().unwrap().to_owned();
    assert!(uid.strip_prefix("uid ").unwrap().parse::<u32>().is_ok(), "{uid}");
    let grants = server.cli(&["grants", "list", "--json"]).await.json();
    let grant =
        grants[0]["id"].as_str().or(grants[0]["grant"].as_str()).expect("the id of a grant").to_owned();
    let revoked = by("grants revoke", json!({ "grant": grant }));
    trail.one("grant.revoked", revoked, runs(&["grants", "revoke", &grant], "")).await;
    let all = by("grants revoke", of_app.clone());
    trail.one("client.tokens_revoked", all, runs(&["grants", "revoke", "--client", "app"], "")).await;
    let withdrawn = by("grants revoke", json!({ "subject": alice.subject, "client_id": "app" }));
    let arguments = ["grants", "revoke", "--user", "alice", "--client", "app"];
    trail.one("consent.withdrawn", withdrawn, runs(&arguments, "")).await;
    let ended = by("sessions end", json!({ "subject": alice.subject, "reason": "ended" }));
    trail.one("session.ended", ended, runs(&["sessions", "end", "--user", "alice"], "")).await;
    let changed = by("users set-password", of_alice.clone());
    trail.one("password.changed", changed, runs(&["users", "set-password", "alice"], &alice.password)).await;
    let (off, on) = (by("users disable", of_alice.clone()), by("users enable", of_alice.clone()));
    trail.one("user.disabled", off, runs(&["users", "disable", "alice"], "")).await;
    trail.one("user.enabled", on, runs(&["users", "enable", "alice"], "")).await;
    let before = trail.len();
    trail.one("user.deleted", by("users delete", of_alice), runs(&["users", "delete", "alice"], "")).await;
    assert!(trail.since(before, "user.disabled").is_empty(), "one act is one event");
    let published = by("keys rotate", json!({ "algorithm": "RS256" }));
    let promoted = published.clone();
    trail.one("key.published", published, runs(&["keys", "rotate"], "")).await;
    trail.one("key.promoted", promoted, runs(&["keys", "rotate", "--now"], "")).await;
    // It signs for three more seconds, on every node; until then withdrawing it is refused.
    let keys = server.cli(&["keys", "list", "--json"]).await.json();
    let retired =
        keys.as_array().unwrap().iter().find(|key| !key["superseded_at"].is_null()).expect("an old key");
    let kid = retired["kid"].as_str().unwrap();
    let withdrawn = by("keys withdraw", json!({ "kid": kid }));
    let taking_out = async {
        let attempt = async || server.cli(&["keys", "withdraw", kid]).await.status.success();
        while !attempt().await {}
    };
    let in_time =
        async { tokio::time::timeout(Duration::from_secs(30), taking_out).await.expect("withdrawn") };
    trail.one("key.withdrawn", withdrawn, in_time).await;
    let imported = by("users import", json!({ "count": 2 }));
    let file = "{\"username\":\"bob\"}\n{\"username\":\"carol\"}\n";
    trail.one("users.imported", imported, runs(&["users", "import", "-"], file)).await;
    trail
        .one("keys.rewrapped", by("keys rewrap", json!({ "count": 0 })), runs(&["keys", "rewrap"], ""))
        .await;
    trail
        .one("tokens.revoked", by("keys revoke-tokens", json!({})), runs(&["keys", "revoke-tokens"], ""))
        .await;
    trail.one("client.deleted", by("clients delete", of_app), runs(&["clients", "delete", "app"], "")).await;
    let created = by("registration tokens create", json!({}));
    trail.one("registration_token.created", created, runs(&["registration", "tokens", "create"], "")).await;
    let id = trail.since(0, "registration_token.created")[0]["token"].as_str().unwrap().to_owned();
    let gone = by("registration tokens revoke", json!({ "token": id }));
    let arguments = ["registration", "tokens", "revoke", &id];
    trail.one("registration_token.revoked", gone, runs(&arguments, "")).await;

    // Reading is no act.
    let before = trail.len();
    for listing in ["clients", "users", "grants", "sessions", "keys"] {
        runs(&[listing, "list", "--json"], "").await;
    }
    assert_eq!(trail.len(), before);
}

#[tokio::test]
async fn the_admin_listener_and_registration_are_in_the_trail() {
    let config =
        "registration.enabled = true\nregistration.require_token = true\nadmin.token_file = 'admin-token'";
    let token = "a-token-of-the-admin-listener";
    // The file has to be there before the server is.
    let directory = tempfile_of(token);
    let config = config.replace("admin-token", directory.1.to_str().unwrap());
    let (server, trail) = start("audit-admin", &config).await;
    let http = http_client();
    let url = server.admin_url("/admin/registration/tokens");
    let refused = json!({ "actor": "anonymous", "outcome": "failure", "reason": "no token" });
    trail.one("admin.refused", refused, http.get(&url).send()).await.unwrap();
    let refused = json!({ "reason": "wrong token" });
    trail.one("admin.refused", refused, http.get(&url).bearer_auth("canary").send()).await.unwrap();
    let by_operator = json!({ "actor": "operator", "actor_id": "admin listener", "peer": "127.0.0.1" });
    let creating = http.post(&url).bearer_auth(token).json(&json!({})).send();
    let made = trail.one("registration_token.created", by_operator.clone(), creating).await.unwrap();
    let made: Value = made.json().await.unwrap();
    let register = server.url("/oauth2/register");
    let document = json!({ "redirect_uris": [CALLBACK] });
    let refused = json!({ "actor": "anonymous", "outcome": "failure", "reason": "none" });
    trail
        .one("registration_token.refused", refused, http.post(&register).json(&document).send())
        .await
        .unwrap();
    let initial = made["token"].as_str().unwrap();
    let registering = http.post(&register).bearer_auth(initial).json(&document).send();
    let with_token = json!({ "actor": "anonymous", "token": made["id"] });
    let client = trail.one("client.registered", with_token, registering).await.unwrap();
    let client: Value = client.json().await.unwrap();
    let own = client["registration_client_uri"].as_str().unwrap().to_owned();
    let managing = client["registration_access_token"].as_str().unwrap().to_owned();
    let id = client["client_id"].as_str().unwrap();
    let failed = json!({ "client_id": id, "reason": "credentials", "actor": "anonymous" });
    trail
        .one("client.authentication_failed", failed, http.get(&own).bearer_auth("canary").send())
        .await
        .unwrap();
    let by_itself = json!({ "actor": "client", "actor_id": id, "client_id": id });
    let mut replaced = document.clone();
    replaced["client_id"] = json!(id);
    let replacing = http.put(&own).bearer_auth(&managing).json(&replaced).send();
    let answer = trail.one("client.updated", by_itself.clone(), replacing).await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    let managing = answer["registration_access_token"].as_str().unwrap();
    trail.one("client.deleted", by_itself, http.delete(&own).bearer_auth(managing).send()).await.unwrap();
    let of_token = format!("{url}/{}", made["id"].as_str().unwrap());
    let revoking = http.delete(of_token).bearer_auth(token).send();
    trail.one("registration_token.revoked", by_operator, revoking).await.unwrap();
    let text = fs::read_to_string(&trail.0).unwrap();
    for secret in [token, initial, managing, "canary"] {
        assert!(!text.contains(secret), "{secret} is in the trail");
    }
}

fn tempfile_of(text: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("admin-token");
    fs::write(&path, text).unwrap();
    (directory, path)
}

/// Guesses of one account from one network: the sixth has to wait.
#[tokio::test]
async fn a_login_that_has_to_wait_is_recorded_without_the_name_that_was_typed() {
    let (server, trail) = start("audit-throttled", "").await;
    let browser = Browser::new();
    let mut page = account(&server, &browser).await;
    for _ in 0..5 {
        let fields = [("login", "hunter2 typed as a name"), ("password", "x")];
        let before = trail.len();
        page = browser.submit(&page, "submit-login", &fields).await.page();
        trail.found(before, "login.refused").await;
    }
    let refused = trail.since(0, "login.refused");
    let accounts: BTreeSet<_> = refused.iter().map(|record| record["account"].to_string()).collect();
    assert_eq!((refused.len(), accounts.len()), (5, 1), "{refused:?}");
    assert!(refused.iter().all(|record| record.get("subject").is_none()), "there is no such account");
    let throttled = json!({ "outcome": "failure", "account": refused[0]["account"] });
    let fields = [("login", "hunter2 typed as a name"), ("password", "x")];
    trail.one("login.throttled", throttled, browser.submit(&page, "submit-login", &fields)).await.page();
    assert!(!fs::read_to_string(&trail.0).unwrap().contains("hunter2"));
}

/// What the server does by itself: its schedule and its clean-up.
#[tokio::test]
async fn what_the_server_does_by_itself_is_recorded_as_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let trail = Trail(directory.path().join("audit.json"));
    let config = format!(
        "audit.file = '{}'\nregistration.enabled = true\nregistration.unused_lifetime = '1d'\n",
        trail.0.display()
    );
    let server = InProcess::start(Engine::Sqlite, &config).await;
    let registrar = grantor_tests::Registrar::at(&server.issuer);
    registrar.client(&json!({ "redirect_uris": [CALLBACK] })).await;
    server.advance(2 * 86_400);
    let by_itself = json!({ "actor": "server", "count": 1 });
    trail.one("clients.expired", by_itself, tasks::clean(&server.app)).await;
    server.advance(90 * 86_400);
    let of_schedule = json!({ "actor": "server", "algorithm": "RS256" });
    trail.one("key.published", of_schedule.clone(), tasks::keep_schedule(&server.app)).await;
    server.advance(2 * 86_400);
    trail.one("key.promoted", of_schedule, tasks::keep_schedule(&server.app)).await;

    // The first key of an algorithm, which a client's registration asks for.
    let before = trail.len();
    let of_client = json!({ "actor": "server", "algorithm": "ES256" });
    let document = json!({ "redirect_uris": [CALLBACK], "id_token_signed_response_alg": "ES256" });
    trail.one("key.published", of_client, registrar.client(&document)).await;
    let promoted = trail.found(before, "key.promoted").await;
    assert_eq!(promoted[0]["kid"], trail.since(before, "key.published")[0]["kid"]);
}

/// Where a new event has no test yet, this one fails.
#[test]
fn every_event_is_driven_by_a_test() {
    let source = include_str!("audit.rs");
    for (name, _, _) in AuditEvent::ALL {
        assert!(source.contains(&format!("\"{name}\"")), "{name}");
    }
}

/// Commands have no log: without a file the record is a line of JSON on standard error.
#[tokio::test]
async fn without_a_file_the_trail_is_in_the_log_whatever_its_level() {
    let config = "log.level = 'off'\nlog.format = 'json'";
    let server = Server::start(Options::sqlite("audit-in-log").config(config)).await;
    let output =
        server.cli(&["clients", "create", "--id", "app", "--redirect-uri", CALLBACK]).await.succeeded();
    let record: Value = serde_json::from_str(output.stderr.trim()).expect("one record");
    assert_eq!(record["event"], "client.registered");
    let nobody = Client { id: "nobody".to_owned(), secret: Some("x".to_owned()), registration: json!({}) };
    RelyingParty::at_issuer(&server.issuer, &nobody).refreshes("x").await;
    server.nodes[0].terminate().await;
    let log = server.nodes[0].log();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(lines.iter().all(|line| line["target"] == "audit"), "{log}");
    let events: Vec<_> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
    assert_eq!(events, ["server.started", "client.authentication_failed", "server.stopped"]);
    assert_eq!(lines[1]["client_id"], "nobody");
}
