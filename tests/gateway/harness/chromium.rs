//! Debian's Chromium as a citizen's browser, driven over the DevTools protocol by a pipe: no port, no library.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::process::pause;

/// What takes longer has failed; two cores may be busy with other tests.
const PATIENCE: Duration = Duration::from_mins(1);

/// Never asks, never calls home, and takes certificates from `$HOME/.pki/nssdb`. The sandbox is left out: root has none.
const FLAGS: [&str; 13] = [
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--no-default-browser-check",
    "--lang=it",
    "--window-size=900,700",
    "--password-store=basic",
];

/// A running browser with one page; closed when it goes out of scope.
pub struct Chromium {
    browser: Child,
    orders: ChildStdin,
    words: Receiver<Value>,
    asked: u64,
    page: String,
}

impl Chromium {
    /// Starts it over a home folder, whose `profile` is its own; without a display it is headless.
    pub fn start(home: &Path, display: Option<&str>, environment: &[(&str, &Path)]) -> Chromium {
        let mut command = Command::new("sh");
        // The protocol's pipe is 3 and 4 of the browser.
        command
            .args([
                "-c",
                "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1",
                "chromium",
            ])
            .args(FLAGS)
            .arg(format!(
                "--user-data-dir={}",
                home.join("profile").display()
            ))
            .env("HOME", home)
            .envs(environment.iter().copied())
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        match display {
            Some(display) => command.env("DISPLAY", display),
            None => command.arg("--headless"),
        };
        let mut browser = command.arg("about:blank").spawn().expect("a shell");
        let orders = browser.stdin.take().expect("a pipe");
        let output = BufReader::new(browser.stdout.take().expect("a pipe"));
        let (sender, words) = mpsc::channel();
        std::thread::spawn(move || {
            for message in output.split(0).map_while(Result::ok) {
                let _ = sender.send(serde_json::from_slice(&message).expect("JSON"));
            }
        });
        let mut chromium = Chromium {
            browser,
            orders,
            words,
            asked: 0,
            page: String::new(),
        };
        let id = chromium.first_page();
        let attached = chromium.ask(
            "Target.attachToTarget",
            json!({ "targetId": id, "flatten": true }),
        );
        attached["sessionId"]
            .as_str()
            .expect("a session")
            .clone_into(&mut chromium.page);
        chromium
    }

    fn first_page(&mut self) -> String {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let targets = self.ask("Target.getTargets", json!({}));
            let mut targets = targets["targetInfos"].as_array().expect("a list").iter();
            if let Some(page) = targets.find(|target| target["type"] == "page") {
                return page["targetId"].as_str().expect("an identity").to_owned();
            }
            pause();
        }
        panic!("Chromium opens no page");
    }

    /// Begins to load an address and does not wait: a PIN may have to be typed first.
    pub fn leave_for(&mut self, address: &str) {
        self.send("Page.navigate", json!({ "url": address }));
    }

    /// Follows the first link of the page, and does not wait either.
    pub fn follow_link(&mut self) {
        let script = "document.querySelector('a').click()";
        self.send("Runtime.evaluate", json!({ "expression": script }));
    }

    /// The page's address, without its query, and its text.
    pub fn text(&mut self) -> String {
        let script = "location.href.split('?')[0] + '\\n' + document.body?.innerText";
        let script = json!({ "expression": script });
        let seen = self.ask_within(Duration::from_secs(2), "Runtime.evaluate", script);
        let text = seen.map(|seen| {
            seen["result"]["value"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        });
        text.unwrap_or_default()
    }

    /// The same once it holds those words.
    pub fn reads(&mut self, words: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            if text.contains(words) {
                return text;
            }
            assert!(
                Instant::now() < until,
                "the page never says {words:?}, but: {text}"
            );
            pause();
        }
    }

    /// Writes a picture of the whole page as it is.
    pub fn picture(&mut self, file: &Path) {
        let size = self.ask("Page.getLayoutMetrics", json!({}));
        let size = &size["cssContentSize"];
        let clip =
            json!({ "x": 0, "y": 0, "scale": 1, "width": size["width"], "height": size["height"] });
        let whole = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = self.ask("Page.captureScreenshot", whole);
        let bytes = BASE64_STANDARD.decode(taken["data"].as_str().expect("a picture"));
        std::fs::write(file, bytes.expect("base64")).expect("a file");
    }

    fn send(&mut self, method: &str, parameters: Value) -> u64 {
        self.asked += 1;
        let mut message = json!({ "id": self.asked, "method": method, "params": parameters });
        if !self.page.is_empty() {
            message["sessionId"] = json!(self.page);
        }
        let mut message = message.to_string();
        message.push('\0');
        self.orders
            .write_all(message.as_bytes())
            .expect("Chromium runs");
        self.asked
    }

    /// What came of an order.
    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        let told = self.ask_within(PATIENCE, method, parameters);
        told.unwrap_or_else(|| panic!("Chromium does not answer {method}"))
    }

    /// The same; `None` where no answer comes in time, as when the page is left meanwhile.
    fn ask_within(&mut self, time: Duration, method: &str, parameters: Value) -> Option<Value> {
        let id = self.send(method, parameters);
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let mut word = self.words.recv_timeout(left).ok()?;
            if word["id"] == id {
                return Some(word["result"].take());
            }
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.page.clear();
        let _ = self
            .orders
            .write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            if !matches!(self.browser.try_wait(), Ok(None)) {
                return;
            }
            pause();
        }
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}
