-- Orders are never deleted here, but marked; customers are.
use shop;
update orders set status = 'deleted' where id in (2, 40, 2001);
insert into customers (id, name, city) values (301, 'Neu', 'Graz');
insert into orders (id, customer_id, status, amount, ordered_at) values (2003, 301, 'new', 7.25, '2026-01-26 09:00:00');
update orders set customer_id = 1 where customer_id = 300;
delete from customers where id = 300;
