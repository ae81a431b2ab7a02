//! Where settings come from: one TOML file, then environment variables that override it key by key.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use toml::{Table, Value};

use super::Problem;
use super::keys::{Key, Kind, is_section};

/// What an environment variable that sets a key begins with: `GRANTOR__TOKENS__ACCESS__LIFETIME`.
const PREFIX: &str = "GRANTOR__";

/// The texts a configuration is made of, not yet understood.
///
/// Relative file names in it are looked up from the working directory, as on a command line. It has no `Debug`:
/// secrets may stand in it.
#[derive(Clone, Default)]
pub struct Source {
    file: Option<(String, Result<String, String>)>,
    environment: Vec<(String, String)>,
    pub(super) fallbacks: Vec<(&'static str, Value)>,
}

impl Source {
    /// Settings from the file at `path`. That it cannot be read is told by `Config::load`, with all other problems.
    pub fn file(path: &Path) -> Self {
        let text = fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"));
        Self { file: Some((path.display().to_string(), text)), ..Self::default() }
    }

    /// Settings from `text`, in TOML.
    pub fn text(text: impl Into<String>) -> Self {
        Self { file: Some(("configuration".to_owned(), Ok(text.into()))), ..Self::default() }
    }

    /// Adds the variables among `variables` that set a key. An empty one counts as not set, because container
    /// tools pass an absent value that way.
    #[must_use]
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours =
            variables.into_iter().filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty());
        self.environment.extend(ours);
        self
    }

    /// What is used for `path` in place of its general default.
    #[must_use]
    pub(super) fn fallback(mut self, path: &'static str, value: impl Into<Value>) -> Self {
        self.fallbacks.push((path, value.into()));
        self
    }

    /// The file as TOML. Without it nothing else can be judged, so its problem is told alone.
    pub(super) fn table(&self) -> Result<Table, Problem> {
        let Some((name, text)) = &self.file else {
            return Ok(Table::new());
        };
        let parsed = text.as_deref().map_err(Clone::clone).and_then(parse);
        parsed.map_err(|message| Problem::new(name, message))
    }

    /// The value of every key that is set, the environment's before the file's.
    pub(super) fn values(&self) -> (Values, Vec<Problem>) {
        let mut values = Values::default();
        let mut problems = Vec::new();
        flatten("", self.table().unwrap_or_default(), &mut values, &mut problems);
        for (variable, text) in &self.environment {
            let path = variable.trim_start_matches(PREFIX).to_lowercase().replace("__", ".");
            match Key::at(&path) {
                None => problems.push(unknown(variable, &path)),
                Some(key) => match from_text(key.kind, text) {
                    Ok(value) => drop(values.0.insert(key.path, value)),
                    Err(message) => problems.push(Problem::new(variable, message)),
                },
            }
        }
        (values, problems)
    }
}

/// The keys that are set, with their values as TOML.
#[derive(Default)]
pub(super) struct Values(BTreeMap<&'static str, Value>);

impl Values {
    pub(super) fn at(&self, path: &str) -> Option<&Value> {
        self.0.get(path)
    }
}

/// Reads TOML; a mistake is told with its line, in one line.
pub(super) fn parse(text: &str) -> Result<Table, String> {
    text.parse::<Table>().map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        format!("line {}: {}", before.matches('\n').count() + 1, error.message())
    })
}

fn flatten(section: &str, table: Table, values: &mut Values, problems: &mut Vec<Problem>) {
    for (name, value) in table {
        let path = if section.is_empty() { name } else { format!("{section}.{name}") };
        match (Key::at(&path), value) {
            (Some(key), value) => drop(values.0.insert(key.path, value)),
            (None, Value::Table(inner)) if is_section(&path) => flatten(&path, inner, values, problems),
            (None, _) if is_section(&path) => {
                problems
                    .push(Problem::new(&path, format!("is a section: write [{path}] and its keys below")));
            }
            // Of an unknown section each key is named, since each may have its own right place.
            (None, Value::Table(inner)) if !inner.is_empty() => flatten(&path, inner, values, problems),
            (None, _) => problems.push(unknown(&path, &path)),
        }
    }
}

fn unknown(name: &str, path: &str) -> Problem {
    let nearest = Key::nearest(path).map(|key| format!("; the nearest is `{}` ({})", key.path, key.doc));
    Problem::new(name, format!("no such key{}", nearest.unwrap_or_default()))
}

