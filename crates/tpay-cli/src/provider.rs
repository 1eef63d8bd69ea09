//! The settings and the client of `tpay`, and the requests that `tpay doctor` sends.

use std::path::Path;
use std::time::{Duration, SystemTime};

use cli_support::api_auth::EndpointInfo;
use cli_support::args::{duration, number, positive};
use cli_support::auth::{Settings, Variable};
use cli_support::doctor::Doctor;
use cli_support::{
    Bodies, Connection, Exit, Failure, Json, Number, Pages, Provider, Times, connect,
    provider_calls,
};
use tpay_client::accounts::{GetAccount, GetBalance, ListAccounts};
use tpay_client::certificates::{GetRootCertificates, GetSigningCertificate};
use tpay_client::channels::{ListBankGroups, ListChannels};
use tpay_client::collect::ListBankAccounts;
use tpay_client::common::LocalTime;
use tpay_client::dictionaries::{
    GetCategory, GetDocument, GetLegalForm, ListCategories, ListDocuments, ListLegalForms, ListMcc,
};
use tpay_client::oauth::GetTokenInfo;
use tpay_client::pos::ListPos;
use tpay_client::recurring::{GetRecurring, ListRecurring, ListRecurringCharges};
use tpay_client::refunds::{GetRefund, ListRefunds, ListTransactionRefunds};
use tpay_client::reports::ListReports;
use tpay_client::transactions::{GetTransaction, ListTransactions};
use tpay_client::{Client, ClientBuilder, Environment, FileStore, MemoryStore};

/// Describes Tpay to the code that all four programs share; see [`Provider`].
#[derive(Debug)]
pub(crate) struct Tpay;

