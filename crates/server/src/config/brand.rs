//! How the pages introduce the operator.

use super::reader::Reader;
use super::texts;
use crate::pages::Brand;
use crate::pages::assets::{BrandError, Picture, Stylesheet};
use crate::pages::theme::{Colour, adjustments};

/// Longer names break the pages on a phone.
const LONGEST_NAME: usize = 60;

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Brand> {
    let name = reader.parsed("brand.name", |text| {
        let is_fine = !text.trim().is_empty()
            && text.chars().count() <= LONGEST_NAME
            && !text.contains(char::is_control);
        is_fine
            .then(|| text.trim().to_owned())
            .ok_or_else(|| format!("must be 1 to {LONGEST_NAME} visible characters"))
    });
    let accent = colour(reader, "brand.accent");
    let accent_dark = colour(reader, "brand.accent_dark");
    let background = colour(reader, "brand.background");
    let background_dark = colour(reader, "brand.background_dark");
    let logo = content(reader, "brand.logo", Picture::new);
    let logo_dark = content(reader, "brand.logo_dark", Picture::new);
    let logo_has_name = reader.boolean("brand.logo_has_name");
    let icon = content(reader, "brand.icon", Picture::new);
    let stylesheet = content(reader, "brand.stylesheet", Stylesheet::new);
    let languages = texts::read(reader);
    for (key, without) in [("brand.logo_dark", "brand.logo"), ("brand.logo_has_name", "brand.logo")] {
        if reader.is_set(key) && !reader.is_set(without) {
            reader.warning(key, format!("has no effect without {without}"));
        }
    }
    if let Some(loading) = stylesheet.as_ref().and_then(Stylesheet::loads) {
        let message =
            format!("has {loading}: the policy of the pages lets styles load nothing from elsewhere");
        reader.warning("brand.stylesheet", message);
    }
    let brand = Brand {
        name: name?,
        accent: accent?,
        accent_dark,
        background,
        background_dark,
        logo,
        logo_dark,
        logo_has_name: logo_has_name?,
        icon,
        stylesheet,
        languages,
    };
    for (key, message) in adjustments(&brand) {
        reader.warning(key, message);
    }
    Some(brand)
}

fn colour(reader: &mut Reader<'_>, key: &'static str) -> Option<Colour> {
    reader.parsed(key, |text| Colour::parse(text).map_err(|error| error.to_string()))
}

/// What is in a file, once it has been looked at.
fn content<T>(
    reader: &mut Reader<'_>,
    key: &'static str,
    read: impl FnOnce(Vec<u8>) -> Result<T, BrandError>,
) -> Option<T> {
    let (name, bytes) = reader.file(key)?;
    let wrong = |error: BrandError| reader.problem(key, format!("{}: {error}", name.display()));
    read(bytes).map_err(wrong).ok()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Files, config, problems_and_warnings};
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_pages() {
        let brand = config("").brand;
        assert_eq!(brand.name, Brand::default().name);
        assert_eq!(brand.accent, Colour::DEFAULT_ACCENT);
        assert!(brand.logo.is_none());
    }

    #[test]
    fn a_name_is_short_and_a_colour_is_one() {
        assert_eq!(config("brand.name = ' Ämter AG '").brand.name, "Ämter AG");
        assert_eq!(problems_and_warnings("brand.name = ''").0.len(), 1);
        assert_eq!(problems_and_warnings(&format!("brand.name = '{}'", "x".repeat(61))).0.len(), 1);
        assert_eq!(problems_and_warnings("brand.accent = 'red;}'").0.len(), 1);
    }

    #[test]
    fn a_logo_is_a_picture() {
        let files = Files::new();
        let logo = files.write("logo.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>");
        assert!(config(&format!("brand.logo = '{logo}'")).brand.logo.is_some());
        let page = files.write("page.html", "<html>");
        assert_eq!(problems_and_warnings(&format!("brand.logo = '{page}'")).0.len(), 1);
        assert_eq!(problems_and_warnings(&format!("brand.icon = '{page}'")).0.len(), 1);
        let (_, warnings) = problems_and_warnings(&format!("brand.logo_dark = '{logo}'"));
        assert_eq!(warnings, ["brand.logo_dark: has no effect without brand.logo"]);
    }

    // WCAG 2.2, 1.4.3
    #[test]
    fn a_colour_that_is_hard_to_read_is_warned_of_for_the_scheme_it_is_for() {
        let warned = |text: &str| problems_and_warnings(text).1;
        assert_eq!(warned("brand.accent = '#1d4ed8'\nbrand.accent_dark = '#93c5fd'"), [""; 0]);
        let light = warned("brand.accent = '#ffdd00'");
        assert!(
            light.len() == 1 && light[0].starts_with("brand.accent: #ffdd00 is hard to read"),
            "{light:?}"
        );
        let dark = warned("brand.accent_dark = '#1d4ed8'");
        assert!(dark.len() == 1 && dark[0].contains("on the dark pages"), "{dark:?}");
    }

    #[test]
    fn a_style_sheet_is_text_and_what_it_cannot_load_is_said() {
        let files = Files::new();
        let fine = files.write("own.css", ".card { border-radius: 0 }");
        assert!(config(&format!("brand.stylesheet = '{fine}'")).brand.stylesheet.is_some());
        let loading = files.write("loading.css", "body { background: url(https://a.example/x.png) }");
        let (_, warnings) = problems_and_warnings(&format!("brand.stylesheet = '{loading}'"));
        assert!(warnings.len() == 1 && warnings[0].contains("has url("), "{warnings:?}");
    }
}
