//! The actions of the payer, such as paying, declining and opening the payment page, and the
//! notifications about them.

use super::check::decimal;
use super::json::Members;
use super::notify::{Message, md5sum};
use super::text::{date_time, pairs};
use super::{
    Attempt, CardToken, MERCHANT_ID, MarketplaceTransaction, SECURITY_CODE, Tpay, Transaction,
};
use crate::callback::Callback;
use crate::console::{self, Escaped};
use crate::{Raw, Response};

impl Tpay {
    /// Returns the payment with this id or title. Returns `None` if there is no such payment.
    pub fn transaction(&self, id: &str) -> Option<&Transaction> {
        self.find(id).and_then(|index| self.transactions.get(index))
    }

    /// Pays the full amount of the transaction or marketplace transaction with this id or title.
    /// Returns whether it was found and pending.
    pub fn pay(&mut self, id: &str) -> bool {
        match self.find(id) {
            Some(index) => {
                let due = self.transactions.get(index).map_or(0, |found| found.grosze);
                self.receive(index, due)
            }
            None => self.pay_marketplace(id),
        }
    }

    /// Pays `paid` grosze for the payment with this id or title, whether this is the amount due or
    /// not. Returns whether the payment was found and pending.
    pub fn pay_amount(&mut self, id: &str, paid: u64) -> bool {
        self.find(id).is_some_and(|index| self.receive(index, paid))
    }

    /// Adds a failed attempt to the payment or marketplace payment with this id or title. `code` is
    /// the `paymentErrorCode`, such as `"101"`. Returns whether the payment was found and pending.
    pub fn decline(&mut self, id: &str, code: &'static str) -> bool {
        let at = self.clock.unix();
        let index = self.find(id);
        match index.and_then(|index| self.transactions.get_mut(index)) {
            Some(found) if found.status == "pending" => {
                found.fail(at, code);
                true
            }
            Some(_) => false,
            None => self.decline_marketplace(id, code),
        }
    }

    /// Charges back the payment with this id or title, and notifies the merchant. Returns whether
    /// the payment was found and paid.
    pub fn chargeback(&mut self, id: &str) -> bool {
        let Some(found) = self.find(id).and_then(|index| self.transactions.get_mut(index)) else {
            return false;
        };
        if !matches!(found.status, "paid" | "correct") {
            return false;
        }
        found.refunded = found.paid;
        found.status = "refund";
        let found = found.clone();
        self.notify_payment(&found, "CHARGEBACK");
        true
    }

    /// Sends a test notification to a URL, as the provider's panel does.
    pub fn notify_test(&self, url: &str) {
        let now = self.clock.unix();
        let title = format!("TR-SBX-TST{now}X");
        let sum = md5sum(&[MERCHANT_ID, &title, "1.00", "test", SECURITY_CODE]);
        let fields = [
            ("id", MERCHANT_ID.to_owned()),
            ("tr_id", title.clone()),
            ("tr_date", date_time(now)),
            ("tr_crc", "test".to_owned()),
            ("tr_amount", "1.00".to_owned()),
            ("tr_paid", "1.00".to_owned()),
            ("tr_desc", "Test transaction".to_owned()),
            ("tr_status", "TRUE".to_owned()),
            ("tr_error", "none".to_owned()),
            ("tr_email", "payer@example.com".to_owned()),
            ("test_mode", "1".to_owned()),
            ("md5sum", sum),
        ];
        self.notify(Message::form("payment", &title, &fields), url);
    }

