//! Running servers: configuration written to a temporary directory, one or more processes on one
//! database, ready before a test sees them, gone when it ends.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use toml::{Table, Value as Toml};

use crate::binary::{CommandOutput, foreign_settings, grantor};
use crate::guardian::Folder;
use crate::person::Person;
use crate::process::Node;

/// Which database a server gets.
#[derive(Debug, Clone)]
pub enum Database {
    /// A new file in the server's temporary directory.
    Sqlite,
    /// A `postgres://` URL of an empty database.
    Postgres(String),
}

/// How a server is started.
#[derive(Debug, Clone)]
pub struct Options {
    name: String,
    database: Database,
    nodes: usize,
    issuer: Option<String>,
    config: Table,
}

impl Options {
    /// One process; `name` is the test's, and names its log under `tests/output/logs`.
    pub fn new(name: &str, database: Database) -> Self {
        Self { name: name.to_owned(), database, nodes: 1, issuer: None, config: Table::new() }
    }

    /// One process on SQLite.
    pub fn sqlite(name: &str) -> Self {
        Self::new(name, Database::Sqlite)
    }

    /// So many processes on the one database, each on ports of its own, all with one issuer.
    #[must_use]
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self
    }

    /// Another issuer than the first process's own address: what a proxy in front is called. `PORT` in it becomes the
    /// port of the first process.
    #[must_use]
    pub fn issuer(mut self, issuer: &str) -> Self {
        self.issuer = Some(issuer.to_owned());
        self
    }

    /// More configuration, as TOML; merged over what the harness writes.
    #[must_use]
    pub fn config(mut self, toml: &str) -> Self {
        merge(&mut self.config, toml.parse().expect("extra configuration is TOML"));
        self
    }
}

/// A client as `clients create` made it.
#[derive(Debug, Clone)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`, when one was given or generated.
    pub secret: Option<String>,
    /// The whole RFC 7591 document.
    pub registration: Value,
}

impl Client {
    /// From what `clients create` printed.
    pub(crate) fn registered(registration: Value) -> Self {
        Self {
            id: registration["client_id"].as_str().expect("client_id is printed").to_owned(),
            secret: registration["client_secret"].as_str().map(str::to_owned),
            registration,
        }
    }
}

/// One or more processes on one database.
#[derive(Debug)]
pub struct Server {
    /// Byte for byte what tokens and discovery say.
    pub issuer: String,
    /// The processes; the first one's public origin is the issuer unless another was given.
    pub nodes: Vec<Node>,
    directory: Folder,
}

impl Server {
    /// Migrates the database, starts every process and waits until each is ready.
    pub async fn start(options: Options) -> Self {
        let directory = Folder::new("grantor-");
        let nodes: Vec<Node> =
            (0..options.nodes).map(|number| Node::new(&options.name, number, &directory)).collect();
        let issuer = options
            .issuer
            .as_ref()
            .map_or_else(|| nodes[0].origin(), |issuer| issuer.replace("PORT", &nodes[0].public.to_string()));
        for node in &nodes {
            let text = toml::to_string(&configuration(&options, &issuer, node, &directory)).unwrap();
            fs::write(&node.config, text).unwrap();
        }
        let server = Self { issuer, nodes, directory };
        server.cli(&["migrate"]).await.succeeded();
        for number in 0..server.nodes.len() {
            server.launch(number);
        }
        for node in &server.nodes {
            node.ready().await;
        }
        server
    }

    /// Three processes on one Postgres database.
    pub async fn start_three(name: &str, database_url: String) -> Self {
        Self::start(Options::new(name, Database::Postgres(database_url)).nodes(3)).await
    }

    /// Starts a stopped process again, on the same ports, and waits until it is ready.
    pub async fn restart(&self, number: usize) {
        self.launch(number);
        self.nodes[number].ready().await;
    }

    /// Starts a stopped process again without waiting for it.
    pub fn launch(&self, number: usize) {
        let node = &self.nodes[number];
        node.spawn(&["serve", "--config", node.config.to_str().unwrap()], self.directory.path(), &[]);
    }

    /// A public URL at the issuer.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// A URL of the first process's admin listener.
    pub fn admin_url(&self, path: &str) -> String {
        self.nodes[0].admin_url(path)
    }

    /// The directory that holds the configuration and the SQLite file; for files that commands read.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Runs a command of the binary with this server's configuration.
    pub async fn cli(&self, arguments: &[&str]) -> CommandOutput {
        self.cli_with_input(arguments, "").await
    }

    /// The same with text on standard input.
    pub async fn cli_with_input(&self, arguments: &[&str], input: &str) -> CommandOutput {
        let mut command = tokio::process::Command::new(grantor());
        foreign_settings().for_each(|name| {
            command.env_remove(name);
        });
        let mut child = command
            .args(arguments)
            .current_dir(self.directory.path())
            .env("GRANTOR_CONFIG", &self.nodes[0].config)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("grantor starts");
        let mut standard_input = child.stdin.take().unwrap();
        let _ = standard_input.write_all(input.as_bytes()).await; // commands that read nothing close it first
        drop(standard_input);
        let output = child.wait_with_output().await.unwrap();
        CommandOutput {
            command: arguments.join(" "),
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// `clients create` with these arguments and, when not null, `--metadata` with this document.
    pub async fn create_client(&self, arguments: &[&str], metadata: &Value) -> Client {
        static FILE: AtomicU16 = AtomicU16::new(0);
        let mut all = vec!["clients", "create"];
        all.extend(arguments);
        let number = FILE.fetch_add(1, Ordering::Relaxed);
        let file = self.directory.path().join(format!("metadata-{number}.json"));
        if !metadata.is_null() {
            fs::write(&file, metadata.to_string()).unwrap();
            all.extend(["--metadata", file.to_str().unwrap()]);
        }
        Client::registered(self.cli(&all).await.json())
    }

    /// `users create` with this name, an address made of it, and a password of its own.
    pub async fn create_user(&self, username: &str) -> Person {
        let password = format!("{username} likes 42 green horses");
        let email = format!("{username}@example.com");
        let created = self
            .cli_with_input(
                &["users", "create", "--username", username, "--email", &email, "--password-stdin"],
                &password,
            )
            .await
            .json();
        Person {
            username: username.to_owned(),
            password,
            subject: created["sub"].as_str().expect("sub is printed").to_owned(),
        }
    }
}

fn configuration(options: &Options, issuer: &str, node: &Node, directory: &Folder) -> Table {
    let database = match &options.database {
        Database::Sqlite => format!("sqlite:{}", directory.path().join("grantor.db").display()),
        Database::Postgres(url) => url.clone(),
    };
    let mut table = Table::new();
    let system = "tests only: this system secret is not one";
    for (section, key, value) in [
        ("public", "listen", Toml::String(format!("127.0.0.1:{}", node.public))),
        ("admin", "listen", Toml::String(format!("127.0.0.1:{}", node.admin))),
        ("database", "url", Toml::String(database)),
        ("secrets", "system", Toml::Array(vec![Toml::String(system.to_owned())])),
    ] {
        table.insert(section.to_owned(), Toml::Table(Table::from_iter([(key.to_owned(), value)])));
    }
    table.insert("issuer".to_owned(), Toml::String(issuer.to_owned()));
    merge(&mut table, options.config.clone());
    table
}

pub(crate) fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Toml::Table(below)), Toml::Table(more)) => merge(below, more),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}
