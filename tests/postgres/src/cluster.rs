//! One Postgres server in a folder of its own under the temporary directory.

use std::{
    env, fs,
    io::{Error, Result},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::{Database, create_database, install, lease::Lease};

/// Between two test binaries of one `cargo test` nobody holds the cluster; it has to survive that.
const SHARED_GRACE_SECONDS: u32 = 30;

/// A running server. It is removed after its last user is gone, whatever ended that user.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    url: String,
    port: u16,
    _lease: Lease,
}

impl Cluster {
    /// The one cluster of this workspace, started by whoever comes first.
    pub(crate) fn shared() -> Result<Cluster> {
        let target = target_folder();
        let name = format!("grantor-postgres-{:016x}", fingerprint(&target));
        let lease = Lease::take(target.join("test-postgres"))?;
        Cluster::on(env::temp_dir().join(name), lease, SHARED_GRACE_SECONDS)
    }

    /// A cluster for a test that stops, kills or reconfigures its database.
    pub fn private() -> Result<Cluster> {
        static MADE: AtomicU64 = AtomicU64::new(0);

        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("grantor-postgres-private-{}-{}-{number}", process::id(), crate::started_at());
        let locks = target_folder().join("test-postgres").join(&name);
        let cluster = Cluster::on(env::temp_dir().join(name), Lease::take(locks.clone())?, 0)?;
        // Nobody else will look for these files; the locks live on in those who hold them open.
        fs::remove_dir_all(locks)?;
        Ok(cluster)
    }

    /// The address of its maintenance database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A new empty database in this cluster.
    pub fn database(&self) -> Result<Database> {
        create_database(&self.url)
    }

    /// The process that the server's others are children of.
    pub fn pid(&self) -> Result<u32> {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid"))?;
        let pid = file.lines().next().and_then(|line| line.trim().parse().ok());
        pid.ok_or_else(|| Error::other("postmaster.pid holds no process"))
    }

    /// Ends the server as a crash would: connections are cut, nothing is written out.
    pub fn kill(&self) -> Result<()> {
        pg_ctl(&self.folder, &["stop", "--mode", "immediate"])
    }

    /// Ends the server as its operator would: connections are cut, everything is written out.
    pub fn stop(&self) -> Result<()> {
        pg_ctl(&self.folder, &["stop", "--mode", "fast"])
    }

