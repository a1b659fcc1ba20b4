//! How templates say a phrase: `{{ t("check-mail-intro", email=email|ltr|strong) }}`.
//!
//! In HTML the message itself is escaped. A value that is safe already (a filter made it, such as
//! `<bdi>…</bdi>`) goes in as it is, every other one is escaped, too: neither a translation nor a
//! value can bring markup of its own.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use minijinja::value::{Kwargs, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, HtmlEscape, State};

use super::{Phrases, Said};
use crate::domain::client::UNKNOWN_BROWSER;
use crate::domain::language::Language;
use crate::domain::time::UnixMillis;
use crate::portal::pages::clock;

/// Stands for a value until the message is escaped: the first of a plane of characters that mean
/// nothing and that nobody types (Unicode, plane 15, private use).
const FIRST_STAND_IN: u32 = 0xF_0000;

/// A message that has no values, as pages and mails put it in: most messages, and the same each time.
pub(super) struct FixedWords {
    plain: Value,
    html: Value,
}

/// Those of one language, by their names.
pub(super) type Fixed = HashMap<String, FixedWords>;

impl FixedWords {
    pub(super) fn new(words: String) -> Self {
        Self { html: Value::from_safe_string(escaped(&words)), plain: Value::from(words) }
    }
}

/// Makes the phrases of one language known to an engine: `t`, and the filters that need words.
pub(crate) fn install(
    environment: &mut Environment<'static>,
    phrases: &Arc<Phrases>,
    language: Language,
) {
    let say = Arc::clone(phrases);
    environment.add_function("t", move |state: &State, key: &str, values: Kwargs| {
        let is_html = *state.auto_escape() == AutoEscape::Html;
        if values.args().next().is_none()
            && let Some(words) = say.fixed(language).and_then(|fixed| fixed.get(key))
        {
            return Ok(if is_html { words.html.clone() } else { words.plain.clone() });
        }
        match is_html {
            true => html(&say, language, key, &values),
            false => plain(&say, language, key, &values),
        }
    });
    environment.add_filter("ltr", |text: &str| element("bdi dir=\"ltr\"", "bdi", &escaped(text)));
    environment.add_filter("place", place);
    environment.add_filter("bdi", |text: &str| element("bdi", "bdi", &escaped(text)));
    environment.add_filter("strong", |value: Value| element("strong", "strong", &markup(&value)));
    let say = Arc::clone(phrases);
    environment.add_filter("device", move |state: &State, label: &str| -> Result<Value, Error> {
        let words = device(&say, language, label)?;
        Ok(match state.auto_escape() {
            AutoEscape::Html => element("bdi", "bdi", &escaped(&words)),
            _ => Value::from(words),
        })
    });
    let say = Arc::clone(phrases);
    environment.add_filter("clock_text", move |at: u64| clock_text(&say, language, at));
    let say = Arc::clone(phrases);
    environment.add_filter("clock", move |at: u64| -> Result<Value, Error> {
        Ok(time(at, "minutes", &clock_text(&say, language, at)?))
    });
    let say = Arc::clone(phrases);
    environment.add_filter("clock_seconds", move |at: u64| -> Result<Value, Error> {
        let digits = clock::digits_with_seconds(UnixMillis(at));
        let words = said(&say, language, "clock-zone", &[("time", Said::Text(&digits))])?;
        Ok(time(at, "seconds", &words))
    });
    let say = Arc::clone(phrases);
    environment.add_filter("moment_text", move |at: u64| moment_text(&say, language, at));
    let say = Arc::clone(phrases);
    environment.add_filter("moment", move |at: u64| -> Result<Value, Error> {
        Ok(time(at, "moment", &moment_text(&say, language, at)?))
    });
}

