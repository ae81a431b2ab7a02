//! Back-Channel Logout: what a logout token says to each client, and what becomes of one that does not arrive
//! (specs.md 2; security.md T162).

use std::time::Duration;

use grantor_crypto::{ContentEncryption, KeyManagement};
use grantor_tests::{Client, Engine, InProcess, JosePeer, Jws, Manners, Receiver, Told};
use serde_json::{Value, json};

use crate::stage::{Stage, trusted, trusted_with};

const CONFIG: &str =
    "outbound = { allow_private = ['127.0.0.0/8'], timeout = '2s' }\nclients = { allow_unsigned = true }";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

struct Scene {
    stage: Stage,
    receiver: Receiver,
}

impl Scene {
    async fn on(engine: Engine, config: &str) -> Self {
        let stage = Stage::on(engine, &format!("{CONFIG}\n{config}"), trusted()).await;
        Self { stage, receiver: Receiver::start().await }
    }

    async fn new() -> Self {
        Self::on(Engine::Sqlite, "").await
    }

    /// A client that is told at this path of this host.
    async fn client(&self, host: u8, path: &str, members: &Value) -> Client {
        let mut metadata = trusted_with(members);
        metadata["backchannel_logout_uri"] = json!(self.receiver.url(1, path));
        let client = self.stage.server.create_client(metadata).await;
        let url = self.receiver.url(host, path); // other hosts of this machine are not registered by anybody
        self.stage.server.update_client(&client.id, |client| client.backchannel_logout_uri = Some(url)).await;
        client
    }

    /// Alice signs in to a client; its ID token, as it came.
    async fn signs_in(&self, client: &Client) -> String {
        let party = self.stage.server.party(client);
        let request = party.asks("openid");
        let code = request.receives(&self.stage.authorizes(&request).await);
        party.redeems(&code, &request).await.tokens().id_token.unwrap()
    }

    /// Her sessions end, as an operator ends them.
    async fn signs_out(&self) {
        let alice = InProcess::user_id(&self.stage.alice);
        assert_eq!(self.stage.server.ends_sessions_of(alice).await, 1);
    }

    /// Time passes, and what is due is sent.
    fn passes(&self, seconds: i64) {
        self.stage.server.advance(seconds);
        self.stage.server.app.tell_clients();
    }

