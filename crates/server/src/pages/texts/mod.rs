//! What the pages say, in which language. Another language is one more file beside `en.rs` and one more row of
//! [`Languages::ours`]; operators add theirs, and replace texts of ours, by configuration.

mod ar;
mod de;
mod en;
mod es;
mod fr;
mod grammar;
mod language;
mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use grammar::Grammar;
pub use language::{Direction, FooterLink, Language, Links};
pub use table::{Text, Texts, Words};

use grammar::{Inflection, Known};
use grantor_protocol::language_tag::nearest;

/// The languages the pages speak, built once at start; English first, also for everybody whose language is not here.
#[derive(Debug, Clone)]
pub struct Languages {
    english: Arc<Language>,
    others: Vec<Arc<Language>>,
}

impl Default for Languages {
    fn default() -> Self {
        let [english, others @ ..] = Self::ours();
        Self::new(english, others)
    }
}

impl Languages {
    /// The languages that come with Grantor, English first.
    pub fn ours() -> [Language; 5] {
        let ours = |tag: &str, direction, texts: Texts, inflection: &'static Inflection| Language {
            direction,
            ..Language::new(tag, texts, Grammar::Known(Known(inflection)))
        };
        [
            ours("en", Direction::LeftToRight, en::TEXTS, &en::INFLECTION),
            ours("de", Direction::LeftToRight, de::TEXTS, &de::INFLECTION),
            ours("fr", Direction::LeftToRight, fr::TEXTS, &fr::INFLECTION),
            ours("es", Direction::LeftToRight, es::TEXTS, &es::INFLECTION),
            ours("ar", Direction::RightToLeft, ar::TEXTS, &ar::INFLECTION),
        ]
    }

    /// These languages.
    pub fn new(english: Language, others: impl IntoIterator<Item = Language>) -> Self {
        Self { english: Arc::new(english), others: others.into_iter().map(Arc::new).collect() }
    }

    /// What everybody gets whose language is not here.
    pub fn english(&self) -> &Arc<Language> {
        &self.english
    }

    /// All of them, for negotiation and `ui_locales_supported`.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Language>> {
        std::iter::once(&self.english).chain(&self.others)
    }

    /// What the client asked for (`ui_locales`, OpenID Connect Core 3.1.2.1) comes before what the browser prefers.
    pub fn negotiate(&self, ui_locales: &[String], accept_language: Option<&str>) -> &Arc<Language> {
        let asked = ui_locales.iter().map(String::as_str);
        let preferred = accept_language.map(by_quality).unwrap_or_default();
        asked.chain(preferred).find_map(|tag| self.for_tag(tag)).unwrap_or(&self.english)
    }

    fn for_tag(&self, tag: &str) -> Option<&Arc<Language>> {
        nearest(tag, self.iter(), |language| &language.tag)
    }
}

/// The tags of an `Accept-Language` value (RFC 9110 section 12.5.4), best first, those with quality 0 or none that
/// can be read left out.
fn by_quality(value: &str) -> Vec<&str> {
    let mut tags: Vec<(f32, &str)> = value
        .split(',')
        .take(20)
        .filter_map(|entry| {
            let (tag, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
            let quality: f32 = weight.trim().strip_prefix(['q', 'Q'])?.strip_prefix('=')?.parse().ok()?;
            (quality > 0.0 && quality <= 1.0).then_some((quality, tag.trim()))
        })
        .collect();
    tags.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    tags.into_iter().map(|(_, tag)| tag).collect()
}
