//! One run of a module as the suite does it: a client that registers itself, a browser, the rounds, and the client's
//! end. Every exchange goes through `checks`.

use std::collections::BTreeMap;

use grantor_tests::{Answer, Browser, Choice, Left, SigningKey, Visit, random_text, signed_with};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::checks;
use crate::checks::response::Front;
use crate::plan::{Mode, Plan};
use crate::request::Request;
use crate::scene::{CALLBACK, Host, documents, http, scene, suite_key};

/// How the suite's client proves who it is at the token endpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Authentication {
    Basic,
    Post,
    SecretJwt,
    PrivateKeyJwt(&'static SigningKey),
}

impl Authentication {
    fn name(self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::SecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt(_) => "private_key_jwt",
        }
    }
}

/// A client and a browser.
pub(crate) struct Suite {
    pub(crate) host: &'static Host,
    pub(crate) plan: Plan,
    pub(crate) http: reqwest::Client,
    pub(crate) browser: Browser,
    /// The registration answer.
    pub(crate) client: Value,
    pub(crate) redirect_uri: String,
    pub(crate) authentication: Authentication,
    /// The server's keys, as they were before the client registered.
    pub(crate) keys: Vec<Value>,
}

/// One round that met every check.
pub(crate) struct Round {
    /// The code, when there was one; used up.
    pub(crate) code: Option<String>,
    /// The last access token.
    pub(crate) access_token: Option<String>,
    pub(crate) refresh_token: Option<String>,
    /// The last ID token.
    pub(crate) raw_id_token: String,
    /// Its claims.
    pub(crate) id_token: Value,
}

impl Round {
    pub(crate) fn access_token(&self) -> &str {
        self.access_token.as_deref().expect("an access token was given")
    }

    pub(crate) fn auth_time(&self) -> i64 {
        self.id_token["auth_time"].as_i64().unwrap_or_else(|| panic!("no auth_time: {}", self.id_token))
    }
}

impl Suite {
    /// A client by `client_secret_basic`, and a browser where nobody is logged in.
    pub(crate) async fn new(plan: Plan) -> Self {
        Self::with(plan, json!({})).await
    }

    /// The same, registered with more members.
    pub(crate) async fn with(plan: Plan, members: Value) -> Self {
        Self::at(&scene().await.host, plan, Authentication::Basic, members).await
    }

    /// A client of the dynamic plan: `private_key_jwt`.
    pub(crate) async fn dynamic(plan: Plan, members: Value) -> Self {
        let authentication = Authentication::PrivateKeyJwt(suite_key());
        Self::at(&scene().await.host, plan, authentication, members).await
    }

    /// In a browser where the user is logged in already.
    pub(crate) fn logged_in(mut self) -> Self {
        self.browser = self.host.session(&self.http);
        self
    }

    pub(crate) async fn at(
        host: &'static Host,
        plan: Plan,
        authentication: Authentication,
        members: Value,
    ) -> Self {
        let http = http();
        let keys = checks::provider::keys(&http, host).await;
        let answer = register(&http, host, &registration(plan, authentication, &members)).await;
        checks::provider::is_registration(host, &answer);
        checks::provider::echoes(&answer, &members);
        let client = answer.json;
        let redirect_uri = client["redirect_uris"][0].as_str().unwrap().to_owned();
        let browser = Browser::over(&http);
        Self { host, plan, http, browser, client, redirect_uri, authentication, keys }
    }

    pub(crate) fn member(&self, name: &str) -> &str {
        self.client[name].as_str().unwrap_or_else(|| panic!("no {name}: {}", self.client))
    }

    pub(crate) fn client_id(&self) -> &str {
        self.member("client_id")
    }

    /// A request as the suite sends it: without PKCE.
    pub(crate) fn asks(&self, scope: &str) -> Request {
        let (state, nonce) = (random_text(), random_text());
        let parameters = [
            ("client_id", self.client_id()),
            ("redirect_uri", &self.redirect_uri),
            ("scope", scope),
            ("state", &state[..10]),
            ("nonce", &nonce[..10]),
            ("response_type", self.plan.flow.response_type()),
        ];
        let request = Request::new(self.host.url("/oauth2/auth"), &parameters);
        match self.plan.mode {
            Mode::Default => request,
            Mode::FormPost => request.with("response_mode", "form_post"),
        }
    }

