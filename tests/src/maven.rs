//! The tests' Java: exact versions from the `pom.xml` of `tests/java` and `tests/spring`, fetched and compiled when missing
//! or when anything there has changed since.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::output::{exclusively, tail};
use crate::packages::{found_or_installed, on_path};

/// The class path of the compiled relying party in this folder of `tests`.
pub(crate) fn class_path(folder: &str) -> OsString {
    static BUILT: Mutex<BTreeMap<String, OsString>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap();
    let path = built.entry(folder.to_owned()).or_insert_with(|| {
        let target = exclusively("maven", || build(folder));
        std::env::join_paths([target.join("classes"), target.join("dependency/*")])
            .expect("names without a colon")
    });
    path.clone()
}

/// The `java` program.
pub(crate) fn java() -> PathBuf {
    found_or_installed(|| on_path(&["java"]), &["openjdk-17-jdk-headless"]).unwrap_or_else(|| {
        panic!("the Java relying party needs a JDK: as root, apt-get install openjdk-17-jdk-headless")
    })
}

fn build(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let target = folder.join("target");
    let sources = fs::read_to_string(folder.join("pom.xml")).unwrap() + &texts_below(&folder.join("src"));
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
    assert!(maven.status.success(), "mvn compile failed in tests/{name}:\n{}", tail(&said, 20));
    fs::write(built, sources).unwrap();
    target
}

/// Every file below a folder, one after the other.
fn texts_below(folder: &Path) -> String {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let text = |path: &PathBuf| {
        if path.is_dir() { texts_below(path) } else { fs::read_to_string(path).unwrap() }
    };
    paths.iter().map(text).collect()
}
