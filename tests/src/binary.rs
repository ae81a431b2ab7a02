//! The `grantor` binary: built once per test process by cargo itself, which knows what is stale.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::output::{tail, workspace};

/// Path of a current `grantor`. `GRANTOR_BINARY` names another one, for example a release build.
pub(crate) fn grantor() -> &'static Path {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BINARY.get_or_init(|| match std::env::var_os("GRANTOR_BINARY") {
        Some(path) => Ok(PathBuf::from(path)),
        None => build(), // a failure is kept too: every test would wait for the same errors again
    });
    built.as_ref().unwrap_or_else(|errors| panic!("cargo build -p grantor-cli failed:\n{errors}"))
}

/// Names of settings in the developer's own environment, which would otherwise reach servers.
pub(crate) fn foreign_settings() -> impl Iterator<Item = OsString> {
    std::env::vars_os().map(|(name, _)| name).filter(|name| name.as_encoded_bytes().starts_with(b"GRANTOR_"))
}

/// `CARGO_BIN_EXE_*` exists only inside the package that owns the binary, so cargo is asked to
/// build it and to say where it is.
fn build() -> Result<PathBuf, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
            .iter()
            .any(|p| name_text.starts_with(p))
        {
            cargo.env_remove(&name); // build scripts would see the test's package and run again
        }
    }
    let built = cargo
        .args(["build", "--quiet", "--package", "grantor-cli", "--bin", "grantor"])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(workspace())
        .stdin(Stdio::null())
        .output()
        .expect("cargo runs");
    if !built.status.success() {
        return Err(tail(&String::from_utf8_lossy(&built.stderr), 60));
    }
    let executable = String::from_utf8_lossy(&built.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "grantor")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the executable it built");
    Ok(executable)
}

/// What a command of the binary said and how it ended.
#[derive(Debug)]
pub struct CommandOutput {
    /// The arguments, for messages.
    pub command: String,
    /// How the process ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl CommandOutput {
    /// The command succeeded: itself back, else a panic that shows what it said.
    #[expect(clippy::return_self_not_must_use, reason = "most callers want only the assertion")]
    pub fn succeeded(self) -> Self {
        assert!(
            self.status.success(),
            "grantor {} ended with {}\nstdout: {}\nstderr: {}",
            self.command,
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }

    /// The command was refused: its standard error back.
    pub fn failed(self) -> String {
        assert!(!self.status.success(), "grantor {} succeeded: {}", self.command, self.stdout);
        self.stderr
    }

    /// The one JSON document on standard output of a command that succeeded.
    pub fn json(self) -> Value {
        let output = self.succeeded();
        serde_json::from_str(&output.stdout).unwrap_or_else(|fault| {
            panic!("grantor {} printed no JSON ({fault}): {}", output.command, output.stdout)
        })
    }
}
