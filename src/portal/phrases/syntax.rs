// What a Fluent text holds: the names of its messages, and the variables of each. Shared with
// `build.rs`, which compares the languages with it, so it knows nothing of the crate.

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::{
    CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement,
};

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// The line it begins at, from 1.
    pub(crate) line: usize,
    /// The variables it uses, without `$`.
    pub(crate) variables: BTreeSet<String>,
}

/// A text that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxFault {
    /// The line, from 1.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) what: String,
}

/// The messages of a text by name.
///
/// # Errors
/// The first thing that is not Fluent, a message without a text, or one that is there twice.
pub(crate) fn messages(text: &str) -> Result<BTreeMap<String, Message>, SyntaxFault> {
    let resource = fluent_syntax::parser::parse(text).map_err(|(_, errors)| {
        let first = errors.first();
        let line = line_of(text, first.map_or(0, |error| error.pos.start));
        let what = first.map_or_else(String::new, |error| error.kind.to_string());
        SyntaxFault { line, what: format!("is not Fluent: {what}") }
    })?;
    let mut found = BTreeMap::new();
    for entry in &resource.body {
        let Entry::Message(message) = entry else { continue };
        let key = message.id.name;
        // Names are parts of the text, so the distance of their starts is the place.
        let line = line_of(text, key.as_ptr() as usize - text.as_ptr() as usize);
        let fault = |what: &str| SyntaxFault { line, what: format!("`{key}` {what}") };
        let Some(pattern) = &message.value else { return Err(fault("has no text")) };
        let mut variables = BTreeSet::new();
        collect(pattern, &mut variables);
        if found.insert(key.to_owned(), Message { line, variables }).is_some() {
            return Err(fault("is there twice"));
        }
    }
    Ok(found)
}

fn line_of(text: &str, position: usize) -> usize {
    text.bytes().take(position).filter(|byte| *byte == b'\n').count() + 1
}

fn collect(pattern: &Pattern<&str>, variables: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            collect_expression(expression, variables);
        }
    }
}

fn collect_expression(expression: &Expression<&str>, variables: &mut BTreeSet<String>) {
    match expression {
        Expression::Inline(inline) => collect_inline(inline, variables),
        Expression::Select { selector, variants } => {
            collect_inline(selector, variables);
            for variant in variants {
                collect(&variant.value, variables);
            }
        }
    }
}

fn collect_inline(inline: &InlineExpression<&str>, variables: &mut BTreeSet<String>) {
    match inline {
        InlineExpression::VariableReference { id } => {
            variables.insert(id.name.to_owned());
        }
        InlineExpression::FunctionReference { arguments, .. } => {
            collect_arguments(arguments, variables)
        }
        InlineExpression::Placeable { expression } => collect_expression(expression, variables),
        InlineExpression::TermReference { arguments, .. } => {
            if let Some(arguments) = arguments {
                collect_arguments(arguments, variables);
            }
        }
        InlineExpression::StringLiteral { .. }
        | InlineExpression::NumberLiteral { .. }
        | InlineExpression::MessageReference { .. } => {}
    }
}

fn collect_arguments(arguments: &CallArguments<&str>, variables: &mut BTreeSet<String>) {
    for argument in &arguments.positional {
        collect_inline(argument, variables);
    }
    for argument in &arguments.named {
        collect_inline(&argument.value, variables);
    }
}
