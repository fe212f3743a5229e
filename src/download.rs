//! Fetches a file that others publish, within a size and a time: no redirect is followed.

use std::path::Path;
use std::time::Duration;

use reqwest::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use tokio::time::timeout;

/// How a file is fetched.
#[derive(Debug, Clone, Copy)]
pub struct Download<'a> {
    /// Whence.
    pub address: &'a str,
    /// The authorities of that address (PEM); absent: the public ones.
    pub authorities: Option<&'a Path>,
    /// Bytes at most.
    pub largest: usize,
    /// A fetch that takes longer has failed.
    pub patience: Duration,
    /// Whether it may come over `http`: only what is signed itself.
    pub may_be_plain: bool,
    /// What the last fetch was tagged with; the same is not sent again.
    pub known: Option<&'a HeaderValue>,
}

/// What was fetched.
#[derive(Debug)]
pub struct Downloaded {
    /// The file.
    pub bytes: Vec<u8>,
    /// What tells it from the next one.
    pub tag: Option<HeaderValue>,
}

impl Download<'_> {
    /// Fetches; `None`: it is the one that is known. The reason of a failure names no address.
    pub async fn fetch(self) -> Result<Option<Downloaded>, String> {
        let fetched = timeout(self.patience, self.get()).await;
        fetched.map_err(|_| "nessuna risposta in tempo".to_owned())?
    }

    async fn get(self) -> Result<Option<Downloaded>, String> {
        let client = self.client()?;
        let mut request = client.get(self.address);
        if let Some(known) = self.known {
            request = request.header(IF_NONE_MATCH, known);
        }
        let answer = request.send().await.map_err(without_address)?;
        if answer.status() == StatusCode::NOT_MODIFIED && self.known.is_some() {
            return Ok(None);
        }
        if answer.status() != StatusCode::OK {
            return Err(format!("risposta {}", answer.status().as_u16()));
        }
        let tag = answer.headers().get(ETAG).cloned();
        let bytes = self.body(answer).await?;
        Ok(Some(Downloaded { bytes, tag }))
    }

    fn client(self) -> Result<Client, String> {
        let mut client = Client::builder().redirect(Policy::none());
        if let Some(file) = self.authorities {
            let text =
                std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
            let certificates =
                reqwest::Certificate::from_pem_bundle(&text).map_err(without_address)?;
            client = client.tls_certs_only(certificates);
        }
        let client = client.https_only(!self.may_be_plain);
        client.build().map_err(without_address)
    }

    async fn body(self, mut answer: Response) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(without_address)? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > self.largest {
                return Err("risposta troppo grande".to_owned());
            }
        }
        Ok(bytes)
    }
}

/// Puts a file in the place of another, whole or not at all: somebody may be reading it just now.
pub fn replace(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, file)
}

fn without_address(error: reqwest::Error) -> String {
    error.without_url().to_string()
}
