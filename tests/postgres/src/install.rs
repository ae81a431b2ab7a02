//! Where the Postgres programs are, and how they come here when they are not.

use std::{
    env, fs,
    io::{Error, Result},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
};

/// The path of `initdb`, `pg_ctl` or `psql`; installs the Debian package when nothing is found.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    static INSTALLING: Mutex<()> = Mutex::new(());

    if let Some(path) = find(name) {
        return Ok(path);
    }
    let _one_at_a_time = INSTALLING.lock();
    if find(name).is_none() {
        install()?;
    }
    find(name).ok_or_else(|| Error::other(format!("{name} is not installed")))
}

/// The account to run the server as: Postgres refuses to run as root. `None` when we are nobody special.
pub(crate) fn unprivileged() -> Result<Option<(u32, u32)>> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd")?;
    let ids_of = |wanted: &str| {
        accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let (uid, gid) = (fields.nth(1)?, fields.next()?);
            (name == wanted).then_some((uid.parse().ok()?, gid.parse().ok()?))
        })
    };
    ids_of("postgres")
        .or_else(|| ids_of("nobody"))
        .map(Some)
        .ok_or_else(|| Error::other("no account to run Postgres as"))
}

/// Debian keeps the server's programs out of PATH, one folder per version: the newest wins.
fn find(name: &str) -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    let packaged = versions.into_iter().rev().map(|(_, folder)| folder);
    let path = env::var_os("PATH").unwrap_or_default();
    packaged.chain(env::split_paths(&path)).map(|folder| folder.join(name)).find(|path| Path::is_file(path))
}

fn install() -> Result<()> {
    for arguments in [["update", "-qq"].as_slice(), &["install", "-y", "-qq", "postgresql"]] {
        let status = Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()?;
        if !status.success() {
            return Err(Error::other(
                "apt-get could not install postgresql; install it, or set DATABASE_URL",
            ));
        }
    }
    Ok(())
}
