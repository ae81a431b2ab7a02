//! What the pages load: style sheets, the mark, the playground's script. Each is served under a name with the hash of its
//! content, so it may be cached for ever; the operator's colour and logo are assets too, so no page needs inline style.

use std::borrow::Cow;
use std::sync::LazyLock;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::Brand;
use super::theme::{Colour, Theme};

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
    /// The operator's own rules, loaded last.
    pub own_style: Option<String>,
    /// Favicon, and the mark where there is no logo.
    pub icon: String,
    /// The media type of `icon`.
    pub icon_type: &'static str,
    /// The operator's logo, if there is one.
    pub logo: Option<String>,
    /// The same for dark pages, if it is another.
    pub logo_dark: Option<String>,
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
        let theme = Theme::of(brand);
        let mut picture = |stem, picture: &Picture| {
            add(stem, picture.extension, picture.content_type, Cow::Owned(picture.bytes.clone()))
        };
        let logo = brand.logo.as_ref().map(|logo| picture("logo", logo));
        let logo_dark = brand.logo_dark.as_ref().map(|logo| picture("logo-dark", logo));
        let icon = brand.icon.as_ref().map(|icon| (picture("icon", icon), icon.content_type));
        let (icon, icon_type) = icon.unwrap_or_else(|| {
            let drawn = rendered(&Icon { fill: theme.accent, mark: theme.on_accent });
            (add("icon", "svg", "image/svg+xml", drawn), "image/svg+xml")
        });
        let own_style = brand.stylesheet.as_ref().map(|own| {
            add("own", "css", "text/css; charset=utf-8", Cow::Owned(own.text().as_bytes().to_vec()))
        });
        let urls = AssetUrls {
            style: add("grantor", "css", "text/css; charset=utf-8", Cow::Borrowed(STYLE)),
            theme: add("theme", "css", "text/css; charset=utf-8", rendered(&theme)),
            own_style,
            icon,
            icon_type,
            logo,
            logo_dark,
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
#[template(path = "icon.svg")]
struct Icon {
    fill: Colour,
    mark: Colour,
}

/// Writing to memory cannot fail; an empty asset would show at once.
fn rendered(template: &impl Template) -> Cow<'static, [u8]> {
    Cow::Owned(template.render().unwrap_or_default().into_bytes())
}

/// A picture of the operator's, read from a file and served by us: pages load nothing from elsewhere (conformance.md 8.2).
#[derive(Debug, Clone)]
pub struct Picture {
    bytes: Vec<u8>,
    content_type: &'static str,
    extension: &'static str,
}

impl Picture {
    /// A picture larger than this is a mistake: every login page loads it.
    pub const MAX_BYTES: usize = 512 * 1024;

    /// Takes SVG, PNG, JPEG, GIF or WebP, told by content.
    pub fn new(bytes: Vec<u8>) -> Result<Self, BrandError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(BrandError::PictureSize);
        }
        let (content_type, extension) = picture_format(&bytes).ok_or(BrandError::PictureFormat)?;
        Ok(Self { bytes, content_type, extension })
    }
}

/// Rules of the operator's that come after ours. The policy of the pages lets them load nothing.
#[derive(Debug, Clone)]
pub struct Stylesheet(String);

impl Stylesheet {
    /// More than this makes every first page slow.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// Takes text.
    pub fn new(bytes: Vec<u8>) -> Result<Self, BrandError> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(BrandError::Stylesheet);
        }
        String::from_utf8(bytes).map(Self).map_err(|_| BrandError::Stylesheet)
    }

    /// The rules.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What in it has no effect on our pages.
    pub fn loads(&self) -> Option<&'static str> {
        ["@import", "@font-face", "url("].into_iter().find(|loading| self.0.contains(loading))
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
    #[error("must be a colour such as #0f6a5b")]
    Colour,
    /// Not a picture that every browser shows.
    #[error("must be an SVG, PNG, JPEG, GIF or WebP file")]
    PictureFormat,
    /// Larger than [`Picture::MAX_BYTES`].
    #[error("must not be larger than 512 KiB")]
    PictureSize,
    /// No text, or too much of it.
    #[error("must be a style sheet in UTF-8 of 256 KiB at most")]
    Stylesheet,
}

#[cfg(test)]
mod tests {
    use super::*;

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
            Picture::new(b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()).unwrap();
        assert_eq!(logo.content_type, "image/svg+xml");
        let assets = Assets::new(&Brand { logo: Some(logo), ..Brand::default() }, "");
        assert!(assets.urls().logo.as_deref().unwrap().starts_with("/assets/logo-"));
        assert_eq!(Picture::new(b"<html>".to_vec()).unwrap_err(), BrandError::PictureFormat);
        assert_eq!(Picture::new(vec![0; Picture::MAX_BYTES + 1]).unwrap_err(), BrandError::PictureSize);
    }

    #[test]
    fn the_inline_script_is_allowed_by_its_hash() {
        assert!(AUTO_SUBMIT_SOURCE.starts_with("'sha256-") && AUTO_SUBMIT_SOURCE.len() == 44 + 9);
        assert!(!AUTO_SUBMIT.contains('<'));
    }
}
