//! The documentation of the API, made from its handlers: as OpenAPI 3.1 for programs, and as a page. It is
//! for whoever writes programs, so it is in English, and all words of the page come from the document.

use std::sync::Arc;

use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::Value;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, ServerBuilder};
use utoipa::{Modify, OpenApi};

use super::error::ErrorBody;
use crate::web::layout::{self, Page};
use crate::web::routes::{Access, Route};
use crate::web::words::Tongue;

/// What the document says besides what handlers do.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "zavud",
        description = "Invite clients to connect WhatsApp Business, follow them, and send messages. Every \
            request has the header `Authorization: Bearer zv_live_...`, or `zv_test_...` for a test of the \
            project in which nobody is connected and nothing is sent. Times are ISO 8601 in UTC. Lists \
            are cut into pages: `nextCursor` of one is `cursor` of the next. A POST with an \
            `Idempotency-Key` is done once, however often it is sent within a day. Webhooks carry \
            `X-Zavu-Signature: t=<unix seconds>,v2=<hex>`, which is the HMAC-SHA256 of `<t>.<body>` by the \
            secret of the webhook; while a secret takes the place of another there is one of each.",
    ),
    components(schemas(ErrorBody)),
    modifiers(&Bearer),
    security(("key" = [])),
)]
struct Frame;

/// How requests prove themselves.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(scheme));
    }
}

pub(super) fn frame() -> Document {
    Frame::openapi()
}

/// The addresses that it describes. Each takes a key.
pub(super) fn routes_of(document: &Document) -> Vec<Route> {
    let operations = document.paths.paths.iter().flat_map(|(path, item)| {
        let methods = [
            (Method::GET, item.get.is_some()),
            (Method::POST, item.post.is_some()),
            (Method::PUT, item.put.is_some()),
            (Method::PATCH, item.patch.is_some()),
            (Method::DELETE, item.delete.is_some()),
        ];
        methods.into_iter().filter(|(_, is_there)| *is_there).map(move |(method, _)| (method, path))
    });
    operations
        .map(|(method, path)| Route { method, path: path.clone(), access: Access::Key })
        .collect()
}

/// Both forms of the document, made once.
pub(super) struct Documents {
    pub(super) json: Arc<str>,
    pub(super) page: Arc<str>,
}

impl Documents {
    pub(super) fn of(document: &Document, public_url: &str) -> Self {
        let mut document = document.clone();
        let server = ServerBuilder::new().url(format!("{public_url}/v1")).build();
        document.servers = Some(vec![server]);
        let value = serde_json::to_value(&document).unwrap_or_default();
        let page = rendered(&value).into_string();
        Self { json: value.to_string().into(), page: page.into() }
    }
}

/// `GET /v1/openapi.json`
pub(super) async fn json(document: Arc<str>) -> Response {
    ([(CONTENT_TYPE, "application/json")], document.to_string()).into_response()
}

/// `GET /v1/docs`
pub(super) async fn page(page: Arc<str>) -> Response {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], page.to_string()).into_response()
}

fn rendered(document: &Value) -> Markup {
    let title = text(&document["info"]["title"]);
    let schemas = members(&document["components"]["schemas"]);
    layout::document(&Page {
        tongue: Tongue::English,
        title,
        brand: None,
        scripts: &[],
        is_live: false,
        content: html! {
            div.reference {
                h1 { (title) }
                p { (marked(text(&document["info"]["description"]))) }
                p { a href="openapi.json" { "openapi.json" } }
                @for (path, methods) in members(&document["paths"]) {
                    @for (method, operation) in members(methods) {
                        (rendered_operation(path, method, operation))
                    }
                }
                @for (name, schema) in schemas { (rendered_schema(name, schema)) }
            }
        },
    })
}

fn rendered_operation(path: &str, method: &str, operation: &Value) -> Markup {
    let description = text(&operation["description"]);
    html! {
        section {
            h2 { (text(&operation["summary"])) }
            p { code { (method.to_uppercase()) " /v1" (path) } }
            @if !description.is_empty() { p { (marked(description)) } }
            @let parameters = operation["parameters"].as_array();
            @if let Some(parameters) = parameters {
                dl {
                    @for parameter in parameters {
                        dt { code { (text(&parameter["name"])) } " " (text(&parameter["in"])) }
                        dd { (marked(text(&parameter["description"]))) }
                    }
                }
            }
            dl {
                @if let Some(schema) = body(&operation["requestBody"]) {
                    dt { "\u{2192}" }
                    dd { (kind(schema)) }
                }
                // What goes wrong is the same everywhere, and stands at the end.
                @for (status, answer) in good_answers(operation) {
                    dt { (status) " \u{2190}" }
                    dd {
                        @if let Some(schema) = body(answer) { (kind(schema)) " " }
                        (text(&answer["description"]))
                    }
                }
            }
        }
    }
}

fn good_answers(operation: &Value) -> impl Iterator<Item = (&str, &Value)> {
    members(&operation["responses"]).filter(|(status, _)| status.starts_with('2'))
}

fn rendered_schema(name: &str, schema: &Value) -> Markup {
    let required = schema["required"].as_array();
    let is_required = |field: &str| {
        required.is_some_and(|names| names.iter().any(|name| name.as_str() == Some(field)))
    };
    html! {
        section #(anchor(name)) {
            h2 { (name) }
            p { (marked(text(&schema["description"]))) }
            @if let Some(values) = schema["enum"].as_array() {
                p { @for value in values { code { (text(value)) } " " } }
            }
            dl {
                @for (field, schema) in members(&schema["properties"]) {
                    dt { code { (field) } @if !is_required(field) { " ?" } " " (kind(schema)) }
                    dd { (marked(text(&schema["description"]))) }
                }
            }
        }
    }
}

/// What a value is: a name that leads to its own description, or the words of JSON Schema.
fn kind(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return html! { a href={ "#" (anchor(name)) } { (name) } };
    }
    let either = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    if let Some(either) = either {
        return html! { @for (index, schema) in either.iter().enumerate() {
            @if index > 0 { " | " } (kind(schema))
        } };
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect(),
        single => vec![text(single)],
    };
    html! {
        (types.join(" | "))
        @if types.contains(&"array") { "[" (kind(&schema["items"])) "]" }
        @if let Some(format) = schema["format"].as_str() { " (" (format) ")" }
    }
}

fn body(part: &Value) -> Option<&Value> {
    let (_, content) = members(&part["content"]).next()?;
    Some(&content["schema"])
}

fn anchor(name: &str) -> String {
    format!("schema-{name}")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// What stands between backticks is code.
fn marked(words: &str) -> Markup {
    html! {
        @for (index, part) in words.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
