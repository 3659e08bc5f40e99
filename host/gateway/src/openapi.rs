//! The OpenAPI 3.1 document, made of the route table and the protocol's schemas. (OpenAPI 3.1 takes
//! JSON Schema 2020-12 as it is, <https://spec.openapis.org/oas/v3.1.1.html#schema-object>; only the
//! places of shared definitions differ.)

use crate::{
    api,
    auth::{Access, Principal, scope_name},
    routes::{self, Answer, Content, Route},
};
use chatter_protocol::schema;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

const SHARED: &str = "#/components/schemas/";

/// One part of a room's id, as `RoomId` takes it.
const ROOM_PART: &str = "^[a-z0-9-]{1,63}$";

/// The document as JSON. It is made once.
pub(crate) fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());
    &TEXT
}

fn document() -> Value {
    let mut paths = Map::new();
    for route in routes::table() {
        // axum's wildcard is an ordinary parameter to OpenAPI.
        let path = route.path.replace("{*", "{");
        if let Value::Object(item) = paths.entry(path).or_insert_with(|| json!({})) {
            item.insert(route.method.into(), operation(&route));
        }
    }
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "chatter",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "AI personas chat beside a live stream, in rooms where people talk back.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" }
        },
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A session's or the operator's token." },
                "cookie": { "type": "apiKey", "in": "cookie", "name": crate::auth::COOKIE }
            }
        }
    })
}

fn operation(route: &Route) -> Value {
    let in_path = route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = in_path
        .map(|name| {
            let mut schema = json!({ "type": "string" });
            if matches!(name, "tenant" | "room") {
                schema["pattern"] = json!(ROOM_PART);
            }
            let name = name.trim_start_matches('*');
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        })
        .collect();
    parameters.extend(route.query.iter().map(|parameter| {
        let mut schema = json!({ "type": parameter.of });
        if let Some((least, most)) = bounds(parameter.name) {
            schema["minimum"] = json!(least);
            schema["maximum"] = json!(most);
        }
        if parameter.name == "reason" {
            schema["maxLength"] = json!(api::moderators::MOST_REASON);
        }
        json!({ "name": parameter.name, "in": "query", "description": parameter.about, "schema": schema })
    }));

    let mut responses = Map::new();
    for answer in route.answers {
        responses.insert(answer.status.to_string(), response(answer));
    }
    let mut refusals = route.refusals.to_vec();
    if route.access != Access::Open {
        refusals.push(401);
        refusals.push(403);
    }
    if route.path.contains("{room}") {
        refusals.push(404);
    }
    refusals.sort_unstable();
    refusals.dedup();
    for status in refusals {
        let about = axum::http::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason());
        responses.insert(
            status.to_string(),
            json!({ "description": about.unwrap_or_default(), "content": refusal(route) }),
        );
    }

    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "parameters": parameters,
        "responses": responses
    });
    match route.access {
        Access::Open => operation["security"] = json!([]),
        Access::Scope(scope) | Access::ScopeUnlessLocal(scope) => {
            let mut ways = vec![json!({ "token": [] }), json!({ "cookie": [] })];
            // Without a token one is a guest, where guests are let in, or somebody on this machine.
            let is_local = matches!(route.access, Access::ScopeUnlessLocal(_));
            if is_local || Principal::Anonymous.scopes().contains(&scope) {
                ways.push(json!({}));
            }
            operation["security"] = json!(ways);
            operation["x-scope"] = json!(scope_name(scope));
        }
    }
    if let Some(schema) = route.body {
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": reference(schema) } } });
    }
    operation
}

/// A name for generated clients: `post_v1_rooms_tenant_room_messages`.
fn operation_id(route: &Route) -> String {
    let words = route
        .path
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let words: Vec<_> = std::iter::once(route.method).chain(words).collect();
    words.join("_")
}

/// The least and the most of a parameter, which means the same wherever it stands.
fn bounds(parameter: &str) -> Option<(u64, u64)> {
    match parameter {
        "after" => Some((0, api::messages::MOST_AFTER)),
        "limit" => Some((1, 500)),
        _ => None,
    }
}

/// What refusals carry. A browser that asks for a page is answered with one.
fn refusal(route: &Route) -> Value {
    let is_page = |answer: &Answer| matches!(answer.content, Content::Other("text/html"));
    if route.answers.iter().any(is_page) {
        return json!({ "text/html": {} });
    }
    json!({ "application/problem+json": { "schema": reference("ProblemDocument") } })
}

fn response(answer: &Answer) -> Value {
    let mut response = json!({ "description": answer.about });
    let content = match answer.content {
        Content::Nothing => return response,
        Content::Json(schema) => json!({ "application/json": { "schema": reference(schema) } }),
        Content::AnyOf(schemas) => {
            let any: Vec<Value> = schemas.iter().map(|schema| reference(schema)).collect();
            json!({ "application/json": { "schema": { "anyOf": any } } })
        }
        Content::AnyJson => json!({ "application/json": { "schema": { "type": "object" } } }),
        Content::Other(media_type) => json!({ media_type: {} }),
    };
    response["content"] = content;
    response
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("{SHARED}{schema}") })
}

/// Every schema under its type's name, and what they share beside them.
fn schemas() -> Map<String, Value> {
    let mut all = Map::new();
    for (_, mut schema) in schema::all() {
        move_references(&mut schema);
        let Value::Object(mut object) = schema else {
            continue;
        };
        object.remove("$schema");
        // A schema with an id of its own would be the base of its references.
        object.remove("$id");
        if let Some(Value::Object(definitions)) = object.remove("$defs") {
            all.extend(definitions);
        }
        if let Some(Value::String(title)) = object.get("title").cloned() {
            all.insert(title, Value::Object(object));
        }
    }
    all
}

fn move_references(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(target) if key == "$ref" => {
                        if let Some(name) = target.strip_prefix("#/$defs/") {
                            *target = format!("{SHARED}{name}");
                        }
                    }
                    other => move_references(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(move_references),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                found.extend(
                    object
                        .get("$ref")
                        .and_then(Value::as_str)
                        .map(str::to_owned),
                );
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_route_is_in_the_document() {
        let document = document();
        for route in routes::table() {
            let path = route.path.replace("{*", "{");
            let operation = &document["paths"][&path][route.method];
            assert!(operation.is_object(), "{} {}", route.method, route.path);
            for answer in route.answers {
                assert!(
                    operation["responses"][answer.status.to_string()].is_object(),
                    "{} {}",
                    route.method,
                    route.path
                );
            }
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let mut names: Vec<_> = routes::table().iter().map(operation_id).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "{names:?}");
    }

    #[test]
    fn no_schema_is_a_base_of_its_own() {
        assert!(schemas().values().all(|schema| schema.get("$id").is_none()));
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 20, "{found:?}");
        for target in found {
            let pointer = target
                .strip_prefix('#')
                .expect("a reference within the document");
            assert!(document.pointer(pointer).is_some(), "{target}");
        }
    }
}
