//! Members in the languages of users, such as `client_name#de` (RFC 7591 section 2.2, OpenID Connect Dynamic Client
//! Registration section 2.1): each follows the rule of the member that it translates.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{ClientMetadata, MetadataError, rules};
use crate::language_tag::nearest;

/// The members that people read, or are led by.
const TRANSLATABLE: &[&str] = &["client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri"];
/// The longest tag of BCP 47 that is stored.
const LONGEST_TAG: usize = 35;
/// More languages than any application has, with all five members in each.
const MOST: usize = 250;

/// Translated members by their full names; whatever else a document holds is not read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Localized(BTreeMap<String, String>);

impl Localized {
    /// Whether no member is translated.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The translations of a member, each with its language tag.
    pub fn of<'a>(&'a self, member: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| {
            let (translated, tag) = name.split_once('#')?;
            (translated == member).then_some((tag, value.as_str()))
        })
    }

    /// A translation that is no text is refused by its name before anything is read.
    pub(super) fn check_types(members: &Map<String, Value>) -> Result<(), MetadataError> {
        match members.iter().find(|(name, value)| is_translation(name) && !value.is_string()) {
            Some((name, _)) => Err(refused(name, "must be text")),
            None => Ok(()),
        }
    }

    pub(super) fn validate(&self) -> Result<(), MetadataError> {
        for (name, value) in &self.0 {
            let Some((member, tag)) = name.split_once('#') else {
                continue;
            };
            if !is_tag(tag) {
                return Err(refused(name, "must end with a language tag of BCP 47, such as client_name#de"));
            }
            let checked = if member == "client_name" { rules::name(value) } else { rules::web_page(value) };
            checked.map_err(|reason| refused(name, &reason))?;
        }
        match self.0.keys().nth(MOST) {
            Some(name) => Err(refused(name, "is one translation too many")),
            None => Ok(()),
        }
    }
}

/// How a client introduces itself to readers of one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Introduction<'a> {
    /// `client_name`
    pub name: Option<&'a str>,
    /// `client_uri`
    pub home: Option<&'a str>,
    /// `logo_uri`
    pub logo: Option<&'a str>,
    /// `policy_uri`
    pub policy: Option<&'a str>,
    /// `tos_uri`
    pub terms: Option<&'a str>,
}

impl ClientMetadata {
    /// What the client says in the language of this tag, or in one near it; what it has not translated stays as it is.
    pub fn introduction(&self, language: &str) -> Introduction<'_> {
        let said = |member: &'static str, original| {
            let translation = nearest(language, self.localized.of(member), |(tag, _)| tag);
            translation.map(|(_, value)| value).or(original)
        };
        Introduction {
            name: said("client_name", self.client_name.as_deref()),
            home: said("client_uri", self.client_uri.as_deref()),
            logo: said("logo_uri", self.logo_uri.as_deref()),
            policy: said("policy_uri", self.policy_uri.as_deref()),
            terms: said("tos_uri", self.tos_uri.as_deref()),
        }
    }

    /// Every address of a logo, of whatever language.
    pub fn logos(&self) -> impl Iterator<Item = &str> {
        self.logo_uri.as_deref().into_iter().chain(self.localized.of("logo_uri").map(|(_, uri)| uri))
    }
}

impl<'de> Deserialize<'de> for Localized {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Localized;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("members of client metadata")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Localized, A::Error> {
                let mut members = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if is_translation(&name) {
                        members.insert(name, map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Localized(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

fn is_translation(name: &str) -> bool {
    name.split_once('#').is_some_and(|(member, _)| TRANSLATABLE.contains(&member))
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= LONGEST_TAG
        && tag.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

fn refused(member: &str, reason: &str) -> MetadataError {
    MetadataError { member: member.to_owned(), reason: reason.to_owned() }
}
