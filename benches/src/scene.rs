//! What is measured, and everything around it: a throwaway Postgres with durable commits, the release binary, its
//! clients and users, and the process of bare handlers.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use grantor_test_postgres::{Cluster, Database};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::bare;
use crate::failure::Failure;
use crate::http::Connection;

/// Where codes are sent; nothing listens there.
pub(crate) const CALLBACK: &str = "https://app.example/callback";

/// Users that can log in, more than the most connections, so that no two try the same account at once.
pub(crate) const USERS: usize = 64;

/// The running pieces. All end with it.
pub(crate) struct Scene {
    pub server: Process,
    pub bare: Process,
    pub postgres: u32,
    pub issuer: String,
    pub opaque: Client,
    pub rs256: Client,
    pub es256: Client,
    pub app: Client,
    admin: SocketAddr,
    _folder: TempDir,
    // A database is dropped with its value, and its cluster after it.
    _databases: [Database; 2],
    _cluster: Cluster,
}

/// A process and where it listens.
pub(crate) struct Process {
    pub address: SocketAddr,
    pub pid: u32,
    _child: Child,
}

/// A registered client.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub id: String,
    /// The value of `Authorization`.
    pub basic: String,
}

impl Scene {
    /// Starts everything; `binary` is a release build of `grantor`.
    pub(crate) async fn set(binary: &Path) -> Result<Self, Failure> {
        let cluster = Cluster::private()?;
        let (ours, theirs) = (cluster.database()?, cluster.database()?);
        bare::create_table(theirs.url()).await?;
        let folder = tempfile::tempdir()?;
        let (public, admin, beside) = (free_port()?, free_port()?, free_port()?);
        let issuer = format!("http://localhost:{}", public.port());
        let config = folder.path().join("grantor.toml");
        fs::write(&config, configuration(&issuer, public, admin, ours.url()))?;
        let grantor = Grantor { binary: binary.to_owned(), config };
        grantor.run(&["migrate"], "").await?;
        let machine = |more: Value| {
            let mut whole = json!({ "grant_types": ["client_credentials"], "scope": "read write" });
            if let (Some(whole), Some(more)) = (whole.as_object_mut(), more.as_object()) {
                whole.extend(more.clone());
            }
            whole
        };
        let opaque = grantor.client(folder.path(), &machine(json!({}))).await?;
        let jwt = |algorithm: &str| {
            machine(json!({ "access_token_strategy": "jwt", "id_token_signed_response_alg": algorithm }))
        };
        let rs256 = grantor.client(folder.path(), &jwt("RS256")).await?;
        let es256 = grantor.client(folder.path(), &jwt("ES256")).await?;
        let app = json!({
            "redirect_uris": [CALLBACK], "grant_types": ["authorization_code", "refresh_token"],
            "skip_consent": true,
        });
        let app = grantor.client(folder.path(), &app).await?;
        for number in 0..USERS {
            let name = user(number);
            grantor
                .run(&["users", "create", "--username", &name, "--password-stdin"], &password(&name))
                .await?;
        }
        let server = Process::start(
            Command::new(&grantor.binary).arg("serve").arg("--config").arg(&grantor.config),
            folder.path().join("grantor.log"),
            public,
            "/health/ready",
        )
        .await?;
        let bare = Process::start(
            Command::new(std::env::current_exe()?)
                .arg("bare")
                .arg("--port")
                .arg(beside.port().to_string())
                .arg("--database")
                .arg(theirs.url()),
            folder.path().join("bare.log"),
            beside,
            "/nothing",
        )
        .await?;
        let postgres = cluster.pid()?;
        Ok(Self {
            server,
            bare,
            postgres,
            issuer,
            opaque,
            rs256,
            es256,
            app,
            admin,
            _folder: folder,
            _databases: [ours, theirs],
            _cluster: cluster,
        })
    }

    /// Statements that the server has sent since its start.
    pub(crate) async fn statements(&self) -> Result<f64, Failure> {
        let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let answer = Connection::new(self.admin).send(request).await?.expect(200)?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        text.lines()
            .find_map(|line| line.strip_prefix("grantor_database_statements ")?.parse().ok())
            .ok_or_else(|| Failure("no count of statements in /metrics".to_owned()))
    }
}

/// The name of a user.
pub(crate) fn user(number: usize) -> String {
    format!("user{number}")
}

/// And the password.
pub(crate) fn password(name: &str) -> String {
    format!("{name} likes 42 green horses")
}

/// Everything at its default, but what a run of minutes on one loopback address needs.
fn configuration(issuer: &str, public: SocketAddr, admin: SocketAddr, database: &str) -> String {
    format!(
        "issuer = '{issuer}'\n\
         # Every login comes from an address of its own, as it would from users: failed ones slow down an address.\n\
         trusted_proxies = ['127.0.0.1/32']\n\
         public.listen = '{public}'\n\
         admin.listen = '{admin}'\n\
         database.url = '{database}'\n\
         secrets.system = ['benchmarks only: this system secret is not one']\n\
         # Codes are made before their redemption is measured.\n\
         tokens.code.lifetime = '10m'\n"
    )
}

struct Grantor {
    binary: PathBuf,
    config: PathBuf,
}

impl Grantor {
    async fn run(&self, arguments: &[&str], input: &str) -> Result<Vec<u8>, Failure> {
        let mut child = Command::new(&self.binary)
            .args(arguments)
            .env("GRANTOR_CONFIG", &self.config)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut standard_input) = child.stdin.take() {
            // A command that reads nothing may be gone already.
            let _ = standard_input.write_all(input.as_bytes()).await;
        }
        let output = child.wait_with_output().await?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(Failure(format!("grantor {arguments:?}: {}", String::from_utf8_lossy(&output.stderr))))
    }

    async fn client(&self, folder: &Path, metadata: &Value) -> Result<Client, Failure> {
        let file = folder.join("metadata.json");
        fs::write(&file, metadata.to_string())?;
        let file = file.to_string_lossy().into_owned();
        let printed = self.run(&["clients", "create", "--metadata", &file], "").await?;
        let registered: Value = serde_json::from_slice(&printed)?;
        let member = |name: &str| {
            let text = registered.get(name).and_then(Value::as_str).map(str::to_owned);
            text.ok_or_else(|| Failure(format!("no {name} in {registered}")))
        };
        let id = member("client_id")?;
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{}", member("client_secret")?)));
        Ok(Client { id, basic })
    }
}

impl Process {
    async fn start(
        command: &mut Command,
        log: PathBuf,
        address: SocketAddr,
        ready: &str,
    ) -> Result<Self, Failure> {
        let log = fs::File::create(log)?;
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.kill_on_drop(true).spawn()?;
        let pid = child.id().ok_or_else(|| Failure("the process is gone".to_owned()))?;
        let request = format!("GET {ready} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let begun = Instant::now();
        loop {
            let answer = Connection::new(address).send(request.as_bytes()).await;
            if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
                return Ok(Self { address, pid, _child: child });
            }
            if begun.elapsed() > Duration::from_secs(30) {
                return Err(Failure(format!("not ready after half a minute: {answer:?}")));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn free_port() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
