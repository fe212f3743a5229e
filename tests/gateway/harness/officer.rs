//! An officer of an ente before the pages of the operators' door.

use reqwest::Method;

use super::portal::Portal;

/// A page, with its status.
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// The page itself.
    pub text: String,
    /// Its Content-Security-Policy.
    pub policy: String,
}

impl Page {
    /// The value of a hidden input.
    pub fn hidden(&self, name: &str) -> Option<String> {
        let from = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.text.split_once(&from)?;
        rest.split('"').next().map(str::to_owned)
    }
}

/// Sends a request and reads its page.
pub async fn page(request: reqwest::RequestBuilder) -> Page {
    let answer = request.send().await.expect("an answer");
    let header = |name: &str| {
        let value = answer.headers().get(name);
        let text = value.and_then(|value| value.to_str().ok());
        text.unwrap_or_default().to_owned()
    };
    Page {
        status: answer.status().as_u16(),
        policy: header("content-security-policy"),
        text: answer.text().await.expect("a body"),
    }
}

/// A page.
pub async fn get(officer: &Portal, path: &str) -> Page {
    page(officer.request(Method::GET, path)).await
}

/// Sends the form of a page that was shown.
pub async fn send(officer: &Portal, path: &str, shown: &Page, fields: &[(&str, &str)]) -> Page {
    let hidden = ["gettone", "versione"].map(|name| (name, shown.hidden(name)));
    let present = hidden
        .iter()
        .filter_map(|(name, value)| Some((*name, value.as_deref()?)));
    let form: Vec<(&str, &str)> = present.chain(fields.iter().copied()).collect();
    page(form_request(officer, path, &form)).await
}

/// A form with these fields.
pub fn form_request(
    officer: &Portal,
    path: &str,
    fields: &[(&str, &str)],
) -> reqwest::RequestBuilder {
    let encode =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, text)| format!("{}={}", encode(name), encode(text)))
        .collect();
    officer
        .request(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(pairs.join("&"))
}
