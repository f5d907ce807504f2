//! Tests of the database itself: roles, rights, logins, TLS and the functions of the ledger.

mod administrators;
mod certificates;
mod ledger_ends;
mod ledger_functions;
mod login;
mod names;
mod pooler;
mod roles;
mod session;
pub mod tls;