    /// Updates payments from the responses that the merchant gave to notifications: if
    /// [`two_step`](Self::two_step) is true, a response confirms or rejects a payment. The server
    /// calls this method before each request. A test must call it before reading the state.
    pub fn settle(&mut self) {
        let ended = self.outbox().deliveries();
        for delivery in ended.iter().skip(self.settled) {
            // Other notifications about a payment, such as those about refunds, decide nothing.
            let is_question = delivery.kind == "payment"
                && pairs(&delivery.body)
                    .is_ok_and(|fields| fields.get("tr_status") == Some("PAID"));
            let waits = |found: &&mut Transaction| {
                found.status == "paid" && found.title == delivery.subject
            };
            let Some(found) = self.transactions.iter_mut().filter(|_| is_question).find(waits)
            else {
                continue;
            };
            match (delivery.status, delivery.response.as_str()) {
                (Some(200), "TRUE") => found.status = "correct",
                (Some(200), "FALSE") => {
                    found.status = "refund";
                    found.refunded = found.paid;
                }
                _ => {}
            }
        }
        self.settled = ended.len();
    }

    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.transactions.iter().position(|found| found.id == id || found.title == id)
    }

    /// Records that the payer has paid `paid` grosze for a payment, and notifies the merchant.
    /// Returns whether the payment was pending.
    pub(super) fn receive(&mut self, index: usize, paid: u64) -> bool {
        let now = self.clock.unix();
        let status = if self.two_step { "paid" } else { "correct" };
        let token = self.next_id();
        let Some(found) = self.transactions.get_mut(index) else { return false };
        if found.status != "pending" {
            return false;
        }
        found.status = status;
        found.paid = paid;
        found.realized = Some(now);
        found.attempts.push(Attempt { at: now, error: None });
        let alias = found.alias.take();
        let found = found.clone();
        let card = self.save_methods(alias, found.saved_card.then_some(token));
        let status = if self.two_step { "PAID" } else { "TRUE" };
        self.notify_payment_with(&found, status, card.as_ref());
        true
    }

    /// Registers the alias of a successful payment, and saves the card with which the payment was
    /// made. The token of the card consists of the number `card`. Returns the saved card.
    pub(super) fn save_methods(
        &mut self,
        alias: Option<(String, String, String)>,
        card: Option<u64>,
    ) -> Option<CardToken> {
        let card = card.map(|number| CardToken::new(&format!("{number:064}")));
        self.card_tokens.extend(card.clone());
        if let Some((value, kind, label)) = alias {
            self.add_alias(&value, &kind, &label);
            self.notify_alias(&value, &kind, "ALIAS_REGISTER");
        }
        card
    }

    pub(super) fn notify_payment(&self, found: &Transaction, status: &str) {
        self.notify_payment_with(found, status, None);
    }

    fn notify_payment_with(&self, found: &Transaction, status: &str, card: Option<&CardToken>) {
        let Some(url) = &found.notification_url else { return };
        let due = decimal(found.grosze);
        let crc = &found.hidden_description;
        let error = match found.paid.cmp(&found.grosze) {
            std::cmp::Ordering::Greater => "overpay",
            std::cmp::Ordering::Less => "surcharge",
            std::cmp::Ordering::Equal => "none",
        };
        let date = date_time(found.realized.unwrap_or(found.created));
        let sum = md5sum(&[MERCHANT_ID, &found.title, &due, crc, SECURITY_CODE]);
        let mut fields = vec![
            ("id", MERCHANT_ID.to_owned()),
            ("tr_id", found.title.clone()),
            ("tr_date", date),
            ("tr_crc", crc.clone()),
            ("tr_amount", due),
            ("tr_paid", decimal(found.paid)),
            ("tr_desc", found.description.clone()),
            ("tr_status", status.to_owned()),
            ("tr_error", error.to_owned()),
            ("tr_email", found.payer.text("/email").unwrap_or_default()),
            ("md5sum", sum),
        ];
        if let Some(card) = card {
            fields.push(("card_token", card.value.clone()));
            fields.push(("token_expiry_date", "1230".to_owned()));
            fields.push(("card_tail", card.tail.clone()));
            fields.push(("card_brand", "visa".to_owned()));
        }
        self.notify(Message::form("payment", &found.title, &fields), url);
    }

    /// Returns the payment page, with a button for each decision that the payer can make.
    fn payment_page(&self, id: &str, title: &str) -> Response {
        let found = self.transaction(id);
        let (what, status) = match found {
            Some(found) => {
                let due = decimal(found.grosze);
                (format!("{} – {due} {}", found.description, found.currency), found.status)
            }
            None => {
                let found = self.marketplace.iter().find(|found| found.id == id);
                let due = found.map_or(0, MarketplaceTransaction::grosze);
                (format!("{} PLN", decimal(due)), found.map_or("", |found| found.status))
            }
        };
        let decisions: &[(&str, &str)] = match status {
            "pending" => &[("pay", "Pay"), ("decline", "Decline")],
            "paid" | "correct" if found.is_some() => &[("chargeback", "Charge back")],
            _ => &[],
        };
        let buttons: String = decisions
            .iter()
            .map(|(decision, label)| {
                format!("<button name=\"decision\" value=\"{decision}\">{label}</button> ")
            })
            .collect();
        let body = format!(
            "<h1>Payment {}</h1><p>{}</p><p>Status: {status}</p><form action=\"/\">\
             <input type=\"hidden\" name=\"title\" value=\"{0}\">\
             <input type=\"hidden\" name=\"uid\" value=\"{}\">{buttons}</form>",
            Escaped(title),
            Escaped(&what),
            Escaped(id),
        );
        console::page("Payment", "", &body)
    }

    pub(super) fn payment_url(&self, title: &str, id: &str) -> String {
        format!("{}/?title={title}&uid={id}", self.base_url)
    }

    /// Handles a request to the payment page. The parameter `decision` has the same effect as a
    /// button.
    pub(super) fn wall(&mut self, request: &Raw) -> Response {
        if request.method != "GET" {
            return page(405, "The method must be GET");
        }
        let Ok(query) = pairs(request.query().unwrap_or_default()) else {
            return page(400, "The query is invalid");
        };
        let get = |name: &str| query.get(name).unwrap_or_default();
        if !get("tokenization").is_empty() {
            return match self.tokenize(get("tokenization")) {
                Some(_) => page(200, "Saved"),
                None => page(404, "There is no card to be saved with this id"),
            };
        }
        let id = get("uid").to_owned();
        let found = self.transaction(&id);
        let (title, [success, error]) = match found {
            Some(found) => {
                (found.title.clone(), [found.success_url.clone(), found.error_url.clone()])
            }
            None => match self.marketplace.iter().find(|found| found.id == id) {
                Some(found) => (found.title.clone(), found.payer_urls()),
                None => return page(404, "There is no such payment"),
            },
        };
        if title != get("title") {
            return page(404, "There is no such payment");
        }
        let (done, text, next) = match get("decision") {
            "" => return self.payment_page(&id, &title),
            "pay" => (self.pay(&id), "Paid", success),
            "decline" => (self.decline(&id, "101"), "Declined", error),
            "chargeback" => (self.chargeback(&id), "Charged back", None),
            _ => return page(400, "decision must be pay, decline or chargeback"),
        };
        if !done {
            return page(409, "The status of the payment does not allow this");
        }
        // The browser is redirected, but only to a URL on this machine.
        match next.filter(|url| Callback::new(url).is_some()) {
            Some(url) => page(302, text).with_header("location", url),
            None => page(200, text),
        }
    }
}

fn page(status: u16, text: &str) -> Response {
    Response { status, ..console::page("Payment", "", &format!("<p>{text}</p>")) }
}
