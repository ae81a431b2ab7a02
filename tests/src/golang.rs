//! The tests' Go: a program built from `tests/go` with the exact modules of its `go.sum`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::output::{exclusively, output_path, tail};
use crate::packages::on_path;

/// The compiled relying party; Go itself knows what is stale.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| exclusively("go", build))
}

fn build() -> PathBuf {
    // Debian's own is too old for the libraries, so it is not installed from there.
    let go =
        on_path(&["go"]).or_else(|| Some(PathBuf::from("/usr/local/go/bin/go")).filter(|go| go.is_file()));
    let go = go.unwrap_or_else(|| panic!("the Go relying party needs Go 1.26 or newer: https://go.dev/dl"));
    let program = output_path("go/journal");
    let built = Command::new(go)
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .env("CGO_ENABLED", "0") // less to compile on a new machine
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("go"))
        .output()
        .expect("go runs");
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "go build failed in tests/go:\n{}", tail(&errors, 20));
    program
}
