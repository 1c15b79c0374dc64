create table decisions (day text, channel text);
insert into decisions values ('2026-11-16', 'phone'), ('2026-11-16', 'phone'), ('2026-11-16', 'paper'), ('2026-11-18', 'phone');
