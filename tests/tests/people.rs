//! The users an operator has already, and clients whose secret is changed while they run: commands of the binary, and
//! logins against it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests report failure by panicking")]

use std::fmt::Write as _;

use grantor_tests::{
    Answer, Browser, CommandOutput, Database, Jws, Options, Person, RelyingParty, Server, Visit,
    password_hashes, random_text, signed_with,
};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";
const CALLBACK: &str = "https://app.example/callback";

/// A realm export of Keycloak 26, whose password was "secret".
const KEYCLOAK: &str = r#"{"type": "password", "secretData": "{\"value\":\"xKjWvB9+0sSP6wTqI1JoEI7w+iA0x9VDhPgmrOHRG80=\",\"salt\":\"LRScGShC7shkdoU5B1UgUQ==\",\"additionalParameters\":{}}", "credentialData": "{\"hashIterations\":5,\"algorithm\":\"argon2\",\"additionalParameters\":{\"hashLength\":[\"32\"],\"memory\":[\"7168\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]}}"}"#;
/// The tests of ASP.NET Core Identity, whose password is "my password".
const ASP_NET: &str = "AQAAAAEAA9CQAAAAIESkQuj2Du8Y+kbc5lcN/W/3NiAZFEm11P27nrSN5/tId+bR1SwV8CO1Jd72r4C08OLvplNlCDc3oQZ8efcW+jQ=";

async fn app(server: &Server) -> RelyingParty {
    let metadata = json!({ "redirect_uris": [CALLBACK], "skip_consent": true });
    RelyingParty::of(server, &server.create_client(&[], &metadata).await)
}

/// Imports these users from standard input.
async fn import(server: &Server, more: &[&str], users: &[Value]) -> CommandOutput {
    let mut lines = String::new();
    for user in users {
        writeln!(lines, "{user}").unwrap();
    }
    server.cli_with_input(&[&["users", "import", "-", "--json"], more].concat(), &lines).await
}

async fn shown(server: &Server, name: &str) -> Value {
    server.cli(&["users", "show", name, "--json"]).await.json()
}

/// Whether this name and password are let in; the browser is a new one.
async fn is_let_in(app: &RelyingParty, username: &str, password: &str) -> bool {
    let person =
        Person { username: username.to_owned(), password: password.to_owned(), subject: String::new() };
    let (browser, request) = (Browser::new(), app.asks("openid"));
    let page = browser.get(&request.url()).await.page();
    match person.logs_in(&browser, &page).await {
        Visit::Left(left) => {
            request.receives(&left);
            true
        }
        Visit::Page(page) => {
            assert!(page.has("login"), "{page}");
            false
        }
    }
}

fn counts(output: &Value) -> [u64; 5] {
    ["created", "updated", "unchanged", "passwords_kept", "refused"]
        .map(|name| output[name].as_u64().unwrap())
}

#[tokio::test]
async fn users_log_in_with_the_passwords_they_had_at_every_system() {
    let server = Server::start(Options::sqlite("imported-logins")).await;
    let app = app(&server).await;
    let mut people: Vec<(String, String, &str)> =
        password_hashes(PASSWORD).into_iter().map(|(form, hash)| (form, hash, PASSWORD)).collect();
    assert!(people.len() > 20, "{people:?}");
    people.push(("Keycloak".to_owned(), KEYCLOAK.to_owned(), "secret"));
    people.push(("ASP.NET".to_owned(), ASP_NET.to_owned(), "my password"));
    let name = |number: usize| format!("user{number}");
    let users: Vec<Value> = people
        .iter()
        .enumerate()
        .map(|(number, (_, hash, _))| json!({ "username": name(number), "password_hash": hash }))
        .collect();
    let imported = import(&server, &[], &users).await.json();
    assert_eq!(counts(&imported), [people.len() as u64, 0, 0, 0, 0], "{imported}");
    for (number, (form, _, password)) in people.iter().enumerate() {
        assert!(is_let_in(&app, &name(number), password).await, "{form}");
        // The second time against our own hash.
        assert!(is_let_in(&app, &name(number), password).await, "{form}, again");
        assert!(!is_let_in(&app, &name(number), &format!("{password}!")).await, "{form}, a wrong password");
    }
    // The same file later: everybody's hash was replaced, and nothing is put back.
    let again = import(&server, &[], &users).await.json();
    assert_eq!(counts(&again), [0, 0, people.len() as u64, 0, 0], "{again}");
    assert!(is_let_in(&app, &name(0), PASSWORD).await);
}

