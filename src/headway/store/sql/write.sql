-- name: insert_entity
insert into entities
    (id, key, kind, offset, active, source, phase, outcome, title, grp, at, body)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: update_entity
update entities
set offset = ?, active = ?, source = ?, phase = ?, outcome = ?, title = ?, grp = ?, at = ?, body = ?
where id = ?;

-- name: update_level
update entities set offset = ?, body = ? where id = ?;

-- name: end_steps
update entities set active = 0 where key > ?1 || '~' and key < ?1 || x'7f' and active = 1;

-- name: insert_event
insert or ignore into events (offset, entity, attempt, kind, at, disc, body)
values (?, ?, ?, ?, ?, ?, ?);

-- name: has_event
select 1 from events where entity = ? and attempt = ? and kind = ? and disc = ?;

-- name: keep_payload
-- Of two texts about one attempt the longer is kept, whichever came first.
insert into payloads (entity, name, attempt, body) values (?, ?, ?, ?)
on conflict (entity, name, attempt) do update set body = excluded.body
where length(excluded.body) > length(body);

-- name: replace_payload
insert or replace into payloads (entity, name, attempt, body) values (?, ?, ?, ?);

-- name: move_tally
insert into tally (source, outcome, hour, n) values (?, ?, ?, ?)
on conflict (source, outcome, hour) do update set n = n + excluded.n;

-- name: keep_record
insert or replace into records (key, source, signature, family, ended_at, body)
values (?, ?, ?, ?, ?, ?);

-- name: keep_title
insert or replace into titles (rowid, title) values (?, ?);

-- name: keep_sample
insert into samples (at, key, field, value) values (?, ?, ?, ?);

-- name: counters
select name, value from counters;

-- name: set_counter
insert or replace into counters (name, value) values (?, ?);

-- name: head
select max(offset) from entities;

-- name: last_id
select max(id) from entities;

-- name: changed_since
select id, key, kind, offset, active, source, phase, outcome, title, grp, at, body
from entities where offset > ? order by offset;

-- name: edged_since
select entities.key, case when events.kind in (5, 6) then events.body ->> 'step' end
from events join entities on entities.id = events.entity
where events.offset > ?;

-- name: renumber
update entities set offset = ? where id = ?;

-- name: counter
select value from counters where name = ?;