    /// What an operator sees of this client, as soon as it is so.
    async fn sees(&self, client: &Client, is_so: impl Fn(&Value) -> bool) -> Value {
        let url = format!("{}/admin/logouts", self.stage.server.admin_origin());
        let begun = std::time::Instant::now();
        loop {
            let all: Vec<Value> =
                grantor_tests::http_client().get(&url).send().await.unwrap().json().await.unwrap();
            if let Some(found) = all.into_iter().find(|found| found["client_id"] == client.id.as_str()) {
                if is_so(&found) {
                    return found;
                }
                assert!(
                    begun.elapsed() < Duration::from_secs(15),
                    "the operator never saw that, but {found}"
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn key(&self, algorithm: &str) -> Value {
        let jwks = self.stage.app.reads("/.well-known/jwks.json").await;
        let keys = jwks.ok()["keys"].as_array().unwrap().clone();
        keys.into_iter().find(|key| key["alg"] == algorithm).unwrap()
    }
}

fn claims(token: &str) -> Value {
    crate::stage::jws_part(token, 1)
}

/// Back-Channel Logout section 2.4.
#[tokio::test]
async fn a_logout_token_is_signed_as_the_id_tokens_of_the_client_are() {
    let scene = Scene::new().await;
    let mut clients = Vec::new();
    for alg in ["RS256", "ES256", "HS256", "none"] {
        let members = json!({ "id_token_signed_response_alg": alg });
        clients.push((alg, scene.client(1, &format!("/{alg}"), &members).await));
    }
    let mut id_tokens = Vec::new();
    for (_, client) in &clients {
        id_tokens.push(claims(&scene.signs_in(client).await));
    }
    scene.signs_out().await;
    for ((alg, client), id_token) in clients.iter().zip(&id_tokens) {
        let told = scene.receiver.hears(&format!("/{alg}"), 1).await.remove(0);
        assert!(told.head.starts_with("POST /"), "{}", told.head);
        assert!(told.head.to_lowercase().contains("content-type: application/x-www-form-urlencoded\r\n"));
        let token = Jws::of(&told.token);
        assert_eq!(token.header["typ"], "logout+jwt");
        let signed = match *alg {
            "HS256" => token.is_signed_with(client.secret.as_ref().unwrap()),
            "none" => token.is_signed_by(&scene.key("RS256").await), // section 2.6: never without a signature
            alg => token.is_signed_by(&scene.key(alg).await),
        };
        assert!(signed, "{alg}: {:?}", token.header);
        let said = &token.claims;
        let mut names: Vec<_> = said.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["aud", "events", "exp", "iat", "iss", "jti", "sid", "sub"], "no nonce above all");
        assert_eq!(said["iss"], scene.stage.server.issuer.as_str());
        assert_eq!(said["aud"], client.id.as_str());
        assert_eq!(said["events"], json!({ EVENT: {} }));
        assert_eq!((&said["sub"], &said["sid"]), (&id_token["sub"], &id_token["sid"]));
        let lifetime = said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap();
        assert_eq!(lifetime, 120);
        assert!((said["iat"].as_i64().unwrap() - scene.stage.server.now().seconds()).abs() < 10);
        let seen = scene.sees(client, |seen| seen["delivered"] == 1).await;
        assert_eq!(
            (&seen["failed"], &seen["pending"], &seen["success_rate"]),
            (&json!(0), &json!(0), &json!(1.0))
        );
    }
}

#[tokio::test]
async fn a_logout_token_is_encrypted_where_id_tokens_are() {
    let scene = Scene::new().await;
    let (alg, enc) = ("dir", ContentEncryption::A128CbcHs256.name());
    assert!(KeyManagement::ALL.iter().all(|known| known.name() != alg), "by the secret of the client");
    let members = json!({ "id_token_encrypted_response_alg": alg, "id_token_encrypted_response_enc": enc });
    let client = scene.client(1, "/sealed", &members).await;
    scene.signs_in(&client).await;
    scene.signs_out().await;
    let told = scene.receiver.hears("/sealed", 1).await.remove(0);
    let decrypted = JosePeer::Node.does(&[json!({
        "operation": "decrypt", "alg": alg, "enc": enc, "token": told.token, "jwk": null, "secret": client.secret,
    })]);
    let token = Jws::of(decrypted[0]["plain"].as_str().unwrap());
    assert_eq!(token.header["typ"], "logout+jwt");
    assert!(token.is_signed_by(&scene.key("RS256").await));
}

/// OpenID Connect Core section 8.1.
#[tokio::test]
async fn a_client_is_told_of_the_user_it_knows() {
    let scene = Scene::new().await;
    let client = scene.client(1, "/pairwise", &json!({ "subject_type": "pairwise" })).await;
    let id_token = claims(&scene.signs_in(&client).await);
    assert_ne!(id_token["sub"], scene.stage.alice.subject.as_str());
    scene.signs_out().await;
    let told = claims(&scene.receiver.hears("/pairwise", 1).await[0].token);
    assert_eq!((&told["sub"], &told["sid"]), (&id_token["sub"], &id_token["sid"]));
}

#[tokio::test]
async fn only_clients_of_the_session_are_told_and_each_once() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let scene = Scene::on(engine, "").await;
        let mut clients = Vec::new();
        for path in ["/one", "/two", "/never"] {
            clients.push(scene.client(1, path, &json!({})).await);
        }
        for client in &clients[..2] {
            scene.signs_in(client).await;
            scene.signs_in(client).await;
        }
        scene.signs_out().await;
        for (client, path) in clients.iter().zip(["/one", "/two"]) {
            scene.receiver.hears(path, 1).await;
            scene.sees(client, |seen| seen["delivered"] == 1 && seen["pending"] == 0).await;
        }
        scene.passes(HOUR);
        scene.signs_in(&clients[0]).await;
        scene.signs_out().await;
        scene.receiver.hears("/one", 2).await;
        let mut paths: Vec<_> = scene.receiver.told().into_iter().map(|told| told.path).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["/one", "/one", "/two"]);
    }
}