const fn pages(endpoint: &'static str, lists: &'static [&'static str], id: &'static str) -> Pages {
    Pages { endpoint, parameter: "page", first: 1, lists, id }
}

/// The environment variable that contains the merchant id.
pub(crate) const MERCHANT_ID: &str = "TPAY_MERCHANT_ID";
/// The environment variable that contains the security code from the merchant panel.
pub(crate) const SECURITY_CODE: &str = "TPAY_SECURITY_CODE";

/// The name of the default token cache, which is that of the library.
const CACHE: &str = "tpay-client";

/// Returns a builder for a client without a token store.
fn builder(settings: &Settings, connection: &Connection) -> Result<ClientBuilder, Failure> {
    // Without credentials, a command calls only public endpoints.
    let credential = |name| settings.get(name).filter(|value| !value.is_empty());
    let [id, secret] =
        ["TPAY_CLIENT_ID", "TPAY_CLIENT_SECRET"].map(|name| credential(name).unwrap_or("none"));
    let builder = Client::builder(id, secret);
    let (url, names) = (settings.get("TPAY_BASE_URL"), ["production", "sandbox"]);
    let environment = match connection.server(settings, "TPAY_ENVIRONMENT", url, &names)? {
        (Some(url), _) => Environment::custom(url),
        (None, "sandbox") => Environment::Sandbox,
        (None, _) => Environment::Production,
    };
    Ok(connect!(
        builder.environment(environment),
        connection,
        concat!("tpay-cli/", env!("CARGO_PKG_VERSION"))
    ))
}

impl Provider for Tpay {
    const NAME: &'static str = "tpay";
    const VARIABLES: &'static [Variable] = &[
        Variable::required("TPAY_CLIENT_ID", "client_id"),
        Variable::required("TPAY_CLIENT_SECRET", "client_secret").secret(),
        Variable::server("TPAY_ENVIRONMENT", "environment", "production, the default, or sandbox"),
        Variable::base_url("TPAY_BASE_URL"),
        Variable::optional(
            "TPAY_TOKEN_CACHE",
            "token_cache",
            "absolute path of a folder for tokens, or off",
        ),
        Variable::ca_certificate("TPAY_CA_CERTIFICATE"),
        Variable::optional(MERCHANT_ID, "merchant_id", "merchant whose notifications are accepted"),
        Variable::optional(
            SECURITY_CODE,
            "security_code",
            "code from the merchant panel, for notifications",
        )
        .secret(),
    ];
    const ENDPOINTS: &'static [EndpointInfo] = tpay_client::ENDPOINTS;
    const BODIES: Bodies = Bodies::Json;
    const TIMES: Times = Times {
        paths: &[
            "date.creation",
            "date.realization",
            "date.create",
            "date.schedule",
            "date.processed",
            "date.refund",
            "createdAt",
            "creationDate",
            "nextChargeDate",
        ],
        read: |text| LocalTime::from(text).unix_time().map(|time| time.seconds()),
    };
    const PAGES: &'static [Pages] = &[
        pages("transactions.list", &["transactions"], "transactionId"),
        pages(
            "transactions.list_refunds",
            &["refundsList", "refundsNoAccountList", "refundsCardsList"],
            "refundId",
        ),
        pages("refunds.list", &["transactions.list"], "refundId"),
        pages("accounts.list", &["list"], "id"),
        pages("collect.list_bank_accounts", &["bankAccounts"], "id"),
        pages("recurring.list", &["list"], "id"),
        pages("recurring.transactions", &["list"], "transactionId"),
        pages("reports.list", &["reports", "list", "data"], "id"),
    ];
    const NUMBERS: &'static [Number] = &[
        ("page", positive::<i64>),
        ("limit", positive::<i64>),
        ("categoryId", number::<i64>),
        ("legalFormId", number::<i64>),
        ("documentTypeId", number::<i64>),
    ];
    const LOOKUPS: &'static [(&'static str, &'static str)] = &[
        ("transactions.create", "transaction list [--hidden-description TEXT]"),
        ("transactions.refund", "refund list --transaction ID"),
        ("refunds.create", "refund list"),
    ];
    const AMOUNTS: &'static [(&'static str, u8)] = &[
        ("childTransactions.*.amount", 0),
        ("childTransactions.*.products.*.unitPrice", 0),
        ("schedule.amount", 2),
        ("amount", 2),
        ("pay.blikPaymentData.aliases.autopayment.singleLimitAmount", 2),
        ("pay.blikPaymentData.aliases.autopayment.totalLimitAmount", 2),
        ("blikPaymentData.aliases.autopayment.singleLimitAmount", 2),
        ("blikPaymentData.aliases.autopayment.totalLimitAmount", 2),
    ];
    type Client = Client;

    fn client(settings: &Settings, connection: &Connection) -> Result<Client, Failure> {
        let builder = builder(settings, connection)?;
        if connection.is_offline {
            // HTTP Basic needs no token, so nothing is requested.
            return Ok(builder.http_basic().build()?);
        }
        let builder = match settings.get("TPAY_TOKEN_CACHE") {
            // A recording must contain the request for its token, so no stored token is used.
            _ if connection.record.is_some() => builder.token_store(MemoryStore::new()),
            Some("off") => builder,
            Some(folder) if Path::new(folder).is_absolute() => {
                builder.token_store(FileStore::new(folder))
            }
            Some(_) => {
                let problem = "TPAY_TOKEN_CACHE: must be `off` or the absolute path of a folder; \
                               `~` is not expanded";
                return Err(Failure::new(Exit::Local, problem));
            }
            None => match FileStore::user_cache(CACHE) {
                Ok(store) => builder.token_store(store),
                Err(_) => builder,
            },
        };
        Ok(builder.build()?)
    }

    provider_calls!();

    const HAS_TOKEN_CACHE: bool = true;

    fn forget_token(
        settings: &Settings,
        connection: &Connection,
    ) -> Result<Option<String>, Failure> {
        let store = match settings.get("TPAY_TOKEN_CACHE") {
            Some("off") => return Ok(None),
            Some(folder) => {
                let kept = "the token cache of the profile is not changed, because it is not the \
                            default one";
                return Ok(Some(format!("{kept}: {folder}")));
            }
            None => FileStore::user_cache(CACHE),
        };
        let Ok(store) = store else { return Ok(None) };
        let folder = store.folder().display().to_string();
        let is_removed = builder(settings, connection)?.token_store(store).forget_token()?;
        Ok(is_removed.then(|| format!("removed its access token from {folder}")))
    }

    fn check(client: &Client, _: &Settings) -> Result<(), Failure> {
        client.get_token_info()?;
        Ok(())
    }

    fn doctor(doctor: &mut Doctor<'_, Self>) -> Result<(), Failure> {
        let id = |list: Option<Json>, path: &str| Some(list?.get(path)?.cell());
        let number = |list| id(list, "list.0.id")?.parse::<i64>().ok();
        doctor.call(GetTokenInfo::new())?;
        let list = doctor.call(ListTransactions::new().limit(10))?;
        if let Some(id) = id(list, "transactions.0.transactionId") {
            doctor.call(GetTransaction::new(&id))?;
            doctor.call(ListTransactionRefunds::new(&id))?;
        }
        let list = doctor.call(ListRefunds::new().limit(10))?;
        if let Some(id) = id(list, "transactions.list.0.refundId") {
            doctor.call(GetRefund::new(id))?;
        }
        doctor.call(ListChannels::new())?;
        doctor.call(ListBankGroups::new())?;
        let list = doctor.call(ListAccounts::new().limit(10))?;
        if let Some(id) = id(list, "list.0.id") {
            doctor.call(GetAccount::new(&id))?;
            doctor.call(GetBalance::new(&id))?;
        }
        let list = doctor.call(ListCategories::new())?;
        if let Some(id) = number(list) {
            doctor.call(GetCategory::new(id))?;
        }
        let list = doctor.call(ListLegalForms::new())?;
        if let Some(id) = number(list) {
            doctor.call(GetLegalForm::new(id))?;
        }
        let list = doctor.call(ListDocuments::new())?;
        if let Some(id) = number(list) {
            doctor.call(GetDocument::new(id))?;
        }
        doctor.call(ListMcc::new())?;
        doctor.call(ListPos::new())?;
        doctor.call(ListBankAccounts::new())?;
        doctor.call(ListReports::new())?;
        let list = doctor.call(ListRecurring::new().limit(10))?;
        if let Some(id) = id(list, "list.0.id") {
            doctor.call(GetRecurring::new(&id))?;
            doctor.call(ListRecurringCharges::new(&id))?;
        }
        doctor.call_plain(GetSigningCertificate::new())?;
        doctor.call_plain(GetRootCertificates::new())
    }
}

