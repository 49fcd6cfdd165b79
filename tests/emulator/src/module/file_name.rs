//! Names of files, and patterns for them (supplement 2.9).

/// Longest name, bytes, without `UFS:`.
const NAME_MAX: usize = 80;

/// The flash, as listings write it.
pub(crate) const UFS: &str = "UFS:";

/// `text` without `UFS:`, which means the same as none.
fn without_prefix(text: &str) -> &str {
    match text.split_at_checked(UFS.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(UFS) => rest,
        _ => text,
    }
}

/// Whether a file can have this name: it is no path, names no other storage, and is no pattern.
pub(crate) fn is_legal(name: &str) -> bool {
    let odd = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    (1..=NAME_MAX).contains(&name.len()) && name != "." && name != ".." && !name.contains(odd)
}

/// The name that the host means; `None` if no file can be called that.
pub(crate) fn local(text: &str) -> Option<&str> {
    Some(without_prefix(text)).filter(|name| is_legal(name))
}

/// The pattern that the host means: `*` for any characters, `?` for one. `None` if no file can match
/// because it names another storage or a folder.
pub(crate) fn pattern(text: &str) -> Option<&str> {
    Some(without_prefix(text)).filter(|pattern| !pattern.contains([':', '/', '\\']))
}

/// Whether a name matches a pattern.
pub(crate) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // What to try again when what follows the last `*` does not match.
    let mut retry: Option<(usize, usize)> = None;
    let (mut p, mut n) = (0, 0);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                retry = Some((p, n));
                continue;
            }
            Some(b'?') => {}
            Some(byte) if *byte == name[n] => {}
            _ => {
                let Some((star, from)) = retry else {
                    return false;
                };
                retry = Some((star, from + 1));
                (p, n) = (star, from + 1);
                continue;
            }
        }
        p += 1;
        n += 1;
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(local("UFS:a.pem"), Some("a.pem"));
        assert_eq!(local("ufs:a.pem"), Some("a.pem"));
        assert_eq!(local("a..b"), Some("a..b"));
        assert_eq!(local(&"x".repeat(80)).map(str::len), Some(80));
        let long = "x".repeat(81);
        for bad in [
            "",
            "UFS:",
            ".",
            "..",
            "UFS:..",
            "a/b",
            "../a",
            "a\0b",
            "RAM:a",
            "UFS:UFS:a",
            "*",
            "a\\b",
            "a\rb",
            &long,
        ] {
            assert_eq!(local(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn patterns() {
        for (pattern, name) in [
            ("*", ""),
            ("*", "a"),
            ("*.pem", "a.pem"),
            ("a?c", "abc"),
            ("*b*b", "abbab"),
            ("a", "a"),
        ] {
            assert!(
                matches(pattern.as_bytes(), name.as_bytes()),
                "{pattern} {name}"
            );
        }
        for (pattern, name) in [
            ("", "a"),
            ("*.pem", "a.pem2"),
            ("a?", "a"),
            ("*b", "ba"),
            ("A", "a"),
        ] {
            assert!(
                !matches(pattern.as_bytes(), name.as_bytes()),
                "{pattern} {name}"
            );
        }
        assert_eq!(pattern("UFS:*"), Some("*"));
        assert_eq!(pattern("RAM:*"), None);
    }
}
