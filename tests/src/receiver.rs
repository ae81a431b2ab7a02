//! The addresses where relying parties are told of logouts (`backchannel_logout_uri`), each with manners of its own. Over
//! bare sockets, so that they can behave as no server should.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const PATIENCE: Duration = Duration::from_secs(20);
const FLOOD_BYTES: usize = 10 << 20;

/// How an address answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manners {
    /// With this status and body.
    Says(u16, String),
    /// Takes the request and is silent.
    Hangs,
    /// Breaks the connection in place of an answer.
    Resets,
    /// Sends the caller elsewhere.
    Redirects(String),
    /// With this status and 10 MB.
    Floods(u16),
}

/// One logout token that arrived.
#[derive(Debug, Clone)]
pub struct Told {
    /// The path it arrived at.
    pub path: String,
    /// The head of the request.
    pub head: String,
    /// The token.
    pub token: String,
}

/// The running server; it ends with the test.
#[derive(Debug)]
pub struct Receiver {
    port: u16,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    manners: Mutex<HashMap<String, Manners>>,
    told: watch::Sender<Vec<Told>>,
}

impl Receiver {
    /// Starts it on every loopback address: `127.0.0.2` is another host than `127.0.0.1`.
    pub async fn start() -> Self {
        let port = crate::process::free_port();
        let listener = TcpListener::bind(("0.0.0.0", port)).await.unwrap();
        let shared = Arc::new(Shared { manners: Mutex::default(), told: watch::Sender::new(Vec::new()) });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                tokio::spawn(async move { shared.converse(stream).await });
            }
        });
        Self { port, shared, task }
    }

    /// An address on the host with this last number.
    pub fn url(&self, host: u8, path: &str) -> String {
        format!("http://127.0.0.{host}:{}{path}", self.port)
    }

    /// From now on what arrives at this path is answered so; before, everything is accepted.
    pub fn behaves(&self, path: &str, manners: Manners) {
        self.shared.manners.lock().unwrap().insert(path.to_owned(), manners);
    }

    /// What has arrived so far.
    pub fn told(&self) -> Vec<Told> {
        self.shared.told.borrow().clone()
    }

    /// Returns as soon as more than so many have arrived in all.
    pub async fn hears_more_than(&self, count: usize) {
        let mut news = self.shared.told.subscribe();
        let heard = tokio::time::timeout(PATIENCE, news.wait_for(|told| told.len() > count)).await;
        assert!(heard.is_ok(), "no more than {} arrived", self.told().len());
    }

    /// What arrived at a path, as soon as there are so many.
    pub async fn hears(&self, path: &str, count: usize) -> Vec<Told> {
        let of_path = |told: &Vec<Told>| told.iter().filter(|told| told.path == path).cloned().collect();
        let mut news = self.shared.told.subscribe();
        let heard = news.wait_for(|told| told.iter().filter(|told| told.path == path).count() >= count);
        let Ok(Ok(told)) = tokio::time::timeout(PATIENCE, heard).await else {
            panic!("{path} was told fewer than {count} times: {:?}", self.told());
        };
        of_path(&told)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    async fn converse(&self, mut stream: TcpStream) {
        let Some((head, body)) = request(&mut stream).await else { return };
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let token = form_urlencoded::parse(body.as_bytes())
            .find(|(name, _)| name == "logout_token")
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default();
        let manners = self.manners.lock().unwrap().get(&path).cloned();
        self.told.send_modify(|told| told.push(Told { path, head, token }));
        let (status, body) = match manners.unwrap_or_else(|| Manners::Says(200, String::new())) {
            Manners::Says(status, body) => (status.to_string(), body),
            Manners::Redirects(to) => (format!("307 Elsewhere\r\nLocation: {to}"), String::new()),
            Manners::Floods(status) => (status.to_string(), "x".repeat(FLOOD_BYTES)),
            Manners::Hangs => {
                let _ = stream.read_u8().await; // until the caller goes away
                return;
            }
            Manners::Resets => {
                stream.set_zero_linger().unwrap();
                return;
            }
        };
        let (status, more) = status.split_once(' ').unwrap_or((&status, "Status"));
        let mut answer = format!("HTTP/1.1 {status} {more}\r\n");
        write!(answer, "Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).unwrap();
        let _ = stream.write_all(answer.as_bytes()).await; // a caller that has heard enough hangs up
        let _ = stream.shutdown().await;
    }
}

/// Head and body of a request; `None` when the caller went away.
async fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut received = Vec::new();
    loop {
        if let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(received[..end].to_vec()).unwrap();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            let body = &received[end + 4..];
            if body.len() >= length.unwrap_or_default() {
                return Some((head, String::from_utf8(body.to_vec()).unwrap()));
            }
        }
        if stream.read_buf(&mut received).await.ok()? == 0 {
            return None;
        }
    }
}
