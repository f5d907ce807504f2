select status, count(*) as orders, sum(amount) as amount from orders where status <> 'deleted'
group by status order by cast(status as char);
