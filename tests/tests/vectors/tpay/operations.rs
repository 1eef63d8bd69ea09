//! The typed request of each operation, from the arguments of the official client's method.
//!
//! Arguments are those of the method: an id is a string or a number, the fields are an object. Their
//! order is not significant where there is one of each. An argument or field without a typed
//! counterpart is an error, so nothing is dropped.

use serde_json::Value;
use tpay_client::accounts::{
    AccountAddress, AccountBank, AccountPhone, ContactPerson, CreateAccount, CreateMerchant,
    GetAccount, GetBalance, ListAccounts, MerchantAddress, Person, PersonContact,
    UploadAccountFile, Website,
};
use tpay_client::api_auth::Request;
use tpay_client::blik::{
    AliasType, Autopayment, AutopaymentModel, BlikAlias, CreateBlikAlias, DeleteBlikAlias,
    GetBlikAlias,
};
use tpay_client::cards::{
    CardTokenPayer, CreateCardToken, DeleteCardToken, GetCardToken, InitApplePay, RedirectUrls,
};
use tpay_client::certificates::{GetRootCertificates, GetSigningCertificate};
use tpay_client::channels::{ListBankGroups, ListChannels};
use tpay_client::collect::{CreateBankAccount, ListBankAccounts};
use tpay_client::dictionaries::{
    GetCategory, GetDocument, GetLegalForm, ListCategories, ListDocuments, ListLegalForms, ListMcc,
};
use tpay_client::marketplace::{
    BillingAddress, CancelMarketplaceTransaction, ChildRefund, ChildTransaction,
    CreateMarketplaceTransaction, GetMarketplaceTransaction, ListMarketplaceBankGroups,
    MarketplaceCallback, MarketplaceLanguage, PayMarketplaceTransaction, Product,
    RefundMarketplaceTransaction,
};
use tpay_client::oauth::{GetTokenInfo, RequestToken};
use tpay_client::pos::ListPos;
use tpay_client::recurring::{
    CancelRecurring, CreateRecurring, GetRecurring, IntervalUnit, ListRecurring,
    ListRecurringCharges, PaymentInstrument, RecurringBlik, RetryInterval, RetryRecurring,
    Schedule, UpdatePaymentInstrument,
};
use tpay_client::refunds::{
    GetRefund, ListRefunds, ListTransactionRefunds, RefundCard, RefundContext,
};
use tpay_client::reports::{GetReportFile, ListReports, SortDirection};
use tpay_client::transactions::pay::{
    CardNetwork, CardOnFile, CardPayment, ClickToPay, PayMethod, Recursive, TokenPayment,
};
use tpay_client::transactions::qr::{GetTransactionQr, ImageType, QrLink, QrSize};
use tpay_client::transactions::{
    Callbacks, CancelTransaction, CancelTransactionLegacy, Collect, GetTransaction, Language,
    ListTransactions, PayTransaction, Payee, PayeeAddress,
};
use tpay_client::{
    Amount, BlikPayment, Client, CreateTransaction, Currency, Endpoint, Error, Pay, Payer,
    RefundTransaction, TransactionStatus, grosze,
};

use crate::text;

/// Why a vector has no typed request.
#[derive(Debug)]
pub(super) enum Untyped {
    /// This parameter or field has no typed counterpart.
    Parameter(String),
    /// The typed request was rejected.
    Rejected(Error),
}

impl From<Error> for Untyped {
    fn from(error: Error) -> Self {
        Self::Rejected(error)
    }
}

type Made<T> = Result<T, Untyped>;

/// Makes a value, sets the optional members that the object has, and rejects members that are
/// neither required nor optional here.
macro_rules! build {
    ($object:expr, $made:expr, [$($required:literal),*] $(, $setter:ident($name:literal, $read:expr))* $(,)?) => {{
        let object: &Value = $object;
        only(object, &[$($required,)* $($name,)*])?;
        #[allow(unused_mut, reason = "some have no optional members")]
        let mut made = $made;
        $( if let Some(value) = given(object, $name) { made = made.$setter($read(value)?); } )*
        made
    }};
}

