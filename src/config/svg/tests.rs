use proptest::prelude::*;

use super::*;

/// A drawing with something in it.
fn with(inside: &str) -> String {
    format!("<svg xmlns=\"{SVG}\" xmlns:xlink=\"http://www.w3.org/1999/xlink\">{inside}</svg>")
}

#[test]
fn drawings_as_programs_write_them_are_taken() {
    check(include_str!("../../portal/assets/linkgate.svg")).unwrap();
    for inside in [
        "",
        "<title>A &amp; B &#169;</title><desc>ümlaut</desc>",
        "<!-- Generator: Some Program 1.2 --><path d='M0 0h10'/>",
        "<defs><linearGradient id=\"a\"><stop offset=\"0\" stop-color=\"#fff\"/></linearGradient></defs>\
         <rect fill=\"url(#a)\" style=\"stroke: url( '#a' )\"/>",
        "<style>.a{fill:#fff;mask:url(#m)} .b &gt; .c {fill:red}</style>",
        "<symbol id=\"s\"><g/></symbol><use xlink:href=\"#s\"/><use href=\"#s\"/>",
        "<text xml:space=\"preserve\" font-size=\"3\">Hi<tspan>!</tspan></text>",
    ] {
        assert_eq!(check(&with(inside)), Ok(()), "{inside}");
    }
    for before in [
        "<?xml version=\"1.0\"?>\n",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>",
        "<?xml version='1.0' encoding='utf-8'?><!-- made by hand -->",
        "\n",
    ] {
        assert_eq!(check(&format!("{before}{}\n<!-- end -->\n", with(""))), Ok(()), "{before}");
    }
    assert_eq!(check(&format!("<svg xmlns='{SVG}' viewBox=\"0 0 1 1\"/>")), Ok(()));
}

/// Payloads after the SVG part of the HTML5 Security Cheatsheet (html5sec.org).
#[test]
fn what_runs_is_refused() {
    let html = "xmlns:h=\"http://www.w3.org/1999/xhtml\"";
    for (inside, error) in [
        ("<script>alert(1)</script>".to_owned(), "<script>"),
        ("<SCRIPT/>".to_owned(), "<SCRIPT>"),
        (format!("<h:script {html}>alert(1)</h:script>"), "<h:script>"),
        ("<script xmlns=\"http://www.w3.org/1999/xhtml\"/>".to_owned(), "<script>"),
        ("<handler type=\"application/ecmascript\"/>".to_owned(), "<handler>"),
        ("<listener/>".to_owned(), "<listener>"),
        ("<foreignObject><body/></foreignObject>".to_owned(), "<foreignObject>"),
        ("<iframe src=\"//evil.test\"/>".to_owned(), "<iframe>"),
        ("<embed/>".to_owned(), "<embed>"),
        ("<a href=\"javascript:alert(1)\"><g/></a>".to_owned(), "<a>"),
        ("<set attributeName=\"href\" to=\"javascript:alert(1)\"/>".to_owned(), "<set>"),
        ("<animate attributeName=\"onload\" to=\"alert(1)\"/>".to_owned(), "<animate>"),
        ("<image href=\"#a\"/>".to_owned(), "<image>"),
        ("<filter><feImage href=\"//evil.test\"/></filter>".to_owned(), "<feImage>"),
        ("<metadata/>".to_owned(), "<metadata>"),
        ("<g onload=\"alert(1)\"/>".to_owned(), "onload, which runs"),
        ("<g ONCLICK='alert(1)'/>".to_owned(), "ONCLICK, which runs"),
        ("<g\nonfocusin\n=\n'alert(1)'/>".to_owned(), "onfocusin, which runs"),
        ("<style><![CDATA[a{}]]></style>".to_owned(), "CDATA"),
        ("<?xml-stylesheet href=\"//evil.test\"?>".to_owned(), "processing instruction"),
        ("<!DOCTYPE x>".to_owned(), "DOCTYPE"),
        ("<!ENTITY x \"y\">".to_owned(), "DOCTYPE"),
    ] {
        let told = check(&with(&inside)).unwrap_err().to_string();
        assert!(told.contains(error), "{inside}: {told}");
    }
}

