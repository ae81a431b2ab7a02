//! A relying party that says exactly what a test wants said, over HTTP; what well-behaved
//! libraries say is in `openid.rs`.

use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::RequestBuilder;
use url::Url;

use crate::answer::Answer;
use crate::http::{Left, http_client};
use crate::server::{Client, Server};

/// How the relying party proves who it is (OpenID Connect Core 1.0 section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Post,
    /// `none`: only its name.
    None,
    /// With what the form says of itself: assertions, and what a test makes up.
    Form,
}

/// A client of the server, at one of its processes.
#[derive(Debug, Clone)]
pub struct RelyingParty {
    /// Origin that requests go to.
    pub base: String,
    /// What `iss` must say.
    pub issuer: String,
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`.
    pub secret: Option<String>,
    /// How it authenticates.
    pub authentication: ClientAuthentication,
    /// `redirect_uri`.
    pub redirect_uri: String,
    http: reqwest::Client,
}

/// One authorization request and what the relying party remembers of it.
#[derive(Debug, Clone)]
pub struct Authorization {
    endpoint: String,
    issuer: String,
    /// `state`.
    pub state: String,
    /// `nonce`.
    pub nonce: String,
    /// PKCE verifier (RFC 7636).
    pub verifier: String,
    /// The parameters as they will be sent.
    pub parameters: Vec<(String, String)>,
}

impl RelyingParty {
    /// The relying party behind a client: authenticates as registered, with its first redirect URI.
    pub fn of(server: &Server, client: &Client) -> Self {
        Self::at_issuer(&server.issuer, client)
    }

    /// The same where nothing but the issuer is known of the server.
    pub fn at_issuer(issuer: &str, client: &Client) -> Self {
        let registered = |member: &str| client.registration[member].as_str().map(str::to_owned);
        let authentication = match registered("token_endpoint_auth_method").as_deref() {
            Some("client_secret_post") => ClientAuthentication::Post,
            Some("none") => ClientAuthentication::None,
            Some("private_key_jwt" | "client_secret_jwt") => ClientAuthentication::Form,
            _ => ClientAuthentication::Basic,
        };
        let redirect_uri = client.registration["redirect_uris"][0].as_str().unwrap_or_default().to_owned();
        Self {
            base: issuer.to_owned(),
            issuer: issuer.to_owned(),
            client_id: client.id.clone(),
            secret: client.secret.clone(),
            authentication,
            redirect_uri,
            http: http_client(),
        }
    }

    /// The same client, speaking to another process.
    #[must_use]
    pub fn at(&self, origin: &str) -> Self {
        Self { base: origin.to_owned(), ..self.clone() }
    }

    /// The same client, over other connections.
    #[must_use]
    pub fn over(&self, http: &reqwest::Client) -> Self {
        Self { http: http.clone(), ..self.clone() }
    }

    /// An authorization request for a code, with state, nonce and PKCE.
    pub fn asks(&self, scope: &str) -> Authorization {
        let (state, nonce, verifier) = (random_text(), random_text(), random_text());
        let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
        let parameters = [
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", scope),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        Authorization {
            endpoint: format!("{}/oauth2/auth", self.base),
            issuer: self.issuer.clone(),
            state,
            nonce,
            verifier,
            parameters,
        }
    }

    /// Redeems a code with the request's verifier (RFC 6749 section 4.1.3).
    pub async fn redeems(&self, code: &str, authorization: &Authorization) -> Answer {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", &authorization.verifier),
        ])
        .await
    }

    /// Uses a refresh token (RFC 6749 section 6).
    pub async fn refreshes(&self, refresh_token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// Any request to the token endpoint, with this client's authentication added.
    pub async fn token(&self, form: &[(&str, &str)]) -> Answer {
        self.posts("/oauth2/token", form).await
    }

    /// Introspects a token (RFC 7662).
    pub async fn introspects(&self, token: &str) -> Answer {
        self.posts("/oauth2/introspect", &[("token", token)]).await
    }

    /// Revokes a token (RFC 7009).
    pub async fn revokes(&self, token: &str) -> Answer {
        self.posts("/oauth2/revoke", &[("token", token)]).await
    }

    /// Asks for claims with the token in the header (OpenID Connect Core 1.0 section 5.3).
    pub async fn userinfo(&self, access_token: &str) -> Answer {
        let url = format!("{}/userinfo", self.base);
        Answer::of(format!("GET {url}"), self.http.get(url).bearer_auth(access_token)).await
    }

    /// Reads a public document.
    pub async fn reads(&self, path: &str) -> Answer {
        let url = format!("{}{path}", self.base);
        Answer::of(format!("GET {url}"), self.http.get(url)).await
    }

    /// Posts a form to a path, with this client's authentication added.
    pub async fn posts(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let url = format!("{}{path}", self.base);
        let names: Vec<&str> = form.iter().map(|(name, _)| *name).collect();
        let asked = format!("POST {url} {names:?} by {} ({:?})", self.client_id, self.authentication);
        Answer::of(asked, self.authenticated(self.http.post(url), form)).await
    }

    fn authenticated(&self, request: RequestBuilder, form: &[(&str, &str)]) -> RequestBuilder {
        let secret = self.secret.clone().unwrap_or_default();
        let mut body = form.to_vec();
        match self.authentication {
            ClientAuthentication::Basic => {
                let half = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                request.basic_auth(half(&self.client_id), Some(half(&secret))).form(&body) // RFC 6749 section 2.3.1
            }
            ClientAuthentication::Post => {
                body.extend([("client_id", self.client_id.as_str()), ("client_secret", secret.as_str())]);
                request.form(&body)
            }
            ClientAuthentication::None => {
                body.push(("client_id", &self.client_id));
                request.form(&body)
            }
            ClientAuthentication::Form => request.form(&body),
        }
    }
}

impl Authorization {
    /// With a parameter set to this value alone.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a parameter.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        self
    }

    /// The address that a relying party sends the browser to.
    pub fn url(&self) -> String {
        Url::parse_with_params(&self.endpoint, &self.parameters).unwrap().to_string()
    }

    /// What the relying party checks before it looks at the code: `state` is its own, and `iss`
    /// is the server's (RFC 9207). Gives the code.
    pub fn receives(&self, left: &Left) -> String {
        let code = left.code();
        assert_eq!(left.get("state"), Some(self.state.as_str()), "state: {left}");
        assert_eq!(left.get("iss"), Some(self.issuer.as_str()), "iss: {left}");
        code
    }
}

/// 256 bits nobody can guess, as 43 characters.
pub fn random_text() -> String {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).unwrap();
    URL_SAFE_NO_PAD.encode(bytes)
}
