//! The page that leads to all the others.

use std::fmt::Write;

use super::set::Set;
use super::{File, Written};

/// Its name.
pub(super) const FILE: &str = "index.html";
/// How it begins; a folder with such a file is one of ours.
pub(super) const START: &str = "<!doctype html>\n<!-- linkgate preview -->\n";

/// The page, as far as there is something to lead to.
pub(super) fn page(parts: &[(&Set, Vec<Written>)]) -> String {
    let mut head = String::new();
    let mut body = String::new();
    if let Some((set, _)) = parts.first() {
        let [style, icon] = [set.stylesheet(), set.icon()].map(|path| escaped(&path));
        let _ = write!(
            head,
            "<link rel=\"icon\" type=\"image/svg+xml\" href=\"{icon}\">\n\
             <link rel=\"stylesheet\" href=\"{style}\">\n"
        );
    }
    for (set, written) in parts {
        section(&mut body, set, written);
    }
    format!(
        "{START}<html lang=\"en\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>Pages and mails · linkgate</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n{head}</head>\n\
         <body class=\"wide\">\n<main>\n<h1>Pages and mails</h1>\n\
         <p>What visitors see, with sample data, in every state and every language that is offered. \
         Buttons and forms lead nowhere here. Your browser’s settings choose between light and \
         dark.</p>\n{body}</main>\n</body>\n</html>\n"
    )
}

fn section(body: &mut String, set: &Set, written: &[Written]) {
    let (name, host) = (escaped(set.title()), escaped(set.host()));
    let _ = write!(
        body,
        "<section>\n<h2><bdi>{name}</bdi> <bdi dir=\"ltr\">({host})</bdi></h2>\n<table>\n\
         <tr><th scope=\"col\">Page</th><th scope=\"col\">Status</th>\
         <th scope=\"col\">Languages</th></tr>\n"
    );
    for Written { name, about, files } in written {
        let _ = write!(
            body,
            "<tr><th scope=\"row\"><span class=\"more\">{}</span></th>\
             <td><span class=\"more\">{}</span></td><td>",
            escaped(name),
            escaped(about)
        );
        for (language, files) in files {
            for File { path, words } in files {
                let (lang, words) = match *words {
                    "" => (format!(" lang=\"{}\"", language.tag()), language.own_name()),
                    words => (String::new(), words),
                };
                let _ =
                    write!(body, "<a class=\"more\" href=\"{}\"{lang}>{words}</a> ", escaped(path));
            }
        }
        body.push_str("</td></tr>\n");
    }
    body.push_str("</table>\n</section>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
