//! Adds the credentials of an application or a user to requests.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use api_auth::hmac::nonce_headers::{NonceHeaders, Variant};
use api_auth::http::header::{AUTHORIZATION, HeaderValue};
use api_auth::{
    Auth, Body, Credential, Error, Generation, InputError, Method, Request, Response, Secret,
    UnsignedRequest,
};

use serde::de::IgnoredAny;

use crate::credentials;
use crate::oauth::TokenLocation;

/// Pairs of a credential and the [`Auth`] that applies it to a request.
type Named = Vec<(Credential, Arc<dyn Auth>)>;

/// The credentials of a client, and the settings that determine how they are added to requests.
pub(crate) struct Keys {
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
    pub(crate) main: NonceHeaders,
    pub(crate) privileged: Option<NonceHeaders>,
    pub(crate) variant: Variant,
    pub(crate) token_location: TokenLocation,
}

impl Keys {
    /// Returns the credentials that do not contain a user's token: those of the application, and
    /// the privileged ones if they are set.
    pub(crate) fn application_credentials(&self) -> Named {
        let id = || Secret::new(self.client_id.as_str());
        let query_id = || Addition::Query("client_id", id());
        let body_id = || Addition::Body("client_id", Some(id()));
        let secret = || Addition::Body("client_secret", Some(self.client_secret.clone()));
        let unsigned = |additions| Authentication { additions, signer: None, spaced: None };
        let spaced = self.main.spaced_credential();
        // With `BodyOnly`, these requests are also signed, and contain `oauth_token`, which is null
        // without a token.
        let third = |mut additions: Vec<Addition>, token: bool| match self.variant {
            Variant::BodyOnly => {
                additions.extend(token.then_some(Addition::Body("oauth_token", None)));
                Authentication { additions, signer: Some(self.main.clone()), spaced }
            }
            _ => unsigned(additions),
        };
        let signed = |signer: &NonceHeaders, additions| Authentication {
            signer: Some(signer.clone()),
            spaced: signer.spaced_credential(),
            ..third(additions, true)
        };
        let mut all: Named = vec![
            (Credential::MAIN, Arc::new(signed(&self.main, vec![]))),
            (credentials::MAIN_WITH_ID, Arc::new(signed(&self.main, vec![query_id()]))),
            (credentials::CLIENT_ID, Arc::new(third(vec![body_id()], true))),
            (credentials::QUERY_ID, Arc::new(unsigned(vec![query_id()]))),
            (
                credentials::CLIENT_SECRET,
                Arc::new(Authentication { spaced, ..third(vec![body_id(), secret()], false) }),
            ),
            (
                credentials::CLIENT_SECRET_AND_QUERY_ID,
                Arc::new(Authentication {
                    spaced,
                    ..unsigned(vec![query_id(), body_id(), secret()])
                }),
            ),
        ];
        if let Some(privileged) = &self.privileged {
            all.push((credentials::PRIVILEGED, Arc::new(signed(privileged, vec![]))));
        }
        all
    }

    /// Returns the credentials that contain this user's token, or an error if the token is invalid.
    pub(crate) fn user_credentials(&self, token: &Secret) -> Result<Named, InputError> {
        validate_token("oauth_token", token)?;
        let mut header = HeaderValue::try_from(format!("Bearer {}", token.expose()))
            .map_err(|_| InputError::new("oauth_token", VISIBLE))?;
        header.set_sensitive(true);
        let access = Addition::Header(header.clone());
        let parameter = match self.token_location {
            TokenLocation::BearerHeader => Addition::Header(header),
            TokenLocation::Parameter => Addition::ByMethod("oauth_token", token.clone()),
        };
        let third = self.variant == Variant::BodyOnly;
        let mut user_additions = vec![parameter];
        if third && self.token_location == TokenLocation::BearerHeader {
            user_additions.push(Addition::Body("oauth_token", None));
        }
        let signer = Some(self.main.clone());
        let spaced = self.main.spaced_credential();
        let user = Authentication {
            additions: user_additions.clone(),
            signer: if third { signer.clone() } else { None },
            spaced: if third { spaced } else { None },
        };
        Ok(vec![
            (credentials::USER, Arc::new(user)),
            (
                credentials::SIGNED_USER,
                Arc::new(Authentication { additions: user_additions, signer, spaced }),
            ),
            (
                credentials::ACCESS_TOKEN,
                Arc::new(Authentication { additions: vec![access], signer: None, spaced: None }),
            ),
        ])
    }
}

/// A parameter or header that adds a credential to a request.
#[derive(Clone)]
enum Addition {
    /// A query parameter, which is inserted before all others. If the request is signed with
    /// [`Variant::BodyOnly`], it is a field of the body instead.
    Query(&'static str, Secret),
    /// A field of the body. `None` is sent as null, unless the request already contains the field.
    Body(&'static str, Option<Secret>),
    /// A query parameter of GET and DELETE requests, and a field of the body of all others. If the
    /// request is signed with [`Variant::BodyOnly`], it is always a field of the body.
    ByMethod(&'static str, Secret),
    Header(HeaderValue),
}

/// The authentication method of a request: the credentials to add, and the signer if the request is
/// signed.
struct Authentication {
    additions: Vec<Addition>,
    signer: Option<NonceHeaders>,
    /// The name of the argument or variable that contained the client secret, if the secret begins
    /// or ends with whitespace.
    spaced: Option<&'static str>,
}

impl Auth for Authentication {
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
        for addition in &self.additions {
            match addition {
                Addition::Query(name, value) | Addition::ByMethod(name, value) if body_only => {
                    unsigned.add_to_body(name, Some(value.expose()))?;
                }
                Addition::Query(name, value) => {
                    unsigned.query.push_first(*name, value.expose().to_owned());
                }
                Addition::ByMethod(name, value)
                    if matches!(unsigned.method, Method::GET | Method::DELETE) =>
                {
                    unsigned.query.push(*name, value.expose().to_owned());
                }
                Addition::ByMethod(name, value) => {
                    unsigned.add_to_body(name, Some(value.expose()))?;
                }
                // The field of the request is sent instead.
                Addition::Body(name, None) if has_member(&unsigned.body, name) => {}
                Addition::Body(name, value) => {
                    unsigned.add_to_body(name, value.as_ref().map(Secret::expose))?;
                }
                Addition::Header(_) => {}
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
        for addition in &self.additions {
            if let Addition::Header(value) = addition {
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

    fn spaced_credential(&self) -> Option<&'static str> {
        self.spaced
    }
}

/// Returns whether the body is a JSON object with the member `name`.
fn has_member(body: &Body<'_>, name: &str) -> bool {
    let Body::Json(text) = body else { return false };
    let members = serde_json::from_slice::<HashMap<String, IgnoredAny>>(text);
    members.is_ok_and(|members| members.contains_key(name))
}

const VISIBLE: &str = "must contain only visible ASCII characters";

/// Returns an error that refers to a user's token as `name` if the token is empty or contains
/// characters other than visible ASCII.
pub(crate) fn validate_token(name: &'static str, token: &Secret) -> Result<(), InputError> {
    if token.is_empty() {
        return Err(InputError::new(name, "must not be empty"));
    }
    if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(InputError::new(name, VISIBLE));
    }
    Ok(())
}
