//! What every language has to keep to.

use grantor_protocol::{CivilTime, Timestamp};

use super::*;

/// All that a field can say, for tests that read every sentence of a language.
pub(super) trait Spoken {
    fn spoken(&self) -> String;
}

impl Spoken for &'static str {
    fn spoken(&self) -> String {
        (*self).to_owned()
    }
}

impl Spoken for Sentence {
    fn spoken(&self) -> String {
        self.0.to_owned()
    }
}

impl Spoken for ScopeText {
    fn spoken(&self) -> String {
        format!("{} | {}", self.title, self.detail)
    }
}

impl Spoken for fn(u64) -> String {
    fn spoken(&self) -> String {
        [1, 2, 3, 11, 60, 100, 6000].map(self).join(" | ")
    }
}

impl Spoken for fn(i64) -> String {
    fn spoken(&self) -> String {
        [0, 600, 3600, 7200, 86_400, 172_800, 864_000].map(self).join(" | ")
    }
}

impl Spoken for fn(CivilTime) -> String {
    fn spoken(&self) -> String {
        (0..12).map(|month| self(CivilTime::of(Timestamp(month * 2_629_800)))).collect::<Vec<_>>().join(" | ")
    }
}

impl Spoken for fn(&str, &str) -> String {
    fn spoken(&self) -> String {
        format!("{} | {}", self("\u{2022}", "\u{2022}"), self("\u{2022}", "iPhone"))
            .replace("iPhone", "\u{2022}")
    }
}

const OTHERS: [Language; 4] = [Language::German, Language::French, Language::Spanish, Language::Arabic];

fn negotiated(ui_locales: &[&str], accepted: &str) -> Language {
    let locales: Vec<String> = ui_locales.iter().map(|tag| (*tag).to_owned()).collect();
    Language::negotiate(&locales, Some(accepted))
}

#[test]
fn what_the_client_asks_for_comes_before_what_the_browser_prefers() {
    for (locales, accepted, language) in [
        (&["fr"] as &[&str], "de", Language::French),
        (&["fr-CA", "fr", "en"], "de", Language::French),
        (&["se", "es"], "de", Language::Spanish),
        (&["se"], "de-AT", Language::German),
        (&["en-GB"], "fr", Language::English),
        (&[], "ar-EG, fr;q=0.9", Language::Arabic),
    ] {
        assert_eq!(negotiated(locales, accepted), language, "{locales:?} {accepted}");
    }
    assert_eq!(Language::negotiate(&["DE_ch".to_owned()], None), Language::German);
    assert_eq!(Language::negotiate(&[], None), Language::English);
}

#[test]
fn accept_language_is_read_by_quality() {
    for (accepted, language) in [
        ("de-AT", Language::German),
        ("DE", Language::German),
        ("de-Latn-AT-1996", Language::German),
        ("en;q=0.1, es;q=0.9", Language::Spanish),
        ("fr;q=0.5,de;q=0.5", Language::French),
        ("nl, da;q=0.9, fr;q=0.2", Language::French),
        ("de;q=0, es;q=0.001", Language::Spanish),
        ("de; Q=0.3 , fr;q=0.2", Language::German),
        ("*, de;q=0.5", Language::German),
        ("*", Language::English),
    ] {
        assert_eq!(negotiated(&[], accepted), language, "{accepted}");
    }
}

#[test]
fn what_is_unknown_or_malformed_falls_back_to_english() {
    for accepted in [
        "",
        "xx",
        "deutsch",
        "d",
        "de;q=0",
        "de;q=9",
        "de;q=-1",
        "de;q=nan",
        "de;q=inf",
        "de;q=",
        "de;q",
        "de;v=1",
        ",;q=,;;q=x,en;q=nan",
        "-de",
        "<script>de</script>",
    ] {
        assert_eq!(negotiated(&[], accepted), Language::English, "{accepted}");
    }
    let many = vec!["<script>".to_owned(); 1000];
    assert_eq!(Language::negotiate(&many, Some(&"xx,".repeat(1000))), Language::English);
}

#[test]
fn every_language_has_a_tag_and_a_direction_of_its_own() {
    let tags = Language::ALL.map(Language::tag);
    assert_eq!(tags, ["en", "de", "fr", "es", "ar"]);
    assert_eq!(Language::ALL.map(Language::direction), ["ltr", "ltr", "ltr", "ltr", "rtl"]);
    for language in Language::ALL {
        assert_eq!(negotiated(&[language.tag()], ""), language);
    }
}

#[test]
fn no_sentence_is_left_in_english() {
    let english = Language::English.texts().spoken();
    for language in OTHERS {
        for ((name, ours), (_, original)) in language.texts().spoken().iter().zip(&english) {
            let same = matches!((language, *name), (_, "comma") | (Language::Spanish, "error_prefix"));
            assert!(same || ours != original, "{}: {name}: {ours}", language.tag());
            assert!(!ours.trim().is_empty(), "{}: {name}", language.tag());
        }
    }
}

