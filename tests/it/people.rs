//! Accounts, suspension, registration and groups, with a real process over every store.

mod accounts;
mod admin_api;
mod groups;
mod registration;
