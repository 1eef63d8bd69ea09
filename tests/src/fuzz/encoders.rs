//! The encoders: values round-trip, and a signature is valid for its bytes only.

use api_auth::hmac::{form_digest, nonce_headers};
use api_auth::{
    Amount, Encoding, HmacKey, Params, Secret, decode_form, path_segment, percent_decode,
};
use tokenpass_client::{Rules, html};

/// Checks the encoders; see the module.
pub fn encoders(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(index, _)| index);
    let (name, value) = text.split_at(half);

    let mut params = Params::new();
    params.push(name, value).push("n", &*text).push(value, "");
    let pairs: Vec<(String, String)> =
        params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    for encoding in [Encoding::Form, Encoding::Php] {
        let encoded = encoding.text(&params);
        assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic()));
        assert_eq!(decode_form(encoded.as_bytes()), pairs);
    }
    let segment = path_segment(&text);
    assert!(!segment.contains(['/', '?', '#', ' ']));
    assert_eq!(percent_decode(&segment).as_deref(), Some(&*text));

    let key = HmacKey::new("key", &Secret::new("a key")).expect("a key");
    let signature = key.sign(&[name.as_bytes(), value.as_bytes()]);
    assert!(key.verify(&[text.as_bytes()], signature.as_bytes()));
    assert!(!key.verify(&[text.as_bytes(), b"."], signature.as_bytes()));
    let mut changed = *signature.as_bytes();
    if let Some(byte) = changed.get_mut(data.len() % 32) {
        *byte ^= 1;
    }
    assert!(!key.verify(&[text.as_bytes()], &changed));

    // Sorted forms contain the same pairs; JSON of a query is valid JSON.
    let canonical = form_digest::canonical(params.clone());
    let mut sorted = decode_form(canonical.as_bytes());
    let mut expected = pairs;
    sorted.sort();
    expected.sort();
    assert_eq!(sorted, expected);
    for query in [&Encoding::Php.text(&params), &*text] {
        if let Ok(json) = nonce_headers::php_json(query) {
            serde_json::from_str::<serde_json::Value>(&json).expect("JSON");
        }
    }

    // Strings that are parsed into types.
    if let Ok(amount) = text.parse::<Amount>() {
        assert_eq!(amount.to_string().parse(), Ok(amount));
    }
    let _ = text.parse::<Rules>();
    let _ = html::decode(&text);
    let _ = Params::decode(&text);
}
