//! The browser in words, for mails and lists of sessions.

use std::fmt;

use memchr::memmem;
use serde::{Deserialize, Serialize};

/// What is looked at of a `User-Agent`; honest ones have under 300 bytes.
const LONGEST_LOOK: usize = 1024;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $(#[doc = $word] $variant,)*
            /// One that has no name here.
            #[serde(other)]
            Unknown,
        }

        impl $name {
            fn word(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($word),)*
                    Self::Unknown => None,
                }
            }
        }
    };
}

words! {
    /// The browsers that people know by name.
    Browser {
        Chrome = "Chrome",
        DuckDuckGo = "DuckDuckGo",
        Edge = "Edge",
        Firefox = "Firefox",
        Opera = "Opera",
        Safari = "Safari",
        SamsungInternet = "Samsung Internet",
        Vivaldi = "Vivaldi",
    }
}

words! {
    /// The systems and devices that people know by name.
    System {
        Android = "Android",
        ChromeOs = "ChromeOS",
        IPad = "iPad",
        IPhone = "iPhone",
        Linux = "Linux",
        Mac = "Mac",
        Windows = "Windows",
    }
}

/// Nearly all browsers claim to be Chrome and Safari too, so the others come first.
const BROWSERS: [(&[u8], Browser); 16] = [
    (b"Edg/", Browser::Edge),
    (b"EdgA/", Browser::Edge),
    (b"EdgiOS/", Browser::Edge),
    (b"Edge/", Browser::Edge),
    (b"OPR/", Browser::Opera),
    (b"OPT/", Browser::Opera),
    (b"Opera", Browser::Opera),
    (b"SamsungBrowser/", Browser::SamsungInternet),
    (b"Vivaldi/", Browser::Vivaldi),
    (b"DuckDuckGo/", Browser::DuckDuckGo),
    (b"Ddg/", Browser::DuckDuckGo),
    (b"Firefox/", Browser::Firefox),
    (b"FxiOS/", Browser::Firefox),
    (b"CriOS/", Browser::Chrome),
    (b"Chrome/", Browser::Chrome),
    (b"Safari/", Browser::Safari),
];

const SYSTEMS: [(&[u8], System); 9] = [
    (b"iPhone", System::IPhone),
    (b"iPod", System::IPhone),
    (b"iPad", System::IPad),
    (b"Android", System::Android),
    (b"CrOS", System::ChromeOs),
    (b"Windows", System::Windows),
    (b"Macintosh", System::Mac),
    (b"Linux", System::Linux),
    (b"X11", System::Linux),
];

/// Browsers inside other apps: the Google app, Facebook, Instagram, LINE, Android's WebView and
/// what else people read mail in. Their cookies are not those of the person's real browser.
const IN_APP: [&[u8]; 12] = [
    b"GSA/",
    b"FBAN",
    b"FBAV",
    b"Instagram",
    b"; wv)",
    b" Line/",
    b"LinkedInApp",
    b"MicroMessenger",
    b"Pinterest/",
    b"Snapchat",
    b"BytedanceWebview",
    b"musical_ly",
];

/// A browser and its system, such as `Firefox on Windows`.
///
/// Made of fixed words alone, never of the input: it stands in mails, and a `User-Agent` is
/// whatever the caller likes. Only good for recognising oneself, never for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BrowserLabel {
    /// The browser.
    pub browser: Browser,
    /// What it runs on.
    pub system: System,
}

impl BrowserLabel {
    /// Recognises a browser by its `User-Agent`.
    #[must_use]
    pub fn from_user_agent(user_agent: &[u8]) -> Self {
        let seen = look_at(user_agent);
        let system = first_of(&SYSTEMS, seen).unwrap_or(System::Unknown);
        let browser = match first_of(&BROWSERS, seen).unwrap_or(Browser::Unknown) {
            // Safari is Apple's; elsewhere it is a browser that does not say its name.
            Browser::Safari if !is_apple(system) => Browser::Unknown,
            browser => browser,
        };
        Self { browser, system }
    }
}

/// What stands in a label for a browser that has no name here.
pub const UNKNOWN_BROWSER: &str = "An unknown browser";

impl fmt::Display for BrowserLabel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.browser.word().unwrap_or(UNKNOWN_BROWSER))?;
        self.system.word().map_or(Ok(()), |system| write!(out, " on {system}"))
    }
}

