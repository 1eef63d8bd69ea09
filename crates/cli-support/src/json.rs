//! JSON values that keep the order of their members and the digits of their numbers.

use std::fmt;

use api_auth::{is_secret_name, without_user_infos};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The maximum nesting depth of a JSON text.
const DEPTH: usize = 128;

/// A JSON value that keeps the order of members and the digits of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// An object: the names and values of its members, in the order of the JSON text.
    Object(Vec<(String, Json)>),
    /// A JSON array.
    List(Vec<Json>),
    /// A string, without quotation marks and escapes.
    Text(String),
    /// A number, `true`, `false` or `null`, as written in the JSON text.
    Other(String),
}

impl Json {
    /// Parses a JSON text.
    ///
    /// # Errors
    /// Returns an error if the text is not JSON, or if it is nested more than 128 levels deep.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        Self::nested(serde_json::from_str(text)?, DEPTH)
    }

    fn nested(raw: &RawValue, depth: usize) -> Result<Self, serde_json::Error> {
        let text = raw.get().trim();
        let Some(depth) = depth.checked_sub(1) else {
            return Err(serde_json::Error::custom("the value is nested too deeply"));
        };
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = serde_json::from_str(text)?;
                let nested =
                    |(name, raw): (String, Box<RawValue>)| Ok((name, Self::nested(&raw, depth)?));
                Self::Object(members.into_iter().map(nested).collect::<Result<_, _>>()?)
            }
            Some(b'[') => {
                let entries: Vec<Box<RawValue>> = serde_json::from_str(text)?;
                let entries = entries.iter().map(|raw| Self::nested(raw, depth));
                Self::List(entries.collect::<Result<_, _>>()?)
            }
            Some(b'"') => Self::Text(serde_json::from_str(text)?),
            _ => Self::Other(text.to_owned()),
        })
    }

    /// Converts the value of an argument. Numbers, `true`, `false` and `null` keep their type; all
    /// other values become strings.
    pub fn typed(text: &str) -> Self {
        let is_typed = matches!(text, "true" | "false" | "null")
            || serde_json::from_str::<serde_json::Number>(text).is_ok();
        if is_typed { Self::Other(text.to_owned()) } else { Self::Text(text.to_owned()) }
    }

    /// Returns whether the value contains, at any depth, a member whose name identifies a secret.
    pub fn has_secret(&self) -> bool {
        match self {
            Self::Object(members) => {
                members.iter().any(|(name, value)| is_secret_name(name) || value.has_secret())
            }
            Self::List(entries) => entries.iter().any(Self::has_secret),
            Self::Text(_) | Self::Other(_) => false,
        }
    }

    /// Returns the value with `***` in place of each member, at any depth, whose name identifies a
    /// secret, and of the user name and password of each URL.
    #[must_use]
    pub fn masked(self) -> Self {
        let member = |(name, value): (String, Self)| {
            let value = value.masked_as(&name);
            (name, value)
        };
        match self {
            Self::Object(members) => Self::Object(members.into_iter().map(member).collect()),
            Self::List(entries) => Self::List(entries.into_iter().map(Self::masked).collect()),
            Self::Text(text) => Self::Text(without_user_infos(&text).into_owned()),
            other => other,
        }
    }

    /// Returns `***` if `name`, the name of this member, identifies a secret. Otherwise, masks the
    /// value with [`masked`](Self::masked).
    #[must_use]
    pub(crate) fn masked_as(self, name: &str) -> Self {
        if is_secret_name(name) { Self::Text("***".to_owned()) } else { self.masked() }
    }

    /// Returns whether the value is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Other(text) if text == "null")
    }

    /// Returns whether the value is `null`, or a string that is empty or contains only whitespace.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.trim().is_empty()) || self.is_null()
    }

    /// Returns a name that occurs twice in one object, at any depth, or `None` if there is none.
    /// Servers differ in which of the two values they use.
    pub fn repeated(&self) -> Option<&str> {
        match self {
            Self::Object(members) => {
                let inner = || members.iter().find_map(|(_, value)| value.repeated());
                let names = members.iter().map(|(name, _)| name.as_str());
                repeated(names, str::eq).or_else(inner)
            }
            Self::List(entries) => entries.iter().find_map(Self::repeated),
            Self::Text(_) | Self::Other(_) => None,
        }
    }

    /// Returns the value at a path such as `payer.email` or `list.0.id`, or `None` if there is
    /// none.
    pub fn get(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, |value, name| match value {
            Self::Object(members) => {
                members.iter().find(|(found, _)| found == name).map(|(_, value)| value)
            }
            Self::List(entries) => entries.get(name.parse::<usize>().ok()?),
            Self::Text(_) | Self::Other(_) => None,
        })
    }

    /// Sets the value at a path such as `payer.email` or `list.0.id`. Where a value within the path
    /// is missing or `null`, an object is created, or a list if the next name is `0`. An index that
    /// is equal to the length of a list adds an entry.
    ///
    /// # Errors
    /// Returns an error that names the path if a name in it is empty, if a value within it is
    /// neither an object nor a list, or if an index is greater than the length of the list.
    pub fn set(&mut self, path: &str, value: Self) -> Result<(), String> {
        if path.split('.').any(str::is_empty) {
            return Err(format!("{path}: must be names separated by single dots"));
        }
        let (mut place, mut done) = (self, 0);
        for name in path.split('.') {
            let before = path.get(..done).unwrap_or_default().trim_end_matches('.');
            place = place.entry(name, before).map_err(|problem| format!("{path}: {problem}"))?;
            done += name.len() + 1;
        }
        *place = value;
        Ok(())
    }

    /// Returns the member or list entry `name`, and creates it if it does not exist. `at` is the
    /// path of this value, for the error message.
    fn entry(&mut self, name: &str, at: &str) -> Result<&mut Self, String> {
        if self.is_null() {
            *self = match name {
                "0" => Self::List(Vec::new()),
                _ => Self::Object(Vec::new()),
            };
        }
        let null = || Self::Other("null".to_owned());
        let at = || if at.is_empty() { "the body".to_owned() } else { format!("`{at}`") };
        match self {
            Self::Object(members) => {
                let position = members.iter().position(|(found, _)| found == name);
                let index = position.unwrap_or_else(|| {
                    members.push((name.to_owned(), null()));
                    members.len() - 1
                });
                members.get_mut(index).map(|(_, member)| member).ok_or_else(String::new)
            }
            Self::List(entries) => {
                let count = entries.len();
                let is_index = name.bytes().all(|byte| byte.is_ascii_digit());
                let index = name.parse().ok().filter(|index| is_index && *index <= count);
                if index == Some(count) {
                    entries.push(null());
                }
                index.and_then(|index| entries.get_mut(index)).ok_or_else(|| {
                    format!("{} is a list of {count}, so its index must be 0 to {count}", at())
                })
            }
            Self::Text(_) | Self::Other(_) => {
                Err(format!("{} is neither an object nor a list", at()))
            }
        }
    }

    /// Removes the value at a path, and any objects and lists that this leaves empty. Does nothing
    /// if there is no such value.
    pub fn remove(&mut self, path: &str) {
        let (name, rest) =
            path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        match self {
            Self::Object(members) => {
                if let Some(index) = members.iter().position(|(found, _)| found == name)
                    && members.get_mut(index).is_some_and(|(_, member)| member.is_removed(rest))
                {
                    members.remove(index);
                }
            }
            Self::List(entries) => {
                if let Ok(index) = name.parse::<usize>()
                    && entries.get_mut(index).is_some_and(|entry| entry.is_removed(rest))
                {
                    entries.remove(index);
                }
            }
            Self::Text(_) | Self::Other(_) => {}
        }
    }

    /// Removes the value at the rest of a path. Returns whether the caller must remove this value
    /// itself, because it has become empty or because the path ends here.
    fn is_removed(&mut self, rest: Option<&str>) -> bool {
        let Some(rest) = rest else { return true };
        let is_empty = |value: &Self| match value {
            Self::Object(members) => members.is_empty(),
            Self::List(entries) => entries.is_empty(),
            Self::Text(_) | Self::Other(_) => false,
        };
        let was_empty = is_empty(self);
        self.remove(rest);
        !was_empty && is_empty(self)
    }

    /// Merges another object into this one. If both contain an object under the same name, these
    /// are merged as well. Any other member of the other object is added, or replaces the existing
    /// member.
    pub fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Object(members), Self::Object(others)) => {
                for (name, value) in others {
                    match members.iter_mut().find(|(found, _)| *found == name) {
                        Some((_, member)) => member.merge(value),
                        None => members.push((name, value)),
                    }
                }
            }
            (value, other) => *value = other,
        }
    }

    /// Returns an object with only the values at these paths, or `null` for missing values. The
    /// names of its members are the paths.
    #[must_use]
    pub fn select(&self, paths: &[String]) -> Self {
        let null = || Self::Other("null".to_owned());
        let member = |path: &String| (path.clone(), self.get(path).cloned().unwrap_or_else(null));
        Self::Object(paths.iter().map(member).collect())
    }

    /// Returns the value as the text of a table cell: a string without quotes, an empty text for
    /// `null`, and JSON for all other values.
    pub fn cell(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Other(text) if text == "null" => String::new(),
            other => other.to_string(),
        }
    }
}

