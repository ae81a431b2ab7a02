//! What the pages load: style sheets, the mark, the playground's script. Each is served under a name with the hash of its
//! content, so it may be cached for ever; the operator's colour and logo are assets too, so no page needs inline style.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::Brand;

/// For every asset: its name changes when its content does.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// The one inline script of all pages: sends the form of [`super::views::FormPostPage`]. Called through the prototype,
/// because a field named `submit` would hide the method.
pub const AUTO_SUBMIT: &str = "HTMLFormElement.prototype.submit.call(document.forms[0])";

/// The CSP source expression that allows [`AUTO_SUBMIT`] and nothing else.
pub static AUTO_SUBMIT_SOURCE: LazyLock<String> = LazyLock::new(|| source_of(AUTO_SUBMIT));

/// Goes on when every frame of the page has loaded, or after three seconds (Front-Channel Logout section 3). It stands in
/// front of the frames, whose events it hears on their way down.
pub const GO_ON: &str = "(function () {
  var left = -1, gone = false;
  function on() {
    if (gone) { return; }
    gone = true;
    var link = document.getElementById('continue-link');
    if (link) { location.replace(link.href); }
  }
  function count(event) {
    if (event.target.tagName === 'IFRAME') { left -= 1; if (left === -1) { on(); } }
  }
  document.addEventListener('load', count, true);
  document.addEventListener('error', count, true);
  document.addEventListener('DOMContentLoaded', function () {
    left += document.getElementsByTagName('iframe').length;
    if (left === -1) { on(); }
  });
  setTimeout(on, 3000);
})();";

/// The CSP source expression that allows [`GO_ON`] and nothing else.
pub static GO_ON_SOURCE: LazyLock<String> = LazyLock::new(|| source_of(GO_ON));

/// The CSP source expression that allows one inline script.
pub fn source_of(script: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script)))
}

const STYLE: &[u8] = include_bytes!("../../assets/grantor.css");
const PLAYGROUND: &[u8] = include_bytes!("../../assets/playground.js");

/// One file as it is served.
#[derive(Debug, Clone)]
pub struct Asset {
    /// The last segment of its path: `/assets/<name>`.
    pub name: String,
    /// For `Content-Type`; send `X-Content-Type-Options: nosniff` with it.
    pub content_type: &'static str,
    /// The body.
    pub bytes: Cow<'static, [u8]>,
}

/// Where the pages find their assets.
#[derive(Debug, Clone)]
pub struct AssetUrls {
    /// Layout and typography.
    pub style: String,
    /// The accent, loaded after `style`.
    pub theme: String,
    /// Favicon, and the mark.
    pub icon: String,
    /// The operator's logo, if there is one.
    pub logo: Option<String>,
    /// Loaded by the playground page only.
    pub playground: String,
}

/// All assets of one process, built once at start.
#[derive(Debug, Clone)]
pub struct Assets {
    files: Vec<Asset>,
    urls: AssetUrls,
}

impl Assets {
    /// Assets for `brand`; `base` is the path of the issuer without a trailing slash, usually empty.
    pub fn new(brand: &Brand, base: &str) -> Self {
        let mut files = Vec::new();
        let mut add = |stem: &str, extension: &str, content_type, bytes: Cow<'static, [u8]>| {
            let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(&bytes));
            let name = format!("{stem}-{}.{extension}", digest.chars().take(16).collect::<String>());
            let url = format!("{base}/assets/{name}");
            files.push(Asset { name, content_type, bytes });
            url
        };
        let theme = Theme::of(brand.accent);
        let urls = AssetUrls {
            style: add("grantor", "css", "text/css; charset=utf-8", Cow::Borrowed(STYLE)),
            theme: add("theme", "css", "text/css; charset=utf-8", rendered(&theme)),
            icon: add(
                "icon",
                "svg",
                "image/svg+xml",
                rendered(&Icon { fill: theme.accent, mark: theme.on_accent }),
            ),
            logo: brand
                .logo
                .as_ref()
                .map(|logo| add("logo", logo.extension, logo.content_type, Cow::Owned(logo.bytes.clone()))),
            playground: add("playground", "js", "text/javascript; charset=utf-8", Cow::Borrowed(PLAYGROUND)),
        };
        Self { files, urls }
    }

    /// The file served as `/assets/<name>`.
    pub fn find(&self, name: &str) -> Option<&Asset> {
        self.files.iter().find(|asset| asset.name == name)
    }

    /// Addresses for [`super::Page`].
    pub fn urls(&self) -> &AssetUrls {
        &self.urls
    }
}

#[derive(Template)]
#[template(path = "theme.css", escape = "none")]
struct Theme {
    accent: Colour,
    on_accent: Colour,
    link: Colour,
    dark_accent: Colour,
    dark_on_accent: Colour,
    dark_link: Colour,
}

impl Theme {
    fn of(accent: Colour) -> Self {
        // 3:1 for the shape of a button (WCAG 2.2, 1.4.11), 4.5:1 for text (1.4.3), more where
        // thin light strokes stand on a dark page.
        let fill = accent.until_contrast(3.0, Colour::LIGHT_SURFACE);
        let dark_fill = accent.until_contrast(3.0, Colour::DARK_SURFACE);
        Self {
            accent: fill,
            on_accent: fill.text_colour(),
            link: accent.until_contrast(4.5, Colour::LIGHT_SURFACE),
            dark_accent: dark_fill,
            dark_on_accent: dark_fill.text_colour(),
            dark_link: accent.until_contrast(6.0, Colour::DARK_SURFACE),
        }
    }
}

