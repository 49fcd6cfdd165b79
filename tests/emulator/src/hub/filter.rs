//! Topic names, topic filters, and which filter matches which name (MQTT 3.1.1, section 4.7).

/// The longest topic name or filter in bytes: its length is sent in two bytes.
const MAX_LEN: usize = 65535;

/// Whether a message may be published to `topic`.
#[must_use]
pub fn is_topic(topic: &str) -> bool {
    is_string(topic) && !topic.contains(['+', '#'])
}

/// Whether `filter` may be subscribed to: `+` fills a level, `#` fills the last one.
#[must_use]
pub fn is_filter(filter: &str) -> bool {
    if !is_string(filter) {
        return false;
    }
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        let last = levels.peek().is_none();
        match level {
            "+" => {}
            "#" if last => {}
            _ if level.contains(['+', '#']) => return false,
            _ => {}
        }
    }
    true
}

/// Whether the valid filter `filter` selects the valid topic name `topic`.
///
/// A wildcard in the first level does not select a name that begins with `$`.
#[must_use]
pub fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut wanted = filter.split('/');
    let mut levels = topic.split('/');
    loop {
        match (wanted.next(), levels.next()) {
            // `#` includes the level above it: "a/#" selects "a".
            (Some("#"), _) => return true,
            (Some("+"), Some(_)) => {}
            (Some(want), Some(level)) if want == level => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

fn is_string(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_LEN && !text.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::{is_filter, is_topic, matches};
    use proptest::prelude::*;

    #[test]
    fn topic_names() {
        for good in ["a", "/", "a/b", "/a", "a/", "a//b", "$SYS/x", " ", "ä/ö"] {
            assert!(is_topic(good), "{good}");
        }
        for bad in ["", "a/+", "#", "a#", "a\0b"] {
            assert!(!is_topic(bad), "{bad}");
        }
        assert!(is_topic(&"x".repeat(65535)));
        assert!(!is_topic(&"x".repeat(65536)));
    }

    #[test]
    fn filters() {
        for good in [
            "a", "#", "+", "a/#", "a/+/b", "+/+", "/#", "/+", "a//#", "$SYS/#",
        ] {
            assert!(is_filter(good), "{good}");
        }
        for bad in ["", "a#", "#a", "a/#/b", "#/", "a+", "+a/b", "a/b+", "a\0"] {
            assert!(!is_filter(bad), "{bad}");
        }
    }

    #[test]
    fn matching() {
        for (filter, topic) in [
            ("a/b", "a/b"),
            ("a/#", "a"),
            ("a/#", "a/"),
            ("a/#", "a/b/c"),
            ("#", "a"),
            ("#", "/"),
            ("+", "a"),
            ("/+", "/a"),
            ("+/+", "/a"),
            ("a/+/c", "a//c"),
            ("a/+", "a/"),
            ("$SYS/#", "$SYS/x"),
            ("$SYS/+", "$SYS/x"),
            ("+/$x", "a/$x"),
        ] {
            assert!(matches(filter, topic), "{filter} {topic}");
        }
        for (filter, topic) in [
            ("a/b", "a"),
            ("a", "a/b"),
            ("a", "A"),
            ("+", "/a"),
            ("+", "a/"),
            ("a/+", "a"),
            ("a/+", "a/b/c"),
            ("#", "$SYS"),
            ("#", "$SYS/x"),
            ("+/x", "$SYS/x"),
            ("a/#", "ab"),
        ] {
            assert!(!matches(filter, topic), "{filter} {topic}");
        }
    }

    /// The definition, level by level and without haste.
    fn naive(filter: &[&str], topic: &[&str]) -> bool {
        match (filter, topic) {
            (["#"], _) => true,
            ([], []) => true,
            (["+", rest @ ..], [_, below @ ..]) => naive(rest, below),
            ([want, rest @ ..], [level, below @ ..]) => want == level && naive(rest, below),
            _ => false,
        }
    }

    fn naive_strings(filter: &str, topic: &str) -> bool {
        let wild_first = matches!(filter.chars().next(), Some('+' | '#'));
        if topic.as_bytes().first() == Some(&b'$') && wild_first {
            return false;
        }
        let filter: Vec<&str> = filter.split('/').collect();
        let topic: Vec<&str> = topic.split('/').collect();
        naive(&filter, &topic)
    }

    proptest! {
        #[test]
        fn matcher_is_the_definition(
            filter in "([ab$+]{0,2}|\\+|\\+)(/([ab]{0,1}|\\+|\\+)){0,3}(/#)?|#",
            topic in "[ab$]{0,1}(/[ab]{0,1}){0,4}",
        ) {
            prop_assume!(is_filter(&filter) && is_topic(&topic));
            prop_assert_eq!(matches(&filter, &topic), naive_strings(&filter, &topic));
        }

        #[test]
        fn a_topic_is_a_filter_that_selects_exactly_itself(
            one in "[ab$]{0,1}(/[ab]{0,1}){0,3}",
            two in "[ab$]{0,1}(/[ab]{0,1}){0,3}",
        ) {
            prop_assume!(is_topic(&one) && is_topic(&two));
            prop_assert!(is_filter(&one));
            prop_assert_eq!(matches(&one, &two), one == two);
        }

        #[test]
        fn filters_with_wildcards_are_judged_by_level(filter in "[a/+#]{0,6}") {
            let levels: Vec<&str> = filter.split('/').collect();
            let good = !filter.is_empty() && levels.iter().enumerate().all(|(n, level)| match *level {
                "#" => n + 1 == levels.len(),
                "+" => true,
                plain => plain.chars().all(|c| c == 'a'),
            });
            prop_assert_eq!(is_filter(&filter), good);
        }
    }
}