#[tokio::test]
async fn an_import_never_takes_back_what_was_done_here_since() {
    let server = Server::start(Options::sqlite("imported-again")).await;
    let app = app(&server).await;
    let hash = |password: &str| password_hashes(password)["bcrypt 2b"].clone();
    let old = json!({ "username": "ada", "email": "ada@example.com", "password_hash": hash(PASSWORD) });
    import(&server, &[], std::slice::from_ref(&old)).await.succeeded();
    server.cli_with_input(&["users", "set-password", "ada"], "a password of this year").await.succeeded();
    server.cli(&["users", "disable", "ada"]).await.succeeded();

    let later = json!({ "username": "ADA", "email": "ada@example.org", "disabled": false,
                        "password_hash": hash("another password") });
    let imported = import(&server, &[], std::slice::from_ref(&later)).await.json();
    assert_eq!(counts(&imported), [0, 1, 0, 1, 0], "{imported}");
    let ada = shown(&server, "ada").await;
    assert_eq!((&ada["claims"]["email"], &ada["state"]), (&json!("ada@example.org"), &json!("disabled")));
    server.cli(&["users", "enable", "ada"]).await.succeeded();
    assert!(is_let_in(&app, "ada", "a password of this year").await);

    let replaced = import(&server, &["--replace"], std::slice::from_ref(&later)).await.json();
    assert_eq!(counts(&replaced), [0, 1, 0, 0, 0], "{replaced}");
    assert!(!is_let_in(&app, "ada", "a password of this year").await);
    assert!(is_let_in(&app, "ada", "another password").await);
    let disabled = json!({ "username": "ada", "disabled": true });
    import(&server, &[], &[disabled]).await.succeeded();
    assert_eq!(shown(&server, "ada").await["state"], "disabled");
    assert_eq!(server.cli(&["sessions", "list", "--user", "ada", "--json"]).await.json(), json!([]));
}

#[tokio::test]
async fn bad_lines_are_told_with_their_number_and_the_others_go_in() {
    let server = Server::start(Options::sqlite("imported-bad-lines")).await;
    let sub = "11111111-2222-4333-8444-555555555555";
    let file = server.directory().join("users.jsonl");
    let text = format!(
        "{{\"username\": \"ada\", \"sub\": \"{sub}\"}}\nnonsense\n\n{{\"username\": \"bob\", \"password\": \"x\"}}\n\
         {{\"username\": \"Ada\"}}\n{{\"username\": \"carol\", \"password_hash\": \"$2b$20$r2sOh8uJJ2U2u38PoFpBs.6nHMlb79iI2YhaFLv6g7ND/gVXXBatC\"}}\n\
         {{\"username\": \"dan\", \"claims\": {{\"name\": \"Dan\"}}}}"
    );
    std::fs::write(&file, text).unwrap();
    let path = file.to_str().unwrap();

    let dry = server.cli(&["users", "import", path, "--dry-run"]).await;
    assert_eq!(dry.status.code(), Some(1), "{dry:?}");
    assert!(dry.stdout.starts_with("nothing was written; it would be: 2 users made"), "{dry:?}");
    assert_eq!(server.cli(&["users", "list", "--json"]).await.json(), json!([]));

    let imported = server.cli(&["users", "import", path, "--json"]).await;
    assert_eq!(imported.status.code(), Some(1), "{imported:?}");
    let summary: Value = serde_json::from_str(&imported.stdout).unwrap();
    assert_eq!(counts(&summary), [2, 0, 0, 0, 4], "{summary}");
    for (problem, (line, reason)) in summary["problems"].as_array().unwrap().iter().zip([
        (2, "not JSON"),
        (4, "password: only hashes"),
        (5, "the username is that of entry 1"),
        (6, "password_hash: the bcrypt hash costs too much to verify: the cost may be 14"),
    ]) {
        assert_eq!(problem["line"], line, "{problem}");
        assert!(problem["reason"].as_str().unwrap().starts_with(reason), "{problem}");
        assert!(imported.stderr.contains(&format!("line {line}: {reason}")), "{imported:?}");
    }
    assert_eq!(shown(&server, "ada").await["sub"], sub);
    assert_eq!(shown(&server, "dan").await["claims"]["name"], "Dan");
    assert!(server.cli(&["users", "import", "/nonexistent"]).await.failed().contains("/nonexistent"));
    let array = import(&server, &[], &[json!([{ "username": "eve" }, { "username": "dan" }])]).await.json();
    assert_eq!(counts(&array), [1, 0, 1, 0, 0], "{array}");
}

