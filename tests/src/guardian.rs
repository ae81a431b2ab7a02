//! Ends what a test process leaves behind when it is itself killed (Ctrl-C, a time-out of CI) and no destructor runs.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

/// Reads what there is to end until the test process is gone, then ends it.
const SCRIPT: &str = r#"
$1 == "watch" { left[$3] = $2 }
$1 == "forget" { delete left[$3] }
END {
    for (one in left) if (left[one] != "folder") system("kill -s KILL -- " one " 2>/dev/null")
    for (one in left) if (left[one] == "folder") system("rm -rf -- " one)
}"#;

/// Tells the guardian, which has a process group of its own, so that Ctrl-C does not reach it.
fn tell(line: &str) {
    static PIPE: OnceLock<Mutex<ChildStdin>> = OnceLock::new();
    let pipe = PIPE.get_or_init(|| {
        let mut guardian = Command::new("awk");
        let started =
            guardian.arg(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0).spawn();
        Mutex::new(started.expect("awk starts").stdin.take().expect("its input is a pipe"))
    });
    // A guardian that is gone guards nothing any more; the tests do not need it.
    let _ = writeln!(pipe.lock().unwrap(), "{line}");
}

/// A child process that ends with its owner, or with the test process.
#[derive(Debug)]
pub(crate) struct Guarded {
    child: Child,
    is_group: bool,
}

impl Guarded {
    /// The process alone.
    pub(crate) fn process(child: Child) -> Self {
        tell(&format!("watch process {}", child.id()));
        Self { child, is_group: false }
    }

    /// With everything it starts: it leads a process group.
    pub(crate) fn group(child: Child) -> Self {
        tell(&format!("watch process -{}", child.id()));
        Self { child, is_group: true }
    }

    /// Its id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the process takes a signal");
    }

    /// How it ended, when it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let sign = if self.is_group { "-" } else { "" };
        if self.is_group {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        tell(&format!("forget process {sign}{}", self.child.id()));
    }
}

/// A temporary folder that goes with its owner, or with the test process.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(prefix: &str) -> Self {
        let path = TempDir::with_prefix(prefix).unwrap().keep();
        tell(&format!("watch folder {}", path.display()));
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
        tell(&format!("forget folder {}", self.0.display()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Child {
        Command::new("sleep").arg("60").process_group(0).spawn().unwrap()
    }

    #[test]
    fn what_was_watched_and_not_forgotten_is_ended() {
        let (mut alone, mut leader, mut forgotten) = (sleeper(), sleeper(), sleeper());
        let folder = TempDir::with_prefix("grantor-guarded-").unwrap().keep();
        let mut guardian = Command::new("awk").arg(SCRIPT).stdin(Stdio::piped()).spawn().unwrap();
        let lines = format!(
            "watch process {}\nwatch process -{}\nwatch process {}\nwatch folder {}\nforget process {}\n",
            alone.id(),
            leader.id(),
            forgotten.id(),
            folder.display(),
            forgotten.id()
        );
        guardian.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        assert!(guardian.wait().unwrap().success());
        assert!(!alone.wait().unwrap().success() && !leader.wait().unwrap().success());
        assert!(!folder.exists());
        assert!(forgotten.try_wait().unwrap().is_none());
        forgotten.kill().unwrap();
        forgotten.wait().unwrap();
    }
}
