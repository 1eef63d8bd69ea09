//! BLIK payments, from the creation of the transaction to the payer's decision.

use std::time::{Duration, SystemTime};

use api_auth::{Endpoint, Error, ErrorKind, InputError, ResponseError, Result, StatusCode};

use super::BlikPayment;
use crate::transactions::pay::Pay;
use crate::transactions::payments::{Alternative, Attempt, PaymentErrorCode, PaymentStatus};
use crate::{Client, CreateTransaction, ErrorExt, Transaction, TransactionStatus, validate};

/// The interval between two requests for the status of a payment.
const INTERVAL: Duration = Duration::from_secs(2);

/// The result of [`Client::take_blik_payment`] and [`Client::pay_by_blik`].
///
/// Source: the provider's API reference, `POST /transactions/{transactionId}/pay` and
/// `GET /transactions/{transactionId}`.
#[derive(Debug)]
#[non_exhaustive]
pub struct BlikResult {
    /// The id of the transaction, a ULID. Store it, because the payer can pay for the transaction
    /// later.
    pub transaction_id: String,
    /// The transaction as it was last received.
    pub transaction: Transaction,
    /// The decision about the payment, such as [`BlikDecision::Paid`].
    pub decision: BlikDecision,
    /// `false` if no payment request was sent, because the transaction was already paid or closed.
    pub payment_sent: bool,
}

/// The decision about a BLIK payment, and what to do next.
///
/// See the example in the module [`blik`](crate::blik).
///
/// Source: the provider's API reference, `POST /transactions/{transactionId}/pay` and
/// `GET /transactions/{transactionId}`.
#[derive(Debug)]
#[non_exhaustive]
pub enum BlikDecision {
    /// The payer has paid. Deliver the goods.
    Paid,
    /// The bank or the payer declined the payment. You can pay for the same transaction with
    /// another code ([`Client::pay_by_blik`]), or cancel the transaction.
    Declined {
        /// The reason why the payment was declined. `None` if the server does not name one.
        code: Option<PaymentErrorCode>,
        /// The error of the payment request. `None` if the payment was declined after this request.
        error: Option<Error>,
    },
    /// The payment request was rejected or could not be sent, so the code or alias was not used.
    /// The payer can still confirm an earlier payment for the same transaction. Correct the request
    /// as the error describes, then read the transaction before you pay again.
    Rejected {
        /// The error of the payment request.
        error: Error,
    },
    /// The alias exists in several banking applications. Ask the payer to choose one, and pay again
    /// with the `application_code` of that application as the [`key`](super::BlikAlias::key) of the
    /// alias.
    ChooseApplication(Vec<Alternative>),
    /// The transaction was cancelled or refunded, or it failed. The payer can no longer pay for it.
    /// Create a new transaction.
    Closed,
    /// There was no decision in the given time, or the status of the transaction could not be read.
    /// The payer can still pay, so do not pay with another code, and do not create another
    /// transaction. Wait for the notification, or read the transaction later. If
    /// [`Client::cancel_transaction`] succeeds, you can create a new transaction.
    Undecided {
        /// The error of the last status request or, if that request succeeded, of the payment
        /// request. `None` if both succeeded.
        error: Option<Error>,
    },
}

/// # BLIK payments up to the payer's decision
///
/// These methods send several requests. [`create_transaction`](Client::create_transaction) and
/// [`pay_transaction`](Client::pay_transaction) send the individual requests. See also the module
/// [`blik`](crate::blik).
impl Client {
    /// Creates a transaction, pays for it with a BLIK code or alias, and waits for the payer's
    /// decision.
    ///
    /// `wait` is the time limit for the whole call, measured with the client's clock. The status of
    /// the payment is requested every two seconds, and after the time limit, no further request is
    /// sent. A request that has already been sent can take as long as the client's timeout and
    /// retries allow. The payment request is always sent, and if its response is lost, the
    /// transaction is read at least once.
    ///
    /// All arguments are validated before the first request, so no transaction is created if the
    /// code is invalid. `order` must not have a payment method.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use tpay_client::blik::BlikDecision;
    /// use tpay_client::{BlikPayment, Client, CreateTransaction, Payer, grosze};
    ///
    /// let tpay = Client::from_env()?;
    /// let payer = Payer::new("jan.nowak@example.com", "Jan Nowak");
    /// let order = CreateTransaction::new(grosze(1234), "Order 7", payer)
    ///     .hidden_description(tpay.reference_id()?);
    /// let wait = Duration::from_secs(120);
    /// let result = tpay.take_blik_payment(&order, BlikPayment::code("777123"), wait)?;
    /// match result.decision {
    ///     BlikDecision::Paid => println!("deliver"),
    ///     BlikDecision::Declined { .. } => {
    ///         // Ask the payer for another code.
    ///         tpay.pay_by_blik(&result.transaction_id, BlikPayment::code("777456"), wait)?;
    ///     }
    ///     BlikDecision::ChooseApplication(applications) => println!("{applications:?}"),
    ///     BlikDecision::Closed => println!("create another transaction"),
    ///     _ => println!("wait for the notification of {}", result.transaction_id),
    /// }
    /// # Ok::<(), tpay_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if no transaction was created, or if it is not known whether one was
    /// created ([`Error::outcome_unknown`]). In the second case, search for the transaction by its
    /// hidden description with [`find_transactions`](Client::find_transactions). Therefore, always
    /// set a hidden description. After the id of the transaction is known, all failures are
    /// returned as a [`BlikDecision`].
    pub fn take_blik_payment(
        &self,
        order: &CreateTransaction,
        blik: BlikPayment,
        wait: Duration,
    ) -> Result<BlikResult> {
        let pay = payment_method(blik)?;
        if order.has_payment_method() {
            return Err(InputError::new("pay", "must not be set for a BLIK payment").into());
        }
        order.validate()?;
        let started = self.core.clock().now();
        let created = self.create_transaction(order)?;
        let Some(id) = created.transaction_id.clone().filter(|id| !id.is_empty()) else {
            let error = ResponseError::new(ErrorKind::Decode);
            return Err(error.with_message("missing field `transactionId`").into());
        };
        Ok(self.pay_and_wait(Checkout::new(id, pay, (started, wait), None), created))
    }