    /// Ends every process of the server by `kill -9`, the postmaster first, so that none has a last word.
    pub fn crash(&self) -> Result<()> {
        // One that stands still starts no backend that would be overlooked.
        self.pause()?;
        let processes = self.processes()?;
        signal("KILL", &processes)?;
        for _ in 0..1000 {
            if !processes.iter().any(|process| is_running(process)) {
                // Where nobody fetches zombies, a new server takes the old one's for running. A supervisor fetches them.
                let socket = format!(".s.PGSQL.{}.lock", self.port);
                drop(fs::remove_file(self.folder.join(socket)));
                return fs::remove_file(self.folder.join("data/postmaster.pid"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(Error::other("a killed process of Postgres still runs"))
    }

    /// Has every process stand still: connections stay open, and nobody answers on them.
    pub fn pause(&self) -> Result<()> {
        signal("STOP", &self.processes()?)
    }

    /// Ends a pause.
    pub fn resume(&self) -> Result<()> {
        signal("CONT", &self.processes()?)
    }

    /// Runs statements, each by itself, in its maintenance database.
    pub fn run(&self, statements: &[&str]) -> Result<()> {
        statements.iter().try_for_each(|statement| crate::psql(&self.url, statement))
    }

    /// Process ids, the postmaster's first.
    fn processes(&self) -> Result<Vec<String>> {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid"))?;
        let postmaster = file.lines().next().unwrap_or_default().trim().to_owned();
        let mut all = vec![postmaster.clone()];
        for entry in fs::read_dir("/proc")?.flatten() {
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            if after_name(&stat).nth(1) == Some(&postmaster) {
                all.extend(entry.file_name().into_string());
            }
        }
        Ok(all)
    }

    /// Starts the server again, at the same address.
    pub fn start(&self) -> Result<()> {
        start(&self.folder, self.port)
    }

    fn on(folder: PathBuf, lease: Lease, grace: u32) -> Result<Cluster> {
        let _starting = lease.exclusive_start()?;
        let port = match running_port(&folder) {
            Some(port) => port,
            None => create(&folder)?,
        };
        lease.watch(&folder, grace)?;
        let url = format!("postgres://grantor@127.0.0.1:{port}/postgres");
        Ok(Cluster { folder, url, port, _lease: lease })
    }
}

/// Fields of `/proc/<pid>/stat` from the state on: the name before it may hold spaces, but ends with the last ')'.
fn after_name(stat: &str) -> std::str::SplitWhitespace<'_> {
    stat.rsplit(')').next().unwrap_or_default().split_whitespace()
}

/// A zombie, which nobody has fetched yet, does not.
fn is_running(process: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    after_name(&stat).next().is_some_and(|state| state != "Z")
}

fn signal(name: &str, processes: &[String]) -> Result<()> {
    let mut kill = Command::new("/bin/kill");
    kill.arg(format!("-{name}")).args(processes).stderr(Stdio::null());
    // A backend may have ended by itself meanwhile, which `kill` reports; whether all are gone is looked at after it.
    kill.status().map(drop)
}

/// The port of a cluster that was created completely and answers.
fn running_port(folder: &Path) -> Option<u16> {
    let port = fs::read_to_string(folder.join("port")).ok()?.trim().parse().ok()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, Duration::from_secs(2)).ok()?;
    Some(port)
}

/// Replaces whatever an interrupted run left in `folder` by a running cluster.
fn create(folder: &Path) -> Result<u16> {
    if folder.exists() {
        let _ = pg_ctl(folder, &["stop", "--mode", "immediate"]);
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir(folder)?;
    if let Some((uid, gid)) = install::unprivileged()? {
        chown(folder, Some(uid), Some(gid))?;
    }
    // Trust: the server listens on the loopback address only and holds nothing but test data.
    run(as_owner("initdb")?
        .args([
            "--username",
            "grantor",
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--locale",
            "C",
            "--no-sync",
        ])
        .arg("--pgdata")
        .arg(folder.join("data")))?;

    let mut tries = 0;
    loop {
        // Somebody else may take the port between this look and the start.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        match start(folder, port) {
            Ok(()) => {
                fs::write(folder.join("port"), port.to_string())?;
                return Ok(port);
            }
            Err(error) if tries == 5 => return Err(error),
            Err(_) => tries += 1,
        }
    }
}

fn start(folder: &Path, port: u16) -> Result<()> {
    let options = format!("-p {port} -h 127.0.0.1 -k {} -c max_connections=400", folder.display());
    let log = folder.join("log");
    pg_ctl(folder, &["start", "--log", &log.to_string_lossy(), "--options", &options]).map_err(|error| {
        let said = fs::read_to_string(&log).unwrap_or_default();
        let last: Vec<_> = said.lines().rev().take(8).collect();
        Error::other(format!("{error}; its log, the latest first: {last:#?}"))
    })
}

fn pg_ctl(folder: &Path, arguments: &[&str]) -> Result<()> {
    run(as_owner("pg_ctl")?.args(arguments).args(["--wait", "--silent", "--pgdata"]).arg(folder.join("data")))
}

/// A program of Postgres under the account that owns the cluster.
fn as_owner(program: &str) -> Result<Command> {
    let mut command = Command::new(install::program(program)?);
    // A server that inherited the tests' output would keep `cargo test | ...` waiting for its end.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.current_dir("/").process_group(0);
    if let Some((uid, gid)) = install::unprivileged()? {
        command.uid(uid).gid(gid);
    }
    Ok(command)
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    Err(Error::other(format!("{} ended with {status}", command.get_program().display())))
}

/// `target/` of the workspace: the same for every test process, whatever its working directory.
fn target_folder() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    fs::canonicalize(&target).unwrap_or(target)
}

/// FNV-1a: two checkouts on one machine must not share a cluster.
fn fingerprint(path: &Path) -> u64 {
    path.as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
