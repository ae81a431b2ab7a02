//! What is measured, one seat a connection: prepared before the time starts, and nothing in it but the operation.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::browser::{Browser, redemption, silent_request};
use crate::drive::{Seat, drive};
use crate::failure::Failure;
use crate::http::{Answer, Connection};
use crate::scene::{Client, Scene, USERS, user};

/// Grants whose tokens are introspected, used and refreshed, with an ID token and without.
const GRANTS: usize = 1024;

/// An operation of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Operation {
    Discovery,
    Jwks,
    ClientCredentialsOpaque,
    ClientCredentialsRs256,
    ClientCredentialsEs256,
    Introspection,
    Userinfo,
    Redemption,
    RedemptionWithoutIdToken,
    Refresh,
    RefreshWithoutIdToken,
    SilentAuthorization,
    Login,
}

/// The one thing that an operation cannot do without: what the bare handler of this path does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Nothing,
    Rs256,
    Es256,
    Select,
    Update,
    UpdateAndRs256,
    Password,
}

impl Operation {
    /// As the table says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Jwks => "JWKS",
            Self::ClientCredentialsOpaque => "client_credentials, opaque",
            Self::ClientCredentialsRs256 => "client_credentials, RS256",
            Self::ClientCredentialsEs256 => "client_credentials, ES256",
            Self::Introspection => "introspection",
            Self::Userinfo => "userinfo",
            Self::Redemption => "redemption",
            Self::RedemptionWithoutIdToken => "redemption, no ID token",
            Self::Refresh => "refresh",
            Self::RefreshWithoutIdToken => "refresh, no ID token",
            Self::SilentAuthorization => "silent authorization",
            Self::Login => "whole login",
        }
    }

    /// What limits it. ID tokens are signed by RS256, the default; a login hashes a password.
    pub(crate) fn act(self) -> Act {
        match self {
            Self::Discovery | Self::Jwks | Self::ClientCredentialsOpaque => Act::Nothing,
            Self::ClientCredentialsRs256 => Act::Rs256,
            Self::ClientCredentialsEs256 => Act::Es256,
            Self::Introspection | Self::Userinfo => Act::Select,
            Self::Redemption | Self::Refresh => Act::UpdateAndRs256,
            Self::RedemptionWithoutIdToken | Self::RefreshWithoutIdToken | Self::SilentAuthorization => {
                Act::Update
            }
            Self::Login => Act::Password,
        }
    }

    /// Seats for so many connections that can go on for this long.
    pub(crate) async fn seats(
        self,
        scene: &Scene,
        grants: &mut Grants,
        connections: usize,
        time: Duration,
    ) -> Result<Vec<Place>, Failure> {
        let token = |client: &Client, form: &str| post(scene, "/oauth2/token", &client.basic, form);
        let mut places = Vec::new();
        for number in 0..connections {
            let machine =
                |client: &Client| Work::Same(token(client, "grant_type=client_credentials&scope=read"));
            let work = match self {
                Self::Discovery => Work::Same(get(scene, "/.well-known/openid-configuration", "")),
                Self::Jwks => Work::Same(get(scene, "/.well-known/jwks.json", "")),
                Self::ClientCredentialsOpaque => machine(&scene.opaque),
                Self::ClientCredentialsRs256 => machine(&scene.rs256),
                Self::ClientCredentialsEs256 => machine(&scene.es256),
                Self::Introspection => Work::Turns(
                    grants
                        .share(number, connections)
                        .map(|grant| {
                            let form = format!("token={}", grant.access_token);
                            post(scene, "/oauth2/introspect", &scene.app.basic, &form)
                        })
                        .collect(),
                ),
                Self::Userinfo => Work::Turns(
                    grants
                        .share(number, connections)
                        .map(|grant| {
                            let bearer = format!("Authorization: Bearer {}\r\n", grant.access_token);
                            get(scene, "/userinfo", &bearer)
                        })
                        .collect(),
                ),
                Self::Redemption | Self::RedemptionWithoutIdToken => Work::Once(Vec::new()),
                Self::Refresh => grants.refreshing(scene, Issued::WithIdToken, number, connections),
                Self::RefreshWithoutIdToken => {
                    grants.refreshing(scene, Issued::WithoutIdToken, number, connections)
                }
                Self::SilentAuthorization => {
                    Work::Silent { browsers: grants.browsers(scene, number, connections), turn: 0 }
                }
                Self::Login => Work::Login {
                    access: Access::of(scene),
                    browser: Box::new(Browser::new(scene)),
                    number,
                    step: connections,
                },
            };
            places.push(Place { connection: Connection::new(scene.server.address), work });
        }
        let wanted = match self {
            Self::Redemption => Some(Issued::WithIdToken),
            Self::RedemptionWithoutIdToken => Some(Issued::WithoutIdToken),
            Self::Discovery
            | Self::Jwks
            | Self::ClientCredentialsOpaque
            | Self::ClientCredentialsRs256
            | Self::ClientCredentialsEs256
            | Self::Introspection
            | Self::Userinfo
            | Self::Refresh
            | Self::RefreshWithoutIdToken
            | Self::SilentAuthorization
            | Self::Login => None,
        };
        if let Some(issued) = wanted {
            let codes = grants.codes(scene, issued, supply(connections, time)).await?;
            for (number, code) in codes.iter().enumerate() {
                let Some(place) = places.get_mut(number % connections) else { continue };
                if let Work::Once(requests) = &mut place.work {
                    requests.push(token(&scene.app, &redemption(code)));
                }
            }
        }
        Ok(places)
    }
}

