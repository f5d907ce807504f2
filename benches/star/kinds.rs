//! The contracts of the benchmark: one for each kind of dimension and of fact.

/// The columns, which all contracts share.
pub const COLUMNS: &str = r#"
name  = "shop"
match = ["shop/*"]
[columns]
id     = { type = "bigint", required = true }
member = { type = "bigint" }
town   = { type = "text" }
name   = { type = "text" }
paid   = { type = "integer" }
at     = { type = "timestamp" }
kind   = { type = "text" }
rev    = { type = "integer" }
"#;

/// The kinds: a name for the table, and the part of the contract after its columns.
pub const KINDS: &[(&str, &str)] = &[
    (
        "fact, by grain",
        "[fact.sale]\ngrain = [\"id\"]\ndimensions = [{ date = \"at\" }]\nmeasures = [\"paid\"]",
    ),
    (
        "fact, by grain and `version`",
        "[fact.sale]\ngrain = [\"id\"]\nversion = \"rev\"\ndimensions = [{ date = \"at\" }]\nmeasures = [\"paid\"]",
    ),
    (
        "fact, `keep`",
        "[fact.sale]\ngrain = [\"id\"]\nconflict = \"keep\"\ndimensions = [{ date = \"at\" }]\nmeasures = [\"paid\"]",
    ),
    (
        "fact, `delete_when`",
        "[fact.sale]\ngrain = [\"id\"]\ndelete_when = \"kind = 'delete'\"\ndimensions = [{ date = \"at\" }]\nmeasures = [\"paid\"]",
    ),
    (
        "fact, replaced",
        "[policy]\noverwrite = \"replace\"\n[fact.sale]\ngrain = [\"id\"]\ndimensions = [{ date = \"at\" }]\nmeasures = [\"paid\"]",
    ),
    (
        "fact, append only",
        "[fact.sale]\ndimensions = [{ date = \"at\" }]\nmeasures = [\"id\", \"paid\"]",
    ),
    (
        "dimension, key alone",
        "[dimension.member]\nkey = [\"member\"]\n[fact.sale]\ngrain = [\"id\"]\ndimensions = [\"member\"]\nmeasures = [\"paid\"]",
    ),
    (
        "dimension, `overwrite`",
        "[dimension.member]\nkey = [\"member\"]\nattributes = [\"town\", \"name\"]\n[fact.sale]\ngrain = [\"id\"]\ndimensions = [\"member\"]\nmeasures = [\"paid\"]",
    ),
    (
        "dimension, `first`",
        "[dimension.member]\nkey = [\"member\"]\nattributes = [\"town\", \"name\"]\nhistory = \"first\"\n[fact.sale]\ngrain = [\"id\"]\ndimensions = [\"member\"]\nmeasures = [\"paid\"]",
    ),
    (
        "dimension, `versions`",
        "[dimension.member]\nkey = [\"member\"]\nattributes = [\"town\", \"name\"]\nhistory = \"versions\"\nvalid_from = \"at\"\n[fact.sale]\ngrain = [\"id\"]\ndimensions = [\"member\"]\nas_of = \"at\"\nmeasures = [\"paid\"]",
    ),
    (
        "dimension, mixed",
        "[dimension.member]\nkey = [\"member\"]\nattributes = [\"town\", \"name\"]\nhistory = { default = \"overwrite\", name = \"versions\" }\nvalid_from = \"at\"\n[fact.sale]\ngrain = [\"id\"]\ndimensions = [\"member\"]\nas_of = \"at\"\nmeasures = [\"paid\"]",
    ),
];
