//! What must hold for any bytes: the bodies of the fuzz targets, run over a corpus by
//! `tests/corpus.rs`.

use tinypass_client::blocks::Blocks;

/// Runs one body.
pub type Body = fn(&[u8]);

/// Every body, by the name of its target and of its folder in `corpus`.
pub const BODIES: &[(&str, Body)] = &[("block_open", block_open)];

/// Reading a block, cookie or webhook never panics, and nothing that was not sealed is believed.
pub fn block_open(data: &[u8]) {
    let blocks = Blocks::new("AIDAIDAID0", "thestringliteralisexactlyfortych").expect("a key");
    let text = String::from_utf8_lossy(data);
    // Whatever is sealed comes back, also as the content of a cookie that is no list of tokens.
    let sealed = blocks.seal(&text);
    assert_eq!(blocks.open(&sealed).as_deref(), Ok(&*text));
    let _ = blocks.read_cookie(&format!("{{jax}}{sealed}"));
    let _ = blocks.read_webhook(&sealed);
    // Raw bytes: only the corpus's own sealed block, or another of this key, opens.
    if let Ok(opened) = blocks.open(&text) {
        assert_eq!(blocks.seal(&opened), text, "a block has one form only");
    }
    let _ = blocks.read_cookie(&text);
    let _ = blocks.read_unsigned_cookie(&text);
    let _ = blocks.read_webhook_target(&text);
}
