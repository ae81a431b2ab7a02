//! One language of the pages: its texts, ours or the operator's, its forms and its links.

use std::collections::BTreeMap;

use super::grammar::Grammar;
use super::table::{Texts, Words};

/// Where lines begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// As in English.
    LeftToRight,
    /// As in Arabic.
    RightToLeft,
}

impl Direction {
    /// For the attribute `dir`.
    pub fn name(self) -> &'static str {
        match self {
            Self::LeftToRight => "ltr",
            Self::RightToLeft => "rtl",
        }
    }
}

/// A language that the pages speak.
#[derive(Debug, Clone)]
pub struct Language {
    /// The language tag (BCP 47), for the `lang` attribute.
    pub tag: String,
    /// The base direction.
    pub direction: Direction,
    /// What the pages say.
    pub texts: Box<Texts>,
    /// How numbers, dates and devices are said.
    pub grammar: Grammar,
    /// The operator's words for scopes of their own.
    pub scopes: BTreeMap<String, String>,
    /// The operator's words for claims of their own.
    pub claims: BTreeMap<String, String>,
    /// Where the foot of every page leads.
    pub links: Links,
}

impl Language {
    /// A language without anything of an operator's, from left to right.
    pub fn new(tag: &str, texts: Texts, grammar: Grammar) -> Self {
        Self {
            tag: tag.to_owned(),
            direction: Direction::LeftToRight,
            texts: Box::new(texts),
            grammar,
            scopes: BTreeMap::new(),
            claims: BTreeMap::new(),
            links: Links::default(),
        }
    }

    /// A language of the operator's, in which everything stands that `base` says until it is replaced.
    pub fn derived(tag: &str, base: &Self) -> Self {
        let is_same = primary(tag).eq_ignore_ascii_case(primary(&base.tag));
        let (direction, grammar) =
            if is_same { (base.direction, base.grammar) } else { (Direction::LeftToRight, Grammar::Neutral) };
        Self { tag: tag.to_owned(), direction, grammar, ..base.clone() }
    }

    /// Replaces the text of that key; the error says what is wrong with the key or the text.
    pub fn replace(&mut self, key: &str, own: &str) -> Result<(), String> {
        let Some(text) = self.texts.at_mut(key) else {
            let likeness = |known: &str| strsim::normalized_damerau_levenshtein(key, known);
            let nearest = Texts::KEYS.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
            let (nearest, said) = nearest
                .and_then(|nearest| Some((nearest, self.texts.at(nearest)?)))
                .ok_or_else(|| "no such text".to_owned())?;
            return Err(format!("no such text; the nearest is `{nearest}` (\"{said}\")"));
        };
        *text = text.replaced_by(own)?;
        Ok(())
    }

    /// The words for a scope, the operator's before ours; others are shown by name.
    pub fn scope(&self, name: &str) -> Option<Words<'_>> {
        let own = self.scopes.get(name).map(|title| Words { title, detail: "" });
        own.or_else(|| self.texts.scope(name))
    }

    /// The words for a claim, the operator's before ours; others are shown by name.
    pub fn claim(&self, name: &str) -> Option<Words<'_>> {
        let title = self.claims.get(name).map(String::as_str).or_else(|| self.texts.claim(name))?;
        Some(Words { title, detail: "" })
    }

    /// The links that there are, each with its label.
    pub fn footer_links(&self) -> Vec<FooterLink<'_>> {
        let texts = &self.texts;
        let links = [
            ("footer-terms", &texts.footer_terms, &self.links.terms),
            ("footer-privacy", &texts.footer_privacy, &self.links.privacy),
            ("footer-imprint", &texts.footer_imprint, &self.links.imprint),
            ("footer-support", &texts.footer_support, &self.links.support),
        ];
        let mut there = Vec::new();
        for (id, label, link) in links {
            there.extend(link.as_deref().map(|address| FooterLink { id, label: label.as_str(), address }));
        }
        there
    }
}

fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

/// Where the operator explains themselves: `http`, `https` or `mailto` addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// Terms of service.
    pub terms: Option<String>,
    /// Privacy policy.
    pub privacy: Option<String>,
    /// Who runs this, as the law of some countries wants it said.
    pub imprint: Option<String>,
    /// Help.
    pub support: Option<String>,
}

impl Links {
    /// The keys of all links, as operators write them.
    pub const KEYS: [&str; 4] = ["terms", "privacy", "imprint", "support"];

    /// The link of that key.
    pub fn at_mut(&mut self, key: &str) -> Option<&mut Option<String>> {
        match key {
            "terms" => Some(&mut self.terms),
            "privacy" => Some(&mut self.privacy),
            "imprint" => Some(&mut self.imprint),
            "support" => Some(&mut self.support),
            _ => None,
        }
    }

    /// Takes from `general` what is missing.
    pub fn complete(&mut self, general: &Self) {
        let mut general = general.clone();
        for key in Self::KEYS {
            if let (Some(own), Some(general)) = (self.at_mut(key), general.at_mut(key)) {
                *own = own.take().or_else(|| general.take());
            }
        }
    }

    /// An address that may stand in `href`, so that no scheme of it can run here.
    pub fn parse(address: &str) -> Result<String, String> {
        let printable = address.bytes().all(|byte| byte.is_ascii_graphic());
        let scheme = ["https://", "http://", "mailto:"].iter().find(|scheme| address.starts_with(**scheme));
        match scheme {
            Some(scheme) if printable && address.len() > scheme.len() => Ok(address.to_owned()),
            _ => Err("must be an address that begins with https://, http:// or mailto:".to_owned()),
        }
    }
}

/// A link at the foot of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FooterLink<'a> {
    /// Its element.
    pub id: &'static str,
    /// What it is called.
    pub label: &'a str,
    /// Where it leads.
    pub address: &'a str,
}