async fn ten_thousand_users(name: &str, database: Database) {
    let server = Server::start(Options::new(name, database)).await;
    let users: Vec<Value> = (0..10_000)
        .map(|number| json!({ "username": format!("user{number}"), "email": format!("user{number}@example.com") }))
        .collect();
    let imported = import(&server, &[], &users).await.json();
    assert_eq!(counts(&imported), [10_000, 0, 0, 0, 0], "{imported}");
    let again = import(&server, &[], &users).await.json();
    assert_eq!(counts(&again), [0, 0, 10_000, 0, 0], "{again}");
    assert_eq!(server.cli(&["users", "list", "--json"]).await.json().as_array().unwrap().len(), 10_000);
    assert_eq!(shown(&server, "user9999").await["claims"]["email"], "user9999@example.com");
}

#[tokio::test]
async fn ten_thousand_users_are_imported_on_sqlite() {
    ten_thousand_users("imported-many", Database::Sqlite).await;
}

#[tokio::test]
async fn ten_thousand_users_are_imported_on_postgres() {
    let database = grantor_test_postgres::database();
    ten_thousand_users("imported-many-postgres", Database::Postgres(database.url().to_owned())).await;
}

/// A client whose tokens are asked for with this secret.
async fn is_accepted(server: &Server, id: &str, secret: &Value) -> bool {
    let registration = json!({ "client_id": id, "client_secret": secret });
    let client =
        grantor_tests::Client { id: id.to_owned(), secret: secret.as_str().map(str::to_owned), registration };
    let answer = RelyingParty::of(server, &client).token(&[("grant_type", "client_credentials")]).await;
    assert!(matches!(answer.status, 200 | 401), "{answer}");
    answer.status == 200
}

