//! The operator's own texts: a file with a table for each language, whose keys are those of [`Texts`], and the links at
//! the foot of the pages.

use grantor_protocol::is_language_tag;
use grantor_protocol::language_tag::nearest;
use toml::{Table, Value};

use super::reader::{Reader, wrong_type};
use super::source::parse;
use crate::pages::texts::{Direction, Grammar, Language, Languages, Links, Text, Texts};

const LINKS: [(&str, &str); 4] = [
    ("brand.links.terms", "terms"),
    ("brand.links.privacy", "privacy"),
    ("brand.links.imprint", "imprint"),
    ("brand.links.support", "support"),
];

/// The languages of the pages, with what the operator says in place of what we say.
pub(super) fn read(reader: &mut Reader<'_>) -> Languages {
    let mut general = Links::default();
    for (path, key) in LINKS {
        let address = reader.parsed(path, Links::parse);
        if let Some(link) = general.at_mut(key) {
            *link = address;
        }
    }
    let mut own = Own::new();
    if let Some((name, bytes)) = reader.file("brand.texts") {
        match String::from_utf8(bytes)
            .map_err(|_| "is not text in UTF-8".to_owned())
            .and_then(|text| parse(&text))
        {
            Ok(table) => own.take(table),
            Err(message) => own.problems.push(message),
        }
        for problem in own.problems.drain(..) {
            reader.problem("brand.texts", format!("{}: {problem}", name.display()));
        }
        for warning in own.warnings.drain(..) {
            reader.warning("brand.texts", format!("{}: {warning}", name.display()));
        }
    }
    own.languages(&general)
}

/// The languages while the operator's file is read, with everything that is wrong or surprising in it.
struct Own {
    english: Language,
    others: Vec<Language>,
    problems: Vec<String>,
    warnings: Vec<String>,
}

impl Own {
    fn new() -> Self {
        let [english, others @ ..] = Languages::ours();
        Self { english, others: others.into(), problems: Vec::new(), warnings: Vec::new() }
    }

    /// Our languages come first, since a further one begins with what is said in the nearest of them.
    fn take(&mut self, table: Table) {
        let (ours, further): (Vec<_>, Vec<_>) =
            table.into_iter().partition(|(tag, _)| self.find(tag).is_some());
        for (tag, value) in ours.into_iter().chain(further) {
            match value {
                Value::Table(texts) if is_language_tag(&tag) => self.language(&tag, texts),
                Value::Table(_) => {
                    self.problems.push(format!("{tag}: must be a language tag, such as nl or pt-BR"));
                }
                _ => self.problems.push(format!("{tag}: texts stand below their language, such as [en]")),
            }
        }
    }

    fn find(&mut self, tag: &str) -> Option<&mut Language> {
        let mut known = std::iter::once(&mut self.english).chain(&mut self.others);
        known.find(|known| known.tag.eq_ignore_ascii_case(tag))
    }

    fn language(&mut self, tag: &str, own: Table) {
        if self.find(tag).is_none() {
            let known = std::iter::once(&self.english).chain(&self.others);
            let base = nearest(tag, known, |known| &known.tag).unwrap_or(&self.english);
            let language = Language::derived(tag, base);
            if let Grammar::Neutral = language.grammar {
                self.warn_of_missing(tag, &own);
            }
            self.others.push(language);
        }
        let mut problems = Vec::new();
        if let Some(language) = self.find(tag) {
            for (key, value) in own {
                let replaced = take_entry(language, &key, value);
                problems
                    .extend(replaced.into_iter().map(|(place, message)| format!("{tag}.{place}: {message}")));
            }
        }
        self.problems.append(&mut problems);
    }

    fn warn_of_missing(&mut self, tag: &str, own: &Table) {
        let missing: Vec<&str> = Texts::KEYS.iter().copied().filter(|key| !own.contains_key(*key)).collect();
        if let Some((first, more)) = missing.split_first() {
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            self.warnings.push(format!("{tag}: {first}{more} missing, and shown in English"));
        }
    }

    /// What the operator says in English of scopes and claims of their own, and where the links lead in general, is also
    /// for languages in which they say nothing.
    fn languages(mut self, general: &Links) -> Languages {
        for language in &mut self.others {
            for (from, to) in
                [(&self.english.scopes, &mut language.scopes), (&self.english.claims, &mut language.claims)]
            {
                for (name, words) in from {
                    to.entry(name.clone()).or_insert_with(|| words.clone());
                }
            }
        }
        for language in std::iter::once(&mut self.english).chain(&mut self.others) {
            language.links.complete(general);
        }
        Languages::new(self.english, self.others)
    }
}

