//! A root directory as the container image has it: the binary, the libraries that it names, two users, and nothing else.
//! Entered without a container engine, as the image's user, who can write in one place.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::binary::grantor;
use crate::guardian::{Folder, Guarded};
use crate::output::output_path;
use crate::process::free_port;

/// Where the image has the binary.
const BINARY: &str = "/usr/local/bin/grantor";
/// What the image's user may write to.
const STATE: &str = "/var/lib/grantor";
/// The image's user.
const USER: &str = "65532";

/// The root; it goes with the test.
#[derive(Debug)]
pub struct CleanRoot {
    /// The port of the public listener.
    pub port: u16,
    admin: u16,
    folder: Folder,
    serving: Option<Guarded>,
}

impl CleanRoot {
    /// Lays it out.
    pub fn new() -> Self {
        let root = Self {
            port: free_port(),
            admin: free_port(),
            folder: Folder::new("grantor-root-"),
            serving: None,
        };
        let named = Command::new("ldd").arg(grantor()).output().expect("ldd runs");
        let named = String::from_utf8(named.stdout).unwrap();
        let libraries = named.split_whitespace().filter(|word| word.starts_with('/'));
        for library in libraries {
            root.put(library, &fs::read(library).unwrap(), 0o555);
        }
        root.put(BINARY, &fs::read(grantor()).unwrap(), 0o555);
        root.put("/etc/passwd", format!("nonroot:x:{USER}:{USER}::/home:/none\n").as_bytes(), 0o444);
        root.put("/etc/hosts", b"127.0.0.1 localhost\n", 0o444); // engines write it
        root.put("/run/secrets/system", b"tests only: this system secret is not one\n", 0o444);
        fs::create_dir_all(root.at(STATE)).unwrap();
        let mut folders = vec![root.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            let below = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
            folders.extend(below.filter(|path| path.is_dir()));
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
        }
        fs::set_permissions(root.at(STATE), fs::Permissions::from_mode(0o755)).unwrap();
        root
    }

    /// Runs a command of the binary in it.
    pub fn runs(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("unshare runs")
    }

    /// The same with one more setting.
    pub fn runs_with(&self, name: &str, value: &str, arguments: &[&str]) -> Output {
        self.command(arguments).env(name, value).output().expect("unshare runs")
    }

    /// Starts the server in it.
    pub fn serves(&mut self) {
        let log = fs::File::create(output_path("logs/clean-root.log")).unwrap();
        let child = self.command(&["serve"]).stdout(Stdio::null()).stderr(log).spawn().expect("unshare runs");
        self.serving = Some(Guarded::process(child));
    }

    /// In a user namespace that has this one user, to whom nothing belongs any rights.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command
            .args(["--user", &format!("--map-user={USER}"), &format!("--map-group={USER}")])
            .arg(format!("--root={}", self.folder.path().display()))
            .args([&format!("--wd={STATE}"), BINARY])
            .args(arguments)
            .env_clear()
            .env("GRANTOR__ISSUER", format!("http://localhost:{}", self.port))
            .env("GRANTOR__PUBLIC__LISTEN", format!("0.0.0.0:{}", self.port))
            .env("GRANTOR__ADMIN__LISTEN", format!("127.0.0.1:{}", self.admin))
            .env("GRANTOR__SECRETS__SYSTEM_FILE", "/run/secrets/system")
            .stdin(Stdio::null());
        command
    }

    fn put(&self, path: &str, content: &[u8], mode: u32) {
        let file = self.at(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, content).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn at(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join(Path::new(path).strip_prefix("/").unwrap())
    }
}

impl Default for CleanRoot {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for CleanRoot {
    /// What may not be written to cannot be removed by everybody either.
    fn drop(&mut self) {
        drop(self.serving.take());
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o755));
            let below = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
            folders.extend(below.filter(|path| path.is_dir()));
        }
    }
}
