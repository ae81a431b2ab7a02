//! nginx with TLS in front of a server, set up as an operator sets it up: with `config/nginx.conf`, or with mistakes.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::certificate::CertificateFiles;
use crate::guardian::{Folder, Guarded};
use crate::output::workspace;
use crate::packages::{found_or_installed, on_path};
use crate::process::free_port;

/// The example that operators start from, as it is in the repository.
const EXAMPLE: &str = "config/nginx.conf";
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// An nginx with its own certificate for `localhost`; it ends with the test.
#[derive(Debug)]
pub struct Nginx {
    /// Where it ends TLS.
    pub port: u16,
    plain_port: u16,
    certificate: CertificateFiles,
    folder: Folder,
    process: Option<Guarded>,
}

impl Nginx {
    /// A port and a certificate, not started yet: the server behind has to know its issuer first.
    pub fn new() -> Self {
        Self::with_certificate(CertificateFiles::new("localhost", 90))
    }

    /// With another certificate.
    pub fn with_certificate(certificate: CertificateFiles) -> Self {
        Self {
            port: free_port(),
            plain_port: free_port(),
            certificate,
            folder: Folder::new("grantor-nginx-"),
            process: None,
        }
    }

    /// What browsers call it.
    pub fn origin(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// The address that sends browsers to the one with TLS.
    pub fn plain_origin(&self) -> String {
        format!("http://localhost:{}", self.plain_port)
    }

    /// The root that vouches for its certificate: the settings of a server that has it in `outbound.ca_file`.
    pub fn trusted(&self) -> String {
        format!("outbound.ca_file = '{}'\n", self.certificate.root().display())
    }

    /// Connections that believe its certificate, and say this much in every request.
    pub fn http(&self, headers: &[(&'static str, &str)]) -> reqwest::Client {
        self.certificate.http(headers)
    }

    /// `config/nginx.conf` for a server on this port, changed in nothing but names, ports and files.
    pub fn example(&self, behind: u16) -> String {
        let text = fs::read_to_string(workspace().join(EXAMPLE)).unwrap();
        let kept: Vec<&str> = text.lines().filter(|line| !line.contains("listen [::]:")).collect();
        let (chain, key) = (self.certificate.chain(), self.certificate.key());
        kept.join("\n")
            .replace("127.0.0.1:4444", &format!("127.0.0.1:{behind}"))
            .replace("listen 80;", &format!("listen 127.0.0.1:{};", self.plain_port))
            .replace("listen 443 ssl", &format!("listen 127.0.0.1:{} ssl", self.port))
            .replace("server_name id.example.com;", "server_name localhost;")
            .replace("/etc/ssl/id.example.com/fullchain.pem", chain.to_str().unwrap())
            .replace("/etc/ssl/id.example.com/privkey.pem", key.to_str().unwrap())
            .replace("/var/log/nginx/grantor.log", self.file("access.log").to_str().unwrap())
    }

    /// A server block of TLS alone, with these directives.
    pub fn server(&self, directives: &str) -> String {
        format!(
            "server {{ listen 127.0.0.1:{} ssl; server_name localhost; ssl_certificate {}; ssl_certificate_key {};\n\
             {directives} }}",
            self.port,
            self.certificate.chain().display(),
            self.certificate.key().display()
        )
    }

    /// Starts it with these blocks in the `http` context, or has it take them instead of those it has.
    pub async fn serve(&mut self, http: &str) {
        drop(self.process.take());
        let (file, log) = (self.write(http), self.file("error.log"));
        let child = Command::new(program())
            .args(["-p", self.folder.path().to_str().unwrap(), "-c", file.to_str().unwrap()])
            .args(["-e", log.to_str().unwrap(), "-g", "daemon off; master_process off;"])
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx starts");
        self.process = Some(Guarded::group(child));
        let started = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            let log = fs::read_to_string(&log).unwrap_or_default();
            let ended = self.process.as_mut().unwrap().ended();
            assert!(ended.is_none() && started.elapsed() < START_TIMEOUT, "nginx does not start: {log}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Ends it.
    pub fn stop(&mut self) {
        drop(self.process.take());
    }

    /// What `nginx -t` says of these blocks in the `http` context; an error when it would not start.
    pub fn test(&self, http: &str) -> Result<String, String> {
        let file = self.write(http);
        let run = Command::new(program())
            .args(["-t", "-p", self.folder.path().to_str().unwrap(), "-c", file.to_str().unwrap()])
            .args(["-e", self.file("error.log").to_str().unwrap()])
            .output()
            .expect("nginx runs");
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        if run.status.success() { Ok(said) } else { Err(said) }
    }

    fn write(&self, http: &str) -> PathBuf {
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};\n", self.file(kind).display()))
            .concat();
        let text = format!(
            "pid {};\nevents {{ worker_connections 512; }}\nhttp {{\naccess_log off;\n{temporary}{http}\n}}\n",
            self.file("nginx.pid").display()
        );
        let file = self.file("nginx.conf");
        fs::write(&file, text).unwrap();
        file
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Default for Nginx {
    fn default() -> Self {
        Self::new()
    }
}

fn program() -> PathBuf {
    let find = || {
        on_path(&["nginx"]).or_else(|| Some(PathBuf::from("/usr/sbin/nginx")).filter(|file| file.is_file()))
    };
    found_or_installed(find, &["nginx-light"])
        .unwrap_or_else(|| panic!("these tests need nginx: as root, apt-get install nginx-light"))
}
