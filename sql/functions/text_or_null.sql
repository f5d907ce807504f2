-- Bytes as text of this database; null if they are not valid text (bad UTF-8, NUL).
create or replace function stardrop.text_or_null(in_bytes bytea) returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return convert_from(in_bytes, 'UTF8');
exception
    when character_not_in_repertoire or untranslatable_character then
        return null;
end
$$;

comment on function stardrop.text_or_null is
    'Bytes as text of this database; null if they are not valid text.';
