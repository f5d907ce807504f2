//! Checks a value against a JSON schema. It panics at a keyword that it does not know, so that no rule is
//! skipped.

use serde_json::Value;

/// Panics if `value` does not match `schema`.
#[track_caller]
pub fn assert_valid(schema: &Value, value: &Value) {
    if let Err(why) = check(schema, value, "$") {
        panic!("{why}: {value}");
    }
}

fn check(schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    let count = |rule: &Value| rule.as_u64().unwrap() as usize;
    let length = match value {
        Value::Array(items) => items.len(),
        Value::String(text) => text.chars().count(),
        _ => 0,
    };
    for (keyword, rule) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$schema" | "$id" | "title" | "description" => true,
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_u64() || value.is_i64(),
                "number" => value.is_number(),
                "boolean" => value.is_boolean(),
                other => panic!("{other}"),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "minItems" | "minLength" => length >= count(rule),
            "maxItems" | "maxLength" => length <= count(rule),
            "required" => {
                let names = rule.as_array().unwrap();
                names.iter().all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "additionalProperties" => {
                assert_eq!(*rule, Value::Bool(false));
                let known = schema["properties"].as_object().unwrap();
                value
                    .as_object()
                    .is_none_or(|held| held.keys().all(|name| known.contains_key(name)))
            }
            "properties" => {
                for (name, schema) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        check(schema, value, &format!("{path}.{name}"))?;
                    }
                }
                true
            }
            "items" => {
                for (place, value) in value.as_array().into_iter().flatten().enumerate() {
                    check(rule, value, &format!("{path}[{place}]"))?;
                }
                true
            }
            other => panic!("the schema's keyword {other} is not checked"),
        };
        if !holds {
            return Err(format!("{path} breaks {keyword} {rule}"));
        }
    }
    Ok(())
}

#[test]
fn a_value_that_breaks_its_schema_is_found() {
    let schema = serde_json::json!({
        "type": "object", "required": ["a"],
        "properties": { "a": { "type": "array", "minItems": 1, "items": { "enum": ["x"] } } },
    });
    let broken = |value: Value| check(&schema, &value, "$").is_err();
    assert!(!broken(serde_json::json!({ "a": ["x"], "b": 1 })));
    for value in
        [serde_json::json!({}), serde_json::json!({ "a": [] }), serde_json::json!({ "a": ["y"] })]
    {
        assert!(broken(value));
    }
}
