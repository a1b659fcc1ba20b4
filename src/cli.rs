//! The commands.
//!
//! Every one has examples in its help; a test holds each line of them against the same parser.
//!
//! Exit codes: 0 it worked, 1 it could not be done, 64 the configuration or the command line is
//! wrong (`EX_USAGE` of `sysexits.h`).

/// The end of a help: command lines as they are typed, each without the name of the program.
macro_rules! examples {
    ($($line:literal),+ $(; $more:literal)?) => {
        concat!("Examples:", $("\n  linkgate ", $line,)+ $("\n\n", $more)?)
    };
}

mod accounts;
mod admin;
pub mod appearance;
mod aside;
mod asking;
mod audit;
mod check;
mod demo;
mod explain;
pub mod foundation;
pub mod health;
mod hooks;
pub mod installation;
mod keys;
mod limits;
mod logging;
mod mail;
mod mailers;
mod person;
mod preview;
mod question;
mod record;
pub mod reload;
mod secret_file;
mod serve;
pub mod stores;
mod table;
mod tokens;
mod traces;
pub mod upgrade;
mod watching;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::config::{Config, Problem};

/// The configuration or the command line is wrong.
pub const EX_USAGE: u8 = 64;

/// Passwordless e-mail sign-in in front of your web applications.
#[derive(Debug, Parser)]
#[command(name = "linkgate", version, about, arg_required_else_help = true)]
#[command(after_help = examples!(
    "demo",
    "check -c linkgate.yaml",
    "serve -c linkgate.yaml",
    "preview -c linkgate.yaml --out preview",
    "explain -c linkgate.yaml GET https://wiki.example.com/admin --as bob@example.com",
    "accounts suspend -c linkgate.yaml bob@example.com";
    "Exit codes: 0 it worked, 1 it could not be done, 64 the configuration or the command line is wrong."
))]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the sites of a configuration.
    #[command(after_help = examples!(
        "serve -c linkgate.yaml";
        "A change of the file takes effect by itself, or on SIGHUP. SIGUSR2 and `linkgate upgrade` put \
         another\nprocess in its place, with the program and the file as they are then. SIGTERM lets \
         requests end and stops\nit; Ctrl-C stops it at once."
    ))]
    Serve {
        /// The configuration file.
        #[arg(short, long, value_name = "FILE")]
        config: PathBuf,
        /// Take over from the process that has started this one.
        #[arg(long, hide = true)]
        take_over: bool,
        /// Start a process that takes over from the one that has started this one, and end.
        #[arg(long, hide = true, conflicts_with = "take_over")]
        hand_on: bool,
    },
    /// Put another process in the place of the one that serves, without losing a request: for a new
    /// version, or for changes that wait for a restart.
    #[command(after_help = examples!(
        "upgrade -c linkgate.yaml";
        "The running process starts the program that stands where it was started from itself. If that or \
         the\nconfiguration is bad, nothing changes, and the reason is told."
    ))]
    Upgrade {
        /// The configuration file.
        #[arg(short, long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Have the process that serves read its configuration again, now, and tell what became of it. A
    /// change of the file takes effect by itself, too.
    #[command(after_help = examples!("reload -c linkgate.yaml"))]
    Reload {
        /// The configuration file.
        #[arg(short, long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Check a configuration: every mistake with its place and cure, and its `tests`. Touches no
    /// network.
    #[command(after_help = examples!("check -c linkgate.yaml"))]
    Check {
        /// The configuration file.
        #[arg(short, long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Write every page and every mail with sample data to a folder, to look at them. Touches no
    /// network.
    #[command(after_help = examples!(
        "preview -c linkgate.yaml --out preview",
        "preview --out preview";
        "Then open preview/index.html in a browser. Each page is there in each of its states and in \
         each\nlanguage that is offered, each mail as HTML, as text and as a whole message. A folder \
         of an\nearlier preview is written again; one with anything else in it is left alone."
    ))]
    Preview {
        /// The configuration file, whose brands are applied; the built-in looks if left out.
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// The folder: a new one, an empty one, or that of an earlier preview.
        #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
        out: PathBuf,
    },
    /// Tell which rule decides about a request, and why. Looks nobody up.
    #[command(after_help = examples!(
        "explain -c linkgate.yaml GET https://wiki.example.com/admin",
        "explain -c linkgate.yaml GET https://wiki.example.com/admin --as bob@example.com --age 2h",
        "explain -c linkgate.yaml GET https://wiki.example.com/metrics --from 10.1.2.3",
        "explain -c linkgate.yaml GET https://wiki.example.com/ --as guest@partner.example --member",
        "explain -c linkgate.yaml GET https://wiki.example.com/ --as guest@partner.example --group staff",
        "explain -c linkgate.yaml GET https://wiki.example.com/api/x --script --paths '/api/**' --methods GET"
    ))]
    Explain(explain::ExplainArguments),
    /// People with accounts: add, list, suspend, resume, set a password, remove.
    #[command(subcommand, after_help = examples!(
        "accounts add -c linkgate.yaml bob@example.com --group staff",
        "accounts list -c linkgate.yaml",
        "accounts suspend -c linkgate.yaml bob@example.com"
    ))]
    Accounts(accounts::AccountsCommand),
    /// Signed-in browsers of a person: list, end.
    #[command(subcommand, after_help = examples!(
        "sessions list -c linkgate.yaml",
        "sessions list -c linkgate.yaml bob@example.com",
        "sessions end -c linkgate.yaml bob@example.com"
    ))]
    Sessions(accounts::SessionsCommand),
    /// All that is known of a person on one screen: account, sessions, sign-ins, limits, and which rules
    /// let them where. `--erase` removes all of it.
    #[command(after_help = examples!(
        "person -c linkgate.yaml bob@example.com",
        "person -c linkgate.yaml bob@example.com --json",
        "person -c linkgate.yaml bob@example.com --erase";
        "With the account a suspension goes, too: to keep somebody out, suspend them, and do not erase \
         them."
    ))]
    Person(person::PersonArguments),
    /// What is used up of the limits: list, lift.
    #[command(subcommand, after_help = examples!(
        "limits list -c linkgate.yaml bob@example.com",
        "limits lift -c linkgate.yaml bob@example.com"
    ))]
    Limits(limits::LimitsCommand),
    /// Tokens that let scripts in: add, list, revoke.
    #[command(subcommand, after_help = examples!(
        "tokens add -c linkgate.yaml backup --site wiki --paths '/api/**' --methods GET --expires 90d",
        "tokens list -c linkgate.yaml",
        "tokens revoke -c linkgate.yaml backup"
    ))]
    Tokens(tokens::TokensCommand),
    /// What happened: who got in, who was refused, and what operators did.
    #[command(after_help = examples!(
        "audit -c linkgate.yaml --event session_made --since 12h",
        "audit -c linkgate.yaml --email bob@example.com --since 7d",
        "audit -c linkgate.yaml --follow --json"
    ))]
    Audit(audit::AuditArguments),
    /// Try everything on this machine: a site, a small application and an inbox, all on loopback.
    #[command(after_help = examples!("demo", "demo --port 8081 --inbox-port 8026"))]
    Demo {
        /// Port of the site.
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Port of the inbox page.
        #[arg(long, default_value_t = 8025)]
        inbox_port: u16,
    },
    /// List or change the keys that sign the assertion for applications, or make one for mails.
    #[command(subcommand, after_help = examples!(
        "keys list -c linkgate.yaml",
        "keys rotate -c linkgate.yaml",
        "keys dkim --domain example.com --selector linkgate1 --rsa --out data/dkim-rsa.pem"
    ))]
    Keys(keys::KeysCommand),
    /// Mail: what became of each, to whom none goes; send a test, find out why none arrives.
    #[command(subcommand, after_help = examples!(
        "mail list -c linkgate.yaml --email ann@example.com",
        "mail suppressed -c linkgate.yaml",
        "mail lift -c linkgate.yaml ann@example.com",
        "mail test -c linkgate.yaml --to ann@example.com",
        "mail doctor -c linkgate.yaml"
    ))]
    Mail(mail::MailCommand),
    /// Print completions for a shell.
    #[command(after_help = examples!(
        "completions bash",
        "completions zsh",
        "completions fish";
        "Write them where the shell looks: for bash a file \"linkgate\" in \
         ~/.local/share/bash-completion/completions,\nfor zsh a file \"_linkgate\" in a folder of \
         $fpath, for fish a file \"linkgate.fish\" in ~/.config/fish/completions."
    ))]
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
        Command::Serve { config, hand_on: true, .. } => serve::hand_on(&config),
        Command::Serve { config, take_over, .. } => serve::run(&config, take_over),
        Command::Upgrade { config } => upgrade::run(&config),
        Command::Reload { config } => reload::asked::run(&config),
        Command::Check { config } => check::run(&config),
        Command::Preview { config, out } => preview::run(config.as_deref(), &out),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Accounts(command) => accounts::run(&command),
        Command::Sessions(command) => accounts::run_sessions(&command),
        Command::Person(arguments) => person::run(&arguments),
        Command::Limits(command) => limits::run(&command),
        Command::Tokens(command) => tokens::run(&command),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Demo { port, inbox_port } => demo::run(port, inbox_port),
        Command::Keys(command) => keys::run(command),
        Command::Mail(command) => mail::run(&command),
        Command::Completions { shell } => {
            let _ = std::io::stdout().write_all(&completions(shell));
            ExitCode::SUCCESS
        }
    }
}

/// What completes our command lines in a shell. Made in memory: written to a pipe that nobody reads
/// to the end, it would panic.
fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "linkgate", &mut text);
    text
}

/// Reads a configuration, or says everything that is wrong with it.
fn load(path: &std::path::Path) -> Result<Config, ExitCode> {
    Config::load(path).map_err(|problems| {
        complain(&problems);
        ExitCode::from(EX_USAGE)
    })
}

fn complain(what: &dyn std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{what}");
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

#[cfg(test)]
mod tests;
