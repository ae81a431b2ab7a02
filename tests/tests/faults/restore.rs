//! The runbook of docs/operating.md, "Backing up and restoring", as it is written there (security.md 3.2 row 25): users notice
//! little, and nothing that was given out before the restored database counts any more.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use grantor_test_postgres::Cluster;
use grantor_tests::{Browser, Client, Database, Options, Person, RelyingParty, Server, Tokens, Visit};
use serde_json::json;

const SCOPE: &str = "openid offline_access";

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_dump_of_postgres_gives_users_new_tokens_and_takes_no_old_one() {
    let (lost, new) = (Cluster::private().unwrap(), Cluster::private().unwrap());
    let (from, to) = (lost.database().unwrap(), new.database().unwrap());
    let server =
        Server::start(Options::new("faults-restore-postgres", Database::Postgres(from.url().to_owned())))
            .await;
    let dump = server.directory().join("grantor.dump");
    let scene = Scene::before(server).await;
    postgres("pg_dump", &["--format=custom", "--file", path(&dump), from.url()]);
    scene.goes_on().await;

    scene.server.nodes[0].kill().await;
    lost.crash().unwrap();
    postgres("pg_restore", &["--no-owner", "--exit-on-error", "--dbname", to.url(), path(&dump)]);
    let config = scene.server.directory().join("node-0.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace(from.url(), to.url())).unwrap();
    scene.is_restored().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_copy_of_sqlite_gives_users_new_tokens_and_takes_no_old_one() {
    let scene = Scene::before(Server::start(Options::sqlite("faults-restore-sqlite")).await).await;
    let (database, copy) =
        (scene.server.directory().join("grantor.db"), scene.server.directory().join("copy.db"));
    scene.server.cli(&["backup", path(&copy)]).await.succeeded();
    scene.goes_on().await;

    scene.server.nodes[0].kill().await;
    for file in ["grantor.db", "grantor.db-wal", "grantor.db-shm"] {
        drop(fs::remove_file(scene.server.directory().join(file)));
    }
    fs::copy(&copy, &database).unwrap();
    scene.is_restored().await;
}

/// What `grantor backup` does not do is said, with what does.
#[tokio::test]
async fn a_backup_by_command_is_refused_for_postgres_and_over_a_file() {
    let database = grantor_test_postgres::database();
    let options = Options::new("faults-backup-refused", Database::Postgres(database.url().to_owned()));
    let server = Server::start(options).await;
    let copy = server.directory().join("copy.db");
    assert!(server.cli(&["backup", path(&copy)]).await.failed().contains("pg_dump"));
    assert!(!copy.exists());

    let server = Server::start(Options::sqlite("faults-backup-twice")).await;
    server.cli(&["backup", path(&copy)]).await.succeeded();
    assert!(server.cli(&["backup", path(&copy)]).await.failed().contains(path(&copy)));
}

struct Scene {
    server: Server,
    app: RelyingParty,
    client: Client,
    alice: Person,
    /// Signed in before the backup.
    browser: Browser,
    /// Goes on being refreshed after it.
    used: Tokens,
    /// Is revoked after it.
    revoked: Tokens,
    /// Nobody touches it.
    quiet: Tokens,
}

impl Scene {
    async fn before(server: Server) -> Self {
        let metadata = json!({
            "redirect_uris": ["https://app.example/callback"],
            "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            "skip_consent": true,
        });
        let client = server.create_client(&["--id", "app"], &metadata).await;
        let app = RelyingParty::of(&server, &client);
        let alice = server.create_user("alice").await;
        let browser = Browser::new();
        let mut tokens = Vec::new();
        for _ in 0..3 {
            let request = app.asks(SCOPE);
            let left = alice.authorizes(&browser, &request.url()).await;
            tokens.push(app.redeems(&request.receives(&left), &request).await.tokens());
        }
        let [used, revoked, quiet] = tokens.try_into().unwrap();
        Self { server, app, client, alice, browser, used, revoked, quiet }
    }

    /// The time between the backup and the loss.
    async fn goes_on(&self) {
        let next = self.app.refreshes(self.used.refresh()).await.tokens();
        self.app.refreshes(next.refresh()).await.tokens();
        assert_eq!(self.app.revokes(self.revoked.refresh()).await.status, 200);
        self.server.create_user("late").await;
        let late = Browser::new();
        self.alice.authorizes(&late, &self.app.asks("openid").url()).await.code();
    }

    /// Over the restored database, before and after the start.
    async fn is_restored(&self) {
        self.server.cli(&["migrate"]).await.succeeded();
        self.server.cli(&["keys", "revoke-tokens"]).await.succeeded();
        self.server.restart(0).await;

        for tokens in [&self.used, &self.revoked, &self.quiet] {
            self.app.refreshes(tokens.refresh()).await.is_refused("invalid_grant");
            self.app.userinfo(&tokens.access_token).await.is_refused("invalid_token");
            assert_eq!(self.app.introspects(&tokens.access_token).await.ok()["active"], false);
        }
        let request = self.app.asks(SCOPE).with("prompt", "none");
        let Visit::Left(left) = self.browser.get(&request.url()).await else { panic!("not silent") };
        let tokens = self.app.redeems(&request.receives(&left), &request).await.tokens();
        assert_eq!(self.app.userinfo(&tokens.access_token).await.ok()["sub"], self.alice.subject.as_str());
        self.app.refreshes(tokens.refresh()).await.tokens();
        self.app.token(&[("grant_type", "client_credentials")]).await.tokens(); // its secret is of before, and counts

        let users = self.server.cli(&["users", "list", "--json"]).await.json();
        assert_eq!(users.as_array().map(Vec::len), Some(1), "who came after the backup is gone: {users}");
        let clients = self.server.cli(&["clients", "list", "--json"]).await.json();
        assert_eq!(clients[0]["client_id"], self.client.id.as_str());
    }
}

fn postgres(program: &str, arguments: &[&str]) {
    let mut command = Command::new(grantor_test_postgres::program(program).unwrap());
    let done = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}
