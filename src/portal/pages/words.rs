//! Small changes to text before it is shown.

/// At most `most` characters, with `…` for what is left out at the end.
///
/// Cuts between characters, never inside one; long URLs stay recognisable by their start.
#[must_use]
pub fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// `a***@example.com`: enough for the owner to know it, too little for others to learn it.
///
/// The number of stars does not tell the length.
#[must_use]
pub fn mask_address(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => {
            let first: String = local.chars().take(1).collect();
            format!("{first}***@{domain}")
        }
        None => "***".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(shorten("wiki/ä", 6), "wiki/ä");
        assert_eq!(shorten("wiki/äö", 6), "wiki/…");
        assert_eq!(shorten("äöü", 0), "…");
    }

    #[test]
    fn a_masked_address_hides_its_length() {
        assert_eq!(mask_address("alice@example.com"), "a***@example.com");
        assert_eq!(mask_address("a@example.com"), "a***@example.com");
        assert_eq!(mask_address("broken"), "***");
    }
}
