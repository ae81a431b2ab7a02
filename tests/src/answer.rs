//! What an endpoint answered a relying party, and assertions whose failures can be read.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{CACHE_CONTROL, HeaderMap};
use serde_json::Value;

use crate::description::agrees;
use crate::output::tail;

/// An answer of a JSON endpoint.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked, for messages.
    pub asked: String,
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body; `Null` when it is not JSON.
    pub json: Value,
    /// The body as text.
    pub text: String,
}

/// A successful token response (RFC 6749 section 5.1).
#[derive(Debug, Clone)]
pub struct Tokens {
    /// `access_token`.
    pub access_token: String,
    /// `refresh_token`.
    pub refresh_token: Option<String>,
    /// `id_token`.
    pub id_token: Option<String>,
    /// `scope`.
    pub scope: Option<String>,
    /// `expires_in`.
    pub expires_in: u64,
}

impl Answer {
    /// Sends a request; `asked` is for messages.
    pub async fn of(asked: String, request: reqwest::RequestBuilder) -> Self {
        let (client, request) = request.build_split();
        let request = request.unwrap_or_else(|fault| panic!("{asked}: no request: {fault:?}"));
        let (method, url) = (request.method().clone(), request.url().clone());
        let answer =
            client.execute(request).await.unwrap_or_else(|fault| panic!("{asked}: no answer: {fault:?}"));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        agrees(&method, &url, status, &headers, Some(&text));
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self { asked, status, headers, json, text }
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// `error` of the answer.
    pub fn error(&self) -> Option<&str> {
        self.json["error"].as_str()
    }

    /// Asserts status 200 and gives the document.
    pub fn ok(&self) -> &Value {
        assert!(self.status == 200, "expected 200\n{self}");
        &self.json
    }

    /// Asserts a token response that no cache may keep (RFC 6749 section 5.1).
    pub fn tokens(&self) -> Tokens {
        assert!(self.status == 200, "expected tokens\n{self}");
        self.is_not_stored();
        let text = |name: &str| self.json[name].as_str().map(str::to_owned);
        assert!(text("token_type").as_deref() == Some("bearer"), "token_type is not bearer\n{self}");
        Tokens {
            access_token: text("access_token").unwrap_or_else(|| panic!("no access_token\n{self}")),
            refresh_token: text("refresh_token"),
            id_token: text("id_token"),
            scope: text("scope"),
            expires_in: self.json["expires_in"]
                .as_u64()
                .unwrap_or_else(|| panic!("expires_in is no number\n{self}")),
        }
    }

    /// Asserts an error response with this code: 400, or 401 for `invalid_client` and
    /// `invalid_token` (RFC 6749 section 5.2, RFC 6750 section 3.1).
    pub fn is_refused(&self, error: &str) {
        let status = if matches!(error, "invalid_client" | "invalid_token") { 401 } else { 400 };
        assert!(self.status == status && self.error() == Some(error), "expected {status} {error}\n{self}");
    }

    /// Asserts `Cache-Control: no-store`.
    pub fn is_not_stored(&self) {
        let value = self.headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert!(value.contains("no-store"), "expected Cache-Control: no-store\n{self}");
    }

    /// The server's fault, whatever it was.
    pub fn is_server_fault(&self) -> bool {
        self.status >= 500
    }
}

impl Tokens {
    /// The refresh token; a panic when none was given.
    pub fn refresh(&self) -> &str {
        self.refresh_token.as_deref().expect("a refresh token was given")
    }

    /// Claims of the ID token, its signature not looked at: the `openidconnect` flow does that.
    pub fn id_token_claims(&self) -> Value {
        claims(self.id_token.as_deref().expect("an ID token was given"))
    }
}

/// Claims of a compact JWS, unverified.
fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("a compact JWS has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("claims are base64url"))
        .expect("claims are JSON")
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "asked: {}\nanswer: {}", self.asked, self.status)?;
        for (name, value) in &self.headers {
            writeln!(out, "  {name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
        }
        write!(out, "{}", tail(&self.text, 40))
    }
}