    /// Sends the browser, and does what the pages ask.
    pub(crate) async fn authorizes(&self, request: &Request) -> Left {
        let at = self.visits(request).await;
        self.walks(at).await
    }

    /// Sends the browser, and does nothing there.
    pub(crate) async fn visits(&self, request: &Request) -> Visit {
        self.browser.get(&request.url()).await
    }

    pub(crate) async fn walks(&self, at: Visit) -> Left {
        // All modules log in as one user, and the server slows that down: it does not know a person with forty browsers.
        static LOGINS: Semaphore = Semaphore::const_new(3);
        let _turn = LOGINS.acquire().await.unwrap();
        self.host.user.walks(&self.browser, at, Choice::Accept).await
    }

    /// The whole round: login where it is asked for, tokens, and userinfo.
    pub(crate) async fn round(&self, request: &Request) -> Round {
        let left = self.authorizes(request).await;
        self.goes_on(request, left).await
    }

    /// From the answer of the authorization endpoint on.
    pub(crate) async fn goes_on(&self, request: &Request, left: Left) -> Round {
        self.goes_on_with(request, left, &[]).await
    }

    /// The same with more members in the token request.
    pub(crate) async fn goes_on_with(&self, request: &Request, left: Left, more: &[(&str, &str)]) -> Round {
        let front = checks::response::is_answer(self, request, &left);
        let Front { code, access_token, id_token } = front;
        let mut round = Round {
            code: code.clone(),
            access_token,
            refresh_token: None,
            raw_id_token: id_token.unwrap_or_default(),
            id_token: Value::Null,
        };
        if let Some(code) = code {
            let answer = self.redeems_with(&code, more).await;
            self.takes(&mut round, request, &answer);
        }
        round.id_token = checks::id_token::claims(&round.raw_id_token);
        if round.access_token.is_some() {
            self.userinfo(request, &round).await;
        }
        round
    }

    fn takes(&self, round: &mut Round, request: &Request, answer: &Answer) {
        let text = |name: &str| answer.json[name].as_str().map(str::to_owned);
        checks::token::is_answer(answer);
        let id_token = text("id_token").unwrap_or_else(|| panic!("no id_token\n{answer}"));
        let access_token = text("access_token");
        let hashed = BTreeMap::from([
            ("at_hash", access_token.as_deref().unwrap_or_default()),
            ("c_hash", round.code.as_deref().unwrap_or_default()),
        ]);
        let claims = checks::id_token::is_good(self, request, &id_token, &hashed);
        if !round.raw_id_token.is_empty() {
            let front = checks::id_token::claims(&round.raw_id_token);
            for claim in ["iss", "sub"] {
                assert_eq!(front[claim], claims[claim], "{claim} of both ID tokens");
            }
        }
        round.raw_id_token = id_token;
        round.access_token = access_token;
        round.refresh_token = text("refresh_token");
    }

    /// Userinfo by GET, with every check.
    pub(crate) async fn userinfo(&self, request: &Request, round: &Round) -> Value {
        let answer = self.userinfo_by_get(round.access_token()).await;
        checks::userinfo::is_answer(self, request, &answer, &round.id_token)
    }

    pub(crate) async fn userinfo_by_get(&self, access_token: &str) -> Answer {
        let url = self.host.url("/userinfo");
        Answer::of(format!("GET {url}"), self.http.get(&url).bearer_auth(access_token)).await
    }

    pub(crate) async fn redeems(&self, code: &str) -> Answer {
        self.redeems_with(code, &[]).await
    }

