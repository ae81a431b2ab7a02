//! `config/grantor.example.toml` and the table of keys say the same thing, and both development files load.

use toml::{Table, Value};

use super::keys::{KEYS, Key, Kind};
use super::testing::Files;
use super::{Config, Source};

const EXAMPLE: &str = include_str!("../../../../config/grantor.example.toml");
const DEVELOPMENT: &str = include_str!("../../../../config/grantor.dev.toml");

const PEM: &str = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n\
                   -----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
const JWKS: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
const SECRET: &str = "a-secret-that-is-only-used-in-tests";

/// A setting of the example, whether it is commented out or not.
struct Setting {
    path: String,
    value: &'static str,
}

fn settings() -> Vec<Setting> {
    let mut section = String::new();
    let mut settings = Vec::new();
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_end_matches(']'));
        }
        let Some((name, value)) = line.trim_start_matches("# ").split_once(" = ") else {
            continue;
        };
        if name.chars().all(|c| c.is_ascii_lowercase() || "_.".contains(c)) {
            settings.push(Setting { path: format!("{section}{name}"), value });
        }
    }
    settings
}

/// The whole example in force, with files that exist, except for the settings that `left_out` picks.
fn in_force(files: &Files, left_out: impl Fn(&str) -> bool) -> String {
    let root = rcgen::generate_simple_self_signed(["root.example".to_owned()]).unwrap().cert.pem();
    let mut lines = Vec::new();
    for Setting { path, value } in settings() {
        if left_out(&path) {
            continue;
        }
        let is_file = Key::at(&path).is_some_and(|key| key.kind == Kind::File);
        let content = match path.as_str() {
            "brand.stylesheet" => ".card { border-radius: 0 }",
            "brand.texts" => "[de]\nlogin_title = 'Willkommen'",
            _ if path.starts_with("brand.") => "<svg xmlns='http://www.w3.org/2000/svg'/>",
            "database.url_file" => "postgres://grantor@db/grantor\n",
            "outbound.ca_file" => &root,
            "traces.headers_file" => "authorization: Bearer of-a-collector\n",
            _ if path.starts_with("public.tls") => PEM,
            _ => SECRET,
        };
        match path.as_str() {
            "registration.software_statement_issuers" => {
                lines.push(format!("{path} = ['https://issuer.example={}']", files.write("jwks", JWKS)));
            }
            "secrets.system" => lines.push(format!("{path} = ['{SECRET}']")),
            _ if is_file => lines.push(format!("{path} = '{}'", files.write(&path, content))),
            _ => lines.push(format!("{path} = {value}")),
        }
    }
    lines.join("\n")
}

fn problems(text: &str) -> Vec<String> {
    let problems = Config::load(&Source::text(text)).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn the_example_and_the_parser_know_the_same_keys_in_the_same_order() {
    let in_example: Vec<_> = settings().into_iter().map(|setting| setting.path).collect();
    let in_parser: Vec<_> = KEYS.iter().map(|key| key.path.to_owned()).collect();
    let missing: Vec<_> = in_parser.iter().filter(|path| !in_example.contains(path)).collect();
    let unknown: Vec<_> = in_example.iter().filter(|path| !in_parser.contains(path)).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "not in the example: {missing:?}; unknown: {unknown:?}"
    );
    let mut sorted = in_example.clone();
    sorted.sort_by_key(|path| in_parser.iter().position(|known| known == path));
    assert_eq!(in_example, sorted);
    assert_eq!(in_example.len(), in_parser.len(), "a key stands twice in the example");
}

#[test]
fn the_example_shows_the_defaults_that_are_used() {
    for Setting { path, value } in settings() {
        if let Some(default) = Key::at(&path).and_then(|key| key.default) {
            assert_eq!(value, default, "{path}");
        }
    }
}

#[test]
fn every_setting_of_the_example_is_legal() {
    let files = Files::new();
    let pairs = ["database.url", "secrets.system", "registration.initial_access_tokens", "traces.headers"];
    let in_files = in_force(&files, |path| pairs.contains(&path));
    assert_eq!(problems(&in_files), [""; 0]);
    let inline =
        in_force(&files, |path| path.strip_suffix("_file").is_some_and(|inline| pairs.contains(&inline)));
    assert_eq!(problems(&inline), [""; 0]);
    assert_eq!(problems(&in_force(&files, |_| false)).len(), pairs.len(), "each secret in both places");
}

#[test]
fn the_example_as_it_is_lacks_only_a_secret_and_its_placeholder_is_refused() {
    let lines = problems(EXAMPLE);
    assert!(lines.len() == 1 && lines[0].starts_with("secrets.system: needs"), "{lines:?}");
    let lines = problems(&EXAMPLE.replace("# system = ", "system = "));
    assert!(lines.len() == 1 && lines[0].starts_with("secrets.system[0]: "), "{lines:?}");
}

#[test]
fn the_sections_of_the_example_are_the_sections_of_the_keys() {
    let table: Table = EXAMPLE.parse().unwrap();
    let sections = table.iter().filter(|(_, value)| matches!(value, Value::Table(_)));
    for (section, _) in sections {
        assert!(super::keys::is_section(section), "{section}");
    }
}

#[test]
fn the_development_file_loads_on_a_loopback_host() {
    let config = Config::load(&Source::text(DEVELOPMENT)).unwrap();
    assert!(config.issuer.is_loopback() && config.public.listen.ip().is_loopback());
    assert_eq!(config.warnings, []);
}
