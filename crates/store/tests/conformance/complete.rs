//! Nothing is remembered in a way that the list does not prove on both engines.

use std::{fs, path::Path};

fn sources(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn every_public_method_is_called_here() {
    let tests = sources("tests/conformance").concat();
    let mut methods = Vec::new();
    for source in sources("src") {
        for line in source.lines() {
            if let Some(rest) = line.trim().strip_prefix("pub async fn ") {
                methods.push(rest.split('(').next().unwrap().to_owned());
            }
        }
    }
    assert!(methods.len() > 50, "{methods:?}");
    let missing: Vec<_> = methods
        .iter()
        .filter(|method| !tests.contains(&format!(".{method}(")) && !tests.contains(&format!("::{method}(")))
        .collect();
    assert!(missing.is_empty(), "never called: {missing:?}");
}

#[test]
fn only_the_engine_names_an_engine() {
    // Doc comments may say what differs; code may not.
    for source in sources("src") {
        if source.starts_with("//! The two SQL engines behind one face") {
            continue;
        }
        for line in source.lines().filter(|line| !line.trim().starts_with("//")) {
            let line = line.to_lowercase();
            assert!(!line.contains("sqlite") && !line.contains("postgres"), "{line}");
        }
    }
}