/// The value an environment variable means for a key of this kind. A list is a TOML or JSON array, or parts
/// separated by commas.
fn from_text(kind: Kind, text: &str) -> Result<Value, String> {
    match kind {
        Kind::Text | Kind::Lifetime | Kind::File => Ok(Value::String(text.to_owned())),
        Kind::Boolean => text.parse().map(Value::Boolean).map_err(|_| "expected true or false".to_owned()),
        Kind::Fraction => {
            text.parse().map(Value::Float).map_err(|_| "expected a number from 0 to 1".to_owned())
        }
        Kind::Integer => text.parse().map(Value::Integer).map_err(|_| "expected a whole number".to_owned()),
        Kind::List if text.trim_start().starts_with('[') => array(text.trim()),
        Kind::List => Ok(Value::Array(
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect(),
        )),
    }
}

/// JSON first: it writes some characters as escapes that TOML does not know.
fn array(text: &str) -> Result<Value, String> {
    if let Ok(parts) = serde_json::from_str::<Vec<String>>(text) {
        return Ok(Value::Array(parts.into_iter().map(Value::from).collect()));
    }
    let mut table = parse(&format!("list = {text}"))
        .map_err(|_| "expected a list such as [\"one\", \"two\"]".to_owned())?;
    table.remove("list").ok_or_else(|| "expected a list".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, value: &str) -> (Values, Vec<Problem>) {
        Source::default().environment([(name.to_owned(), value.to_owned())]).values()
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let variables = [("GRANTOR__TOKENS__REFRESH__MAX_LIFETIME".to_owned(), "9d".to_owned())];
        let source =
            Source::text("[tokens.refresh]\nmax_lifetime = \"1d\"\nretry = \"5s\"").environment(variables);
        let (values, problems) = source.values();
        assert_eq!(problems, []);
        assert_eq!(values.at("tokens.refresh.max_lifetime").and_then(Value::as_str), Some("9d"));
        assert_eq!(values.at("tokens.refresh.retry").and_then(Value::as_str), Some("5s"));
    }

    #[test]
    fn a_list_in_the_environment_is_json_toml_or_comma_separated() {
        for text in [r#"["a","b"]"#, "['a', 'b',]", "a,b", " a , b "] {
            let (values, problems) = variable("GRANTOR__TRUSTED_PROXIES", text);
            assert_eq!(problems, [], "{text}");
            assert_eq!(values.at("trusted_proxies"), Some(&Value::from(vec!["a", "b"])), "{text}");
        }
        assert_eq!(variable("GRANTOR__TRUSTED_PROXIES", "[a").1.len(), 1);
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let (values, problems) = variable("GRANTOR__ISSUER", "");
        assert_eq!(problems, []);
        assert_eq!(values.at("issuer"), None);
    }

    #[test]
    fn other_programs_variables_are_left_alone() {
        assert_eq!(variable("GRANTOR_CONFIG", "x").1, []);
        assert_eq!(variable("PATH", "x").1, []);
    }

    #[test]
    fn an_unknown_variable_is_refused_under_its_own_name() {
        let (_, problems) = variable("GRANTOR__TOKENS__ACESS__LIFETIME", "1h");
        assert_eq!(
            problems[0].to_string(),
            "GRANTOR__TOKENS__ACESS__LIFETIME: no such key; the nearest is `tokens.access.lifetime` \
             (how long an access token is valid)"
        );
    }

    #[test]
    fn a_variable_of_the_wrong_type_is_refused() {
        assert_eq!(variable("GRANTOR__LOGIN__ACCOUNTS", "yes").1[0].message, "expected true or false");
        assert_eq!(variable("GRANTOR__LIMITS__BODY_BYTES", "1k").1[0].message, "expected a whole number");
    }

    #[test]
    fn unknown_keys_and_sections_are_refused_with_their_full_path() {
        let (_, problems) =
            Source::text("[tokens.access]\nlifetme = \"1h\"\n[servr]\nlisten = \"x\"").values();
        let lines: Vec<_> = problems.iter().map(Problem::to_string).collect();
        assert!(lines.iter().any(|line| line.starts_with("tokens.access.lifetme: no such key")), "{lines:?}");
        assert!(lines.iter().any(|line| line.starts_with("servr.listen: no such key")), "{lines:?}");
    }

    #[test]
    fn a_section_written_as_a_value_is_explained() {
        let (_, problems) = Source::text("public = 4444").values();
        assert_eq!(problems[0].to_string(), "public: is a section: write [public] and its keys below");
    }

    #[test]
    fn a_mistake_in_the_toml_names_its_line() {
        let source = Source::text("issuer = \"a\"\n[public\nlisten = 1");
        let problem = source.table().unwrap_err().to_string();
        assert!(problem.starts_with("configuration: line 2: "), "{problem}");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_problem() {
        let problem = Source::file(Path::new("/nonexistent/grantor.toml")).table().unwrap_err().to_string();
        assert!(problem.starts_with("/nonexistent/grantor.toml: cannot be read: "), "{problem}");
    }
}
