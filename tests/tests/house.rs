//! The house of design.md 1, as its manifests build it: which crate may lean on which, and which
//! library lives where. ARCHITECTURE.md draws the same table.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests report failure by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml::Table;

/// What a crate may lean on, and what must never be in its manifest (a trailing `*` stands for
/// any rest of the name).
struct Room {
    name: &'static str,
    arrows: &'static [&'static str],
    banned: &'static [&'static str],
}

const RUNTIMES_AND_SERVERS: &[&str] =
    &["axum*", "tower*", "hyper*", "sqlx*", "tokio*", "futures*", "async-*", "reqwest"];

const HOUSE: &[Room] = &[
    Room {
        name: "grantor-protocol",
        arrows: &[],
        // No async, no clock, no randomness: what the specs say is the same on every day.
        banned: &[
            "axum*",
            "tower*",
            "hyper*",
            "sqlx*",
            "tokio*",
            "futures*",
            "async-*",
            "reqwest",
            "rand*",
            "getrandom",
            "chrono",
            "time",
        ],
    },
    Room { name: "grantor-crypto", arrows: &[], banned: RUNTIMES_AND_SERVERS },
    Room {
        name: "grantor-store",
        arrows: &["grantor-protocol", "grantor-crypto"],
        banned: &["axum*", "tower*", "hyper*", "reqwest", "clap"],
    },
    Room {
        name: "grantor-server",
        arrows: &["grantor-protocol", "grantor-crypto", "grantor-store"],
        banned: &["sqlx*", "clap"],
    },
    Room {
        name: "grantor-cli",
        arrows: &["grantor-server", "grantor-store", "grantor-protocol", "grantor-crypto"],
        banned: &["sqlx*", "axum*"],
    },
];

/// Names of no crate: everything put there would have had a better place.
const NO_SUCH_ROOM: &[&str] = &["common", "util", "utils", "helpers", "types", "core", "shared", "model"];

#[test]
fn every_crate_keeps_to_its_arrows() {
    let manifests = manifests();
    for room in HOUSE {
        let manifest = manifests.get(room.name).unwrap_or_else(|| panic!("{} is a member", room.name));
        for dependency in dependencies(manifest, &["dependencies", "build-dependencies"]) {
            let inside = dependency.starts_with("grantor-");
            assert!(
                !inside || room.arrows.contains(&dependency.as_str()),
                "{} must not depend on {dependency}: its arrows are {:?} (design.md 1)",
                room.name,
                room.arrows
            );
            assert!(
                !room.banned.iter().any(|banned| matches(banned, &dependency)),
                "{} must not depend on {dependency} (design.md 1, style.md 5.1)",
                room.name
            );
        }
    }
}

#[test]
fn every_crate_of_the_product_is_in_the_table() {
    let crates = workspace().join("crates");
    let mut found: Vec<String> = fs::read_dir(crates)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut known: Vec<String> =
        HOUSE.iter().map(|room| room.name.trim_start_matches("grantor-").to_owned()).collect();
    found.sort();
    known.sort();
    assert_eq!(found, known, "a crate and this table belong together");
    assert!(!found.iter().any(|name| NO_SUCH_ROOM.contains(&name.as_str())), "{found:?}");
}

