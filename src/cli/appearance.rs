//! How everything looks: the pages and mails of each site, from what the configuration says.

use std::collections::HashMap;
use std::sync::Arc;

use super::installation::StartError;
use crate::config::Config;
use crate::domain::language::Language;
use crate::portal::brand::{Brand, BrandError, Branding};
use crate::portal::looks::Looks;
use crate::portal::mail::{MailRoom, Mails};
use crate::portal::pages::Pages;

/// Pages and mails of all sites.
#[derive(Debug)]
pub struct Appearance {
    /// The pages.
    pub looks: Looks,
    /// The mails.
    pub mails: MailRoom,
}

/// Reads the files of all brands and tries everything with sample data, so that a broken template
/// is found now and not by a visitor.
///
/// # Errors
/// [`StartError`] with file, line and cure.
pub fn read(config: &Config) -> Result<Appearance, StartError> {
    let prefix = config.prefix.as_str();
    let (pages, mails) = one(prefix, Brand::default(), &Language::ALL).map_err(broken)?;
    let own = HashMap::new();
    Ok(Appearance { looks: Looks::new(pages, own), mails: MailRoom::new(mails, HashMap::new()) })
}

fn one(
    prefix: &str,
    brand: Brand,
    languages: &[Language],
) -> Result<(Arc<Pages>, Arc<Mails>), BrandError> {
    let branding = Arc::new(Branding::read(brand, languages)?);
    let pages = Pages::new(prefix, Arc::clone(&branding))?;
    let mails = Mails::new(branding)?;
    Ok((Arc::new(pages), Arc::new(mails)))
}

fn broken(error: BrandError) -> StartError {
    StartError::Part(error.to_string())
}
