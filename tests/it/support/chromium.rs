//! A real Chromium, driven through chromedriver.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::wd::{WebDriverCompatibleCommand, WindowHandle};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::certificates::Certificates;
use super::eventually;

/// What Chromium is started with: nothing that would leave this machine, nothing that needs a
/// screen.
const FLAGS: [&str; 11] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
    "--host-resolver-rules=MAP *.localhost 127.0.0.1, MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];

/// A browser with a profile of its own. It ends, with its driver, when it is dropped.
pub struct Chromium {
    /// The connection to the driver.
    pub client: Client,
    session: String,
    port: u16,
    driver: Child,
    _profile: TempDir,
}

impl Chromium {
    /// Starts a browser that has never been anywhere.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts one that believes these certificates as it believes those of the web. With errors
    /// merely ignored it would keep no page, and `back` would differ.
    pub async fn believing(certificates: &Certificates) -> Self {
        let fingerprint = &certificates.fingerprint;
        Self::start_with(&[format!("--ignore-certificate-errors-spki-list={fingerprint}")]).await
    }

    async fn start_with(more: &[String]) -> Self {
        let (driver, port) = start_driver();
        let profile = TempDir::new().expect("a folder");
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        flags.extend_from_slice(more);
        let wishes = json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(wishes) = wishes else { unreachable!() };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wishes)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap_or_else(|error| {
                panic!("these tests need chromium (Debian: chromium): {error}")
            });
        let session = client.session_id().await.expect("a driver").expect("a session");
        Self { client, session, port, driver, _profile: profile }
    }

    /// Types an address into the address bar.
    pub async fn open(&self, url: &str) {
        if let Err(error) = self.client.goto(url).await {
            panic!("{url} does not open: {error}");
        }
    }

    /// Opens an address in a new tab, and stays there. Returns the tab that was left.
    pub async fn open_in_new_tab(&self, url: &str) -> WindowHandle {
        let left = self.client.window().await.expect("a tab");
        let tab = self.client.new_window(true).await.expect("a tab");
        self.client.switch_to_window(tab.handle).await.expect("the tab");
        self.open(url).await;
        left
    }

    /// Opens an address in a new window: what is open elsewhere stays visible, and its timers run.
    pub async fn open_in_new_window(&self, url: &str) -> WindowHandle {
        let left = self.client.window().await.expect("a tab");
        let window = self.client.new_window(false).await.expect("a window");
        self.client.switch_to_window(window.handle).await.expect("the window");
        self.open(url).await;
        left
    }

    /// Goes to another tab.
    pub async fn switch_to(&self, tab: WindowHandle) {
        self.client.switch_to_window(tab).await.expect("the tab");
    }

    /// Presses what opens a tab of its own, and goes there.
    pub async fn press_for_a_tab(&self, words: &str) {
        let before = self.client.windows().await.expect("tabs");
        self.press(words).await;
        self.switch_to_new(&before).await;
    }

    /// Waits for a tab that `before` does not have, and goes there.
    async fn switch_to_new(&self, before: &[WindowHandle]) {
        let tab = eventually("a new tab", async || {
            let tabs = self.client.windows().await.expect("tabs");
            tabs.into_iter().find(|tab| !before.contains(tab))
        });
        let tab = tab.await;
        self.switch_to(tab).await;
    }

    /// What the address bar shows, with the fragment.
    pub async fn url(&self) -> String {
        self.client.current_url().await.expect("an address").to_string()
    }

    /// Waits until the address bar shows this.
    pub async fn arrives_at(&self, url: &str) {
        let arrived = eventually(url, async || (self.url().await == url).then_some(()));
        if tokio::time::timeout(Duration::from_secs(9), arrived).await.is_err() {
            panic!("wanted to be at {url}, is at {}:\n{}", self.url().await, self.text().await);
        }
    }

    /// The words on the page.
    pub async fn text(&self) -> String {
        match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Waits until the page says this, and returns all its words.
    pub async fn says(&self, words: &str) -> String {
        let said =
            eventually(words, async || Some(self.text().await).filter(|it| it.contains(words)));
        match tokio::time::timeout(Duration::from_secs(9), said).await {
            Ok(text) => text,
            Err(_) => panic!("no {words:?} at {}:\n{}", self.url().await, self.text().await),
        }
    }

    /// Types into a field.
    pub async fn fill(&self, name: &str, text: &str) {
        let field = self.find(&format!("input[name={name}]")).await;
        field.clear().await.expect("an empty field");
        field.send_keys(text).await.expect("typed");
    }

    /// Presses a button or a link by its words, once it is there: the words before it on the page may have
    /// come in an earlier piece.
    pub async fn press(&self, words: &str) {
        let path = format!("//*[(self::button or self::a) and normalize-space()='{words}']");
        self.found(Locator::XPath(&path), words).await.click().await.expect("pressed");
    }

    /// The first element of this kind, once it is there.
    pub async fn find(&self, css: &str) -> Element {
        self.found(Locator::Css(css), css).await
    }

    async fn found(&self, what: Locator<'_>, name: &str) -> Element {
        let found = eventually(name, async || self.client.find(what).await.ok());
        match tokio::time::timeout(Duration::from_secs(9), found).await {
            Ok(element) => element,
            Err(_) => panic!("no {name:?} at {}:\n{}", self.url().await, self.text().await),
        }
    }

    /// Sends keys to whatever has the focus.
    pub async fn keys(&self, keys: &str) {
        let focus = self.client.active_element().await.expect("a focus");
        focus.send_keys(keys).await.expect("typed");
    }

    /// The value of an expression in the page.
    pub async fn value(&self, expression: &str) -> Value {
        let script = format!("return ({expression});");
        self.client.execute(&script, Vec::new()).await.expect("a value")
    }

    /// Is the built-in browser of a mail app on a telephone, in this tab.
    pub async fn is_a_mail_app(&self) {
        self.looks_like(390, "light", "none").await;
        let agent = "Mozilla/5.0 (Linux; Android 16; Pixel 9; wv) AppleWebKit/537.36 (KHTML, like \
                     Gecko) Version/4.0 Chrome/156.0.0.0 Mobile Safari/537.36";
        self.devtools("Network.setUserAgentOverride", json!({ "userAgent": agent })).await;
    }

    /// What the waiting page of this tab hears when it asks.
    pub async fn wait_state(&self) -> String {
        let ask = "fetch('/.linkgate/wait').then(answer => answer.json()).then(it => it.state)";
        self.value(ask).await.as_str().expect("a state").to_owned()
    }

    /// Turns scripts off in this tab, for the next page on.
    pub async fn without_scripts(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    /// Takes the size of a screen and the wishes of a person.
    pub async fn looks_like(&self, width: u32, scheme: &str, forced_colors: &str) {
        let metrics =
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
            { "name": "forced-colors", "value": forced_colors },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Puts a script into every page from now on. It comes from the driver and not from the page, so
    /// the page's content security policy stays as it is.
    pub async fn put_into_pages(&self, script: &str) {
        let parameters = json!({ "source": script });
        self.devtools("Page.addScriptToEvaluateOnNewDocument", parameters).await;
    }

    /// Runs a script in the page that is open, in the same way.
    pub async fn evaluate(&self, script: &str) {
        let answer = self.devtools("Runtime.evaluate", json!({ "expression": script })).await;
        assert!(answer.get("exceptionDetails").is_none(), "{answer}");
    }

    /// A picture of the whole page, as PNG. The window is made as high as the page for it: what
    /// lies beyond a window is not drawn as it will be.
    pub async fn picture(&self) -> Vec<u8> {
        let size = "[innerWidth, Math.max(800, document.documentElement.scrollHeight)]";
        let size = self.value(size).await;
        let metrics = json!({
            "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let wishes = json!({ "format": "png" });
        let picture = self.devtools("Page.captureScreenshot", wishes).await;
        let encoded = picture["data"].as_str().expect("a picture");
        base64::Engine::decode(&base64::prelude::BASE64_STANDARD, encoded).expect("a picture")
    }

    /// A command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.client.issue_cmd(Own("goog/cdp/execute", body)).await.expect(command)
    }

    /// What the browser complained about since the last question: errors and warnings of scripts,
    /// violations of the content security policy, answers with an error status.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.client.issue_cmd(Own("se/log", json!({ "type": "browser" }))).await;
        let entries = entries.expect("a log");
        let entries = entries.as_array().expect("a list").iter();
        // INFO is no complaint: "Cleared data types" after signing out.
        let entries = entries.filter(|entry| entry["level"] != "INFO");
        entries.filter_map(|entry| entry["message"].as_str()).map(str::to_owned).collect()
    }

    /// Forgets what it complained about while linkgate was started again: a page that waits asks on.
    pub async fn forgives(&self) {
        self.complaints().await;
    }

    /// Fails when the browser complained about anything since the last question, apart from
    /// answers with these statuses.
    pub async fn is_content(&self, expected: &[u16]) {
        let is_expected = |complaint: &String| {
            let status = |status: &u16| complaint.contains(&format!("with a status of {status} "));
            expected.iter().any(status)
        };
        let mut complaints = self.complaints().await;
        complaints.retain(|complaint| !is_expected(complaint));
        assert!(complaints.is_empty(), "at {}: {complaints:#?}", self.url().await);
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // The driver ends the browser; a driver that is killed would leave it behind.
        let _ = end_session(self.port, &self.session);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Starts a driver on a port that it picks, and reads which one. It picks a port that is free by IPv4 and
/// ends if the same one is taken by IPv6, as may happen where much listens; then another one is started.
fn start_driver() -> (Child, u16) {
    const STARTS: usize = 5;
    for _ in 0..STARTS {
        let mut driver = spawn_driver();
        let said = BufReader::new(driver.stdout.take().expect("its words"));
        let port = said.lines().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        match port {
            Some(port) => return (driver, port),
            None => println!("chromedriver ended: {:?}", driver.wait()),
        }
    }
    panic!("chromedriver ended {STARTS} times before it said its port")
}

fn spawn_driver() -> Child {
    let mut command = Command::new("chromedriver");
    command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    match command.spawn() {
        Ok(driver) => driver,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("these tests need chromedriver: install it (Debian: chromium-driver)")
        }
        Err(error) => panic!("chromedriver does not start: {error}"),
    }
}

/// Written without the client, which cannot be asked from `drop`.
fn end_session(port: u16, session: &str) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let request = format!(
        "DELETE /session/{session} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    stream.read(&mut [0; 512]).map(drop)
}

/// A command that is chromedriver's own.
#[derive(Debug)]
struct Own(&'static str, Value);

impl WebDriverCompatibleCommand for Own {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _url: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.1.to_string()))
    }
}