/// The member of an object; null is no member.
fn given<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

fn only(object: &Value, names: &[&str]) -> Made<()> {
    let members = object.as_object().into_iter().flatten();
    match members.map(|(name, _)| name).find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(Untyped::Parameter(name.clone())),
        None => Ok(()),
    }
}

/// A string; a number is taken for its digits.
fn string(value: &Value) -> Made<String> {
    Ok(match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => panic!("{value} is no string"),
    })
}

/// An unsigned number; a string of digits is one.
fn number(value: &Value) -> Made<u32> {
    Ok(string(value)?.parse().unwrap_or_else(|_| panic!("{value} is no number")))
}

fn integer(value: &Value) -> Made<i64> {
    Ok(string(value)?.parse().unwrap_or_else(|_| panic!("{value} is no number")))
}

fn flag(value: &Value) -> Made<bool> {
    Ok(match value {
        Value::Bool(value) => *value,
        _ => number(value)? != 0,
    })
}

/// 1 for true, as the provider documents it; the PHP client takes a boolean as well.
fn bit(value: &Value) -> Made<u32> {
    match value {
        Value::Bool(value) => Ok(u32::from(*value)),
        _ => number(value),
    }
}

fn amount(value: &Value) -> Made<Amount> {
    Ok(string(value)?.parse().unwrap_or_else(|_| panic!("{value} is no amount")))
}

/// An amount that travels in hundredths.
fn minor(value: &Value) -> Made<Amount> {
    integer(value).map(grosze)
}

/// A value of an enum.
fn named<T: for<'a> From<&'a str>>(value: &Value) -> Made<T> {
    string(value).map(|text| T::from(&*text))
}

fn list<T>(value: &Value, read: impl Fn(&Value) -> Made<T>) -> Made<Vec<T>> {
    match value {
        Value::Array(items) => items.iter().map(read).collect(),
        one => Ok(vec![read(one)?]),
    }
}

fn payer(value: &Value) -> Made<Payer> {
    Ok(build!(
        value,
        Payer::new(string(&value["email"])?, string(&value["name"])?),
        ["email", "name"],
        phone("phone", string),
        address("address", string),
        code("code", string),
        city("city", string),
        country("country", string),
        tax_id("taxId", string),
        ip("ip", string),
        user_agent("userAgent", string),
    ))
}

fn blik(value: &Value) -> Made<BlikPayment> {
    Ok(build!(
        value,
        BlikPayment::new(),
        [],
        blik_token("blikToken", string),
        kind("type", number),
        refuse_no_pay_id("refuseNoPayId", flag),
        aliases("aliases", alias),
    ))
}

fn alias(value: &Value) -> Made<BlikAlias> {
    Ok(build!(
        value,
        BlikAlias::new(string(&value["value"])?, named::<AliasType>(&value["type"])?),
        ["value", "type"],
        label("label", string),
        key("key", string),
        no_delay("noDelay", flag),
        recommended_auth_level("recommendedAuthLevel", string),
        autopayment("autopayment", autopayment),
    ))
}

fn autopayment(value: &Value) -> Made<Autopayment> {
    Ok(build!(
        value,
        Autopayment::new(named::<AutopaymentModel>(&value["model"])?),
        ["model"],
        frequency("frequency", string),
        currency("currency", named::<Currency>),
        single_limit_amount("singleLimitAmount", amount),
        total_limit_amount("totalLimitAmount", amount),
        init_date("initDate", string),
        expiration_date("expirationDate", string),
    ))
}

fn card(value: &Value) -> Made<CardPayment> {
    Ok(build!(
        value,
        CardPayment::new(),
        [],
        card("card", string),
        token("token", string),
        preauthorized_token("preauthorizedToken", string),
        save("save", bit),
        roc_text("rocText", string),
    ))
}

