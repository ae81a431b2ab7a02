//! A private Apache with `mod_auth_openidc`, from the system's packages: a site whose page is for users of the server alone.
//!
//! Its configuration and pages are in `tests/apache`; nothing of the system's own Apache, if there is one, takes part.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Signal, geteuid};

use crate::certificate::issued_for;
use crate::guardian::{Folder, Guarded};
use crate::output::{output_path, tail};
use crate::packages::{found_or_installed, on_path};
use crate::process::free_port;
use crate::server::Client;

const MODULES: &str = "/usr/lib/apache2/modules";
const PATIENCE: Duration = Duration::from_secs(20);

/// The site, on a port that the registration can name before it runs.
#[derive(Debug)]
pub struct Apache {
    port: u16,
    folder: Folder,
    log: PathBuf,
    process: Option<Guarded>,
}

impl Apache {
    /// One that does not run yet; `name` is the test's, and names its log.
    pub fn new(name: &str) -> Self {
        let folder = Folder::new("grantor-apache-");
        let issued = issued_for(&["localhost"]);
        fs::write(folder.path().join("certificate.pem"), issued.certificate).unwrap();
        fs::write(folder.path().join("key.pem"), issued.key).unwrap();
        fs::write(folder.path().join("root.pem"), issued.root).unwrap();
        // Its workers are another user when it is started by root, and read their root certificates here.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let log = output_path(&format!("logs/{name}-apache.log"));
        let _ = fs::remove_file(&log);
        Self { port: free_port(), folder, log, process: None }
    }

    /// An address of it.
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    /// The root certificate of its own certificate.
    pub fn root_certificate(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// Starts it as this client of the issuer, whose certificate is vouched for by `root` (PEM).
    pub async fn starts(&mut self, issuer: &str, client: &Client, root: &str) {
        fs::write(self.folder.path().join("provider-root.pem"), root).unwrap();
        let configuration = Path::new(env!("CARGO_MANIFEST_DIR")).join("apache");
        let mut command = Command::new(program());
        command.args(["-D", "FOREGROUND", "-f"]).arg(configuration.join("httpd.conf"));
        if geteuid().is_root() {
            command.args(["-D", "root"]);
        }
        let child = command
            .env("FOLDER", self.folder.path())
            .env("PAGES", self.pages(&configuration.join("pages")))
            .env("CONFIGURATION", &configuration)
            .env("MODULES", MODULES)
            .env("LOG", &self.log)
            .env("PORT", self.port.to_string())
            .env("ORIGIN", self.url(""))
            .env("ISSUER", issuer)
            .env("CLIENT_ID", &client.id)
            .env("CLIENT_SECRET", client.secret.as_deref().unwrap_or_default())
            .env("PASSPHRASE", "tests only: this passphrase is not one")
            .process_group(0)
            .stdin(Stdio::null())
            .spawn()
            .expect("apache2 starts");
        let mut process = Guarded::group(child);
        let started = Instant::now();
        while tokio::net::TcpStream::connect(("localhost", self.port)).await.is_err() {
            assert!(process.ended().is_none(), "apache2 ended before it answered:\n{}", self.said());
            assert!(started.elapsed() < PATIENCE, "no answer after {PATIENCE:?}:\n{}", self.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.process = Some(process);
    }

    /// A copy of the pages that its workers can read, wherever the checkout is.
    fn pages(&self, from: &Path) -> PathBuf {
        let pages = self.folder.path().join("pages");
        for file in ["bye.html", "journal/index.html", "api/index.html"] {
            let copy = pages.join(file);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(from.join(file), copy).unwrap();
        }
        pages
    }

    fn said(&self) -> String {
        tail(&fs::read_to_string(&self.log).unwrap_or_default(), 40)
    }
}

impl Drop for Apache {
    /// Asked to stop first, so that it removes what it shares between its processes; but browsers hold connections, which it
    /// would wait for.
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::TERM);
            let asked = Instant::now();
            while process.ended().is_none() && asked.elapsed() < Duration::from_secs(1) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        if std::thread::panicking() {
            eprintln!("--- end of {}\n{}", self.log.display(), self.said());
        }
    }
}

/// `apache2`, where its module is there as well.
fn program() -> PathBuf {
    let find = || {
        let module = Path::new(MODULES).join("mod_auth_openidc.so");
        let program = on_path(&["apache2"]).or_else(|| Some(PathBuf::from("/usr/sbin/apache2")));
        program.filter(|program| program.is_file() && module.is_file())
    };
    found_or_installed(find, &["apache2-bin", "libapache2-mod-auth-openidc"]).unwrap_or_else(|| {
        panic!("this test needs Apache: as root, apt-get install apache2-bin libapache2-mod-auth-openidc")
    })
}
