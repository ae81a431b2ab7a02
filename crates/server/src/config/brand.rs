//! How the pages introduce the operator.

use super::reader::Reader;
use crate::pages::Brand;
use crate::pages::assets::{Colour, Logo};

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
    let accent = reader.parsed("brand.accent", |text| Colour::parse(text).map_err(|error| error.to_string()));
    let logo = reader.file("brand.logo").and_then(|(name, bytes)| {
        let wrong = |error| reader.problem("brand.logo", format!("{}: {error}", name.display()));
        Logo::new(bytes).map_err(wrong).ok()
    });
    Some(Brand { name: name?, accent: accent?, logo })
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
    }
}
