//! Mixed load: everything that relying parties and people do, as fast as it is answered, and all of it written down.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use grantor_tests::{Browser, Document, Person, RelyingParty, Server};
use reqwest::Client;
use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};
use serde_json::json;
use tokio::sync::RwLock;
use tokio::task::JoinSet;
use url::Url;

use crate::caller::{Caller, Reply};
use crate::dice::Dice;
use crate::ledger::{Ledger, Life, Registered};

const WORKERS: usize = 8;
/// Lives that a worker goes on with; older ones rest until the last audit.
const IN_HAND: usize = 12;
const COOKIE_NAME: &str = "grantor_session";
const CALLBACK: &str = "https://app.example/callback";

/// A server, those who use it, and what they were told.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) caller: Caller,
    pub(crate) ledger: Ledger,
    /// Steps are taken under its shared half, audits under the other.
    pub(crate) gate: RwLock<()>,
    person: Person,
}

/// The workers, until they are told to stop.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    workers: JoinSet<()>,
}

impl World {
    /// A client that may do everything, a user and a session; `front` is where requests go, or the nodes themselves.
    pub(crate) async fn on(server: Server, front: Option<String>) -> Arc<Self> {
        let metadata = json!({
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "skip_consent": true,
        });
        let client = server.create_client(&["--id", "faults"], &metadata).await;
        let person = server.create_user("alice").await;
        let app = RelyingParty::of(&server, &client);
        let browser = Browser::new();
        person.authorizes(&browser, &app.asks("openid").url()).await.code();
        let cookie = browser.cookie(&server.issuer, COOKIE_NAME).expect("a session cookie");
        let nodes = server.nodes.iter().map(grantor_tests::Node::origin).collect();
        let caller = Caller::new(app, front.map_or(nodes, |front| vec![front]));
        let ledger = Ledger::default();
        ledger.sessions.lock().unwrap().push(cookie);
        Arc::new(Self { server, caller, ledger, gate: RwLock::new(()), person })
    }

    /// A code without a word to the user, who has this session.
    pub(crate) async fn code(&self, cookie: &str) -> Option<(String, String)> {
        let request = self.caller.app.asks("openid offline_access").with("prompt", "none");
        let ask = |http: &Client, base: &str| {
            let url = Url::parse_with_params(&format!("{base}/oauth2/auth"), &request.parameters).unwrap();
            http.get(url).header(COOKIE, format!("{COOKIE_NAME}={cookie}"))
        };
        let settled = self.caller.settled(&self.ledger, "authorize silently", ask).await?;
        let code = settled.reply.told("code");
        if code.is_none() {
            self.ledger.broken(format!("a session gives no code any more: {:?}", settled.reply));
        }
        Some((code?, request.verifier))
    }

    /// A new grant. A code whose answer was lost may be spent; nobody else's may.
    async fn begins(&self, cookie: &str) -> Option<Arc<Mutex<Life>>> {
        let (code, verifier) = self.code(cookie).await?;
        let settled = self.redeems(&code, &verifier).await?;
        let reply = &settled.reply;
        let (Some(access), Some(refresh)) = (reply.member("access_token"), reply.member("refresh_token"))
        else {
            if settled.doubtful {
                self.ledger.spend_code();
            } else {
                self.ledger.broken(format!("a fresh code is refused: {reply:?}"));
            }
            return None;
        };
        let life = Life { code, verifier, refresh: vec![refresh], access, revoked: false, changed: true };
        Some(self.ledger.begin(life))
    }

