//! A page is there with the first flight of packets: ten segments of TCP (RFC 6928), about 14 KiB.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const KIB: usize = 1024;

#[test]
fn a_page_fits_the_first_flight() {
    let pages = pages();
    let css = &pages.assets().stylesheet().bytes;
    let script = &pages.assets().script().bytes;
    assert!(css.len() <= 12 * KIB && script.len() <= 5 * KIB, "{} {}", css.len(), script.len());
    let assets = zipped(css) + zipped(script);
    for language in Language::ALL {
        for (name, html) in samples(&pages, language) {
            let body = html.body.as_bytes();
            assert!(body.len() <= 8 * KIB, "{name} in {language}: {}", body.len());
            let all = zipped(body) + assets;
            assert!(all <= 14 * KIB, "{name} in {language}: {all}");
        }
    }
}

fn zipped(bytes: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().len()
}