#[test]
fn only_the_store_speaks_sql() {
    for (name, manifest) in manifests() {
        // The benchmarks' bare handlers do one select or one update, to have something to compare the store with.
        if name == "grantor-benches" {
            continue;
        }
        let speaks = dependencies(&manifest, &["dependencies", "dev-dependencies", "build-dependencies"])
            .iter()
            .any(|dependency| dependency.starts_with("sqlx"));
        assert!(
            !speaks || name == "grantor-store",
            "{name} must not depend on sqlx: crates/store alone does"
        );
    }
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace_and_has_no_features() {
    for (name, manifest) in manifests() {
        let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        assert_eq!(lints.and_then(toml::Value::as_bool), Some(true), "{name}: [lints] workspace = true");
        assert!(manifest.get("features").is_none(), "{name}: no cargo features (style.md 5.5)");
    }
}

/// The engines' migrations are the same numbered files, and each pair makes the same tables, columns
/// and indices (design.md 1).
#[test]
fn both_engines_remember_the_same_things() {
    let (sqlite, postgres) = (migrations("sqlite"), migrations("postgres"));
    assert!(sqlite.keys().eq(postgres.keys()), "{:?} and {:?}", sqlite.keys(), postgres.keys());
    assert!(!sqlite.is_empty());
    for (name, statements) in &sqlite {
        assert_eq!(statements, &postgres[name], "SQLite (left) and Postgres (right) differ in {name}");
    }
}

/// While nodes are replaced one by one, those of the version before go on over the new schema: what they read stays, and what
/// they insert needs no value that they do not know (docs/operating.md, "Upgrading").
#[test]
fn a_migration_only_adds() {
    for (name, statements) in migrations("postgres") {
        for statement in statements.iter().filter(|_| !name.starts_with("0001")) {
            let takes_away = ["DROP ", "RENAME ", "ALTER COLUMN", "DELETE ", "TRUNCATE "];
            let found = takes_away.iter().find(|words| statement.to_uppercase().contains(*words));
            assert!(found.is_none(), "{name}: {found:?} in {statement}");
            let demands = statement.contains("ADD COLUMN")
                && statement.contains("NOT NULL")
                && !statement.contains("DEFAULT");
            assert!(!demands, "{name}: older nodes insert no value for {statement}");
        }
    }
}

/// Statements of every migration of an engine by file name, in words that both engines have: only
/// types and collations may differ, and only so.
fn migrations(engine: &str) -> BTreeMap<String, Vec<String>> {
    let files = fs::read_dir(workspace().join("migrations").join(engine)).unwrap();
    let read = |file: fs::DirEntry| {
        let text = fs::read_to_string(file.path()).unwrap();
        let code = text
            .lines()
            .map(|line| line.split("--").next().unwrap_or_default())
            .collect::<Vec<_>>()
            .join(" ");
        let words =
            code.replace("COLLATE \"C\"", "").replace('(', " ( ").replace(',', " , ").replace(')', " ) ");
        let statements = words.split(';').map(|statement| {
            let words = statement.split_whitespace().map(|word| match word {
                "UUID" | "BYTEA" => "BLOB",
                other => other,
            });
            words.collect::<Vec<_>>().join(" ")
        });
        let statements = statements.filter(|statement| !statement.is_empty()).collect();
        (file.file_name().into_string().unwrap(), statements)
    };
    files.map(|file| read(file.unwrap())).collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(name == pattern, |start| name.starts_with(start))
}

/// Name and manifest of every member of the workspace.
fn manifests() -> BTreeMap<String, Table> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(workspace().join("crates")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.extend(["tests", "tests/postgres", "benches"].map(|folder| workspace().join(folder)));
    let read = |folder: PathBuf| {
        let table: Table = fs::read_to_string(folder.join("Cargo.toml")).ok()?.parse().unwrap();
        Some((table["package"]["name"].as_str().unwrap().to_owned(), table))
    };
    folders.into_iter().filter_map(read).collect()
}

/// Packages that a manifest names in these tables, also below `[target.*]`, by their real names.
fn dependencies(manifest: &Table, kinds: &[&str]) -> Vec<String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let tables = targets
        .into_iter()
        .flat_map(|targets| targets.values().filter_map(toml::Value::as_table))
        .chain([manifest]);
    let mut names = Vec::new();
    for table in tables {
        for kind in kinds {
            for (name, value) in table.get(*kind).and_then(toml::Value::as_table).into_iter().flatten() {
                names.push(value.get("package").and_then(toml::Value::as_str).unwrap_or(name).to_owned());
            }
        }
    }
    names
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
