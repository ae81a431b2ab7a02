//! The compose file as `docker compose` reads it: by compose-go, its own library, which needs no container engine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::output::{exclusively, output_path, tail, workspace};
use crate::packages::on_path;

/// The project that a file of the workspace describes with these variables (`NAME=value`), or what is wrong with it.
pub fn compose_project(file: &str, variables: &[&str]) -> Result<Value, String> {
    let run = Command::new(reader()).arg(workspace().join(file)).args(variables).output().expect("it runs");
    if run.status.success() {
        Ok(serde_json::from_slice(&run.stdout).expect("it prints JSON"))
    } else {
        Err(String::from_utf8_lossy(&run.stderr).into_owned())
    }
}

fn reader() -> &'static Path {
    static READER: OnceLock<PathBuf> = OnceLock::new();
    READER.get_or_init(|| {
        let go = on_path(&["go"])
            .or_else(|| Some(PathBuf::from("/usr/local/go/bin/go")).filter(|go| go.is_file()));
        let go = go
            .unwrap_or_else(|| panic!("reading the compose file needs Go 1.24 or newer: https://go.dev/dl"));
        let program = output_path("compose-reader");
        let built = exclusively("go-compose", || {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("compose");
            Command::new(go).arg("build").arg("-o").arg(&program).arg(".").current_dir(folder).output()
        });
        let built = built.expect("go runs");
        let errors = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success(), "go build failed in tests/compose:\n{}", tail(&errors, 20));
        program
    })
}
