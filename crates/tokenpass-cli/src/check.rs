//! `tokenpass check` and `tokenpass rule`.

use clap::{Args, Subcommand};
use cli_support::api_auth::Endpoint;
use cli_support::output::Format;
use cli_support::{Context, Exit, Failure, Json, Run, WithJson};
use tokenpass_client::Rules;
use tokenpass_client::tca::{CheckAddress, CheckEmail, CheckUser};

use crate::provider::Tokenpass;

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Name of the user, or with --address or --email the address
    who: String,
    /// Rules, such as "TOKENLY >= 1 and LTBCOIN > 4000 or SOUP"
    rules: Rules,
    /// Check a bitcoin address
    #[arg(long, conflicts_with = "email")]
    address: bool,
    /// Check the user with an e-mail address
    #[arg(long)]
    email: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Rule {
    /// Show how rules are read: their parts and the order of their evaluation
    Explain {
        /// Rules, such as "TOKENLY >= 1 and LTBCOIN > 4000 or SOUP"
        rules: Rules,
    },
}

impl Run<Tokenpass> for Check {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        if self.address {
            answer(context, CheckAddress::new(self.who, self.rules))
        } else if self.email {
            answer(context, CheckEmail::new(self.who, self.rules))
        } else {
            answer(context, CheckUser::new(self.who, self.rules))
        }
    }
}

/// Sends a question. Its response is the exit status, and the JSON of the server.
fn answer<E: Endpoint<Output = bool>>(
    context: &Context<Tokenpass>,
    request: E,
) -> Result<Exit, Failure> {
    let Some(reply) = context.send(WithJson::new(request))? else { return Ok(Exit::Done) };
    match context.output.format() {
        Format::Table => context.output.text(if reply.value { "yes" } else { "no" })?,
        _ => context.output.value(&reply.body)?,
    }
    Ok(if reply.value { Exit::Done } else { Exit::No })
}

impl Run<Tokenpass> for Rule {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        let Self::Explain { rules } = self;
        let columns = ["link", "asset", "op", "amount"].map(|name| (name, name));
        let mut list = context.output.list(&columns)?;
        for (index, (rule, is_or)) in rules.iter().enumerate() {
            let link = match (index, is_or) {
                (0, _) => "",
                (_, true) => "or",
                (_, false) => "and",
            };
            let text = |text: String| Json::Text(text);
            let members = [
                ("link", text(link.to_owned())),
                ("asset", text(rule.asset().to_owned())),
                ("op", text(rule.op().as_str().to_owned())),
                ("amount", text(rule.amount().to_string())),
            ];
            list.push(&Json::Object(members.map(|(name, value)| (name.to_owned(), value)).into()))?;
        }
        list.end()?;
        context.note(&format!("read as: {rules}"));
        Ok(Exit::Done)
    }
}
