//! The command `tokenpass chat`: manages token chats.

use clap::{Args, Subcommand};
use cli_support::args::{BODY_OPTIONS, amount_of};
use cli_support::json::repeated;
use cli_support::output::Column;
use cli_support::{Context, Exit, Failure, Input, Limits, Member, Run, with_options};
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
        #[arg(id = "chat_uuid", value_name = "CHAT")]
        chat: String,
    },
    /// Create a chat
    Create {
        /// Name of the chat
        #[arg(required_unless_present_any = BODY_OPTIONS)]
        name: Option<String>,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        input: Input,
    },
    /// Change the settings of a chat, but not its name
    Update {
        /// UUID of the chat
        #[arg(id = "chat_uuid", value_name = "CHAT")]
        chat: String,
        #[command(flatten)]
        settings: Settings,
        #[command(flatten)]
        input: Input,
    },
    /// Join a chat
    Join {
        /// Short id of the chat
        chat: String,
    },
    /// Show whether the user can enter a chat, or can write to the holders of a token
    Privileges {
        /// Short id of the chat
        #[arg(required_unless_present = "token")]
        chat: Option<String>,
        /// Show whether the user can write to the holders of this token
        #[arg(id = "token", long = "holders", value_name = "TOKEN", conflicts_with = "chat")]
        holders: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// Required token and its amount, such as `TOKENLY=1`; can be repeated
    #[arg(id = "amount", long = "token", value_name = "TOKEN=AMOUNT", value_parser = amount_of::<Satoshis>)]
    tokens: Vec<(String, Satoshis)>,
    /// Whether the chat can be used
    #[arg(long, value_name = "BOOL")]
    active: Option<bool>,
    /// Whether everyone can join the chat; for administrators
    #[arg(long, value_name = "BOOL")]
    global: Option<bool>,
}

impl Settings {
    /// Returns the members of the body that these options set.
    ///
    /// # Errors
    /// Returns an error if a token is given twice.
    fn members(&self) -> Result<[Member<'static>; 3], Failure> {
        if let Some(token) = repeated(self.tokens.iter().map(|(token, _)| token.as_str()), str::eq)
        {
            let problem = format!("--token {token}: is given twice");
            return Err(Failure::new(Exit::Usage, problem));
        }
        Ok([
            Member::new("tca_rules", "--token", !self.tokens.is_empty()),
            Member::new("active", "--active", self.active.is_some()),
            Member::new("global", "--global", self.global.is_some()),
        ])
    }
}

/// Calls the setters of a request for those options of `Settings` that are given.
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
                let [tokens, active, global] = settings.members()?;
                let name_of = Member::required("name", "NAME", name.is_some());
                let request = CreateChat::new(name.unwrap_or_default());
                let members = [name_of, tokens, active, global];
                context.create(with_settings!(request, settings), &input, &members)
            }
            Self::Update { chat, settings, input } => {
                let members = settings.members()?;
                let request = with_settings!(UpdateChat::new(chat), settings);
                context.create(request, &input, &members)
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
