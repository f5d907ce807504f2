-- A day later: new orders are paid, some are returned, and an old order that was forgotten is entered.
use shop;
update orders set status = 'paid' where status = 'new' and id <= 300;
update orders set status = 'returned', amount = 0 where id in (10, 20, 30);
insert into orders (id, customer_id, status, amount, note, ordered_at)
values (2001, 300, 'new', 99.5, 'by phone', '2026-01-25 10:00:00'),
       (2002, 1, 'sent', 12, 'forgotten, of last year', '2025-12-30 18:00:00');
