//! Calls every endpoint once and prints one line for each.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a script prints")]

#[macro_use]
mod output;

use std::env::VarError;
use std::process::ExitCode;
use std::time::Instant;

use lexopt::prelude::*;
use tpay_client::accounts::*;
use tpay_client::blik::*;
use tpay_client::cards::*;
use tpay_client::certificates::*;
use tpay_client::channels::*;
use tpay_client::collect::*;
use tpay_client::dictionaries::*;
use tpay_client::marketplace::*;
use tpay_client::oauth::*;
use tpay_client::pos::*;
use tpay_client::recurring::*;
use tpay_client::refunds::*;
use tpay_client::reports::*;
use tpay_client::transactions::qr::*;
use tpay_client::transactions::*;
use tpay_client::*;

const HELP: &str = "\
Calls every endpoint of the API once and prints a line for each:
`ok transactions.create 12 ms`, or `fail transactions.create 12 ms` with the error.

It creates, pays and refunds transactions, registers merchants and saves cards. Therefore, it
does not run in production. The defaults are those of the crate api-sandbox.

usage: tpay_tour [options]

  --alias VALUE        a BLIK alias of type UID, which is removed
  --account ID         an account of a partner
  --marketplace ID     a point of sale of a marketplace
  --merchant ID        a merchant of that marketplace
  --report ID          a report
  --file ID            a file of that report

exit status: 0 all endpoints succeeded, 1 at least one failed, 2 invalid arguments

environment: TPAY_CLIENT_ID, TPAY_CLIENT_SECRET,
             and optionally TPAY_ENVIRONMENT=sandbox, TPAY_BASE_URL, TPAY_TOKEN_CACHE;
             TOUR_CARD_TOKEN (a saved card that gets a refund and is then deleted)
";

struct Arguments {
    card_token: String,
    alias: String,
    account: String,
    marketplace: String,
    merchant: String,
    report: String,
    file: String,
}

fn arguments() -> Result<Option<Arguments>, lexopt::Error> {
    // Every user of a machine can see the arguments of a program, and the token of a saved card is
    // a secret outside the sandbox.
    #[expect(clippy::disallowed_methods, reason = "a script reads its environment")]
    let card_token = match std::env::var("TOUR_CARD_TOKEN") {
        Ok(token) => token,
        Err(VarError::NotPresent) => {
            "5c87eb70c0e5060fb17da028c16011a840db2b83sandbox00000000000000001".to_owned()
        }
        Err(VarError::NotUnicode(_)) => return Err("TOUR_CARD_TOKEN: is not UTF-8".into()),
    };
    let mut arguments = Arguments {
        card_token,
        alias: "sandbox_uid".to_owned(),
        account: "01SANDB0XACC00000000000000".to_owned(),
        marketplace: "01SANDB0XP0S00000000000000".to_owned(),
        merchant: "01SANDB0XMER00000000000001".to_owned(),
        report: "rep_1".to_owned(),
        file: "file_1".to_owned(),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        let target = match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("alias") => &mut arguments.alias,
            Long("account") => &mut arguments.account,
            Long("marketplace") => &mut arguments.marketplace,
            Long("merchant") => &mut arguments.merchant,
            Long("report") => &mut arguments.report,
            Long("file") => &mut arguments.file,
            other => return Err(other.unexpected()),
        };
        *target = parser.value()?.string()?;
    }
    Ok(Some(arguments))
}