    /// Pays for an existing transaction with a BLIK code or alias, and waits for the payer's
    /// decision. The method reads the transaction first. If the transaction was already paid,
    /// cancelled or refunded, or has failed, no payment request is sent.
    ///
    /// If an earlier attempt to pay for the transaction is declined, even during this call, this
    /// does not count as the decision. However, the provider identifies an attempt only by its
    /// date, and does not document whether attempts without a decision are listed. Therefore, do
    /// not call this method after [`BlikDecision::Undecided`]: the payer can still confirm the
    /// earlier attempt, and if that attempt is declined now, the new code can seem to be declined.
    ///
    /// `wait` has the same meaning as in [`take_blik_payment`](Client::take_blik_payment).
    ///
    /// # Errors
    /// Returns an error if an argument is invalid or the transaction cannot be read. In both cases,
    /// no payment request is sent.
    pub fn pay_by_blik(
        &self,
        transaction_id: impl Into<String>,
        blik: BlikPayment,
        wait: Duration,
    ) -> Result<BlikResult> {
        let pay = payment_method(blik)?;
        let id = transaction_id.into();
        validate::not_empty("transaction_id", &id)?;
        let started = self.core.clock().now();
        let transaction = self.get_transaction(id.as_str())?;
        let decision = match transaction.status {
            Some(ref status) if status.is_paid() => BlikDecision::Paid,
            _ if is_closed(&transaction) => BlikDecision::Closed,
            _ => {
                let checkout = Checkout::new(id, pay, (started, wait), Some(&transaction));
                return Ok(self.pay_and_wait(checkout, transaction));
            }
        };
        Ok(BlikResult { transaction_id: id, transaction, decision, payment_sent: false })
    }

    fn pay_and_wait(&self, checkout: Checkout, created: Transaction) -> BlikResult {
        let (transaction, decision) = self.decision(&checkout, created);
        BlikResult { transaction_id: checkout.id, transaction, decision, payment_sent: true }
    }

    fn decision(&self, checkout: &Checkout, created: Transaction) -> (Transaction, BlikDecision) {
        let mut transaction = created;
        let mut is_read_due = true;
        let lost = match self.pay_transaction(&checkout.id, checkout.pay.clone()) {
            Ok(paid) => {
                // The response can lack the status, for example if it is from a proxy.
                if paid.status.is_some() {
                    transaction = paid;
                    is_read_due = false;
                }
                None
            }
            Err(error) if !error.alternatives().is_empty() => {
                let alternatives = error.alternatives().to_vec();
                return (transaction, BlikDecision::ChooseApplication(alternatives));
            }
            // Only the transaction shows whether it was paid.
            Err(error) if error.outcome_unknown() => Some(error),
            Err(error) => {
                // The response to the payment request does not contain the reason. The transaction
                // does.
                if let Ok(read) = self.get_transaction(checkout.id.as_str()) {
                    transaction = read;
                }
                // The request may have been rejected because the transaction was paid or closed in
                // the meantime.
                if let Some(decision @ (BlikDecision::Paid | BlikDecision::Closed)) =
                    checkout.decide(&transaction)
                {
                    return (transaction, decision);
                }
                let is_declined = error.kind() == ErrorKind::OperationFailed;
                if !is_declined && error.status() != Some(StatusCode::BAD_REQUEST) {
                    return (transaction, BlikDecision::Rejected { error });
                }
                let code = checkout.decline(&transaction).and_then(|(code,)| code);
                return (transaction, BlikDecision::Declined { code, error: Some(error) });
            }
        };
        let clock = self.core.clock();
        let mut slept = Duration::ZERO;
        let mut error = None;
        loop {
            if is_read_due {
                match self.get_transaction(checkout.id.as_str()) {
                    Ok(read) => (transaction, error) = (read, None),
                    Err(failed) if failed.is_retryable() => error = Some(failed),
                    Err(failed) => {
                        return (transaction, BlikDecision::Undecided { error: Some(failed) });
                    }
                }
            }
            if error.is_none()
                && let Some(decision) = checkout.decide(&transaction)
            {
                return (transaction, decision);
            }
            // The wait is not prolonged if the clock is set back.
            let passed =
                clock.now().duration_since(checkout.started).unwrap_or_default().max(slept);
            if passed >= checkout.wait {
                return (transaction, BlikDecision::Undecided { error: error.or(lost) });
            }
            let pause = INTERVAL.min(checkout.wait.saturating_sub(passed));
            clock.sleep(pause);
            slept += pause;
            is_read_due = true;
        }
    }
}

