//! The command `tokenpass chat`: manages token chats.

use clap::{Args, Subcommand};
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Limits, Run, with_options};
use tokenpass_client::balances::Satoshis;
use tokenpass_client::chats::{
    CreateChat, GetChat, GetChatPrivileges, GetMessengerPrivileges, JoinChat, ListChats, UpdateChat,
};

use crate::provider::Tokenpass;

#[derive(Debug, Subcommand)]
pub(crate) enum Chat {
    /// List the chats of the logged-in user
    List(Limits),
    /// Show a chat
    Get {
        /// UUID of the chat
        chat: String,
    },
    /// Create a chat
    Create {
        /// Name of the chat
        name: String,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        input: Input,
    },
    /// Replace the tokens that a chat requires
    Update {
        /// UUID of the chat
        chat: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Join a chat
    Join {
        /// Short id of the chat
        chat: String,
    },
    /// Show whether the user can enter a chat, or can write to the holders of a token
    Privileges {
        /// Short id of the chat
        #[arg(required_unless_present = "holders")]
        chat: Option<String>,
        /// Show whether the user can write to the holders of this token
        #[arg(long, value_name = "TOKEN", conflicts_with = "chat")]
        holders: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// Required token and its amount, such as `TOKENLY=1`; may be repeated
    #[arg(long = "token", value_name = "TOKEN=AMOUNT", value_parser = token)]
    tokens: Vec<(String, Satoshis)>,
    /// Whether the chat can be used
    #[arg(long, value_name = "BOOL")]
    active: Option<bool>,
    /// Whether everyone can use the chat; for administrators
    #[arg(long, value_name = "BOOL")]
    global: Option<bool>,
}

fn token(text: &str) -> Result<(String, Satoshis), String> {
    let (token, amount) = text.split_once('=').ok_or("must be TOKEN=AMOUNT")?;
    let amount = amount.parse().map_err(|_| format!("{amount:?} is not an amount"))?;
    Ok((token.to_owned(), amount))
}

/// Sets the given settings on a request.
macro_rules! with_settings {
    ($request:expr, $settings:expr) => {{
        let (mut request, settings) = ($request, $settings);
        for (token, amount) in settings.tokens {
            request = request.token(token, amount);
        }
        request = with_options!(request, settings; active, global);
        request
    }};
}

const COLUMNS: &[Column] =
    &[("id", "id"), ("name", "name"), ("active", "active"), ("tokens", "tokens")];

impl Run<Tokenpass> for Chat {
    fn run(self, context: &Context<Tokenpass>) -> Result<Exit, Failure> {
        match self {
            Self::List(limits) => context.entries(ListChats::new(), "", &limits, COLUMNS),
            Self::Get { chat } => context.show(GetChat::new(chat)),
            Self::Create { name, settings, input } => {
                context.create(with_settings!(CreateChat::new(name), settings), &input)
            }
            Self::Update { chat, settings } => {
                context.show(with_settings!(UpdateChat::new(chat), settings))
            }
            Self::Join { chat } => context.show(JoinChat::new(chat)),
            Self::Privileges { holders: Some(token), .. } => {
                context.show(GetMessengerPrivileges::new(token))
            }
            Self::Privileges { chat, holders: None } => {
                context.show(GetChatPrivileges::new(chat.unwrap_or_default()))
            }
        }
    }
}
