//! Relying parties on sites of their own (`one.test`, `two.test`, ...) that keep a session in a cookie, are told of logouts over
//! either channel, and watch the session in a frame.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};

use crate::process::free_port;
use crate::tls_front::TlsFront;

/// A logout that a relying party was told of.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The host, or the name in the path where the server called without one.
    pub who: String,
    /// Parameters of the query or the form.
    pub parameters: Vec<(String, String)>,
    /// Whether the browser sent the relying party's own cookie along.
    pub with_cookie: bool,
}

impl Notice {
    /// A parameter by name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The running relying parties; they end with the test.
#[derive(Debug)]
pub struct Parties {
    front: TlsFront,
    port: u16,
    told: Arc<Mutex<Vec<Notice>>>,
    task: tokio::task::JoinHandle<()>,
}

type Log = Arc<Mutex<Vec<Notice>>>;

impl Parties {
    /// Starts them.
    pub async fn start() -> Self {
        let told = Log::default();
        let routes = Router::new()
            .route("/callback", get(callback))
            .route("/watch", get(watch))
            .route("/bye", get(async || Html("<!doctype html><title>Bye</title><h1 id=bye>Bye</h1>")))
            .route("/out", get(front_channel))
            .route("/out/{who}", post(back_channel))
            .with_state(Arc::clone(&told));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", free_port())).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let mut front = TlsFront::new();
        front.start(port).await;
        Self { front, port, told, task }
    }

    /// An address of a relying party, as browsers see it.
    pub fn url(&self, host: &str, path: &str) -> String {
        format!("{}{path}", self.front.origin(host))
    }

    /// Where the server tells a relying party of a logout.
    pub fn back_channel(&self, who: &str) -> String {
        format!("http://127.0.0.1:{}/out/{who}", self.port)
    }

    /// What they were told so far.
    pub fn told(&self) -> Vec<Notice> {
        self.told.lock().unwrap().clone()
    }
}

impl Drop for Parties {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn callback(headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let state = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "session_state");
    let state = state.map(|(_, value)| value.into_owned()).unwrap_or_default();
    let cookie = format!("party={}; Path=/; Secure; HttpOnly; SameSite=None", host(&headers));
    let html =
        format!("<!doctype html><title>Party</title><h1 id=arrived>In</h1><p id=session-state>{state}</p>");
    ([(header::SET_COOKIE, cookie)], Html(html)).into_response()
}

/// Asks the frame once it has loaded, and shows the answer.
async fn watch(RawQuery(query): RawQuery) -> Html<String> {
    let query = query.unwrap_or_default();
    let value = |name: &str| {
        let found = form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let (frame, asked) = (value("frame"), format!("{} {}", value("client_id"), value("session_state")));
    Html(format!(
        "<!doctype html><title>Watch</title><p id=session></p><iframe id=frame src='{frame}'></iframe><script>
        addEventListener('message', event => {{ document.getElementById('session').textContent = event.data; }});
        const frame = document.getElementById('frame');
        frame.addEventListener('load', () => frame.contentWindow.postMessage('{asked}', new URL(frame.src).origin));
        </script>"
    ))
}

async fn front_channel(State(log): State<Log>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let parameters = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let with_cookie = cookies.flat_map(|line| line.split("; ")).any(|pair| pair.starts_with("party="));
    log.lock().unwrap().push(Notice { who: host(&headers), parameters, with_cookie });
    let gone = "party=; Path=/; Secure; HttpOnly; SameSite=None; Max-Age=0";
    ([(header::SET_COOKIE, gone), (header::CACHE_CONTROL, "no-store")], Html("Out")).into_response()
}

async fn back_channel(State(log): State<Log>, Path(who): Path<String>, body: Bytes) {
    let parameters = form_urlencoded::parse(&body).into_owned().collect();
    log.lock().unwrap().push(Notice { who, parameters, with_cookie: false });
}

fn host(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    host.split(':').next().unwrap_or_default().to_owned()
}
