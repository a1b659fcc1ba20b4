//! The pages, the mails and the JSON API.

pub mod cookies;
