//! Any bytes as the response to every call of a provider, with success and error statuses.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use api_auth::{Request, Response, StatusCode, TransportError};

use crate::catalogue::{AnyClient, Call, Options, PROVIDERS};

/// The endpoints of a provider, and a client with a configurable transport.
struct Row {
    calls: Vec<Box<dyn Call>>,
    client: AnyClient,
    response: Arc<Mutex<(u16, Vec<u8>)>>,
}

impl Row {
    fn new(name: &str) -> Self {
        let provider = PROVIDERS.iter().find(|row| row.name == name).expect("a provider");
        let response = Arc::new(Mutex::new((200, Vec::new())));
        let told = response.clone();
        let transport = move |request: Request| -> Result<Response, TransportError> {
            let (status, body) = match provider.grant {
                Some((path, granted)) if request.uri().path() == path => {
                    (200, granted.as_bytes().to_vec())
                }
                _ => told.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            };
            let mut response = Response::new(body);
            *response.status_mut() = StatusCode::from_u16(status).expect("a status");
            Ok(response)
        };
        let options = Options { transport: Some(Arc::new(transport)), ..Options::default() };
        let client = (provider.client)("http://127.0.0.1:1", &options).expect("a client");
        Self { calls: (provider.calls)(), client, response }
    }

    fn run(&self, data: &[u8]) {
        let response = Response::new(data.to_vec());
        for call in &self.calls {
            if let Err(fault) = call.parse(&response) {
                let _ = fault.to_string();
            }
        }
        // Error responses are parsed in the same way for all endpoints, so one is enough. It must
        // contain the unchanged response.
        let call = self.calls.iter().find(|call| !call.idempotent()).expect("a write");
        for status in [200, 400, 403, 500] {
            *self.response.lock().unwrap_or_else(PoisonError::into_inner) = (status, data.to_vec());
            if let Err(error) = call.send(&self.client) {
                assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
                assert_eq!(error.body(), data);
                assert!(!error.to_string().contains(['\n', '\r']));
            }
        }
    }
}

macro_rules! bodies {
    ($($body:ident, $row:ident, $name:literal;)*) => { $(
        static $row: LazyLock<Row> = LazyLock::new(|| Row::new($name));

        #[doc = concat!("Responses of ", $name, ".")]
        pub fn $body(data: &[u8]) {
            $row.run(data);
        }
    )* };
}

bodies! {
    responses_tinycert, TINYCERT, "tinycert";
    responses_tinypass, TINYPASS, "tinypass";
    responses_tokenpass, TOKENPASS, "tokenpass";
    responses_tpay, TPAY, "tpay";
}
