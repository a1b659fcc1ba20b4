//! What visitors meet: pages, assets and the sign-in mail.

pub mod mail;
pub mod pages;
