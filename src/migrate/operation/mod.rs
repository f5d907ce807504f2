//! The operations of a migration: one file for each kind, with its line of the plan, what it loses and
//! its statements. None of them queries the database.

mod add_column;
mod add_key;
mod change_formula;
mod change_key;
mod change_type;
mod change_version_end;
mod create_index;
mod create_table;
mod drop_column;
mod drop_dataset;
mod drop_not_null;
mod drop_table;
mod install_dataset;
mod join_months;
mod keep_staging_rows;
mod kind;
mod recreate_table;
mod rename_column;
mod set_not_null;
mod split_table;
mod stop_keeping_rows;

pub(super) use add_column::{AddColumn, ExistingRows};
pub(super) use add_key::AddKey;
pub(super) use change_formula::ChangeFormula;
pub(super) use change_key::ChangeKey;
pub(super) use change_type::ChangeType;
pub(super) use change_version_end::{ChangeVersionEnd, VERSION_ENDS};
pub(super) use create_index::CreateIndex;
pub(super) use create_table::CreateTable;
pub(super) use drop_column::DropColumn;
pub(super) use drop_dataset::DropDataset;
pub(super) use drop_not_null::DropNotNull;
pub(super) use drop_table::DropTable;
pub(super) use install_dataset::InstallDataset;
pub(super) use join_months::JoinMonths;
pub(super) use keep_staging_rows::KeepStagingRows;
pub use kind::Action;
pub(super) use kind::{Measured, OperationKind, Question, has_rows};
pub(super) use recreate_table::RecreateTable;
pub(super) use rename_column::RenameColumn;
pub(super) use set_not_null::SetNotNull;
pub(super) use split_table::SplitTable;
pub(super) use stop_keeping_rows::StopKeepingRows;

/// One step of a migration.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    CreateTable(CreateTable),
    RecreateTable(RecreateTable),
    DropTable(DropTable),
    RenameColumn(RenameColumn),
    AddColumn(AddColumn),
    DropColumn(DropColumn),
    ChangeType(ChangeType),
    ChangeVersionEnd(ChangeVersionEnd),
    SetNotNull(SetNotNull),
    DropNotNull(DropNotNull),
    ChangeKey(ChangeKey),
    AddKey(AddKey),
    SplitTable(SplitTable),
    JoinMonths(JoinMonths),
    CreateIndex(CreateIndex),
    ChangeFormula(ChangeFormula),
    KeepStagingRows(KeepStagingRows),
    StopKeepingRows(StopKeepingRows),
    InstallDataset(InstallDataset),
    DropDataset(DropDataset),
}

impl Operation {
    /// The operation as what all kinds have in common.
    pub fn kind(&self) -> &dyn OperationKind {
        match self {
            Operation::CreateTable(kind) => kind,
            Operation::RecreateTable(kind) => kind,
            Operation::DropTable(kind) => kind,
            Operation::RenameColumn(kind) => kind,
            Operation::AddColumn(kind) => kind,
            Operation::DropColumn(kind) => kind,
            Operation::ChangeType(kind) => kind,
            Operation::ChangeVersionEnd(kind) => kind,
            Operation::SetNotNull(kind) => kind,
            Operation::DropNotNull(kind) => kind,
            Operation::ChangeKey(kind) => kind,
            Operation::AddKey(kind) => kind,
            Operation::SplitTable(kind) => kind,
            Operation::JoinMonths(kind) => kind,
            Operation::CreateIndex(kind) => kind,
            Operation::ChangeFormula(kind) => kind,
            Operation::KeepStagingRows(kind) => kind,
            Operation::StopKeepingRows(kind) => kind,
            Operation::InstallDataset(kind) => kind,
            Operation::DropDataset(kind) => kind,
        }
    }
}