    pub(crate) async fn redeems(&self, code: &str, verifier: &str) -> Option<crate::caller::Settled> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", verifier),
        ];
        self.caller.posts(&self.ledger, "redeem", "/oauth2/token", &form).await
    }

    pub(crate) async fn refreshes(&self, token: &str) -> Option<Reply> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        Some(self.caller.posts(&self.ledger, "refresh", "/oauth2/token", &form).await?.reply)
    }

    pub(crate) async fn is_active(&self, token: &str) -> Option<bool> {
        let form = [("token", token)];
        let settled = self.caller.posts(&self.ledger, "introspect", "/oauth2/introspect", &form).await?;
        settled.reply.json()["active"].as_bool()
    }

    async fn revokes(&self, token: &str) -> bool {
        let form = [("token", token)];
        let settled = self.caller.posts(&self.ledger, "revoke", "/oauth2/revoke", &form).await;
        settled.is_some_and(|settled| settled.reply.status == 200)
    }

    /// One more generation. A lost answer is asked for again, and must be repaired.
    pub(crate) async fn advances(&self, life: &Mutex<Life>) {
        let (token, revoked) = {
            let life = life.lock().unwrap();
            (life.refresh.last().cloned().unwrap_or_default(), life.revoked)
        };
        let Some(reply) = self.refreshes(&token).await else { return };
        match (reply.member("access_token"), reply.member("refresh_token"), revoked) {
            (Some(access), Some(refresh), false) => {
                let mut life = life.lock().unwrap();
                life.access = access;
                life.refresh.push(refresh);
                life.changed = true;
            }
            (None, None, true) => {}
            (_, _, true) => self.ledger.broken(format!("a revoked grant was refreshed: {reply:?}")),
            (_, _, false) => self.ledger.broken(format!("a live refresh token is refused: {reply:?}")),
        }
    }

    async fn is_used(&self, life: &Mutex<Life>) {
        let (access, revoked) = {
            let life = life.lock().unwrap();
            (life.access.clone(), life.revoked)
        };
        let ask = |http: &Client, base: &str| http.get(format!("{base}/userinfo")).bearer_auth(&access);
        if let Some(settled) = self.caller.settled(&self.ledger, "userinfo", ask).await
            && (settled.reply.status == 200) == revoked
        {
            self.ledger.broken(format!("userinfo of a grant (revoked: {revoked}): {:?}", settled.reply));
        }
    }

    async fn ends(&self, life: &Mutex<Life>) {
        let token = life.lock().unwrap().refresh.last().cloned().unwrap_or_default();
        if self.revokes(&token).await {
            let mut life = life.lock().unwrap();
            life.revoked = true;
            life.changed = true;
        }
    }

    /// A token of the client for itself; every fourth is revoked.
    async fn for_itself(&self, revoke: bool) {
        let form = [("grant_type", "client_credentials")];
        let settled = self.caller.posts(&self.ledger, "client_credentials", "/oauth2/token", &form).await;
        let Some(token) = settled.and_then(|settled| settled.reply.member("access_token")) else { return };
        let revoked = revoke && self.revokes(&token).await;
        if self.is_active(&token).await == Some(revoked) {
            self.ledger.broken(format!("a token of the client itself (revoked: {revoked})"));
        }
        self.ledger.own_tokens.lock().unwrap().push((token, revoked));
    }

    async fn registers(&self) {
        let document = json!({ "redirect_uris": [CALLBACK] });
        let ask = |http: &Client, base: &str| http.post(format!("{base}/oauth2/register")).json(&document);
        let Some(settled) = self.caller.settled(&self.ledger, "register", ask).await else { return };
        let reply = settled.reply;
        match (reply.member("client_id"), reply.member("registration_access_token")) {
            (Some(id), Some(token)) => {
                self.ledger.registered.lock().unwrap().push(Registered { id, token });
            }
            _ => self.ledger.broken(format!("a registration is refused: {reply:?}")),
        }
    }

    /// A whole login with name and password. One that breaks off is begun again another time.
    async fn logs_in(&self, dice: &mut Dice) -> Option<()> {
        let base = self.caller.bases().get(dice.below(self.caller.bases().len()))?;
        let request = self.caller.app.asks("openid");
        let start = Url::parse_with_params(&format!("{base}/oauth2/auth"), &request.parameters).unwrap();
        let get = |url: Url, cookies: String| async move {
            let ask = |http: &Client, _: &str| http.get(url.clone()).header(COOKIE, &cookies);
            self.caller.once(&self.ledger, "log in", base, ask).await.ok()
        };
        let parked = get(start, String::new()).await?;
        let mut cookies = cookies_of(&parked);
        let page_url = at(base, &parked.location()?);
        let page = get(page_url.clone(), cookies.join("; ")).await?;
        cookies.extend(cookies_of(&page));
        let document = Document::read(&page_url, &page.text);
        let fields = [("login", self.person.username.as_str()), ("password", self.person.password.as_str())];
        let (action, sent) = document.form_of("submit-login")?.pressed("submit-login", &fields);
        let (action, sent_cookies) = (at(base, &action), cookies.join("; "));
        let origin = self.server.issuer.clone();
        let submit = |http: &Client, _: &str| {
            http.post(action.clone()).header(COOKIE, &sent_cookies).header(ORIGIN, &origin).form(&sent)
        };
        let accepted = self.caller.once(&self.ledger, "log in", base, submit).await.ok()?;
        let prefix = format!("{COOKIE_NAME}=");
        let session = cookies_of(&accepted).into_iter().find_map(|cookie| {
            cookie.strip_prefix(&prefix).filter(|value| !value.is_empty()).map(str::to_owned)
        });
        if accepted.status == 303 && session.is_none() {
            self.ledger.broken(format!("a login gave no session: {accepted:?}"));
        }
        self.ledger.sessions.lock().unwrap().push(session?);
        Some(())
    }

    async fn step(&self, dice: &mut Dice, hand: &mut Vec<Arc<Mutex<Life>>>) {
        let _step = self.gate.read().await;
        let cookie = {
            let sessions = self.ledger.sessions.lock().unwrap();
            sessions.get(dice.below(sessions.len())).cloned().unwrap_or_default()
        };
        let roll = dice.below(100);
        if hand.is_empty() || roll < 18 {
            hand.extend(self.begins(&cookie).await);
            if hand.len() > IN_HAND {
                hand.remove(0);
            }
            return;
        }
        let life = Arc::clone(&hand[dice.below(hand.len())]);
        match roll {
            ..50 => self.advances(&life).await,
            50..62 => self.is_used(&life).await,
            62..72 => self.checks(&life).await,
            72..80 => self.for_itself(roll.is_multiple_of(4)).await,
            80..88 => self.ends(&life).await,
            88..96 => drop(self.code(&cookie).await),
            96..98 => self.registers().await,
            _ => drop(self.logs_in(dice).await),
        }
    }
}

fn cookies_of(reply: &Reply) -> Vec<String> {
    let all = reply.headers.get_all(SET_COOKIE).iter();
    all.filter_map(|value| Some(value.to_str().ok()?.split(';').next()?.to_owned())).collect()
}

/// The same address at another node.
fn at(base: &str, url: &Url) -> Url {
    let mut there = Url::parse(base).unwrap();
    there.set_path(url.path());
    there.set_query(url.query());
    there
}

impl Load {
    pub(crate) fn start(world: &Arc<World>, seed: u64) -> Self {
        let (stop, mut workers) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
        for number in 0..WORKERS {
            let (world, stop) = (Arc::clone(world), Arc::clone(&stop));
            workers.spawn(async move {
                let (mut dice, mut hand) = (Dice::new(seed + number as u64), Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    world.step(&mut dice, &mut hand).await;
                }
            });
        }
        Self { stop, workers }
    }

    /// Waits until every worker has ended its step.
    pub(crate) async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = tokio::time::timeout(Duration::from_mins(3), self.workers.join_all()).await;
        assert!(ended.is_ok(), "a worker never ended its step");
    }
}