fn token_payment(value: &Value) -> Made<TokenPayment> {
    let get = |name: &str| string(&value[name]);
    Ok(build!(
        value,
        TokenPayment::new(
            get("tokenValue")?,
            get("cardExpiryDate")?,
            get("initialTransactionId")?,
            get("cardBrand")?,
        ),
        ["tokenValue", "cardExpiryDate", "initialTransactionId", "cardBrand"],
        roc_text("rocText", string),
    ))
}

fn click_to_pay(value: &Value) -> Made<ClickToPay> {
    let network = named::<CardNetwork>(&value["network"])?;
    Ok(build!(
        value,
        ClickToPay::new(string(&value["paymentData"])?, network),
        ["paymentData", "network"]
    ))
}

fn recursive(value: &Value) -> Made<Recursive> {
    Ok(build!(
        value,
        Recursive::new(number(&value["period"])?, number(&value["quantity"])?),
        ["period", "quantity"],
        kind("type", number),
        expiration_date("expirationDate", string),
    ))
}

fn pay(value: &Value) -> Made<Pay> {
    Ok(build!(
        value,
        Pay::new(),
        [],
        group_id("groupId", integer),
        channel_id("channelId", integer),
        method("method", named::<PayMethod>),
        blik_payment_data("blikPaymentData", blik),
        card_payment_data("cardPaymentData", card),
        token_payment_data("tokenPaymentData", token_payment),
        cof("cof", named::<CardOnFile>),
        apple_pay_payment_data("applePayPaymentData", string),
        google_pay_payment_data("googlePayPaymentData", string),
        click_to_pay_payment_data("clickToPayPaymentData", click_to_pay),
        recursive("recursive", recursive),
    ))
}

fn callbacks(value: &Value) -> Made<Callbacks> {
    only(value, &["payerUrls", "notification"])?;
    let (urls, notification) = (&value["payerUrls"], &value["notification"]);
    let callbacks = build!(
        urls,
        Callbacks::new(),
        [],
        success_url("success", string),
        error_url("error", string)
    );
    Ok(build!(
        notification,
        callbacks,
        [],
        notification_url("url", string),
        notification_email("email", string),
    ))
}

fn collect(value: &Value) -> Made<Collect> {
    let made = Collect::new(string(&value["account"])?, string(&value["receiver"])?);
    Ok(build!(value, made, ["account", "receiver"]))
}

fn payee(value: &Value) -> Made<Payee> {
    Ok(build!(
        value,
        Payee::new(string(&value["name"])?, string(&value["url"])?),
        ["name", "url"],
        mcc("mcc", string),
        address("address", payee_address),
    ))
}

fn payee_address(value: &Value) -> Made<PayeeAddress> {
    let get = |name: &str| string(&value[name]);
    Ok(build!(
        value,
        PayeeAddress::new(
            get("street")?,
            get("houseNumber")?,
            get("postalCode")?,
            get("city")?,
            get("country")?,
        ),
        ["street", "houseNumber", "postalCode", "city", "country"],
        flat_number("flatNumber", string),
    ))
}

fn instrument(value: &Value) -> Made<PaymentInstrument> {
    only(value, &["paymentType", "value", "blik"])?;
    let token = string(&value["value"])?;
    Ok(match text(value, "/paymentType") {
        "card_token" => PaymentInstrument::card_token(token),
        "blik_payid" => PaymentInstrument::blik_pay_id(token, recurring_blik(&value["blik"])?),
        "test" => PaymentInstrument::test(token),
        other => panic!("no payment instrument {other}"),
    })
}

fn recurring_blik(value: &Value) -> Made<RecurringBlik> {
    Ok(build!(
        value,
        RecurringBlik::new(named::<AutopaymentModel>(&value["model"])?),
        ["model"],
        no_delay("noDelay", flag),
        recommended_auth_level("recommendedAuthLevel", string),
    ))
}