/// More codes than any machine redeems in that time; a run that uses them up ends early.
fn supply(connections: usize, time: Duration) -> usize {
    let a_second = if connections == 1 { 2_000 } else { 5_000 };
    a_second * usize::try_from(time.as_secs()).unwrap_or(1)
}

impl Act {
    pub(crate) const ALL: [Self; 7] = [
        Self::Nothing,
        Self::Rs256,
        Self::Es256,
        Self::Select,
        Self::Update,
        Self::UpdateAndRs256,
        Self::Password,
    ];

    /// As the table says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Rs256 => "one RS256 signature",
            Self::Es256 => "one ES256 signature",
            Self::Select => "one select",
            Self::Update => "one durable update",
            Self::UpdateAndRs256 => "update and RS256 signature",
            Self::Password => "one argon2id",
        }
    }

    /// The bare handler, over so many connections.
    pub(crate) fn seats(self, scene: &Scene, connections: usize) -> Vec<Place> {
        let request = match self {
            Self::Nothing => "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n",
            Self::Rs256 => "POST /rs256 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
            Self::Es256 => "POST /es256 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
            Self::Select => "POST /select HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
            Self::Update => "POST /update HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
            Self::UpdateAndRs256 => {
                "POST /update-and-rs256 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
            }
            Self::Password => "POST /password HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
        };
        let place = || Place {
            connection: Connection::new(scene.bare.address),
            work: Work::Same(request.as_bytes().to_vec()),
        };
        (0..connections).map(|_| place()).collect()
    }
}

/// A connection and what is done over it.
#[derive(Debug)]
pub(crate) struct Place {
    connection: Connection,
    work: Work,
}

#[derive(Debug)]
enum Work {
    /// The same request each time.
    Same(Vec<u8>),
    /// One after the other, and again.
    Turns(Vec<Vec<u8>>),
    /// Each once.
    Once(Vec<Vec<u8>>),
    Refresh {
        scene: Access,
        issued: Issued,
        tokens: Vec<String>,
        turn: usize,
    },
    Silent {
        browsers: Vec<(Browser, String)>,
        turn: usize,
    },
    Login {
        access: Access,
        browser: Box<Browser>,
        number: usize,
        step: usize,
    },
}

impl Seat for Place {
    async fn once(&mut self) -> Result<bool, Failure> {
        let connection = &mut self.connection;
        match &mut self.work {
            Work::Same(request) => connection.send(request).await?.expect(200).map(|_| true),
            Work::Turns(requests) => {
                requests.rotate_left(1);
                let Some(request) = requests.first() else { return Ok(false) };
                connection.send(request).await?.expect(200).map(|_| true)
            }
            Work::Once(requests) => {
                let Some(request) = requests.pop() else { return Ok(false) };
                connection.send(&request).await?.expect(200).map(|_| true)
            }
            Work::Refresh { scene, issued: _, tokens, turn } => {
                *turn = (*turn + 1) % tokens.len().max(1);
                let Some(token) = tokens.get_mut(*turn) else { return Ok(false) };
                let request = scene.token(&format!("grant_type=refresh_token&refresh_token={token}"));
                let answer = connection.send(&request).await?.expect(200)?;
                *token = member(&answer, "refresh_token")?;
                Ok(true)
            }
            Work::Silent { browsers, turn } => {
                *turn = (*turn + 1) % browsers.len().max(1);
                let Some((browser, request)) = browsers.get_mut(*turn) else { return Ok(false) };
                browser.silently(request).await.map(|_| true)
            }
            Work::Login { access, browser, number, step } => {
                browser.renew();
                *number = (*number + *step) % USERS;
                let code = browser.logs_in(&access.client, &user(*number)).await?;
                connection.send(&access.token(&redemption(&code))).await?.expect(200).map(|_| true)
            }
        }
    }
}

/// How the application reaches the token endpoint.
#[derive(Clone, Debug)]
struct Access {
    host: String,
    client: Client,
}

impl Access {
    fn of(scene: &Scene) -> Self {
        Self { host: host(scene), client: scene.app.clone() }
    }

    fn token(&self, form: &str) -> Vec<u8> {
        post_to(&self.host, "/oauth2/token", &self.client.basic, form)
    }
}

fn host(scene: &Scene) -> String {
    scene.issuer.trim_start_matches("http://").to_owned()
}

fn get(scene: &Scene, path: &str, header: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{header}\r\n", host(scene)).into_bytes()
}

fn post(scene: &Scene, path: &str, basic: &str, form: &str) -> Vec<u8> {
    post_to(&host(scene), path, basic, form)
}