/// The start or the end of a period: a duration before now, or a date in Polish local time.
#[derive(Debug, Clone)]
pub(crate) enum Time {
    Ago(Duration),
    Local(LocalTime),
}

impl Time {
    /// Returns the time as the server expects it, in Polish local time.
    fn local(&self) -> LocalTime {
        match self {
            Self::Local(time) => time.clone(),
            Self::Ago(ago) => before(*ago).unwrap_or(SystemTime::UNIX_EPOCH).into(),
        }
    }
}

/// Returns the start and end of a period in the form that the server expects.
///
/// # Errors
/// Returns an error if the period ends before it begins.
pub(crate) fn period(
    since: Option<Time>,
    until: Option<Time>,
) -> Result<[Option<LocalTime>; 2], Failure> {
    let [since, until] = [since, until].map(|time| time.map(|time| time.local()));
    let time = |limit: &Option<LocalTime>| limit.as_ref().and_then(LocalTime::unix_time);
    if time(&since).zip(time(&until)).is_some_and(|(since, until)| since > until) {
        return Err(Failure::new(Exit::Usage, "--since: must not be after --until"));
    }
    Ok([since, until])
}

/// Returns the time `ago` before now, or `None` if that time is before 1970.
fn before(ago: Duration) -> Option<SystemTime> {
    #[expect(clippy::disallowed_methods, reason = "the program reads the clock")]
    let now = SystemTime::now();
    now.checked_sub(ago).filter(|time| *time >= SystemTime::UNIX_EPOCH)
}

/// Parses the value of `--since`, such as `7d`, `2026-11-01` or `2026-11-01 12:00`. A date stands
/// for its first second.
pub(crate) fn since(text: &str) -> Result<Time, String> {
    time(text, "00:00:00")
}

/// Parses the value of `--until` like [`since`], except that a date stands for its last second.
pub(crate) fn until(text: &str) -> Result<Time, String> {
    time(text, "23:59:59")
}

/// Parses a duration before now, or a date with or without a time. Without one, `of_date` is the
/// time.
fn time(text: &str, of_date: &str) -> Result<Time, String> {
    if let Ok(ago) = duration(text) {
        let is_valid = before(ago).is_some();
        return is_valid.then_some(Time::Ago(ago)).ok_or_else(|| "is before 1970".to_owned());
    }
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, of_date));
    let seconds = if time.len() == "12:00".len() { ":00" } else { "" };
    match LocalTime::from(format!("{date}T{time}{seconds}")).unix_time() {
        // The server expects exactly this format.
        Some(time) => Ok(Time::Local(LocalTime::from(time))),
        None => {
            Err("must be a duration such as 7d, a date such as 2026-11-01, or a date and time in \
                     Poland, such as 2026-11-01 12:00"
                .to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_a_period_have_the_same_forms() {
        let sent = |time: Result<Time, String>| time.unwrap().local().to_string();
        for (text, first, last) in [
            ("2026-11-30", "2026-11-30 00:00:00", "2026-11-30 23:59:59"),
            ("2026-11-30T10:00", "2026-11-30 10:00:00", "2026-11-30 10:00:00"),
            ("2026-11-30 10:00:07.5", "2026-11-30 10:00:07", "2026-11-30 10:00:07"),
            ("2026-10-25T02:30:00", "2026-10-25 02:30:00", "2026-10-25 02:30:00"),
        ] {
            assert_eq!([sent(since(text)), sent(until(text))], [first, last], "{text}");
        }
        for text in ["2026-11-31", "2026-11-30T", "2026-11-30T10", "2026-11-30T10:00Z", "", "T"] {
            assert!(since(text).is_err() && until(text).is_err(), "{text}");
        }
    }
}
