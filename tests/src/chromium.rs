//! Headless Chromium through chromedriver (WebDriver): found on the machine, installed with
//! apt-get when that is possible, and ended with the test.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::ops::Deref;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use crate::guardian::{Folder, Guarded};
use crate::output::output_path;
use crate::packages::{found_or_installed, on_path};
use crate::page::Page;

/// How a Chromium is started.
#[derive(Debug, Clone)]
pub struct ChromiumOptions {
    name: String,
    resolver_rules: String,
    ignore_certificate_errors: bool,
    third_party_cookies: Option<bool>,
    languages: Option<String>,
    arguments: Vec<String>,
}

impl ChromiumOptions {
    /// `name` is the test's: it names logs and screenshots. Every host under `.test` is this
    /// machine, so that one test can have relying parties on several sites.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            resolver_rules: "MAP *.test 127.0.0.1".to_owned(),
            ignore_certificate_errors: false,
            third_party_cookies: None,
            languages: None,
            arguments: Vec::new(),
        }
    }

    /// Other host resolver rules.
    #[must_use]
    pub fn resolver_rules(mut self, rules: &str) -> Self {
        rules.clone_into(&mut self.resolver_rules);
        self
    }

    /// Accepts any certificate.
    #[must_use]
    pub fn ignore_certificate_errors(mut self) -> Self {
        self.ignore_certificate_errors = true;
        self
    }

    /// Whether frames of other sites have cookies, whatever this version's default is.
    #[must_use]
    pub fn third_party_cookies(mut self, allowed: bool) -> Self {
        self.third_party_cookies = Some(allowed);
        self
    }

    /// The languages that the person prefers, best first: what `Accept-Language` is made of.
    #[must_use]
    pub fn languages(mut self, tags: &str) -> Self {
        self.languages = Some(tags.to_owned());
        self
    }

    /// One more command line argument.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }
}

/// A running browser with an empty profile; use it as the [`Page`] it shows.
#[derive(Debug)]
pub struct Chromium {
    page: Page,
    driver: Driver,
    session: String,
}

impl Chromium {
    /// Starts one with the defaults.
    pub async fn start(name: &str) -> Self {
        Self::start_with(ChromiumOptions::new(name)).await
    }

    /// Starts one.
    pub async fn start_with(options: ChromiumOptions) -> Self {
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(), // tests run as root in containers; the pages are ours
            "--disable-dev-shm-usage".to_owned(),
            "--disable-gpu".to_owned(),
            "--no-first-run".to_owned(),
            "--window-size=1280,900".to_owned(),
            format!("--host-resolver-rules={}", options.resolver_rules),
        ];
        if options.ignore_certificate_errors {
            arguments.push("--ignore-certificate-errors".to_owned());
        }
        arguments.extend(options.arguments);
        let mut preferences = json!({});
        if let Some(allowed) = options.third_party_cookies {
            preferences["profile.block_third_party_cookies"] = json!(!allowed);
            preferences["profile.cookie_controls_mode"] = json!(i32::from(!allowed));
        }
        if let Some(tags) = &options.languages {
            preferences["intl.accept_languages"] = json!(tags);
        }
        let capabilities = json!({
            "acceptInsecureCerts": options.ignore_certificate_errors,
            "goog:chromeOptions": {
                "binary": programs().browser,
                "args": arguments,
                "prefs": preferences,
            },
        });
        let driver = Driver::start(&options.name);
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .unwrap_or_else(|fault| panic!("Chromium does not start: {fault}; see {}", driver.log.display()));
        let session = client.session_id().await.unwrap().expect("a session has an id");
        Self { page: Page::new(client, &options.name), driver, session }
    }
}

