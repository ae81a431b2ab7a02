//! User names in one canonical form, so that two spellings a person cannot tell apart are one account:
//! NFKC, lower case, trimmed, nothing invisible, no Latin mixed with its look-alikes.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// A user name that accounts are found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Username(String);

/// Why a text is no user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsernameError {
    /// Empty, or longer than 255 bytes.
    #[error("a user name must have 1 to 255 bytes")]
    Length,
    /// A control, invisible, reordering or unassigned-use character.
    #[error("a user name must not contain control or invisible characters")]
    Invisible,
    /// Latin, Cyrillic and Greek letters in one name look alike.
    #[error("a user name must not mix Latin, Cyrillic and Greek letters")]
    MixedScripts,
}

/// Format controls, fillers, variation selectors, private use and tags: nothing that can be seen.
const INVISIBLE: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{e000}', '\u{f8ff}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{ffff}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{10ffff}'),
];

/// Scripts whose letters are drawn alike, by their blocks.
const LOOK_ALIKES: &[(u8, char, char)] = &[
    (1, 'a', 'z'),
    (1, '\u{df}', '\u{f6}'),
    (1, '\u{f8}', '\u{2af}'),
    (1, '\u{1d00}', '\u{1d25}'),
    (1, '\u{1e00}', '\u{1eff}'),
    (1, '\u{2c60}', '\u{2c7f}'),
    (1, '\u{a722}', '\u{a7ff}'),
    (2, '\u{370}', '\u{3ff}'),
    (2, '\u{1f00}', '\u{1fff}'),
    (4, '\u{400}', '\u{52f}'),
    (4, '\u{1c80}', '\u{1c8f}'),
    (4, '\u{2de0}', '\u{2dff}'),
    (4, '\u{a640}', '\u{a69f}'),
];

const LONGEST: usize = 255;

impl Username {
    /// The canonical form of `text`, or why it has none. What was typed is kept apart, for display.
    pub fn parse(text: &str) -> Result<Self, UsernameError> {
        // Folding can change a length, but never a megabyte into a user name.
        if text.len() > 4 * LONGEST {
            return Err(UsernameError::Length);
        }
        if text.trim().chars().any(is_invisible) {
            return Err(UsernameError::Invisible);
        }
        let canonical = fold(text)?;
        if canonical.is_empty() || canonical.len() > LONGEST {
            return Err(UsernameError::Length);
        }
        if canonical.chars().any(is_invisible) {
            return Err(UsernameError::Invisible);
        }
        if canonical.chars().fold(0, |scripts, character| scripts | script(character)).count_ones() > 1 {
            return Err(UsernameError::MixedScripts);
        }
        Ok(Self(canonical))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Username {
    type Error = UsernameError;

    fn try_from(text: String) -> Result<Self, UsernameError> {
        Self::parse(&text)
    }
}

impl From<Username> for String {
    fn from(username: Username) -> Self {
        username.0
    }
}

/// Letter by letter, because the lower case of a whole text depends on context (final sigma); again until
/// nothing changes, because normalising can undo what lowering did.
fn fold(text: &str) -> Result<String, UsernameError> {
    let mut folded = text.trim().to_owned();
    for _ in 0..4 {
        let lowered: String = folded.nfkc().flat_map(char::to_lowercase).nfkc().collect();
        let lowered = lowered.trim().to_owned();
        if lowered == folded {
            return Ok(folded);
        }
        folded = lowered;
    }
    Err(UsernameError::Invisible)
}

fn is_invisible(character: char) -> bool {
    character.is_control() || INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

fn script(character: char) -> u8 {
    let block = LOOK_ALIKES.iter().find(|(_, first, last)| (*first..=*last).contains(&character));
    block.map_or(0, |(script, ..)| *script)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_that_look_alike_are_one_name() {
        for (text, canonical) in [
            ("ada", "ada"),
            ("  Ada ", "ada"),
            ("ADA@Example.com", "ada@example.com"),
            ("\u{212a}elvin", "kelvin"),
            ("\u{ff21}da", "ada"),
            ("Jose\u{301}", "jos\u{e9}"),
            ("\u{fb01}n", "fin"),
            ("\u{391}\u{3a3}", "\u{3b1}\u{3c3}"),
            ("\u{412}\u{438}\u{442}\u{44f}", "\u{432}\u{438}\u{442}\u{44f}"),
            ("\u{5c71}\u{7530}taro", "\u{5c71}\u{7530}taro"),
            ("o'brien-smith_2", "o'brien-smith_2"),
        ] {
            assert_eq!(Username::parse(text).unwrap().as_str(), canonical, "{text:?}");
        }
    }

    #[test]
    fn invisible_mixed_empty_and_long_names_are_refused() {
        let long = "a".repeat(256);
        for (text, error) in [
            ("", UsernameError::Length),
            ("   ", UsernameError::Length),
            (long.as_str(), UsernameError::Length),
            ("a\0da", UsernameError::Invisible),
            ("a\nda", UsernameError::Invisible),
            ("a\u{200b}da", UsernameError::Invisible),
            ("a\u{ad}da", UsernameError::Invisible),
            ("a\u{202e}da", UsernameError::Invisible),
            ("\u{feff}ada", UsernameError::Invisible),
            ("ada\u{fe0f}", UsernameError::Invisible),
            ("\u{430}da", UsernameError::MixedScripts),
            ("p\u{3b1}ul", UsernameError::MixedScripts),
            ("\u{3b1}\u{430}", UsernameError::MixedScripts),
        ] {
            assert_eq!(Username::parse(text), Err(error), "{text:?}");
        }
        assert!(Username::parse(&"a".repeat(255)).is_ok());
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_its_own_canonical_form(text in "\\PC{1,40}") {
            if let Ok(username) = Username::parse(&text) {
                prop_assert_eq!(Username::parse(username.as_str()), Ok(username.clone()));
                prop_assert_eq!(Username::parse(&format!(" {text} ")), Ok(username));
            }
        }

        #[test]
        fn case_never_makes_another_name(text in "[a-zA-Z0-9._@-]{1,40}") {
            prop_assert_eq!(Username::parse(&text.to_uppercase()), Username::parse(&text.to_lowercase()));
        }
    }
}
