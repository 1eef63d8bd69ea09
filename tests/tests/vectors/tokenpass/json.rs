//! JSON whose objects keep their order, and PHP's writing of it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// A JSON value. The members of an object are in the order of the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON: {error}: {text}"))
    }

    /// The member of an object; null is no member.
    pub(super) fn given(&self, name: &str) -> Option<&Self> {
        let found = self.members().iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value).filter(|value| **value != Self::Null)
    }

    /// The members of an object; an empty list is an empty object to PHP.
    pub(super) fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Map(members) => members,
            _ => &[],
        }
    }

    /// The text that PHP makes of a scalar.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Null | Self::Bool(false) => String::new(),
            Self::Bool(true) => "1".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::List(_) | Self::Map(_) => panic!("{self:?} is no scalar"),
        }
    }

    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::List(items) => !items.is_empty(),
            Self::Map(members) => !members.is_empty(),
            scalar => !matches!(&*scalar.text(), "" | "0"),
        }
    }

    /// The form of a body that the official client signs: `json_encode` with
    /// `JSON_UNESCAPED_SLASHES` and `JSON_FORCE_OBJECT`.
    pub(super) fn signed(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
                Some(float) => float.to_string(),
                None => number.to_string(),
            },
            Self::Text(text) => quoted(text),
            Self::List(items) => {
                object(items.iter().enumerate().map(|(index, item)| (index.to_string(), item)))
            }
            Self::Map(members) => object(members.iter().map(|(name, value)| (name.clone(), value))),
        }
    }
}

fn object<'a>(members: impl Iterator<Item = (String, &'a Node)>) -> String {
    let members: Vec<String> =
        members.map(|(name, value)| [&quoted(&name), ":", &value.signed()].concat()).collect();
    ["{", &members.join(","), "}"].concat()
}

fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='\u{7f}' => out.push(char),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
    out
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Nodes;

        impl<'de> Visitor<'de> for Nodes {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
                Ok(Node::Number(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
                Ok(Node::Number(value.into()))
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
                Number::from_f64(value).map(Node::Number).ok_or_else(|| E::custom("no number"))
            }

            fn visit_str<E>(self, value: &str) -> Result<Node, E> {
                Ok(Node::Text(value.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Node::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut members: Vec<(String, Node)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Node>()? {
                    // As PHP: the last value of a name at its first place.
                    match members.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, last)) => *last = value,
                        None => members.push((name, value)),
                    }
                }
                Ok(Node::Map(members))
            }
        }

        deserializer.deserialize_any(Nodes)
    }
}
