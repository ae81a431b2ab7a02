//! What every language has to keep to.

use grantor_protocol::Timestamp;

use super::grammar::{Amount, Grammar};
use super::*;

/// Every text of a language by its key.
fn spoken(language: &Language) -> Vec<(&'static str, &str)> {
    Texts::KEYS.iter().map(|key| (*key, language.texts.at(key).unwrap().as_str())).collect()
}

/// What the forms of a language say, for the tests that read every word of it.
fn inflected(grammar: Grammar) -> Vec<String> {
    let waits = [1, 2, 3, 11, 60, 100, 6000].map(|seconds| grammar.wait(seconds));
    let now = Timestamp(1_800_000_000);
    let ages =
        [0, 600, 3600, 7200, 86_400, 172_800, 864_000].map(|age| grammar.ago(Timestamp(now.0 - age), now));
    let months = (0..12).map(|month| grammar.date(Timestamp(month * 2_629_800)));
    waits.into_iter().chain(ages).chain(months).collect()
}

fn negotiated(ui_locales: &[&str], accepted: &str) -> String {
    let locales: Vec<String> = ui_locales.iter().map(|tag| (*tag).to_owned()).collect();
    Languages::default().negotiate(&locales, Some(accepted)).tag.clone()
}

#[test]
fn what_the_client_asks_for_comes_before_what_the_browser_prefers() {
    for (locales, accepted, language) in [
        (&["fr"] as &[&str], "de", "fr"),
        (&["fr-CA", "fr", "en"], "de", "fr"),
        (&["se", "es"], "de", "es"),
        (&["se"], "de-AT", "de"),
        (&["en-GB"], "fr", "en"),
        (&[], "ar-EG, fr;q=0.9", "ar"),
    ] {
        assert_eq!(negotiated(locales, accepted), language, "{locales:?} {accepted}");
    }
    assert_eq!(negotiated(&["DE_ch"], ""), "de");
    assert_eq!(Languages::default().negotiate(&[], None).tag, "en");
}

#[test]
fn accept_language_is_read_by_quality() {
    for (accepted, language) in [
        ("de-AT", "de"),
        ("DE", "de"),
        ("de-Latn-AT-1996", "de"),
        ("en;q=0.1, es;q=0.9", "es"),
        ("fr;q=0.5,de;q=0.5", "fr"),
        ("nl, da;q=0.9, fr;q=0.2", "fr"),
        ("de;q=0, es;q=0.001", "es"),
        ("de; Q=0.3 , fr;q=0.2", "de"),
        ("*, de;q=0.5", "de"),
        ("*", "en"),
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
        assert_eq!(negotiated(&[], accepted), "en", "{accepted}");
    }
    assert_eq!(negotiated(&["<script>"; 1000], &"xx,".repeat(1000)), "en");
}

#[test]
fn every_language_has_a_tag_and_a_direction_of_its_own() {
    let ours = Languages::ours();
    assert_eq!(ours.each_ref().map(|language| language.tag.as_str()), ["en", "de", "fr", "es", "ar"]);
    assert_eq!(
        ours.each_ref().map(|language| language.direction.name()),
        ["ltr", "ltr", "ltr", "ltr", "rtl"]
    );
    for language in &ours {
        assert_eq!(negotiated(&[&language.tag], ""), language.tag);
    }
}

#[test]
fn no_sentence_is_left_in_english() {
    let [english, others @ ..] = Languages::ours();
    for language in &others {
        for ((name, ours), (_, original)) in spoken(language).into_iter().zip(spoken(&english)) {
            let same = matches!((language.tag.as_str(), name), (_, "comma") | ("es", "error_prefix"));
            assert!(same || ours != original, "{}: {name}: {ours}", language.tag);
            assert!(!ours.trim().is_empty(), "{}: {name}", language.tag);
        }
        assert!(inflected(language.grammar).iter().all(|said| !inflected(english.grammar).contains(said)));
    }
}

#[test]
fn every_gap_is_there_once_in_every_language() {
    let [english, ..] = Languages::ours();
    for language in Languages::ours() {
        for ((name, ours), (_, original)) in spoken(&language).into_iter().zip(spoken(&english)) {
            let text = english.texts.at(name).unwrap();
            assert_eq!(text.replaced_by(ours).err(), None, "{}: {name}", language.tag);
            assert_eq!(ours.contains('8'), original.contains('8'), "{}: {name}: {ours}", language.tag);
        }
    }
}

