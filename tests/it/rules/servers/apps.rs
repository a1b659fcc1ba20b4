//! Applications that make of a path what frameworks make of it.

use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;

use super::FILES;
use crate::support::app::{application, head};

/// A way to read paths. All resolve dots and merge slashes.
#[derive(Clone, Copy, Debug)]
pub enum App {
    /// Decodes once.
    Plain,
    /// Cuts `;parameters` off each name, then decodes.
    Tomcat,
    /// Decodes, takes `\` for `/`, ignores case.
    Iis,
    /// Decodes twice, cuts parameters after each, takes `\` for `/`, cuts at `?` in between.
    Twice,
}

impl App {
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tomcat => "tomcat",
            Self::Iis => "iis",
            Self::Twice => "twice",
        }
    }

    /// Starts it on a free port. It ends with the test.
    pub async fn start(self) -> SocketAddr {
        application(move |mut stream| async move {
            while let Some(head) = head(&mut stream).await {
                let target = head.split(' ').nth(1).unwrap_or("/");
                let path = self.resolve(target.split(['?', '#']).next().unwrap_or("/"));
                let is = |file: &str| match self {
                    Self::Iis => file.to_lowercase() == path.to_lowercase(),
                    Self::Plain | Self::Tomcat | Self::Twice => file == path,
                };
                let found = FILES.into_iter().find(|file| is(file));
                let (status, body) = match found {
                    Some(file) => ("200 OK", format!("file {file}")),
                    None => ("404 Not Found", String::new()),
                };
                let length = body.len();
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        })
        .await
    }

    fn resolve(self, path: &str) -> String {
        match self {
            Self::Plain => settle(&decode(path)),
            Self::Tomcat => settle(&decode(&without_parameters(path))),
            Self::Iis => settle(&decode(path).replace('\\', "/")),
            Self::Twice => {
                let once = without_parameters(&decode(path));
                let once = once.split('?').next().unwrap_or_default().to_owned();
                settle(&without_parameters(&decode(&once)).replace('\\', "/"))
            }
        }
    }
}

fn decode(path: &str) -> String {
    percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned()
}

fn without_parameters(path: &str) -> String {
    let names: Vec<_> = path.split('/').map(|name| name.split(';').next().unwrap_or("")).collect();
    names.join("/")
}

fn settle(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(kept.pop()),
            name => kept.push(name),
        }
    }
    // `/x/` is not `/x`: who takes them for the same is told so in `domain::path`.
    let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}