impl Deref for Chromium {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

impl Drop for Chromium {
    /// chromedriver ends its Chromium only when it is told to end the session, and a destructor
    /// cannot await: so one request by hand.
    fn drop(&mut self) {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.driver.port)) {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
            let request = format!(
                "DELETE /session/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
                self.session
            );
            let _ = stream.write_all(request.as_bytes());
            let _ = stream.read(&mut [0; 1024]);
        }
    }
}

#[derive(Debug)]
struct Driver {
    port: u16,
    log: PathBuf,
    _process: Guarded,
    _files: Folder,
}

impl Driver {
    fn start(name: &str) -> Self {
        let log = output_path(&format!("logs/{name}-chromedriver.log"));
        let output = File::create(&log).unwrap();
        let files = Folder::new("grantor-chromium-");
        let process = Command::new(&programs().driver)
            .arg("--port=0")
            .env("TMPDIR", files.path()) // the profile, and what Chromium forgets to remove
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .expect("chromedriver starts");
        let mut driver = Self { port: 0, log, _process: Guarded::group(process), _files: files };
        let started = Instant::now();
        while driver.port == 0 {
            let said = fs::read_to_string(&driver.log).unwrap();
            if let Some((_, after)) = said.split_once("started successfully on port ")
                && let Some((port, _)) = after.split_once('.')
            {
                driver.port = port.parse().expect("a port");
            }
            assert!(started.elapsed() < Duration::from_secs(30), "chromedriver does not start: {said}");
            std::thread::sleep(Duration::from_millis(10));
        }
        driver
    }
}

struct Programs {
    browser: PathBuf,
    driver: PathBuf,
}

/// Chromium and its driver: from `CHROMIUM` and `CHROMEDRIVER`, from `PATH`, or installed.
fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Option<Programs>> = OnceLock::new();
    let packages = ["chromium", "chromium-driver", "fonts-liberation"];
    PROGRAMS.get_or_init(|| found_or_installed(find, &packages)).as_ref().unwrap_or_else(|| {
        panic!(
            "browser tests need Chromium and chromedriver: as root, apt-get install chromium chromium-driver (or name \
             them in CHROMIUM and CHROMEDRIVER)"
        )
    })
}

fn find() -> Option<Programs> {
    let browser =
        named("CHROMIUM").or_else(|| on_path(&["chromium", "chromium-browser", "google-chrome"]))?;
    let driver = named("CHROMEDRIVER").or_else(|| on_path(&["chromedriver"]))?;
    Some(Programs { browser, driver })
}

fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::accessibility::{Scheme, Screen};
    use crate::site::Site;

    #[tokio::test]
    async fn the_browser_shows_two_tabs_and_what_a_person_prefers() {
        let (site, chromium) = (Site::start().await, Chromium::start("harness").await);
        chromium.goto(&site.url("/callback?code=one&state=%3Cb%3E")).await;
        assert_eq!(chromium.wait_for_text("received-state", "<").await, "<b>");
        let first = chromium.tab().await;
        chromium.open_tab().await;
        chromium.goto(&site.foreign_url("/callback?code=two")).await;
        chromium.turn_to(&first).await;
        assert_eq!(chromium.parameter("code").await.as_deref(), Some("one"));

        chromium.shown(Scheme::Dark, Screen::Phone).await;
        let seen = chromium
            .run("return [matchMedia('(prefers-color-scheme: dark)').matches, innerWidth]", vec![])
            .await;
        assert_eq!(seen[0], json!(true));
        assert!(chromium.screenshot("phone").await.is_file());
    }

    /// A checker that never objects would let every page pass.
    #[tokio::test]
    async fn axe_objects_to_a_page_without_a_language_and_to_faint_text() {
        let (site, chromium) = (Site::start().await, Chromium::start("harness-axe").await);
        chromium.goto(&site.url("/callback?code=one")).await;
        chromium.run("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:#ddd;background:#fff\">faint')", vec![]).await;
        let found = chromium.violations().await;
        assert!(found.contains("html-has-lang") && found.contains("color-contrast"), "{found}");
    }
}
