//! A portal: an HTTP client with a certificate, over real TLS.

use std::time::{Duration, Instant};

use reqwest::{Certificate, Identity, Method, RequestBuilder, Response};
use serde_json::Value;

use super::pki::Pki;

/// The purpose that the test grants name.
pub const PURPOSE: &str = "prova";

/// A client with a certificate of the PKI.
pub struct Portal {
    client: reqwest::Client,
    base: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body as JSON; `Null` where there is none.
    pub body: Value,
}

impl Answer {
    /// A header's text, empty where absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    /// The last segment of a problem's type.
    pub fn slug(&self) -> &str {
        self.body["type"]
            .as_str()
            .and_then(|kind| kind.rsplit('/').next())
            .unwrap_or("")
    }

    async fn read(response: Response) -> Answer {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = response.bytes().await.expect("a whole body");
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).expect("a JSON body")
        };
        Answer {
            status,
            headers,
            body,
        }
    }
}

impl Portal {
    /// A client that shows the named certificate at the door with this base address.
    pub fn new(pki: &Pki, name: &str, base: &str) -> Portal {
        let mut identity = pki.read(&format!("{name}.pem"));
        identity.extend(pki.read(&format!("{name}.key")));
        let client = reqwest::Client::builder()
            .tls_certs_only([Certificate::from_pem(&pki.read("root.pem")).expect("the root")])
            .identity(Identity::from_pem(&identity).expect("an identity"))
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Portal {
            client,
            base: base.to_owned(),
        }
    }

    /// A request without body or purpose.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Sends a request and reads its answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::read(request.send().await.expect("an answer")).await
    }

    /// A GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Waits until the request there is at its end, which until then is in that state, and picks up its result.
    pub async fn result(&self, location: &str, until_then: &str) -> Answer {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let state = self.get(location).await;
            if state.status == 303 {
                return self.get(state.header("location")).await;
            }
            assert_eq!(state.status, 200, "{:?}", state.body);
            assert_eq!(state.body["stato"], until_then);
            assert!(Instant::now() < until, "it is still {}", state.body);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// A look-up for the tests' purpose.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(
            self.request(Method::POST, path)
                .header("Purpose-Id", PURPOSE)
                .json(body),
        )
        .await
    }

    /// The registry record of a person.
    pub async fn persona(&self, ente: &str, codice_fiscale: &str) -> Answer {
        let path = format!("/rest/anagrafe/v1/enti/{ente}/ricerche-persona");
        self.post(
            &path,
            &serde_json::json!({ "codice_fiscale": codice_fiscale }),
        )
        .await
    }

    /// The family of a person.
    pub async fn famiglia(&self, ente: &str, codice_fiscale: &str) -> Answer {
        let path = format!("/rest/anagrafe/v1/enti/{ente}/ricerche-famiglia");
        self.post(
            &path,
            &serde_json::json!({ "codice_fiscale": codice_fiscale }),
        )
        .await
    }

    /// The tax position of a person.
    pub async fn posizione(
        &self,
        ente: &str,
        codice_fiscale: &str,
        tributo: &str,
        anno: u16,
    ) -> Answer {
        let path = format!("/rest/tributi/v1/enti/{ente}/ricerche-posizione");
        self.post(&path, &serde_json::json!({ "codice_fiscale": codice_fiscale, "tributo": tributo, "anno": anno })).await
    }
}