/// Returns the first name that is the same as an earlier one, according to `is_same`, or `None` if
/// all names differ.
pub fn repeated<'a>(
    names: impl IntoIterator<Item = &'a str>,
    is_same: impl Fn(&str, &str) -> bool,
) -> Option<&'a str> {
    let mut known: Vec<&str> = Vec::new();
    names.into_iter().find(|name| {
        let is_repeated = known.iter().any(|other| is_same(name, other));
        known.push(name);
        is_repeated
    })
}

impl fmt::Display for Json {
    /// Formats the value as JSON on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Self::Object(members) => {
                f.write_str("{")?;
                for (index, (name, value)) in members.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    write!(f, "{comma}{}:{value}", quoted(name))?;
                }
                f.write_str("}")
            }
            Self::List(entries) => {
                f.write_str("[")?;
                for (index, entry) in entries.iter().enumerate() {
                    let comma = if index > 0 { "," } else { "" };
                    write!(f, "{comma}{entry}")?;
                }
                f.write_str("]")
            }
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// The members of an object with unparsed values, in the order of the JSON text.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        r#"{"z":1.50,"a":{"b":["x",null,1e3]},"big":123456789012345678901,"t":"ł\"\n"}"#;

    #[test]
    fn order_and_digits_are_unchanged() {
        assert_eq!(Json::parse(&TEXT.replace(':', " : ")).unwrap().to_string(), TEXT);
    }

    #[test]
    fn values_are_read_and_set_by_path() {
        let mut json = Json::parse(TEXT).unwrap();
        assert_eq!(json.get("a.b.0").unwrap().cell(), "x");
        assert_eq!(json.get("a.b.1").unwrap().cell(), "");
        assert_eq!(json.get("a.c"), None);
        json.set("a.c.d", Json::typed("12.30")).unwrap();
        json.set("z", Json::typed("text")).unwrap();
        assert_eq!(json.get("a.c.d").unwrap().to_string(), "12.30");
        assert_eq!(json.get("z").unwrap().to_string(), "\"text\"");
        json.merge(Json::parse(r#"{"a":{"c":true},"n":2}"#).unwrap());
        assert_eq!(json.get("a.c").unwrap().to_string(), "true");
        let selected = json.select(&["n".to_owned(), "a.b.0".to_owned(), "none".to_owned()]);
        assert_eq!(selected.to_string(), r#"{"n":2,"a.b.0":"x","none":null}"#);
    }

    #[test]
    fn index_sets_or_adds_an_entry() {
        let mut json = Json::parse(r#"{"a":[{"b":0,"c":0},2],"n":null,"s":"x"}"#).unwrap();
        for (path, value) in
            [("a.0.b", "1"), ("a.2.d", "3"), ("n.0.e", "4"), ("l.0", "5"), ("l.1", "6")]
        {
            json.set(path, Json::typed(value)).unwrap();
        }
        let expected = r#"{"a":[{"b":1,"c":0},2,{"d":3}],"n":[{"e":4}],"s":"x","l":[5,6]}"#;
        assert_eq!(json.to_string(), expected);
        for (path, problem) in [
            ("a.4", "a.4: `a` is a list of 3, so its index must be 0 to 3"),
            ("a.x.b", "a.x.b: `a` is a list of 3, so its index must be 0 to 3"),
            ("a.+1", "a.+1: `a` is a list of 3, so its index must be 0 to 3"),
            (".", ".: must be names separated by single dots"),
            ("s..t", "s..t: must be names separated by single dots"),
            ("s.t", "s.t: `s` is neither an object nor a list"),
            ("a.0.b.c", "a.0.b.c: `a.0.b` is neither an object nor a list"),
        ] {
            assert_eq!(json.set(path, Json::typed("1")), Err(problem.to_owned()));
        }
        assert_eq!(json.to_string(), expected);
        let problem = "a: the body is neither an object nor a list";
        assert_eq!(Json::typed("1").set("a", Json::typed("1")), Err(problem.to_owned()));
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let text = ["[".repeat(5_000), "]".repeat(5_000)].concat();
        assert!(Json::parse(&text).is_err());
        assert!(Json::parse("{").is_err());
    }
}