#[test]
fn every_language_has_its_typography() {
    for language in Languages::ours() {
        let texts = spoken(&language).into_iter().map(|(name, text)| (name, text.to_owned()));
        let texts = texts.chain(inflected(language.grammar).into_iter().map(|text| ("grammar", text)));
        for (name, text) in texts {
            let place = format!("{}: {name}: {text}", language.tag);
            let gap = language.texts.at(name).and_then(Text::gap);
            let text = gap.map_or(text.clone(), |gap| text.replace(&format!("{{{gap}}}"), "\u{2022}"));
            assert!(!text.contains(['\'', '"', '\t', '\n']) && !text.contains("  "), "{place}");
            assert!(!text.ends_with(' ') || name == "comma", "{place}");
            let preceded = |mark: char, by: char| {
                text.char_indices().filter(|(_, c)| *c == mark).all(|(at, _)| text[..at].ends_with(by))
            };
            match language.tag.as_str() {
                "fr" => {
                    for mark in ['?', '!', ';'] {
                        assert!(preceded(mark, '\u{202F}'), "{place}");
                    }
                    assert!(preceded(':', '\u{A0}'), "{place}");
                }
                "es" => {
                    assert_eq!(text.matches('?').count(), text.matches('¿').count(), "{place}");
                    assert_eq!(text.matches('!').count(), text.matches('¡').count(), "{place}");
                }
                "ar" => {
                    assert!(!text.contains(['?', ',', ';']), "{place}");
                    assert!(!text.chars().any(|c| c.is_ascii_alphabetic()), "{place}");
                }
                _ => {}
            }
        }
    }
}

fn ours(tag: &str) -> Language {
    Languages::ours().into_iter().find(|language| language.tag == tag).unwrap()
}

#[test]
fn waiting_times_read_well() {
    for (language, seconds, words) in [
        ("en", 0, "Wait 1 second and"),
        ("en", 30, "Wait 30 seconds and"),
        ("en", 150, "Wait 3 minutes and"),
        ("de", 1, "Warten Sie 1 Sekunde und"),
        ("de", 150, "Warten Sie 3 Minuten und"),
        ("fr", 1, "Patientez 1\u{A0}seconde, puis"),
        ("fr", 89, "Patientez 89\u{A0}secondes, puis"),
        ("es", 1, "Espere 1 segundo e"),
        ("es", 90, "Espere 2 minutos e"),
        ("ar", 1, "الانتظار ثانية واحدة ثم"),
        ("ar", 2, "الانتظار ثانيتين ثم"),
        ("ar", 5, "الانتظار 5 ثوانٍ ثم"),
        ("ar", 16, "الانتظار 16 ثانية ثم"),
        ("ar", 150, "الانتظار 3 دقائق ثم"),
    ] {
        let language = ours(language);
        let text = language.texts.login_too_many.filled(&language.grammar.wait(seconds));
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
        for (language, words) in Languages::ours().into_iter().zip(words) {
            assert_eq!(language.grammar.date(Timestamp(at)), words);
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
        for (language, words) in Languages::ours().into_iter().zip(words) {
            let now = Timestamp(1_800_000_000);
            assert_eq!(language.grammar.ago(Timestamp(now.0 - seconds), now), words);
        }
    }
}

#[test]
fn devices_read_well() {
    for (tag, words) in
        [("en", "Firefox on Linux"), ("de", "Firefox unter Linux"), ("ar", "Firefox على Linux")]
    {
        assert_eq!(ours(tag).grammar.device("Firefox", "Linux"), words);
    }
    assert_eq!(ours("de").grammar.device("Safari", "iPhone"), "Safari auf iPhone");
}

/// What every language reads, for those whose forms we do not know.
#[test]
fn a_language_whose_forms_are_unknown_has_symbols_and_dates() {
    let now = Timestamp(951_782_400 + 86_400);
    assert_eq!(Grammar::Neutral.wait(16), "16\u{A0}s");
    assert_eq!(Grammar::Neutral.ago(Timestamp(951_782_400), now), "2000-02-29");
    assert_eq!(Grammar::Neutral.device("Firefox", "Linux"), "Firefox (Linux)");
    assert_eq!(Amount::wait(0), Amount::Seconds(1));
}

#[test]
fn a_text_is_split_at_its_gap() {
    let text = table::text("a {client} b");
    assert_eq!((text.before(), text.gap(), text.after()), ("a ", Some("client"), " b"));
    let text = table::text("a b");
    assert_eq!((text.before(), text.gap(), text.after()), ("a b", None, ""));
}
