//! The tests' Java: exact versions from `tests/java/pom.xml`, fetched and compiled when missing or when anything there
//! has changed since.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::output::{exclusively, tail};
use crate::packages::{found_or_installed, on_path};

/// The class path of the compiled relying party.
pub(crate) fn class_path() -> &'static OsString {
    static PATH: OnceLock<OsString> = OnceLock::new();
    PATH.get_or_init(|| {
        let target = exclusively("maven", build);
        std::env::join_paths([target.join("classes"), target.join("dependency/*")])
            .expect("names without a colon")
    })
}

/// The `java` program.
pub(crate) fn java() -> PathBuf {
    found_or_installed(|| on_path(&["java"]), &["openjdk-17-jdk-headless"]).unwrap_or_else(|| {
        panic!("the Java relying party needs a JDK: as root, apt-get install openjdk-17-jdk-headless")
    })
}

fn build() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("java");
    let target = folder.join("target");
    let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
    let sources = read("pom.xml") + &read("src/RelyingParty.java");
    let built = target.join("built-from");
    if fs::read_to_string(&built).is_ok_and(|text| text == sources) {
        return target;
    }
    let program = found_or_installed(|| on_path(&["mvn"]), &["maven", "openjdk-17-jdk-headless"])
        .unwrap_or_else(|| panic!("the Java relying party needs Maven: as root, apt-get install maven"));
    let maven = Command::new(program)
        .args([
            "--batch-mode",
            "--quiet",
            "compile",
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
        ])
        .current_dir(&folder)
        .output()
        .expect("mvn runs");
    let said = String::from_utf8_lossy(&maven.stdout);
    assert!(maven.status.success(), "mvn compile failed in tests/java:\n{}", tail(&said, 20));
    fs::write(built, sources).unwrap();
    target
}
