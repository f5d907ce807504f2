-- Loads the rows of hand.staging into the star: one transaction, which began with the COPY.

set local jit = off;
set local work_mem = '256MB';

insert into hand.dim_date (date_key)
select distinct coalesce(order_ts::date, date '0001-01-01') from hand.staging
on conflict do nothing;

-- A member has the values of its last row, which a hash aggregate finds without a sort. MERGE touches no member that
-- is as it should be; ON CONFLICT would lock each of them.
merge into hand.dim_customer d
using (
    select customer_id, customer_name, country from hand.staging
    where ctid = any (array(select max(ctid) from hand.staging group by customer_id))
) s on d.customer_id = s.customer_id
when matched and (d.customer_name, d.country) is distinct from (s.customer_name, s.country) then
    update set customer_name = s.customer_name, country = s.country
when not matched then
    insert (customer_id, customer_name, country) values (s.customer_id, s.customer_name, s.country);

merge into hand.dim_product d
using (
    select product_id, product_name from hand.staging
    where ctid = any (array(select max(ctid) from hand.staging group by product_id))
) s on d.product_id = s.product_id
when matched and d.product_name is distinct from s.product_name then
    update set product_name = s.product_name
when not matched then
    insert (product_id, product_name) values (s.product_id, s.product_name);

-- Of rows with the same grain the newest stays. Usually there are none, and then nothing is sorted or joined.
delete from hand.staging s
using (
    select r.ctid,
           row_number() over (
               partition by order_id, line_no order by r.updated_at desc nulls last, r.ctid desc
           ) as place
    from hand.staging r
    join (
        select order_id, line_no from (select order_id, line_no from hand.staging order by order_id, line_no) g
        group by order_id, line_no having count(*) > 1
    ) repeated using (order_id, line_no)
) older
where s.ctid = older.ctid and older.place > 1;

merge into hand.fact_sales f
using (
    select s.*, c.customer_key, p.product_key,
           coalesce(s.order_ts::date, date '0001-01-01') as date_key
    from hand.staging s
    join hand.dim_customer c using (customer_id)
    join hand.dim_product p using (product_id)
) s on f.order_id = s.order_id and f.line_no = s.line_no
when matched and s.updated_at > coalesce(f.updated_at, '-infinity') then
    update set customer_key = s.customer_key, product_key = s.product_key, date_key = s.date_key,
               order_ts = s.order_ts, updated_at = s.updated_at, quantity = s.quantity,
               unit_price = s.unit_price
when not matched then
    insert (order_id, line_no, customer_key, product_key, date_key, order_ts, updated_at, quantity, unit_price)
    values (s.order_id, s.line_no, s.customer_key, s.product_key, s.date_key, s.order_ts, s.updated_at, s.quantity,
            s.unit_price);

truncate hand.staging;
