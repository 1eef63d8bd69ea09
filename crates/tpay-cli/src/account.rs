//! The command `tpay account`: shows and creates the merchant accounts of a partner.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use cli_support::args::{BODY_OPTIONS, number, read_bytes, text};
use cli_support::{Context, Exit, Failure, Input, Json, Limits, Member, Run, WithJson};
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
        #[arg(required_unless_present_any = BODY_OPTIONS)]
        account: Option<String>,
        /// Id of the document type (`account options documents`)
        #[arg(long = "type", value_name = "TYPE", required_unless_present_any = BODY_OPTIONS,
              value_parser = number::<i64>)]
        kind: Option<i64>,
        /// File that contains the document
        #[arg(required_unless_present_any = BODY_OPTIONS)]
        file: Option<PathBuf>,
        /// Id of the person whom the document concerns
        #[arg(long, value_name = "ID")]
        person: Option<String>,
        #[command(flatten)]
        input: Input,
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
        /// Kind of ids to show
        #[arg(value_parser = ["categories", "legal-forms", "documents", "mcc", "pos"])]
        kind: String,
        /// Show only the entry with this id (for categories, legal-forms and documents)
        #[arg(value_parser = number::<i64>)]
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
    #[arg(long, value_name = "ID", value_parser = number::<i64>)]
    legal_form: Option<i64>,
    /// Id of the sale category (`account options categories`)
    #[arg(long, value_name = "ID", value_parser = number::<i64>)]
    category: Option<i64>,
    #[command(flatten)]
    input: Input,
}

impl Create {
    /// Returns the body of the request. Members without an option of their own, such as addresses
    /// and websites, can be given only with `--input`, `-f` or `-F`.
    fn body(&self) -> Result<Json, Failure> {
        let id = |id: Option<i64>| id.map(|id| Json::Other(id.to_string()));
        let flags = [
            ("offerCode", "--offer-code", text(self.offer_code.as_ref())),
            ("email", "--email", text(self.email.as_ref())),
            ("taxId", "--tax-id", text(self.tax_id.as_ref())),
            ("regon", "--regon", text(self.regon.as_ref())),
            ("krs", "--krs", text(self.krs.as_ref())),
            ("legalForm", "--legal-form", id(self.legal_form)),
            ("categoryId", "--category", id(self.category)),
        ];
        self.input.whole_body(&flags, &["offerCode", "email"])
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
            Self::UploadFile { account, kind, file, person, input } => {
                let members = [
                    Member::required("accountId", "ACCOUNT", account.is_some()),
                    Member::required("documentType", "--type", kind.is_some()),
                    Member::required("file", "FILE", file.is_some()),
                    Member::new("personId", "--person", person.is_some()),
                ];
                let content = match &file {
                    Some(file) => read_bytes("FILE", file)?,
                    None => Vec::new(),
                };
                let (account, kind) = (account.unwrap_or_default(), kind.unwrap_or_default());
                let mut request = UploadAccountFile::new(account, kind, content);
                if let Some(person) = person {
                    request = request.person_id(person);
                }
                context.create(request, &input, &members)
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
