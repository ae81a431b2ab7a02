//! Web applications in other languages that log their users in at the server: each a program on a port of its own, with the
//! same pages, so that one person can walk through all of them.
//!
//! `/` has the button `logout`; `/who` shows `sub` of whoever is logged in, and sends everybody else to log in; `/me` does the
//! same with `email` and `access_token`, freshly; `/machine` shows the `access_token` that the application has for itself; `/api` takes bearer tokens and
//! shows their `sub` and `scope`, and so does `/jwt-api` of Spring.

use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::guardian::Guarded;
use crate::http::{Browser, Left, ResponsePage, Visit, http_client};
use crate::output::{output_path, tail};
use crate::person::Person;
use crate::process::free_port;
use crate::server::{Client, Server};
use crate::{golang, maven};

const START_TIMEOUT: Duration = Duration::from_mins(1);

/// Which application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `coreos/go-oidc` and `golang.org/x/oauth2` (`tests/go`).
    Go,
    /// Spring Security (`tests/spring`).
    Spring,
}

/// An application, on a port that its registration can name before it runs.
#[derive(Debug)]
pub struct WebApp {
    kind: Kind,
    port: u16,
    log: PathBuf,
    process: Option<Guarded>,
}

impl WebApp {
    /// One that does not run yet; `name` is the test's, and names its log.
    pub fn new(kind: Kind, name: &str) -> Self {
        let log = output_path(&format!("logs/{name}-app.log"));
        let _ = fs::remove_file(&log);
        Self { kind, port: free_port(), log, process: None }
    }

    /// An address of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// Starts it as this client and waits until it answers.
    pub async fn starts(&mut self, server: &Server, client: &Client) {
        let mut command = match self.kind {
            Kind::Go => Command::new(golang::program()),
            Kind::Spring => {
                let mut java = Command::new(maven::java());
                let start_fast = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"];
                java.args(start_fast).arg("-cp").arg(maven::class_path("spring")).arg("journal.Journal");
                java
            }
        };
        let log = OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        let child = command
            .env("ISSUER", &server.issuer)
            .env("CLIENT_ID", &client.id)
            .env("CLIENT_SECRET", client.secret.as_deref().unwrap_or_default())
            .env("PORT", self.port.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("the application starts");
        let mut process = Guarded::process(child);
        let (started, http) = (Instant::now(), http_client());
        while http.get(self.url("/")).send().await.is_err() {
            let said = tail(&fs::read_to_string(&self.log).unwrap_or_default(), 40);
            assert!(process.ended().is_none(), "the application ended before it answered:\n{said}");
            assert!(started.elapsed() < START_TIMEOUT, "no answer after {START_TIMEOUT:?}:\n{said}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.process = Some(process);
    }

    /// Opens a page and, where the application asks for it, logs in.
    pub async fn opens(&self, person: &Person, browser: &Browser, path: &str) -> ResponsePage {
        match browser.get(&self.url(path)).await {
            Visit::Page(page) => page,
            Visit::Left(to_log_in) => {
                let back = person.authorizes(browser, to_log_in.to.as_str()).await;
                browser.get(back.to.as_str()).await.page()
            }
        }
    }

    /// What a page shows as JSON.
    pub async fn shows(&self, person: &Person, browser: &Browser, path: &str) -> Value {
        let page = self.opens(person, browser, path).await;
        serde_json::from_str(&page.body).unwrap_or_else(|_| panic!("no JSON at {path}: {page}"))
    }

    /// Presses the button that signs out; where the server sends the browser in the end.
    pub async fn signs_out(&self, browser: &Browser) -> Left {
        let home = browser.get(&self.url("/")).await.page();
        let to_end_session = browser.submit(&home, "logout", &[]).await.left();
        browser.get(to_end_session.to.as_str()).await.left()
    }

    /// Status and text of an API for a bearer of this token.
    pub async fn api(&self, path: &str, access_token: &str) -> (u16, String) {
        let answer = http_client().get(self.url(path)).bearer_auth(access_token).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

impl Drop for WebApp {
    fn drop(&mut self) {
        drop(self.process.take()); // before its log is read
        if std::thread::panicking() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            eprintln!("--- end of {}\n{}", self.log.display(), tail(&log, 40));
        }
    }
}
