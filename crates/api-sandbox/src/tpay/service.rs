//! Dispatches requests to endpoints, and encodes responses.

use serde_json::Value;

use super::check::Refusal;
use super::json::Members;
use super::routes::{Carries, ROUTES, Route};
use super::{ApiResult, Ask, Out, Tpay, accounts, notify, text};
use crate::query::decode_segment;
use crate::routes::{Found, find, template_of};
use crate::{ConsolePage, Raw, Response, Service, Verdict};

impl Tpay {
    fn call(&mut self, id: &str, ask: &Ask) -> ApiResult {
        match id {
            "oauth.tokeninfo" => {
                Err(Refusal::of(401, "unauthorized", "", "the Authorization header must be Bearer"))
            }
            "transactions.create" => self.transactions_create(ask),
            "transactions.list" => self.transactions_list(ask),
            "transactions.get" => self.transactions_get(ask),
            "transactions.pay" => self.transactions_pay(ask),
            "transactions.cancel" | "transactions.cancel_legacy" => self.transactions_cancel(ask),
            "transactions.qr" => self.transactions_qr(ask),
            "transactions.refund" => self.transactions_refund(ask),
            "transactions.list_refunds" => self.transactions_list_refunds(ask),
            "transactions.bank_groups" => self.transactions_bank_groups(ask),
            "transactions.channels" => self.transactions_channels(ask),
            "refunds.list" => self.refunds_list(ask),
            "refunds.create" => self.refunds_create(ask),
            "refunds.get" => self.refunds_get(ask),
            "tokens.create" => self.tokens_create(ask),
            "tokens.get" => self.tokens_get(ask),
            "tokens.delete" => self.tokens_delete(ask),
            "blik.create_alias" => self.blik_create_alias(ask),
            "blik.get_alias" => self.blik_get_alias(ask),
            "blik.delete_alias" => self.blik_delete_alias(ask),
            "wallet.init_apple_pay" => self.wallet_init_apple_pay(ask),
            "accounts.list" => self.accounts_list(ask),
            "accounts.create" => self.accounts_create(ask),
            "accounts.create_merchant" => self.accounts_create_merchant(ask),
            "accounts.upload_file" => self.accounts_upload_file(ask),
            "accounts.get" => self.accounts_get(ask),
            "accounts.balance" => self.accounts_balance(ask),
            "accounts.categories"
            | "accounts.legal_forms"
            | "accounts.documents"
            | "accounts.mcc" => accounts::dictionary(id, ask),
            "accounts.category" | "accounts.legal_form" | "accounts.document" => {
                accounts::dictionary_entry(id, ask)
            }
            "accounts.pos" => self.accounts_pos(ask),
            "marketplace.create" => self.marketplace_create(ask),
            "marketplace.get" => self.marketplace_get(ask),
            "marketplace.pay" => self.marketplace_pay(ask),
            "marketplace.refund" => self.marketplace_refund(ask),
            "marketplace.cancel" => self.marketplace_cancel(ask),
            "marketplace.bank_groups" => self.marketplace_bank_groups(ask),
            "collect.list_bank_accounts" => self.collect_list_bank_accounts(ask),
            "collect.create_bank_account" => self.collect_create_bank_account(ask),
            "reports.list" => self.reports_list(ask),
            "reports.file" => self.reports_file(ask),
            "recurring.create" => self.recurring_create(ask),
            "recurring.list" => self.recurring_list(ask),
            "recurring.get" => self.recurring_get(ask),
            "recurring.transactions" => self.recurring_transactions(ask),
            "recurring.cancel" => self.recurring_cancel(ask),
            "recurring.retry" => self.recurring_retry(ask),
            "recurring.update_payment_instrument" => self.recurring_update(ask),
            "certificates.signing" => Ok(Out::Bytes(PEM, notify::SIGNING_PEM.into())),
            "certificates.root" => Ok(Out::Bytes(PEM, notify::ANCHORS_PEM.into())),
            _ => Err(Refusal::unknown("endpoint")),
        }
    }