/// Puts one entry of a language's table in its place; what is wrong with it, and where.
fn take_entry(language: &mut Language, key: &str, value: Value) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    let mut note =
        |place: String, taken: Result<(), String>| wrong.extend(taken.err().map(|message| (place, message)));
    match (key, value) {
        ("dir", value) => {
            let direction = match value.as_str() {
                Some("ltr") => Ok(Direction::LeftToRight),
                Some("rtl") => Ok(Direction::RightToLeft),
                _ => Err("must be \"ltr\" or \"rtl\"".to_owned()),
            };
            note(key.to_owned(), direction.map(|direction| language.direction = direction));
        }
        ("links", Value::Table(links)) => {
            for (name, value) in links {
                let address = text(&value).and_then(Links::parse);
                let unknown = || format!("no such link; there are {}", Links::KEYS.join(", "));
                let place = language.links.at_mut(&name).ok_or_else(unknown);
                note(
                    format!("links.{name}"),
                    place.and_then(|link| address.map(|address| *link = Some(address))),
                );
            }
        }
        ("scopes" | "claims", Value::Table(words)) => {
            for (name, value) in words {
                let said = text(&value).and_then(|said| Text::is_line(said).map(|()| said.to_owned()));
                let own = if key == "scopes" { &mut language.scopes } else { &mut language.claims };
                note(format!("{key}.{name}"), said.map(|said| drop(own.insert(name.clone(), said))));
            }
        }
        ("links" | "scopes" | "claims", value) => {
            note(key.to_owned(), Err(wrong_type("a section", &value)));
        }
        (key, value) => note(key.to_owned(), text(&value).and_then(|own| language.replace(key, own))),
    }
    wrong
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| match value {
        Value::Table(_) => "expected text in quotes; a name with dots in it stands in quotes too".to_owned(),
        other => wrong_type("text in quotes", other),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Files, config, problems_and_warnings};
    use super::*;

    fn said(texts: &str) -> Languages {
        let files = Files::new();
        config(&format!("brand.texts = '{}'", files.write("texts.toml", texts))).brand.languages
    }

    fn refused(texts: &str) -> Vec<String> {
        let files = Files::new();
        let file = files.write("texts.toml", texts);
        let (problems, _) = problems_and_warnings(&format!("brand.texts = '{file}'"));
        problems.iter().map(|line| line.replace(&format!("brand.texts: {file}: "), "")).collect()
    }

    fn language(languages: &Languages, tag: &str) -> Language {
        Language::clone(languages.negotiate(&[tag.to_owned()], None))
    }

    #[test]
    fn a_text_of_the_operator_takes_the_place_of_ours_and_the_others_stay() {
        let languages = said("[de]\nlogin_title = 'Willkommen'\n[en]\nlogin_lead = 'for {client}'");
        let german = language(&languages, "de").texts;
        assert_eq!((german.login_title.as_str(), german.login_submit.as_str()), ("Willkommen", "Anmelden"));
        let english = &languages.english().texts;
        assert_eq!((english.login_lead.before(), english.login_lead.after()), ("for ", ""));
        assert_eq!(german.login_lead.as_str(), "um mit {client} fortzufahren");
    }

    #[test]
    fn what_cannot_be_said_is_refused_each_under_its_key() {
        assert_eq!(
            refused(
                "[de]\nlogin_titel = 'x'\nlogin_lead = 'weiter'\nlogin_submit = 'Los {client}'\ncancel = 7\n\
                 comma = ''\nselect_lead = '{client} {client}'\nlinks.terms = 'javascript:alert(1)'\n\
                 links.shop = 'https://a.example'\nscopes.tea.read = 'Tee'\nclaims = 1\ndir = 'up'"
            ),
            [
                "de.cancel: expected text in quotes, found a number",
                "de.claims: expected a section, found a number",
                "de.comma: must be one line of 1 to 500 visible characters",
                "de.dir: must be \"ltr\" or \"rtl\"",
                "de.links.shop: no such link; there are terms, privacy, imprint, support",
                "de.links.terms: must be an address that begins with https://, http:// or mailto:",
                "de.login_lead: must have {client} once, and no other braces, as in \"um mit {client} fortzufahren\"",
                "de.login_submit: must have no braces: nothing is filled in here",
                "de.login_titel: no such text; the nearest is `login_title` (\"Anmelden\")",
                "de.scopes.tea: expected text in quotes; a name with dots in it stands in quotes too",
                "de.select_lead: must have {client} once, and no other braces, as in \"um mit {client} fortzufahren\"",
            ]
        );
        assert_eq!(
            refused("login_title = 'x'\n[de_AT]\n"),
            [
                "de_AT: must be a language tag, such as nl or pt-BR",
                "login_title: texts stand below their language, such as [en]",
            ]
        );
        assert_eq!(refused(&format!("[en]\ncancel = '{}'", "x".repeat(501))).len(), 1);
        assert_eq!(refused("[en]\ncancel = \"a\\nb\"").len(), 1);
        assert!(refused("[en\n")[0].starts_with("line 1: "));
    }

    #[test]
    fn a_further_language_says_in_english_what_it_lacks_and_the_operator_hears_of_it() {
        let files = Files::new();
        let file = files.write("texts.toml", "[nl]\nlogin_title = 'Inloggen'\n[en]\ncancel = 'Never mind'");
        let (_, warnings) = problems_and_warnings(&format!("brand.texts = '{file}'"));
        let lacking = Texts::KEYS.len() - 2;
        assert_eq!(
            warnings,
            [format!("brand.texts: {file}: nl: reference and {lacking} more missing, and shown in English")]
        );
        let languages = config(&format!("brand.texts = '{file}'")).brand.languages;
        let dutch = language(&languages, "nl-BE");
        assert_eq!((dutch.tag.as_str(), dutch.direction), ("nl", Direction::LeftToRight));
        assert_eq!(dutch.texts.login_title.as_str(), "Inloggen");
        assert_eq!(dutch.texts.cancel.as_str(), "Never mind");
        assert_eq!(dutch.grammar.wait(150), "3\u{A0}min");
        assert_eq!(dutch.grammar.date(grantor_protocol::Timestamp(951_782_400)), "2000-02-29");
    }

    #[test]
    fn a_dialect_begins_with_its_language_and_a_direction_can_be_given() {
        let languages = said(
            "[de-CH]\nlogin_title = 'Grüezi'\n[de]\ncancel = 'Doch nicht'\n[fa]\ndir = 'rtl'\nlogin_title = 'ورود'",
        );
        let swiss = language(&languages, "de-CH");
        assert_eq!(swiss.texts.login_title.as_str(), "Grüezi");
        assert_eq!(swiss.texts.cancel.as_str(), "Doch nicht");
        assert_eq!(swiss.grammar.wait(1), "1 Sekunde");
        assert_eq!(language(&languages, "de-AT").tag, "de");
        assert_eq!(language(&languages, "fa").direction, Direction::RightToLeft);
    }

    #[test]
    fn scopes_and_claims_of_ones_own_are_said_in_words() {
        let languages = said(
            "[en.scopes]\n'tea.read' = 'Read your diary'\nprofile = 'See who you are'\n[en.claims]\n\
             badge = 'See your badge'\n[de.claims]\nbadge = 'Ihren Ausweis sehen'",
        );
        let (english, german) = (languages.english(), language(&languages, "de"));
        assert_eq!(english.scope("tea.read").unwrap().title, "Read your diary");
        assert_eq!(english.scope("profile").unwrap().title, "See who you are");
        assert_eq!(german.scope("tea.read").unwrap().title, "Read your diary");
        assert_eq!(german.claim("badge").unwrap().title, "Ihren Ausweis sehen");
        assert_eq!(german.claim("birthdate").unwrap().title, "Ihr Geburtsdatum sehen");
        assert_eq!(german.scope("tea.write"), None);
    }

    #[test]
    fn links_are_for_all_languages_unless_one_has_its_own() {
        let files = Files::new();
        let file = files.write("texts.toml", "[de.links]\nimprint = 'https://a.example/impressum'");
        let config = config(&format!(
            "brand.texts = '{file}'\nbrand.links.imprint = 'https://a.example/legal'\nbrand.links.support = 'mailto:help@a.example'"
        ));
        let links = |tag: &str| {
            let language = language(&config.brand.languages, tag);
            language
                .footer_links()
                .iter()
                .map(|link| format!("{} {}", link.label, link.address))
                .collect::<Vec<_>>()
        };
        assert_eq!(links("de"), ["Impressum https://a.example/impressum", "Hilfe mailto:help@a.example"]);
        assert_eq!(links("en"), ["Legal notice https://a.example/legal", "Help mailto:help@a.example"]);
        assert_eq!(problems_and_warnings("brand.links.terms = 'terms.html'").0.len(), 1);
    }

    /// The guide lists every key, so that nobody has to read the source.
    #[test]
    fn the_guide_has_every_text() {
        const GUIDE: &str = include_str!("../../../../docs/customising.md");
        let [english, ..] = Languages::ours();
        let rows = Texts::KEYS.iter().map(|key| format!("| `{key}` | {} |", english.texts.at(key).unwrap()));
        let missing: Vec<String> = rows.filter(|row| !GUIDE.contains(row.as_str())).collect();
        assert!(missing.is_empty(), "not in docs/customising.md:\n{}", missing.join("\n"));
        let listed = GUIDE.lines().filter(|line| line.starts_with("| `") && line.matches(" | ").count() == 1);
        let unknown: Vec<_> = listed
            .filter_map(|line| line.trim_start_matches("| `").split('`').next())
            .filter(|key| !Texts::KEYS.contains(key) && !key.contains('.'))
            .collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