#[tokio::test]
async fn a_client_has_two_secrets_at_most_and_the_old_one_is_ended_by_time_or_by_hand() {
    let server = Server::start(Options::sqlite("rotated-secret")).await;
    let metadata = json!({ "grant_types": ["client_credentials"], "response_types": [], "scope": "api" });
    let client = server.create_client(&["--id", "machine"], &metadata).await;
    let first = json!(client.secret);
    let rotate = async |more: &[&str]| {
        server.cli(&[&["clients", "rotate-secret", "machine"], more].concat()).await.succeeded()
    };
    let printed = |output: CommandOutput| -> Value { serde_json::from_str(&output.stdout).unwrap() };
    let overlap = async || {
        let shown = server.cli(&["clients", "show", "machine", "--json"]).await.json();
        shown["previous_client_secret_expires_at"].as_i64()
    };
    assert_eq!(overlap().await, None);

    let second = printed(rotate(&["--keep-old-for", "7d"]).await);
    let until = second["previous_client_secret_expires_at"].as_i64().unwrap();
    assert_eq!(overlap().await, Some(until));
    let second = second["client_secret"].clone();
    for (secret, why) in [(&first, "the old one"), (&second, "the new one")] {
        assert!(is_accepted(&server, "machine", secret).await, "{why}");
    }
    // What is changed of the client beside it leaves both alone.
    let set = ["clients", "update", "machine", "--set", "client_uri=https://machine.example"];
    assert_eq!(server.cli(&set).await.json()["client_uri"], "https://machine.example");
    assert_eq!(overlap().await, Some(until));
    assert!(is_accepted(&server, "machine", &first).await);

    let third = rotate(&["--overlap", "1d"]).await;
    assert!(third.stderr.contains("two secrets at most"), "{third:?}");
    let third = printed(third)["client_secret"].clone();
    // The newest first: a secret that is not known makes the server read the client again, at most a second old until then.
    for (secret, expected) in [(&third, true), (&second, true), (&first, false)] {
        assert_eq!(is_accepted(&server, "machine", secret).await, expected, "{secret}");
    }
    rotate(&["--end-old"]).await;
    assert_eq!(overlap().await, None);
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await; // as long as a client is held in memory
    for (secret, expected) in [(&second, false), (&third, true)] {
        assert_eq!(is_accepted(&server, "machine", secret).await, expected, "{secret}");
    }
    assert!(
        server
            .cli(&["clients", "rotate-secret", "machine", "--end-old", "--overlap", "1d"])
            .await
            .failed()
            .contains("--end-old")
    );
}

/// Asks for a token with an assertion under this secret (RFC 7523 section 2.2).
async fn asserts(machine: &RelyingParty, secret: &str, now: i64) -> Answer {
    let claims = json!({
        "iss": machine.client_id, "sub": machine.client_id, "aud": machine.issuer,
        "iat": now, "exp": now + 300, "jti": random_text(),
    });
    let assertion = signed_with(secret, &claims);
    machine
        .token(&[
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
        ])
        .await
}

// OpenID Connect Core sections 9 and 10.1
#[tokio::test]
async fn in_an_overlap_both_secrets_prove_the_client_and_the_newer_one_signs_for_it() {
    let server = Server::start(Options::sqlite("rotated-key")).await;
    let rotate = async |id: &str| {
        let rotated = server.cli(&["clients", "rotate-secret", id, "--overlap", "1d"]).await.json();
        rotated["client_secret"].as_str().unwrap().to_owned()
    };
    let metadata = json!({
        "grant_types": ["client_credentials"], "response_types": [], "scope": "api",
        "token_endpoint_auth_method": "client_secret_jwt",
    });
    let client = server.create_client(&["--id", "machine"], &metadata).await;
    let machine = RelyingParty::of(&server, &client);
    let now = client.registration["client_id_issued_at"].as_i64().unwrap();
    let (first, second) = (client.secret.unwrap(), rotate("machine").await);
    for secret in [&second, &first] {
        asserts(&machine, secret, now).await.ok();
    }
    assert_eq!(asserts(&machine, &format!("{second}x"), now).await.status, 401);

    let metadata = json!({
        "redirect_uris": [CALLBACK], "skip_consent": true, "id_token_signed_response_alg": "HS256",
    });
    let client = server.create_client(&["--id", "app"], &metadata).await;
    let (old, alice) = (RelyingParty::of(&server, &client), server.create_user("alice").await);
    let mut new = old.clone();
    new.secret = Some(rotate("app").await);
    for party in [&new, &old] {
        let request = party.asks("openid");
        let code = request.receives(&alice.authorizes(&Browser::new(), &request.url()).await);
        let id_token = party.redeems(&code, &request).await.tokens().id_token.unwrap();
        assert!(Jws::of(&id_token).is_signed_with(new.secret.as_ref().unwrap()));
    }
}
