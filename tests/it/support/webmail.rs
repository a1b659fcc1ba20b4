//! A web mail at another site, which shows a mail with live links: a click there is a cross-site
//! navigation, as it is for people.

use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::app::head;

/// The web mail. Its pages are HTML that a test puts there.
pub struct Webmail {
    port: u16,
    pages: Arc<Mutex<Vec<String>>>,
}

impl Webmail {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let pages: Arc<Mutex<Vec<String>>> = Arc::default();
        let shown = Arc::clone(&pages);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let shown = Arc::clone(&shown);
                tokio::spawn(async move {
                    let Some(head) = head(&mut stream).await else { return };
                    let page = page(&head, &shown.lock().expect("no panic"));
                    // A browser that goes away is the end of the answer, not of the test.
                    let _ = stream.write_all(page.as_bytes()).await;
                });
            }
        });
        Self { port, pages }
    }

    /// Its origin: no host of a test's site is at the same site.
    pub fn origin(&self) -> String {
        format!("http://mail.web.localhost:{}", self.port)
    }

    /// Puts HTML there, such as that of a mail, and says where it is shown.
    pub fn show(&self, html: &str) -> String {
        let mut pages = self.pages.lock().expect("no panic");
        pages.push(html.to_owned());
        format!("{}/{}", self.origin(), pages.len() - 1)
    }
}

fn page(head: &str, pages: &[String]) -> String {
    let path = head.split(' ').nth(1).unwrap_or_default();
    let number = path.trim_start_matches('/').parse::<usize>().ok();
    let (status, body) = match number.and_then(|number| pages.get(number)) {
        Some(page) => ("200 OK", page.as_str()),
        // The icon that browsers ask for on their own.
        None => ("204 No Content", ""),
    };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
