//! Settings that every provider crate rejects alike.

/// Invalid base URLs, and what is wrong with each.
pub const INVALID_BASE_URLS: [(&str, &str); 6] = [
    ("x y", "is not a URL"),
    ("api.example.com", "must begin with https:// (or http:// for this machine)"),
    ("ftp://h", "must begin with https:// (or http:// for this machine)"),
    ("https://u:CANARY@h", "must not contain a user name or password"),
    ("https://h?a=1", "must be scheme, host and path only"),
    ("http://h", "would send credentials over plain http; use https"),
];
