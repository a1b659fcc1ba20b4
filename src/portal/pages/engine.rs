//! The template engine, set up once and alike for pages and mails: one for each language.

use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{
    AutoEscape, Environment, Error, Output, State, UndefinedBehavior, escape_formatter,
};

use super::{clock, words};
use crate::domain::language::Language;
use crate::portal::brand::Branding;
use crate::portal::phrases::{Phrases, in_templates};

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
    "password.html",
    "new_password.html",
    "ask_password.html",
    "sign_in.html",
    "choose_password.html",
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
    "signed_in.html",
    "welcome.html",
    "signed_out.html",
    "forbidden.html",
    "account.html",
    "notice.html",
    "inbox.html",
    "demo_app.html",
];

/// Steps one page may take: a loop that runs away ends as an error, not as a hung worker.
const FUEL: u64 = 200_000;

/// An engine for one language: the templates of a brand, our filters, and the phrases.
///
/// # Errors
/// When a template does not compile.
pub(crate) fn environment(
    sources: &[Source],
    branding: &Branding,
    language: Language,
) -> Result<Environment<'static>, Error> {
    let mut environment = bare(&branding.phrases, language)?;
    environment.add_global("lang", language.tag());
    environment.add_global("dir", language.direction());
    for (name, built_in) in sources {
        environment.add_template_owned(*name, branding.template(name, built_in))?;
    }
    Ok(environment)
}

fn bare(phrases: &Arc<Phrases>, language: Language) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_fuel(Some(FUEL));
    environment.set_formatter(write_value);
    environment.add_filter("seconds_from", clock::seconds_from);
    environment.add_filter("minutes_from", clock::minutes_from);
    environment.add_filter("shorten", |text: &str, most: usize| words::shorten(text, most));
    in_templates::install(&mut environment, phrases, language);
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
    if in_templates::is_plain(text) {
        return Ok(out.write_str(text)?);
    }
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

    fn engine(text: &'static str) -> Environment<'static> {
        let phrases = Arc::new(Phrases::new(&[]).unwrap());
        let mut engine = bare(&phrases, Language::English).unwrap();
        engine.add_template("a.html", text).unwrap();
        engine.add_template("a.txt", text).unwrap();
        engine
    }

    #[test]
    fn html_is_escaped_but_for_the_slash() {
        let engine = engine("{{ text }}");
        let say = |name| {
            let text = "/<b a='1' b=\"2\">&/";
            engine.get_template(name).unwrap().render(context! { text }).unwrap()
        };
        assert_eq!(say("a.html"), "/&lt;b a=&#x27;1&#x27; b=&quot;2&quot;&gt;&amp;/");
        assert_eq!(say("a.txt"), "/<b a='1' b=\"2\">&/");
    }

    #[test]
    fn a_name_that_no_view_has_is_an_error() {
        let engine = engine("{{ typo }}");
        assert!(engine.get_template("a.html").unwrap().render(context! {}).is_err());
    }

    #[test]
    fn a_runaway_template_ends() {
        let engine =
            engine("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}");
        assert!(engine.get_template("a.html").unwrap().render(context! {}).is_err());
    }
}
