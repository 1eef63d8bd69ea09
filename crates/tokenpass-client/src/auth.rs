//! The credentials of requests, and how they are added to a request.

use std::sync::Arc;
use std::time::SystemTime;

use api_auth::hmac::nonce_headers::{NonceHeaders, Variant};
use api_auth::http::header::{AUTHORIZATION, HeaderValue};
use api_auth::{
    Auth, Credential, Error, Generation, InputError, Method, Request, Response, Secret,
    UnsignedRequest,
};

/// The names of the credentials, for a [`RawEndpoint`](crate::RawEndpoint) or an endpoint of your
/// own. The application's key pair is [`Credential::MAIN`].
pub mod credentials {
    use api_auth::Credential;

    /// The application's key pair, and `client_id` in the query.
    pub const MAIN_WITH_ID: Credential = Credential::named("main with client_id");
    /// The privileged key pair: the second key pair, of a privileged user.
    pub const PRIVILEGED: Credential = Credential::named("privileged");
    /// The user's token.
    pub const USER: Credential = Credential::named("user");
    /// The user's token, and a signature by the application's key pair.
    pub const SIGNED_USER: Credential = Credential::named("user, signed");
    /// The user's token in the header `Authorization: Bearer`, as `/oauth/user` reads it.
    pub const ACCESS_TOKEN: Credential = Credential::named("user, by access_token");
    /// `client_id` in the body.
    pub const CLIENT_ID: Credential = Credential::named("client_id");
    /// `client_id` in the query.
    pub const QUERY_ID: Credential = Credential::named("client_id in the query");
    /// `client_id` and `client_secret` in the body.
    pub const CLIENT_SECRET: Credential = Credential::named("client_secret");
    /// `client_id` and `client_secret` in the body, and `client_id` in the query.
    pub const CLIENT_SECRET_AND_QUERY_ID: Credential =
        Credential::named("client_secret, client_id in the query");
}

/// The place of a user's token in a request. Requests to `/oauth/user` always send the header,
/// which its server reads as well as the parameter `access_token`.
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, OAuth Integration (the
/// parameter); the header, the server of 2017 and the provider's clients of 2017 to 2020.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenPlace {
    /// The parameter `oauth_token`, in the query of GET and DELETE and in the body otherwise.
    ///
    /// Servers write queries to their access logs. Queries are also in the log lines of the HTTP
    /// library: at `trace` in those of the target `ureq_proto`, and at `debug` in those of the
    /// target `ureq` wherever that target is enabled at `trace`.
    #[default]
    Parameter,
    /// The header `Authorization: Bearer`. The server of 2017 reads it at `/oauth/user` only.
    BearerHeader,
}

/// Credentials with their names.
type Named = Vec<(Credential, Arc<dyn Auth>)>;

/// The keys and settings of a client.
pub(crate) struct Keys {
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    pub(crate) main: NonceHeaders,
    pub(crate) privileged: Option<NonceHeaders>,
    pub(crate) variant: Variant,
    pub(crate) token_place: TokenPlace,
}

impl Keys {
    /// Returns the credentials of the application.
    pub(crate) fn of_application(&self) -> Named {
        let id = || Secret::new(self.client_id.as_str());
        let query_id = || Step::Query("client_id", id());
        let body_id = || Step::Body("client_id", Some(id()));
        let secret = || Step::Body("client_secret", Some(self.client_secret.clone()));
        let dressed = |steps| Dressed { steps, signer: None };
        // The third generation signs these requests, too, and sends `oauth_token`, null without a
        // token.
        let third = |mut steps: Vec<Step>, token: bool| match self.variant {
            Variant::BodyOnly => {
                steps.extend(token.then_some(Step::Body("oauth_token", None)));
                Dressed { steps, signer: Some(self.main.clone()) }
            }
            _ => dressed(steps),
        };
        let signed = |signer: &NonceHeaders, steps| Dressed {
            signer: Some(signer.clone()),
            ..third(steps, true)
        };
        let mut all: Named = vec![
            (Credential::MAIN, Arc::new(signed(&self.main, vec![]))),
            (credentials::MAIN_WITH_ID, Arc::new(signed(&self.main, vec![query_id()]))),
            (credentials::CLIENT_ID, Arc::new(third(vec![body_id()], true))),
            (credentials::QUERY_ID, Arc::new(dressed(vec![query_id()]))),
            (credentials::CLIENT_SECRET, Arc::new(third(vec![body_id(), secret()], false))),
            (
                credentials::CLIENT_SECRET_AND_QUERY_ID,
                Arc::new(dressed(vec![query_id(), body_id(), secret()])),
            ),
        ];
        if let Some(privileged) = &self.privileged {
            all.push((credentials::PRIVILEGED, Arc::new(signed(privileged, vec![]))));
        }
        all
    }

