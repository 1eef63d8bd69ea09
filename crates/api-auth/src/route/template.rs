//! Path templates, which are checked when a route is compiled.

pub(super) const fn check_template(template: &str) {
    let mut bytes = template.as_bytes();
    assert!(matches!(bytes, [b'/', ..]), "a path template must begin with /");
    let (mut before, mut is_open) = (0, false);
    while let [byte, rest @ ..] = bytes {
        match *byte {
            b'{' => {
                assert!(!is_open && before == b'/', "a placeholder must be a whole path segment");
                is_open = true;
            }
            b'}' => {
                assert!(is_open, "a placeholder must be a whole path segment");
                assert!(
                    matches!(rest, [] | [b'/', ..]),
                    "a placeholder must be a whole path segment"
                );
                is_open = false;
            }
            byte => assert!(
                byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'%'),
                "a path template must be a plain path"
            ),
        }
        before = *byte;
        bytes = rest;
    }
    assert!(!is_open, "a placeholder must be closed");
}

pub(super) const fn placeholders(template: &str) -> usize {
    let (mut bytes, mut count) = (template.as_bytes(), 0);
    while let [byte, rest @ ..] = bytes {
        if *byte == b'{' {
            count += 1;
        }
        bytes = rest;
    }
    count
}

/// Returns the part of the template after the opening brace of the placeholder with this index,
/// counted from 0. Returns an empty slice if there is no such placeholder.
pub(super) const fn placeholder(template: &str, index: usize) -> &[u8] {
    let (mut bytes, mut count) = (template.as_bytes(), 0);
    while let [byte, rest @ ..] = bytes {
        if *byte == b'{' {
            if count == index {
                return rest;
            }
            count += 1;
        }
        bytes = rest;
    }
    &[]
}

/// Returns whether a placeholder begins with a name, ignoring case and underscores.
pub(super) const fn begins_with(mut placeholder: &[u8], mut name: &[u8]) -> bool {
    loop {
        match (placeholder, name) {
            ([b'_', rest @ ..], _) => placeholder = rest,
            (_, [b'_', rest @ ..]) => name = rest,
            ([a, placeholder_rest @ ..], [b, name_rest @ ..]) => {
                if !a.eq_ignore_ascii_case(b) {
                    return false;
                }
                placeholder = placeholder_rest;
                name = name_rest;
            }
            (_, []) => return true,
            ([], _) => return false,
        }
    }
}
