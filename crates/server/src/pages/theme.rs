//! The operator's colours, and what of them can be read: what they name is used where its contrast suffices, and moved
//! only as far as it has to be elsewhere (WCAG 2.2).

use std::fmt;

use askama::Template;

use super::Brand;
use super::assets::BrandError;

/// Contrast of text (1.4.3).
const TEXT: f64 = 4.5;
/// Contrast of shapes such as buttons (1.4.11).
const SHAPE: f64 = 3.0;

#[derive(Template)]
#[template(path = "theme.css", escape = "none")]
pub(super) struct Theme {
    pub(super) accent: Colour,
    pub(super) on_accent: Colour,
    link: Colour,
    dark_accent: Colour,
    dark_on_accent: Colour,
    dark_link: Colour,
    ground: Option<Ground>,
    dark_ground: Option<Ground>,
}

/// What is behind the card, and what can be read on it.
#[derive(Clone, Copy)]
struct Ground {
    page: Colour,
    text: Colour,
    muted: Colour,
}

impl Ground {
    /// The usual colours of text where they can be read, else white or black.
    fn of(page: Colour, text: Colour, muted: Colour) -> Self {
        let legible = |usual: Colour| {
            if usual.contrast(page) >= TEXT { usual } else { page.text_colour() }
        };
        Self { page, text: legible(text), muted: legible(muted) }
    }
}

impl Theme {
    pub(super) fn of(brand: &Brand) -> Self {
        let (accent, dark) = (brand.accent, brand.accent_dark.unwrap_or(brand.accent));
        let fill = accent.until_contrast(SHAPE, Colour::LIGHT_SURFACE);
        let dark_fill = dark.until_contrast(SHAPE, Colour::DARK_SURFACE);
        // Thin light strokes on a dark page need more than the rule asks, unless somebody chose them.
        let dark_text = if brand.accent_dark.is_some() { TEXT } else { 6.0 };
        Self {
            accent: fill,
            on_accent: fill.text_colour(),
            link: accent.until_contrast(TEXT, Colour::LIGHT_SURFACE),
            dark_accent: dark_fill,
            dark_on_accent: dark_fill.text_colour(),
            dark_link: dark.until_contrast(dark_text, Colour::DARK_SURFACE),
            ground: brand.background.map(|page| Ground::of(page, Colour::LIGHT_TEXT, Colour::LIGHT_MUTED)),
            dark_ground: brand
                .background_dark
                .map(|page| Ground::of(page, Colour::DARK_TEXT, Colour::DARK_MUTED)),
        }
    }
}

/// Which colour that an operator named is not used as it is, and what is used in its place: by its key.
pub fn adjustments(brand: &Brand) -> Vec<(&'static str, String)> {
    let theme = Theme::of(brand);
    let told = |key, named: Colour, surface: Colour, scheme: &str, link: Colour, fill: Colour| {
        let found = named.contrast(surface);
        let message = format!(
            "{named} is hard to read on the {scheme} pages: its contrast is {found:.1}:1, and WCAG AA asks for {TEXT}:1; \
             links are shown in {link} and buttons in {fill}"
        );
        (found < TEXT).then_some((key, message))
    };
    let light = told("brand.accent", brand.accent, Colour::LIGHT_SURFACE, "light", theme.link, theme.accent);
    let dark = brand.accent_dark.and_then(|dark| {
        told("brand.accent_dark", dark, Colour::DARK_SURFACE, "dark", theme.dark_link, theme.dark_accent)
    });
    light.into_iter().chain(dark).collect()
}

