//! The style sheet, the script, the icon and the logo, under names that change with their content.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::portal::brand::Branding;

const STYLESHEET: &str = include_str!("../assets/linkgate.css");
const SCRIPT: &[u8] = include_bytes!("../assets/linkgate.js");
const ICON: &[u8] = include_bytes!("../assets/linkgate.svg");
const SVG: &str = "image/svg+xml";

/// The files served below `{prefix}/assets/`; safe to cache for ever.
#[derive(Clone, Debug)]
pub struct Assets {
    stylesheet: Asset,
    script: Asset,
    icon: Asset,
    logo: Option<Asset>,
}

/// One file.
#[derive(Clone, Debug)]
pub struct Asset {
    /// `linkgate-` + the first 12 hex digits of the content's SHA-256 + extension.
    pub name: String,
    /// Value for `Content-Type`.
    pub content_type: &'static str,
    /// The content.
    pub bytes: Bytes,
}

impl Assets {
    /// The files of a brand: its colours and rules come after ours in the style sheet. Once, at the
    /// start.
    #[must_use]
    pub fn new(branding: &Branding) -> Self {
        let own = branding.style();
        let stylesheet = match own.is_empty() {
            true => Bytes::from_static(STYLESHEET.as_bytes()),
            false => Bytes::from(format!("{STYLESHEET}{own}")),
        };
        let logo = branding.brand.logo.as_deref().map(|svg| Bytes::from(svg.to_owned()));
        Self {
            stylesheet: asset(stylesheet, "css", "text/css; charset=utf-8"),
            script: asset(Bytes::from_static(SCRIPT), "js", "text/javascript; charset=utf-8"),
            icon: asset(Bytes::from_static(ICON), "svg", SVG),
            logo: logo.map(|svg| asset(svg, "svg", SVG)),
        }
    }

    /// The file with exactly this name. Older names are gone: pages are never cached, so no page
    /// asks for them.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Asset> {
        self.all().find(|asset| asset.name == name)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Asset> {
        [&self.stylesheet, &self.script, &self.icon].into_iter().chain(&self.logo)
    }

    /// The style sheet of all pages.
    #[must_use]
    pub fn stylesheet(&self) -> &Asset {
        &self.stylesheet
    }

    /// The script of all pages.
    #[must_use]
    pub fn script(&self) -> &Asset {
        &self.script
    }

    /// The icon of all pages. Without one, browsers ask for `/favicon.ico`: that is the
    /// application's, and nobody is signed in yet, so it is refused and reported in the console.
    #[must_use]
    pub fn icon(&self) -> &Asset {
        &self.icon
    }

    /// The operator's logo.
    #[must_use]
    pub fn logo(&self) -> Option<&Asset> {
        self.logo.as_ref()
    }
}

/// A style sheet of pages that are none of a site's.
pub(crate) fn own(style: &'static str) -> Asset {
    asset(Bytes::from_static(style.as_bytes()), "css", "text/css; charset=utf-8")
}

fn asset(bytes: Bytes, extension: &str, content_type: &'static str) -> Asset {
    let digest = Sha256::digest(&bytes);
    let hash: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    Asset { name: format!("linkgate-{hash}.{extension}"), content_type, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_their_full_name_only() {
        let assets = Assets::new(&Branding::built_in().unwrap());
        let name = assets.stylesheet().name.clone();
        assert_eq!(name.len(), "linkgate-0123456789ab.css".len());
        assert_eq!(assets.find(&name).unwrap().bytes, STYLESHEET);
        assert!(assets.find("linkgate.css").is_none());
        assert!(assets.find("").is_none());
    }

    #[test]
    fn the_name_follows_the_content() {
        assert_eq!(asset(Bytes::new(), "js", "").name, "linkgate-e3b0c44298fc.js");
    }
}
