//! One process of the server: its ports, its log, its beginning and its end.

use std::fs::{self, OpenOptions};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::binary::{foreign_settings, grantor};
use crate::guardian::{Folder, Guarded};
use crate::http::http_client;
use crate::output::{output_path, tail};

const START_TIMEOUT: Duration = Duration::from_secs(30);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// One process.
#[derive(Debug)]
pub struct Node {
    pub(crate) public: u16,
    pub(crate) admin: u16,
    pub(crate) config: PathBuf,
    log: PathBuf,
    child: Mutex<Option<Guarded>>,
}

impl Node {
    /// On free ports of its own, not started yet.
    pub(crate) fn new(name: &str, number: usize, directory: &Folder) -> Self {
        let log = output_path(&format!("logs/{name}-{number}.log"));
        let _ = fs::remove_file(&log);
        let config = directory.path().join(format!("node-{number}.toml"));
        Self { public: free_port(), admin: free_port(), config, log, child: Mutex::new(None) }
    }

    /// Origin of the public listener.
    pub fn origin(&self) -> String {
        format!("http://localhost:{}", self.public)
    }

    /// Where the public listener is.
    pub fn port(&self) -> u16 {
        self.public
    }

    /// Its configuration file.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// A public URL of this process.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// A URL of this process's admin listener.
    pub fn admin_url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.admin)
    }

    /// Process id of the running process.
    pub fn pid(&self) -> u32 {
        self.child.lock().unwrap().as_ref().expect("the process runs").id()
    }

    /// What this process has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// SIGTERM, and how the process ended.
    pub async fn terminate(&self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended().await
    }

    /// SIGKILL: what a crash looks like from outside.
    pub async fn kill(&self) -> ExitStatus {
        self.signal(Signal::KILL);
        self.ended().await
    }

    /// SIGHUP: look at your files again.
    pub fn hangup(&self) {
        self.signal(Signal::HUP);
    }

    /// Waits until the log has this text, and gives the line.
    pub async fn logs(&self, text: &str) -> String {
        let started = Instant::now();
        loop {
            let log = self.log();
            if let Some(line) = log.lines().find(|line| line.contains(text)) {
                return line.to_owned();
            }
            assert!(started.elapsed() < START_TIMEOUT, "{text:?} is not logged:\n{}", tail(&log, 40));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn signal(&self, signal: Signal) {
        self.child.lock().unwrap().as_ref().expect("the process runs").signal(signal);
    }

    async fn ended(&self) -> ExitStatus {
        let started = Instant::now();
        loop {
            let ended = self.child.lock().unwrap().as_mut().expect("the process ran").ended();
            if let Some(status) = ended {
                self.child.lock().unwrap().take();
                return status;
            }
            assert!(started.elapsed() < STOP_TIMEOUT, "still running {STOP_TIMEOUT:?} after the signal");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) fn spawn(&self, arguments: &[&str], directory: &Path, environment: &[(String, String)]) {
        let log = OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        let mut command = Command::new(grantor());
        foreign_settings().for_each(|name| {
            command.env_remove(name);
        });
        let child = command
            .args(arguments)
            .current_dir(directory)
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("grantor starts");
        *self.child.lock().unwrap() = Some(Guarded::process(child));
    }

    /// Waits until `/health/ready` answers 200 on the admin listener, which never has TLS.
    pub async fn ready(&self) {
        let started = Instant::now();
        let http = http_client();
        loop {
            if let Ok(answer) = http.get(self.admin_url("/health/ready")).send().await
                && answer.status() == 200
            {
                return;
            }
            let ended = self.child.lock().unwrap().as_mut().expect("the process was started").ended();
            let log = tail(&self.log(), 40);
            assert!(ended.is_none(), "grantor serve ended with {ended:?} before it was ready:\n{log}");
            assert!(started.elapsed() < START_TIMEOUT, "not ready after {START_TIMEOUT:?}:\n{log}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.child.lock().unwrap().take()); // before its log is read
        if std::thread::panicking() {
            eprintln!("--- end of {}\n{}", self.log.display(), tail(&self.log(), 30));
        }
    }
}

/// A port below the range that the kernel hands out for outgoing connections, so that the
/// thousands of them that races open cannot take it before the server does.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 9000).unwrap();
    for _ in 0..9000 {
        let port = 20_000 + start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 9000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port between 20000 and 29000");
}
