//! Sends many requests concurrently.

use std::fmt;

use crate::client::{Client, without_panic};
use crate::clock::Interrupt;
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::window::{MOST_THREADS, Window};

impl Client {
    /// Returns an iterator that sends many requests and returns their results in the order of the
    /// requests. Up to `at_a_time` requests (at most 256) are in flight at the same time, each on
    /// its own thread. If `at_a_time` is 1, no thread is started.
    ///
    /// All threads use the same token. If you use more than 16 threads, set the builder's option
    /// `max_connections` to their number, so that each thread keeps its connection. If a thread
    /// cannot be started, the other threads send its requests.
    ///
    /// See the example in [`Batch`].
    pub fn send_all<I>(&self, requests: I, at_a_time: usize) -> Batch<I::IntoIter>
    where
        I: IntoIterator<Item: Endpoint<Output: Send + 'static> + Send + 'static>,
    {
        Batch::new(self.clone(), requests.into_iter(), at_a_time)
    }
}

/// An iterator over the requests of [`Client::send_all`] and their results, in the order of the
/// requests.
///
/// An error does not end the iterator, because each request has its own result. Requests are
/// retried in the same way as single requests. In particular, a write is retried only if it was
/// certainly not sent.
///
/// Requests are sent when the iterator is advanced. The next requests are taken from the list when
/// fewer requests than the maximum are in flight, so the list may be infinite. When the iterator is
/// dropped, no further request is sent, and waits are interrupted, except for the wait for a token
/// that another thread requests. If the batch contains a request that is not idempotent, dropping
/// the iterator waits until the requests in flight have ended.
///
/// ```
/// use api_auth::{Client, Method, RawEndpoint};
///
/// # fn example(client: &Client) {
/// let cities = ["Oslo", "Bergen"];
/// let request = |city| RawEndpoint::new(Method::GET, "/weather").param("city", city);
/// for (_request, result) in client.send_all(cities.map(request), 2) {
///     match result {
///         Ok(body) => println!("{} bytes", body.len()),
///         Err(error) => eprintln!("{error}"),
///     }
/// }
/// # }
/// ```
#[must_use = "nothing is sent until the iterator is advanced"]
pub struct Batch<I>
where
    I: Iterator<Item: Endpoint>,
{
    client: Client,
    requests: Option<I>,
    most: usize,
    /// The requests in flight. `None` if requests are sent one after another.
    window: Option<Window<I::Item, RequestResult<I::Item>>>,
}

type RequestResult<E> = Result<<E as Endpoint>::Output>;

impl<I> Batch<I>
where
    I: Iterator<Item: Endpoint<Output: Send> + Send + 'static>,
    <I::Item as Endpoint>::Output: 'static,
{
    pub(crate) fn new(client: Client, requests: I, most: usize) -> Self {
        let most = most.min(MOST_THREADS);
        let window = (most > 1).then(|| {
            let interrupt = Interrupt::default();
            let interrupted = client.interrupted_by(interrupt.clone());
            let send = move |request: &I::Item| interrupted.send_without_panic(request);
            Window::new(most, interrupt, send)
        });
        Self { client, requests: Some(requests), most, window }
    }
}

impl<I> Batch<I>
where
    I: Iterator<Item: Endpoint>,
{
    /// Stops sending requests and interrupts their waits. The iterator ends after it has returned the
    /// results of the requests in flight. Those of them that were still waiting, such as for a token,
    /// are not sent; the [`delivery`](crate::Error::delivery) of their errors is
    /// [`NotSent`](crate::Delivery::NotSent).
    ///
    /// If the iterator ends without returning the result of a request, that request was not sent.
    pub fn stop(&mut self) {
        self.requests = None;
        if let Some(window) = &mut self.window {
            window.stop();
        }
    }
}

