//! A throw-away Postgres for tests, so that `cargo test` needs no service. One cluster is shared by
//! every test process of a workspace; it lives while anybody holds it and is removed afterwards, also
//! when tests are killed, because the hold is a file lock that the kernel releases.
//! With `DATABASE_URL` set, databases are created there and nothing is started.

mod cluster;
mod install;
mod lease;

use std::{
    env,
    io::{Error, Result},
    process::{self, Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

pub use cluster::Cluster;

/// Where a program of Postgres is, such as `pg_dump`.
///
/// # Errors
/// When Postgres is not here and cannot be installed.
pub fn program(name: &str) -> Result<std::path::PathBuf> {
    install::program(name)
}

/// An empty database of its own, dropped with this value.
#[derive(Debug)]
pub struct Database {
    url: String,
    name: String,
    server: String,
}

impl Database {
    /// The address to open, `postgres://...`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements, each by itself.
    ///
    /// # Errors
    /// When one is refused.
    pub fn run(&self, statements: &[&str]) -> Result<()> {
        statements.iter().try_for_each(|statement| psql(&self.url, statement))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A database left behind costs disk until the cluster goes; a failing test must not fail twice.
        let _ = psql(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// A new empty database in the shared cluster, or on the server that `DATABASE_URL` names.
///
/// # Panics
/// When no Postgres can be found, installed or started: a test that asked for one cannot go on.
#[expect(clippy::panic, reason = "the caller is a test, and a test without its database has failed")]
pub fn database() -> Database {
    match shared_server().and_then(|server| create_database(&server)) {
        Ok(database) => database,
        Err(error) => panic!("no Postgres for this test: {error}"),
    }
}

/// The server to create databases on; the lease of the shared cluster is held until the process ends.
fn shared_server() -> Result<String> {
    static SHARED: Mutex<Option<Cluster>> = Mutex::new(None);

    if let Ok(url) = env::var("DATABASE_URL")
        && url.starts_with("postgres")
    {
        return Ok(url);
    }
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cluster) = shared.as_ref() {
        return Ok(cluster.url().to_owned());
    }
    Ok(shared.insert(Cluster::shared()?).url().to_owned())
}

/// Creates an empty database on `server`; the name is unique across processes.
pub(crate) fn create_database(server: &str) -> Result<Database> {
    static CREATED: AtomicU64 = AtomicU64::new(0);

    let number = CREATED.fetch_add(1, Ordering::Relaxed);
    let name = format!("grantor_test_{}_{}_{number}", process::id(), started_at());
    psql(server, &format!("CREATE DATABASE {name} TEMPLATE template0"))?;
    Ok(Database { url: with_database(server, &name), name, server: server.to_owned() })
}

/// Distinguishes this process from an earlier one of the same id.
fn started_at() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Field 22 is the start time; the second field may hold spaces but ends with the last ')'.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    after_name.split_whitespace().nth(19).and_then(|ticks| ticks.parse().ok()).unwrap_or_default()
}

/// `server` with another database; everything else of the address stays.
fn with_database(server: &str, name: &str) -> String {
    let (address, query) =
        server.split_once('?').map_or((server, None), |(address, query)| (address, Some(query)));
    let host_starts = address.find("://").map_or(0, |at| at + 3);
    let path_starts = address.get(host_starts..).and_then(|rest| rest.find('/')).map(|at| at + host_starts);
    let host = path_starts.and_then(|at| address.get(..at)).unwrap_or(address);
    query.map_or_else(|| format!("{host}/{name}"), |query| format!("{host}/{name}?{query}"))
}

/// Runs one statement. `CREATE DATABASE` fails while another session copies the same template, so it is tried
/// again for a while.
fn psql(server: &str, statement: &str) -> Result<()> {
    let give_up = Instant::now() + Duration::from_secs(30);
    loop {
        let output = Command::new(install::program("psql")?)
            .args(["--no-psqlrc", "--quiet", "--dbname", server, "--command", statement])
            .stdin(Stdio::null())
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        if !message.contains("is being accessed by other users") || Instant::now() > give_up {
            return Err(Error::other(format!("{statement}: {message}")));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_an_address_is_replaced_and_nothing_else() {
        let rows = [
            ("postgres://u@h:1/postgres", "postgres://u@h:1/x"),
            ("postgres://u@h:1", "postgres://u@h:1/x"),
            ("postgres://u:p@h/db?sslmode=disable", "postgres://u:p@h/x?sslmode=disable"),
        ];
        for (server, expected) in rows {
            assert_eq!(with_database(server, "x"), expected);
        }
    }

    #[test]
    fn every_call_gives_an_empty_database_of_its_own() {
        let (one, other) = (database(), database());
        psql(one.url(), "CREATE TABLE thing (id BIGINT)").unwrap();
        psql(other.url(), "CREATE TABLE thing (id BIGINT)").unwrap();
    }

    #[test]
    fn a_cluster_of_ones_own_can_be_killed_and_comes_back_at_the_same_address() {
        let cluster = Cluster::private().unwrap();
        let database = cluster.database().unwrap();
        psql(database.url(), "CREATE TABLE thing (id BIGINT)").unwrap();
        for end in [Cluster::kill, Cluster::crash, Cluster::stop] {
            end(&cluster).unwrap();
            assert!(psql(database.url(), "SELECT 1").is_err());
            cluster.start().unwrap();
            psql(database.url(), "SELECT * FROM thing").unwrap();
        }
    }

    #[test]
    fn a_cluster_that_pauses_answers_when_it_goes_on() {
        let cluster = Cluster::private().unwrap();
        let url = cluster.url().to_owned();
        cluster.pause().unwrap();
        let asking = std::thread::spawn(move || psql(&url, "SELECT 1"));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!asking.is_finished());
        cluster.resume().unwrap();
        asking.join().unwrap().unwrap();
    }
}
