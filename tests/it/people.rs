//! Accounts, suspension, registration, groups and service tokens, with a real process over every store.

mod accounts;
mod admin_api;
mod admin_pages;
mod erased;
mod groups;
mod person;
mod registration;
mod sessions;
mod tokens;
