//! A function that a dataset has in schema `staging`: its name, its body, and the statement that
//! creates it with the rights to it.

use super::ident::dollar_quoted;

/// A function as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Without the schema.
    pub name: String,
    /// What Postgres stores as the function's source.
    pub body: String,
    /// Creates or replaces the function.
    pub sql: String,
}

/// What differs between the functions that a dataset has.
pub(super) struct Definition<'a> {
    pub name: String,
    /// Such as `in_load_id bigint`.
    pub arguments: &'a str,
    pub returns: &'a str,
    /// Settings that hold while the function runs, besides its search path.
    pub settings: &'a [&'a str],
    /// The tag of the dollar quotes around the body.
    pub tag: &'a str,
    pub body: String,
    /// The statements that follow, which say who may call it.
    pub rights: String,
}

impl Definition<'_> {
    /// A function of PL/pgSQL that runs with the rights of the star's owner. A policy that applies to the owner is an
    /// error, because it would hide rows that the function must see.
    pub fn function(self) -> Function {
        let Definition { name, arguments, returns, settings, tag, body, rights } = self;
        let settings: String = settings.iter().map(|s| format!("    set {s}\n")).collect();
        let sql = format!(
            "create or replace function staging.{name}({arguments}) returns {returns}
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
    set row_security = off
{settings}as {};
{rights}",
            dollar_quoted(tag, &body)
        );
        Function { name, body, sql }
    }
}

/// The prefixes of the functions' names; the dataset's name follows.
pub const FUNCTION_PREFIXES: [&str; 6] =
    ["begin", "complete", "normalise", "open", "replace", "undo"];