#[test]
fn what_leads_out_is_refused() {
    for inside in [
        "<use href=\"//evil.test/a.svg#x\"/>",
        "<use xlink:href=\"data:image/svg+xml,x#y\"/>",
        "<use xlink:href=\"&#106;avascript:alert(1)\"/>",
        "<use href=\" #a\"/>",
        "<use href=\"\"/>",
        "<use xmlns:q=\"http://www.w3.org/1999/xlink\" q:href=\"https://evil.test\"/>",
        "<g xml:base=\"https://evil.test\"/>",
        "<rect fill=\"url(https://evil.test/x)\"/>",
        "<rect fill=\"&#117;rl(//evil.test)\"/>",
        "<rect fill=\"URL( &quot;//evil.test&quot;)\"/>",
        "<rect style=\"fill:url(#a);mask:url('//evil.test')\"/>",
        "<rect style=\"mask-image:image-set('//evil.test' 1x)\"/>",
        "<rect style=\"mask:u\\72l(//evil.test)\"/>",
    ] {
        let error = check(&with(inside)).unwrap_err();
        assert!(matches!(error, SvgError::Reference(_)), "{inside}: {error}");
    }
    for style in [
        "@import '//evil.test';",
        "@IMPORT url(#a);",
        "@font-face{src:url(//evil.test)}",
        "a{fill:url(/x)}",
        "a{fill:url(/**/#x)}",
        "a{fill:&#x75;rl(//evil.test)}",
        "a{fill:u\\72l(#x)}",
        "<!-- @import '//evil.test' -->",
        "<g/>",
    ] {
        assert_eq!(
            check(&with(&format!("<style>{style}</style>"))),
            Err(SvgError::Style),
            "{style}"
        );
    }
}

#[test]
fn other_documents_are_refused() {
    for text in [
        String::new(),
        "hello".to_owned(),
        "<svg/>".to_owned(),
        "<svg xmlns=\"http://www.w3.org/1999/xhtml\"/>".to_owned(),
        format!("<svg xmlns=\"{SVG} \"/>"),
        format!("<SVG xmlns=\"{SVG}\"/>"),
        format!("<s:svg xmlns:s=\"{SVG}\"/>"),
        format!("<html><svg xmlns=\"{SVG}\"/></html>"),
        with("<g xmlns=\"http://www.w3.org/1999/xhtml\"/>"),
        "<!-- -->".to_owned(),
    ] {
        let error = check(&text).unwrap_err();
        assert!(matches!(error, SvgError::Root | SvgError::Xml(_)), "{text}: {error}");
    }
    for encoding in ["UTF-7", "utf-16", "ISO-8859-1", "utf-8x"] {
        let text = format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>{}", with(""));
        assert_eq!(check(&text), Err(SvgError::Encoding));
    }
    let prolog =
        format!("<?xml version=\"1.0\"?><!DOCTYPE svg [<!ENTITY x \"y\">]>{}", with("&x;"));
    assert_eq!(check(&prolog), Err(SvgError::Declaration));
    let unknown = format!("<svg xmlns=\"{SVG}\"><use xlink:href=\"#a\"/></svg>");
    assert_eq!(check(&unknown), Err(SvgError::Prefix("xlink:href".to_owned())));
}

/// Whoever mends such texts may mend them in another way than a browser.
#[test]
fn only_well_formed_texts_are_read() {
    for inside in [
        "<g>",
        "</g>",
        "<g></g ><g",
        "<g a></g>",
        "<g a=b/>",
        "<g a='1'b='2'/>",
        "<g a='1' a='2'/>",
        "<g a='<'/>",
        "&nbsp;",
        "& ",
        "&#0;",
        "&#xd800;",
        "&#+65;",
        "]]>",
        "<!-- a -- b -->",
        "<!--->",
        "<g/ >",
        "< g/>",
        "<g\u{a0}a='1'/>",
        "\u{8}",
        "&#8;",
        "<gé/>",
        "<g></desc>",
    ] {
        let error = check(&with(inside)).err();
        let is_refused = matches!(error, Some(SvgError::Xml(_) | SvgError::Element(_)));
        assert!(is_refused, "{inside}: {error:?}");
    }
    for text in [
        with("") + "x",
        with("") + &with(""),
        with("") + "</svg>",
        "\u{feff}".to_owned() + &with(""),
    ] {
        assert!(matches!(check(&text), Err(SvgError::Xml(_))), "{text}");
    }
}

proptest! {
    #[test]
    fn damage_never_panics(at in 0_usize..400, cut in 0_usize..9, typed in "[ -~é]{0,9}") {
        let good = with("<style>a{fill:url(#a)}</style><use xlink:href='#s'/><!-- é --><g a=\"&amp;\"/>");
        let boundary = |at: usize| (at..=good.len()).find(|at| good.is_char_boundary(*at));
        let start = boundary(at % good.len()).unwrap_or_default();
        let end = boundary(start + cut).unwrap_or(good.len());
        let _ = check(&format!("{}{typed}{}", &good[..start], &good[end..]));
    }

    /// No spelling of the words that matter gets through in an attribute.
    #[test]
    fn spellings_of_outside(blank in "[ \t\n]{0,2}", quote in "(&quot;|&#34;|&#x27;|)", to in "(//a|https:a|data:a|a.svg)") {
        let value = format!("url({blank}{quote}{blank}{to}{quote})");
        let inside = format!("<g fill=\"{value}\"/>");
        prop_assert!(check(&with(&inside)).is_err());
    }
}
