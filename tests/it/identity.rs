//! What an application learns of a visitor, and how it can be sure.

mod commands;
mod names;
mod proof;