fn schedule(value: &Value) -> Made<Schedule> {
    let unit = named::<IntervalUnit>;
    let retry = |value: &Value| -> Made<RetryInterval> {
        let made = RetryInterval::new(number(&value["value"])?, unit(&value["unit"])?);
        Ok(build!(value, made, ["value", "unit"]))
    };
    Ok(build!(
        value,
        Schedule::new(
            amount(&value["amount"])?,
            named::<Currency>(&value["currency"])?,
            string(&value["firstChargeDate"])?,
            number(&value["interval"])?,
            unit(&value["intervalType"])?,
        ),
        ["amount", "currency", "firstChargeDate", "interval", "intervalType"],
        charge_count("chargeCount", number),
        retry_intervals("retryIntervals", |value| list(value, retry)),
    ))
}

fn website(value: &Value) -> Made<Website> {
    Ok(build!(
        value,
        Website::new(),
        [],
        url("url", string),
        name("name", string),
        description("description", string),
        friendly_name("friendlyName", string),
    ))
}

fn account_address(value: &Value) -> Made<AccountAddress> {
    Ok(build!(
        value,
        AccountAddress::new(),
        [],
        name("name", string),
        friendly_name("friendlyName", string),
        room_number("roomNumber", string),
        street("street", string),
        house_number("houseNumber", string),
        postal_code("postalCode", string),
        city("city", string),
        country("country", string),
        phone("phone", string),
        is_main("isMain", flag),
        is_correspondence("isCorrespondence", flag),
        is_invoice("isInvoice", flag),
    ))
}

fn merchant_address(value: &Value) -> Made<MerchantAddress> {
    Ok(build!(
        value,
        MerchantAddress::new(),
        [],
        name("name", string),
        flat_number("flatNumber", string),
        street("street", string),
        house_number("houseNumber", string),
        postal_code("postalCode", string),
        city("city", string),
        country("country", string),
        phone("phone", string),
        is_main("isMain", flag),
        is_correspondence("isCorrespondence", flag),
        is_invoice("isInvoice", flag),
    ))
}

fn contact_person(value: &Value) -> Made<ContactPerson> {
    Ok(build!(
        value,
        ContactPerson::new(string(&value["name"])?, string(&value["surname"])?),
        ["name", "surname"],
        phone("phone", string),
        email("email", string),
    ))
}

fn person(value: &Value) -> Made<Person> {
    let contact = |value: &Value| -> Made<PersonContact> {
        let made = PersonContact::new(string(&value["contact"])?);
        Ok(build!(value, made, ["contact"], kind("type", number)))
    };
    Ok(build!(
        value,
        Person::new(string(&value["name"])?, string(&value["surname"])?),
        ["name", "surname"],
        nationality("nationality", string),
        shares_pct("sharesPct", amount),
        pesel("pesel", string),
        is_beneficiary("isBeneficiary", flag),
        is_representative("isRepresentative", flag),
        is_contact_person("isContactPerson", flag),
        is_authorized_person("isAuthorizedPerson", flag),
        pep_statement("pepStatement", bit),
        date_of_birth("dateOfBirth", string),
        country_of_birth("countryOfBirth", string),
        type_of_document("typeOfDocument", integer),
        serial_number("serialNumber", string),
        expiry_date("expiryDate", string),
        issuing_authority("issuingAuthority", string),
        contact("contact", |value| list(value, contact)),
    ))
}

fn account_bank(value: &Value) -> Made<AccountBank> {
    Ok(build!(
        value,
        AccountBank::new(string(&value["accountNo"])?, string(&value["ownerName"])?),
        ["accountNo", "ownerName"],
        bank_name("bankName", string),
        owner_address("ownerAddress", string),
        currency("currency", named::<Currency>),
        country_code("countryCode", string),
        account_type("accountType", number),
    ))
}

fn account_phone(value: &Value) -> Made<AccountPhone> {
    let made = AccountPhone::new(string(&value["phoneNumber"])?, string(&value["phoneCountry"])?);
    Ok(build!(value, made, ["phoneNumber", "phoneCountry"]))
}

