//! Language tags (BCP 47): their shape, and how near two of them are.

/// Whether `text` has the shape of a tag.
pub fn is_language_tag(text: &str) -> bool {
    let mut subtags = text.split('-');
    subtags.next().is_some_and(|language| {
        (1..=8).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_alphabetic())
    }) && subtags.all(|subtag| {
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Basic filtering of RFC 4647 section 3.3.1: `fr-CA` is of the language `fr`.
pub(crate) fn is_of_language(tag: &str, range: &str) -> bool {
    let (tag, range) = (tag.to_ascii_lowercase(), range.to_ascii_lowercase());
    tag.strip_prefix(&range).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The one among `offered` that serves a reader of `wanted` best: the same, else the one that begins with the most of its
/// subtags, the shortest and first of these. `None` when no language is the same.
pub fn nearest<'t, T>(
    wanted: &str,
    offered: impl IntoIterator<Item = T>,
    tag: impl Fn(&T) -> &'t str,
) -> Option<T> {
    let mut best: Option<(usize, usize, T)> = None;
    for candidate in offered {
        let common = common_subtags(wanted, tag(&candidate));
        let rest = subtags(tag(&candidate)).count() - common;
        let is_better =
            best.as_ref().is_none_or(|(most, least, _)| common > *most || (common == *most && rest < *least));
        if common > 0 && is_better {
            best = Some((common, rest, candidate));
        }
    }
    best.map(|(_, _, candidate)| candidate)
}

fn common_subtags(a: &str, b: &str) -> usize {
    subtags(a).zip(subtags(b)).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
}

/// People write `de_AT` as well.
fn subtags(tag: &str) -> impl Iterator<Item = &str> {
    tag.split(['-', '_'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_letters_first_and_short_parts() {
        for tag in ["de", "de-AT", "zh-Hant-TW", "x-own"] {
            assert!(is_language_tag(tag), "{tag}");
        }
        for text in ["", "de-", "-de", "d1", "de_AT", "deutschland", "<b>"] {
            assert!(!is_language_tag(text), "{text}");
        }
    }

    // RFC 4647 section 3.4: the longest match wins; a reader of a language gets any of its regions before another language.
    #[test]
    fn the_nearest_tag_shares_the_most_from_the_left() {
        let offered = ["en", "pt-BR", "pt-PT", "zh-Hans", "zh-Hant", "de", "de-CH"];
        for (wanted, found) in [
            ("pt-PT", Some("pt-PT")),
            ("pt", Some("pt-BR")),
            ("PT_br", Some("pt-BR")),
            ("zh-Hant-TW", Some("zh-Hant")),
            ("de-AT", Some("de")),
            ("de-CH-1996", Some("de-CH")),
            ("nl", None),
            ("", None),
            ("-en", None),
        ] {
            assert_eq!(nearest(wanted, offered, |tag| tag), found, "{wanted}");
        }
    }
}
