//! In which languages pages and mails are offered.

use crate::config::file::List;
use crate::config::problem::Fault;
use crate::config::scope::Scope;
use crate::config::suggest::either;
use crate::domain::language::Language;

/// `languages`
pub(super) fn languages(root: &Scope<'_>, list: Option<&List<String>>) -> Vec<Language> {
    let Some(list) = list else { return Language::ALL.to_vec() };
    if list.value.is_empty() {
        root.key("languages", list.at)
            .report(Fault::new("is empty").hint("leave the key out to offer all languages"));
    }
    let mut languages = Vec::new();
    for (scope, language) in root.items("languages", Some(list), language) {
        if languages.contains(&language) {
            let fault = Fault::new("is in the list already").value(language.tag());
            scope.report(fault.hint("name each language once"));
        } else {
            languages.push(language);
        }
    }
    languages
}

/// Reads the tag of a language.
pub(super) fn language(text: &str) -> Result<Language, Fault> {
    text.parse().map_err(|_| {
        let tags = either(Language::ALL.map(Language::tag));
        let fault = Fault::new(format!("must be {tags}"));
        match meant(text) {
            Some(language) => fault.hint(format!("did you mean `{language}`?")),
            None => fault.hint("pages and mails are written in no other language yet"),
        }
    })
}

/// `DE`, `de-AT`, `de_AT`, `German` and `Deutsch` are all the same to an operator.
fn meant(text: &str) -> Option<Language> {
    let text = text.trim().to_lowercase();
    let primary = text.split(['-', '_']).next().unwrap_or_default();
    Language::ALL.into_iter().find(|language| {
        let names = [language.own_name().to_lowercase(), format!("{language:?}").to_lowercase()];
        language.tag() == primary || names.contains(&text)
    })
}