impl<I> Iterator for Batch<I>
where
    I: Iterator<Item: Endpoint<Output: Send> + Send + 'static>,
    <I::Item as Endpoint>::Output: 'static,
{
    type Item = (I::Item, Result<<I::Item as Endpoint>::Output>);

    fn next(&mut self) -> Option<Self::Item> {
        let Some(window) = &mut self.window else {
            let request = self.requests.as_mut()?.next();
            let Some(request) = request else {
                self.requests = None;
                return None;
            };
            let result = self.client.send_without_panic(&request);
            return Some((request, result));
        };
        while window.len() < self.most
            && let Some(requests) = &mut self.requests
        {
            match requests.next() {
                Some(request) => {
                    if !without_panic(|| request.idempotent()).unwrap_or(false) {
                        window.join_when_dropped();
                    }
                    window.push(request);
                }
                None => self.requests = None,
            }
        }
        window.take()
    }
}

impl<I> fmt::Debug for Batch<I>
where
    I: Iterator<Item: Endpoint>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("client", &self.client)
            .field("at_a_time", &self.most)
            .field("in_flight", &self.window.as_ref().map(Window::len))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
    use std::sync::{Arc, Condvar, Mutex};
    use std::time::SystemTime;

    use http::Method;

    use super::*;
    use crate::auth::{Auth, Generation, Preparation};
    use crate::encode::Encoding;
    use crate::error::Delivery;
    use crate::error::kind::ErrorKind;
    use crate::error::response::ResponseError;
    use crate::message::{Request, Response};
    use crate::provider::{Provider, status_error};
    use crate::raw_endpoint::RawEndpoint;
    use crate::route::{Credential, Route, Server};
    use crate::settings::Settings;
    use crate::transport::TransportError;

    static PROVIDER: Provider = Provider {
        name: "test",
        user_agent: "test/0",
        encoding: Encoding::Form,
        retry_statuses: &[],
        secret_parameters: &[],
        read_error: status_error,
    };

    fn client_with(
        send: impl Fn(Request) -> Result<Response, TransportError> + Send + Sync + 'static,
        credentials: Vec<(Credential, Arc<dyn Auth>)>,
    ) -> Client {
        let mut settings = Settings::default();
        settings.transport(Arc::new(send));
        let servers = [(Server::MAIN, "base_url", "https://h.example")];
        settings.build(&PROVIDER, &servers, credentials).unwrap()
    }

    fn client(send: impl Fn(&str) -> u16 + Send + Sync + 'static) -> Client {
        let send = move |request: Request| -> Result<Response, TransportError> {
            let path = request.uri().path().to_owned();
            let response = http::Response::builder().status(send(&path));
            Ok(response.body(path.into_bytes()).unwrap())
        };
        client_with(send, vec![])
    }

    fn request(method: Method, number: usize) -> RawEndpoint {
        RawEndpoint::new(method, format!("/{number}")).with_credential(Credential::NONE)
    }

    fn reads(count: usize) -> impl Iterator<Item = RawEndpoint> {
        (0..count).map(|number| request(Method::GET, number))
    }

    #[test]
    fn results_are_in_the_order_of_the_requests_and_errors_do_not_end_them() {
        for most in [0, 1, 2, 8, 300] {
            let client = client(|path| if path.ends_with('7') { 404 } else { 200 });
            let results: Vec<_> = client.send_all(reads(100), most).collect();
            assert_eq!(results.len(), 100);
            for (number, (request, result)) in results.into_iter().enumerate() {
                assert_eq!(request.path(), format!("/{number}"));
                match result {
                    Ok(body) => assert_eq!(body, format!("/{number}").into_bytes()),
                    Err(error) => {
                        assert_eq!((error.kind(), number % 10), (ErrorKind::Api, 7));
                    }
                }
            }
        }
    }

    #[test]
    fn requests_are_taken_from_the_list_when_there_is_room() {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = taken.clone();
        let endless = (0..).map(move |number| {
            count.fetch_add(1, SeqCst);
            request(Method::GET, number)
        });
        let mut batch = client(|_| 200).send_all(endless, 4);
        assert_eq!(taken.load(SeqCst), 0, "nothing is sent before");
        for number in 0..50 {
            assert_eq!(batch.next().unwrap().0.path(), format!("/{number}"));
            assert_eq!(taken.load(SeqCst), number + 4);
        }
    }

    #[test]
    fn number_of_requests_in_flight_is_limited() {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = taken.clone();
        let requests = reads(1000).inspect(move |_| {
            count.fetch_add(1, SeqCst);
        });
        let mut batch = client(|_| 200).send_all(requests, usize::MAX);
        assert!(batch.next().is_some());
        assert_eq!(taken.load(SeqCst), 256);
        assert_eq!(batch.count(), 999);
    }

    #[test]
    fn each_write_is_sent_once() {
        let sent = Arc::<Mutex<HashMap<String, u32>>>::default();
        let count = sent.clone();
        let client = client(move |path| {
            *count.lock().unwrap().entry(path.to_owned()).or_default() += 1;
            if path.ends_with('3') { 503 } else { 200 }
        });
        let writes = (0..200).map(|number| request(Method::POST, number));
        assert_eq!(client.send_all(writes, 8).count(), 200);
        let sent = sent.lock().unwrap();
        assert!(sent.len() == 200 && sent.values().all(|count| *count == 1), "{sent:?}");
    }

    #[test]
    fn stopped_batch_ends_after_the_requests_in_flight() {
        for most in [1, 4] {
            let sent = Arc::new(AtomicUsize::new(0));
            let count = sent.clone();
            let client = client(move |_| {
                count.fetch_add(1, SeqCst);
                200
            });
            let mut batch = client.send_all(reads(100), most);
            let mut results: Vec<_> = batch.by_ref().take(10).collect();
            batch.stop();
            results.extend(batch);
            assert!((10..10 + most).contains(&results.len()), "{}", results.len());
            // A request that a thread had only begun is not sent any more.
            results.retain(|(_, result)| {
                !result.as_ref().is_err_and(|error| error.delivery() == Delivery::NotSent)
            });
            assert_eq!(results.len(), sent.load(SeqCst));
        }
    }

    /// Lets requests pass when it is open.
    #[derive(Default)]
    struct Gate(Mutex<(bool, usize)>, Condvar);

    impl Gate {
        fn pass(&self) {
            let mut state = self.0.lock().unwrap();
            state.1 += 1;
            self.1.notify_all();
            drop(self.1.wait_while(state, |state| !state.0).unwrap());
        }

        fn wait_for(&self, arrived: usize) {
            let state = self.0.lock().unwrap();
            drop(self.1.wait_while(state, |state| state.1 < arrived).unwrap());
        }

        fn open(&self) {
            self.0.lock().unwrap().0 = true;
            self.1.notify_all();
        }
    }

    #[test]
    fn drop_waits_for_writes_only() {
        for method in [Method::GET, Method::POST] {
            let gate = Arc::<Gate>::default();
            let finished = Arc::new(AtomicUsize::new(0));
            let (at, done) = (gate.clone(), finished.clone());
            let client = client(move |path| {
                if path != "/0" {
                    at.pass();
                    done.fetch_add(1, SeqCst);
                }
                200
            });
            let is_write = method == Method::POST;
            let mut batch = client.send_all((0..9).map(move |n| request(method.clone(), n)), 3);
            assert!(batch.next().is_some());
            gate.wait_for(2);
            if is_write {
                let dropping = std::thread::spawn(move || drop(batch));
                gate.open();
                dropping.join().unwrap();
                assert_eq!(finished.load(SeqCst), 2);
            } else {
                drop(batch);
                assert_eq!(finished.load(SeqCst), 0);
                gate.open();
            }
        }
    }

    #[test]
    fn panic_of_the_transport_is_the_error_of_its_request() {
        for most in [1, 2] {
            let client = client(|path| {
                assert_ne!(path, "/3", "CANARY");
                200
            });
            let writes = (0..6).map(|number| request(Method::POST, number));
            let errors: Vec<_> = client
                .send_all(writes, most)
                .filter_map(|(request, result)| Some((request, result.err()?)))
                .collect();
            let [(request, error)] = &errors[..] else { panic!("{errors:?}") };
            assert_eq!(request.path(), "/3");
            assert!(error.outcome_unknown() && !format!("{error:?}{error:#?}").contains("CANARY"));
        }
    }

    /// A payload of a panic whose drop panics with another one.
    struct Bomb(u32);

    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::panic_any(Bomb(self.0 + 1));
        }
    }

    #[test]
    fn panic_payload_whose_drop_panics_is_the_error_of_its_request() {
        for most in [1, 2] {
            let client = client(|_| std::panic::panic_any(Bomb(0)));
            let writes = (0..6).map(|number| request(Method::POST, number));
            let unknown = client
                .send_all(writes, most)
                .filter(|(_, result)| result.as_ref().is_err_and(|error| error.outcome_unknown()));
            assert_eq!(unknown.count(), 6);
        }
    }

    /// An endpoint whose every method panics.
    struct Panicking;

    impl Endpoint for Panicking {
        type Output = ();
        const ID: &'static str = "panicking";
        const ROUTE: Route<Self> = Route::<Self>::get("/").credential(Credential::NONE);

        fn id(&self) -> &'static str {
            panic!("id")
        }

        fn idempotent(&self) -> bool {
            panic!("idempotent")
        }

        fn parse(&self, _: &Response) -> Result<(), ResponseError> {
            panic!("parse")
        }
    }

    #[test]
    fn panic_of_an_endpoint_is_the_error_of_its_request() {
        for most in [1, 2] {
            let batch = client(|_| 200).send_all([Panicking, Panicking], most);
            let errors: Vec<_> = batch.filter_map(|(_, result)| result.err()).collect();
            let [first, second] = &errors[..] else { panic!("{errors:?}") };
            for error in [first, second] {
                assert_eq!((error.endpoint(), error.kind()), ("panicking", ErrorKind::Transport));
            }
        }
    }

    /// A signer that requests a token.
    #[derive(Default)]
    struct Token(AtomicU64);

    impl Auth for Token {
        fn is_ready(&self, _: SystemTime) -> bool {
            self.0.load(SeqCst) > 0
        }

        fn next_request(&self, _: SystemTime) -> Result<Option<Preparation>> {
            let request = http::Request::get("https://h.example/token").body(Vec::new()).unwrap();
            let preparation = Preparation { endpoint: "token", request, guard: None };
            Ok((self.0.load(SeqCst) == 0).then_some(preparation))
        }

        fn handle_response(&self, _: Response, _: SystemTime) -> Result<()> {
            self.0.fetch_add(1, SeqCst);
            Ok(())
        }

        fn sign(&self, _: &mut Request, _: &mut Generation, _: SystemTime) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn all_threads_use_one_token() {
        let tokens = Arc::new(AtomicUsize::new(0));
        let count = tokens.clone();
        let send = move |request: Request| -> Result<Response, TransportError> {
            if request.uri().path() == "/token" {
                count.fetch_add(1, SeqCst);
            }
            Ok(Response::new(Vec::new()))
        };
        let auth: Arc<dyn Auth> = Arc::new(Token::default());
        let client = client_with(send, vec![(Credential::MAIN, auth)]);
        let requests = (0..100).map(|_| RawEndpoint::new(Method::GET, "/"));
        assert!(client.send_all(requests, 16).all(|(_, result)| result.is_ok()));
        assert_eq!(tokens.load(SeqCst), 1);
    }

    #[test]
    fn request_that_waits_for_a_token_is_not_sent_after_the_stop() {
        let gate = Arc::<Gate>::default();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let (at, paths) = (gate.clone(), sent.clone());
        let send = move |request: Request| -> Result<Response, TransportError> {
            let path = request.uri().path().to_owned();
            paths.lock().unwrap().push(path.clone());
            if path == "/token" {
                at.pass();
            }
            Ok(Response::new(Vec::new()))
        };
        let client = client_with(send, vec![(Credential::MAIN, Arc::new(Token::default()))]);
        let requests = (0..100).map(|number| {
            let credential = if number == 0 { Credential::NONE } else { Credential::MAIN };
            RawEndpoint::new(Method::POST, format!("/{number}")).with_credential(credential)
        });
        let mut batch = client.send_all(requests, 8);
        assert!(batch.next().unwrap().1.is_ok());
        gate.wait_for(1);
        batch.stop();
        gate.open();
        for (_, result) in batch {
            let error = result.unwrap_err();
            assert_eq!((error.delivery(), error.attempts()), (Delivery::NotSent, 0));
        }
        let sent = sent.lock().unwrap();
        assert_eq!(sent.iter().filter(|path| *path != "/0").collect::<Vec<_>>(), ["/token"]);
    }
}