#[test]
fn every_gap_is_there_once_in_every_language() {
    for language in Language::ALL {
        for ((name, ours), (_, original)) in
            language.texts().spoken().iter().zip(Language::English.texts().spoken())
        {
            assert_eq!(
                ours.matches("{}").count(),
                original.matches("{}").count(),
                "{}: {name}",
                language.tag()
            );
            assert_eq!(ours.matches(['{', '}']).count() % 2, 0, "{}: {name}: {ours}", language.tag());
            assert_eq!(
                ours.matches('8').count() > 0,
                original.contains('8'),
                "{}: {name}: {ours}",
                language.tag()
            );
        }
    }
}

#[test]
fn every_language_has_its_typography() {
    for language in Language::ALL {
        for (name, text) in language.texts().spoken() {
            let place = format!("{}: {name}: {text}", language.tag());
            assert!(!text.contains(['\'', '"', '\t', '\n']) && !text.contains("  "), "{place}");
            assert!(!text.ends_with(' ') || name == "comma", "{place}");
            let preceded = |mark: char, by: char| {
                text.char_indices().filter(|(_, c)| *c == mark).all(|(at, _)| text[..at].ends_with(by))
            };
            match language {
                Language::English | Language::German => {}
                Language::French => {
                    for mark in ['?', '!', ';'] {
                        assert!(preceded(mark, '\u{202F}'), "{place}");
                    }
                    assert!(preceded(':', '\u{A0}'), "{place}");
                }
                Language::Spanish => {
                    assert_eq!(text.matches('?').count(), text.matches('¿').count(), "{place}");
                    assert_eq!(text.matches('!').count(), text.matches('¡').count(), "{place}");
                }
                Language::Arabic => {
                    assert!(!text.contains(['?', ',', ';']), "{place}");
                    assert!(!text.chars().any(|c| c.is_ascii_alphabetic()), "{place}");
                }
            }
        }
    }
}

#[test]
fn waiting_times_read_well() {
    for (language, seconds, words) in [
        (Language::English, 0, "Wait 1 second and"),
        (Language::English, 30, "Wait 30 seconds and"),
        (Language::English, 150, "Wait 3 minutes and"),
        (Language::German, 1, "Warten Sie 1 Sekunde und"),
        (Language::German, 150, "Warten Sie 3 Minuten und"),
        (Language::French, 1, "Patientez 1\u{A0}seconde, puis"),
        (Language::French, 89, "Patientez 89\u{A0}secondes, puis"),
        (Language::Spanish, 1, "Espere 1 segundo e"),
        (Language::Spanish, 90, "Espere 2 minutos e"),
        (Language::Arabic, 1, "الانتظار ثانية واحدة ثم"),
        (Language::Arabic, 2, "الانتظار ثانيتين ثم"),
        (Language::Arabic, 5, "الانتظار 5 ثوانٍ ثم"),
        (Language::Arabic, 16, "الانتظار 16 ثانية ثم"),
        (Language::Arabic, 150, "الانتظار 3 دقائق ثم"),
    ] {
        let text = (language.texts().login_too_many)(seconds);
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn dates_read_well() {
    for (at, words) in [
        (
            951_782_400,
            [
                "29 February 2000",
                "29. Februar 2000",
                "29 février 2000",
                "29 de febrero de 2000",
                "29 فبراير 2000",
            ],
        ),
        (
            1_785_542_400,
            ["1 August 2026", "1. August 2026", "1er août 2026", "1 de agosto de 2026", "1 أغسطس 2026"],
        ),
    ] {
        for (language, words) in Language::ALL.into_iter().zip(words) {
            assert_eq!((language.texts().date)(CivilTime::of(Timestamp(at))), words);
        }
    }
}

#[test]
fn ages_read_well() {
    for (seconds, words) in [
        (-5, ["just now", "gerade eben", "à l’instant", "ahora mismo", "قبل لحظات"]),
        (599, ["just now", "gerade eben", "à l’instant", "ahora mismo", "قبل لحظات"]),
        (
            600,
            ["10 minutes ago", "vor 10 Minuten", "il y a 10\u{A0}minutes", "hace 10 minutos", "قبل 10 دقائق"],
        ),
        (3600, ["1 hour ago", "vor 1 Stunde", "il y a 1\u{A0}heure", "hace 1 hora", "قبل ساعة واحدة"]),
        (86_399, ["23 hours ago", "vor 23 Stunden", "il y a 23\u{A0}heures", "hace 23 horas", "قبل 23 ساعة"]),
        (172_800, ["2 days ago", "vor 2 Tagen", "il y a 2\u{A0}jours", "hace 2 días", "قبل يومين"]),
        (1_000_000, ["11 days ago", "vor 11 Tagen", "il y a 11\u{A0}jours", "hace 11 días", "قبل 11 يومًا"]),
        (
            8_640_000,
            ["100 days ago", "vor 100 Tagen", "il y a 100\u{A0}jours", "hace 100 días", "قبل 100 يوم"],
        ),
    ] {
        for (language, words) in Language::ALL.into_iter().zip(words) {
            assert_eq!((language.texts().ago)(seconds), words);
        }
    }
}

#[test]
fn a_sentence_is_split_at_its_gap() {
    let sentence = Sentence("a {} b");
    assert_eq!((sentence.before(), sentence.after()), ("a ", " b"));
}
