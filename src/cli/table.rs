//! Lists for a terminal.

use serde_json::Value;

use crate::domain::letter;

/// A column whose cells are worked out.
pub(super) struct Column {
    pub(super) head: &'static str,
    pub(super) cell: fn(&Value) -> String,
}

/// Rows under their heads, as wide as they need. What is not printable was refused long before.
pub(super) fn table(heads: &[(&str, &str)], rows: &[Value]) -> String {
    let cells = |row: &Value| heads.iter().map(|(_, member)| cell(&row[*member])).collect();
    let mut lines: Vec<Vec<String>> = vec![heads.iter().map(|(head, _)| (*head).into()).collect()];
    lines.extend(rows.iter().map(cells));
    widened(&lines)
}

/// The same with cells that are worked out.
pub(super) fn aligned(columns: &[Column], rows: &[Value]) -> String {
    let mut lines: Vec<Vec<String>> = vec![columns.iter().map(|it| it.head.to_owned()).collect()];
    lines.extend(rows.iter().map(|row| columns.iter().map(|it| (it.cell)(row)).collect()));
    widened(&lines)
}

fn widened(lines: &[Vec<String>]) -> String {
    let width = |column: usize| {
        lines.iter().filter_map(|line| Some(line.get(column)?.chars().count())).max().unwrap_or(0)
    };
    let columns = lines.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let padded = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(padded).collect::<Vec<_>>().join("\n")
}

pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.chars().filter(|sign| !letter::is_stray(*sign)).collect(),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(","),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_need() {
        let rows = [
            json!({ "email": "ann@example.com", "groups": ["a", "b"], "name": null }),
            json!({ "email": "b@c.de", "groups": [], "name": "Bob\u{7}\u{202e}" }),
        ];
        let heads = [("ADDRESS", "email"), ("GROUPS", "groups"), ("NAME", "name")];
        let expected = "ADDRESS          GROUPS  NAME\nann@example.com  a,b     -\nb@c.de           -       Bob";
        assert_eq!(table(&heads, &rows), expected);
    }
}