    /// Handles a request to a known endpoint. Returns the response, and whether the credentials are
    /// valid.
    fn serve(
        &mut self,
        request: &Raw,
        route: &Route,
        values: Vec<String>,
    ) -> (Response, Option<bool>) {
        if route.wants == Carries::Credentials {
            let response = self.oauth_token(request);
            let signed = Some(response.is_ok());
            return (self.response(response), signed);
        }
        let is_open = route.id.starts_with("certificates.");
        let token = if is_open { Ok(None) } else { self.authorized(request) };
        let signed = (!is_open).then_some(token.is_ok());
        let response = token.and_then(|token| {
            self.told(route.id)?;
            let ask = Ask::read(request, route, values)?;
            match (route.id, token) {
                ("oauth.tokeninfo", Some(token)) => self.oauth_tokeninfo(&ask, &token),
                _ => self.call(route.id, &ask),
            }
        });
        // The marketplace has its own error format, except for its pay endpoint.
        let in_own_words = route.id.starts_with("marketplace.") && route.id != "marketplace.pay";
        let response = match response {
            Err(refusal) if in_own_words && signed == Some(true) => Err(refusal.into_violations()),
            response => response,
        };
        (self.response(response), signed)
    }

    fn response(&mut self, response: ApiResult) -> Response {
        let request_id = format!("{:020x}", self.next_id());
        let json =
            |status, body: &Value| Response::new(status, "application/json", text::php_json(body));
        match response {
            Ok(Out::Wrapped(mut body)) => {
                if let Some(object) = body.as_object_mut() {
                    object.entry("result").or_insert_with(|| "success".into());
                    object.insert("requestId".to_owned(), request_id.into());
                }
                json(200, &body)
            }
            Ok(Out::Bare(body)) => json(200, &body),
            Ok(Out::Empty) => Response { status: 204, headers: Vec::new(), body: Vec::new() },
            Ok(Out::Bytes(kind, bytes)) => Response::new(200, kind, bytes),
            Err(refusal) => {
                let (status, body) = refusal.body(&request_id);
                json(status, &body)
            }
        }
    }
}

const PEM: &str = "application/x-pem-file";

impl Service for Tpay {
    fn console(&self) -> ConsolePage {
        self.console_page()
    }

    fn has_action(&self, action: &str) -> bool {
        super::console::ACTIONS.contains(&action)
    }

    fn press(&mut self, action: &str, subject: &str) -> bool {
        self.press_button(action, subject)
    }

    fn path_template(&self, path: &str) -> Option<&'static str> {
        template_of(&ROUTES, path)
    }

    fn respond(&mut self, request: &Raw) -> (Response, Verdict) {
        if self.base_url.is_empty() && request.header("host").is_some() {
            self.base_url = request.base_url();
        }
        self.settle();
        if request.path() == "/" {
            return (self.wall(request), Verdict { endpoint: None, signed: None });
        }
        let found = find(&ROUTES, &request.method, request.path(), decode_segment);
        let (endpoint, refusal) = match found {
            Found::Here(route, values) => {
                let (response, signed) = self.serve(request, route, values);
                return (response, Verdict { endpoint: Some(route.id), signed });
            }
            Found::OtherMethod(route) => (
                Some(route.id),
                Refusal::of(405, "method_not_allowed", "", "the path has no such method"),
            ),
            Found::Nothing => (None, Refusal::unknown("path")),
        };
        let signed = Some(self.authorized(request).is_ok());
        (self.response(Err(refusal)), Verdict { endpoint, signed })
    }

    /// Returns the code and the message of each error in a response, or the whole body if the error
    /// has the format of the marketplace. Returns `None` for a status below 400.
    fn rejection(&self, response: &Response) -> Option<String> {
        if response.status < 400 {
            return None;
        }
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let error = |error: &Value| {
            let text = |name: &str| error.at(name).as_str().unwrap_or_default().to_owned();
            let (code, message) = (text("errorCode"), text("errorMessage"));
            match text("fieldName").as_str() {
                "" => format!("{code}: {message}"),
                field => format!("{code}: {field}: {message}"),
            }
        };
        Some(match body.at("errors").items() {
            [] => String::from_utf8_lossy(&response.body).into_owned(),
            errors => errors.iter().map(error).collect::<Vec<_>>().join("; "),
        })
    }
}
