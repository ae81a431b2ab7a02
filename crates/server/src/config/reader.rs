//! Takes the raw values apart, key by key, and collects everything that is wrong instead of stopping at the first.

use std::fs;
use std::path::PathBuf;

use grantor_crypto::Secret;
use grantor_protocol::Lifetime;
use sha2::{Digest, Sha256};
use toml::Value;

use super::keys::{KEYS, Key};
use super::source::{Source, Values};
use super::{Problem, Url};

/// Reads keys of one source. Every method answers `None` when the key is absent and has no default, or when it is
/// wrong; the second is also recorded, so that a caller may go on and find more.
pub(super) struct Reader<'a> {
    values: Values,
    source: &'a Source,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        let (values, problems) = source.values();
        Self { values, source, problems, warnings: Vec::new() }
    }

    pub(super) fn problem(&mut self, path: &str, message: impl Into<String>) {
        self.problems.push(Problem::new(path, message));
    }

    pub(super) fn warning(&mut self, path: &str, message: impl Into<String>) {
        self.warnings.push(Problem::new(path, message));
    }

    /// Says that a setting is understood but has no effect in this version.
    pub(super) fn not_yet(&mut self, path: &str) {
        self.warning(path, "is not in this version yet and has no effect");
    }

    /// The beginning of a digest over every key that is set and its value. Keys that may hold a secret are those that can
    /// be read from a file as well: of them counts only that they are set.
    pub(super) fn fingerprint(&self) -> String {
        let mut digest = Sha256::new();
        for key in KEYS {
            let Some(value) = self.values.at(key.path) else { continue };
            let may_be_secret = Key::at(&format!("{}_file", key.path)).is_some();
            let value = if may_be_secret { "set".to_owned() } else { value.to_string() };
            digest.update(format!("{}={value}\n", key.path));
        }
        let digest = digest.finalize();
        let beginning = digest.first_chunk::<8>().copied().unwrap_or_default();
        format!("{:016x}", u64::from_be_bytes(beginning))
    }

    /// Whether the operator set this key, in the file or the environment.
    pub(super) fn is_set(&self, path: &str) -> bool {
        self.values.at(path).is_some()
    }

    pub(super) fn text(&mut self, path: &'static str) -> Option<String> {
        self.parsed(path, |text| Ok(text.to_owned()))
    }

    /// Text that `parse` turns into something that cannot be wrong.
    pub(super) fn parsed<T>(
        &mut self,
        path: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.value(path, |value| match value {
            Value::String(text) => parse(text),
            other => Err(wrong_type("text in quotes", other)),
        })
    }

    pub(super) fn boolean(&mut self, path: &'static str) -> Option<bool> {
        self.value(path, |value| value.as_bool().ok_or_else(|| wrong_type("true or false", value)))
    }

    /// A whole number from `least` to `most`.
    pub(super) fn number(&mut self, path: &'static str, least: u32, most: u32) -> Option<u32> {
        self.value(path, |value| {
            let number = value.as_integer().ok_or_else(|| wrong_type("a whole number", value))?;
            let number = u32::try_from(number).ok().filter(|number| (least..=most).contains(number));
            number.ok_or_else(|| format!("must be between {least} and {most}"))
        })
    }

    /// A number from 0 to 1.
    pub(super) fn fraction(&mut self, path: &'static str) -> Option<f64> {
        self.value(path, |value| {
            let number = match value {
                Value::Float(number) => *number,
                Value::Integer(0) => 0.0,
                Value::Integer(1) => 1.0,
                other => return Err(wrong_type("a number from 0 to 1", other)),
            };
            (0.0..=1.0).contains(&number).then_some(number).ok_or_else(|| "must be from 0 to 1".to_owned())
        })
    }

    /// A length of time that may be nothing at all.
    pub(super) fn lifetime_or_zero(&mut self, path: &'static str) -> Option<Lifetime> {
        const EXPECTED: &str = "a length of time such as \"60s\", \"5m\", \"12h\" or \"30d\"";
        self.value(path, |value| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Integer(seconds) => seconds.to_string(),
                other => return Err(wrong_type(EXPECTED, other)),
            };
            text.parse::<Lifetime>().map_err(|_| format!("expected {EXPECTED}, found \"{text}\""))
        })
    }

    pub(super) fn lifetime(&mut self, path: &'static str) -> Option<Lifetime> {
        let lifetime = self.lifetime_or_zero(path)?;
        if lifetime.seconds() <= 0 {
            self.problem(path, "must be longer than nothing");
            return None;
        }
        Some(lifetime)
    }

    /// Records a problem at the first key when it is longer than the second.
    pub(super) fn at_most(&mut self, shorter: (&str, Option<Lifetime>), longer: (&str, Option<Lifetime>)) {
        if let (Some(short), Some(long)) = (shorter.1, longer.1)
            && short.seconds() > long.seconds()
        {
            self.problem(shorter.0, format!("is {short}, longer than {} ({long})", longer.0));
        }
    }

    /// A list whose every entry `parse` accepts; a wrong entry is reported under its place, such as `[2]`.
    pub(super) fn list<T>(
        &mut self,
        path: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let entries = self.value(path, |value| {
            let expected = "a list of texts such as [\"one\", \"two\"]";
            let entries = value.as_array().ok_or_else(|| wrong_type(expected, value))?;
            let texts = entries.iter().map(|entry| entry.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>().ok_or_else(|| format!("expected {expected}"))
        })?;
        let mut parsed = Vec::with_capacity(entries.len());
        for (place, entry) in entries.iter().enumerate() {
            match parse(entry) {
                Ok(entry) => parsed.push(entry),
                Err(message) => self.problem(&format!("{path}[{place}]"), message),
            }
        }
        (parsed.len() == entries.len()).then_some(parsed)
    }

    pub(super) fn url(&mut self, path: &'static str) -> Option<Url> {
        self.parsed(path, Url::parse)
    }

    /// The name of a file and what is in it.
    pub(super) fn file(&mut self, path: &'static str) -> Option<(PathBuf, Vec<u8>)> {
        self.parsed(path, |name| match fs::read(name) {
            Ok(bytes) => Ok((PathBuf::from(name), bytes)),
            Err(error) => Err(format!("{name} cannot be read: {error}")),
        })
    }

    /// A secret given at `inline` or as the content of the file at `in_file`, never both.
    pub(super) fn secret(&mut self, inline: &'static str, in_file: &'static str) -> Option<Secret> {
        if self.refuses_both(inline, in_file) {
            return None;
        }
        if self.is_set(in_file) {
            let text = self.secret_text(in_file)?;
            return Some(Secret::from(text.trim_end_matches(['\r', '\n']).to_owned()));
        }
        self.text(inline).map(Secret::from)
    }

    /// Secrets given as a list at `inline` or as the lines of the file at `in_file`, never both.
    pub(super) fn secrets(&mut self, inline: &'static str, in_file: &'static str) -> Vec<Secret> {
        if self.refuses_both(inline, in_file) {
            return Vec::new();
        }
        let inline = self.list(inline, |text| Ok(Secret::from(text.to_owned())));
        inline.unwrap_or_else(|| self.lines_of(in_file))
    }

    /// The secrets in the file at `in_file`, one a line; empty lines are skipped.
    pub(super) fn lines_of(&mut self, in_file: &'static str) -> Vec<Secret> {
        let text = self.secret_text(in_file).unwrap_or_default();
        let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
        lines.map(|line| Secret::from(line.to_owned())).collect()
    }

    fn refuses_both(&mut self, inline: &'static str, in_file: &'static str) -> bool {
        let both = self.is_set(inline) && self.is_set(in_file);
        if both {
            self.problem(in_file, format!("give either this or {inline}, not both"));
        }
        both
    }

    fn secret_text(&mut self, in_file: &'static str) -> Option<String> {
        let (name, bytes) = self.file(in_file)?;
        let text = String::from_utf8(bytes).ok();
        if text.is_none() {
            self.problem(in_file, format!("{} is not text in UTF-8", name.display()));
        }
        text
    }

    fn value<T>(&mut self, path: &'static str, parse: impl FnOnce(&Value) -> Result<T, String>) -> Option<T> {
        debug_assert!(Key::at(path).is_some(), "{path} is not in the table of keys");
        let fallback =
            || self.source.fallbacks.iter().find(|(at, _)| *at == path).map(|(_, value)| value.clone());
        let value = self.values.at(path).cloned().or_else(fallback).or_else(|| default(path))?;
        parse(&value).map_err(|message| self.problem(path, message)).ok()
    }
}

