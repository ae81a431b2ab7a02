//! What a person does in Chromium, by element id; failures show the address, the text and a
//! screenshot.

use std::fmt::Debug;
use std::fs;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::elements::Element;
use fantoccini::wd::{WebDriverCompatibleCommand, WindowHandle};
use fantoccini::{Client, Locator};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::output::{output_path, tail};
use crate::person::Person;

const PATIENCE: Duration = Duration::from_secs(15);

/// The tab that the browser shows.
#[derive(Debug, Clone)]
pub struct Page {
    client: Client,
    name: String,
}

impl Page {
    pub(crate) fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.to_owned() }
    }

    /// Opens an address, as if typed.
    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|fault| panic!("cannot open {url}: {fault}"));
    }

    /// Presses the back button.
    pub async fn back(&self) {
        self.client.back().await.expect("there is a page to go back to");
    }

    /// Presses the reload button.
    pub async fn reload(&self) {
        self.client.refresh().await.expect("the page reloads");
    }

    /// The address shown.
    pub async fn url(&self) -> Url {
        self.client.current_url().await.unwrap()
    }

    /// A parameter of the query of the address shown.
    pub async fn parameter(&self, name: &str) -> Option<String> {
        self.url().await.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }

    /// Whether the page has an element with this id, now.
    pub async fn has(&self, id: &str) -> bool {
        self.client.find(Locator::Id(id)).await.is_ok()
    }

    /// Whether the element with this id is there and says something, now.
    pub async fn has_text(&self, id: &str) -> bool {
        let script = "return (document.getElementById(arguments[0])?.innerText ?? '') !== ''";
        self.run(script, vec![id.into()]).await == json!(true)
    }

    /// Waits until an element with this id exists.
    pub async fn wait_for(&self, id: &str) -> Element {
        let started = Instant::now();
        loop {
            if let Ok(element) = self.client.find(Locator::Id(id)).await {
                return element;
            }
            if started.elapsed() > PATIENCE {
                self.fail(&format!("#{id} does not appear")).await;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until the address contains this text.
    pub async fn wait_for_url(&self, part: &str) -> Url {
        let started = Instant::now();
        loop {
            let url = self.url().await;
            if url.as_str().contains(part) {
                return url;
            }
            if started.elapsed() > PATIENCE {
                self.fail(&format!("the address does not come to contain {part}")).await;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until the element with this id has text that contains `part`, and gives it.
    pub async fn wait_for_text(&self, id: &str, part: &str) -> String {
        let started = Instant::now();
        loop {
            let text = match self.client.find(Locator::Id(id)).await {
                Ok(element) => element.text().await.unwrap_or_default(), // gone again: a navigation
                Err(_) => String::new(),
            };
            if !text.is_empty() && text.contains(part) {
                return text;
            }
            if started.elapsed() > PATIENCE {
                self.fail(&format!("#{id} does not come to say {part:?}, but {text:?}")).await;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Clears a field and types into it.
    pub async fn fill(&self, id: &str, text: &str) {
        let field = self.wait_for(id).await;
        field.clear().await.expect("the field can be cleared");
        field.send_keys(text).await.expect("the field can be typed into");
    }

    /// Clicks an element once it exists.
    pub async fn click(&self, id: &str) {
        let element = self.wait_for(id).await;
        if let Err(fault) = element.click().await {
            self.fail(&format!("#{id} cannot be clicked: {fault}")).await;
        }
    }

    /// Types name and password and presses the button.
    pub async fn logs_in(&self, person: &Person) {
        self.fill("login", &person.username).await;
        self.fill("password", &person.password).await;
        self.click("submit-login").await;
    }

    /// Visible text of the page.
    pub async fn text(&self) -> String {
        self.run("return document.body ? document.body.innerText : ''", vec![])
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Runs a script in the page.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client
            .execute(script, arguments)
            .await
            .unwrap_or_else(|fault| panic!("script failed: {fault}\n{script}"))
    }

    /// Runs a script that calls its last argument with the result.
    pub async fn run_async(&self, script: &str, arguments: Vec<Value>) -> Value {
        let ran = self.client.execute_async(script, arguments).await;
        ran.unwrap_or_else(|fault| panic!("script failed: {fault}\n{}", tail(script, 10)))
    }

    /// Opens a new tab and turns to it.
    pub async fn open_tab(&self) -> WindowHandle {
        let tab = self.client.new_window(true).await.unwrap().handle;
        self.turn_to(&tab).await;
        tab
    }

    /// The tab shown.
    pub async fn tab(&self) -> WindowHandle {
        self.client.window().await.unwrap()
    }

    /// Turns to a tab.
    pub async fn turn_to(&self, tab: &WindowHandle) {
        self.client.switch_to_window(tab.clone()).await.unwrap();
    }

    /// A command of the browser's developer tools (CDP), for what `WebDriver` has no words for.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let command = DevtoolsCommand(json!({"cmd": command, "params": parameters}));
        let ran = self.client.issue_cmd(command.clone()).await;
        ran.unwrap_or_else(|fault| panic!("{command:?} failed: {fault}"))
    }

    /// The whole page as `tests/output/screens/<test>-<name>.png`.
    pub async fn screenshot(&self, name: &str) -> std::path::PathBuf {
        let parameters = json!({"format": "png", "captureBeyondViewport": true});
        let taken = self.devtools("Page.captureScreenshot", parameters).await;
        let path = output_path(&format!("screens/{}-{name}.png", self.name));
        fs::write(&path, STANDARD.decode(taken["data"].as_str().unwrap()).unwrap()).unwrap();
        path
    }

    async fn fail(&self, what: &str) -> ! {
        let screenshot = self.screenshot("failed").await;
        let (url, text) = (self.url().await, self.text().await);
        panic!(
            "{what}\naddress: {url}\nscreenshot: {}\ntext of the page:\n{}",
            screenshot.display(),
            tail(&text, 40)
        );
    }
}

#[derive(Debug, Clone)]
struct DevtoolsCommand(Value);

impl WebDriverCompatibleCommand for DevtoolsCommand {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.0.to_string()))
    }
}
