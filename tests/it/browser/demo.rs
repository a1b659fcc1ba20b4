//! `linkgate demo`, as somebody tries it for the first time.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::ANN;
use super::gallery::survey;
use crate::support::chromium::Chromium;

/// A running demo. It ends when it is dropped.
struct Demo {
    child: Child,
    /// The addresses of its instructions: the deep link and the inbox.
    deep: String,
    inbox: String,
}

impl Demo {
    /// Starts it on ports that it picks, and reads its instructions like a person.
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_linkgate"))
            .args(["demo", "--port", "0", "--inbox-port", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the demo starts");
        let lines = BufReader::new(child.stdout.take().expect("its words")).lines();
        let mut addresses = lines.map_while(Result::ok).filter_map(|line| {
            let rest = &line[line.find("http://")?..];
            rest.split_whitespace().next().map(str::to_owned)
        });
        let (deep, inbox) = (addresses.next(), addresses.next());
        Self { child, deep: deep.expect("the site"), inbox: inbox.expect("the inbox") }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_demo_leads_from_its_first_link_to_the_signed_in_page() {
    let (demo, chromium) = (Demo::start(), Chromium::start().await);
    crate::support::eventually("the demo listens", async || {
        let address = url::Url::parse(&demo.deep).ok()?.socket_addrs(|| None).ok()?.pop()?;
        tokio::net::TcpStream::connect(("127.0.0.1", address.port())).await.ok().map(drop)
    })
    .await;
    chromium.open(&demo.deep).await;
    chromium.fill("email", ANN).await;
    chromium.press("Send me a link").await;
    chromium.says("Check your mail").await;

    let first = chromium.open_in_new_tab(&demo.inbox).await;
    crate::support::eventually("the mail in the inbox", async || {
        chromium.client.refresh().await.expect("the inbox");
        chromium.text().await.contains(ANN).then_some(())
    })
    .await;
    survey(&chromium, "demo-inbox").await;
    chromium.is_content(&[]).await;
    chromium.find("iframe").await.enter_frame().await.expect("the mail");
    chromium.press_for_a_tab("Sign in").await;
    chromium.arrives_at(&demo.deep).await;
    let shown = chromium.says("You are in").await;
    let email = shown.lines().find(|line| line.starts_with("remote-email"));
    assert!(email.is_some_and(|line| line.contains(ANN)), "{shown}");
    survey(&chromium, "demo-application").await;
    chromium.is_content(&[]).await;
    chromium.switch_to(first).await;
    chromium.arrives_at(&demo.deep).await;
}