fn main() -> ExitCode {
    let result = match arguments() {
        Ok(Some(arguments)) => Client::from_env().map(|tpay| tour(&tpay, &arguments)),
        Ok(None) => {
            output::print(format_args!("{HELP}"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("tpay_tour: {error}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(Some(0)) => ExitCode::SUCCESS,
        Ok(Some(failed)) => {
            eprintln!("tpay_tour: {failed} endpoints failed");
            ExitCode::FAILURE
        }
        Ok(None) => {
            eprintln!("tpay_tour: this moves money; set TPAY_ENVIRONMENT=sandbox or TPAY_BASE_URL");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("tpay_tour: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Calls all endpoints and returns the number of failed calls. In production, calls none and
/// returns `None`.
fn tour(tpay: &Client, arguments: &Arguments) -> Option<u32> {
    if *tpay.environment() == Environment::Production {
        return None;
    }
    let mut report = Report::default();
    oauth(tpay, &mut report);
    transactions(tpay, &mut report);
    cards_and_aliases(tpay, arguments, &mut report);
    accounts(tpay, arguments, &mut report);
    marketplace(tpay, arguments, &mut report);
    collect_and_reports(tpay, arguments, &mut report);
    recurring(tpay, &mut report);
    report.line::<GetSigningCertificate, _>(|| tpay.get_signing_certificate());
    report.line::<GetRootCertificates, _>(|| tpay.get_root_certificates());
    Some(report.failed)
}

fn oauth(tpay: &Client, report: &mut Report) {
    report.line::<RequestToken, _>(|| tpay.request_token());
    report.line::<GetTokenInfo, _>(|| tpay.get_token_info());
}

fn order(amount: i64) -> CreateTransaction {
    CreateTransaction::new(grosze(amount), "Tour", Payer::new("tour@example.com", "Tour Guide"))
}

fn blik() -> BlikPayment {
    BlikPayment::code("777123")
}

fn transactions(tpay: &Client, report: &mut Report) {
    let id = |made: Option<Transaction>| made.and_then(|made| made.transaction_id);
    report.line::<ListBankGroups, _>(|| tpay.list_bank_groups(&ListBankGroups::new()));
    report.line::<ListChannels, _>(|| tpay.list_channels(&ListChannels::new()));
    let made = report.line::<CreateTransaction, _>(|| tpay.create_transaction(&order(1234)));
    let paid = id(made).unwrap_or_default();
    report.line::<GetTransactionQr, _>(|| tpay.get_transaction_qr(&GetTransactionQr::new(&paid)));
    report.line::<PayTransaction, _>(|| tpay.pay_transaction(&paid, Pay::blik(blik())));
    report.line::<GetTransaction, _>(|| tpay.get_transaction(&paid));
    let part = RefundTransaction::new(&paid).amount(grosze(150));
    let refunds = report.line::<RefundTransaction, _>(|| tpay.refund_transaction(&part));
    let refund = refunds.and_then(|made| made.all().next().and_then(|r| r.refund_id.clone()));
    let of_one = ListTransactionRefunds::new(&paid);
    report.line::<ListTransactionRefunds, _>(|| tpay.list_transaction_refunds(&of_one));
    report.line::<ListRefunds, _>(|| tpay.list_refunds(&ListRefunds::new()));
    report.line::<GetRefund, _>(|| tpay.get_refund(refund.unwrap_or_default()));
    let other = id(tpay.create_transaction(&order(100)).ok()).unwrap_or_default();
    report.line::<CancelTransaction, _>(|| tpay.cancel_transaction(other));
    let third = id(tpay.create_transaction(&order(100)).ok()).unwrap_or_default();
    report.line::<CancelTransactionLegacy, _>(|| tpay.cancel_transaction_legacy(third));
    report.line::<ListTransactions, _>(|| {
        tpay.transactions(&ListTransactions::new()).collect::<Result<Vec<_>>>()
    });
}

fn cards_and_aliases(tpay: &Client, arguments: &Arguments, report: &mut Report) {
    let Arguments { card_token, alias, .. } = arguments;
    let save = CreateCardToken::new("https://shop.example.com/notify")
        .payer(CardTokenPayer::new("Tour Guide", "tour@example.com"))
        .redirect_url(RedirectUrls::new("https://example.com/ok", "https://example.com/err"));
    report.line::<CreateCardToken, _>(|| tpay.create_card_token(&save));
    report.line::<GetCardToken, _>(|| tpay.get_card_token(card_token.as_str()));
    let back = RefundCard::new(grosze(150), 985, card_token.as_str());
    report.line::<RefundCard, _>(|| tpay.refund_card(&back));
    report.line::<DeleteCardToken, _>(|| tpay.delete_card_token(card_token.as_str()));
    let new = BlikAlias::new("tour", AliasType::PayId)
        .label("Tour")
        .autopayment(Autopayment::new(AutopaymentModel::M));
    let register = CreateBlikAlias::new("Tour payments", blik().aliases(new));
    report.line::<CreateBlikAlias, _>(|| tpay.create_blik_alias(&register));
    report.line::<GetBlikAlias, _>(|| tpay.get_blik_alias(alias, AliasType::Uid));
    report.line::<DeleteBlikAlias, _>(|| tpay.delete_blik_alias(alias, AliasType::Uid));
    let apple = "https://apple-pay-gateway-cert.apple.com/paymentservices/startSession";
    let init = InitApplePay::new("shop.example.com", apple).display_name("Tour");
    report.line::<InitApplePay, _>(|| tpay.init_apple_pay(&init));
}

fn accounts(tpay: &Client, arguments: &Arguments, report: &mut Report) {
    let categories = report.line::<ListCategories, _>(|| tpay.list_categories());
    let forms = report.line::<ListLegalForms, _>(|| tpay.list_legal_forms());
    let documents = report.line::<ListDocuments, _>(|| tpay.list_documents());
    let first = |list: Option<Dictionary>| {
        list.and_then(|list| list.list.first().and_then(|entry| entry.id)).unwrap_or_default()
    };
    let (category, form, document) = (first(categories), first(forms), first(documents));
    report.line::<GetCategory, _>(|| tpay.get_category(category));
    report.line::<GetLegalForm, _>(|| tpay.get_legal_form(form));
    report.line::<GetDocument, _>(|| tpay.get_document(document));
    report.line::<ListMcc, _>(|| tpay.list_mcc());
    report.line::<ListPos, _>(|| tpay.list_pos());
    let merchant = CreateMerchant::new("SAND1", "tour@example.com")
        .category_id(category)
        .legal_form(form)
        .website([Website::new().name("Tour").url("https://example.com")]);
    report.line::<CreateMerchant, _>(|| tpay.create_merchant(&merchant));
    let account = CreateAccount::new("SAND1", "tour-2@example.com")
        .tax_id("7773061579")
        .regon("300878437")
        .krs("0000412357")
        .phone(AccountPhone::new("123456789", "PL"))
        .legal_form(form)
        .category_id(category)
        .mcc("5942")
        .notify_by_email(false)
        .merchant_api_consent(true)
        .bank_account(
            AccountBank::new("63105015201000009091194713", "Tour Guide")
                .bank_name("ING")
                .owner_address("Libelta 8, Warszawa"),
        )
        .website([Website::new().name("Tour").friendly_name("Tour").url("https://example.com")])
        .address([AccountAddress::new()
            .name("Main")
            .street("Libelta")
            .house_number("8")
            .postal_code("01-042")
            .city("Warszawa")
            .country("PL")
            .is_main(true)])
        .person([Person::new("Jan", "Nowak")
            .is_contact_person(true)
            .contact([PersonContact::new("tour@example.com").kind(1)])]);
    report.line::<CreateAccount, _>(|| tpay.create_account(&account));
    report.line::<ListAccounts, _>(|| tpay.list_accounts(&ListAccounts::new()));
    report.line::<GetAccount, _>(|| tpay.get_account(&arguments.account));
    report.line::<UploadAccountFile, _>(|| {
        tpay.upload_account_file(&UploadAccountFile::new(&arguments.account, 1, "%PDF-1.7"))
    });
    report.line::<GetBalance, _>(|| tpay.get_balance(&arguments.account));
}

fn marketplace(tpay: &Client, arguments: &Arguments, report: &mut Report) {
    let merchant = arguments.merchant.as_str();
    let basket = || {
        let tea = Product::new("tea", grosze(200), grosze(1000)).name("Tea");
        CreateMarketplaceTransaction::new(
            "Tour basket",
            &arguments.marketplace,
            BillingAddress::new("tour@example.com", "Tour Guide"),
            [ChildTransaction::new(grosze(2000), "Tea", merchant, [tea])],
            [
                MarketplaceCallback::success("https://example.com/ok"),
                MarketplaceCallback::error("https://example.com/err"),
            ],
        )
    };
    let groups = ListMarketplaceBankGroups::new([merchant]);
    report.line::<ListMarketplaceBankGroups, _>(|| tpay.list_marketplace_bank_groups(&groups));
    let made = report
        .line::<CreateMarketplaceTransaction, _>(|| tpay.create_marketplace_transaction(&basket()));
    let id = made.and_then(|made| made.transaction_id).unwrap_or_default();
    let pay = PayMarketplaceTransaction::new(&id).blik_payment_data(blik());
    report.line::<PayMarketplaceTransaction, _>(|| tpay.pay_marketplace_transaction(&pay));
    let get = GetMarketplaceTransaction::new(&id).with_payment_attempts(true);
    report.line::<GetMarketplaceTransaction, _>(|| tpay.get_marketplace_transaction(&get));
    let back = RefundMarketplaceTransaction::full(&id);
    report.line::<RefundMarketplaceTransaction, _>(|| tpay.refund_marketplace_transaction(&back));
    let other = tpay.create_marketplace_transaction(&basket()).ok();
    let other = other.and_then(|made| made.transaction_id).unwrap_or_default();
    report.line::<CancelMarketplaceTransaction, _>(|| tpay.cancel_marketplace_transaction(other));
}

fn collect_and_reports(tpay: &Client, arguments: &Arguments, report: &mut Report) {
    let account =
        CreateBankAccount::new("PL63105015201000009091194713", "Jan Kowalski", "ul. Libelta 8/2");
    report.line::<CreateBankAccount, _>(|| tpay.create_bank_account(&account));
    report.line::<ListBankAccounts, _>(|| tpay.list_bank_accounts(&ListBankAccounts::new()));
    report.line::<ListReports, _>(|| tpay.list_reports(&ListReports::new()));
    report.line::<GetReportFile, _>(|| tpay.get_report_file(&arguments.report, &arguments.file));
}

fn recurring(tpay: &Client, report: &mut Report) {
    // A ULID that is different for each process.
    let id = format!("01T0VR{:020}", std::process::id());
    let schedule =
        Schedule::new(grosze(4990), Currency::Pln, "2030-01-01T10:00:00", 1, IntervalUnit::Months)
            .charge_count(12)
            .retry_intervals([RetryInterval::new(1, IntervalUnit::Days)]);
    let plan = CreateRecurring::new(
        &id,
        "Tour plan",
        Payer::new("tour@example.com", "Tour Guide"),
        schedule,
        PaymentInstrument::test("refused"),
        "https://shop.example.com/recurring",
    );
    report.line::<CreateRecurring, _>(|| tpay.create_recurring(&plan));
    report.line::<ListRecurring, _>(|| tpay.list_recurring(&ListRecurring::new()));
    report.line::<GetRecurring, _>(|| tpay.get_recurring(&id));
    let charges = ListRecurringCharges::new(&id);
    report.line::<ListRecurringCharges, _>(|| tpay.list_recurring_charges(&charges));
    report.line::<RetryRecurring, _>(|| tpay.retry_recurring(&id));
    report.line::<UpdatePaymentInstrument, _>(|| {
        tpay.update_payment_instrument(&id, PaymentInstrument::test("accepted"))
    });
    report.line::<CancelRecurring, _>(|| tpay.cancel_recurring(&id));
}

#[derive(Default)]
struct Report {
    failed: u32,
}

impl Report {
    /// Calls an endpoint and prints one line with the result. Returns the value, or `None` if the
    /// call failed.
    #[expect(clippy::disallowed_methods, reason = "measures time for the printed line only")]
    fn line<E: Endpoint, T>(&mut self, call: impl FnOnce() -> Result<T>) -> Option<T> {
        let begin = Instant::now();
        let result = call();
        let elapsed = begin.elapsed().as_millis();
        match result {
            Ok(value) => {
                println!("ok {} {elapsed} ms", E::ID);
                Some(value)
            }
            Err(error) => {
                println!("fail {} {elapsed} ms: {error}", E::ID);
                self.failed += 1;
                None
            }
        }
    }
}
