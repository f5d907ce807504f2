-- A shop of 300 customers and 2,000 orders, whose last changes were in January 2026.
create database shop;
use shop;
create table customers (
    id int unsigned primary key auto_increment,
    name varchar(60) character set latin1 not null,
    city varchar(40) not null
);
create table orders (
    id bigint unsigned primary key auto_increment,
    customer_id int unsigned not null,
    status enum('new', 'paid', 'sent', 'returned', 'deleted') not null,
    amount decimal(10, 2) not null,
    note text,
    ordered_at datetime not null,
    updated_at timestamp not null default current_timestamp on update current_timestamp,
    key (updated_at),
    foreign key (customer_id) references customers (id)
);
insert into customers (id, name, city)
select seq, concat('Käufer ', seq), elt(1 + seq % 4, 'Oslo', 'Porto', 'Graz', 'Ghent')
from seq_1_to_300;
insert into orders (id, customer_id, status, amount, note, ordered_at, updated_at)
select seq, 1 + seq * 7 % 300, elt(1 + seq % 3, 'new', 'paid', 'sent'), seq * 13 % 1000 / 4,
       case seq % 5 when 0 then null when 1 then '' else concat('note "', seq, '", by phone') end,
       timestamp('2026-01-01 08:00:00') + interval seq * 17 minute,
       timestamp('2026-01-01 09:00:00') + interval seq * 17 minute
from seq_1_to_2000;
