//! `linkgate demo`: a site, an application and an inbox, all on loopback.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::installation::{Installation, doors};
use super::{fail, logging, say};
use crate::config::{Config, LogConfig, LogFormat, LogLevel, SystemEnvironment};
use crate::portal::demo_app;
use crate::portal::looks::Looks;
use crate::proxy::leaving::{Leaving, Over};
use crate::proxy::server::{Bodies, Doors};

/// A page deep inside, to show that one lands there.
const DEEP_LINK: &str = "/reports/42?tab=totals#summary";

pub(super) fn run(port: u16, inbox_port: u16) -> ExitCode {
    let log = LogConfig { format: LogFormat::Text, level: LogLevel::Warn };
    let started = logging::start(log).map_err(Into::into);
    match started.and_then(|_log| start(port, inbox_port)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn start(port: u16, inbox_port: u16) -> Result<(), Box<dyn std::error::Error>> {
    let port = free(port)?;
    let inbox_port = free(inbox_port)?;
    let app_port = free(0)?;
    // Removed when the demo ends; a demo that is killed leaves it to the system's own cleaning.
    let folder = tempfolder()?;
    let text = configuration(port, inbox_port, app_port);
    let config = Config::parse(&text, "demo.yaml", folder.path(), &SystemEnvironment)
        .map_err(|problems| problems.to_string())?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, app_port));
    let application = (address, TcpListener::bind(address)?);
    let doors = doors(&config, Doors::default())?.with([application])?;
    let mut server = Installation::open(&config)?.into_assembly(&config, &doors, None)?;
    let looks = Looks::built_in(config.prefix.as_str())?;
    server.add_pages("demo application", address, demo_app::router(looks), Bodies::of_forms())?;
    let server = server.finish();
    end_with_a_signal(server.leaving())?;
    say(&instructions(port, inbox_port));
    server.run();
    Ok(())
}

/// Ctrl-C ends it, and so does whatever asks for an end more politely: nothing here is worth a wait.
fn end_with_a_signal(leaving: Arc<Leaving>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = runtime.block_on(async {
        Ok::<_, std::io::Error>((
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        ))
    })?;
    let wait = move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        leaving.finish(Over::Cut);
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
}

fn configuration(port: u16, inbox_port: u16, app_port: u16) -> String {
    format!(
        r#"listen: [{{ address: "127.0.0.1:{port}" }}]
admin: {{ listen: off }}
secret: {{ file: secret }}
store: {{ embedded: {{ path: data }} }}
mail:
  from: "linkgate demo <login@example.com>"
  inbox: {{ listen: "127.0.0.1:{inbox_port}" }}
sites:
  - name: demo
    origin: http://localhost:{port}
    upstream: http://127.0.0.1:{app_port}
    allow: [everyone]
"#
    )
}

fn instructions(port: u16, inbox_port: u16) -> String {
    format!(
        "linkgate demo: nothing leaves this machine.\n\n  \
         1. open   http://localhost:{port}{DEEP_LINK}\n  \
         2. type   any address, like ann@example.com\n  \
         3. open   http://localhost:{inbox_port}/  and press the button in the mail\n\n\
         You land on the page that you asked for, signed in. Ctrl-C ends it."
    )
}

/// The wished port if it is free, otherwise any that is.
fn free(wished: u16) -> std::io::Result<u16> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    bind(wished).or_else(|_| bind(0))?.local_addr().map(|address| address.port())
}

fn tempfolder() -> std::io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix("linkgate-demo-").tempdir()
}