fn post_to(host: &str, path: &str, basic: &str, form: &str) -> Vec<u8> {
    let length = form.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {basic}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    )
    .into_bytes()
}

fn member(answer: &Answer, name: &str) -> Result<String, Failure> {
    let json = answer.json()?;
    let text = json.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    text.ok_or_else(|| Failure(format!("no {name} in {json}")))
}

/// Whether a grant has the scope `openid`, and so comes with an ID token each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Issued {
    WithIdToken,
    WithoutIdToken,
}

impl Issued {
    fn scope(self) -> &'static str {
        match self {
            Self::WithIdToken => "openid offline_access",
            Self::WithoutIdToken => "offline_access",
        }
    }
}

/// A grant and its tokens.
#[derive(Debug)]
struct Grant {
    issued: Issued,
    access_token: String,
    refresh_token: String,
}

/// What operations start from: signed-in browsers, and grants with live tokens.
#[derive(Debug)]
pub(crate) struct Grants {
    grants: Vec<Grant>,
    browsers: Vec<Browser>,
}

impl Grants {
    /// Logs every user in, and gets the tokens.
    pub(crate) async fn get(scene: &Scene) -> Result<Self, Failure> {
        let mut all = Self { grants: Vec::new(), browsers: Vec::new() };
        for number in 0..USERS {
            let mut browser = Browser::new(scene);
            browser.logs_in(&scene.app, &user(number)).await?;
            all.browsers.push(browser);
        }
        let mut connection = Connection::new(scene.server.address);
        for issued in [Issued::WithIdToken, Issued::WithoutIdToken] {
            for code in all.codes(scene, issued, GRANTS).await? {
                let request = post(scene, "/oauth2/token", &scene.app.basic, &redemption(&code));
                let answer = connection.send(&request).await?.expect(200)?;
                let (access_token, refresh_token) =
                    (member(&answer, "access_token")?, member(&answer, "refresh_token")?);
                all.grants.push(Grant { issued, access_token, refresh_token });
            }
        }
        Ok(all)
    }

    fn share(&self, number: usize, connections: usize) -> impl Iterator<Item = &Grant> {
        let with_openid = self.grants.iter().filter(|grant| grant.issued == Issued::WithIdToken);
        with_openid.skip(number).step_by(connections)
    }

    /// A share to refresh. Whoever refreshed puts the newest tokens back.
    fn refreshing(&self, scene: &Scene, issued: Issued, number: usize, connections: usize) -> Work {
        let grants = self.grants.iter().filter(|grant| grant.issued == issued);
        let tokens = grants.skip(number).step_by(connections).map(|grant| grant.refresh_token.clone());
        Work::Refresh { scene: Access::of(scene), issued, tokens: tokens.collect(), turn: 0 }
    }

    /// Puts the newest refresh tokens back: those of before are replays from now on.
    pub(crate) fn put_back(&mut self, places: &[Place]) {
        for (number, place) in places.iter().enumerate() {
            if let Work::Refresh { issued, tokens, .. } = &place.work {
                let grants = self.grants.iter_mut().filter(|grant| grant.issued == *issued);
                let shares = grants.skip(number).step_by(places.len());
                for (grant, token) in shares.zip(tokens) {
                    grant.refresh_token.clone_from(token);
                }
            }
        }
    }

    fn browsers(&self, scene: &Scene, number: usize, connections: usize) -> Vec<(Browser, String)> {
        let request = silent_request(&scene.app, "openid");
        let browsers = self.browsers.iter().skip(number).step_by(connections);
        browsers.map(|browser| (browser.copy(scene), request.clone())).collect()
    }

    /// Codes for refresh tokens, unredeemed, made by eight connections.
    async fn codes(&self, scene: &Scene, issued: Issued, wanted: usize) -> Result<Vec<String>, Failure> {
        let request = silent_request(&scene.app, issued.scope());
        let left = Rc::new(Cell::new(wanted));
        let mut seats: Vec<Minting> = (0..8)
            .map(|number| {
                let browsers = self.browsers.iter().skip(number).step_by(8);
                let browsers = browsers.map(|browser| browser.copy(scene)).collect();
                Minting { browsers, request: request.clone(), codes: Vec::new(), left: Rc::clone(&left) }
            })
            .collect();
        drive(&mut seats, Duration::MAX).await?;
        Ok(seats.into_iter().flat_map(|seat| seat.codes).collect())
    }
}

struct Minting {
    browsers: Vec<Browser>,
    request: String,
    codes: Vec<String>,
    /// Of all seats.
    left: Rc<Cell<usize>>,
}

impl Seat for Minting {
    async fn once(&mut self) -> Result<bool, Failure> {
        let Some(left) = self.left.get().checked_sub(1) else { return Ok(false) };
        self.left.set(left);
        self.browsers.rotate_left(1);
        let Some(browser) = self.browsers.first_mut() else { return Ok(false) };
        self.codes.push(browser.silently(&self.request).await?);
        Ok(true)
    }
}