#[tokio::test]
async fn a_client_that_fails_is_told_again_at_growing_intervals_and_given_up_in_the_end() {
    let scene = Scene::on(Engine::Sqlite, "logout = { retry_for = '2h' }").await;
    let client = scene.client(1, "/down", &json!({})).await;
    scene.receiver.behaves("/down", Manners::Says(500, "database on fire".to_owned()));
    scene.signs_in(&client).await;
    scene.signs_out().await;
    scene.receiver.hears("/down", 1).await;
    let mut ids = Vec::new();
    // A tenth sooner or later each.
    for (attempt, wait) in [5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR].into_iter().enumerate() {
        scene.sees(&client, |seen| seen["failed"] == attempt + 1).await;
        scene.passes(wait * 8 / 10);
        scene.passes(wait * 3 / 10 + 1);
        let told = scene.receiver.hears("/down", attempt + 2).await;
        assert_eq!(told.len(), attempt + 2, "not sooner");
        ids = told.iter().map(|told| claims(&told.token)["jti"].clone()).collect();
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "a client that was told already can tell");
    let seen = scene.sees(&client, |seen| seen["given_up"] == 1).await;
    assert_eq!((&seen["failed"], &seen["delivered"], &seen["pending"]), (&json!(7), &json!(0), &json!(0)));
    let error = "the answer has status 500: database on fire, where 200 or 204 is success";
    assert_eq!((&seen["last_error"], &seen["success_rate"]), (&json!(error), &json!(0.0)));
    scene.passes(24 * HOUR);
    scene.stage.server.app.tell_clients();
    scene.signs_in(&client).await;
    scene.receiver.behaves("/down", Manners::Says(204, String::new()));
    scene.signs_out().await;
    assert_eq!(scene.receiver.hears("/down", 8).await.len(), 8, "the one of before is forgotten");
    scene.sees(&client, |seen| seen["delivered"] == 1).await;
}

/// Back-Channel Logout section 2.8.
#[tokio::test]
async fn what_a_client_says_of_a_token_that_it_refuses_is_shown() {
    let scene = Scene::new().await;
    let client = scene.client(1, "/no", &json!({})).await;
    let body = json!({ "error": "invalid_request", "error_description": "no such session" });
    scene.receiver.behaves("/no", Manners::Says(400, body.to_string()));
    scene.signs_in(&client).await;
    scene.signs_out().await;
    let seen = scene.sees(&client, |seen| seen["failed"] == 1).await;
    let error = "the client refuses the logout token (status 400): invalid_request, no such session";
    assert_eq!(seen["last_error"], error);
    let metrics = format!("{}/metrics", scene.stage.server.admin_origin());
    let metrics = grantor_tests::http_client().get(metrics).send().await.unwrap().text().await.unwrap();
    let series = |name: &str| format!("{name}{{client=\"{}\"", client.id);
    let failed = format!("{},outcome=\"failed\"}} 1\n", series("grantor_logout_notifications_total"));
    let pending = format!("{}}} 1\n", series("grantor_logout_notifications_pending"));
    assert!(metrics.contains(&failed) && metrics.contains(&pending), "{metrics}");
}

#[tokio::test]
async fn clients_that_misbehave_delay_nobody() {
    let scene = Scene::new().await;
    let elsewhere = scene.receiver.url(1, "/elsewhere");
    let misbehaving = [
        ("/hangs", Manners::Hangs, Some("no complete answer")),
        ("/resets", Manners::Resets, Some("the answer cannot be read")),
        ("/redirects", Manners::Redirects(elsewhere), Some("redirects are not followed")),
        ("/floods", Manners::Floods(200), None),
        ("/floods-and-fails", Manners::Floods(500), Some("status 500")),
        ("/fails", Manners::Says(503, String::new()), Some("status 503")),
    ];
    let mut clients = Vec::new();
    for (host, (path, manners, _)) in (2..).zip(&misbehaving) {
        scene.receiver.behaves(path, manners.clone());
        clients.push(scene.client(host, path, &json!({})).await);
    }
    let good = scene.client(1, "/good", &json!({})).await;
    for client in clients.iter().chain([&good]) {
        scene.signs_in(client).await;
    }
    let begun = std::time::Instant::now();
    scene.signs_out().await;
    scene.sees(&good, |seen| seen["delivered"] == 1).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    for (client, (path, _, error)) in clients.iter().zip(&misbehaving) {
        match error {
            Some(error) => {
                let seen = scene.sees(client, |seen| seen["failed"] == 1).await;
                assert!(seen["last_error"].as_str().unwrap().contains(error), "{path}: {seen}");
            }
            None => drop(scene.sees(client, |seen| seen["delivered"] == 1).await),
        }
    }
    assert!(scene.receiver.told().iter().all(|told| told.path != "/elsewhere"));
}

