//! Formats responses as XML. The provider's root element and nesting are not documented, so those
//! of this server may differ.

use serde_json::Value;

/// Returns a value as an XML document. If the value is a list, each item is an element whose name
/// is `record`.
pub(super) fn document(value: &Value, record: &str) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<response>");
    write(value, record, &mut out);
    out + "</response>\n"
}

fn write(value: &Value, record: &str, out: &mut String) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    // Each name of a certificate is a separate child element.
                    Value::Array(items) => {
                        out.push_str(&format!("<{name}>"));
                        items.iter().for_each(|item| write(item, record, out));
                        out.push_str(&format!("</{name}>"));
                    }
                    value => element(name, value, record, out),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| element(record, item, record, out)),
        Value::Null => {}
        Value::String(text) => out.push_str(&escaped(text)),
        value => out.push_str(&value.to_string()),
    }
}

fn element(name: &str, value: &Value, record: &str, out: &mut String) {
    out.push_str(&format!("<{name}>"));
    write(value, record, out);
    out.push_str(&format!("</{name}>"));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_and_names_are_elements() {
        let list = document(&json!([{ "id": 1, "name": "a & b" }, { "id": 2 }]), "cert");
        let expected = "<response><cert><id>1</id><name>a &amp; b</name></cert><cert><id>2</id></cert></response>\n";
        assert_eq!(list.split_once('\n').unwrap().1, expected);
        let details =
            document(&json!({ "Alt": [{ "DNS": "a" }, { "IP": "::1" }], "L": null }), "cert");
        let expected = "<response><Alt><DNS>a</DNS><IP>::1</IP></Alt><L></L></response>\n";
        assert_eq!(details.split_once('\n').unwrap().1, expected);
    }
}