    /// Returns the credentials of a user.
    pub(crate) fn of_user(&self, token: &Secret) -> Result<Named, InputError> {
        validate_token("oauth_token", token)?;
        let mut header = HeaderValue::try_from(format!("Bearer {}", token.expose()))
            .map_err(|_| InputError::new("oauth_token", VISIBLE))?;
        header.set_sensitive(true);
        let access = Step::Header(header.clone());
        let parameter = match self.token_place {
            TokenPlace::BearerHeader => Step::Header(header),
            TokenPlace::Parameter => Step::ByMethod("oauth_token", token.clone()),
        };
        let third = self.variant == Variant::BodyOnly;
        let signer = Some(self.main.clone());
        let user = Dressed {
            steps: vec![parameter.clone()],
            signer: if third { signer.clone() } else { None },
        };
        Ok(vec![
            (credentials::USER, Arc::new(user)),
            (credentials::SIGNED_USER, Arc::new(Dressed { steps: vec![parameter], signer })),
            (credentials::ACCESS_TOKEN, Arc::new(Dressed { steps: vec![access], signer: None })),
        ])
    }
}

/// One addition to a request.
#[derive(Clone)]
enum Step {
    /// A query parameter, before all others.
    Query(&'static str, Secret),
    /// A member of the body, null without a value.
    Body(&'static str, Option<Secret>),
    /// A parameter in the query of GET and DELETE, and a member of the body otherwise.
    ByMethod(&'static str, Secret),
    Header(HeaderValue),
}

/// The authentication of a request: its additions, and the signer that signs the result.
struct Dressed {
    steps: Vec<Step>,
    signer: Option<NonceHeaders>,
}

impl Auth for Dressed {
    fn add_parameters(
        &self,
        unsigned: &mut UnsignedRequest<'_>,
        generation: &mut Generation,
        now: SystemTime,
    ) -> Result<(), Error> {
        let signer = self.signer.as_ref();
        let body_only = signer.is_some_and(|signer| signer.variant() == Variant::BodyOnly);
        if let Some(signer) = signer {
            signer.add_parameters(unsigned, generation, now)?;
        }
        for step in &self.steps {
            match step {
                Step::Query(name, value) | Step::ByMethod(name, value) if body_only => {
                    unsigned.add_to_body(name, Some(value.expose()))?;
                }
                Step::Query(name, value) => {
                    unsigned.query.push_first(*name, value.expose().to_owned());
                }
                Step::ByMethod(name, value)
                    if matches!(unsigned.method, Method::GET | Method::DELETE) =>
                {
                    unsigned.query.push(*name, value.expose().to_owned());
                }
                Step::ByMethod(name, value) => unsigned.add_to_body(name, Some(value.expose()))?,
                Step::Body(name, value) => {
                    unsigned.add_to_body(name, value.as_ref().map(Secret::expose))?;
                }
                Step::Header(_) => {}
            }
        }
        Ok(())
    }

    fn sign(
        &self,
        request: &mut Request,
        generation: &mut Generation,
        now: SystemTime,
    ) -> Result<(), Error> {
        if let Some(signer) = &self.signer {
            signer.sign(request, generation, now)?;
        }
        for step in &self.steps {
            if let Step::Header(value) = step {
                request.headers_mut().insert(AUTHORIZATION, value.clone());
            }
        }
        Ok(())
    }

    fn invalidate_if_rejected(&self, response: &Response, generation: Generation) -> bool {
        self.signer
            .as_ref()
            .is_some_and(|signer| signer.invalidate_if_rejected(response, generation))
    }
}

const VISIBLE: &str = "may hold only visible ASCII characters";

/// Validates a user's token.
pub(crate) fn validate_token(name: &'static str, token: &Secret) -> Result<(), InputError> {
    if token.is_empty() {
        return Err(InputError::new(name, "must not be empty"));
    }
    if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(InputError::new(name, VISIBLE));
    }
    Ok(())
}
