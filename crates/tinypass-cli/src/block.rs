//! The command `tinypass block`: encrypts and decrypts blocks.

use std::path::Path;

use clap::Subcommand;
use cli_support::args::read;
use cli_support::{Context, Exit, Failure, Run};
use tinypass_client::blocks::{Blocks, ReadError};

use crate::access::single;
use crate::provider::{AID, PRIVATE_KEY, TinyPass};

#[derive(Debug, Subcommand)]
pub(crate) enum Block {
    /// Encrypt and sign standard input
    Seal,
    /// Verify and decrypt the block on standard input; exit status 1 if it is not genuine
    ///
    /// The block can follow `{jax}`, as in the value of a cookie.
    Open,
}

/// Opens a block, which can be the value of a cookie: `{jax}` and the block, also percent-encoded.
fn opened(blocks: &Blocks, text: &str) -> Result<String, ReadError> {
    if ["{jox}", "%7Bjox%7D", "%7bjox%7d"].iter().any(|prefix| text.starts_with(prefix)) {
        return Err(ReadError::Unsigned);
    }
    let prefixes = ["{jax}", "%7Bjax%7D", "%7bjax%7d"];
    let block = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix));
    blocks.open(block.unwrap_or(text))
}

impl Run<TinyPass> for Block {
    fn run(self, context: &Context<TinyPass>) -> Result<Exit, Failure> {
        let name = match self {
            Self::Seal => "block",
            Self::Open => "text",
        };
        context.output.check_fields(&[], &[name])?;
        let settings = context.settings()?;
        let blocks = Blocks::new(settings.need(AID), settings.need(PRIVATE_KEY))?;
        let text = read("the block", Path::new("-"))?;
        let text = text.trim_end_matches(['\r', '\n']);
        match self {
            Self::Seal => single(context, name, &blocks.seal(text)),
            Self::Open => match opened(&blocks, text) {
                Ok(text) => single(context, name, &text),
                Err(error) => {
                    Err(Failure::new(Exit::No, format!("the block is not valid: {error}")))
                }
            },
        }
    }
}
