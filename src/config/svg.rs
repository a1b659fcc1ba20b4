//! Whether an SVG is a plain drawing.
//!
//! The logo is served from the origin of the sign-in: opened by itself it is a document there, and
//! a script in it could read the pages. Instead of looking for what is bad, this knows what a drawing
//! is made of and refuses the rest. The reading is stricter than XML on purpose: whoever is more
//! lenient than a browser sees another document than the browser does. (Bugs of that kind: a script
//! under another namespace prefix, `<set attributeName="href">`, entities that spell `url(`,
//! encodings like UTF-7 in the declaration.)

/// Why a text is no drawing that we serve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SvgError {
    #[error("is not well-formed XML near byte {0}")]
    Xml(usize),
    #[error("must begin with <svg xmlns=\"http://www.w3.org/2000/svg\" …>")]
    Root,
    #[error("declares another encoding than UTF-8")]
    Encoding,
    #[error("has a <!DOCTYPE or another declaration")]
    Declaration,
    #[error("has a processing instruction")]
    Instruction,
    #[error("has a <{0}> element, which no plain drawing needs")]
    Element(String),
    #[error("has the attribute {0}, whose prefix no xmlns:… declares")]
    Prefix(String),
    #[error("has the attribute {0}, which runs a script")]
    Handler(String),
    #[error("leads out of the file with the attribute {0}")]
    Reference(String),
    #[error("leads out of the file in its styles")]
    Style,
}

const SVG: &str = "http://www.w3.org/2000/svg";