/// An opaque sRGB colour. Printed as `#rrggbb` and nothing else, so it may stand in a style sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl Colour {
    /// Used when the operator names none.
    pub const DEFAULT_ACCENT: Self = Self([0x0f, 0x6a, 0x5b]);
    const WHITE: Self = Self([255, 255, 255]);
    const BLACK: Self = Self([0, 0, 0]);
    /// The darkest light and the lightest dark surface of `grantor.css`: what is legible there is legible everywhere.
    const LIGHT_SURFACE: Self = Self([0xf1, 0xf3, 0xf5]);
    const DARK_SURFACE: Self = Self([0x22, 0x28, 0x30]);
    const LIGHT_TEXT: Self = Self([0x17, 0x1b, 0x21]);
    const LIGHT_MUTED: Self = Self([0x53, 0x5d, 0x6a]);
    const DARK_TEXT: Self = Self([0xec, 0xee, 0xf1]);
    const DARK_MUTED: Self = Self([0xa8, 0xb1, 0xbc]);

    /// `#rgb` or `#rrggbb`; anything else is refused, since the value ends up in a style sheet.
    pub fn parse(text: &str) -> Result<Self, BrandError> {
        let digits = text.strip_prefix('#').ok_or(BrandError::Colour)?;
        let nibbles: Option<Vec<u8>> =
            digits.chars().map(|c| c.to_digit(16).and_then(|n| u8::try_from(n).ok())).collect();
        match nibbles.as_deref() {
            Some(&[r, g, b]) => Ok(Self([r * 17, g * 17, b * 17])),
            Some(&[r1, r2, g1, g2, b1, b2]) => Ok(Self([r1 * 16 + r2, g1 * 16 + g2, b1 * 16 + b2])),
            _ => Err(BrandError::Colour),
        }
    }

    /// Relative luminance (WCAG 2.2).
    fn luminance(self) -> f64 {
        let [r, g, b] = self.0.map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// White or black, whichever reads better on this colour; one of them always reaches 4.5:1.
    fn text_colour(self) -> Self {
        if self.contrast(Self::WHITE) >= 4.5 || self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) {
            Self::WHITE
        } else {
            Self::BLACK
        }
    }

    /// This colour, moved away from `surface` only as far as `ratio` needs.
    fn until_contrast(self, ratio: f64, surface: Self) -> Self {
        let target = if surface.luminance() > 0.2 { Self([0, 0, 0]) } else { Self::WHITE };
        let steps = 0..=40;
        steps
            .map(|step| self.mixed(target, step))
            .find(|mixed| mixed.contrast(surface) >= ratio)
            .unwrap_or(target)
    }

    /// `fortieths` of the way to `target`.
    fn mixed(self, target: Self, fortieths: u16) -> Self {
        let ([r, g, b], [tr, tg, tb]) = (self.0, target.0);
        let mix = |from: u8, to: u8| {
            let sum = u16::from(from) * (40 - fortieths) + u16::from(to) * fortieths;
            u8::try_from(sum / 40).unwrap_or(to)
        };
        Self([mix(r, tr), mix(g, tg), mix(b, tb)])
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_accent_gives_legible_buttons_and_links() {
        for accent in
            ["#0f6a5b", "#fff", "#000", "#ff0", "#777777", "#2563eb", "#ff0080", "#00ff00", "#0000ff"]
        {
            let accent_colour = Colour::parse(accent).unwrap();
            for dark in [None, Some(accent_colour)] {
                let theme =
                    Theme::of(&Brand { accent: accent_colour, accent_dark: dark, ..Brand::default() });
                assert!(theme.on_accent.contrast(theme.accent) >= 4.5, "{accent}");
                assert!(theme.dark_on_accent.contrast(theme.dark_accent) >= 4.5, "{accent}");
                assert!(theme.accent.contrast(Colour::LIGHT_SURFACE) >= 3.0, "{accent}");
                assert!(theme.dark_accent.contrast(Colour::DARK_SURFACE) >= 3.0, "{accent}");
                for light in [Colour::WHITE, Colour::LIGHT_SURFACE] {
                    assert!(theme.link.contrast(light) >= 4.5, "{accent}");
                }
                assert!(theme.dark_link.contrast(Colour::DARK_SURFACE) >= 4.5, "{accent}");
            }
        }
    }

    #[test]
    fn only_plain_hex_colours_reach_the_style_sheet() {
        for refused in ["", "red", "#12345", "#12", "#1234567", "#ggg", "#fff;}", "url(x)", "#ÿÿÿ"] {
            assert_eq!(Colour::parse(refused), Err(BrandError::Colour), "{refused}");
        }
        assert_eq!(Colour::parse("#1aF").unwrap().to_string(), "#11aaff");
        assert_eq!(Colour::parse("#0F6A5B").unwrap(), Colour::DEFAULT_ACCENT);
    }

    #[test]
    fn what_stands_on_any_background_can_be_read() {
        for page in ["#fff", "#000", "#777", "#0f6a5b", "#ffe08a", "#c00"] {
            let page = Colour::parse(page).unwrap();
            let brand = Brand { background: Some(page), background_dark: Some(page), ..Brand::default() };
            let theme = Theme::of(&brand);
            for ground in [theme.ground.unwrap(), theme.dark_ground.unwrap()] {
                assert!(ground.text.contrast(page) >= 4.5 && ground.muted.contrast(page) >= 4.5, "{page}");
            }
            let css = theme.render().unwrap();
            assert_eq!(css.matches(&format!("--page:{page};")).count(), 2, "{css}");
        }
        assert!(!Theme::of(&Brand::default()).render().unwrap().contains("--page"));
    }

    #[test]
    fn a_colour_that_cannot_be_used_as_it_is_is_told_of_under_its_key() {
        assert_eq!(adjustments(&Brand::default()), []);
        let yellow = Colour::parse("#ffdd00").unwrap();
        let brand = Brand { accent: yellow, ..Brand::default() };
        let told = adjustments(&brand);
        assert_eq!(told.len(), 1, "on dark pages yellow is fine, and nobody asked for it there: {told:?}");
        assert_eq!(told[0].0, "brand.accent");
        assert!(
            told[0].1.starts_with("#ffdd00 is hard to read on the light pages: its contrast is 1.2:1"),
            "{told:?}"
        );
        let dark = Brand { accent_dark: Some(Colour::DEFAULT_ACCENT), ..Brand::default() };
        assert_eq!(adjustments(&dark)[0].0, "brand.accent_dark");
    }

    #[test]
    fn the_surfaces_that_contrast_is_computed_for_are_those_of_the_style_sheet() {
        let style = include_str!("../../assets/grantor.css");
        for (name, colours) in [
            ("raised", [Colour::LIGHT_SURFACE, Colour::DARK_SURFACE]),
            ("text", [Colour::LIGHT_TEXT, Colour::DARK_TEXT]),
            ("muted", [Colour::LIGHT_MUTED, Colour::DARK_MUTED]),
        ] {
            for colour in colours {
                assert!(style.contains(&format!("--{name}: {colour};")), "{name} {colour}");
            }
        }
    }
}
