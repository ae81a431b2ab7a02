//! A web site on another port of this machine: the relying party's pages that a browser is sent
//! to. `localhost` and `127.0.0.1` are different sites to a browser's cookie rules, although the
//! server behind them is the same.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};

use crate::npm::{folder, node_module};
use crate::relying_party::Authorization;

/// One arrival at `/callback`.
#[derive(Debug, Clone)]
pub struct Received {
    /// `GET` or `POST`.
    pub method: String,
    /// Parameters of the query or the body.
    pub parameters: Vec<(String, String)>,
    /// `Origin`, when the browser sent one.
    pub origin: Option<String>,
}

impl Received {
    /// A parameter by name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The running site; it ends with the test.
#[derive(Debug)]
pub struct Site {
    port: u16,
    seen: Seen,
    task: tokio::task::JoinHandle<()>,
}

type Seen = Arc<Mutex<Vec<Received>>>;

impl Site {
    /// Starts it: `/callback` (GET and POST) shows what it received, `/stay` lets the browser stay where it is, `/post` is
    /// a page whose form posts an authorization request, `/spa/` is the single-page app.
    pub async fn start() -> Self {
        let seen = Seen::default();
        let routes = Router::new()
            .route("/callback", get(callback).post(callback))
            .route("/stay", any(StatusCode::NO_CONTENT))
            .route("/post", get(post_form))
            .route("/spa/", get(async || file("index.html")))
            .route("/spa/{file}", get(async |Path(name): Path<String>| file(&name)))
            .with_state(Arc::clone(&seen));
        let listener =
            tokio::net::TcpListener::bind(("127.0.0.1", crate::process::free_port())).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { port, seen, task }
    }

    /// A URL on the same site as a server on `localhost`, of another origin.
    pub fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// A URL on another site than a server on `localhost`: `SameSite` cookies stay away.
    pub fn foreign_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// A page on another site, whose button `send` posts the authorization request.
    pub fn foreign_form(&self, authorization: &Authorization) -> String {
        let endpoint = authorization.url();
        let query = endpoint.split_once('?').map_or("", |(_, query)| query);
        let to: String =
            form_urlencoded::byte_serialize(endpoint.split('?').next().unwrap().as_bytes()).collect();
        self.foreign_url(&format!("/post?post_to={to}&{query}"))
    }

    /// What arrived at `/callback` so far.
    pub fn received(&self) -> Vec<Received> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn callback(
    State(seen): State<Seen>,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Html<String> {
    let text = if method == Method::POST { body } else { query.unwrap_or_default().into() };
    let parameters: Vec<(String, String)> = form_urlencoded::parse(&text).into_owned().collect();
    let mut shown = String::new();
    for (name, value) in &parameters {
        let name = escaped(name);
        shown.extend(["<dt>", &name, "<dd id='received-", &name, "'>", &escaped(value)]);
    }
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()).map(str::to_owned);
    seen.lock().unwrap().push(Received { method: method.to_string(), parameters, origin });
    Html(format!("<!doctype html><title>Relying party</title><h1 id=arrived>{method}</h1><dl>{shown}</dl>"))
}

async fn post_form(RawQuery(query): RawQuery) -> Html<String> {
    let (mut action, mut inputs) = (String::new(), String::new());
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if name == "post_to" {
            action = escaped(&value);
        } else {
            inputs.extend([
                "<input type=hidden name='",
                &escaped(&name),
                "' value='",
                &escaped(&value),
                "'>",
            ]);
        }
    }
    Html(format!(
        "<!doctype html><title>Relying party</title><form method=post action='{action}'>{inputs}<button id=send>Log in</button></form>"
    ))
}

fn file(name: &str) -> Response {
    let (path, kind) = match name {
        "index.html" => (folder().join("spa/index.html"), "text/html; charset=utf-8"),
        "app.js" => (folder().join("spa/app.js"), "text/javascript"),
        "oidc-client-ts.js" => {
            (node_module("oidc-client-ts/dist/browser/oidc-client-ts.min.js"), "text/javascript")
        }
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(header::CONTENT_TYPE, kind)], std::fs::read(path).unwrap()).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&#39;").replace('"', "&quot;")
}
