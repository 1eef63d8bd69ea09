use std::borrow::Cow;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::error::without_value;
use super::*;
use crate::models::{Amount, ExtraFields, UnixTime};
use crate::secret::Secret;

#[derive(Deserialize, Debug)]
#[expect(dead_code, reason = "only decoded")]
struct Outer {
    data: Vec<Inner>,
}

#[derive(Deserialize, Debug)]
#[expect(dead_code, reason = "only decoded")]
struct Inner {
    id: u32,
    name: Option<String>,
}

fn error(body: &str) -> String {
    json::<Outer>(&Response::new(body.as_bytes().to_vec())).unwrap_err().to_string()
}

#[test]
fn error_names_the_path_of_the_invalid_value() {
    assert_eq!(
        error(r#"{"data":[{"id":1},{"id":2,"name":[]}]}"#),
        "data[1].name: expected a string, found an array"
    );
    assert_eq!(
        error("{\"data\":\n [{\"id\":1},\n  {\"id\":\"x\"}]}"),
        "data[1].id: expected a whole number (u32), found a string"
    );
    assert!(error(r#"{"data":[{"name":"a"}]}"#).starts_with("data[0]"));
    assert_eq!(error("[1]"), "expected an object, found an array");
    for (value, found) in [
        (r#""a""#, "a string"),
        (r#""""#, "a string"),
        ("false", "a boolean"),
        ("1", "a number"),
        ("-1.5", "a number"),
        ("null", "null"),
        ("[]", "an array"),
    ] {
        let expected = format!("data[0]: expected an object, found {found}");
        assert_eq!(error(&format!(r#"{{"data":[{value}]}}"#)), expected);
    }
}

#[test]
fn errors_quote_no_value_of_the_response() {
    for body in [
        r#"{"data":[{"id":"CANARY, expected `x`"}]}"#,
        r#"{"data":"CANARY"}"#,
        r#"{"data":["CANARY at line 1 column 2, expected `x`"]}"#,
        r#"{"data":["\\\"CANARY at line 1 column 2"]}"#,
        r#"{"data":[-77777]}"#,
        r#"{"data":[{"id":-77777}]}"#,
    ] {
        let text = error(body);
        assert!(!text.contains("CANARY") && !text.contains("77777"), "{text}");
    }
}

#[test]
fn objects_with_a_reserved_name_are_rejected_at_any_depth() {
    #[derive(Deserialize, Debug)]
    #[expect(dead_code, reason = "only decoded")]
    struct Model {
        amount: Option<Amount>,
        #[serde(rename = "$extra")]
        extra: ExtraFields,
    }

    let first = r#"{"$serde_json::private::RawValue":"99"}"#;
    let escaped = r#"{"\u0024serde_json::private::RawValue":"99"}"#;
    let inner = r#"{"$serde_json::private::Raw\u0056alue":"99"}"#;
    for object in [first, escaped, inner] {
        for body in [
            object.to_owned(),
            format!(r#"{{"amount":{object}}}"#),
            format!(r#"{{"amount":1,"paid":{object}}}"#),
            format!(r#"{{"a":[{{"b":{object}}}]}}"#),
        ] {
            let reply = Response::new(body.clone().into_bytes());
            for error in
                [json::<ExtraFields>(&reply).err(), json::<Model>(&reply).err()].map(Option::unwrap)
            {
                assert!(error.to_string().contains("reserved name"), "{body}: {error}");
            }
        }
    }
    let harmless = r#"{"amount":1,"a":"$serde_json::private::RawValue","\u0024":"\u0026\u00f3"}"#;
    json::<Model>(&Response::new(harmless.into())).unwrap();
}

#[test]
fn errors_of_empty_truncated_and_foreign_bodies_name_the_problem() {
    assert_eq!(error(" \n"), "the response body is empty");
    assert!(error(r#"{"data":[{"id":1}"#).contains("truncated"));
    assert_eq!(error("<html>"), "not valid JSON: expected a value");
}

#[derive(Deserialize, Debug, Clone, PartialEq)]
enum Kind {
    #[serde(rename = "a")]
    A,
    #[serde(rename = "b")]
    B,
}

/// A type with its own implementation of `Deserialize`.
#[derive(Debug, PartialEq)]
struct Word(String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[derive(Deserialize, Debug)]
struct Model {
    text: Option<String>,
    number: Option<i64>,
    unsigned: Option<u64>,
    boolean: Option<bool>,
    float: Option<f64>,
    #[serde(default)]
    list: Vec<Model>,
    #[serde(default)]
    texts: Vec<String>,
    #[serde(default)]
    map: BTreeMap<String, Option<String>>,
    object: Option<Box<Model>>,
    amount: Option<Amount>,
    time: Option<UnixTime>,
    secret: Option<Secret>,
    kind: Option<Kind>,
    word: Option<Word>,
    large: Option<i128>,
    #[serde(rename = "$extra")]
    extra: ExtraFields,
}

fn read(text: &str) -> Model {
    from_slice(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn problem(text: &str) -> String {
    from_slice::<Model>(text.as_bytes()).unwrap_err().to_string()
}

const LONG: &str = "61109010140000071219812874";

#[test]
fn numbers_and_booleans_are_strings_with_their_own_digits() {
    for text in ["12", "-5", "12.50", "1e400", LONG, "-0", "67.200000000000003", "true", "false"] {
        assert_eq!(read(&format!(r#"{{"text":{text}}}"#)).text.as_deref(), Some(text));
        assert_eq!(read(&format!(r#"{{"word":{text}}}"#)).word, Some(Word(text.to_owned())));
        assert_eq!(read(&format!(r#"{{"texts":["a",{text}]}}"#)).texts, ["a", text]);
    }
    assert_eq!(read(r#"{"text":""}"#).text.as_deref(), Some(""));
    assert_eq!(read(r#"{"text":"\u0105","word":1.50}"#).text.as_deref(), Some("ą"));
}

#[test]
fn strings_are_numbers_and_booleans() {
    for number in ["12", "\"12\"", "12.0", "\"12.00\"", "1.2e1", "\"1200e-2\"", "\" 12 \""] {
        let model = read(&format!(r#"{{"number":{number},"unsigned":{number},"time":{number}}}"#));
        assert_eq!((model.number, model.unsigned), (Some(12), Some(12)), "{number}");
        assert_eq!(model.time, Some(UnixTime::from_seconds(12)), "{number}");
    }
    assert_eq!(read(r#"{"number":9007199254740993.0}"#).number, Some(9_007_199_254_740_993));
    assert_eq!(read(r#"{"unsigned":18446744073709551615}"#).unsigned, Some(u64::MAX));
    assert_eq!(read(&format!(r#"{{"large":{}}}"#, i128::MAX)).large, Some(i128::MAX));
    assert_eq!(read(r#"{"large":"12"}"#).large, Some(12));
    for text in ["1", "\"1\"", "true", "\"true\""] {
        assert_eq!(read(&format!(r#"{{"boolean":{text}}}"#)).boolean, Some(true), "{text}");
    }
    for text in ["0", "\"0\"", "false", "\"false\""] {
        assert_eq!(read(&format!(r#"{{"boolean":{text}}}"#)).boolean, Some(false), "{text}");
    }
    assert_eq!(read(r#"{"float":"1.5"}"#).float, Some(1.5));
    assert_eq!(read(r#"{"kind":"b"}"#).kind, Some(Kind::B));
    assert_eq!(read(r#"{"secret":7}"#).secret, Some(Secret::new("7")));
}

#[test]
fn integer_is_exact_or_an_error() {
    for bad in ["1e400", "12.5", "\"12.5\"", "9223372036854775808", "\"x\"", "true", "[]", "\"+5\""]
    {
        let text = problem(&format!(r#"{{"list":[{{"number":{bad}}}]}}"#));
        assert!(text.starts_with("list[0].number: "), "{bad}: {text}");
        let is_number = !bad.starts_with('"');
        assert!(!is_number || !text.contains("string"), "{bad}: {text}");
    }
}

#[test]
fn amount_is_exact_or_an_error_that_names_the_field() {
    for (text, shown) in [
        ("12.50", "12.50"),
        ("\"12.50\"", "12.50"),
        ("67.200000000000003", "67.200000000000003"),
        ("1.500000000000000000000000000000", "1.5"),
        ("9007199254740993", "9007199254740993"),
        ("1e2", "100"),
        ("0e400", "0"),
        ("0.0000000000000000000000", "0"),
    ] {
        let body = format!(r#"{{"amount":{text}}}"#);
        for model in [read(&body), serde_json::from_str(&body).unwrap_or_else(|_| read(&body))] {
            let amount = model.amount.unwrap();
            assert_eq!(amount, shown.parse().unwrap(), "{text}");
        }
    }
    for bad in [
        "67.2000000000000028421709430404007434844970703125",
        "1e400",
        "9223372036854775808",
        "\"1,00\"",
        "\"1 000.00\"",
        "\"4.99 PLN\"",
        "\"-\"",
        "\"$4.99\"",
        "true",
        "[1]",
        "{}",
    ] {
        let text = problem(&format!(r#"{{"object":{{"amount":{bad}}}}}"#));
        assert!(text.starts_with("object.amount: "), "{bad}: {text}");
    }
}

#[test]
fn empty_forms_are_none_if_the_type_rejects_them() {
    let names = ["number", "unsigned", "boolean", "float", "amount", "time", "secret", "object"];
    for name in names {
        for form in ["\"\"", "null"] {
            let model = read(&format!(r#"{{"{name}":{form},"text":"","word":""}}"#));
            assert_eq!(model.text.as_deref(), Some(""), "{name} {form}");
            assert_eq!(model.word, Some(Word(String::new())), "{name} {form}");
            assert!(model.number.is_none() && model.unsigned.is_none() && model.boolean.is_none());
            assert!(model.float.is_none() && model.amount.is_none() && model.time.is_none());
            assert!(model.secret.is_none() && model.object.is_none() && model.kind.is_none());
        }
    }
    let model =
        read(r#"{"number":false,"float":false,"amount":false,"time":false,"object":false}"#);
    assert!(model.number.is_none() && model.amount.is_none() && model.time.is_none());
    assert!(model.object.is_none());
    assert!(read(r#"{"object":[ ],"kind":""}"#).object.is_none());
    assert!(read(r#"{"object":{}}"#).object.is_some());
    // The empty values that one field accepts do not change another field of the same type.
    let model = read(r#"{"list":[{"number":""},{"number":7},{"boolean":""},{"boolean":false}]}"#);
    assert_eq!((model.list[1].number, model.list[3].boolean), (Some(7), Some(false)));
}

#[test]
fn lists_may_be_objects_with_numbers_or_empty_forms() {
    let model = read(r#"{"list":{"0":{"text":1},"2":{"text":"2"}},"texts":{"1":1.50}}"#);
    assert_eq!(model.list[1].text.as_deref(), Some("2"));
    assert_eq!(model.texts, ["1.50"]);
    for empty in ["false", "\"\"", "null", "[]", "{}"] {
        let model = read(&format!(r#"{{"list":{empty},"texts":{empty},"map":{empty}}}"#));
        assert!(model.list.is_empty() && model.texts.is_empty() && model.map.is_empty(), "{empty}");
    }
    let map = read(r#"{"map":{"x":1,"y":null,"z":1.50}}"#).map;
    assert_eq!((map["z"].as_deref(), map["y"].as_deref()), (Some("1.50"), None));
    assert_eq!(problem(r#"{"list":{"a":"x"}}"#), "list: expected an array, found an object");
    assert_eq!(problem(r#"{"map":[1]}"#), "map: expected an object, found an array");
    assert_eq!(problem(r#"{"list":true}"#), "list: expected an array, found a boolean");
}

#[test]
fn all_forms_are_read_in_one_nested_body() {
    let text = r#"{"list":[{"object":[]},{"object":{"object":"","number":"",
        "list":{"1":{"object":{"text":7.50,"texts":["\ud83d"]}}}}}]}"#;
    let model = read(text);
    let inner = &model.list[1].object.as_ref().unwrap().list[0];
    let inner = inner.object.as_ref().unwrap();
    assert_eq!((inner.text.as_deref(), &*inner.texts[0]), (Some("7.50"), "\u{fffd}"));
}

#[test]
fn unknown_members_are_kept_as_they_are() {
    let text = format!(
        r#"{{"x":1e400,"y":[1, {{"q":"\ud83d"}}],"text":"1","z\n":{LONG},"e":"","n":null}}"#
    );
    let extra = read(&text).extra;
    assert_eq!(extra.json("x").as_deref(), Some("1e400"));
    assert_eq!(extra.json("y").as_deref(), Some(r#"[1,{"q":"\ud83d"}]"#));
    assert_eq!(extra.text("z\n").as_deref(), Some(LONG));
    assert_eq!(extra.names().collect::<Vec<_>>(), ["e", "n", "x", "y", "z\n"]);
    assert_eq!(extra.parse::<Vec<Option<BTreeMap<String, String>>>>("y"), None);
    assert_eq!(extra.parse::<(u8, BTreeMap<String, String>)>("y").unwrap().1["q"], "\u{fffd}");
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(1 << 20), "]".repeat(1 << 20));
    assert!(read(&deep).extra.contains("x"));
}

#[test]
fn member_with_the_name_of_the_last_field_is_unknown() {
    assert_eq!(read(r#"{"$extra":5,"text":"a"}"#).extra.integer("$extra"), Some(5));
    // Stored models have their unknown members in it.
    let extra = read(r#"{"a":1,"$extra":{ "b":2,"$extra":3 },"c":4,"$extra":{}}"#).extra;
    assert_eq!(extra.names().collect::<Vec<_>>(), ["$extra", "a", "b", "c"]);
    let only = read(r#"{"$extra":{}}"#).extra;
    assert!(only.is_empty() && only == ExtraFields::default());
}

#[test]
fn stored_model_is_read_by_plain_serde_json_and_by_this_crate() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Stored {
        text: Option<String>,
        amount: Option<Amount>,
        time: Option<UnixTime>,
        list: Vec<Stored>,
        #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
        extra: ExtraFields,
    }
    let body = br#"{"text":1,"b":[1.50, 2],"amount":"2.50","list":[{"list":[],"c":"\u0105"}]}"#;
    let model: Stored = from_slice(body).unwrap();
    let text = serde_json::to_string(&model).unwrap();
    assert_eq!(
        text,
        r#"{"text":"1","amount":2.50,"time":null,"list":[{"text":null,"amount":null,"time":null,"list":[],"$extra":{"c":"\u0105"}}],"$extra":{"b":[1.50, 2]}}"#
    );
    assert_eq!(serde_json::from_str::<Stored>(&text).unwrap(), model);
    assert_eq!(from_slice::<Stored>(text.as_bytes()).unwrap(), model);
    let value = serde_json::to_value(&model).unwrap();
    assert_eq!(serde_json::from_value::<Stored>(value).unwrap(), model);
    let pretty = serde_json::to_string_pretty(&model).unwrap();
    assert_eq!(from_slice::<Stored>(pretty.as_bytes()).unwrap(), model);
}

#[test]
fn damaged_texts_are_repaired() {
    assert_eq!(read("\u{feff}{\"text\":\"x\"}").text.as_deref(), Some("x"));
    let model = read(r#"{"text":"x \ud83d","word":"\ud83d\ude00 \\ud83d"}"#);
    assert_eq!(model.text.as_deref(), Some("x \u{fffd}"));
    assert_eq!(model.word, Some(Word("\u{1f600} \\ud83d".to_owned())));
    let text = read(r#"{"text":"\ude00\ud83d\uD83D\ude00"}"#).text;
    assert_eq!(text.as_deref(), Some("\u{fffd}\u{fffd}\u{1f600}"));
    let bytes = b"{\"text\":\"x\xff\",\"z\":\"\xc3\",\"word\":\"\xc4\x85\"}";
    let model: Model = from_slice(bytes).unwrap();
    assert_eq!(model.text.as_deref(), Some("x\u{fffd}"));
    assert_eq!(
        (model.word, model.extra.text("z").as_deref()),
        (Some(Word("ą".into())), Some("\u{fffd}"))
    );
    // All at once.
    let bytes = b"\xef\xbb\xbf{\"object\":[],\"text\":61109010140000071219812874,\"word\":\"\xff \\ud83d\",\"number\":\"\"}";
    let model: Model = from_slice(bytes).unwrap();
    assert_eq!(model.text.as_deref(), Some(LONG));
    assert_eq!(model.word, Some(Word("\u{fffd} \u{fffd}".to_owned())));
}

#[test]
fn error_of_a_number_that_is_too_large_says_what_is_expected() {
    let i64_range = "expected a whole number (i64), found another number";
    let u64_range = "expected a whole number (u64), found another number";
    let huge = "the number is not a whole number, or is out of range";
    for (field, value, expected) in [
        ("number", "9223372036854775808", i64_range),
        ("number", "99999999999999999999", i64_range),
        ("number", "-99999999999999999999", i64_range),
        ("number", "\"99999999999999999999\"", i64_range),
        ("number", "\"-99999999999999999999\"", i64_range),
        ("number", "1e30", i64_range),
        ("number", "1e38", i64_range),
        ("number", "1e300", huge),
        ("number", "1e400", huge),
        ("unsigned", "-1", u64_range),
        ("unsigned", "99999999999999999999", u64_range),
        ("unsigned", "1e30", u64_range),
        ("unsigned", "\"1e30\"", u64_range),
        ("large", "1e400", huge),
    ] {
        let text = format!(r#"{{"list":[{{"{field}":{value}}}]}}"#);
        assert_eq!(problem(&text), format!("list[0].{field}: {expected}"), "{value}");
    }
}

#[test]
fn errors_name_the_path_and_no_value() {
    for (text, expected) in [
        (
            r#"{"list":[{"text":"1"},{"number":"CANARY"}]}"#,
            "list[1].number: expected a whole number (i64), found a string",
        ),
        (r#"{"object":{"text":{"CANARY":1}}}"#, "object.text: expected a string, found an object"),
        (r#"{"kind":"CANARY"}"#, "kind: unknown variant"),
        (
            r#"{"list":[{"object":{"list":[{"kind":7}]}}]}"#,
            "list[0].object.list[0].kind: not valid JSON: expected a value",
        ),
        (r#"{"map":{"a":[1]}}"#, "map.a: expected a string, found an array"),
        (r#"{"list":[{"new":[1,}]}"#, "list[0].new: not valid JSON: expected a value"),
        (r#"{"large":"CANARY"}"#, "large: expected a whole number (i128), found a string"),
    ] {
        assert_eq!(problem(text), expected, "{text}");
    }
    for text in
        ["", "{\"text\":", "{\"text\" 1}", "<html>CANARY", "{\"text\":\"CANARY", "{} CANARY"]
    {
        assert!(!problem(text).contains("CANARY"), "{text}");
    }
}

#[test]
fn deeply_nested_objects_are_an_error() {
    for start in ["", r#"{"object":{"number":"","text":1.5},"list":["#] {
        let deep = format!("{start}{}1{}", r#"{"object":"#.repeat(100_000), "}".repeat(100_000));
        let text = problem(&deep);
        assert!(text.contains("recursion limit") || text.contains("too deeply"), "{text:.80}");
    }
}

#[test]
fn field_that_occurs_under_both_names_is_read_once() {
    #[derive(Deserialize, Debug)]
    struct Aliased {
        #[serde(alias = "second", alias = "third")]
        first: Option<String>,
        other: Option<u8>,
        #[serde(skip)]
        skipped: u8,
        last: Option<String>,
        #[serde(rename = "$extra")]
        extra: ExtraFields,
    }
    let read = |text: &str| from_slice::<Vec<Aliased>>(text.as_bytes());
    let list = read(
        r#"[{"third":1,"other":2,"last":3},{"second":"a","first":"b","other":1},{"first":"c","third":"d"},{"third":"e"}]"#,
    )
    .unwrap();
    let first: Vec<_> = list.iter().map(|one| one.first.as_deref().unwrap()).collect();
    assert_eq!(first, ["1", "a", "c", "e"]);
    assert_eq!((list[0].other, list[0].last.as_deref(), list[0].skipped), (Some(2), Some("3"), 0));
    assert_eq!(list[1].extra.text("first").as_deref(), Some("b"));
    assert_eq!(list[2].extra.text("third").as_deref(), Some("d"));
    let error = read(r#"[{"first":"a","first":"b"}]"#).unwrap_err().to_string();
    assert_eq!(error, "[0]: duplicate field `first`");
}

#[test]
fn other_types_of_serde_are_read() {
    fn value<T: DeserializeOwned>(text: &str) -> Result<T, String> {
        from_slice(text.as_bytes()).map_err(|error| error.to_string())
    }
    #[derive(Deserialize, Debug, PartialEq)]
    enum External {
        A { n: Option<i64> },
        B(String),
        C,
    }
    #[derive(Deserialize, Debug, PartialEq)]
    struct Id(u64);
    assert_eq!(value(r#"{"A":{"n":"12"}}"#), Ok(External::A { n: Some(12) }));
    assert_eq!(value(r#"{"B":5.0}"#), Ok(External::B("5.0".to_owned())));
    assert_eq!(value(r#""C""#), Ok(External::C));
    assert_eq!(value(r#""5""#), Ok(Some(Id(5))));
    assert_eq!(value::<Option<Id>>(r#""""#), Ok(None));
    assert_eq!(value(r#"["1",2.50]"#), Ok((1u8, "2.50".to_owned())));
    assert_eq!(value(r#"{"1":"1"}"#), Ok(BTreeMap::from([(1u8, true)])));
    assert_eq!(value(r#"{"1":1.50}"#), Ok(BTreeMap::from([(1u8, "1.50".to_owned())])));
    assert_eq!(value("null"), Ok(()));
    assert_eq!(value("\"x\""), Ok('x'));
    assert_eq!(value::<Cow<'static, str>>("5"), Ok(Cow::Borrowed("5")));
    let json = r#"{"a":[1,2.5,null,{"b":"x"}]}"#;
    assert_eq!(value::<serde_json::Value>(json), Ok(serde_json::from_str(json).unwrap()));
}

/// These types read a copy of the input, in which numbers and strings are distinguished.
#[test]
fn buffering_types_read_what_plain_serde_json_reads() {
    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(untagged)]
    enum Untagged {
        Number { n: i64 },
        Text(String),
    }
    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(tag = "t")]
    enum Tagged {
        A { n: Option<i64> },
    }
    assert_eq!(from_slice::<Untagged>(br#"{"n":12}"#).unwrap(), Untagged::Number { n: 12 });
    assert_eq!(from_slice::<Untagged>(br#""a""#).unwrap(), Untagged::Text("a".to_owned()));
    assert_eq!(from_slice::<Tagged>(br#"{"t":"A","n":12}"#).unwrap(), Tagged::A { n: Some(12) });
    assert!(from_slice::<Untagged>(br#"{"n":"12"}"#).is_err());
}

/// The reader relies on the private name that `serde_json` gives the newtype of raw values.
#[test]
fn raw_value_has_the_reserved_name() {
    use serde_json::value::RawValue;
    let raw: Vec<Box<RawValue>> = from_slice(br#"[1.50, {"a": [] }]"#).unwrap();
    assert_eq!(raw.iter().map(|raw| raw.get()).collect::<Vec<_>>(), ["1.50", r#"{"a": [] }"#]);
    assert_eq!(std::any::type_name::<RawValue>(), "serde_json::raw::RawValue");
    let marked: serde_json::Value =
        serde_json::from_str(&format!(r#"{{"{}":"99"}}"#, repair::RESERVED)).unwrap();
    assert_eq!(marked, serde_json::json!(99));
}

#[test]
fn memory_of_a_value_is_bounded() {
    let fill = |head: &str, unit: &str, tail: &str| {
        format!("{head}{}{tail}", unit.repeat(SMALLEST_BUDGET / unit.len()))
    };
    for body in [
        fill(r#"{"list":["#, "{},", "{}]}"),
        fill(r#"{"texts":["#, "\"\",", "\"\"]}"),
        fill(r#"{"list":{"#, "\"1\":{},", "\"1\":{}}}"),
        fill(r#"{"list":["#, r#"{"object":{}},"#, "{}]}"),
        fill(r#"{"list":["#, r#"{"list":[{}]},"#, "{}]}"),
    ] {
        let text = problem(&body);
        assert!(text.contains("too many entries for a response of this size"), "{text}");
    }
    // A list has room for four entries, and a map for eleven, as soon as they have one.
    let units = |unit: &str, count| format!("[{}]", vec![unit; count].join(","));
    from_slice::<Vec<Vec<String>>>(units(r#"[""]"#, 30_000).as_bytes()).unwrap();
    from_slice::<Vec<Vec<String>>>(units(r#"[""]"#, 40_000).as_bytes()).unwrap_err();
    type Maps = Vec<BTreeMap<String, String>>;
    from_slice::<Maps>(units(r#"{"":""}"#, 5_000).as_bytes()).unwrap();
    from_slice::<Maps>(units(r#"{"":""}"#, 10_000).as_bytes()).unwrap_err();
    // A struct inside another one is charged once.
    #[derive(Deserialize, Default, Debug)]
    #[serde(default)]
    struct Outermost {
        large: [[u8; 16]; 4],
        middle: Middle,
    }
    #[derive(Deserialize, Default, Debug)]
    #[serde(default)]
    struct Middle {
        large: [[u8; 16]; 4],
        inner: [[u8; 16]; 4],
    }
    let most = SMALLEST_BUDGET / size_of::<Outermost>() - 1;
    let unit = r#"{"middle":{}}"#;
    from_slice::<Vec<Outermost>>(units(unit, most).as_bytes()).unwrap();
    from_slice::<Vec<Outermost>>(units(unit, most + 2).as_bytes()).unwrap_err();
    // Unknown members take no more than their text.
    assert!(read(&fill(r#"{"x":["#, "0,", "0]}")).extra.contains("x"));
    let objects = vec![Model::default_text(); 1000].join(",");
    assert_eq!(read(&format!(r#"{{"list":[{objects}]}}"#)).list.len(), 1000);
}

impl Model {
    fn default_text() -> String {
        r#"{"text":"a","object":{"number":1}}"#.to_owned()
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = from_slice::<Model>(&bytes);
        let _ = json::<Outer>(&Response::new(bytes));
    }

    #[test]
    fn no_text_panics(text in ".*") {
        let _ = without_value(&text);
        let _ = from_slice::<Model>(format!("{{\"text\":{text}}}").as_bytes());
    }

    #[test]
    fn whole_numbers_are_read_exactly(whole: i64, zeros in 0usize..5, shift in 0i32..4) {
        let zeros = "0".repeat(zeros);
        let text = format!("{whole}.{zeros}0");
        prop_assert_eq!(visitor::integer(&text), Some(whole.into()));
        let shifted = format!("{whole}e{shift}");
        prop_assert_eq!(visitor::integer(&shifted), Some(i128::from(whole) * 10i128.pow(shift.unsigned_abs())));
    }
}

#[test]
fn empty_response_is_neither_a_list_nor_a_map() {
    for body in ["{}", " { } ", "null", "false", "\"\""] {
        let response = Response::new(body.as_bytes().to_vec());
        json::<Vec<u8>>(&response).unwrap_err();
        json::<Option<Vec<u8>>>(&Response::new(b"{}".to_vec())).unwrap_err();
        #[derive(Deserialize, Debug)]
        struct List {
            #[expect(dead_code, reason = "only deserialized")]
            list: Vec<u8>,
        }
        let nested = Response::new(format!("{{\"list\":{body}}}").into_bytes());
        assert!(json::<List>(&nested).is_ok(), "{body}");
    }
    assert!(json::<Vec<u8>>(&Response::new(b"[]".to_vec())).is_ok());
    assert!(json::<BTreeMap<String, u8>>(&Response::new(b"{}".to_vec())).is_ok());
    json::<BTreeMap<String, u8>>(&Response::new(b"null".to_vec())).unwrap_err();
}
