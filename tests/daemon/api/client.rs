//! A program of a partner, which believes an answer only when it is as the documentation says.

use std::net::SocketAddr;

use jsonschema::Validator;
use serde_json::{Value, json};
use zavud::domain::{ApiKey, ApiKeyId, ApiMode, ProjectId, Scopes, Timestamp};
use zavud::store::{NewApiKey, Store};

use crate::support::{Answer, TestDaemon, ask_with, get};

/// Has a key, and knows the documentation.
pub(crate) struct Client {
    pub(crate) server: SocketAddr,
    pub(crate) key: String,
    document: Value,
}

/// Makes a key for everything.
pub(crate) async fn make_key(
    store: &Store,
    project: &ProjectId,
    mode: ApiMode,
    index: u8,
) -> ApiKey {
    make_key_for(store, project, (mode, Scopes::all()), index).await
}

/// Makes a key for something.
pub(crate) async fn make_key_for(
    store: &Store,
    project: &ProjectId,
    (mode, scopes): (ApiMode, Scopes),
    index: u8,
) -> ApiKey {
    let key = ApiKey::new(mode, [index; 20]);
    let new = NewApiKey {
        id: ApiKeyId::new(Timestamp::from_unix_millis(1_795_000_000_000), [index; 10]),
        project: project.clone(),
        mode,
        name: "test".parse().unwrap(),
        key: key.clone(),
        scopes,
        created_at: Timestamp::from_unix_millis(1_795_000_000_000),
    };
    store.write(move |writer| writer.insert_api_key(&new)).await.unwrap();
    key
}

impl Client {
    /// With a live key for the project of a daemon.
    pub(crate) async fn of(daemon: &TestDaemon) -> Self {
        let (store, project) = (&daemon.daemon.store, &daemon.invited.project);
        let key = make_key(store, project, ApiMode::Live, 1).await;
        Self::with_key(daemon.daemon.web_address(), key.expose()).await
    }

    /// With a test key for the project of a daemon.
    pub(crate) async fn of_test(daemon: &TestDaemon) -> Self {
        let (store, project) = (&daemon.daemon.store, &daemon.invited.project);
        let key = make_key(store, project, ApiMode::Test, 2).await;
        Self::with_key(daemon.daemon.web_address(), key.expose()).await
    }

    pub(crate) async fn with_key(server: SocketAddr, key: &str) -> Self {
        let document = get(server, "/v1/openapi.json").await;
        assert_eq!(document.status, 200);
        let document = serde_json::from_str(document.text()).unwrap();
        Self { server, key: key.to_owned(), document }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ask("GET", path, &[], None).await.1
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask("POST", path, &[], Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask("PATCH", path, &[], Some(body)).await
    }

    /// Asks, and tells the status and the body of an answer that is as the documentation says.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> (u16, Value) {
        let answer = self.raw(method, path, headers, body.map(|body| body.to_string())).await;
        let status = answer.status.as_u16();
        let value = self.checked(method, path, &answer);
        (status, value)
    }

    /// Asks, whatever the answer is.
    pub(crate) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        let key = format!("Bearer {}", self.key);
        let mut all = vec![("authorization", key.as_str())];
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
            all.push(("content-type", "application/json"));
        }
        all.extend(headers);
        ask_with(self.server, method, &format!("/v1{path}"), &all, &body.unwrap_or_default()).await
    }

    /// The body of an answer, if the documentation has such a one for this address.
    pub(crate) fn checked(&self, method: &str, path: &str, answer: &Answer) -> Value {
        let operation = self.operation(method, path);
        let status = answer.status.as_u16().to_string();
        let described = &operation["responses"][&status];
        assert!(described.is_object(), "{method} {path} may not answer {status}");
        if answer.body.is_empty() {
            assert!(described["content"].is_null(), "{method} {path}: an answer without a body");
            return Value::Null;
        }
        assert_eq!(answer.header("content-type"), "application/json");
        let value: Value = serde_json::from_str(answer.text()).unwrap();
        let schema = &described["content"]["application/json"]["schema"];
        assert!(!schema.is_null(), "{method} {path} {status} has no body: {value}");
        let schema = json!({ "allOf": [schema], "components": self.document["components"] });
        let errors: Vec<String> =
            validator(&schema).iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{method} {path} {status}: {errors:#?} in {value:#}");
        value
    }

    fn operation(&self, method: &str, path: &str) -> &Value {
        let path = path.split('?').next().unwrap();
        let paths = self.document["paths"].as_object().unwrap();
        // An address that stands there as it is comes before one with a gap in it.
        let exact = paths.get(path).filter(|methods| methods.get(method.to_lowercase()).is_some());
        let fits = |template: &&String| {
            let (template, path) = (template.split('/'), path.split('/'));
            template.clone().count() == path.clone().count()
                && template.zip(path).all(|(one, other)| one.starts_with('{') || one == other)
        };
        let methods = exact.or_else(|| paths.keys().find(fits).map(|template| &paths[template]));
        let methods = methods.unwrap_or_else(|| panic!("{path} is not in the documentation"));
        &methods[method.to_lowercase()]
    }
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::options().should_validate_formats(true).build(schema).unwrap()
}

/// The server-sent events of something.
pub(crate) struct Events {
    received: String,
    body: hyper::body::Incoming,
}

impl Client {
    pub(crate) async fn watch(&self, path: &str) -> Events {
        let key = format!("Bearer {}", self.key);
        let headers = [("authorization", key.as_str())];
        let body = crate::support::open(self.server, &format!("/v1{path}"), &headers).await;
        Events { received: String::new(), body }
    }
}

impl Events {
    /// The name and the data of the next one.
    pub(crate) async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some((event, rest)) = self.received.split_once("\n\n") {
                let field = |name| event.lines().find_map(|line| line.strip_prefix(name));
                let read = field("event: ").zip(field("data: "));
                let read =
                    read.map(|(name, data)| (name.to_owned(), serde_json::from_str(data).unwrap()));
                self.received = rest.to_owned();
                match read {
                    Some(read) => return read,
                    None => continue,
                }
            }
            assert!(self.read_on().await, "the events go on");
        }
    }

    /// Waits until no more follow.
    pub(crate) async fn end(mut self) {
        while self.read_on().await {}
    }

    async fn read_on(&mut self) -> bool {
        use http_body_util::BodyExt as _;
        let frame = tokio::time::timeout(crate::support::PATIENCE, self.body.frame()).await;
        match frame.expect("something follows") {
            Some(Ok(frame)) => {
                let bytes = frame.into_data().unwrap_or_default();
                self.received += std::str::from_utf8(&bytes).unwrap();
                true
            }
            Some(Err(_)) | None => false,
        }
    }
}