/// Whether this is a browser inside another app, whose visitor should rather type the code into
/// the window where the sign-in began. On iPhone and iPad, one that does not end in `Safari/`.
#[must_use]
pub fn in_app(user_agent: &[u8]) -> bool {
    let seen = look_at(user_agent);
    let has = |mark: &[u8]| memmem::find(seen, mark).is_some();
    IN_APP.iter().any(|mark| has(mark))
        || ((has(b"iPhone") || has(b"iPad")) && has(b"AppleWebKit/") && !has(b"Safari/"))
}

fn look_at(user_agent: &[u8]) -> &[u8] {
    &user_agent[..user_agent.len().min(LONGEST_LOOK)]
}

fn first_of<T: Copy>(marks: &[(&[u8], T)], seen: &[u8]) -> Option<T> {
    marks.iter().find(|(mark, _)| memmem::find(seen, mark).is_some()).map(|(_, found)| *found)
}

fn is_apple(system: System) -> bool {
    matches!(system, System::IPad | System::IPhone | System::Mac)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KHTML: &str = "AppleWebKit/605.1.15 (KHTML, like Gecko)";

    const LABELS: &[(&str, &str)] = &[
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
            "Firefox on Windows",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
            "Firefox on Linux",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) {k} Chrome/140.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {k} Chrome/140.0 Safari/537.36",
            "Chrome on ChromeOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {k} Version/26.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6) {k} CriOS/140.0 Mobile/15E148 Safari/604.1",
            "Chrome on iPhone",
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 18_6) {k} FxiOS/143.0 Mobile/15E148 Safari/604.1",
            "Firefox on iPad",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {k} Version/26.0 Safari/605.1.15",
            "Safari on Mac",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) {k} Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10) {k} Chrome/140.0 Mobile Safari/537.36 EdgA/140.0",
            "Edge on Android",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) {k} Chrome/140.0 Safari/537.36 OPR/124.0",
            "Opera on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) {k} SamsungBrowser/29.0 Chrome/136.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        ("Mozilla/5.0 (Macintosh) {k} Version/17.6 Safari/605.1.15 Ddg/17.6", "DuckDuckGo on Mac"),
        (
            "Mozilla/5.0 (X11; Linux x86_64) {k} HeadlessChrome/140.0 Safari/537.36",
            "Chrome on Linux",
        ),
        (
            "Mozilla/5.0 (Linux; Android 4.0) {k} Version/4.0 Mobile Safari/534.30",
            "An unknown browser on Android",
        ),
        ("Firefox/143.0", "Firefox"),
        ("curl/8.5.0", "An unknown browser"),
        ("", "An unknown browser"),
        ("<script>alert(1)</script>", "An unknown browser"),
    ];

    #[test]
    fn browsers_are_called_by_their_names() {
        for &(user_agent, label) in LABELS {
            let user_agent = user_agent.replace("{k}", KHTML);
            let found = BrowserLabel::from_user_agent(user_agent.as_bytes());
            assert_eq!(found.to_string(), label, "{user_agent}");
            assert!(!in_app(user_agent.as_bytes()), "{user_agent}");
            let stored = serde_json::to_string(&found).unwrap();
            assert_eq!(serde_json::from_str::<BrowserLabel>(&stored).unwrap(), found);
        }
    }

    #[test]
    fn a_stored_name_that_is_no_longer_known_reads_as_unknown() {
        let stored = r#"{"browser":"netscape","system":"amiga"}"#;
        let label: BrowserLabel = serde_json::from_str(stored).unwrap();
        assert_eq!(label.to_string(), "An unknown browser");
    }

    #[test]
    fn browsers_inside_apps_are_recognised() {
        for user_agent in [
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6) {k} GSA/380.0 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6) {k} Mobile/15E148 [FBAN/FBIOS;FBAV/530.0]",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6) {k} Mobile/15E148 Instagram 400.0",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6) {k} Mobile/15E148",
            "Mozilla/5.0 (Linux; Android 15; Pixel 9 Build/X; wv) {k} Version/4.0 Chrome/140.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 15; K) {k} Chrome/140.0 Mobile Safari/537.36 Line/15.0",
        ] {
            assert!(in_app(user_agent.replace("{k}", KHTML).as_bytes()), "{user_agent}");
        }
    }

    proptest! {
        #[test]
        fn a_label_has_fixed_words_only(user_agent in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let label = BrowserLabel::from_user_agent(&user_agent).to_string();
            prop_assert!(label.len() <= 40);
            prop_assert!(label.chars().all(|letter| letter.is_ascii_alphabetic() || letter == ' '));
            let _ = in_app(&user_agent);
        }
    }
}
