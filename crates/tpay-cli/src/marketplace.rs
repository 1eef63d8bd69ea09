//! The command `tpay marketplace`: manages payments to several merchants.

use clap::{Args, Subcommand};
use cli_support::args::{amount_of, check_excluded, set, text};
use cli_support::json::repeated;
use cli_support::{Context, Exit, Failure, Input, Json, Limits, Member, Run, WithJson};
use tpay_client::marketplace::{
    BillingAddress, CancelMarketplaceTransaction, ChildRefund, CreateMarketplaceTransaction,
    GetMarketplaceTransaction, ListMarketplaceBankGroups, PayMarketplaceTransaction,
    RefundMarketplaceTransaction,
};
use tpay_client::{Amount, BlikPayment, Secret};

use crate::blik::{CODE, CODE_STDIN};
use crate::provider::Tpay;

#[derive(Debug, Subcommand)]
pub(crate) enum Marketplace {
    /// Create a payment to several merchants. The file of --input contains the parts
    /// (`childTransactions`), with amounts in grosze
    Create(Create),
    /// Show a marketplace payment
    Get {
        /// Id of the payment
        id: String,
        /// Also show the payment attempts
        #[arg(long)]
        attempts: bool,
    },
    /// Make a marketplace payment with a BLIK code from a prompt or standard input; exit status 1
    /// if it is declined
    Pay {
        /// Id of the payment
        id: String,
        /// Read the code from standard input, which must contain only one line
        #[arg(id = "blik_token", long = "code-stdin")]
        code_stdin: bool,
        #[command(flatten)]
        input: Input,
    },
    /// Refund a marketplace payment, in full or in part
    Refund {
        /// Id of the payment
        id: String,
        /// Refund this amount of a part of the payment, such as `01HQ…=12.34`; can be repeated
        #[arg(id = "amount", long = "part", value_name = "PART=AMOUNT", value_parser = amount_of::<Amount>)]
        part: Vec<(String, Amount)>,
        #[command(flatten)]
        input: Input,
    },
    /// Cancel a pending marketplace payment
    Cancel {
        /// Id of the payment
        id: String,
    },
    /// List the channel groups with which merchants can be paid
    Groups {
        /// Ids of the merchants
        #[arg(required = true)]
        merchants: Vec<String>,
        #[command(flatten)]
        limits: Limits,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Description that the payer sees
    #[arg(long)]
    description: Option<String>,
    /// Id of the point of sale
    #[arg(long, value_name = "ID")]
    pos: Option<String>,
    /// E-mail address of the payer
    #[arg(long)]
    email: Option<String>,
    /// Name of the payer
    #[arg(long)]
    name: Option<String>,
    /// Unique text, such as an order number, by which you can find the payment
    #[arg(long, value_name = "TEXT")]
    hidden_description: Option<String>,
    #[command(flatten)]
    input: Input,
}

impl Run<Tpay> for Marketplace {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        match self {
            Self::Create(create) => create.run(context),
            Self::Get { id, attempts } => {
                let mut request = GetMarketplaceTransaction::new(id);
                if attempts {
                    request = request.with_payment_attempts(true);
                }
                context.show(request)
            }
            Self::Pay { id, code_stdin, input } => {
                let request = PayMarketplaceTransaction::new(id);
                // The body may pay in another way.
                let others = ["cardPaymentData", "applePayPaymentData"];
                for path in others {
                    if !code_stdin && input.has_value(path)? {
                        return context.create(request, &input, &[]);
                    }
                }
                let path = "blikPaymentData.blikToken";
                let code = context.secret_of_body(CODE, code_stdin, CODE_STDIN, (&input, path))?;
                let members = [Member::new(path, CODE_STDIN, code.is_some())];
                let code = code.unwrap_or_else(|| Secret::new(""));
                let request = request.blik_payment_data(BlikPayment::code(code));
                let body = input.body_of(&request, &members)?;
                if code_stdin {
                    for path in others {
                        check_excluded(body.as_ref(), CODE_STDIN, path)?;
                    }
                }
                context.send_body(request, body)
            }
            Self::Refund { id, part, input } => {
                if let Some(id) = repeated(part.iter().map(|(id, _)| id.as_str()), str::eq) {
                    let problem = format!("--part {id}: is given twice; add the amounts");
                    return Err(Failure::new(Exit::Usage, problem));
                }
                let parts: Vec<ChildRefund> =
                    part.iter().map(|(id, amount)| ChildRefund::by_id(id, *amount)).collect();
                let of_part =
                    |(part, amount): &(String, Amount)| format!("{amount} of part {part}");
                let of_parts: Vec<String> = part.iter().map(of_part).collect();
                let member = Member::new("childTransactions", "--part", !part.is_empty());
                let request = RefundMarketplaceTransaction::partial(&id, parts);
                let body = input.body_of(&request, &[member])?;
                // The body may contain the parts. Without parts, it is a full refund, so a body
                // without the member is probably a mistake.
                let problem = "the body has no `childTransactions`; use --part, or remove the body to \
                               refund all of the payment";
                let without = || Failure::new(Exit::Usage, problem);
                let of_body = match &body {
                    Some(body) => Some(body.get("childTransactions").ok_or_else(without)?),
                    None => None,
                };
                let is_full = |parts: &Json| match parts {
                    Json::List(parts) => parts.is_empty(),
                    parts => parts.is_null(),
                };
                let what = match of_body {
                    Some(parts) if is_full(parts) => format!("refund all of payment {id}"),
                    Some(parts) => {
                        format!("refund these parts of payment {id}: {}", parts.clone().masked())
                    }
                    None if of_parts.is_empty() => format!("refund all of payment {id}"),
                    None => format!("refund {} of payment {id}", of_parts.join(" and ")),
                };
                context.send_confirmed(&what, request, body)
            }
            Self::Cancel { id } => context.show_confirmed(
                &format!("cancel payment {id}"),
                CancelMarketplaceTransaction::new(id),
            ),
            Self::Groups { merchants, limits } => {
                let columns = &[("id", "id"), ("name", "name")];
                let request = ListMarketplaceBankGroups::new(merchants);
                context.entries(request, "groups", &limits, columns)
            }
        }
    }
}

impl Create {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        let flags = [
            ("description", "--description", text(self.description.as_ref())),
            ("pos.id", "--pos", text(self.pos.as_ref())),
            ("billingAddress.email", "--email", text(self.email.as_ref())),
            ("billingAddress.name", "--name", text(self.name.as_ref())),
            ("hiddenDescription", "--hidden-description", text(self.hidden_description.as_ref())),
        ];
        let mut body = self.input.body(&flags)?;
        if body.get("childTransactions").is_none() {
            let problem = "the body has no `childTransactions`; use --input FILE";
            return Err(Failure::new(Exit::Usage, problem));
        }
        for (name, default) in [("currency", "PLN"), ("languageCode", "PL")] {
            if body.get(name).is_none() {
                set(&mut body, name, Json::Text(default.to_owned()))?;
            }
        }
        let payer = BillingAddress::new("", "");
        let route = CreateMarketplaceTransaction::new("", "", payer, [], []);
        context.show_json(WithJson::with_body(route, &body))
    }
}
