//! `prompt` (OpenID Connect Core section 3.1.2.1). An unknown value is refused, because discovery
//! publishes `prompt_values_supported`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the client wants the user to be shown, whatever is remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[expect(clippy::struct_excessive_bools, reason = "a set of four independent values")]
pub struct Prompt {
    /// Show nothing: answer or fail.
    pub none: bool,
    /// Authenticate anew.
    pub login: bool,
    /// Ask for consent anew.
    pub consent: bool,
    /// Let the user choose among accounts.
    pub select_account: bool,
}

/// Why a text is no prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// A value that is not offered.
    #[error("prompt values are none, login, consent and select_account")]
    Unknown,
    /// `none` with another value.
    #[error("prompt none must stand alone")]
    NoneWithOthers,
}

impl Prompt {
    /// The values that discovery lists.
    pub const VALUES: &[&str] = &["none", "login", "consent", "select_account"];

    /// Reads a space-separated set; empty text is the empty set.
    pub fn parse(text: &str) -> Result<Self, PromptError> {
        let mut prompt = Self::default();
        for value in text.split(' ').filter(|value| !value.is_empty()) {
            match value {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                _ => return Err(PromptError::Unknown),
            }
        }
        if prompt.none && (prompt.login || prompt.consent || prompt.select_account) {
            return Err(PromptError::NoneWithOthers);
        }
        Ok(prompt)
    }

    fn values(self) -> impl Iterator<Item = &'static str> {
        let set = [self.none, self.login, self.consent, self.select_account];
        Self::VALUES.iter().zip(set).filter(|(_, is_set)| *is_set).map(|(value, _)| *value)
    }
}

impl fmt::Display for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.values().collect::<Vec<_>>().join(" "))
    }
}

impl TryFrom<String> for Prompt {
    type Error = PromptError;

    fn try_from(text: String) -> Result<Self, PromptError> {
        Self::parse(&text)
    }
}

impl From<Prompt> for String {
    fn from(prompt: Prompt) -> Self {
        prompt.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_stands_alone_and_unknown_values_are_refused() {
        for (text, expected) in [
            ("", Ok("")),
            ("none", Ok("none")),
            ("consent login", Ok("login consent")),
            ("login select_account consent", Ok("login consent select_account")),
            ("login login", Ok("login")),
            ("none login", Err(PromptError::NoneWithOthers)),
            ("consent none", Err(PromptError::NoneWithOthers)),
            ("create", Err(PromptError::Unknown)),
            ("LOGIN", Err(PromptError::Unknown)),
        ] {
            let parsed = Prompt::parse(text).map(|prompt| prompt.to_string());
            assert_eq!(parsed.as_deref().map_err(|error| *error), expected, "{text:?}");
        }
    }
}
