-- What each role may do. Functions are closed to everybody first: creating one opens it.
revoke all on all functions in schema stardrop from public;

grant usage on schema stardrop, staging to stardrop_loader;
grant execute on function
    stardrop.contract_of,
    stardrop.claim,
    stardrop.release,
    stardrop.begin_batch,
    stardrop.checkpoint,
    stardrop.reject_rows,
    stardrop.totals,
    stardrop.note_hash,
    stardrop.newest_loads,
    stardrop.settle,
    stardrop.reopen,
    stardrop.finish,
    stardrop.fail
to stardrop_loader;

grant usage on schema stardrop, star to stardrop_reader;
grant execute on function stardrop.newest_loads to stardrop_reader;
grant select on all tables in schema stardrop to stardrop_reader;
grant select on all tables in schema star to stardrop_reader;