    async fn redeems_with(&self, code: &str, more: &[(&str, &str)]) -> Answer {
        let mut form =
            vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &self.redirect_uri)];
        form.extend(more);
        self.token(&form).await
    }

    /// A token request, with the client's authentication.
    pub(crate) async fn token(&self, form: &[(&str, &str)]) -> Answer {
        self.token_as(self.authentication, &self.host.url("/oauth2/token"), form).await
    }

    /// The same where the assertion is for this audience.
    pub(crate) async fn token_as(
        &self,
        authentication: Authentication,
        audience: &str,
        form: &[(&str, &str)],
    ) -> Answer {
        let url = self.host.url("/oauth2/token");
        let asked = format!("POST {url} {form:?} by {}", authentication.name());
        let request = self.http.post(&url);
        let (request, more) = match authentication {
            Authentication::Basic => {
                let half = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let secret = half(self.member("client_secret"));
                (request.basic_auth(half(self.client_id()), Some(secret)), Vec::new())
            }
            Authentication::Post => {
                let secret = self.member("client_secret").to_owned();
                (request, vec![("client_id", self.client_id().to_owned()), ("client_secret", secret)])
            }
            Authentication::SecretJwt => {
                (request, asserts(signed_with(self.member("client_secret"), &self.assertion(audience))))
            }
            Authentication::PrivateKeyJwt(key) => (request, asserts(key.signs(&self.assertion(audience)))),
        };
        let mut body: Vec<(&str, &str)> = form.to_vec();
        body.extend(more.iter().map(|(name, value)| (*name, value.as_str())));
        Answer::of(asked, request.form(&body)).await
    }

    /// OpenID Connect Core 1.0 section 9.
    fn assertion(&self, audience: &str) -> Value {
        let now = checks::now();
        json!({
            "iss": self.client_id(),
            "sub": self.client_id(),
            "aud": audience,
            "jti": random_text(),
            "iat": now,
            "exp": now + 60,
        })
    }

    /// Uses a refresh token, as the suite does: with `scope`.
    pub(crate) async fn refreshes(&self, refresh_token: &str, scope: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("scope", scope)])
            .await
    }

    /// The server shows its own error page, and leads nowhere.
    pub(crate) async fn sees_the_error_page(&self, request: &Request) {
        match self.visits(request).await {
            Visit::Page(page) => {
                page.is_error_page("");
                let ours = page.has("error-page") && page.url.as_str().starts_with(&self.host.issuer);
                assert!(ours, "expected our error page\n{page}");
            }
            Visit::Left(left) => panic!("expected the error page, was sent away: {left}"),
        }
    }

    /// The end of every module: the client is gone.
    pub(crate) async fn ends(self) {
        let url = self.member("registration_client_uri");
        let request = self.http.delete(url).bearer_auth(self.member("registration_access_token"));
        let answer = Answer::of(format!("DELETE {url}"), request).await;
        assert!(answer.status == 204 && answer.text.is_empty(), "expected 204\n{answer}");
    }
}

fn asserts(assertion: String) -> Vec<(&'static str, String)> {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    vec![("client_assertion_type", kind.to_owned()), ("client_assertion", assertion)]
}

/// A registration as the suite makes it (conformance.md 2.1); `null` takes a member away.
pub(crate) fn registration(plan: Plan, authentication: Authentication, members: &Value) -> Value {
    let mut document = json!({
        "client_name": "OIDF conformance suite",
        "grant_types": plan.flow.grant_types(),
        "jwks": suite_key().jwks(),
        "token_endpoint_auth_method": authentication.name(),
        "response_types": [plan.flow.response_type()],
        "redirect_uris": [CALLBACK],
        "contacts": ["certification@oidf.example"],
    });
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            document.as_object_mut().unwrap().remove(name);
        } else {
            document[name] = value.clone();
        }
    }
    document
}

pub(crate) async fn register(http: &reqwest::Client, host: &Host, document: &Value) -> Answer {
    let url = host.url("/oauth2/register");
    Answer::of(format!("POST {url} {document}"), http.post(&url).json(document)).await
}

/// Publishes a document under a name of its own; gives its address.
pub(crate) fn publish(kind: &'static str, body: &str) -> String {
    documents().publish(&format!("/{}", random_text()), kind, body)
}
