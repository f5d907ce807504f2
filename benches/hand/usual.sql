-- Loads the rows of hand.staging into the star as most would write it: distinct on and on conflict, set by set, in one
-- transaction, which began with the COPY.

set local jit = off;
set local work_mem = '64MB';

insert into hand.dim_date (date_key)
select distinct coalesce(order_ts::date, date '0001-01-01') from hand.staging
on conflict do nothing;

insert into hand.dim_customer as d (customer_id, customer_name, country)
select distinct on (customer_id) customer_id, customer_name, country
from hand.staging
order by customer_id, ctid desc
on conflict (customer_id) do update set customer_name = excluded.customer_name, country = excluded.country
where (d.customer_name, d.country) is distinct from (excluded.customer_name, excluded.country);

insert into hand.dim_product as d (product_id, product_name)
select distinct on (product_id) product_id, product_name
from hand.staging
order by product_id, ctid desc
on conflict (product_id) do update set product_name = excluded.product_name
where d.product_name is distinct from excluded.product_name;

insert into hand.fact_sales as f
    (order_id, line_no, customer_key, product_key, date_key, order_ts, updated_at, quantity, unit_price)
select distinct on (s.order_id, s.line_no)
       s.order_id, s.line_no, c.customer_key, p.product_key, coalesce(s.order_ts::date, date '0001-01-01'),
       s.order_ts, s.updated_at, s.quantity, s.unit_price
from hand.staging s
join hand.dim_customer c using (customer_id)
join hand.dim_product p using (product_id)
order by s.order_id, s.line_no, s.updated_at desc nulls last, s.ctid desc
on conflict (order_id, line_no) do update set
    customer_key = excluded.customer_key, product_key = excluded.product_key, date_key = excluded.date_key,
    order_ts = excluded.order_ts, updated_at = excluded.updated_at, quantity = excluded.quantity,
    unit_price = excluded.unit_price
where excluded.updated_at > coalesce(f.updated_at, '-infinity');

truncate hand.staging;
