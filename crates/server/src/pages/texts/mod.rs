//! What the pages say, in which language. Another language is one more file beside `en.rs` and one more [`Language`].

mod ar;
mod counted;
mod de;
mod en;
mod es;
mod fr;
mod table;
#[cfg(test)]
mod tests;

pub use table::{ScopeText, Sentence, Texts};

/// The languages the pages speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Also for everybody whose language is not here yet.
    #[default]
    English,
    /// With "Sie".
    German,
    /// With "vous".
    French,
    /// With "usted".
    Spanish,
    /// Modern Standard Arabic, written from right to left.
    Arabic,
}

impl Language {
    /// All of them, for negotiation and `ui_locales_supported`.
    pub const ALL: [Self; 5] = [Self::English, Self::German, Self::French, Self::Spanish, Self::Arabic];

    /// The language tag (BCP 47), for the `lang` attribute.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Arabic => "ar",
        }
    }

    /// The base direction, for the `dir` attribute.
    pub fn direction(self) -> &'static str {
        match self {
            Self::English | Self::German | Self::French | Self::Spanish => "ltr",
            Self::Arabic => "rtl",
        }
    }

    /// The sentences of this language.
    pub fn texts(self) -> &'static Texts {
        match self {
            Self::English => &en::TEXTS,
            Self::German => &de::TEXTS,
            Self::French => &fr::TEXTS,
            Self::Spanish => &es::TEXTS,
            Self::Arabic => &ar::TEXTS,
        }
    }

    /// What the client asked for (`ui_locales`, OpenID Connect Core 3.1.2.1) comes before what the browser prefers.
    pub fn negotiate(ui_locales: &[String], accept_language: Option<&str>) -> Self {
        let asked = ui_locales.iter().map(String::as_str);
        let preferred = accept_language.map(by_quality).unwrap_or_default();
        asked.chain(preferred).find_map(Self::for_tag).unwrap_or_default()
    }

    fn for_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
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
