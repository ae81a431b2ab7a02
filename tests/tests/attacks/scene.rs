//! What every module needs: one server that its tests share, and requests that say exactly what a
//! test wants said.

use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use grantor_tests::{
    Authorization, Browser, Client, Document, Options, Person, RelyingParty, Server, Tokens,
};
use reqwest::header::{COOKIE, HeaderMap};
use reqwest::{RequestBuilder, redirect};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

/// The scope that the shared client may ask for.
pub(crate) const SCOPE: &str = "openid offline_access profile email address phone api";
/// Where it is answered.
pub(crate) const CALLBACK: &str = "https://app.example/cb";
/// The cookie that binds a browser to its interactions.
pub(crate) const BROWSER_COOKIE: &str = "grantor_browser";
/// The cookie of its sessions.
pub(crate) const SESSION_COOKIE: &str = "grantor_session";
/// What the frame of Session Management reads.
pub(crate) const STATE_COOKIE: &str = "grantor_state";

/// A server, an account and a confidential client that is never asked for consent.
pub(crate) struct Scene {
    pub(crate) server: Server,
    pub(crate) alice: Person,
    client: Client,
}

/// The scene of one module, set by whichever of its tests comes first.
pub(crate) struct Shared {
    name: &'static str,
    scene: OnceCell<(Scene, Lifeline)>,
}

impl Shared {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, scene: OnceCell::const_new() }
    }

    pub(crate) async fn get(&self) -> &Scene {
        let (scene, _) = self
            .scene
            .get_or_init(|| async {
                let scene = Scene::set(Options::sqlite(self.name)).await;
                let lifeline = Lifeline::of(&scene.server);
                (scene, lifeline)
            })
            .await;
        scene
    }
}

/// Nothing in a `static` is dropped, so a shared server would outlive the tests: this process ends
/// it when its standard input closes, which the end of the test process does in every case.
struct Lifeline(#[expect(dead_code, reason = "held, so that its pipe stays open")] Child);

impl Lifeline {
    fn of(server: &Server) -> Self {
        let process = Command::new("sh")
            .args(["-c", "cat >/dev/null; kill -9 \"$0\"; rm -rf \"$1\""])
            .arg(server.nodes[0].pid().to_string())
            .arg(server.directory())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh starts");
        Self(process)
    }
}

impl Scene {
    pub(crate) async fn set(options: Options) -> Self {
        let server = Server::start(options).await;
        let metadata = json!({
            "client_name": "Tea Journal",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": SCOPE,
            "skip_consent": true,
        });
        let client = server.create_client(&["--id", "app"], &metadata).await;
        let alice = server.create_user("alice").await;
        Self { server, alice, client }
    }

    /// The shared client; made anew for each test, since connections belong to a test's runtime.
    pub(crate) fn app(&self) -> RelyingParty {
        RelyingParty::of(&self.server, &self.client)
    }

    /// Another client; `metadata` over what a confidential web client has.
    pub(crate) async fn client(&self, arguments: &[&str], metadata: Value) -> RelyingParty {
        let mut whole = json!({ "redirect_uris": [CALLBACK], "skip_consent": true });
        for (name, value) in metadata.as_object().expect("metadata is an object") {
            whole[name] = value.clone();
        }
        RelyingParty::of(&self.server, &self.server.create_client(arguments, &whole).await)
    }

    /// A browser in which alice is signed in.
    pub(crate) async fn signed_in(&self) -> Browser {
        let browser = Browser::new();
        self.alice.authorizes(&browser, &self.app().asks("openid").url()).await;
        browser
    }

    /// A code for `app`, in a browser where nothing is left to ask or alice answers.
    pub(crate) async fn code(
        &self,
        browser: &Browser,
        app: &RelyingParty,
        scope: &str,
    ) -> (Authorization, String) {
        let request = app.asks(scope);
        let code = request.receives(&self.alice.authorizes(browser, &request.url()).await);
        (request, code)
    }

    /// The tokens of a fresh login.
    pub(crate) async fn tokens(&self, app: &RelyingParty, scope: &str) -> Tokens {
        let (request, code) = self.code(&Browser::new(), app, scope).await;
        app.redeems(&code, &request).await.tokens()
    }

    /// The cookies of a browser, as a `Cookie` header.
    pub(crate) fn cookies(&self, browser: &Browser) -> String {
        [BROWSER_COOKIE, SESSION_COOKIE]
            .iter()
            .filter_map(|name| Some(format!("{name}={}", browser.cookie(&self.server.issuer, name)?)))
            .collect::<Vec<_>>()
            .join("; ")
    }

    /// Opens a page with a browser's cookies, redirects not followed.
    pub(crate) async fn opens(&self, browser: &Browser, path: &str) -> Reply {
        let request = http().get(self.server.url(path));
        Reply::to(request.header(COOKIE, self.cookies(browser))).await
    }

    /// Sends bytes as they are and reads until the server closes.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> RawReply {
        raw_at(&self.server.issuer, bytes).await
    }
}

