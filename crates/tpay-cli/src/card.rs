//! The command `tpay card`: saves, shows and deletes cards.

use clap::{Args, Subcommand};
use cli_support::args::{BODY_OPTIONS, text};
use cli_support::{Context, Exit, Failure, Input, Member, Run, WithJson};
use tpay_client::cards::{CreateCardToken, DeleteCardToken, GetCardToken, InitApplePay};

use crate::provider::Tpay;

#[derive(Debug, Subcommand)]
pub(crate) enum Card {
    /// Create a link at which the payer saves a card; the token of the card is sent to --notify-url
    Save(Save),
    /// Show a saved card, whose token is read from a prompt or standard input
    Get {
        /// Read the token from standard input, which must contain only one line
        #[arg(long)]
        token_stdin: bool,
    },
    /// Delete a saved card, whose token is read from a prompt or standard input
    Delete {
        /// Read the token from standard input, which must contain only one line
        #[arg(long)]
        token_stdin: bool,
    },
    /// Begin an Apple Pay session
    ApplePay {
        /// Domain of your shop
        #[arg(id = "domain_name", value_name = "DOMAIN", required_unless_present_any = BODY_OPTIONS)]
        domain: Option<String>,
        /// Validation URL from the browser
        #[arg(required_unless_present_any = BODY_OPTIONS)]
        validation_url: Option<String>,
        /// Name that the payer sees
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        #[command(flatten)]
        input: Input,
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
    /// URL to which the payer returns after saving the card
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
                    ("callbackUrl", "--notify-url", text(save.notify_url.as_ref())),
                    ("payer.email", "--email", text(save.email.as_ref())),
                    ("payer.name", "--name", text(save.name.as_ref())),
                    ("redirectUrl.success", "--success-url", text(save.success_url.as_ref())),
                    ("redirectUrl.error", "--error-url", text(save.error_url.as_ref())),
                ];
                let body = save.input.whole_body(&flags, &["callbackUrl"])?;
                let typed = CreateCardToken::new(save.notify_url.unwrap_or_default());
                context.show_json(WithJson::with_body(typed, &body))
            }
            Self::Get { token_stdin } => {
                let token = context.secret("card token", token_stdin, "--token-stdin")?;
                context.show(GetCardToken::new(token))
            }
            Self::Delete { token_stdin } => {
                let token = context.secret("card token", token_stdin, "--token-stdin")?;
                context.show_confirmed("delete this saved card", DeleteCardToken::new(token))
            }
            Self::ApplePay { domain, validation_url, display_name, input } => {
                let members = [
                    Member::required("domainName", "DOMAIN", domain.is_some()),
                    Member::required("validationUrl", "VALIDATION_URL", validation_url.is_some()),
                    Member::new("displayName", "--display-name", display_name.is_some()),
                ];
                let [domain, url] = [domain, validation_url].map(Option::unwrap_or_default);
                let mut request = InitApplePay::new(domain, url);
                if let Some(name) = display_name {
                    request = request.display_name(name);
                }
                context.create(request, &input, &members)
            }
        }
    }
}