/// `Firefox on Windows` in the visitor's language. Labels are stored as they were made, in English;
/// what is no label is shown as it is.
fn device(phrases: &Phrases, language: Language, label: &str) -> Result<String, Error> {
    let (browser, system) = label.split_once(" on ").unwrap_or((label, ""));
    let (key, values): (_, &[(&str, Said<'_>)]) = match (browser, system) {
        (UNKNOWN_BROWSER, "") => ("device-unknown", &[]),
        (UNKNOWN_BROWSER, system) => ("device-unknown-on", &[("system", Said::Text(system))]),
        (browser, "") => return Ok(browser.to_owned()),
        (browser, system) => {
            let values = [("browser", Said::Text(browser)), ("system", Said::Text(system))];
            return said(phrases, language, "device", &values);
        }
    };
    said(phrases, language, key, values)
}

fn clock_text(phrases: &Phrases, language: Language, at: u64) -> Result<String, Error> {
    let digits = clock::digits(UnixMillis(at));
    said(phrases, language, "clock-zone", &[("time", Said::Text(&digits))])
}

fn moment_text(phrases: &Phrases, language: Language, at: u64) -> Result<String, Error> {
    let date = clock::date(UnixMillis(at));
    let month = said(phrases, language, &format!("month-{}", date.month), &[])?;
    let (day, year) = (date.day.to_string(), date.year.to_string());
    let clock = clock_text(phrases, language, at)?;
    let values = [
        ("day", Said::Text(&day)),
        ("month", Said::Text(&month)),
        ("year", Said::Text(&year)),
        ("clock", Said::Text(&clock)),
    ];
    said(phrases, language, "moment", &values)
}

fn plain(
    phrases: &Phrases,
    language: Language,
    key: &str,
    values: &Kwargs,
) -> Result<Value, Error> {
    let given = given(values)?;
    let texts: Vec<String> = given.iter().map(|(_, value)| value.to_string()).collect();
    let arguments: Vec<(&str, Said<'_>)> = given
        .iter()
        .zip(&texts)
        .map(|((name, value), text)| (*name, number(value).unwrap_or(Said::Text(text))))
        .collect();
    said(phrases, language, key, &arguments).map(Value::from)
}

fn html(phrases: &Phrases, language: Language, key: &str, values: &Kwargs) -> Result<Value, Error> {
    let given = given(values)?;
    let stand_ins: Vec<String> = (FIRST_STAND_IN..)
        .zip(&given)
        .map(|(stand_in, _)| char::from_u32(stand_in).map(String::from).unwrap_or_default())
        .collect();
    let arguments: Vec<(&str, Said<'_>)> = given
        .iter()
        .zip(&stand_ins)
        .map(|((name, value), stand_in)| (*name, number(value).unwrap_or(Said::Text(stand_in))))
        .collect();
    let message = said(phrases, language, key, &arguments)?;
    let mut text = escaped(&message);
    for ((_, value), stand_in) in given.iter().zip(&stand_ins) {
        text = text.replace(stand_in.as_str(), &markup(value));
    }
    Ok(Value::from_safe_string(text))
}

fn given(values: &Kwargs) -> Result<Vec<(&str, Value)>, Error> {
    let mut given = Vec::new();
    for name in values.args() {
        let value: Value = values.get(name)?;
        if value.is_undefined() || value.is_none() {
            let what = format!("the value `{name}` of a phrase is not there");
            return Err(Error::new(ErrorKind::UndefinedError, what));
        }
        given.push((name, value));
    }
    Ok(given)
}

fn number(value: &Value) -> Option<Said<'static>> {
    if value.as_str().is_some() {
        return None;
    }
    u32::try_from(value.clone()).ok().map(Said::Number)
}

fn said(
    phrases: &Phrases,
    language: Language,
    key: &str,
    values: &[(&str, Said<'_>)],
) -> Result<String, Error> {
    phrases
        .say(language, key, values)
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))
}

fn markup(value: &Value) -> String {
    if value.is_safe() { value.to_string() } else { escaped(&value.to_string()) }
}

/// As the engine escapes, see [`crate::portal::pages::environment`]: `/` stays.
fn escaped(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (position, part) in text.split('/').enumerate() {
        if position > 0 {
            out.push('/');
        }
        // A String takes all.
        let _ = write!(out, "{}", HtmlEscape(part));
    }
    out
}

/// Whether there is nothing in it that HTML reads.
pub(crate) fn is_plain(text: &str) -> bool {
    !text.bytes().any(|byte| matches!(byte, b'<' | b'>' | b'&' | b'"' | b'\''))
}

/// A host, or the address of a page: on a narrow screen its line ends before a dot or behind a
/// slash, and not within a word.
fn place(state: &State, text: &str) -> Value {
    match state.auto_escape() {
        AutoEscape::Html => {
            let text = escaped(text).replace('.', "<wbr>.").replace('/', "/<wbr>");
            element("bdi dir=\"ltr\"", "bdi", &text)
        }
        _ => Value::from(text),
    }
}

fn element(open: &str, close: &str, content: &str) -> Value {
    Value::from_safe_string(format!("<{open}>{content}</{close}>"))
}

fn time(at: u64, kind: &str, words: &str) -> Value {
    let machine = clock::rfc3339(UnixMillis(at));
    let open = format!("time datetime=\"{machine}\" data-clock=\"{kind}\"");
    element(&open, "time", &escaped(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    fn engine() -> Environment<'static> {
        let text = "sign-in-title = <b>{ $site }</b> & { $count ->\n    [one] one try\n   *[other] { $count } tries\n }\n";
        let phrases = Phrases::with(text);
        let mut engine = Environment::new();
        install(&mut engine, &Arc::new(phrases), Language::English);
        engine
    }

    fn render(name: &str, text: &str) -> Result<String, Error> {
        engine().render_named_str(name, text, context! { nasty => "<i>'\"&/", many => 3 })
    }

    #[test]
    fn neither_message_nor_value_brings_markup() {
        let text = r#"{{ t("sign-in-title", site=nasty, count=1) }}"#;
        assert_eq!(
            render("a.html", text).unwrap(),
            "&lt;b&gt;&lt;i&gt;&#x27;&quot;&amp;/&lt;/b&gt; &amp; one try"
        );
        assert_eq!(render("a.txt", text).unwrap(), "<b><i>'\"&/</b> & one try");
    }

    #[test]
    fn filters_make_the_only_markup() {
        let text = r#"{{ t("sign-in-title", site=nasty|ltr|strong, count=many) }}"#;
        let html = render("a.html", text).unwrap();
        assert!(html.contains("<strong><bdi dir=\"ltr\">&lt;i&gt;"), "{html}");
        assert!(html.ends_with("3 tries"), "{html}");
    }

    #[test]
    fn an_address_ends_its_line_between_its_parts() {
        let text = "{{ \"a.test/b?<\"|place }}";
        assert_eq!(
            render("a.html", text).unwrap(),
            "<bdi dir=\"ltr\">a<wbr>.test/<wbr>b?&lt;</bdi>"
        );
        assert_eq!(render("a.txt", text).unwrap(), "a.test/b?<");
    }

    #[test]
    fn what_is_missing_is_an_error() {
        for text in [
            r#"{{ t("no-such-message") }}"#,
            r#"{{ t("sign-in-title", count=1) }}"#,
            r#"{{ t("sign-in-title", site=none, count=1) }}"#,
            r#"{{ t("sign-in-title", site=typo, count=1) }}"#,
        ] {
            assert!(render("a.html", text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_utc_and_say_so() {
        let text = "{{ 1795356180000|clock }} {{ 1795356210000|clock_seconds }}";
        let html = render("a.html", text).unwrap();
        assert!(
            html.starts_with("<time datetime=\"2026-11-22T14:03:00Z\" data-clock=\"minutes\">")
        );
        assert!(html.contains(">14:03 UTC</time>") && html.contains(">14:03:30 UTC</time>"));
    }
}
