//! Back-channel logout of the binary, from outside: what is queued is delivered, whatever happens to the process, and an
//! operator finds out about a client that is not reached.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests report failure by panicking")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use grantor_crypto::Secret;
use grantor_protocol::{ClientId, ClientMetadata, IssuerId, UserId};
use grantor_server::clock::Clock;
use grantor_store::{Authentication, DatabaseConfig, Ending, NewClient, NewSession, Store};
use grantor_tests::{Browser, Jws, Manners, Options, Person, Receiver, RelyingParty, Server, http_client};
use serde_json::{Value, json};

const CONFIG: &str =
    "outbound = { allow_private = ['127.0.0.0/8'], timeout = '1s' }\nregistration = { enabled = true }";
const CLIENTS: usize = 200;
const SESSIONS: usize = 8;
const KILLS: usize = 100;

/// A client that registers itself, and is told at this path.
async fn client(server: &Server, receiver: &Receiver, path: &str) -> RelyingParty {
    let metadata = json!({
        "redirect_uris": ["https://app.example/callback"],
        "backchannel_logout_uri": receiver.url(1, path),
    });
    let url = server.url("/oauth2/register");
    let answer = http_client().post(url).json(&metadata).send().await.unwrap();
    let registration: Value = answer.json().await.unwrap();
    let client = grantor_tests::Client {
        id: registration["client_id"].as_str().unwrap().to_owned(),
        secret: registration["client_secret"].as_str().map(str::to_owned),
        registration,
    };
    RelyingParty::of(server, &client)
}

/// Alice is signed in to each of them in one browser.
async fn signs_in(alice: &Person, browser: &Browser, clients: &[RelyingParty]) {
    for client in clients {
        let request = client.asks("openid");
        request.receives(&alice.authorizes(browser, &request.url()).await);
    }
}

async fn logouts(server: &Server) -> Vec<Value> {
    let listed = server.cli(&["clients", "logouts", "--json"]).await.json();
    listed.as_array().unwrap().clone()
}

fn sum(logouts: &[Value], member: &str) -> i64 {
    logouts.iter().map(|client| client[member].as_i64().unwrap()).sum()
}

/// Two hundred clients that know eight sessions of one user, written to the file of a server that does not run.
async fn everybody_signs_in_and_out(server: &Server, receiver: &Receiver, user: UserId) {
    let url = format!("sqlite:{}", server.directory().join("grantor.db").display());
    let store = Store::open(&DatabaseConfig { url: url.parse().unwrap(), max_connections: 4 }).await.unwrap();
    let now = Clock::default().now();
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let new = NewClient {
            issuer: IssuerId::FIRST,
            client_id: ClientId::parse(&format!("client-{number}")).unwrap(),
            metadata: ClientMetadata {
                redirect_uris: vec!["https://app.example/callback".to_owned()],
                backchannel_logout_uri: Some(receiver.url(1, &format!("/{number}"))),
                ..ClientMetadata::default()
            },
            secret: None,
            now,
        };
        clients.push(store.clients().insert(new).await.unwrap().row);
    }
    for _ in 0..SESSIONS {
        let new = NewSession {
            issuer: IssuerId::FIRST,
            secret_hash: Secret::generate().hash(),
            user,
            authentication: Authentication {
                acr: "1".to_owned(),
                amr: Vec::new(),
                at_ms: now.seconds() * 1000,
            },
            remembered: false,
            idle_seconds: 3600,
            expires_at: now.plus(3600),
            user_agent: None,
            address: None,
            password: None,
        };
        let session = store.sessions().insert(new).await.unwrap().unwrap();
        for client in &clients {
            assert!(store.sessions().note_client(session.id, *client, now).await.unwrap());
        }
    }
    let give_up_at = now.plus(86_400);
    let ended = store.sessions().end(&Ending::OfUser(user, None), give_up_at, now.seconds() * 1000).await;
    assert_eq!(ended.unwrap().notifications, (CLIENTS * SESSIONS) as u64);
    store.close().await;
}

