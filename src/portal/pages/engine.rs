//! The template engine, set up once and alike for pages and mails.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{
    AutoEscape, Environment, Error, Output, State, UndefinedBehavior, escape_formatter,
};

use super::{clock, words};

/// A template's name and text. Names that end in `.html` are escaped for HTML.
pub(crate) type Source = (&'static str, &'static str);

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../templates/", $name)))),*]
    };
}

/// The templates of the pages. Shared parts come first.
pub(crate) const PAGES: &[Source] = built_in![
    "layout.html",
    "fields.html",
    "sign_in.html",
    "check_mail.html",
    "request_ended.html",
    "code_used_up.html",
    "rate_limited.html",
    "link_elsewhere.html",
    "link_gone.html",
    "link_unknown.html",
    "report.html",
    "report_done.html",
    "sign_out.html",
    "signed_out.html",
    "forbidden.html",
    "account.html",
    "notice.html",
    "inbox.html",
    "demo_app.html",
];

/// Steps one page may take: a loop that runs away ends as an error, not as a hung worker.
const FUEL: u64 = 200_000;

/// An engine that knows the given templates and our filters.
///
/// # Errors
/// When a template does not compile.
pub(crate) fn environment(sources: &[Source]) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(write_value);
    environment.add_filter("clock", clock::clock);
    environment.add_filter("clock_seconds", clock::clock_seconds);
    environment.add_filter("clock_text", clock::clock_text);
    environment.add_filter("moment", clock::moment);
    environment.add_filter("seconds_from", clock::seconds_from);
    environment.add_filter("minutes_from", clock::minutes_from);
    environment.add_filter("shorten", |text: &str, most: usize| words::shorten(text, most));
    for (name, text) in sources {
        environment.add_template(name, text)?;
    }
    Ok(environment)
}

/// The library's own escaping, but `/` stays as it is.
///
/// Escaping `/` protects nothing in quoted attributes and element text, and mail gateways that
/// look for links in the source without decoding it do not find `https:&#x2f;&#x2f;`.
fn write_value(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    let text = match value.as_str() {
        Some(text) if *state.auto_escape() == AutoEscape::Html && !value.is_safe() => text,
        _ => return escape_formatter(out, state, value),
    };
    for (position, part) in text.split('/').enumerate() {
        if position > 0 {
            out.write_str("/")?;
        }
        escape_formatter(out, state, &Value::from(part))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    #[test]
    fn html_is_escaped_but_for_the_slash() {
        let engine = environment(&[("a.html", "{{ text }}"), ("a.txt", "{{ text }}")]).unwrap();
        let say = |name| {
            let text = "/<b a='1' b=\"2\">&/";
            engine.get_template(name).unwrap().render(context! { text }).unwrap()
        };
        assert_eq!(say("a.html"), "/&lt;b a=&#x27;1&#x27; b=&quot;2&quot;&gt;&amp;/");
        assert_eq!(say("a.txt"), "/<b a='1' b=\"2\">&/");
    }

    #[test]
    fn a_name_that_no_view_has_is_an_error() {
        let engine = environment(&[("a.html", "{{ typo }}")]).unwrap();
        assert!(engine.get_template("a.html").unwrap().render(context! {}).is_err());
    }

    #[test]
    fn a_runaway_template_ends() {
        let text = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
        let engine = environment(&[("a.html", text)]).unwrap();
        assert!(engine.get_template("a.html").unwrap().render(context! {}).is_err());
    }
}
