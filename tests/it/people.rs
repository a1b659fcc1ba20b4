//! Accounts, suspension, registration, groups and service tokens, with a real process over every store.

mod accounts;
mod admin_api;
mod groups;
mod registration;
mod tokens;