fn billing_address(value: &Value) -> Made<BillingAddress> {
    Ok(build!(
        value,
        BillingAddress::new(string(&value["email"])?, string(&value["name"])?),
        ["email", "name"],
        phone("phone", string),
        street("street", string),
        postal_code("postalCode", string),
        city("city", string),
        country("country", string),
        house_no("houseNo", string),
        flat_no("flatNo", string),
    ))
}

fn product(value: &Value) -> Made<Product> {
    Ok(build!(
        value,
        Product::new(
            string(&value["externalId"])?,
            amount(&value["quantity"])?,
            minor(&value["unitPrice"])?,
        ),
        ["externalId", "quantity", "unitPrice"],
        name("name", string),
    ))
}

fn child(value: &Value) -> Made<ChildTransaction> {
    only(&value["merchant"], &["id"])?;
    Ok(build!(
        value,
        ChildTransaction::new(
            minor(&value["amount"])?,
            string(&value["description"])?,
            string(&value["merchant"]["id"])?,
            list(&value["products"], product)?,
        ),
        ["amount", "description", "merchant", "products"],
        hidden_description("hiddenDescription", string),
    ))
}

fn child_refund(value: &Value) -> Made<ChildRefund> {
    let much = minor(&value["amount"])?;
    let made = match given(value, "id") {
        Some(id) => ChildRefund::by_id(string(id)?, much),
        None => ChildRefund::by_merchant(string(&value["merchantId"])?, much),
    };
    Ok(build!(
        value,
        made,
        ["id", "merchantId", "amount"],
        products("products", |value| list(value, product)),
    ))
}

fn marketplace_callback(value: &Value) -> Made<MarketplaceCallback> {
    only(value, &["type", "value"])?;
    let target = string(&value["value"])?;
    Ok(match number(&value["type"])? {
        1 => MarketplaceCallback::success(target),
        2 => MarketplaceCallback::error(target),
        3 => MarketplaceCallback::notification(target),
        4 => MarketplaceCallback::email(target),
        other => panic!("no callback of type {other}"),
    })
}

