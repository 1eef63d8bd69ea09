//! The methods that the clients of all providers have.

/// Declares the methods that every provider's `Client` has, for a type whose field `core` is a
/// [`Client`](crate::Client). Used inside its `impl` block.
#[macro_export]
macro_rules! client_methods {
    () => {
        /// Sends a request to any endpoint and parses the response. The endpoint can be one from
        /// this crate, one of your own, or a [`RawEndpoint`]($crate::RawEndpoint).
        ///
        /// # Errors
        /// See [`ErrorKind`]($crate::ErrorKind).
        pub fn send<E: $crate::Endpoint>(&self, endpoint: &E) -> $crate::Result<E::Output> {
            self.core.send(endpoint)
        }

        /// Sends a request to any endpoint and returns the parsed value together with the status
        /// and the headers of the response.
        ///
        /// # Errors
        /// See [`ErrorKind`]($crate::ErrorKind).
        pub fn send_with_response<E: $crate::Endpoint>(
            &self,
            endpoint: &E,
        ) -> $crate::Result<$crate::http::Response<E::Output>> {
            self.core.send_with_response(endpoint)
        }

        /// Sends a request to any endpoint and returns the response, without parsing its body.
        ///
        /// # Errors
        /// See [`ErrorKind`]($crate::ErrorKind).
        pub fn send_raw<E: $crate::Endpoint>(
            &self,
            endpoint: &E,
        ) -> $crate::Result<$crate::Response> {
            self.core.send_raw(endpoint)
        }

        /// Sends a request to any endpoint and deserializes its JSON response as a `T`.
        ///
        /// # Errors
        /// See [`ErrorKind`]($crate::ErrorKind).
        pub fn send_as<T: $crate::serde::de::DeserializeOwned>(
            &self,
            endpoint: &impl $crate::Endpoint,
        ) -> $crate::Result<T> {
            self.core.send_as(endpoint)
        }

        /// Returns an iterator over the entries of a list, from the page `first` to the last page.
        /// Nothing is sent until the iterator is advanced.
        pub fn items<E: $crate::Paged>(&self, first: E) -> $crate::Items<E> {
            $crate::Items::new(self.core.clone(), first)
        }

        /// Returns an iterator that sends many requests to any endpoint and returns their results
        /// in the order of the requests. Up to `at_a_time` requests (at most 256) are in flight at
        /// the same time, each on its own thread. If `at_a_time` is 1, no thread is started.
        ///
        /// An error does not end the iterator, because each request has its own result. Each is
        /// retried as if it were sent alone. [`stop`]($crate::Batch::stop) ends the iterator after
        /// the requests in flight. All threads use the same token. If you use more than 16 threads,
        /// set the builder's option `max_connections` to their number, so that each thread keeps
        /// its connection.
        pub fn send_all<I>(&self, requests: I, at_a_time: usize) -> $crate::Batch<I::IntoIter>
        where
            I: ::std::iter::IntoIterator<
                    Item: $crate::Endpoint<Output: Send + 'static> + Send + 'static,
                >,
        {
            self.core.send_all(requests, at_a_time)
        }

        /// Builds and signs the request without sending it. If a token or session is needed, it is
        /// requested first.
        ///
        /// # Errors
        /// Returns an error if an argument is invalid, the credentials are missing, or the request
        /// for a token or session fails.
        pub fn signed_request<E: $crate::Endpoint>(
            &self,
            endpoint: &E,
        ) -> $crate::Result<$crate::Request> {
            self.core.signed_request(endpoint)
        }

        /// Returns the signed request as a `curl` command in which `***` replaces the secrets.
        ///
        /// # Errors
        /// Returns an error if an argument is invalid, the credentials are missing, or the request
        /// for a token or session fails.
        pub fn curl<E: $crate::Endpoint>(&self, endpoint: &E) -> $crate::Result<String> {
            self.core.curl(endpoint)
        }

        /// Returns the signed request as a `curl` command that works as printed. Do not share it,
        /// because it grants the same access as the credentials.
        ///
        /// # Errors
        /// Returns an error if an argument is invalid, the credentials are missing, or the request
        /// for a token or session fails.
        pub fn curl_with_secrets<E: $crate::Endpoint>(
            &self,
            endpoint: &E,
        ) -> $crate::Result<String> {
            self.core.curl_with_secrets(endpoint)
        }
    };
}
