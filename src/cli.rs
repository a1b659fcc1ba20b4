//! The commands.
//!
//! Exit codes: 0 it worked, 1 it could not be done, 64 the configuration or the command line is
//! wrong (`EX_USAGE` of `sysexits.h`).

mod accounts;
mod admin;
pub mod appearance;
mod check;
mod demo;
mod explain;
pub mod foundation;
pub mod health;
pub mod installation;
mod keys;
mod logging;
mod preview;
mod question;
pub mod reload;
mod secret_file;
mod serve;
pub mod stores;
mod table;
mod tokens;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::config::{Config, Problem, Problems};

/// The configuration or the command line is wrong.
pub const EX_USAGE: u8 = 64;

/// Passwordless e-mail sign-in in front of your web applications.
#[derive(Debug, Parser)]
#[command(name = "linkgate", version, about, arg_required_else_help = true)]
#[command(after_help = "Examples:\n  \
    linkgate demo\n  \
    linkgate check -c linkgate.yaml\n  \
    linkgate serve -c linkgate.yaml\n  \
    linkgate preview -c linkgate.yaml --out preview\n  \
    linkgate explain -c linkgate.yaml GET https://wiki.example.com/admin --as bob@example.com\n  \
    linkgate accounts suspend -c linkgate.yaml bob@example.com")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the sites of a configuration.
    Serve {
        /// The configuration file.
        #[arg(short, long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Check a configuration: every mistake with its place and cure, and its `tests`. Touches no
    /// network.
    Check {
        /// The configuration file.
        #[arg(short, long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Write every page and every mail with sample data to a folder, to look at them. Touches no
    /// network.
    #[command(after_help = "Example:\n  linkgate preview -c linkgate.yaml --out preview\n\n\
        Then open preview/index.html in a browser. Each page is there in each of its states and in \
        each\nlanguage that is offered, each mail as HTML, as text and as a whole message. A folder \
        of an\nearlier preview is written again; one with anything else in it is left alone.")]
    Preview {
        /// The configuration file, whose brands are applied; the built-in looks if left out.
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// The folder: a new one, an empty one, or that of an earlier preview.
        #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
        out: PathBuf,
    },
    /// Tell which rule decides about a request, and why.
    Explain(explain::ExplainArguments),
    /// People with accounts: add, list, suspend, resume, remove.
    #[command(subcommand)]
    Accounts(accounts::AccountsCommand),
    /// Signed-in browsers of a person: list, end.
    #[command(subcommand)]
    Sessions(accounts::SessionsCommand),
    /// Tokens that let scripts in: add, list, revoke.
    #[command(subcommand)]
    Tokens(tokens::TokensCommand),
    /// Try everything on this machine: a site, a small application and an inbox, all on loopback.
    Demo {
        /// Port of the site.
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Port of the inbox page.
        #[arg(long, default_value_t = 8025)]
        inbox_port: u16,
    },
    /// List or change the keys that sign the assertion for applications.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Runs a command line. The one door out of the library for `main`.
#[must_use]
pub fn run() -> ExitCode {
    // One provider for all TLS; it fails only if one was installed before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let is_question = error.exit_code() == 0;
            let _ = error.print();
            return if is_question { ExitCode::SUCCESS } else { ExitCode::from(EX_USAGE) };
        }
    };
    match arguments.command {
        Command::Serve { config } => serve::run(&config),
        Command::Check { config } => check::run(&config),
        Command::Preview { config, out } => preview::run(config.as_deref(), &out),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Accounts(command) => accounts::run(&command),
        Command::Sessions(command) => accounts::run_sessions(&command),
        Command::Tokens(command) => tokens::run(&command),
        Command::Demo { port, inbox_port } => demo::run(port, inbox_port),
        Command::Keys(command) => keys::run(&command),
        Command::Completions { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(shell, &mut command, "linkgate", &mut std::io::stdout());
            ExitCode::SUCCESS
        }
    }
}

/// Reads a configuration, or says everything that is wrong with it.
fn load(path: &std::path::Path) -> Result<Config, ExitCode> {
    Config::load(path).map_err(|problems| {
        complain(&problems);
        ExitCode::from(EX_USAGE)
    })
}

fn complain(problems: &Problems) {
    let _ = writeln!(std::io::stderr(), "{problems}");
}

/// Says what works and is not as it should be, without the log.
fn remind(warnings: &[Problem]) {
    for warning in warnings {
        let _ = writeln!(std::io::stderr(), "warning: {warning}");
    }
}

/// Says why something could not be done.
fn fail(why: &dyn std::fmt::Display) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "linkgate: {why}");
    ExitCode::FAILURE
}

/// As [`fail`], for a mistake in what the operator has written.
fn broken(why: &dyn std::fmt::Display) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{why}");
    ExitCode::from(EX_USAGE)
}

/// Says something.
fn say(what: &dyn std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{what}");
}
