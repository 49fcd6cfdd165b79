//! Parts of lines.

/// Where a part that is not empty begins, everywhere. Lines are too short for anything cleverer.
pub(crate) fn find_all<'a>(bytes: &'a [u8], part: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    memchr::memchr_iter(part[0], bytes).filter(move |&at| bytes[at..].starts_with(part))
}

/// Where it begins first.
pub(crate) fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    find_all(bytes, part).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_parts_are_found() {
        assert_eq!(find(b"++QMT", b"+QMT"), Some(1));
        assert_eq!(find(b"+QM", b"+QMT"), None);
        assert_eq!(find(b"", b"+"), None);
        assert_eq!(
            find_all(b"RDY\r\nRD RDY", b"RDY").collect::<Vec<_>>(),
            [0, 8]
        );
    }
}