/// A BLIK payment whose arguments have been validated.
struct Checkout {
    id: String,
    pay: Pay,
    started: SystemTime,
    /// The maximum time to wait for the decision, measured from `started`.
    wait: Duration,
    /// The dates of the attempts before this payment, whether or not they were declined.
    earlier: Vec<Option<String>>,
    /// Whether the transaction's payment status was already `declined` before this payment.
    was_declined: bool,
    /// Whether the transaction already listed banking applications before this payment.
    had_alternatives: bool,
}

impl Checkout {
    /// Prepares the payment for a transaction. `before` is the transaction as it was before the
    /// payment, or `None` for a new transaction, which has no earlier attempts.
    fn new(
        id: String,
        pay: Pay,
        (started, wait): (SystemTime, Duration),
        before: Option<&Transaction>,
    ) -> Self {
        let earlier = before.into_iter().flat_map(attempts).map(|attempt| attempt.date.clone());
        let had_alternatives = before.is_some_and(|before| !before.alternatives().is_empty());
        Self {
            id,
            pay,
            started,
            wait,
            earlier: earlier.collect(),
            was_declined: before.is_some_and(is_declined),
            had_alternatives,
        }
    }

    /// Returns the decision that the state of a transaction shows, or `None` if there is no
    /// decision yet.
    fn decide(&self, transaction: &Transaction) -> Option<BlikDecision> {
        if transaction.is_paid() {
            return Some(BlikDecision::Paid);
        }
        if is_closed(transaction) {
            return Some(BlikDecision::Closed);
        }
        if !self.had_alternatives && !transaction.alternatives().is_empty() {
            return Some(BlikDecision::ChooseApplication(transaction.alternatives().to_vec()));
        }
        let (code,) = self.decline(transaction)?;
        Some(BlikDecision::Declined { code, error: None })
    }

    /// Returns the error code of this payment if it was declined, and `None` otherwise. The code is
    /// in a tuple, because it can be absent from a declined payment. The transaction also lists the
    /// attempts from before this payment, in an undocumented order. For each date, this method
    /// therefore compares the number of declined attempts with the number of earlier attempts: an
    /// attempt keeps its date when it is declined, and two attempts can have the same date.
    fn decline(&self, transaction: &Transaction) -> Option<(Option<PaymentErrorCode>,)> {
        let declined: Vec<&Attempt> = attempts(transaction).filter(|a| is_failed(a)).collect();
        let is_new = |attempt: &&&Attempt| {
            let now = declined.iter().filter(|other| other.date == attempt.date).count();
            now > self.earlier.iter().filter(|date| **date == attempt.date).count()
        };
        if let Some(newest) = declined.iter().filter(is_new).max_by_key(|attempt| &attempt.date) {
            return Some((newest.payment_error_code.clone(),));
        }
        // If there was an earlier attempt, the status can be that of this attempt.
        let is_first = self.earlier.is_empty() && !self.was_declined;
        (is_first && is_declined(transaction)).then_some((None,))
    }
}

/// Returns whether the payer can no longer pay for a transaction, because it was cancelled or
/// refunded, or because it failed.
fn is_closed(transaction: &Transaction) -> bool {
    use TransactionStatus::{Canceled, Error, Refund};
    matches!(transaction.status, Some(Canceled | Error | Refund))
}

fn is_declined(transaction: &Transaction) -> bool {
    let status = transaction.payments.as_ref().and_then(|payments| payments.status.as_ref());
    status == Some(&PaymentStatus::Declined)
}

fn attempts(transaction: &Transaction) -> impl Iterator<Item = &Attempt> {
    transaction.payments.iter().flat_map(|payments| &payments.attempts)
}

fn is_failed(attempt: &Attempt) -> bool {
    attempt.payment_error_code.as_ref().is_some_and(|code| !code.as_str().is_empty())
}

/// Returns the payment method for a BLIK payment, or an error if the payment is invalid.
fn payment_method(blik: BlikPayment) -> Result<Pay, InputError> {
    let pay = Pay::blik(blik);
    pay.validate()?;
    Ok(pay)
}
