//! Someone who registers clients and looks after them over HTTP (RFC 7591, RFC 7592).

use reqwest::header::AUTHORIZATION;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::answer::Answer;
use crate::http::http_client;
use crate::server::Client;

/// An application, or its developer, before there is a client.
#[derive(Debug, Clone)]
pub struct Registrar {
    base: String,
    http: reqwest::Client,
}

/// What a request about a registration proves itself with.
#[derive(Debug, Clone, Copy)]
pub enum Credential<'a> {
    /// Nothing.
    None,
    /// A registration access token, or an initial one.
    Token(&'a str),
    /// `client_id` and `client_secret` as Basic.
    Basic(&'a str, &'a str),
    /// `client_secret` in the query.
    Query(&'a str),
}

impl Registrar {
    /// At this origin.
    pub fn at(origin: &str) -> Self {
        Self { base: origin.to_owned(), http: http_client() }
    }

    /// Registers, with nothing to show for it.
    pub async fn registers(&self, document: &Value) -> Answer {
        self.asks(Method::POST, "/oauth2/register", Credential::None, Some(document)).await
    }

    /// Registers with an initial access token.
    pub async fn registers_with(&self, token: &str, document: &Value) -> Answer {
        self.asks(Method::POST, "/oauth2/register", Credential::Token(token), Some(document)).await
    }

    /// Registers, and expects to succeed.
    pub async fn client(&self, document: &Value) -> Client {
        let answer = self.registers(document).await;
        assert!(answer.status == 201, "expected 201\n{answer}");
        registered(&answer)
    }

    /// Any request.
    pub async fn asks(
        &self,
        method: Method,
        path: &str,
        credential: Credential<'_>,
        document: Option<&Value>,
    ) -> Answer {
        let url = format!("{}{path}{}", self.base, credential.query());
        let asked = format!("{method} {url} with {credential:?}");
        let mut request = credential.add_to(self.http.request(method, url));
        if let Some(document) = document {
            request = request.json(document);
        }
        Answer::of(asked, request).await
    }

    /// A POST with these headers and this body.
    pub async fn posts(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let request = self.http.post(format!("{}{path}", self.base)).body(body);
        with_headers(request, path, headers).await
    }

    /// A GET with these headers.
    pub async fn reads_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        with_headers(self.http.get(format!("{}{path}", self.base)), path, headers).await
    }
}

async fn with_headers(mut request: RequestBuilder, path: &str, headers: &[(&str, &str)]) -> Answer {
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(format!("{path} with {headers:?}"), request).await
}

impl Credential<'_> {
    fn query(self) -> String {
        match self {
            Self::Query(secret) => {
                let pair = form_urlencoded::Serializer::new(String::new())
                    .append_pair("client_secret", secret)
                    .finish();
                format!("?{pair}")
            }
            Self::None | Self::Token(_) | Self::Basic(..) => String::new(),
        }
    }

    fn add_to(self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::None | Self::Query(_) => request,
            Self::Token(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            Self::Basic(id, secret) => request.basic_auth(id, Some(secret)),
        }
    }
}

/// The client of a registration answer.
pub fn registered(answer: &Answer) -> Client {
    let text = |name: &str| answer.json[name].as_str().map(str::to_owned);
    Client {
        id: text("client_id").unwrap_or_else(|| panic!("no client_id\n{answer}")),
        secret: text("client_secret"),
        registration: answer.json.clone(),
    }
}
