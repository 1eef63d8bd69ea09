//! The command `tpay card`: saves, shows and deletes cards.

use clap::{Args, Subcommand};
use cli_support::args::{BODY_OPTIONS, text};
use cli_support::{Context, Exit, Failure, Input, Run, WithJson};
use tpay_client::cards::{CreateCardToken, DeleteCardToken, GetCardToken, InitApplePay};

use crate::provider::Tpay;

#[derive(Debug, Subcommand)]
pub(crate) enum Card {
    /// Create a link at which the payer saves a card; the token of the card is sent to --notify-url
    Save(Save),
    /// Show a saved card, whose token is read from a prompt or standard input
    Get {
        /// Read the token from the first line of standard input
        #[arg(long)]
        token_stdin: bool,
    },
    /// Delete a saved card, whose token is read from a prompt or standard input
    Delete {
        /// Read the token from the first line of standard input
        #[arg(long)]
        token_stdin: bool,
    },
    /// Begin an Apple Pay session
    ApplePay {
        /// Domain of your shop
        domain: String,
        /// Validation URL from the browser
        validation_url: String,
        /// Name that the payer sees
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Save {
    /// URL to which the notification with the token is sent
    #[arg(long, value_name = "URL", required_unless_present_any = BODY_OPTIONS)]
    notify_url: Option<String>,
    /// E-mail address of the payer
    #[arg(long)]
    email: Option<String>,
    /// Name of the payer
    #[arg(long)]
    name: Option<String>,
    /// URL to which the payer returns after the card was saved
    #[arg(long, value_name = "URL")]
    success_url: Option<String>,
    /// URL to which the payer returns after a failure
    #[arg(long, value_name = "URL")]
    error_url: Option<String>,
    #[command(flatten)]
    input: Input,
}

impl Run<Tpay> for Card {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        match self {
            Self::Save(save) => {
                let flags = [
                    ("callbackUrl", text(save.notify_url.as_ref())),
                    ("payer.email", text(save.email.as_ref())),
                    ("payer.name", text(save.name.as_ref())),
                    ("redirectUrl.success", text(save.success_url.as_ref())),
                    ("redirectUrl.error", text(save.error_url.as_ref())),
                ];
                let required = [("callbackUrl", "--notify-url")];
                let body = save.input.whole_body(&flags, &required)?;
                let typed = CreateCardToken::new(save.notify_url.unwrap_or_default());
                context.show_json(WithJson::with_body(typed, &body))
            }
            Self::Get { token_stdin } => {
                let token = context.secret("card token", token_stdin, "--token-stdin")?;
                context.show(GetCardToken::new(token))
            }
            Self::Delete { token_stdin } => {
                let token = context.secret("card token", token_stdin, "--token-stdin")?;
                context.confirm("delete this saved card")?;
                context.show(DeleteCardToken::new(token))
            }
            Self::ApplePay { domain, validation_url, display_name } => {
                let mut request = InitApplePay::new(domain, validation_url);
                if let Some(name) = display_name {
                    request = request.display_name(name);
                }
                context.show(request)
            }
        }
    }
}