/// The default of the table, as the operator would have written it.
fn default(path: &str) -> Option<Value> {
    let text = Key::at(path)?.default?;
    format!("default = {text}").parse::<toml::Table>().ok()?.remove("default")
}

pub(super) fn wrong_type(expected: &str, found: &Value) -> String {
    let found = match found {
        Value::String(_) => "text",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    };
    format!("expected {expected}, found {found}")
}

#[cfg(test)]
mod tests {
    use super::super::testing::config;
    use super::*;

    #[test]
    fn the_fingerprint_tells_settings_apart_and_not_secrets() {
        let fingerprint = |text: &str| config(text).fingerprint;
        assert_eq!(
            fingerprint(""),
            fingerprint("secrets.system = ['another secret that is only used in tests']")
        );
        assert_eq!(fingerprint(""), fingerprint("# a comment"));
        assert_ne!(fingerprint(""), fingerprint("tokens.access.lifetime = '2h'"));
        assert_ne!(fingerprint(""), fingerprint("database.url = 'sqlite:other.db'"));
        assert_eq!(fingerprint("").len(), 16);
    }

    #[test]
    fn every_default_in_the_table_is_toml() {
        for key in KEYS.iter().filter(|key| key.default.is_some()) {
            assert!(default(key.path).is_some(), "{}", key.path);
        }
    }
}
