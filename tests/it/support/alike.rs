//! Two people's answers, compared to the byte after what has to differ is taken out: the address,
//! random values, and clock times.

use super::client::{Answer, Browser};
use super::gate::Gate;

/// What an answer is, without what has to differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    pub step: String,
    pub status: u16,
    headers: Vec<(String, String)>,
    length: usize,
    body: String,
}

/// One person's way, and what was seen on it.
pub struct Way {
    email: &'static str,
    pub browser: Browser,
    pub seen: Vec<Seen>,
}

impl Way {
    pub fn new(gate: &Gate, email: &'static str) -> Self {
        Self { email, browser: gate.browser(), seen: Vec::new() }
    }

    pub fn note(&mut self, step: &str, answer: &Answer) {
        let plain = |text: &str| normal(text, self.email);
        let headers = answer.headers.iter().filter(|(name, _)| name != "date");
        self.seen.push(Seen {
            step: step.to_owned(),
            status: answer.status,
            headers: headers.map(|(name, value)| (name.clone(), plain(value))).collect(),
            length: answer.body.len(),
            body: plain(&without_reference(&answer.text())),
        });
    }

    pub async fn get(&mut self, step: &str, target: &str) {
        let answer = self.browser.get(target).await;
        self.note(step, &answer);
    }

    pub async fn post(&mut self, step: &str, target: &str, fields: &[(&str, &str)]) {
        let answer = self.browser.post(target, fields).await;
        self.note(step, &answer);
    }

    pub async fn json(&mut self, step: &str, target: &str, document: &serde_json::Value) {
        let answer = self.browser.json("POST", target, document).await;
        self.note(step, &answer);
    }
}

/// Takes out the address, values of 40 random letters and more, and numbers of two digits and more:
/// times have no others. Counts of one digit stay.
fn normal(text: &str, email: &str) -> String {
    let (local, domain) = email.split_once('@').expect("an address");
    let text = text.replace(email, "ADDRESS").replace(&format!("{local}%40{domain}"), "ADDRESS");
    let text = text.replace(&format!("{}***@{domain}", &local[..1]), "MASKED");
    let mut normal = String::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        let end = rest.find(|letter| !word(letter)).unwrap_or(rest.len());
        let end = if end == 0 { first.len_utf8() } else { end };
        let (piece, after) = rest.split_at(end);
        if end >= 40 {
            normal.push_str("TOKEN");
        } else {
            normal.push_str(&without_numbers(piece));
        }
        rest = after;
    }
    normal
}

fn without_numbers(word: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for letter in word.chars().chain(['\0']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        out.push_str(if digits.len() > 1 { "N" } else { &digits });
        digits.clear();
        out.push(letter);
    }
    out.trim_end_matches('\0').to_owned()
}

/// Takes out the reference, which is random: ten letters and digits.
fn without_reference(text: &str) -> String {
    for begin in ["\"reference\":", "class=\"reference\""] {
        let Some(at) = text.find(begin) else { continue };
        let (before, after) = text.split_at(at + begin.len());
        let is_reference =
            |word: &&str| word.len() == 10 && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let reference = after.split(['"', '<', '>']).find(is_reference).expect("a reference");
        return before.to_owned() + &after.replacen(reference, "REFERENCE", 1);
    }
    text.to_owned()
}

/// Holds what one person has seen against what another one has.
#[track_caller]
pub fn assert_alike(who: &str, known: &[Seen], seen: &[Seen]) {
    for (one, other) in known.iter().zip(seen) {
        assert_eq!(one, other, "{who}");
    }
    assert_eq!(known.len(), seen.len());
}

#[test]
fn what_has_to_differ_is_taken_out_and_nothing_else() {
    const ANN: &str = "ann@example.com";
    let token = "aB3_".repeat(11);
    let text = format!("<b>ann@example.com</b> ann%40example.com a=3 at 14:03 {token}, 600 x2y");
    assert_eq!(normal(&text, ANN), "<b>ADDRESS</b> ADDRESS a=3 at N:N TOKEN, N x2y");
    let page = "<p class=\"reference\">Reference <bdi>0123456789</bdi></p>";
    assert_eq!(without_reference(page), page.replace("0123456789", "REFERENCE"));
    assert_eq!(
        without_reference("{\"reference\":\"abcdefghjk\"}"),
        "{\"reference\":\"REFERENCE\"}"
    );
}
