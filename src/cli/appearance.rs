//! How everything looks: the pages and mails of each site, from what the configuration says.

use std::collections::HashMap;
use std::sync::Arc;

use super::foundation::sender;
use super::installation::StartError;
use crate::config::{BrandConfig, BrandText, Config, KeyPlace};
use crate::domain::colour::Colour;
use crate::domain::language::Language;
use crate::portal::brand::{Accent, Brand, BrandError, Branding, Shade, Text};
use crate::portal::looks::Looks;
use crate::portal::mail::{Mails, Shelf, SiteMails};
use crate::portal::pages::Pages;

/// Pages and mails of all sites.
#[derive(Debug)]
pub struct Appearance {
    /// The pages.
    pub looks: Looks,
    /// The mails.
    pub mails: Shelf,
}

/// Reads the files of all brands and tries everything with sample data, so that a broken template
/// is found now and not by a visitor.
///
/// # Errors
/// [`StartError`] with file, line and cure.
pub fn read(config: &Config) -> Result<Appearance, StartError> {
    let one = |brand: &BrandConfig| of_brand(config.prefix.as_str(), &config.languages, brand);
    let (common_pages, common_mails) = one(&config.brand)?;
    let mut own_pages = HashMap::new();
    let mut sites = HashMap::new();
    for site in &config.sites {
        let mut mails = Arc::clone(&common_mails);
        if let Some(brand) = &site.brand {
            let own = one(brand)?;
            own_pages.insert(site.policy.site(), own.0);
            mails = own.1;
        }
        let (title, sender) = (site.title.to_string(), Arc::new(sender(config, Some(site))));
        sites.insert(site.name.to_string(), SiteMails { mails, title, sender });
    }
    Ok(Appearance {
        looks: Looks::new(common_pages, own_pages),
        mails: Shelf::new(common_mails, Arc::new(sender(config, None)), sites),
    })
}

/// The pages and mails of one brand, tried out.
///
/// # Errors
/// [`BrandError`] with file, line and cure.
pub(super) fn of_brand(
    prefix: &str,
    languages: &[Language],
    brand: &BrandConfig,
) -> Result<(Arc<Pages>, Arc<Mails>), BrandError> {
    let branding = Arc::new(Branding::read(settings(brand), languages)?);
    let pages = Pages::new(prefix, Arc::clone(&branding))?;
    let mails = Mails::new(Arc::clone(&branding))?;
    // What is built in was tried by the tests.
    if branding.is_own() {
        pages.check()?;
        mails.check()?;
    }
    Ok((Arc::new(pages), Arc::new(mails)))
}

fn settings(brand: &BrandConfig) -> Brand {
    let accent = brand.accent.zip(brand.accent_dark);
    Brand {
        operator: brand.operator.clone(),
        help_url: brand.help_url.clone(),
        logo: brand.logo.clone(),
        accent: accent.map(|(light, dark)| Accent { light: shade(light), dark: shade(dark) }),
        texts: brand.texts.iter().map(text).collect(),
        templates: brand.templates.clone(),
    }
}

/// How far a button under the pointer goes away from the colour of its words, in percent.
const OVER: u8 = 18;

fn shade(ground: Colour) -> Shade {
    let ink = ground.ink();
    let away = if ink == Colour::WHITE { Colour::BLACK } else { Colour::WHITE };
    Shade {
        ground: ground.to_string(),
        ink: ink.to_string(),
        over: ground.mixed(away, OVER).to_string(),
    }
}

fn text(text: &BrandText) -> Text {
    let KeyPlace { file, place, key } = &text.place;
    Text {
        language: text.language,
        key: text.key.clone(),
        text: text.text.clone(),
        place: format!("{file}:{}:{}: {key}", place.line, place.column),
    }
}
