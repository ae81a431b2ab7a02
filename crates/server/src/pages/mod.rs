//! The built-in pages: what an end user sees (design.md 3, conformance.md 8.2). Views are typed, so a page cannot be
//! rendered without its frame, and text that somebody else wrote cannot reach a page without being made inert.

pub mod account;
pub mod assets;
pub(crate) mod device;
pub mod texts;
pub mod theme;
pub mod views;

use std::fmt;

use assets::{AssetUrls, Picture, Stylesheet};
use texts::{Language, Languages, Texts};
use theme::Colour;

/// How the pages introduce the operator; from configuration, checked once at start.
#[derive(Debug, Clone)]
pub struct Brand {
    /// Shown at the top of every page and in its title.
    pub name: String,
    /// Colour of buttons, links and focus rings; adjusted where it would be hard to read.
    pub accent: Colour,
    /// The same on dark pages; the accent made lighter where it is not given.
    pub accent_dark: Option<Colour>,
    /// Behind the card.
    pub background: Option<Colour>,
    /// The same on dark pages.
    pub background_dark: Option<Colour>,
    /// Shown beside the name; without one our own mark in the accent colour.
    pub logo: Option<Picture>,
    /// The same on dark pages.
    pub logo_dark: Option<Picture>,
    /// Whether the logo says the name, so that it is not written beside it.
    pub logo_has_name: bool,
    /// Favicon; without one our own mark in the accent colour.
    pub icon: Option<Picture>,
    /// Rules that come after ours.
    pub stylesheet: Option<Stylesheet>,
    /// What the pages say, in which languages, and the links at their foot.
    pub languages: Languages,
}

impl Default for Brand {
    fn default() -> Self {
        Self {
            name: "Grantor".to_owned(),
            accent: Colour::DEFAULT_ACCENT,
            accent_dark: None,
            background: None,
            background_dark: None,
            logo: None,
            logo_dark: None,
            logo_has_name: false,
            icon: None,
            stylesheet: None,
            languages: Languages::default(),
        }
    }
}

/// The frame that all views share.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// Decides sentences, `lang` and `dir`.
    pub language: &'a Language,
    /// Whose pages these are.
    pub brand: &'a Brand,
    /// Where style sheets and pictures are served.
    pub assets: &'a AssetUrls,
    /// Leads from a screenshot to the log event.
    pub trace_id: &'a str,
}

impl<'a> Page<'a> {
    /// The texts of this page's language.
    pub fn t(&self) -> &'a Texts {
        &self.language.texts
    }

    /// Whether the name need not be written beside the logo.
    pub fn logo_says_name(&self) -> bool {
        self.brand.logo_has_name && self.brand.logo.is_some()
    }

    /// The same frame for a page that is not translated: its `lang` and `dir` must not promise otherwise.
    #[must_use]
    pub fn in_english(self) -> Self {
        Self { language: self.brand.languages.english(), ..self }
    }
}

/// Text that a client, a user or a request supplied, for display only: characters that hide or reorder text are gone,
/// white space is folded, the length is capped (security.md T153). Templates put it in `<bdi>`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Foreign(String);

impl Foreign {
    /// What a name or scope may take on a page before it ends in an ellipsis.
    pub const SHOWN: usize = 80;
    /// What an input holds at most; nothing is marked, since the value is posted back.
    pub const TYPED: usize = 255;
    /// More marks than this on one letter only serve to paint over the lines around it.
    const MARKS: usize = 4;

    /// `text` as a page may show it, at most [`Self::SHOWN`] characters.
    pub fn shown(text: &str) -> Self {
        let clean = inert(text, Self::SHOWN + 1);
        if clean.chars().count() <= Self::SHOWN {
            return Self(clean);
        }
        let mut cut: String = clean.chars().take(Self::SHOWN - 1).collect();
        cut.truncate(cut.trim_end().len());
        cut.push('…');
        Self(cut)
    }

    /// `text` as an input may be prefilled with it.
    pub fn typed(text: &str) -> Self {
        Self(inert(text, Self::TYPED))
    }

    /// The first of `candidates` with anything left to see, as [`Self::shown`].
    pub fn first_shown<'t>(candidates: impl IntoIterator<Item = &'t str>) -> Self {
        candidates.into_iter().map(Self::shown).find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// Whether nothing visible was left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The letter that stands for this name where there is no picture.
    pub fn initial(&self) -> String {
        let letter = self.0.chars().find(|c| c.is_alphanumeric());
        letter.map_or_else(|| "•".to_owned(), |c| c.to_uppercase().collect())
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn inert(text: &str, cap: usize) -> String {
    let mut clean = String::new();
    let (mut length, mut marks, mut previous) = (0, 0, ' ');
    for character in text.chars() {
        let character = if character.is_whitespace() { ' ' } else { character };
        // Persian and Indic words and composed emoji need the joiners; in Latin text they only hide differences.
        let joiner = matches!(character, '\u{200C}' | '\u{200D}');
        let folded = character == ' ' && previous == ' ';
        if folded || hides_or_reorders(character) || (joiner && previous.is_ascii()) {
            continue;
        }
        marks = if is_mark(character) { marks + 1 } else { 0 };
        if marks > Foreign::MARKS {
            continue;
        }
        if length == cap {
            break;
        }
        clean.push(character);
        length += 1;
        previous = character;
    }
    clean.truncate(clean.trim_end().len());
    clean
}

fn hides_or_reorders(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
                | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
                | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}'
        )
}

fn is_mark(character: char) -> bool {
    matches!(character, '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

#[cfg(test)]
mod tests {
    use super::Foreign;

    #[test]
    fn foreign_text_keeps_what_people_write_and_loses_what_deceives() {
        let zalgo = format!("Z{}", "\u{0301}".repeat(40));
        for (given, shown) in [
            ("Photo Album", "Photo Album"),
            ("  a\t\n  b  ", "a b"),
            ("Goo\u{200B}gle \u{202E}evil\u{202C}", "Google evil"),
            ("Goo\u{200D}gle", "Google"),
            ("می\u{200C}خواهم", "می\u{200C}خواهم"),
            ("👩\u{200D}🔧 tools", "👩\u{200D}🔧 tools"),
            ("\u{0}\u{1b}[31mred", "[31mred"),
            (zalgo.as_str(), "Z\u{0301}\u{0301}\u{0301}\u{0301}"),
            ("\u{FEFF}\u{2066}", ""),
        ] {
            assert_eq!(Foreign::shown(given).to_string(), shown, "{given:?}");
        }
    }

    #[test]
    fn foreign_text_is_capped() {
        let long = "é".repeat(10_000);
        assert_eq!(Foreign::shown(&long).to_string().chars().count(), Foreign::SHOWN);
        assert!(Foreign::shown(&long).to_string().ends_with('…'));
        assert_eq!(Foreign::typed(&long).to_string(), "é".repeat(Foreign::TYPED));
        assert_eq!(Foreign::shown(&"x".repeat(Foreign::SHOWN)).to_string(), "x".repeat(Foreign::SHOWN));
    }

    #[test]
    fn a_name_of_nothing_gives_way_to_the_next_candidate() {
        assert_eq!(Foreign::first_shown(["\u{200B}", "client-7"]).to_string(), "client-7");
        assert_eq!(Foreign::shown("«élan»").initial(), "É");
        assert_eq!(Foreign::shown("!").initial(), "•");
    }
}
