//! Who still needs a cluster. Every user holds a shared lock on one file; a watcher process waits until it
//! can have that lock alone. A killed test loses its lock like any other, so nothing is left running.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Error, Result},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::install;

/// The lock files of one cluster.
#[derive(Debug)]
pub(crate) struct Lease {
    folder: PathBuf,
    /// Held shared until this value or the process ends.
    _user: File,
}

impl Lease {
    /// Becomes a user of the cluster whose locks live in `folder`; waits while a watcher is removing it.
    pub(crate) fn take(folder: PathBuf) -> Result<Lease> {
        fs::create_dir_all(&folder)?;
        let user = open(&folder.join("users.lock"))?;
        user.lock_shared()?;
        Ok(Lease { folder, _user: user })
    }

    /// Keeps other users out while this one looks at the cluster and starts it.
    pub(crate) fn exclusive_start(&self) -> Result<File> {
        let starting = open(&self.folder.join("start.lock"))?;
        starting.lock()?;
        Ok(starting)
    }

    /// Sees to it that somebody removes `cluster` once its last user has been gone for `grace` seconds.
    pub(crate) fn watch(&self, cluster: &Path, grace: u32) -> Result<()> {
        let watcher = open(&self.folder.join("watcher.lock"))?;
        match watcher.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut command = Command::new("/bin/sh");
        command
            .arg("-c")
            .arg(WATCHER)
            .arg("grantor-test-postgres")
            .arg(cluster)
            .arg(install::program("pg_ctl")?)
            .arg(grace.to_string())
            .current_dir("/")
            // The locks travel as open files, so the watcher needs no right to their folder.
            .stdin(Stdio::from(open(&self.folder.join("users.lock"))?))
            .stdout(Stdio::from(watcher))
            .stderr(Stdio::null())
            // Of its own group: ctrl-c on the tests must not take the watcher along.
            .process_group(0);
        if let Some((uid, gid)) = install::unprivileged()? {
            command.uid(uid).gid(gid);
        }
        command.spawn().map(drop).map_err(|error| Error::other(format!("cannot watch the cluster: {error}")))
    }
}

/// Waits for the last user, then for `grace` more seconds in which nobody came, and removes the cluster.
const WATCHER: &str = r#"
while :; do
    flock --exclusive 0
    flock --unlock 0
    sleep "$3"
    if flock --exclusive --nonblock 0; then
        "$2" stop --pgdata "$1/data" --mode immediate --silent
        rm -rf "$1"
        exit 0
    fi
done
"#;

fn open(path: &Path) -> Result<File> {
    OpenOptions::new().create(true).read(true).append(true).open(path)
}