/// Each client is told of each session at least once, whenever the process dies; nothing stays behind in the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_a_hundred_times_while_it_tells_two_hundred_clients_it_forgets_none() {
    let server = Server::start(Options::sqlite("logouts-killed").config(CONFIG)).await;
    let receiver = Receiver::start().await;
    let alice = server.create_user("alice").await;
    server.nodes[0].kill().await;
    everybody_signs_in_and_out(&server, &receiver, alice.subject.parse().unwrap()).await;

    let begun = Instant::now();
    let mut kills = 0;
    while kills < KILLS {
        let before = receiver.told().len();
        server.launch(0);
        receiver.hears_more_than(before + kills % 7).await;
        server.nodes[0].kill().await;
        kills += 1;
    }
    let killed = begun.elapsed();
    server.restart(0).await;
    let left = loop {
        let left = logouts(&server).await;
        if sum(&left, "pending") == 0 {
            break left;
        }
        assert!(begun.elapsed() < Duration::from_mins(3), "{left:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let told = receiver.told();
    let ids: BTreeSet<String> =
        told.iter().map(|told| Jws::of(&told.token).claims["jti"].to_string()).collect();
    println!(
        "{} tokens for {} notifications over {kills} kills in {killed:?}; the queue was empty {:?} later",
        told.len(),
        CLIENTS * SESSIONS,
        begun.elapsed().saturating_sub(killed)
    );
    assert_eq!(ids.len(), CLIENTS * SESSIONS, "each was told at least once, and of nothing else");
    assert_eq!(left.len(), CLIENTS);
    assert_eq!((sum(&left, "delivered"), sum(&left, "given_up")), (i64::try_from(ids.len()).unwrap(), 0));
}

#[tokio::test]
async fn an_operator_tries_what_a_client_does_with_a_logout_token() {
    let server = Server::start(Options::sqlite("logouts-tried").config(CONFIG)).await;
    let receiver = Receiver::start().await;
    let elsewhere = receiver.url(1, "/elsewhere");
    for (path, manners, said) in [
        ("/no", Manners::Says(400, r#"{"error":"invalid_request"}"#.to_owned()), "invalid_request"),
        (
            "/missing",
            Manners::Says(404, String::new()),
            "setting that would change it: backchannel_logout_uri",
        ),
        ("/away", Manners::Redirects(elsewhere), "redirects are not followed"),
        ("/slow", Manners::Hangs, "setting that would change it: outbound.timeout"),
    ] {
        receiver.behaves(path, manners);
        let party = client(&server, &receiver, path).await;
        let tried = server.cli(&["clients", "test-logout", &party.client_id]).await;
        assert_eq!(tried.status.code(), Some(1), "{tried:?}");
        assert!(tried.stderr.contains(said), "{path}: {tried:?}");
    }
    let party = client(&server, &receiver, "/good").await;
    let tried = server.cli(&["clients", "test-logout", &party.client_id]).await;
    assert!(tried.status.success() && tried.stdout.contains(" ms"), "{tried:?}");
    let told = receiver.hears("/good", 1).await.remove(0);
    let claims = Jws::of(&told.token).claims;
    assert_eq!((claims.get("sub"), claims["sid"].is_string()), (None, true), "about nobody");
    assert_eq!(logouts(&server).await, Vec::<Value>::new(), "nobody was signed out, so nothing is counted");
    let unknown = server.cli(&["clients", "test-logout", "nobody"]).await;
    assert!(unknown.stderr.contains("there is no client"), "{unknown:?}");
}

/// What a command queues the running server delivers.
#[tokio::test]
async fn a_server_tells_clients_of_sessions_that_a_command_has_ended_and_ends_in_time() {
    let server = Server::start(Options::sqlite("logouts-command").config(CONFIG)).await;
    let receiver = Receiver::start().await;
    let alice = server.create_user("alice").await;
    let clients = [client(&server, &receiver, "/quick").await, client(&server, &receiver, "/slow").await];
    receiver.behaves("/slow", Manners::Hangs);
    signs_in(&alice, &Browser::new(), &clients).await;
    server.cli(&["sessions", "end", "--user", "alice"]).await.succeeded();
    receiver.hears("/quick", 1).await;
    receiver.hears("/slow", 1).await;
    let begun = Instant::now();
    assert!(server.nodes[0].terminate().await.success());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let left = logouts(&server).await;
    let of = |party: &RelyingParty| left.iter().find(|seen| seen["client_id"] == party.client_id).unwrap();
    assert_eq!((&of(&clients[0])["delivered"], &of(&clients[0])["pending"]), (&json!(1), &json!(0)));
    assert_eq!((&of(&clients[1])["failed"], &of(&clients[1])["pending"]), (&json!(1), &json!(1)));
}