#[derive(Template)]
#[template(path = "icon.svg")]
struct Icon {
    fill: Colour,
    mark: Colour,
}

/// Writing to memory cannot fail; an empty asset would show at once.
fn rendered(template: &impl Template) -> Cow<'static, [u8]> {
    Cow::Owned(template.render().unwrap_or_default().into_bytes())
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

/// The operator's logo, read from a file and served by us: pages load nothing from elsewhere (conformance.md 8.2).
#[derive(Debug, Clone)]
pub struct Logo {
    bytes: Vec<u8>,
    content_type: &'static str,
    extension: &'static str,
}

impl Logo {
    /// A logo larger than this is a mistake: every login page loads it.
    pub const MAX_BYTES: usize = 512 * 1024;

    /// Takes SVG, PNG, JPEG, GIF or WebP, told by content.
    pub fn new(bytes: Vec<u8>) -> Result<Self, BrandError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(BrandError::LogoSize);
        }
        let (content_type, extension) = picture_format(&bytes).ok_or(BrandError::LogoFormat)?;
        Ok(Self { bytes, content_type, extension })
    }
}

/// What a picture may load and do when somebody opens it by itself: an SVG is a document (security.md T148).
pub(crate) const PICTURE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// Media type and extension of a picture that every browser shows, told by its content.
pub(crate) fn picture_format(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some(("image/png", "png")),
        [0xff, 0xd8, 0xff, ..] => Some(("image/jpeg", "jpg")),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(("image/gif", "gif")),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(("image/webp", "webp")),
        text if std::str::from_utf8(text).is_ok_and(|text| text.contains("<svg")) => {
            Some(("image/svg+xml", "svg"))
        }
        _ => None,
    }
}

/// Why the configured look cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BrandError {
    /// Not a colour.
    #[error("the accent must be a colour such as #0f6a5b")]
    Colour,
    /// Not a picture that every browser shows.
    #[error("the logo must be an SVG, PNG, JPEG, GIF or WebP file")]
    LogoFormat,
    /// Larger than [`Logo::MAX_BYTES`].
    #[error("the logo must not be larger than 512 KiB")]
    LogoSize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_accent_gives_legible_buttons_and_links() {
        for accent in
            ["#0f6a5b", "#fff", "#000", "#ff0", "#777777", "#2563eb", "#ff0080", "#00ff00", "#0000ff"]
        {
            let theme = Theme::of(Colour::parse(accent).unwrap());
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

    #[test]
    fn only_plain_hex_colours_reach_the_style_sheet() {
        for refused in ["", "red", "#12345", "#12", "#1234567", "#ggg", "#fff;}", "url(x)", "#ÿÿÿ"] {
            assert_eq!(Colour::parse(refused), Err(BrandError::Colour), "{refused}");
        }
        assert_eq!(Colour::parse("#1aF").unwrap().to_string(), "#11aaff");
        assert_eq!(Colour::parse("#0F6A5B").unwrap(), Colour::DEFAULT_ACCENT);
    }

    #[test]
    fn the_surfaces_that_contrast_is_computed_for_are_those_of_the_style_sheet() {
        let style = std::str::from_utf8(STYLE).unwrap();
        for surface in [Colour::LIGHT_SURFACE, Colour::DARK_SURFACE] {
            assert!(style.contains(&format!("--raised: {surface};")), "{surface}");
        }
    }

    #[test]
    fn asset_names_follow_their_content() {
        let plain = Assets::new(&Brand::default(), "");
        let blue =
            Assets::new(&Brand { accent: Colour::parse("#00f").unwrap(), ..Brand::default() }, "/auth");
        assert_ne!(plain.urls().theme, blue.urls().theme);
        assert_eq!(format!("/auth{}", plain.urls().style), blue.urls().style);
        for url in [&plain.urls().style, &plain.urls().theme, &plain.urls().icon, &plain.urls().playground] {
            let asset = plain.find(url.strip_prefix("/assets/").unwrap()).unwrap();
            assert!(!asset.bytes.is_empty());
        }
        assert!(plain.find("grantor.css").is_none());
    }

    #[test]
    fn logos_are_told_by_content() {
        let logo =
            Logo::new(b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()).unwrap();
        assert_eq!(logo.content_type, "image/svg+xml");
        let assets = Assets::new(&Brand { logo: Some(logo), ..Brand::default() }, "");
        assert!(assets.urls().logo.as_deref().unwrap().starts_with("/assets/logo-"));
        assert_eq!(Logo::new(b"<html>".to_vec()).unwrap_err(), BrandError::LogoFormat);
        assert_eq!(Logo::new(vec![0; Logo::MAX_BYTES + 1]).unwrap_err(), BrandError::LogoSize);
    }

    #[test]
    fn the_inline_script_is_allowed_by_its_hash() {
        assert!(AUTO_SUBMIT_SOURCE.starts_with("'sha256-") && AUTO_SUBMIT_SOURCE.len() == 44 + 9);
        assert!(!AUTO_SUBMIT.contains('<'));
    }
}