/// The elements of still drawings (SVG 2). Not here, each for a reason: script, handler, a,
/// foreignObject, image, feImage, style sheets by link, and animations, which can set `href` and
/// events.
const ELEMENTS: [&str; 51] = [
    "circle",
    "clipPath",
    "defs",
    "desc",
    "ellipse",
    "feBlend",
    "feColorMatrix",
    "feComponentTransfer",
    "feComposite",
    "feConvolveMatrix",
    "feDiffuseLighting",
    "feDisplacementMap",
    "feDistantLight",
    "feDropShadow",
    "feFlood",
    "feFuncA",
    "feFuncB",
    "feFuncG",
    "feFuncR",
    "feGaussianBlur",
    "feMerge",
    "feMergeNode",
    "feMorphology",
    "feOffset",
    "fePointLight",
    "feSpecularLighting",
    "feSpotLight",
    "feTile",
    "feTurbulence",
    "filter",
    "g",
    "line",
    "linearGradient",
    "marker",
    "mask",
    "path",
    "pattern",
    "polygon",
    "polyline",
    "radialGradient",
    "rect",
    "stop",
    "style",
    "svg",
    "switch",
    "symbol",
    "text",
    "textPath",
    "title",
    "tspan",
    "use",
];
/// Checks that a text is one plain drawing.
///
/// # Errors
/// [`SvgError`], for the first thing that is none of a drawing.
pub(super) fn check(text: &str) -> Result<(), SvgError> {
    let mut reader = Reader { text, at: 0, open: Vec::new(), prefixes: vec!["xml", "xmlns"] };
    reader.xml_declaration()?;
    let mut is_root_seen = false;
    while !reader.rest().is_empty() {
        let outside = reader.open.is_empty();
        reader.words(outside)?;
        if reader.rest().is_empty() {
            break;
        }
        let opens = reader.markup(is_root_seen)?;
        is_root_seen |= opens;
    }
    if !is_root_seen {
        return Err(SvgError::Root);
    }
    if reader.open.is_empty() { Ok(()) } else { Err(reader.broken()) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The elements that are open.
    open: Vec<&'a str>,
    /// The prefixes that were declared so far.
    prefixes: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn broken(&self) -> SvgError {
        SvgError::Xml(self.at)
    }

    /// Takes a sign that must be here.
    fn take(&mut self, sign: &str) -> Result<(), SvgError> {
        if !self.rest().starts_with(sign) {
            return Err(self.broken());
        }
        self.at += sign.len();
        Ok(())
    }

    /// Takes all before a sign, and the sign.
    fn until(&mut self, sign: &str) -> Result<&'a str, SvgError> {
        let rest = self.rest();
        let end = rest.find(sign).ok_or_else(|| self.broken())?;
        self.at += end + sign.len();
        Ok(&rest[..end])
    }

    fn blanks(&mut self) -> bool {
        let rest = self.rest();
        let kept = rest.trim_start_matches(is_blank);
        self.at += rest.len() - kept.len();
        rest.len() > kept.len()
    }

    fn name(&mut self) -> Result<&'a str, SvgError> {
        let rest = self.rest();
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-.:".contains(letter);
        let end = rest.find(|letter| !plain(letter)).unwrap_or(rest.len());
        if !rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            return Err(self.broken());
        }
        self.at += end;
        Ok(&rest[..end])
    }

    /// `<?xml version="1.0" encoding="UTF-8"?>` is no processing instruction, though it looks like
    /// one. Another encoding in it makes another document of the same bytes.
    fn xml_declaration(&mut self) -> Result<(), SvgError> {
        if !self.rest().starts_with("<?xml ") {
            return Ok(());
        }
        self.take("<?xml")?;
        let declaration = self.until("?>")?.to_ascii_lowercase().replace('\'', "\"");
        if !declaration.contains("version=\"1.0\"") {
            return Err(self.broken());
        }
        let has_encoding = declaration.contains("encoding");
        let is_utf8 = declaration.contains("encoding=\"utf-8\"");
        if has_encoding && !is_utf8 { Err(SvgError::Encoding) } else { Ok(()) }
    }

    /// The text up to the next markup.
    fn words(&mut self, outside: bool) -> Result<(), SvgError> {
        let rest = self.rest();
        let words = &rest[..rest.find('<').unwrap_or(rest.len())];
        let decoded = decoded(words).ok_or_else(|| self.broken())?;
        if words.contains("]]>") || outside && !words.chars().all(is_blank) {
            return Err(self.broken());
        }
        if self.open.last() == Some(&"style") && style_leads_out(&decoded) {
            return Err(SvgError::Style);
        }
        self.at += words.len();
        Ok(())
    }

    /// One tag or comment; whether it is an opening tag.
    fn markup(&mut self, is_root_seen: bool) -> Result<bool, SvgError> {
        let rest = self.rest();
        if rest.starts_with("<!--") {
            return self.comment().map(|()| false);
        }
        if rest.starts_with("<![CDATA[") {
            // Programs disagree about what it is inside of styles.
            return Err(SvgError::Element("![CDATA[".to_owned()));
        }
        if rest.starts_with("<!") {
            return Err(SvgError::Declaration);
        }
        if rest.starts_with("<?") {
            return Err(SvgError::Instruction);
        }
        if rest.starts_with("</") {
            self.take("</")?;
            let name = self.name()?;
            self.blanks();
            self.take(">")?;
            return if self.open.pop() == Some(name) { Ok(false) } else { Err(self.broken()) };
        }
        self.take("<")?;
        self.element(is_root_seen).map(|()| true)
    }

    fn comment(&mut self) -> Result<(), SvgError> {
        // In a style, an old reader takes a comment of XML for style.
        if self.open.last() == Some(&"style") {
            return Err(SvgError::Style);
        }
        self.take("<!--")?;
        let comment = self.until("-->")?;
        let is_plain =
            !comment.contains("--") && !comment.ends_with('-') && !comment.starts_with('>');
        if is_plain { Ok(()) } else { Err(self.broken()) }
    }

    /// An opening tag behind its `<`.
    fn element(&mut self, is_root_seen: bool) -> Result<(), SvgError> {
        let name = self.name()?;
        let is_root = self.open.is_empty();
        if is_root && (is_root_seen || name != "svg") {
            return Err(if is_root_seen { self.broken() } else { SvgError::Root });
        }
        // No element has a prefix: `<h:script xmlns:h="http://www.w3.org/1999/xhtml">` runs.
        if !ELEMENTS.contains(&name) {
            return Err(SvgError::Element(name.to_owned()));
        }
        if self.open.last() == Some(&"style") {
            return Err(SvgError::Style);
        }
        let (attributes, is_empty) = self.attributes()?;
        if !is_empty {
            self.open.push(name);
        }
        let unknown = attributes.iter().find(|attribute| {
            let prefix = attribute.split_once(':').map(|(prefix, _)| prefix);
            prefix.is_some_and(|prefix| !self.prefixes.contains(&prefix))
        });
        match unknown {
            Some(attribute) => Err(SvgError::Prefix((*attribute).to_owned())),
            None if is_root && !attributes.contains(&"xmlns") => Err(SvgError::Root),
            None => Ok(()),
        }
    }

    /// The attributes and the end of the tag, and whether the element ends with it.
    fn attributes(&mut self) -> Result<(Vec<&'a str>, bool), SvgError> {
        let mut seen = Vec::new();
        loop {
            let apart = self.blanks();
            for (end, is_empty) in [("/>", true), (">", false)] {
                if self.rest().starts_with(end) {
                    self.take(end)?;
                    return Ok((seen, is_empty));
                }
            }
            let attribute = self.name()?;
            if !apart || seen.contains(&attribute) {
                return Err(self.broken());
            }
            seen.push(attribute);
            self.prefixes.extend(attribute.strip_prefix("xmlns:"));
            let value = self.attribute_value()?;
            check_attribute(attribute, &value)?;
        }
    }

    fn attribute_value(&mut self) -> Result<String, SvgError> {
        self.blanks();
        self.take("=")?;
        self.blanks();
        let quote = if self.rest().starts_with('\'') { "'" } else { "\"" };
        self.take(quote)?;
        let value = self.until(quote)?;
        if value.contains('<') { None } else { decoded(value) }.ok_or_else(|| self.broken())
    }
}

