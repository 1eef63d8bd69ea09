//! The command `tpay account`: merchant accounts of a partner.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use cli_support::args::{BODY_OPTIONS, text};
use cli_support::{Context, Exit, Failure, Input, Json, Limits, Run, WithJson};
use tpay_client::accounts::{
    CreateAccount, CreateMerchant, GetAccount, GetBalance, ListAccounts, UploadAccountFile,
};
use tpay_client::dictionaries::{
    GetCategory, GetDocument, GetLegalForm, ListCategories, ListDocuments, ListLegalForms, ListMcc,
};
use tpay_client::pos::ListPos;

use crate::provider::Tpay;

#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// List the merchant accounts of a partner
    List {
        #[command(flatten)]
        limits: Limits,
    },
    /// Create a merchant account (deprecated; use create-merchant)
    Create(Create),
    /// Create a merchant
    CreateMerchant(Create),
    /// Upload a document of an account or a person (experimental)
    UploadFile {
        /// Id of the account
        account: String,
        /// Id of the document type (`account options documents`)
        #[arg(long = "type", value_name = "TYPE")]
        kind: i64,
        /// The document
        file: PathBuf,
        /// Id of the person whom the document concerns
        #[arg(long, value_name = "ID")]
        person: Option<String>,
    },
    /// Show an account
    Get {
        /// Id of the account
        id: String,
    },
    /// Show the balance of an account (experimental)
    Balance {
        /// Id of the account
        id: String,
    },
    /// Show the ids that `account create` accepts: categories, legal forms, documents and others
    Options {
        /// Kind of the ids
        #[arg(value_parser = ["categories", "legal-forms", "documents", "mcc", "pos"])]
        kind: String,
        /// Show only the entry with this id (for categories, legal-forms and documents)
        id: Option<i64>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Code of your offer
    #[arg(long, value_name = "CODE", required_unless_present_any = BODY_OPTIONS)]
    offer_code: Option<String>,
    /// E-mail address of the merchant
    #[arg(long, required_unless_present_any = BODY_OPTIONS)]
    email: Option<String>,
    /// Tax id of the merchant (NIP)
    #[arg(long, value_name = "NUMBER")]
    tax_id: Option<String>,
    /// Number in the business register (REGON)
    #[arg(long, value_name = "NUMBER")]
    regon: Option<String>,
    /// Number in the National Court Register (KRS)
    #[arg(long, value_name = "NUMBER")]
    krs: Option<String>,
    /// Id of the legal form (`account options legal-forms`)
    #[arg(long, value_name = "ID")]
    legal_form: Option<i64>,
    /// Id of the category of sale (`account options categories`)
    #[arg(long, value_name = "ID")]
    category: Option<i64>,
    #[command(flatten)]
    input: Input,
}

impl Create {
    /// Returns the body of the request. Addresses, websites and persons can only be given with
    /// `--input` or `--field`.
    fn body(&self) -> Result<Json, Failure> {
        let number = |number: Option<i64>| number.map(|number| Json::Other(number.to_string()));
        let flags = [
            ("offerCode", text(self.offer_code.as_ref())),
            ("email", text(self.email.as_ref())),
            ("taxId", text(self.tax_id.as_ref())),
            ("regon", text(self.regon.as_ref())),
            ("krs", text(self.krs.as_ref())),
            ("legalForm", number(self.legal_form)),
            ("categoryId", number(self.category)),
        ];
        self.input.whole_body(&flags, &[("offerCode", "--offer-code"), ("email", "--email")])
    }
}

impl Run<Tpay> for Account {
    fn run(self, context: &Context<Tpay>) -> Result<Exit, Failure> {
        match self {
            Self::List { limits } => {
                let request = ListAccounts::new().limit(limits.page_size(100));
                let columns = &[("id", "id"), ("email", "email")];
                context.list(WithJson::page(request, &["list"]), &limits, columns)
            }
            Self::Create(create) => {
                let route = CreateAccount::new("", "");
                context.show_json(WithJson::with_body(route, &create.body()?))
            }
            Self::CreateMerchant(create) => {
                let route = CreateMerchant::new("", "");
                context.show_json(WithJson::with_body(route, &create.body()?))
            }
            Self::UploadFile { account, kind, file, person } => {
                let content = std::fs::read(&file).map_err(|error| Failure::file(&file, &error))?;
                let mut request = UploadAccountFile::new(account, kind, content);
                if let Some(person) = person {
                    request = request.person_id(person);
                }
                context.show(request)
            }
            Self::Get { id } => context.show(GetAccount::new(id)),
            Self::Balance { id } => context.show(GetBalance::new(id)),
            Self::Options { kind, id: Some(id) } => match kind.as_str() {
                "categories" => context.show(GetCategory::new(id)),
                "legal-forms" => context.show(GetLegalForm::new(id)),
                "documents" => context.show(GetDocument::new(id)),
                _ => Err(Failure::new(
                    Exit::Usage,
                    format!("{kind}: single entries cannot be requested; omit the id"),
                )),
            },
            Self::Options { kind, id: None } => match kind.as_str() {
                "categories" => context.show(ListCategories::new()),
                "legal-forms" => context.show(ListLegalForms::new()),
                "documents" => context.show(ListDocuments::new()),
                "mcc" => context.show(ListMcc::new()),
                _ => context.show(ListPos::new()),
            },
        }
    }
}