/// A client without cookies that follows nothing. One for all tests, since making one reads the
/// system's roots; it keeps no connection, since those belong to the runtime of one test.
pub(crate) fn http() -> reqwest::Client {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .no_proxy()
            .build()
            .unwrap()
    });
    CLIENT.clone()
}

/// An answer, not interpreted.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) async fn to(request: RequestBuilder) -> Self {
        let answer = request.send().await.expect("the server answers");
        Self {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned(),
        }
    }

    pub(crate) async fn get(url: &str) -> Self {
        Self::to(http().get(url)).await
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn document(&self) -> Document {
        Document::read(&"http://localhost/".parse().unwrap(), &self.body)
    }

    /// Asserts the server's own error page, from which nothing leads away.
    pub(crate) fn stays_on_the_error_page(&self, why: &str) {
        let html = self.header("content-type").starts_with("text/html");
        assert!(
            (400..500).contains(&self.status)
                && html
                && !self.headers.contains_key("location")
                && self.document().has("error-page"),
            "{why}: expected the error page, got {} {:?}\n{}",
            self.status,
            self.headers,
            self.body
        );
    }

    /// The headers that do not differ from request to request.
    pub(crate) fn constant_headers(&self) -> Vec<(String, String)> {
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| {
                !["date", "x-trace-id", "content-length", "set-cookie"].contains(&name.as_str())
            })
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        headers.sort();
        headers
    }
}

/// A form to an endpoint, with any `Authorization` header.
pub(crate) async fn post(
    server: &Server,
    path: &str,
    authorization: Option<&str>,
    form: &[(&str, &str)],
) -> Reply {
    let request = http().post(server.url(path)).form(form);
    Reply::to(match authorization {
        Some(value) => request.header("authorization", value),
        None => request,
    })
    .await
}

/// `Authorization: Basic` of two texts that are taken as they are.
pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// The same, form-encoded first (RFC 6749 section 2.3.1).
pub(crate) fn encoded_basic(id: &str, secret: &str) -> String {
    let half = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    basic(&half(id), &half(secret))
}

/// What came back on a socket.
#[derive(Debug)]
pub(crate) struct RawReply(pub(crate) String);

impl RawReply {
    /// Status of the first answer; 0 when there was none.
    pub(crate) fn status(&self) -> u16 {
        self.statuses().first().copied().unwrap_or_default()
    }

    /// Status of every answer on the connection.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        self.0.split("HTTP/1.").skip(1).filter_map(|answer| answer.get(2..5)?.parse().ok()).collect()
    }
}

/// Sends bytes to an origin and reads until it closes, or nothing comes for two seconds.
pub(crate) async fn raw_at(origin: &str, bytes: &[u8]) -> RawReply {
    let port: u16 = origin.rsplit(':').next().unwrap().parse().unwrap();
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let _ = socket.write_all(bytes).await; // a server that has refused already may have closed
    let (mut read, mut buffer) = (Vec::new(), vec![0; 16 * 1024]);
    loop {
        match tokio::time::timeout(Duration::from_secs(2), socket.read(&mut buffer)).await {
            Ok(Ok(count)) if count > 0 => read.extend_from_slice(&buffer[..count]),
            _ => return RawReply(String::from_utf8_lossy(&read).into_owned()),
        }
    }
}