fn check_attribute(name: &str, value: &str) -> Result<(), SvgError> {
    let local = name.rsplit(':').next().unwrap_or(name).to_ascii_lowercase();
    let leads_out = || Err(SvgError::Reference(name.to_owned()));
    match local.as_str() {
        "xmlns" if name == "xmlns" && value == SVG => Ok(()),
        "xmlns" if name == "xmlns" => Err(SvgError::Root),
        _ if local.starts_with("on") => Err(SvgError::Handler(name.to_owned())),
        // Whatever prefix stands for the namespace of XLink.
        "href" if !value.starts_with('#') => leads_out(),
        // `xml:base` moves every `#…` elsewhere; `src` is of other documents.
        "base" | "src" => leads_out(),
        _ if name.starts_with("xmlns:") => Ok(()),
        _ if style_leads_out(value) => leads_out(),
        _ => Ok(()),
    }
}

/// Whether a style, or the value of an attribute that may be one, names anything outside. Functions
/// that take an address are `url`, `src`, `image`, `image-set` and `cross-fade`; a backslash can
/// spell any of them in another way.
fn style_leads_out(style: &str) -> bool {
    let style = style.to_ascii_lowercase();
    let calls_out = ["src(", "image(", "image-set(", "cross-fade(", "@import", "@charset", "\\"];
    calls_out.iter().any(|call| style.contains(call))
        || style.split("url(").skip(1).any(|behind| {
            let target = behind.trim_start().trim_start_matches(['"', '\'']).trim_start();
            !target.starts_with('#')
        })
}

/// The text with its references to characters replaced; none where one is no reference of XML's
/// own, or a character that XML has not.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('&');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (reference, rest) = part.split_once(';')?;
        decoded.push(character(reference)?);
        decoded.push_str(rest);
    }
    let is_xml = |letter: char| is_blank(letter) || !letter.is_control();
    decoded.chars().all(is_xml).then_some(decoded)
}

fn character(reference: &str) -> Option<char> {
    let number = |digits: &str, radix| {
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_plain.then(|| u32::from_str_radix(digits, radix).ok()).flatten().and_then(char::from_u32)
    };
    match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match reference.strip_prefix("#x") {
            Some(digits) => number(digits, 16),
            None => number(reference.strip_prefix('#')?, 10),
        },
    }
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\r' | '\n')
}

#[cfg(test)]
mod tests;
