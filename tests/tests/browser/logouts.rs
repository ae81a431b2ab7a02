//! Logging out of one relying party and what the others on other sites learn of it, in a real browser: by frames (Front-Channel
//! Logout), by asking a frame of ours (Session Management), and from the server (Back-Channel Logout).

use grantor_tests::{
    Chromium, ChromiumOptions, Client, Options, Parties, Person, RelyingParty, Server, TlsFront,
};
use serde_json::json;

const SCOPE: &str = "openid email";

/// Grantor at `id.test` behind a proxy with TLS; relying parties at `one.test`, `two.test` and `three.test`.
struct Sites {
    server: Server,
    issuer: String,
    parties: Parties,
    alice: Person,
    clients: Vec<Client>,
    chromium: Chromium,
    #[expect(dead_code, reason = "it stops when it is dropped")]
    front: TlsFront,
}

const HOSTS: [&str; 3] = ["one.test", "two.test", "three.test"];

impl Sites {
    async fn set(name: &str, third_party_cookies: bool) -> Self {
        let parties = Parties::start().await;
        let mut front = TlsFront::new();
        let issuer = front.origin("id.test");
        let config = format!("issuer = '{issuer}'\noutbound.allow_private = ['127.0.0.1/32']");
        let server = Server::start(Options::sqlite(name).config(&config)).await;
        let origin: url::Url = server.nodes[0].origin().parse().unwrap();
        front.start(origin.port().unwrap()).await;
        let mut clients = Vec::new();
        for host in HOSTS {
            let metadata = json!({
                "client_name": format!("Shop {host}"),
                "redirect_uris": [parties.url(host, "/callback")],
                "post_logout_redirect_uris": [parties.url(host, "/bye")],
                "frontchannel_logout_uri": parties.url(host, "/out"),
                "backchannel_logout_uri": parties.back_channel(host),
                "skip_consent": true,
            });
            let id = host.split('.').next().unwrap();
            clients.push(server.create_client(&["--id", id], &metadata).await);
        }
        let alice = server.create_user("alice").await;
        let options = ChromiumOptions::new(name).ignore_certificate_errors();
        let chromium = Chromium::start_with(options.third_party_cookies(third_party_cookies)).await;
        Self { server, issuer, parties, alice, clients, chromium, front }
    }

    fn party(&self, number: usize) -> RelyingParty {
        RelyingParty::at_issuer(&self.issuer, &self.clients[number])
    }

    /// Logs in at a relying party; its ID token and `session_state`.
    async fn signs_in(&self, number: usize) -> (String, String) {
        let (page, party) = (&self.chromium, self.party(number));
        let request = party.asks(SCOPE);
        page.goto(&request.url()).await;
        if page.has("login").await {
            page.logs_in(&self.alice).await;
        }
        page.wait_for("arrived").await;
        let state = page.parameter("session_state").await.unwrap();
        let code = page.parameter("code").await.unwrap();
        let behind = party.at(&self.server.nodes[0].origin());
        (behind.redeems(&code, &request).await.tokens().id_token.unwrap(), state)
    }

    /// What the frame answers a page of this relying party.
    async fn watches(&self, number: usize, session_state: &str) -> String {
        let mut url: url::Url = self.parties.url(HOSTS[number], "/watch").parse().unwrap();
        url.query_pairs_mut()
            .append_pair("frame", &format!("{}/oauth2/sessions/check", self.issuer))
            .append_pair("client_id", &self.clients[number].id)
            .append_pair("session_state", session_state);
        self.chromium.goto(url.as_str()).await;
        self.chromium.wait_for_text("session", "").await
    }

    fn end_session(&self, parameters: &[(&str, &str)]) -> String {
        let mut url: url::Url = format!("{}/oauth2/sessions/logout", self.issuer).parse().unwrap();
        url.query_pairs_mut().extend_pairs(parameters);
        url.to_string()
    }

