//! linkgate: a reverse proxy that puts passwordless e-mail sign-in in front of web applications
//! that already exist.
#![forbid(unsafe_code)]

pub mod domain;
pub mod ports;

pub mod adapters;
pub mod gate;

pub mod config;
pub mod portal;
pub mod proxy;

pub mod cli;