/// security.md T139, T162.
#[tokio::test]
async fn nobody_is_told_at_an_address_that_is_refused() {
    let config = "outbound = { allow_private = ['127.0.0.9/32'] }";
    let stage = Stage::with(config, trusted()).await;
    let scene = Scene { stage, receiver: Receiver::start().await };
    let client = scene.client(1, "/internal", &json!({})).await;
    scene.signs_in(&client).await;
    scene.signs_out().await;
    let seen = scene.sees(&client, |seen| seen["failed"] == 1).await;
    assert!(seen["last_error"].as_str().unwrap().contains("127.0.0.1"), "{seen}");
    assert!(scene.receiver.told().is_empty());
}

#[tokio::test]
async fn a_client_that_is_gone_or_wants_to_hear_no_more_is_not_told() {
    let scene = Scene::new().await;
    let (gone, quiet) =
        (scene.client(1, "/gone", &json!({})).await, scene.client(2, "/quiet", &json!({})).await);
    for (client, path) in [(&gone, "/gone"), (&quiet, "/quiet")] {
        scene.receiver.behaves(path, Manners::Says(500, String::new()));
        scene.signs_in(client).await;
    }
    scene.signs_out().await;
    for client in [&gone, &quiet] {
        scene.sees(client, |seen| seen["failed"] == 1).await;
    }
    let row = scene.stage.server.client_row(&gone.id).await.row;
    scene.stage.server.store().clients().delete(row).await.unwrap();
    scene.stage.server.update_client(&quiet.id, |client| client.backchannel_logout_uri = None).await;
    scene.passes(10);
    let seen = scene.sees(&quiet, |seen| seen["given_up"] == 1).await;
    assert_eq!(seen["last_error"], "the client has no backchannel_logout_uri");
    assert_eq!(scene.receiver.told().len(), 2);
}

/// Whoever signs out is answered when the clients have heard of it, or after a second.
#[tokio::test]
async fn the_answer_to_the_user_waits_for_quick_clients_and_not_for_slow_ones() {
    let scene = Scene::new().await;
    let (quick, slow) =
        (scene.client(1, "/quick", &json!({})).await, scene.client(2, "/slow", &json!({})).await);
    scene.signs_in(&quick).await;
    let signs_out = async || {
        let page = scene.stage.browser.get(&scene.stage.server.url("/logout")).await.page();
        let form = page.document.form_of("logout-confirm").unwrap();
        let mut fields: Vec<(&str, &str)> =
            form.inputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fields.retain(|(name, _)| *name != "decision");
        fields.push(("decision", "accept"));
        let begun = std::time::Instant::now();
        scene.stage.browser.post_form(form.action.as_str(), &fields).await.page();
        begun.elapsed()
    };
    let took = signs_out().await;
    assert_eq!(scene.receiver.told().len(), 1, "it was told before the user was answered");
    assert!(took < Duration::from_secs(1), "{took:?}");
    scene.receiver.behaves("/slow", Manners::Hangs);
    scene.signs_in(&slow).await;
    let took = signs_out().await;
    assert!(took > Duration::from_millis(900) && took < Duration::from_millis(1900), "{took:?}");
}

/// What one node has queued and not delivered another delivers.
#[tokio::test]
async fn every_node_delivers_what_any_has_queued() {
    let scene = Scene::on(Engine::Postgres, "").await;
    let client = scene.client(1, "/app", &json!({})).await;
    scene.receiver.behaves("/app", Manners::Says(503, String::new()));
    scene.signs_in(&client).await;
    scene.signs_out().await;
    scene.sees(&client, |seen| seen["failed"] == 1).await;
    let other = scene.stage.server.beside(CONFIG).await;
    let Scene { stage: Stage { server, .. }, receiver } = scene;
    server.stop().await;
    receiver.behaves("/app", Manners::Says(200, String::new()));
    other.advance(10);
    let told: Vec<Told> = receiver.hears("/app", 2).await;
    assert_eq!(told.len(), 2);
}