    /// That each relying party was told once by the server, of the session that its ID token names.
    async fn all_were_told_by_the_server(&self, id_tokens: &[String]) {
        for (host, id_token) in HOSTS.iter().zip(id_tokens) {
            let mut tokens = Vec::new();
            for _ in 0..100 {
                let told = self.parties.told();
                let of_host = told.iter().filter(|told| told.who == *host);
                tokens = of_host.filter_map(|told| told.get("logout_token").map(str::to_owned)).collect();
                if !tokens.is_empty() {
                    break;
                }
                self.chromium.text().await;
            }
            let [token] = tokens.as_slice() else { panic!("{host} was told {tokens:?}") };
            assert_eq!(sid_of(token), sid_of(id_token), "{host}");
        }
    }

    /// That each relying party was told once, by frame, of the session that its ID token names.
    fn all_were_told_by_frame(&self, id_tokens: &[String], with_cookie: bool) {
        for (host, id_token) in HOSTS.iter().zip(id_tokens) {
            let told: Vec<_> = self.parties.told().into_iter().filter(|told| told.who == *host).collect();
            let told: Vec<_> = told.iter().filter(|told| told.get("iss").is_some()).collect();
            let [told] = told.as_slice() else { panic!("{host} was told {told:?}") };
            assert_eq!(told.get("iss"), Some(self.issuer.as_str()));
            assert_eq!(told.get("sid"), Some(sid_of(id_token).as_str()));
            assert_eq!(told.with_cookie, with_cookie, "{host}");
        }
    }
}

fn sid_of(id_token: &str) -> String {
    grantor_tests::Jws::of(id_token).claims["sid"].as_str().unwrap().to_owned()
}

/// `oidcc-session-management-rp-initiated-logout` and `oidcc-frontchannel-rp-initiated-logout`, with third-party cookies.
#[tokio::test]
async fn logging_out_of_one_relying_party_reaches_the_others_on_their_sites() {
    let sites = Sites::set("logouts", true).await;
    let mut signed_in = Vec::new();
    for number in 0..3 {
        signed_in.push(sites.signs_in(number).await);
    }
    let (_, state) = &signed_in[1];
    assert_eq!(sites.watches(1, state).await, "unchanged");
    assert_eq!(sites.watches(1, "AAAA.salt").await, "changed");
    assert_eq!(sites.watches(1, "nonsense").await, "error");

    let bye = sites.parties.url("one.test", "/bye");
    let hint = &signed_in[0].0;
    let parameters = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", &bye), ("state", "s")];
    sites.chromium.goto(&sites.end_session(&parameters)).await;
    sites.chromium.wait_for("bye").await;
    assert_eq!(sites.chromium.url().await.as_str(), format!("{bye}?state=s"));
    let id_tokens: Vec<String> = signed_in.iter().map(|(id_token, _)| id_token.clone()).collect();
    sites.all_were_told_by_frame(&id_tokens, true);
    sites.all_were_told_by_the_server(&id_tokens).await;
    assert_eq!(sites.watches(1, state).await, "changed");
    sites.chromium.goto(&sites.party(1).asks(SCOPE).with("prompt", "none").url()).await;
    sites.chromium.wait_for("arrived").await;
    assert_eq!(sites.chromium.parameter("error").await.as_deref(), Some("login_required"));
}

/// Where browsers keep cookies from frames, a frame still carries `iss` and `sid`, and the one that watches says that it cannot
/// know. The page stays, without a place to go on to: for the picture.
#[tokio::test]
async fn with_third_party_cookies_blocked_the_frames_still_name_the_session() {
    let sites = Sites::set("logouts-blocked", false).await;
    let mut signed_in = Vec::new();
    for number in 0..3 {
        signed_in.push(sites.signs_in(number).await);
    }
    assert_eq!(sites.watches(1, &signed_in[1].1).await, "error");
    let page = &sites.chromium;
    page.goto(&sites.end_session(&[("id_token_hint", &signed_in[0].0)])).await;
    page.wait_for("logged-out").await;
    let id_tokens: Vec<String> = signed_in.iter().map(|(id_token, _)| id_token.clone()).collect();
    for _ in 0..50 {
        if sites.parties.told().iter().filter(|told| told.get("iss").is_some()).count() >= 3 {
            break;
        }
        page.text().await;
    }
    sites.all_were_told_by_frame(&id_tokens, false);
    sites.all_were_told_by_the_server(&id_tokens).await;
    page.is_accessible("front-channel").await;
}