/// The typed request with the arguments of the vector, signed.
pub(super) fn request(vector: &Value, client: &Client) -> Made<Request> {
    let arguments = vector["inputs"]["args"].as_array().map(Vec::as_slice).unwrap_or_default();
    // The fields are the first object; PHP writes an empty object as an empty list.
    let nothing = Value::Null;
    let is_object = |value: &&Value| value.is_object() || value.is_array();
    let fields = arguments.iter().find(is_object).unwrap_or(&nothing);
    let scalars: Vec<&Value> =
        arguments.iter().filter(|value| !is_object(value) && !value.is_null()).collect();
    let scalar = |index: usize| scalars.get(index).copied();
    let id = || string(scalar(0).unwrap_or_else(|| panic!("no id in {arguments:?}")));
    let get = |name: &str| &fields[name];
    macro_rules! signed {
        ($call:expr) => {
            send(client, &$call)
        };
    }
    match text(vector, "/inputs/operation") {
        "oauth.token" => signed!(build!(
            fields,
            RequestToken::new(string(get("client_id"))?, string(get("client_secret"))?),
            ["client_id", "client_secret"],
            scope("scope", string),
        )),
        "oauth.tokeninfo" => signed!(GetTokenInfo::new()),
        "transactions.create" => signed!(build!(
            fields,
            CreateTransaction::new(
                amount(get("amount"))?,
                string(get("description"))?,
                payer(get("payer"))?,
            ),
            ["amount", "description", "payer"],
            currency("currency", named::<Currency>),
            hidden_description("hiddenDescription", string),
            lang("lang", named::<Language>),
            pay("pay", pay),
            callbacks("callbacks", callbacks),
            collect("collect", collect),
            payee("payee", payee),
        )),
        "transactions.list" => signed!(build!(
            fields,
            ListTransactions::new(),
            [],
            page("page", number),
            limit("limit", number),
            from("from", string),
            to("to", string),
            status("status", named::<TransactionStatus>),
        )),
        "transactions.get" => signed!(GetTransaction::new(id()?)),
        "transactions.pay" => signed!(PayTransaction::new(id()?, pay(fields)?)),
        "transactions.cancel" => signed!(CancelTransaction::new(id()?)),
        "transactions.cancel_legacy" => signed!(CancelTransactionLegacy::new(id()?)),
        "transactions.qr" => {
            let image = named::<ImageType>;
            let mut call = build!(
                fields,
                GetTransactionQr::new(id()?),
                [],
                size("size", named::<QrSize>),
                output_type("outputType", image),
                logo("logo", string),
                logo_type("logoType", image),
                link_type("linkType", named::<QrLink>),
            );
            // The method of the official client: an id, the size, the logo, the type of the image.
            if let Some(size) = scalar(1) {
                call = call.size(named::<QrSize>(size)?);
            }
            if let Some(kind) = scalars
                .iter()
                .skip(2)
                .find(|value| value.as_str().is_some_and(|text| text.starts_with("image/")))
            {
                call = call.output_type(image(kind)?);
            }
            signed!(call)
        }
        "transactions.refund" => {
            signed!(build!(fields, RefundTransaction::new(id()?), [], amount("amount", amount)))
        }
        "transactions.list_refunds" => signed!(build!(
            fields,
            ListTransactionRefunds::new(id()?),
            [],
            page("page", number),
            limit("limit", number),
            from("from", string),
            to("to", string),
        )),
        "transactions.bank_groups" => {
            let mut call =
                build!(fields, ListBankGroups::new(), [], only_online("onlyOnline", flag));
            if let Some(online) = scalar(0) {
                call = call.only_online(flag(online)?);
            }
            signed!(call)
        }
        "transactions.channels" => {
            signed!(build!(fields, ListChannels::new(), [], image_size("imageSize", string)))
        }
        "refunds.list" => signed!(build!(
            fields,
            ListRefunds::new(),
            [],
            page("page", number),
            limit("limit", number),
            from("from", string),
            to("to", string),
            payer_email("payerEmail", string),
            transaction_title("transactionTitle", string),
            context("context", named::<RefundContext>),
            token("token", string),
        )),
        "refunds.create" => signed!(build!(
            fields,
            RefundCard::new(
                amount(get("amount"))?,
                number(get("currencyCode"))?,
                string(get("tokenValue"))?,
            ),
            ["amount", "currencyCode", "tokenValue"],
            card_expiry_date("cardExpiryDate", string),
            roc_text("rocText", string),
        )),
        "refunds.get" => signed!(GetRefund::new(id()?)),
        "tokens.create" => {
            let payer = |value: &Value| -> Made<CardTokenPayer> {
                let made = CardTokenPayer::new(string(&value["name"])?, string(&value["email"])?);
                Ok(build!(value, made, ["name", "email"]))
            };
            let urls = |value: &Value| -> Made<RedirectUrls> {
                let made = RedirectUrls::new(string(&value["success"])?, string(&value["error"])?);
                Ok(build!(value, made, ["success", "error"]))
            };
            signed!(build!(
                fields,
                CreateCardToken::new(string(get("callbackUrl"))?),
                ["callbackUrl"],
                payer("payer", payer),
                redirect_url("redirectUrl", urls),
                card("card", string),
            ))
        }
        "tokens.get" => signed!(GetCardToken::new(id()?)),
        "tokens.delete" => signed!(DeleteCardToken::new(id()?)),
        "wallet.init_apple_pay" => signed!(build!(
            fields,
            InitApplePay::new(string(get("domainName"))?, string(get("validationUrl"))?),
            ["domainName", "validationUrl"],
            display_name("displayName", string),
        )),
        "blik.create_alias" => {
            only(get("pay"), &["blikPaymentData"])?;
            signed!(build!(
                fields,
                CreateBlikAlias::new(
                    string(get("description"))?,
                    blik(&get("pay")["blikPaymentData"])?,
                ),
                ["description", "pay"],
                lang("lang", named::<Language>),
            ))
        }
        "blik.get_alias" => {
            let kind = scalar(1).unwrap_or(get("aliasType"));
            signed!(GetBlikAlias::new(id()?, named::<AliasType>(kind)?))
        }
        "blik.delete_alias" => {
            let kind = scalar(1).unwrap_or(get("aliasType"));
            signed!(DeleteBlikAlias::new(id()?, named::<AliasType>(kind)?))
        }
        "recurring.create" => signed!(build!(
            fields,
            CreateRecurring::new(
                string(get("id"))?,
                string(get("description"))?,
                payer(get("payer"))?,
                schedule(get("schedule"))?,
                instrument(get("paymentInstrument"))?,
                string(get("callbackUrl"))?,
            ),
            ["id", "description", "payer", "schedule", "paymentInstrument", "callbackUrl"],
            hidden_description("hiddenDescription", string),
        )),
        "recurring.list" => {
            signed!(build!(
                fields,
                ListRecurring::new(),
                [],
                page("page", number),
                limit("limit", number)
            ))
        }
        "recurring.get" => signed!(GetRecurring::new(id()?)),
        "recurring.transactions" => signed!(build!(
            fields,
            ListRecurringCharges::new(id()?),
            [],
            page("page", number),
            limit("limit", number),
        )),
        "recurring.cancel" => signed!(CancelRecurring::new(id()?)),
        "recurring.retry" => signed!(RetryRecurring::new(id()?)),
        "recurring.update_payment_instrument" => {
            only(fields, &["paymentInstrument"])?;
            signed!(UpdatePaymentInstrument::new(id()?, instrument(get("paymentInstrument"))?))
        }
        "marketplace.create" => {
            only(get("pos"), &["id"])?;
            only(get("transactionEmails"), &["transactionCreated"])?;
            let mut call = build!(
                fields,
                CreateMarketplaceTransaction::new(
                    string(get("description"))?,
                    string(&get("pos")["id"])?,
                    billing_address(get("billingAddress"))?,
                    list(get("childTransactions"), child)?,
                    list(get("transactionCallbacks"), marketplace_callback)?,
                ),
                [
                    "currency",
                    "description",
                    "pos",
                    "billingAddress",
                    "childTransactions",
                    "transactionCallbacks",
                    "transactionEmails"
                ],
                hidden_description("hiddenDescription", string),
                language_code("languageCode", named::<MarketplaceLanguage>),
                pre_selected_channel_id("preSelectedChannelId", string),
            );
            if let Some(email) = given(get("transactionEmails"), "transactionCreated") {
                call = call.email_when_created(flag(email)?);
            }
            signed!(call)
        }
        "marketplace.get" => signed!(build!(
            fields,
            GetMarketplaceTransaction::new(id()?),
            [],
            with_payment_attempts("withPaymentAttempts", flag),
        )),
        "marketplace.pay" => signed!(build!(
            fields,
            PayMarketplaceTransaction::new(id()?),
            [],
            blik_payment_data("blikPaymentData", blik),
            card_payment_data("cardPaymentData", card),
            apple_pay_payment_data("applePayPaymentData", string),
        )),
        "marketplace.refund" => {
            only(fields, &["childTransactions"])?;
            let parts = match given(fields, "childTransactions") {
                Some(parts) => list(parts, child_refund)?,
                None => Vec::new(),
            };
            signed!(RefundMarketplaceTransaction::partial(id()?, parts))
        }
        "marketplace.cancel" => signed!(CancelMarketplaceTransaction::new(id()?)),
        "marketplace.bank_groups" => {
            only(fields, &["merchantId"])?;
            let ids = given(fields, "merchantId").unwrap_or(fields);
            signed!(ListMarketplaceBankGroups::new(list(ids, string)?))
        }
        "collect.list_bank_accounts" => {
            // The PHP client sends its defaults.
            let mut call = ListBankAccounts::new().page(1).limit(35);
            if let Some(page) = scalar(0) {
                call = call.page(number(page)?);
            }
            if let Some(limit) = scalar(1) {
                call = call.limit(number(limit)?);
            }
            signed!(build!(fields, call, [], page("page", number), limit("limit", number)))
        }
        "collect.create_bank_account" => {
            let at = |index: usize, name: &str| string(scalar(index).unwrap_or(&fields[name]));
            only(fields, &["accountNumber", "ownerName", "additionalInformation"])?;
            signed!(CreateBankAccount::new(
                at(0, "accountNumber")?,
                at(1, "ownerName")?,
                at(2, "additionalInformation")?,
            ))
        }
        "reports.list" => {
            let direction = named::<SortDirection>;
            // The PHP client sends its defaults.
            let mut call =
                ListReports::new().page(1).page_size(20).sort_direction(SortDirection::Ascending);
            if let Some(page) = scalar(0) {
                call = call.page(number(page)?);
            }
            if let Some(size) = scalar(1) {
                call = call.page_size(number(size)?);
            }
            if let Some(sort) = scalar(2) {
                call = call.sort_direction(direction(sort)?);
            }
            signed!(build!(
                fields,
                call,
                [],
                page("page", number),
                page_size("pageSize", number),
                sort_direction("sortDirection", direction),
            ))
        }
        "reports.file" => {
            let file = scalar(1).unwrap_or_else(|| panic!("no second id in {arguments:?}"));
            signed!(GetReportFile::new(id()?, string(file)?))
        }
        "accounts.list" => {
            signed!(build!(
                fields,
                ListAccounts::new(),
                [],
                page("page", number),
                limit("limit", number)
            ))
        }
        "accounts.get" => signed!(GetAccount::new(id()?)),
        "accounts.balance" => signed!(GetBalance::new(id()?)),
        "accounts.upload_file" => signed!(build!(
            fields,
            UploadAccountFile::encoded(
                string(get("accountId"))?,
                integer(get("documentType"))?,
                string(get("file"))?
            ),
            ["accountId", "documentType", "file"],
            person_id("personId", string)
        )),
        "accounts.create" => signed!(build!(
            fields,
            CreateAccount::new(string(get("offerCode"))?, string(get("email"))?),
            ["offerCode", "email"],
            phone("phone", account_phone),
            tax_id("taxId", string),
            regon("regon", string),
            krs("krs", string),
            legal_form("legalForm", integer),
            category_id("categoryId", integer),
            mcc("mcc", string),
            notify_by_email("notifyByEmail", flag),
            merchant_api_consent("merchantApiConsent", flag),
            website("website", |value| list(value, website)),
            address("address", |value| list(value, account_address)),
            person("person", |value| list(value, person)),
            bank_account("bankAccount", account_bank),
        )),
        "accounts.create_merchant" => signed!(build!(
            fields,
            CreateMerchant::new(string(get("offerCode"))?, string(get("email"))?),
            ["offerCode", "email"],
            tax_id("taxId", string),
            regon("regon", string),
            krs("krs", string),
            legal_form("legalForm", integer),
            category_id("categoryId", integer),
            address("address", |value| list(value, merchant_address)),
            website("website", |value| list(value, website)),
            contact_person("contactPerson", |value| list(value, contact_person)),
            merchant_api_consent("merchantApiConsent", flag),
        )),
        "accounts.categories" => signed!(ListCategories::new()),
        "accounts.category" => signed!(GetCategory::new(integer(scalar(0).unwrap())?)),
        "accounts.legal_forms" => signed!(ListLegalForms::new()),
        "accounts.legal_form" => signed!(GetLegalForm::new(integer(scalar(0).unwrap())?)),
        "accounts.documents" => signed!(ListDocuments::new()),
        "accounts.document" => signed!(GetDocument::new(integer(scalar(0).unwrap())?)),
        "accounts.mcc" => signed!(ListMcc::new()),
        "accounts.pos" => signed!(ListPos::new()),
        "certificates.signing" => signed!(GetSigningCertificate::new()),
        "certificates.root" => signed!(GetRootCertificates::new()),
        other => panic!("no typed request for the operation {other}"),
    }
}

fn send(client: &Client, call: &impl Endpoint) -> Made<Request> {
    Ok(client.signed_request(call)?)
}
