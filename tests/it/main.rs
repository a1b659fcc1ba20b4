//! One binary for all tests that need more than one module.

// Clippy knows test functions, but not what they call: here everything is test.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unreachable,
    clippy::unwrap_used
)]

mod assertions;
mod attacks;
mod audit;
mod browser;
mod command_line;
mod courier;
mod crash;
mod dkim;
mod documents;
mod failover;
mod faults;
mod flow;
mod fronts;
mod gate_laws;
mod gate_limits;
mod gate_notice;
mod gate_passwords;
mod gate_sessions;
mod gate_siege;
mod gate_timing;
mod gate_world;
mod greedy;
mod house;
mod http2_streams;
mod identity;
mod in_step;
mod lifetimes;
mod logs;
mod mail_apis;
mod mail_crowd;
mod mail_doctor;
mod mail_fates;
mod mail_hooks;
mod mail_records;
mod mail_relays;
mod mail_test;
mod mail_ways;
mod many_sites;
mod openapi;
mod overdue;
mod passwords;
mod people;
mod preview;
mod races;
mod reload;
mod rules;
mod shorter_way;
mod slow;
mod smtp;
mod store_contract;
mod streams;
mod support;
mod trouble;
mod upgrade;
mod warnings;
mod watched_store;
mod watching;
mod whose_store;
